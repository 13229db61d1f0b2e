package report

// The body of a change is a list of rows, made once and drawn twice: on a terminal with colours,
// and in Markdown as a diff. A row has a mark (how the text changes) and a tone (how access does).

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// row is a label and its value: words that are joined by sep and may be wrapped.
type row struct {
	mark  byte // '+', '-', '~' or ' '
	tone  tone
	label string
	words []string
	sep   string
}

const (
	// labelColumns holds the longest label, "resourceCategory", and two spaces.
	labelColumns = 18
	// keptElements is how many unchanged elements of a list are shown without Verbose.
	keptElements = 8
)

// bodyRows returns what changes: fields, then what a holder gets and loses, or the statements of a role,
// then what stays.
func bodyRows(c plan.Change, verbose bool) []row {
	var rows []row
	for _, f := range c.Fields {
		if f.Field == "name" && (c.Holder == nil && (c.Before == nil || c.After == nil) || c.Holder != nil && c.Action == plan.Create) {
			continue // the head of the change says it
		}
		rows = append(rows, fieldRows(c.Action, f)...)
	}
	rows = append(rows, holderRows(c.Holder)...)
	rows = append(rows, policyRows(c.Statements, verbose)...)
	if kept := c.Statements.Kept; kept > 0 {
		rows = append(rows, row{mark: ' ', tone: dim, label: count(kept, "statement") + " unchanged"})
	}
	return rows
}

// fieldRows shows the old value over the new one. A created role has no old values, a deleted one
// no new ones.
func fieldRows(action plan.Action, f plan.FieldChange) []row {
	var rows []row
	if action != plan.Create && (f.Before != "" || f.After == "") {
		rows = append(rows, fieldRow('-', fieldTone(action, f), f.Field, f.Before))
	}
	if action != plan.Delete && (f.After != "" || f.Before != "") {
		rows = append(rows, fieldRow('+', fieldTone(action, f), f.Field, f.After))
	}
	return rows
}

func fieldRow(mark byte, t tone, field, value string) row {
	r := row{mark: mark, tone: t, label: Terminal(field), words: []string{Terminal(value)}}
	if field == "name" || field == "description" || value == "" {
		r.words, r.sep = strings.Split(Terminal(quote(value)), " "), " "
	}
	return r
}

// fieldTone is green where a field makes or widens a role, red where it does the opposite. A text
// grants nothing.
func fieldTone(action plan.Action, f plan.FieldChange) tone {
	switch {
	case action == plan.Create:
		return grants
	case action == plan.Delete:
		return takes
	case f.Field != "basePermissions":
		return edits
	case f.After == role.Reader:
		return grants
	}
	return takes
}

// policyRows shows statements in the order of the policy: by the place that each has, or had.
func policyRows(d plan.StatementDiff, verbose bool) []row {
	type block struct {
		index, order int
		rows         []row
	}
	var blocks []block
	for _, n := range d.Removed {
		blocks = append(blocks, block{n.Index, 0, statementRows('-', n)})
	}
	for _, s := range d.Changed {
		blocks = append(blocks, block{s.After.Index, 1, changedRows(s, verbose)})
	}
	for _, n := range d.Added {
		blocks = append(blocks, block{n.Index, 2, statementRows('+', n)})
	}
	slices.SortStableFunc(blocks, func(a, b block) int {
		return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(a.order, b.order))
	})
	var rows []row
	for _, b := range blocks {
		rows = append(rows, b.rows...)
	}
	return rows
}

// list is one of the four lists of a statement.
type list struct {
	name     string
	elements []string
}

func lists(s role.Statement) []list {
	return []list{
		{"actions", s.Actions},
		{"notActions", s.NotActions},
		{"resources", s.Resources},
		{"notResources", s.NotResources},
	}
}

// statementRows shows a whole statement that is added or removed.
func statementRows(mark byte, n plan.NumberedStatement) []row {
	s := n.Statement
	t := direction(s.Effect, "", mark == '+')
	head := Terminal(string(s.Effect))
	if s.Effect == role.Deny && mark == '-' {
		head += "  (removing a deny can grant access)" // a red line would say the opposite
	}
	rows := []row{{mark: mark, tone: t, label: number(n), words: []string{head}}}
	for _, l := range lists(s) {
		if len(l.elements) > 0 {
			rows = append(rows, listRow(mark, t, l.name, l.elements))
		}
	}
	return rows
}

// number names a statement by its place in the policy, from 1, as a person counts.
func number(n plan.NumberedStatement) string { return fmt.Sprintf("statement %d", n.Index+1) }

func listRow(mark byte, t tone, name string, elements []string) row {
	r := row{mark: mark, tone: t, sep: ", "}
	if name != "" {
		r.label = "  " + name
	}
	for _, e := range elements {
		r.words = append(r.words, Terminal(item(e)))
	}
	return r
}

// direction returns whether adding or removing something grants or takes access: a deny works
// against an allow, and a notActions or notResources against its counterpart.
func direction(e role.Effect, list string, added bool) tone {
	against := e == role.Deny
	if strings.HasPrefix(list, "not") {
		against = !against
	}
	if added != against {
		return grants
	}
	return takes
}

// changedRows shows an edited statement once, with marks on nothing but what changes in it.
func changedRows(c plan.StatementChange, verbose bool) []row {
	rows := []row{{mark: '~', tone: edits, label: number(c.After), words: changedHead(c)}}
	for _, l := range lists(c.After.Statement) {
		change := listChange(c, l.name)
		rows = append(rows, changedList(c, l, change, verbose)...)
	}
	return rows
}

func changedHead(c plan.StatementChange) []string {
	before, after := c.Before.Statement.Effect, c.After.Statement.Effect
	head := Terminal(string(after))
	if before != after {
		head = Terminal(string(before)) + " → " + head
	}
	if c.Before.Index != c.After.Index {
		head += fmt.Sprintf("  (was statement %d)", c.Before.Index+1)
	}
	return []string{head}
}

func listChange(c plan.StatementChange, name string) plan.ListChange {
	i := slices.IndexFunc(c.Lists, func(l plan.ListChange) bool { return l.Name == name })
	if i < 0 {
		return plan.ListChange{Name: name}
	}
	return c.Lists[i]
}

// changedList shows the elements that stay on one line, then one line per element that does not.
// The first of them carries the name of the list.
func changedList(c plan.StatementChange, l list, change plan.ListChange, verbose bool) []row {
	var rows []row
	if kept := without(l.elements, change.Added); len(kept) > 0 {
		rows = append(rows, keptRow(l.name, kept, verbose))
	}
	for _, e := range change.Removed {
		rows = append(rows, listRow('-', elementTone(c, change, false), "", []string{e}))
	}
	for _, e := range change.Added {
		rows = append(rows, listRow('+', elementTone(c, change, true), "", []string{e}))
	}
	if len(rows) > 0 {
		rows[0].label = "  " + l.name
	}
	return rows
}

// elementTone is the direction of one element, if it has one: not where the effect turns round, or
// where a list comes or goes as a whole, as actions do when notActions take their place.
func elementTone(c plan.StatementChange, change plan.ListChange, added bool) tone {
	effect := c.After.Statement.Effect
	whole := change.Kept == 0 && (len(change.Added) == 0 || len(change.Removed) == 0)
	if whole || effect != c.Before.Statement.Effect {
		return edits
	}
	return direction(effect, change.Name, added)
}

func keptRow(name string, kept []string, verbose bool) row {
	more := len(kept) - keptElements
	if verbose || more <= 1 {
		return listRow(' ', neutral, name, kept)
	}
	r := listRow(' ', neutral, name, kept[:keptElements])
	r.words = append(r.words, fmt.Sprintf("… %d more unchanged", more))
	return r
}

func without(elements, added []string) []string {
	var kept []string
	for _, e := range elements {
		if !slices.Contains(added, e) {
			kept = append(kept, e)
		}
	}
	return kept
}

// lines draws a row as lines of at most width columns, each with the row's mark: a line of a diff
// must not lose it. indent stands before the mark.
func (r row) lines(indent string, width int) []string {
	mark := string(r.mark)
	if len(r.words) == 0 {
		return []string{indent + mark + " " + r.label}
	}
	var out []string
	label := pad(r.label, labelColumns)
	for _, value := range wrap(r.words, r.sep, width-len(indent)-2-columns(label)) {
		out = append(out, indent+mark+" "+label+value)
		label = strings.Repeat(" ", labelColumns)
	}
	return out
}
