package access

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// An Action is something that a region speaks of: an action by name, or all those that the
// catalogue does not have and that no policy names.
type Action struct {
	// Name is the action; for a class, an invented name in it, so that it can be asked about.
	Name string
	// Known says that the catalogue has the action for the type of resource.
	Known bool
	// Class is empty for a single action. "update*" stands for every action that begins so and
	// is neither in the catalogue nor in the policies, nor in a narrower class; "*" for every
	// such action. Patterns that all match are joined by " & ".
	Class string
}

// actionAtoms returns the action atoms of the formulas, each once.
func (e *Engine) actionAtoms(list ...ref) (atoms []*atom) {
	e.epoch++
	e.cover()
	e.found = e.found[:0]
	for _, f := range list {
		e.collect(f, levelAction)
	}
	for _, o := range e.found {
		if o.level == levelAction {
			atoms = append(atoms, o.atom)
		}
	}
	return atoms
}

// forAction returns what f says about one action.
func (e *Engine) forAction(f ref, atoms []*atom, w actionWord) ref {
	for _, a := range atoms {
		e.values[a.index] = valueOf(a.actions.has(w))
	}
	g := e.restrict(f, levelAction)
	for _, a := range atoms {
		e.values[a.index] = unknown
	}
	return g
}

// actionWords returns the actions to try on resources of the type: those that the catalogue has
// for it, those that the atoms name, and one for each class that the atoms make of all others. None
// is one of other types only, unless the semantics take these for requests. If the budget ends,
// some are missing.
func (e *Engine) actionWords(typ string, atoms []*atom) []actionWord {
	e.buffer = append(e.buffer[:0], typ...)
	for _, a := range atoms {
		e.buffer = binary.AppendVarint(append(e.buffer, 0), int64(a.index))
	}
	if words, found := e.wordsOf[string(e.buffer)]; found {
		return words
	}
	asked := string(e.buffer)
	words := e.wordList(typ, atoms)
	if e.steps > 0 {
		if len(e.wordsOf) >= mostWordLists {
			clear(e.wordsOf)
		}
		e.wordsOf[asked] = words
	}
	return words
}

// wordList is actionWords for what was not asked of this engine yet.
func (e *Engine) wordList(typ string, atoms []*atom) []actionWord {
	var globs, names []string
	for _, a := range atoms {
		names = append(names, a.actions.list...)
		for _, l := range a.actions.globs {
			globs = append(globs, l.pattern)
		}
	}
	globs, names = sortedSet(globs), sortedSet(names)
	key := strings.Join([]string{typ, strings.Join(globs, "\x01"), strings.Join(names, "\x01")}, "\x00")
	if words, found := e.wordLists[key]; found {
		return words
	}
	words := e.listActions(typ, globs, names)
	if e.steps > 0 {
		if len(e.wordLists) >= mostWordLists {
			clear(e.wordLists)
		}
		e.wordLists[key] = words
	}
	return words
}

// mostWordLists is how many lists of actions are kept: each takes a few kilobytes.
const mostWordLists = 1000

func sortedSet(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

func (e *Engine) listActions(typ string, patterns, names []string) (words []actionWord) {
	t, found := policy.DefaultCatalogue().Type(typ)
	words = make([]actionWord, 0, len(t.Actions)+len(names)+len(patterns)+1)
	seen := make(map[string]bool, cap(words))
	seen[""] = true // no action is without a name
	add := func(name string, known bool) {
		if text := e.fold(name); !seen[text] && (known || !e.sem.Foreign(typ, text)) {
			seen[text] = true
			words = append(words, actionWord{name: name, text: text, index: e.indexOf(text), known: known})
		}
	}
	if found {
		for _, a := range t.Actions {
			add(a.Name, true)
		}
	}
	for _, name := range names {
		add(name, false)
	}
	globs := make([]*language, len(patterns))
	for i, p := range patterns {
		globs[i] = e.language(p)
	}
	for _, c := range e.otherClasses(typ, globs, seen) {
		words = append(words, actionWord{name: c.word, text: c.word, index: e.indexOf(c.word), class: c.name})
	}
	return words
}

// otherClasses returns the classes of the actions that are not listed and can be asked of the type.
// Seldom is the word of a class one that may not be: then the classes are made again without it, so
// that a class of such words alone is none.
func (e *Engine) otherClasses(typ string, globs []*language, listed map[string]bool) []class {
	var avoid []*language
	for all := false; ; {
		list, before := e.actionClasses(globs, avoid), len(avoid)
		for _, c := range list {
			switch {
			case listed[c.word] && !all:
				avoid, all = append(avoid, e.literals(listed)...), true
			case e.sem.Foreign(typ, c.word):
				avoid = append(avoid, e.language(c.word))
			}
		}
		if len(avoid) == before {
			return list
		}
	}
}

// literals returns the languages of words, without the empty one.
func (e *Engine) literals(words map[string]bool) (list []*language) {
	for _, w := range slices.Sorted(maps.Keys(words)) {
		if w != "" {
			list = append(list, e.language(w))
		}
	}
	return list
}

// actionClasses cuts all actions but those to avoid into the classes that the patterns make.
func (e *Engine) actionClasses(globs, avoid []*language) []class {
	if slices.ContainsFunc(globs, func(l *language) bool { return l.form == other }) {
		return e.anyClasses(nil, avoid, globs)
	}
	return e.classes(e.names, globs, avoid)
}

// anyClasses does the same whatever the patterns are: it takes and refuses one after another.
// There can be 2^n classes; the budget ends a search that is too long.
func (e *Engine) anyClasses(pos, neg, globs []*language) []class {
	word, found := findWord(e.names, pos, neg, &e.steps)
	switch {
	case !found || e.steps <= 0:
		return nil
	case len(globs) == 0:
		return []class{{word, className(pos)}}
	}
	with := e.anyClasses(append(slices.Clone(pos), globs[0]), neg, globs[1:])
	return append(with, e.anyClasses(pos, append(slices.Clone(neg), globs[0]), globs[1:])...)
}

// className joins the patterns that all words of a class match.
func className(pos []*language) string {
	if len(pos) == 0 {
		return "*"
	}
	names := make([]string, len(pos))
	for i, l := range pos {
		names[i] = l.pattern
	}
	return strings.Join(names, " & ")
}
