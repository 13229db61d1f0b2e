package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A world is what tests are about: roles, and who holds them.
type world struct {
	account bool // it is the account, and not the files alone
	roles   map[string]*known
	members []role.LiveMember
	teams   map[string]role.LiveTeam
	// teamKeys are the keys of the teams, sorted; inTeams those by the id of a member.
	teamKeys []string
	inTeams  map[string][]string
	// silent are the holders of whom the files do not say which role attributes they have, by name.
	silent map[string]bool
	bases  map[string]*known
	next   int
}

// known is a role of the world.
type known struct {
	role.Role // with the statements of its preset first
	id        int
	fixed     int          // how many statements its preset has
	source    *role.Source // nil if no file declares it, or declares another policy
	reads     []reading    // of each statement
	uses      []string     // role attributes
}

// reading is what a statement speaks of, as far as one look tells.
type reading struct {
	allow bool
	any   bool // it may speak of any kind
	kinds []string
	specs []policy.Specifier
	not   bool // of all actions but those it lists
}

func newWorld(in Input) *world {
	w := &world{roles: map[string]*known{}, teams: map[string]role.LiveTeam{}, inTeams: map[string][]string{}, silent: map[string]bool{}, bases: map[string]*known{}}
	if in.People != nil {
		w.takeAccount(*in.People, in.Roles)
	} else {
		w.takeFiles(in)
	}
	w.teamKeys = slices.Sorted(maps.Keys(w.teams))
	slices.SortStableFunc(w.members, role.CompareMembers)
	for name, r := range people.BaseRoles(w.kinds()...) {
		w.bases[name] = w.know(r, 0, nil)
	}
	return w
}

// takeFiles reads what the files declare. A holder of whom they do not say which roles it has holds
// one that nobody knows.
func (w *world) takeFiles(in Input) {
	for i := range in.Roles {
		if d := &in.Roles[i]; !d.Absent {
			w.roles[d.Key] = w.know(d.Role, 0, &d.Source)
		}
	}
	for _, t := range in.Teams {
		keys, attributes := w.declared("team "+t.Key, t.CustomRoles, t.RoleAttributes)
		w.teams[t.Key] = role.LiveTeam{Team: role.Team{Key: t.Key, CustomRoles: keys, RoleAttributes: attributes}}
	}
	for _, m := range in.Members {
		keys, attributes := w.declared("member "+role.FoldEmail(m.Email), m.CustomRoles, m.RoleAttributes)
		base := unsaid
		if m.Role != nil {
			base = *m.Role
		}
		w.members = append(w.members, role.LiveMember{ID: role.FoldEmail(m.Email), Member: role.Member{
			Email: m.Email, Role: base, CustomRoles: keys, RoleAttributes: attributes,
		}})
	}
}

// unsaid is what a holder holds of whom a file does not say it. It is no key.
const unsaid = "?"

func (w *world) declared(name string, assigned *[]role.Assignment, attributes *role.Attributes) ([]string, role.Attributes) {
	w.silent[name] = attributes == nil
	if attributes == nil {
		attributes = &role.Attributes{}
	}
	if assigned == nil {
		return []string{unsaid}, *attributes
	}
	keys := []string{}
	for _, a := range *assigned {
		keys = append(keys, a.Role)
	}
	return keys, *attributes
}

// takeAccount reads an account. Where a file declares the same policy it says where it stands.
func (w *world) takeAccount(a people.Account, declared []role.Desired) {
	w.account = true
	sources := map[string]*role.Desired{}
	for i := range declared {
		sources[declared[i].Key] = &declared[i]
	}
	for _, l := range a.Roles {
		r := l.Role
		r.Policy = slices.Concat(l.PresetStatements, l.Policy)
		var source *role.Source
		if d := sources[l.Key]; d != nil && slices.EqualFunc(d.Policy, l.Policy, role.EqualStatement) {
			source = &d.Source
		}
		w.roles[l.Key] = w.know(r, len(l.PresetStatements), source)
	}
	for _, t := range a.Teams {
		w.teams[t.Key] = t
		for _, id := range t.Members {
			w.inTeams[id] = append(w.inTeams[id], t.Key)
		}
	}
	w.members = slices.Clone(a.Members)
}

// know reads a role.
func (w *world) know(r role.Role, fixed int, source *role.Source) *known {
	w.next++
	k := &known{Role: r, id: w.next, fixed: fixed, source: source, uses: access.AttributesOf(r)}
	for _, s := range r.Policy {
		k.reads = append(k.reads, read(s))
	}
	return k
}

func read(s role.Statement) reading {
	r := reading{allow: s.Effect != role.Deny, any: len(s.Resources) == 0 || len(s.NotResources) > 0, not: len(s.Actions) == 0 || len(s.NotActions) > 0}
	for _, text := range s.Resources {
		spec, err := policy.ParseWith(text, policy.Options{AllowBareStar: true})
		if err != nil || spec.Kind() == "*" {
			r.any = true
			continue
		}
		r.specs = append(r.specs, spec)
		if kind := spec.Kind(); !slices.Contains(r.kinds, kind) {
			r.kinds = append(r.kinds, kind)
		}
	}
	return r
}

// kinds returns the kinds that the roles name.
func (w *world) kinds() []string {
	kinds := map[string]bool{}
	for _, r := range w.roles {
		for _, s := range r.reads {
			for _, kind := range s.kinds {
				kinds[kind] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(kinds))
}

// roleKeys returns the keys of all roles, sorted.
func (w *world) roleKeys() []string { return slices.Sorted(maps.Keys(w.roles)) }

// A subject is somebody who is asked about: a role alone, a team, a member.
type subject struct {
	name string // in words: role "developer"
	// names are those of all who hold the same, where it stands for several.
	names []string
	held  []held
	seat  held // how another role would be held
	// outside are roles that count only in that they let projects be viewed.
	outside []held
	// given says that projects may be viewed whatever the roles say; see the package.
	given    bool
	symbolic bool
	notes    []string
}

// held is one role of a subject.
type held struct {
	key        string
	base       bool
	attributes role.Attributes
	team       string // that gives it, "" for none
	view       bool   // it counts only in that it lets projects be viewed
}

func (h held) through() string {
	if h.team == "" {
		return ""
	}
	return "team " + h.team
}

// find returns the role; nil if nobody knows it.
func (w *world) find(h held) *known {
	if h.base {
		return w.bases[h.key]
	}
	return w.roles[h.key]
}

// unknown returns what the subject holds and nobody knows, in words.
func (w *world) unknown(s *subject) (list []string) {
	for _, h := range s.held {
		if w.find(h) == nil {
			list = append(list, h.words())
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (h held) words() string {
	switch {
	case h.key == unsaid && h.base:
		return "a base role that the file does not say"
	case h.key == unsaid:
		return "roles that the file does not say"
	case h.base:
		return fmt.Sprintf("base role %q", h.key)
	case h.key == "":
		return fmt.Sprintf("team %q", h.team)
	}
	return fmt.Sprintf("role %q", h.key)
}

// ofRole returns somebody who holds one role with attributes, of which those that are not listed can
// be anything.
func ofRole(key string, attributes role.Attributes) *subject {
	name := fmt.Sprintf("role %q", key)
	if text := attributeText(attributes); text != "" {
		name += " with " + text
	}
	return &subject{name: name, held: []held{{key: key, attributes: attributes}}, seat: held{attributes: attributes}, given: true, symbolic: true}
}

// attributeText writes attributes as "projects=app,web".
func attributeText(a map[string][]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(a)) {
		parts = append(parts, name+"="+strings.Join(a[name], ","))
	}
	return strings.Join(parts, " ")
}

// ofTeam returns what a team gives.
func (w *world) ofTeam(key string) *subject {
	return &subject{
		name: fmt.Sprintf("team %q", key), held: w.teamHeld(key), seat: held{attributes: w.teams[key].RoleAttributes, team: key},
		given: true, symbolic: w.silent["team "+key],
	}
}

func (w *world) teamHeld(key string) (list []held) {
	t, found := w.teams[key]
	if !found {
		return []held{{team: key}}
	}
	for _, r := range t.Normal().CustomRoles {
		list = append(list, held{key: r, attributes: t.RoleAttributes, team: key})
	}
	return list
}

// ofMember returns what a member holds: their own roles or else the base role, and those of their
// teams. Who is in a team the files do not know.
func (w *world) ofMember(m role.LiveMember) *subject {
	s := &subject{
		name: fmt.Sprintf("member %q", m.Email), seat: held{attributes: m.RoleAttributes},
		given: !w.account, symbolic: w.silent["member "+role.FoldEmail(m.Email)],
	}
	own := slices.Compact(slices.Sorted(slices.Values(slices.Concat(m.CustomRoles, m.Strangers))))
	for _, key := range own {
		s.held = append(s.held, held{key: key, attributes: m.RoleAttributes})
	}
	if len(own) == 0 {
		s.held = append(s.held, held{key: m.Role, base: true, attributes: m.RoleAttributes})
	}
	teams := slices.Compact(slices.Sorted(slices.Values(slices.Concat(m.Teams, w.inTeams[m.ID]))))
	for _, key := range teams {
		s.held = append(s.held, w.teamHeld(key)...)
	}
	if !w.account {
		s.notes = []string{fmt.Sprintf("which teams %s is in is not known from files alone: only what the member's own document gives is asked about", s.name)}
	}
	return s
}

// member finds a member by address.
func (w *world) member(email string) (role.LiveMember, bool) {
	i := slices.IndexFunc(w.members, func(m role.LiveMember) bool { return strings.EqualFold(m.Email, email) })
	if i < 0 {
		return role.LiveMember{}, false
	}
	return w.members[i], true
}

// place returns where a statement of a role stands in the files.
func (k *known) place(statement int) diag.Position {
	if k == nil || k.source == nil {
		return diag.Position{}
	}
	at := k.source.Pos
	switch i := statement - k.fixed; {
	case i >= 0 && i < len(k.source.Policy):
		at = k.source.Policy[i].Pos
	case statement < 0 && k.source.BasePermissions.Line > 0:
		at = k.source.BasePermissions
	case statement >= 0:
		return diag.Position{}
	}
	return diag.Position{File: k.source.File, Line: at.Line, Column: at.Column}
}
