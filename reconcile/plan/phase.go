package plan

import (
	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/role"
)

// direction is which way access may move, as a set: neither, wider, narrower, or both.
type direction uint8

const (
	wider direction = 1 << iota
	narrower

	neither direction = 0
	unsure            = wider | narrower
)

// reverse swaps wider and narrower.
func (d direction) reverse() direction { return d>>1&wider | d<<1&narrower }

// phaseOf returns the phase in which a change is applied. For an update it follows from what the
// change does to access where that is known, and from what it does to the text where nobody asked.
// Text can grant and take away at once and come to the same, or to less than it seems to: its
// answer is right too, but says mixed more often.
//
// A change that moves no access can come neither too early nor too late. It goes with those that
// widen, so that it is made even if a later phase is not reached.
func phaseOf(c Change) Phase {
	if c.Holder != nil {
		return phaseOfHolder(c)
	}
	switch {
	case c.Step == 1:
		return PhaseWiden
	case c.Step == 2:
		return PhaseNarrow
	}
	switch c.Action {
	case Create, Replace:
		return PhaseCreate
	case Delete:
		return PhaseDelete
	}
	way := movement(c.Fields, c.Statements)
	if c.Access != nil {
		way = verdictMovement(c.Access.Verdict)
	}
	switch way {
	case unsure:
		return PhaseMixed
	case narrower:
		return PhaseNarrow
	}
	return PhaseWiden
}

func verdictMovement(v access.Verdict) direction {
	switch v {
	case access.None:
		return neither
	case access.Gains:
		return wider
	case access.Loses:
		return narrower
	}
	return unsure
}

// movement looks at the statements and not at what they come to: wider and narrower say that
// access can move only that way, whatever the rest of the policy is, and unsure says everything
// else.
//
// That this is sound rests on four facts of LaunchDarkly's policy language: an element more in
// actions or resources makes a statement match more, an element more in notActions or notResources
// less; a matching allow only ever grants; and a matching deny only ever refuses.
func movement(fields []FieldChange, d StatementDiff) direction {
	way := neither
	for _, f := range fields {
		way |= fieldMovement(f)
	}
	for _, s := range d.Added {
		way |= grants(s.Statement.Effect)
	}
	for _, s := range d.Removed {
		way |= grants(s.Statement.Effect).reverse()
	}
	for _, c := range d.Changed {
		way |= editMovement(c)
	}
	return way
}

func fieldMovement(f FieldChange) direction {
	switch {
	case f.Field == "name" || f.Field == "description":
		return neither
	case f.Before == role.NoAccess && f.After == role.Reader:
		return wider
	case f.Before == role.Reader && f.After == role.NoAccess:
		return narrower
	}
	return unsure
}

// grants returns which way access moves when a statement is added, or matches more.
func grants(e role.Effect) direction {
	switch e {
	case role.Allow:
		return wider
	case role.Deny:
		return narrower
	}
	return unsure
}

func editMovement(c StatementChange) direction {
	before, after := c.Before.Statement, c.After.Statement
	if before.Effect != after.Effect {
		return grants(before.Effect).reverse() | grants(after.Effect) // one removed, one added
	}
	form := formOf(before)
	if form == malformed || form != formOf(after) {
		return unsure
	}
	way := neither
	for _, l := range c.Lists {
		way |= listMovement(l, grants(after.Effect))
	}
	return way
}

// listMovement returns which way an edit of one list moves access, if matching more moves it
// matchMore.
func listMovement(l ListChange, matchMore direction) direction {
	if l.Name == "notActions" || l.Name == "notResources" {
		matchMore = matchMore.reverse()
	}
	way := neither
	if len(l.Added) > 0 {
		way |= matchMore
	}
	if len(l.Removed) > 0 {
		way |= matchMore.reverse()
	}
	return way
}

// form is which lists a statement uses: what an element more means depends on it.
type form struct{ notActions, notResources, wellFormed bool }

var malformed = form{}

func formOf(s role.Statement) form {
	notActions, notResources := len(s.NotActions) > 0, len(s.NotResources) > 0
	if (len(s.Actions) > 0) == notActions || (len(s.Resources) > 0) == notResources {
		return malformed
	}
	return form{notActions, notResources, true}
}
