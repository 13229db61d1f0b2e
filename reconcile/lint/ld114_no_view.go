package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld114 = Rule{
	Code:     "LD114",
	Title:    "access in a project that cannot be viewed",
	Severity: diag.Warning,
	Run:      noView,
	Doc: `Nobody can use anything in a project whom no role lets view it: ` + "`viewProject`" + ` on ` + "`proj/…`" + ` comes first. This specifier allows
something in projects none of which the role lets be viewed, so it does nothing for somebody who holds the role alone. Add a statement that allows ` + "`viewProject`" + `. It is
not reported where everybody to whom the files give the role is given other roles that allow it, as far as those are in the files.`,
	Bad: inRole(`
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/*:flag/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/*:flag/*"]
`),
}

func noView(p *Pass) {
	if !p.Semantics.ViewPrecondition {
		return
	}
	p.noteSaid()
	v := viewing{Pass: p, holders: p.holdersOf(), byKey: map[string]*Role{}}
	for _, r := range p.Roles {
		v.byKey[r.Key] = r
	}
	for i, r := range p.Roles {
		if i%perEngine == 0 {
			v.engine = access.New(p.Semantics, access.Budget{Steps: steps})
		}
		if !p.refused(r) && !p.spokenOf(r) && !p.viewsAll(r.Desired.Role) {
			v.check(r)
		}
	}
}

// viewing looks for roles that leave the view of a project to others.
type viewing struct {
	*Pass
	engine  *access.Engine
	holders map[string][]holder // by the key of a role
	byKey   map[string]*Role
}

func (p *Pass) holdersOf() map[string][]holder {
	of := map[string][]holder{}
	for _, h := range p.holders {
		for _, a := range h.roles {
			of[a.Role] = append(of[a.Role], h)
		}
	}
	return of
}

func (v *viewing) check(r *Role) {
	looked := map[string]bool{} // one specifier tells for all in the same projects
	for n := range r.Statements {
		s := &r.Statements[n]
		if s.Effect != role.Allow {
			continue
		}
		for _, res := range s.Resources[:len(s.Statement.Resources)] {
			project, _ := v.projectOf(res.Text)
			if project != "" && !looked[project] {
				looked[project] = true
				v.checkOne(r, s, res, project)
			}
		}
	}
}

// checkOne reports a specifier if nothing of what it allows is in a project that can be viewed.
func (v *viewing) checkOne(r *Role, s *Statement, res Resource, project string) {
	about := v.about(s, res)
	switch v.uses(about, r.Desired.Role) {
	case access.Yes:
		return
	case access.Undecided:
		v.report(diag.Info, res.Pos, res.Text, fmt.Sprintf("whether the role lets the projects of %q be viewed could not be decided", res.Text), "check by hand what the role grants")
		return
	}
	views := v.engine.Box(access.Box{Actions: []string{viewProject}, Specifier: v.read("proj/*").Specifier})
	if v.uses(about.Minus(views), r.Desired.Role, viewsEverything) != access.Yes || v.completed(r, about) {
		return // it is denied, or others complete it
	}
	v.report(diag.Warning, res.Pos, res.Text,
		fmt.Sprintf("role %q allows something on %q and does not let the project be viewed", r.Key, res.Text),
		fmt.Sprintf("allow \"viewProject\" on %q, or hold the role together with one that does", "proj/"+project))
}

// viewsEverything is a role that lets every project be viewed.
var viewsEverything = role.Role{Policy: []role.Statement{
	{Effect: role.Allow, Actions: []string{viewProject}, Resources: []string{"proj/*"}},
}}

const viewProject = "viewProject"

// about returns the requests that a statement is about by one of its specifiers.
func (v *viewing) about(s *Statement, res Resource) access.Region {
	box := func(actions ...string) access.Region {
		return v.engine.Box(access.Box{Actions: actions, Specifier: res.Specifier})
	}
	if len(s.NotActions) > 0 {
		return box("*").Minus(box(s.NotActions...))
	}
	return box(s.Statement.Actions...)
}

// uses answers whether somebody who holds the roles can make one of the requests.
func (v *viewing) uses(about access.Region, roles ...role.Role) access.Answer {
	subject := access.Subject{Symbolic: true}
	for _, r := range roles {
		subject.Held = append(subject.Held, policy.Held{Role: role.Role{BasePermissions: r.BasePermissions, Policy: r.Policy}})
	}
	granted, open := v.engine.Grants(subject)
	if len(open) > 0 {
		return access.Undecided
	}
	_, answer := about.And(granted).Example()
	return answer
}

// completed reports whether everybody whom the files give the role is given others that complete it,
// or may be.
func (v *viewing) completed(r *Role, about access.Region) bool {
	asked := map[string]bool{} // lists of roles: many hold the same
	for _, h := range v.holders[r.Key] {
		keys := rolesOf(h)
		if list := strings.Join(keys, " "); !asked[list] {
			asked[list] = true
			if roles, known := v.declared(keys); known && v.uses(about, roles...) == access.No {
				return false
			}
		}
	}
	return len(v.holders[r.Key]) > 0
}

func rolesOf(h holder) (keys []string) {
	for _, a := range h.roles {
		keys = append(keys, a.Role)
	}
	return keys
}

// declared returns roles by their keys, and whether the files have all of them.
func (v *viewing) declared(keys []string) (roles []role.Role, all bool) {
	for _, key := range keys {
		r := v.byKey[key]
		if r == nil {
			return nil, false
		}
		roles = append(roles, r.Desired.Role)
	}
	return roles, true
}

// viewsAll reports whether it is plain that the role lets every project be viewed in which it allows
// something: the projects of each allow are written as those of an allow of viewProject, and nothing
// denies that.
func (p *Pass) viewsAll(r role.Role) bool {
	seen := map[string]bool{"*": r.BasePermissions == role.Reader}
	for _, s := range r.Policy {
		views := slices.ContainsFunc(s.Actions, func(a string) bool { return policy.MatchAction(a, viewProject) })
		for _, text := range s.Resources {
			if project, deeper := p.projectOf(text); s.Effect == role.Allow && views && !deeper {
				seen[project] = true
			}
		}
		if s.Effect == role.Deny && (len(s.NotResources) > 0 || slices.ContainsFunc(s.Resources, p.isProject)) {
			return false
		}
	}
	return !slices.ContainsFunc(r.Policy, func(s role.Statement) bool {
		return s.Effect == role.Allow && (len(s.NotResources) > 0 || slices.ContainsFunc(s.Resources, func(text string) bool {
			project, _ := p.projectOf(text)
			return project != "" && !seen["*"] && !seen[project]
		}))
	})
}

// projectOf returns the projects of a specifier as written, "" if it has none, and whether it names
// something in them.
func (p *Pass) projectOf(text string) (project string, deeper bool) {
	segments := p.read(text).Specifier.Segments
	if len(segments) == 0 || segments[0].Type != "proj" {
		return "", false
	}
	project = string(segments[0].Name)
	for _, selector := range segments[0].Selectors {
		project += ";" + selector.String()
	}
	return project, len(segments) > 1
}

func (p *Pass) isProject(text string) bool { return p.read(text).Specifier.Kind() == "proj" }
