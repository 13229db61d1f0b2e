package access

import (
	"slices"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// assumptions is what the theories share: the values taken so far.
type assumptions struct {
	taken []choice
}

func (t *assumptions) mark() int         { return len(t.taken) }
func (t *assumptions) release(mark int)  { t.taken = t.taken[:mark] }
func (t *assumptions) choices() []choice { return t.taken }

// contradicts reports whether a free atom cannot have the value because of another one: if every
// value of the attribute that makes the first true makes the second true.
func (t *assumptions) contradicts(a *atom, value bool) bool {
	return a.free && slices.ContainsFunc(t.taken, func(c choice) bool {
		return c.atom.free && c.value != value && (value && implies(a, c.atom) || !value && implies(c.atom, a))
	})
}

// implies reports whether it is seen at once that a free atom makes another true, as "${a}" makes
// "${a}*".
func implies(a, b *atom) bool {
	if a.level != b.level || a.place != b.place {
		return false
	}
	before, name, after, one := aroundAttribute(a.text)
	before2, name2, after2, one2 := aroundAttribute(b.text)
	// A star in the narrower pattern is matched like any other byte, and so by a star only.
	return one && one2 && name == name2 && newLanguage(before2).matches(before) && newLanguage(after2).matches(after)
}

// aroundAttribute splits a pattern at its attribute, if it has no other.
func aroundAttribute(pattern string) (before, name, after string, one bool) {
	count := 0
	for _, p := range policy.Pattern(pattern).Parts() {
		text := p.Text
		if p.Kind == policy.Wildcard {
			text = "*"
		}
		switch {
		case p.Kind == policy.Attribute:
			name = p.Text
			count++
		case count == 0:
			before += text
		default:
			after += text
		}
	}
	return before, name, after, count == 1
}

// booleans is the theory of atoms that are true or false: properties, whether an attribute has
// values, and what the unknown values match where the key is settled.
type booleans struct {
	assumptions
	level int32
}

func (t *booleans) last() int32 { return t.level }

func (t *booleans) assume(_ *solver, a *atom, value bool) bool {
	if t.contradicts(a, value) {
		return false
	}
	t.taken = append(t.taken, choice{level: a.level, atom: a, value: value})
	return true
}

func (t *booleans) free(a *atom, _ []occurrence) bool { return !a.free }

// keys is the theory of one key: its word must match every pattern that is true and none that is
// false. An unknown value of a role attribute can be anything, so that its patterns must match the
// word to be true, and need not fail to be false.
type keys struct {
	assumptions
	level int32 // levelKey of the segment
	words []string
}

func (t *keys) last() int32 { return t.level + levelFree - levelKey }

func (t *keys) release(mark int) {
	t.assumptions.release(mark)
	t.words = t.words[:mark]
}

func (t *keys) assume(s *solver, a *atom, value bool) bool {
	if t.contradicts(a, value) {
		return false
	}
	t.taken = append(t.taken, choice{level: a.level, atom: a, value: value})
	word := ""
	if n := len(t.words); n > 0 {
		word = t.words[n-1]
	}
	found := true
	if word == "" || a.free && value || !a.free && a.words.matches(word) != value {
		pos, neg := languages(t.taken)
		word, found = findWord(s.alphabetOf(t.level), pos, neg, &s.steps)
	}
	t.words = append(t.words, word)
	return found
}

// languages returns what words must match, and what they must not.
func languages(taken []choice) (pos, neg []*language) {
	for _, c := range taken {
		switch {
		case c.value:
			pos = append(pos, c.atom.words)
		case !c.atom.free:
			neg = append(neg, c.atom.words)
		}
	}
	return pos, neg
}

// choices follow at least one assumption: a formula with several parts to try is taken apart before
// the theory of its first level sees it.
func (t *keys) choices() []choice {
	list := []choice{{level: t.level, word: t.words[len(t.words)-1]}}
	for _, c := range t.taken {
		if c.atom.free {
			list = append(list, c)
		}
	}
	return list
}

func (t *keys) free(*atom, []occurrence) bool { return false }

// sets is the theory of a set of words, as tags are: every pattern that is true needs a word that
// no pattern matches that is false. One word may serve several.
type sets struct {
	assumptions
	level int32
}

func (t *sets) last() int32 { return t.level }

func (t *sets) assume(s *solver, a *atom, value bool) bool {
	if t.contradicts(a, value) {
		return false
	}
	t.taken = append(t.taken, choice{level: a.level, atom: a, value: value})
	_, neg := languages(t.taken)
	if value {
		return t.fill(s, &t.taken[len(t.taken)-1], neg)
	}
	for i := range t.taken {
		c := &t.taken[i]
		if c.value && !a.free && a.words.matches(c.word) && !t.fill(s, c, neg) {
			return false
		}
	}
	return true
}

// fill finds the word for a pattern that is true. Where there is none the pattern keeps the word
// that it has: it is right again once the last assumption is released.
func (t *sets) fill(s *solver, c *choice, neg []*language) bool {
	word, found := findWord(s.alphabetOf(t.level), []*language{c.atom.words}, neg, &s.steps)
	if found {
		c.word = word
	}
	return found
}

// free: a literal is tied to others only by patterns that match it.
func (t *sets) free(a *atom, among []occurrence) bool {
	if a.words.form != literal || a.free {
		return false
	}
	ties := func(b *atom) bool { return (b.words.form != literal || b.free) && b.words.matches(a.words.text) }
	return !slices.ContainsFunc(among, func(o occurrence) bool { return ties(o.atom) }) &&
		!slices.ContainsFunc(t.taken, func(c choice) bool { return ties(c.atom) })
}
