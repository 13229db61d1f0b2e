package access

import (
	"maps"
	"slices"
	"strings"
)

// maxMeet bounds the patterns that two patterns have in common ("*a*b*" and "*c*d*" share six), and
// maxMeetings the work to find them.
const (
	maxMeet     = 6
	maxMeetings = 1000
)

// meetPatterns returns the patterns that together match what both match. It returns false if there
// are none or too many, or if they hold role attributes.
func meetPatterns(a, b string) ([]string, bool) {
	switch {
	case a == b || b == "*":
		return []string{a}, true
	case a == "*":
		return []string{b}, true
	case strings.Contains(a+b, "${"):
		return nil, false
	}
	m := meeting{found: map[string]bool{}}
	m.meet("", a, b)
	list := slices.Sorted(maps.Keys(m.found))
	list = slices.DeleteFunc(slices.Clone(list), func(p string) bool {
		return slices.ContainsFunc(list, func(q string) bool { return p != q && wider(q, p) })
	})
	return list, 0 < len(list) && len(list) <= maxMeet && m.calls < maxMeetings
}

// wider reports whether the pattern q, of another text than p, matches all that p does: it matches
// p read as text in which "*" is a byte like others.
func wider(q, p string) bool { return newLanguage(q).matches(p) }

type meeting struct {
	found map[string]bool
	calls int
}

// meet collects the patterns for what a and b both match, each after the text. Where both begin
// with a star, one of the stars ends first.
func (m *meeting) meet(text, a, b string) {
	m.calls++
	switch {
	case m.calls >= maxMeetings:
	case a == "" || b == "":
		if strings.Trim(a+b, "*") == "" {
			m.add(text)
		}
	case a == "*":
		m.add(text + b)
	case b == "*":
		m.add(text + a)
	case a[0] == '*' && b[0] == '*':
		m.meet(text+"*", a[1:], b)
		m.meet(text+"*", a, b[1:])
	case a[0] == '*':
		m.meet(text, a[1:], b)
		m.meet(text+b[:1], a, b[1:])
	case b[0] == '*':
		m.meet(text, b, a)
	case a[0] == b[0]:
		m.meet(text+a[:1], a[1:], b[1:])
	}
}

// add notes a pattern, with one star where several follow each other.
func (m *meeting) add(pattern string) {
	for strings.Contains(pattern, "**") {
		pattern = strings.ReplaceAll(pattern, "**", "*")
	}
	m.found[pattern] = true
}
