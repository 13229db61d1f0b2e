package lint

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
)

var ld203 = Rule{
	Code:     "LD203",
	Title:    "refused action that a change of tags makes allowed",
	Severity: diag.Error,
	Prove:    tagBypass,
	People:   tagBypassByMembers,
	Doc: `A policy that looks at tags binds only those who cannot change the tags. If a role refuses to switch a flag tagged ` + "`pci`" + ` and allows
` + "`updateTags`" + ` on it, its holder removes the tag, switches the flag and puts the tag back. LaunchDarkly's docs: "if you use tags to control
access you must restrict updateTags". The finding shows the request that is refused, the change of tags, and the request that is then
allowed. It is an error where the request is in a critical environment, and a warning elsewhere.

Deny ` + "`updateTags`" + ` on what the tag protects. To deny it in one environment is enough, since a flag's tags count only for whoever may change
them in every environment; but then nobody changes the tags of other flags there. Where members are known, the roles that they hold
together are looked at as well. Of AI configs and views no source says which action changes their tags: they are not looked at.`,
	Bad: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn, updateRules, updateTags]
    resources: ["proj/web:env/*:flag/*"]
  - effect: deny
    actions: [updateOn, updateRules]
    resources: ["proj/web:env/*:flag/*;pci"]
`),
	Good: inRole(`
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn, updateRules, updateTags]
    resources: ["proj/web:env/*:flag/*"]
  - effect: deny
    actions: [updateOn, updateRules, updateTags]
    resources: ["proj/web:env/*:flag/*;pci"]
`),
}

func isTag(s policy.Selector) bool {
	_, tag := s.(policy.Tag)
	return tag
}

func tagBypass(p *Pass, q *Proof) {
	if p.selects(q.Desired.Role, isTag) {
		p.reportDetours(q, access.ByTags)
	}
}

// reportDetours reports what the holder of a role comes by with a lever, once for each action that
// pulls it, in a critical environment if it can be.
func (p *Pass) reportDetours(q *Proof, by access.Lever) {
	list, open := q.Grants().Detours(by)
	q.undecided = q.undecided || len(open) > 0
	for _, d := range worst(list) {
		at := p.decider(q.Role, d.Changes[0], d.Refused.Attributes[""])
		p.reportAt(severityOf(d), at, fmt.Sprintf("role %q refuses %s", q.Key, inWords(d)), detourHint(by, d))
	}
}

func severityOf(d access.Detour) diag.Severity {
	if d.Critical {
		return diag.Error
	}
	return diag.Warning
}

// worst returns one detour for each action on each kind that makes it possible: one in a critical
// environment if there is one.
func worst(list []access.Detour) (kept []access.Detour) {
	index := map[string]int{}
	for _, d := range list {
		name := d.Changes[0].Action + d.Changes[0].Kind()
		at, found := index[name]
		switch {
		case !found:
			index[name] = len(kept)
			kept = append(kept, d)
		case d.Critical && !kept[at].Critical:
			kept[at] = d
		}
	}
	return kept
}

// inWords tells a detour: what is refused, the change, and what is allowed then.
func inWords(d access.Detour) string {
	text, makes := fmt.Sprintf("%q, but %q", d.Refused.Request, d.Changes[0]), "is allowed and makes"
	for _, c := range d.Changes[1:] {
		text, makes = text+fmt.Sprintf(" and %q", c), "are allowed and make"
	}
	return text + fmt.Sprintf(" %s it %q, which is allowed%s", makes, d.Allowed, where(d.Refused.Attributes))
}

func detourHint(by access.Lever, d access.Detour) string {
	change := d.Changes[0].Action
	switch by {
	case access.ByViews:
		return fmt.Sprintf("give %q to a role that does not depend on the view", change)
	case access.ByCritical:
		return fmt.Sprintf("deny %q, or give it to a role that may do nothing else there", change)
	}
	return fmt.Sprintf("deny %q on what the tag protects, or give it to another role", change)
}
