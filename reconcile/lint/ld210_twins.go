package lint

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld210 = Rule{
	Code:     "LD210",
	Title:    "roles that are equal, or equal up to one key",
	Severity: diag.Info,
	Run:      twins,
	Doc: `Two roles that grant the same are edited apart sooner or later, and one of them is forgotten. Roles that differ in one key only, as in the
project that they are for, can be one role with a role attribute: ` + "`proj/${roleAttribute/projects}`" + `, filled in where the role is given.
How statements are ordered and divided makes no difference here. Roles of a single statement are not reported for differing in a key.`,
	Bad: `-- roles/web.yaml --
kind: Role
key: web-developer
name: Web developer
basePermissions: no_access
policy:
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/test:flag/*"]
---
kind: Role
key: shop-developer
name: Shop developer
basePermissions: no_access
policy:
  - effect: allow
    actions: [viewProject]
    resources: ["proj/shop"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/shop:env/test:flag/*"]
`,
	Good: `-- roles/developer.yaml --
kind: Role
key: developer
name: Developer
basePermissions: no_access
policy:
  - effect: allow
    actions: [viewProject]
    resources: ["proj/${roleAttribute/projects}"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/${roleAttribute/projects}:env/test:flag/*"]
`,
}

// A twin is a role and the key that sets it apart from others, "" where none does.
type twin struct {
	*Role
	key string
}

func twins(p *Pass) {
	equal, nearly := map[string][]twin{}, map[string][]twin{}
	for _, r := range p.inOrder() {
		if len(r.Policy) == 0 || p.refused(r) {
			continue
		}
		atoms := atomsOf(r.Desired.Role)
		whole := strings.Join(atoms, "\n")
		equal[whole] = append(equal[whole], twin{r, ""})
		if len(r.Policy) < 2 {
			continue
		}
		for _, name := range namesIn(r.Desired.Role) {
			text := hollowed(atoms, name)
			nearly[text] = append(nearly[text], twin{r, name})
		}
	}
	told := map[string]bool{}
	for _, text := range slices.Sorted(maps.Keys(equal)) {
		p.reportEqual(equal[text], told)
	}
	for _, group := range byLength(nearly) {
		p.reportNearly(group, told)
	}
}

// inOrder returns the roles by where they stand, the first of each key.
func (p *Pass) inOrder() []*Role {
	list := slices.SortedStableFunc(slices.Values(p.Roles), func(a, b *Role) int {
		x, y := a.Pos(), b.Pos()
		return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line), cmp.Compare(a.Key, b.Key))
	})
	seen := once{}
	return slices.DeleteFunc(list, func(r *Role) bool { return !seen.first(r.Key) })
}

// byLength returns the groups, those of most roles first.
func byLength(groups map[string][]twin) [][]twin {
	var list [][]twin
	for _, text := range slices.Sorted(maps.Keys(groups)) {
		if len(groups[text]) > 1 {
			list = append(list, groups[text])
		}
	}
	slices.SortStableFunc(list, func(a, b []twin) int { return cmp.Compare(len(b), len(a)) })
	return list
}

// atomsOf returns what a role says in a form that is the same for the same statements in another order
// or division: one line for each effect, action and resource. A list after "not" stays whole.
func atomsOf(r role.Role) []string {
	lines := []string{"base " + r.BasePermissions}
	for _, s := range r.Normal().Policy {
		actions, resources := s.Actions, s.Resources
		if len(s.NotActions) > 0 {
			actions = []string{"not " + strings.Join(s.NotActions, " ")}
		}
		if len(s.NotResources) > 0 {
			resources = []string{"not " + strings.Join(s.NotResources, " ")}
		}
		for _, a := range actions {
			for _, res := range resources {
				lines = append(lines, string(s.Effect)+"\t"+a+"\t"+res)
			}
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// namesIn returns what the role names by a whole key, as "proj/web", each once.
func namesIn(r role.Role) []string {
	seen := map[string]bool{}
	for _, s := range r.Policy {
		for _, text := range slices.Concat(s.Resources, s.NotResources) {
			spec, err := policy.Parse(text)
			for _, seg := range spec.Segments {
				if err == nil && seg.HasName && !strings.ContainsAny(string(seg.Name), "*$") {
					seen[seg.Type+"/"+string(seg.Name)] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// hollowed returns the atoms without a name, as one text.
func hollowed(atoms []string, name string) string {
	typ, _, _ := strings.Cut(name, "/")
	list := make([]string, len(atoms))
	for i, a := range atoms {
		list[i] = hollow(a, name, typ+"/?")
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// hollow replaces a name wherever it is a whole segment.
func hollow(text, name, by string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, name)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		begins := before == "" || strings.HasSuffix(before, "\t") || strings.HasSuffix(before, " ") || strings.HasSuffix(before, ":")
		ends := after == "" || strings.ContainsRune(" :;", rune(after[0]))
		if begins && ends {
			b.WriteString(by)
		} else {
			b.WriteString(name)
		}
		text = after
	}
}

func (p *Pass) reportEqual(group []twin, told map[string]bool) {
	for _, t := range group[1:] {
		told[t.Key] = true
		f := p.report(diag.Info, t.Pos(), t.Key, fmt.Sprintf("role %q grants what role %q grants", t.Key, group[0].Key),
			"give one of the two to everybody, and delete the other")
		f.Related = []diag.Related{{Pos: group[0].Pos(), Message: "the other one"}}
	}
}

// reportNearly reports the roles of a group once, at the last of them.
func (p *Pass) reportNearly(group []twin, told map[string]bool) {
	group = slices.DeleteFunc(slices.Clone(group), func(t twin) bool { return told[t.Key] })
	if len(group) < 2 {
		return
	}
	last := group[len(group)-1]
	var keys, names []string
	for _, t := range group {
		told[t.Key] = true
		keys, names = append(keys, t.Key), append(names, t.key)
	}
	typ, _, _ := strings.Cut(last.key, "/")
	f := p.report(diag.Info, last.Pos(), last.Key,
		fmt.Sprintf("roles %s differ in one key only: %s", quoteList(keys), quoteList(names)),
		fmt.Sprintf("make one role of them, with \"%s/${roleAttribute/NAME}\" for the key", typ))
	for _, t := range group[:len(group)-1] {
		f.Related = append(f.Related, diag.Related{Pos: t.Pos(), Message: fmt.Sprintf("the one with %q", t.key)})
	}
}
