package emulator

import "slices"

// teamPatch is a semantic patch of a team while it is carried out.
type teamPatch struct {
	emulator *Emulator
	tx       *change
	next     Team
}

// teamInstructions are what a semantic patch of a team can hold.
var teamInstructions = map[string]func(*teamPatch, instruction) error{
	"addCustomRoles":         (*teamPatch).addRoles,
	"removeCustomRoles":      (*teamPatch).removeRoles,
	"addMembers":             (*teamPatch).addMembers,
	"removeMembers":          (*teamPatch).removeMembers,
	"replaceMembers":         (*teamPatch).replaceMembers,
	"addPermissionGrants":    (*teamPatch).addGrants,
	"removePermissionGrants": (*teamPatch).removeGrants,
	"addRoleAttribute":       (*teamPatch).setAttribute,
	"updateRoleAttribute":    (*teamPatch).setAttribute,
	"removeRoleAttribute":    (*teamPatch).removeAttribute,
	"replaceRoleAttributes":  (*teamPatch).replaceAttributes,
	"updateName":             (*teamPatch).updateName,
	"updateDescription":      (*teamPatch).updateDescription,
}

// roles returns the ids of the roles that an instruction names.
func (p *teamPatch) roles(in instruction) ([]string, error) {
	values, err := required[[]string](in, "values")
	if err != nil {
		return nil, err
	}
	return p.emulator.teamRoleIDs(p.tx.view, values)
}

func (p *teamPatch) addRoles(in instruction) error {
	ids, err := p.roles(in)
	p.next.CustomRoles = p.tx.roleIDs(append(p.next.CustomRoles, ids...))
	return err
}

func (p *teamPatch) removeRoles(in instruction) error {
	ids, err := p.roles(in)
	gone := setOf(ids)
	p.next.CustomRoles = slices.DeleteFunc(p.next.CustomRoles, func(id string) bool { return gone[id] })
	return err
}

// members returns the ids of the members that an instruction names in a field.
func (p *teamPatch) members(in instruction, field string) ([]string, error) {
	ids, err := required[[]string](in, field)
	if err != nil {
		return nil, err
	}
	return p.emulator.teamMemberIDs(p.tx.view, ids)
}

func (p *teamPatch) addMembers(in instruction) error {
	ids, err := p.members(in, "values")
	p.next.Members = p.tx.memberIDs(append(p.next.Members, ids...))
	return err
}

func (p *teamPatch) removeMembers(in instruction) error {
	ids, err := p.members(in, "values")
	gone := setOf(ids)
	p.next.Members = slices.DeleteFunc(p.next.Members, func(id string) bool { return gone[id] })
	return err
}

func (p *teamPatch) replaceMembers(in instruction) (err error) {
	p.next.Members, err = p.members(in, "values")
	return err
}

// grant reads the permission grant of an instruction.
func (p *teamPatch) grant(in instruction) (Grant, error) {
	var w wireGrant
	if err := readField(in, "actionSet", &w.ActionSet); err != nil {
		return Grant{}, err
	}
	if err := readField(in, "actions", &w.Actions); err != nil {
		return Grant{}, err
	}
	var err error
	if w.MemberIDs, err = p.members(in, "memberIDs"); err != nil {
		return Grant{}, err
	}
	return w.grant()
}

func (p *teamPatch) addGrants(in instruction) error {
	g, err := p.grant(in)
	if err == nil {
		p.next.Grants = extended(p.next.Grants, g)
	}
	return err
}

func (p *teamPatch) removeGrants(in instruction) error {
	g, err := p.grant(in)
	if err == nil {
		p.next.Grants = revoked(p.next.Grants, g, false)
	}
	return err
}

// setAttribute adds a role attribute or changes its values.
func (p *teamPatch) setAttribute(in instruction) error {
	key, err := p.attribute(in, in.kind() == "updateRoleAttribute")
	if err != nil {
		return err
	}
	values, err := required[[]string](in, "values")
	if err != nil {
		return err
	}
	if p.next.RoleAttributes == nil {
		p.next.RoleAttributes = map[string][]string{}
	}
	p.next.RoleAttributes[key] = values
	return nil
}

func (p *teamPatch) removeAttribute(in instruction) error {
	key, err := p.attribute(in, true)
	delete(p.next.RoleAttributes, key)
	return err
}

// attribute reads the key of a role attribute, and holds against the team whether it has one.
func (p *teamPatch) attribute(in instruction, wanted bool) (string, error) {
	key, err := required[string](in, "key")
	if err != nil {
		return "", err
	}
	_, there := p.next.RoleAttributes[key]
	if there != wanted && p.emulator.opts.Behaviour.AttributeState == "strict" {
		return "", refuse(400, "%s: the team has the role attribute %q: %t", in.kind(), key, there)
	}
	return key, nil
}

func (p *teamPatch) replaceAttributes(in instruction) (err error) {
	p.next.RoleAttributes, err = required[map[string][]string](in, "value")
	return err
}

func (p *teamPatch) updateName(in instruction) (err error) {
	if p.next.Name, err = required[string](in, "value"); err == nil && p.next.Name == "" {
		return refuse(400, "name is required")
	}
	return err
}

func (p *teamPatch) updateDescription(in instruction) (err error) {
	p.next.Description, err = required[string](in, "value")
	return err
}
