package lint

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/diag"
)

var ld206 = Rule{
	Code:     "LD206",
	Title:    "may weaken approvals in a critical environment",
	Severity: diag.Error,
	Prove:    weakApprovals,
	Doc: `Whoever has ` + "`updateApprovalSettings`" + ` on a critical environment can switch off the approvals that hold back everybody there. That belongs to
an administrative role (see LD201). A role that may already go past approval on every flag there, by ` + "`bypassRequiredApproval`" + `, gains nothing
by it and is not reported.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateApprovalSettings, updateColor]
    resources: ["proj/web:env/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateApprovalSettings, updateColor]
    resources: ["proj/web:env/*;{critical:false}"]
`),
}

func weakApprovals(p *Pass, q *Proof) {
	const env, flag, action = "proj:env", "proj:env:flag", "updateApprovalSettings"
	if p.administers(q.Desired) || !p.mayAllow(q.Desired.Role, env, action) {
		return
	}
	granted := q.byName()
	settings := granted.Of(env, action).And(q.critical(env))
	if !q.some(settings.Under(flag).Minus(granted.Of(flag, "bypassRequiredApproval"))) {
		return
	}
	if x, some := q.request(granted, action, settings); some {
		p.reportAt(diag.Error, p.decider(q.Role, x.Request, x.Attributes[""]),
			fmt.Sprintf("role %q is not administrative and may weaken approvals in a critical environment: it allows %q%s", q.Key, x.Request, where(x.Attributes)),
			"deny \"updateApprovalSettings\" on environments with \"{critical:true}\"")
	}
}
