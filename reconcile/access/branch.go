package access

// A theory knows which values the atoms of its levels can have together.
type theory interface {
	// last is the last level that the theory decides.
	last() int32
	// assume takes the value for the atom. It returns false if the atom cannot have it after what
	// was assumed before, or if the budget ended. Then only release may follow.
	assume(s *solver, a *atom, value bool) bool
	// mark and release bring the theory back to where it was.
	mark() int
	release(mark int)
	// choices are what makes the assumed values true.
	choices() []choice
	// free reports whether both values of the atom are possible whatever is assumed about the
	// others of the list.
	free(a *atom, among []occurrence) bool
}

// branch decides the atoms of a theory's levels one by one, and then the rest of f.
func (s *solver) branch(f ref, t theory) bool {
	mark, trail := t.mark(), len(s.trail)
	if s.branchOn(f, t) {
		return true
	}
	t.release(mark)
	s.trail = s.trail[:trail]
	return false
}

func (s *solver) branchOn(f ref, t theory) bool {
	for {
		switch {
		case f == no || s.steps <= 0:
			return false
		case s.level(f) > t.last():
			s.trail = append(s.trail, t.choices()...)
			return s.find(f)
		case s.isOr(f):
			return s.anyOf(f, func(part ref) bool { return s.branch(part, t) })
		}
		a, value, forced := s.forced(f, t)
		if !forced {
			return s.tryBoth(f, t)
		}
		if !t.assume(s, a, value) {
			return false
		}
		f = s.restrictBy(f, a, value)
	}
}

// forced returns an atom that needs to be tried with one value only: because f is that atom and
// something else, or because the atom stands in f with one sign and is tied to no other.
func (s *solver) forced(f ref, t theory) (*atom, bool, bool) {
	if a, value, found := s.unit(f, t.last()); found {
		return a, value, true
	}
	found := s.atomsIn(f, t.last())
	s.signs(found)
	for _, o := range found {
		if o.positive != o.negative && t.free(o.atom, found) {
			return o.atom, o.positive, true
		}
	}
	return nil, false, false
}

// unit returns an atom up to the level that f is, or is the conjunction of with something.
func (s *solver) unit(f ref, last int32) (*atom, bool, bool) {
	if s.isAtom(f) {
		return s.atoms[s.node(f).atom], !f.negated(), true
	}
	for _, part := range s.parts(f) {
		if n := s.node(part); n.atom >= 0 && n.level <= last {
			return s.atoms[n.atom], !part.negated(), true
		}
	}
	return nil, false, false
}

// tryBoth tries an atom of the shortest disjunction in the conjunction f, first with the value
// that makes the disjunction true.
func (s *solver) tryBoth(f ref, t theory) bool {
	a, value := s.firstAtom(s.shortest(f, t.last()), t.last())
	for _, v := range []bool{value, !value} {
		mark := t.mark()
		if t.assume(s, a, v) && s.branch(s.restrictBy(f, a, v), t) {
			return true
		}
		t.release(mark)
	}
	return false
}

// shortest returns the shortest disjunction in the conjunction f that has an atom up to the level.
func (s *solver) shortest(f ref, last int32) ref {
	best, length := f, int32(never)
	for _, part := range s.parts(f) {
		if n := s.node(part); n.level <= last && n.n < length {
			best, length = part, n.n
		}
	}
	return best
}

// firstAtom returns the first atom up to the level that a walk into f meets, and the value that
// makes for f being true.
func (s *solver) firstAtom(f ref, last int32) (*atom, bool) {
	for !s.isAtom(f) {
		for _, part := range s.parts(f) {
			if s.level(part) <= last {
				f = part ^ f&1
				break
			}
		}
	}
	return s.atoms[s.node(f).atom], !f.negated()
}
