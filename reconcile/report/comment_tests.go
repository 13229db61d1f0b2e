package report

// The page of access tests that were judged: how many passed, which did not, and what led to that.

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/check"
)

// TestsComment draws access tests that were judged, in at most budget bytes as [Comment] does.
func TestsComment(run TestRun, pg Page, budget int) string {
	n, worlds := countTests(run.Results), worldsOf(run.Results)
	var bad []check.Result
	for _, r := range run.Results {
		if r.Verdict != check.Pass {
			bad = append(bad, elided(r, longest))
		}
	}
	unknown := elided(run.Unknown, longest)
	if budget > 0 {
		budget = max(budget, LeastBudget)
	}
	for most := len(bad); ; most /= 2 {
		s := &sheet{model: newModel(nil, nil, pg)}
		s.testVerdict(n, worlds)
		s.failedTests(bad, most)
		for _, what := range unknown[:min(len(unknown), most+1)] {
			s.line("**Not known**: ", MarkdownSpan(what), "\n")
		}
		s.origins()
		if page := inert(s.String()); budget <= 0 || len(page) <= budget || most == 0 {
			return page
		}
	}
}

// testVerdict is the page in a sentence.
func (s *sheet) testVerdict(n testCount, worlds string) {
	s.line("### LaunchDarkly roles: ", testHeading(n), "\n")
	switch {
	case n.Failed > 0:
		words := fmt.Sprintf("**%d of %s failed**%s.", n.Failed, count(n.Tests, "access test"), worlds)
		s.alert("CAUTION", words)
	case n.Tests > 0:
		s.line(count(n.Tests, "access test"), " passed, ", count(n.Assertions, "assertion"), worlds, ".\n")
	}
}

func testHeading(n testCount) string {
	switch {
	case n.Failed > 0:
		return count(n.Failed, "access test") + " failed"
	case n.Tests == 0:
		return "no access tests"
	}
	return "access tests passed"
}

// failedTests draws the first assertions that did not pass: a table, and below it what led to each.
func (s *sheet) failedTests(bad []check.Result, most int) {
	if len(bad) > 0 && most > 0 {
		s.head("", "Test", "Where", "Asserts", "For example")
		for _, r := range bad[:most] {
			s.failedRow(r)
		}
		s.line("\n<details><summary><b>What led to it</b></summary>\n")
		for _, r := range bad[:most] {
			s.ledToFailure(r)
		}
		s.line("\n</details>\n")
	}
	if more := len(bad) - most; more > 0 {
		s.line(fmt.Sprintf("And %s that did not pass; `rolewright test` shows all.\n", count(more, "more assertion")))
	}
}

func (s *sheet) failedRow(r check.Result) {
	where := cellOr(r.Pos.File)
	if r.Pos.File != "" {
		where = s.links.file(MarkdownCell(fmt.Sprintf("%s:%d", r.Pos.File, r.Pos.Line)), r.Pos.File, r.Pos.Line)
	}
	asserts := MarkdownCell(r.Assertion + " " + r.Text)
	if r.Subject != "" {
		asserts = MarkdownCell(r.Subject) + " " + asserts
	}
	s.row("**"+verdictWord(r.Verdict)+"**", MarkdownCell(r.Test), where, asserts, cellOr(r.Counterexample))
}

// verdictWord is how an assertion that did not pass ended. A result is ours: it has no other words.
func verdictWord(v check.Verdict) string {
	switch v {
	case check.Fail:
		return "fails"
	case check.Undecided:
		return "undecided"
	}
	return "error"
}

// ledToFailure draws what is behind one assertion that did not pass.
func (s *sheet) ledToFailure(r check.Result) {
	s.line("- ", MarkdownSpan(r.Test), ": ", MarkdownSpan(r.Assertion+" "+r.Text), ": ", MarkdownSpan(r.Message))
	for _, line := range r.Detail() {
		s.line("  - ", MarkdownSpan(line))
	}
	for _, part := range []struct{ lead, text string }{{"because ", r.Because}, {"hint: ", r.Hint}} {
		if part.text != "" {
			s.line("  - ", part.lead, MarkdownSpan(part.text))
		}
	}
	for _, note := range r.Notes {
		s.line("  - note: ", MarkdownSpan(note))
	}
}
