package simulation_test

import (
	"context"
	"slices"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

const (
	sameName      = "somebody makes the same edit"
	elsewhereName = "another applier"
)

// outside are the events in which somebody else does something to the account, before any request.
var outside = []event{
	{name: "somebody edits it", reads: true, writes: true, before: edits(editThing)},
	{name: "somebody edits another", reads: true, writes: true, before: func(w *world, e *entry) {
		w.meddle(e, func() bool { return editThing(w, w.bystander(e)) })
	}},
	{name: "somebody deletes it", reads: true, writes: true, before: edits(deleteThing)},
	{name: "somebody remakes it", reads: true, writes: true, before: edits(remakeThing)},
	{name: sameName, reads: true, writes: true, before: edits(sameEdit)},
	{name: "somebody gives it", reads: true, writes: true, before: edits(giveRole)},
	{name: elsewhereName, reads: true, writes: true, before: func(w *world, e *entry) {
		w.meddle(e, func() bool { return applyElsewhere(w) })
	}},
}

// target is what an edit is of, and the change of the plan that it is in the way of, if any.
type target struct {
	kind, key string
	change    *plan.Change
	turn      int // chooses among forms of an edit
}

func edits(do func(*world, target) bool) func(*world, *entry) {
	return func(w *world, e *entry) { w.meddle(e, func() bool { return do(w, w.target(e)) }) }
}

// target is what a request is about, or for a list one of the plan's changes in turn.
func (w *world) target(e *entry) target {
	kind, id := e.subject()
	turn := w.size()
	for i, c := range w.plan.Changes {
		if c.Kind == kind && id != "" && (c.Key == id || c.Holder != nil && c.Holder.Member != nil && c.Holder.Member.Before.ID == id) {
			return target{kind, c.Key, &w.plan.Changes[i], turn}
		}
	}
	c := &w.plan.Changes[turn%len(w.plan.Changes)]
	return target{c.Kind, c.Key, c, turn}
}

// bystander is something that the plan does not change.
func (w *world) bystander(e *entry) target {
	turn := w.size()
	for range 3 {
		turn++
		kind := []string{plan.KindRole, plan.KindTeam, plan.KindMember}[turn%3]
		for _, key := range w.keys(kind) {
			if m, _ := w.member(key); m.Role == "admin" || m.Role == "owner" {
				continue
			}
			if !slices.ContainsFunc(w.plan.Changes, func(c plan.Change) bool { return c.Kind == kind && c.Key == key || c.Replaces == key }) {
				return target{kind: kind, key: key, turn: turn}
			}
		}
	}
	return w.target(e)
}

func (w *world) keys(kind string) (keys []string) {
	switch kind {
	case plan.KindRole:
		for _, r := range w.holds().roles {
			keys = append(keys, r.Key)
		}
	case plan.KindTeam:
		for _, t := range w.holds().teams {
			keys = append(keys, t.Key)
		}
	default:
		for _, m := range w.holds().members {
			keys = append(keys, m.Email)
		}
	}
	return keys
}

func (w *world) role(key string) (emulator.Role, bool) {
	return find(w.holds().roles, func(r emulator.Role) bool { return r.Key == key })
}

func (w *world) team(key string) (emulator.Team, bool) {
	return find(w.holds().teams, func(t emulator.Team) bool { return t.Key == key })
}

func (w *world) member(email string) (emulator.Member, bool) {
	return find(w.holds().members, func(m emulator.Member) bool { return m.Email == email })
}

func find[T any](list []T, is func(T) bool) (found T, there bool) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], true
	}
	return found, false
}

var others = emulator.Statement{Effect: "allow", Actions: []string{"createWebhook"}, Resources: []string{"webhook/*"}}

// editThing changes one piece of something, or makes it where it is not there.
func editThing(w *world, it target) bool {
	given := w.holds().roles[0].ID
	switch it.kind {
	case plan.KindRole:
		if _, there := w.role(it.key); !there {
			return w.emu.Add(emulator.Role{Key: it.key, Name: "made outside " + it.key, Policy: []emulator.Statement{others}}) == nil
		}
		return w.emu.Edit(it.key, func(r *emulator.Role) { editRole(r, it.turn) }) == nil
	case plan.KindTeam:
		if _, there := w.team(it.key); !there {
			return w.emu.AddTeam(emulator.Team{Key: it.key, Name: "made outside"}) == nil
		}
		return w.emu.EditTeam(it.key, func(t *emulator.Team) { editTeam(t, it.turn, given) }) == nil
	}
	return w.emu.EditMember(it.key, func(m *emulator.Member) { editMember(m, it.turn, given) }) == nil
}

func editRole(r *emulator.Role, turn int) {
	switch turn % 4 {
	case 0:
		r.Policy = append(r.Policy, others)
	case 1:
		r.Description = "outside"
	case 2:
		r.Name = "outside " + r.Key
	case 3:
		r.BasePermissions = role.Reader
	}
}

func editTeam(t *emulator.Team, turn int, given string) {
	switch turn % 4 {
	case 0:
		t.CustomRoles = append(t.CustomRoles, given)
	case 1:
		t.Name = "outside"
	case 2:
		t.RoleAttributes = map[string][]string{"p": {"outside"}}
	case 3:
		t.CustomRoles = t.CustomRoles[:len(t.CustomRoles)/2]
	}
}

func editMember(m *emulator.Member, turn int, given string) {
	switch turn % 4 {
	case 0:
		m.CustomRoles = append(m.CustomRoles, given)
	case 1:
		m.Role = "writer"
	case 2:
		m.RoleAttributes = map[string][]string{"p": {"outside"}}
	case 3:
		m.CustomRoles = m.CustomRoles[:len(m.CustomRoles)/2]
	}
}

func deleteThing(w *world, it target) bool {
	switch it.kind {
	case plan.KindRole:
		return w.emu.Remove(it.key) == nil
	case plan.KindTeam:
		return w.emu.RemoveTeam(it.key) == nil
	}
	return w.emu.RemoveMember(it.key) == nil
}

// remakeThing deletes something and makes it anew, just as it was.
func remakeThing(w *world, it target) bool {
	switch it.kind {
	case plan.KindRole:
		r, there := w.role(it.key)
		r.ID = ""
		return there && w.emu.Remove(it.key) == nil && w.emu.Add(r) == nil
	case plan.KindTeam:
		t, there := w.team(it.key)
		return there && w.emu.RemoveTeam(it.key) == nil && w.emu.AddTeam(t) == nil
	}
	m, there := w.member(it.key)
	m.ID = ""
	return there && w.emu.RemoveMember(it.key) == nil && w.emu.AddMember(m) == nil
}

// sameEdit does what the plan is about to do.
func sameEdit(w *world, it target) bool {
	c := it.change
	switch {
	case c.Action == plan.Delete:
		return w.emu.Remove(c.Key) == nil
	case c.Kind == plan.KindTeam:
		after := c.Holder.Team.After
		if _, there := w.team(c.Key); !there {
			return w.emu.AddTeam(emulator.Team{Key: c.Key, Name: after.Name, CustomRoles: after.CustomRoles, RoleAttributes: after.RoleAttributes}) == nil
		}
		return w.emu.EditTeam(c.Key, func(t *emulator.Team) {
			t.Name, t.Description, t.CustomRoles, t.RoleAttributes = after.Name, after.Description, after.CustomRoles, after.RoleAttributes
		}) == nil
	case c.Kind == plan.KindMember:
		after := c.Holder.Member.After
		return w.emu.EditMember(c.Key, func(m *emulator.Member) {
			m.Role, m.CustomRoles, m.RoleAttributes = after.Role, after.CustomRoles, after.RoleAttributes
		}) == nil
	}
	same := as[emulator.Role](*c.After)
	if _, there := w.role(c.Key); !there {
		return w.emu.Add(same) == nil
	}
	return w.emu.Edit(c.Key, func(r *emulator.Role) {
		r.Name, r.Description, r.BasePermissions, r.Policy = same.Name, same.Description, same.BasePermissions, same.Policy
	}) == nil
}

// giveRole gives a role to somebody, or takes it from those who have it.
func giveRole(w *world, it target) bool {
	r, there := w.role(it.key)
	if it.kind != plan.KindRole || !there {
		return false
	}
	// People with a base role of administration lose it with their first role.
	members := slices.DeleteFunc(w.emu.Members(), func(m emulator.Member) bool { return m.Role == "admin" || m.Role == "owner" })
	teams := w.emu.Teams()
	if it.turn%2 == 0 || len(teams) == 0 {
		return w.emu.EditMember(members[it.turn%len(members)].ID, func(m *emulator.Member) { m.CustomRoles = append(m.CustomRoles, r.ID) }) == nil
	}
	return w.emu.EditTeam(teams[it.turn%len(teams)].Key, func(t *emulator.Team) { t.CustomRoles = append(t.CustomRoles, r.ID) }) == nil
}

// applyElsewhere applies the same plan from somewhere else, to its end.
func applyElsewhere(w *world) bool {
	account := w.connect(w.to, nil, 0)
	writes := w.emu.Writes()
	reconcile.Apply(context.Background(), w.plan, w.ws, account, apply.Options{Comment: "elsewhere", Parallelism: 1, Sleep: noted(nil)})
	return w.emu.Writes() > writes
}
