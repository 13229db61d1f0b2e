package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Desired is what files want.
type Desired struct {
	Roles   []role.Desired
	Teams   []role.DesiredTeam
	Members []role.DesiredMember
}

// Actual is what an account holds. The roles of members are keys, see [NameRoles].
type Actual struct {
	Roles []role.Live
	// People says that Teams and Members are all there are; where the scope manages neither they need
	// not have been read.
	People bool
	// PeopleErr says why People is false, if somebody knows.
	PeopleErr error
	Teams     []role.LiveTeam
	Members   []role.LiveMember
	// Caller is whose token is in use; nil if that is not known or no matter.
	Caller *role.Caller
}

// Account is the account as package people reads it.
func (a Actual) Account() people.Account {
	return people.Account{Roles: a.Roles, Members: a.Members, Teams: a.Teams}
}

// NameRoles returns members with the keys of their roles in the place of the ids by which
// LaunchDarkly gives them; keys stay keys. An id that is none of the roles' becomes one of the
// member's Strangers. The argument stays as it is.
func NameRoles(members []role.LiveMember, roles []role.Live) []role.LiveMember {
	keys := make(map[string]string, 2*len(roles))
	for _, l := range roles {
		keys[l.Key] = l.Key
		if l.ID != "" {
			keys[l.ID] = l.Key
		}
	}
	named := make([]role.LiveMember, len(members))
	for i, m := range members {
		named[i] = NameHeld(m, keys)
	}
	return named
}

// NameHeld is [NameRoles] for one member, by the keys of roles under their ids and keys.
func NameHeld(m role.LiveMember, keys map[string]string) role.LiveMember {
	held, strangers := []string{}, slices.Clone(m.Strangers)
	for _, r := range m.CustomRoles {
		if key, known := keys[r]; known {
			held = append(held, key)
		} else {
			strangers = append(strangers, r)
		}
	}
	m.CustomRoles = held
	m.Strangers = nilIfEmpty(distinct(slices.Sorted(slices.Values(strangers))))
	return m
}

// A roster is the teams and members of a plan in the making.
type roster struct {
	// teams and members are those of the account, and as the plan leaves them.
	teams   map[string]role.LiveTeam
	members map[string]role.LiveMember
	// declared are the places of the files that speak of a holder, by kind and key.
	declared map[string][]Declared
	// addresses are the e-mail addresses of the account by what they are without letter case.
	addresses map[string]string
	blocks    []Block
	// given are the roles that files give. Held counts who holds a role in the account, by kind and
	// key of the role; left names who holds it when the plan is done.
	given []given
	held  map[string]int
	left  map[string][]string
}

// settlePeople settles the teams and members of the kinds that are managed. A kind that is not, is
// left as it is: its holders are not told of, and who holds a role is named if the account was asked.
func (m *making) settlePeople(desired Desired, actual Actual) {
	m.people = roster{
		teams: map[string]role.LiveTeam{}, members: map[string]role.LiveMember{},
		declared: map[string][]Declared{}, addresses: map[string]string{},
	}
	if m.opts.Scope.Teams != nil {
		m.settleTeams(desired.Teams, actual.Teams)
	}
	if m.opts.Scope.Members != nil {
		m.settleMembers(desired.Members, actual.Members)
	}
	m.countHolders(actual)
}

func (m *making) settleTeams(desired []role.DesiredTeam, actual []role.LiveTeam) {
	for _, l := range actual {
		m.people.teams[l.Key] = l
	}
	for _, d := range desired {
		m.declares(KindTeam, d.Key, d.Source)
	}
	for _, d := range slices.SortedFunc(slices.Values(desired), func(a, b role.DesiredTeam) int { return cmp.Compare(a.Key, b.Key) }) {
		if note, settled := m.beginHolder(KindTeam, d.Key, d.Source); !settled {
			m.team(d, note)
		}
	}
	for _, l := range actual {
		_, declared := m.people.declared[KindTeam+"/"+l.Key]
		if !declared && len(l.CustomRoles)+len(l.RoleAttributes.Normal()) > 0 {
			m.undeclaredHolder(Note{Kind: KindTeam, Key: l.Key, Name: l.Name})
		}
	}
}

func (m *making) settleMembers(desired []role.DesiredMember, actual []role.LiveMember) {
	for _, l := range actual {
		m.people.members[l.Email] = l
		m.people.addresses[role.FoldEmail(l.Email)] = l.Email
	}
	for _, d := range desired {
		m.declares(KindMember, role.FoldEmail(d.Email), d.Source)
	}
	for _, d := range slices.SortedFunc(slices.Values(desired), func(a, b role.DesiredMember) int { return cmp.Compare(a.Email, b.Email) }) {
		if note, settled := m.beginHolder(KindMember, d.Email, d.Source); !settled {
			m.member(d, note)
		}
	}
	for _, l := range actual {
		_, declared := m.people.declared[KindMember+"/"+role.FoldEmail(l.Email)]
		if !declared && len(l.CustomRoles)+len(l.Strangers)+len(l.RoleAttributes.Normal()) > 0 {
			m.undeclaredHolder(Note{Kind: KindMember, Key: l.Email})
		}
	}
}

func (m *making) declares(kind, key string, at role.HolderSource) {
	id := kind + "/" + key
	m.people.declared[id] = append(m.people.declared[id], Declared{at.File, at.Line})
}

// beginHolder begins a note on a holder that a file declares, and settles the holder where it is out
// of scope or declared more than once.
func (m *making) beginHolder(kind, key string, at role.HolderSource) (note Note, settled bool) {
	note = Note{Kind: kind, Key: key, Declared: &Declared{at.File, at.Line}}
	id := kind + "/" + key
	if kind == KindMember {
		id = kind + "/" + role.FoldEmail(key)
	}
	places := m.people.declared[id]
	covered, outside := m.covers(kind, key)
	switch {
	case *note.Declared != firstOf(places):
	case !covered:
		note.Reason = outside
		m.plan.Ignored = append(m.plan.Ignored, note)
	case len(places) > 1:
		m.skip(note, "declared "+count(len(places), "time")+", so nobody can say which is meant", "keep one")
	default:
		return note, false
	}
	return note, true
}

// firstOf returns the first of some places: the holder is settled there.
func firstOf(places []Declared) Declared {
	return slices.MinFunc(places, func(a, b Declared) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
}

// covers reports whether a holder is in scope. For members letter case does not count.
func (m *making) covers(kind, key string) (covered bool, reason string) {
	if kind == KindTeam {
		return m.opts.Scope.Teams.Covers(key)
	}
	return m.opts.Scope.Members.CoversEmail(key)
}

// undeclaredHolder notes a holder of the account of which no file speaks, and which is left as it is.
// One that holds nothing is not told of.
func (m *making) undeclaredHolder(note Note) {
	covered, outside := m.covers(note.Kind, note.Key)
	if !covered {
		note.Reason = outside
		m.plan.Ignored = append(m.plan.Ignored, note)
		return
	}
	note.Reason = "no file declares it"
	m.plan.Unmanaged = append(m.plan.Unmanaged, note)
}

// team settles a team of the files.
func (m *making) team(d role.DesiredTeam, note Note) {
	l, there := m.people.teams[d.Key]
	after := l.Team
	after.Key = d.Key
	overlay(&after.Name, d.Name)
	overlay(&after.Description, d.Description)
	after.CustomRoles, after.RoleAttributes = wantedHeld(after.CustomRoles, after.RoleAttributes, d.CustomRoles, d.RoleAttributes)
	note.Name = l.Name
	switch {
	case !there && m.opts.Source.Offline, !there && d.Create && role.CheckTeamKey(d.Key) == nil:
		m.assign([]Change{newTeamChange(nil, after, 0)}, "the files declare it, "+m.holder()+" has no such team", note, d.CustomRoles)
	case !there:
		m.unknownTeam(d, note)
		return
	case after.Digest() == l.Team.Digest():
		m.plan.UnchangedHolders++
		m.checkRoles(note, d.CustomRoles)
		return
	case l.Synced:
		m.skip(note, "an identity provider owns the team", "change it there, or take it out of the files")
		return
	default:
		m.assign(inSteps(newTeamChange(&l, after, 0)), "the team differs from its file", note, d.CustomRoles)
	}
	l.Team = after
	m.people.teams[d.Key] = l
}

// member settles a member of the files.
func (m *making) member(d role.DesiredMember, note Note) {
	l, there := m.people.members[d.Email]
	if !there && m.opts.Source.Offline {
		l.Email, l.ID, there = d.Email, OfflineID, true
	}
	after := l.Member
	overlay(&after.Role, d.Role)
	after.CustomRoles, after.RoleAttributes = wantedHeld(after.CustomRoles, after.RoleAttributes, d.CustomRoles, d.RoleAttributes)
	switch {
	case !there:
		m.unknownMember(d, note)
		return
	case after.Digest() == l.Member.Digest():
		m.plan.UnchangedHolders++
		m.checkRoles(note, d.CustomRoles)
		return
	case l.Synced:
		m.skip(note, "an identity provider owns the member's roles, and would write over them", "change them there, or take the member out of the files")
		return
	case after.Role != l.Role && (after.Role == owner || l.Role == owner):
		m.ownerMoves(d, l, note)
		return
	}
	m.assign(inSteps(newMemberChange(l, after, 0)), "the member differs from its file", note, d.CustomRoles)
	l.Member = after
	m.people.members[d.Email] = l
}

// OfflineID stands for the id of a member of which only files are known.
const OfflineID = "000000000000000000000000"

func overlay(value, wanted *string) {
	if wanted != nil {
		*value = *wanted
	}
}

// wantedHeld returns what a holder is to hold: what the files say nothing of stays.
func wantedHeld(roles []string, attributes role.Attributes, wanted *[]role.Assignment, values *role.Attributes) ([]string, role.Attributes) {
	if wanted != nil {
		roles = []string{}
		for _, a := range *wanted {
			roles = append(roles, a.Role)
		}
	}
	if values != nil {
		attributes = *values
	}
	return roles, attributes.Normal()
}

// assign adds the writes of one holder's change.
func (m *making) assign(changes []Change, reason string, note Note, roles *[]role.Assignment) {
	for _, c := range changes {
		m.add(c, reason+ofStep[c.Holder.Step], note.Declared)
	}
	m.checkRoles(note, roles)
}

// checkRoles remembers what files give, to be checked once it is known which roles there will be.
func (m *making) checkRoles(note Note, roles *[]role.Assignment) {
	if roles == nil {
		return
	}
	for _, a := range *roles {
		m.people.given = append(m.people.given, given{note, a})
	}
}

// given is a role that a file gives to a holder.
type given struct {
	holder Note
	role.Assignment
}

// unknownRoles refuses to give a role that there will not be.
func (m *making) unknownRoles() []Block {
	known := map[string]bool{}
	for key := range m.live {
		known[key] = true
	}
	for _, c := range m.plan.Changes {
		if c.After != nil {
			known[c.Key] = true
		}
	}
	candidates := slices.Sorted(maps.Keys(known))
	var blocks []Block
	for _, g := range m.people.given {
		tombstone := slices.ContainsFunc(m.files[g.Role], func(d role.Desired) bool { return d.Absent })
		if known[g.Role] && !tombstone {
			continue
		}
		b := Block{Guard: GuardUnknownRole, Keys: []string{g.Role}, Message: fmt.Sprintf("%s:%d gives %s the role %q, which neither the files nor %s have",
			g.holder.Declared.File, cmp.Or(g.Line, g.holder.Declared.Line), holderName(g.holder.Kind, g.holder.Key), g.Role, m.holder())}
		b.Hint = "declare the role, or take it from the list"
		switch near := diag.Nearest(g.Role, candidates); {
		case tombstone:
			b.Message = fmt.Sprintf("%s:%d gives %s the role %q, which %s:%d deletes", g.holder.Declared.File, cmp.Or(g.Line, g.holder.Declared.Line),
				holderName(g.holder.Kind, g.holder.Key), g.Role, m.files[g.Role][0].Source.File, m.files[g.Role][0].Source.Line)
			b.Hint = "take it from the list, or keep the role"
		case near != "":
			b.Hint = fmt.Sprintf("did you mean %q?", near)
		}
		blocks = append(blocks, b)
	}
	return blocks
}

func (m *making) unknownTeam(d role.DesiredTeam, note Note) {
	b := Block{
		Guard: GuardUnknownTeam, Keys: []string{d.Key},
		Message: fmt.Sprintf("%s:%d declares the team %q, and %s has no such team", note.Declared.File, note.Declared.Line, d.Key, m.holder()),
		Hint:    "make it in LaunchDarkly, or write `create: true`",
	}
	if near := diag.Nearest(d.Key, slices.Sorted(maps.Keys(m.people.teams))); near != "" {
		b.Hint = fmt.Sprintf("did you mean %q? else make it in LaunchDarkly, or write `create: true`", near)
	}
	if d.Create {
		b.Message = fmt.Sprintf("%s:%d: %q cannot be the key of a team", note.Declared.File, note.Declared.Line, d.Key)
		b.Hint = "use letters, digits, \"_\", \".\" and \"-\", and start with a letter or digit"
	}
	m.people.blocks = append(m.people.blocks, b)
}

func (m *making) unknownMember(d role.DesiredMember, note Note) {
	b := Block{
		Guard: GuardUnknownMember, Keys: []string{d.Email},
		Message: fmt.Sprintf("%s:%d declares the member %s, and %s has no such member", note.Declared.File, note.Declared.Line, d.Email, m.holder()),
		Hint:    "members are invited in LaunchDarkly; invite them there first",
	}
	if other, known := m.people.addresses[role.FoldEmail(d.Email)]; known {
		b.Hint = fmt.Sprintf("the account knows them as %s: write the address in that letter case", other)
	} else if near := diag.Nearest(d.Email, slices.Sorted(maps.Keys(m.people.members))); near != "" {
		b.Hint = fmt.Sprintf("did you mean %s? members are invited in LaunchDarkly", near)
	}
	m.people.blocks = append(m.people.blocks, b)
}

func (m *making) ownerMoves(d role.DesiredMember, l role.LiveMember, note Note) {
	m.people.blocks = append(m.people.blocks, Block{
		Guard: GuardOwner, Keys: []string{d.Email},
		Message: fmt.Sprintf("%s:%d gives %s the base role %q, and %s has %q", note.Declared.File, note.Declared.Line, d.Email, *d.Role, m.holder(), l.Role),
		Hint:    "who owns the account is changed in LaunchDarkly alone: take `role` out of the file",
	})
}

func holderName(kind, key string) string {
	if kind == KindTeam {
		return fmt.Sprintf("team %q", key)
	}
	return "member " + key
}

// holdersLeft says who holds a role of the account when everything else of the plan is done; "" if
// nobody. Where a kind of holder is not managed its holders are only counted, and so are those that
// the account counts and does not list.
func (m *making) holdersLeft(l role.Live) string {
	unseen := role.Assigned{
		Members: max(0, l.Assigned.Members-m.people.held[KindMember+"/"+l.Key]),
		Teams:   max(0, l.Assigned.Teams-m.people.held[KindTeam+"/"+l.Key]),
	}
	return leftOver(m.people.left[l.Key], unseen)
}

// countHolders counts who holds each role now, and names who will.
func (m *making) countHolders(actual Actual) {
	p := &m.people
	p.held, p.left = map[string]int{}, map[string][]string{}
	if m.opts.Scope.Teams != nil || actual.People {
		for _, t := range actual.Teams {
			p.count(KindTeam, t.CustomRoles)
			if m.opts.Scope.Teams == nil {
				p.teams[t.Key] = t
			}
		}
		for _, key := range slices.Sorted(maps.Keys(p.teams)) {
			p.name(holderName(KindTeam, key), p.teams[key].CustomRoles)
		}
	}
	if m.opts.Scope.Members != nil || actual.People {
		for _, l := range actual.Members {
			p.count(KindMember, l.CustomRoles)
			if m.opts.Scope.Members == nil {
				p.members[l.Email] = l
			}
		}
		for _, email := range slices.Sorted(maps.Keys(p.members)) {
			p.name(holderName(KindMember, email), p.members[email].CustomRoles)
		}
	}
}

func (p *roster) count(kind string, roles []string) {
	for _, r := range distinct(roles) {
		p.held[kind+"/"+r]++
	}
}

func (p *roster) name(holder string, roles []string) {
	for _, r := range distinct(roles) {
		p.left[r] = append(p.left[r], holder)
	}
}

// leftOver lists holders: some by name, the others counted.
func leftOver(named []string, unseen role.Assigned) string {
	const most = 10
	if n := len(named) - most; n > 0 {
		named = append(named[:most:most], fmt.Sprintf("%d more", n))
	}
	if !unseen.None() {
		named = append(named, holders(unseen))
	}
	if len(named) < 2 {
		return strings.Join(named, "")
	}
	return strings.Join(named[:len(named)-1], ", ") + " and " + named[len(named)-1]
}

// unknownHolders are the holders that files declare and that cannot be what they say.
func (m *making) unknownHolders() []Block { return m.people.blocks }
