package layout

import "sort"

// Where a comment belongs. Entries and comments are merged by their place in the text; a comment
// then stands between the entry that began last before it and the one that begins next.
//
// Behind a value it belongs to the entry that began last, unless brackets have closed since: then
// to the entry that the brackets are the value of. On a line of its own it belongs to the next
// entry, unless its indentation says that it closes a deeper block. The writer puts comments where
// these rules find them again, which is why the layout is a fixed point.

// attach puts the comments and blank lines of span into d.
func (b *builder) attach(d *document, span span) {
	comments := b.within(span)
	var last *entry
	for i := 0; i <= len(b.entries); i++ {
		var next *entry
		end := span.to
		if i < len(b.entries) {
			next = b.entries[i]
			end = next.at
		}
		for len(comments) > 0 && comments[0].off < end {
			b.place(d, comments[0], last, next)
			comments = comments[1:]
		}
		if next != nil {
			lines := &next.head
			if last == nil {
				lines = &d.head
			}
			*lines = b.withBlank(*lines, next.at)
		}
		last = next
	}
}

// within returns the comments in span.
func (b *builder) within(span span) []comment {
	at := func(off int) int {
		return sort.Search(len(b.comments), func(i int) bool { return b.comments[i].off >= off })
	}
	return b.comments[at(span.from):at(span.to)]
}

func (b *builder) place(d *document, c comment, last, next *entry) {
	last = outOfBrackets(last, c.off)
	if !c.own && last != nil {
		last.addLine(c.text)
		b.note(c, last, false)
		return
	}
	lines := b.lines(d, c, last, next)
	b.note(c, taker(lines, last, next), lines == &d.head)
	*lines = append(b.withBlank(*lines, c.off), c.text)
}

// outOfBrackets returns e, or if brackets around e close before off the entry whose value they
// are; nil if that is the document's root.
func outOfBrackets(e *entry, off int) *entry {
	for up := e; up != nil; up = up.in.owner {
		if up.in.flow && up.in.end < off {
			e = up.in.owner
		}
	}
	return e
}

// addLine puts text behind e. Only one comment has room there; an earlier one moves above.
func (e *entry) addLine(text string) {
	e.lift()
	e.line = text
}

// lift moves the comment behind e above it.
func (e *entry) lift() {
	if e.line != "" {
		e.head, e.line = append(e.head, e.line), ""
	}
}

// lines returns the list that takes a comment on its own line.
func (b *builder) lines(d *document, c comment, last, next *entry) *[]string {
	switch {
	case last == nil && next != nil && next.in.owner == nil && next.in.parts[0] == next, d.root == nil, len(d.root.parts) == 0:
		return &d.head
	case last == nil:
		return &d.root.foot
	case last.value.startsAfter(c.off):
		last.lift()
		return &last.head
	case next != nil && next.in == last.value:
		return &next.head
	case last.value.flow && c.off < last.value.end: // empty brackets
		return &last.head
	}
	block := b.blockAt(c, last)
	if next != nil && block.holds(next) {
		return &next.head
	}
	return &block.foot
}

// startsAfter reports whether n is written on lines behind off, other than as a block of entries.
func (n *node) startsAfter(off int) bool {
	empty := n.kind == scalar && n.text == "" && n.plain
	return n.content > off && !empty && (n.kind == scalar || n.kind == alias || n.flow)
}

// blockAt returns the collection around last that c closes or continues by its indentation; inside
// brackets indentation says nothing, and it is the innermost that is open.
func (b *builder) blockAt(c comment, last *entry) *node {
	column := b.column(c.off)
	n := last.in
	for !n.flow && n.owner != nil && b.column(n.parts[0].at) > column {
		n = n.owner.in
	}
	return n
}

// holds reports whether e is an entry of n or of a collection below n.
func (n *node) holds(e *entry) bool {
	for up := e.in; up != nil; {
		if up == n {
			return true
		}
		if up.owner == nil {
			return false
		}
		up = up.owner.in
	}
	return false
}
