package lint

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
)

var ld211 = Rule{
	Code:     LockOut,
	Title:    "too few people are left who can edit roles and members",
	Severity: diag.Error,
	Needs:    NeedsPeople,
	Run:      lockOut,
	Doc: `If nobody can edit roles and give them to members any more, only LaunchDarkly's support can help. This rule counts the members who, with all
that they hold, can change the policy of some role and the roles of some member, by ` + "`updateCustomRole`" + ` on members or ` + "`updateMembers`" + ` on roles.
There must be as many as ` + "`guards.minAdmins`" + ` says. Invitations that are not accepted and service tokens do not count: a token cannot help if it is lost.
An account of which no member is known is not judged.`,
	Bad: `-- roles/admin.yaml --
kind: Role
key: account-admin
name: Account administrator
basePermissions: no_access
protected: true
policy:
  - effect: allow
    actions: ["*"]
    resources: ["role/*"]
` + inAccount(`{"People": {
  "Roles": [{"key":"account-admin","policy":[{"effect":"allow","actions":["*"],"resources":["role/*"]}]}],
  "Members": [
    {"_id": "1", "email": "ana@example.com", "customRoles": ["account-admin"]}
  ]
}}`),
	Good: `-- roles/admin.yaml --
kind: Role
key: account-admin
name: Account administrator
basePermissions: no_access
protected: true
policy:
  - effect: allow
    actions: ["*"]
    resources: ["role/*"]
` + inAccount(`{"People": {
  "Roles": [{"key":"account-admin","policy":[{"effect":"allow","actions":["*"],"resources":["role/*"]}]}],
  "Members": [
    {"_id": "1", "email": "ana@example.com", "customRoles": ["account-admin"]},
    {"_id": "2", "email": "bo@example.com", "customRoles": ["account-admin"]}
  ]
}}`),
}

func lockOut(p *Pass) {
	if p.Settings.MinAdmins <= 0 || len(p.People.Members) == 0 {
		return
	}
	roles, members := p.whoCan("updatePolicy on role/*"), p.whoCan("updateCustomRole on member/*")
	for email, answer := range p.whoCan("updateMembers on role/*") {
		members[email] = either(members[email], answer)
	}
	var sure, unsure []string
	for _, m := range p.People.Members {
		byRole, byMember := roles[m.Email], members[m.Email]
		switch {
		case m.Pending || byRole == access.No || byMember == access.No:
		case byRole == access.Yes && byMember == access.Yes:
			sure = append(sure, m.Email)
		default:
			unsure = append(unsure, m.Email)
		}
	}
	if len(sure) >= p.Settings.MinAdmins {
		return
	}
	p.reportLockOut(sure, unsure)
}

// either is the answer to "one or the other".
func either(a, b access.Answer) access.Answer {
	switch {
	case a == access.Yes || b == access.Yes:
		return access.Yes
	case a == access.No && b == access.No:
		return access.No
	}
	return access.Undecided
}

// whoCan says of each member whether they may do some of what is asked.
func (p *Pass) whoCan(question string) map[string]access.Answer {
	actions, spec, err := policy.ParseRequest(question)
	if err != nil {
		panic("lint: the question is ours: " + err.Error())
	}
	answers := map[string]access.Answer{}
	for _, a := range people.WhoCan(*p.People, access.Box{Actions: actions, Specifier: spec}, people.Options{Semantics: p.Semantics}) {
		switch {
		case a.Team != "":
		case a.Answer == access.SaysYes || a.Allowed != "":
			answers[a.Email] = access.Yes
		case a.Answer == access.SaysNo:
			answers[a.Email] = access.No
		default:
			answers[a.Email] = access.Undecided
		}
	}
	return answers
}

func (p *Pass) reportLockOut(sure, unsure []string) {
	who := "nobody can"
	switch len(sure) {
	case 0:
	case 1:
		who = fmt.Sprintf("only %q can", sure[0])
	default:
		who = fmt.Sprintf("only %d people (%s) can", len(sure), quoteList(sure))
	}
	message := fmt.Sprintf("%s edit roles and members then, minAdmins is %d", who, p.Settings.MinAdmins)
	if len(unsure) > 0 {
		message += fmt.Sprintf("; of %s it could not be decided", quoteList(unsure))
	}
	p.findings = append(p.findings, diag.Finding{
		Severity: diag.Error, Code: p.rule.Code, Message: message,
		Hint: "give an administrative role to more people before this, or lower \"guards.minAdmins\" in rolewright.yaml",
		Pos:  diag.Position{File: "rolewright.yaml"},
	})
}
