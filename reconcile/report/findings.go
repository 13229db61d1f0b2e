package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
)

// Findings draws findings one after the other, in the order given: where and what, the line of the
// file with what is meant underlined, related places and the way out. The error is the writer's.
func Findings(w io.Writer, findings []diag.Finding, o Options) error {
	p := newPage(o)
	for _, f := range findings {
		p.finding(f)
	}
	return p.writeTo(w)
}

// FindingsSummary draws the one line that counts findings.
func FindingsSummary(w io.Writer, findings []diag.Finding, o Options) error {
	p := newPage(o)
	t := neutral
	if diag.HasErrors(findings) {
		t = takes
	}
	p.line(p.paint.as(t, findingCount(findings)))
	return p.writeTo(w)
}

// findingCount returns "2 errors, 1 warning in 2 files", or "no findings".
func findingCount(findings []diag.Finding) string {
	if len(findings) == 0 {
		return "no findings"
	}
	files := map[string]bool{}
	for _, f := range findings {
		files[f.Pos.File] = true
	}
	n := countFindings(findings)
	return tallied(
		tally{n.Errors, plural(n.Errors, "error")},
		tally{n.Warnings, plural(n.Warnings, "warning")},
		tally{n.Infos, plural(n.Infos, "remark")},
	) + " in " + count(len(files), "file")
}

func severityTone(s diag.Severity) tone {
	switch s {
	case diag.Error:
		return takes
	case diag.Warning:
		return edits
	}
	return neutral
}

func (p *page) finding(f diag.Finding) {
	where := ""
	if at := f.Pos.String(); at != "" {
		where = p.paint.as(bold, Terminal(at)) + ": "
	}
	code := ""
	if f.Code != "" {
		code = p.paint.as(dim, " ["+Terminal(f.Code)+"]")
	}
	p.line(where, p.paint.as(severityTone(f.Severity), f.Severity.String()+":"), " ", Terminal(f.Message), code)
	p.snippet(f)
	for _, r := range f.Related {
		p.line("  ", p.paint.as(dim, "see "+Terminal(r.Pos.String())+":"), " ", Terminal(r.Message))
	}
	p.hint("  ", f.Hint)
}

// snippet draws the line of the file that a finding is about, and a caret under what it means.
func (p *page) snippet(f diag.Finding) {
	if f.Source == "" || f.Pos.Line == 0 {
		return
	}
	number := strconv.Itoa(f.Pos.Line)
	text, from, length := clip(cells(f.Source), f.Pos.Column-1, f.Length, p.o.width()-len(number)-5)
	p.line("  ", p.paint.as(dim, number+" | "), text)
	if f.Pos.Column > 0 {
		caret := strings.Repeat(" ", from) + "^" + strings.Repeat("~", max(0, length-1))
		p.line("  ", p.paint.as(dim, strings.Repeat(" ", len(number))+" | "), p.paint.as(severityTone(f.Severity), caret))
	}
}

const tabStop = 4

// cell is one character of a source line as it is drawn.
type cell struct {
	drawn string
	width int
}

// cells returns the drawn characters of a line of source. A tab is spaces up to the next stop.
func cells(source string) []cell {
	source = strings.TrimRight(source, "\r\n")
	var out []cell
	for at := 0; source != ""; {
		drawn, size := glyph(source)
		switch n := len(out); {
		case source[0] == '\t':
			drawn = strings.Repeat(" ", tabStop-at%tabStop)
		case n == 0 && isMark(drawn), n > 1 && out[n-2].drawn+out[n-1].drawn+drawn == "##[": // as in Terminal
			drawn = escapeFirst(drawn)
		}
		c := cell{drawn, columns(drawn)}
		out = append(out, c)
		at += c.width
		source = source[size:]
	}
	return out
}

// clip draws line in at most room columns, around length characters from the one at index first
// on, and returns in which column those start and how many columns they take. What is left out is
// shown by "…".
func clip(line []cell, first, length, room int) (text string, from, columns int) {
	first = min(max(0, first), len(line))
	end := min(first+max(1, length), len(line))
	lo, hi := 0, len(line)
	if measure(line) > room {
		lo, hi = window(line, first, end, room-2) // one column each for the two "…"
	}
	if lo > 0 {
		text = "…"
	}
	from = len([]rune(text)) + measure(line[lo:first])
	for _, c := range line[lo:hi] {
		text += c.drawn
	}
	if hi < len(line) {
		text += "…"
	}
	return text, from, max(1, measure(line[first:max(first, min(end, hi))]))
}

// window returns which part of a line to show: what is meant, as much of it as there is room for,
// and then as much before it as after it.
func window(line []cell, first, end, room int) (lo, hi int) {
	lo, hi = first, first
	for hi < end && measure(line[lo:hi+1]) <= room {
		hi++
	}
	for used := measure(line[lo:hi]); ; {
		grown := false
		if lo > 0 && used+line[lo-1].width <= room {
			lo--
			used += line[lo].width
			grown = true
		}
		if hi < len(line) && used+line[hi].width <= room {
			used += line[hi].width
			hi++
			grown = true
		}
		if !grown {
			return lo, hi
		}
	}
}

func measure(line []cell) int {
	n := 0
	for _, c := range line {
		n += c.width
	}
	return n
}

// Error draws what kept a run from finishing, and what can be done about it, as
// "rolewright: error: …" and "rolewright: hint: …". The error is the writer's.
func Error(w io.Writer, err error, o Options, hints ...string) error {
	p := newPage(o)
	p.line("rolewright: ", p.paint.as(takes, "error:"), " ", Terminal(err.Error()))
	for _, h := range hints {
		p.line("rolewright: ", p.paint.as(dim, "hint:"), " ", Terminal(h))
	}
	return p.writeTo(w)
}

// Warning draws something that did not stop a run, as "rolewright: warning: …".
func Warning(w io.Writer, message string, o Options) error {
	p := newPage(o)
	p.line(fmt.Sprintf("rolewright: %s %s", p.paint.as(edits, "warning:"), Terminal(message)))
	return p.writeTo(w)
}
