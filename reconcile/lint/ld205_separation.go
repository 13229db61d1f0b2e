package lint

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
)

var ld205 = Rule{
	Code:     "LD205",
	Title:    "who asks for a change may also wave it through",
	Severity: diag.Warning,
	Prove:    separation,
	People:   separationOfMembers,
	Doc: `Approvals are worth something where two people are needed. This rule finds who may make a request for approval in a critical
environment and also review it, apply it, or go past approval altogether, on the same flag, segment or AI config. LaunchDarkly can keep people from reviewing
their own requests; that is a setting of each environment, which this rule does not see.

Only what a role names counts: a role that allows "*" on flags allows both, and LD110 speaks of it. Where members are known, the roles
that somebody holds together are looked at, if one of them names an action of the pair.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [createApprovalRequest, applyApprovalRequest]
    resources: ["proj/web:env/*;{critical:true}:flag/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [createApprovalRequest, deleteApprovalRequest]
    resources: ["proj/web:env/*;{critical:true}:flag/*"]
`),
}

// asks makes a request, and each of answers decides one or goes past it.
const asks = "createApprovalRequest"

var (
	approvable = []string{"proj:env:flag", "proj:env:segment", "proj:env:aiconfig"}
	answers    = []string{"applyApprovalRequest", "reviewApprovalRequest", "bypassRequiredApproval", "bypassRequiredSegmentApproval"}
)

func separation(p *Pass, q *Proof) {
	for _, kind := range approvable {
		if !p.mayAllow(q.Desired.Role, kind, asks) {
			continue
		}
		for _, answer := range answers {
			if !q.names(p, kind, asks) && !q.names(p, kind, answer) || !p.mayAllow(q.Desired.Role, kind, answer) {
				continue
			}
			asked := q.Grants().Of(kind, asks).And(q.critical(kind))
			if x, some := q.request(q.Grants(), answer, asked); some {
				p.reportSeparation(q, x, answer)
				break // one answer is enough
			}
		}
	}
}

func (p *Pass) reportSeparation(q *Proof, x access.Example, answer string) {
	asked := x.Request
	asked.Action = asks
	f := p.reportAt(diag.Warning, p.decider(q.Role, x.Request, x.Attributes[""]),
		fmt.Sprintf("role %q allows %q, and %q on the same%s", q.Key, x.Request, asks, where(x.Attributes)),
		fmt.Sprintf("give %q and %q to different roles, and never both to one person", asks, answer))
	f.Related = []diag.Related{{Pos: p.decider(q.Role, asked, x.Attributes[""]).pos, Message: fmt.Sprintf("%q is allowed here", asks)}}
}
