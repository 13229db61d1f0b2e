package check

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// TestWays walks every way up once, and tells how.
func TestWays(t *testing.T) {
	grant := func(key string, steps ...string) role.Role {
		r := role.Role{Key: key, BasePermissions: role.NoAccess}
		for _, s := range steps {
			actions, resource, _ := strings.Cut(s, " on ")
			r.Policy = append(r.Policy, allow(actions, resource))
		}
		return r
	}
	power := grant("power", "updateOn on proj/*:env/*:flag/*", "viewProject on proj/*")
	for name, test := range map[string]struct {
		steps []string
		want  string
	}{
		"none":               {[]string{"updateName on role/*", "updatePolicy on role/other"}, "pass"},
		"direct":             {[]string{"updateOn on proj/web:env/a:flag/*", "viewProject on proj/web"}, `fail member "m@example.com" is allowed "updateOn on proj/web`},
		"own role":           {[]string{"updatePolicy on role/me"}, `edits role "me", which it holds`},
		"own base":           {[]string{"updateBasePermissions on role/m*"}, `edits role "me", which it holds`},
		"account":            {[]string{"updateAccountOwner on acct"}, "updateAccountOwner on acct: the account"},
		"base role":          {[]string{"updateRole on member/*"}, "any base role"},
		"invitation":         {[]string{"createMember on member/*"}, "a member with any role"},
		"any role":           {[]string{"updateCustomRole on member/*"}, "any role to a member"},
		"any role of a team": {[]string{"updateTeamCustomRoles on team/t"}, "any role to a team"},
		"that role":          {[]string{"updateMembers on role/pow*"}, `updateMembers on role/power: role "power"`},
		"another role":       {[]string{"updateMembers on role/other"}, "pass"},
		"a team":             {[]string{"updateTeamMembers on team/*"}, `updateTeamMembers on team/ops: what team "ops" gives`},
		"another team":       {[]string{"updateTeamMembers on team/none"}, "pass"},
		"make and take":      {[]string{"createRole on role/new-*", "updateMembers on role/*-a"}, "makes a role and takes it"},
		"make, not take":     {[]string{"createRole on role/new-*", "updateMembers on role/old-a"}, "pass"},
		"make and give":      {[]string{"createRole on role/new-*", "updateCustomRole on member/*"}, "makes a role and gives it"},
		"make, give to team": {[]string{"createRole on role/new-*", "updateTeamCustomRoles on team/*"}, "makes a role and gives it to a team"},
		"two steps":          {[]string{"updateMembers on role/step"}, `role "step", then updateTeamMembers on team/ops: what team "ops" gives`},
	} {
		a := &people.Account{
			Roles: []role.Live{{Role: grant("me", test.steps...)}, {Role: power}, {Role: grant("step", "updateTeamMembers on team/ops")}, {Role: grant("dull", "updateName on role/*")}},
			Members: []role.LiveMember{
				{ID: "1", Member: role.Member{Email: "m@example.com", Role: role.NoAccess, CustomRoles: []string{"me"}}},
				{ID: "2", Member: role.Member{Email: "n@example.com", Role: role.NoAccess, CustomRoles: []string{"me", "dull"}}},
			},
			Teams: []role.LiveTeam{{Team: role.Team{Key: "ops", CustomRoles: []string{"power"}}}},
		}
		at := role.AccessTest{Name: "x", NoEscalation: textOf("updateOn on proj/web:env/*:flag/*"), Except: role.TestExcept{Teams: textOf("ops")}}
		r := Run(Input{Tests: []role.AccessTest{at}, People: a, Semantics: real})[0]
		if got := fmt.Sprintf("%s %s", r.Verdict, r.Message); !strings.Contains(got, test.want) {
			t.Errorf("%s: %s, want %q", name, got, test.want)
		}
		if r.Verdict == Fail && len(r.Involved) == 0 {
			t.Errorf("%s: nothing is said to be responsible", name)
		}
	}
}

// TestOddKey: a key that no specifier can name is no reason to pass.
func TestOddKey(t *testing.T) {
	a := &people.Account{
		Roles:   []role.Live{{Role: role.Role{Key: "me", Policy: []role.Statement{allow("updateTeamMembers", "team/*")}}}},
		Members: []role.LiveMember{{ID: "1", Member: role.Member{Email: "m@example.com", CustomRoles: []string{"me"}}}},
		Teams:   []role.LiveTeam{{Team: role.Team{Key: "a b"}}},
	}
	r := Run(Input{Tests: []role.AccessTest{{Name: "x", NoEscalation: textOf("updateOn on proj/web:env/*:flag/*")}}, People: a, Semantics: real})[0]
	if r.Verdict != Undecided {
		t.Errorf("%+v", r)
	}
}

// TestDeadEnd: who comes where somebody was before does not get further, unless roles have changed.
func TestDeadEnd(t *testing.T) {
	give := func(key string) role.Role {
		return role.Role{Key: key, Policy: []role.Statement{allow("updateCustomRole", "member/*")}}
	}
	roles := rolesOf(give("a"), give("b"), role.Role{Key: "c"})
	s := Prepare(Input{Tests: []role.AccessTest{{Name: "x", NoEscalation: textOf("updateOn on proj/web:env/*:flag/*")}}, Roles: roles, Semantics: real})
	if got := s.Results()[0]; got.Verdict != Pass || len(s.prover.deadEnds) == 0 {
		t.Fatalf("%+v", got)
	}
	changed := rolesOf(give("a"), give("b"), role.Role{Key: "c", Policy: []role.Statement{allow("updateOn", "proj/*:env/*:flag/*")}})
	if got := fmt.Sprint(s.Failing(changed, "c")); got != "[x]" {
		t.Errorf("a way that is open now: %s", got)
	}
	if got := fmt.Sprint(s.Failing(roles, "c")); got != "[]" {
		t.Errorf("a way that is closed again: %s", got)
	}
}

// TestDisagreement: where evaluation says otherwise than reasoning nothing is decided.
func TestDisagreement(t *testing.T) {
	s := Prepare(Input{Roles: rolesOf(role.Role{Key: "a"}), Semantics: real})
	request := policy.Request{Action: "updateOn", Resource: []policy.Part{{Type: "role", Key: "x"}}}
	list := []held{{key: "a"}}
	if answer, f := s.prover.replay(asIs, list, false, access.Example{Request: request}, true); answer != access.Undecided || !strings.Contains(f.why, "disagree") {
		t.Errorf("%s %+v", answer, f)
	}
	f := finding{request: &request}
	if answer := s.prover.confirm(asIs, list, &f, "updateRules", access.Yes); answer != access.Undecided {
		t.Error(answer)
	}
	if answer := s.prover.confirm(asIs, list, &f, "updateRules", access.Undecided); answer != access.Undecided {
		t.Error(answer)
	}
}

// TestUnnamed: a difference that no type of the catalogue shows is shown all the same.
func TestUnnamed(t *testing.T) {
	roles := rolesOf(role.Role{Key: "a", Policy: []role.Statement{allow("fly", "rocket/*")}}, role.Role{Key: "b"})
	r := Run(Input{Tests: []role.AccessTest{asRole("a", role.AccessTest{Within: &role.TestText{Text: "b"}})}, Roles: roles, Semantics: real})[0]
	if r.Verdict != Fail || !strings.HasPrefix(r.Counterexample, "fly on rocket/") {
		t.Errorf("%+v", r)
	}
}

// TestNoFix: where no candidate works none is offered, however many there are.
func TestNoFix(t *testing.T) {
	r := role.Role{Key: "a"}
	for range 2 * maxEdits {
		r.Policy = append(r.Policy, allow("updateOn,updateRules", "proj/*:env/*:flag/*"))
	}
	r.Policy = append(r.Policy, allow("viewProject", "proj/*"))
	test := asRole("a", role.AccessTest{Cannot: textOf("updateOn, updatePolicy on proj/*:env/*:flag/*, role/*")})
	result := Run(Input{Tests: []role.AccessTest{test}, Roles: rolesOf(r), Semantics: real})[0]
	if result.Verdict != Fail || result.Fix != nil {
		t.Errorf("%+v", result)
	}
	byHand := &people.Account{Roles: []role.Live{{Role: r}}}
	if result := Run(Input{Tests: []role.AccessTest{test}, People: byHand, Semantics: real})[0]; result.Verdict != Fail || result.Fix != nil {
		t.Errorf("%+v", result)
	}
}

// TestBothKinds: two boxes of several kinds meet on resources of one kind.
func TestBothKinds(t *testing.T) {
	r := role.Role{Key: "a", Policy: []role.Statement{allow("createRole", "role/*"), allow("deleteTeam", "team/*")}}
	both := role.AccessTest{Name: "x", NoOneBoth: textOf("create*", "delete*"), Resources: textOf("role/*", "team/*")}
	if got := Run(Input{Tests: []role.AccessTest{both}, Roles: rolesOf(r), Semantics: real})[0]; got.Verdict != Pass {
		t.Errorf("%+v", got)
	}
	r.Policy = append(r.Policy, allow("deleteRole", "role/a*"))
	if got := Run(Input{Tests: []role.AccessTest{both}, Roles: rolesOf(r), Semantics: real})[0]; got.Verdict != Fail || !strings.Contains(got.Message, "deleteRole on role/a") {
		t.Errorf("%+v", got)
	}
}

// TestNearMember: a misspelt address is told with the one that was meant.
func TestNearMember(t *testing.T) {
	in := Input{
		Tests:   []role.AccessTest{{Name: "x", As: &role.TestSubject{Member: "anna@example.com"}, Can: textOf("updatePolicy on role/*")}},
		Members: []role.DesiredMember{{Email: "ana@example.com", CustomRoles: &[]role.Assignment{}}}, Semantics: real,
	}
	if r := Run(in)[0]; r.Hint != `did you mean "ana@example.com"?` {
		t.Errorf("%+v", r)
	}
	in.Tests[0].As.Member = "ana@example.com"
	if r := Run(in)[0]; r.Verdict != Undecided || !strings.Contains(r.Message, "a base role that the file does not say may allow it") {
		t.Errorf("%+v", r)
	}
}

// TestOutsideReasons: of a role that does not count only the view of the project is responsible.
func TestOutsideReasons(t *testing.T) {
	viewer := role.Role{Key: "viewer", BasePermissions: role.NoAccess, Policy: []role.Statement{allow("viewProject", "proj/*"), allow("updateOn", "proj/*:env/*:flag/*")}}
	dev := role.Role{Key: "dev", BasePermissions: role.NoAccess, Policy: []role.Statement{allow("updateOn", "proj/web:env/*:flag/*")}}
	a := &people.Account{Roles: []role.Live{{Role: viewer}, {Role: dev}}, Members: []role.LiveMember{{ID: "1", Member: role.Member{Email: "m@example.com", CustomRoles: []string{"viewer", "dev"}}}}}
	r := Run(Input{Tests: []role.AccessTest{{Name: "x", Nobody: textOf("updateOn on proj/*:env/*:flag/*"), Except: role.TestExcept{Roles: textOf("viewer")}}}, People: a, Semantics: real})[0]
	var got []string
	for _, i := range r.Involved {
		got = append(got, fmt.Sprintf("%s %d", i.Role, i.Statement))
	}
	if fmt.Sprint(got) != "[dev 0 viewer 0]" {
		t.Errorf("%v: %+v", got, r)
	}
}

// TestEverything: "*" is every resource, of kinds that nobody has heard of, too.
func TestEverything(t *testing.T) {
	for name, test := range map[string]struct {
		statements []role.Statement
		want       Verdict
	}{
		"nothing": {nil, Pass},
		"denied":  {[]role.Statement{allow("*", "rocket/*"), {Effect: role.Deny, Actions: []string{"*"}, Resources: []string{"rocket/*"}}}, Pass},
		"a kind":  {[]role.Statement{allow("fly", "rocket/*")}, Fail},
		"all but": {[]role.Statement{{Effect: role.Allow, Actions: []string{"*"}, NotResources: []string{"acct"}}}, Fail},
	} {
		at := asRole("a", role.AccessTest{Cannot: textOf("* on *")})
		if r := Run(Input{Tests: []role.AccessTest{at}, Roles: rolesOf(role.Role{Key: "a", Policy: test.statements}), Semantics: real})[0]; r.Verdict != test.want {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestOutsideViews: that a role which does not count lets a project be viewed is not held against
// anybody, and what needs that view is.
func TestOutsideViews(t *testing.T) {
	viewer := role.Role{Key: "viewer", BasePermissions: role.NoAccess, Policy: []role.Statement{allow("viewProject", "proj/b")}}
	for resource, want := range map[string]Verdict{"proj/a": Pass, "proj/b": Fail} {
		dev := role.Role{Key: "dev", BasePermissions: role.NoAccess, Policy: []role.Statement{allow("updateProjectName", resource)}}
		a := &people.Account{Roles: []role.Live{{Role: viewer}, {Role: dev}}, Members: []role.LiveMember{{ID: "1", Member: role.Member{Email: "m@example.com", CustomRoles: []string{"viewer", "dev"}}}}}
		test := role.AccessTest{Name: "x", Nobody: textOf("viewProject, updateProjectName on proj/*"), Except: role.TestExcept{Roles: textOf("viewer")}}
		if r := Run(Input{Tests: []role.AccessTest{test}, People: a, Semantics: real})[0]; r.Verdict != want {
			t.Errorf("%s: %+v", resource, r)
		}
	}
}
