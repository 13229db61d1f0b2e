package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/internal/pattern"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld111 = Rule{
	Code:     "LD111",
	Title:    "new action that a pattern takes in",
	Severity: diag.Info,
	Prove:    catalogueGrowth,
	Doc: `A pattern such as ` + "`update*`" + `, and an allow with ` + "`notActions`" + `, take in whatever LaunchDarkly adds. If the settings name a month
(` + "`newSince: 2026-06`" + `), this rule lists the actions that are first mentioned after it and that a statement allows in this way, so that they can
be looked at once. Without a month it finds nothing. The catalogue has the month of some actions only: those that are in LaunchDarkly's
release notes. An action without a month counts as old.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: ["*SdkKey*"]
    resources: ["proj/web:env/*;{critical:false}:sdk-key/*"]
`) + config(`{newSince: 2026-01}`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [createSdkKey]
    resources: ["proj/web:env/*;{critical:false}:sdk-key/*"]
`) + config(`{newSince: 2026-01}`),
}

var month = pattern.Lazy(`^20\d\d-(0[1-9]|1[0-2])$`)

func catalogueGrowth(p *Pass, q *Proof) {
	if !month().MatchString(p.Settings.NewSince) { // checkSettings says so
		return
	}
	for n := range q.Statements {
		s := &q.Statements[n]
		if s.Effect != role.Allow || p.spoken(s) {
			continue
		}
		if len(s.NotActions) > 0 {
			p.reportNew(q, n, s.Actions[0], p.newActions(s, "*", s.NotActions))
			continue
		}
		for _, a := range s.Actions {
			if strings.Contains(a.Text, "*") {
				p.reportNew(q, n, a, p.newActions(s, a.Text, nil))
			}
		}
	}
}

// newActions returns the actions on resources of a statement's types that a pattern matches, others
// do not, and that are new.
func (p *Pass) newActions(s *Statement, pattern string, but []string) (names []string) {
	named := func(action string) bool {
		return slices.ContainsFunc(but, func(b string) bool { return policy.MatchAction(b, action) }) ||
			slices.Contains(s.Statement.Actions, action)
	}
	for _, typ := range s.types {
		t, _ := p.Catalogue.Type(typ)
		for _, a := range t.Actions {
			if len(a.Since) == len("2026-01") && a.Since > p.Settings.NewSince && policy.MatchAction(pattern, a.Name) && !named(a.Name) {
				names = append(names, a.Name)
			}
		}
	}
	return names
}

// reportNew reports those of the actions that the statement really allows.
func (p *Pass) reportNew(q *Proof, n int, at Action, names []string) {
	s := q.Policy[n]
	names = slices.DeleteFunc(names, func(name string) bool {
		one := s
		one.Actions, one.NotActions = []string{name}, nil
		_, some := q.meets(q.about(one), q.Grants())
		return !some
	})
	if len(names) == 0 {
		return
	}
	p.report(diag.Info, at.Pos, at.Text,
		fmt.Sprintf("%s takes in what LaunchDarkly added after %s: %s", ordinal(n), p.Settings.NewSince, quoteList(names)),
		"leave out what is not wanted, then move the month of the settings on")
}
