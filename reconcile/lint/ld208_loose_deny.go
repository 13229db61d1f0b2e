package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld208 = Rule{
	Code:     "LD208",
	Title:    "deny that does not bind somebody who holds the role",
	Severity: diag.Warning,
	Needs:    NeedsPeople,
	People:   looseDenies,
	Doc: `A deny refuses only what its own role allows. Whoever holds another role that allows the same may do it: roles add up, and no deny in one of
them limits another. The finding names a deny, a member who holds the role and may do what it denies, and the role that allows it. Put
the deny into that role, take the role away, or, where this is meant, narrow the deny to what it is for.`,
	Bad: `-- roles/both.yaml --
kind: Role
key: guard
name: Guard
basePermissions: no_access
policy:
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn, updateRules]
    resources: ["proj/web:env/*:flag/*"]
  - effect: deny
    actions: [updateOn]
    resources: ["proj/web:env/production:flag/*"]
---
kind: Role
key: switcher
name: Switcher
basePermissions: no_access
policy:
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/*:flag/*"]
` + inAccount(`{"People": {
  "Roles": [
    {"key": "guard", "policy": [
      {"effect": "allow", "actions": ["updateOn", "updateRules"], "resources": ["proj/web:env/*:flag/*"]},
      {"effect": "deny", "actions": ["updateOn"], "resources": ["proj/web:env/production:flag/*"]}
    ]},
    {"key": "switcher", "policy": [
      {"effect": "allow", "actions": ["viewProject"], "resources": ["proj/web"]},
      {"effect": "allow", "actions": ["updateOn"], "resources": ["proj/web:env/*:flag/*"]}
    ]}
  ],
  "Members": [{"_id": "1", "email": "ana@example.com", "customRoles": ["guard", "switcher"]}]
}}`),
	Good: `-- roles/both.yaml --
kind: Role
key: guard
name: Guard
basePermissions: no_access
policy:
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn, updateRules]
    resources: ["proj/web:env/*:flag/*"]
  - effect: deny
    actions: [updateOn]
    resources: ["proj/web:env/production:flag/*"]
---
kind: Role
key: switcher
name: Switcher
basePermissions: no_access
policy:
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/test:flag/*"]
` + inAccount(`{"People": {
  "Roles": [
    {"key": "guard", "policy": [
      {"effect": "allow", "actions": ["updateOn", "updateRules"], "resources": ["proj/web:env/*:flag/*"]},
      {"effect": "deny", "actions": ["updateOn"], "resources": ["proj/web:env/production:flag/*"]}
    ]},
    {"key": "switcher", "policy": [
      {"effect": "allow", "actions": ["viewProject"], "resources": ["proj/web"]},
      {"effect": "allow", "actions": ["updateOn"], "resources": ["proj/web:env/test:flag/*"]}
    ]}
  ],
  "Members": [{"_id": "1", "email": "ana@example.com", "customRoles": ["guard", "switcher"]}]
}}`),
}

func looseDenies(p *Pass) []watch {
	l := &looseness{found: map[deny]*loose{}}
	return []watch{{
		concerns: p.severalWithDeny,
		look: func(g *group) {
			for i, path := range g.Paths {
				for _, at := range p.deniesOf(path) {
					if p.otherMayAllow(g.joint, i, at.role.Policy[at.n], g.heard[i].refused(at)) {
						l.look(p, g, i, at)
					}
				}
			}
		},
		end: func() { l.report(p) },
	}}
}

// looseness is which denies do not bind.
type looseness struct {
	found map[deny]*loose
	order []deny // in which they were found
	open  unsure
}

// look looks whether members may do what a deny of one of their roles refuses.
func (l *looseness) look(p *Pass, g *group, held int, at deny) {
	x, through, is := g.breaks(held, at)
	switch {
	case is == access.Undecided:
		l.open.add(p, g)
	case is == access.No:
	case l.found[at] == nil:
		l.found[at] = &loose{x, through, slices.Clone(g.Members)}
		l.order = append(l.order, at)
	default:
		l.found[at].members = append(l.found[at].members, g.Members...)
	}
}

func (l *looseness) report(p *Pass) {
	for _, at := range l.order {
		p.reportLoose(at, l.found[at])
	}
	l.open.report(p)
}

// deniesOf returns the denies of a role that somebody holds, if it is one of the files.
func (p *Pass) deniesOf(path people.Path) []deny {
	r := p.roleNamed(path)
	if r == nil {
		return nil
	}
	if p.denies == nil {
		p.denies = map[*Role][]deny{}
	}
	return memoised(p.denies, r, func() []deny { return p.findDenies(r) })
}

func (p *Pass) findDenies(r *Role) (list []deny) {
	if p.refused(r) {
		return nil
	}
	for n, s := range r.Policy {
		if s.Effect == role.Deny {
			list = append(list, deny{r, n})
		}
	}
	return list
}

// deny is a statement of the files.
type deny struct {
	role *Role
	n    int
}

// loose says how a deny does not bind.
type loose struct {
	request policy.Request
	through string
	members []role.LiveMember
}

// severalWithDeny reports whether a role has a deny that another may undo.
func (p *Pass) severalWithDeny(c *joint) bool {
	for i, h := range c.heard {
		for n, s := range h.Role.Policy {
			if s.Effect == role.Deny && p.otherMayAllow(c, i, s, h.reach(n)) {
				return true
			}
		}
	}
	return false
}

// refused returns what a deny of the files refuses to whoever holds the role.
func (l *heard) refused(at deny) []reach {
	return memoised(l.refusing, at, func() []reach { return l.pass.reachesOf(at.role.Policy[at.n], l.Attributes) })
}

// otherMayAllow reports whether another role than that of the index may allow what a statement is about,
// as far as the words say.
func (p *Pass) otherMayAllow(c *joint, held int, s role.Statement, refused []reach) bool {
	heads := headsOf(s)
	for i, h := range c.heard {
		if i == held || !c.pair(i, held) {
			continue
		}
		if p.slowly || h.Role.BasePermissions == role.Reader && viewsSomething(s) || mayMeet(heads, h.heads, false) && h.mayAllow(refused) {
			return true
		}
	}
	return false
}

// mayAllow reports whether a statement may allow some of what others are about.
func (l *heard) mayAllow(others []reach) bool {
	return slices.ContainsFunc(l.statements, func(s spoken) bool {
		return slices.ContainsFunc(l.reach(s.n), func(r reach) bool { return slices.ContainsFunc(others, r.same) })
	})
}

// viewsSomething reports whether a statement may be about what base permissions allow.
func viewsSomething(s role.Statement) bool {
	return len(s.NotActions) > 0 || slices.ContainsFunc(s.Actions, func(a string) bool {
		return strings.HasPrefix(strings.ToLower(a), "view") || strings.Contains(a, "*") || strings.EqualFold(a, "createAccessToken")
	})
}

// breaks returns a request that a deny of one of somebody's roles refuses and that they may make, and
// what allows it. What others may make is tried before it is reasoned about.
func (g *group) breaks(held int, at deny) (x policy.Request, through string, some access.Answer) {
	h := g.heard[held]
	if slices.ContainsFunc(h.undoing[at], g.may) {
		return x, "", access.Yes // it was told of before
	}
	about := at.role.Policy[at.n].Clone()
	about.Effect = role.Allow
	granted := g.grants()
	refused := g.engine.Alone(policy.Held{Role: role.Role{Policy: []role.Statement{about}}, Attributes: g.Held[held].Attributes})
	example, answer := refused.Meets(granted)
	if answer != access.Yes {
		return x, "", answer
	}
	h.undoing[at] = append(h.undoing[at], example.Request)
	return example.Request, g.through(example.Request), answer
}

func (p *Pass) reportLoose(at deny, l *loose) {
	p.report(diag.Warning, at.role.Statements[at.n].Pos, "",
		fmt.Sprintf("%s of role %q does not bind %s, who may do %q through %s",
			ordinalOf(at.n), at.role.Key, whom(l.members), l.request, l.through),
		"a deny limits its own role only: put it into the other role as well, or take that one away")
}

// ordinalOf calls a deny as people count.
func ordinalOf(n int) string { return fmt.Sprintf("the deny in statement %d", n+1) }
