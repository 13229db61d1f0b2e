package people

import (
	"slices"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A Census says who may do something, in one state of an account after another. What it has found
// out about policies it keeps, so that a state costs little more than to read it.
type Census struct {
	questions []*question // one for each box
}

// NewCensus returns a census of who may do everything that the boxes hold. The accounts are some of
// the states that will be asked about: no other may speak of kinds of resources that none of these
// speaks of.
func NewCensus(boxes []access.Box, o Options, accounts ...Account) *Census {
	all := Account{}
	holders := 0
	for _, a := range accounts {
		all.Roles = slices.Concat(all.Roles, a.Roles)
		holders = max(holders, len(a.Members))
	}
	c := &Census{}
	for _, box := range boxes {
		c.questions = append(c.questions, newQuestion(all, box, o, holders))
	}
	return c
}

// Standing is how somebody stands to what a census asks about.
type Standing struct {
	Email string
	// Answer is [access.SaysYes] for everything, SaysPartly for something, SaysNo or SaysUndecided.
	Answer string
}

// Count returns how each member stands who has accepted the invitation, in the order of the account.
func (c *Census) Count(a Account) []Standing {
	for _, q := range c.questions {
		q.directory = newDirectory(a, q.table)
	}
	var list []Standing
	for _, m := range a.Members {
		if !m.Pending {
			list = append(list, Standing{m.Email, c.standing(m)})
		}
	}
	return list
}

// standing is the answer to all boxes together.
func (c *Census) standing(m role.LiveMember) string {
	var yes, no bool
	for _, q := range c.questions {
		switch q.brief(Answer{}, q.holding(q.paths(m))).Answer {
		case access.SaysYes:
			yes = true
		case access.SaysNo:
			no = true
		case access.SaysPartly:
			yes, no = true, true
		default:
			return access.SaysUndecided
		}
	}
	switch {
	case yes && no:
		return access.SaysPartly
	case yes:
		return access.SaysYes
	}
	return access.SaysNo
}
