package lint

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/diag"
)

var ld003 = Rule{
	Code:     "LD003",
	Title:    "unknown action",
	Severity: diag.Error,
	Run:      unknownActions,
	Doc: `LaunchDarkly accepts any word as an action, so a misspelt one is stored and grants, or denies, nothing. An action
that no type of the catalogue has is a warning, as LaunchDarkly may have added it since; one that is nearly a
known action (two letters, or letter case) is an error.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateon]
    resources: ["proj/web:env/*:flag/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/*:flag/*"]
`),
}

func unknownActions(p *Pass) {
	p.eachAction(unknown, func(_ *Statement, a Action, v verdict) {
		if v.near != "" {
			p.report(diag.Error, a.Pos, a.Text, fmt.Sprintf("unknown action %q", a.Text), didYouMean(v.near))
			return
		}
		p.report(diag.Warning, a.Pos, a.Text, fmt.Sprintf("unknown action %q", a.Text),
			fmt.Sprintf("check the spelling; the catalogue of %s may lack a newer action", p.Catalogue.Date))
	})
}
