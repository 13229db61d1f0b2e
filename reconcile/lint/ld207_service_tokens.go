package lint

import (
	"fmt"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
)

var ld207 = Rule{
	Code:     "LD207",
	Title:    "may make service tokens",
	Severity: diag.Warning,
	Prove:    serviceTokens,
	Doc: `A service token belongs to nobody: it keeps its permissions when the person who made it changes roles or leaves, and no one sees who uses it.
Whoever may make one, or reset one and so learn its new secret, can take what it may do out of the account's control. That belongs to
an administrative role (see LD201).`,
	Bad: inRole(`
  - effect: allow
    actions: [createAccessToken, updateAccessTokenName]
    resources: ["service-token/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [deleteAccessToken, updateAccessTokenName]
    resources: ["service-token/*"]
`),
}

func serviceTokens(p *Pass, q *Proof) {
	if p.administers(q.Desired) {
		return
	}
	var may []string
	var first *access.Example
	for _, action := range []string{"createAccessToken", "resetAccessToken"} {
		if !p.mayAllow(q.Desired.Role, "service-token", action) {
			continue
		}
		if x, some := q.request(q.byName(), action, q.Engine.Whole("service-token")); some {
			may = append(may, action)
			if first == nil {
				first = &x
			}
		}
	}
	if first != nil {
		p.reportAt(diag.Warning, p.decider(q.Role, first.Request, first.Attributes[""]),
			fmt.Sprintf("role %q is not administrative and allows %s on service tokens, as in %q", q.Key, strings.Join(may, " and "), first.Request),
			"leave service tokens to an administrative role; a personal token never allows more than its owner has")
	}
}
