package lint

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld104 = Rule{
	Code:     "LD104",
	Title:    "role that grants nothing",
	Severity: diag.Warning,
	Prove:    emptyRole,
	Doc: `Everything that the role allows it denies as well, or nothing that it allows can be asked for. Whoever holds it may do nothing by it.
Somebody who is given it as their first role even loses what their base role gave them. Remove the deny that takes everything away, or
delete the role with ` + "`state: absent`" + `.`,
	Bad: inRole(`
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/*:flag/*"]
  - effect: deny
    actions: ["update*"]
    resources: ["proj/*:env/*:flag/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/*:flag/*"]
  - effect: deny
    actions: ["update*"]
    resources: ["proj/*:env/*;{critical:true}:flag/*"]
`),
}

func emptyRole(p *Pass, q *Proof) {
	if len(q.Policy) == 0 || p.spokenOf(q.Role) || !q.empty(q.Grants()) {
		return
	}
	f := p.report(diag.Warning, q.Pos(), q.Key, fmt.Sprintf("role %q grants nothing", q.Key), "remove what denies everything, or write \"state: absent\"")
	for i, s := range q.Statements {
		if s.Effect == role.Deny {
			f.Related = append(f.Related, diag.Related{Pos: q.Statements[i].Pos, Message: "this denies"})
		}
	}
}
