package people

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

var defaults = Options{Semantics: policy.DefaultSemantics()}

// live returns a role of statements such as "allow updateOn on proj/*:env/*:flag/*"; "reader" gives
// it these base permissions.
func live(key string, lines ...string) role.Live {
	l := role.Live{Role: role.Role{Key: key, Name: key, BasePermissions: role.NoAccess}}
	for _, line := range lines {
		if line == role.Reader {
			l.BasePermissions = line
			continue
		}
		w := strings.Fields(line)
		s := role.Statement{Effect: role.Effect(w[0]), Actions: strings.Split(w[1], ",")}
		if w[3] == "not" {
			s.NotResources = w[4:]
		} else {
			s.Resources = w[3:]
		}
		l.Policy = append(l.Policy, s)
	}
	return l
}

// member returns a member with a base role and roles of their own.
func member(name, base string, own ...string) role.LiveMember {
	return role.LiveMember{ID: "id-" + name, Member: role.Member{Email: name + "@example.com", Role: base, CustomRoles: own}}
}

func team(key string, roles ...string) role.LiveTeam {
	return role.LiveTeam{Team: role.Team{Key: key, CustomRoles: roles}}
}

func in(m role.LiveMember, teams ...string) role.LiveMember {
	m.Teams = teams
	return m
}

func box(t *testing.T, text string) access.Box {
	t.Helper()
	actions, spec, err := policy.ParseRequest(text)
	if err != nil {
		t.Fatal(err)
	}
	return access.Box{Actions: actions, Specifier: spec}
}

func can(t *testing.T, a Account, name, text string) Answer {
	t.Helper()
	answer, err := Can(a, Who{Email: name + "@example.com"}, box(t, text), defaults)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestPaths(t *testing.T) {
	mine, ours := role.Attributes{"p": {"a"}}, role.Attributes{"p": {"b"}}
	web := team("web", "r2", "r1", "r2")
	web.RoleAttributes = ours
	byID := team("by-id", "r1")
	byID.Members = []string{"id-ana", "id-bo"}
	a := Account{Teams: []role.LiveTeam{web, byID, team("empty")}}
	direct := in(member("ana", "writer", "r1", "r0"), "web", "web")
	direct.RoleAttributes, direct.Strangers = mine, []string{"5f00"}
	for _, c := range []struct {
		name string
		m    role.LiveMember
		want []Path
	}{
		{"nothing", member("cy", "reader"), []Path{{Role: "reader", Base: true}}},
		{"own roles take the place of the base role, teams add", direct, []Path{
			{Role: "5f00", Attributes: mine},
			{Role: "r0", Attributes: mine},
			{Role: "r1", Attributes: mine},
			{Role: "r1", Team: "by-id"},
			{Role: "r1", Team: "web", Attributes: ours},
			{Role: "r2", Team: "web", Attributes: ours},
		}},
		{"teams add to the base role; the team alone knows", member("bo", "writer"), []Path{
			{Role: "writer", Base: true}, {Role: "r1", Team: "by-id"},
		}},
		{"a team that nobody knows, and one that gives nothing", in(member("cy", "no_access"), "gone", "empty"), []Path{
			{Role: "no_access", Base: true}, {Team: "gone"},
		}},
	} {
		if diff := cmp.Diff(c.want, a.Paths(c.m)); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
}

// TestBaseRoles: what a base role allows and what not.
func TestBaseRoles(t *testing.T) {
	for _, c := range []struct {
		base, request string
		want          bool
	}{
		{"no_access", "viewProject on proj/a", false},
		{"reader", "viewProject on proj/a", true},
		{"reader", "viewTeam on team/a", true},
		{"reader", "updateOn on proj/a:env/e:flag/f", false},
		{"writer", "updateOn on proj/a:env/e:flag/f", true},
		{"writer", "createProject on proj/a", true},
		{"writer", "zzNew on proj/a:layer/l", true},
		{"writer", "createAccessToken on member/m:token/t", true},
		{"writer", "createWebhook on webhook/w", true},
		{"writer", "updateRole on member/m", false},
		{"writer", "updatePolicy on role/r", false},
		{"writer", "deleteTeam on team/t", false},
		{"writer", "updateSamlEnabled on acct", false},
		{"admin", "updatePolicy on role/r", true},
		{"admin", "updateSamlEnabled on acct", true},
		{"admin", "updateIpAllowlistEnabled on ip-allowlist", true},
		{"admin", "createIpAllowlistEntry on ip-allowlist/x", true},
		{"admin", "zz on zz-new/x", true},
		{"admin", "updateAccountOwner on acct", false},
		{"owner", "updateAccountOwner on acct", true},
		{"owner", "zz on proj/a:zz-new/x", true},
	} {
		for _, kind := range []string{policy.EveryKind, policy.SameKind} {
			sem := policy.DefaultSemantics()
			sem.NotResources = kind
			held := []policy.Held{{Role: BaseRoles("zz-new", "proj:zz-new")[c.base]}}
			if got := policy.Evaluate(held, parsed(c.request), sem).Allowed; got != c.want {
				t.Errorf("%s, notResources of %s: %s: %v", c.base, kind, c.request, got)
			}
		}
	}
	if list := BaseRoles(); len(list) != 5 {
		t.Errorf("%d base roles", len(list))
	}
	for _, r := range BaseRoles() {
		if problems := policy.Evaluate([]policy.Held{{Role: r}}, parsed("viewProject on proj/a"), policy.DefaultSemantics()).Problems; len(problems) > 0 {
			t.Errorf("%s: %v", r.Key, problems)
		}
	}
}

// TestKindsOfRoles: a type that nobody knows but a role names is one that an owner may use.
func TestKindsOfRoles(t *testing.T) {
	sem := policy.DefaultSemantics()
	sem.NotResources = policy.SameKind
	before := Account{
		Roles:   []role.Live{live("r", "allow * on zz-new/*"), live("broken", "allow * on zz/:")},
		Members: []role.LiveMember{member("ana", "no_access", "r")},
	}
	after := before
	after.Members = []role.LiveMember{member("ana", "owner")}
	effects, _ := Effects(before, after, Options{Semantics: sem})
	if effects[0].Verdict != access.Gains {
		t.Errorf("%+v", effects[0])
	}
}

func TestNobody(t *testing.T) {
	a := Account{Members: []role.LiveMember{member("ana", "reader")}, Teams: []role.LiveTeam{team("web")}}
	for who, want := range map[Who]string{
		{Email: "bo@example.com"}: "the account has no member bo@example.com",
		{Team: "ana@example.com"}: "the account has no team ana@example.com",
	} {
		_, err := Can(a, who, box(t, "viewProject on proj/a"), defaults)
		var nobody *NobodyError
		if !errors.As(err, &nobody) || nobody.Who != who || err.Error() != want {
			t.Errorf("%v: %v", who, err)
		}
	}
	answer, err := Can(a, Who{Email: "ANA@Example.com"}, box(t, "viewProject on proj/a"), defaults)
	if err != nil || answer.Email != "ana@example.com" || answer.Answer != access.SaysYes {
		t.Errorf("%+v %v", answer, err)
	}
}

// TestCanSays: the grounds of an answer, by every path.
func TestCanSays(t *testing.T) {
	r := live("op", "allow viewProject on proj/${roleAttribute/p}", "allow updateOn on proj/*:env/*:flag/*", "deny updateOn on proj/*:env/*;{critical:true}:flag/*")
	web, ios := team("web", "op"), team("ios", "op")
	web.RoleAttributes, ios.RoleAttributes = role.Attributes{"p": {"a"}}, role.Attributes{"p": {"a"}, "other": {"x"}}
	a := Account{Roles: []role.Live{r}, Teams: []role.LiveTeam{web, ios}, Members: []role.LiveMember{in(member("ana", "no_access"), "web", "ios"), member("bo", "no_access", "op")}}

	yes := can(t, a, "ana", "updateOn on proj/a:env/e:flag/f")
	var got []string
	for _, g := range yes.Grants {
		got = append(got, g.Text)
	}
	want := []string{
		`role "op" (team ios), statement 2, allows "updateOn" on "proj/*:env/*:flag/*"`,
		`role "op" (team web), statement 2, allows "updateOn" on "proj/*:env/*:flag/*"`,
		`role "op" (team ios), statement 1, allows "viewProject" on "proj/${roleAttribute/p}"`,
		`role "op" (team web), statement 1, allows "viewProject" on "proj/${roleAttribute/p}"`,
	}
	if diff := cmp.Diff(want, got); diff != "" || yes.Answer != access.SaysYes || len(yes.Stops) > 0 || yes.Near != nil {
		t.Errorf("%+v\n%s", yes, diff)
	}

	if view := can(t, a, "ana", "viewProject on proj/a"); len(view.Grants) != 2 {
		t.Errorf("%+v", view)
	}
	partly := can(t, a, "ana", "updateOn on proj/a:env/*:flag/*")
	if partly.Answer != access.SaysPartly || len(partly.Stops) != 3 || partly.Stops[0].Statement != 2 || partly.Near == nil || partly.Near.Path.Role != "op" {
		t.Errorf("%+v", partly)
	}
	no := can(t, a, "bo", "updateOn on proj/a:env/e:flag/f")
	if no.Answer != access.SaysNo || len(no.Stops) != 1 || no.Stops[0].Path.Role != "" || no.Stops[0].Statement != -1 ||
		!slices.Contains(no.Notes, `role attribute "p" of role "op" has no value`) {
		t.Errorf("%+v", no)
	}
	ours, err := Can(a, Who{Team: "web"}, box(t, "updateOn on proj/a:env/e:flag/f"), defaults)
	if err != nil || ours.Answer != access.SaysYes || ours.Team != "web" || len(ours.Grants) != 2 {
		t.Errorf("%+v %v", ours, err)
	}
	wide := can(t, a, "ana", "create*,update* on proj/a:env/*:flag/*")
	if !slices.ContainsFunc(wide.Notes, func(n string) bool {
		return strings.Contains(n, "createFlag") && strings.Contains(n, "updateTags") && !strings.Contains(n, "updateOn")
	}) {
		t.Errorf("%+v", wide)
	}
	if foreign := can(t, a, "ana", "viewProject on proj/a:env/*:flag/*"); foreign.Answer != access.SaysNo {
		t.Errorf("%+v", foreign)
	}
}

// TestWhoCan: everybody, in order, with the grounds that Can gives.
func TestWhoCan(t *testing.T) {
	a := Account{
		Roles:   []role.Live{live("op", "allow viewProject,updateOn on proj/*", "allow updateOn on proj/*:env/*:flag/*"), live("metrics", "reader", "allow * on proj/*:metric/*"), live("odd", "allow updateOn on proj/:")},
		Teams:   []role.LiveTeam{team("web", "op"), team("data", "metrics"), team("lost", "unheard-of")},
		Members: []role.LiveMember{in(member("cy", "reader"), "web"), member("bo", "reader", "odd"), member("ana", "admin"), in(member("dee", "no_access"), "lost"), in(member("eve", "owner"), "gone")},
	}
	a.Members[0].Pending = true
	b := box(t, "updateOn on proj/*:env/*:flag/*")
	var got []string
	for _, answer := range WhoCan(a, b, defaults) {
		got = append(got, answer.Name()+": "+answer.Answer)
		if answer.Pending != (answer.Email == "cy@example.com") {
			t.Errorf("%+v", answer)
		}
		full, err := Can(a, answer.Who, b, defaults)
		if diff := cmp.Diff(full.Grants, answer.Grants); diff != "" || err != nil || full.Answer != answer.Answer {
			t.Errorf("%s: %v\n%s", answer.Name(), err, diff)
		}
	}
	want := []string{
		"member ana@example.com: yes", "member bo@example.com: undecided", "member cy@example.com: yes",
		"member dee@example.com: undecided", "member eve@example.com: yes",
		"team data: no", "team lost: undecided", "team web: yes",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	odd := can(t, a, "bo", "updateOn on proj/a:env/e:flag/f")
	if odd.Answer != access.SaysNo || !strings.Contains(strings.Join(odd.Notes, ""), "proj/:") {
		t.Errorf("%+v", odd)
	}
}

// TestWhoCanAnything: the specifier "*" of a box is every resource.
func TestWhoCanAnything(t *testing.T) {
	spec, err := policy.ParseWith("*", policy.Options{AllowBareStar: true})
	if err != nil {
		t.Fatal(err)
	}
	a := Account{Roles: []role.Live{live("op", "allow viewProject on proj/*", "allow updateOn on proj/*:env/*:flag/*")}, Members: []role.LiveMember{
		member("ana", "owner"), member("bo", "no_access", "op"), member("cy", "reader"),
	}}
	var got []string
	for _, answer := range WhoCan(a, access.Box{Actions: []string{"updateOn"}, Specifier: spec}, defaults) {
		got = append(got, answer.Answer)
	}
	if !slices.Equal(got, []string{access.SaysYes, access.SaysPartly, access.SaysNo}) {
		t.Errorf("%q", got)
	}
}

// TestNearIsTheirs: what comes near is named as the one who is asked about holds it, whatever other
// role says the same.
func TestNearIsTheirs(t *testing.T) {
	a := person(nil, live("first", seeing), live("second", seeing))
	a.Members[0].CustomRoles, a.Members[0].Role = nil, "no_access"
	a.Members[0].Teams, a.Teams = []string{"t"}, []role.LiveTeam{team("t", "second")}
	a.Members = append(a.Members, member("bo", "no_access", "first"))
	near := can(t, a, "ana", "createProject on proj/a").Near
	if near == nil || near.Path.Role != "second" || !strings.Contains(near.Text, `role "second" (team t)`) {
		t.Errorf("%+v", near)
	}
}

// TestNotActions: a statement that says which actions it is not about is about all others.
func TestNotActions(t *testing.T) {
	a := person([]string{"op"}, live("op", seeing, "allow x on "+flags))
	a.Roles[0].Policy[1].Actions, a.Roles[0].Policy[1].NotActions = nil, []string{"deleteFlag"}
	for action, want := range map[string]string{"updateOn": access.SaysYes, "deleteFlag": access.SaysNo} {
		if got := WhoCan(a, box(t, action+" on "+flags), defaults)[0]; got.Answer != want {
			t.Errorf("%s: %+v", action, got)
		}
	}
}

// TestLetterCase: where it does not count, roles are not left out for it.
func TestLetterCase(t *testing.T) {
	o := defaults
	a := person([]string{"op"}, live("op", "allow VIEWPROJECT on proj/*", "allow UPDATEON on "+flags))
	b := box(t, "updateOn on proj/*:env/*:flag/*")
	for sensitive, want := range map[bool]string{true: access.SaysNo, false: access.SaysYes} {
		o.Semantics.CaseSensitive = sensitive
		if got := WhoCan(a, b, o)[0]; got.Answer != want {
			t.Errorf("letter case counts: %v: %+v", sensitive, got)
		}
	}
	if _, err := policy.Parse("Proj/a"); err == nil {
		t.Error("types have capitals: leave out no statement for the kind that it names")
	}
}

// TestCasesOfAnAccount: who holds the same is one case, with the first member's ways.
func TestCasesOfAnAccount(t *testing.T) {
	a := Account{
		Roles:   []role.Live{live("on", "allow updateOn on proj/*:env/*:flag/*"), live("web", "allow viewProject on proj/${roleAttribute/p}")},
		Members: []role.LiveMember{member("ana", "reader", "on"), in(member("bo", "no_access"), "switch"), member("cy", "reader", "gone"), member("di", "reader", "web")},
		Teams:   []role.LiveTeam{team("switch", "on")},
	}
	a.Members[3].RoleAttributes = role.Attributes{"p": {"shop"}}
	var got []string
	for _, c := range Cases(a, defaults) {
		text := ""
		for _, m := range c.Members {
			text += m.Email + " "
		}
		for i, h := range c.Held {
			text += c.Paths[i].Role + c.Paths[i].Through() + strings.Join(h.Attributes["p"], ",") + " "
		}
		got = append(got, text+strings.Join(c.Unknown, ","))
	}
	want := []string{"ana@example.com on ", "bo@example.com onteam switch no_access ", `cy@example.com role "gone"`, "di@example.com webshop "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	r := Read(a, defaults)
	if paths := r.Paths(a.Members[1]); len(paths) != 2 || len(r.Case(paths).Held) != 2 || len(r.Case(nil).Held) != 0 {
		t.Errorf("%v", paths)
	}
}
