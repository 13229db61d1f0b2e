package manifest

import (
	"gopkg.in/yaml.v3"

	"github.com/rolewright/rolewright/reconcile/role"
)

// declaration is a role with what the checks across files need to point at it.
type declaration struct {
	role.Desired
	text                *text
	keyLength, nameSpan int
	outOfOrder          bool // the document has no usable key
}

// role reads a document of kind Role. It takes what is there and leaves out what is not: the
// layers before have said what is wrong, and more can be said about the rest.
func (d *document) role() declaration {
	top := resolve(d.root)
	out := declaration{text: d.text}
	out.Source.File = d.text.name
	out.Source.Pos = d.text.posOf(d.root)
	m := meaning{out: d.out, text: d.text}
	for i := 0; i+1 < len(top.Content); i += 2 {
		d.field(&out, m, top.Content[i].Value, resolve(top.Content[i+1]))
	}
	out.outOfOrder = out.Key == ""
	if out.Policy == nil {
		out.Policy = []role.Statement{}
	}
	return out
}

// field reads one field of a role.
func (d *document) field(out *declaration, m meaning, name string, value *yaml.Node) {
	s, at := scalarText(value), d.text.posOf(value)
	src := &out.Source
	switch name {
	case "key":
		out.Key, src.Key, out.keyLength = s, at, d.text.span(value)
		m.key(value)
	case "name":
		out.Name, src.Name, out.nameSpan = s, at, d.text.span(value)
		m.name(value)
	case "description":
		out.Description = s
		m.normalised(value)
	case "basePermissions":
		out.BasePermissions, src.BasePermissions = s, at
	case "resourceCategory":
		out.ResourceCategory, src.ResourceCategory = s, at
	case "state":
		out.Absent = s == "absent"
	case "protected":
		out.Protected = value.Tag == "!!bool" && s != "" && (s[0] == 't' || s[0] == 'T')
	case "previously":
		out.Previously, src.Previously = d.list(value)
		m.keys(value)
	case "policy":
		d.policy(out, m, value)
	}
}

// policy reads the statements.
func (d *document) policy(out *declaration, m meaning, value *yaml.Node) {
	if value.Kind != yaml.SequenceNode {
		return
	}
	for _, element := range value.Content {
		s, at := d.statement(m, resolve(element))
		at.Pos = d.text.elementPos(value, element)
		out.Policy = append(out.Policy, s)
		out.Source.Policy = append(out.Source.Policy, at)
	}
	m.statements(value, out.Policy, out.Source.Policy)
}

func (d *document) statement(m meaning, n *yaml.Node) (s role.Statement, at role.StatementSource) {
	if n.Kind != yaml.MappingNode {
		return s, at
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		value := resolve(n.Content[i+1])
		switch n.Content[i].Value {
		case "effect":
			s.Effect = role.Effect(scalarText(value))
			continue
		case "actions":
			s.Actions, at.Actions = d.list(value)
		case "notActions":
			s.NotActions, at.NotActions = d.list(value)
		case "resources":
			s.Resources, at.Resources = d.list(value)
		case "notResources":
			s.NotResources, at.NotResources = d.list(value)
		default:
			continue
		}
		m.elements(value)
	}
	return s, at
}

// list reads a list of texts and their places; what is no text is left out.
func (d *document) list(n *yaml.Node) (values []string, at []role.Pos) {
	if n.Kind != yaml.SequenceNode {
		return nil, nil
	}
	values, at = make([]string, 0, len(n.Content)), make([]role.Pos, 0, len(n.Content))
	for _, element := range n.Content {
		element = resolve(element)
		if s := scalarText(element); s != "" {
			values, at = append(values, s), append(at, d.text.posOf(element))
		}
	}
	return values, at
}

// scalarText returns the text of a scalar; "" for what is none.
func scalarText(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return ""
	}
	return n.Value
}
