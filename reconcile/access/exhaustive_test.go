package access

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/policy"
)

var pairs = flag.Int("pairs", 50_000, "policy pairs to compare with evaluation of every request")

// semanticsFor returns the semantics of a batch: the default twice as often as all others together
// would be fair, and every switch now and then.
func semanticsFor(batch int) policy.Semantics {
	sem := policy.DefaultSemantics()
	edits := []func(){
		func() { sem.NotResources = policy.SameKind },
		func() { sem.ViewPrecondition = false },
		func() { sem.ViewFrom = policy.SameRole },
		func() { sem.ReaderActions = policy.ReaderViewsTokens },
		func() { sem.AttributeGlobs = policy.AttributeGlob },
		func() { sem.UnsetAttribute = policy.Everything },
		func() { sem.BareStar = true },
		func() { sem.CaseSensitive = false },
		func() { sem.ForeignActions = policy.AnyRequest },
	}
	if batch%3 == 2 {
		edits[batch/3%len(edits)]()
	}
	return sem
}

type counts struct {
	pairs, gains, losses, none, groups, members, examples, requests int
}

func (c counts) String() string {
	return fmt.Sprintf("%d pairs: %d gain, %d lose, %d change nothing; %d (kind, action) answers, %d memberships, %d examples; worlds of %d requests in all",
		c.pairs, c.gains, c.losses, c.none, c.groups, c.members, c.examples, c.requests)
}

// TestExhaustive compares the engine with the evaluation of every request there is, in both
// directions and for each kind and action.
func TestExhaustive(t *testing.T) {
	var c counts
	for batch := 0; c.pairs < *pairs/slow; batch++ {
		if !exhaust(t, batch, 40, &c) {
			return
		}
	}
	t.Log(c)
}

// exhaust compares each of n subjects of a batch with every other.
func exhaust(t *testing.T, batch, n int, c *counts) bool {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(batch), 7))
	v := newVocabulary(r, semanticsFor(batch))
	w := v.world()
	c.requests += len(w.requests)
	subjects := make([]Subject, n)
	allowed := make([][]bool, n)
	for i := range subjects {
		subjects[i] = v.subject(r)
		if i%2 == 1 {
			subjects[i] = v.edited(r, subjects[i-1])
		}
		allowed[i] = w.allowed(subjects[i].Held, v.sem)
	}
	e := New(v.sem, Budget{})
	nothing := make([]bool, len(w.requests))
	for i := range subjects {
		granted, _ := e.Grants(subjects[i])
		if problem := checkRegion(v, w, granted, allowed[i], nothing, c, true); problem != "" {
			t.Errorf("batch %d, %v: grants: %s\nsubject: %s", batch, v.sem.Describe(), problem, show(subjects[i]))
			return false
		}
		for j := range subjects {
			d := e.Compare(subjects[i], subjects[j])
			c.pairs++
			problem := checkPair(v, w, d, allowed[i], allowed[j], c, (i+j)%20 == 0)
			if problem != "" {
				t.Errorf("batch %d, %v: %s\nbefore: %s\nafter: %s", batch, v.sem.Describe(), problem, show(subjects[i]), show(subjects[j]))
				return false
			}
		}
	}
	return true
}

// checkPair returns what is wrong with the difference, or "".
func checkPair(v vocabulary, w world, d Difference, before, after []bool, c *counts, deep bool) string {
	if len(d.Undecided) > 0 {
		return fmt.Sprintf("undecided: %v", d.Undecided)
	}
	if p := checkRegion(v, w, d.Gained, after, before, c, deep); p != "" {
		return "gained: " + p
	}
	if p := checkRegion(v, w, d.Lost, before, after, c, deep); p != "" {
		return "lost: " + p
	}
	switch d.Verdict() {
	case None:
		c.none++
	case Gains:
		c.gains++
	case Loses:
		c.losses++
	case Both:
		c.gains++
		c.losses++
	}
	return ""
}

// checkRegion compares a region with the requests that are in one list and not in the other.
func checkRegion(v vocabulary, w world, r Region, in, out []bool, c *counts, deep bool) string {
	cells, _ := r.Cells()
	type said struct {
		kind string
		f    ref
	}
	inCells := map[said]Cell{} // by kind and what the region says of the action
	vectors := map[[2]string]string{}
	for _, cell := range cells {
		for _, a := range cell.Actions {
			inCells[said{cell.Kind, r.onAction(cell.Kind, a.Name)}] = cell
			vectors[[2]string{cell.Kind, v.actionVector(cell.Kind, a.Name)}] = a.Name
			if v.foreign(cell.Kind, a.Name) {
				return fmt.Sprintf("%s on %s: in a cell, but no such action can be asked", a.Name, cell.Kind)
			}
		}
	}
	for _, g := range w.groups {
		want := false
		for i := g.first; i < g.last && !want; i++ {
			want = in[i] && !out[i]
		}
		f := r.onAction(r.called(g.kind), g.action)
		c.groups++
		if strings.HasSuffix(g.vector, foreignMark) {
			if want {
				return fmt.Sprintf("%s on %s cannot be asked, but evaluation allows it", g.action, g.kind)
			}
			continue
		}
		got := (&solver{Engine: r.e}).solve(f) == Yes
		cell, inCell := inCells[said{r.called(g.kind), f}]
		name, isListed := vectors[[2]string{r.called(g.kind), g.vector}]
		switch {
		case got != want:
			return fmt.Sprintf("%s on %s (patterns %s): the engine says %v, evaluation %v", g.action, g.kind, g.vector, got, want)
		case got != inCell:
			return fmt.Sprintf("%s on %s: in a cell is %v", g.action, g.kind, inCell)
		case isListed && !want:
			return fmt.Sprintf("%s on %s: in a cell, but evaluation has no such request", name, g.kind)
		}
		if !deep || !got {
			continue
		}
		for i := g.first; i < g.last; i++ {
			c.members++
			if inSet(cell.Set, w.requests[i]) != (in[i] && !out[i]) {
				return fmt.Sprintf("%s: in the region, it says, %v", w.requests[i], !(in[i] && !out[i]))
			}
		}
	}
	if !deep {
		return ""
	}
	for _, cell := range cells {
		c.examples++
		if _, a := cell.Example(); a != Yes {
			return fmt.Sprintf("%s: no example for %v: %v", cell.Kind, cell.Actions, a)
		}
	}
	return ""
}

// onAction returns what the region says of one action on a kind.
func (r Region) onAction(kind, action string) ref {
	f, text := r.at(kind), r.e.fold(action)
	return r.e.forAction(f, r.e.actionAtoms(f), actionWord{text: text, index: r.e.indexOf(text)})
}

// called returns what the region calls a kind: kinds that nothing names have no name of their own.
func (r Region) called(kind string) string {
	if _, found := r.formulas[kind]; found || everyKind()[kind] {
		return kind
	}
	if inProject(kind) {
		return otherInProject
	}
	return otherKind
}

// inSet reports whether the formula of a set is true for a resource.
func inSet(s Set, req policy.Request) bool { return s.e.holds(s.f, req) }

// holds evaluates a formula that has no action atoms.
func (e *Engine) holds(f ref, req policy.Request) bool {
	n := *e.node(f)
	result := true
	if n.atom >= 0 {
		result = e.atomHolds(e.atoms[n.atom], req)
	}
	for _, part := range e.parts(f) {
		result = result && e.holds(part, req)
	}
	return result != f.negated()
}

func (e *Engine) atomHolds(a *atom, req policy.Request) bool {
	segment, which := segmentOf(a.level)
	part := req.Resource[segment]
	any := func(words []string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return a.words.matches(e.fold(w)) })
	}
	switch which {
	case levelKey:
		return any([]string{part.Key})
	case levelTag:
		return any(part.Tags)
	case levelView:
		return any(part.Views)
	case levelProp:
		return part.Properties[a.text] == "true"
	}
	panic("no such atom here: " + fmt.Sprint(slices.Sorted(maps.Keys(part.Properties))))
}

// TestWordsAreEnough: the words up to length 3 match whatever sets of patterns longer words match.
func TestWordsAreEnough(t *testing.T) {
	sem := policy.DefaultSemantics()
	short, long := wordsUpTo(3), wordsUpTo(5)
	checked := 0
	for _, pool := range [][]string{keyPool, tagPool} {
		for i := range pool {
			for j := range pool {
				for k := range pool {
					patterns := append([]string{pool[i], pool[j], pool[k]}, "a", "b")
					checked++
					if a, b := len(distinct(sem, patterns, short)), len(distinct(sem, patterns, long)); a != b {
						t.Fatalf("%q: %d sets, %d with longer words", patterns, a, b)
					}
				}
			}
		}
	}
	t.Logf("%d lists of patterns", checked)
}
