package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/rolewright/rolewright/reconcile/plan"
)

// Plan draws a plan. Its JSON is exactly [plan.Encode], which can be applied later. The error is
// the writer's, or that f is no format of a plan.
func Plan(w io.Writer, p *plan.Plan, f Format, o Options) error {
	switch f {
	case Text:
		return planText(p, o).writeTo(w)
	case JSON:
		_, err := w.Write(plan.Encode(p))
		return err
	case Markdown:
		_, err := io.WriteString(w, planMarkdown(p, nil, o))
		return err
	}
	return unknownFormat(f)
}

func planText(p *plan.Plan, o Options) *page {
	out := newPage(o)
	out.line(out.paint.as(bold, strings.TrimRight("Plan for "+target(p.Target), " ")))
	out.base(p.Source)
	out.line()
	for _, c := range p.Changes {
		out.change(c)
	}
	out.concerned(p.People)
	out.skipped(p.Skipped)
	out.notes("Unmanaged", "in "+holderOf(p)+" and in no file", p.Unmanaged)
	out.ignored(p.Ignored)
	out.expired(p.Expired)
	out.blocks(p.Blocks)
	out.unchecked(p.Unchecked)
	out.closing(p)
	return out
}

// base says what causes are told by, or that nothing but files was compared.
func (p *page) base(s plan.Source) {
	switch {
	case s.Offline:
		p.line(p.paint.as(edits, "Compared with commit "+short(s.Base)+", not with LaunchDarkly."))
		p.line("Who holds a role, and what was edited in the account, is not known.")
	case s.Base != "":
		p.line(p.paint.as(dim, "Base: commit "+short(s.Base)))
	}
	if s.BaseNote != "" {
		p.line(p.paint.as(edits, "Note: "), Terminal(s.BaseNote))
	}
}

// holderOf names what the files were compared with.
func holderOf(p *plan.Plan) string {
	if p.Source.Offline {
		return "the base"
	}
	return "the account"
}

// short is the beginning of a commit's hash, as git shows it.
func short(commit string) string { return Terminal(commit[:min(len(commit), 10)]) }

// causeOf says where a change comes from, in the words of a reader of a pull request.
func causeOf(c plan.Change) string {
	switch {
	case c.Cause == "":
		return ""
	case c.AlsoOnBase:
		return "cause: " + Terminal(string(c.Cause)) + ", on top of what the base had waiting"
	}
	return "cause: " + Terminal(string(c.Cause))
}

// closingOf is stateOf, but for a plan that looked at no account.
func closingOf(pl *plan.Plan) string {
	if pl.Source.Offline && pl.ExitReason == plan.NoChanges && len(pl.Skipped) == 0 {
		return fmt.Sprintf("No changes. The files say what those of commit %s say (%s).", short(pl.Source.Base), matching(pl))
	}
	return stateOf(pl)
}

// countCauses counts the changes by cause, where they have not all the same one.
func countCauses(pl *plan.Plan) string {
	n := map[plan.Cause]int{}
	for _, c := range pl.Changes {
		n[c.Cause]++
	}
	if all := len(pl.Changes); n[plan.ThisChange] == all || n[""] == all {
		return ""
	}
	return tallied(tally{n[plan.ThisChange], "from this change"}, tally{n[plan.AlreadyPending], "already pending"},
		tally{n[plan.Drift], "drift"}, tally{n[""], "of unknown cause"})
}

// change draws one change: what, why and where, then the body.
func (p *page) change(c plan.Change) {
	v := verbOf(c.Action)
	p.line("  ", p.paint.as(v.tone, v.symbol+" "+v.plain), " ", p.paint.as(bold, subject(c)))
	if v := accessVerdict(c); v != "" {
		p.line("    ", p.paint.as(verdictTone(c), v))
	}
	p.wrapped("    ", dim, " · ", causeOf(c), Terminal(c.Reason), Terminal(place(c.Declared)), holding(c))
	for _, r := range accessRows(c, p.o.Verbose) {
		for _, l := range r.lines("    ", p.o.width()) {
			p.line(p.paint.as(r.tone, strings.TrimRight(l, " ")))
		}
	}
	for _, r := range bodyRows(c, p.o.Verbose) {
		for _, l := range r.lines("    ", p.o.width()) {
			p.line(p.paint.as(r.tone, strings.TrimRight(l, " ")))
		}
	}
	p.line()
}

// subject names the role of a change: `role ops "Operators"`, `role old with new "New"`.
func subject(c plan.Change) string {
	s := Terminal(c.Kind) + " "
	if c.Action == plan.Replace {
		s += Terminal(item(c.Replaces)) + " with "
	}
	s += Terminal(item(c.Key))
	if name := nameOf(c); name != "" {
		s += " " + Terminal(quote(name))
	}
	return s
}

// wrapped writes the parts that are not empty, joined by sep, over as many lines as they need.
func (p *page) wrapped(indent string, t tone, sep string, parts ...string) {
	var words []string
	for _, part := range parts {
		if part != "" {
			words = append(words, part)
		}
	}
	if len(words) == 0 {
		return
	}
	for _, l := range wrap(words, sep, p.o.width()-len(indent)) {
		p.line(indent, p.paint.as(t, l))
	}
}

// skipped draws what the files ask for and this run will not do; each asks for a decision, so none
// is folded.
func (p *page) skipped(notes []plan.Note) {
	if len(notes) == 0 {
		return
	}
	p.line(p.paint.as(bold, "Skipped:"), " ", count(len(notes), "change"), " will not be made this time")
	for _, n := range notes {
		p.line("  ", p.paint.as(edits, "! "+kindLead(n.Kind)+Terminal(item(n.Key))), noteName(n))
		p.wrapped("      ", neutral, " · ", Terminal(n.Reason), Terminal(place(n.Declared)))
		p.hint("      ", n.Hint)
	}
	p.line()
}

func noteName(n plan.Note) string {
	if n.Name == "" {
		return ""
	}
	return " " + Terminal(quote(n.Name))
}

func (p *page) hint(indent, hint string) {
	if hint != "" {
		p.line(indent, p.paint.as(dim, "hint: "), Terminal(hint))
	}
}

// notes draws roles that are left alone, under their reasons, folded.
func (p *page) notes(title, what string, notes []plan.Note) {
	if len(notes) == 0 {
		return
	}
	p.line(p.paint.as(bold, title+":"), " ", countKinds(notes), " ", what)
	for _, g := range byReason(notes) {
		p.reason(g)
	}
	p.line()
}

// expired draws the assignments that files still list and no longer ask for.
func (p *page) expired(notes []plan.Note) {
	if len(notes) == 0 {
		return
	}
	p.line(p.paint.as(bold, "Expired:"), " ", count(len(notes), "assignment"), " that the files still list")
	for _, n := range notes {
		p.line("  ", kindLead(n.Kind), Terminal(item(n.Key)))
		p.wrapped("      ", dim, " · ", Terminal(n.Reason), Terminal(place(n.Declared)))
		p.hint("      ", n.Hint)
	}
	p.line()
}

// reason lists the notes of a reason in aligned columns and says how many it leaves out.
func (p *page) reason(g noteGroup) {
	p.line("  ", p.paint.as(dim, Terminal(g.reason)+":"))
	notes := g.notes
	show := p.o.fold(len(notes))
	keys, names := 0, 0
	for _, n := range notes[:show] {
		keys = max(keys, columns(kindLead(n.Kind)+Terminal(item(n.Key))))
		names = max(names, columns(noteName(n)))
	}
	for _, n := range notes[:show] {
		l := pad(kindLead(n.Kind)+Terminal(item(n.Key)), min(keys, 32)) + pad(noteName(n), min(names, 40))
		p.line("    ", strings.TrimRight(l+"  "+p.paint.as(dim, held(n.Assigned)), " "))
	}
	p.left(len(notes) - show)
}

// left says how many entries a folded list does not show.
func (p *page) left(n int) {
	if n > 0 {
		p.line("    ", p.paint.as(dim, fmt.Sprintf("… and %d more (--verbose shows all)", n)))
	}
}

// ignored counts the roles outside the scope by reason, and lists them with Verbose.
func (p *page) ignored(notes []plan.Note) {
	if p.o.Verbose {
		p.notes("Ignored", "outside the scope", notes)
		return
	}
	if len(notes) == 0 {
		return
	}
	p.line(p.paint.as(bold, "Ignored:"), " ", countKinds(notes), " outside the scope")
	for _, g := range byReason(notes) {
		p.line("  ", p.paint.as(dim, fmt.Sprintf("%d: %s", len(g.notes), Terminal(g.reason))))
	}
	p.line()
}

// blocks draws the guards that refuse the plan, each with what lets it through.
// unchecked says what guards could not look at.
func (p *page) unchecked(list []string) {
	for _, what := range list {
		p.line(p.paint.as(edits, "Not checked: "), Terminal(what))
	}
	if len(list) > 0 {
		p.line()
	}
}

func (p *page) blocks(blocks []plan.Block) {
	for _, b := range blocks {
		where := ""
		if b.Declared != nil {
			where = p.paint.as(dim, fmt.Sprintf(" · %s:%d", Terminal(b.Declared.File), b.Declared.Line))
		}
		p.line(p.paint.as(takes, "Blocked"), " by ", Terminal(string(b.Guard)), ": ", Terminal(b.Message), where)
		for _, line := range b.Detail {
			p.line("  - ", Terminal(line))
		}
		if len(b.Keys) != 1 || !strings.Contains(b.Message, b.Keys[0]) {
			p.keys(b.Keys)
		}
		if b.Flag != "" {
			p.line("  let it through with: ", p.paint.as(bold, Terminal(b.Flag)))
		}
		p.hint("  ", b.Hint)
	}
	if len(blocks) > 0 {
		p.line()
	}
}

func (p *page) keys(keys []string) {
	if len(keys) == 0 {
		return
	}
	var words []string
	for _, k := range keys {
		words = append(words, Terminal(item(k)))
	}
	for _, l := range wrap(words, ", ", p.o.width()-2) {
		p.line("  ", l)
	}
}

func (p *page) closing(pl *plan.Plan) {
	p.line(p.paint.as(bold, closingOf(pl)))
	if causes := countCauses(pl); causes != "" {
		p.line("Of these: ", causes)
	}
	if len(pl.Blocks) > 0 {
		p.line("Blocked: nothing of it will be applied.")
	}
}

// Notes draws roles that are left alone outside a plan, under title and their reasons, in full:
// what an export leaves out, for one. Without notes it writes nothing. The error is the writer's.
func Notes(w io.Writer, title string, notes []plan.Note, o Options) error {
	o.Verbose = true
	p := newPage(o)
	if len(notes) > 0 {
		p.line(p.paint.as(bold, Terminal(title)+":"), " ", countKinds(notes))
		for _, g := range byReason(notes) {
			p.reason(g)
		}
	}
	return p.writeTo(w)
}
