package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
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
	ways := map[string]*climb{}
	var order, unknown []string
	for _, c := range p.cases() {
		if world.isAdministrator(c) {
			continue
		}
		if c.some() {
			unknown = append(unknown, c.Unknown...)
		}
		if !slices.ContainsFunc(c.Held, p.decidesSomething) {
			continue
		}
		for _, m := range c.Members {
			way := world.climb(m)
			if way == nil || !p.changesWay(way) {
				continue
			}
			name := way.name()
			if ways[name] == nil {
				ways[name] = way
				order = append(order, name)
			}
			ways[name].members = append(ways[name].members, m)
		}
	}
	for _, name := range order {
		p.reportClimb(ways[name])
	}
	p.reportUnknown(unknown)
}

// changesWay reports whether a way up leads over something that changes.
func (p *Pass) changesWay(way *climb) bool {
	return p.changesMember(way.first) || slices.ContainsFunc(way.moves, func(m move) bool { return slices.ContainsFunc(m.over, p.changes) })
}

func (p *Pass) reportUnknown(unknown []string) {
	if len(unknown) == 0 {
		return
	}
	slices.Sort(unknown)
	p.reportAt(diag.Info, spot{}, fmt.Sprintf("ways to become an administrator could not be decided for whoever holds what is not known: %s", quoteUnknown(slices.Compact(unknown))),
		"give the whole account: all roles and teams")
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

// reportClimb reports a way up.
func (p *Pass) reportClimb(way *climb) {
	message := fmt.Sprintf("%s can become an administrator: ", whom(way.members))
	for i, m := range way.moves {
		if i > 0 {
			message += ", then "
		}
		message += m.text
	}
	p.reportAt(diag.Error, way.moves[0].at, message, "take away the first step, or make what it leads to smaller")
}

// A climb is how a member becomes an administrator.
type climb struct {
	first   role.LiveMember
	moves   []move
	members []role.LiveMember // who has this way
}

// name is the same for ways that differ in who goes them only.
func (c *climb) name() string {
	var words []string
	for _, m := range c.moves {
		words = append(words, m.text)
	}
	text := strings.Join(words, "\n")
	for _, self := range []string{c.first.ID, c.first.Email} {
		if self != "" {
			text = strings.ReplaceAll(text, "member/"+self, "member/self")
		}
	}
	return text
}
