package layout

import (
	"cmp"
	"slices"
)

// The fixed orders of keys. Keys that are not named follow in the order in which they were
// written.
var (
	roleKeys = []string{
		"kind", "key", "name", "description", "basePermissions", "resourceCategory", "state",
		"previously", "protected", "policy",
	}
	statementKeys = []string{"effect", "actions", "notActions", "resources", "notResources"}
	teamKeys      = []string{"kind", "key", "name", "description", "create", "customRoles", "roleAttributes"}
	memberKeys    = []string{"kind", "email", "role", "customRoles", "roleAttributes"}
	assignedKeys  = []string{"role", "expires"}
	testKeys      = []string{
		"kind", "name", "because", "as", "can", "canSome", "cannot", "within", "equals", "nobody", "somebody", "atLeast",
		"noOneBoth", "resources", "noEscalation", "except", "changes",
	}
	subjectKeys = []string{"role", "member", "team", "roleAttributes"}
	exceptKeys  = []string{"roles", "teams", "members"}
	gateKeys    = []string{"when", "require"}
	otherKeys   = []string{"kind"}
)

// config is rolewright.yaml: an order of keys, and the same below them; "*" is any other
// key, "-" any element of a list.
var config = &order{
	keys: []string{"version", "targets", "defaultTarget", "manage", "guards", "lint"},
	below: map[string]*order{
		"targets": {below: map[string]*order{"*": {keys: []string{"emulator", "host"}}}},
		"manage": {
			keys:  []string{"roles", "teams", "members"},
			below: map[string]*order{"*": {keys: []string{"include", "ignore", "prune"}}},
		},
		"guards": {keys: []string{"maxDeletes", "maxDeletePercent", "protect", "minAdmins", "allowEscalation"}},
		"lint": {
			keys:  []string{"disable", "allow", "administrative", "wide", "newSince"},
			below: map[string]*order{"allow": {below: map[string]*order{"-": {keys: []string{"code", "roles", "teams", "members", "until", "reason"}}}}},
		},
	},
}

type order struct {
	keys  []string
	below map[string]*order
}

// arrange puts the keys of a document in order and fixes what is never in brackets and what is
// always in quotes.
func arrange(root *node) {
	if root == nil {
		return
	}
	root.block = true
	kind := root.get("kind")
	switch {
	case kind == nil && root.get("targets") != nil:
		config.apply(root)
	case kind == nil:
		root.sort(otherKeys)
	case kind.text == "Role":
		arrangeRole(root)
	case kind.text == "Team":
		arrangeHolder(root, teamKeys)
	case kind.text == "Member":
		arrangeHolder(root, memberKeys)
	case kind.text == "AccessTest":
		arrangeTest(root)
	default:
		root.sort(otherKeys)
	}
}

// arrangeTest orders an access test. Boxes and specifiers are in quotes, as in roles.
func arrangeTest(root *node) {
	root.sort(testKeys)
	for key, order := range map[string][]string{"as": subjectKeys, "except": exceptKeys} {
		if n := root.get(key); n != nil {
			n.sort(order)
		}
	}
	for _, key := range []string{"can", "canSome", "cannot", "nobody", "somebody", "noEscalation", "resources"} {
		if n := root.get(key); n != nil {
			n.quoted = n.kind == scalar
			n.quote()
		}
	}
	if gates := root.get("changes"); gates != nil {
		for _, e := range gates.parts {
			e.value.sort(gateKeys)
		}
	}
}

// arrangeHolder orders a team or a member. Role attributes stay in the order of their author, who
// may have a reason for it.
func arrangeHolder(root *node, keys []string) {
	root.sort(keys)
	if roles := root.get("customRoles"); roles != nil {
		for _, e := range roles.parts {
			e.value.sort(assignedKeys)
		}
	}
}

func arrangeRole(root *node) {
	root.sort(roleKeys)
	policy := root.get("policy")
	if policy == nil {
		return
	}
	policy.block = true
	for _, e := range policy.parts {
		s := e.value
		s.block = s.kind == mapping
		s.sort(statementKeys)
		for _, key := range []string{"resources", "notResources"} {
			s.get(key).quote()
		}
	}
}

func (o *order) apply(n *node) {
	n.sort(o.keys)
	for _, e := range n.parts {
		below := o.below["-"]
		if e.key != nil {
			below = cmp.Or(o.below[e.key.text], o.below["*"])
		}
		if below != nil {
			below.apply(e.value)
		}
	}
}

// sort orders the keys of a mapping; of anything else it does nothing.
func (n *node) sort(keys []string) {
	if n.kind != mapping {
		return
	}
	rank := func(e *entry) int {
		if i := slices.Index(keys, e.key.text); i >= 0 {
			return i
		}
		return len(keys)
	}
	slices.SortStableFunc(n.parts, func(a, b *entry) int { return cmp.Compare(rank(a), rank(b)) })
}

// get returns the value of the first entry with that key, or nil.
func (n *node) get(key string) *node {
	for _, e := range n.parts {
		if e.key != nil && e.key.text == key {
			return e.value
		}
	}
	return nil
}

// quote puts every element of a list in quotes.
func (n *node) quote() {
	if n == nil {
		return
	}
	for _, e := range n.parts {
		e.value.quoted = true
	}
}
