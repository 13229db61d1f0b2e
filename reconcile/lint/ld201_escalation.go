package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld201 = Rule{
	Code:     "LD201",
	Title:    "role that decides who may do what",
	Severity: diag.Error,
	Prove:    escalation,
	Doc: `Whoever may change what a role says, who holds it, or who is in a team can give himself everything. Roles, members, teams, tokens and
sign-in are for administrative roles only: those that ` + "`lint.administrative`" + ` in rolewright.yaml names, and those whose file says
` + "`protected: true`" + `. The finding names the roles and teams that are reached. Where these are single ones it is a warning.

What depends on a role attribute is left out: which teams ` + "`team/${roleAttribute/teams}`" + ` means is said where the role is given, and LD202
looks there.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updatePolicy, updateMembers]
    resources: ["role/*"]
`),
	Good: `-- roles/example.yaml --
kind: Role
key: example
name: Example
basePermissions: no_access
protected: true
policy:
  - effect: allow
    actions: [updatePolicy, updateMembers]
    resources: ["role/*"]
`,
}

// escalation reports what a role reaches of that which decides who may do what. What it reaches by
// notResources is another rule's finding. Tokens have a rule of their own.
func escalation(p *Pass, q *Proof) {
	if p.administers(q.Desired) || !slices.ContainsFunc(q.Policy, decidesByName) {
		return
	}
	granted := q.unassigned()
	for _, d := range policy.DecidingActions() {
		if d.Kind == "service-token" {
			continue
		}
		spec, err := policy.Parse(deciding(d.Kind))
		if err != nil {
			panic("lint: a kind of the catalogue always parses: " + err.Error())
		}
		reached := granted.And(q.Engine.Box(access.Box{Actions: d.Actions, Specifier: spec}))
		if x, answer := q.example(reached); answer == access.Yes {
			p.reportEscalation(q, reached, x.Request)
		}
	}
}

// decidesByName reports whether a statement allows something on a kind that decides, and names it.
func decidesByName(s role.Statement) bool {
	return s.Effect == role.Allow && slices.ContainsFunc(s.Resources, func(text string) bool {
		return !strings.HasPrefix(text, "proj/") && slices.ContainsFunc(policy.DecidingActions(), func(d policy.Deciding) bool {
			spec, err := policy.Parse(text)
			return err == nil && spec.Kind() == d.Kind
		})
	})
}

func deciding(kind string) string {
	if kind == "acct" {
		return kind
	}
	return wholeKind(kind)
}

// unassigned returns what the role grants to whoever holds it, whatever the role attributes are, by
// statements that name what they are about.
func (q *Proof) unassigned() access.Region {
	r := role.Role{BasePermissions: role.NoAccess}
	for _, s := range q.Policy {
		if s.Effect == role.Deny || len(s.NotResources) == 0 {
			r.Policy = append(r.Policy, s)
		}
	}
	region, _ := q.Engine.Grants(access.Subject{Held: []policy.Held{{Role: r}}})
	return region
}

func (p *Pass) reportEscalation(q *Proof, reached access.Region, x policy.Request) {
	at := p.decider(q.Role, x, nil)
	severity := diag.Error
	if len(x.Resource) > 0 && x.Resource[0].Key != "" && q.singles(at.text) {
		severity = diag.Warning
	}
	var lines []string
	for _, line := range q.Engine.Describe(reached, access.Budget{Steps: steps}, q.Subject).Lines {
		lines = append(lines, line.String())
	}
	text := fmt.Sprintf("%q", x)
	if len(lines) > 0 {
		text = strings.Join(lines[:min(2, len(lines))], "; ")
	}
	p.reportAt(severity, at, fmt.Sprintf("role %q is not administrative and decides who may do what: %s", q.Key, text),
		"take it out, or say that the role is administrative: \"protected: true\" in its file, or \"lint.administrative\" in rolewright.yaml")
}

// singles reports whether the role reaches things of the specifier's kind by their full keys only.
func (q *Proof) singles(specifier string) bool {
	spec, err := policy.Parse(specifier)
	if err != nil {
		return false
	}
	for _, s := range q.Policy {
		for _, text := range s.Resources {
			other, err := policy.Parse(text)
			if s.Effect == role.Allow && err == nil && other.Kind() == spec.Kind() && strings.Contains(text, "*") {
				return false
			}
		}
	}
	return true
}
