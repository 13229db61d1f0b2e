package emulator

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
)

const allParts = "?expand=members,roles,roleAttributes,projects,maintainers"

func TestTeamAnswer(t *testing.T) {
	f := peopled(t, Options{Now: newClock().Now})
	golden(t, "team.json", indent(t, f.want(200, "GET", teamHref("checkout")+allParts, "").body))
	plain := f.want(200, "GET", teamHref("checkout"), "").body
	for _, part := range []string{"members", "roles", "roleAttributes", "projects", "maintainers"} {
		if strings.Contains(plain, `"`+part+`":{"totalCount"`) || strings.Contains(plain, `"roleAttributes"`) {
			t.Errorf("%s is expanded unasked: %s", part, plain)
		}
		one := f.want(200, "GET", teamHref("checkout")+"?expand="+part+",colour", "").body
		if len(one) <= len(plain) || len(one) >= len(f.want(200, "GET", teamHref("checkout")+allParts, "").body) {
			t.Errorf("expand=%s: %s", part, one)
		}
	}
}

func TestTeamList(t *testing.T) {
	f := peopled(t, Options{})
	tests := map[string][]string{
		"":                        {"checkout", "empty"},
		"?filter=query:CHECK":     {"checkout"},
		"?filter=query:nobody":    {"empty"},
		"?filter=nomembers:true":  {"empty"},
		"?filter=nomembers:false": {"checkout"},
		"?limit=1&offset=1":       {"empty"},
		"?limit=100":              {"checkout", "empty"},
	}
	for query, want := range tests {
		if got := f.holders(teamsPath + query).names(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	for _, query := range []string{"filter=nomembers:x", "filter=role:x", "limit=101", "offset=x"} {
		f.want(400, "GET", teamsPath+"?"+query, "")
	}
	page := f.holders(teamsPath + "?limit=1&expand=members&filter=query:e")
	if next := page.Links["next"].Href; next != teamsPath+"?limit=1&offset=1&expand=members&filter=query%3Ae" || *page.Items[0].Members.Total != 2 {
		t.Errorf("next %s", next)
	}
	if got := f.holders(page.Links["next"].Href).names(); !slices.Equal(got, []string{"empty"}) {
		t.Errorf("then %q", got)
	}
	clamped := peopled(t, Options{Behaviour: Behaviour{AboveMaxLimit: "clamp", MaxTeamLimit: 1, ItemOrder: "shuffled"}})
	if got := clamped.holders(teamsPath + "?limit=100"); len(got.Items) != 1 || *got.Total != 2 {
		t.Errorf("clamped to %+v", got)
	}
}

// TestTeamParts: what is expanded is cut at 25, the rest is in the lists of their own.
func TestTeamParts(t *testing.T) {
	f := peopled(t, Options{Now: newClock().Now})
	team := Team{Key: "many", Name: "n", Grants: []Grant{{ActionSet: maintains}}}
	for i := range 30 {
		key := fmt.Sprintf("many-%02d", i)
		f.must(f.Add(Role{Key: key, Name: "n"}))
		f.must(f.AddMember(Member{Email: key + "@example.com"}))
		team.CustomRoles = append(team.CustomRoles, key)
		team.Members = append(team.Members, key+"@example.com")
		team.Grants[0].Members = append(team.Grants[0].Members, key+"@example.com")
	}
	f.must(f.AddTeam(team))
	got := f.holder(teamHref("many") + allParts)
	if !slices.Equal(got.Roles.keys(), team.CustomRoles[:25]) || *got.Roles.Total != 30 || *got.Members.Total != 30 {
		t.Errorf("roles %q of %d", got.Roles.keys(), *got.Roles.Total)
	}
	if !slices.Equal(got.Maintainers.keys(), team.Members[:25]) || *got.Maintainers.Total != 30 || *got.Projects.Total != 0 {
		t.Errorf("maintainers %q of %d", got.Maintainers.keys(), *got.Maintainers.Total)
	}
	for _, list := range []struct {
		part teamParts
		want []string
	}{{*got.Roles, team.CustomRoles}, {*got.Maintainers, team.Members}} {
		var seen []string
		next := list.part.Links["self"].Href + "?limit=12"
		for next != "" {
			page := readAs[teamParts](t, f.want(200, "GET", next, "").body)
			if *page.Total != 30 {
				t.Errorf("total %d", *page.Total)
			}
			seen = append(seen, page.keys()...)
			next = page.Links["next"].Href
		}
		if !slices.Equal(seen, list.want) {
			t.Errorf("saw %q", seen)
		}
	}
	first := readAs[teamParts](t, f.want(200, "GET", teamHref("many")+"/roles", "").body)
	if len(first.Items) != 20 || first.Items[0].AppliedOn != f.Teams()[2].Created {
		t.Errorf("page %+v", first)
	}
	f.want(400, "GET", teamHref("many")+"/roles?limit=101", "")
	f.want(404, "GET", teamHref("none")+"/roles", "")
	f.want(404, "GET", teamHref("none")+"/maintainers", "")
}

func TestCreateTeam(t *testing.T) {
	f := peopled(t, Options{})
	body := fmt.Sprintf(`{"key":"new","name":"New","description":"d","customRoleKeys":["ops","none","dev","ops"],"memberIDs":[%[1]q,%[2]q,%[1]q],
		"roleAttributes":{"p":["x"]},"permissionGrants":[{"actionSet":"maintainTeam","memberIDs":[%[2]q]},{"actions":["updateTeamName"],"memberIDs":[%[1]q]}]}`, f.member(bo), f.member(ana))
	got := readAs[holder](t, f.want(201, "POST", teamsPath+allParts, body).body)
	if got.Name != "New" || got.Description != "d" || got.TeamVersion != 1 || got.Synced || *got.Members.Total != 2 {
		t.Errorf("made %+v", got)
	}
	if !slices.Equal(got.Roles.keys(), []string{"ops", "dev"}) || !slices.Equal(got.Maintainers.keys(), []string{ana}) || got.RoleAttributes["p"][0] != "x" {
		t.Errorf("made with roles %q, maintainers %q", got.Roles.keys(), got.Maintainers.keys())
	}
	if now := f.holder(teamHref("new") + allParts); cmp.Diff(now, got) != "" {
		t.Errorf("answered %+v, holds %+v", got, now)
	}
	f.want(201, "POST", teamsPath, `{"key":"bare","name":"n","customRoleKeys":null}`)
	if f.Writes() != 2 {
		t.Errorf("%d writes", f.Writes())
	}
}

func TestCreateTeamRefusals(t *testing.T) {
	with := func(fields string) string { return `{"key":"k","name":"n",` + fields + `}` }
	tests := map[string]struct {
		body   string
		status int
	}{
		"empty":            {"", 400},
		"list":             {"[]", 400},
		"no key":           {`{"name":"n"}`, 400},
		"bad key":          {`{"key":"a b","name":"n"}`, 400},
		"no name":          {`{"key":"k"}`, 400},
		"name number":      {`{"key":"k","name":1}`, 400},
		"roles text":       {with(`"customRoleKeys":"ops"`), 400},
		"unknown member":   {with(`"memberIDs":["none"]`), 400},
		"member by e-mail": {with(`"memberIDs":["bo@example.com"]`), 400},
		"attributes":       {with(`"roleAttributes":{"p":"x"}`), 400},
		"grants":           {with(`"permissionGrants":{}`), 400},
		"grant of nothing": {with(`"permissionGrants":[{"memberIDs":[]}]`), 400},
		"grant of both":    {with(`"permissionGrants":[{"actionSet":"a","actions":["b"]}]`), 400},
		"grant to none":    {with(`"permissionGrants":[{"actionSet":"a","memberIDs":["none"]}]`), 400},
		"taken":            {`{"key":"empty","name":"n"}`, 409},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := peopled(t, Options{})
			before := f.Teams()
			if a := f.want(test.status, "POST", teamsPath, test.body); a.code(t) != codes[test.status] {
				t.Errorf("answered %s", a.body)
			}
			if diff := cmp.Diff(before, f.Teams()); diff != "" || f.Writes() != 0 {
				t.Errorf("a refused request changed %s", diff)
			}
		})
	}
}

func TestTeamSwitches(t *testing.T) {
	tests := []struct {
		setting, method, path, body string
		off, on                     int
	}{
		{"unknownTeamRole=refuse", "POST", teamsPath, `{"key":"k","name":"n","customRoleKeys":["none"]}`, 201, 400},
		{"unknownTeamRole=refuse", "PATCH", teamHref("empty"), `{"instructions":[{"kind":"addCustomRoles","values":["none"]}]}`, 200, 400},
		{"unknownMember=ignore", "POST", teamsPath, `{"key":"k","name":"n","memberIDs":["none"]}`, 400, 201},
		{"unknownMember=ignore", "PATCH", teamHref("empty"), `{"instructions":[{"kind":"addMembers","values":["none"]}]}`, 400, 200},
		{"semanticPatch=strict", "PATCH", teamHref("empty"), `{"instructions":[{"kind":"updateName","value":"x"}]}`, 200, 400},
		{"semanticPatch=strict", "PATCH", membersPath, `{"instructions":[{"kind":"replaceAllMembersRoles","value":"reader"}]}`, 200, 400},
		{"attributeState=strict", "PATCH", teamHref("checkout"), `{"instructions":[{"kind":"addRoleAttribute","key":"projects","values":[]}]}`, 200, 400},
		{"attributeState=strict", "PATCH", teamHref("checkout"), `{"instructions":[{"kind":"updateRoleAttribute","key":"none","values":[]}]}`, 200, 400},
		{"attributeState=strict", "PATCH", teamHref("checkout"), `{"instructions":[{"kind":"removeRoleAttribute","key":"none"}]}`, 200, 400},
		{"attributeState=strict", "PATCH", teamHref("checkout"), `{"instructions":[{"kind":"updateRoleAttribute","key":"projects","values":[]}]}`, 200, 200},
		{"deleteTeamWithMembers=allow", "DELETE", teamHref("checkout"), "", 409, 204},
		{"idpTeams=true", "POST", teamsPath, `{"key":"k","name":"n"}`, 201, 403},
		{"idpMembers=true", "POST", membersPath, `[{"email":"x@example.com","role":"reader"}]`, 201, 403},
		{"idpMembers=true", "DELETE", membersPath + "/SYNCED", "", 204, 403},
		{"idpMembers=true", "DELETE", membersPath + "/BO", "", 204, 204},
		{"syncedTeam=allow", "PATCH", teamHref("synced"), `{"instructions":[{"kind":"addMembers","values":["BO"]}]}`, 403, 200},
		{"syncedTeam=allow", "PATCH", teamHref("synced"), `{"instructions":[{"kind":"updateName","value":"x"}]}`, 403, 200},
		{"syncedTeam=allow", "PATCH", teamHref("synced"), `{"instructions":[{"kind":"addCustomRoles","values":["ops"]}]}`, 200, 200},
		{"syncedTeam=allow", "POST", membersPath + "/BO/teams", `{"teamKeys":["synced"]}`, 403, 201},
		{"deleteHeldByMembers=allow", "DELETE", rolePath("dev"), "", 409, 204},
		{"deleteHeldByTeams=allow", "DELETE", rolePath("team-only"), "", 409, 204},
		{"reuseKey=refuse", "POST", teamsPath, `{"key":"gone","name":"n"}`, 201, 409},
	}
	for _, test := range tests {
		for status, settings := range map[int][]string{test.off: nil, test.on: {test.setting}} {
			if test.off == test.on {
				settings = []string{test.setting}
			}
			b, err := ParseBehaviour(settings)
			if err != nil {
				t.Fatal(err)
			}
			f := peopled(t, Options{Behaviour: b})
			f.must(f.Add(Role{Key: "team-only", Name: "n"}))
			f.must(f.AddTeam(Team{Key: "synced", Name: "n", Synced: true, CustomRoles: []string{"team-only"}}))
			f.must(f.AddTeam(Team{Key: "gone", Name: "n"}))
			f.must(f.RemoveTeam("gone"))
			f.must(f.AddMember(Member{Email: "synced@example.com", Synced: true}))
			ids := strings.NewReplacer("BO", f.member(bo), "SYNCED", f.member("synced@example.com"))
			if a := f.want(status, test.method, ids.Replace(test.path), ids.Replace(test.body)); status >= 400 && a.code(t) != codes[status] {
				t.Errorf("%s: %s", test.setting, a.body)
			}
		}
	}
}

func TestDuplicateTeam(t *testing.T) {
	f := peopled(t, Options{Behaviour: Behaviour{DuplicateKeyBody: "invalid_request"}})
	if a := f.want(409, "POST", teamsPath, `{"key":"empty","name":"n"}`); a.code(t) != "invalid_request" {
		t.Errorf("answered %s", a.body)
	}
}

func TestSemanticContentType(t *testing.T) {
	f := peopled(t, Options{Behaviour: Behaviour{SemanticPatch: "strict"}})
	for contentType, status := range map[string]int{
		semanticType: 200, "application/json;domain-model=launchdarkly.semanticpatch": 200, "application/json": 400, "": 400,
		"application/json; domain-model=launchdarkly.jsonpatch": 400,
	} {
		r := f.request("PATCH", teamHref("empty"), `{"instructions":[{"kind":"updateName","value":"x"}]}`)
		r.Header.Set("Content-Type", contentType)
		if a, err := f.try(r); err != nil || a.status != status {
			t.Errorf("%q: %+v %v", contentType, a, err)
		}
	}
}

func TestPatchTeam(t *testing.T) {
	type state struct {
		Name, Description string
		Roles, People     string
		Maintainers       string
		Attributes        string
		Grants            int
	}
	start := state{"Checkout", "", "ops", bo + " " + di, ana, `{"projects":["web","app","api"]}`, 1}
	set := func(f func(*state)) state {
		s := start
		f(&s)
		return s
	}
	tests := map[string]struct {
		in   string
		want state
	}{
		"name":                {`{"kind":"updateName","value":"N"}`, set(func(s *state) { s.Name = "N" })},
		"description":         {`{"kind":"updateDescription","value":"D"}`, set(func(s *state) { s.Description = "D" })},
		"add roles":           {`{"kind":"addCustomRoles","values":["idle","none","ops"]}`, set(func(s *state) { s.Roles = "ops idle" })},
		"add, by id":          {`{"kind":"addCustomRoles","values":["ROLE"]}`, set(func(s *state) { s.Roles = "ops dev" })},
		"remove roles":        {`{"kind":"removeCustomRoles","values":["ops","dev","none"]}`, set(func(s *state) { s.Roles = "" })},
		"add members":         {`{"kind":"addMembers","values":["CY","BO"]}`, set(func(s *state) { s.People += " " + cy })},
		"remove members":      {`{"kind":"removeMembers","values":["BO","CY"]}`, set(func(s *state) { s.People = di })},
		"replace members":     {`{"kind":"replaceMembers","values":["CY","CY"]}`, set(func(s *state) { s.People = cy })},
		"no members":          {`{"kind":"replaceMembers","values":[]}`, set(func(s *state) { s.People = "" })},
		"add grant":           {`{"kind":"addPermissionGrants","actionSet":"maintainTeam","memberIDs":["CY"]}`, set(func(s *state) { s.Maintainers += " " + cy })},
		"other grant":         {`{"kind":"addPermissionGrants","actions":["updateTeamName","deleteTeam"],"memberIDs":["CY"]},{"kind":"removePermissionGrants","actions":["deleteTeam","updateTeamName"],"memberIDs":["CY"]}`, start},
		"remove grant":        {`{"kind":"removePermissionGrants","actionSet":"maintainTeam","memberIDs":["ANA","CY"]}`, set(func(s *state) { s.Maintainers, s.Grants = "", 0 })},
		"remove other grant":  {`{"kind":"removePermissionGrants","actionSet":"other","memberIDs":["ANA"]}`, start},
		"add attribute":       {`{"kind":"addRoleAttribute","key":"k","values":["v"]}`, set(func(s *state) { s.Attributes = `{"k":["v"],"projects":["web","app","api"]}` })},
		"update attribute":    {`{"kind":"updateRoleAttribute","key":"projects","values":["v"]}`, set(func(s *state) { s.Attributes = `{"projects":["v"]}` })},
		"remove attribute":    {`{"kind":"removeRoleAttribute","key":"projects"}`, set(func(s *state) { s.Attributes = `{}` })},
		"replace attributes":  {`{"kind":"replaceRoleAttributes","value":{"a":["1"],"b":[]}}`, set(func(s *state) { s.Attributes = `{"a":["1"],"b":[]}` })},
		"clear, then add":     {`{"kind":"replaceRoleAttributes","value":null},{"kind":"addRoleAttribute","key":"k","values":["v"]}`, set(func(s *state) { s.Attributes = `{"k":["v"]}` })},
		"one after the other": {`{"kind":"addCustomRoles","values":["dev"]},{"kind":"removeCustomRoles","values":["ops","dev"]},{"kind":"addCustomRoles","values":["dev"]}`, set(func(s *state) { s.Roles = "dev" })},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := peopled(t, Options{Behaviour: Behaviour{AttributeOrder: "sent"}})
			ids := strings.NewReplacer("BO", f.member(bo), "CY", f.member(cy), "ANA", f.member(ana), "ROLE", f.role("dev"))
			body := ids.Replace(`{"comment":"why","instructions":[` + test.in + `]}`)
			answered := readAs[holder](t, f.want(200, "PATCH", teamHref("checkout")+allParts, body).body)
			team := f.Teams()[0]
			got := state{
				answered.Name, answered.Description, strings.Join(answered.Roles.keys(), " "), strings.Join(f.emailsInOrder(team.Members), " "),
				strings.Join(answered.Maintainers.keys(), " "), asText(t, answered.RoleAttributes), len(team.Grants),
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if now := f.holder(teamHref("checkout") + allParts); cmp.Diff(now, answered) != "" || answered.TeamVersion != 2 || *now.Members.Total != len(team.Members) {
				t.Errorf("answered %+v, holds %+v", answered, now)
			}
			if records := f.Requests(); records[len(records)-2].Comment != "why" {
				t.Errorf("recorded %+v", records)
			}
			f.consistent()
		})
	}
}

// asText is plain data as JSON.
func asText(t *testing.T, v any) string { return encoded(t, v) }

func (f *fixture) emailsInOrder(ids []string) []string {
	var emails []string
	for _, id := range ids {
		emails = append(emails, f.emails([]string{id})...)
	}
	return emails
}

func TestPatchTeamRefusals(t *testing.T) {
	tests := []string{
		``, `[]`, `{}`, `{"instructions":[]}`, `{"instructions":[{"kind":"turnFlagOn"}]}`, `[{"op":"replace","path":"/name","value":"x"}]`,
	}
	for _, in := range []string{
		`"kind":"updateName"`, `"kind":"updateName","value":""`, `"kind":"updateName","value":1`, `"kind":"updateDescription"`,
		`"kind":"addCustomRoles"`, `"kind":"removeCustomRoles","values":"ops"`, `"kind":"addMembers","values":["none"]`, `"kind":"removeMembers"`,
		`"kind":"replaceMembers","values":[null]`, `"kind":"addPermissionGrants","actionSet":"a"`, `"kind":"addPermissionGrants","memberIDs":[]`,
		`"kind":"addPermissionGrants","actionSet":1,"memberIDs":[]`, `"kind":"removePermissionGrants","actions":"x","memberIDs":[]`,
		`"kind":"addRoleAttribute","values":[]`, `"kind":"addRoleAttribute","key":"k"`, `"kind":"removeRoleAttribute"`,
		`"kind":"replaceRoleAttributes"`, `"kind":"replaceRoleAttributes","value":[]`,
	} {
		tests = append(tests, `{"instructions":[{"kind":"updateName","value":"changed"},{`+in+`}]}`)
	}
	for _, body := range tests {
		f := peopled(t, Options{})
		before := f.Teams()
		if a := f.want(400, "PATCH", teamHref("checkout"), body); a.code(t) != "invalid_request" {
			t.Errorf("%s: %s", body, a.body)
		}
		if diff := cmp.Diff(before, f.Teams()); diff != "" || f.Writes() != 0 {
			t.Errorf("%s: a refused patch changed %s", body, diff)
		}
	}
	peopled(t, Options{}).want(404, "PATCH", teamHref("none"), `{"instructions":[{"kind":"updateName","value":"x"}]}`)
}

func TestDeleteTeam(t *testing.T) {
	c := newClock()
	f := peopled(t, Options{Now: c.Now, Behaviour: Behaviour{AssignLag: time.Second}})
	f.want(404, "DELETE", teamHref("none"), "")
	f.want(204, "DELETE", teamHref("empty"), "")
	f.want(404, "GET", teamHref("empty"), "")
	c.advance(time.Minute)
	f.want(200, "PATCH", teamHref("checkout"), `{"instructions":[{"kind":"replaceMembers","values":[]}]}`)
	f.want(409, "DELETE", teamHref("checkout"), "")
	c.advance(time.Second)
	f.want(204, "DELETE", teamHref("checkout"), "")
	f.want(201, "POST", teamsPath, `{"key":"checkout","name":"again"}`)
	f.consistent()
}

// TestNewTeamLag: a new team is in the list at once, and found by its key a moment later.
func TestNewTeamLag(t *testing.T) {
	c := newClock()
	f := start(t, Options{Now: c.Now, Behaviour: Behaviour{NewTeamLag: 2 * time.Second}})
	f.want(201, "POST", teamsPath, `{"key":"new","name":"n"}`)
	c.advance(1999 * time.Millisecond)
	for _, path := range []string{"", "/roles", "/maintainers"} {
		f.want(404, "GET", teamHref("new")+path, "")
	}
	f.want(404, "PATCH", teamHref("new"), `{"instructions":[{"kind":"updateName","value":"x"}]}`)
	f.want(409, "POST", teamsPath, `{"key":"new","name":"n"}`)
	if got := f.holders(teamsPath).names(); len(got) != 1 {
		t.Errorf("lists %q", got)
	}
	c.advance(time.Millisecond)
	f.want(200, "GET", teamHref("new"), "")
	f.want(200, "GET", teamHref("new")+"/roles", "")
}

func TestHrefsOfOddNames(t *testing.T) {
	f := start(t, Options{})
	f.must(f.AddTeam(Team{Key: "a/b c?", Name: "odd"}))
	f.must(f.AddMember(Member{ID: "x y/z", Email: "odd"}))
	for _, href := range []string{f.holders(teamsPath).Items[0].Links["self"].Href, f.holders(teamsPath).Items[0].Links["roles"].Href, f.holders(membersPath).Items[0].Links["self"].Href} {
		if _, err := url.Parse(href); err != nil {
			t.Error(err)
		}
		f.want(200, "GET", href, "")
	}
}

// FuzzTeam: no body breaks the emulator, and what it accepts leaves the account in one piece.
func FuzzTeam(f *testing.F) {
	f.Add("PATCH", `{"comment":"c","instructions":[{"kind":"addCustomRoles","values":["dev","none",""]},{"kind":"removeMembers","values":[]}]}`)
	f.Add("PATCH", `{"instructions":[{"kind":"addPermissionGrants","actionSet":"maintainTeam","memberIDs":[]},{"kind":"replaceRoleAttributes","value":{"":null}}]}`)
	f.Add("PATCH", `{"instructions":[{"kind":"removeRoleAttribute","key":"projects"},{"kind":"updateRoleAttribute","key":"projects","values":null}]}`)
	f.Add("POST", `{"key":"k","name":"n","customRoleKeys":["ops"],"permissionGrants":[{"actions":["x"]}],"roleAttributes":{"a":[]}}`)
	f.Fuzz(func(t *testing.T, method, body string) {
		defer fuzzing.Timed(t)()
		path := map[string]string{"PATCH": teamHref("checkout"), "POST": teamsPath}[method]
		if path == "" {
			t.Skip()
		}
		e := peopled(t, Options{Behaviour: Behaviour{UnknownMember: "ignore"}})
		a := e.do(method, path+allParts, body)
		if a.status >= 500 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if a.status < 300 {
			made := readAs[holder](t, a.body)
			if now := e.holder(teamHref(made.Key) + allParts); cmp.Diff(now, made) != "" {
				t.Errorf("answered %+v, holds %+v", made, now)
			}
		}
		e.consistent()
	})
}
