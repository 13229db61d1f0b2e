package lint

import (
	"fmt"
	"maps"
	"slices"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Files are what a workspace declares, as far as rules look at it.
type Files struct {
	Roles   []role.Desired
	Teams   []role.DesiredTeam
	Members []role.DesiredMember
}

// holder is a team or a member, and how messages call it.
type holder struct {
	kind, id string
	// made says that the holder may be made by the plan: then it has only what its file gives.
	made       bool
	roles      []role.Assignment
	given      bool // the file says which roles there are
	attributes role.Attributes
	said       bool // the file says which role attributes there are
	source     role.HolderSource
}

func (h holder) String() string { return fmt.Sprintf("%s %q", h.kind, h.id) }

func (h holder) position(pos role.Pos) diag.Position {
	return diag.Position{File: h.source.File, Line: pos.Line, Column: pos.Column}
}

// holders returns the teams and the members of f.
func (f Files) holders() []holder {
	var list []holder
	for _, t := range f.Teams {
		h := holder{kind: "team", id: t.Key, made: t.Create, source: t.Source}
		list = append(list, h.with(t.CustomRoles, t.RoleAttributes))
	}
	for _, m := range f.Members {
		h := holder{kind: "member", id: m.Email, source: m.Source}
		list = append(list, h.with(m.CustomRoles, m.RoleAttributes))
	}
	return list
}

func (h holder) with(roles *[]role.Assignment, attributes *role.Attributes) holder {
	if roles != nil {
		h.roles, h.given = *roles, true
	}
	if attributes != nil {
		h.attributes, h.said = *attributes, true
	}
	return h
}

// use is what becomes of a role if one of its role attributes is not set: its name, where it stands
// first, and what the statements that name it then do.
type use struct {
	pos                                              diag.Position
	grantsLess, refusesLess, grantsMore, refusesMore bool
}

// uses returns the role attributes that the policy of a role names, and whether the role is one of
// those in the files.
func (p *Pass) uses(key string) (map[string]use, bool) {
	known, done := p.attributes[key]
	if done {
		return known, true
	}
	statements, declared := p.byRole[key]
	if !declared {
		return nil, false
	}
	known = map[string]use{}
	for _, s := range statements {
		for i, r := range s.Resources {
			p.unread[key] = p.unread[key] || r.Err != nil
			for _, name := range attributesOf(r.Specifier) {
				known[name] = known[name].and(r.Pos, s.Effect == role.Allow, i >= len(s.Statement.Resources))
			}
		}
	}
	p.attributes[key] = known
	return known, true
}

// and adds one place where the attribute stands.
func (u use) and(pos diag.Position, allow, excluded bool) use {
	if u.pos == (diag.Position{}) {
		u.pos = pos
	}
	u.grantsLess = u.grantsLess || allow && !excluded
	u.refusesLess = u.refusesLess || !allow && !excluded
	u.grantsMore = u.grantsMore || allow && excluded
	u.refusesMore = u.refusesMore || !allow && excluded
	return u
}

// consequence says what the role does without the attribute, the worst first.
func (u use) consequence() string {
	text := ""
	for _, c := range []struct {
		holds bool
		says  string
	}{
		{u.grantsMore, "what an allow leaves out by notResources is then allowed as well"},
		{u.refusesLess, "a deny then refuses nothing there"},
		{u.refusesMore, "what a deny leaves out by notResources is then denied as well"},
		{u.grantsLess, "an allow then grants nothing there"},
	} {
		switch {
		case c.holds && text == "":
			text = c.says
		case c.holds:
			text += ", and " + c.says
		}
	}
	return text
}

// attributesOf returns the names of the role attributes in a specifier.
func attributesOf(spec policy.Specifier) []string {
	var names []string
	for _, pattern := range patterns(spec) {
		for _, part := range pattern.Parts() {
			if part.Kind == policy.Attribute {
				names = append(names, part.Text)
			}
		}
	}
	return names
}

// idle returns the role attributes of h that none of its roles uses, sorted. That is not certain where
// a role is not in the files or has a specifier that is malformed, since that one may use them, and
// where the file does not say which roles there are.
func (p *Pass) idle(h holder) (names []string, certain bool) {
	certain = h.given
	used := map[string]bool{}
	for _, a := range h.roles {
		uses, declared := p.uses(a.Role)
		certain = certain && declared && !p.unread[a.Role]
		for name := range uses {
			used[name] = true
		}
	}
	names = slices.Sorted(maps.Keys(h.attributes))
	return slices.DeleteFunc(names, func(name string) bool { return used[name] }), certain
}

// unset returns the role attributes that role key uses and h does not have, sorted.
func (p *Pass) unset(h holder, key string) []string {
	uses, _ := p.uses(key)
	var names []string
	for _, name := range slices.Sorted(maps.Keys(uses)) {
		if len(h.attributes[name]) == 0 {
			names = append(names, name)
		}
	}
	return names
}
