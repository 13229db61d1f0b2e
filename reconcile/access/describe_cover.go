package access

import (
	"cmp"
	"slices"
)

// A coverer finds sets of resources of one kind that the vocabulary can say.
type coverer struct {
	*describer
	kind    string
	entries []entry // the whole kind, then the specifiers, the widest first
	index   map[ref]int
	// mask says which entries to look at, all if it is nil.
	mask []bool
}

// An entry is something that the vocabulary can say about resources of the kind.
type entry struct {
	term
	f ref
	// views are the actions of statements about the project that it lies in, which count where
	// the project must be visible.
	views []ref
	wide  int // the less, the wider
}

// A patch is what all entries of pos match and none of neg: indexes, ascending.
type patch struct{ pos, neg []int }

// coverFor returns the coverer of a kind. What is said about projects counts for all that lies in
// them, because they must be visible.
func (d *describer) coverFor(kind string) *coverer {
	if c := d.coverer[kind]; c != nil {
		return c
	}
	c := &coverer{describer: d, kind: kind, index: map[ref]int{}}
	var entries []entry
	for _, t := range d.words() {
		switch {
		case t.kind == kind:
			for _, u := range t.variants() {
				entries = append(entries, entry{term: u, wide: u.width()})
			}
		case t.kind == "proj" && inProject(kind):
			up := t.lift(kind)
			entries = append(entries, entry{term: up, wide: up.width(), views: t.actions})
		}
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.wide, b.wide) })
	c.add(entry{term: wholeOf(kind)})
	for _, e := range entries {
		c.add(e)
	}
	d.coverer[kind] = c
	return c
}

// add adds an entry unless one says the same.
func (c *coverer) add(e entry) {
	e.f = c.resourcesOf(e.term)
	if e.f == no {
		return
	}
	at, found := c.index[e.f]
	if !found {
		c.index[e.f] = len(c.entries)
		c.entries = append(c.entries, e)
		return
	}
	c.entries[at].actions = slices.Concat(c.entries[at].actions, e.actions)
	c.entries[at].views = slices.Concat(c.entries[at].views, e.views)
}

// lookFor limits the coverer to what statements say that speak of one of the actions, or of the
// view of the project: nothing else has a part in what the region says of them.
func (c *coverer) lookFor(words []actionWord) {
	name := c.fold("viewProject")
	view := []actionWord{{text: name, index: c.indexOf(name)}}
	c.mask = make([]bool, len(c.entries))
	for i, e := range c.entries {
		c.mask[i] = i == 0 || c.speak(e.actions, words) || c.speak(e.views, view) || c.kind == "proj" && c.speak(e.actions, view)
	}
}

func (c *coverer) speak(actions []ref, words []actionWord) bool {
	return slices.ContainsFunc(actions, func(f ref) bool {
		return slices.ContainsFunc(words, func(w actionWord) bool { return c.speaksOf(f, w) })
	})
}

// cover finds patches in target that together have all of left. Those that are known already are
// taken first, so that actions share lines. What no patch is found for is missing.
func (c *coverer) cover(target, left ref, known []patch) (list []patch, complete bool) {
	all := left
	for _, p := range known {
		f := c.formula(p)
		if !c.empty(c.and(f, left)) && c.empty(c.minus(f, target)) {
			list = append(list, p)
			left = c.minus(left, f)
		}
	}
	for len(list) < maxLines {
		s := solver{Engine: c.Engine, typ: typeOf(c.kind)}
		switch s.solve(left) {
		case No:
			return c.needed(list, all), true
		case Undecided:
			return list, false
		}
		p, found := c.best(c.members(s.trail), target, left)
		if !found {
			break
		}
		list = append(list, p)
		left = c.minus(left, c.formula(p))
	}
	return list, false
}

// needed leaves out the patches of which the others have all that counts.
func (c *coverer) needed(list []patch, all ref) []patch {
	for i := 0; i < len(list) && len(list) > 1; {
		rest := c.and(all, c.formula(list[i]))
		for j, p := range list {
			if j != i {
				rest = c.minus(rest, c.formula(p))
			}
		}
		if c.empty(rest) {
			list = slices.Delete(list, i, i+1)
		} else {
			i++
		}
	}
	return list
}

// empty reports whether it is proved that no resource, for no action, makes f true.
func (c *coverer) empty(f ref) bool {
	if c.level(f) > levelAction {
		s := solver{Engine: c.Engine, typ: typeOf(c.kind)}
		return s.solve(f) == No
	}
	return c.holdsNothing(c.kind, f) == Yes
}

func (c *coverer) formula(p patch) ref {
	parts := make([]ref, 0, len(p.pos)+len(p.neg))
	for _, i := range p.pos {
		parts = append(parts, c.entries[i].f)
	}
	for _, i := range p.neg {
		parts = append(parts, c.entries[i].f.not())
	}
	return c.and(parts...)
}

// members says which entries match the resource that the solver chose.
func (c *coverer) members(trail []choice) []bool {
	list := make([]bool, len(c.entries))
	x := sample{c.Engine, chainOf(c.kind), trail}
	for i, entry := range c.entries {
		list[i] = (c.mask == nil || c.mask[i]) && x.holds(entry.f)
	}
	c.steps -= len(list)
	return list
}

// maxBases bounds the specifiers that are tried as the beginning of one patch, and maxWords what
// is taken in or out of it while there is hope for a shorter one.
const (
	maxBases = 4
	maxWords = 6
)

// best finds the patch around a resource that says most with the fewest words: an entry alone if
// it has all that is left.
func (c *coverer) best(member []bool, target, left ref) (best patch, found bool) {
	var bestCost cost
	consider := func(p patch, base int) {
		if now := c.cost(p, left, base); !found || now.less(bestCost) {
			best, bestCost, found = p, now, true
		}
	}
	var bases []int
	for i := range c.entries {
		if !member[i] {
			continue
		}
		bases = append(bases, i)
		if c.inside(i, target) {
			if consider(patch{pos: []int{i}}, i); bestCost.partial == 0 {
				return best, true
			}
		}
	}
	for _, i := range bases[:min(maxBases, len(bases))] {
		if p, ok := c.grow(i, member, target, maxWords); ok {
			consider(p, i)
		}
	}
	if found {
		return best, true
	}
	return c.grow(0, member, target, len(c.entries))
}

// inside reports whether all that an entry has is in target.
func (c *coverer) inside(i int, target ref) bool {
	return c.empty(c.minus(c.entries[i].f, target))
}

// cost compares patches: one that says all that is left is better, then one with at most three
// exceptions, then the one of fewer words, then of fewer exceptions; of those that say a part only,
// the wider.
type cost struct{ partial, many, words, out, base int }

func (a cost) less(b cost) bool {
	list := [][2]int{{a.many, b.many}, {a.partial, b.partial}, {a.words, b.words}, {a.out, b.out}, {a.base, b.base}}
	for _, pair := range list {
		if pair[0] != pair[1] {
			return pair[0] < pair[1]
		}
	}
	return false
}

func (c *coverer) cost(p patch, left ref, base int) cost {
	n := cost{words: len(p.pos) + len(p.neg), out: len(p.neg), base: base, many: b2i(len(p.neg) > 3)}
	if !c.empty(c.minus(left, c.formula(p))) {
		n.partial, n.words, n.out = 1, 0, 0
	}
	return n
}

// grow begins with an entry and takes entries in that have the member, or out that have not, until
// nothing is left that does not belong to target. It gives up after so many words.
func (c *coverer) grow(base int, member []bool, target ref, words int) (patch, bool) {
	p := patch{pos: []int{base}}
	for range words {
		s := solver{Engine: c.Engine, typ: typeOf(c.kind)}
		switch s.solve(c.minus(c.formula(p), target)) {
		case No:
			return c.shortened(p, target), true
		case Undecided:
			return p, false
		}
		if !c.refine(&p, member, c.members(s.trail), target) {
			return p, false
		}
	}
	return p, false
}

// refine excludes from p a resource that is not in target. Best is to take out an entry that has
// nothing of target, then to take in one that has the member, the widest.
func (c *coverer) refine(p *patch, member, wrong []bool, target ref) bool {
	out, in := -1, -1
	for i := range c.entries {
		switch {
		case wrong[i] && !member[i]:
			if c.empty(c.and(c.entries[i].f, target)) || c.empty(c.and(c.entries[i].f, c.formula(*p), target)) {
				p.neg = append(p.neg, i)
				return true
			}
			if out < 0 {
				out = i
			}
		case member[i] && !wrong[i] && in < 0:
			in = i
		}
	}
	switch {
	case in >= 0:
		p.pos = append(p.pos, in)
	case out >= 0:
		p.neg = append(p.neg, out)
	default:
		return false
	}
	return true
}

// shortened leaves out what p does not need to lie in target, the narrowest first; exceptions that
// concern target before others.
func (c *coverer) shortened(p patch, target ref) patch {
	slices.Sort(p.pos)
	slices.Sort(p.neg)
	for i := len(p.pos) - 1; i >= 0 && len(p.pos) > 1; i-- {
		q := patch{slices.Delete(slices.Clone(p.pos), i, i+1), p.neg}
		if c.empty(c.minus(c.formula(q), target)) {
			p = q
		}
	}
	for _, concerned := range []bool{true, false} {
		for i := len(p.neg) - 1; i >= 0; i-- {
			if concerned && c.empty(c.and(c.entries[p.neg[i]].f, target)) {
				continue
			}
			q := patch{p.pos, slices.Delete(slices.Clone(p.neg), i, i+1)}
			if c.empty(c.minus(c.formula(q), target)) {
				p = q
			}
		}
	}
	return p
}

// separate finds entries that have all of over, and nothing of target.
func (c *coverer) separate(over, target ref) (list []term, found bool) {
	for len(list) < maxLines {
		group, a := c.firstOf(c.kind, over)
		if a != Yes {
			return list, a == No
		}
		s := solver{Engine: c.Engine, typ: typeOf(c.kind)}
		s.solve(c.forAction(over, c.universe(c.kind).atoms, group.one()))
		p, found := c.apart(c.members(s.trail), target)
		terms, also, _ := c.written(p)
		if !found || len(also) > 0 {
			return nil, false
		}
		list = append(list, terms...)
		over = c.minus(over, c.formula(p))
	}
	return nil, false
}

// apart finds the widest entry, or else the widest entries together, that have the member and
// nothing of target.
func (c *coverer) apart(member []bool, target ref) (patch, bool) {
	var all patch
	for i, is := range member {
		if !is {
			continue
		}
		if c.empty(c.and(c.entries[i].f, target)) {
			return patch{pos: []int{i}}, true
		}
		all.pos = append(all.pos, i)
	}
	return c.shortened(all, target.not()), c.empty(c.and(c.formula(all), target))
}

// written turns a patch into the terms of a line: those of which one must match, those that must
// match too, and those that must not.
func (c *coverer) written(p patch) (terms, also, less []term) {
	terms = []term{c.entries[p.pos[0]].term}
	for _, i := range p.pos[1:] {
		t := c.entries[i].term
		if met, ok := meetAll(terms, t); ok {
			terms = met
		} else {
			also = append(also, t)
		}
	}
	for _, i := range p.neg {
		less = append(less, c.entries[i].term)
	}
	return terms, also, less
}

func meetAll(list []term, t term) (met []term, ok bool) {
	for _, u := range list {
		m, ok := u.meet(t)
		if !ok {
			return nil, false
		}
		met = append(met, m...)
	}
	return met, true
}
