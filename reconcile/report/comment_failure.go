package report

// The page of a run that came to no plan. It takes the place of an older plan's page, which would
// be taken for the present one.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
)

// Failure is a run that ended before it had a plan.
type Failure struct {
	Target string // as rolewright.yaml names it; "" if not known
	// Error says why the run ended; "" where Findings say it all.
	Error string
	Hints []string
	// Findings are what is wrong with the files, relative to the workspace. With an error among
	// them nothing was compared with LaunchDarkly.
	Findings []diag.Finding
}

// findingsNamed is how many findings a page of a failure shows.
const findingsNamed = 10

// FailureComment draws a failed run, in at most budget bytes as [Comment] does.
func FailureComment(f Failure, pg Page, budget int) string {
	f = elided(f, longest)
	f.Findings = slices.Clone(f.Findings)
	slices.SortStableFunc(f.Findings, func(a, b diag.Finding) int { return int(a.Severity) - int(b.Severity) })
	if budget > 0 {
		budget = max(budget, LeastBudget)
	}
	for most := findingsNamed; ; most-- {
		page := failurePage(f, pg, most, longest)
		if budget <= 0 || len(page) <= budget {
			return page
		}
		if most == 0 {
			return failurePage(elided(f, shortMost), pg, 0, shortMost)
		}
	}
}

func failurePage(f Failure, pg Page, most, hints int) string {
	invalid := diag.HasErrors(f.Findings)
	s := &sheet{model: newModel(nil, nil, pg)}
	verdict := "plan failed"
	if invalid {
		verdict = "invalid files"
	}
	s.line("### LaunchDarkly roles", span(" · ", elide(f.Target, shortMost)), ": ", verdict, "\n")
	s.alert("CAUTION", failureLines(f, invalid)...)
	if hint := elideList(spans(f.Hints), hints); len(hint) > 0 {
		s.line("Hint: ", strings.Join(hint, "; "), "\n")
	}
	s.findings(f.Findings, most)
	s.origins()
	return inert(s.String())
}

func failureLines(f Failure, invalid bool) []string {
	lines := []string{"**There is no plan: the run ended before it was made.**"}
	if invalid {
		lines = []string{"**" + findingCount(f.Findings) + ": nothing was compared with LaunchDarkly.**"}
	}
	if f.Error != "" {
		lines = append(lines, "", "- error: "+MarkdownSpan(f.Error))
	}
	return lines
}

// findings draws the first ones as a table, linked to their lines.
func (s *sheet) findings(findings []diag.Finding, most int) {
	if len(findings) == 0 {
		return
	}
	show := min(most, len(findings))
	if show > 0 {
		s.head("", "Where", "Finding", "Code")
	}
	for _, f := range findings[:show] {
		s.findingRow(f)
	}
	if show > 0 {
		s.line()
	}
	if more := len(findings) - show; more > 0 {
		s.line(fmt.Sprintf("And %s; `rolewright validate` lists all.\n", count(more, "more finding")))
	}
}

func (s *sheet) findingRow(f diag.Finding) {
	what := MarkdownCell(f.Message)
	if f.Hint != "" {
		what += ", hint: " + MarkdownCell(f.Hint)
	}
	where := cellOr(f.Pos.String())
	if f.Pos.File != "" {
		where = s.links.file(where, f.Pos.File, f.Pos.Line)
	}
	s.row(f.Severity.String(), where, what, cellOr(f.Code))
}

// origins is the footer of a page without a plan.
func (s *sheet) origins() {
	var facts []string
	if words := strings.TrimSpace(s.origin()); words != "" {
		facts = append(facts, words)
	}
	if s.links.run != "" {
		facts = append(facts, link("run", s.links.run))
	}
	if len(facts) > 0 {
		s.line("<sub>", strings.Join(facts, " · "), "</sub>")
	}
}
