package layout

import (
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

func (n *node) addList(key string, list []string) {
	if len(list) == 0 {
		return
	}
	l := &node{kind: sequence}
	for _, s := range list {
		l.parts = append(l.parts, &entry{value: text(s), in: l})
	}
	n.add(key, l)
}
