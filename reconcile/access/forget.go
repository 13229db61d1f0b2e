package access

// forget returns the formula "f is true for some words on these levels", which says nothing of them:
// the levels from first on that the theory decides. All other atoms stay open. Where steps run out it
// returns anything.
//
// An atom that stands in f with one sign only has the value that makes for f being true, whatever
// else is chosen. So those that stand with both signs are tried with both values, and then, if the
// theory lets them, all others are given the value that they want at once.
func (s *solver) forget(f ref, first int32, t theory) ref {
	found := s.between(f, first, t.last())
	if len(found) == 0 || s.steps <= 0 {
		return f
	}
	mark := t.mark()
	if g, granted := s.allPure(f, found, t); granted {
		t.release(mark)
		return g
	}
	t.release(mark)
	a := found[0].atom
	for _, o := range found {
		if o.positive && o.negative {
			a = o.atom
			break
		}
	}
	var list []ref
	for _, value := range []bool{true, false} {
		if t.assume(s, a, value) {
			list = append(list, s.forget(s.restrictBy(f, a, value), first, t))
		}
		t.release(mark)
	}
	return s.or(list...)
}

// between returns the atoms of f from the level first to last, with how they stand there.
func (s *solver) between(f ref, first, last int32) (list []occurrence) {
	found := s.atomsIn(f, last)
	s.signs(found)
	for _, o := range found {
		if o.level >= first {
			list = append(list, o)
		}
	}
	return list
}

// allPure gives the atoms the values that they want, if each wants one and they can have them
// together.
func (s *solver) allPure(f ref, found []occurrence, t theory) (ref, bool) {
	for _, o := range found {
		if o.positive && o.negative || !t.assume(s, o.atom, o.positive) {
			return f, false
		}
	}
	for _, o := range found {
		f = s.restrictBy(f, o.atom, o.positive)
	}
	return f, true
}

// forgetLevel forgets the tags, the views or the properties of a segment.
func (s *solver) forgetLevel(f ref, segment int, which int32) ref {
	level := levelOf(segment, which)
	if which == levelProp {
		return s.forget(f, level, &booleans{level: level})
	}
	return s.forget(f, level, &sets{level: level})
}

// forgetSegment forgets everything about a segment.
func (s *solver) forgetSegment(f ref, segment int) ref {
	f = s.forget(f, levelOf(segment, levelKey), &keys{level: levelOf(segment, levelKey)})
	for _, which := range []int32{levelTag, levelView, levelProp} {
		f = s.forgetLevel(f, segment, which)
	}
	return f
}
