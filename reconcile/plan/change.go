package plan

import (
	"slices"

	"github.com/rolewright/rolewright/reconcile/role"
)

// newChange returns the change from before to after with all that follows from the two; only the
// reason and the place of the declaration are left to the caller. A plan file is checked by making
// its changes again.
func newChange(action Action, before *role.Live, after *role.Role) Change {
	c := Change{Action: action, Kind: KindRole, Before: before, After: after}
	var from, to role.Role
	if before != nil {
		c.Before = saved(*before)
		from = c.Before.Role
		c.Key, c.RoleID = before.Key, before.ID
		c.BeforeDigest = before.Digest()
		c.Assigned = new(before.Assigned)
	}
	if after != nil {
		c.After = new(written(*after))
		to = *c.After
		c.Key = after.Key
		c.AfterDigest = after.Digest()
	}
	if action == Replace {
		c.Replaces = before.Key
	}
	c.ID = string(action) + "/" + KindRole + "/" + c.Key
	c.Fields = diffFields(from, to)
	c.Statements = diffStatements(from.Policy, to.Policy)
	c.Phase = phaseOf(c)
	c.Risk = []Risk{}
	return c
}

// saved returns l as it stands in a plan: its own copy, without the server's text.
func saved(l role.Live) *role.Live {
	l.Raw = nil
	l.Role = written(l.Role)
	l.PresetStatements = writtenPolicy(l.PresetStatements)
	return &l
}

// written returns a copy of r in its author's order. Empty lists are nil, so that a role is the
// same after it was saved and read back.
func written(r role.Role) role.Role {
	r.Policy = append([]role.Statement{}, writtenPolicy(r.Policy)...)
	return r
}

func writtenPolicy(policy []role.Statement) []role.Statement {
	var out []role.Statement
	for _, s := range policy {
		out = append(out, writtenStatement(s))
	}
	return out
}

func writtenStatement(s role.Statement) role.Statement {
	s = s.Clone()
	for _, list := range []*[]string{&s.Actions, &s.NotActions, &s.Resources, &s.NotResources} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	return s
}

// diffFields lists the fields, policy aside, that differ.
func diffFields(before, after role.Role) []FieldChange {
	return slices.DeleteFunc([]FieldChange{
		{"name", before.Name, after.Name},
		{"description", before.Description, after.Description},
		{"basePermissions", before.BasePermissions, after.BasePermissions},
		{"resourceCategory", before.ResourceCategory, after.ResourceCategory},
	}, func(f FieldChange) bool { return f.Before == f.After })
}
