package access

import (
	"cmp"
	"slices"
	"strings"
)

// A namer finds patterns for a set of actions on one kind of resource.
type namer struct {
	*Engine
	words    []actionWord
	in       []bool      // by word: belongs to the set
	named    []bool      // by word: some wording names it
	patterns []*language // that the policies use, and "*"
	met      map[string]ref
}

// A wording names actions: those that its patterns match and allBut do not.
type wording struct {
	actions, allBut []string
	covers          []bool // by word
	count           int    // of words that it covers
	// shared says that allBut match nothing of the set, so that other names can stand beside.
	shared bool
}

// actionsMatching returns the formula for what patterns match. One that stands for what others have in
// common is taken as their conjunction, since a new pattern makes new classes of actions to find.
func (d *describer) actionsMatching(patterns []string) ref {
	var parts []ref
	var rest []string
	for _, p := range patterns {
		if f, found := d.met[p]; found {
			parts = append(parts, f)
		} else {
			rest = append(rest, p)
		}
	}
	if len(rest) > 0 {
		parts = append(parts, d.actionsIn(rest))
	}
	return d.or(parts...)
}

// actionsOf returns the actions of a line.
func (d *describer) actionsOf(l *draft) ref {
	return d.minus(d.actionsMatching(l.actions), d.actionsMatching(l.allBut))
}

// nameActions writes the set of the words that are in as wordings. Patterns are needed for actions
// that the catalogue does not know, and may name no word that is not in. What no wording is found
// for is left out, and so found missing when the description is compared with the region.
func (d *describer) nameActions(words []actionWord, in []bool, atoms []*atom) []wording {
	n := &namer{Engine: d.Engine, words: words, in: in, named: make([]bool, len(words)), met: d.met}
	n.patterns = []*language{d.language("*")}
	for _, a := range atoms {
		for _, l := range a.actions.globs {
			if !slices.Contains(n.patterns, l) {
				n.patterns = append(n.patterns, l)
			}
		}
	}
	return n.wordings()
}

// wordings names the classes first that the fewest patterns match: others may fall in with them.
func (n *namer) wordings() (list []wording) {
	together := wording{}
	for _, i := range n.classes() {
		if n.named[i] {
			continue
		}
		best, found := n.best(n.words[i])
		switch {
		case found && best.shared:
			together.actions = append(together.actions, best.actions...)
			together.allBut = append(together.allBut, best.allBut...)
		case found:
			list = append(list, best)
		}
		for i, is := range best.covers {
			n.named[i] = n.named[i] || is
		}
	}
	for i, w := range n.words {
		if n.in[i] && w.class == "" && !n.named[i] {
			together.actions = append(together.actions, w.name)
		}
	}
	if len(together.actions) > 0 {
		slices.Sort(together.allBut)
		together.allBut = slices.Compact(together.allBut)
		list = append(list, together)
	}
	return list
}

// classes returns the classes that are in, those first that the fewest patterns match.
func (n *namer) classes() (list []int) {
	matching := make([]int, len(n.words))
	for i, w := range n.words {
		if n.in[i] && w.class != "" {
			list = append(list, i)
			for _, l := range n.patterns {
				matching[i] += b2i(l.matches(w.text))
			}
		}
	}
	slices.SortStableFunc(list, func(a, b int) int { return matching[a] - matching[b] })
	return list
}

// best returns the wording that names a class with the fewest exceptions, or else the most actions.
func (n *namer) best(w actionWord) (best wording, found bool) {
	for _, patterns := range n.candidates(w) {
		now, ok := n.wording(patterns, w)
		if ok && (!found || now.better(best)) {
			best, found = now, true
		}
	}
	return best, found
}

func (a wording) better(b wording) bool {
	return cmp.Or(b2i(a.shared)-b2i(b.shared), cmp.Compare(len(b.allBut), len(a.allBut)), cmp.Compare(a.count, b.count)) > 0
}

// candidates are the patterns that match a word, each alone, and what all of them have in common.
func (n *namer) candidates(w actionWord) (list [][]*language) {
	var all []*language
	common, ok := []string{"*"}, true
	for _, l := range n.patterns {
		if !l.matches(w.text) {
			continue
		}
		list = append(list, []*language{l})
		all = append(all, l)
		if ok = ok && len(common) == 1; ok {
			common, ok = meetPatterns(common[0], l.pattern)
		}
	}
	if !ok {
		return list
	}
	var met []*language
	for _, p := range common {
		met = append(met, n.language(p))
	}
	n.remember(met, all)
	return append(list, met)
}

// remember notes that one pattern is what others have in common, if that is so.
func (n *namer) remember(met, all []*language) {
	if len(met) > 1 || slices.Contains(n.patterns, met[0]) {
		return
	}
	var parts []ref
	_, differ := findWord(n.names, all, met, &n.steps)
	for _, l := range all {
		_, more := findWord(n.names, met, []*language{l}, &n.steps)
		differ = differ || more
		parts = append(parts, n.actionsIn([]string{l.pattern}))
	}
	if !differ && n.steps > 0 {
		n.met[met[0].pattern] = n.and(parts...)
	}
}

// wording finds what must be taken out of the patterns to name the class w and nothing that is not
// in. It returns false if some class cannot be taken out.
func (n *namer) wording(patterns []*language, w actionWord) (wording, bool) {
	result := wording{covers: make([]bool, len(n.words)), shared: true}
	var taken []*language
	for i, out := range n.words {
		if n.in[i] || out.class == "" || !matchesAny(patterns, out.text) || matchesAny(taken, out.text) {
			continue
		}
		l, hits := n.exception(out, w)
		if l == nil {
			return result, false
		}
		result.shared = result.shared && hits == 0
		taken = append(taken, l)
	}
	for i, w := range n.words {
		switch matches := matchesAny(patterns, w.text) && !matchesAny(taken, w.text); {
		case matches && n.in[i]:
			result.covers[i] = true
			result.count++
		case matches:
			result.allBut = append(result.allBut, w.name)
		}
	}
	for _, l := range taken {
		result.allBut = append(result.allBut, l.pattern)
	}
	for _, l := range patterns {
		result.actions = append(result.actions, l.pattern)
	}
	return result, true
}

func matchesAny(patterns []*language, word string) bool {
	return slices.ContainsFunc(patterns, func(l *language) bool { return l.matches(word) })
}

// exception returns the pattern that matches the class out and not the class keep, with the fewest
// words that are in, and says how many these are; of equals the one that matches most.
func (n *namer) exception(out, keep actionWord) (best *language, hits int) {
	most := 0
	for _, l := range n.patterns {
		if !l.matches(out.text) || l.matches(keep.text) {
			continue
		}
		in, all := 0, 0
		for i, w := range n.words {
			if l.matches(w.text) {
				in += b2i(n.in[i])
				all++
			}
		}
		if best == nil || in < hits || in == hits && all > most {
			best, hits, most = l, in, all
		}
	}
	return best, hits
}

// isDelete reports whether the action deletes something.
func isDelete(action string) bool { return strings.HasPrefix(action, "delete") }
