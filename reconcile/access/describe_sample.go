package access

import (
	"slices"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// A sample is the resource that the solver chose for an answer. What it did not choose does not
// matter for that answer; for other formulas it is settled as [Engine.exampleFrom] does it.
type sample struct {
	*Engine
	chain []policy.Part
	trail []choice
}

// holds reports whether a formula about resources is true for the sample.
func (x sample) holds(f ref) bool {
	n := x.node(f)
	result := true
	if n.atom >= 0 {
		result = x.has(x.atoms[n.atom])
	}
	for _, part := range x.parts(f) {
		result = result && x.holds(part)
	}
	return result != f.negated()
}

func (x sample) has(a *atom) bool {
	if a.level < firstLevel || a.free {
		return x.chose(a)
	}
	segment, which := segmentOf(a.level)
	switch which {
	case levelKey:
		return a.words.matches(x.key(a.level, segment))
	case levelProp:
		return x.chose(a)
	}
	return slices.ContainsFunc(x.trail, func(c choice) bool {
		return c.level == a.level && c.value && a.words.matches(c.word)
	})
}

// chose reports whether the atom was taken as true, or follows from one that was.
func (x sample) chose(a *atom) bool {
	return slices.ContainsFunc(x.trail, func(c choice) bool {
		return c.value && c.atom != nil && (c.atom == a || a.free && c.atom.free && implies(c.atom, a))
	})
}

func (x sample) key(level int32, segment int) string {
	for _, c := range x.trail {
		if c.level == level && c.atom == nil {
			return c.word
		}
	}
	return x.fold(x.chain[segment].Key)
}
