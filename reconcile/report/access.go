package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// What a change does to access comes before what it does to the text, since it is what a reviewer
// decides on. Lines of a role that is edited are all shown; those of one that comes or goes whole
// say much the same as its statements, and only the first are.
const (
	linesOfEdit  = 20
	linesOfWhole = 3
)

// accessVerdict says in words what a change does to access; "" if that was not asked.
func accessVerdict(c plan.Change) string {
	if c.Access == nil {
		return ""
	}
	switch c.Access.Verdict {
	case access.None:
		return "no access change (proved)"
	case access.Gains:
		return "gains access"
	case access.Loses:
		return "loses access"
	case access.Both:
		return "gains and loses access"
	}
	return "access undecided"
}

func verdictTone(c plan.Change) tone {
	if c.Access == nil {
		return dim
	}
	switch c.Access.Verdict {
	case access.None:
		return dim
	case access.Gains:
		return grants
	case access.Loses:
		return takes
	}
	return edits
}

// accessRows says what is gained and lost, why, with an example, and what is dangerous about it.
func accessRows(c plan.Change, verbose bool) []row {
	if c.Access == nil {
		return nil
	}
	var rows []row
	for _, r := range c.Risk {
		rows = append(rows, row{mark: '!', tone: bold, label: Terminal(string(r.Level)) + " risk", words: []string{Terminal(r.Why)}})
	}
	rows = append(rows, lineRows(c, '+', grants, "gains", c.Access.Gained, c.Access.GainedRest, verbose)...)
	rows = append(rows, lineRows(c, '-', takes, "loses", c.Access.Lost, c.Access.LostRest, verbose)...)
	for _, why := range c.Access.Undecided {
		rows = append(rows, row{mark: '!', tone: edits, label: "undecided", words: strings.Fields(Terminal(why)), sep: " "})
	}
	return rows
}

func lineRows(c plan.Change, mark byte, t tone, label string, lines []plan.AccessLine, rest string, verbose bool) []row {
	var rows []row
	most := linesOfEdit
	if c.Action != plan.Update {
		most = linesOfWhole
	}
	for i, l := range lines {
		if i == most && !verbose {
			more := fmt.Sprintf("and %d more like this (--verbose shows all)", len(lines)-i)
			return append(rows, row{mark: mark, tone: dim, label: label, words: []string{more}})
		}
		rows = append(rows, row{mark: mark, tone: t, label: label, words: strings.Fields(Terminal(l.Text)), sep: " "})
		if c.Action == plan.Update {
			rows = append(rows, row{mark: ' ', tone: dim, label: "", words: reasons(c, l), sep: " · "})
			rows = append(rows, wideRows(l.Wide)...)
		}
	}
	if rest != "" {
		rows = append(rows, row{mark: mark, tone: edits, label: label, words: []string{"more than these lines say, as", Terminal(rest)}, sep: " "})
	}
	return rows
}

// statementName is a statement by its number.
func statementName(b plan.Because) string {
	if b.Statement < 0 {
		return "base permissions"
	}
	return fmt.Sprintf("statement %d", b.Statement+1)
}

// reason names a statement, and says of one of today what becomes of it.
func reason(c plan.Change, b plan.Because) string {
	text := statementName(b)
	removed := func(s plan.NumberedStatement) bool { return s.Index == b.Statement }
	switch {
	case b.After && b.Source != "":
		return text + " (" + Terminal(b.Source) + ")"
	case b.After:
		return text
	case b.Statement < 0:
		return "today's " + text
	case slices.ContainsFunc(c.Statements.Removed, removed):
		return "today's " + text + ", removed"
	}
	return "today's " + text + ", edited"
}

// reasons names the statements that are responsible for a line, and an example.
func reasons(c plan.Change, l plan.AccessLine) []string {
	var words []string
	for _, b := range l.Because {
		words = append(words, reason(c, b))
	}
	if l.Example == "" {
		return words
	}
	example := "e.g. " + Terminal(l.Example)
	if l.Where != "" {
		example += " with " + Terminal(l.Where)
	}
	return append(words, example)
}
