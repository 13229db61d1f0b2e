package people

import (
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A box is a small part of what roles speak of. So for one box a policy is made slim: statements
// that can match no request of the box, nor the view of a project, are left out. Most policies
// come to nothing then or to the same few, and many people to the same case.

// A slimmer makes policies slim.
type slimmer struct {
	box  access.Box
	sem  policy.Semantics
	full *table // where policies have their numbers
	slim *table
	of   map[int]int // the slim number of a number, -1 for a policy that says nothing
}

func newSlimmer(box access.Box, sem policy.Semantics, full *table) *slimmer {
	return &slimmer{box, sem, full, emptyTable(), map[int]int{}}
}

// numbers returns the numbers in s.slim of what is left of policies.
func (s *slimmer) numbers(full []int) []int {
	var list []int
	for _, n := range full {
		if _, known := s.of[n]; !known {
			s.of[n] = s.number(s.full.held[n])
		}
		if s.of[n] >= 0 {
			list = append(list, s.of[n])
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (s *slimmer) number(h policy.Held) int {
	r := role.Role{BasePermissions: h.Role.BasePermissions}
	for _, statement := range h.Role.Policy {
		if s.mayMatter(statement) {
			r.Policy = append(r.Policy, statement)
		}
	}
	grants := func(st role.Statement) bool { return st.Effect != role.Deny }
	if r.BasePermissions != role.Reader && !slices.ContainsFunc(r.Policy, grants) {
		return -1
	}
	return s.slim.number(s.slim.readOne(r), h.Attributes)
}

// mayMatter reports whether a statement can match a request of the box or the view of a project.
// One that cannot be read may.
func (s *slimmer) mayMatter(st role.Statement) bool {
	kind := s.box.Specifier.Kind()
	if len(st.Resources) == 0 || len(st.NotResources) > 0 || kind == "*" || s.sem.GlobCrossesColon {
		return true
	}
	for _, text := range st.Resources {
		spec, err := policy.Parse(text)
		if err != nil || spec.Kind() == kind && s.lists(st, s.box.Actions...) || spec.Kind() == "proj" && s.lists(st, "viewProject") {
			return true
		}
	}
	return false
}

// lists reports whether a statement may speak of one of the actions.
func (s *slimmer) lists(st role.Statement, actions ...string) bool {
	if len(st.Actions) == 0 || len(st.NotActions) > 0 {
		return true
	}
	return slices.ContainsFunc(actions, func(action string) bool {
		return strings.Contains(action, "*") || slices.ContainsFunc(st.Actions, func(pattern string) bool {
			return policy.MatchAction(s.fold(pattern), s.fold(action))
		})
	})
}

func (s *slimmer) fold(text string) string {
	if s.sem.CaseSensitive {
		return text
	}
	return strings.ToLower(text)
}
