package access

import "fmt"

// A portion is some actions on one kind that the same resources belong to.
type portion struct {
	words        []int // indexes of action words
	target, left ref   // all resources, and those that no line has yet
}

// describeKind adds lines for what the region has of one kind, and no line yet.
func (d *describer) describeKind(r Region, kind string) {
	f := r.at(kind)
	rest := d.minus(f, d.said(kind))
	if f == no || d.holdsNothing(kind, rest) == Yes {
		return
	}
	u := d.universe(kind, f, rest)
	var words []actionWord
	var portions []portion
	for _, group := range u.groups {
		s := portion{target: d.forAction(f, u.atoms, group.one()), left: d.forAction(rest, u.atoms, group.one())}
		for _, word := range group.words() {
			s.words = append(s.words, len(words))
			words = append(words, word)
		}
		if d.holdsNothing(kind, s.left) != Yes {
			portions = d.addPortion(kind, portions, s)
		}
	}
	d.write(kind, words, u.atoms, portions)
}

// maxMerges bounds the comparisons of one portion with others.
const maxMerges = 8

// addPortion adds a portion, to another one if both have the same resources.
func (d *describer) addPortion(kind string, portions []portion, s portion) []portion {
	same := func(a, b ref) bool { return Set{d.Engine, kind, a}.Equal(Set{d.Engine, kind, b}) == Yes }
	for i := range portions {
		exactly := portions[i].target == s.target && portions[i].left == s.left
		if exactly || i < maxMerges && same(portions[i].target, s.target) && same(portions[i].left, s.left) {
			portions[i].words = append(portions[i].words, s.words...)
			return portions
		}
	}
	return append(portions, s)
}

// A saying is a patch and the actions that it holds for.
type saying struct {
	patch
	words []int
}

// write finds patches for the portions, and makes lines of them.
func (d *describer) write(kind string, words []actionWord, atoms []*atom, portions []portion) {
	c := d.coverFor(kind)
	var sayings []saying
	index := map[string]int{}
	for _, s := range portions {
		var known []patch
		for _, say := range sayings {
			known = append(known, say.patch)
		}
		var about []actionWord
		for _, i := range s.words {
			about = append(about, words[i])
		}
		c.lookFor(about)
		patches, _ := c.cover(s.target, s.left, known)
		for _, p := range patches {
			name := fmt.Sprint(p)
			at, found := index[name]
			if !found {
				at = len(sayings)
				index[name] = at
				sayings = append(sayings, saying{patch: p})
			}
			sayings[at].words = append(sayings[at].words, s.words...)
		}
	}
	c.mask = nil
	for _, say := range sayings {
		d.addLine(c, words, atoms, say)
	}
}

func (d *describer) addLine(c *coverer, words []actionWord, atoms []*atom, say saying) {
	in := make([]bool, len(words))
	for _, i := range say.words {
		in[i] = true
	}
	for _, w := range d.nameActions(words, in, atoms) {
		l := draft{kinds: []string{c.kind}, actions: w.actions, allBut: w.allBut}
		l.terms, l.also, l.less = c.written(say.patch)
		d.lines = append(d.lines, l)
	}
}
