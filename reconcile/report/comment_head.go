package report

// The top of a page: the verdict in its heading, then what keeps a plan from being harmless.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// verdict is the page in a few words, for its heading.
func (m *model) verdict() string {
	if m.result != nil {
		return resultVerdict(m.result)
	}
	words := m.counted()
	if words == "" {
		words = "no changes"
	}
	if !m.plan.Complete {
		words = "incomplete"
	}
	if n := len(m.plan.Skipped); n > 0 {
		words += fmt.Sprintf(", %d skipped", n)
	}
	if len(m.plan.Blocks) > 0 {
		words += ", blocked"
	}
	return words
}

// counted is what the plan changes, in numbers, and how much of it somebody else did.
func (m *model) counted() string {
	sum := m.plan.Summary
	words := tallied(
		tally{sum.Create, "to create"}, tally{sum.Update, "to update"},
		tally{sum.Delete, "to delete"}, tally{sum.Replace, "to replace"},
	)
	if more := holdersChange(sum); words != "" && more != "" {
		words += ", " + more
	} else {
		words += more
	}
	foreign := tallied(
		tally{m.causedBy(plan.AlreadyPending), "already pending"}, tally{m.causedBy(plan.Drift), "drift"},
	)
	if words == "" || foreign == "" {
		return words
	}
	return words + " (of these " + foreign + ")"
}

func (m *model) causedBy(c plan.Cause) int {
	return len(some(m.entries, func(e entry) bool { return e.change.Cause == c }))
}

func resultVerdict(r *apply.Result) string {
	made := fmt.Sprintf("%d of %s", r.Summary.Applied, count(len(r.Changes), "change"))
	switch {
	case r.ExitReason == plan.NoChanges:
		return "nothing to apply"
	case r.ExitReason == apply.ReasonApplied && r.Verified:
		return fmt.Sprintf("applied, %s made and verified", count(len(r.Changes), "change"))
	case r.ExitReason == apply.ReasonApplied:
		return fmt.Sprintf("applied, %s made", count(len(r.Changes), "change"))
	case allApplied(r) && len(r.Changes) > 0:
		return fmt.Sprintf("applied, not verified, %s made", count(len(r.Changes), "change"))
	case r.Summary.Applied+r.Summary.Unknown > 0:
		return "partly applied, " + made
	}
	return strings.ToLower(ended(r.ExitReason)) + ", nothing was changed"
}

// alert draws a box that GitHub colours; each line is Markdown.
func (s *sheet) alert(kind string, lines ...string) {
	s.line("> [!", kind, "]")
	for _, l := range lines {
		s.line(strings.TrimRight("> "+l, " "))
	}
	s.line()
}

// alerts are the boxes, the worst first.
func (s *sheet) alerts() {
	if s.result != nil {
		s.ended()
		s.blocks()
		return
	}
	s.provenance()
	s.dangers()
	s.blocks()
	s.doubts()
}

// provenance says what a plan is not, since that goes for all that follows.
func (s *sheet) provenance() {
	if s.page.Untrusted {
		s.alert("WARNING", "**The pull request's own code had a hand in this plan**, so it may say what its author likes.",
			"What will be applied is worked out anew after the merge.")
	}
	if s.page.Offline {
		s.alert("NOTE", "**Compared with the files of the base branch, not with LaunchDarkly.**",
			"What the account holds was not read.")
	}
	if note := s.plan.Source.BaseNote; note != "" {
		s.alert("NOTE", "**Not every cause is known.**", MarkdownSpan(s.said(note)))
	}
}

// dangers counts what a reviewer must look at.
func (s *sheet) dangers() {
	var lines []string
	for _, d := range hazardWords {
		if n := s.withRisk(d.code, plan.High); n > 0 {
			lines = append(lines, fmt.Sprintf("- **%s %s**", count(n, "change"), d.say(n)))
		}
	}
	if n := s.otherHigh(); n > 0 {
		lines = append(lines, fmt.Sprintf("- **%s of high risk for another reason**", count(n, "change")))
	}
	if n := s.plan.Summary.Delete; n > 0 {
		lines = append(lines, fmt.Sprintf("- **%s %s deleted**", count(n, "role"), was(n, "is", "are")))
	}
	if len(lines) == 0 {
		return
	}
	first := "Look at these first." // GitHub wants a paragraph before a list
	if s.table {
		first = "Look at these first: they head the table."
	}
	s.alert("CAUTION", append([]string{first, ""}, lines...)...)
}

func was(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}

// hazardWord says in words what a code of a risk means for so many changes.
type hazardWord struct{ code, one, more string }

func (h hazardWord) say(n int) string { return was(n, h.one, h.more) }

var hazardWords = []hazardWord{
	{"escalation", "lets somebody change who may do what", "let somebody change who may do what"},
	{"account", "gives access to the account itself", "give access to the account itself"},
	{"base", "makes a base role count", "make a base role count"},
	{"critical", "gives access in critical environments", "give access in critical environments"},
}

func (m *model) withRisk(code string, l plan.Level) int {
	return len(some(m.entries, func(e entry) bool {
		return slices.ContainsFunc(e.change.Risk, func(r plan.Risk) bool { return r.Code == code && r.Level == l })
	}))
}

// otherHigh counts the changes with a high risk that has no words of its own here.
func (m *model) otherHigh() int {
	return len(some(m.entries, func(e entry) bool {
		return slices.ContainsFunc(e.change.Risk, func(r plan.Risk) bool {
			known := slices.ContainsFunc(hazardWords, func(h hazardWord) bool { return h.code == r.Code })
			return isHigh(r) && !known
		})
	}))
}

// doubts says what is not known, or is known to be harmless.
func (s *sheet) doubts() {
	if !s.plan.Complete {
		s.alert("CAUTION", "**This plan is not complete and cannot be applied.**")
	}
	open := len(some(s.entries, entry.undecided))
	if open > 0 {
		s.alert("WARNING", fmt.Sprintf("**%s %s not fully decided**: access may be gained or lost that is not shown.",
			count(open, "change"), was(open, "was", "were")))
	}
	if len(s.entries) > 0 && s.plan.Complete && s.proved() {
		s.alert("NOTE", "**No access changes**: that was proved for every role below.")
	}
}

// undecided reports whether the engine was asked and did not find out everything.
func (e entry) undecided() bool {
	return e.change.Access != nil && (rankOf(&plan.Change{Access: e.change.Access}) == undecided || len(e.change.Access.Undecided) > 0)
}

// proved reports whether every change is proved to leave access as it is.
func (m *model) proved() bool {
	return !slices.ContainsFunc(m.entries, func(e entry) bool {
		return e.change.Access == nil || e.change.Access.Verdict != access.None
	})
}

// state says in a sentence that there is nothing to do.
func (s *sheet) state() {
	if s.result == nil && len(s.plan.Changes) == 0 && s.plan.Complete {
		s.line(strings.TrimSuffix(closingOf(s.plan), "."), ".\n")
	}
}
