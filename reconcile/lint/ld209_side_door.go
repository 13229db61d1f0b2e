package lint

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/diag"
)

var ld209 = Rule{
	Code:     "LD209",
	Title:    "side door to a refused action",
	Severity: diag.Warning,
	Prove:    sideDoor,
	Doc: `A flag is switched by ` + "`updateOn`" + `, and also by a scheduled change, a workflow, a trigger, or by copying the settings of another environment.
A role that refuses ` + "`updateOn`" + ` on a flag and allows one of these on it leaves a door open: what the holder may not do now can be done in a
minute, by a URL, or from another environment. The finding shows such a flag. Refuse both, or allow both.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn, updateScheduledChanges]
    resources: ["proj/web:env/*:flag/*"]
  - effect: deny
    actions: [updateOn]
    resources: ["proj/web:env/production:flag/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn, updateScheduledChanges]
    resources: ["proj/web:env/*:flag/*"]
  - effect: deny
    actions: [updateOn, updateScheduledChanges]
    resources: ["proj/web:env/production:flag/*"]
`),
}

// sideDoors change whether a flag is on in another way than updateOn, which is told.
var sideDoors = []struct{ action, how string }{
	{"updateScheduledChanges", "a scheduled change"},
	{"updateFeatureWorkflows", "a workflow"},
	{"createTriggers", "a trigger"},
	{"updateTriggers", "a trigger"},
	{"copyFlagConfigTo", "copying another environment's settings"},
}

func sideDoor(p *Pass, q *Proof) {
	const flag = "proj:env:flag"
	reported := map[string]bool{}
	for _, door := range sideDoors {
		if reported[door.how] || !mayAllow(q.Desired.Role, flag, door.action) {
			continue
		}
		open := q.Grants().Of(flag, door.action).Minus(q.Grants().Of(flag, "updateOn"))
		if x, some := q.request(door.action, open); some {
			reported[door.how] = true
			direct := x.Request
			direct.Action = "updateOn"
			p.reportAt(diag.Warning, p.decider(q.Role, x.Request, x.Attributes[""]),
				fmt.Sprintf("role %q refuses %q and allows %q, so %s does it%s", q.Key, direct, door.action, door.how, where(x.Attributes)),
				fmt.Sprintf("deny %q wherever \"updateOn\" is refused", door.action))
		}
	}
}
