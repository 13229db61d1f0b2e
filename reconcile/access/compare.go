package access

import (
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// compare finds the difference kind by kind and action by action. What is the same on both sides
// has equal refs and costs a comparison.
func (e *Engine) compare(before, after *compiled) Difference {
	had, has := e.allowedBy(before.subject), e.allowedBy(after.subject)
	d := Difference{Gained: e.newRegion(has.and(had.not())), Lost: e.newRegion(had.and(has.not())), had: had, has: has, before: before, after: after}
	d.Undecided = e.problemsOf(before, after)
	for _, kind := range kindsOf(before, after) {
		b, a := e.kind(before, kind), e.kind(after, kind)
		d.Gained.formulas[kind] = e.minus(a.formula, b.formula)
		d.Lost.formulas[kind] = e.minus(b.formula, a.formula)
		if a.formula != b.formula || e.dividedAnew(b, a) {
			e.compareKind(&d, kind, b, a)
		}
	}
	d.Gained.found.done, d.Lost.found.done = true, true
	return d
}

// dividedAnew reports whether what is allowed in all is dealt out to the roles in another way, where
// that matters: an action that one role must allow in every environment may begin or cease to work.
func (e *Engine) dividedAnew(before, after *kindPolicy) bool {
	return e.sem.EnvironmentWide == policy.PerRole && max(len(before.roles), len(after.roles)) > 1 &&
		!slices.Equal(before.roles, after.roles)
}

// problemsOf returns what is not certain whatever the engine finds.
func (e *Engine) problemsOf(before, after *compiled) []Question {
	list := slices.Clone(before.problems)
	for _, q := range after.problems {
		q.After = true
		list = append(list, q)
	}
	return append(list, e.notModelled()...)
}

// notModelled returns what the semantics ask and the engine cannot answer.
func (e *Engine) notModelled() []Question {
	if !e.sem.GlobCrossesColon {
		return nil
	}
	return []Question{{Held: -1, Statement: -1, Why: "where \"*\" runs on over \":\", what a specifier names is not modelled"}}
}

// compareKind adds the cells of one kind to the difference.
func (e *Engine) compareKind(d *Difference, kind string, before, after *kindPolicy) {
	atoms := e.actionAtoms(before.formula, after.formula)
	groups := e.groups(kind, atoms, e.concerned(before, after))
	gained, lost := newCells(e, kind, d.Gained.proof), newCells(e, kind, d.Lost.proof)
	for _, group := range groups {
		b, a := e.forAction(before.formula, atoms, group.one()), e.forAction(after.formula, atoms, group.one())
		gained.add(group, e.minus(a, b))
		lost.add(group, e.minus(b, a))
	}
	d.Undecided = append(d.Undecided, gained.decide(d.Gained.found)...)
	d.Undecided = append(d.Undecided, lost.decide(d.Lost.found)...)
	if e.steps <= 0 { // groups may be missing
		d.Undecided = append(d.Undecided, e.exhausted(kind, nil))
	}
	if e.sem.EnvironmentWide == policy.PerRole && max(len(before.roles), len(after.roles)) > 1 {
		d.Undecided = append(d.Undecided, e.compareRoles(kind, before, after, atoms, groups)...)
	}
}

// groups returns the actions to look at, those together that no atom tells apart.
func (e *Engine) groups(kind string, atoms []*atom, concerns func(actionWord) bool) []wordGroup {
	return grouped(e.actionWords(typeOf(kind), atoms), atoms, concerns)
}

// A wordGroup is words of which all atoms say the same. One of them is mostly all that is asked for.
type wordGroup struct {
	all           []actionWord
	of            []int32 // the number of the group of each of them, -1 for those that are in none
	number, first int32   // of this group, and where its first word is
}

// one is the first of the group.
func (g wordGroup) one() actionWord { return g.all[g.first] }

// words are all of the group.
func (g wordGroup) words() (list []actionWord) {
	for i := int(g.first); i < len(g.all); i++ {
		if g.of[i] == g.number {
			list = append(list, g.all[i])
		}
	}
	return list
}

// grouped puts the words together that all atoms say the same of.
func grouped(all []actionWord, atoms []*atom, concerns func(actionWord) bool) (list []wordGroup) {
	index := map[string]int32{}
	var name []byte
	of := make([]int32, len(all))
	for n, w := range all {
		of[n] = -1
		if !concerns(w) {
			continue
		}
		name = name[:0]
		for i, a := range atoms {
			if i%8 == 0 {
				name = append(name, 0)
			}
			if a.actions.has(w) {
				name[i/8] |= 1 << (i % 8)
			}
		}
		at, found := index[string(name)]
		if !found {
			at = int32(len(list))
			index[string(name)] = at
			list = append(list, wordGroup{all, of, at, int32(n)})
		}
		of[n] = at
	}
	return list
}

// concerned returns a test for actions: whether a statement speaks of it that only one side has.
func (e *Engine) concerned(before, after *kindPolicy) func(actionWord) bool {
	if !slices.Equal(before.projects, after.projects) || len(before.roles) != len(after.roles) {
		return everyAction
	}
	var changed []ref
	count := map[part]int{}
	for i, was := range before.statements {
		is := after.statements[i]
		if slices.Equal(was, is) {
			continue
		}
		clear(count)
		for _, p := range was {
			count[p]++
		}
		for _, p := range is {
			count[p]--
		}
		for p, n := range count {
			if n != 0 && !slices.Contains(changed, p.actions) {
				changed = append(changed, p.actions)
			}
		}
	}
	return func(w actionWord) bool {
		return slices.ContainsFunc(changed, func(f ref) bool { return e.speaksOf(f, w) })
	}
}

func everyAction(actionWord) bool { return true }

// speaksOf reports whether the actions of a statement include w.
func (e *Engine) speaksOf(actions ref, w actionWord) bool {
	if actions == yes || actions == no {
		return actions == yes
	}
	return e.atoms[e.node(actions).atom].actions.has(w) != actions.negated()
}

// compareRoles looks at actions that one role must allow in every environment, where several roles
// are held. What is gained or lost in a project with one environment is known. If each role's
// access lies in that of one role on the other side, that is all; otherwise it depends on which
// environments there are, which is not modelled.
func (e *Engine) compareRoles(kind string, before, after *kindPolicy, atoms []*atom, groups []wordGroup) []Question {
	if !strings.Contains(kind, ":env:") {
		return nil
	}
	var list []Question
	for _, group := range groups {
		wide := slices.DeleteFunc(group.words(), func(w actionWord) bool {
			return !e.sem.NeedsEveryEnvironment(typeOf(kind), w.name)
		})
		if len(wide) == 0 {
			continue
		}
		b, a := e.rolesFor(before, atoms, wide[0]), e.rolesFor(after, atoms, wide[0])
		if !e.covers(b, a) || !e.covers(a, b) {
			list = append(list, Question{
				Kind: kind, Actions: actionsOf(wide), Held: -1, Statement: -1,
				Why: "one role must allow the action in every environment, and which environments there are is not known",
			})
		}
	}
	return list
}

// rolesFor returns what each role allows of one action.
func (e *Engine) rolesFor(p *kindPolicy, atoms []*atom, w actionWord) []ref {
	list := make([]ref, len(p.roles))
	for i, r := range p.roles {
		list[i] = e.forAction(e.and(r, p.views), atoms, w)
	}
	return list
}

// covers reports whether it is proved that each of the second roles' access is in that of one of
// the first.
func (e *Engine) covers(wide, narrow []ref) bool {
	for _, n := range narrow {
		if !slices.ContainsFunc(wide, func(w ref) bool {
			s := solver{Engine: e}
			return s.solve(e.minus(n, w)) == No
		}) {
			return false
		}
	}
	return true
}

// split makes cells of a formula.
func (e *Engine) split(kind string, f ref, p proof) ([]Cell, []Question) {
	found := &cells{}
	atoms := e.actionAtoms(f)
	list := newCells(e, kind, p)
	for _, group := range e.groups(kind, atoms, everyAction) {
		list.add(group, e.forAction(f, atoms, group.one()))
	}
	undecided := list.decide(found)
	if e.steps <= 0 {
		undecided = append(undecided, e.exhausted(kind, nil))
	}
	return found.list, undecided
}

// cellList puts the actions together that concern the same resources.
type cellList struct {
	*Engine
	kind  string
	proof proof
	list  []Cell
	index map[ref]int
}

func newCells(e *Engine, kind string, p proof) *cellList {
	return &cellList{Engine: e, kind: kind, proof: p, index: map[ref]int{}}
}

func (l *cellList) add(group wordGroup, f ref) {
	if f == no {
		return
	}
	at, found := l.index[f]
	if !found {
		at = len(l.list)
		l.index[f] = at
		l.list = append(l.list, Cell{Kind: l.kind, Set: Set{l.Engine, l.kind, f}, proof: l.proof})
	}
	l.list[at].Actions = append(l.list[at].Actions, actionsOf(group.words())...)
}

// decide appends the cells that have a request.
func (l *cellList) decide(to *cells) (undecided []Question) {
	for _, c := range l.list {
		switch x, a := l.example(c.Kind, c.Set.f, c.proof, &c.Actions[0]); a {
		case Yes:
			c.example = &x
			to.list = append(to.list, c)
		case Undecided:
			undecided = append(undecided, l.exhausted(c.Kind, c.Actions))
		}
	}
	return undecided
}

// exhausted says why something is not decided.
func (e *Engine) exhausted(kind string, actions []Action) Question {
	q := Question{Kind: kind, Actions: actions, Held: -1, Statement: -1, Why: "the budget for reasoning ran out"}
	if e.steps > 0 {
		q.Why = "no example was found that evaluation confirms"
	}
	return q
}

func actionsOf(words []actionWord) []Action {
	list := make([]Action, len(words))
	for i, w := range words {
		list[i] = Action{Name: w.name, Known: w.known, Class: w.class}
	}
	return list
}
