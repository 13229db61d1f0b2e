package manifest

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

// The second layer: nodes. yaml.v3 knows more YAML than anybody should have to read in a policy,
// and its nodes pass on what a decoder would refuse (duplicate keys, alias bombs). The walker
// refuses what hides something, and turns the rest into the plain values that the schema judges.

// Limits of one file; the nodes that aliases stand for count in a document.
const (
	maxNodes    = 50_000
	maxExpanded = 10_000
	maxScalar   = 8 << 10 // bytes
)

// document is one YAML document of a file.
type document struct {
	text *text
	out  *report
	root *yaml.Node
	// value is the root as plain values: map[string]any, []any, string, bool, int, float64, nil.
	value any
	// broken holds the mappings that lost a key to a finding: what they miss is no second mistake.
	broken map[*yaml.Node]bool
	// unsound marks a document that must not be looked at further: it is too large, too deep, or
	// its aliases stand for too much.
	unsound bool
}

// walker walks the nodes of one file.
type walker struct {
	text   *text
	out    *report
	nodes  int  // of the file so far
	over   bool // too many: the rest of the file is not read
	broken map[*yaml.Node]bool

	// Of the document at hand:
	anchors  map[string]*anchor
	expanded int
	unsound  bool // some alias stands for nothing that can be used
	// keyed is the value that is walked, or has been last, of those under a key.
	keyed *yaml.Node
	under string
}

// anchor is a node that aliases may stand for.
type anchor struct {
	node *yaml.Node
	// value and size are set once the node is walked; an alias met before that is inside it.
	done  bool
	value any
	size  int
}

func newWalker(t *text, r *report) *walker {
	return &walker{text: t, out: r, broken: map[*yaml.Node]bool{}}
}

// document walks one document.
func (w *walker) document(node *yaml.Node) *document {
	w.anchors, w.expanded, w.unsound = nil, 0, false
	root := node.Content[0]
	d := &document{text: w.text, out: w.out, root: root, broken: w.broken}
	if isEmpty(root) && root.Anchor == "" && !w.text.bangAt(root) {
		w.out.errorAt(role.Pos{Line: node.Line, Column: node.Column}, 1, "yaml/empty-document", "an empty document", "remove the \"---\" or write a role under it")
		d.unsound = true
		w.count(root)
		return d
	}
	d.value = w.value(root, 1)
	d.unsound = w.over || w.unsound || w.expanded > maxExpanded
	return d
}

// isEmpty reports whether a node stands for nothing written.
func isEmpty(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Value == "" && n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
}

// count counts a node and reports whether there are too many.
func (w *walker) count(n *yaml.Node) bool {
	w.nodes++
	if w.nodes > maxNodes && !w.over {
		w.over = true
		w.out.errorAt(w.text.posOf(n), 1, "yaml/nodes", fmt.Sprintf("the file has more than %d nodes", maxNodes), "split it into several files")
	}
	return w.over
}

// value checks a node and all below it and returns it as a plain value.
func (w *walker) value(n *yaml.Node, depth int) any {
	if w.count(n) {
		return nil
	}
	if depth > maxDepth {
		w.out.errorAt(w.text.posOf(n), 1, "yaml/depth", fmt.Sprintf("nodes are nested more than %d deep", maxDepth), "")
		w.over = true
		return nil
	}
	if n.Kind == yaml.AliasNode {
		return w.alias(n)
	}
	a, before := w.anchor(n), w.nodes+w.expanded
	w.tag(n)
	var v any
	switch n.Kind {
	case yaml.MappingNode:
		v = w.mapping(n, depth)
	case yaml.SequenceNode:
		v = w.sequence(n, depth)
	default:
		v = w.scalar(n)
	}
	if a != nil {
		a.done, a.value, a.size = true, v, w.nodes+w.expanded-before+1
	}
	return v
}

func (w *walker) sequence(n *yaml.Node, depth int) any {
	list := make([]any, len(n.Content))
	for i, child := range n.Content {
		list[i] = w.value(child, depth+1)
	}
	return list
}

func (w *walker) mapping(n *yaml.Node, depth int) any {
	m := make(map[string]any, len(n.Content)/2)
	if w.template(n) {
		return m
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		ok := w.key(n, key)
		w.under, w.keyed = key.Value, value
		v := w.value(value, depth+1)
		if !ok {
			w.broken[n] = true
			continue
		}
		if _, duplicate := m[key.Value]; duplicate {
			w.duplicate(n, key)
			continue
		}
		m[key.Value] = v
	}
	return m
}

// duplicate reports a key that the mapping has had before.
func (w *walker) duplicate(n, key *yaml.Node) {
	if w.out.full() {
		return
	}
	f := w.out.errorAt(w.text.posOf(key), w.text.span(key), "yaml/duplicate-key", "duplicate key "+strconv.Quote(key.Value), "keep one of the two")
	for i := 0; i < len(n.Content); i += 2 {
		if first := n.Content[i]; first.Value == key.Value && first != key {
			w.out.relate(f, w.text.posOf(first), "the key is here already")
			return
		}
	}
}

// template recognises the braces of a template language, which YAML reads as a mapping that is
// the key of a mapping.
func (w *walker) template(n *yaml.Node) bool {
	if n.Style&yaml.FlowStyle == 0 || len(n.Content) != 2 || n.Content[0].Kind != yaml.MappingNode {
		return false
	}
	w.out.errorAt(w.text.posOf(n), 2, "yaml/template", "template braces: a file is read as it is, nothing is filled in", "write the value")
	return true
}

// key checks the key of a mapping and reports whether it can be used.
func (w *walker) key(mapping, key *yaml.Node) bool {
	if w.count(key) {
		return false
	}
	p := role.Pos{Line: key.Line, Column: key.Column}
	if mark := (role.Pos{Line: key.Line, Column: mapping.Column}); mark.Column < p.Column && w.text.at(mark, '?') {
		p = mark
	}
	refuse := func(code, message, hint string) bool {
		w.out.errorAt(p, w.text.span(key), code, message, hint)
		return false
	}
	plain := key.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) == 0
	switch {
	case key.Kind == yaml.AliasNode || key.Anchor != "":
		return refuse("yaml/key", "an anchor or alias as a key", "write the key itself")
	case key.Style&yaml.TaggedStyle != 0 || w.text.bangAt(key):
		return refuse("yaml/tag", "a tag on a key", "remove the tag")
	case key.Kind != yaml.ScalarNode:
		return refuse("yaml/key", "a key that is not text", "write a name")
	case key.Tag == "!!merge":
		return refuse("yaml/merge", "a merge key (<<) brings in what the reader does not see", "write the keys out")
	case plain && key.Tag != "!!str" || plain && misread(key.Value) != "":
		return refuse("yaml/key", "key "+strconv.Quote(key.Value)+" is not text for every reader of YAML", "write one of the known keys")
	case len(key.Value) > maxScalar:
		return refuse("yaml/scalar-size", fmt.Sprintf("a key longer than %d bytes", maxScalar), "")
	}
	w.escapes(key)
	return true
}

// tag refuses tags: they change what a value is, or hide it (!!binary).
func (w *walker) tag(n *yaml.Node) {
	if n.Style&yaml.TaggedStyle == 0 && !w.text.bangAt(n) {
		return
	}
	p := role.Pos{Line: n.Line, Column: n.Column}
	w.out.errorAt(p, max(1, utf8.RuneCountInString(n.Tag)), "yaml/tag", "a tag ("+strconv.Quote(n.Tag)+")", "remove it, and quote the value if it is text")
}

// bangAt reports whether a node begins with "!": yaml.v3 does not tell of a tag without a name.
func (t *text) bangAt(n *yaml.Node) bool {
	return t.bang && t.at(t.posOf(n), '!')
}

// anchor notes a node's anchor.
func (w *walker) anchor(n *yaml.Node) *anchor {
	if n.Anchor == "" {
		return nil
	}
	if w.anchors == nil {
		w.anchors = map[string]*anchor{}
	}
	p := role.Pos{Line: n.Line, Column: n.Column}
	if first := w.anchors[n.Anchor]; first != nil {
		f := w.out.errorAt(p, 1+len(n.Anchor), "yaml/alias", "anchor "+strconv.Quote("&"+n.Anchor)+" is set a second time", "give it another name")
		w.out.relate(f, role.Pos{Line: first.node.Line, Column: first.node.Column}, "it is set here already")
	}
	a := &anchor{node: n}
	w.anchors[n.Anchor] = a
	return a
}

// alias returns what an alias stands for. The value is shared and never changed.
func (w *walker) alias(n *yaml.Node) any {
	p := role.Pos{Line: n.Line, Column: n.Column}
	a := w.anchors[n.Value]
	switch {
	case a == nil || a.node != n.Alias:
		w.unsound = true
		w.out.errorAt(p, 1+len(n.Value), "yaml/alias", "alias "+strconv.Quote("*"+n.Value)+" stands for a node of another document", "repeat the value here")
		return nil
	case !a.done:
		w.unsound = true
		f := w.out.errorAt(role.Pos{Line: a.node.Line, Column: a.node.Column}, 1+len(n.Value), "yaml/alias", "anchor "+strconv.Quote("&"+n.Value)+" holds itself", "write the value out")
		w.out.relate(f, p, "the alias is here")
		return nil
	}
	w.expanded += a.size
	if w.expanded > maxExpanded {
		if w.expanded-a.size <= maxExpanded { // the first that is too much
			w.out.errorAt(p, 1+len(n.Value), "yaml/alias", fmt.Sprintf("aliases stand for more than %d nodes", maxExpanded), "write the values out")
		}
		return nil
	}
	return a.value
}

// scalar checks a scalar and returns it as text, number, boolean or nil.
func (w *walker) scalar(n *yaml.Node) any {
	if len(n.Value) > maxScalar {
		w.out.errorAt(w.text.posOf(n), 1, "yaml/scalar-size", fmt.Sprintf("a value of %d bytes, at most %d are allowed", len(n.Value), maxScalar), "shorten it")
		return ""
	}
	w.escapes(n)
	if n.Style != 0 { // quoted, a block, or with a tag that is refused
		return n.Value
	}
	return w.plain(n)
}

// dayKeys are the keys under which a date needs no quotes; misspelt they are one mistake and not two.
var dayKeys = []string{"expires", "until"}

// plainTags are the tags that a plain scalar may have, apart from text.
var plainTags = []string{"!!bool", "!!int", "!!float", "!!null"}

// plain resolves a scalar without quotes.
func (w *walker) plain(n *yaml.Node) any {
	what := misread(n.Value)
	if n.Tag != "!!str" && !slices.Contains(plainTags, n.Tag) && n.Tag != "!!merge" && what == "" {
		what = "another type"
	}
	if what == asTime && n == w.keyed && diag.Nearest(w.under, dayKeys) != "" {
		return n.Value
	}
	if what != "" {
		w.out.errorAt(w.text.posOf(n), w.text.span(n), "schema/type",
			fmt.Sprintf("%q without quotes reads as %s, or as text, depending on the reader", n.Value, what), "quote it: "+strconv.Quote(n.Value)+instead[what])
		return n.Value
	}
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		return n.Value == "true" || n.Value == "True" || n.Value == "TRUE"
	case "!!int", "!!float":
		return number(n.Value)
	}
	return n.Value
}

// number returns a number of JSON's form as int or float64.
func number(s string) any {
	if i, err := strconv.Atoi(s); err == nil {
		return i
	}
	f, _ := strconv.ParseFloat(s, 64) // misread has refused what does not parse or is infinite
	return f
}
