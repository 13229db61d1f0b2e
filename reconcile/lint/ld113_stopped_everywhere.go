package lint

import (
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld113 = Rule{
	Code:     "LD113",
	Title:    "deny in one environment that stops an action in all",
	Severity: diag.Warning,
	Prove:    stoppedEverywhere,
	Doc: `Some actions change a flag in every environment of its project, and count only if they are allowed in every one. To deny such an action
in production is to deny it in the whole project, wherever else the role allows it. If that is meant, write the deny for ` + "`env/*`" + `, so that
it says so; if not, leave the action out of it. A deny that takes the action in by a pattern is not reported: it denies other actions too.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [createFlag, updateOn]
    resources: ["proj/web:env/*:flag/*"]
  - effect: deny
    actions: [createFlag, updateOn]
    resources: ["proj/web:env/production:flag/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [createFlag, updateOn]
    resources: ["proj/web:env/*:flag/*"]
  - effect: deny
    actions: [updateOn]
    resources: ["proj/web:env/production:flag/*"]
`),
}

func stoppedEverywhere(p *Pass, q *Proof) {
	for n := range q.Statements {
		s := &q.Statements[n]
		if s.Effect != role.Deny || len(s.NotResources) > 0 || p.spoken(s) || !slices.ContainsFunc(s.Resources, onlySome) {
			continue
		}
		stops := literalActions(s, func(a string) bool { return p.everywhere(s, a) && q.stops(n, a) })
		if len(stops) > 0 {
			p.report(diag.Warning, stops[0].Pos, stops[0].Text,
				fmt.Sprintf("%s, so %s denies that in all of them", onlyEverywhere(stops), ordinal(n)),
				"deny it on \"env/*\" to say so, or leave it out of this statement")
		}
	}
}

// stops reports whether the role would allow an action here and there but for statement n.
func (q *Proof) stops(n int, action string) bool {
	s := q.Policy[n]
	s.Actions = []string{action}
	allowed, here := q.all(role.Allow), q.about(s)
	if _, some := q.meets(here, allowed); !some {
		return false
	}
	_, elsewhere := q.meets(q.box([]string{action}, q.wholes(s.Resources)...).Minus(here), q.Grants())
	return elsewhere
}

// wholes returns the specifiers of all resources of the kinds of specifiers.
func (q *Proof) wholes(texts []string) (list []string) {
	for _, kind := range q.kindsOf(texts) {
		list = append(list, whole(q.pass.Catalogue, kind))
	}
	return list
}
