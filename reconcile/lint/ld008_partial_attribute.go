package lint

import (
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
)

var ld008 = Rule{
	Code:     "LD008",
	Title:    "role attribute inside a longer name",
	Severity: diag.Warning,
	Run:      partialAttributes,
	Doc: `LaunchDarkly documents role attributes in the place of a whole key, tag or view. Whether ` + "`proj/team-${roleAttribute/x}`" + `
does what it looks like is not known. Put the whole key into the attribute's values.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/*:flag/${roleAttribute/squad}-*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/*:flag/*;${roleAttribute/squad}"]
`),
}

func partialAttributes(p *Pass) {
	p.eachResource(func(r Resource) {
		for _, pattern := range patterns(r.Specifier) {
			if name := partialAttribute(pattern); name != "" {
				p.report(diag.Warning, r.Pos, r.Text,
					fmt.Sprintf("%q: role attribute %q is only a part of %q", r.Text, name, string(pattern)),
					"put the whole key into the values of the attribute")
			}
		}
	})
}

// patterns returns the names, tags and views of a specifier.
func patterns(spec policy.Specifier) []policy.Pattern {
	var list []policy.Pattern
	for _, seg := range spec.Segments {
		list = append(list, seg.Name)
		for _, sel := range seg.Selectors {
			switch sel := sel.(type) {
			case policy.Tag:
				list = append(list, policy.Pattern(sel))
			case policy.View:
				list = append(list, policy.Pattern(sel))
			}
		}
	}
	return list
}

// partialAttribute returns the first role attribute of a pattern that holds more than that.
func partialAttribute(pattern policy.Pattern) string {
	parts := pattern.Parts()
	i := slices.IndexFunc(parts, func(part policy.Piece) bool { return part.Kind == policy.Attribute })
	if i < 0 || len(parts) == 1 {
		return ""
	}
	return parts[i].Text
}
