package lint

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
)

var ld006 = Rule{
	Code:     "LD006",
	Title:    "selector on a type that has nothing to select by",
	Severity: diag.Warning,
	Run:      idleSelectors,
	Doc: `Not every type has tags; only environments have the property ` + "`critical`" + `, and only flags are selected by view. A
selector on another type matches no resource at all: an allow grants nothing, and a deny stops nothing. Write it
behind the segment that it is about: ` + "`proj/*:env/*;{critical:true}:flag/*`" + `.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/*:flag/*;{critical:false}"]
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

func idleSelectors(p *Pass) {
	p.eachResource(func(r Resource) {
		p.eachSelector(r, func(typ policy.ResourceType, sel policy.Selector) {
			what, has := "tags", func(t policy.ResourceType) bool { return t.Tags }
			switch sel.(type) {
			case policy.View:
				what, has = "views", func(t policy.ResourceType) bool { return t.Views }
			case policy.Property:
				what, has = "properties", func(t policy.ResourceType) bool { return len(t.Properties) > 0 }
			}
			if !has(typ) {
				p.report(diag.Warning, r.Pos, r.Text,
					fmt.Sprintf("%q selects by %q, but type %q has no %s", r.Text, sel, typ.Name, what), p.selectorHint(r, what, has))
			}
		})
	})
}

// eachSelector calls visit for the selectors of segments whose type is known.
func (p *Pass) eachSelector(r Resource, visit func(policy.ResourceType, policy.Selector)) {
	for _, seg := range r.Specifier.Segments {
		if typ, known := p.Catalogue.Type(seg.Type); known {
			for _, sel := range seg.Selectors {
				visit(typ, sel)
			}
		}
	}
}

// selectorHint names the segment of the specifier that the selector could stand at.
func (p *Pass) selectorHint(r Resource, what string, has func(policy.ResourceType) bool) string {
	for _, seg := range r.Specifier.Segments {
		if typ, known := p.Catalogue.Type(seg.Type); known && has(typ) {
			return fmt.Sprintf("remove it, or move it behind %q, which has %s", typ.Name, what)
		}
	}
	return "remove it: as it stands, no resource is selected"
}
