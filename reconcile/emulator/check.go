package emulator

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/internal/pattern"
	"github.com/rolewright/rolewright/reconcile/policy"
)

// keyPattern is what the vendor's Terraform provider lets through; that the server has the same
// rule is likely, not known.
var keyPattern = pattern.Lazy(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// readNewRole reads the body of a POST. base stands where it gives no base permissions.
func readNewRole(body []byte, base string) (Role, error) {
	fields, err := decodeFields(body)
	if err != nil {
		return Role{}, err
	}
	r := Role{BasePermissions: base}
	for name, target := range map[string]*string{"key": &r.Key, "resourceCategory": &r.ResourceCategory} {
		if err := readField(fields, name, target); err != nil {
			return Role{}, err
		}
	}
	if fields["policy"] == nil {
		return Role{}, refuse(400, "policy is required")
	}
	switch {
	case r.Key == "":
		return Role{}, refuse(400, "key is required")
	case !keyPattern().MatchString(r.Key):
		return Role{}, refuse(400, "key %q may hold letters, digits, '.', '_' and '-' only, and starts with a letter or digit", r.Key)
	case !slices.Contains([]string{"", "organization", "project", "any"}, r.ResourceCategory):
		return Role{}, refuse(400, "resourceCategory %q is not organization, project or any", r.ResourceCategory)
	}
	err = r.readEditable(fields, base)
	return r, err
}

// roleFields are the fields of a role that a patch may change.
var roleFields = editable{"name", "description", "policy", "basePermissions"}

// readEditable sets the editable fields from their JSON. One that is null or absent is empty, but
// for the base permissions, which are base.
func (r *Role) readEditable(fields map[string]json.RawMessage, base string) error {
	r.Name, r.Description, r.BasePermissions, r.Policy = "", "", "", nil
	for name, target := range map[string]*string{"name": &r.Name, "description": &r.Description, "basePermissions": &r.BasePermissions} {
		if err := readField(fields, name, target); err != nil {
			return err
		}
	}
	if err := readField(fields, "policy", &r.Policy); err != nil {
		return err
	}
	if r.BasePermissions == "" {
		r.BasePermissions = base
	}
	switch {
	case r.Name == "":
		return refuse(400, "name is required")
	case r.BasePermissions != baseReader && r.BasePermissions != baseNoAccess:
		return refuse(400, "basePermissions %q is not reader or no_access", r.BasePermissions)
	}
	return nil
}

// readField decodes a field if it is there and not null.
func readField[T any](fields map[string]json.RawMessage, name string, target *T) error {
	value, found := fields[name]
	if !found {
		return nil
	}
	if err := json.Unmarshal(value, target); err != nil {
		return refuse(400, "Invalid request body: field %q has the wrong type", name)
	}
	return nil
}

// defaultBase is the base permission of a role made without one.
func (e *Emulator) defaultBase(version int) string {
	set := e.opts.Behaviour.DefaultBase
	switch {
	case set != "by-version":
		return set
	case version < newest:
		return baseReader
	}
	return baseNoAccess
}

// check refuses a role for what LaunchDarkly would, or may, refuse it for.
func (e *Emulator) check(tx *change, r Role) error {
	b := e.opts.Behaviour
	switch {
	case b.MaxKeyLength > 0 && len(r.Key) > b.MaxKeyLength:
		return refuse(400, "key is longer than %d characters", b.MaxKeyLength)
	case b.MaxStatements > 0 && len(r.Policy) > b.MaxStatements:
		return refuse(400, "policy has more than %d statements", b.MaxStatements)
	case b.EmptyPolicy == "refuse" && len(r.Policy) == 0:
		return refuse(400, "policy must have a statement")
	case b.UniqueNames && tx.nameTaken(r):
		return refuse(409, "A custom role with the name %q already exists", r.Name)
	}
	for _, s := range r.Policy {
		if err := b.checkStatement(s, r.ResourceCategory); err != nil {
			return err
		}
	}
	return nil
}

// nameTaken reports whether another role has r's name.
func (c *change) nameTaken(r Role) bool {
	return slices.ContainsFunc(c.roles.order, func(other *record[Role]) bool { return other.is.Name == r.Name && other.is.Key != r.Key })
}

func (b Behaviour) checkStatement(s Statement, category string) error {
	if err := policy.CheckStatement(s.checked(), b.language()); err != nil {
		return refuse(400, "%s", err)
	}
	if b.RejectUnknownAction {
		for _, action := range append(slices.Clone(s.Actions), s.NotActions...) {
			if !knownAction(action) {
				return refuse(400, "Unknown action %q", action)
			}
		}
	}
	if b.CheckCategory {
		return checkCategory(s, category)
	}
	return nil
}

// language is the reading of the policy language that the switches describe.
func (b Behaviour) language() policy.Options {
	return policy.Options{
		AllowBareStar: b.AllowBareStar, LenientTypos: b.LenientTypos,
		RefuseUnknownProperty: b.UnknownProperty == "refuse", RefuseUnknownType: b.UnknownType == "refuse",
	}
}

// knownAction reports whether some type has an action that the pattern matches.
func knownAction(pattern string) bool {
	catalogue := policy.DefaultCatalogue()
	return slices.ContainsFunc(catalogue.Types(), func(t policy.ResourceType) bool {
		return slices.ContainsFunc(t.Actions, func(a policy.ActionInfo) bool { return policy.MatchAction(pattern, a.Name) })
	})
}

// checkCategory refuses resources of a type that the role's category does not offer.
func checkCategory(s Statement, category string) error {
	if category == "" || category == "any" {
		return nil
	}
	want := map[string]string{"organization": "account", "project": "project"}[category]
	for _, resource := range append(slices.Clone(s.Resources), s.NotResources...) {
		t, known := policy.DefaultCatalogue().Type(lastType(resource))
		if known && t.Category != want {
			return refuse(400, "Resource %q does not belong in a role of category %s", resource, category)
		}
	}
	return nil
}

// lastType returns the type of what a specifier names.
func lastType(specifier string) string {
	last := specifier[strings.LastIndexByte(specifier, ':')+1:]
	if i := strings.IndexAny(last, "/;"); i >= 0 {
		last = last[:i]
	}
	return last
}
