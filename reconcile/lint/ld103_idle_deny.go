package lint

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/diag"
)

var ld103 = Rule{
	Code:     "LD103",
	Title:    "deny of what is not allowed",
	Severity: diag.Warning,
	Prove:    idleDeny,
	Doc: `What no statement allows is denied anyway, so a deny does something only where the same role allows it. It does not limit other roles:
whoever also holds a role that allows this may do it. Remove the statement, or put it into the role that allows what it denies. A deny
that other denies of the role cover is pointed out and no more.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: deny
    actions: [deleteFlag]
    resources: ["proj/web:env/*:flag/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: ["*"]
    resources: ["proj/web:env/*:flag/*"]
  - effect: deny
    actions: [deleteFlag]
    resources: ["proj/web:env/*:flag/*"]
`),
}

func idleDeny(p *Pass, q *Proof) {
	for _, u := range q.useless() {
		if u.kind != idle {
			continue
		}
		severity, hint := diag.Warning, "remove it: a deny does not limit what other roles allow"
		message := fmt.Sprintf("%s denies nothing that the role allows", ordinal(u.n))
		if len(u.by) > 0 {
			severity, hint = diag.Info, "remove it, unless the others are too wide"
			message = fmt.Sprintf("%s adds nothing: %s %s all of it that the role allows", ordinal(u.n), together(u.by), verb(u.by, "denies", "deny"))
		}
		f := p.report(severity, q.Statements[u.n].Pos, "", message, hint)
		q.relate(f, u.by, "this denies it too")
		f.Fix = q.removeStatement(u.n)
	}
}
