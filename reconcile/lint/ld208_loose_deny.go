package lint

import (
	"fmt"
	"slices"

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
	Run:      looseDenies,
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

func looseDenies(p *Pass) {
	found := map[deny]*loose{}
	var order []deny
	open := unsure{}
	p.eachGroup(p.severalWithDeny, func(g *group) {
		for i, path := range g.Paths {
			for _, at := range p.deniesOf(path) {
				x, through, is := g.breaks(p, i, at)
				switch {
				case is == access.Undecided:
					open.add(p, g)
				case is == access.No:
				case found[at] == nil:
					found[at] = &loose{x, through, slices.Clone(g.Members)}
					order = append(order, at)
				default:
					found[at].members = append(found[at].members, g.Members...)
				}
			}
		}
	})
	for _, at := range order {
		p.reportLoose(at, found[at])
	}
	open.report(p)
}

// deniesOf returns the denies of a role that somebody holds, if it is one of the files.
func (p *Pass) deniesOf(path people.Path) (list []deny) {
	r := p.roleNamed(path)
	if r == nil || p.refused(r) {
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

func (p *Pass) severalWithDeny(c people.Case) bool {
	return len(c.Held) > 1 && slices.ContainsFunc(c.Held, func(h policy.Held) bool { return p.words(h.Role).denies })
}

// breaks returns a request that a deny of one of somebody's roles refuses and that they may do, and
// what allows it.
func (g *group) breaks(p *Pass, held int, at deny) (x policy.Request, through string, some access.Answer) {
	about := at.role.Policy[at.n].Clone()
	about.Effect = role.Allow
	refused := g.engine.Alone(policy.Held{Role: role.Role{Policy: []role.Statement{about}}, Attributes: g.Held[held].Attributes})
	example, answer := refused.Meets(g.granted)
	if answer != access.Yes {
		return x, "", answer
	}
	return example.Request, g.through(p, example.Request), answer
}

func (p *Pass) reportLoose(at deny, l *loose) {
	p.report(diag.Warning, at.role.Statements[at.n].Pos, "",
		fmt.Sprintf("%s of role %q does not bind %s, who may do %q through %s",
			ordinalOf(at.n), at.role.Key, whom(l.members), l.request, l.through),
		"a deny limits its own role only: put it into the other role as well, or take that one away")
}

// ordinalOf calls a deny as people count.
func ordinalOf(n int) string { return fmt.Sprintf("the deny in statement %d", n+1) }
