package lint

import (
	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
)

var ld204 = Rule{
	Code:     "LD204",
	Title:    "refused action that a change of views, or of what is critical, makes allowed",
	Severity: diag.Error,
	Prove:    viewBypass,
	People:   viewBypassByMembers,
	Doc: `As with tags (LD203): a policy that looks at a flag's views does not bind who may link flags to these views, and one that looks at
` + "`{critical:true}`" + ` does not bind who may take the mark off the environment. ` + "`linkFlagToView`" + ` and ` + "`unlinkFlagFromView`" + ` are allowed on the view,
and say nothing of the flag: whoever may link to a view can link any flag of the project. The finding shows the request that is refused,
the change, and the request that is then allowed. It is an error where the request is in a critical environment, and a warning elsewhere.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn, updateRules]
    resources: ["proj/web:env/*;{critical:false}:flag/*"]
  - effect: allow
    actions: [updateCritical, updateName]
    resources: ["proj/web:env/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn, updateRules]
    resources: ["proj/web:env/*;{critical:false}:flag/*"]
  - effect: allow
    actions: [updateName]
    resources: ["proj/web:env/*"]
`),
}

func isView(s policy.Selector) bool {
	_, view := s.(policy.View)
	return view
}

func isProperty(s policy.Selector) bool {
	_, property := s.(policy.Property)
	return property
}

func viewBypass(p *Pass, q *Proof) {
	if p.selects(q.Desired.Role, isView) {
		p.reportDetours(q, access.ByViews)
	}
	if p.selects(q.Desired.Role, isProperty) {
		p.reportDetours(q, access.ByCritical)
	}
}
