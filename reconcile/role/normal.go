package role

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// Normal returns r in normal form: every list sorted and without repetition, statements sorted
// and without repetition, empty lists nil, Policy never nil. It shares no memory with r.
func (r Role) Normal() Role {
	policy := make([]Statement, len(r.Policy))
	for i, s := range r.Policy {
		policy[i] = s.Normal()
	}
	slices.SortFunc(policy, compareStatements)
	r.Policy = slices.CompactFunc(policy, func(a, b Statement) bool { return compareStatements(a, b) == 0 })
	return r
}

// Normal returns s with every list sorted and without repetition, and empty lists nil.
func (s Statement) Normal() Statement {
	s.Actions = sortedSet(s.Actions)
	s.NotActions = sortedSet(s.NotActions)
	s.Resources = sortedSet(s.Resources)
	s.NotResources = sortedSet(s.NotResources)
	return s
}

func sortedSet(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return slices.Compact(slices.Sorted(slices.Values(list)))
}

// compareStatements orders statements in normal form: allow before deny, then list by list.
func compareStatements(a, b Statement) int {
	return cmp.Or(
		cmp.Compare(a.Effect, b.Effect),
		slices.Compare(a.Resources, b.Resources),
		slices.Compare(a.NotResources, b.NotResources),
		slices.Compare(a.Actions, b.Actions),
		slices.Compare(a.NotActions, b.NotActions),
	)
}

// Equal reports whether a and b are the same role: equal but for order and repetition.
func Equal(a, b Role) bool {
	return a.Key == b.Key && a.Name == b.Name && a.Description == b.Description &&
		a.BasePermissions == b.BasePermissions && a.ResourceCategory == b.ResourceCategory &&
		EqualPolicy(a.Policy, b.Policy)
}

// EqualPolicy reports whether two policies have the same statements but for order and repetition.
func EqualPolicy(a, b []Statement) bool {
	return slices.EqualFunc(Role{Policy: a}.Normal().Policy, Role{Policy: b}.Normal().Policy, equalNormal)
}

// EqualStatement reports whether two statements are equal but for order and repetition.
func EqualStatement(a, b Statement) bool { return equalNormal(a.Normal(), b.Normal()) }

func equalNormal(a, b Statement) bool { return compareStatements(a, b) == 0 }

// Digest returns "sha256:" and 64 hexadecimal digits over r's normal form. Equal roles, and only
// they, have equal digests.
func (r Role) Digest() string { return digest(r.Normal()) }

func digest(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic("role: a role is plain data and always encodes: " + err.Error())
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
