package manifest

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"gopkg.in/yaml.v3"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

// The last layer: meaning, as far as one document tells. The grammar of resource specifiers and
// the names of actions are the business of package lint.

// meaning checks the values of one document.
type meaning struct {
	out  *report
	text *text
}

// key checks a role's key. Where it is empty, of another type or missing the schema has spoken,
// except for the empty text.
func (m meaning) key(n *yaml.Node) {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		return
	}
	if !m.ascii(n, func(r rune) bool { return r < utf8.RuneSelf }) {
		return
	}
	if err := role.CheckKey(n.Value); err != nil {
		m.out.errorAt(m.text.posOf(n), m.text.span(n), "role/key", err.Error(), "")
	}
}

func (m meaning) keys(list *yaml.Node) {
	if list.Kind != yaml.SequenceNode {
		return
	}
	for _, n := range list.Content {
		m.key(resolve(n))
	}
}

// ascii reports whether every character is allowed, and points at the first that is not.
func (m meaning) ascii(n *yaml.Node, allowed func(rune) bool) bool {
	for i, r := range n.Value {
		if !allowed(r) {
			m.out.errorAt(m.text.runePos(n, i), 1, "role/ascii", fmt.Sprintf("%U (%q) in %q: keys, actions and resources are printable ASCII without spaces", r, r, n.Value),
				"look-alikes of ASCII characters are other characters to LaunchDarkly")
			return false
		}
	}
	return true
}

// graph is what actions and resources may consist of.
func graph(r rune) bool { return r > ' ' && r < 0x7f }

// name checks what people see: no blanks that cannot be seen, one way to write each character.
func (m meaning) name(n *yaml.Node) {
	m.normalised(n)
	if n.Kind != yaml.ScalarNode {
		return
	}
	if n.Value != strings.TrimSpace(n.Value) {
		m.out.errorAt(m.text.posOf(n), m.text.span(n), "role/name", fmt.Sprintf("name %q begins or ends with a space", n.Value), "remove the space")
		return
	}
	for i, r := range n.Value {
		if unicode.IsSpace(r) && r != ' ' {
			m.out.errorAt(m.text.runePos(n, i), 1, "role/name", fmt.Sprintf("name %q has a blank (%U) that is no plain space", n.Value, r), "write a space")
			return
		}
	}
}

// normalised refuses text that is not in Unicode's normal form C: it looks the same as another
// and is not equal to it.
func (m meaning) normalised(n *yaml.Node) {
	if n.Kind != yaml.ScalarNode {
		return
	}
	if i, err := norm.NFC.SpanString(n.Value, true); err != nil {
		r, _ := utf8.DecodeRuneInString(n.Value[i:])
		m.out.errorAt(m.text.runePos(n, i), 1, "bytes/character", fmt.Sprintf("the text is not in Unicode normal form C from %U on", r),
			"write the accented letter as one character")
	}
}

// elements checks a list of actions or resources.
func (m meaning) elements(list *yaml.Node) {
	if list.Kind != yaml.SequenceNode {
		return
	}
	for i, n := range list.Content {
		n = resolve(n)
		if n.Kind != yaml.ScalarNode {
			continue
		}
		m.ascii(n, graph)
		if first := sameBefore(list.Content, i); first != nil {
			f := m.out.add(diag.Warning, m.text.posOf(n), m.text.span(n), "role/duplicate-element", strconv.Quote(n.Value)+" is listed twice", "remove one")
			m.out.relate(f, m.text.posOf(first), "it is listed here already")
		}
	}
}

// sameBefore returns the element before i with the same text, or nil. Lists are short: at most a
// thousand elements, and the schema has refused longer ones.
func sameBefore(list []*yaml.Node, i int) *yaml.Node {
	if i > 1000 {
		return nil
	}
	for _, n := range list[:i] {
		if n = resolve(n); n.Kind == yaml.ScalarNode && n.Value == resolve(list[i]).Value {
			return n
		}
	}
	return nil
}

// statements checks a policy as a whole.
func (m meaning) statements(list *yaml.Node, policy []role.Statement, at []role.StatementSource) {
	if len(policy) == 0 {
		m.out.add(diag.Warning, m.text.posOf(list), 1, "role/empty-policy", "the policy is empty: the role grants nothing but its base permissions", "")
		return
	}
	if len(policy) == 1 {
		return
	}
	seen := make(map[string]int, len(policy))
	for i, s := range policy {
		key := fingerprint(s)
		first, twice := seen[key]
		if !twice {
			seen[key] = i
			continue
		}
		f := m.out.add(diag.Warning, at[i].Pos, 1, "role/duplicate-statement", fmt.Sprintf("statement %d says the same as statement %d", i+1, first+1), "remove one")
		m.out.relate(f, at[first].Pos, "the first one is here")
	}
}

// fingerprint is equal for statements that are equal but for order and repetition.
func fingerprint(s role.Statement) string {
	s = s.Normal()
	var b strings.Builder
	b.WriteString(string(s.Effect))
	for _, list := range [][]string{s.Actions, s.NotActions, s.Resources, s.NotResources} {
		b.WriteByte(0)
		for _, element := range list {
			b.WriteString(element)
			b.WriteByte(1)
		}
	}
	return b.String()
}
