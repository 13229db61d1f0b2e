package access

// How a formula is decided
//
// Every question about access comes down to one: is there a request for which this formula is
// true? The formula is a tree of and, or and not over atoms as "the environment's key matches
// qa-*" or "some tag of the flag matches team-*". Atoms are not independent: a key that is
// "production" does not match "qa-*". What ties them is known only to the level that they are of,
// and levels do not see each other: which key the project has says nothing about the flag's tags.
// So the solver goes from level to level. On each it finds values for the level's atoms that some
// word (key, set of tags, property) really gives them, puts these into the formula, and asks the
// same question of what is left, which speaks of later levels only. What is left often is the
// same for many words, and it was decided before: the answer "none" is kept for good, as it
// depends on nothing but the formula; as long as the action is open, on the type of resource too, which
// says what actions there are.
//
// How the values of a level are found depends on the level.
//
//   - Keys, where every pattern is a literal or a prefix: the patterns cut all words into at most
//     one class more than there are patterns, and one word of each class is tried (keys.go).
//   - Keys, where patterns have stars elsewhere: n of them can cut the words into 2^n classes. They
//     are decided one after another, and after each an automaton looks for a word that is in all
//     patterns taken and in none of those refused (branch.go, theory.go).
//   - Tags and views: a resource has any number of them, so each pattern that must match needs a
//     word of its own outside all patterns that must not.
//   - Properties, and the unknown values of role attributes: each is true or false.
//
// Deciding is hard in the worst case: policies can state any puzzle. Each walk over a part of a
// formula and each step of an automaton is counted, and where the budget ends the answer is
// Undecided, never a guess.

// An Answer to a question about access.
type Answer int

// The answers. The zero value is the careful one.
const (
	Undecided Answer = iota // the budget ran out, or the question is outside of what is modelled
	No
	Yes
)

// String returns "yes", "no" or "undecided".
func (a Answer) String() string { return [...]string{"undecided", "no", "yes"}[a] }

// not swaps Yes and No.
func (a Answer) not() Answer { return [...]Answer{Undecided, Yes, No}[a] }

// A choice is something that the solver settled on the way to an answer: a word for the level, or
// a value for an atom, or for a tag both.
type choice struct {
	level int32
	word  string
	atom  *atom // nil for a key
	value bool
}

// A solver answers one question. After Yes, trail says for which request.
type solver struct {
	*Engine
	typ   string // of the resource: its known actions are tried first
	trail []choice
}

// solve answers whether a request makes f true.
func (s *solver) solve(f ref) Answer {
	switch {
	case s.find(f):
		return Yes
	case s.steps > 0:
		return No
	}
	return Undecided
}

// find reports whether it found a request that makes f true. All of f's atoms must be open: none
// may depend on a choice that was made. Finding none proves that there is none if steps are left:
// whoever runs out of them, here or below, gives up, and steps never come back while a question
// is being answered.
func (s *solver) find(f ref) bool {
	switch {
	case f == yes:
		return true
	case f == no || s.isUnsat(f) || s.steps <= 0:
		return false
	}
	mark := len(s.trail)
	if s.decide(f) {
		return true
	}
	s.trail = s.trail[:mark]
	if s.steps > 0 {
		s.setUnsat(f)
	}
	return false
}

func (s *solver) decide(f ref) bool {
	if s.isOr(f) {
		return s.anyOf(f, s.find)
	}
	level := s.level(f)
	switch level {
	case levelUnset:
		return s.branch(f, &booleans{level: level})
	case levelAction:
		return s.action(f)
	}
	segment, which := segmentOf(level)
	switch which {
	case levelKey, levelFree:
		return s.key(f, segment)
	case levelProp:
		return s.branch(f, &booleans{level: level})
	}
	return s.branch(f, &sets{level: level})
}

// anyOf tries each part of the disjunction f.
func (s *solver) anyOf(f ref, try func(ref) bool) bool {
	n := len(s.parts(f))
	for i := range n { // parts may move while one is tried
		if try(s.parts(f)[i].not()) {
			return true
		}
	}
	return false
}

// isUnsat reports whether it was proved that no request makes f true.
func (s *solver) isUnsat(f ref) bool {
	if s.level(f) <= levelAction {
		return s.unsatFor[typed{s.typ, f}]
	}
	i := int(f)
	return i/64 < len(s.unsat) && s.unsat[i/64]>>(i%64)&1 == 1
}

func (s *solver) setUnsat(f ref) {
	if s.level(f) <= levelAction {
		s.unsatFor[typed{s.typ, f}] = true
		return
	}
	i := int(f)
	if i/64 >= len(s.unsat) {
		s.unsat = append(s.unsat, make([]uint64, i/64+i/128+1-len(s.unsat))...)
	}
	s.unsat[i/64] |= 1 << (i % 64)
}

// typed is a formula about resources of a type.
type typed struct {
	typ string
	f   ref
}

// action tries every action that f tells apart.
func (s *solver) action(f ref) bool {
	atoms := s.actionAtoms(f)
	for _, w := range s.actionWords(s.typ, atoms) {
		s.trail = append(s.trail, choice{level: levelAction, word: w.name})
		if s.find(s.forAction(f, atoms, w)) {
			return true
		}
		s.trail = s.trail[:len(s.trail)-1]
	}
	return false
}
