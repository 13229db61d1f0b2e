package emulator

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// What a token may do is decided by the evaluator that the rest of rolewright is measured by. A token
// has layers, each of which must allow what it does: the limits of its own, and, since a personal token
// never exceeds its member, what its member may. Within a layer one role that allows is enough.

// baseRole returns what base roles allow, by name.
var baseRole = sync.OnceValue(func() map[string]role.Role { return people.BaseRoles() })

// rights are what a token may do.
type rights struct {
	layers [][]*policy.Evaluator // one evaluator for each role
}

// Reading roles or members takes no action that anybody has named; see the switch unnamedReads.
const (
	viewRole   = "viewRole"
	viewMember = "viewMember"
)

// may reports whether the action is allowed on a resource, which may go by several names. A statement
// matches the resource if it matches one of its names.
func (r rights) may(action string, names []policy.Part) bool {
	return !slices.ContainsFunc(r.layers, func(layer []*policy.Evaluator) bool {
		return !slices.ContainsFunc(layer, func(one *policy.Evaluator) bool { return allows(one, action, names) })
	})
}

// allows asks one role.
func allows(one *policy.Evaluator, action string, names []policy.Part) bool {
	allowed := false
	for _, name := range names {
		d := one.Evaluate(policy.Request{Action: action, Resource: []policy.Part{name}})
		if slices.ContainsFunc(d.Reasons, func(r policy.Reason) bool { return r.Kind == policy.ReasonDeny }) {
			return false
		}
		allowed = allowed || d.Allowed
	}
	return allowed
}

// rights returns what a token that is limited may do in the account as v shows it.
func (e *Emulator) rights(v *view, t Token) rights {
	var r rights
	member, found := v.members.byKey[v.memberKey(t.Member)]
	if !t.OfMember {
		r.layers = append(r.layers, e.evaluators(e.ownRoles(v, t)))
	}
	if t.OfMember || found && !t.Service {
		var held []policy.Held
		if found {
			held = e.memberRoles(v, member.is)
		}
		r.layers = append(r.layers, e.evaluators(held))
	}
	return r
}

func (e *Emulator) evaluators(held []policy.Held) []*policy.Evaluator {
	sem := policy.DefaultSemantics()
	sem.BareStar = e.opts.Behaviour.AllowBareStar
	list := make([]*policy.Evaluator, len(held))
	for i, h := range held {
		list[i] = policy.NewEvaluator([]policy.Held{h}, sem)
	}
	return list
}

// ownRoles are the limits that a token has itself.
func (e *Emulator) ownRoles(v *view, t Token) []policy.Held {
	switch {
	case t.Role != "":
		return []policy.Held{{Role: baseRole()[t.Role]}}
	case len(t.Inline) > 0:
		return []policy.Held{{Role: asRole(Role{Policy: t.Inline, BasePermissions: e.opts.Behaviour.InlineBase})}}
	}
	return v.heldAs(v.roleIDs(t.CustomRoles), nil)
}

// memberRoles is everything that a member holds: roles of their own or else the base role, those of
// their teams, and what they were granted on single teams.
func (e *Emulator) memberRoles(v *view, m Member) []policy.Held {
	held := v.heldAs(m.CustomRoles, m.RoleAttributes)
	if len(m.CustomRoles) == 0 {
		held = []policy.Held{{Role: baseRole()[m.Role]}}
	}
	for _, t := range v.teamsOf[m.ID] {
		held = append(held, v.heldAs(t.is.CustomRoles, t.is.RoleAttributes)...)
	}
	for _, t := range v.teams.order {
		for _, g := range t.is.Grants {
			if slices.Contains(g.Members, m.ID) {
				held = append(held, policy.Held{Role: e.grantRole(t.is.Key, g)})
			}
		}
	}
	return held
}

// heldAs returns the roles of those ids as somebody holds them; one that the account has no longer
// allows nothing.
func (v *view) heldAs(ids []string, attributes map[string][]string) []policy.Held {
	var held []policy.Held
	for _, id := range ids {
		if r, found := v.roles.byID[id]; found {
			held = append(held, policy.Held{Role: asRole(r.is), Attributes: maps.Clone(attributes)})
		}
	}
	return held
}

// asRole is a role as package policy reads it, with the statements of its preset.
func asRole(r Role) role.Role {
	read := role.Role{Key: r.Key, Name: r.Name, BasePermissions: r.BasePermissions}
	for _, s := range slices.Concat(r.PresetStatements, r.Policy) {
		read.Policy = append(read.Policy, s.checked())
	}
	return read
}

// grantRole is what a permission grant allows, as a role.
func (e *Emulator) grantRole(team string, g Grant) role.Role {
	actions := g.Actions
	if g.ActionSet == maintains {
		actions = []string{"viewTeam", "updateTeamMembers", "updateTeamPermissionGrants"}
		if e.opts.Behaviour.MaintainTeam == "all" {
			actions = []string{"*"}
		}
	}
	return role.Role{Key: "grant", BasePermissions: role.NoAccess, Policy: []role.Statement{
		{Effect: role.Allow, Actions: actions, Resources: []string{"team/" + team}},
	}}
}

// allow refuses the request if its token may not do to the resource what the route, or the part of it,
// takes; see [Permissions].
func (e *Emulator) allow(v *view, r *request, part string, names ...policy.Part) error {
	p, found := permissionFor(r.method, r.pattern, part)
	if !found {
		return fmt.Errorf("it is not known what %s %s %s takes", r.method, r.pattern, part)
	}
	return e.may(v, r, p.Action, names...)
}

// may refuses the request if its token may not do the action to the resource of those names.
func (e *Emulator) may(v *view, r *request, action string, names ...policy.Part) error {
	if r.token.unlimited() {
		return nil
	}
	if r.rights == nil {
		r.rights = new(e.rights(v, r.token))
	}
	if r.rights.may(action, names) {
		return nil
	}
	err := e.denied()
	err.message += fmt.Sprintf(" It takes %s on %s.", action, names[0])
	return err
}

// mayRead is may for what is not shown to whoever may not view it.
func (e *Emulator) mayRead(v *view, r *request, action string, names ...policy.Part) error {
	err := e.may(v, r, action, names...)
	if err != nil && e.opts.Behaviour.HiddenRead == "404" {
		return errNotFound
	}
	return err
}

// shown returns what the token may view of a list.
func shown[T thing[T]](e *Emulator, v *view, r *request, action string, list []*record[T], names func(T) []policy.Part) ([]*record[T], error) {
	if r.token.unlimited() || action == "" {
		return list, nil
	}
	var visible []*record[T]
	for _, rec := range list {
		err := e.may(v, r, action, names(rec.is)...)
		if err != nil && e.opts.Behaviour.HiddenList == "refused" {
			return nil, err
		}
		if err == nil {
			visible = append(visible, rec)
		}
	}
	return visible, nil
}

// unnamed returns an action that stands for a reading that takes none which is known, or "".
func (e *Emulator) unnamed(action string) string {
	if e.opts.Behaviour.UnnamedReads == "nothing" {
		return ""
	}
	return action
}

func roleNames(r Role) []policy.Part { return []policy.Part{{Type: "role", Key: r.Key}} }

func teamNames(t Team) []policy.Part { return []policy.Part{{Type: "team", Key: t.Key}} }

func projectNames(p Project) []policy.Part {
	return []policy.Part{{Type: "proj", Key: p.Key, Tags: p.Tags}}
}

// memberNames are what policies may call a member.
func (e *Emulator) memberNames(m Member) []policy.Part {
	id, email := policy.Part{Type: "member", Key: m.ID}, policy.Part{Type: "member", Key: m.Email}
	switch {
	case e.opts.Behaviour.MemberName == "id" && m.ID != "":
		return []policy.Part{id}
	case e.opts.Behaviour.MemberName == "email" || m.ID == "":
		return []policy.Part{email}
	}
	return []policy.Part{id, email}
}

// allowMember is allow for a change of a member. Who may change who holds a role may give and take it
// without the right to change the member.
func (e *Emulator) allowMember(v *view, r *request, part string, old, next Member) error {
	err := e.allow(v, r, part, e.memberNames(old)...)
	p, _ := permissionFor(r.method, r.pattern, part)
	changed := differing(old.CustomRoles, next.CustomRoles)
	if err == nil || p.Action != "updateCustomRole" || len(changed) == 0 {
		return err
	}
	for _, id := range changed {
		rec, found := v.roles.byID[id]
		if !found || e.may(v, r, "updateMembers", roleNames(rec.is)...) != nil {
			return err
		}
	}
	return nil
}

// differing returns what only one of the lists has.
func differing(a, b []string) []string {
	inA, inB := setOf(a), setOf(b)
	return slices.DeleteFunc(slices.Concat(a, b), func(s string) bool { return inA[s] && inB[s] })
}
