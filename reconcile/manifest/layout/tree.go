package layout

import (
	"cmp"
	"fmt"

	"gopkg.in/yaml.v3"
)

// document is one document of a file. Its root is a mapping, or nil for an empty document.
type document struct {
	head []string // comments above the first key; "" is a blank line, here and in all such lists
	root *node
	// loose says that there is no document, only comments in a file without any.
	loose bool
}

type kind int

const (
	scalar kind = iota
	alias
	mapping
	sequence
)

// node is a value and how it is to be written.
type node struct {
	kind   kind
	text   string // of a scalar; name of an alias
	anchor string
	// str says that a scalar is text and not a number, a boolean, null or a date. Those are
	// written as they were.
	str    bool
	plain  bool // a scalar that had no quotes
	folded bool // a scalar that was a folded block
	flow   bool // a mapping or sequence that stood in brackets
	block  bool // never to be put in brackets
	spread bool // written over several lines
	quoted bool // always to be put in double quotes
	parts  []*entry
	foot   []string // comments behind the last part
	place
	owner *entry // whose value this is; nil for a root
}

// entry is one key of a mapping with its value, or one element of a sequence.
type entry struct {
	key   *node // nil in a sequence
	value *node
	head  []string
	line  string // comment behind it
	at    int    // offset of the key or the dash
	in    *node  // the collection that holds it
}

// builder makes one document's tree; its entries are kept in the order of the text.
type builder struct {
	*source
	entries []*entry
	anchors map[string]bool
	placed  []placement
}

// build returns the documents of s with their comments in place.
func build(s *source) ([]*document, error) {
	if len(s.docs) == 0 {
		return []*document{{head: s.looseComments(), loose: true}}, nil
	}
	docs := make([]*document, len(s.docs))
	for i := range s.docs {
		b := &builder{source: s, anchors: map[string]bool{}}
		root, err := b.root(s.docs[i])
		if err != nil {
			return nil, err
		}
		docs[i] = &document{root: root}
		b.attach(docs[i], s.spans[i])
	}
	return docs, nil
}

// looseComments returns the comments of a file that has no document.
func (s *source) looseComments() (lines []string) {
	for _, c := range s.comments {
		lines = append(s.withBlank(lines, c.off), c.text)
	}
	return lines
}

// withBlank appends a blank line to lines if one stands before off.
func (s *source) withBlank(lines []string, off int) []string {
	if s.blankBefore(off) {
		return append(lines, "")
	}
	return lines
}

func (b *builder) root(d *yaml.Node) (*node, error) {
	y := d.Content[0]
	if isEmpty(y) && y.Anchor == "" {
		return nil, nil
	}
	if y.Kind != yaml.MappingNode {
		return nil, &Error{b.pos(b.places[y].start), "the document is not a mapping of keys to values", "start it with \"kind:\""}
	}
	if y.Anchor != "" {
		return nil, &Error{b.pos(b.places[y].start), "an anchor on a whole document", "remove it"}
	}
	return b.node(y, nil)
}

func (b *builder) node(y *yaml.Node, owner *entry) (*node, error) {
	n := &node{
		text: y.Value, anchor: y.Anchor, place: b.places[y], owner: owner,
		str:    y.ShortTag() == "!!str",
		plain:  y.Style == 0,
		folded: y.Style&yaml.FoldedStyle != 0,
		flow:   y.Style&yaml.FlowStyle != 0,
	}
	if err := b.claim(n); err != nil {
		return nil, err
	}
	switch y.Kind {
	case yaml.AliasNode:
		n.kind = alias
	case yaml.MappingNode:
		n.kind = mapping
		return n, b.pairs(n, y.Content)
	case yaml.SequenceNode:
		n.kind = sequence
		return n, b.elements(n, y.Content)
	}
	return n, nil
}

// claim notes n's anchor. Were one name given twice, an alias could change its meaning when keys
// are put in order.
func (b *builder) claim(n *node) error {
	if n.anchor == "" {
		return nil
	}
	if b.anchors[n.anchor] {
		return &Error{b.pos(n.start), fmt.Sprintf("the anchor %q is given twice in one document", n.anchor), "rename one of them"}
	}
	b.anchors[n.anchor] = true
	return nil
}

func (b *builder) pairs(n *node, content []*yaml.Node) error {
	for i := 0; i < len(content); i += 2 {
		k := content[i]
		if k.Kind != yaml.ScalarNode || isEmpty(k) {
			return &Error{b.pos(b.places[k].start), "a key that is not a scalar", "use a plain name as the key"}
		}
		e := &entry{at: b.places[k].start, in: n}
		b.entries = append(b.entries, e)
		n.parts = append(n.parts, e)
		var err error
		if e.key, err = b.node(k, nil); err != nil {
			return err
		}
		if e.value, err = b.node(content[i+1], e); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) elements(n *node, content []*yaml.Node) error {
	for _, y := range content {
		e := &entry{at: b.places[y].start, in: n}
		if !n.flow {
			e.at = b.dash(e.at)
		}
		b.entries = append(b.entries, e)
		n.parts = append(n.parts, e)
		var err error
		if e.value, err = b.node(y, e); err != nil {
			return err
		}
	}
	return nil
}

// dash returns the offset of the dash before the element at off.
func (b *builder) dash(off int) int {
	for off > 0 {
		off--
		if c := b.bare[off]; c != ' ' && c != '\t' && c != '\n' {
			break
		}
	}
	return off
}

// checkAliases refuses an order of keys in which an alias comes before its anchor.
func (s *source) checkAliases(root *node) error {
	seen := map[string]bool{}
	var walk func(n *node) *node
	walk = func(n *node) *node {
		if n == nil || n.kind == alias && !seen[n.text] {
			return n
		}
		seen[n.anchor] = true
		for _, e := range n.parts {
			if early := cmp.Or(walk(e.key), walk(e.value)); early != nil {
				return early
			}
		}
		return nil
	}
	if early := walk(root); early != nil {
		return &Error{
			s.pos(early.start), fmt.Sprintf("the alias %q would come before its anchor once the keys are in order", early.text),
			"write the value out, or put the anchor where it is read first",
		}
	}
	return nil
}
