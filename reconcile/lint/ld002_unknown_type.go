package lint

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/diag"
)

var ld002 = Rule{
	Code:     "LD002",
	Title:    "unknown resource type",
	Severity: diag.Error,
	Run:      unknownTypes,
	Doc: `A type that the catalogue does not have selects nothing, unless LaunchDarkly has added it since: then this is a
warning only. A word that is nearly a known type, or a usual word for one (` + "`project`" + ` for ` + "`proj`" + `), is an error.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/*:flags/*"]
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

func unknownTypes(p *Pass) {
	p.eachResource(func(r Resource) {
		switch {
		case r.Meant != "":
			p.report(diag.Error, r.Pos, r.Text, fmt.Sprintf("%q names the unknown resource type %q", r.Text, r.Unknown), didYouMean(r.Meant))
		case r.Unknown != "":
			p.report(diag.Warning, r.Pos, r.Text, fmt.Sprintf("%q names the unknown resource type %q", r.Text, r.Unknown),
				fmt.Sprintf("check the spelling; the catalogue of %s may lack a newer type", p.Catalogue.Date))
		}
	})
}
