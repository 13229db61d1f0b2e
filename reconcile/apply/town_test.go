package apply_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// town is an account with people: teams, and members who hold roles by their ids. A role cannot be
// deleted while somebody holds it.
type town struct {
	*account
	now     people
	before  []townMoment // what readers see while lag lasts
	refuse  int          // so many deletes are refused although nobody holds the role
	states  []people     // after each write, with the roles there were
	madeOne map[string]int
	// unedited is the digest that a team or a member had before the first edit of those that are foreign.
	unedited map[string]string
}

// people are the teams by key and the members by id, and the roles that there are, by id.
type people struct {
	teams   map[string]role.LiveTeam
	members map[string]role.LiveMember
	roles   map[string]string
}

type townMoment struct {
	at time.Time
	people
}

var (
	_ apply.Store  = (*town)(nil)
	_ apply.People = (*town)(nil)
)

// city is a scene with people.
type city struct {
	scene
	teams   []role.LiveTeam
	members []role.LiveMember
	wantT   []role.DesiredTeam
	wantM   []role.DesiredMember
	// semantics lets a plan look at access, so that it keeps everybody from holding too much or too little.
	semantics *policy.Semantics
}

func (c city) town() *town {
	t := &town{account: newAccount(c.actual...), now: people{map[string]role.LiveTeam{}, map[string]role.LiveMember{}, nil}, madeOne: map[string]int{}, unedited: map[string]string{}}
	for _, l := range c.teams {
		t.now.teams[l.Key] = l
	}
	for _, l := range c.members {
		l.CustomRoles = t.ids(l.CustomRoles)
		t.now.members[l.ID] = l
	}
	return t
}

// make plans for the town as it is.
func (c city) make(t *town) *plan.Plan {
	actual := plan.Actual{Roles: t.counted(t.roles, t.now), Teams: slices.Collect(maps.Values(t.now.teams)), Members: slices.Collect(maps.Values(t.now.members))}
	actual.Members = plan.NameRoles(actual.Members, actual.Roles)
	everyone := &role.Scope{Include: []string{"*"}}
	return plan.MakeAll(plan.Desired{Roles: c.desired, Teams: c.wantT, Members: c.wantM}, actual, plan.Options{
		Tool:   "rolewright test",
		Target: plan.Target{Name: "test", Host: "localhost", AccountID: "5f"},
		Scope:  plan.Scope{Roles: role.Scope{Include: []string{"*"}}, Teams: everyone, Members: everyone},
		Guards: plan.Guards{MaxDeletes: 1 << 20, MaxDeletePercent: 100}, Semantics: c.semantics,
	})
}

// ids puts ids in the place of keys.
func (t *town) ids(keys []string) []string {
	out := []string{}
	for _, key := range keys {
		if l, there := t.roles[key]; there {
			key = l.ID
		}
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}

// holding counts who holds a role.
func (p people) holding(l role.Live) role.Assigned {
	var n role.Assigned
	for _, m := range p.members {
		if slices.Contains(m.CustomRoles, l.ID) {
			n.Members++
		}
	}
	for _, team := range p.teams {
		if slices.Contains(team.CustomRoles, l.Key) {
			n.Teams++
		}
	}
	return n
}

// counted are the roles with who holds them.
func (t *town) counted(roles map[string]role.Live, p people) []role.Live {
	var all []role.Live
	for _, l := range roles {
		l.Assigned = p.holding(l)
		all = append(all, l)
	}
	return all
}

func (p people) clone() people {
	return people{maps.Clone(p.teams), maps.Clone(p.members), maps.Clone(p.roles)}
}

// change changes people, and remembers how they were.
func (t *town) change(do func(p *people)) {
	if t.lag > 0 {
		t.before = append(t.before, townMoment{time.Now(), t.now.clone()})
	}
	do(&t.now)
	t.remember()
}

func (t *town) remember() {
	state := t.now.clone()
	state.roles = map[string]string{}
	for key, l := range t.roles {
		state.roles[l.ID] = key
	}
	t.states = append(t.states, state)
}

// shown is what a reader sees of the people now.
func (t *town) shown() people {
	for _, m := range t.before {
		if time.Since(m.at) < t.lag {
			return m.people
		}
	}
	return t.now
}

// ask is a request that reads.
func ask[T any](ctx context.Context, t *town, call string, see func() (T, bool)) (found T, err error) {
	what := t.begin(ctx, call)
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.finish(what, call)
	if err := answer(what, nil); err != nil {
		return found, err
	}
	found, there := see()
	if !there {
		return found, answer(gone, nil)
	}
	return found, nil
}

func (t *town) Roles(ctx context.Context) ([]role.Live, error) {
	return ask(ctx, t, "Roles", func() ([]role.Live, bool) { return t.counted(t.seen(), t.shown()), true })
}

func (t *town) Teams(ctx context.Context) ([]role.LiveTeam, error) {
	return ask(ctx, t, "Teams", func() ([]role.LiveTeam, bool) { return slices.Collect(maps.Values(t.shown().teams)), true })
}

func (t *town) Members(ctx context.Context) ([]role.LiveMember, error) {
	return ask(ctx, t, "Members", func() ([]role.LiveMember, bool) { return slices.Collect(maps.Values(t.shown().members)), true })
}

func (t *town) Role(ctx context.Context, key string) (role.Live, error) {
	l, err := t.account.Role(ctx, key)
	t.mu.Lock()
	defer t.mu.Unlock()
	l.Assigned = t.shown().holding(l)
	return l, err
}

func (t *town) Team(ctx context.Context, key string) (role.LiveTeam, error) {
	return ask(ctx, t, "Team "+key, func() (role.LiveTeam, bool) { l, there := t.shown().teams[key]; return l, there })
}

func (t *town) Member(ctx context.Context, id string) (role.LiveMember, error) {
	return ask(ctx, t, "Member "+id, func() (role.LiveMember, bool) { l, there := t.shown().members[id]; return l, there })
}

func (t *town) CreateRole(ctx context.Context, r role.Role) (role.Live, error) {
	l, err := t.account.CreateRole(ctx, r)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.remember()
	return l, err
}

func (t *town) DeleteRole(ctx context.Context, key string) error {
	t.mu.Lock()
	held := !t.now.holding(t.roles[key]).None() || t.refuse > 0
	if t.refuse > 0 {
		t.refuse--
	}
	if l, there := t.roles[key]; there && held {
		l.Assigned.Members = 1
		t.roles[key] = l
	}
	t.mu.Unlock()
	err := t.account.DeleteRole(ctx, key)
	t.mu.Lock()
	defer t.mu.Unlock()
	if l, there := t.roles[key]; there {
		l.Assigned.Members = 0
		t.roles[key] = l
	}
	t.remember()
	return err
}

func (t *town) CreateTeam(ctx context.Context, team role.Team, _ string) (reply role.LiveTeam, err error) {
	what, err := t.write(ctx, "CreateTeam "+team.Key, func(what trouble) error {
		if _, there := t.now.teams[team.Key]; there {
			return answer(clash, nil)
		}
		reply = t.servedTeam(role.LiveTeam{}, team, what)
		t.madeOne[team.Key]++
		t.change(func(p *people) { p.teams[team.Key] = reply })
		return nil
	})
	return spoiltTeam(reply, what), err
}

func (t *town) SetTeam(ctx context.Context, before role.LiveTeam, after role.Team, comment string) (reply role.LiveTeam, err error) {
	what, err := t.write(ctx, "SetTeam "+after.Key, func(what trouble) error {
		now, there := t.now.teams[after.Key]
		switch {
		case !there:
			return answer(gone, nil)
		case now.Digest() != before.Digest():
			return answer(clash, nil)
		}
		t.overwrite("SetTeam " + after.Key)
		reply = t.servedTeam(now, after, what)
		t.comments = append(t.comments, comment)
		t.change(func(p *people) { p.teams[after.Key] = reply })
		for _, r := range after.CustomRoles {
			if _, known := t.roles[r]; !known {
				return fmt.Errorf("the account took the change and did not add %q", r)
			}
		}
		return nil
	})
	return spoiltTeam(reply, what), err
}

// servedTeam is the team as the account keeps it: without roles that it does not know.
func (t *town) servedTeam(now role.LiveTeam, team role.Team, what trouble) role.LiveTeam {
	now.Team = team.Normal()
	now.CustomRoles = slices.DeleteFunc(now.CustomRoles, func(r string) bool { _, known := t.roles[r]; return !known })
	slices.Reverse(now.CustomRoles)
	if what == changed {
		now.Name += " (changed)"
	}
	return now
}

func spoiltTeam(reply role.LiveTeam, what trouble) role.LiveTeam {
	if what == otherReply {
		reply.Description += " (spoilt)"
	}
	return reply
}

func (t *town) SetMember(ctx context.Context, before role.LiveMember, after role.Member, ids map[string]string, comment string) (reply role.LiveMember, err error) {
	inIDs := func(keys []string) []string {
		out := []string{}
		for _, key := range keys {
			if id, known := ids[key]; known {
				key = id
			}
			out = append(out, key)
		}
		return out
	}
	what, err := t.write(ctx, "SetMember "+before.ID, func(what trouble) error {
		now, there := t.now.members[before.ID]
		before.CustomRoles = inIDs(before.CustomRoles)
		switch {
		case !there:
			return answer(gone, nil)
		case now.Digest() != before.Digest():
			return answer(clash, nil)
		}
		t.overwrite("SetMember " + before.ID)
		now.Member = after.Normal()
		now.CustomRoles = inIDs(now.CustomRoles)
		for _, r := range now.CustomRoles {
			if !slices.ContainsFunc(slices.Collect(maps.Values(t.roles)), func(l role.Live) bool { return l.ID == r }) {
				return answer(refused, nil)
			}
		}
		slices.Reverse(now.CustomRoles)
		if what == changed {
			now.Role = "writer"
		}
		t.comments = append(t.comments, comment)
		t.change(func(p *people) { p.members[before.ID] = now })
		reply = now
		return nil
	})
	if what == otherReply {
		reply.Role += " (spoilt)"
	}
	return reply, err
}

// What other people do to the town; to be called while it is locked.

// edited notes that somebody else made something else of a team or a member. If it is all that the plan
// wants, or what there was before the first of such edits, nothing is left that the plan could take from
// anybody.
func (t *town) edited(key string, planned bool, was, is string) {
	if !t.foreign[key] {
		t.unedited[key] = was
	}
	t.foreign[key] = !planned && is != t.unedited[key]
}

func editTeam(key string) func(*town) {
	return func(t *town) {
		if l, there := t.now.teams[key]; there {
			l.Description += " (edited)"
			t.edited(key, false, t.now.teams[key].Team.Digest(), l.Team.Digest())
			t.change(func(p *people) { p.teams[key] = l })
		}
	}
}

func dropTeam(key string) func(*town) {
	return func(t *town) {
		t.edited(key, false, t.now.teams[key].Team.Digest(), "")
		t.change(func(p *people) { delete(p.teams, key) })
	}
}

// setTeam and setMember make a change of the plan in its stead, as far as there are the roles already. That
// nobody loses if the plan goes on from there.

func setTeam(team role.Team) func(*town) {
	return func(t *town) {
		made := team
		made.CustomRoles = t.existing(team.CustomRoles)
		t.edited(team.Key, len(made.CustomRoles) == len(team.CustomRoles), t.now.teams[team.Key].Team.Digest(), made.Digest())
		t.change(func(p *people) { p.teams[team.Key] = role.LiveTeam{Team: made} })
	}
}

func dropMember(id string) func(*town) {
	return func(t *town) {
		t.edited(id, false, t.now.members[id].Digest(), "")
		t.change(func(p *people) { delete(p.members, id) })
	}
}

func setMember(id string, m role.Member) func(*town) {
	return func(t *town) {
		l, there := t.now.members[id]
		if !there {
			return
		}
		was, held := l.Digest(), t.existing(m.CustomRoles)
		l.Member = m
		l.CustomRoles = t.ids(held)
		t.edited(id, len(held) == len(m.CustomRoles), was, l.Digest())
		t.change(func(p *people) { p.members[id] = l })
	}
}

// existing are those of some roles that there are.
func (t *town) existing(keys []string) []string {
	return slices.DeleteFunc(slices.Clone(keys), func(r string) bool { _, known := t.roles[r]; return !known })
}

func editMember(id string) func(*town) {
	return func(t *town) {
		if l, there := t.now.members[id]; there {
			l.RoleAttributes = role.Attributes{"edited": {"yes"}}
			t.edited(id, false, t.now.members[id].Digest(), l.Digest())
			t.change(func(p *people) { p.members[id] = l })
		}
	}
}
