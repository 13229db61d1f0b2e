package lint

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/diag"
)

var ld101 = Rule{
	Code:     "LD101",
	Title:    "allow that denies take away",
	Severity: diag.Warning,
	Prove:    overriddenAllow,
	Doc: `Inside one role a deny wins over every allow, in whatever order they stand. All that this statement allows is denied by others of the
same role, so it grants nothing. Either the deny reaches further than it should, or the statement is a remainder: remove it. Where no
request can match the statement at all, because its selectors contradict each other, that is said instead.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/production:flag/*"]
  - effect: deny
    actions: ["*"]
    resources: ["proj/web:env/production:flag/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/*:flag/*"]
  - effect: deny
    actions: ["*"]
    resources: ["proj/web:env/production:flag/*"]
`),
}

func overriddenAllow(p *Pass, q *Proof) {
	for _, u := range q.useless() {
		if u.kind == overridden {
			hint := "remove it, or let the deny leave it out"
			if len(u.by) == 0 {
				hint = "remove it, or correct its selectors"
			}
			f := p.report(diag.Warning, q.Statements[u.n].Pos, "", overriddenBy(u), hint)
			q.relate(f, u.by, "this denies it")
			f.Fix = q.removeStatement(u.n)
		}
	}
}

func overriddenBy(u useless) string {
	if len(u.by) == 0 {
		return fmt.Sprintf("%s allows nothing: no request can match it", ordinal(u.n))
	}
	return fmt.Sprintf("%s allows nothing: %s %s all of it", ordinal(u.n), together(u.by), verb(u.by, "denies", "deny"))
}

func (q *Proof) removeStatement(n int) *diag.Fix {
	return q.removal("remove "+ordinal(n), fmt.Sprintf("/policy/%d", n))
}
