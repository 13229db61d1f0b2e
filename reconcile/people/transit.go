package people

import (
	"maps"
	"slices"

	"github.com/rolewright/rolewright/reconcile/role"
)

// A Transit follows an account on its way from one state to another, write by write, and says who is
// on the way without something that they hold before and after, or holds something that neither end
// grants: (before ∩ after) ⊆ now ⊆ (before ∪ after), for every member, pending ones too, over all that
// they hold together.
//
// When nothing needs to be asked. Roles add up, so a member of whom every write so far only gave, and
// every write to come only takes, holds now at least what is held before and at least what is held
// after: nothing can be lost, and only Surplus is a question. A member for whom only the one or only
// the other happens holds now exactly what is held before or after, which is seen without reasoning.
// So a way that gives first and takes then needs one look, at its peak, and there at those alone for
// whom something comes and something goes. Inside a run of writes that all give, or all take, nothing
// is to be looked at: whatever part of them is made lies between its two ends.
//
// Whoever calls tells it each write by Role, Gone, Team and Member. It looks only at members whom a
// write since the last look touched, and asks about the same holdings once, whatever the way: try
// another one after Restart.
type Transit struct {
	judge     *judge
	start     Account
	before    *directory
	after     *directory
	now       *directory
	travel    []*traveller
	byRole    map[string][]int // who holds a role before or after, by its key
	byTeam    map[string][]int
	byAddress map[string]int
	touched   map[int]bool
	// roles, teams and members are those that were written since the start.
	roles, teams map[string]bool
	members      map[int]bool
	only         map[int]bool // nil for everybody
}

// A traveller is a member on the way.
type traveller struct {
	role.LiveMember
	before, after *role.LiveMember
	had, has      holding // what is held before and after, once known
	known         bool
	route         *route // on the way; nil if it is not known
}

// A Slip is a moment at which a member lacks what is held before and after, or holds what neither end
// grants.
type Slip struct {
	Email   string
	Pending bool
	// Lost is held before and after and not now; Surplus now and neither before nor after.
	Lost, Surplus Side
	// Undecided is why it could not be found out, in words.
	Undecided []string
	verdict   *passage
}

// NewTransit begins at before, on the way to after.
func NewTransit(before, after Account, o Options) *Transit {
	t := newTable(o, before, after)
	transit := &Transit{
		judge: newJudge(t, o), start: before, before: newDirectory(before, t), after: newDirectory(after, t),
		byRole: map[string][]int{}, byTeam: map[string][]int{}, byAddress: map[string]int{},
	}
	for _, p := range pairUp(before.Members, after.Members) {
		m := &traveller{before: p.before, after: p.after}
		m.restart()
		transit.travel = append(transit.travel, m)
	}
	transit.index()
	transit.Restart()
	return transit
}

// index finds the members that a write concerns. Whatever a holder holds on the way it holds before or
// after.
func (t *Transit) index() {
	for i, m := range t.travel {
		roles, teams := map[string]bool{}, map[string]bool{}
		t.before.reach(m.before, roles, teams)
		t.after.reach(m.after, roles, teams)
		for key := range roles {
			t.byRole[key] = append(t.byRole[key], i)
		}
		for key := range teams {
			t.byTeam[key] = append(t.byTeam[key], i)
		}
		t.byAddress[m.shown().Email] = i
	}
}

// reach adds the roles that a member holds and the teams that the member is in.
func (d *directory) reach(m *role.LiveMember, roles, teams map[string]bool) {
	if m == nil {
		return
	}
	for _, key := range ownRoles(*m) {
		roles[key] = true
	}
	for _, key := range d.teamsOf(*m) {
		teams[key] = true
		for _, r := range d.teams[key].CustomRoles {
			roles[r] = true
		}
	}
}

// Reach returns the keys of the roles that a member holds before or after, and of their teams.
func (t *Transit) Reach(email string) (roles, teams []string) {
	r, in := map[string]bool{}, map[string]bool{}
	m := t.travel[t.byAddress[email]]
	t.before.reach(m.before, r, in)
	t.after.reach(m.after, r, in)
	return slices.Sorted(maps.Keys(r)), slices.Sorted(maps.Keys(in))
}

func (m *traveller) shown() role.LiveMember { return pair{m.before, m.after}.shown() }

// Restart goes back to the start.
func (t *Transit) Restart() {
	if t.now == nil {
		t.now = newDirectory(t.start, t.judge.table)
	}
	for key := range t.roles {
		restore(t.now.roles, t.before.roles, key)
		t.now.forgetRole(key)
	}
	for key := range t.teams {
		restore(t.now.teams, t.before.teams, key)
		t.forgetTeam(key)
	}
	for i := range t.members {
		t.travel[i].restart()
	}
	t.touched, t.roles, t.teams, t.members = map[int]bool{}, map[string]bool{}, map[string]bool{}, map[int]bool{}
}

// restart goes back to where the member was.
func (m *traveller) restart() {
	m.LiveMember, m.route = m.shown(), nil
	if m.before != nil {
		m.LiveMember = *m.before
	}
}

// forgetTeam forgets what a team gave.
func (t *Transit) forgetTeam(key string) {
	for _, i := range t.byTeam[key] {
		t.travel[i].route = nil
	}
}

// restore makes one entry what it is in another map.
func restore[V any](now, before map[string]V, key string) {
	delete(now, key)
	if v, was := before[key]; was {
		now[key] = v
	}
}

// forgetRole forgets what a role meant.
func (d *directory) forgetRole(key string) {
	delete(d.ofKey, key)
	for _, n := range d.table.stepsOf[key] {
		if n < len(d.entries) {
			d.entries[n] = nil
		}
	}
}

// Only looks at these members from the next write on, at everybody if there are none.
func (t *Transit) Only(emails []string) {
	t.only = nil
	for _, email := range emails {
		if t.only == nil {
			t.only = map[int]bool{}
		}
		t.only[t.byAddress[email]] = true
	}
}

// Role tells that a role was written.
func (t *Transit) Role(r role.Role) {
	l := t.now.roles[r.Key]
	l.Role = r
	t.now.roles[r.Key] = l
	t.forget(r.Key)
}

// Gone tells that a role was deleted.
func (t *Transit) Gone(key string) {
	delete(t.now.roles, key)
	t.forget(key)
}

func (t *Transit) forget(key string) {
	t.now.forgetRole(key)
	t.roles[key] = true
	t.moved(t.byRole[key])
}

// Team tells that a team was written.
func (t *Transit) Team(team role.Team) {
	l := t.now.teams[team.Key]
	l.Team = team
	t.now.teams[team.Key] = l
	t.forgetTeam(team.Key)
	t.teams[team.Key] = true
	t.moved(t.byTeam[team.Key])
}

// Member tells that what a member holds was written.
func (t *Transit) Member(m role.Member) {
	if i, known := t.byAddress[m.Email]; known {
		t.travel[i].Member, t.travel[i].route = m, nil
		t.members[i] = true
		t.moved([]int{i})
	}
}

func (t *Transit) moved(who []int) {
	for _, i := range who {
		if t.only == nil || t.only[i] {
			t.touched[i] = true
		}
	}
}

// Surplus returns who holds too much, of those whom a write touched since the last look.
func (t *Transit) Surplus() []Slip { return t.look(t.judge.surplus) }

// Slips returns who holds too much or too little, of those whom a write touched since the last look.
func (t *Transit) Slips() []Slip { return t.look(t.judge.both) }

func (t *Transit) look(decide func(had, now, has holding) *passage) []Slip {
	var slips []Slip
	for _, i := range slices.Sorted(maps.Keys(t.touched)) {
		m := t.travel[i]
		t.read(m)
		now := t.now.along(*m.route)
		if t.judge.table.same(now, m.had) || t.judge.table.same(now, m.has) {
			continue
		}
		if p := decide(m.had, now, m.has); p.slips() {
			slips = append(slips, Slip{
				Email: m.Email, Pending: m.Pending, Lost: p.lost, Surplus: p.surplus, Undecided: p.undecided, verdict: p,
			})
		}
	}
	t.touched = map[int]bool{}
	return slips
}

// read reads what a member holds at the ends, which few are asked about, and how on the way.
func (t *Transit) read(m *traveller) {
	if !m.known {
		m.had, m.has, m.known = t.before.of(m.before), t.after.of(m.after), true
		m.had.named, m.has.named = m.had.name(), m.has.name()
	}
	if m.route == nil {
		m.route = new(t.judge.table.routeOf(t.now.paths(m.LiveMember)))
	}
}

// Describe puts slips into lines, so many different ones at most; the others keep their examples.
func (t *Transit) Describe(slips []Slip, most int) {
	done := map[*passage]bool{}
	for i, s := range slips {
		if p := s.verdict; !done[p] && len(done) < most {
			done[p] = true
			p.describe(t.judge.options.Budget)
		}
		slips[i].Lost, slips[i].Surplus = s.verdict.lost, s.verdict.surplus
	}
}
