package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/check"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// JUnitFormat is the format of test results that build servers read.
const JUnitFormat Format = "junit"

// TestRun is access tests that were judged, and what was asked about them beside.
type TestRun struct {
	Results []check.Result
	// Unknown is what of the account could not be read, and why.
	Unknown  []string
	Coverage *check.CoverageReport
	Mutation *check.MutationReport
}

// Passed reports whether all assertions passed.
func (r TestRun) Passed() bool { return check.Passed(r.Results) }

// testCount counts tests and what they assert.
type testCount struct {
	Tests      int `json:"tests"`
	Failed     int `json:"failed"` // tests with an assertion that did not pass
	Assertions int `json:"assertions"`
}

func countTests(results []check.Result) (n testCount) {
	failed := map[string]bool{}
	for _, r := range results {
		if _, seen := failed[r.Test]; !seen {
			failed[r.Test] = false
		}
		if r.Verdict != check.Pass {
			failed[r.Test] = true
		}
	}
	n.Tests, n.Assertions = len(failed), len(results)
	for _, f := range failed {
		n.Failed += btoi(f)
	}
	return n
}

// FailedTests counts the tests of which an assertion did not pass.
func FailedTests(results []check.Result) int { return countTests(results).Failed }

// Tests draws access tests as text: those that fail, with what is behind it; all if o is verbose. The
// error is the writer's.
func Tests(w io.Writer, run TestRun, o Options) error {
	p := newPage(o)
	for _, test := range byTest(run.Results) {
		p.test(test)
	}
	p.unchecked(run.Unknown)
	p.coverage(run.Coverage)
	p.mutation(run.Mutation)
	n := countTests(run.Results)
	switch {
	case n.Failed > 0:
		p.line(p.paint.as(takes, fmt.Sprintf("%d of %s failed", n.Failed, count(n.Tests, "access test"))), worldsOf(run.Results), ".")
	case n.Tests == 0:
		p.line("No access tests.")
	default:
		p.line(p.paint.as(grants, fmt.Sprintf("%s passed", count(n.Tests, "access test"))), ", ", count(n.Assertions, "assertion"), worldsOf(run.Results), ".")
	}
	return p.writeTo(w)
}

// byTest puts the results of each test together, in the order of the tests.
func byTest(results []check.Result) (tests [][]check.Result) {
	at := map[string]int{}
	for _, r := range results {
		i, found := at[r.Test]
		if !found {
			i = len(tests)
			at[r.Test] = i
			tests = append(tests, nil)
		}
		tests[i] = append(tests[i], r)
	}
	return tests
}

// worldsOf says against what the tests were judged.
func worldsOf(results []check.Result) string {
	worlds := map[string]bool{}
	for _, r := range results {
		worlds[r.World] = true
	}
	switch {
	case worlds[check.WorldInventory]:
		return ", judged on the account as the files leave it and on what exists in it"
	case worlds[check.WorldAccount]:
		return ", judged on the account as the files leave it"
	case worlds[check.WorldFiles]:
		return ", judged on the files"
	}
	return ""
}

// test draws the assertions of one test.
func (p *page) test(results []check.Result) {
	failed := !check.Passed(results)
	if !failed && !p.o.Verbose {
		return
	}
	first := results[0]
	word := p.paint.as(grants, "pass")
	if failed {
		word = p.paint.as(takes, "FAIL")
	}
	p.line(word, " ", p.paint.as(bold, Terminal(first.Test)), p.paint.as(dim, " · "+Terminal(first.Pos.File)))
	if failed && first.Because != "" {
		p.line("     because ", Terminal(first.Because))
	}
	for _, r := range results {
		if r.Verdict != check.Pass || p.o.Verbose {
			p.assertion(r)
		}
	}
	p.line()
}

// aboutOne are the assertions that need a subject to be read.
var aboutOne = []string{check.Can, check.CanSome, check.Cannot, check.Within, check.Equals}

func (p *page) assertion(r check.Result) {
	word := map[check.Verdict]string{check.Pass: "pass", check.Fail: "fails", check.Undecided: "undecided", check.Error: "error"}[r.Verdict]
	t := takes
	if r.Verdict == check.Pass {
		t = grants
	}
	subject := ""
	if r.Subject != "" && slices.Contains(aboutOne, r.Assertion) {
		subject = Terminal(r.Subject) + " "
	}
	p.line("  ", p.paint.as(t, word), "  ", subject, Terminal(r.Assertion), " ", Terminal(r.Text), p.paint.as(dim, " · "+Terminal(r.Pos.String())))
	if r.Message != "" {
		p.line("         ", Terminal(r.Message))
	}
	for _, line := range r.Detail() {
		p.line("         ", p.paint.as(dim, "- "), Terminal(line))
	}
	for _, note := range r.Notes {
		if r.Verdict != check.Pass || p.o.Verbose {
			p.line("         ", p.paint.as(dim, "note: "+Terminal(note)))
		}
	}
	p.hint("         ", r.Hint)
}

// coverage draws which statements no assertion depends on.
func (p *page) coverage(c *check.CoverageReport) {
	if c == nil {
		return
	}
	covered := 0
	for _, s := range c.Statements {
		covered += min(1, len(s.By))
		if len(s.By) == 0 {
			p.line(p.paint.as(edits, "not covered"), "  ", Terminal(s.Source), ": statement ", fmt.Sprint(s.Statement+1), " of role ", Terminal(s.Role))
		} else if p.o.Verbose {
			p.line(p.paint.as(grants, "covered"), "      ", Terminal(s.Source), ": statement ", fmt.Sprint(s.Statement+1), " of role ", Terminal(s.Role), " by ", Terminal(strings.Join(s.By, ", ")))
		}
	}
	p.line("Coverage: ", percent(c.Percent()), ", ", fmt.Sprintf("%d of %s", covered, count(len(c.Statements), "statement")), " that some assertion depends on.")
	if len(c.Left) > 0 {
		p.line(p.paint.as(edits, "Not looked at, for want of time: "), Terminal(strings.Join(c.Left, ", ")))
	}
	p.line()
}

func percent(n int, some bool) string {
	if !some {
		return "nothing to count"
	}
	return fmt.Sprintf("%d %%", n)
}

// mutation draws which small mistakes no assertion notices.
func (p *page) mutation(m *check.MutationReport) {
	if m == nil {
		return
	}
	for _, s := range m.Survived {
		p.survivor("not noticed", s)
	}
	for _, s := range m.Undecided {
		p.survivor("undecided", s)
	}
	words := fmt.Sprintf(", %d of %s noticed", m.Killed, count(m.Total(), "small mistake"))
	if m.Equal+m.Twins > 0 {
		words += fmt.Sprintf("; %d that change no access and %d that come to the same as another are not counted", m.Equal, m.Twins)
	}
	if m.Sampled > 0 {
		words += fmt.Sprintf("; a sample of %d of %d", m.Sampled, m.Of)
	}
	p.line("Mutation score: ", percent(m.Percent()), words, ".")
	if m.Left > 0 {
		p.line(p.paint.as(edits, fmt.Sprintf("%s not tried, for want of time", count(m.Left, "mistake"))))
	}
	p.line()
}

func (p *page) survivor(word string, s check.Survivor) {
	p.line(p.paint.as(edits, word), "  ", Terminal(s.Source), ": role ", Terminal(s.Role), ", ", Terminal(s.What))
	if s.Suggestion != nil {
		p.line("             an assertion that would: ", Terminal(s.Suggestion.String()))
	}
}

// testDocument is the JSON of access tests.
type testDocument struct {
	FormatVersion string                `json:"formatVersion"`
	Complete      bool                  `json:"complete"`
	ExitReason    plan.ExitReason       `json:"exitReason"`
	Results       []check.Result        `json:"results"`
	Unknown       []string              `json:"unknown,omitempty"`
	Coverage      *check.CoverageReport `json:"coverage,omitempty"`
	Mutation      *check.MutationReport `json:"mutation,omitempty"`
	Summary       testCount             `json:"summary"`
}

// TestsJSON writes access tests that were judged, and how the run ended. The error is the writer's.
func TestsJSON(w io.Writer, run TestRun, reason plan.ExitReason) error {
	if run.Results == nil {
		run.Results = []check.Result{}
	}
	_, err := w.Write(encodeJSON(testDocument{
		FormatVersion: FormatVersion, Complete: true, ExitReason: reason, Results: run.Results, Unknown: run.Unknown,
		Coverage: run.Coverage, Mutation: run.Mutation, Summary: countTests(run.Results),
	}))
	return err
}

// TestFindings returns the assertions that did not pass as findings, for annotations and SARIF.
func TestFindings(results []check.Result) (findings []diag.Finding) {
	for _, r := range results {
		if r.Verdict == check.Pass {
			continue
		}
		message := fmt.Sprintf("access test %q: %s %s: %s", r.Test, r.Assertion, r.Text, r.Message)
		if !strings.Contains(message, r.Counterexample) {
			message += ", for example " + r.Counterexample
		}
		f := diag.Finding{Severity: diag.Error, Code: "test/" + string(r.Verdict), Message: message, Hint: r.Hint, Pos: r.Pos}
		for _, i := range r.Involved {
			if i.Pos.File != "" {
				f.Related = append(f.Related, diag.Related{Pos: i.Pos, Message: i.Text})
			}
		}
		findings = append(findings, f)
	}
	return findings
}
