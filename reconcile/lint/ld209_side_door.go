package lint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
)

var ld209 = Rule{
	Code:     "LD209",
	Title:    "side door to a refused action",
	Severity: diag.Warning,
	Prove:    sideDoor,
	Doc: `A flag is switched by ` + "`updateOn`" + `, and also by a scheduled change, a workflow, a trigger, or by copying the settings of another environment.
A role that refuses ` + "`updateOn`" + ` on a flag and allows one of these on it leaves a door open: what the holder may not do now can be done in a
minute, by a URL, or from another environment. The finding shows such a flag. Refuse both, or allow both.
A role that allows ` + "`updateOn`" + ` on no flag at all is left alone: there the other way is what the role is for.`,
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
	{"copyFlagConfigTo", "a copy of another environment's settings"},
}

func sideDoor(p *Pass, q *Proof) {
	const flag = "proj:env:flag"
	if !p.mayAllow(q.Desired.Role, flag, "updateOn") {
		return
	}
	var first *access.Example
	var actions, ways []string
	for _, door := range sideDoors {
		if slices.Contains(ways, door.how) || !p.mayAllow(q.Desired.Role, flag, door.action) {
			continue
		}
		open := q.Grants().Of(flag, door.action).Minus(q.Grants().Of(flag, "updateOn"))
		if x, some := q.request(q.Grants(), door.action, open); some {
			actions, ways = append(actions, door.action), append(ways, door.how)
			if first == nil {
				first = &x
			}
		}
	}
	if first == nil {
		return
	}
	direct := first.Request
	direct.Action = "updateOn"
	p.reportAt(diag.Warning, p.decider(q.Role, first.Request, first.Attributes[""]),
		fmt.Sprintf("role %q refuses %q and allows %q there%s: %s can do it all the same", q.Key, direct, actions[0], where(first.Attributes), strings.Join(ways, " or ")),
		fmt.Sprintf("deny %s wherever \"updateOn\" is refused", strings.Join(quoted(actions), ", ")))
}

func quoted(words []string) []string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = strconv.Quote(w)
	}
	return list
}
