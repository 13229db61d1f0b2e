package journal

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// Last is the last run that a journal tells of.
type Last struct {
	Time     string // at which it began
	PlanHash string
	Target   plan.Target
	// Finished is set if the run came to its end, whatever that was.
	Finished bool
	// InFlight are the changes that were sent and never answered, Unjudged those whose answer was not
	// looked into to the end. Both are in the order in which they were first sent.
	InFlight, Unjudged []string
}

// Last returns the last run, or nil for a journal without one.
func (j *Journal) Last() *Last {
	begun := -1
	for i, l := range j.Lines {
		if l.Kind == apply.Begun {
			begun = i
		}
	}
	if begun < 0 {
		return nil
	}
	first := j.Lines[begun]
	last := &Last{Time: first.Time, PlanHash: first.PlanHash, Target: *first.Target}
	var order []string
	state := map[string]apply.EventKind{}
	for _, l := range j.Lines[begun+1:] {
		if l.Kind == apply.Finished {
			last.Finished = true
			continue
		}
		if _, known := state[l.ID]; !known {
			order = append(order, l.ID)
		}
		state[l.ID] = l.Kind
	}
	with := func(kind apply.EventKind) []string {
		return slices.DeleteFunc(slices.Clone(order), func(id string) bool { return state[id] != kind })
	}
	last.InFlight, last.Unjudged = with(apply.Sending), with(apply.Replied)
	return last
}

// Story says what a run that did not finish left open, or "".
func (l *Last) Story() string {
	if l == nil || l.Finished {
		return ""
	}
	story := fmt.Sprintf("an earlier run, begun at %s with plan %s, was cut off", l.Time, l.PlanHash)
	switch {
	case len(l.InFlight) > 0:
		story += " with this in flight, made or not: " + strings.Join(l.InFlight, ", ")
	case len(l.Unjudged) == 0:
		return story + " with nothing in flight"
	}
	if len(l.Unjudged) > 0 {
		story += "; answered, and not looked into to the end: " + strings.Join(l.Unjudged, ", ")
	}
	return story + "; a plan shows what is left to do"
}
