package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// People is what apply needs of an account beside [Store] for a plan that speaks of teams or members.
// The roles of members are ids or keys, in what it takes and in what it gives.
type People interface {
	// Teams and Members return every team and every member of the account, complete or an error.
	Teams(ctx context.Context) ([]role.LiveTeam, error)
	Members(ctx context.Context) ([]role.LiveMember, error)
	// Team returns one team by key, Member one member by id.
	Team(ctx context.Context, key string) (role.LiveTeam, error)
	Member(ctx context.Context, id string) (role.LiveMember, error)
	// CreateTeam sends one create and returns the team as the server answered.
	CreateTeam(ctx context.Context, t role.Team, comment string) (role.LiveTeam, error)
	// SetTeam and SetMember send one write that changes what differs from before, and nothing if the
	// account holds something else than before. Ids gives the id of a role by its key. An account may
	// take no condition with a part of it, as LaunchDarkly with the name, the description and the role
	// attributes of a team, and with role attributes of a member that have several values: an edit of
	// just that part that lands in the one round trip between looking and writing is lost.
	SetTeam(ctx context.Context, before role.LiveTeam, after role.Team, comment string) (role.LiveTeam, error)
	SetMember(ctx context.Context, before role.LiveMember, after role.Member, ids map[string]string, comment string) (role.LiveMember, error)
}

// thing is what a change is about, as it was read: a role, a team or a member, by the kind of the
// change. The roles of a member are keys.
type thing struct {
	role   role.Live
	team   role.LiveTeam
	member role.LiveMember
}

// id tells a thing from another that was made in its place. Teams have none but their key.
func (t thing) id(c plan.Change) string {
	switch c.Kind {
	case plan.KindTeam:
		return t.team.Key
	case plan.KindMember:
		return t.member.ID
	}
	return t.role.ID
}

func (t thing) digest(c plan.Change) string {
	switch c.Kind {
	case plan.KindTeam:
		return t.team.Digest()
	case plan.KindMember:
		return t.member.Digest()
	}
	return t.role.Digest()
}

// unlike names the fields in which a thing is not as c wants it; "" if it is.
func (t thing) unlike(c plan.Change) string {
	switch c.Kind {
	case plan.KindTeam:
		return differingTeams(t.team.Team, c.Holder.Team.After)
	case plan.KindMember:
		return differingMembers(t.member.Member, c.Holder.Member.After)
	}
	return unlike(t.role.Role, *c.After)
}

// moved names the fields in which a thing is not as c starts from.
func (t thing) moved(c plan.Change) string {
	switch c.Kind {
	case plan.KindTeam:
		return differingTeams(t.team.Team, c.Holder.Team.Before.Team)
	case plan.KindMember:
		return differingMembers(t.member.Member, c.Holder.Member.Before.Member)
	}
	return differing(t.role.Role, c.Before.Role)
}

// differingTeams names the fields in which two teams differ, in the order of the API.
func differingTeams(a, b role.Team) string {
	return namesOf(
		field{"key", a.Key == b.Key}, field{"name", a.Name == b.Name}, field{"description", a.Description == b.Description},
		field{"customRoles", sameSet(a.CustomRoles, b.CustomRoles)}, field{"roleAttributes", a.RoleAttributes.Equal(b.RoleAttributes)},
	)
}

func differingMembers(a, b role.Member) string {
	return namesOf(
		field{"email", a.Email == b.Email}, field{"role", a.Role == b.Role},
		field{"customRoles", sameSet(a.CustomRoles, b.CustomRoles)}, field{"roleAttributes", a.RoleAttributes.Equal(b.RoleAttributes)},
	)
}

func sameSet(a, b []string) bool {
	return slices.Equal(role.Team{CustomRoles: a}.Normal().CustomRoles, role.Team{CustomRoles: b}.Normal().CustomRoles)
}

// version is how often the account counts a team or a member to have been edited; 0 if it does not.
func (t thing) version(c plan.Change) int {
	switch c.Kind {
	case plan.KindTeam:
		return t.team.Version
	case plan.KindMember:
		return t.member.Version
	}
	return 0
}

// field is one of two things, and whether it is the same in both.
type field struct {
	name string
	same bool
}

// namesOf names the fields that are not the same.
func namesOf(fields ...field) string {
	var names []string
	for _, f := range fields {
		if !f.same {
			names = append(names, f.name)
		}
	}
	return strings.Join(names, ", ")
}

// read reads what c is about.
func (r *run) read(ctx context.Context, c plan.Change) (t thing, err error) {
	switch c.Kind {
	case plan.KindTeam:
		t.team, err = r.people.Team(ctx, c.Key)
	case plan.KindMember:
		t.member, err = r.people.Member(ctx, c.Holder.Member.Before.ID)
		t.member = plan.NameHeld(t.member, r.keysOf())
	default:
		t.role, err = r.store.Role(ctx, c.Key)
	}
	return t, err
}

// send sends c, whose thing was last read as before, and returns what the account answered.
func (r *run) send(ctx context.Context, c plan.Change, before thing) (t thing, err error) {
	switch {
	case c.Kind == plan.KindTeam && c.Action == plan.Create:
		t.team, err = r.people.CreateTeam(ctx, c.Holder.Team.After, r.opts.Comment)
	case c.Kind == plan.KindTeam:
		t.team, err = r.people.SetTeam(ctx, before.team, c.Holder.Team.After, r.opts.Comment)
	case c.Kind == plan.KindMember:
		t.member, err = r.people.SetMember(ctx, before.member, c.Holder.Member.After, r.idsOf(), r.opts.Comment)
		t.member = plan.NameHeld(t.member, r.keysOf())
	case c.Action == plan.Update:
		t.role, err = r.store.UpdateRole(ctx, before.role, *c.After, r.opts.Comment)
	default:
		t.role, err = r.store.CreateRole(ctx, *c.After)
	}
	return t, err
}

// learn remembers the ids of roles, by which members hold them.
func (r *run) learn(key, id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.roleIDs[key] = id
}

// idsOf returns the ids of roles by their keys.
func (r *run) idsOf() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	ids := make(map[string]string, len(r.roleIDs))
	for key, id := range r.roleIDs {
		ids[key] = id
	}
	return ids
}

// keysOf returns the keys of roles by their ids and keys.
func (r *run) keysOf() map[string]string {
	ids := r.idsOf()
	keys := make(map[string]string, 2*len(ids))
	for key := range ids {
		keys[key] = key
	}
	for key, id := range ids {
		keys[id] = key // last, for a key that looks like another role's id: members hold ids
	}
	return keys
}

// listing is an account as it was listed, the members by their ids.
type listing struct {
	actual  plan.Actual
	roles   map[string]role.Live
	teams   map[string]role.LiveTeam
	members map[string]role.LiveMember
}

// list lists what the plan needs of the account: its roles, and the kinds of holders that it manages.
// The error says what could not be listed.
func (r *run) list() (l listing, err error) {
	if l.actual.Roles, err = r.store.Roles(r.ctx); err != nil {
		return l, err
	}
	if l.actual.Teams, err = listed(r, plan.KindTeam, People.Teams); err != nil {
		return l, fmt.Errorf("its teams: %w", err)
	}
	if l.actual.Members, err = listed(r, plan.KindMember, People.Members); err != nil {
		return l, fmt.Errorf("its members: %w", err)
	}
	l.actual.Members = plan.NameRoles(l.actual.Members, l.actual.Roles)
	l.index()
	return l, nil
}

// listed lists one kind of holder, if the plan has to do with it.
func listed[T any](r *run, kind string, list func(People, context.Context) ([]T, error)) ([]T, error) {
	if !needs(r.plan, kind) {
		return nil, nil
	}
	return list(r.people, r.ctx)
}

func (l *listing) index() {
	l.roles, l.teams, l.members = byKey(l.actual.Roles), map[string]role.LiveTeam{}, map[string]role.LiveMember{}
	for _, t := range l.actual.Teams {
		l.teams[t.Key] = t
	}
	for _, m := range l.actual.Members {
		l.members[m.ID] = m
	}
}

// find returns what c is about.
func (l listing) find(c plan.Change) (t thing, there bool) {
	switch c.Kind {
	case plan.KindTeam:
		t.team, there = l.teams[c.Key]
	case plan.KindMember:
		t.member, there = l.members[c.Holder.Member.Before.ID]
	default:
		t.role, there = l.roles[c.Key]
	}
	return t, there
}

// needs reports whether the plan manages a kind of holder, or changes one.
func needs(p *plan.Plan, kind string) bool {
	scope := p.Scope.Teams
	if kind == plan.KindMember {
		scope = p.Scope.Members
	}
	return scope != nil || slices.ContainsFunc(p.Changes, func(c plan.Change) bool { return c.Kind == kind })
}

// errNoPeople is about an account that stands in for one and knows roles alone.
var errNoPeople = errors.New("the plan manages teams or members, and this account knows roles alone")
