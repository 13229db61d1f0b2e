package access

import (
	"slices"
	"strings"
)

// key decides the key of one segment, and then the rest of f.
func (s *solver) key(f ref, segment int) bool {
	level := levelOf(segment, levelKey)
	found := slices.Clone(s.atomsIn(f, level+levelFree))
	list := make([]*language, len(found))
	for i, o := range found {
		list[i] = o.words
		if o.words.form == other {
			return s.branch(f, &keys{level: level})
		}
	}
	seen := map[ref]bool{no: true}
	for _, c := range s.classes(s.alphabetOf(level), list, nil) {
		g := s.forKey(f, level, found, c.word)
		if seen[g] {
			continue
		}
		seen[g] = true
		mark := len(s.trail)
		s.trail = append(s.trail, choice{level: level, word: c.word})
		if s.branch(g, &booleans{level: level + levelFree}) {
			return true
		}
		s.trail = s.trail[:mark]
	}
	return false
}

// forKey returns what f says where the key is word. Free atoms stay unless the word refutes them.
func (s *solver) forKey(f ref, level int32, found []occurrence, word string) ref {
	s.steps -= len(found)
	for _, o := range found {
		if matches := o.words.matches(word); !matches || !o.free {
			s.values[o.index] = valueOf(matches)
		}
	}
	g := s.restrict(f, level+levelFree)
	for _, o := range found {
		s.values[o.index] = unknown
	}
	return g
}

// A class is a set of words that no pattern in question tells apart.
type class struct {
	word string // one of them
	// name says what they have in common: the longest prefix, "*" for none, or the word itself.
	name string
}

// classes cuts the words over the alphabet, less those to avoid, into the classes that literals
// and prefixes make. If the budget ends, some are missing.
func (e *Engine) classes(al alphabet, list, avoid []*language) (classes []class) {
	taken, prefixes := slices.Clone(avoid), []*language{e.language("*")}
	for _, l := range list {
		if l.form == literal {
			taken = append(taken, l)
			classes = append(classes, class{l.text, l.text})
			continue
		}
		// Of "a*" and "a**" the second makes the better example: see starred.
		same := slices.IndexFunc(prefixes, func(p *language) bool { return p.text == l.text })
		switch {
		case same < 0:
			prefixes = append(prefixes, l)
		case len(l.pattern) > len(prefixes[same].pattern):
			prefixes[same] = l
		}
	}
	for _, p := range prefixes {
		below := taken
		for _, q := range prefixes {
			if len(q.text) > len(p.text) && strings.HasPrefix(q.text, p.text) {
				below = append(below, q)
			}
		}
		if word, found := findWord(al, []*language{p}, below, &e.steps); found {
			classes = append(classes, class{word, p.pattern})
		}
	}
	return classes
}
