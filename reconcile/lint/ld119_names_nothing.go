package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld119 = Rule{
	Code:     "LD119",
	Title:    "name of nothing in the account",
	Severity: diag.Error,
	Needs:    NeedsInventory,
	Run:      namesNothing,
	Doc: `The account has no project, no environment of that project, no tag or no view of that name, so the specifier selects nothing today.
In a deny, and in the ` + "`notResources`" + ` of an allow, that is an error: what should be kept out is not. Elsewhere it is a warning: the role grants
less than it says, or will grant it as soon as somebody makes a thing of that name. Tags of flags, and views, are looked at only where the
flags of all projects are known, and a view counts as one if some flag is in it. Patterns and role attributes are not looked at.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/webb"]
`) + inAccount(`{"Inventory": {"Projects": [{"key": "web"}]}}`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
`) + inAccount(`{"Inventory": {"Projects": [{"key": "web"}]}}`),
}

func namesNothing(p *Pass) {
	l := newListing(*p.Inventory)
	p.noteSaid()
	for _, r := range p.Roles {
		for n := range r.Statements {
			s := &r.Statements[n]
			for i, res := range s.Resources {
				if res.Err == nil && !p.said[res.Pos] {
					p.checkNames(l, r, n, i)
				}
			}
		}
	}
}

// listing is what there is, by name.
type listing struct {
	keys, projectTags, envs, envTags []string
	flagTags, views                  []string
	complete                         bool                // all flags are known
	environments                     map[string][]string // of each project
}

func newListing(inv role.Inventory) listing {
	l := listing{environments: map[string][]string{}, complete: true}
	for _, p := range inv.Projects {
		l.keys = append(l.keys, p.Key)
		l.projectTags = append(l.projectTags, p.Tags...)
		l.complete = l.complete && !p.FlagsLeft
		l.environments[p.Key] = []string{}
		for _, e := range p.Environments {
			l.environments[p.Key] = append(l.environments[p.Key], e.Key)
			l.envs, l.envTags = append(l.envs, e.Key), append(l.envTags, e.Tags...)
		}
		for _, f := range p.Flags {
			l.flagTags, l.views = append(l.flagTags, f.Tags...), append(l.views, f.Views...)
		}
	}
	return l
}

// absent is a name that nothing has.
type absent struct {
	what, name, of string
	among          []string
}

// checkNames reports the first name in a specifier that nothing has.
func (p *Pass) checkNames(l listing, r *Role, n, i int) {
	s := &r.Statements[n]
	res := s.Resources[i]
	a, found := l.absentIn(res.Specifier)
	if !found {
		return
	}
	guards := (s.Effect == role.Deny) != (len(s.NotResources) > 0)
	severity, why := diag.Warning, "selects nothing"
	if guards {
		severity, why = diag.Error, "keeps nothing out"
	}
	hint, near := "correct it, or remove it", diag.Nearest(a.name, a.among)
	if near != "" {
		hint = didYouMean(near)
	}
	f := p.report(severity, res.Pos, res.Text, fmt.Sprintf("%q %s: there is no %s %q%s", res.Text, why, a.what, a.name, a.of), hint)
	if near != "" {
		f.Fix = renaming(r, n, i, a, near)
	}
}

// renaming is the fix that writes the name that was probably meant.
func renaming(r *Role, n, i int, a absent, near string) *diag.Fix {
	list := "resources"
	if len(r.Policy[n].NotResources) > 0 {
		list = "notResources"
	}
	return &diag.Fix{
		Title: fmt.Sprintf("write %q instead of %q", near, a.name), Document: r.Document(),
		Edits: []diag.Edit{{
			Op: diag.Replace, Pointer: fmt.Sprintf("/policy/%d/%s/%d", n, list, i),
			Value: strings.Replace(r.Statements[n].Resources[i].Text, a.name, near, 1),
		}},
	}
}

// absentIn returns the first name in a specifier that nothing has.
func (l listing) absentIn(spec policy.Specifier) (absent, bool) {
	project := ""
	for _, seg := range spec.Segments {
		a := absent{name: string(seg.Name)}
		switch {
		case !isLiteral(seg.Name):
		case seg.Type == "proj":
			a.what, a.among, project = "project", l.keys, a.name
		case seg.Type == "env" && project != "":
			a.what, a.among, a.of = "environment", l.environments[project], fmt.Sprintf(" in project %q", project)
		case seg.Type == "env":
			a.what, a.among = "environment", l.envs
		}
		if a.what != "" && !slices.Contains(a.among, a.name) {
			return a, true
		}
		if a, found := l.absentSelector(seg); found {
			return a, true
		}
	}
	return absent{}, false
}

func (l listing) absentSelector(seg policy.Segment) (absent, bool) {
	tags := map[string][]string{"proj": l.projectTags, "env": l.envTags, "flag": l.flagTags}[seg.Type]
	known := seg.Type == "proj" || seg.Type == "env" || seg.Type == "flag" && l.complete
	for _, sel := range seg.Selectors {
		a := absent{}
		switch sel := sel.(type) {
		case policy.Tag:
			a = absent{what: seg.Type + " with tag", name: string(sel), among: tags}
		case policy.View:
			a = absent{what: "flag in view", name: string(sel), among: l.views}
		}
		if known && a.what != "" && isLiteral(policy.Pattern(a.name)) && !slices.Contains(a.among, a.name) {
			return a, true
		}
	}
	return absent{}, false
}

// isLiteral reports whether a pattern stands for itself only.
func isLiteral(p policy.Pattern) bool {
	parts := p.Parts()
	return len(parts) == 1 && parts[0].Kind == policy.Literal
}
