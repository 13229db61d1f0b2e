package report_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/check"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
)

// gatedPlan is refused by what its workspace asserts.
func gatedPlan() *plan.Plan {
	p := emptyPlan()
	p.Changes, p.Summary.Update = []plan.Change{updateChange()}, 1
	p.ExitReason = plan.Blocked
	p.Findings = []diag.Finding{
		{Severity: diag.Error, Code: "LD201", Message: "it decides who may do what", Pos: diag.Position{File: "roles/a.yaml", Line: 7, Column: 3}, Length: 4},
		{Severity: diag.Warning, Code: "LD104", Message: "it is covered", Pos: diag.Position{File: "roles/a.yaml", Line: 9}},
	}
	p.Blocks = []plan.Block{
		{Guard: plan.GuardLint, Message: "LD201: it decides who may do what", Hint: "take it out", Declared: declared("roles/a.yaml", 7)},
		{
			Guard: plan.GuardAccessTest, Message: `"developers stay out": cannot updateOn on proj/*:env/p:flag/*: role developer can`,
			Declared: declared("tests/a.yaml", 4), Hint: "add a deny",
			Detail: list("for example updateOn on proj/web:env/p:flag/f", "one", "two", "three", "four", "five", "this would help: remove statement 2"),
		},
		{
			Guard: plan.GuardChanges, Message: `"asked first": gains in production`, Keys: list("developer"), Flag: "--allow-risk developer",
			Declared: declared("tests/b.yaml", 12), Detail: list("gains updateOn on proj/web:env/p:flag/f"),
		},
		{Guard: plan.GuardMaxDeletes, Message: "would delete 9 roles", Flag: "--allow-deletes 9"},
	}
	return p
}

func TestBlockedComment(t *testing.T) {
	golden(t, "comment-gates.md", func(w io.Writer) error {
		page := report.Comment(gatedPlan(), pullRequest(), 0)
		skeleton(t, page)
		_, err := io.WriteString(w, page)
		return err
	})
}

// Where guards have little room each, the counterexample and the way out are there still.
func TestBlockedCommentInShort(t *testing.T) {
	p := gatedPlan()
	for i := range 60 {
		b := p.Blocks[1]
		b.Message = fmt.Sprint("again ", i, strings.Repeat(" and again", 20))
		p.Blocks = append(p.Blocks, b)
	}
	page := report.Comment(p, pullRequest(), 6_000)
	for _, want := range []string{"`for example updateOn on proj/web:env/p:flag/f`", "and 5 more lines in the plan file", "`this would help: remove statement 2`", "Blocked by 64 guards"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if strings.Contains(page, "`one`") || len(page) > 6_000 {
		t.Errorf("%d bytes:\n%s", len(page), page)
	}
}

func TestGateFindings(t *testing.T) {
	p := gatedPlan()
	var b bytes.Buffer
	if err := report.Annotations(&b, report.GateFindings(p), report.AnnotationOptions{Prefix: "access"}); err != nil {
		t.Fatal(err)
	}
	want := `::error file=access/roles/a.yaml,line=7,col=3,endColumn=7,title=LD201::it decides who may do what
::error file=access/tests/a.yaml,line=4,title=guard/accessTest::"developers stay out": cannot updateOn on proj/*:env/p:flag/*: role developer can, for example updateOn on proj/web:env/p:flag/f%0Ahint: add a deny
::error file=access/tests/b.yaml,line=12,title=guard/changes::"asked first": gains in production, gains updateOn on proj/web:env/p:flag/f%0Ahint: to let it through: --allow-risk developer
::warning file=access/roles/a.yaml,line=9,title=LD104::it is covered
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	said := plan.Block{Guard: plan.GuardAccessTest, Message: `is allowed "updateOn on x"`, Detail: list("for example updateOn on x")}
	said.Hint, said.Flag = "ask", "--allow-risk x"
	p.Blocks = []plan.Block{{Guard: plan.GuardAccessTest, Message: "of no file"}, said}
	found := report.GateFindings(p)
	if len(found) != 4 || found[2].Pos != (diag.Position{}) || found[3].Message != said.Message || found[3].Hint != "ask" || found[2].Message != "of no file" || len(p.Findings) != 2 {
		t.Errorf("%+v", found)
	}
}

func TestTestsComment(t *testing.T) {
	passed := []check.Result{junitResults()[0], junitResults()[4]}
	passed[0].World = check.WorldFiles
	for name, run := range map[string]report.TestRun{
		"tests.md":        {Results: junitResults(), Unknown: list("which projects there are: 403")},
		"tests-passed.md": {Results: passed},
		"tests-none.md":   {},
	} {
		golden(t, name, func(w io.Writer) error {
			page := report.TestsComment(run, pullRequest(), 0)
			skeleton(t, page)
			_, err := io.WriteString(w, page)
			return err
		})
	}
}

// A text that is too long to read is cut, also where there is no limit.
func TestTestsCommentElides(t *testing.T) {
	r := junitResults()[1]
	r.Message = strings.Repeat("long", 3_000)
	if page := report.TestsComment(report.TestRun{Results: []check.Result{r}}, pullRequest(), 0); len(page) > 6_000 || !strings.Contains(page, "bytes left out") {
		t.Errorf("%d bytes", len(page))
	}
}

// A page of tests fits; its counts are complete, and what is not shown is counted.
func TestTestsCommentFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		long := rapid.OneOf(rapid.SampledFrom(report.Hostile()), rapid.Just(strings.Repeat("x`é", 3_000))).Draw(t, "text")
		n := rapid.IntRange(1, 60).Draw(t, "failures")
		var run report.TestRun
		for i := range n {
			r := junitResults()[1]
			poison(&r, long, false)
			r.Test, r.Verdict = fmt.Sprintf("t%dt", i), check.Fail
			run.Results = append(run.Results, r)
		}
		run.Unknown = []string{long, long, long}
		budget := rapid.IntRange(report.LeastBudget, 70_000).Draw(t, "budget")
		page := report.TestsComment(run, pullRequest(), budget)
		shown := strings.Count(page, "| **fails** |")
		if len(page) > budget || !strings.Contains(page, fmt.Sprintf("%d access test", n)) {
			t.Fatalf("%d bytes of %d, %d failures:\n%s", len(page), budget, n, page)
		}
		if more := n - shown; more > 0 != strings.Contains(page, fmt.Sprintf("And %d more assertion", more)) {
			t.Fatalf("%d of %d shown:\n%s", shown, n, page)
		}
	})
}

func TestTestsCommentIsInert(t *testing.T) {
	draw := func(s string) string {
		run := report.TestRun{Results: junitResults(), Unknown: list("x")}
		poison(&run.Results, s, false)
		poison(&run.Unknown, s, false)
		page := report.TestsComment(run, pullRequest(), 0)
		checkText(t, page)
		return skeleton(t, page)
	}
	harmless := draw("harmless")
	for _, s := range report.Hostile() {
		if s == "" {
			continue // a field that is empty is left out
		}
		if got := draw(s); got != harmless {
			t.Errorf("%q changes the page:\n got %s\nwant %s", s, got, harmless)
		}
	}
}

// A finding of a test says the counterexample once, and where the statements behind it stand.
func TestTestFindings(t *testing.T) {
	results := junitResults()
	said := results[1]
	said.Message = `role "developer" is allowed "` + said.Counterexample + `"`
	found := report.TestFindings(append(results, said))
	if len(found) != 4 {
		t.Fatalf("%d findings of 4 that did not pass: %+v", len(found), found)
	}
	first, last := found[0], found[3]
	if first.Code != "test/fail" || first.Severity != diag.Error || first.Hint != "add a deny" || first.Pos.Line != 4 ||
		first.Message != `access test "developers stay out": cannot updateOn on proj/web:env/*:flag/*: it can, for example updateOn on proj/web:env/p:flag/f` {
		t.Errorf("%+v", first)
	}
	if len(first.Related) != 1 || first.Related[0].Pos.File != "roles/developer.yaml" {
		t.Errorf("related %+v: one statement stands in a file", first.Related)
	}
	if n := strings.Count(last.Message, said.Counterexample); n != 1 {
		t.Errorf("the counterexample is there %d times: %s", n, last.Message)
	}
	if found[1].Code != "test/undecided" || found[2].Code != "test/error" || report.FailedTests(results) != 2 {
		t.Errorf("%+v, %d tests failed", found[1:3], report.FailedTests(results))
	}
	if none := report.TestFindings(results[:1]); none != nil {
		t.Errorf("%+v", none)
	}
}
