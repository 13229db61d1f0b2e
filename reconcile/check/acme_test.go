package check

import (
	"context"
	"fmt"
	"testing"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// acmeInput is what the tests of acme are judged against.
func acmeInput(t testing.TB) Input {
	w := acme(t)
	return Input{Tests: w.Tests, Roles: w.Roles, Teams: w.Teams, Members: w.Members, Semantics: policy.DefaultSemantics()}
}

func TestAcmePasses(t *testing.T) {
	in := acmeInput(t)
	results := Run(in)
	for _, r := range results {
		if r.Verdict != Pass {
			t.Errorf("%s: %s: %s %s: %s: %s %s %s", r.Pos, r.Test, r.Assertion, r.Text, r.Message, r.Counterexample, r.Who, r.Hint)
		}
	}
	if len(results) < 150 || len(in.Tests) < 40 {
		t.Errorf("%d results of %d tests", len(results), len(in.Tests))
	}
}

// The tests of acme notice nine mistakes of ten that can be made in its roles. Those that they do not
// notice are printed.
func TestAcmeScore(t *testing.T) {
	in := acmeInput(t)
	suite := Prepare(in)
	newJudge := suite.Judges()
	report := Score(context.Background(), in.Roles, newJudge, byDefault())
	for _, s := range report.Survived {
		t.Logf("%s: %s: %s: %v", s.Source, s.What, s.Witness.Request, s.Suggestion)
	}
	percent, _ := report.Percent()
	t.Logf("%d %%: %d of %d mutants noticed; %d equal, %d twins, %d undecided", percent, report.Killed, report.Total(), report.Equal, report.Twins, len(report.Undecided))
	if percent < 90 || report.Total() < 400 || len(report.Failing) > 0 || len(report.Undecided) > 0 {
		t.Errorf("%d %% of %d; failing: %v; undecided: %v", percent, report.Total(), report.Failing, report.Undecided)
	}
	coverage := Coverage(context.Background(), in.Roles, newJudge)
	for _, s := range coverage.Statements {
		// As notResources leaves out all other kinds, these two together hide every key. Whether the
		// role means that is not for a test to say.
		if s.Role == "contractor" && (s.Statement == 1 || s.Statement == 2) {
			continue
		}
		if len(s.By) == 0 {
			t.Errorf("%s: no test depends on statement %d of %s", s.Source, s.Statement+1, s.Role)
		}
	}
	if len(coverage.Roles) != 28 {
		t.Error(fmt.Sprint(coverage.Roles))
	}
}

// BenchmarkScore is what it takes to score the tests of acme's 28 roles.
func BenchmarkScore(b *testing.B) {
	in := acmeInput(b)
	for b.Loop() {
		if report := Score(context.Background(), in.Roles, Prepare(in).Judges(), byDefault()); report.Total() < 400 {
			b.Fatal(report.Total())
		}
	}
}

// BenchmarkWrite is what it takes to write tests from them.
func BenchmarkWrite(b *testing.B) {
	roles := acmeInput(b).Roles
	for b.Loop() {
		for _, r := range roles {
			if _, err := Write(r, writing()); err != nil && !r.Absent {
				b.Fatal(err)
			}
		}
	}
}
