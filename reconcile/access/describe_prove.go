package access

import "slices"

// A prover decides formulas that speak of actions. It finds out once for each kind which actions
// there are to tell apart, which can take longer than all the rest.
type prover struct {
	*Engine
	universes map[string]*universe
}

// A universe is the actions on one kind of resource.
type universe struct {
	atoms  []*atom
	words  []actionWord // incomplete if the budget ended
	groups []wordGroup  // those that no atom tells apart
}

func newProver(e *Engine) prover { return prover{e, map[string]*universe{}} }

// universe returns the actions on a kind that the formulas, or any before them, tell apart.
func (p prover) universe(kind string, list ...ref) *universe {
	u := p.universes[kind]
	if u == nil {
		u = &universe{}
		p.universes[kind] = u
		u.words = p.actionWords(typeOf(kind), nil)
		u.group()
	}
	fresh := slices.DeleteFunc(p.actionAtoms(list...), func(a *atom) bool { return slices.Contains(u.atoms, a) })
	if len(fresh) == 0 {
		return u
	}
	covered := !slices.ContainsFunc(fresh, func(a *atom) bool { return !p.covered(u, kind, a) })
	u.atoms = append(u.atoms, fresh...)
	if !covered {
		u.words = p.actionWords(typeOf(kind), u.atoms)
	}
	u.group()
	return u
}

// covered reports whether the atom is made of names and patterns that the universe has already,
// and of names that cannot be asked of the kind.
func (p prover) covered(u *universe, kind string, a *atom) bool {
	for _, name := range a.actions.list {
		if !p.sem.Foreign(typeOf(kind), name) && !slices.ContainsFunc(u.words, func(w actionWord) bool { return w.class == "" && w.text == name }) {
			return false
		}
	}
	return !slices.ContainsFunc(a.actions.globs, func(l *language) bool {
		return !slices.ContainsFunc(u.atoms, func(b *atom) bool { return slices.Contains(b.actions.globs, l) })
	})
}

// group puts the words together that all atoms say the same of.
func (u *universe) group() { u.groups = grouped(u.words, u.atoms, everyAction) }

// firstOf returns actions of the kind for which a request makes f true: the first that there are,
// or none.
func (p prover) firstOf(kind string, f ref) (some wordGroup, a Answer) {
	if f == no {
		return some, No
	}
	u := p.universe(kind, f)
	result := No
	if p.steps <= 0 {
		result = Undecided
	}
	seen := map[ref]bool{}
	for _, group := range u.groups {
		g := p.forAction(f, u.atoms, group.one())
		if seen[g] {
			continue
		}
		seen[g] = true
		switch s := (solver{Engine: p.Engine, typ: typeOf(kind)}); s.solve(g) {
		case Yes:
			return group, Yes
		case Undecided:
			result = Undecided
		}
	}
	return some, result
}

// holdsNothing answers whether no request on the kind makes f true.
func (p prover) holdsNothing(kind string, f ref) Answer {
	_, a := p.firstOf(kind, f)
	return a.not()
}

// exampleOf returns a request that makes f true.
func (p prover) exampleOf(kind string, f ref, proof proof) (Example, Answer) {
	group, a := p.firstOf(kind, f)
	if a != Yes {
		return Example{}, a
	}
	action := actionsOf([]actionWord{group.one()})[0]
	return p.example(kind, p.forAction(f, p.universe(kind).atoms, group.one()), proof, &action)
}
