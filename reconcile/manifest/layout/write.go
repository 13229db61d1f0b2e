package layout

import (
	"maps"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/role"
)

// roleNode returns r as a document's root.
func roleNode(r role.Role) *node {
	n := &node{kind: mapping}
	n.add("kind", text("Role"))
	n.add("key", text(r.Key))
	n.add("name", text(r.Name))
	n.addText("description", r.Description)
	n.addText("basePermissions", r.BasePermissions)
	n.addText("resourceCategory", r.ResourceCategory)
	policy := &node{kind: sequence}
	for _, s := range r.Policy {
		policy.parts = append(policy.parts, &entry{value: statementNode(s), in: policy})
	}
	n.add("policy", policy)
	return n
}

func statementNode(s role.Statement) *node {
	n := &node{kind: mapping}
	n.add("effect", text(string(s.Effect)))
	n.addList("actions", s.Actions)
	n.addList("notActions", s.NotActions)
	n.addList("resources", s.Resources)
	n.addList("notResources", s.NotResources)
	return n
}

// owner is the base role that no file gives.
const owner = "owner"

// teamNode returns t as a document's root.
func teamNode(t role.Team) *node {
	n := &node{kind: mapping}
	n.add("kind", text("Team"))
	n.add("key", text(t.Key))
	n.add("name", text(t.Name))
	n.addText("description", t.Description)
	n.addHeld(t.CustomRoles, t.RoleAttributes)
	return n
}

// memberNode returns m as a document's root.
func memberNode(m role.Member) *node {
	n := &node{kind: mapping}
	n.add("kind", text("Member"))
	n.add("email", text(m.Email))
	if m.Role != owner {
		n.addText("role", m.Role)
	}
	n.addHeld(m.CustomRoles, m.RoleAttributes)
	return n
}

// addHeld adds the roles of a holder and the values of its role attributes, sorted by name.
func (n *node) addHeld(roles []string, attributes role.Attributes) {
	n.add("customRoles", list(roles))
	values := &node{kind: mapping}
	attributes = attributes.Normal()
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		values.add(name, list(attributes[name]))
	}
	n.add("roleAttributes", values)
}

func text(s string) *node {
	return &node{kind: scalar, text: strings.ToValidUTF8(s, "\uFFFD"), str: true}
}

func (n *node) add(key string, value *node) {
	n.parts = append(n.parts, &entry{key: text(key), value: value, in: n})
}

func (n *node) addText(key, value string) {
	if value != "" {
		n.add(key, text(value))
	}
}

func (n *node) addList(key string, elements []string) {
	if len(elements) > 0 {
		n.add(key, list(elements))
	}
}

func list(elements []string) *node {
	l := &node{kind: sequence}
	for _, s := range elements {
		l.parts = append(l.parts, &entry{value: text(s), in: l})
	}
	return l
}
