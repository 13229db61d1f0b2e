package lint

import (
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
)

var ld007 = Rule{
	Code:     "LD007",
	Title:    "unknown property or value",
	Severity: diag.Error,
	Run:      unknownProperties,
	Doc: `The one property selector that LaunchDarkly documents is ` + "`{critical:true}`" + ` or ` + "`{critical:false}`" + ` on an environment. What
it does with another is not known: most likely nothing is selected. A near miss is an error, anything else a
warning.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/*;{critical:False}:flag/*"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/*;{critical:false}:flag/*"]
`),
}

var propertyValues = []string{"true", "false"}

func unknownProperties(p *Pass) {
	p.eachResource(func(r Resource) {
		p.eachSelector(r, func(typ policy.ResourceType, sel policy.Selector) {
			prop, is := sel.(policy.Property)
			switch {
			case !is || len(typ.Properties) == 0: // LD006
			case !slices.Contains(typ.Properties, prop.Name):
				p.reportWord(r, fmt.Sprintf("type %q has no known property %q", typ.Name, prop.Name), prop.Name, typ.Properties)
			case !slices.Contains(propertyValues, prop.Value):
				p.reportWord(r, fmt.Sprintf("%q is no value of property %q", prop.Value, prop.Name), prop.Value, propertyValues)
			}
		})
	})
}

// reportWord reports a word in r that is none of those wanted.
func (p *Pass) reportWord(r Resource, message, word string, wanted []string) {
	message = fmt.Sprintf("%q: %s", r.Text, message)
	if near := diag.Nearest(word, wanted); near != "" {
		p.report(diag.Error, r.Pos, r.Text, message, didYouMean(near))
		return
	}
	p.report(diag.Warning, r.Pos, r.Text, message, "known is "+quoteList(wanted))
}
