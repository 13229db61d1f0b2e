package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/role"
)

// A change may be made in two writes: the first gives what comes, the second takes away what goes, and
// others change in between. The second starts from what the first leaves.

// stepNames end the ids of steps, ofStep the reasons for them.
var (
	stepNames = []string{"", "/gives", "/takes"}
	ofStep    = []string{"", ": first what comes", ": then what goes"}
)

// Part returns which of two writes of a role, a team or a member the change is: 1 or 2; 0 if it is the
// only one.
func (c Change) Part() int {
	if c.Holder != nil {
		return c.Holder.Step
	}
	return c.Step
}

// subject is what the change is about.
func (c Change) subject() string { return c.Kind + "/" + c.Key }

// newStep makes the change of a role the first or the second of two; with 0 it stays what it is.
func newStep(c Change, step int) Change {
	c.Step = step
	c.ID += stepNames[step]
	c.Phase = phaseOf(c)
	return c
}

// roleInSteps returns the update of a role as two writes. Between them the role has the statements of
// both sides, and the wider base permissions. Whether that allows more than the two is not looked at:
// a deny of the one side binds the other.
func roleInSteps(c Change) []Change {
	mid := unionOf(c.Before.Role, *c.After)
	left := *c.Before
	left.Role = mid
	return []Change{
		newStep(newChange(Update, c.Before, &mid), 1),
		newStep(newChange(Update, &left, c.After), 2),
	}
}

// unionOf returns b with the statements of a that it lacks before its own.
func unionOf(a, b role.Role) role.Role {
	mid := b
	mid.Policy = nil
	for _, s := range slices.Concat(a.Policy, b.Policy) {
		if !slices.ContainsFunc(mid.Policy, func(t role.Statement) bool { return role.EqualStatement(s, t) }) {
			mid.Policy = append(mid.Policy, s)
		}
	}
	if a.BasePermissions == role.Reader {
		mid.BasePermissions = role.Reader
	}
	return mid
}

// leaves is the digest of what the account holds after the change.
func (c Change) leaves() string {
	if c.Holder != nil {
		return c.Holder.leaves()
	}
	left := *c.Before
	left.Role = *c.After
	return left.Digest()
}

// Wholes returns the changes as if each were one write, the two steps of one at the place of the first.
func (p *Plan) Wholes() []Change {
	var list []Change
	first := map[string]int{}
	for _, c := range p.Changes {
		subject := c.subject()
		if at, found := first[subject]; found && c.Part() == 2 {
			list[at] = whole(list[at], c)
			continue
		}
		if c.Part() == 1 {
			first[subject] = len(list)
		}
		list = append(list, c)
	}
	return list
}

// whole is the change that begins as a does and ends as b does.
func whole(a, b Change) Change {
	var c Change
	switch {
	case a.Holder == nil:
		c = newChange(Update, a.Before, b.After)
	case a.Holder.Member != nil:
		c = newMemberChange(a.Holder.Member.Before, b.Holder.Member.After, 0)
	default:
		c = newTeamChange(a.Holder.Team.Before, b.Holder.Team.After, 0)
	}
	c.Reason, c.Declared, c.Cause, c.AlsoOnBase = withoutStep(a.Reason), a.Declared, a.Cause, a.AlsoOnBase
	if a.Assigned == nil {
		c.Assigned = nil
	}
	return c
}

// brokenSteps returns what is wrong with the steps of changes: each second has its first, starts
// from what that leaves, and the two are those that the whole change is parted into.
func brokenSteps(changes []Change) string {
	first := map[string]Change{}
	for _, c := range changes {
		key := c.subject()
		a, begun := first[key]
		switch {
		case c.Part() == 0:
		case c.Part() == 1:
			first[key] = c
		case !begun || a.leaves() != c.BeforeDigest:
			return "change " + quoted(c.ID) + " does not start from what the first step leaves"
		case !stepsOf(a, c):
			return "change " + quoted(c.ID) + ": the two steps are not those of one change"
		default:
			delete(first, key)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(first)) {
		return "change " + quoted(first[id].ID) + " has no second step"
	}
	return ""
}

// stepsOf reports whether the two changes are the steps of one.
func stepsOf(a, b Change) bool {
	steps := split(whole(a, b))
	return len(steps) == 2 && steps[0].AfterDigest == a.AfterDigest && steps[1].AfterDigest == b.AfterDigest
}

// split returns an update as two writes, or nil where there is nothing between the ends.
func split(c Change) []Change {
	if c.Holder == nil {
		return roleInSteps(c)
	}
	before, after := c.Holder.grants()
	if c.Phase != PhaseReassign || before.base != "" || after.base != "" {
		return nil
	}
	return halves(c, before.hull(after))
}

// mayBeFirst reports whether the change may be applied before those that give.
func (c Change) mayBeFirst() bool { return c.Action == Update && c.Part() == 0 }

// withoutStep takes out of a reason what is said of a step.
func withoutStep(reason string) string {
	for _, said := range append(ofStep[1:], ofFirst) {
		reason = strings.TrimSuffix(reason, said)
	}
	return reason
}
