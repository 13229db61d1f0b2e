package lint

import (
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld110 = Rule{
	Code:     "LD110",
	Title:    "access wider than a role should have",
	Severity: diag.Warning,
	Prove:    breadth,
	Doc: `The role allows the whole of an access that the settings call wide, such as every action on every flag in critical environments. Those
who hold it can do there whatever there is to do. Narrow the role to the projects, environments or actions that it is for; if it is meant
to administer, add its key to the administrative roles of the settings. The statements that are named are as few as allow it.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/*"]
  - effect: allow
    actions: ["*"]
    resources: ["proj/*:env/*:flag/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/*"]
  - effect: allow
    actions: ["*"]
    resources: ["proj/*:env/*;{critical:false}:flag/*"]
`),
}

func breadth(p *Pass, q *Proof) {
	if p.Administrative(q.Key) || p.spokenOf(q.Role) || len(q.reaching()) > 0 {
		return
	}
	for _, text := range p.Settings.WideBoxes {
		actions, spec, err := policy.ParseRequest(text)
		if err != nil { // checkSettings says so
			continue
		}
		if p.quick() && q.missing(actions, spec) {
			continue
		}
		if wide := q.box(actions, spec.String()); q.within(wide, q.Grants()) {
			f := p.report(diag.Warning, q.Pos(), q.Key, fmt.Sprintf("role %q allows all of %q", q.Key, text),
				"narrow it, or add its key to the administrative roles of the settings")
			by := q.cause(q.having(role.Allow), func(allows access.Region) bool { return q.within(wide, allows) })
			q.relate(f, by, "this allows it")
		}
	}
}

// missing reports whether some request that LaunchDarkly is known to have shows that the role does not
// allow all of a box. Not finding one says nothing.
func (q *Proof) missing(actions []string, spec policy.Specifier) bool {
	kind := spec.Kind()
	words := q.pass.actionsOf(typeOf(kind), actions)
	shares := q.at(kind)
	set := q.Engine.Set(spec)
	var seen []mask
	for i := range maxActions {
		of := signature(shares, i)
		if !words.has(i) || slices.Contains(seen, of) {
			continue
		}
		seen = append(seen, of)
		left := set
		for _, s := range shares {
			if s.allow && s.actions.has(i) {
				left = left.Minus(s.set)
			}
		}
		if left.Empty() == access.No {
			return true
		}
	}
	return false
}
