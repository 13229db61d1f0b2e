package report

import (
	"fmt"
	"io"
	"slices"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// Result draws what became of a plan. The error is the writer's, or that f is no format of a
// result.
func Result(w io.Writer, r *apply.Result, f Format, o Options) error {
	switch f {
	case Text:
		return resultText(r, o).writeTo(w)
	case JSON:
		return resultJSON(w, r)
	case Markdown:
		_, err := io.WriteString(w, planMarkdown(nil, r, o))
		return err
	}
	return unknownFormat(f)
}

func resultJSON(w io.Writer, r *apply.Result) error {
	out := *r
	if out.Changes == nil {
		out.Changes = []apply.Outcome{}
	}
	_, err := w.Write(encodeJSON(out))
	return err
}

// Progress draws one line for a change that has just ended: how many of total have, what was done
// and to which role. It never says that something was done before it was. The error is the
// writer's.
func Progress(w io.Writer, out apply.Outcome, done, total int, o Options) error {
	p := newPage(o)
	of := fmt.Sprint(total)
	p.line(p.paint.as(dim, fmt.Sprintf("[%*d/%s]", len(of), done, of)), " ", p.outcome(out))
	return p.writeTo(w)
}

// outcome says what became of a change, in one sentence.
func (p *page) outcome(out apply.Outcome) string {
	v, subject := verbOf(out.Action), Terminal(out.Kind)+" "+Terminal(item(out.Key))
	var s string
	switch out.Status {
	case apply.Applied:
		s = p.applied(out, v, subject)
	case apply.Failed:
		s = p.paint.as(takes, "failed") + " to " + v.plain + " " + subject
	case apply.Unknown:
		s = p.paint.as(edits, "cannot tell") + " whether " + subject + " was " + v.past
	default:
		s = "did not try to " + v.plain + " " + subject
	}
	if out.Error != "" {
		s += ": " + Terminal(out.Error)
	}
	if out.Note != "" {
		s += p.paint.as(dim, " ("+Terminal(out.Note)+")")
	}
	return s
}

// applied says what was done, or that there was nothing left to do.
func (p *page) applied(out apply.Outcome, v verb, subject string) string {
	switch {
	case out.AlreadyThere:
		return "found " + subject + " " + already(out.Action)
	case out.Action == plan.Replace:
		return p.paint.as(v.tone, "created") + " " + subject + ", which replaces another"
	}
	return p.paint.as(v.tone, v.past) + " " + subject
}

// already says how a change shows that somebody else had made before.
func already(a plan.Action) string {
	if a == plan.Delete {
		return "already gone"
	}
	return "already there"
}

// section is the outcomes of one status.
type section struct {
	status apply.Status
	title  string
	tone   tone
	// whole sections are never folded: each entry asks for a look.
	whole bool
}

func sections() []section {
	return []section{
		{apply.Applied, "Applied", grants, false},
		{apply.Failed, "Failed", takes, true},
		{apply.Unknown, "Outcome unknown", edits, true},
		{apply.NotAttempted, "Not attempted", neutral, false},
	}
}

func resultText(r *apply.Result, o Options) *page {
	p := newPage(o)
	if allApplied(r) && !o.Verbose {
		p.unusual(r)
	} else {
		for _, s := range sections() {
			p.section(r, s)
		}
	}
	p.line(p.paint.as(bold, headline(r)))
	if r.Error != "" {
		p.line(p.paint.as(takes, "error:"), " ", Terminal(r.Error))
	}
	p.hint("", r.Hint)
	return p
}

func allApplied(r *apply.Result) bool { return r.Summary.Applied == len(r.Changes) }

// unusual draws the applied changes that have something to say, folded as other lists are; the
// others were drawn as they went.
func (p *page) unusual(r *apply.Result) {
	noted := slices.DeleteFunc(slices.Clone(r.Changes), func(out apply.Outcome) bool { return out.Note == "" })
	show := p.o.fold(len(noted))
	for _, out := range noted[:show] {
		p.line("note: ", p.outcome(out))
	}
	p.left(len(noted) - show)
}

func (p *page) section(r *apply.Result, s section) {
	outcomes := withStatus(r, s.status)
	if len(outcomes) == 0 {
		return
	}
	p.line(p.paint.as(s.tone, s.title), ": ", fmt.Sprint(len(outcomes)))
	show := len(outcomes)
	if !s.whole {
		show = p.o.fold(show)
	}
	for _, out := range outcomes[:show] {
		p.line("    ", p.outcome(out))
	}
	p.left(len(outcomes) - show)
	p.line()
}

// withStatus returns the outcomes of r with status s, in the order of the plan.
func withStatus(r *apply.Result, s apply.Status) []apply.Outcome {
	var out []apply.Outcome
	for _, o := range r.Changes {
		if o.Status == s {
			out = append(out, o)
		}
	}
	return out
}

// headline says how an apply ended, with the counts of what was really done.
func headline(r *apply.Result) string {
	switch {
	case r.ExitReason == apply.ReasonApplied && r.Verified:
		return "Apply complete: " + doneCounts(r) + ". The account now matches the files (verified)."
	case r.ExitReason == apply.ReasonApplied:
		return "Apply complete: " + doneCounts(r) + ". The account was not listed again to verify it."
	case r.ExitReason == plan.NoChanges:
		return "Nothing to apply. The account matches the files."
	case allApplied(r) && len(r.Changes) > 0:
		return "Applied, but not verified: " + doneCounts(r) + "."
	case r.Summary.Applied+r.Summary.Unknown > 0:
		return fmt.Sprintf("%s: %d of %s made: %s; %s.", ended(r.ExitReason),
			r.Summary.Applied, wasMade(len(r.Changes)), doneCounts(r), restCounts(r.Summary))
	}
	return ended(r.ExitReason) + ": nothing was changed."
}

func wasMade(n int) string {
	if n == 1 {
		return "1 change was"
	}
	return fmt.Sprintf("%d changes were", n)
}

// ended names the way in which an apply stopped early.
func ended(reason plan.ExitReason) string {
	switch reason {
	case apply.ReasonInterrupted:
		return "Apply interrupted"
	case apply.ReasonStale:
		return "Plan is stale"
	case apply.ReasonAuth:
		return "Apply not allowed"
	case apply.ReasonPartial:
		return "Apply incomplete"
	case plan.Blocked:
		return "Apply blocked"
	}
	return "Apply failed"
}

// doneCounts counts the applied changes: "2 created, 1 updated, 0 deleted". Those that somebody
// else had made are counted apart: this run cannot claim them.
func doneCounts(r *apply.Result) string {
	n, found := map[plan.Action]int{}, map[string]int{}
	for _, out := range withStatus(r, apply.Applied) {
		if out.AlreadyThere {
			found[already(out.Action)]++
		} else {
			n[out.Action]++
		}
	}
	s := fmt.Sprintf("%d created, %d updated, %d deleted", n[plan.Create], n[plan.Update], n[plan.Delete])
	there, gone := already(plan.Create), already(plan.Delete)
	if more := tallied(tally{n[plan.Replace], "replaced"}, tally{found[there], there}, tally{found[gone], gone}); more != "" {
		s += ", " + more
	}
	return s
}

// restCounts counts the changes that were not made.
func restCounts(s apply.Summary) string {
	return tallied(tally{s.Failed, "failed"}, tally{s.Unknown, "unknown"}, tally{s.NotAttempted, "not attempted"})
}
