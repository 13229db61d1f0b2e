package plan

import (
	"slices"

	"github.com/rolewright/rolewright/reconcile/role"
)

// Walk visits the account as it is after each change of the plan, in the order in which they are
// applied, and returns it as the last one leaves it. What is visited changes with the next step:
// nobody may keep it. The argument stays as it is.
func (p *Plan) Walk(from Actual, visit func(step int, c Change, now Actual)) Actual {
	w := newWalk(from)
	for i, c := range p.Changes {
		w.step(c)
		if visit != nil {
			visit(i, c, w.now)
		}
	}
	return w.now
}

// walk is an account on its way from one state to another, and where in it each thing stands.
type walk struct {
	now                   Actual
	roles, teams, members map[string]int
}

func newWalk(from Actual) *walk {
	w := &walk{
		now: Actual{
			Roles: slices.Clone(from.Roles), Teams: slices.Clone(from.Teams), Members: slices.Clone(from.Members),
		},
		roles: map[string]int{}, teams: map[string]int{}, members: map[string]int{},
	}
	for i, r := range w.now.Roles {
		w.roles[r.Key] = i
	}
	for i, t := range w.now.Teams {
		w.teams[t.Key] = i
	}
	for i, m := range w.now.Members {
		w.members[m.Email] = i
	}
	return w
}

func (w *walk) step(c Change) {
	switch {
	case c.Kind == KindTeam:
		w.team(c.Holder.Team.After)
	case c.Kind == KindMember:
		if i, there := w.members[c.Key]; there {
			w.now.Members[i].Member = c.Holder.Member.After
		}
	case c.Action == Delete:
		w.forget(c.Key)
	default: // a replace leaves the old role for as long as somebody holds it
		w.role(*c.After)
	}
}

func (w *walk) team(after role.Team) {
	i, there := w.teams[after.Key]
	if !there {
		i = len(w.now.Teams)
		w.teams[after.Key] = i
		w.now.Teams = append(w.now.Teams, role.LiveTeam{})
	}
	w.now.Teams[i].Team = after
}

func (w *walk) role(after role.Role) {
	i, there := w.roles[after.Key]
	if !there {
		i = len(w.now.Roles)
		w.roles[after.Key] = i
		w.now.Roles = append(w.now.Roles, role.Live{})
	}
	w.now.Roles[i].Role = after
}

// forget takes a role out; the last one takes its place.
func (w *walk) forget(key string) {
	i, there := w.roles[key]
	if !there {
		return
	}
	last := len(w.now.Roles) - 1
	w.now.Roles[i] = w.now.Roles[last]
	w.roles[w.now.Roles[i].Key] = i
	w.now.Roles = w.now.Roles[:last]
	delete(w.roles, key)
}
