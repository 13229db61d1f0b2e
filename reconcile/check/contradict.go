package check

import (
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
)

// Assertions that cannot hold together: one of them is wrong, and no role can be right.

// contradictions marks those that contradict an assertion before them.
func (s *Suite) contradictions() {
	about := map[string][]*task{}
	for _, t := range s.tasks {
		if key := t.about(); key != "" && t.wrong == nil {
			for _, other := range about[key] {
				if t.wrong == nil && s.contradict(t, other) {
					at := diag.Position{File: other.test.Source.File, Line: other.text.Line, Column: other.text.Column}
					t.wrong = mistakef("drop one of the two", "it contradicts %q: %q of test %q (%s)", other.name, other.text.Text, other.test.Name, at)
				}
			}
			about[key] = append(about[key], t)
		}
	}
}

// about is the same for tasks that can contradict each other; "" for those that cannot.
func (t *task) about() string {
	switch t.name {
	case Can, CanSome, Cannot:
		a := t.test.As
		return fmt.Sprintf("%q %q %q %q", a.Role, a.Team, a.Member, a.RoleAttributes.Normal())
	case Nobody, Somebody:
		if e := t.test.Except; len(e.Roles)+len(e.Teams)+len(e.Members) == 0 {
			return "everybody"
		}
	}
	return ""
}

// contradict reports whether two tasks cannot both hold: what one asks for the other refuses.
func (s *Suite) contradict(a, b *task) bool {
	if a.refuses() == b.refuses() {
		return false
	}
	if a.refuses() {
		a, b = b, a
	}
	if s.in.Semantics.CaseSensitive && !boxesTouch(a.box, b.box) {
		return false
	}
	wanted, refused := s.prover.box(whenGiven, a.box), s.prover.box(whenGiven, b.box)
	if a.name == CanSome {
		return wanted.Within(refused) == access.Yes
	}
	return wanted.And(refused).Empty() == access.No
}

func (t *task) refuses() bool { return t.name == Cannot || t.name == Nobody }

func boxesTouch(a, b box) bool {
	return slices.ContainsFunc(a.parts, func(x access.Box) bool {
		return slices.ContainsFunc(b.parts, func(y access.Box) bool {
			either := x.Specifier.Kind() == "*" || y.Specifier.Kind() == "*"
			return either || anyTouches(x.Actions, y.Actions) && specsTouch(x.Specifier, y.Specifier)
		})
	})
}
