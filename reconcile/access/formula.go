package access

import "slices"

// A ref names a formula: twice the index of its node, plus one if it is the negation of it. Equal
// refs are equal formulas, and since every node is made once, formulas that are written the same
// way have equal refs. That alone proves most of what stays as it was.
type ref int32

// The constant formulas: node 0 and its negation.
const (
	yes ref = 0
	no  ref = 1
)

func (f ref) not() ref { return f ^ 1 }

func (f ref) negated() bool { return f&1 == 1 }

// A node is an atom or the conjunction of two or more formulas. "Or" is the negation of the
// conjunction of negations.
type node struct {
	level int32 // the first level that it has an atom of
	atom  int32 // index of the atom, or -1 for a conjunction
	first int32 // the conjunction's formulas are kids[first:first+n], ascending
	n     int32
}

// formulas is the store of all nodes. It only grows.
type formulas struct {
	nodes []node
	kids  []ref
	// table finds a conjunction by its kids: open addressing over a power of two, node index or 0.
	table []int32
	stack []ref // where conjunctions are put together
	// mark and round tell which refs stand in the conjunction being made: mark[f] == round.
	mark  []int32
	round int32
}

// newFormulas returns a store without formulas, with room for as many as another has.
func newFormulas(like *formulas) *formulas {
	return &formulas{
		nodes: append(make([]node, 0, len(like.nodes)), node{level: never, atom: -1}),
		kids:  make([]ref, 0, len(like.kids)),
		table: make([]int32, max(1<<10, len(like.table))),
		mark:  make([]int32, 2, max(2, len(like.mark))),
	}
}

func (s *formulas) node(f ref) *node { return &s.nodes[f>>1] }

func (s *formulas) level(f ref) int32 { return s.nodes[f>>1].level }

// parts returns the formulas that the conjunction under f, negated or not, is made of. It returns
// none for an atom. The slice must not be changed.
func (s *formulas) parts(f ref) []ref {
	n := s.node(f)
	return s.kids[n.first : n.first+n.n]
}

// isAnd reports whether f is a conjunction, isOr whether it is a disjunction.
func (s *formulas) isAnd(f ref) bool { return !f.negated() && s.node(f).n > 0 }
func (s *formulas) isOr(f ref) bool  { return f.negated() && s.node(f).n > 0 }

// isAtom reports whether f is an atom or the negation of one.
func (s *formulas) isAtom(f ref) bool { return s.node(f).atom >= 0 }

func (s *formulas) add(n node) ref {
	s.nodes = append(s.nodes, n)
	s.mark = append(s.mark, 0, 0)
	return ref(2 * (len(s.nodes) - 1))
}

// or returns the disjunction of list.
func (s *formulas) or(list ...ref) ref {
	base := len(s.stack)
	for _, f := range list {
		s.stack = append(s.stack, f.not())
	}
	return s.close(base).not()
}

// and returns the conjunction of list.
func (s *formulas) and(list ...ref) ref {
	base := len(s.stack)
	s.stack = append(s.stack, list...)
	return s.close(base)
}

// minus returns what a has and b has not. It is "a and not b", put so that what both share falls
// away: where b is a conjunction, each disjunction in it is taken away alone, since what is known
// not to be in it shortens the disjunctions of a.
func (s *formulas) minus(a, b ref) ref {
	if a == b || a == no || b == yes {
		return no
	}
	if !s.isAnd(b) {
		return s.and(a, b.not())
	}
	var terms, rest []ref
	for _, part := range s.parts(b) {
		if s.isOr(part) {
			terms = append(terms, part)
		} else {
			rest = append(rest, part.not())
		}
	}
	if len(terms) > maxTerms {
		return s.and(a, b.not())
	}
	for i, part := range terms {
		terms[i] = s.and(a, part.not())
	}
	return s.or(append(terms, s.and(a, s.or(rest...)))...)
}

// maxTerms bounds the copies of a that minus makes. A role has one disjunction for what it allows
// and one for the projects that can be viewed.
const maxTerms = 4

// close makes the conjunction of the formulas on the stack from base on, and takes them off.
func (s *formulas) close(base int) ref {
	f := s.conjunction(base)
	s.stack = s.stack[:base]
	return f
}

func (s *formulas) conjunction(base int) ref {
	for {
		if !s.sortStack(base) {
			return no
		}
		changed, contradiction := s.absorb(base)
		if contradiction {
			return no
		}
		if !changed {
			break
		}
	}
	switch list := s.stack[base:]; len(list) {
	case 0:
		return yes
	case 1:
		return list[0]
	default:
		return s.intern(list)
	}
}

// sortStack takes conjunctions apart, and sorts the formulas without repetition. It returns false
// if one of them and its negation are there.
func (s *formulas) sortStack(base int) bool {
	for i := base; i < len(s.stack); i++ {
		if f := s.stack[i]; s.isAnd(f) {
			s.stack[i] = yes
			s.stack = append(s.stack, s.parts(f)...)
		}
	}
	slices.Sort(s.stack[base:])
	out := base
	for i, f := range s.stack[base:] {
		if f == no || i > 0 && out > base && f == s.stack[out-1]^1 && f.negated() {
			return false
		}
		if f != yes && (out == base || f != s.stack[out-1]) {
			s.stack[out] = f
			out++
		}
	}
	s.stack = s.stack[:out]
	return true
}

// absorb simplifies every disjunction on the stack by the formulas that stand beside it: one that
// holds such a formula is true, and what is the negation of one falls out of it.
func (s *formulas) absorb(base int) (changed, contradiction bool) {
	if len(s.stack)-base < 2 {
		return false, false
	}
	s.round++
	for _, f := range s.stack[base:] {
		s.mark[f] = s.round
	}
	round := s.round
	for i := base; i < len(s.stack); i++ {
		f := s.stack[i]
		if !s.isOr(f) {
			continue
		}
		known, holds := 0, false
		for _, part := range s.parts(f) { // f is "not all of parts"
			if s.mark[part] == round {
				known++
			}
			holds = holds || s.mark[part^1] == round
		}
		switch {
		case holds:
			s.stack[i], changed = yes, true
		case known > 0:
			s.stack[i], changed = s.without(f, round), true
			if s.stack[i] == no {
				return true, true
			}
		}
	}
	return changed, false
}

// without returns the disjunction f without the parts that are marked.
func (s *formulas) without(f ref, round int32) ref {
	var rest []ref
	for _, part := range s.parts(f) {
		if s.mark[part] != round {
			rest = append(rest, part)
		}
	}
	switch len(rest) {
	case 0:
		return no
	case 1:
		return rest[0].not()
	}
	return s.intern(rest).not() // part of a simplified list is simple itself
}

// intern returns the conjunction of list, which is sorted and has two or more elements.
func (s *formulas) intern(list []ref) ref {
	at := s.find(list)
	if s.table[at] != 0 {
		return ref(2 * s.table[at])
	}
	level := int32(never)
	for _, f := range list {
		level = min(level, s.level(f))
	}
	f := s.add(node{level: level, atom: -1, first: int32(len(s.kids)), n: int32(len(list))})
	s.kids = append(s.kids, list...)
	s.table[at] = int32(f >> 1)
	if 2*len(s.nodes) > len(s.table) {
		s.grow()
	}
	return f
}

// find returns where in the table the conjunction of list is, or belongs.
func (s *formulas) find(list []ref) int {
	mask := len(s.table) - 1
	at := int(hash(list)) & mask
	for s.table[at] != 0 && !slices.Equal(s.parts(ref(2*s.table[at])), list) {
		at = (at + 1) & mask
	}
	return at
}

func (s *formulas) grow() {
	s.table = make([]int32, 2*len(s.table))
	for i, n := range s.nodes {
		if n.n > 0 {
			s.table[s.find(s.kids[n.first:n.first+n.n])] = int32(i)
		}
	}
}

// hash mixes the refs of a list (FNV-1a over whole refs, finished so that low bits count).
func hash(list []ref) uint64 {
	h := uint64(14695981039346656037)
	for _, f := range list {
		h = (h ^ uint64(uint32(f))) * 1099511628211
	}
	return h ^ h>>29
}
