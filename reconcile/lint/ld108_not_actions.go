package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld108 = Rule{
	Code:     "LD108",
	Title:    "allow with notActions that says more than it seems",
	Severity: diag.Warning,
	Prove:    notActions,
	Doc: `An allow with ` + "`notActions`" + ` allows every action that it does not list, and each that LaunchDarkly adds later. Two forms of it are
reported. It allows the bypass of required approvals in critical environments without naming it: add the bypass to the list. Or it lists
more than half of the actions that there are: then ` + "`actions`" + ` is shorter, and does not grow by itself (that is pointed out and no more).`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    notActions: [deleteFlag]
    resources: ["proj/web:env/*:flag/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    notActions: [bypassRequiredApproval, deleteFlag]
    resources: ["proj/web:env/*:flag/*"]
`),
}

func notActions(p *Pass, q *Proof) {
	for n := range q.Statements {
		s := &q.Statements[n]
		if s.Effect != role.Allow || len(s.NotActions) == 0 || p.spoken(s) {
			continue
		}
		p.bypassByOmission(q, n)
		p.longNotActions(n, s)
	}
}

// bypassByOmission reports the bypass of approvals that a statement allows without naming it.
func (p *Pass) bypassByOmission(q *Proof, n int) {
	bypass := q.region(role.NoAccess)
	for _, typ := range p.Catalogue.Types() {
		for _, a := range typ.Actions {
			if strings.HasPrefix(a.Name, "bypass") {
				bypass = bypass.Or(q.box([]string{a.Name}, p.criticalKind(typ.Name)...))
			}
		}
	}
	if x, some := q.meets(q.Matches(n).And(q.Grants()), bypass); some {
		s := &q.Statements[n]
		p.report(diag.Warning, s.Actions[0].Pos, s.Actions[0].Text,
			fmt.Sprintf("%s allows every action but those it lists, so %q too", ordinal(n), x.Request),
			fmt.Sprintf("add %q to \"notActions\", or list what is meant in \"actions\"", x.Request.Action))
	}
}

// criticalKind returns the specifiers of all resources of a type in critical environments.
func (p *Pass) criticalKind(typ string) (list []string) {
	t, _ := p.Catalogue.Type(typ)
	for _, kind := range t.Kinds {
		spec, err := policy.Parse(whole(p.Catalogue, kind))
		at := slices.IndexFunc(spec.Segments, func(seg policy.Segment) bool { return seg.Type == "env" })
		if err == nil && at >= 0 {
			spec.Segments[at].Selectors = []policy.Selector{policy.Property{Name: "critical", Value: "true"}}
			list = append(list, spec.String())
		}
	}
	return list
}

func (p *Pass) longNotActions(n int, s *Statement) {
	if len(s.types) != 1 {
		return
	}
	t, _ := p.Catalogue.Type(s.types[0])
	left := len(t.Actions) - len(s.NotActions)
	if 2*len(s.NotActions) <= len(t.Actions) || left <= 0 {
		return
	}
	p.report(diag.Info, s.Actions[0].Pos, s.Actions[0].Text,
		fmt.Sprintf("%s lists %d of the %d actions on %q in \"notActions\"", ordinal(n), len(s.NotActions), len(t.Actions), t.Name),
		fmt.Sprintf("list the other %d in \"actions\": that is shorter, and does not grow by itself", left))
}
