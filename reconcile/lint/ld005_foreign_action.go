package lint

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/diag"
)

var ld005 = Rule{
	Code:     "LD005",
	Title:    "action that the resources do not have",
	Severity: diag.Warning,
	Run:      foreignActions,
	Doc: `LaunchDarkly accepts every action with every kind of resource, so ` + "`createMember`" + ` on ` + "`proj/*:env/*:flag/*`" + ` is stored and
does nothing. Move the action to a statement about a type that has it.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [createMetric, updateOn]
    resources: ["proj/web:env/*:flag/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/*:flag/*"]
  - effect: allow
    actions: [createMetric]
    resources: ["proj/web:metric/*"]
`),
}

func foreignActions(p *Pass) {
	p.eachAction(foreign, func(s *Statement, a Action, v verdict) {
		p.report(diag.Warning, a.Pos, a.Text,
			fmt.Sprintf("resources of type %s have no action %q", quoteList(s.types), a.Text),
			fmt.Sprintf("move it to a statement about %s, which has it, or remove it", quoteList(v.types)))
	})
}
