package access

import (
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// Levels put the atoms in the order in which the solver decides them. First the questions that
// concern the whole request, then five levels for each segment, from the outermost.
const (
	levelUnset  = 0 // a role attribute has no values
	levelAction = 1
	firstLevel  = 2 // of the first segment

	levelKey  = 0 // the key matches a pattern
	levelFree = 1 // the key is one of a role attribute's unknown values, put into a pattern
	levelTag  = 2 // some tag matches a pattern
	levelView = 3 // some view does
	levelProp = 4 // a property is "true"
	perPart   = 5

	never = math.MaxInt32 // of the constants
)

func levelOf(segment int, which int32) int32 { return firstLevel + int32(segment)*perPart + which }

// segmentOf returns the segment of a level that is not below firstLevel, and which of the
// segment's levels it is.
func segmentOf(level int32) (segment int, which int32) {
	return int(level-firstLevel) / perPart, (level - firstLevel) % perPart
}

// An atom is one question that a formula asks of a request.
type atom struct {
	level int32
	self  ref
	index int32 // in Engine.atoms and Engine.values
	// text is what makes the atom: a pattern, a list of action patterns, an attribute, a property.
	text string
	// words are the keys, tags or views that make it true. For a free atom it is true only for
	// some of them, and nobody knows which: those that the attribute's values give.
	words *language
	// free says that the pattern holds role attributes without a value. place tells the
	// attributes apart that have the same name and are set in different places.
	free  bool
	place string
	// actions are what an atom of levelAction is true for.
	actions *actionSet
}

type atomName struct {
	level       int32
	free        bool
	text, place string
}

// atomFor returns the atom that is made of these, and whether it is new.
func (e *Engine) atomFor(level int32, free bool, text, place string) (*atom, bool) {
	name := atomName{level, free, text, place}
	if a, found := e.atomNames[name]; found {
		return a, false
	}
	a := &atom{level: level, index: int32(len(e.atoms)), text: text, free: free, place: place}
	a.self = e.add(node{level: level, atom: a.index})
	e.atoms = append(e.atoms, a)
	e.values = append(e.values, unknown)
	e.atomNames[name] = a
	return a, true
}

// word returns the formula "the key (tag, view) matches pattern", which holds no role attribute.
func (e *Engine) word(level int32, pattern string) ref {
	for strings.Contains(pattern, "**") {
		pattern = strings.ReplaceAll(pattern, "**", "*")
	}
	_, which := segmentOf(level)
	if pattern == "*" && which == levelKey {
		return yes
	}
	if !e.alphabetOf(level).has(strings.ReplaceAll(pattern, "*", "")) || pattern == "" {
		return no // no key has such a character
	}
	a, fresh := e.atomFor(level, false, pattern, "")
	if fresh {
		a.words = e.language(pattern)
	}
	return a.self
}

func (e *Engine) language(pattern string) *language {
	l := e.languages[pattern]
	if l == nil {
		l = newLanguage(pattern)
		e.languages[pattern] = l
	}
	return l
}

// alphabetOf returns what words of the level are made of. The letters that examples prefer differ
// between levels and attempts once the first has failed.
func (e *Engine) alphabetOf(level int32) alphabet {
	al := e.names
	if level >= firstLevel {
		if _, which := segmentOf(level); which == levelTag || which == levelView {
			al = e.keys
		}
	}
	if e.attempt == 0 {
		return al
	}
	turn := e.attempt * int(level) % len(al)
	return al[turn:] + al[:turn]
}

// fold returns text as it is compared.
func (e *Engine) fold(text string) string {
	if e.sem.CaseSensitive {
		return text
	}
	return strings.ToLower(text)
}

// foldAlphabet leaves the capitals out where case does not count.
func (e *Engine) foldAlphabet(al alphabet) alphabet {
	if e.sem.CaseSensitive {
		return al
	}
	return alphabet(strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return -1
		}
		return r
	}, string(al)))
}

// An actionSet is the actions that a list of patterns matches. The list is one atom, however long
// it is: what is the same list in both policies must cost one comparison.
type actionSet struct {
	names map[string]bool // patterns without "*"
	list  []string        // the same, sorted
	globs []*language
	known []uint64 // a bit for each action of the catalogue, by its index in Engine.known
}

// actionsIn returns the formula "the action matches one of patterns".
func (e *Engine) actionsIn(patterns []string) ref {
	c := e.canonicalOf(patterns)
	if c.all {
		return yes
	}
	a, fresh := e.atomFor(levelAction, false, c.text, "")
	if fresh {
		if e.actionSets[c.text] == nil {
			e.actionSets[c.text] = e.newActionSet(c.patterns)
		}
		a.actions = e.actionSets[c.text]
	}
	return a.self
}

// canonicalOf returns patterns as they are compared.
func (e *Engine) canonicalOf(patterns []string) canonicalActions {
	e.buffer = e.buffer[:0]
	e.writeList(patterns)
	if c, done := e.canonical[string(e.buffer)]; done {
		return c
	}
	written, folded := string(e.buffer), make([]string, len(patterns))
	for i, p := range patterns {
		folded[i] = e.fold(p)
	}
	slices.Sort(folded)
	folded = slices.Compact(folded)
	c := canonicalActions{patterns: folded, text: strings.Join(folded, "\x00")}
	c.all = slices.ContainsFunc(folded, func(p string) bool { return p != "" && strings.Trim(p, "*") == "" })
	e.canonical[written] = c
	return c
}

func (e *Engine) newActionSet(patterns []string) *actionSet {
	set := &actionSet{names: map[string]bool{}, known: make([]uint64, (len(e.known)+63)/64)}
	for _, p := range patterns {
		if !strings.Contains(p, "*") {
			set.names[p] = true
			set.list = append(set.list, p)
			if i := e.indexOf(p); i >= 0 {
				set.known[i/64] |= 1 << (i % 64)
			}
			continue
		}
		set.globs = append(set.globs, e.language(p))
		for i, bits := range e.knownIn(p) {
			set.known[i] |= bits
		}
	}
	return set
}

// knownIn returns the known actions that a pattern matches.
func (e *Engine) knownIn(pattern string) []uint64 {
	if bits, found := e.globBits[pattern]; found {
		return bits
	}
	bits := make([]uint64, (len(e.known)+63)/64)
	l := e.language(pattern)
	for i, name := range e.known {
		if l.matches(name) {
			bits[i/64] |= 1 << (i % 64)
		}
	}
	e.globBits[pattern] = bits
	return bits
}

// An actionWord is an action that the solver can try.
type actionWord struct {
	name  string // as it is shown
	text  string // as it is compared
	index int    // in Engine.known, or -1
	known bool   // the catalogue has it for the resource type in question
	// class is, for the representative of actions that the catalogue does not have, what they
	// have in common: "update*". Empty for an action that stands for itself.
	class string
}

func (s *actionSet) has(w actionWord) bool {
	if w.index >= 0 {
		return s.known[w.index/64]>>(w.index%64)&1 == 1
	}
	if s.names[w.text] {
		return true
	}
	return slices.ContainsFunc(s.globs, func(l *language) bool { return l.matches(w.text) })
}

// catalogueActions lists the actions of the catalogue, and finds one in the list. Do not change
// them.
type catalogueActions struct {
	names []string
	index map[string]int
}

// knownActions and foldedActions are as written and in small letters.
var (
	knownActions  = sync.OnceValue(func() catalogueActions { return listKnown(func(s string) string { return s }) })
	foldedActions = sync.OnceValue(func() catalogueActions { return listKnown(strings.ToLower) })
)

func listKnown(fold func(string) string) catalogueActions {
	c := catalogueActions{index: map[string]int{}}
	for _, t := range policy.DefaultCatalogue().Types() {
		for _, a := range t.Actions {
			text := fold(a.Name)
			if _, found := c.index[text]; !found {
				c.index[text] = len(c.names)
				c.names = append(c.names, text)
			}
		}
	}
	return c
}

// indexOf returns the index of a known action, -1 for others.
func (e *Engine) indexOf(text string) int {
	if i, found := e.knownIndex[text]; found {
		return i
	}
	return -1
}
