package plan

import (
	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// WeighWithin weighs an update again, with so many steps for each question and description.
func WeighWithin(c Change, d role.Desired, steps int) Change {
	newWeigher(policy.DefaultSemantics(), access.Budget{Steps: steps}, map[string][]role.Desired{c.Key: {d}}).weigh(&c)
	return c
}

// Seal makes all sums of a plan anew, as somebody would who alters a plan file with care.
func Seal(p *Plan) { p.seal() }

// Redigest makes only the sum over the file anew.
func Redigest(p *Plan) { p.FileDigest = p.digest() }

// Unfinished returns a plan that could not be made, for the output of a run that failed: it is
// bound to what opts say, has no changes and is never applied. Why is not one of a plan's reasons.
func Unfinished(opts Options, why ExitReason) *Plan {
	p := newPlan(opts)
	p.Complete, p.ExitReason = false, why
	p.seal()
	return p
}

// RisksOfUndecided are the risks of a change of which nothing is known but what is not.
func RisksOfUndecided(q access.Question) []Risk {
	w := newWeigher(policy.DefaultSemantics(), access.Budget{}, nil)
	d := w.engine.Compare(access.Subject{}, access.Subject{})
	d.Undecided = append(d.Undecided, q)
	return w.risks(d).list()
}

// AtOnce is what weighs changes in batches.
var AtOnce = atOnce

// NewTeamChange and NewMemberChange make one write of a holder, NewChange and NewStep of a role.
var (
	NewTeamChange   = newTeamChange
	NewMemberChange = newMemberChange
	NewChange       = newChange
	NewStep         = newStep
	// UnionOf is what a role is between two steps, InWords what is said of a moment.
	UnionOf = unionOf
	InWords = inWords
)

// Sort puts changes and notes in their order.
func (p *Plan) Sort() { p.sort() }
