package check

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/rolewright/rolewright/reconcile/access"
)

// Ways in which somebody gives himself more than he holds. Each is an action on a role, a member or
// a team:
//
//   - to edit the policy or the base permissions of a role that he holds, or can come to hold, gives
//     him everything;
//   - to change the base role of members, to invite members or to hand over the account does too;
//   - to hand out custom roles to members or teams gives him every role there is, and everything if
//     he can make one; to hand out one role (updateMembers on it) gives him that one;
//   - to change who is in a team gives him what the team gives;
//   - to set role attributes gives him what he holds for any values of them.
//
// It is assumed that whoever may do such a thing to some member or team may do it to himself or his
// own, since files do not say who is who. Tokens are left out: what one grants that somebody makes is
// not documented to be more than he has.

// A way is one of them.
type way struct {
	box  box
	what string // it gives
	to   gives
}

type gives int

const (
	everything gives = iota
	everyRole
	anyValues
)

// ways are all of them: wide are those that do not depend on which role or team it is, the others lead to
// one, and have the box of all of them.
type ways struct {
	wide                                      []way
	editRoles, makeRoles, giveRole, joinTeams way
}

// everyWay has the ways. They are read when first asked for, since that takes the catalogue.
var everyWay = sync.OnceValue(func() ways {
	return ways{
		wide: []way{
			wayOf("updateAccountOwner on acct", "the account", everything),
			wayOf("updateRole on member/*", "any base role", everything),
			wayOf("createMember on member/*", "a member with any role", everything),
			wayOf("updateCustomRole on member/*", "any role to a member", everyRole),
			wayOf("updateTeamCustomRoles on team/*", "any role to a team", everyRole),
			wayOf("updateMemberRoleAttributes on member/*", "any role attributes", anyValues),
		},
		editRoles: wayOf("updatePolicy, updateBasePermissions on role/*", "", everything),
		makeRoles: wayOf("createRole on role/*", "", everything),
		giveRole:  wayOf("updateMembers on role/*", "", everyRole),
		joinTeams: wayOf("updateTeamMembers on team/*", "", everyRole),
	}
})

// begin reports whether some way begins with what is held.
func (w ways) begin(may func(way) bool) bool {
	return slices.ContainsFunc(w.wide, may) || may(w.editRoles) || may(w.giveRole) || may(w.joinTeams)
}

func wayOf(text, what string, to gives) way {
	b, wrong := readBox(text)
	if wrong != nil {
		panic("check: " + wrong.message)
	}
	return way{b, what, to}
}

var roleAction = map[string]string{"role": "updateMembers on role/", "team": "updateTeamMembers on team/"}

// An ascent is somebody on the way up.
type ascent struct {
	*prover
	subject
	steps  []string
	unsure string // why something could not be decided
}

// escalates answers whether a subject may do something of the box, or can bring it about.
func (p *prover) escalates(s *subject, b box) (access.Answer, finding) {
	answer, f := p.some(s, b)
	if answer != access.No || !everyWay().begin(func(w way) bool { return len(p.able(s.held, w.box)) > 0 }) {
		return answer, f
	}
	a := &ascent{prover: p, subject: *s}
	a.held = slices.Clone(s.held)
	var passed []string
	for {
		if sign := b.text + (&merger{world: p.world}).sign(&a.subject); p.deadEnds[sign] {
			break
		} else {
			passed = append(passed, sign)
		}
		if f, reached := a.everything(); reached {
			return access.Yes, f
		}
		if !a.climb() {
			break
		}
		if answer, f := p.some(&a.subject, b); answer != access.No {
			f.steps, f.holds = a.steps, a.knownOf(&a.subject)
			return answer, f
		}
	}
	if a.unsure != "" {
		return access.Undecided, finding{why: a.unsure}
	}
	for _, sign := range passed {
		p.deadEnds[sign] = true
	}
	return access.No, finding{}
}

// may answers whether the climber may do something of a box.
func (a *ascent) may(b box) (finding, bool) {
	answer, f := a.some(&a.subject, b)
	if answer == access.Undecided {
		a.unsure = f.why
	}
	return f, answer == access.Yes
}

// only returns the climber with those roles alone that have to do with a box.
func (a *ascent) only(b box) *ascent {
	few := *a
	few.held, _, _ = a.singly(&a.subject, b, false)
	return &few
}

// everything reports whether the climber can do everything in one step.
func (a *ascent) everything() (finding, bool) {
	for _, w := range everyWay().wide {
		if w.to != everything {
			continue
		}
		if f, may := a.may(w.box); may {
			return a.reached(f, w.what), true
		}
	}
	if _, may := a.may(everyWay().editRoles.box); may {
		if f, key := a.edits(); key != "" {
			return a.reached(f, fmt.Sprintf("edits role %q, which it holds", key)), true
		}
	}
	if answer, f := a.both(&a.subject, [2]box{everyWay().makeRoles.box, everyWay().giveRole.box}); answer == access.Yes {
		return a.reached(f, "makes a role and takes it"), true
	}
	f, may := a.may(everyWay().makeRoles.box)
	if _, gives := a.may(everyWay().wide[3].box); may && gives {
		return a.reached(f, "makes a role and gives it"), true
	}
	if _, gives := a.may(everyWay().wide[4].box); may && gives {
		return a.reached(f, "makes a role and gives it to a team"), true
	}
	return finding{}, false
}

func (a *ascent) reached(f finding, what string) finding {
	f.steps, f.holds = append(slices.Clone(a.steps), f.request.String()+": "+what), a.knownOf(&a.subject)
	return f
}

// edits returns a role that the climber holds and may edit.
func (a *ascent) edits() (f finding, key string) {
	few := a.only(everyWay().editRoles.box)
	for _, h := range a.held {
		if h.base || a.find(h) == nil {
			continue
		}
		if f, may := few.mayOne("updatePolicy, updateBasePermissions on role/" + h.key); may {
			return f, h.key
		}
	}
	a.unsure = few.unsure
	return finding{}, ""
}

// mayOne answers for one role or one team. A key that cannot stand in a specifier is not decided on.
func (a *ascent) mayOne(text string) (finding, bool) {
	b, wrong := readBox(text)
	if wrong != nil {
		a.unsure = wrong.message
		return finding{}, false
	}
	return a.may(b)
}

// climb takes every step that can be taken now, and reports whether there was one.
func (a *ascent) climb() bool {
	before := len(a.held) + len(a.steps)
	for _, w := range everyWay().wide {
		if w.to == everything {
			continue
		}
		if f, may := a.may(w.box); may && w.to == everyRole {
			a.take(f, w.what, a.roleKeys())
		} else if may && !a.symbolic {
			a.symbolic = true
			a.steps = append(a.steps, f.request.String()+": "+w.what)
			for i := range a.held {
				a.held[i].attributes = nil
			}
		}
	}
	a.each(everyWay().giveRole.box, "role", a.roleKeys())
	a.each(everyWay().joinTeams.box, "team", a.teamKeys)
	return len(a.held)+len(a.steps) > before
}

// each takes what the climber can give himself one by one: roles, or what teams give.
func (a *ascent) each(all box, kind string, keys []string) {
	if _, may := a.may(all); !may {
		return
	}
	few, have := a.only(all), a.have()
	for _, key := range keys {
		if kind == "role" && have[key] {
			continue
		}
		switch f, may := few.mayOne(roleAction[kind] + key); {
		case !may:
		case kind == "role":
			a.take(f, fmt.Sprintf("role %q", key), []string{key})
		default:
			a.join(f, key)
		}
	}
	a.unsure = few.unsure
}

// have returns the keys of the roles that the climber holds.
func (a *ascent) have() map[string]bool {
	keys := make(map[string]bool, len(a.held))
	for _, h := range a.held {
		keys[h.key] = keys[h.key] || !h.base
	}
	return keys
}

// take adds roles that the climber does not hold.
func (a *ascent) take(f finding, what string, keys []string) {
	added, have := false, a.have()
	for _, key := range keys {
		if a.roles[key] != nil && !have[key] {
			a.held = append(a.held, a.with(key))
			added = true
		}
	}
	if added {
		a.steps = append(a.steps, f.request.String()+": "+what)
	}
}

// join adds what a team gives.
func (a *ascent) join(f finding, key string) {
	added := false
	for _, h := range a.teamHeld(key) {
		if a.find(h) != nil && !slices.ContainsFunc(a.held, h.same) {
			a.held = append(a.held, h)
			added = true
		}
	}
	if added {
		a.steps = append(a.steps, fmt.Sprintf("%s: what team %q gives", f.request, key))
	}
}

// stepText writes the steps of a way up.
func stepText(steps []string) string { return strings.Join(steps, ", then ") }
