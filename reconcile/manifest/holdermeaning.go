package manifest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

// What one document of kind Team or Member means, value by value.

// soon is how many days before its last one an assignment is pointed out.
const soon = 14

// isText reports whether a node is text: of anything else the schema has spoken.
func isText(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && (n.Tag == "!!str" || n.Tag == "!!timestamp")
}

// holderID checks the key of a team or the address of a member.
func (m meaning) holderID(kind string, n *yaml.Node) bool {
	if !isText(n) {
		return false
	}
	code, check := "team/key", role.CheckTeamKey
	if kind == member {
		code, check = "member/email", role.CheckEmail
	}
	if !m.ascii(n, func(r rune) bool { return r < utf8.RuneSelf }) {
		return false
	}
	err := check(n.Value)
	if err != nil {
		m.out.errorAt(m.text.posOf(n), m.text.span(n), code, err.Error(), idHint(n.Value))
	}
	return err == nil
}

// idHint returns the address inside "mailto:ana@example.com" or "Ana <ana@example.com>".
func idHint(text string) string {
	inner := strings.TrimPrefix(strings.TrimSpace(text), "mailto:")
	if _, after, found := strings.Cut(inner, "<"); found {
		inner = strings.TrimSuffix(after, ">")
	}
	if inner != text && role.CheckEmail(inner) == nil {
		return "did you mean " + strconv.Quote(inner) + "?"
	}
	return ""
}

// assignedKey checks the key of a role that is given.
func (m meaning) assignedKey(n *yaml.Node) {
	if !isText(n) || !m.ascii(n, func(r rune) bool { return r < utf8.RuneSelf }) {
		return
	}
	if err := role.CheckKey(n.Value); err != nil {
		hint := ""
		if slices.Contains([]string{"reader", "writer", "admin", "no_access"}, n.Value) {
			hint = "the base role of a member is written " + strconv.Quote("role: "+n.Value)
		}
		m.out.errorAt(m.text.posOf(n), m.text.span(n), "assign/role", err.Error(), hint)
	}
}

// givenTwice reports a role that is in the list already.
func (m meaning) givenTwice(n *yaml.Node, a, first role.Assignment) {
	severity, message, hint := diag.Warning, "role "+strconv.Quote(a.Role)+" is given twice", "remove one"
	if a.Expires != first.Expires {
		severity = diag.Error
		message += ", " + until(first.Expires) + " and " + until(a.Expires)
		hint = "keep the one that is meant"
	}
	f := m.out.add(severity, a.Pos, m.text.span(n), "assign/duplicate", message, hint)
	m.out.relate(f, first.Pos, "it is given here already")
}

func until(day string) string {
	if day == "" {
		return "for ever"
	}
	return "until " + day
}

// date checks the last day of an assignment.
func (m meaning) date(n *yaml.Node) {
	if !isText(n) {
		return
	}
	if err := role.CheckDate(n.Value); err != nil {
		m.out.errorAt(m.text.posOf(n), m.text.span(n), "assign/date", err.Error(), dateHint(n.Value))
	}
}

// otherDates are ways to write a day that leave no doubt which day it is.
var otherDates = []string{"2006-1-2", "2006/1/2", "2006.1.2", "20060102", "2.1.2006", "2 January 2006", "2 Jan 2006", "January 2, 2006", "Jan 2, 2006", time.RFC3339}

// dateHint says how the day is written, or which day was probably meant.
func dateHint(text string) string {
	for _, form := range otherDates {
		if day, err := time.Parse(form, text); err == nil {
			return "write " + day.Format(role.DateForm)
		}
	}
	if len(text) == len(role.DateForm) {
		if month, err := time.Parse("2006-01", text[:len("2006-01")]); err == nil {
			return "the last day of that month is " + month.AddDate(0, 1, -1).Format(role.DateForm)
		}
	}
	return "write the year, the month and the day, as 2026-12-31"
}

// expiries reports the assignments that have expired and those that are about to.
func (m meaning) expiries(list []role.Assignment, today string) {
	now, err := time.Parse(role.DateForm, today)
	if err != nil {
		return // the day is not known
	}
	for _, a := range list {
		day, err := time.Parse(role.DateForm, a.Expires)
		if err != nil {
			continue // for ever, or refused
		}
		left := int(day.Sub(now).Hours() / 24)
		switch length := len(a.Expires); {
		case left < 0:
			m.out.add(diag.Warning, a.ExpiresPos, length, "assign/expired",
				fmt.Sprintf("role %q was given until %s: it is no longer asked for", a.Role, a.Expires), "remove the element, or write a later day")
		case left <= soon:
			m.out.add(diag.Warning, a.ExpiresPos, length, "assign/expires-soon",
				fmt.Sprintf("role %q is given until %s, which is %s", a.Role, a.Expires, inDays(left)), "write a later day if it is needed for longer")
		}
	}
}

func inDays(n int) string {
	switch n {
	case 0:
		return "today"
	case 1:
		return "tomorrow"
	}
	return fmt.Sprintf("in %d days", n)
}

// attributeName checks the name of a role attribute; seen holds those before it by their lower case.
func (m meaning) attributeName(key *yaml.Node, seen map[string]*yaml.Node) {
	if key.Kind != yaml.ScalarNode {
		return
	}
	if err := role.CheckAttributeName(key.Value); err != nil {
		m.out.errorAt(m.text.posOf(key), m.text.span(key), "attribute/name", err.Error(), attributeHint(key.Value))
		return
	}
	first, taken := seen[strings.ToLower(key.Value)]
	if !taken {
		seen[strings.ToLower(key.Value)] = key
	} else if first.Value != key.Value {
		f := m.out.add(diag.Warning, m.text.posOf(key), m.text.span(key), "attribute/case",
			fmt.Sprintf("role attributes %q and %q differ by letter case alone", first.Value, key.Value), "policies tell them apart: keep the one that they use")
		m.out.relate(f, m.text.posOf(first), "the other one is here")
	}
}

// attributeHint returns the name inside "${roleAttribute/projects}".
func attributeHint(name string) string {
	inner := strings.TrimSuffix(name[strings.LastIndexByte(name, '/')+1:], "}")
	if inner != name && role.CheckAttributeName(inner) == nil {
		return "did you mean " + strconv.Quote(inner) + "?"
	}
	return ""
}

// attributeValues checks the values of a role attribute.
func (m meaning) attributeValues(list *yaml.Node) {
	if list.Kind != yaml.SequenceNode {
		return
	}
	for i, n := range list.Content {
		if n = resolve(n); !isText(n) || !m.attributeValue(n) {
			continue
		}
		if first := sameBefore(list.Content, i); first != nil {
			f := m.out.add(diag.Warning, m.text.posOf(n), m.text.span(n), "attribute/duplicate", strconv.Quote(n.Value)+" is listed twice", "remove one")
			m.out.relate(f, m.text.posOf(first), "it is listed here already")
		}
	}
}

// attributeValue checks one value of a role attribute.
func (m meaning) attributeValue(n *yaml.Node) bool {
	if err := role.CheckAttributeValue(n.Value); err != nil {
		m.out.errorAt(m.text.runePos(n, err.Offset), 1, "attribute/value", err.Why, err.Hint)
		return false
	}
	if !m.ascii(n, graph) {
		return false
	}
	if i := strings.IndexByte(n.Value, '/'); i >= 0 {
		m.out.add(diag.Warning, m.text.runePos(n, i), 1, "attribute/type",
			fmt.Sprintf("value %q of a role attribute has a \"/\": a value is a key alone, without the type of the resource", n.Value), "did you mean "+strconv.Quote(n.Value[i+1:])+"?")
	}
	return true
}

// saysSomething warns of a document that asks for nothing.
func (m meaning) saysSomething(h holding, top *yaml.Node) {
	if h.id == "" || len(top.Content) > 4 {
		return
	}
	m.out.add(diag.Warning, h.source.Key, h.length, h.kind+"/nothing", fmt.Sprintf("the document says nothing about the %s but that there is one", h.kind),
		"write \"customRoles\", or remove the document")
}
