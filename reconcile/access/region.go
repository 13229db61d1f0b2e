package access

import (
	"maps"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// A Region is a set of requests. It belongs to the engine that made it, and holds only as long.
type Region struct {
	e *Engine
	// formulas says for each kind which requests on it belong. "*" and "proj:*" stand for the
	// kinds that are not there; a kind without any of them has no request.
	formulas map[string]ref
	// proof decides by evaluation, without the engine, whether a request belongs.
	proof proof
	found *cells // shared by copies; filled on first use
}

type cells struct {
	done      bool
	list      []Cell
	undecided []Question
}

// A Cell is a part of a region: some actions on one kind of resource, and for which resources of
// the kind, the same for all these actions.
type Cell struct {
	// Kind is the type chain, or "*" for all that neither the catalogue nor a policy names
	// ("proj:*" for those in a project).
	Kind    string
	Actions []Action // the catalogue's first, in its order
	Set     Set
	proof   proof
	example *Example // nil if none was looked for
}

// A Set is a set of resources of one kind, without regard to actions.
type Set struct {
	e    *Engine
	kind string
	f    ref
}

// A Box is a set of requests that can be written down: actions (concrete or patterns) on what a
// specifier matches.
type Box struct {
	Actions   []string
	Specifier policy.Specifier
}

func (e *Engine) newRegion(p proof) Region {
	return Region{e: e, formulas: map[string]ref{}, proof: p, found: &cells{}}
}

// at returns the formula for a kind.
func (r Region) at(kind string) ref {
	if f, found := r.formulas[kind]; found {
		return f
	}
	rest := otherKind
	if inProject(kind) {
		rest = otherInProject
	}
	if f, found := r.formulas[rest]; found {
		return f
	}
	return no
}

// kinds returns the kinds that the regions tell apart, sorted.
func kindsIn(list ...Region) []string {
	kinds := map[string]bool{}
	for _, r := range list {
		for kind := range r.formulas {
			kinds[kind] = true
			if kind == otherKind || kind == otherInProject {
				maps.Copy(kinds, everyKind())
			}
		}
	}
	return slices.Sorted(maps.Keys(kinds))
}

// Box returns the region of a box. A role attribute in it is the free attribute of that name of a
// symbolic role that is held directly. The specifier "*" is every resource.
func (e *Engine) Box(b Box) Region {
	r := e.newRegion(e.inBox(b).and(e.isRequest))
	actions := e.actionsIn(b.Actions)
	if b.Specifier.Kind() == "*" {
		r.formulas[otherKind], r.formulas[otherInProject] = actions, actions
		return r
	}
	set := e.Set(b.Specifier)
	r.formulas[set.kind] = e.and(actions, set.f)
	return r
}

// And returns the requests that are in both regions.
func (r Region) And(other Region) Region {
	return r.combine(other, r.proof.and(other.proof), func(a, b ref) ref { return r.e.and(a, b) })
}

// Minus returns the requests of r that are not in other.
func (r Region) Minus(other Region) Region {
	return r.combine(other, r.proof.and(other.proof.not()), r.e.minus)
}

// Or returns the requests that are in one of the regions.
func (r Region) Or(other Region) Region {
	return r.combine(other, r.proof.not().and(other.proof.not()).not(), func(a, b ref) ref { return r.e.or(a, b) })
}

func (r Region) combine(other Region, p proof, by func(a, b ref) ref) Region {
	result := r.e.newRegion(p)
	for _, kind := range kindsIn(r, other) {
		result.formulas[kind] = by(r.at(kind), other.at(kind))
	}
	return result
}

// Cells returns the parts of the region that have a request, by kind; and what could not be
// decided.
func (r Region) Cells() ([]Cell, []Question) {
	if !r.found.done {
		r.e.Refill()
		for _, kind := range kindsIn(r) {
			list, undecided := r.e.split(kind, r.at(kind), r.proof)
			r.found.list = append(r.found.list, list...)
			r.found.undecided = append(r.found.undecided, undecided...)
		}
		r.found.done = true
	}
	return r.found.list, r.found.undecided
}

// Empty answers whether no request is in the region.
func (r Region) Empty() Answer {
	_, a := r.Example()
	return a.not()
}

// Within answers whether every request of r is in other.
func (r Region) Within(other Region) Answer { return r.Minus(other).Empty() }

// Equal answers whether the regions have the same requests.
func (r Region) Equal(other Region) Answer {
	if a := r.Within(other); a != Yes {
		return a
	}
	return other.Within(r)
}

// Example returns a request of the region, if there is one. It has been put to the evaluator.
func (r Region) Example() (Example, Answer) {
	r.e.Refill()
	result := No
	for _, kind := range kindsIn(r) {
		x, a := r.e.example(kind, r.at(kind), r.proof, nil)
		if a == Yes {
			return x, Yes
		}
		if a == Undecided {
			result = Undecided
		}
	}
	return Example{}, result
}

// Example returns a request of the cell, if there is one, for the first of its actions. It has
// been put to the evaluator.
func (c Cell) Example() (Example, Answer) {
	if c.example != nil {
		return *c.example, Yes
	}
	c.Set.e.Refill()
	return c.Set.e.example(c.Kind, c.Set.f, c.proof, &c.Actions[0])
}

// Within returns the part of the cell that lies in the set, which is of the same kind.
func (c Cell) Within(s Set) Cell {
	c.Set, c.example = c.Set.And(s), nil
	return c
}

// Set returns the resources that a specifier matches. For role attributes see [Engine.Box].
func (e *Engine) Set(spec policy.Specifier) Set {
	entry := e.formulaOf(spec, scope{symbolic: true})
	return Set{e, entry.kind, entry.ref}
}

// Whole returns all resources of a kind.
func (e *Engine) Whole(kind string) Set { return Set{e, kind, yes} }

// Kind returns the type chain.
func (s Set) Kind() string { return s.kind }

// And returns the resources in both sets, which are of one kind.
func (s Set) And(other Set) Set { return Set{s.e, s.kind, s.e.and(s.f, other.f)} }

// Or returns the resources in one of the sets.
func (s Set) Or(other Set) Set { return Set{s.e, s.kind, s.e.or(s.f, other.f)} }

// Minus returns the resources of s that are not in other.
func (s Set) Minus(other Set) Set { return Set{s.e, s.kind, s.e.minus(s.f, other.f)} }

// Same reports whether the sets are equal at first sight. Not being so says nothing.
func (s Set) Same(other Set) bool { return s.f == other.f && s.kind == other.kind }

// Empty answers whether there is no resource in the set. It is asked often, so the budget is
// shared: it counts from the last [Engine.Refill].
func (s Set) Empty() Answer {
	solve := solver{Engine: s.e, typ: typeOf(s.kind)}
	return solve.solve(s.f).not()
}

// Within answers whether every resource of s is in other.
func (s Set) Within(other Set) Answer { return s.Minus(other).Empty() }

// Equal answers whether the sets have the same resources.
func (s Set) Equal(other Set) Answer {
	if s.Same(other) {
		return Yes
	}
	if a := s.Within(other); a != Yes {
		return a
	}
	return other.Within(s)
}

// Refill gives the questions about sets that follow a whole budget. Questions about regions have
// one each.
func (e *Engine) Refill() { e.steps = e.budget }

// mostFormulas is how many formulas, of a hundred bytes each, more or less, an engine should keep at most.
const mostFormulas = 200_000

// Full reports whether the engine has made so many formulas, all of which it keeps, that whoever asks about
// much should begin anew: see [Engine.Anew].
func (e *Engine) Full() bool { return len(e.nodes) > mostFormulas }

// Allow gives the questions from here on another budget.
func (e *Engine) Allow(budget Budget) { e.budget = budget.steps() }

func typeOf(kind string) string { return kind[strings.LastIndex(kind, ":")+1:] }
