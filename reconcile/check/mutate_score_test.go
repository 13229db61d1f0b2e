package check

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// asking is a judge that puts single requests to the evaluator: "can REQUEST" or "cannot REQUEST" of
// the role of that key.
func asking(key string, assertions ...string) func() Judge {
	return func() Judge {
		return func(roles []role.Desired, _ string) (failed []string) {
			for _, r := range roles {
				for _, text := range assertions {
					must, question, _ := strings.Cut(text, " ")
					actions, spec, _ := policy.ParseRequest(question)
					request, err := policy.NewRequest(actions[0], spec)
					if err != nil {
						panic(err)
					}
					can := policy.Evaluate([]policy.Held{{Role: r.Role}}, request, policy.DefaultSemantics()).Allowed
					if r.Key == key && can != (must == "can") {
						failed = append(failed, text)
					}
				}
			}
			return failed
		}
	}
}

func webDeveloper() role.Desired {
	return sourced(role.Role{Key: "dev", BasePermissions: role.NoAccess, Policy: []role.Statement{
		allows([]string{"updateOn", "updateRules"}, "proj/web:env/test:flag/*"),
		allows([]string{"viewProject"}, "proj/web"),
	}})
}

func byDefault() ScoreOptions { return ScoreOptions{Semantics: policy.DefaultSemantics()} }

// Counted by hand: ten mistakes can be made in the role. To turn an allow around is to drop it,
// twice, so there are eight. Two requests notice four of them.
func TestScoreCountedByHand(t *testing.T) {
	judge := asking("dev", "can updateOn on proj/web:env/test:flag/x", "cannot updateOn on proj/web:env/production:flag/x")
	got := Score(context.Background(), []role.Desired{webDeveloper()}, judge, byDefault())
	if got.Of != 10 || got.Twins != 2 || got.Equal != 0 || got.Total() != 8 || got.Killed != 4 || len(got.Failing) != 0 || got.Left != 0 || got.Sampled != 0 {
		t.Errorf("%+v", got)
	}
	if percent, ok := got.Percent(); percent != 50 || !ok {
		t.Errorf("%d %%, %t", percent, ok)
	}
	var survived []string
	for _, s := range got.Survived {
		survived = append(survived, fmt.Sprintf("%s %s: %s: %s", s.Source, s.What, s.Witness.Request, s.Suggestion))
	}
	want := []string{
		`r.yaml:3 base permissions reader instead of no_access: viewIpAllowlist on ip-allowlist/any-ip-allowlist: cannot: ["viewIpAllowlist on ip-allowlist/any-ip-allowlist"]`,
		`r.yaml:12 drop "updateRules" from actions of statement 1: updateRules on proj/web:env/test;{critical:false}:flag/any-flag: can: ["updateRules on proj/web:env/test:flag/*"]`,
		`r.yaml:13 widen "proj/web:env/test:flag/*" to "proj/*:env/test:flag/*" in resources of statement 1: updateOn on proj/x:env/test;{critical:false}:flag/any-flag: cannot: ["updateOn on proj/x:env/test;{critical:false}:flag/any-flag"]`,
		`r.yaml:16 widen "proj/web" to "proj/*" in resources of statement 2: viewProject on proj/x: cannot: ["viewProject on proj/x"]`,
	}
	if diff := cmp.Diff(want, survived); diff != "" {
		t.Error(diff)
	}
}

// An assertion that fails as things are notices nothing, not even that it holds all of a sudden.
func TestScoreOfFailingTests(t *testing.T) {
	judge := asking("dev", "can updateOn on proj/web:env/production:flag/x")
	got := Score(context.Background(), []role.Desired{webDeveloper()}, judge, byDefault())
	if got.Killed != 0 || len(got.Survived) != 8 || !slices.Equal(got.Failing, []string{"can updateOn on proj/web:env/production:flag/x"}) {
		t.Errorf("%+v", got)
	}
}

func TestScoreOfNothing(t *testing.T) {
	absent := webDeveloper()
	absent.Absent = true
	got := Score(context.Background(), []role.Desired{absent}, asking("dev"), byDefault())
	if percent, ok := got.Percent(); ok || percent != 0 || got.Of != 0 {
		t.Errorf("%d %%, %t, %+v", percent, ok, got)
	}
}

// What cannot be read may mean anything, so nothing is proved of what is done to it.
func TestScoreUndecided(t *testing.T) {
	r := sourced(role.Role{Key: "dev", BasePermissions: role.NoAccess, Policy: []role.Statement{allows([]string{"viewProject"}, "proj//", "proj/web")}})
	got := Score(context.Background(), []role.Desired{r}, asking("dev"), byDefault())
	var undecided []string
	for _, s := range got.Undecided {
		undecided = append(undecided, s.What)
	}
	if diff := cmp.Diff([]string{`drop "proj//" from resources of statement 1`}, undecided); diff != "" || got.Equal != 0 {
		t.Errorf("%+v\n%s", got, diff)
	}
	if percent, _ := got.Percent(); percent != 0 || got.Total() != len(got.Survived)+1 {
		t.Errorf("%d %% of %d", percent, got.Total())
	}
}

// What cannot be found out within the budget is undecided, and none of it counts as noticed.
func TestScoreBudget(t *testing.T) {
	o := byDefault()
	o.Budget.Steps = 1
	got := Score(context.Background(), []role.Desired{webDeveloper()}, asking("dev"), o)
	if percent, _ := got.Percent(); len(got.Undecided) == 0 || percent != 0 || got.Total()+got.Equal+got.Twins != got.Of {
		t.Errorf("%+v", got)
	}
	r := webDeveloper()
	r.BasePermissions = role.Reader
	r.Policy = nil
	for _, typ := range []string{"proj", "team", "role", "member"} {
		r.Policy = append(r.Policy,
			role.Statement{Effect: role.Allow, Actions: []string{"*"}, Resources: []string{typ + "/*a*b*", typ + "/*b*a*"}},
			role.Statement{Effect: role.Deny, Actions: []string{"*"}, Resources: []string{typ + "/*c*d*", typ + "/*d*c*"}})
	}
	if text, err := Write(r, WriteOptions{Semantics: o.Semantics, Budget: o.Budget}); err == nil || !strings.Contains(err.Error(), "nothing was found") {
		t.Errorf("%v\n%s", err, text)
	}
	for _, a := range []access.Answer{access.Yes, access.No, access.Undecided} {
		if turned(turned(a)) != a || (turned(a) == a) != (a == access.Undecided) {
			t.Errorf("%s turned is %s", a, turned(a))
		}
	}
}

// many are roles that differ in their project.
func many(n int) (roles []role.Desired) {
	for i := range n {
		r := webDeveloper()
		r.Key = fmt.Sprintf("dev-%d", i)
		roles = append(roles, r)
	}
	return roles
}

func TestScoreSample(t *testing.T) {
	all := Score(context.Background(), many(7), asking("dev-3", "can updateOn on proj/web:env/test:flag/x"), byDefault())
	if all.Of != 70 || all.Total() != 56 || all.Killed != 3 {
		t.Errorf("%+v", all)
	}
	o := byDefault()
	o.Sample = 20
	some := Score(context.Background(), many(7), asking("dev-3"), o)
	if some.Sampled != 20 || some.Of != 70 || some.Total()+some.Twins+some.Equal != 20 {
		t.Errorf("%+v", some)
	}
	if again := Score(context.Background(), many(7), asking("dev-3"), o); !cmp.Equal(some, again, cmp.AllowUnexported(Witness{}, access.Example{})) {
		t.Error("two samples of the same files differ")
	}
	for _, s := range some.Survived {
		if !slices.ContainsFunc(all.Survived, func(a Survivor) bool { return a.Role == s.Role && a.What == s.What }) && s.Role != "dev-3" {
			t.Errorf("%s of %s is only in the sample", s.What, s.Role)
		}
	}
	o.Sample = 70
	if whole := Score(context.Background(), many(7), asking("dev-3"), o); whole.Sampled != 0 {
		t.Errorf("a sample of everything is none, and %d were", whole.Sampled)
	}
}

// Time that runs out leaves roles out whole, and says so.
func TestScoreStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var asked atomic.Int32
	slow := func() Judge {
		return func([]role.Desired, string) []string {
			if asked.Add(1) == 40 {
				cancel()
			}
			return nil
		}
	}
	got := Score(ctx, many(20), slow, byDefault())
	if got.Left == 0 || got.Left%10 != 0 || got.Left+got.Total()+got.Twins != 200 {
		t.Errorf("left %d, judged %d, twins %d", got.Left, got.Total(), got.Twins)
	}
	if none := Score(ctx, many(2), slow, byDefault()); none.Left != 20 || none.Total() != 0 {
		t.Errorf("%+v", none)
	}
	covered := Coverage(ctx, many(2), slow)
	if diff := cmp.Diff([]string{"dev-0", "dev-1"}, covered.Left); diff != "" || len(covered.Statements) != 0 {
		t.Error(diff)
	}
}

func TestScorePassesPanicsOn(t *testing.T) {
	calls := atomic.Int32{}
	judge := func() Judge {
		return func([]role.Desired, string) []string {
			if calls.Add(1) > 3 {
				panic("the judge is ill")
			}
			return nil
		}
	}
	defer func() {
		if why := recover(); why != "the judge is ill" {
			t.Errorf("recovered %v", why)
		}
	}()
	Score(context.Background(), many(3), judge, byDefault())
	t.Error("no panic")
}

// A judge sees the other roles as they are.
func TestScoreChangesOneRoleAtATime(t *testing.T) {
	roles := many(3)
	digests := map[string]string{}
	for _, r := range roles {
		digests[r.Key] = r.Digest()
	}
	judge := func() Judge {
		return func(now []role.Desired, changed string) []string {
			for _, r := range now {
				if (r.Digest() == digests[r.Key]) == (r.Key == changed) {
					t.Errorf("role %s, where %q is said to have changed", r.Key, changed)
				}
			}
			return nil
		}
	}
	if got := Score(context.Background(), roles, judge, byDefault()); got.Total() != 24 {
		t.Errorf("%d", got.Total())
	}
	for _, r := range roles {
		if r.Digest() != digests[r.Key] {
			t.Errorf("role %s was left changed", r.Key)
		}
	}
}

// What is suggested passes for the role and fails for the mutant, as a test; and the evaluator has
// nothing against it, asked about every request of the box that is listed.
func TestSuggestionLaw(t *testing.T) {
	suggested, told := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		r := randomRole(t)
		s := newSifter(policy.DefaultSemantics(), access.Budget{})
		kept, _, _ := s.sift(context.Background(), r, Mutants(r))
		for _, m := range kept {
			if m.open {
				continue
			}
			line := s.suggest(r, m)
			if line == nil {
				continue
			}
			suggested++
			before, after := boxed(r, *line), boxed(m.Role(), *line)
			if before.refutes(line.Assertion) {
				t.Fatalf("%s: %s does not hold for the role", m.What, line)
			}
			if line.Assertion == CanSome && after.confirms() {
				t.Fatalf("%s: %s holds for the mutant", m.What, line)
			}
			if got := verdictOf(r, *line); got != Pass {
				t.Fatalf("%s: %s is judged %s for the role", m.What, line, got)
			}
			if got := verdictOf(m.Role(), *line); got == Pass || got != Fail && len(access.AttributesOf(m.Role())) == len(line.RoleAttributes) {
				t.Fatalf("%s: %s is judged %s for the mutant", m.What, line, got)
			}
			if after.refutes(line.Assertion) || line.Assertion == CanSome && before.confirms() {
				told++
			}
		}
	})
	if suggested == 0 || told == 0 {
		t.Fatalf("%d suggestions, %d confirmed: the law was not put to a test", suggested, told)
	}
	t.Logf("%d suggestions, %d confirmed by listing requests", suggested, told)
}

// verdictOf judges an assertion as a test of the role.
func verdictOf(r role.Role, line Suggestion) Verdict {
	test := role.AccessTest{Name: "suggested", As: &role.TestSubject{Role: r.Key, RoleAttributes: line.RoleAttributes}}
	list := map[string]*[]role.TestText{Can: &test.Can, CanSome: &test.CanSome, Cannot: &test.Cannot}[line.Assertion]
	*list = []role.TestText{{Text: line.Text}}
	return Run(Input{Tests: []role.AccessTest{test}, Roles: []role.Desired{{Role: r}}, Semantics: policy.DefaultSemantics(), NoFixes: true})[0].Verdict
}

// counted is how many requests of a box there are, how many are allowed to the role alone, and how
// many beside one that lets projects be viewed.
type counted struct{ all, alone, beside int }

func boxed(r role.Role, line Suggestion) (n counted) {
	actions, spec, err := policy.ParseRequest(line.Text)
	if err != nil {
		panic(err)
	}
	in := (&writer{sifter: newSifter(policy.DefaultSemantics(), access.Budget{})}).within(line.Text)
	evaluators := [2]*policy.Evaluator{}
	for i, beside := range []bool{false, true} {
		held := bearer(r, beside).Held
		held[0].Attributes = line.RoleAttributes
		evaluators[i] = policy.NewEvaluator(held, policy.DefaultSemantics())
	}
	requests := everyRequest
	if one, err := policy.NewRequest(actions[0], spec); err == nil {
		requests = append(slices.Clone(everyRequest), one)
	}
	for _, request := range requests {
		if !in.Allows(request) {
			continue
		}
		n.all++
		alone := evaluators[0].Allows(request)
		if alone {
			n.alone++
		}
		if alone || request.Action != "viewProject" && evaluators[1].Allows(request) {
			n.beside++
		}
	}
	return n
}

// refutes reports whether the listing shows that an assertion does not hold. That something is not
// even somewhere it cannot show.
func (n counted) refutes(assertion string) bool {
	return assertion == Can && n.alone < n.all || assertion == Cannot && n.beside > 0
}

// confirms reports whether the listing shows that "canSome" holds.
func (n counted) confirms() bool { return n.alone > 0 }

func TestCoverage(t *testing.T) {
	r := webDeveloper()
	r.Policy = append(r.Policy,
		role.Statement{Effect: role.Deny, Actions: []string{"updateRules"}, Resources: []string{"proj/web:env/test:flag/pay"}},
		allows([]string{"updateTags"}, "proj/web:env/test:flag/*"))
	r = sourced(r.Role)
	absent := webDeveloper()
	absent.Key, absent.Absent = "gone", true
	empty := role.Desired{Role: role.Role{Key: "empty"}, Source: role.Source{File: "e.yaml", Pos: role.Pos{Line: 4}}}
	judge := asking("dev", "can updateOn on proj/web:env/test:flag/x", "cannot updateRules on proj/web:env/test:flag/pay", "can deleteFlag on proj/web:env/test:flag/x")
	got := Coverage(context.Background(), []role.Desired{absent, r, empty}, judge)
	want := CoverageReport{
		Failing: []string{"can deleteFlag on proj/web:env/test:flag/x"},
		Roles:   []RoleCoverage{{"dev", "r.yaml:1", 4, 3}, {"empty", "e.yaml:4", 0, 0}},
		Statements: []CoveredStatement{
			{"dev", 0, "r.yaml:10", []string{"can updateOn on proj/web:env/test:flag/x"}},
			{"dev", 1, "r.yaml:14", []string{"can updateOn on proj/web:env/test:flag/x"}},
			{"dev", 2, "r.yaml:17", []string{"cannot updateRules on proj/web:env/test:flag/pay"}},
			{"dev", 3, "r.yaml:20", []string{}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if percent, ok := got.Percent(); percent != 75 || !ok {
		t.Errorf("%d %%, %t", percent, ok)
	}
	if percent, ok := (CoverageReport{}).Percent(); percent != 0 || ok {
		t.Errorf("%d %% of nothing, %t", percent, ok)
	}
}
