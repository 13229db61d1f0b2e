package check

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

func asRole(key string, t role.AccessTest) role.AccessTest {
	t.Name, t.As = "x", &role.TestSubject{Role: key}
	return t
}

func rolesOf(list ...role.Role) (roles []role.Desired) {
	for _, r := range list {
		at := make([]role.StatementSource, len(r.Policy))
		roles = append(roles, role.Desired{Role: r, Source: role.Source{File: "r.yaml", Pos: role.Pos{Line: 1, Column: 1}, Policy: at}})
	}
	return roles
}

// TestPlainInput: tests that were made otherwise than by reading files are judged, too.
func TestPlainInput(t *testing.T) {
	roles := rolesOf(role.Role{Key: "a", Policy: []role.Statement{allow("updatePolicy", "role/*")}})
	for name, test := range map[string]struct {
		test role.AccessTest
		want string
	}{
		"nothing":          {role.AccessTest{Name: "x"}, "error the test asserts nothing"},
		"incomplete":       {role.AccessTest{Name: "x", NoOneBoth: textOf("updateOn")}, "error \"noOneBoth\" is not complete"},
		"no resources":     {role.AccessTest{Name: "x", NoOneBoth: textOf("updateOn", "updateRules")}, "error \"noOneBoth\" is not complete"},
		"at least nothing": {role.AccessTest{Name: "x", Somebody: textOf("updatePolicy on role/*")}, "error \"atLeast\" is 0"},
		"gate":             {role.AccessTest{Name: "x", Changes: []role.TestGate{{When: role.TestText{Text: "gain on role/*"}}}}, "error \"require\" is \"\""},
		"not within":       {asRole("a", role.AccessTest{Within: &role.TestText{Text: "b"}}), "error no file declares role \"b\""},
		"empty box":        {asRole("a", role.AccessTest{Can: textOf("")}), "error \"\": want"},
		"hostile box":      {asRole("a", role.AccessTest{Can: textOf("\x00 on \xff\n")}), "error "},
	} {
		results := Run(Input{Tests: []role.AccessTest{test.test}, Roles: roles, Semantics: real})
		if got := fmt.Sprintf("%s %s", results[0].Verdict, results[0].Message); !strings.HasPrefix(got, test.want) || Passed(results) {
			t.Errorf("%s: %s", name, got)
		}
	}
	if !Passed(nil) {
		t.Error("no results do not pass")
	}
}

// TestOnly: what is not asked for is not judged.
func TestOnly(t *testing.T) {
	in := Input{Tests: []role.AccessTest{{Name: "a"}, {Name: "b"}}, Semantics: real, Only: func(name string) bool { return name == "b" }}
	if results := Run(in); len(results) != 1 || results[0].Test != "b" {
		t.Errorf("%+v", results)
	}
}

// TestBudget: what the budget does not suffice for fails, whatever is asked.
func TestBudget(t *testing.T) {
	hard := role.Role{Key: "a", BasePermissions: role.NoAccess, Policy: []role.Statement{
		allow("viewProject", "proj/*"), allow("updateOn,updateRules", "proj/*a*b*:env/*c*d*:flag/*e*f*"),
	}}
	other := hard
	other.Key = "b"
	other.Policy = []role.Statement{allow("*", "proj/*a*:env/*d*:flag/*f*"), allow("viewProject", "proj/*b*")}
	const box = "updateOn on proj/*x*a*:env/*y*c*:flag/*z*e*"
	a := &people.Account{Roles: []role.Live{{Role: hard}, {Role: other}}, Members: []role.LiveMember{{ID: "1", Member: role.Member{Email: "m@example.com", CustomRoles: []string{"a"}}}}}
	both := role.AccessTest{Name: "both", NoOneBoth: textOf("updateOn", "updateRules"), Resources: textOf("proj/*x*a*:env/*y*c*:flag/*z*e*")}
	for _, test := range []role.AccessTest{
		asRole("a", role.AccessTest{Can: textOf(box)}), asRole("a", role.AccessTest{Cannot: textOf(box)}), asRole("a", role.AccessTest{CanSome: textOf(box)}),
		asRole("a", role.AccessTest{Within: &role.TestText{Text: "b"}}), asRole("a", role.AccessTest{Equals: &role.TestText{Text: "b"}}), both,
		{Name: "x", Nobody: textOf(box)},
		{Name: "x", Somebody: textOf(box), AtLeast: 1},
		{Name: "x", NoEscalation: textOf(box)},
	} {
		r := Run(Input{Tests: []role.AccessTest{test}, Roles: rolesOf(hard, other), People: a, Semantics: real, Budget: access.Budget{Steps: 1}})[0]
		if r.Verdict != Undecided && !(test.Somebody != nil && r.Verdict == Undecided) {
			t.Errorf("%s: %s %s", r.Assertion, r.Verdict, r.Message)
		}
	}
}

// TestSwitches: where something is not modelled no test passes, and where letter case does not count
// it does not count.
func TestSwitches(t *testing.T) {
	crosses, folded := real, real
	crosses.GlobCrossesColon, folded.CaseSensitive = true, false
	r := role.Role{Key: "a", BasePermissions: role.Reader, Policy: []role.Statement{allow("UPDATEON", "proj/WEB:env/*:flag/*")}}
	cannot := asRole("a", role.AccessTest{Cannot: textOf("updateOn on proj/web:env/*:flag/*")})
	for name, test := range map[string]struct {
		sem  policy.Semantics
		want Verdict
	}{"as documented": {real, Pass}, "case does not count": {folded, Fail}, "star crosses": {crosses, Undecided}} {
		if r := Run(Input{Tests: []role.AccessTest{cannot}, Roles: rolesOf(r), Semantics: test.sem})[0]; r.Verdict != test.want {
			t.Errorf("%s: %s %s", name, r.Verdict, r.Message)
		}
	}
	can := asRole("a", role.AccessTest{Can: textOf("updateOn on proj/WEB:env/*:flag/*"), Cannot: textOf("updateOn on proj/web:env/*:flag/*")})
	if results := Run(Input{Tests: []role.AccessTest{can}, Roles: rolesOf(r), Semantics: folded}); results[1].Verdict != Error {
		t.Errorf("no contradiction: %+v", results)
	}
}

// TestAccountNames: what an account does not have is a mistake; what a member holds that it does not
// list is not known.
func TestAccountNames(t *testing.T) {
	a := &people.Account{
		Roles: []role.Live{{Role: role.Role{Key: "dev", BasePermissions: role.NoAccess}}},
		Members: []role.LiveMember{
			{ID: "1", Member: role.Member{Email: "ana@example.com", Role: "astronaut"}, Teams: []string{"ghosts"}},
			{ID: "2", Member: role.Member{Email: "bob@example.com", Role: role.NoAccess, CustomRoles: []string{"dev"}}},
		},
	}
	box := textOf("updateOn on proj/*:env/*:flag/*")
	for name, test := range map[string]struct {
		test role.AccessTest
		want string
	}{
		"role":        {asRole("dve", role.AccessTest{Can: box}), `error the account has no role "dve"`},
		"no role":     {asRole("operator", role.AccessTest{Can: box}), `error the account has no role "operator"`},
		"except":      {role.AccessTest{Name: "x", Nobody: box, Except: role.TestExcept{Members: textOf("nobody@example.com")}}, `error "except" names member "nobody@example.com", which the account does not have`},
		"except team": {role.AccessTest{Name: "x", Nobody: box, Except: role.TestExcept{Teams: textOf("ghosts")}}, `error "except" names team "ghosts"`},
		"nobody":      {role.AccessTest{Name: "x", Nobody: box}, `undecided it could not be found out about member "ana@example.com": base role "astronaut" and team "ghosts" may allow it`},
		"both":        {role.AccessTest{Name: "x", NoOneBoth: textOf("updateOn", "updateRules"), Resources: textOf("proj/*:env/*:flag/*")}, `undecided it could not be found out about member "ana@example.com"`},
		"member":      {role.AccessTest{Name: "x", As: &role.TestSubject{Member: "Bob@example.com"}, Cannot: box, Within: &role.TestText{Text: "dev"}}, "pass "},
		"unknown":     {role.AccessTest{Name: "x", As: &role.TestSubject{Member: "ana@example.com"}, Within: &role.TestText{Text: "dev"}}, "undecided "},
	} {
		results := Run(Input{Tests: []role.AccessTest{test.test}, People: a, Semantics: real})
		for _, r := range results {
			if got := fmt.Sprintf("%s %s", r.Verdict, r.Message); !strings.HasPrefix(got, test.want) {
				t.Errorf("%s: %s", name, got)
			}
		}
	}
}

// TestExistingUnknown: what nobody knows of may allow what exists.
func TestExistingUnknown(t *testing.T) {
	a := &people.Account{Members: []role.LiveMember{{ID: "1", Member: role.Member{Email: "m@example.com", Role: role.NoAccess, CustomRoles: []string{"gone"}}}}}
	inventory := &role.Inventory{Projects: []role.Project{{Key: "web"}}}
	for _, test := range []role.AccessTest{{Can: textOf("viewProject on proj/*")}, {CanSome: textOf("viewProject on proj/*")}} {
		test.Name, test.As = "x", &role.TestSubject{Member: "m@example.com"}
		r := Run(Input{Tests: []role.AccessTest{test}, People: a, Inventory: inventory, Semantics: real})[0]
		if r.Verdict != Undecided || r.World != WorldInventory {
			t.Errorf("%+v", r)
		}
	}
}

// TestJSON: results have no null and come back as they were.
func TestJSON(t *testing.T) {
	results := Run(Input{
		Tests: []role.AccessTest{{Name: "x", Nobody: textOf("updatePolicy on role/*")}, {Name: "y", Nobody: textOf("deleteRole on role/*")}},
		Roles: rolesOf(role.Role{Key: "a", Policy: []role.Statement{allow("updatePolicy,updateName", "role/*")}}), Semantics: real,
	})
	data, err := json.Marshal(results)
	if err != nil || strings.Contains(string(data), "null") {
		t.Fatal(string(data), err)
	}
	var back []Result
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(results, back); diff != "" || results[0].Fix == nil {
		t.Error(diff)
	}
}

// TestNothingIsChanged: what is passed in stays as it is.
func TestNothingIsChanged(t *testing.T) {
	in := manyInput()
	in.Roles, in.Tests = in.Roles[:30], in.Tests[:20]
	in.Tests[0].Nobody = textOf("updateOn on proj/*:env/*:flag/*")
	before := encodeAll(t, in.Tests, in.Roles)
	s := Prepare(in)
	s.Results()
	s.Failing(in.Roles, "role-3")
	if after := encodeAll(t, in.Tests, in.Roles); after != before {
		t.Error("the input was changed")
	}
}

func encodeAll(t *testing.T, list ...any) string {
	t.Helper()
	data, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestForks: forks judge side by side what one suite judges alone.
func TestForks(t *testing.T) {
	in := manyInput()
	in.Roles, in.Tests = in.Roles[:20], in.Tests[:30]
	s := Prepare(in)
	var want []string
	mutants := func(i int) []role.Desired {
		roles := slices.Clone(in.Roles)
		roles[i].Policy = append(slices.Clone(roles[i].Policy), allow("deleteFlag", fmt.Sprintf("proj/p%d-x:env/production:segment/*", i)), allow("*", "proj/*:env/*;{critical:true}:segment/*"))
		return roles
	}
	for i := range in.Roles {
		want = append(want, fmt.Sprint(s.Failing(mutants(i), in.Roles[i].Key)))
	}
	got := make([]string, len(want))
	var wait sync.WaitGroup
	for part := range 4 {
		fork := s.Fork()
		wait.Go(func() {
			for i := part; i < len(got); i += 4 {
				got[i] = fmt.Sprint(fork.Failing(mutants(i), in.Roles[i].Key))
			}
		})
	}
	wait.Wait()
	if diff := cmp.Diff(want, got); diff != "" || !strings.Contains(want[3], "test 3") {
		t.Error(diff, want)
	}
}

// TestRoleComesAndGoes: a role that the tests were not made with, or that is gone.
func TestRoleComesAndGoes(t *testing.T) {
	reach := role.Role{Key: "b", Policy: []role.Statement{allow("updatePolicy", "role/*")}}
	plain := role.Role{Key: "a"}
	test := []role.AccessTest{{Name: "x", Nobody: textOf("updatePolicy on role/*")}, asRole("a", role.AccessTest{Cannot: textOf("updateName on role/*")})}
	test[1].Name = "y"
	for name, account := range map[string]*people.Account{"files": nil, "account": {
		Roles: []role.Live{{Role: plain}}, Members: []role.LiveMember{{ID: "1", Member: role.Member{Email: "m@example.com", CustomRoles: []string{"a", "b"}}}},
	}} {
		s := Prepare(Input{Tests: test, Roles: rolesOf(plain), People: account, Semantics: real})
		if got := fmt.Sprint(s.Failing(rolesOf(plain, reach), "b")); got != "[x]" {
			t.Errorf("%s: a role more: %s", name, got)
		}
		if got := s.Failing(nil, "a"); !slices.Contains(got, "y") {
			t.Errorf("%s: a role less: %s", name, got)
		}
	}
}

// TestRenew: the engines are renewed before they grow too large, and the answers stay.
func TestRenew(t *testing.T) {
	in := manyInput()
	in.Roles, in.Tests = in.Roles[:10], in.Tests[:6]
	s := Prepare(in)
	before := draw(s.Results())
	engine := s.prover.engines[whenGiven]
	for i := range maxGrants + 1 {
		s.prover.grants[whenGiven][fmt.Sprint("filler ", i)] = granted{}
	}
	for i := range 100*maxGrants + 1 {
		s.prover.glances[glanceKey{-i, ""}] = true
	}
	for i := range 10*maxGrants + 1 {
		s.prover.single[fmt.Sprint("filler ", i)] = single{}
	}
	s.prover.refresh()
	if s.prover.engines[whenGiven] == engine || len(s.prover.glances)+len(s.prover.single) > 0 {
		t.Error("nothing was renewed")
	}
	if after := draw(s.Results()); after != before {
		t.Error(cmp.Diff(before, after))
	}
}

// TestGlanceLaws: what a glance rules out no request can meet.
func TestGlanceLaws(t *testing.T) {
	out := 0
	rapid.Check(t, func(t *rapid.T) {
		text := drawBox(t)
		b, wrong := readBox(text)
		if wrong != nil {
			t.Fatal(wrong.message)
		}
		w := newWorld(Input{})
		r := drawRole(t, "a")
		if w.know(r, 0, nil).mayAllow(b, real) {
			return
		}
		out++
		for _, a := range values {
			if slices.ContainsFunc(requestsIn(text), allowing(given, policy.Held{Role: r, Attributes: a})) {
				t.Fatalf("%q is ruled out for %+v", text, r)
			}
		}
	})
	if out == 0 {
		t.Error("nothing was ruled out")
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"web", "web", true},
		{"web", "shop", false},
		{"w*", "web", true},
		{"w*", "shop", false},
		{"*b", "web", true},
		{"*p", "web", false},
		{"w*b", "wx*", true},
		{"${roleAttribute/a}-x", "web-y", false},
		{"a-${roleAttribute/a}", "a-*", true},
		{"*", "x", true},
	} {
		if touches(c.a, c.b) != c.want || touches(c.b, c.a) != c.want {
			t.Errorf("%q and %q: want %v", c.a, c.b, c.want)
		}
	}
}
