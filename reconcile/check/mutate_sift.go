package check

import (
	"context"
	"slices"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A Witness is a request on which a mutant and its role disagree.
type Witness struct {
	// Request is written as in a test: "updateOn on proj/web:env/production:flag/checkout".
	Request string `json:"request"`
	// Gained says that the mutant allows it and the role does not; otherwise it is the other way
	// around.
	Gained bool `json:"gained"`
	// RoleAttributes are those with which it is so.
	RoleAttributes map[string][]string `json:"roleAttributes,omitempty"`
	// NeedsView says that it is so only for somebody whom another role lets view the project.
	NeedsView bool `json:"needsView,omitempty"`

	example access.Example
}

// sifted is a mutant with what the engine found out about it.
type sifted struct {
	Mutant
	// differs is nil where no difference was found, and is then a proof of that only if not open.
	differs *Witness
	open    bool
}

// sifter tells the mutants of one role that change access from those that do not.
type sifter struct {
	engine *access.Engine
	sem    policy.Semantics
	before map[string]grant // of the role, by its role attributes
}

func newSifter(sem policy.Semantics, budget access.Budget) sifter {
	return sifter{access.New(sem, budget), sem, map[string]grant{}}
}

// sift returns the mutants that differ from the role, or may, each access once; and how many have
// the same access as the role, and as a mutant before them. It stops where the context ends.
func (s sifter) sift(ctx context.Context, r role.Role, mutants []Mutant) (kept []sifted, equal, twins int) {
	for _, m := range mutants {
		if ctx.Err() != nil {
			return nil, 0, 0
		}
		one := sifted{Mutant: m}
		one.differs, one.open = s.difference(r, m.Role())
		if one.differs == nil && !one.open {
			equal++
			continue
		}
		kept = append(kept, one)
	}
	before := len(kept)
	kept = s.apart(ctx, kept)
	return kept, equal, before - len(kept)
}

// difference compares two roles for all role attributes: held alone, and beside a role that lets
// every project be viewed. Whatever else somebody holds, as roles add up, a difference is in one of
// the two.
func (s sifter) difference(before, after role.Role) (found *Witness, open bool) {
	for _, beside := range []bool{false, true} {
		d := s.engine.Compare(bearer(before, beside), bearer(after, beside))
		if found := witnessOf(d, beside); found != nil {
			return found, false
		}
		open = open || len(d.Undecided) > 0
	}
	return nil, open
}

// bearer is somebody who holds a role, with any role attributes; beside it, if asked for, one that
// lets every project be viewed.
func bearer(r role.Role, beside bool) access.Subject {
	s := access.Subject{Symbolic: true, Held: []policy.Held{{Role: r}}}
	if beside {
		s.Held = append(s.Held, policy.Held{Role: viewsAll})
	}
	return s
}

var viewsAll = role.Role{BasePermissions: role.NoAccess, Policy: []role.Statement{{
	Effect: role.Allow, Actions: []string{viewProject}, Resources: []string{"proj/*"},
}}}

// witnessOf returns a request of the difference, if any: one that a test can name rather than one with
// an action that does not exist yet.
func witnessOf(d access.Difference, beside bool) *Witness {
	var found *Witness
	for i, region := range []access.Region{d.Lost, d.Gained} {
		cells, _ := region.Cells()
		for _, c := range cells {
			x, answer := c.Example()
			if answer != access.Yes || found != nil && !c.Actions[0].Known {
				continue
			}
			found = &Witness{Request: x.Request.String(), Gained: i == 1, RoleAttributes: x.Attributes[""], NeedsView: beside, example: x}
			if c.Actions[0].Known {
				return found
			}
		}
	}
	return found
}

// apart leaves out each mutant that has the same access as one before it. What the requests that tell
// mutants from their role tell apart needs no proof.
func (s sifter) apart(ctx context.Context, all []sifted) (kept []sifted) {
	groups := s.grouped(ctx, all)
	for i, m := range all {
		if ctx.Err() != nil {
			return nil
		}
		g := groups[i]
		if g == nil || !slices.ContainsFunc(g.kept, func(before sifted) bool { return s.same(before, m) }) {
			kept = append(kept, m)
			if g != nil {
				g.kept = append(g.kept, m)
			}
		}
	}
	return kept
}

// group is mutants that agree on all requests that tell one of them from the role.
type group struct {
	members []int
	kept    []sifted
}

// grouped returns the group of each mutant, nil for one of which nothing is known.
func (s sifter) grouped(ctx context.Context, all []sifted) []*group {
	groups, together := make([]*group, len(all)), &group{}
	answers := make([]*answering, len(all))
	for i, m := range all {
		if m.differs != nil {
			groups[i], answers[i] = together, &answering{of: m.Mutant, sem: s.sem}
			together.members = append(together.members, i)
		}
	}
	for i, m := range all {
		if groups[i] == nil || len(groups[i].members) == 1 || ctx.Err() != nil {
			continue
		}
		split := [2]*group{{}, {}}
		for _, j := range groups[i].members {
			side := split[0]
			if answers[j].allows(m.differs) == m.differs.Gained {
				side = split[1]
			}
			side.members, groups[j] = append(side.members, j), side
		}
	}
	return groups
}

// answering puts requests to a mutant, alone or beside a role that lets it view. It reads the mutant
// when it is first asked.
type answering struct {
	of         Mutant
	sem        policy.Semantics
	evaluators [2]*policy.Evaluator
	changed    *policy.Evaluator // allows what the statement speaks of, before and after
}

// allows reports whether the mutant allows a request on which the role differs from another mutant.
func (a *answering) allows(d *Witness) bool {
	if !a.speaksOf(d) {
		return !d.Gained // as the role does
	}
	which := 0
	if d.NeedsView {
		which = 1
	}
	if a.evaluators[which] == nil {
		a.evaluators[which] = policy.NewEvaluator(bearer(a.of.Role(), d.NeedsView).Held, a.sem)
	}
	both := []map[string][]string{d.RoleAttributes, nil}
	return permits(a.evaluators[which], d.example.Request, both[:which+1]...)
}

// speaksOf reports whether the statement that was changed has a part in the answer. It is a quick way
// to a no, as one statement of many rarely has.
func (a *answering) speaksOf(d *Witness) bool {
	if a.of.Statement < 0 {
		return true
	}
	if a.changed == nil {
		before, after := a.of.of.Policy[a.of.Statement], a.of.statement
		before.Effect, after.Effect = role.Allow, role.Allow
		sem := a.sem
		sem.ViewPrecondition = false
		a.changed = policy.NewEvaluator([]policy.Held{{Role: role.Role{Policy: []role.Statement{before, after}}}}, sem)
	}
	view := policy.Request{Action: viewProject, Resource: d.example.Request.Resource[:1]}
	return permits(a.changed, d.example.Request, d.RoleAttributes) || permits(a.changed, view, d.RoleAttributes)
}

// permits puts a request to an evaluator, whose roles are held with those role attributes.
func permits(e *policy.Evaluator, request policy.Request, attributes ...map[string][]string) bool {
	if len(attributes[0]) > 0 {
		e = e.Assigned(attributes)
	}
	return e.Allows(request)
}

// same reports whether it is proved that two mutants have the same access.
func (s sifter) same(a, b sifted) bool {
	found, open := s.difference(a.Role(), b.Role())
	return found == nil && !open
}
