package layout

import "github.com/rolewright/rolewright/reconcile/role"

// Comment is one comment of a file, and the part of the file that it is about: one behind a value
// is about the key or element that it stands behind, one on a line of its own about the key,
// element or document that follows it.
type Comment struct {
	role.Pos        // of its "#"
	Text     string // from "#" on, without trailing blanks
	Own      bool   // it has a line of its own
	// From is where that part begins and To where the next one does; both are zero for a comment
	// that nothing follows in its block.
	From, To role.Pos
}

// Comments returns the comments of src, in their order. Its error is that of [Format] where src
// cannot be read, or is written in a way that keeps comments from being told apart from text.
func Comments(src []byte) ([]Comment, error) {
	s, err := parse(src)
	if err != nil {
		return nil, err
	}
	if len(s.docs) == 0 {
		return s.aboutNothing(), nil
	}
	var list []Comment
	for i, doc := range s.docs {
		b := &builder{source: s, anchors: map[string]bool{}}
		root, err := b.root(doc)
		if err != nil {
			return nil, err
		}
		d := &document{root: root}
		b.attach(d, s.spans[i])
		list = append(list, b.told(d, s.spans[i])...)
	}
	return list, nil
}

// aboutNothing returns the comments of a file without a document.
func (s *source) aboutNothing() (list []Comment) {
	for _, c := range s.comments {
		list = append(list, Comment{Pos: s.pos(c.off), Text: c.text, Own: c.own})
	}
	return list
}

// told returns the comments of a document that have been placed.
func (b *builder) told(d *document, whole span) []Comment {
	ends := b.ends(whole.to)
	list := make([]Comment, 0, len(b.placed))
	for _, p := range b.placed {
		c := Comment{Pos: b.pos(p.off), Text: p.text, Own: p.own}
		switch {
		case p.about != nil:
			c.From, c.To = b.pos(p.about.at), b.pos(ends[p.about])
		case p.atHead && d.root != nil:
			c.From, c.To = b.pos(b.first(whole)), b.pos(whole.to)
		}
		list = append(list, c)
	}
	return list
}

// first returns where a document's text begins.
func (b *builder) first(whole span) int {
	if len(b.entries) == 0 {
		return whole.from
	}
	return b.entries[0].at
}

// ends returns where what follows each entry begins: the first entry behind it that is not a part
// of it, or the end of the document.
func (b *builder) ends(last int) map[*entry]int {
	ends := make(map[*entry]int, len(b.entries))
	var open []*entry
	for _, e := range b.entries {
		for len(open) > 0 && !e.below(open[len(open)-1]) {
			ends[open[len(open)-1]] = e.at
			open = open[:len(open)-1]
		}
		open = append(open, e)
	}
	for _, e := range open {
		ends[e] = last
	}
	return ends
}

// below reports whether e stands directly in the value of up: what is open is a chain of such.
func (e *entry) below(up *entry) bool { return e.in.owner == up }

// placement is a comment and what it was found to be about: an entry, the document, or nothing.
type placement struct {
	comment
	about  *entry
	atHead bool
}

// note keeps what a comment is about.
func (b *builder) note(c comment, about *entry, atHead bool) {
	b.placed = append(b.placed, placement{comment: c, about: about, atHead: atHead})
}

// taker returns which of the two entries around a comment has the list that took it; nil for none.
func taker(lines *[]string, last, next *entry) *entry {
	switch {
	case next != nil && lines == &next.head:
		return next
	case last != nil && lines == &last.head:
		return last
	}
	return nil
}
