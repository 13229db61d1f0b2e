package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A small universe, in which everything can be listed. Keys that no pattern names stand for all
// others.

var (
	smallKeys   = []string{"web", "shop", "wx", "zz"}
	smallEnvs   = []string{"dev", "prod", "px", "zz"}
	patternsOf  = map[string][]string{"proj": {"web", "shop", "*", "w*", "${roleAttribute/p}"}, "env": {"dev", "prod", "*", "p*"}}
	flagActions = []string{"updateOn", "updateTargets", "createFlag"}
	newActions  = []string{"viewNew", "updateNew", "zzz"} // that the catalogue does not have
	roleActions = []string{"updatePolicy", "createRole", "updateMembers"}
)

// universe is every request of the small universe.
var universe = listUniverse()

func listUniverse() (list []policy.Request) {
	for _, p := range smallKeys {
		project := policy.Part{Type: "proj", Key: p}
		for _, a := range append([]string{"viewProject", "updateProjectName"}, newActions...) {
			list = append(list, policy.Request{Action: a, Resource: []policy.Part{project}})
		}
		for _, e := range smallEnvs {
			for _, critical := range []string{"true", "false"} {
				env := policy.Part{Type: "env", Key: e, Properties: map[string]string{"critical": critical}}
				for _, tags := range [][]string{nil, {"x"}, {"y"}, {"x", "y"}} {
					flag := policy.Part{Type: "flag", Key: "f", Tags: tags}
					for _, a := range append(flagActions, newActions...) {
						list = append(list, policy.Request{Action: a, Resource: []policy.Part{project, env, flag}})
					}
				}
			}
		}
	}
	for _, key := range []string{"r0", "r1", "r2", "rx", "zz"} {
		for _, a := range append(roleActions, newActions...) {
			list = append(list, policy.Request{Action: a, Resource: []policy.Part{{Type: "role", Key: key}}})
		}
	}
	return list
}

func drawSpec(t *rapid.T, attributes bool) (text, kind string) {
	pick := func(label string, list ...string) string { return rapid.SampledFrom(list).Draw(t, label) }
	projects := patternsOf["proj"]
	if !attributes {
		projects = projects[:4]
	}
	switch pick("kind", "flag", "flag", "flag", "proj", "role") {
	case "proj":
		return "proj/" + pick("project", projects...), "proj"
	case "role":
		return "role/" + pick("role", "*", "r0", "r1", "r*"), "role"
	}
	return "proj/" + pick("project", projects...) + ":env/" + pick("env", patternsOf["env"]...) + pick("critical", "", "", ";{critical:true}", ";{critical:false}") +
		":flag/*" + pick("tags", "", "", ";x", ";y", ";x,y"), "flag"
}

func actionsFor(t *rapid.T, kind string) []string {
	list := map[string][]string{
		"proj": {"viewProject", "updateProjectName", "*", "viewProject"},
		"flag": {"updateOn", "updateTargets", "createFlag", "update*", "*"}, "role": append(roleActions, "*"),
	}[kind]
	return rapid.SliceOfNDistinct(rapid.SampledFrom(list), 1, 2, rapid.ID).Draw(t, "actions")
}

func drawRole(t *rapid.T, key string) role.Role {
	r := role.Role{Key: key, Name: key, BasePermissions: rapid.SampledFrom([]string{role.NoAccess, role.NoAccess, role.Reader}).Draw(t, "base")}
	if rapid.Bool().Draw(t, "generous") { // else hardly anybody may do all of a box
		r.Policy = append(r.Policy, allow("*", "proj/*"), allow("*", "proj/*:env/*:flag/*"), allow("*", "role/*"))
	}
	for range rapid.IntRange(0, 3).Draw(t, "statements") {
		spec, kind := drawSpec(t, true)
		s := role.Statement{Effect: rapid.SampledFrom([]role.Effect{role.Allow, role.Allow, role.Deny}).Draw(t, "effect")}
		if actions := actionsFor(t, kind); rapid.IntRange(0, 5).Draw(t, "not") == 0 {
			s.NotActions = actions
		} else {
			s.Actions = actions
		}
		if rapid.IntRange(0, 7).Draw(t, "notResources") == 0 {
			s.NotResources = []string{spec}
		} else {
			s.Resources = []string{spec}
		}
		r.Policy = append(r.Policy, s)
	}
	return r
}

func drawBox(t *rapid.T) string {
	spec, kind := drawSpec(t, false)
	return strings.Join(actionsFor(t, kind), ", ") + " on " + spec
}

func drawRoles(t *rapid.T) (list []role.Desired) {
	for i := range rapid.IntRange(1, 3).Draw(t, "roles") {
		list = append(list, role.Desired{Role: drawRole(t, fmt.Sprintf("r%d", i)), Source: role.Source{File: "r.yaml"}})
	}
	return list
}

var (
	real  = policy.DefaultSemantics()
	given = func() policy.Semantics { s := real; s.ViewPrecondition = false; return s }()
)

// allowing returns what some roles allow.
func allowing(sem policy.Semantics, held ...policy.Held) func(policy.Request) bool {
	return policy.NewEvaluator(held, sem).Allows
}

// inText returns whether a request is in a box, by evaluation.
func inText(text string) func(policy.Request) bool {
	actions, spec, _ := strings.Cut(text, " on ")
	var list []string
	for _, a := range strings.Split(actions, ",") {
		list = append(list, strings.TrimSpace(a))
	}
	holder := policy.Held{Role: role.Role{Policy: []role.Statement{{Effect: role.Allow, Actions: list, Resources: []string{spec}}}}}
	return allowing(given, holder)
}

func requestsIn(text string) (list []policy.Request) {
	in := inText(text)
	for _, r := range universe {
		if in(r) {
			list = append(list, r)
		}
	}
	return list
}

// values are what role attribute p can stand for.
var values = []map[string][]string{nil, {"p": {"web"}}, {"p": {"shop"}}, {"p": {"zz"}}, {"p": {"web", "shop"}}}

func textOf(list ...string) (texts []role.TestText) {
	for _, text := range list {
		texts = append(texts, role.TestText{Text: text})
	}
	return texts
}

// refuted judges one assertion and compares: a pass must have no counterexample in the universe, and
// a failure none other than a real one.
func refuted(t *rapid.T, in Input, found func() (string, bool)) Result {
	in.Semantics, in.NoFixes = real, true
	results := Run(in)
	r := results[0]
	example, exists := found()
	switch {
	case r.Verdict == Pass && exists:
		t.Fatalf("%s %q passes, and %s", r.Assertion, r.Text, example)
	case r.Verdict == Undecided:
		t.Fatalf("undecided: %s", r.Message)
	case r.Verdict == Fail && !exists && r.Assertion != Within && r.Assertion != Equals:
		t.Fatalf("%s %q fails, and nothing is against it: %s", r.Assertion, r.Text, r.Message)
	case r.Verdict == Fail && r.Counterexample == "" && r.Assertion != CanSome && r.Assertion != Somebody:
		t.Fatalf("%s fails without a counterexample", r.Assertion)
	}
	return r
}

// replays reports whether the counterexample of a result is what it says: allowed, or not.
func replays(t *rapid.T, r Result, held []policy.Held, sem policy.Semantics, want bool) {
	if r.Verdict != Fail || r.Counterexample == "" {
		return
	}
	actions, spec, err := policy.ParseRequest(r.Counterexample)
	if err != nil {
		t.Fatalf("%q: %v", r.Counterexample, err)
	}
	request, err := policy.NewRequest(actions[0], spec)
	if err != nil {
		t.Fatalf("%q: %v", r.Counterexample, err)
	}
	if policy.Evaluate(held, request, sem).Allowed != want {
		t.Fatalf("%s: %q is allowed: %v", r.Message, r.Counterexample, !want)
	}
}

func TestRoleLaws(t *testing.T) {
	verdicts := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		roles := drawRoles(t)
		box := drawBox(t)
		open := rapid.Bool().Draw(t, "open")
		assignments := values
		test := role.AccessTest{Name: "x", As: &role.TestSubject{Role: "r0"}}
		if uses := strings.Contains(fmt.Sprint(roles[0].Policy), "${"); !open && uses {
			assignments = values[4:]
			test.As.RoleAttributes = role.Attributes(values[4])
		}
		form := rapid.SampledFrom([]string{Can, CanSome, Cannot}).Draw(t, "form")
		switch form {
		case Can:
			test.Can = textOf(box)
		case CanSome:
			test.CanSome = textOf(box)
		default:
			test.Cannot = textOf(box)
		}
		sem := real
		if form == Cannot {
			sem = given
		}
		some, all := false, true
		for _, a := range assignments {
			allowed := allowing(sem, policy.Held{Role: roles[0].Role, Attributes: a})
			for _, r := range requestsIn(box) {
				some, all = some || allowed(r), all && allowed(r)
			}
		}
		r := refuted(t, Input{Tests: []role.AccessTest{test}, Roles: roles}, func() (string, bool) {
			return "enumeration says otherwise", map[string]bool{Can: !all, CanSome: !some, Cannot: some}[form]
		})
		if len(assignments) == 1 {
			replays(t, r, []policy.Held{{Role: roles[0].Role, Attributes: assignments[0]}}, sem, form == Cannot)
		}
		verdicts[form+" "+string(r.Verdict)]++
	})
	for _, form := range []string{Can, CanSome, Cannot} {
		if !testing.Short() && (verdicts[form+" pass"] == 0 || verdicts[form+" fail"] == 0) {
			t.Errorf("one-sided: %v", verdicts)
		}
	}
}

func TestComparisonLaws(t *testing.T) {
	verdicts := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		roles := drawRoles(t)
		if len(roles) < 2 {
			roles = append(roles, role.Desired{Role: drawRole(t, "r1")})
		}
		if rapid.Bool().Draw(t, "near") {
			roles[1].Policy = append(slices.Clone(roles[0].Policy), roles[1].Policy...)
			roles[1].BasePermissions = roles[0].BasePermissions
		}
		inside, covers := true, true
		for _, a := range values {
			one := allowing(given, policy.Held{Role: roles[0].Role, Attributes: a})
			two := allowing(given, policy.Held{Role: roles[1].Role, Attributes: a})
			for _, r := range universe {
				inside, covers = inside && (!one(r) || two(r)), covers && (!two(r) || one(r))
			}
		}
		test := role.AccessTest{Name: "x", As: &role.TestSubject{Role: "r0"}}
		bad := !inside
		if rapid.Bool().Draw(t, "equals") {
			test.Equals, bad = &role.TestText{Text: "r1"}, !inside || !covers
		} else {
			test.Within = &role.TestText{Text: "r1"}
		}
		r := refuted(t, Input{Tests: []role.AccessTest{test}, Roles: roles}, func() (string, bool) { return "enumeration says otherwise", bad })
		verdicts[r.Assertion+" "+string(r.Verdict)]++
	})
	if !testing.Short() && (verdicts["within pass"] == 0 || verdicts["equals pass"] == 0 || verdicts["within fail"] == 0) {
		t.Errorf("one-sided: %v", verdicts)
	}
}

// drawAccount is an account of some members in some teams.
func drawAccount(t *rapid.T, roles []role.Desired) *people.Account {
	a := &people.Account{}
	var keys []string
	for _, r := range roles {
		a.Roles = append(a.Roles, role.Live{Role: r.Role})
		keys = append(keys, r.Key)
	}
	some := func(label string, list []string, least int) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(list), least, len(list), rapid.ID).Draw(t, label)
	}
	attributes := func() role.Attributes { return role.Attributes(rapid.SampledFrom(values).Draw(t, "values")) }
	teams := []string{"t0", "t1"}
	for _, key := range teams {
		a.Teams = append(a.Teams, role.LiveTeam{Team: role.Team{Key: key, CustomRoles: some("of team", keys, 0), RoleAttributes: attributes()}})
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "members") {
		m := role.LiveMember{ID: fmt.Sprint(i), Teams: some("teams", teams, 0)}
		m.Member = role.Member{Email: fmt.Sprintf("m%d@example.com", i), Role: rapid.SampledFrom([]string{role.NoAccess, role.Reader}).Draw(t, "base role"), CustomRoles: some("of member", keys, 0), RoleAttributes: attributes()}
		a.Members = append(a.Members, m)
	}
	return a
}

// heldBy returns what somebody holds, and which of it an exception leaves.
func heldBy(a *people.Account, m role.LiveMember, out string) (all, left []policy.Held) {
	for _, p := range a.Paths(m) {
		h := policy.Held{Attributes: p.Attributes, Through: p.Through(), Role: people.BaseRoles()[p.Role]}
		for _, r := range a.Roles {
			if r.Key == p.Role && !p.Base {
				h.Role = r.Role
			}
		}
		all = append(all, h)
		if p.Role != out {
			left = append(left, h)
		}
	}
	return all, left
}

// everyoneIn returns the members and, as somebody who is in it alone, each team.
func everyoneIn(a *people.Account) []role.LiveMember {
	list := slices.Clone(a.Members)
	for _, team := range a.Teams {
		list = append(list, role.LiveMember{ID: team.Key, Member: role.Member{Email: team.Key, Role: role.NoAccess}, Teams: []string{team.Key}})
	}
	return list
}

// counting returns whether a request is allowed by what is left, with the views of all.
func counting(all, left []policy.Held) func(policy.Request) bool {
	does, views := allowing(given, left...), allowing(given, all...)
	return func(r policy.Request) bool {
		view := policy.Request{Action: "viewProject", Resource: r.Resource[:1]}
		needs := r.Resource[0].Type == "proj" && r.Action != "viewProject"
		return does(r) && (!needs || views(view))
	}
}

func TestAccountLaws(t *testing.T) {
	verdicts := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		roles := drawRoles(t)
		a := drawAccount(t, roles)
		test := role.AccessTest{Name: "x", AtLeast: 1}
		out := rapid.SampledFrom([]string{"", "r0"}).Draw(t, "except")
		if out != "" {
			test.Except.Roles = textOf(out)
		}
		found := false
		switch rapid.SampledFrom([]string{Nobody, NoOneBoth, Somebody}).Draw(t, "form") {
		case Nobody:
			box := drawBox(t)
			test.Nobody = textOf(box)
			for _, m := range everyoneIn(a) {
				all, left := heldBy(a, m, out)
				found = found || slices.ContainsFunc(requestsIn(box), counting(all, left))
			}
		case NoOneBoth:
			test.NoOneBoth, test.Resources = textOf("updateOn", "updateTargets"), textOf("proj/*:env/*;{critical:true}:flag/*")
			for _, m := range everyoneIn(a) {
				counts := counting(heldBy(a, m, out))
				for _, r := range requestsIn("updateOn on proj/*:env/*;{critical:true}:flag/*") {
					second := r
					second.Action = "updateTargets"
					found = found || counts(r) && counts(second)
				}
			}
		default:
			box, able := drawBox(t), 0
			test.Somebody, test.AtLeast = textOf(box), rapid.IntRange(1, 2).Draw(t, "least")
			for _, m := range a.Members {
				all, _ := heldBy(a, m, "")
				allowed := allowing(real, all...)
				if !slices.ContainsFunc(requestsIn(box), func(r policy.Request) bool { return !allowed(r) }) {
					able++
				}
			}
			found = able < test.AtLeast
		}
		r := refuted(t, Input{Tests: []role.AccessTest{test}, Roles: roles, People: a}, func() (string, bool) { return "enumeration says otherwise", found })
		verdicts[r.Assertion+" "+string(r.Verdict)]++
	})
	for _, form := range []string{Nobody, NoOneBoth, Somebody} {
		if !testing.Short() && (verdicts[form+" pass"] == 0 || verdicts[form+" fail"] == 0) {
			t.Errorf("one-sided: %v", verdicts)
		}
	}
}

// TestFilesLaws: from files alone "nobody" passes only if no role, as the files give it or else with
// any attributes, allows anything of the box to somebody who can view every project.
func TestFilesLaws(t *testing.T) {
	verdicts := map[Verdict]int{}
	rapid.Check(t, func(t *rapid.T) {
		roles := drawRoles(t)
		box := drawBox(t)
		in := Input{Roles: roles, Tests: []role.AccessTest{{Name: "x", Nobody: textOf(box)}}}
		found := false
		for _, r := range roles {
			assignments := values
			if rapid.Bool().Draw(t, "given") {
				assignments = []map[string][]string{rapid.SampledFrom(values).Draw(t, "values")}
				attributes := role.Attributes(assignments[0])
				in.Teams = append(in.Teams, role.DesiredTeam{Key: "team-" + r.Key, CustomRoles: &[]role.Assignment{{Role: r.Key}}, RoleAttributes: &attributes})
			}
			for _, a := range assignments {
				found = found || slices.ContainsFunc(requestsIn(box), allowing(given, policy.Held{Role: r.Role, Attributes: a}))
			}
		}
		r := refuted(t, in, func() (string, bool) { return "enumeration says otherwise", found })
		verdicts[r.Verdict]++
	})
	if !testing.Short() && (verdicts[Pass] == 0 || verdicts[Fail] == 0) {
		t.Errorf("one-sided: %v", verdicts)
	}
}

// TestFailingLaws: asking again for one role that is another one gives what judging from the start
// gives.
func TestFailingLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		roles := drawRoles(t)
		in := Input{Roles: roles, Semantics: real}
		if rapid.Bool().Draw(t, "account") {
			in.People = drawAccount(t, roles)
		}
		for i := range 3 {
			in.Tests = append(in.Tests,
				role.AccessTest{Name: fmt.Sprint("nobody ", i), Nobody: textOf(drawBox(t))},
				role.AccessTest{Name: fmt.Sprint("can ", i), As: &role.TestSubject{Role: "r0"}, CanSome: textOf(drawBox(t))},
				role.AccessTest{Name: fmt.Sprint("up ", i), NoEscalation: textOf(drawBox(t))},
				role.AccessTest{Name: fmt.Sprint("some ", i), Somebody: textOf(drawBox(t)), AtLeast: 1})
		}
		changed := slices.Clone(roles)
		at := rapid.IntRange(0, len(roles)-1).Draw(t, "changed")
		changed[at].Role = drawRole(t, roles[at].Key)
		s := Prepare(in)
		if rapid.Bool().Draw(t, "fork") {
			s = s.Fork()
		}
		got := s.Failing(changed, changed[at].Key)
		before := s.Failing(roles, roles[at].Key)
		in.Roles = changed
		if in.People != nil {
			account := *in.People
			account.Roles = slices.Clone(account.Roles)
			account.Roles[at].Role = changed[at].Role
			in.People = &account
		}
		if want := failing(Run(in)); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("failing %q, from the start %q", got, want)
		}
		in.Roles = roles
		if fmt.Sprint(before) != fmt.Sprint(s.Failing(roles, "")) {
			t.Fatalf("nothing changed, and %q became %q", s.Failing(roles, ""), before)
		}
	})
}

func failing(results []Result) (names []string) {
	for _, r := range results {
		if r.Verdict != Pass && !slices.Contains(names, r.Test) {
			names = append(names, r.Test)
		}
	}
	return names
}
