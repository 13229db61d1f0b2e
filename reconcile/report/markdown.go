package report

// Markdown as GitHub reads it. The frame is ours: headings, tables and a fixed list of HTML tags
// (details, summary, b, code, sub). Whatever comes from data stands in a code span, in a fence or in
// our <code>, where GitHub links no mention, number or address and reads no HTML.

import (
	"fmt"
	"io"
	"strings"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/plan"
)

func planMarkdown(p *plan.Plan, o Options) *page {
	out := newPage(Options{Width: o.Width, Verbose: o.Verbose})
	out.line("### LaunchDarkly roles", span(" · ", p.Target.Name), ": ", verdict(p))
	out.line()
	out.mdState(p)
	out.mdTable(p.Changes)
	for _, c := range p.Changes {
		out.mdChange(c)
	}
	out.mdNotes("Skipped", "asked for by the files and not made this time", p.Skipped, true)
	out.mdNotes("Unmanaged", "in the account and in no file", p.Unmanaged, o.Verbose)
	out.mdNotes("Ignored", "outside the scope", p.Ignored, o.Verbose)
	out.mdFooter(p)
	return out
}

// span returns lead and s as a code span, or nothing if s is empty.
func span(lead, s string) string {
	if s == "" {
		return ""
	}
	return lead + MarkdownSpan(s)
}

// verdict is the plan in a few words, for the heading.
func verdict(p *plan.Plan) string {
	if !p.Complete {
		return "incomplete"
	}
	words := tallied(
		tally{p.Summary.Create, "to create"}, tally{p.Summary.Update, "to update"},
		tally{p.Summary.Delete, "to delete"}, tally{p.Summary.Replace, "to replace"},
	)
	if words == "" {
		words = "no changes"
	}
	if len(p.Blocks) > 0 {
		words += ", blocked"
	}
	return words
}

// mdState says first what keeps the plan from being applied, or that there is nothing to do.
func (p *page) mdState(pl *plan.Plan) {
	if len(pl.Blocks) > 0 {
		p.line("**Blocked: nothing of this plan will be applied.**\n")
		for _, b := range pl.Blocks {
			p.mdBlock(b)
		}
		p.line()
	}
	if len(pl.Changes) == 0 || !pl.Complete {
		p.line(strings.TrimSuffix(stateOf(pl), ".") + ".\n")
	}
}

func (p *page) mdBlock(b plan.Block) {
	p.line("- ", MarkdownSpan(string(b.Guard)), ": ", MarkdownSpan(b.Message))
	if len(b.Keys) > 0 {
		p.line("  - roles: ", strings.Join(spans(b.Keys), ", "))
	}
	if b.Flag != "" {
		p.line("  - let it through with ", MarkdownSpan(b.Flag))
	}
	if b.Hint != "" {
		p.line("  - hint: ", MarkdownSpan(b.Hint))
	}
}

func spans(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, MarkdownSpan(s))
	}
	return out
}

// cellOr returns s for a cell of a table, or a dash.
func cellOr(s string) string {
	if s == "" {
		return "–"
	}
	return MarkdownCell(s)
}

// row writes one row of a table.
func (p *page) row(cells ...string) { p.line("| ", strings.Join(cells, " | "), " |") }

func (p *page) head(titles ...string) {
	p.row(titles...)
	p.row(strings.Split(strings.Repeat("--- ", len(titles)-1)+"---", " ")...)
}

func (p *page) mdTable(changes []plan.Change) {
	if len(changes) == 0 {
		return
	}
	p.head("", "Role", "Change", "Access", "Statements", "Held by", "File")
	for _, c := range changes {
		v := verbOf(c.Action)
		p.row("`"+v.symbol+"`", MarkdownCell(c.Key), mdAction(c), accessCell(c), statementCounts(c.Statements),
			holdersCell(c), cellOr(place(c.Declared)))
	}
	p.line()
}

func mdAction(c plan.Change) string {
	if c.Action == plan.Replace {
		return "replaces " + MarkdownCell(c.Replaces)
	}
	return verbOf(c.Action).plain
}

// statementCounts says how many statements change, and how.
func statementCounts(d plan.StatementDiff) string {
	words := tallied(
		tally{len(d.Added), "added"}, tally{len(d.Changed), "changed"},
		tally{len(d.Removed), "removed"}, tally{d.Kept, "unchanged"},
	)
	if words == "" {
		return "none"
	}
	return words
}

func holdersCell(c plan.Change) string {
	switch {
	case c.Assigned == nil:
		return "nobody yet"
	case c.Assigned.None():
		return "nobody"
	}
	return holders(*c.Assigned)
}

// mdChange folds the body of a change under a line that names it.
func (p *page) mdChange(c plan.Change) {
	v := verbOf(c.Action)
	name := ""
	if n := nameOf(c); n != "" {
		name = " " + htmlCode(quote(n))
	}
	key := htmlCode(c.Key)
	if c.Action == plan.Replace {
		key = htmlCode(c.Replaces) + " with " + key
	}
	p.line("<details><summary><b>", v.symbol, " ", v.plain, "</b> ", key, name, "</summary>\n")
	if c.Reason != "" {
		p.line(MarkdownSpan(c.Reason), "\n")
	}
	p.WriteString(Fence("diff", diffLines(c, p.o)))
	p.line("\n</details>\n")
}

// diffLines draws the body of a change with its marks in the first column, where GitHub looks for
// them. "!" is its mark for a changed line.
func diffLines(c plan.Change, o Options) []string {
	var out []string
	for _, r := range append(accessRows(c, o.Verbose), bodyRows(c, o.Verbose)...) {
		if r.mark == '~' {
			r.mark = '!'
		}
		out = append(out, r.lines("", o.width())...)
	}
	if len(out) == 0 {
		out = []string{"  nothing that is shown here"}
	}
	return out
}

// mdNotes folds roles that are left alone. Unless all are wanted, the first ones of each reason
// stand for the others, which are counted.
func (p *page) mdNotes(title, what string, notes []plan.Note, all bool) {
	if len(notes) == 0 {
		return
	}
	p.line("<details><summary><b>", title, "</b>: ", count(len(notes), "role"), " ", what, "</summary>\n")
	p.head("Role", "Name", "Held by", "Why", "File")
	o := Options{Verbose: all}
	for _, g := range byReason(notes) {
		show := o.fold(len(g.notes))
		for _, n := range g.notes[:show] {
			p.mdNote(n)
		}
		if left := len(g.notes) - show; left > 0 {
			p.row(fmt.Sprintf("and %d more", left), "", "", MarkdownCell(g.reason), "")
		}
	}
	p.line("\n</details>\n")
}

func (p *page) mdNote(n plan.Note) {
	why := MarkdownCell(n.Reason)
	if n.Hint != "" {
		why += ", hint: " + MarkdownCell(n.Hint)
	}
	holder := "–"
	if n.Assigned != nil {
		holder = holdersCell(plan.Change{Assigned: n.Assigned})
	}
	p.row(MarkdownCell(n.Key), cellOr(n.Name), holder, why, cellOr(place(n.Declared)))
}

func (p *page) mdFooter(pl *plan.Plan) {
	p.line("<sub>", count(pl.Unchanged, "role"), " unchanged", span(" · plan ", shortHash(pl.PlanHash)),
		span(" · account ", pl.Target.AccountID), span(" at ", pl.Target.Host),
		span(" · made ", pl.GeneratedAt), "</sub>")
}

// shortHash returns enough of a digest to tell plans apart by eye.
func shortHash(digest string) string {
	hex := strings.TrimPrefix(digest, "sha256:")
	return hex[:min(12, len(hex))]
}

func resultMarkdown(r *apply.Result, o Options) *page {
	p := newPage(Options{Width: o.Width, Verbose: o.Verbose})
	p.line("### LaunchDarkly roles", span(" · ", r.Target.Name), "\n")
	p.line("**", headline(r), "**\n")
	if r.Error != "" {
		p.line("- error: ", MarkdownSpan(r.Error))
	}
	if r.Hint != "" {
		p.line("- hint: ", MarkdownSpan(r.Hint))
	}
	if r.Error != "" || r.Hint != "" {
		p.line()
	}
	if len(r.Changes) > 0 {
		p.head("", "Role", "Change", "Result")
	}
	for _, out := range r.Changes {
		p.row("`"+verbOf(out.Action).symbol+"`", MarkdownCell(out.Key), verbOf(out.Action).plain, mdOutcome(out))
	}
	if len(r.Changes) > 0 {
		p.line()
	}
	p.line("<sub>", count(len(r.Changes), "change"), span(" · plan ", shortHash(r.PlanHash)),
		span(" · account ", r.Target.AccountID), span(" at ", r.Target.Host), "</sub>")
	return p
}

func mdOutcome(out apply.Outcome) string {
	s := map[apply.Status]string{
		apply.Applied: "applied", apply.Failed: "**failed**",
		apply.Unknown: "**unknown**", apply.NotAttempted: "not attempted",
	}[out.Status]
	if out.AlreadyThere {
		s = already(out.Action)
	}
	for _, more := range []string{out.Error, out.Note} {
		if more != "" {
			s += ": " + MarkdownCell(more)
		}
	}
	return s
}

// FindingsMarkdown draws findings as a table, in the order given. The error is the writer's.
func FindingsMarkdown(w io.Writer, findings []diag.Finding, o Options) error {
	p := newPage(Options{Width: o.Width, Verbose: o.Verbose})
	p.line("### LaunchDarkly roles: ", findingCount(findings), "\n")
	if len(findings) > 0 {
		p.head("", "Where", "Finding", "Code")
	}
	for _, f := range findings {
		what := MarkdownCell(f.Message)
		if f.Hint != "" {
			what += ", hint: " + MarkdownCell(f.Hint)
		}
		p.row(f.Severity.String(), cellOr(f.Pos.String()), what, cellOr(f.Code))
	}
	return p.writeTo(w)
}
