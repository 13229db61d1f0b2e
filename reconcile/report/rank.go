package report

// What a reviewer must not miss comes first, and is the last to go where there is little room.

import (
	"cmp"
	"slices"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// rank orders changes by how much they ask for a look.
type rank int

const (
	stuck     rank = iota // an apply failed at it, or cannot tell
	highRisk              // its plan says so
	deletion              // the role goes
	gaining               // access is gained, and none lost
	mixed                 // both
	undecided             // what it does is not known, or was not asked
	losing
	neutralRank
)

// weight says how long a change is drawn as the room gets less.
type weight int

const (
	dangerous weight = iota // never left out without a word
	notable
	low
)

// entry is one row of a page: a change, and what became of it.
type entry struct {
	change  *plan.Change
	whole   *plan.Change   // the same with nothing elided
	outcome *apply.Outcome // nil in a plan
	rank    rank
	weight  weight
}

func newEntry(c *plan.Change, out *apply.Outcome) entry {
	e := entry{change: c, whole: c, outcome: out, rank: rankOf(c)}
	if out != nil && (out.Status == apply.Failed || out.Status == apply.Unknown) {
		e.rank = stuck
	}
	switch {
	case e.rank <= deletion:
		e.weight = dangerous
	case len(c.Risk) > 0 || e.rank == undecided:
		e.weight = notable
	default:
		e.weight = low
	}
	return e
}

func isHigh(r plan.Risk) bool { return r.Level == plan.High }

func rankOf(c *plan.Change) rank {
	switch {
	case slices.ContainsFunc(c.Risk, isHigh):
		return highRisk
	case c.Action == plan.Delete:
		return deletion
	case c.Holder != nil:
		return holderRank(c)
	case c.Access == nil:
		return undecided
	}
	switch c.Access.Verdict {
	case access.Gains:
		return gaining
	case access.Both:
		return mixed
	case access.Loses:
		return losing
	case access.None:
		return neutralRank
	}
	return undecided
}

// foreign reports whether a change is known not to come from the pull request.
func (e entry) foreign() bool { return e.change.Cause != "" && e.change.Cause != plan.ThisChange }

// sortEntries puts the most dangerous first; among equals what the pull request itself does, and
// then the order in which they are applied. Without a plan nothing is known of dangers, and only
// what an apply failed at comes before the others.
func sortEntries(entries []entry, bare bool) {
	slices.SortStableFunc(entries, func(a, b entry) int {
		if bare {
			return cmp.Compare(min(a.rank, highRisk), min(b.rank, highRisk))
		}
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(btoi(a.foreign()), btoi(b.foreign())))
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// some returns the entries that hold.
func some(entries []entry, holds func(entry) bool) []entry {
	var out []entry
	for _, e := range entries {
		if holds(e) {
			out = append(out, e)
		}
	}
	return out
}
