package lint

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld115 = Rule{
	Code:     "LD115",
	Title:    "action without the one that it needs",
	Severity: diag.Warning,
	Prove:    prerequisite,
	Doc: `To clone a flag one needs ` + "`cloneFlag`" + ` on the flag and ` + "`createFlag`" + ` for the new one. To copy a flag's settings from one environment to
another one needs ` + "`copyFlagConfigFrom`" + ` there and ` + "`copyFlagConfigTo`" + ` here. A role that lists the first and allows the second nowhere in the same
projects lets nobody do it who holds it alone. Add the other action, or remove this one.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [cloneFlag]
    resources: ["proj/web:env/*:flag/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [cloneFlag, createFlag]
    resources: ["proj/web:env/*:flag/*"]
`),
}

// needed says which action another needs in the same project.
var needed = map[string]string{
	"cloneFlag":          "createFlag",
	"copyFlagConfigFrom": "copyFlagConfigTo",
	"copyFlagConfigTo":   "copyFlagConfigFrom",
}

func prerequisite(p *Pass, q *Proof) {
	for n := range q.Statements {
		s := &q.Statements[n]
		if s.Effect != role.Allow || p.spoken(s) {
			continue
		}
		for _, a := range literalActions(s, func(a string) bool { return needed[a] != "" }) {
			for _, r := range s.Resources {
				if q.lacks(a.Text, r) {
					p.report(diag.Warning, a.Pos, a.Text,
						fmt.Sprintf("%q needs %q in the same project, which the role allows nowhere in %q", a.Text, needed[a.Text], projectPart(r.Specifier)),
						fmt.Sprintf("allow %q too, or remove %q", needed[a.Text], a.Text))
					break
				}
			}
		}
	}
}

// lacks reports whether the role allows an action on a resource, and what that needs nowhere in its
// project.
func (q *Proof) lacks(action string, r Resource) bool {
	if r.Specifier.Kind() != "proj:env:flag" {
		return false
	}
	other := q.box([]string{needed[action]}, projectPart(r.Specifier)+":env/*:flag/*")
	if _, answer := q.example(other.And(q.Grants())); answer != access.No {
		return false
	}
	_, some := q.meets(q.box([]string{action}, r.Text), q.Grants())
	return some
}

// projectPart returns the first segment of a specifier.
func projectPart(spec policy.Specifier) string {
	return policy.Specifier{Segments: spec.Segments[:1]}.String()
}
