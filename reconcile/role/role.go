// Package role holds LaunchDarkly's roles as values: what a file wants, what an account holds,
// when two of them are the same, and a digest to recognise one again.
//
// Invariant: order and repetition carry no meaning. LaunchDarkly evaluates a policy without
// regard to the order of its statements, and a statement without regard to the order of its
// lists, so every comparison in rolewright goes through [Role.Normal]. Two roles are equal
// exactly if their digests are equal.
//
// The package must not read, write, parse YAML or reason about what a policy allows. It imports
// nothing of ours, so that every other package can speak in its types.
package role

import "slices"

// Effect says whether a statement grants or refuses.
type Effect string

// The two effects of LaunchDarkly's policy language, lower case as on the wire.
const (
	Allow Effect = "allow"
	Deny  Effect = "deny"
)

// Base permissions of a role: what it grants before its policy is read.
const (
	NoAccess = "no_access" // nothing
	Reader   = "reader"    // view everything
)

// Statement is one rule of a policy. A well-formed one has exactly one of Actions and
// NotActions, and exactly one of Resources and NotResources, each not empty.
type Statement struct {
	Effect       Effect   `json:"effect"`
	Actions      []string `json:"actions,omitempty"`
	NotActions   []string `json:"notActions,omitempty"`
	Resources    []string `json:"resources,omitempty"`
	NotResources []string `json:"notResources,omitempty"`
}

// Role is the part of a LaunchDarkly custom role that people decide on. Its JSON names are those
// of the REST API (version 20240415).
type Role struct {
	Key         string `json:"key"`
	Name        string `json:"name"`
	Description string `json:"description"` // "" and absent are the same to LaunchDarkly
	// BasePermissions is NoAccess or Reader.
	BasePermissions string `json:"basePermissions"`
	// ResourceCategory is "organization", "project", "any", or "" where nothing is said. It
	// cannot be changed once the role exists.
	ResourceCategory string      `json:"resourceCategory,omitempty"`
	Policy           []Statement `json:"policy"`
}

// Clone returns a copy that shares no memory with r.
func (r Role) Clone() Role {
	policy := make([]Statement, len(r.Policy))
	for i, s := range r.Policy {
		policy[i] = s.Clone()
	}
	r.Policy = policy
	return r
}

// List returns the list of that JSON name: "actions", "notActions", "resources" or "notResources".
func (s *Statement) List(name string) *[]string {
	switch name {
	case "actions":
		return &s.Actions
	case "notActions":
		return &s.NotActions
	case "resources":
		return &s.Resources
	}
	return &s.NotResources
}

// Clone returns a copy that shares no memory with s.
func (s Statement) Clone() Statement {
	s.Actions = slices.Clone(s.Actions)
	s.NotActions = slices.Clone(s.NotActions)
	s.Resources = slices.Clone(s.Resources)
	s.NotResources = slices.Clone(s.NotResources)
	return s
}
