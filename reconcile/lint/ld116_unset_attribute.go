package lint

import (
	"fmt"
	"strconv"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld116 = Rule{
	Code:     "LD116",
	Title:    "role given without its role attribute",
	Severity: diag.Warning,
	Run:      unsetAttributes,
	Doc: `A policy with ` + "`${roleAttribute/projects}`" + ` is filled in where the role is given: a team or a member that has the role needs values for
` + "`projects`" + ` under ` + "`roleAttributes`" + `. Without them a specifier in ` + "`resources`" + ` matches nothing, and one in ` + "`notResources`" + ` leaves out nothing, so
that the statement covers more than it says. Where a file does not speak of ` + "`roleAttributes`" + ` at all, those in the account stay as they
are; that is pointed out and no more.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/${roleAttribute/projects}"]
`) + teamsManaged + `-- teams/checkout.yaml --
kind: Team
key: checkout
customRoles: [example]
roleAttributes: {}
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

func unsetAttributes(p *Pass) {
	for _, h := range p.holders {
		idle, _ := p.idle(h)
		for _, a := range h.roles {
			for _, name := range p.unset(h, a.Role) {
				p.reportUnset(h, a, name, diag.Nearest(name, idle))
			}
		}
	}
}

// reportUnset reports one role attribute that a role needs; near is one that may be meant to be it.
func (p *Pass) reportUnset(h holder, a role.Assignment, name, near string) {
	u := p.attributes[a.Role][name]
	severity, hint := diag.Warning, "add "+strconv.Quote(name)+" with its values to \"roleAttributes\""
	message := fmt.Sprintf("role %q is given to %s without its role attribute %q: %s", a.Role, h, name, u.consequence())
	switch {
	case !h.said && !h.made:
		severity, hint = diag.Info, "write \"roleAttributes\" to decide them here"
		message = fmt.Sprintf("role %q needs role attribute %q, and the file says nothing of those of %s: they stay as they are in the account", a.Role, name, h)
	case near != "":
		hint = fmt.Sprintf("did you mean %q by %q?", name, near)
	}
	f := p.report(severity, h.position(a.Pos), a.Role, message, hint)
	f.Related = []diag.Related{{Pos: u.pos, Message: "the role uses it here"}}
}
