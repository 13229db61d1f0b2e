package lint

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld102 = Rule{
	Code:     "LD102",
	Title:    "allow that others cover",
	Severity: diag.Info,
	Prove:    shadowedAllow,
	Doc: `Everything that this statement allows, other statements of the role allow too, together with its base permissions, or deny. Without
it the role grants exactly the same. The statements that are named are as few as cover it. Remove it, unless it is the others that are
wider than they should be.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/*"]
  - effect: allow
    actions: [updateOn, updateRules]
    resources: ["proj/*:env/*;{critical:false}:flag/*"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/*;{critical:false}:flag/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/*"]
  - effect: allow
    actions: [updateOn, updateRules]
    resources: ["proj/*:env/*;{critical:false}:flag/*"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/*:flag/*"]
`),
}

func shadowedAllow(p *Pass, q *Proof) {
	for _, u := range q.useless() {
		if u.kind == shadowed {
			f := p.report(diag.Info, q.Statements[u.n].Pos, "", shadowedBy(q, u), "remove it, unless the others are too wide")
			q.relate(f, u.by, "this allows it too")
			f.Fix = q.removeStatement(u.n)
		}
	}
}

func shadowedBy(q *Proof, u useless) string {
	by := fmt.Sprintf("base permissions %q allow", q.BasePermissions)
	if len(u.by) > 0 {
		by = together(u.by) + " " + verb(u.by, "allows", "allow")
	}
	all := "all of it"
	if !q.within(q.Matches(u.n), q.unionOf(u.by, role.Allow, q.Policy)) {
		all += " that is not denied"
	}
	return fmt.Sprintf("%s adds nothing: %s %s", ordinal(u.n), by, all)
}
