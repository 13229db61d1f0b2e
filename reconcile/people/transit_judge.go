package people

import (
	"slices"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
)

// How a moment is decided. What is allowed is what some policy allows, if some policy lets the project
// be viewed: two questions about the same set of policies. Without regard to the view ("raw") policies
// simply add up, so whatever is in all three of before, now and after can be left out of a question;
// few different questions remain, however many people there are.
//
//   - Nothing is lost if raw (before ∩ after) ⊆ now: viewing the project is a request like any other.
//   - Nothing is too much if raw now ⊆ (before ∪ after), and now lets be viewed what both ends do: then
//     a request that is allowed now is allowed raw at one end, and the view does not miss there.
//
// Both may fail and all be well. Then everything that is held is asked about, view and all; the answer
// is a request that the evaluator confirms, or a proof that there is none.

// A passage is what was found of one triple of holdings.
type passage struct {
	lost, surplus Side
	undecided     []string
	// What the sides were found in, for a description.
	engine                    *access.Engine
	lostRegion, surplusRegion *access.Region
	words                     []access.Subject
}

func (p *passage) slips() bool {
	return p.lost.Example != "" || p.surplus.Example != "" || len(p.undecided) > 0
}

func (p *passage) unsure(why string) {
	if !slices.Contains(p.undecided, why) {
		p.undecided = append(p.undecided, why)
	}
}

func (p *passage) describe(budget access.Budget) {
	for _, side := range []struct {
		*Side
		*access.Region
	}{{&p.lost, p.lostRegion}, {&p.surplus, p.surplusRegion}} {
		if side.Region != nil && !side.Described {
			side.Described = true
			side.Description = p.engine.Describe(*side.Region, budget, p.words...)
		}
	}
}

// A judge decides about triples of holdings.
type judge struct {
	table   *table
	options Options
	views   *slimmer
	asked   int // questions put to an engine
	// full regards who lets a project be viewed, raw does not. Both are made anew now and then, since
	// an engine only grows; regions are those of the engines in use.
	full, raw     *access.Engine
	fullOf, rawOf map[string]granted
	passages      map[string]*passage // of both questions
	surpluses     map[string]*passage
	// What was proved or not, by the numbers that were asked about.
	rawLost, rawExtra, apart map[string]bool
}

// granted is all that some policies allow, and what is not certain about it.
type granted struct {
	access.Region
	open []access.Question
}

func newJudge(t *table, o Options) *judge {
	projects, err := policy.Parse("proj/*")
	if err != nil {
		panic("people: proj/* is a specifier: " + err.Error())
	}
	j := &judge{
		table: t, options: o,
		views:    newSlimmer(access.Box{Actions: []string{"viewProject"}, Specifier: projects}, o.Semantics, t),
		passages: map[string]*passage{}, surpluses: map[string]*passage{},
		rawLost: map[string]bool{}, rawExtra: map[string]bool{}, apart: map[string]bool{},
	}
	j.engines()
	return j
}

// mostAsked is how many questions are put to engines at most.
const mostAsked = 5_000

// engines makes new engines.
func (j *judge) engines() {
	if j.full == nil {
		j.full, j.raw = access.New(j.options.Semantics, j.budget()).Steady(), access.New(withoutView(j.options.Semantics), j.budget()).Steady()
	} else {
		j.full, j.raw = j.full.Anew(j.budget()), j.raw.Anew(j.budget())
	}
	j.fullOf, j.rawOf = map[string]granted{}, map[string]granted{}
}

// budget is that of the next question. The first ones may cost a second each, the later ones less and less,
// so that all of them come to about a minute at most.
func (j *judge) budget() access.Budget {
	b := j.options.Budget
	if b.Steps <= 0 {
		b.Steps = min(access.DefaultSteps, allSteps/4/(j.asked+12))
	}
	return b
}

// ask counts a question, and reports whether it may still be put.
func (j *judge) ask() bool {
	if j.asked >= mostAsked {
		return false
	}
	j.asked++
	if j.full.Full() || j.raw.Full() {
		j.engines()
	}
	j.full.Allow(j.budget())
	j.raw.Allow(j.budget())
	return true
}

const tooMany = "there are more different holdings than can be reasoned about"

// both decides about what is lost and what is too much, surplus about the second alone.
func (j *judge) both(had, now, has holding) *passage {
	return remember(j.passages, triple(had, now, has), func(p *passage) {
		j.decideLost(p, had, now, has)
		j.decideSurplus(p, had, now, has)
	})
}

func (j *judge) surplus(had, now, has holding) *passage {
	return remember(j.surpluses, triple(had, now, has), func(p *passage) { j.decideSurplus(p, had, now, has) })
}

func triple(had, now, has holding) string {
	return had.name() + "\n" + now.name() + "\n" + has.name()
}

func remember(known map[string]*passage, name string, decide func(*passage)) *passage {
	p, found := known[name]
	if !found {
		p = &passage{}
		decide(p)
		known[name] = p
	}
	return p
}

func (j *judge) decideLost(p *passage, had, now, has holding) {
	if had.within(now) || has.within(now) {
		return // roles only ever add up
	}
	kept := meet(had.numbers, now.numbers, has.numbers)
	proved := j.provedKept(minus(had.numbers, kept), minus(now.numbers, kept), minus(has.numbers, kept))
	if proved && subset(had.marks, now.marks) && subset(has.marks, now.marks) {
		return
	}
	if why := j.outOfReach(had, now, has); why != "" {
		p.unsure(why)
		return
	}
	b, n, a := j.everything(p, had, now, has)
	j.find(p, b.And(a.Region).Minus(n.Region), &p.lost, &p.lostRegion)
}

func (j *judge) decideSurplus(p *passage, had, now, has holding) {
	if now.within(had) || now.within(has) {
		return
	}
	kept := meet(had.numbers, now.numbers, has.numbers)
	ends := minus(union(had.numbers, has.numbers), kept)
	proved := j.provedGranted(minus(minus(now.numbers, kept), ends), ends)
	viewed := j.viewedByBoth(had, now, has)
	if proved && viewed && subset(now.marks, union(had.marks, has.marks)) {
		j.decideWide(p, had, now, has, true)
		return
	}
	if why := j.outOfReach(had, now, has); why != "" {
		p.unsure(why)
		return
	}
	b, n, a := j.everything(p, had, now, has)
	j.find(p, n.Minus(b.Region).Minus(a.Region), &p.surplus, &p.surplusRegion)
	if p.surplus.Example == "" {
		j.decideWide(p, had, now, has, viewed)
	}
}

// within reports whether all of h is held in other too.
func (h holding) within(other holding) bool {
	return len(minus(h.numbers, other.numbers)) == 0 && subset(h.marks, other.marks)
}

// outOfReach says why the engine cannot answer, "" if it can.
func (j *judge) outOfReach(had, now, has holding) string {
	switch {
	case len(had.marks)+len(now.marks)+len(has.marks) > 0:
		return unknowable("held on the way", had, has).Why
	case j.options.Semantics.EnvironmentWide == policy.PerRole && max(len(had.numbers), len(now.numbers), len(has.numbers)) > 1:
		return perRole
	case !j.ask():
		return tooMany
	}
	return ""
}

// provedKept reports whether it is proved that policies now allow what both ends do, whatever else is
// held in all three.
func (j *judge) provedKept(had, now, has []int) bool {
	if len(had) == 0 || len(has) == 0 {
		return true
	}
	return j.prove(j.rawLost, [][]int{had, now, has}, func(of []granted) access.Answer {
		return someIn(of[0].And(of[2].Region).Minus(of[1].Region))
	})
}

// provedGranted reports whether it is proved that more policies allow nothing that those of the ends do
// not.
func (j *judge) provedGranted(more, ends []int) bool {
	if len(more) == 0 {
		return true
	}
	return j.prove(j.rawExtra, [][]int{more, ends}, func(of []granted) access.Answer { return someIn(of[0].Minus(of[1].Region)) })
}

// prove reports whether it is proved that there is no request of some sort, by what sets of policies
// allow raw.
func (j *judge) prove(known map[string]bool, sets [][]int, some func([]granted) access.Answer) bool {
	name := encode(sets)
	if proved, found := known[name]; found {
		return proved
	}
	known[name] = false
	if j.options.Semantics.EnvironmentWide == policy.PerRole || !j.ask() {
		return false
	}
	of := make([]granted, len(sets))
	for i, numbers := range sets {
		of[i] = j.granted(j.raw, j.rawOf, numbers)
		if len(of[i].open) > 0 {
			return false
		}
	}
	known[name] = some(of) == access.No
	return known[name]
}

func (j *judge) granted(e *access.Engine, known map[string]granted, numbers []int) granted {
	name := encode(numbers)
	g, found := known[name]
	if !found {
		g.Region, g.open = e.Grants(j.table.subject(numbers))
		known[name] = g
	}
	return g
}

// everything is what three holdings allow with regard to the view. What is not certain makes p
// undecided.
func (j *judge) everything(p *passage, had, now, has holding) (b, n, a granted) {
	for i, g := range []*granted{&b, &n, &a} {
		h := []holding{had, now, has}[i]
		*g = j.granted(j.full, j.fullOf, h.numbers)
		for _, q := range g.open {
			p.unsure(q.Why)
		}
		p.words = append(p.words, j.table.subject(h.numbers))
	}
	return b, n, a
}

// find looks for a request of a region.
func (j *judge) find(p *passage, r access.Region, side *Side, region **access.Region) {
	switch x, some := exampleIn(r); some {
	case access.Yes:
		p.engine, side.Example, *region = j.full, x.Request.String(), &r
	case access.Undecided:
		p.unsure("the budget for reasoning ran out")
	}
}

// exampleIn returns a request of a region, looked for action by action.
func exampleIn(r access.Region) (access.Example, access.Answer) {
	cells, open := r.Cells()
	for _, cell := range cells {
		if x, some := cell.Example(); some == access.Yes {
			return x, some
		}
	}
	if len(open) > 0 {
		return access.Example{}, access.Undecided
	}
	return access.Example{}, access.No
}

func someIn(r access.Region) access.Answer {
	_, some := exampleIn(r)
	return some
}

// viewedByBoth reports whether what lets projects be viewed now does so before and after as well, or
// is no matter.
func (j *judge) viewedByBoth(had, now, has holding) bool {
	if sem := j.options.Semantics; !sem.ViewPrecondition || sem.ViewFrom == policy.SameRole {
		return true
	}
	views := j.views.numbers(now.numbers)
	return len(minus(views, j.views.numbers(had.numbers))) == 0 && len(minus(views, j.views.numbers(has.numbers))) == 0 &&
		subset(now.marks, had.marks) && subset(now.marks, has.marks)
}

// minus returns the elements of list that are not in other.
func minus(list, other []int) []int {
	return slices.DeleteFunc(slices.Clone(list), func(n int) bool { return slices.Contains(other, n) })
}

func meet(a, b, c []int) []int {
	return slices.DeleteFunc(slices.Clone(a), func(n int) bool { return !slices.Contains(b, n) || !slices.Contains(c, n) })
}

func union[T int | string](a, b []T) []T {
	list := slices.Concat(a, b)
	slices.Sort(list)
	return slices.Compact(list)
}
