package emulator

import (
	"cmp"
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// limited is a peopled account with projects, let in to by tokens alone: "all" may do everything.
func limited(t testing.TB, b Behaviour, tokens ...Token) *fixture {
	t.Helper()
	f := peopled(t, Options{Behaviour: b, Tokens: append(tokens, Token{Secret: "all"})})
	f.must(f.Seed(shop()))
	return f
}

// allowing is a token that may do the actions to the resources.
func allowing(actions, resources string) Token {
	return Token{Secret: "token", Inline: []Statement{{Effect: "allow", Actions: strings.Fields(actions), Resources: strings.Fields(resources)}}}
}

// bodies make the request of each row of Permissions, by method, path and part; of a part that is not
// here the name is put for NAME.
var bodies = map[string]string{
	"POST " + rolesPath:                              `{"key":"new","name":"n","policy":[]}`,
	"PATCH " + rolesPath + "/{key} name":             `{"merge":{"name":"n"}}`,
	"PATCH " + rolesPath + "/{key} policy":           `[{"op":"test","path":"/name","value":"Idle"},{"op":"add","path":"/policy/-","value":{"effect":"allow","actions":["*"],"resources":["role/*"]}}]`,
	"PATCH " + rolesPath + "/{key} description":      `[{"op":"replace","path":"/description","value":"d"}]`,
	"PATCH " + rolesPath + "/{key} basePermissions":  `{"patch":[{"op":"replace","path":"/basePermissions","value":"reader"}]}`,
	"POST " + membersPath:                            `[{"email":"new@example.com","role":"reader"}]`,
	"PATCH " + membersPath + "/{key} role":           `[{"op":"replace","path":"/role","value":"admin"}]`,
	"PATCH " + membersPath + "/{key} customRoles":    `[{"op":"replace","path":"/customRoles","value":["idle"]}]`,
	"PATCH " + membersPath + "/{key} roleAttributes": `[{"op":"replace","path":"/roleAttributes","value":{"p":["q"]}}]`,
	"PATCH " + membersPath:                           `{"instructions":[{"kind":"NAME","memberIDs":["BO"],"value":VALUE,"values":["idle"]}]}`,
	"POST " + membersPath + "/{key}/teams":           `{"teamKeys":["empty"]}`,
	"POST " + teamsPath:                              `{"key":"new","name":"n"}`,
	"PATCH " + teamsPath + "/{key}":                  `{"instructions":[{"kind":"NAME","key":"p","value":VALUE,"values":["BO"],"actionSet":"maintainTeam","memberIDs":["BO"]}]}`,
}

// values are those of instructions, where they are no text.
var values = map[string]string{
	"replaceMembersRoles": `"admin"`, "replaceAllMembersRoles": `"admin"`, "replaceMembersRoleAttributes": `{"p":["q"]}`, "replaceRoleAttributes": `{"p":["q"]}`,
	"addRoleAttribute": `null`, "updateRoleAttribute": `null`, "removeRoleAttribute": `null`,
}

// exercise sends the request of a row and reports whether it was let through.
func (f *fixture) exercise(p Permission) (done bool, a answer) {
	key := map[string]string{rolesPath: "idle", membersPath: f.member(bo), teamsPath: "empty", projectsPath: "web", flagsPath: "web"}
	path := p.Path
	for prefix, k := range key {
		if strings.HasPrefix(path, prefix+"/") {
			path = strings.Replace(path, "{key}", k, 1)
		}
	}
	body := cmp.Or(bodies[strings.TrimSpace(p.Method+" "+p.Path+" "+p.For)], bodies[p.Method+" "+p.Path])
	body = strings.NewReplacer("NAME", p.For, "BO", f.member(bo), "VALUE", cmp.Or(values[p.For], `"v"`)).Replace(body)
	a = f.do(p.Method, path, body)
	switch {
	case a.status != 200 || p.Method == "PATCH" && p.Path != membersPath:
		return a.status < 300, a
	case p.Path == membersPath:
		return strings.Contains(a.body, `"members":["`), a
	case p.Path == teamsPath || p.Path == projectsPath:
		return !strings.Contains(a.body, `"items":[]`), a
	}
	return true, a
}

// TestEveryPermissionIsEnforced: each thing to do is done with its action alone, and not done with all
// actions but that one.
func TestEveryPermissionIsEnforced(t *testing.T) {
	b := Behaviour{InlineBase: "no_access"}
	for _, p := range Permissions() {
		on := p.Type + "/*"
		if done, a := limited(t, b, allowing(p.Action, on)).exercise(p); !done {
			t.Errorf("%v with its action: %d %s", p, a.status, a.body)
		}
		rest := Token{Secret: "token", Inline: []Statement{{Effect: "allow", NotActions: []string{p.Action}, Resources: []string{on}}}}
		f := limited(t, b, rest)
		before := asText(t, f.Roles()) + asText(t, f.Members()) + asText(t, f.Teams())
		done, a := f.exercise(p)
		if done || f.Writes() > 0 && p.Path != membersPath || before != asText(t, f.Roles())+asText(t, f.Members())+asText(t, f.Teams()) {
			t.Errorf("%v without its action: %d %s", p, a.status, a.body)
		}
		if p.Method != http.MethodGet && !strings.Contains(a.body, p.Action+" on "+p.Type+"/") {
			t.Errorf("%v: refused without a reason: %s", p, a.body)
		}
	}
}

// TestRights: what limits a token, one kind of limit after the other.
func TestRights(t *testing.T) {
	deny := func(actions, resources string) Statement {
		return Statement{Effect: "deny", Actions: strings.Fields(actions), Resources: strings.Fields(resources)}
	}
	inline := func(list ...Statement) Token { return Token{Secret: "token", Inline: list} }
	everything := Statement{Effect: "allow", Actions: []string{"*"}, Resources: []string{"role/*"}}
	members := Statement{Effect: "allow", Actions: []string{"*"}, Resources: []string{"member/*"}}
	newRole := [3]string{"POST", rolesPath, bodies["POST "+rolesPath]}
	rename := [3]string{"PATCH", rolePath("idle"), `{"merge":{"name":"n"}}`}
	promote := [3]string{"PATCH", "BO", `[{"op":"replace","path":"/role","value":"admin"}]`}
	giveIdle := [3]string{"PATCH", "BO", `[{"op":"add","path":"/customRoles/-","value":"idle"}]`}
	readTeam, readWeb := [3]string{"GET", teamHref("checkout"), ""}, [3]string{"GET", projectsPath + "/web", ""}
	for name, test := range map[string]struct {
		token  Token
		ask    [3]string
		want   int
		change func(*Behaviour)
	}{
		"base role admin":             {Token{Secret: "token", Role: "admin"}, newRole, 201, nil},
		"base role writer":            {Token{Secret: "token", Role: "writer"}, newRole, 403, nil},
		"base role writer reads":      {Token{Secret: "token", Role: "writer"}, readWeb, 200, nil},
		"base role reader":            {Token{Secret: "token", Role: "reader"}, readTeam, 200, nil},
		"custom role":                 {Token{Secret: "token", CustomRoles: []string{"lead"}}, rename, 200, nil},
		"custom role does no more":    {Token{Secret: "token", CustomRoles: []string{"lead"}}, newRole, 403, nil},
		"custom roles add up":         {Token{Secret: "token", CustomRoles: []string{"idle", "lead"}}, rename, 200, nil},
		"custom role that is gone":    {Token{Secret: "token", CustomRoles: []string{"gone"}}, rename, 403, nil},
		"deny beats allow":            {inline(deny("updateName", "role/idle"), everything), rename, 403, nil},
		"deny of another":             {inline(deny("updateName", "role/other"), everything), rename, 200, nil},
		"own policy views":            {inline(everything), readWeb, 200, nil},
		"own policy without a base":   {inline(everything), readWeb, 404, func(b *Behaviour) { b.InlineBase = "no_access" }},
		"hidden, said so":             {inline(everything), readTeam, 403, func(b *Behaviour) { b.InlineBase, b.HiddenRead = "no_access", "403" }},
		"hidden, 401":                 {inline(everything), readTeam, 401, func(b *Behaviour) { b.InlineBase, b.HiddenRead, b.PermissionStatus = "no_access", "403", "401" }},
		"project by its tag":          {allowing("viewProject", "proj/*;eu"), readWeb, 200, func(b *Behaviour) { b.InlineBase = "no_access" }},
		"project of another tag":      {allowing("viewProject", "proj/*;us"), readWeb, 404, func(b *Behaviour) { b.InlineBase = "no_access" }},
		"bare star":                   {inline(Statement{Effect: "allow", Actions: []string{"*"}, NotResources: []string{"acct"}}), newRole, 201, nil},
		"as its member, an owner":     {Token{Secret: "token", OfMember: true, Member: ana}, newRole, 201, nil},
		"as its member, a writer":     {Token{Secret: "token", OfMember: true, Member: cy}, newRole, 403, nil},
		"as nobody":                   {Token{Secret: "token", OfMember: true, Member: "gone@example.com"}, readWeb, 404, nil},
		"never more than its member":  {Token{Secret: "token", Role: "admin", Member: cy}, newRole, 403, nil},
		"a service is nobody's":       {Token{Secret: "token", Role: "admin", Member: cy, Service: true}, newRole, 201, nil},
		"own role of its member":      {Token{Secret: "token", OfMember: true, Member: di}, rename, 200, nil},
		"role of its member's team":   {Token{Secret: "token", OfMember: true, Member: bo}, readWeb, 200, nil},
		"no other attribute":          {Token{Secret: "token", OfMember: true, Member: bo}, [3]string{"GET", projectsPath + "/private", ""}, 404, nil},
		"attributes of the team":      {Token{Secret: "token", OfMember: true, Member: "lou@example.com"}, [3]string{"GET", projectsPath + "/empty", ""}, 200, nil},
		"not those of the member":     {Token{Secret: "token", OfMember: true, Member: "lou@example.com"}, readWeb, 404, nil},
		"maintainer adds members":     {Token{Secret: "token", OfMember: true, Member: "kim@example.com"}, [3]string{"PATCH", teamHref("checkout"), `{"instructions":[{"kind":"addMembers","values":["DI"]}]}`}, 200, nil},
		"maintainer gives no roles":   {Token{Secret: "token", OfMember: true, Member: "kim@example.com"}, [3]string{"PATCH", teamHref("checkout"), `{"instructions":[{"kind":"addCustomRoles","values":["idle"]}]}`}, 403, nil},
		"maintainer who may":          {Token{Secret: "token", OfMember: true, Member: "kim@example.com"}, [3]string{"PATCH", teamHref("checkout"), `{"instructions":[{"kind":"addCustomRoles","values":["idle"]}]}`}, 200, func(b *Behaviour) { b.MaintainTeam = "all" }},
		"maintainer of another":       {Token{Secret: "token", OfMember: true, Member: "kim@example.com"}, [3]string{"PATCH", teamHref("empty"), `{"instructions":[{"kind":"addMembers","values":["DI"]}]}`}, 403, nil},
		"granted action":              {Token{Secret: "token", OfMember: true, Member: "kim@example.com"}, [3]string{"PATCH", teamHref("empty"), `{"instructions":[{"kind":"updateName","value":"n"}]}`}, 200, nil},
		"member by address":           {allowing("updateRole", "member/"+bo), promote, 200, nil},
		"member by id alone":          {allowing("updateRole", "member/"+bo), promote, 403, func(b *Behaviour) { b.MemberName = "id" }},
		"member by address alone":     {allowing("updateRole", "member/BO"), promote, 403, func(b *Behaviour) { b.MemberName = "email" }},
		"member by id":                {allowing("updateRole", "member/BO"), promote, 200, nil},
		"deny by address":             {inline(members, deny("updateRole", "member/"+bo)), promote, 403, nil},
		"deny by id":                  {inline(members, deny("*", "member/BO")), promote, 403, nil},
		"who gives the role":          {allowing("updateMembers", "role/idle"), giveIdle, 200, nil},
		"who gives another role":      {allowing("updateMembers", "role/ops"), giveIdle, 403, nil},
		"who gives, and changes more": {allowing("updateMembers", "role/*"), [3]string{"PATCH", "BO", `[{"op":"add","path":"/customRoles/-","value":"idle"},{"op":"replace","path":"/role","value":"admin"}]`}, 403, nil},
		"nothing changes":             {allowing("updateMembers", "role/*"), [3]string{"PATCH", "BO", `[{"op":"replace","path":"/customRoles","value":["ops","dev"]}]`}, 403, nil},
		"a move takes both":           {allowing("updateName", "role/*"), [3]string{"PATCH", rolePath("lead"), `[{"op":"move","from":"/description","path":"/name"}]`}, 403, nil},
		"a test takes nothing":        {allowing("updateName", "role/x"), [3]string{"PATCH", rolePath("idle"), `[{"op":"test","path":"/name","value":"Idle"}]`}, 200, nil},
		"role that is not there":      {allowing("updateName", "role/*"), [3]string{"PATCH", rolePath("none"), `{"merge":{"name":"n"}}`}, 404, nil},
		"role by its id":              {allowing("updateName", "role/idle"), [3]string{"PATCH", "IDLE", `{"merge":{"name":"n"}}`}, 200, nil},
		"reading roles takes nothing": {allowing("viewTeam", "team/*"), [3]string{"GET", rolePath("idle"), ""}, 200, func(b *Behaviour) { b.InlineBase = "no_access" }},
		"reading a role":              {allowing("viewTeam", "team/*"), [3]string{"GET", rolePath("idle"), ""}, 404, func(b *Behaviour) { b.InlineBase, b.UnnamedReads = "no_access", "reader" }},
		"reading a role as reader":    {allowing("viewTeam", "team/*"), [3]string{"GET", rolePath("idle"), ""}, 200, func(b *Behaviour) { b.UnnamedReads = "reader" }},
		"reading a member":            {allowing("viewTeam", "team/*"), [3]string{"GET", "BO", ""}, 404, func(b *Behaviour) { b.InlineBase, b.UnnamedReads = "no_access", "reader" }},
		"reading whose one is":        {Token{Secret: "token", Member: bo, CustomRoles: []string{"idle"}}, [3]string{"GET", membersPath + "/me", ""}, 200, func(b *Behaviour) { b.UnnamedReads = "reader" }},
		"override of the method":      {Token{Secret: "token", Role: "reader"}, [3]string{"DELETE by POST", rolePath("idle"), ""}, 403, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var b Behaviour
			if test.change != nil {
				test.change(&b)
			}
			f := limited(t, b)
			f.must(f.Add(Role{Key: "lead", Name: "Lead", Description: "d", Policy: []Statement{{Effect: "allow", Actions: []string{"updateName"}, Resources: []string{"role/*"}}}}))
			f.must(f.Edit("dev", func(r *Role) {
				r.PresetStatements = []Statement{{Effect: "allow", Actions: []string{"updateName"}, Resources: []string{"role/idle"}}}
			}))
			f.must(f.Edit("ops", func(r *Role) {
				r.Policy = []Statement{{Effect: "allow", Actions: []string{"viewProject"}, Resources: []string{"proj/${roleAttribute/projects}"}}}
			}))
			f.must(f.AddMember(Member{Email: "kim@example.com", Role: "no_access"}))
			f.must(f.AddMember(Member{Email: "lou@example.com", Role: "no_access", RoleAttributes: map[string][]string{"projects": {"web"}}}))
			f.must(f.AddTeam(Team{Key: "lou", Name: "l", CustomRoles: []string{"ops"}, Members: []string{"lou@example.com"}, RoleAttributes: map[string][]string{"projects": {"empty"}}}))
			f.must(f.EditTeam("checkout", func(t *Team) { t.Grants = []Grant{{ActionSet: maintains, Members: []string{"kim@example.com"}}} }))
			f.must(f.EditTeam("empty", func(t *Team) {
				t.Grants = []Grant{{Actions: []string{"updateTeamName"}, Members: []string{"kim@example.com"}}}
			}))
			idle := f.asToken("all").role("idle")
			ids := strings.NewReplacer("BO", f.member(bo), "DI", f.member(di))
			for i, s := range test.token.Inline {
				for j := range s.Resources {
					test.token.Inline[i].Resources[j] = ids.Replace(s.Resources[j])
				}
			}
			f.must(test.token.check())
			f.SetTokens(test.token)
			path := strings.NewReplacer("BO", memberHref(f.member(bo)), "IDLE", rolesPath+"/"+idle).Replace(test.ask[1])
			method, override, _ := strings.Cut(test.ask[0], " by ")
			r := f.request(cmp.Or(override, method), path, ids.Replace(test.ask[2]))
			if override != "" {
				r.Header.Set("X-Http-Method-Override", method)
			}
			if a, err := f.try(r); err != nil || a.status != test.want {
				t.Errorf("%d %s %v, want %d", a.status, a.body, err, test.want)
			}
		})
	}
}

// TestHiddenLists: what a token may not view is left out of lists, or the list refused.
func TestHiddenLists(t *testing.T) {
	token := Token{Secret: "token", Inline: []Statement{
		{Effect: "allow", Actions: []string{"viewTeam"}, Resources: []string{"team/checkout"}},
		{Effect: "allow", Actions: []string{"viewProject"}, Resources: []string{"proj/*;eu"}},
		{Effect: "allow", Actions: []string{"*"}, Resources: []string{"role/o*", "role/i*"}},
		{Effect: "allow", Actions: []string{"view*"}, Resources: []string{"member/*@example.com"}},
	}}
	f := limited(t, Behaviour{InlineBase: "no_access", UnnamedReads: "reader"}, token)
	for path, want := range map[string]int{teamsPath: 1, projectsPath: 1, rolesPath: 2, membersPath: 3} {
		if keys, total := f.items(path); len(keys) != want || total != want {
			t.Errorf("%s: %d of %d", path, len(keys), total)
		}
		if keys, _ := f.asToken("all").items(path); len(keys) == want {
			t.Errorf("%s: nothing is hidden", path)
		}
	}
	g := limited(t, Behaviour{InlineBase: "no_access", UnnamedReads: "reader", HiddenList: "refused"}, token)
	for _, path := range []string{teamsPath, projectsPath, rolesPath, membersPath} {
		g.want(403, "GET", path, "")
		g.asToken("all").want(200, "GET", path, "")
	}
	for path, want := range map[string]int{"empty/roles": 404, "empty/maintainers": 404, "checkout/roles": 200} {
		f.want(want, "GET", teamsPath+"/"+path, "")
	}
	for path, want := range map[string]int{projectsPath + "/empty/environments": 404, flagsPath + "/empty": 404, flagsPath + "/web": 200} {
		f.want(want, "GET", path, "")
	}
	h := limited(t, Behaviour{InlineBase: "no_access"}, token)
	if keys, _ := h.items(rolesPath); len(keys) != 3 {
		t.Errorf("reading roles takes something: %q", keys)
	}
}

func TestImpossibleTokens(t *testing.T) {
	for want, token := range map[string]Token{
		"no secret":        {Role: "reader"},
		"has one of":       {Secret: "x", Role: "reader", CustomRoles: []string{"ops"}},
		"has one":          {Secret: "x", OfMember: true, Member: bo, Inline: []Statement{{}}},
		`role is "owner"`:  {Secret: "x", Role: "owner"},
		"is no member's":   {Secret: "x", OfMember: true},
		"no member's":      {Secret: "x", OfMember: true, Member: bo, Service: true},
		"a token's policy": {Secret: "x", Inline: []Statement{{Effect: "allow", Actions: []string{"*"}, Resources: []string{"*"}}}},
	} {
		if _, err := New(Options{Tokens: []Token{token}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", token, err, want)
		}
	}
}

// TestUnknownPermission: what is not in the table is refused to who is limited.
func TestUnknownPermission(t *testing.T) {
	f := limited(t, Behaviour{})
	f.store.present(func(v *view) {
		err := f.allow(v, &request{method: "PUT", pattern: rolesPath, token: allowing("*", "role/*")}, "", roleNames(Role{Key: "x"})...)
		if err == nil || !strings.Contains(err.Error(), "not known what PUT") {
			t.Errorf("%v", err)
		}
	})
}

// TestRightsLaw: of any policy, the emulator lets a token rename exactly those roles that the evaluator
// lets its holder rename.
func TestRightsLaw(t *testing.T) {
	f := limited(t, Behaviour{})
	keys := []string{"ops", "dev", "idle"}
	rapid.Check(t, func(r *rapid.T) {
		some := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"role/*", "role/ops", "role/d*", "role/idle", "role/o*s"}), 1, 3, rapid.ID)
		actions := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"*", "update*", "updateName", "deleteRole"}), 1, 2, rapid.ID)
		statement := rapid.Custom(func(r *rapid.T) Statement {
			s := Statement{Effect: rapid.SampledFrom([]string{"allow", "allow", "deny"}).Draw(r, "effect")}
			*rapid.SampledFrom([]*[]string{&s.Resources, &s.NotResources}).Draw(r, "side") = some.Draw(r, "resources")
			*rapid.SampledFrom([]*[]string{&s.Actions, &s.NotActions}).Draw(r, "sense") = actions.Draw(r, "actions")
			return s
		})
		list := rapid.SliceOfN(statement, 1, 4).Draw(r, "policy")
		f.SetTokens(Token{Secret: "token", Inline: list})
		held := []policy.Held{{Role: asRole(Role{Policy: list, BasePermissions: role.Reader})}}
		for _, key := range keys {
			want := policy.Evaluate(held, policy.Request{Action: "updateName", Resource: []policy.Part{{Type: "role", Key: key}}}, policy.DefaultSemantics()).Allowed
			if got := f.do("PATCH", rolePath(key), `{"merge":{"name":"n"}}`).status; (got == 200) != want {
				r.Fatalf("rename %s: %d, the evaluator says %v", key, got, want)
			}
		}
	})
}
