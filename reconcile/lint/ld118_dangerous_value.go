package lint

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

var ld118 = Rule{
	Code:     "LD118",
	Title:    "role attribute value that is no key",
	Severity: diag.Error,
	Needs:    NeedsPeople,
	Run:      dangerousValue,
	Doc: `The value of a role attribute takes the place of a key, a tag or a view in a policy. One that holds "*", ":", ";", ",", "/", a brace or
"${" is no key: depending on how LaunchDarkly puts it in, it matches nothing, or widens what the role allows, or turns the specifier into
another. Values in the files are checked where the files are read; this rule looks at the teams and members of the account. Write each
key as a value of its own.`,
	Bad:  inAccount(`{"People": {"Teams": [{"key": "checkout", "roleAttributes": {"projects": ["web:env/*"]}}]}}`),
	Good: inAccount(`{"People": {"Teams": [{"key": "checkout", "roleAttributes": {"projects": ["web"]}}]}}`),
}

func dangerousValue(p *Pass) {
	for _, t := range p.People.Teams {
		p.checkValues("team", t.Key, t.RoleAttributes)
	}
	for _, m := range p.People.Members {
		p.checkValues("member", m.Email, m.RoleAttributes)
	}
}

// checkValues reports the values of a holder that are no keys, where the files speak of the holder if
// they do.
func (p *Pass) checkValues(kind, id string, attributes role.Attributes) {
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		for _, value := range attributes[name] {
			bad := notInKeys(value)
			if bad == "" {
				continue
			}
			p.report(diag.Error, p.placeOf(kind, id, name), "",
				fmt.Sprintf("%s %q has %q as a value of role attribute %q, and %q is in no key", kind, id, value, name, bad),
				"write each key as a value of its own")
		}
	}
}

// notInKeys returns the first character that is in no key, or "".
func notInKeys(value string) string {
	for _, r := range value {
		if !strings.ContainsRune("._-", r) && !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9') {
			return string(r)
		}
	}
	return ""
}

// placeOf returns where the files speak of a role attribute of a holder, or of the holder, or nothing.
func (p *Pass) placeOf(kind, id, attribute string) diag.Position {
	for _, h := range p.holders {
		if h.kind != kind || !strings.EqualFold(h.id, id) {
			continue
		}
		if at := h.source.Attributes[attribute]; len(at) > 0 {
			return h.position(firstKnown(at[0], h.source.Pos))
		}
		return h.position(h.source.Pos)
	}
	return diag.Position{}
}
