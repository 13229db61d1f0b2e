package check

import (
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A Mutant is a role with one small mistake in it, of the sort that slips in when policies are
// edited. Tests that are worth something fail when it takes the place of the role.
type Mutant struct {
	// Statement is the index in the policy of the statement with the mistake, -1 for base permissions.
	Statement int
	// List is the field of the statement whose element is dropped or another, as "notResources", and
	// Element the index there; "" and -1 where it is about the whole statement.
	List    string
	Element int
	// What says what was done, as "drop statement 2". Statements count from 1.
	What string

	of *role.Role
	// base are the base permissions, and statement is what stands in the place of Statement unless
	// that is gone as a whole.
	base      string
	statement role.Statement
	// dropped says that the statement, or the element, is not there any more.
	dropped bool
}

// Mutants returns the mistakes that can be made in a role: a statement left out or turned around,
// an element of a list left out, a name or a pattern of tags or views as wide as can be, a tag,
// property or view left out, other base permissions. They come in the order of the policy. A
// statement never loses the last element of a list, as LaunchDarkly would refuse it. What cannot
// be read as a specifier is left out whole, but not widened.
//
// Mistakes that end in the same text count once. Whether they end in the same access is another
// question, which [Score] asks.
func Mutants(r role.Role) []Mutant {
	m := &mutator{of: &r, seen: map[string]bool{}}
	m.basePermissions()
	for i, s := range r.Policy {
		m.at, m.seen = i, map[string]bool{written(s): true}
		m.whole(s)
		for _, list := range listNames {
			m.drop(s, list)
		}
		m.widen(s, "resources")
		m.widen(s, "notResources")
	}
	return m.list
}

// Role returns the role with the mistake. It shares memory with the role that it was made of.
func (m Mutant) Role() role.Role {
	r := *m.of
	r.BasePermissions = m.base
	if m.Statement < 0 {
		return r
	}
	r.Policy = slices.Clone(r.Policy)
	if m.dropped && m.List == "" {
		r.Policy = slices.Delete(r.Policy, m.Statement, m.Statement+1)
	} else {
		r.Policy[m.Statement] = m.statement
	}
	return r
}

// put returns the declaration with the mistake in it, so that what is left keeps its place in the
// file.
func (m Mutant) put(in role.Desired) role.Desired {
	in.Role = m.Role()
	if !m.dropped || m.Statement >= len(in.Source.Policy) {
		return in
	}
	in.Source.Policy = slices.Clone(in.Source.Policy)
	if m.List == "" {
		in.Source.Policy = slices.Delete(in.Source.Policy, m.Statement, m.Statement+1)
		return in
	}
	at := placesOf(&in.Source.Policy[m.Statement], m.List)
	if m.Element < len(*at) {
		*at = slices.Delete(slices.Clone(*at), m.Element, m.Element+1)
	}
	return in
}

// source is "file:line" of what is mistaken.
func (m Mutant) source(in role.Source) string {
	at := in.Pos
	switch {
	case m.Statement < 0 && in.BasePermissions.Line > 0:
		at = in.BasePermissions
	case m.Statement >= 0 && m.Statement < len(in.Policy):
		s := in.Policy[m.Statement]
		at = s.Pos
		if list := placesOf(&s, m.List); m.Element >= 0 && m.Element < len(*list) {
			at = (*list)[m.Element]
		}
	}
	return fmt.Sprintf("%s:%d", in.File, at.Line)
}

// listNames are the lists of a statement, in the order of a file.
var listNames = []string{"actions", "notActions", "resources", "notResources"}

// placesOf returns where the elements of the list of that name stand; of none for the name "".
func placesOf(s *role.StatementSource, name string) *[]role.Pos {
	switch name {
	case "actions":
		return &s.Actions
	case "notActions":
		return &s.NotActions
	case "resources":
		return &s.Resources
	case "notResources":
		return &s.NotResources
	}
	return &[]role.Pos{}
}

// mutator makes the mutants of a role, statement by statement.
type mutator struct {
	of   *role.Role
	at   int             // the statement
	seen map[string]bool // what became of it so far, as written
	list []Mutant
}

// basePermissions swaps the two that a role can have.
func (m *mutator) basePermissions() {
	was := m.of.BasePermissions
	other := map[string]string{role.Reader: role.NoAccess, role.NoAccess: role.Reader}[was]
	if other != "" {
		m.list = append(m.list, Mutant{
			of: m.of, base: other, Statement: -1, Element: -1,
			What: fmt.Sprintf("base permissions %s instead of %s", other, was),
		})
	}
}

// whole drops the statement, and turns it around.
func (m *mutator) whole(s role.Statement) {
	m.list = append(m.list, Mutant{
		of: m.of, base: m.of.BasePermissions, Statement: m.at, Element: -1, dropped: true,
		What: fmt.Sprintf("drop statement %d", m.at+1),
	})
	was := s.Effect
	if s.Effect = role.Deny; was == role.Deny {
		s.Effect = role.Allow
	}
	m.add(s, Mutant{Element: -1, What: fmt.Sprintf("%s instead of %s in statement %d", s.Effect, was, m.at+1)})
}

// drop leaves out each element of a list in turn.
func (m *mutator) drop(s role.Statement, list string) {
	all := *s.List(list)
	if len(all) == 1 {
		return
	}
	for i, text := range all {
		*s.List(list) = slices.Delete(slices.Clone(all), i, i+1)
		m.add(s, Mutant{
			List: list, Element: i, dropped: true,
			What: fmt.Sprintf("drop %q from %s of statement %d", text, list, m.at+1),
		})
	}
}

// widen makes each specifier of a list name more.
func (m *mutator) widen(s role.Statement, list string) {
	all := *s.List(list)
	for i, text := range all {
		for _, wider := range widened(text) {
			changed := slices.Clone(all)
			changed[i] = wider
			*s.List(list) = changed
			m.add(s, Mutant{
				List: list, Element: i,
				What: fmt.Sprintf("widen %q to %q in %s of statement %d", text, wider, list, m.at+1),
			})
		}
	}
}

// add adds a mutant with another statement, unless that is nothing new.
func (m *mutator) add(s role.Statement, mutant Mutant) {
	text := written(s)
	if m.seen[text] {
		return
	}
	m.seen[text] = true
	mutant.of, mutant.base, mutant.Statement, mutant.statement = m.of, m.of.BasePermissions, m.at, s
	m.list = append(m.list, mutant)
}

// written is the same for statements that differ in nothing but order and repetition.
func written(s role.Statement) string {
	n := s.Normal()
	return fmt.Sprintf("%s %q %q %q %q", n.Effect, n.Actions, n.NotActions, n.Resources, n.NotResources)
}

// widened returns the specifier with one thing less to ask for: each name as "*", each pattern of
// tags or views as "*", and each selector left out.
func widened(text string) (list []string) {
	spec, err := policy.Parse(text)
	if err != nil {
		return nil
	}
	for i := range spec.Segments {
		for _, segment := range looser(spec.Segments[i]) {
			wider := policy.Specifier{Segments: slices.Clone(spec.Segments)}
			wider.Segments[i] = segment
			list = append(list, wider.String())
		}
	}
	return list
}

func looser(s policy.Segment) (list []policy.Segment) {
	if s.HasName && s.Name != wildcard {
		named := s
		named.Name = wildcard
		list = append(list, named)
	}
	for i, selector := range s.Selectors {
		if wide := anyOf(selector); wide != nil {
			other := s
			other.Selectors = slices.Clone(s.Selectors)
			other.Selectors[i] = wide
			list = append(list, other)
		}
		fewer := s
		fewer.Selectors = slices.Delete(slices.Clone(s.Selectors), i, i+1)
		list = append(list, fewer)
	}
	return list
}

const wildcard = "*"

// anyOf returns the widest selector of the sort where it is a narrower pattern, else nil: a literal
// tag is left out whole, which says more.
func anyOf(s policy.Selector) policy.Selector {
	switch s := s.(type) {
	case policy.Tag:
		if narrowPattern(policy.Pattern(s)) {
			return policy.Tag(wildcard)
		}
	case policy.View:
		if narrowPattern(policy.Pattern(s)) {
			return policy.View(wildcard)
		}
	}
	return nil
}

// narrowPattern reports whether a pattern is neither a plain word nor already everything.
func narrowPattern(p policy.Pattern) bool {
	parts := p.Parts()
	return p != wildcard && !(len(parts) == 1 && parts[0].Kind == policy.Literal)
}
