package access

import (
	"slices"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// A Brief says of a change whether anything is gained and whether anything is lost, and no more.
type Brief struct {
	// Gained and Lost are a request each that is, nil if none is known to be.
	Gained, Lost *policy.Request
	// Undecided is why nothing may be known to be gained, or lost, and is so all the same; and whatever
	// makes all of it uncertain.
	Undecided []Question
}

// Brief is [Engine.Compare] for whoever wants to know whether something changes and not what. It ends at
// the first example of each side. Gained and lost are requests to be tried before anything is reasoned
// about, as the examples of a like change are. That both sides are written the same is not looked at.
func (e *Engine) Brief(before, after Subject, gained, lost []policy.Request) Brief {
	e.Refill()
	b, a := e.compile(before), e.compile(after)
	if e.sem.EnvironmentWide == policy.PerRole {
		return e.compare(b, a).brief()
	}
	had, has := e.allowedBy(before), e.allowedBy(after)
	s := sides{gained: side{proof: has.and(had.not())}, lost: side{proof: had.and(has.not())}}
	s.gained.try(gained)
	s.lost.try(lost)
	for _, kind := range kindsOf(b, a) {
		if s.gained.some != nil && s.lost.some != nil {
			break
		}
		if b, a := e.kind(b, kind), e.kind(a, kind); b.formula != a.formula {
			e.briefKind(&s, kind, b, a)
		}
	}
	return Brief{s.gained.some, s.lost.some, slices.Concat(e.problemsOf(b, a), s.gained.doubts(), s.lost.doubts())}
}

// brief is what a whole comparison comes to.
func (d Difference) brief() Brief {
	first := func(r Region) *policy.Request {
		if cells, _ := r.Cells(); len(cells) > 0 {
			return &cells[0].example.Request
		}
		return nil
	}
	return Brief{first(d.Gained), first(d.Lost), d.Undecided}
}

// sides are what is gained and what is lost.
type sides struct{ gained, lost side }

type side struct {
	proof proof
	some  *policy.Request
	open  []Question
}

// try looks for an example among requests.
func (s *side) try(list []policy.Request) {
	for i := range list {
		if s.some == nil && s.proof(Example{Request: list[i]}) {
			s.some = &list[i]
		}
	}
}

// doubts are why it is not certain that there is nothing.
func (s *side) doubts() []Question {
	if s.some != nil {
		return nil
	}
	return s.open
}

// briefKind looks for an example of each side among the requests on a kind.
func (e *Engine) briefKind(s *sides, kind string, before, after *kindPolicy) {
	atoms := e.actionAtoms(before.formula, after.formula)
	for _, group := range e.groups(kind, atoms, e.concerned(before, after)) {
		b, a := e.forAction(before.formula, atoms, group.one()), e.forAction(after.formula, atoms, group.one())
		e.look(&s.gained, kind, group, a, b)
		e.look(&s.lost, kind, group, b, a)
	}
	if e.steps <= 0 { // groups may be missing
		s.gained.open = append(s.gained.open, e.exhausted(kind, nil))
		s.lost.open = append(s.lost.open, e.exhausted(kind, nil))
	}
}

// look looks for a request with some actions in one formula and not in the other, unless one is known.
func (e *Engine) look(s *side, kind string, group wordGroup, in, notIn ref) {
	if s.some != nil {
		return
	}
	f := e.minus(in, notIn)
	if f == no {
		return
	}
	one := actionsOf([]actionWord{group.one()})[0]
	switch x, a := e.example(kind, f, s.proof, &one); a {
	case Yes:
		s.some = &x.Request
	case Undecided:
		s.open = append(s.open, e.exhausted(kind, actionsOf(group.words())))
	}
}
