package access

import (
	"encoding/binary"
	"strings"
)

// An alphabet lists the bytes that words can hold, those first that read best in an example.
type alphabet string

const (
	keyBytes = "xyzwvabcdefghijklmnopqrstu0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_."
	// nameBytes adds what names of members can hold. Every name gets it: it is not known of every
	// type that its keys are plain.
	nameBytes = keyBytes + "@+'%=~&!#^|"
)

// has reports whether every byte of text is in the alphabet.
func (al alphabet) has(text string) bool {
	for i := range len(text) {
		if strings.IndexByte(string(al), text[i]) < 0 {
			return false
		}
	}
	return true
}

// language is the set of the words that match a pattern in which "*" stands for any run of bytes,
// read by a deterministic automaton. Its states are the positions in the pattern without stars:
// at position p, p bytes of it have been found. A star remembers nothing but that it was reached,
// so finding the text between two stars as early as possible loses nothing, and one state is
// enough where subsets of positions would be needed otherwise.
type language struct {
	pattern string
	text    string // the pattern without stars
	// chunk[p] is where the text between two stars that p lies in begins, -1 before the first
	// star. At a star that is the text behind it.
	chunk []int
	// fail[p] is the longest proper prefix of the chunk that ends at p, as Knuth, Morris and
	// Pratt use it; it counts from the chunk's beginning.
	fail []int
	form form
}

// form tells the patterns apart that are easy to reason about.
type form int

const (
	literal form = iota // "web": one word
	prefix              // "web-*": all words that begin so
	other               // "*-web", "a*b"
)

// dead is the state of a language that can no longer match.
const dead = -1

func newLanguage(pattern string) *language {
	l := &language{pattern: pattern, text: strings.ReplaceAll(pattern, "*", ""), form: other}
	switch {
	case len(l.text) == len(pattern):
		l.form = literal
	case strings.HasPrefix(pattern, l.text):
		l.form = prefix
	default:
		l.build()
	}
	return l
}

// build makes the automaton, if it is not there. Literals and prefixes seldom need one.
func (l *language) build() {
	if l.chunk != nil {
		return
	}
	n := len(l.text)
	l.chunk, l.fail = make([]int, n+1), make([]int, n+1)
	start, p := -1, 0
	for i := range len(l.pattern) {
		if l.pattern[i] == '*' {
			start = p
		} else {
			l.chunk[p] = start
			p++
		}
	}
	l.chunk[n] = start
	for p := 2; p <= n; p++ {
		l.fail[p] = l.border(p)
	}
}

// border returns the length of the longest proper border of the chunk's text up to p.
func (l *language) border(p int) int {
	start := l.chunk[p-1]
	if start < 0 || p-start < 2 {
		return 0
	}
	text := l.text[start:p]
	for k := l.fail[p-1]; ; k = l.fail[start+k] {
		if text[k] == text[len(text)-1] {
			return k + 1
		}
		if k == 0 {
			return 0
		}
	}
}

// step returns the state after state p, which is not dead, and byte c. The automaton must have
// been built.
func (l *language) step(p int, c byte) int {
	for {
		start := l.chunk[p]
		switch {
		case p < len(l.text) && l.text[p] == c:
			return p + 1
		case start < 0:
			return dead
		case p == start:
			return p
		}
		p = start + l.fail[p]
	}
}

// all reports whether every word matches that leads to state p or begins with one that does.
func (l *language) all(p int) bool { return p == len(l.text) && l.chunk[p] == p }

// matches reports whether word matches.
func (l *language) matches(word string) bool {
	switch l.form {
	case literal:
		return word == l.text
	case prefix:
		return strings.HasPrefix(word, l.text)
	}
	p := 0
	for i := 0; i < len(word) && p != dead; i++ {
		p = l.step(p, word[i])
	}
	return p == len(l.text)
}

// suits reports whether word is not empty and matches all of pos and none of neg.
func suits(word string, pos, neg []*language) bool {
	for _, l := range pos {
		if !l.matches(word) {
			return false
		}
	}
	for _, l := range neg {
		if l.matches(word) {
			return false
		}
	}
	return word != ""
}

// findWord looks for a word over the alphabet that all of pos match and none of neg: a guess
// where one is good, else the shortest there is. It counts its steps in *steps down, and gives up
// at zero: only if steps are left is it proved that there is no word.
func findWord(al alphabet, pos, neg []*language, steps *int) (word string, found bool) {
	for _, l := range pos {
		if l.form == literal {
			return l.text, al.has(l.text) && suits(l.text, pos, neg)
		}
	}
	*steps -= len(pos) + len(neg)
	fresh := freshByte(al, pos, neg)
	for _, filler := range []string{fresh, ""} {
		if word := guess(pos, filler, fresh); al.has(word) && suits(word, pos, neg) {
			return word, true
		}
	}
	return searchWord(al, fresh, pos, neg, steps)
}

// freshByte returns a byte that stands for all that no pattern mentions, or "" if there is none.
func freshByte(al alphabet, pos, neg []*language) string {
	var used [256]bool
	for _, list := range [][]*language{pos, neg} {
		for _, l := range list {
			for i := range len(l.text) {
				used[l.text[i]] = true
			}
		}
	}
	for i := range len(al) {
		if !used[al[i]] {
			return string(al[i : i+1])
		}
	}
	return ""
}

// guess puts the longest beginning, whatever stands between stars, and the longest end together,
// with the filler for every star.
func guess(pos []*language, filler, fresh string) string {
	var first, last, middle string
	for _, l := range pos {
		start, rest, _ := strings.Cut(l.pattern, "*")
		at := strings.LastIndexByte(rest, '*')
		if len(start) > len(first) {
			first = start
		}
		if end := rest[at+1:]; len(end) > len(last) {
			last = end
		}
		if at >= 0 {
			middle += strings.ReplaceAll(rest[:at], "*", filler) + filler
		}
	}
	if word := first + filler + middle + last; word != "" {
		return word
	}
	return fresh
}

// searchWord walks the product of all automata breadth first.
func searchWord(al alphabet, fresh string, pos, neg []*language, steps *int) (word string, found bool) {
	type place struct {
		states []int
		from   int // index of the place before
		by     byte
	}
	all := append(append([]*language{}, pos...), neg...)
	for _, l := range all {
		l.build()
	}
	letters := lettersOf(al, all) + fresh
	places := []place{{states: make([]int, len(all)), from: -1}}
	seen := map[string]bool{}
	for at := 0; at < len(places); at++ {
		for i := range len(letters) {
			*steps -= len(all)
			if *steps <= 0 {
				return "", false
			}
			next, alive := advance(all, len(pos), places[at].states, letters[i])
			if name := stateName(next); !alive || seen[name] {
				continue
			} else {
				seen[name] = true
			}
			places = append(places, place{next, at, letters[i]})
			*steps -= 4 * len(all) // memory costs too
			if !acceptsAll(all, len(pos), next) {
				continue
			}
			var word []byte
			for p := len(places) - 1; p > 0; p = places[p].from {
				word = append([]byte{places[p].by}, word...)
			}
			return string(word), true
		}
	}
	return "", false
}

// lettersOf returns the letters of the alphabet that the languages mention.
func lettersOf(al alphabet, all []*language) string {
	var b strings.Builder
	for i := range len(al) {
		for _, l := range all {
			if strings.IndexByte(l.text, al[i]) >= 0 {
				b.WriteByte(al[i])
				break
			}
		}
	}
	return b.String()
}

// advance moves every language on by c. It reports whether a word can still come of it: each of
// the first n must be able to match, each of the others to fail.
func advance(all []*language, n int, states []int, c byte) (next []int, alive bool) {
	next = make([]int, len(states))
	for i, l := range all {
		next[i] = dead
		if states[i] != dead {
			next[i] = l.step(states[i], c)
		}
		if i < n && next[i] == dead || i >= n && next[i] != dead && l.all(next[i]) {
			return next, false
		}
	}
	return next, true
}

func acceptsAll(all []*language, n int, states []int) bool {
	for i, l := range all {
		if (states[i] == len(l.text)) != (i < n) {
			return false
		}
	}
	return true
}

// stateName makes a map key of states.
func stateName(states []int) string {
	b := make([]byte, 0, 2*len(states))
	for _, s := range states {
		b = binary.AppendVarint(b, int64(s))
	}
	return string(b)
}
