package reconcile_test

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// What somebody else does to an account while a plan is applied to it.

// outsideEdit is one edit. It does what it can at the moment when it is made: what it is to change may
// not be there, or be there already.
type outsideEdit struct {
	name string // "delete role r1"
	do   func(*emulator.Emulator) error
}

// drawEdit draws an edit, most often of something that the plan changes, or of what is named.
func drawEdit(r *rand.Rand, o *org, p *plan.Plan, kind, key string) outsideEdit {
	if kind == "" {
		kind = anyOf(r, plan.KindRole, plan.KindTeam, plan.KindMember)
	}
	if key == "" && r.IntN(4) > 0 {
		c := p.Changes[r.IntN(len(p.Changes))]
		kind, key = c.Kind, c.Key
		if c.Replaces != "" && r.IntN(2) == 0 {
			key = c.Replaces
		}
	}
	switch kind {
	case plan.KindRole:
		return roleEdit(r, o, keyOr(r, key, o.emu.Roles(), func(l emulator.Role) string { return l.Key }))
	case plan.KindTeam:
		return teamEdit(r, o, keyOr(r, key, o.emu.Teams(), func(l emulator.Team) string { return l.Key }))
	}
	return memberEdit(r, o, keyOr(r, key, o.emu.Members(), func(l emulator.Member) string { return l.Email }))
}

func keyOr[T any](r *rand.Rand, key string, list []T, keyOf func(T) string) string {
	if key != "" {
		return key
	}
	return keyOf(anyOf(r, list...))
}

func find[T any](list []T, is func(T) bool) (found T, there bool) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], true
	}
	return found, false
}

func roleEdit(r *rand.Rand, o *org, key string) outsideEdit {
	verb := anyOf(r, "describe", "rewrite", "rename", "delete", "remake", "give", "take")
	statement := as[emulator.Statement](o.statement())
	holder := anyOf(r, o.emu.Members()...).ID
	team := anyOf(r, o.emu.Teams()...).Key
	return outsideEdit{verb + " role " + key, func(emu *emulator.Emulator) error {
		l, there := find(emu.Roles(), func(l emulator.Role) bool { return l.Key == key })
		switch {
		case !there:
			return emu.Add(emulator.Role{Key: key, Name: "made outside", Policy: []emulator.Statement{statement}})
		case verb == "delete":
			return emu.Remove(key)
		case verb == "remake":
			l.ID = ""
			return firstError(emu.Remove(key), emu.Add(l))
		case verb == "give" && r.IntN(2) == 0:
			return emu.EditTeam(team, func(t *emulator.Team) { t.CustomRoles = append(t.CustomRoles, l.ID) })
		case verb == "give":
			return emu.EditMember(holder, func(m *emulator.Member) { m.CustomRoles = append(m.CustomRoles, l.ID) })
		case verb == "take":
			return takeFromAll(emu, l.ID)
		}
		return emu.Edit(key, func(l *emulator.Role) {
			switch verb {
			case "describe":
				l.Description = "outside"
			case "rename":
				l.Name = "outside"
			default:
				l.Policy = append(l.Policy, statement)
			}
		})
	}}
}

// takeFromAll takes a role from all who hold it.
func takeFromAll(emu *emulator.Emulator, id string) (err error) {
	without := func(ids []string) []string { return slices.DeleteFunc(ids, func(s string) bool { return s == id }) }
	for _, m := range emu.Members() {
		if slices.Contains(m.CustomRoles, id) {
			err = firstError(err, emu.EditMember(m.ID, func(m *emulator.Member) { m.CustomRoles = without(m.CustomRoles) }))
		}
	}
	for _, t := range emu.Teams() {
		if slices.Contains(t.CustomRoles, id) {
			err = firstError(err, emu.EditTeam(t.Key, func(t *emulator.Team) { t.CustomRoles = without(t.CustomRoles) }))
		}
	}
	return err
}

func firstError(errs ...error) error {
	err, _ := find(errs, func(err error) bool { return err != nil })
	return err
}

func teamEdit(r *rand.Rand, o *org, key string) outsideEdit {
	verb := anyOf(r, "describe", "rename", "give", "take", "fill", "delete", "remake", "join")
	given, attributes := anyOf(r, o.emu.Roles()...).Key, o.attributes()
	joining := anyOf(r, o.emu.Members()...).ID
	return outsideEdit{verb + " team " + key, func(emu *emulator.Emulator) error {
		l, there := find(emu.Teams(), func(l emulator.Team) bool { return l.Key == key })
		switch {
		case !there:
			return emu.AddTeam(emulator.Team{Key: key, Name: "made outside", RoleAttributes: attributes})
		case verb == "delete":
			return emu.RemoveTeam(key)
		case verb == "remake":
			return firstError(emu.RemoveTeam(key), emu.AddTeam(l))
		}
		return emu.EditTeam(key, func(t *emulator.Team) {
			switch verb {
			case "describe":
				t.Description = "outside"
			case "rename":
				t.Name = "outside"
			case "give":
				t.CustomRoles = append(t.CustomRoles, given)
			case "take":
				t.CustomRoles = t.CustomRoles[:len(t.CustomRoles)/2]
			case "fill":
				t.RoleAttributes = attributes
			default:
				t.Members = append(t.Members, joining)
			}
		})
	}}
}

func memberEdit(r *rand.Rand, o *org, email string) outsideEdit {
	verb := anyOf(r, "promote", "give", "take", "fill", "remove", "remake")
	given, attributes, base := anyOf(r, o.emu.Roles()...).Key, o.attributes(), anyOf(r, role.Reader, role.NoAccess, "writer")
	return outsideEdit{verb + " member " + email, func(emu *emulator.Emulator) error {
		l, there := find(emu.Members(), func(l emulator.Member) bool { return l.Email == email })
		switch {
		case !there:
			return fmt.Errorf("no member %s", email)
		case verb == "remove":
			return emu.RemoveMember(email)
		case verb == "remake":
			l.ID = ""
			return firstError(emu.RemoveMember(email), emu.AddMember(l))
		}
		return emu.EditMember(email, func(m *emulator.Member) {
			switch verb {
			case "promote":
				m.Role = base
			case "give":
				m.CustomRoles = append(m.CustomRoles, given)
			case "take":
				m.CustomRoles = m.CustomRoles[:len(m.CustomRoles)/2]
			default:
				m.RoleAttributes = attributes
			}
		})
	}}
}

// factsOf says what an account holds, in pieces that one edit changes: by "KIND ID PIECE", where only
// roles and teams go by their keys.
func factsOf(emu *emulator.Emulator) map[string]string {
	facts := map[string]string{}
	holds := func(thing string, ids []string, attributes role.Attributes) {
		for _, id := range ids {
			facts[thing+" holds "+id] = "yes"
		}
		for name, values := range attributes.Normal() {
			facts[thing+" attribute "+name] = fmt.Sprint(values)
		}
	}
	for _, l := range emu.Roles() {
		thing, r := "role "+l.Key, as[role.Role](l).Normal()
		facts[thing+" is"], facts[thing+" name"], facts[thing+" description"] = l.ID, r.Name, r.Description
		facts[thing+" basePermissions"], facts[thing+" policy"] = r.BasePermissions, jsonOf(r.Policy)
	}
	for _, l := range emu.Teams() {
		thing := "team " + l.Key
		facts[thing+" is"], facts[thing+" name"], facts[thing+" description"] = "there", l.Name, l.Description
		holds(thing, l.CustomRoles, l.RoleAttributes)
		for _, id := range l.Members {
			facts[thing+" has "+id] = "yes"
		}
	}
	for _, l := range emu.Members() {
		thing := "member " + l.ID
		facts[thing+" is"], facts[thing+" role"] = l.Email, l.Role
		holds(thing, l.CustomRoles, l.RoleAttributes)
	}
	return facts
}
