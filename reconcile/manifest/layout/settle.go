package layout

import "unicode/utf8"

// step is how many columns a level is indented.
const step = 2

// settle decides which collections of d are spread over lines, and which lines stand above what.
func (d *document) settle() {
	if d.root == nil {
		d.head = trimEnd(tidy(d.head))
		return
	}
	d.root.settle(0)
	if len(d.root.parts) > 0 {
		first := d.root.parts[0]
		d.head = append(d.head, first.head...)
		first.head = nil
	}
	d.head = tidy(d.head)
}

// settle does the same below n, whose entries stand at column.
func (n *node) settle(column int) {
	for i, e := range n.parts {
		if n.kind == sequence && len(e.value.parts) > 0 && hasComment(e.value.parts[0].head) {
			e.hoist() // before it is seen whether the value fits, as it will be when this is read again
		}
		e.value.spread = !e.value.fits(e.room(column))
		if e.value.spread {
			e.value.settle(column + step)
			if n.kind == sequence {
				e.hoist()
			}
		}
		e.head = squeeze(e.head)
		if i == 0 && n.owner != nil {
			e.head = trimStart(e.head)
		}
	}
	n.foot = squeeze(n.foot)
}

// hoist moves above the dash what would stand between it and the collection behind it.
func (e *entry) hoist() {
	e.lift()
	first := e.value.parts[0]
	e.head = append(e.head, first.head...)
	first.head = nil
}

// room returns how many columns an entry's line, indented by column, leaves for the value.
func (e *entry) room(column int) int {
	return Width - column - utf8.RuneCountInString(e.start()) - 1
}

// fits reports whether n stands on one line where room columns are left. Scalars and empty
// collections always do.
func (n *node) fits(room int) bool {
	if n.parts == nil {
		return true
	}
	return n.compact() && utf8.RuneCountInString(n.oneLine(false)) <= room
}

// compact reports whether n may stand on one line: no comments inside, no list of anything but
// scalars, and no mapping that its author spread out.
func (n *node) compact() bool {
	if n.parts == nil {
		return true
	}
	if n.block || n.kind == mapping && !n.flow || len(n.foot) > 0 {
		return false
	}
	for _, e := range n.parts {
		if n.kind == sequence && (e.value.kind == mapping || e.value.kind == sequence) {
			return false
		}
		if e.line != "" || hasComment(e.head) || !e.value.compact() {
			return false
		}
	}
	return true
}

func hasComment(lines []string) bool {
	for _, line := range lines {
		if line != "" {
			return true
		}
	}
	return false
}

// tidy removes blank lines at the start and all but one of several.
func tidy(lines []string) []string { return trimStart(squeeze(lines)) }

func squeeze(lines []string) (kept []string) {
	for i, line := range lines {
		if line != "" || i == 0 || lines[i-1] != "" {
			kept = append(kept, line)
		}
	}
	return kept
}

func trimStart(lines []string) []string {
	for len(lines) > 0 && lines[0] == "" {
		lines = lines[1:]
	}
	return lines
}

func trimEnd(lines []string) []string {
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}
