package lint

import (
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/people"
)

var ld202 = Rule{
	Code:     "LD202",
	Title:    "way for somebody to make themselves an administrator",
	Severity: diag.Error,
	Needs:    NeedsPeople,
	Run:      escalationPaths,
	Doc: `A team lead who may add people to a team can add themselves; if that team gives a role that edits roles, the lead edits roles. This rule
follows such steps for every member: joining a team, being given a role, giving a role to one's own team, changing one's own role
attributes, until nothing is added. It reports whoever comes to hold an administrative role (see LD201), to edit the policy of a role that
they hold, or to change their own base role, and prints the steps. Members who hold an administrative role already, or whose base role is
` + "`admin`" + ` or ` + "`owner`" + `, are left out. Members who hold something that is not known are looked at as far as it goes, and that is pointed out.`,
	Bad: `-- roles/roles.yaml --
kind: Role
key: account-admin
name: Account administrator
basePermissions: no_access
protected: true
policy:
  - effect: allow
    actions: ["*"]
    resources: ["role/*"]
---
kind: Role
key: team-lead
name: Team lead
basePermissions: no_access
policy:
  - effect: allow
    actions: [updateTeamMembers]
    resources: ["team/${roleAttribute/teams}"]
` + inAccount(`{"People": {
  "Roles": [
    {"key":"account-admin","policy":[{"effect":"allow","actions":["*"],"resources":["role/*"]}]},
    {"key":"team-lead","policy":[{"effect":"allow","actions":["updateTeamMembers"],"resources":["team/${roleAttribute/teams}"]}]}
  ],
  "Teams": [{"key": "administration", "customRoles": ["account-admin"]}],
  "Members": [{"_id": "1", "email": "ana@example.com", "customRoles": ["team-lead"], "roleAttributes": {"teams": ["administration"]}}]
}}`),
	Good: `-- roles/roles.yaml --
kind: Role
key: account-admin
name: Account administrator
basePermissions: no_access
protected: true
policy:
  - effect: allow
    actions: ["*"]
    resources: ["role/*"]
---
kind: Role
key: team-lead
name: Team lead
basePermissions: no_access
policy:
  - effect: allow
    actions: [updateTeamMembers]
    resources: ["team/${roleAttribute/teams}"]
` + inAccount(`{"People": {
  "Roles": [
    {"key":"account-admin","policy":[{"effect":"allow","actions":["*"],"resources":["role/*"]}]},
    {"key":"team-lead","policy":[{"effect":"allow","actions":["updateTeamMembers"],"resources":["team/${roleAttribute/teams}"]}]}
  ],
  "Teams": [{"key": "administration", "customRoles": ["account-admin"]}],
  "Members": [{"_id": "1", "email": "ana@example.com", "customRoles": ["team-lead"], "roleAttributes": {"teams": ["checkout"]}}]
}}`),
}

func escalationPaths(p *Pass) {
	world := p.newClimbing()
	said := map[string]*diag.Finding{}
	unknown := []string{}
	for _, c := range p.cases() {
		if world.isAdministrator(c) {
			continue
		}
		if len(c.Unknown) > 0 {
			unknown = append(unknown, c.Unknown...)
		}
		if !slices.ContainsFunc(c.Held, p.decidesSomething) {
			continue
		}
		for _, m := range c.Members {
			p.reportClimb(world.climb(m), said)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		p.reportAt(diag.Info, spot{}, fmt.Sprintf("ways to become an administrator could not be decided for whoever holds what is not known: %s", quoteUnknown(slices.Compact(unknown))),
			"give the whole account: all roles and teams")
	}
}

// quoteUnknown joins words that are quoted already, at most three.
func quoteUnknown(words []string) string {
	text := words[0]
	for i, w := range words[1:] {
		if i == 2 {
			return text + ", …"
		}
		text += ", " + w
	}
	return text
}

// reportClimb reports a way up once, whoever else has the same.
func (p *Pass) reportClimb(way *climb, said map[string]*diag.Finding) {
	if way == nil {
		return
	}
	steps := way.steps()
	name := fmt.Sprint(steps)
	if f := said[name]; f != nil {
		return
	}
	message := fmt.Sprintf("%q can become an administrator: ", way.member.Email)
	for i, s := range steps {
		if i > 0 {
			message += ", then "
		}
		message += s
	}
	first := way.moves[0]
	f := p.reportAt(diag.Error, first.at, message, "take away the first step, or make what it leads to smaller")
	said[name] = f
}

// A climb is how a member becomes an administrator.
type climb struct {
	member people.Who
	moves  []move
}

func (c *climb) steps() []string {
	list := make([]string, len(c.moves))
	for i, m := range c.moves {
		list[i] = m.text
	}
	return list
}
