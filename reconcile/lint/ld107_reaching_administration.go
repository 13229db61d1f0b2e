package lint

import (
	"fmt"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld107 = Rule{
	Code:     "LD107",
	Title:    "allow with notResources that reaches administration",
	Severity: diag.Error,
	Prove:    reachingAdministration,
	Doc: `` + "`notResources`" + ` means every resource that is not listed, of whatever kind: an allow of everything but some flags also allows the
account's roles, members, teams and tokens, as LaunchDarkly documents its algorithm. Name the kind that is meant in ` + "`resources`" + `, and deny
what is to be left out. A role that the settings call administrative is not reported, and neither are actions that only view.`,
	Bad: inRole(`
  - effect: allow
    actions: ["*"]
    notResources: ["proj/*:env/*:flag/*;locked"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/*"]
  - effect: allow
    actions: ["update*"]
    resources: ["proj/*:env/*:flag/*"]
  - effect: deny
    actions: ["update*"]
    resources: ["proj/*:env/*:flag/*;locked"]
`),
}

func reachingAdministration(p *Pass, q *Proof) {
	for n, x := range q.reaching() {
		s := &q.Statements[n]
		f := p.report(diag.Error, s.Resources[0].Pos, s.Resources[0].Text,
			fmt.Sprintf("%s allows everything that \"notResources\" does not list, so %q too", ordinal(n), x.Request),
			"name the kind that is meant in \"resources\", and deny what is to be left out")
		f.Fix = q.positively(n)
	}
}

// reaching returns the statements that allow administration by notResources, with an example.
func (q *Proof) reaching() map[int]access.Example {
	q.once(&q.reachedBy, q.findReaching)
	return q.reached
}

func (q *Proof) findReaching() {
	q.reached = map[int]access.Example{}
	if q.pass.Administrative(q.Key) {
		return
	}
	for n := range q.Statements {
		s := &q.Statements[n]
		if s.Effect != role.Allow || len(s.NotResources) == 0 || q.pass.spoken(s) {
			continue
		}
		if x, some := q.administers(n); some {
			q.reached[n] = x
		}
	}
}

// administers returns a request for administration that statement n allows, one about roles, members
// or teams if there is one.
func (q *Proof) administers(n int) (x access.Example, some bool) {
	allowed := q.Matches(n).And(q.Grants())
	for _, kinds := range [][]string{{"role"}, {"member"}, {"team"}, q.pass.accountKinds()} {
		if x, some = q.meets(allowed, q.administration(kinds)); some {
			return x, true
		}
	}
	return x, false
}

func (p *Pass) accountKinds() (kinds []string) {
	for _, t := range p.Catalogue.Types() {
		if t.Category == "account" {
			kinds = append(kinds, t.Kinds...)
		}
	}
	return kinds
}

// administration is every known action but viewing on resources of some kinds.
func (q *Proof) administration(kinds []string) access.Region {
	var statements []role.Statement
	for _, kind := range kinds {
		s := role.Statement{Effect: role.Allow, Resources: []string{whole(q.pass.Catalogue, kind)}}
		t, _ := q.pass.Catalogue.Type(typeOf(kind))
		for _, a := range t.Actions {
			if !strings.HasPrefix(a.Name, "view") {
				s.Actions = append(s.Actions, a.Name)
			}
		}
		statements = append(statements, s)
	}
	return q.region(role.NoAccess, statements...)
}

// positively writes statement n as an allow of the whole kind and a deny of what it leaves out. That
// takes access away, if it is what was meant. It is nil if the statement leaves out several kinds.
func (q *Proof) positively(n int) *diag.Fix {
	s := q.Policy[n]
	kinds := q.kindsOf(s.NotResources)
	if len(kinds) != 1 {
		return nil
	}
	deny := s.Clone()
	deny.Effect, deny.Resources, deny.NotResources = role.Deny, s.NotResources, nil
	at := fmt.Sprintf("/policy/%d/", n)
	return &diag.Fix{
		Title: "allow the whole kind, and deny what is left out", Document: q.Document(),
		Edits: []diag.Edit{
			{Op: diag.Remove, Pointer: at + "notResources"},
			{Op: diag.Add, Pointer: at + "resources", Value: []string{whole(policy.DefaultCatalogue(), kinds[0])}},
			{Op: diag.Add, Pointer: "/policy/-", Value: deny},
		},
	}
}
