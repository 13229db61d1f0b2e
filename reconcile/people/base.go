package people

import (
	"maps"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Base roles are no roles that an account lists, and LaunchDarkly has not published what they
// grant. What is taken here, and from where:
//
//   - no_access: nothing. Docs (role concepts).
//   - reader: base permissions "reader". Docs: "see everything, change nothing".
//   - writer: reader, everything on what lies in projects and the projects themselves, and on
//     integrations, webhooks, code references and access tokens of members. The list is that of the
//     policy templates in LaunchDarkly's docs of 2022 and 2023; that it holds for types of resources
//     which are newer, if they lie in a project, is inferred.
//   - admin: everything but to make somebody else the account's owner. Docs; newer pages take away
//     billing too, and do not say which actions that is.
//   - owner: everything. Docs.

// Names of base roles beside [role.Reader] and [role.NoAccess].
const (
	writer = "writer"
	admin  = "admin"
	owner  = "owner"
)

// writable are the kinds outside of projects that a writer may change.
var writable = []string{"integration", "webhook", "code-reference-repository", "member:token"}

// BaseRoles returns what base roles grant, by name, as roles. A policy can only name kinds of
// resources; the kinds are those of the catalogue and these.
func BaseRoles(kinds ...string) map[string]role.Role {
	everything := specifiersOf(catalogued(kinds))
	ours := slices.DeleteFunc(slices.Clone(everything), func(spec string) bool {
		kind := kindOf(spec)
		return !strings.HasPrefix(kind, "proj") && !slices.Contains(writable, kind)
	})
	// Under everyKind, these two name what is not a kind of the list as well.
	rest := role.Statement{Effect: role.Allow, Actions: []string{"*"}, NotResources: []string{"acct"}}
	transfer := role.Statement{Effect: role.Deny, Actions: []string{"updateAccountOwner"}, Resources: []string{"acct"}}
	list := []role.Role{
		{Key: role.NoAccess, BasePermissions: role.NoAccess},
		{Key: role.Reader, BasePermissions: role.Reader},
		{Key: writer, BasePermissions: role.Reader, Policy: allowed(ours)},
		{Key: admin, BasePermissions: role.Reader, Policy: append(allowed(everything), rest, transfer)},
		{Key: owner, BasePermissions: role.Reader, Policy: append(allowed(everything), rest)},
	}
	byName := map[string]role.Role{}
	for _, r := range list {
		byName[r.Key] = r
	}
	return byName
}

// documented says what the data of a base role rests on, "" where the docs leave no doubt.
func documented(base string) string {
	if base != writer && base != admin {
		return ""
	}
	return "what base role \"" + base + "\" allows is taken from LaunchDarkly's docs, which do not list it in full"
}

// catalogued returns the kinds and those of the catalogue, sorted.
func catalogued(kinds []string) []string {
	all := slices.Clone(kinds)
	for _, t := range policy.DefaultCatalogue().Types() {
		all = append(all, t.Kinds...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// specifiersOf returns specifiers for all resources of the kinds: two where a name is optional.
func specifiersOf(kinds []string) []string {
	var list []string
	for _, kind := range kinds {
		types := strings.Split(kind, ":")
		last, _ := policy.DefaultCatalogue().Type(types[len(types)-1])
		for i, typ := range types {
			if t, _ := policy.DefaultCatalogue().Type(typ); t.Naming != policy.NeverNamed {
				types[i] = typ + "/*"
			}
		}
		list = append(list, strings.Join(types, ":"))
		if last.Naming == policy.MaybeNamed {
			list = append(list, kind)
		}
	}
	return list
}

// kindOf returns the kind of a specifier from [specifiersOf].
func kindOf(spec string) string { return strings.ReplaceAll(spec, "/*", "") }

// allowed returns statements that allow every action, one for each specifier.
func allowed(specifiers []string) []role.Statement {
	list := make([]role.Statement, len(specifiers))
	for i, spec := range specifiers {
		list[i] = role.Statement{Effect: role.Allow, Actions: []string{"*"}, Resources: []string{spec}}
	}
	return list
}

// kindsIn returns the kinds that the roles' specifiers are of, sorted.
func kindsIn(accounts ...Account) []string {
	kinds, seen := map[string]bool{}, map[string]bool{}
	for _, a := range accounts {
		for _, l := range a.Roles {
			for _, s := range effective(l).Policy {
				for _, text := range slices.Concat(s.Resources, s.NotResources) {
					if spec, err := policy.Parse(text); !seen[text] && err == nil {
						kinds[spec.Kind()] = true
					}
					seen[text] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(kinds))
}
