package report

// The table of a page, and what stands in for the rows that it has no room for.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// parting is how a shape deals the entries out: every entry is in exactly one of the lists.
type parting struct {
	rows    []entry // in the table
	named   []entry // dangerous, by key
	hidden  []entry // dangerous, only counted
	others  []entry // the rest, by key
	counted []entry // the rest, only counted
	foreign []entry // not of the pull request and not dangerous: a section of their own
}

func (s *sheet) part() parting {
	var p parting
	for _, e := range s.entries {
		switch {
		case e.foreign() && e.weight != dangerous:
			p.foreign = append(p.foreign, e)
		case s.table && e.weight <= s.rows && len(p.rows) < s.most:
			p.rows = append(p.rows, e)
		case e.weight == dangerous && len(p.named) < s.keys:
			p.named = append(p.named, e)
		case e.weight == dangerous:
			p.hidden = append(p.hidden, e)
		case len(p.others) < s.shape.others:
			p.others = append(p.others, e)
		default:
			p.counted = append(p.counted, e)
		}
	}
	return p
}

func (s *sheet) rowsTable(entries []entry) {
	if len(entries) == 0 {
		return
	}
	titles := []string{"Role"}
	if s.holds() {
		titles[0] = "Role or holder"
	}
	for _, c := range s.columns() {
		titles = append(titles, c.title)
	}
	s.head(titles...)
	for _, e := range entries {
		if s.spilt() {
			return
		}
		cells := []string{"`" + verbOf(e.change.Action).symbol + "` " + s.roleCell(*e.change)}
		for _, c := range s.columns() {
			cells = append(cells, c.cell(e))
		}
		s.row(cells...)
	}
	s.line()
}

func (s *sheet) row(cells ...string) { s.line("| ", strings.Join(cells, " | "), " |") }

func (s *sheet) head(titles ...string) {
	s.row(titles...)
	s.line("|", strings.Repeat(" --- |", len(titles)))
}

// column is one that a table has only where there is something to say.
type column struct {
	title string
	cell  func(entry) string
}

func (s *sheet) columns() []column {
	var columns []column
	add := func(on bool, title string, cell func(entry) string) {
		if on {
			columns = append(columns, column{title, cell})
		}
	}
	// What matters most comes first: a phone shows two or three columns.
	add(s.result != nil, "Result", func(e entry) string { return resultCell(e) })
	add(s.risky, "Risk", func(e entry) string { return riskCell(*e.change) })
	add(s.weighed, "Access", func(e entry) string { return accessWords(*e.change) })
	add(true, "Change", func(e entry) string { return changeCell(*e.change) })
	add(!s.bare && !s.page.Offline, "Held by", func(e entry) string { return heldByCell(*e.change) })
	add(s.caused, "Cause", func(e entry) string { return causeCell(*e.change) })
	return columns
}

// heldByCell says who holds a role; nobody holds a team or a member.
func heldByCell(c plan.Change) string {
	if isHolder(c.Kind) {
		return "–"
	}
	return holdersCell(c)
}

// roleCell is the key of a role, linked to where it is declared.
func (s *sheet) roleCell(c plan.Change) string {
	text := kindLead(c.Kind) + MarkdownCell(c.Key)
	if c.Declared == nil {
		return text
	}
	return s.links.file(text, c.Declared.File, c.Declared.Line)
}

// changeCell says what changes in the text of a role: "update: 1 statement added, description".
func changeCell(c plan.Change) string {
	if c.Holder != nil {
		return holderCell(c)
	}
	words := verbOf(c.Action).plain
	switch c.Action {
	case plan.Replace:
		if c.Replaces == "" {
			return words
		}
		words = "replaces " + MarkdownCell(c.Replaces)
	case plan.Create:
		return words + andThen(": ", statementWords(c.Statements))
	case plan.Delete:
		return words + andThen(": ", cellIf(c.Reason))
	}
	words += stepWords(c)
	parts := []string{statementWords(c.Statements)}
	for _, f := range c.Fields {
		parts = append(parts, fieldWord(f.Field))
	}
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" })
	return words + andThen(": ", strings.Join(parts, ", "))
}

// stepWords says which of two writes a change of a role is, or that it comes before all others.
func stepWords(c plan.Change) string {
	switch {
	case c.Part() == 1:
		return ", first what comes"
	case c.Part() == 2:
		return ", then what goes"
	case c.Phase == plan.PhaseFirst:
		return ", before all others"
	}
	return ""
}

func cellIf(s string) string {
	if s == "" {
		return ""
	}
	return MarkdownCell(s)
}

func andThen(lead, s string) string {
	if s == "" {
		return ""
	}
	return lead + s
}

// fieldWord names a field; any but the known ones is data.
func fieldWord(field string) string {
	switch field {
	case "name", "description", "basePermissions", "resourceCategory":
		return field
	}
	return MarkdownCell(field)
}

// statementWords counts the statements that change: "1 statement added, 2 changed".
func statementWords(d plan.StatementDiff) string {
	var parts []string
	for _, t := range []tally{{len(d.Added), "added"}, {len(d.Changed), "changed"}, {len(d.Removed), "removed"}} {
		switch {
		case t.n == 0:
		case len(parts) == 0:
			parts = append(parts, count(t.n, "statement")+" "+t.what)
		default:
			parts = append(parts, fmt.Sprintf("%d %s", t.n, t.what))
		}
	}
	return strings.Join(parts, ", ")
}

// accessWords is the verdict of a change. What the reader must not overlook is bold.
func accessWords(c plan.Change) string {
	if c.Holder != nil {
		return holderVerdict(c)
	}
	if c.Access == nil {
		return "not worked out"
	}
	words := accessVerdict(c)
	switch c.Access.Verdict {
	case access.None:
		return words
	case access.Loses:
		if c.Action == plan.Delete {
			return "loses all of it"
		}
		return words
	}
	return "**" + words + "**"
}

// riskCell names the risks, the level in words.
func riskCell(c plan.Change) string {
	var parts []string
	for _, r := range c.Risk {
		parts = append(parts, levelWord(r.Level)+" "+MarkdownCell(r.Code))
	}
	if len(parts) == 0 {
		return "–"
	}
	return strings.Join(parts, ", ")
}

// levelWord is in plain text only for the levels that are; any other text of a plan file is data.
func levelWord(l plan.Level) string {
	switch l {
	case plan.High:
		return "**HIGH**"
	case plan.Medium:
		return "medium"
	}
	return MarkdownCell(string(l))
}

// causeCell says where a change comes from; any but the known causes is data.
func causeCell(c plan.Change) string {
	words := cellOr(string(c.Cause))
	switch c.Cause {
	case plan.ThisChange:
		words = "this pull request"
	case plan.AlreadyPending:
		words = "already pending on the base"
	case plan.Drift:
		words = "drift"
	}
	if c.AlsoOnBase {
		words += ", on top of what the base had waiting"
	}
	return words
}

func resultCell(e entry) string {
	if e.outcome == nil {
		return "–"
	}
	return mdOutcome(*e.outcome)
}

// rest names, or counts, what has no row.
func (s *sheet) rest(p parting) {
	if n := len(p.named) + len(p.hidden); n > 0 {
		title := "Dangerous"
		if len(p.rows) > 0 {
			title = "Dangerous too"
		}
		s.keyList(title, p.named)
		if len(p.hidden) > 0 {
			s.line("**", fmt.Sprintf("%s not named here for lack of room**: %s.", count(len(p.hidden), "more dangerous change"), ranked(p.hidden)), "\n")
		}
	}
	title := "Of low risk"
	if s.shape.rows < notable || !s.table {
		title = "Others"
	}
	s.keyList(title, p.others)
	if n := len(p.counted); n > 0 {
		s.line("And ", count(n, "other change"), " of lower risk.\n")
	}
}

// keyList names changes by action and key.
func (s *sheet) keyList(title string, entries []entry) {
	if len(entries) == 0 {
		return
	}
	s.line("**", title, "**: ", strings.Join(byAction(entries), "; "), "\n")
}

func byAction(entries []entry) []string {
	var groups []string
	for _, a := range []plan.Action{plan.Delete, plan.Replace, plan.Update, plan.Create, ""} {
		var keys []string
		for _, e := range entries {
			if e.change.Action == a || a == "" && verbOf(e.change.Action).symbol == "?" {
				keys = append(keys, kindLead(e.change.Kind)+MarkdownSpan(elide(e.change.Key, keyMost)))
			}
		}
		if len(keys) > 0 {
			v := verbOf(a)
			groups = append(groups, v.plain+" "+strings.Join(keys, ", "))
		}
	}
	return groups
}

// ranked counts entries by why they are dangerous.
func ranked(entries []entry) string {
	n := map[rank]int{}
	for _, e := range entries {
		n[e.rank]++
	}
	return tallied(tally{n[stuck], "failed or unknown"}, tally{n[highRisk], "of high risk"}, tally{n[deletion], plural(n[deletion], "delete")})
}
