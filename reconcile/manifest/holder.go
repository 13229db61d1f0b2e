package manifest

import (
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/rolewright/rolewright/reconcile/role"
)

// Documents of kind Team and Member: who roles are given to.

// The kinds of holder, as messages and notes call them.
const (
	team   = "team"
	member = "member"
)

// idKey is the key of the value that tells one holder from another.
var idKey = map[string]string{team: "key", member: "email"}

// Expired is an assignment whose last day has passed.
type Expired struct {
	Kind   string // "team" or "member"
	Holder string // its key, or its e-mail address
	File   string // slash-separated, relative to the workspace
	role.Assignment
}

// holding is a team or a member with what the checks across files need to point at it.
type holding struct {
	kind              string // team or member
	id                string // its key or e-mail address; "" if the document has none that can be used
	name, description *string
	role              *string
	create            bool
	customRoles       *[]role.Assignment
	attributes        *role.Attributes
	source            role.HolderSource
	expired           []role.Assignment
	text              *text
	length            int  // of the id in the file
	broken            bool // an error was found in the id
}

func (h holding) team() role.DesiredTeam {
	return role.DesiredTeam{
		Key: h.id, Name: h.name, Description: h.description, Create: h.create,
		CustomRoles: h.customRoles, RoleAttributes: h.attributes, Source: h.source,
	}
}

func (h holding) member() role.DesiredMember {
	return role.DesiredMember{Email: h.id, Role: h.role, CustomRoles: h.customRoles, RoleAttributes: h.attributes, Source: h.source}
}

func (h holding) place() place { return place{h.text, h.source.Key} }

// fold returns what holders are told apart by.
func (h holding) fold() string {
	if h.kind == member {
		return role.FoldEmail(h.id)
	}
	return h.id
}

// holding reads a document of kind Team or Member. Like role it takes what is there.
func (d *document) holding(kind, today string) holding {
	h := holding{kind: kind, text: d.text}
	h.source.File = d.text.name
	h.source.Pos = d.text.posOf(d.root)
	m := meaning{out: d.out, text: d.text}
	top := resolve(d.root)
	for i := 0; i+1 < len(top.Content); i += 2 {
		d.holdingField(&h, m, top.Content[i].Value, resolve(top.Content[i+1]))
	}
	if h.customRoles != nil {
		kept, expired := role.InForce(*h.customRoles, today)
		m.expiries(*h.customRoles, today)
		h.customRoles, h.expired = &kept, expired
	}
	m.saysSomething(h, top)
	return h
}

// holdingField reads one field of a team or a member.
func (d *document) holdingField(h *holding, m meaning, name string, value *yaml.Node) {
	s, at := scalarText(value), d.text.posOf(value)
	switch name {
	case idKey[h.kind]:
		h.id, h.source.Key, h.length = s, at, d.text.span(value)
		h.broken = !m.holderID(h.kind, value)
	case "name":
		h.name, h.source.Name = &s, at
		m.name(value)
	case "description":
		h.description = &s
		m.normalised(value)
	case "create":
		h.create = value.Tag == "!!bool" && strings.EqualFold(s, "true")
	case "role":
		h.role, h.source.Role = &s, at
	case "customRoles":
		h.customRoles = d.assignments(m, value)
	case "roleAttributes":
		h.attributes, h.source.Attributes = d.attributes(m, value)
	}
}

// assignments reads the roles that a holder is given; of a role that is listed twice the first.
func (d *document) assignments(m meaning, list *yaml.Node) *[]role.Assignment {
	if list.Kind != yaml.SequenceNode {
		return nil
	}
	given := []role.Assignment{}
	seen := make(map[string]role.Assignment, len(list.Content))
	for _, item := range list.Content {
		a, key := d.assignment(m, resolve(item))
		if key == nil || a.Role == "" {
			continue
		}
		if first, twice := seen[a.Role]; twice {
			m.givenTwice(key, a, first)
			continue
		}
		seen[a.Role] = a
		given = append(given, a)
	}
	return &given
}

// assignment reads an element of customRoles, and returns the node of the role's key.
func (d *document) assignment(m meaning, item *yaml.Node) (a role.Assignment, key *yaml.Node) {
	switch item.Kind {
	case yaml.ScalarNode:
		key = item
	case yaml.MappingNode:
		if _, key = pair(item, "role"); key != nil {
			key = resolve(key)
		}
		if _, day := pair(item, "expires"); day != nil {
			day = resolve(day)
			a.Expires, a.ExpiresPos = scalarText(day), d.text.posOf(day)
			m.date(day)
		}
	}
	if key != nil {
		a.Role, a.Pos = scalarText(key), d.text.posOf(key)
		m.assignedKey(key)
	}
	return a, key
}

// attributes reads role attributes and the places of their values.
func (d *document) attributes(m meaning, n *yaml.Node) (*role.Attributes, map[string][]role.Pos) {
	if n.Kind != yaml.MappingNode {
		return nil, nil
	}
	values, at, seen := role.Attributes{}, map[string][]role.Pos{}, map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		m.attributeName(key, seen)
		list := resolve(n.Content[i+1])
		values[key.Value], at[key.Value] = d.list(list)
		m.attributeValues(list)
	}
	return &values, at
}
