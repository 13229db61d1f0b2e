package policy

import (
	"errors"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/role"
)

// statement is a statement whose specifiers have been read.
type statement struct {
	role.Statement
	specifiers []named // of resources, or of notResources; those that do not parse are left out
	malformed  bool    // it has not exactly one of each pair of lists, or no effect
}

// named is a specifier and its text.
type named struct {
	text string
	Specifier
}

func readStatement(s role.Statement, sem Semantics) (statement, []Problem) {
	read := statement{Statement: s}
	if err := checkForm(s); err != nil {
		read.malformed = true
		return read, []Problem{{Message: err.Error() + "; the statement does nothing"}}
	}
	var problems []Problem
	for _, text := range slices.Concat(s.Resources, s.NotResources) {
		spec, err := ParseWith(text, Options{AllowBareStar: sem.BareStar})
		if err != nil {
			problems = append(problems, unreadable(text, err))
			continue
		}
		read.specifiers = append(read.specifiers, named{text, spec})
	}
	return read, problems
}

func unreadable(text string, err error) Problem {
	p := Problem{Element: text, Message: err.Error() + "; it matches nothing"}
	var syntax *SyntaxError
	if errors.As(err, &syntax) {
		p.Suggestion = syntax.Suggestion
	}
	return p
}

// matcher compares requests with what a role says, under one semantics and with the role
// attributes of the place that the role is held through.
type matcher struct {
	Semantics
	attributes map[string][]string
}

// statement reports whether the statement applies to the request, and the elements that say so.
func (m *matcher) statement(s *statement, req Request) (specifier, action string, matches bool) {
	if s.malformed {
		return "", "", false
	}
	action, matches = m.actions(&s.Statement, req.Action)
	if !matches {
		return "", "", false
	}
	specifier, matches = m.resources(s, req)
	return specifier, action, matches
}

func (m *matcher) actions(s *role.Statement, action string) (element string, matches bool) {
	if len(s.NotActions) > 0 {
		_, listed := m.listed(s.NotActions, action)
		return "", !listed
	}
	return m.listed(s.Actions, action)
}

// listed returns the first of the patterns that matches the action.
func (m *matcher) listed(patterns []string, action string) (pattern string, found bool) {
	for _, p := range patterns {
		if glob(m.fold(p), m.fold(action)) {
			return p, true
		}
	}
	return "", false
}

func (m *matcher) resources(s *statement, req Request) (specifier string, matches bool) {
	for _, spec := range s.specifiers {
		if m.specifier(spec.Specifier, req.Resource) {
			return spec.text, len(s.Resources) > 0
		}
	}
	return "", len(s.NotResources) > 0 && (m.NotResources != SameKind || m.sameKind(s, req))
}

// sameKind reports whether the statement lists a specifier of the request's kind.
func (m *matcher) sameKind(s *statement, req Request) bool {
	return slices.ContainsFunc(s.specifiers, func(spec named) bool { return m.fold(spec.Kind()) == m.fold(req.Kind()) })
}

// specifier reports whether spec names the resource: the types are the same from the outermost to
// the last, and every segment matches its own part of the chain.
func (m *matcher) specifier(spec Specifier, resource []Part) bool {
	if spec.Segments[0].Type == "*" {
		return true // it parses only where Semantics.BareStar says so
	}
	return m.chain(spec.Segments, resource)
}

func (m *matcher) chain(segments []Segment, parts []Part) bool {
	if len(segments) == 0 || len(parts) == 0 {
		return len(segments) == len(parts)
	}
	longest := 1
	if m.GlobCrossesColon {
		longest = len(parts)
	}
	for n := 1; n <= longest; n++ {
		if m.segment(segments[0], parts[:n]) && m.chain(segments[1:], parts[n:]) {
			return true
		}
	}
	return false
}

// segment reports whether seg matches the first of the parts. Only where "*" may run on over ":"
// is there more than one, and then the name covers them all.
func (m *matcher) segment(seg Segment, parts []Part) bool {
	if m.fold(seg.Type) != m.fold(parts[0].Type) || !m.name(seg, parts) {
		return false
	}
	for _, sel := range seg.Selectors {
		if !m.selector(sel, parts[0]) {
			return false
		}
	}
	return true
}

// name reports whether the segment's name matches. A segment without one, as "acct", asks for no
// name.
func (m *matcher) name(seg Segment, parts []Part) bool {
	if !seg.HasName {
		return len(parts) == 1
	}
	text := parts[0].Key
	for _, p := range parts[1:] {
		text += ":" + Part{Type: p.Type, Key: p.Key}.String()
	}
	return m.pattern(seg.Name, text)
}

// selector reports whether the part has what sel selects. A known type has only the kinds of
// selector that the catalogue says; an unknown one may have tags and views. Properties that are
// not in the catalogue match nothing.
func (m *matcher) selector(sel Selector, part Part) bool {
	t := DefaultCatalogue().lookup(m.fold(part.Type))
	switch sel := sel.(type) {
	case Tag:
		return (t == nil || t.Tags) && m.some(Pattern(sel), part.Tags)
	case View:
		return (t == nil || t.Views) && m.some(Pattern(sel), part.Views)
	}
	return t != nil && m.property(sel.(Property), part, t.Properties)
}

func (m *matcher) some(pattern Pattern, texts []string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return m.pattern(pattern, text) })
}

func (m *matcher) property(p Property, part Part, known []string) bool {
	for _, name := range known {
		if m.fold(name) == m.fold(p.Name) {
			return m.fold(p.Value) == m.fold(propertyOf(part, name))
		}
	}
	return false
}

// propertyOf returns the value of a property: "false" where none is stated, as an environment is
// critical only if somebody made it so.
func propertyOf(part Part, name string) string {
	if value := part.Properties[name]; value != "" {
		return value
	}
	return "false"
}

// pattern reports whether p matches the whole of text. Each role attribute in it stands for any
// one of its values, each time that it occurs.
func (m *matcher) pattern(p Pattern, text string) bool {
	text = m.fold(text)
	if !strings.Contains(string(p), attributePrefix) {
		return glob(m.fold(string(p)), text)
	}
	places := []int{0} // offsets in text at which the pieces so far can end, ascending
	for _, piece := range p.Parts() {
		places = m.after(piece, text, places)
	}
	return slices.Contains(places, len(text))
}

// after returns where the piece can end if it begins at one of the places.
func (m *matcher) after(piece Piece, text string, places []int) []int {
	switch {
	case piece.Kind == Literal:
		return afterLiteral(m.fold(piece.Text), text, places)
	case piece.Kind == Wildcard:
		return afterAny(text, places)
	case len(m.attributes[piece.Text]) == 0 && m.UnsetAttribute == Everything:
		return afterAny(text, places)
	}
	var ends []int
	for _, value := range m.attributes[piece.Text] {
		ends = append(ends, m.afterValue(m.fold(value), text, places)...)
	}
	slices.Sort(ends)
	return slices.Compact(ends)
}

func (m *matcher) afterValue(value, text string, places []int) []int {
	if m.AttributeGlobs != AttributeGlob {
		return afterLiteral(value, text, places)
	}
	for i, word := range strings.Split(value, "*") {
		if i > 0 {
			places = afterAny(text, places)
		}
		places = afterLiteral(word, text, places)
	}
	return places
}

func afterLiteral(literal, text string, places []int) []int {
	var ends []int
	for _, at := range places {
		if strings.HasPrefix(text[at:], literal) {
			ends = append(ends, at+len(literal))
		}
	}
	return ends
}

// afterAny returns every offset from the first place on.
func afterAny(text string, places []int) []int {
	if len(places) == 0 {
		return nil
	}
	var ends []int
	for at := places[0]; at <= len(text); at++ {
		ends = append(ends, at)
	}
	return ends
}

// fold returns text as it is compared.
func (m *matcher) fold(text string) string {
	if m.CaseSensitive {
		return text
	}
	return strings.ToLower(text)
}
