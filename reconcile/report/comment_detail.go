package report

// The details of a change, folded under a line that names it.

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/rolewright/rolewright/reconcile/plan"
)

// mostOpen is how many details of dangerous changes stand open; a reader can open the others.
const mostOpen = 5

// details draws the changes that the shape has room for, in the order of the table.
func (s *sheet) details() {
	if s.bare {
		return
	}
	open := 0
	for _, e := range s.entries {
		if e.weight > s.detail {
			continue
		}
		if s.spilt() {
			return
		}
		unfold := e.rank == highRisk && s.result == nil && open < mostOpen
		if unfold {
			open++
		}
		s.change(e, unfold)
	}
}

// detailed counts the changes that have their details.
func (s *sheet) detailed() int {
	if s.bare {
		return 0
	}
	return len(some(s.entries, func(e entry) bool { return e.weight <= s.detail }))
}

func (s *sheet) change(e entry, open bool) {
	c := *e.change
	tag := "<details>"
	if open {
		tag = "<details open>"
	}
	s.line(tag, "<summary>", summaryLine(c), "</summary>\n")
	s.about(c)
	s.access(c)
	s.edit(e)
	s.line("\n</details>\n")
}

// leastSame is how many lines a diff has that is not worth repeating.
const leastSame = 4

// edit draws how the text of a role changes. Where many roles are edited alike, the first one stands
// for them, so that another edit among them is seen.
func (s *sheet) edit(e entry) {
	fence := Fence("diff", s.diff(*e.change))
	first := s.edits[fence]
	if first != nil && strings.Count(fence, "\n") >= leastSame+2 && sameEdit(first, e.whole) {
		s.line("The text changes exactly as that of ", MarkdownSpan(elide(first.Key, keyMost)), " above.")
		return
	}
	s.edits[fence] = e.whole
	s.WriteString(fence)
}

// sameEdit reports whether two changes do the same to the text of their roles, in full: a diff
// leaves out what stays, and what is too long.
func sameEdit(a, b *plan.Change) bool {
	return a.Action == b.Action && reflect.DeepEqual(a.Fields, b.Fields) && reflect.DeepEqual(a.Statements, b.Statements) &&
		sameHolding(a.Holder, b.Holder)
}

// sameHolding reports whether two holders get and lose the same, or neither is one.
func sameHolding(a, b *plan.HolderChange) bool {
	if a == nil || b == nil {
		return a == b
	}
	return reflect.DeepEqual(a.Roles, b.Roles) && reflect.DeepEqual(a.Attributes, b.Attributes)
}

// summaryLine names a change inside our HTML.
func summaryLine(c plan.Change) string {
	v := verbOf(c.Action)
	key := htmlCode(c.Key)
	if c.Action == plan.Replace {
		key = htmlCode(c.Replaces) + " with " + key
	}
	line := "<b>" + v.symbol + " " + v.plain + "</b> " + kindLead(c.Kind) + key
	if n := nameOf(c); n != "" {
		line += " " + htmlCode(quote(n))
	}
	for _, r := range c.Risk {
		if isHigh(r) {
			return line + " · <b>HIGH</b>"
		}
	}
	return line
}

// about says why, where and whose, and what is risky.
func (s *sheet) about(c plan.Change) {
	var parts []string
	if c.Reason != "" && c.Action != plan.Update && c.Action != plan.Create { // those two say it by themselves
		parts = append(parts, MarkdownSpan(c.Reason))
	}
	if where := place(c.Declared); where != "" {
		parts = append(parts, s.links.file(MarkdownSpan(where), c.Declared.File, c.Declared.Line))
	}
	if c.Assigned != nil {
		parts = append(parts, heldWords(c))
	}
	if len(parts) > 0 {
		s.line(strings.Join(parts, " · "), "\n")
	}
	for _, r := range c.Risk {
		s.line("- ", levelWord(r.Level), " ", MarkdownSpan(r.Code), ": ", MarkdownSpan(r.Why))
	}
}

func heldWords(c plan.Change) string {
	if c.Action == plan.Replace {
		return MarkdownSpan(c.Replaces) + " is " + held(c.Assigned)
	}
	return held(c.Assigned)
}

// access says what is gained and lost, with an example, and which statements are responsible. It is a
// list: a table would leave half of a line outside of a phone.
func (s *sheet) access(c plan.Change) {
	a := c.Access
	if a == nil {
		s.after(len(c.Risk) > 0)
		return
	}
	if len(a.Gained)+len(a.Lost)+len(a.Undecided) == 0 && a.GainedRest+a.LostRest == "" {
		s.after(len(c.Risk) > 0)
		s.line(accessWords(c), "\n")
		return
	}
	s.accessLines(c, "**gains**", a.Gained, a.GainedRest)
	s.accessLines(c, "loses", a.Lost, a.LostRest)
	for _, why := range a.Undecided {
		s.line("- **undecided**: ", MarkdownSpan(why))
	}
	s.line()
}

// after ends a list, if there was one: what comes next is not part of it.
func (s *sheet) after(list bool) {
	if list {
		s.line()
	}
}

func (s *sheet) accessLines(c plan.Change, verb string, lines []plan.AccessLine, rest string) {
	most := s.lines
	if c.Action != plan.Update {
		most = min(most, 2*linesOfWhole)
	}
	if s.verbose {
		most = len(lines)
	}
	for i, l := range lines {
		if i == most {
			s.line("- ", verb, " and ", count(len(lines)-i, "more line"), " like these")
			break
		}
		s.line("- ", verb, " ", MarkdownSpan(l.Text))
		s.reasons(c, l)
	}
	if rest != "" {
		s.line("- ", verb, " more than these lines say, as ", MarkdownSpan(rest))
	}
}

// reasons are an example, the responsible statements, and what the line means elsewhere. A role that
// comes or goes whole needs no reasons.
func (s *sheet) reasons(c plan.Change, l plan.AccessLine) {
	if c.Action != plan.Update {
		return
	}
	var parts []string
	for _, b := range l.Because {
		parts = append(parts, s.responsible(c, b))
	}
	if l.Example != "" {
		parts = append(parts, exampleWords(l))
	}
	if len(parts) > 0 {
		s.line("  - ", strings.Join(parts, "; "))
	}
	if l.Wide != nil {
		s.line("  - **everywhere**: ", wideMarkdown(l.Wide))
	}
}

func exampleWords(l plan.AccessLine) string {
	words := "e.g. " + MarkdownSpan(l.Example)
	if l.Where != "" {
		words += " with " + MarkdownSpan(l.Where)
	}
	return words
}

// responsible names a statement, linked where the files hold it.
func (s *sheet) responsible(c plan.Change, b plan.Because) string {
	if !b.After || b.Source == "" {
		return reason(c, b)
	}
	file, line := splitPlace(b.Source)
	return statementName(b) + " (" + s.links.file(MarkdownSpan(b.Source), file, line) + ")"
}

// diff draws how the text of the role changes, with its marks in the first column, where GitHub
// looks for them. "!" is its mark for a changed line.
func (s *sheet) diff(c plan.Change) []string {
	var out []string
	for _, r := range bodyRows(c, s.verbose) {
		if r.mark == '~' {
			r.mark = '!'
		}
		if r.sep == ", " {
			r.words = elideList(r.words, longest)
		}
		out = append(out, r.lines("", s.width)...)
	}
	if len(out) == 0 {
		return []string{"  nothing that is shown here"}
	}
	return s.shortened(out)
}

// shortened leaves out the middle of a diff that is too long, line by line, and says so.
func (s *sheet) shortened(lines []string) []string {
	if s.verbose || len(lines) <= s.body {
		return lines
	}
	half := s.body / 2
	left := fmt.Sprintf("  … %s not shown …", count(len(lines)-2*half, "line"))
	return append(append(append([]string{}, lines[:half]...), left), lines[len(lines)-half:]...)
}
