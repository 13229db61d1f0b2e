package report_test

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/check"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
)

// testRun is a run with one assertion of every verdict.
func testRun() report.TestRun {
	at := func(line int) diag.Position { return diag.Position{File: "tests/web.yaml", Line: line, Column: 5} }
	return report.TestRun{
		Results: []check.Result{
			{Test: "developers\x1b[2J stay out", Because: "it is ##[error]asked", Assertion: check.Can, Text: "updateOn on proj/web:env/test:flag/*", Subject: `role "developer"`, Pos: at(4), Verdict: check.Pass, World: check.WorldAccount, Notes: []string{"as if projects could be viewed"}, Involved: []check.Involved{}},
			{
				Test: "developers\x1b[2J stay out", Because: "it is ##[error]asked", Assertion: check.Cannot, Text: "* on proj/*:env/*;{critical:true}:flag/*", Subject: `role "developer"`, Pos: at(6),
				Verdict: check.Fail, World: check.WorldAccount, Message: `role "developer" is allowed "updateOn on proj/web:env/p;{critical:true}:flag/f"`, Hint: "narrow it",
				Notes: []string{"as if projects could be viewed"}, Counterexample: "updateOn on proj/web:env/p;{critical:true}:flag/f", Who: "member ana@x.org", Where: "projects=web",
				Involved: []check.Involved{{Role: "developer", Statement: 1, Text: "statement 2 allows it", Pos: diag.Position{File: "roles/d.yaml", Line: 9}}, {Statement: -1, Text: "no deny matches"}},
				Fix:      &check.Fix{Role: "developer", Statement: 1, Pos: diag.Position{File: "roles/d.yaml", Line: 9}, Text: "drop statement 2", Also: []string{"the role loses updateRules on proj/web", "the role loses viewProject"}},
			},
			{Test: "nobody", Assertion: check.Nobody, Text: "* on role/*", Subject: "everybody", Pos: at(12), Verdict: check.Undecided, World: check.WorldFiles, Message: "it could not be found out", Notes: []string{}, Involved: []check.Involved{}},
			{Test: "typo", Assertion: check.Can, Text: "updateOn on prj/web", Pos: at(20), Verdict: check.Error, Message: `no type "prj"`, Hint: `did you mean "proj"?`, Notes: []string{}, Involved: []check.Involved{}},
			{Test: "fine", Assertion: check.Can, Text: "viewProject on proj/web", Pos: at(30), Verdict: check.Pass, World: check.WorldFiles, Notes: []string{}, Involved: []check.Involved{}},
		},
		Unknown:  []string{"which projects and environments there are: not allowed"},
		Coverage: &check.CoverageReport{Failing: []string{"nobody"}, Roles: []check.RoleCoverage{}, Statements: []check.CoveredStatement{{Role: "a", Source: "a.yaml:3", By: []string{"fine"}}, {Role: "a", Statement: 1, Source: "a.yaml:5", By: []string{}}}, Left: []string{"b"}},
		Mutation: &check.MutationReport{
			Failing: []string{}, Killed: 8, Equal: 2, Twins: 3, Sampled: 12, Of: 40, Left: 1,
			Survived:  []check.Survivor{{Role: "a", Statement: 1, What: "drop statement 2", Source: "a.yaml:5", Suggestion: &check.Suggestion{Assertion: check.Can, Text: "updateOn on proj/web:env/test:flag/x"}}},
			Undecided: []check.Survivor{{Role: "b", What: "widen proj/web to proj/*", Source: "b.yaml:3"}},
		},
	}
}

func drawTests(t *testing.T, run report.TestRun, o report.Options) string {
	t.Helper()
	var b strings.Builder
	if err := report.Tests(&b, run, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTestsGolden(t *testing.T) {
	golden(t, "tests.txt", func(w io.Writer) error { return report.Tests(w, testRun(), report.Options{}) })
	golden(t, "tests-verbose.txt", func(w io.Writer) error { return report.Tests(w, testRun(), report.Options{Verbose: true, Color: true}) })
	golden(t, "tests.json", func(w io.Writer) error { return report.TestsJSON(w, testRun(), plan.Blocked) })
}

// TestTestsInShort: what passes is counted, and where.
func TestTestsInShort(t *testing.T) {
	pass := func(world string) []check.Result {
		return []check.Result{{Test: "a", Verdict: check.Pass, World: world}, {Test: "b", Verdict: check.Pass, World: world}, {Test: "b", Verdict: check.Pass, World: world}}
	}
	for _, tt := range []struct {
		run  report.TestRun
		want string
	}{
		{report.TestRun{}, "No access tests.\n"},
		{report.TestRun{Results: pass(check.WorldFiles)}, "2 access tests passed, 3 assertions, judged on the files.\n"},
		{report.TestRun{Results: pass(check.WorldAccount)}, "2 access tests passed, 3 assertions, judged on the account as the files leave it.\n"},
		{report.TestRun{Results: pass(check.WorldInventory)}, "2 access tests passed, 3 assertions, judged on the account as the files leave it and on what exists in it.\n"},
		{report.TestRun{Mutation: &check.MutationReport{}, Coverage: &check.CoverageReport{}}, "Coverage: nothing to count, 0 of 0 statements that some assertion depends on.\n\nMutation score: nothing to count, 0 of 0 small mistakes noticed.\n\nNo access tests.\n"},
	} {
		if diff := cmp.Diff(tt.want, drawTests(t, tt.run, report.Options{})); diff != "" {
			t.Error(diff)
		}
	}
}

// TestTestFindingPlaces: what does not pass is an error at its place, and points at statements of files.
func TestTestFindingPlaces(t *testing.T) {
	found := report.TestFindings(testRun().Results)
	var got []string
	for _, f := range found {
		if f.Severity != diag.Error {
			t.Errorf("%+v", f)
		}
		got = append(got, f.Code+" "+f.Pos.String())
	}
	want := []string{"test/fail tests/web.yaml:6:5", "test/undecided tests/web.yaml:12:5", "test/error tests/web.yaml:20:5"}
	if diff := cmp.Diff(want, got); diff != "" || len(found[0].Related) != 1 || !strings.Contains(found[0].Message, "updateOn on proj/web:env/p") {
		t.Errorf("%s%+v", diff, found[0])
	}
}
