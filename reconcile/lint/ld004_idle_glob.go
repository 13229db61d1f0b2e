package lint

import (
	"fmt"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
)

var ld004 = Rule{
	Code:     "LD004",
	Title:    "action pattern that matches nothing",
	Severity: diag.Warning,
	Run:      idleGlobs,
	Doc: `A pattern such as ` + "`update*`" + ` stands for the actions whose names it matches, letter case included. One that matches
no known action of the statement's resources does nothing today, and something unforeseen once LaunchDarkly adds
an action that it matches.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: ["udpate*"]
    resources: ["proj/web:env/*:flag/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: ["update*"]
    resources: ["proj/web:env/*:flag/*"]
`),
}

func idleGlobs(p *Pass) {
	p.eachAction(idleGlob, func(s *Statement, a Action, _ verdict) {
		message := fmt.Sprintf("pattern %q matches no known action", a.Text)
		if len(s.types) > 0 {
			message += " of " + quoteList(s.types)
		}
		p.report(diag.Warning, a.Pos, a.Text, message, p.globHint(s, a.Text))
	})
}

func (p *Pass) globHint(s *Statement, pattern string) string {
	lower := strings.ToLower(pattern[:1]) + pattern[1:]
	if lower != pattern && p.fitsSome(s.types, lower, true) {
		return didYouMean(lower)
	}
	return "remove it, or name the actions that it was meant for"
}
