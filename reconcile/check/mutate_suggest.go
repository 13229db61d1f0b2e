package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A Suggestion is an assertion about a role that holds, and would not if a certain mutant took its
// place.
type Suggestion struct {
	// RoleAttributes are what the role is to be held with.
	RoleAttributes map[string][]string `json:"roleAttributes,omitempty"`
	// Assertion is [Can], [CanSome] or [Cannot], and Text the box.
	Assertion string `json:"assertion"`
	Text      string `json:"text"`
}

// String returns the assertion as a line of a file.
func (s Suggestion) String() string { return s.Assertion + `: ["` + s.Text + `"]` }

// suggest looks for an assertion that would notice a mutant: about what its statement says, else
// about the very request on which the two disagree.
func (s sifter) suggest(r role.Role, m sifted) *Suggestion {
	values := exampleValues(r, m.differs.RoleAttributes)
	before, found := s.before[fmt.Sprint(values)]
	if !found {
		before = s.grantOf(r, values)
		s.before[fmt.Sprint(values)] = before
	}
	after := s.grantOf(m.Role(), values)
	for _, text := range textsAbout(r, m, values) {
		box, ok := s.box(text)
		if !ok {
			continue
		}
		for _, assertion := range []string{Can, Cannot, CanSome} {
			if before.holds(assertion, box) && after.fails(assertion, box) {
				return &Suggestion{values, assertion, text}
			}
		}
	}
	return nil
}

// exampleValues returns a value for each role attribute that a role uses.
func exampleValues(r role.Role, given map[string][]string) map[string][]string {
	values := map[string][]string{}
	for _, name := range access.AttributesOf(r) {
		if values[name] = given[name]; len(values[name]) == 0 {
			values[name] = []string{exampleValue}
		}
	}
	return values
}

const exampleValue = "example"

// textsAbout returns boxes that a mutant and its role may disagree on.
func textsAbout(r role.Role, m sifted, values map[string][]string) (texts []string) {
	action, resource, _ := strings.Cut(m.differs.Request, " on ")
	if m.Statement >= 0 {
		for _, spec := range slices.Concat(r.Policy[m.Statement].Resources, m.statement.Resources) {
			texts = append(texts, action+" on "+withValues(spec, values))
		}
	}
	return append(texts, action+" on "+resource)
}

// withValues puts the first value of each role attribute into a specifier.
func withValues(spec string, values map[string][]string) string {
	for name, list := range values {
		spec = strings.ReplaceAll(spec, "${roleAttribute/"+name+"}", list[0])
	}
	return spec
}

// grant is what somebody may do who holds a role alone, and what beside one that lets every
// project be viewed. What must be allowed is asked of the first, what must not of the second.
type grant struct {
	alone, beside access.Region
	sure          bool
}

func (s sifter) grantOf(r role.Role, values map[string][]string) grant {
	regions, sure := [2]access.Region{}, true
	for i, beside := range []bool{false, true} {
		holder := bearer(r, beside)
		holder.Held[0].Attributes = values
		region, open := s.engine.Grants(holder)
		regions[i], sure = region, sure && len(open) == 0
	}
	lent, _ := s.box("viewProject on proj/*") // by the role beside it
	return grant{regions[0], regions[1].Minus(lent).Or(regions[0]), sure}
}

// box reads a box; false if no such request can be made.
func (s sifter) box(text string) (access.Region, bool) {
	b, wrong := readBox(text)
	if wrong != nil {
		return access.Region{}, false
	}
	region := b.region(s.engine)
	return region, region.Empty() == access.No
}

// holds reports whether it is proved that an assertion holds.
func (g grant) holds(assertion string, box access.Region) bool {
	return g.sure && g.answer(assertion, box) == access.Yes
}

// fails reports whether it is proved that an assertion does not hold.
func (g grant) fails(assertion string, box access.Region) bool {
	return g.sure && g.answer(assertion, box) == access.No
}

func (g grant) answer(assertion string, box access.Region) access.Answer {
	switch assertion {
	case Can:
		return box.Within(g.alone)
	case CanSome:
		return turned(box.And(g.alone).Empty())
	}
	return box.And(g.beside).Empty()
}

func turned(a access.Answer) access.Answer {
	switch a {
	case access.Yes:
		return access.No
	case access.No:
		return access.Yes
	}
	return access.Undecided
}
