package lint

import (
	"fmt"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld001 = Rule{
	Code:     "LD001",
	Title:    "malformed statement, action or resource specifier",
	Severity: diag.Error,
	Run:      malformedStatements,
	Doc: `LaunchDarkly answers 400 to a statement that does not have exactly one of ` + "`actions` and `notActions`" + `
and exactly one of ` + "`resources` and `notResources`" + `, and to a resource specifier that it cannot parse.
A specifier is a chain of types from the outermost, each with a key or a pattern:
` + "`proj/web:env/*;{critical:true}:flag/pay-*;beta`" + `. It names one kind of resource: ` + "`proj/web`" + ` is the project's
own settings and nothing in it, and ` + "`proj/web:*`" + ` is not valid. Write one statement for each kind.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:flag/*"]
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

func malformedStatements(p *Pass) {
	for i := range p.Statements {
		p.reportForm(&p.Statements[i])
	}
	p.eachAction(noAction, func(_ *Statement, a Action, _ verdict) {
		hint := "an action is one word, such as \"updateOn\", in which \"*\" stands for any letters"
		if strings.Contains(a.Text, "/") {
			hint = "this looks like a resource specifier, which belongs to resources or notResources"
		}
		p.report(diag.Error, a.Pos, a.Text, fmt.Sprintf("%q is no action", a.Text), hint)
	})
	p.eachResource(func(r Resource) {
		if r.Err != nil {
			p.report(diag.Error, r.Pos, r.Text, fmt.Sprintf("resource specifier %q: %s", r.Text, r.Err.Message), p.specifierHint(r))
		}
	})
}

func (p *Pass) reportForm(s *Statement) {
	if s.Effect != role.Allow && s.Effect != role.Deny {
		p.report(diag.Error, s.Pos, "", fmt.Sprintf("effect %q is not valid", string(s.Effect)), "write \"allow\" or \"deny\"")
	}
	p.reportPair(s, "actions", "notActions", len(s.Statement.Actions), len(s.NotActions), `["*"]`)
	p.reportPair(s, "resources", "notResources", len(s.Statement.Resources), len(s.NotResources), `["proj/*"]`)
}

// reportPair reports a statement that has both lists of a pair, or neither; example is for the
// hint.
func (p *Pass) reportPair(s *Statement, list, notList string, n, not int, example string) {
	switch {
	case n > 0 && not > 0:
		p.report(diag.Error, s.Pos, "", fmt.Sprintf("the statement has both %q and %q", list, notList), "make two statements of it")
	case n == 0 && not == 0:
		p.report(diag.Error, s.Pos, "", fmt.Sprintf("the statement has neither %q nor %q", list, notList),
			fmt.Sprintf("add one of them, such as %s: %s", list, example))
	}
}

func (p *Pass) specifierHint(r Resource) string {
	switch {
	case len(p.Catalogue.ActionTypes(r.Text)) > 0:
		return "this is an action, which belongs to actions or notActions"
	case r.Err.Suggestion != "":
		return didYouMean(r.Err.Suggestion)
	}
	return "write a chain of types and keys, such as \"proj/web:env/*:flag/*\""
}
