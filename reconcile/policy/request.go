package policy

import (
	"maps"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/role"
)

// Part is one concrete resource in a chain, with what selectors look at: the project, the
// environment or the flag of proj/web:env/production:flag/checkout.
type Part struct {
	Type string
	Key  string // empty for a type without names, as acct
	// Tags are its tags, Views the keys of the views that it is linked to.
	Tags, Views []string
	// Properties are its properties, as "critical": "true". One that is not stated is "false".
	Properties map[string]string
}

// Request is one action on one concrete resource: can somebody do this? An action that makes a
// resource names the resource to be made, with the tags that it will have.
type Request struct {
	Action   string
	Resource []Part // from the outermost; never empty
	// Environments are the environments of the project, each a Part of type env, for an action
	// that changes all of them ([Semantics.NeedsEveryEnvironment]); other actions do not look at
	// it. The environment in Resource belongs to them whether it is listed or not, and counts as
	// it stands there; empty means that the project has no other.
	Environments []Part
}

// Held is a role as somebody holds it. The same role held through two teams is held twice.
type Held struct {
	Role role.Role
	// Attributes are the role attributes of the place that it is held through: of the member for
	// a role of their own, of the team for a role of a team. They never mix.
	Attributes map[string][]string
	Through    string // "" for a role of their own, or "team checkout"
}

// String returns the request in the notation of specifiers:
// "updateOn on proj/web:env/production;{critical:true}:flag/checkout;pci". Environments are left
// out.
func (r Request) String() string { return r.Action + " on " + chainString(r.Resource) }

func chainString(chain []Part) string {
	parts := make([]string, len(chain))
	for i, p := range chain {
		parts[i] = p.String()
	}
	return strings.Join(parts, ":")
}

// String returns the part in the notation of a specifier's segment: tags, then properties, then
// views.
func (p Part) String() string {
	text := p.Type
	if p.Key != "" {
		text += "/" + p.Key
	}
	var selectors []string
	selectors = append(selectors, p.Tags...)
	for _, name := range slices.Sorted(maps.Keys(p.Properties)) {
		selectors = append(selectors, Property{name, p.Properties[name]}.String())
	}
	for _, view := range p.Views {
		selectors = append(selectors, View(view).String())
	}
	if len(selectors) > 0 {
		text += ";" + strings.Join(selectors, ",")
	}
	return text
}

// Kind returns the chain of types, as "proj:env:flag".
func (r Request) Kind() string {
	types := make([]string, len(r.Resource))
	for i, p := range r.Resource {
		types[i] = p.Type
	}
	return strings.Join(types, ":")
}
