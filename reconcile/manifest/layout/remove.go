package layout

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/rolewright/rolewright/reconcile/role"
)

// Taking one element out of a list, and leaving every other byte of the file as it is. What goes
// with the element are the comments about it and about what it holds: those behind it, and those on
// lines of their own directly above it. A comment further up, beyond a blank line, stays: it may
// be the heading of what follows.

// Remove returns src without one element of a list. document is where the first key of the document
// stands, pointer the JSON pointer to the element in it, as "/policy/2" or "/policy/2/resources/0".
// The result is proved to be what it should be, as that of [Format] is.
//
// The error is an [*Error] where the element is not there, is brought in by an alias, has no line or
// brackets that it could be cut out of, or where a comment would go that is about something else.
func Remove(src []byte, document role.Pos, pointer string) ([]byte, error) {
	s, err := parse(src)
	if err != nil {
		return nil, err
	}
	i, b, d, err := s.documentAt(document)
	if err != nil {
		return nil, err
	}
	e, err := b.element(d.root, pointer)
	if err != nil {
		return nil, err
	}
	c := &cut{builder: b, entry: e, whole: s.spans[i], ends: b.ends(s.spans[i].to)}
	if err := c.find(); err != nil {
		return nil, err
	}
	out := s.splice(src, c.from, c.to, c.instead)
	return out, c.prove(s, i, pointer, out)
}

// documentAt returns the document whose first key stands at a place.
func (s *source) documentAt(at role.Pos) (int, *builder, *document, error) {
	for i, doc := range s.docs {
		b := &builder{source: s, anchors: map[string]bool{}}
		root, err := b.root(doc)
		if err != nil {
			return 0, nil, nil, err
		}
		d := &document{root: root}
		b.attach(d, s.spans[i])
		if root != nil && b.pos(root.content) == at {
			return i, b, d, nil
		}
	}
	return 0, nil, nil, &Error{at, "no document begins here", "run the command again: the file may have changed"}
}

// element returns the element of a list that a pointer leads to.
func (b *builder) element(root *node, pointer string) (*entry, error) {
	n, e := root, (*entry)(nil)
	for token := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if n == nil || n.kind != mapping && n.kind != sequence || n.anchor != "" {
			return nil, b.notThere(e, pointer)
		}
		i := slices.IndexFunc(n.parts, func(e *entry) bool { return e.key != nil && e.key.text == token })
		if number, err := strconv.Atoi(token); err == nil && n.kind == sequence {
			i = number
		}
		if i < 0 || i >= len(n.parts) {
			return nil, b.notThere(e, pointer)
		}
		e = n.parts[i]
		n = e.value
	}
	if e == nil || e.in.kind != sequence {
		return nil, b.notThere(e, pointer)
	}
	return e, nil
}

// notThere is the error of a pointer that cannot be followed beyond e.
func (b *builder) notThere(e *entry, pointer string) error {
	var at role.Pos
	if e != nil {
		at = b.pos(e.at)
	}
	return &Error{at, fmt.Sprintf("%s is no element of a list that is written here alone", pointer), "change the file by hand"}
}

// cut is what goes with an element: the text from one offset to another.
type cut struct {
	*builder
	entry    *entry
	whole    span
	ends     map[*entry]int
	from, to int
	instead  string
}

// find sets what goes.
func (c *cut) find() error {
	c.from = c.head()
	switch {
	case len(c.entry.in.parts) == 1:
		return c.only()
	case c.entry.in.flow:
		c.inBrackets()
	case !c.opensLine(c.entry.at):
		return &Error{c.pos(c.entry.at), "the element shares its line with another", "give it a line of its own"}
	default:
		c.lines(c.after())
	}
	return nil
}

// head returns where the comments on lines directly above the element begin, or the element.
func (c *cut) head() int {
	at := c.entry.at
	for i := len(c.placed) - 1; i >= 0; i-- {
		p := c.placed[i]
		if p.own && p.about == c.entry && p.off < at && c.opensLine(at) && c.line(p.off) == c.line(at)-1 {
			at = p.off
		}
	}
	return at
}

// after returns where what follows the element begins: an entry, or a comment that is not about it.
func (c *cut) after() int {
	end := c.ends[c.entry]
	for _, p := range c.placed {
		if p.own && p.off > c.entry.at && p.off < end && !c.about(p) {
			return p.off
		}
	}
	return end
}

// about reports whether a comment is about the element or something in it. One about nothing is
// if it stands inside brackets of the element or is indented further.
func (c *cut) about(p placement) bool {
	if p.about == nil {
		return !p.atHead && p.off > c.entry.at && p.off < c.ends[c.entry] &&
			(c.column(p.off) > c.column(c.entry.at) && !c.entry.in.flow || c.within(c.entry.value, p.off))
	}
	for e := p.about; e != nil; e = e.in.owner {
		if e == c.entry {
			return true
		}
	}
	return false
}

// within reports whether an offset is inside the brackets of a node or of one below it.
func (c *cut) within(n *node, off int) bool {
	if n.flow && n.content < off && off < n.end {
		return true
	}
	return slices.ContainsFunc(n.parts, func(e *entry) bool { return c.within(e.value, off) })
}

// lines cuts whole lines, up to that of what follows. Of the blank lines around them the ones above
// stay, or if there are none, and the element is not the first, those below.
func (c *cut) lines(next int) {
	c.from, c.to = c.lineStart(c.from), c.lineStart(next)
	if c.entry.in.parts[0] == c.entry || c.blank(c.line(c.from)-1) {
		last := c.entry.in.parts[len(c.entry.in.parts)-1] == c.entry
		if !last || c.blank(c.line(c.from)-1) {
			return
		}
	}
	n := len(c.source.lines)
	if c.to < len(c.text) {
		n = c.line(c.to)
	}
	for ; c.to > c.from && c.blank(n-1); n-- {
		c.to = c.source.lines[n-1]
	}
}

// lineStart returns where the line of an offset begins. Behind the last line that is the end.
func (c *cut) lineStart(off int) int {
	if off >= len(c.text) && bytes.HasSuffix(c.text, []byte("\n")) {
		return len(c.text)
	}
	if off >= len(c.text) {
		return off
	}
	return c.source.lines[c.line(off)]
}

// blank reports whether line n, from 0, holds nothing.
func (c *cut) blank(n int) bool {
	if n < 0 || n >= len(c.source.lines) {
		return false
	}
	from := c.source.lines[n]
	return len(bytes.Trim(c.text[from:c.lineEnd(from)], " \t")) == 0
}

// inBrackets cuts an element out of a list in brackets, with the comma that it needs no more.
func (c *cut) inBrackets() {
	list := c.entry.in
	i := slices.Index(list.parts, c.entry)
	if i < len(list.parts)-1 {
		c.to = c.after()
		return
	}
	c.to = c.entry.at + len(bytes.TrimRight(c.bare[c.entry.at:list.end], " \t\n"))
	for _, p := range c.placed {
		if p.off > c.entry.at && p.off < list.end && c.about(p) {
			c.to = max(c.to, p.off+len(p.text))
		}
	}
	comma := bytes.LastIndexByte(c.bare[:c.entry.at], ',')
	foreign := slices.ContainsFunc(c.placed, func(p placement) bool { return p.off > comma && p.off < c.from })
	switch {
	case !foreign:
		c.from = comma
	case c.opensLine(c.from) && c.lineEnd(c.to) == c.to:
		c.from, c.to = c.lineStart(c.from), min(c.to+1, len(c.text))
	}
}

// only empties the list of which the element is the only one.
func (c *cut) only() error {
	list := c.entry.in
	if list.flow {
		c.from, c.to = list.content+1, list.end
		return nil
	}
	owner := list.owner
	if owner == nil || owner.key == nil || !owner.key.plain || list.anchor != "" {
		return &Error{c.pos(c.entry.at), "the list would be empty", "change the file by hand"}
	}
	colon := owner.key.content + len(owner.key.text)
	next := c.after()
	if colon >= len(c.text) || c.text[colon] != ':' || !c.opensLine(c.entry.at) {
		return &Error{c.pos(c.entry.at), "the list would be empty", "change the file by hand"}
	}
	c.lines(next)
	kept := string(c.text[colon+1 : c.from])
	c.from, c.instead = colon+1, " []"+kept
	return nil
}

// splice returns src with the text between two offsets of the parsed text replaced: that text has LF
// line ends and no byte-order mark, and src keeps what it has.
func (s *source) splice(src []byte, from, to int, instead string) []byte {
	mark := len(src) - len(bytes.TrimPrefix(src, utf8BOM))
	offset := func(off int) int {
		at := mark
		for n := 0; n < off; n++ {
			if src[at] == '\r' {
				at++
			}
			at++
		}
		return at
	}
	if bytes.Contains(src, []byte("\r\n")) {
		instead = strings.ReplaceAll(instead, "\n", "\r\n")
	}
	return slices.Concat(src[:offset(from)], []byte(instead), src[offset(to):])
}

// prove reads out and returns an error unless it says what before said but for the element, and has
// every comment that is not about it.
func (c *cut) prove(before *source, i int, pointer string, out []byte) error {
	after, err := parse(out)
	if err != nil {
		return fmt.Errorf("layout: without the element the file does not read back: %w", err)
	}
	if _, err := build(after); err != nil {
		return err
	}
	want := slices.Clone(before.docs)
	want[i] = without(before.docs[i], pointer)
	for n := range want {
		if n >= len(after.docs) || differs(want[n], after.docs[n]) != nil {
			return &Error{c.pos(c.entry.at), "something else would change with the element", "change the file by hand, and please report this"}
		}
	}
	return c.proveComments(after)
}

// proveComments compares the comments that are left with those that should be.
func (c *cut) proveComments(after *source) error {
	var want []string
	for _, all := range c.source.comments {
		if all.off < c.from || all.off >= c.to {
			want = append(want, all.text)
			continue
		}
		if i := slices.IndexFunc(c.placed, func(p placement) bool { return p.off == all.off }); !strings.Contains(c.instead, all.text) && (i < 0 || !c.about(c.placed[i])) {
			return &Error{c.pos(all.off), "a comment that is not about the element would go with it", "change the file by hand"}
		}
		if strings.Contains(c.instead, all.text) {
			want = append(want, all.text)
		}
	}
	slices.Sort(want)
	if !slices.Equal(want, texts(after.comments)) {
		return &Error{c.pos(c.entry.at), "a comment would change", "change the file by hand, and please report this"}
	}
	return nil
}

// without returns a copy of a document without the element at a pointer that can be followed.
func without(d *yaml.Node, pointer string) *yaml.Node {
	first, rest, deeper := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
	copied := *d
	copied.Content = slices.Clone(d.Content)
	switch {
	case d.Kind == yaml.DocumentNode:
		copied.Content[0] = without(d.Content[0], pointer)
	case d.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(d.Content); i += 2 {
			if d.Content[i].Value == first {
				copied.Content[i+1] = without(d.Content[i+1], rest)
				break
			}
		}
	default:
		n, _ := strconv.Atoi(first)
		if deeper {
			copied.Content[n] = without(d.Content[n], rest)
		} else {
			copied.Content = slices.Delete(copied.Content, n, n+1)
		}
	}
	return &copied
}
