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

// sifter tells mutants that change access from those that do not.
type sifter struct {
	engine *access.Engine
	sem    policy.Semantics
}

func newSifter(sem policy.Semantics, budget access.Budget) sifter {
	return sifter{access.New(sem, budget), sem}
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
	kept = s.apart(ctx, r, kept)
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
	Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/*"},
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

// mutantMarks is how many requests mutants are first told apart by.
const mutantMarks = 64

// apart leaves out each mutant that has the same access as one before it. Those that differ on one
// of a few requests, or on those that tell them from the role, need no proof of it.
func (s sifter) apart(ctx context.Context, r role.Role, all []sifted) []sifted {
	var requests []*Witness
	for _, m := range all {
		if m.differs != nil {
			requests = append(requests, m.differs)
		}
	}
	some := spread(requests, mutantMarks)
	seen := map[uint64][]marked{}
	var kept []sifted
	for _, m := range all {
		if ctx.Err() != nil {
			return nil
		}
		l := marked{m, answering{policy.NewEvaluator(bearer(m.Role(), true).Held, s.sem), policy.NewEvaluator(bearer(m.Role(), false).Held, s.sem)}}
		var key uint64
		for i, d := range some {
			if l.allows(d) {
				key |= 1 << i
			}
		}
		if !m.open && slices.ContainsFunc(seen[key], func(other marked) bool { return s.same(l, other) }) {
			continue
		}
		seen[key] = append(seen[key], l)
		kept = append(kept, m)
	}
	return kept
}

// answering puts requests to a mutant, beside a role that lets it view or alone.
type answering struct{ beside, alone *policy.Evaluator }

type marked struct {
	sifted
	answering
}

func (l answering) allows(d *Witness) bool {
	attributes := []map[string][]string{d.example.Attributes[""]}
	if d.NeedsView {
		return l.beside.Assigned(append(attributes, nil)).Allows(d.example.Request)
	}
	return l.alone.Assigned(attributes).Allows(d.example.Request)
}

// same reports whether it is proved that two mutants have the same access.
func (s sifter) same(a, b marked) bool {
	if a.open || b.open || a.allows(a.differs) != b.allows(a.differs) || a.allows(b.differs) != b.allows(b.differs) {
		return false
	}
	found, open := s.difference(a.Role(), b.Role())
	return found == nil && !open
}

// spread returns n elements of a list, from all over it, or all.
func spread[T any](list []T, n int) []T {
	if len(list) <= n {
		return list
	}
	some := make([]T, n)
	for i := range some {
		some[i] = list[i*len(list)/n]
	}
	return some
}
