package layout

import (
	"bytes"
	"strings"
)

// writer writes documents that are settled.
type writer struct{ bytes.Buffer }

// emit returns the text of docs, whose keys are in order.
func emit(docs []*document) []byte {
	var w writer
	for i, d := range docs {
		if i > 0 || d.root == nil && !d.loose {
			w.WriteString("---\n")
		}
		d.settle()
		w.document(d)
	}
	return w.Bytes()
}

func (w *writer) document(d *document) {
	w.lines(d.head, 0)
	switch {
	case d.root == nil:
	case len(d.root.parts) == 0:
		w.WriteString("{}\n")
	default:
		w.block(d.root, 0, "")
	}
}

// lines writes lines indented by column; an empty one stays empty.
func (w *writer) lines(lines []string, column int) {
	for _, line := range lines {
		if line != "" {
			line = spaces(column) + line
		}
		w.WriteString(line + "\n")
	}
}

// line ends a line, with its comment if there is one.
func (w *writer) line(text, comment string) {
	if comment != "" {
		text += "  " + comment
	}
	w.WriteString(text + "\n")
}

// block writes the entries of n, one below the other, indented by column. The first follows lead,
// which is what already stands on its line: blanks, or the dashes of the elements around it.
func (w *writer) block(n *node, column int, lead string) {
	for _, e := range n.parts {
		w.lines(e.head, column)
		if n.kind == mapping {
			w.pair(e, column, lead)
		} else {
			w.element(e, column, lead)
		}
		lead = spaces(column)
	}
	w.lines(n.foot, column)
}

// pair writes one key with its value.
func (w *writer) pair(e *entry, column int, lead string) {
	start, v := e.start(), e.value
	w.WriteString(lead)
	switch lines := v.blockText(e.room(column), Width-column-step); {
	case lines != nil:
		w.line(start+" "+lines[0], e.line)
		w.lines(lines[1:], column+step)
	case v.spread:
		w.line(start, e.line)
		w.block(v, column+step, spaces(column+step))
	default:
		w.line(strings.TrimRight(start+" "+v.oneLine(false), " "), e.line)
	}
}

// element writes one element of a list.
func (w *writer) element(e *entry, column int, lead string) {
	start, v := e.start(), e.value
	switch {
	case v.spread && v.anchor != "":
		w.line(lead+start, "")
		w.block(v, column+step, spaces(column+step))
	case v.spread:
		w.block(v, column+step, lead+start+" ")
	default:
		w.line(strings.TrimRight(lead+start+" "+v.oneLine(false), " "), e.line)
	}
}

// start returns what an entry's line begins with: the key or the dash, and the value's anchor.
func (e *entry) start() string {
	start := "-"
	if e.key != nil {
		start = anchor(e.key) + e.key.inline(true) + ":"
	}
	return strings.TrimRight(start+" "+anchor(e.value), " ")
}

// oneLine returns n, without its anchor, as it stands on one line.
func (n *node) oneLine(inFlow bool) string {
	if n.kind == scalar || n.kind == alias {
		return n.inline(inFlow)
	}
	parts := make([]string, len(n.parts))
	for i, e := range n.parts {
		if e.key != nil {
			parts[i] = anchor(e.key) + e.key.inline(true) + ": "
		}
		parts[i] += anchor(e.value) + e.value.oneLine(true)
	}
	text := strings.Join(parts, ", ")
	if n.kind == mapping {
		return "{" + text + "}"
	}
	return "[" + text + "]"
}

// anchor returns what stands before the content of n: "&name " or nothing.
func anchor(n *node) string {
	if n.anchor == "" {
		return ""
	}
	return "&" + n.anchor + " "
}

func spaces(n int) string { return strings.Repeat(" ", n) }
