package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld112 = Rule{
	Code:     "LD112",
	Title:    "action for all environments that is allowed in some",
	Severity: diag.Warning,
	Prove:    neverEverywhere,
	Doc: `Some actions change a flag in every environment of its project: creating and deleting it, its name, its variations, its tags.
LaunchDarkly lets somebody do them only who may do them in every environment. A statement that lists one of them, where the role allows
it in some environments only, lets nobody do it in a project that has another. Where the account's projects are known they are looked
at: one in which it works is enough. Otherwise an environment is imagined that no pattern names and that has no tag, once critical and
once not. Patterns such as ` + "`update*`" + ` are not reported, since they take in other actions too.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [createFlag, updateOn]
    resources: ["proj/web:env/staging:flag/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [createFlag]
    resources: ["proj/web:env/*:flag/*"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/staging:flag/*"]
`),
}

func neverEverywhere(p *Pass, q *Proof) {
	for n := range q.Statements {
		s := &q.Statements[n]
		if s.Effect != role.Allow || p.spoken(s) || !slices.ContainsFunc(s.Resources, onlySome) {
			continue
		}
		var failing []Action
		where := ""
		for _, a := range literalActions(s, func(a string) bool { return p.everywhere(s, a) }) {
			if place := q.refusedSomewhere(s, a.Text); place != "" {
				failing, where = append(failing, a), place
			}
		}
		if len(failing) > 0 {
			p.report(diag.Warning, failing[0].Pos, failing[0].Text,
				fmt.Sprintf("%s, and the role does not allow that in %s", onlyEverywhere(failing), where),
				"allow it on \"env/*\" in a statement of its own, or remove it here")
		}
	}
}

func onlySome(r Resource) bool { return someEnvironments(r.Specifier) }

// refusedSomewhere returns an environment in which no allow of the role takes in an action, though it
// does in others: one that every project that the role speaks of has, or may have. It is "" if there
// is none, or the action works in some project.
func (q *Proof) refusedSomewhere(s *Statement, action string) string {
	allowed := q.all(role.Allow)
	if q.pass.Inventory != nil {
		return q.refusedIn(s, action, allowed)
	}
	for _, selector := range []string{"{critical:true}", "{critical:false}"} {
		var texts, tagged []string
		for _, kind := range q.kindsOf(s.Statement.Resources) {
			text := whole(q.pass.Catalogue, kind)
			texts = append(texts, strings.Replace(text, ":env/*", ":env/any-other-one;"+selector, 1))
			tagged = append(tagged, strings.Replace(text, ":env/*", ":env/*;*", 1))
		}
		there := q.box([]string{action}, texts...).Minus(q.box([]string{action}, tagged...))
		if q.empty(there.And(allowed)) {
			return "one that has another name, no tag, and is " + map[string]string{"{critical:true}": "critical", "{critical:false}": "not critical"}[selector]
		}
	}
	return ""
}

// refusedIn is refusedSomewhere among the projects of the account. Those in which nothing is allowed
// are none of the role's.
func (q *Proof) refusedIn(s *Statement, action string, allowed access.Region) (where string) {
	for _, project := range q.pass.Inventory.Projects {
		refused, touched := "", false
		for _, env := range project.Environments {
			if _, some := q.meets(q.boxIn(s, action, project, env), allowed); some {
				touched = true
			} else {
				refused = fmt.Sprintf("%q of project %q", env.Key, project.Key)
			}
		}
		switch {
		case touched && refused == "":
			return ""
		case touched && where == "":
			where = refused
		}
	}
	return where
}

// boxIn returns the action on what there may be in one environment.
func (q *Proof) boxIn(s *Statement, action string, project role.Project, env role.Environment) access.Region {
	var texts []string
	for _, kind := range q.kindsOf(s.Statement.Resources) {
		text := strings.Replace(whole(q.pass.Catalogue, kind), "proj/*:env/*", fmt.Sprintf("proj/%s:env/%s;{critical:%t}", project.Key, env.Key, env.Critical), 1)
		texts = append(texts, text)
	}
	return q.box([]string{action}, texts...)
}
