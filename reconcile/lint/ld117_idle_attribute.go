package lint

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld117 = Rule{
	Code:     "LD117",
	Title:    "role attribute that no role uses",
	Severity: diag.Info,
	Run:      idleAttributes,
	Doc: `Values for a role attribute do nothing unless one of the roles that the team or member holds names it as ` + "`${roleAttribute/NAME}`" + `.
Remove them, or check how the role spells the name: letter case counts. Nothing is said where one of the roles is not in the files,
because that one may use it.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/${roleAttribute/projects}"]
`) + teamsManaged + `-- teams/checkout.yaml --
kind: Team
key: checkout
customRoles: [example]
roleAttributes: {projects: [web], views: [search]}
`,
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/${roleAttribute/projects}"]
`) + teamsManaged + `-- teams/checkout.yaml --
kind: Team
key: checkout
customRoles: [example]
roleAttributes: {projects: [web]}
`,
}

func idleAttributes(p *Pass) {
	for _, h := range p.holders {
		idle, certain := p.idle(h)
		if !certain {
			continue
		}
		var missing []string // LD116 speaks of what is near one of these
		for _, a := range h.roles {
			missing = append(missing, p.unset(h, a.Role)...)
		}
		for _, name := range idle {
			if diag.Nearest(name, missing) != "" {
				continue
			}
			pos := h.source.Pos
			if at := h.source.Attributes[name]; len(at) > 0 {
				pos = firstKnown(at[0], pos)
			}
			p.report(diag.Info, h.position(pos), firstValue(h.attributes, name),
				fmt.Sprintf("role attribute %q is given to %s, and none of its roles uses it", name, h), "remove it, or check how the role spells the name")
		}
	}
}

func firstValue(attributes role.Attributes, name string) string {
	if values := attributes[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}
