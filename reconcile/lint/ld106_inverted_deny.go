package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld106 = Rule{
	Code:     "LD106",
	Title:    "deny that spares what is guarded",
	Severity: diag.Warning,
	Prove:    invertedDeny,
	Doc: `A deny with ` + "`notActions`" + ` denies everything but what it lists: "deny, notActions: [bypassRequiredApproval]" leaves exactly the
bypass of approvals allowed. That is seldom what is meant. The same goes for a deny whose ` + "`notResources`" + ` are the critical environments.
It is reported where what the statement lists is guarded (bypassing, reviewing and applying approvals, deleting a flag, a segment, an
environment or a project; critical environments), and the role really allows it. Write ` + "`actions`" + ` or ` + "`resources`" + ` if these are what is to be
denied. Other uses of the two lists are not reported.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: ["*"]
    resources: ["proj/web:env/*:flag/*"]
  - effect: deny
    notActions: [bypassRequiredApproval, reviewApprovalRequest]
    resources: ["proj/web:env/*;{critical:true}:flag/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: ["*"]
    resources: ["proj/web:env/*:flag/*"]
  - effect: deny
    actions: [bypassRequiredApproval, reviewApprovalRequest]
    resources: ["proj/web:env/*;{critical:true}:flag/*"]
`),
}

func invertedDeny(p *Pass, q *Proof) {
	for n := range q.Statements {
		s := &q.Statements[n]
		if s.Effect == role.Deny && !p.spoken(s) {
			p.sparedActions(q, n)
			p.sparedResources(q, n)
		}
	}
}

// sparedActions reports the first guarded action that a deny spares and the role allows there.
func (p *Pass) sparedActions(q *Proof, n int) {
	s := q.Policy[n]
	for i, text := range s.NotActions {
		if !guarded(text) {
			continue
		}
		spared := s
		spared.Actions, spared.NotActions = []string{text}, nil
		if x, some := q.meets(q.about(spared), q.Grants()); some {
			pos, _ := q.element(n, "notActions", i)
			p.report(diag.Warning, pos, text,
				fmt.Sprintf("%s denies everything but %q, so %q stays allowed", ordinal(n), text, x.Request),
				"write \"actions\" instead of \"notActions\" if this is what is to be denied")
			return
		}
	}
}

// guarded reports whether an element of actions is, or takes in, one that is usually denied.
func guarded(text string) bool {
	for _, action := range []string{
		"applyApprovalRequest", "bypassRequiredApproval", "bypassRequiredSegmentApproval", "reviewApprovalRequest",
		"deleteEnvironment", "deleteFlag", "deleteProject", "deleteSegment",
	} {
		if policy.MatchAction(text, action) {
			return true
		}
	}
	return strings.HasPrefix(text, "bypass")
}

// sparedResources reports the first critical environments that a deny spares where the role allows
// what it denies elsewhere.
func (p *Pass) sparedResources(q *Proof, n int) {
	s := q.Policy[n]
	for i, text := range s.NotResources {
		if !critical(p.read(text).Specifier) {
			continue
		}
		spared := s
		spared.Resources, spared.NotResources = []string{text}, nil
		if x, some := q.meets(q.about(spared), q.Grants()); some {
			pos, _ := q.element(n, "notResources", i)
			p.report(diag.Warning, pos, text,
				fmt.Sprintf("%s denies everywhere but in critical environments, so %q stays allowed", ordinal(n), x.Request),
				"write \"resources\" instead of \"notResources\" if these are what is to be denied")
			return
		}
	}
}

// critical reports whether a specifier selects critical environments.
func critical(spec policy.Specifier) bool {
	return slices.ContainsFunc(spec.Segments, func(seg policy.Segment) bool {
		return slices.Contains(seg.Selectors, policy.Selector(policy.Property{Name: "critical", Value: "true"}))
	})
}
