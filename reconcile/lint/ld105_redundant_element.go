package lint

import (
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld105 = Rule{
	Code:     "LD105",
	Title:    "element that changes nothing",
	Severity: diag.Info,
	Prove:    redundantElement,
	Doc: `Without this action or resource the role grants exactly the same: other elements of the list say it already, as "update*" says
"updateOn", or other statements do. It does no harm, but whoever takes away the wider one later, or tightens it, will be surprised that
this one was or was not there. Remove it, or remove the wider one.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/*", "proj/web"]
  - effect: allow
    actions: ["update*", updateOn]
    resources: ["proj/*:env/*;{critical:false}:flag/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/*"]
  - effect: allow
    actions: [createApprovalRequest, "update*"]
    resources: ["proj/*:env/*;{critical:false}:flag/*"]
`),
}

func redundantElement(p *Pass, q *Proof) {
	for _, r := range q.redundant() {
		if q.undoes(r.n) {
			continue // LD109 says what is wrong
		}
		pos, text := q.element(r.n, r.list, r.element)
		f := p.report(diag.Info, pos, text, fmt.Sprintf("%q changes nothing in %s: %s", text, ordinal(r.n), q.whyRedundant(r)), "remove it, or what makes it needless")
		q.relate(f, r.by, "this decides it")
		f.Fix = q.removal(fmt.Sprintf("remove %q from %s", text, ordinal(r.n)), fmt.Sprintf("/policy/%d/%s/%d", r.n, r.list, r.element))
	}
}

func (q *Proof) whyRedundant(r redundant) string {
	switch {
	case r.rest:
		return fmt.Sprintf("the rest of %q covers it", r.list)
	case len(r.by) == 0 && q.Policy[r.n].Effect == role.Allow:
		return "base permissions allow it"
	case len(r.by) == 0:
		return "the role does not allow it anyway"
	case q.Policy[r.by[0]].Effect == role.Deny:
		return fmt.Sprintf("%s %s it", together(r.by), verb(r.by, "denies", "deny"))
	}
	return fmt.Sprintf("%s %s it", together(r.by), verb(r.by, "allows", "allow"))
}

// undoes reports whether a statement and another undo each other.
func (q *Proof) undoes(n int) bool {
	return len(q.Policy[n].NotResources) > 0 && slices.ContainsFunc(q.undoing(), func(u undoing) bool { return u.i == n || u.j == n })
}
