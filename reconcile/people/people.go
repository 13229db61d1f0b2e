// Package people says what roles mean for the people of an account: which access everybody really
// gains and loses by a change, given everything else that they hold, and who can do something.
//
// Invariant: what it says of a person is true of all that the person holds together, or it is
// undecided. An example has been put to [policy.Evaluator] with exactly these holdings. Whoever is
// not in the answer of [Effects] holds the same before and after.
//
// The package must not read files, ask an account or print, and must not change what it is given.
// It decides nothing about policies itself: that is what package access is for.
//
// Who holds what. A member's own roles take the place of the base role; roles of teams add to
// either. A role counts with the role attributes of the place that it is held through: of the
// member for their own roles, of the team for those of a team. So a role that is held in two
// places with different attributes is two policies, and with the same attributes it is one.
//
// What is not known. A member may hold a role that the account does not list, be in a team that it
// does not list, or have a base role that nobody has heard of. What such a thing grants can be
// anything, but roles only ever add up. Hence:
//
//   - what is allowed by the known holdings is allowed;
//   - what they refuse may be allowed by the unknown one, so a "no" becomes undecided;
//   - a gain is known only if nothing unknown is held before, a loss only if nothing unknown is
//     held after: it might have granted, or still grant, the same;
//   - that nothing is gained is known if nothing unknown is added and what is known of after lies
//     in what is known of before, and the same for losses. Since an unknown role may let a project
//     be viewed, "lies in" is then asked without regard to that condition.
//
// Permission grants, by which LaunchDarkly makes members maintainers of single teams without any
// role, are no part of an account here.
package people

import (
	"maps"
	"slices"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Account is everything that decides what people may do.
type Account struct {
	// Roles are all roles, those made from presets or by hand in LaunchDarkly included.
	Roles   []role.Live
	Members []role.LiveMember
	Teams   []role.LiveTeam
}

// Path is a way in which somebody holds a role.
type Path struct {
	Role string `json:"role"`           // its key, or the name of the base role
	Base bool   `json:"base,omitempty"` // it is the base role
	Team string `json:"team,omitempty"` // the key of the team that gives it, "" if none does
	// Attributes are the role attributes of the place.
	Attributes role.Attributes `json:"attributes,omitempty"`
}

// Through names the place as a [policy.Held] does: "" or "team checkout".
func (p Path) Through() string {
	if p.Team == "" {
		return ""
	}
	return "team " + p.Team
}

// Options say how the questions are answered.
type Options struct {
	// Semantics is what LaunchDarkly leaves open. The zero value is not the default: use
	// [policy.DefaultSemantics].
	Semantics policy.Semantics
	// Budget bounds the work for each different case of holdings; zero is a share of about a minute
	// for all of them. Where it ends, the answer is undecided.
	Budget access.Budget
	// Described is how many different effects are put into lines, those of most members first; 0
	// is DefaultDescribed, less is none. All others have an example of each side.
	Described int
	// Base replaces what base roles grant, by name; see [BaseRoles].
	Base map[string]role.Role
}

// DefaultDescribed is how many different effects are put into lines. More than that nobody reads.
const DefaultDescribed = 20

// Paths returns the ways in which a member holds roles: their own by key, or else the base role,
// then those of their teams by team and key. The member need not be one of the account's.
func (a Account) Paths(m role.LiveMember) []Path {
	return newDirectory(a, nil).paths(m)
}

// paths is [Account.Paths]. Roles, teams and base roles that nobody knows are among them.
func (d *directory) paths(m role.LiveMember) []Path {
	own := ownRoles(m)
	list := make([]Path, 0, len(own)+4)
	for _, key := range own {
		list = append(list, Path{Role: key, Attributes: m.RoleAttributes})
	}
	if len(list) == 0 {
		list = append(list, Path{Role: m.Role, Base: true})
	}
	for _, key := range d.teamsOf(m) {
		list = append(list, d.teamPaths(key)...)
	}
	return list
}

// ownRoles returns the keys of the roles that a member holds directly, and the ids of those whose
// keys are not known.
func ownRoles(m role.LiveMember) []string {
	return ascending(m.CustomRoles, m.Strangers)
}

// ascending returns the texts of two lists, sorted and each once.
func ascending(a, b []string) []string {
	keys := slices.Concat(a, b)
	slices.Sort(keys)
	return slices.Compact(keys)
}

// teamPaths returns what a team gives: a path without a role if the team is not known.
func (d *directory) teamPaths(key string) []Path {
	team, found := d.teams[key]
	if !found {
		return []Path{{Team: key}}
	}
	var list []Path
	for _, r := range ascending(team.CustomRoles, nil) {
		list = append(list, Path{Role: r, Team: key, Attributes: team.RoleAttributes})
	}
	return list
}

// teamsOf returns the keys of a member's teams, sorted: those that the member names and those that
// name the member. The two are read at different times, and either may be the newer.
func (d *directory) teamsOf(m role.LiveMember) []string {
	return ascending(m.Teams, d.inTeams[m.ID])
}

// A directory finds the things of an account.
type directory struct {
	roles   map[string]role.Live
	teams   map[string]role.LiveTeam
	inTeams map[string][]string // keys of teams by the id of a member
	table   *table
	// entries are what the paths mean, by the number of their step; nil for what is not known yet.
	entries []*entry
	// ofKey and ofBase are the roles that were read.
	ofKey, ofBase map[string]readRole
}

func newDirectory(a Account, t *table) *directory {
	d := &directory{
		roles: map[string]role.Live{}, teams: map[string]role.LiveTeam{}, inTeams: map[string][]string{},
		table: t, ofKey: map[string]readRole{}, ofBase: map[string]readRole{},
	}
	for _, r := range a.Roles {
		d.roles[r.Key] = r
	}
	for _, t := range a.Teams {
		d.teams[t.Key] = t
		for _, id := range t.Members {
			d.inTeams[id] = append(d.inTeams[id], t.Key)
		}
	}
	return d
}

// identity tells members apart: by id, or by e-mail address, whose letter case carries no meaning.
func identity(m role.LiveMember) string {
	if m.ID != "" {
		return m.ID
	}
	return "@" + role.FoldEmail(m.Email)
}

// effective returns the role with the statements of its preset.
func effective(l role.Live) role.Role {
	r := l.Role
	r.Policy = slices.Concat(l.PresetStatements, l.Policy)
	return r
}

// only returns the attributes of these names.
func only(attributes role.Attributes, names []string) role.Attributes {
	if len(names) == 0 {
		return nil
	}
	kept := maps.Clone(attributes)
	maps.DeleteFunc(kept, func(name string, _ []string) bool { return !slices.Contains(names, name) })
	return kept.Normal()
}
