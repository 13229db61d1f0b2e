package lint

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/diag"
)

var ld010 = Rule{
	Code:     "LD010",
	Title:    "several kinds of resource in one statement",
	Severity: diag.Error,
	Run:      mixedKinds,
	Doc: `LaunchDarkly answers 400 to a statement whose specifiers are of several kinds, as ` + "`proj/*`" + ` beside
` + "`proj/*:env/*:flag/*`" + `. Make one statement for each kind.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject, updateOn]
    resources: ["proj/web", "proj/web:env/*:flag/*"]
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

func mixedKinds(p *Pass) {
	for i := range p.Statements {
		first, other := differing(p.Statements[i].Resources)
		if other == nil {
			continue
		}
		hint := "make a statement of its own for each kind"
		if len(p.Statements[i].NotResources) > 0 { // several such statements undo each other: LD109
			hint = "leave out one kind only, and name in \"resources\" what is meant of the others"
		}
		f := p.report(diag.Error, other.Pos, other.Text,
			fmt.Sprintf("%q is of kind %q in a statement about %q", other.Text, other.Specifier.Kind(), first.Specifier.Kind()),
			hint)
		f.Related = []diag.Related{{Pos: first.Pos, Message: fmt.Sprintf("%q is the first of them", first.Text)}}
	}
}

// differing returns the first specifier and the first of another kind, or nil. What does not
// parse, and what has a misspelt type, is another rule's finding.
func differing(resources []Resource) (first, other *Resource) {
	for i := range resources {
		r := &resources[i]
		switch {
		case r.Err != nil || r.Meant != "":
		case first == nil:
			first = r
		case r.Specifier.Kind() != first.Specifier.Kind():
			return first, r
		}
	}
	return first, nil
}
