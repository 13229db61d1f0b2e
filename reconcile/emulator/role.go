package emulator

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/rolewright/rolewright/reconcile/role"
)

// Role is a role as the emulator keeps it, with what only the server knows. Its JSON form is that
// of the emulator's file and of fixtures, not that of the API.
type Role struct {
	ID               string      `json:"id,omitempty"`
	Key              string      `json:"key"`
	Name             string      `json:"name"`
	Description      string      `json:"description,omitempty"`
	BasePermissions  string      `json:"basePermissions"`
	ResourceCategory string      `json:"resourceCategory,omitempty"`
	Policy           []Statement `json:"policy"`
	// Members and Teams count holders of the role besides those that the account has.
	Members int `json:"members,omitempty"`
	Teams   int `json:"teams,omitempty"`
	// PresetVersion is not zero for a role made from a preset; PresetStatements come from it.
	PresetVersion    int         `json:"presetVersion,omitempty"`
	PresetStatements []Statement `json:"presetStatements,omitempty"`
}

// Statement is a statement of a policy, on the wire and in the file. Absent and empty lists are
// the same.
type Statement struct {
	Effect       string   `json:"effect"`
	Resources    []string `json:"resources,omitempty"`
	NotResources []string `json:"notResources,omitempty"`
	Actions      []string `json:"actions,omitempty"`
	NotActions   []string `json:"notActions,omitempty"`
}

func (r Role) handles() (key, id string) { return r.Key, r.ID }

func (r Role) next(_ *Role, id string, _ time.Time) Role {
	r.ID = cmp.Or(r.ID, id)
	r.BasePermissions = cmp.Or(r.BasePermissions, baseNoAccess)
	return r
}

// attributes are held by who holds a role.
func (Role) attributes() map[string][]string { return nil }

func (r Role) clone() Role {
	r.Policy = cloneStatements(r.Policy)
	r.PresetStatements = cloneStatements(r.PresetStatements)
	return r
}

func cloneStatements(list []Statement) []Statement {
	list = slices.Clone(list)
	for i, s := range list {
		list[i].Resources, list[i].NotResources = slices.Clone(s.Resources), slices.Clone(s.NotResources)
		list[i].Actions, list[i].NotActions = slices.Clone(s.Actions), slices.Clone(s.NotActions)
	}
	return list
}

// checked returns the statement in the form that package policy reads.
func (s Statement) checked() role.Statement {
	return role.Statement{
		Effect: role.Effect(s.Effect), Resources: s.Resources, NotResources: s.NotResources,
		Actions: s.Actions, NotActions: s.NotActions,
	}
}

// normal returns the policy as a server keeps it that sorts and drops repetitions.
func normal(policy []Statement) []Statement {
	var r role.Role
	for _, s := range policy {
		r.Policy = append(r.Policy, s.checked())
	}
	sorted := make([]Statement, 0, len(policy))
	for _, s := range r.Normal().Policy {
		sorted = append(sorted, Statement{string(s.Effect), s.Resources, s.NotResources, s.Actions, s.NotActions})
	}
	return sorted
}

// link is a hyperlink of the API; hrefs are relative.
type link struct {
	Href string `json:"href"`
	Type string `json:"type"`
}

func linkTo(href string) link { return link{href, "application/json"} }

// wireRole is a role on the wire (CustomRole of the specification).
type wireRole struct {
	ID               string          `json:"_id"`
	Links            map[string]link `json:"_links"`
	Key              string          `json:"key"`
	Name             string          `json:"name"`
	Description      *string         `json:"description,omitempty"`
	Policy           []Statement     `json:"policy"`
	BasePermissions  string          `json:"basePermissions,omitempty"`
	ResourceCategory string          `json:"resourceCategory,omitempty"`
	PresetVersion    int             `json:"_presetBundleVersion,omitempty"`
	PresetStatements []Statement     `json:"_presetStatements,omitempty"`
	// AssignedTo stands last: it changes without the role, and is added when the role is answered.
	AssignedTo *assignedTo `json:"assignedTo,omitempty"`
}

type assignedTo struct {
	Members int `json:"membersCount"`
	Teams   int `json:"teamsCount"`
}

// encode writes the role as the API answers it, up to who holds it.
func (r Role) encode(b Behaviour) []byte {
	w := wireRole{
		ID: r.ID, Key: r.Key, Name: r.Name, Policy: r.Policy,
		Links:            map[string]link{"self": linkTo(rolePath(r.Key)), "parent": linkTo(rolesPath)},
		ResourceCategory: r.ResourceCategory,
		PresetVersion:    r.PresetVersion, PresetStatements: r.PresetStatements,
	}
	if w.Policy == nil {
		w.Policy = []Statement{}
	}
	if r.Description != "" || !b.OmitDescription {
		w.Description = &r.Description
	}
	if r.BasePermissions != baseReader || !b.OmitBasePermissions {
		w.BasePermissions = r.BasePermissions
	}
	return open(w)
}

// open encodes an object without its closing brace, so that fields can be added.
func open(object any) []byte { return bytes.TrimSuffix(asJSON(object), []byte("}")) }

// Values of basePermissions.
const (
	baseReader   = "reader"
	baseNoAccess = "no_access"
)
