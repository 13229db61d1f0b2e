package apply

import (
	"context"
	"errors"
	"fmt"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// What to do next. A plan never outlives a run that wrote something, so each way on begins with a
// new one.
const (
	hintStale       = "nothing was written by this run; run plan again and review what it shows"
	hintTimeout     = "run again: a new plan shows what is left; --timeout sets the limit"
	hintReplan      = "run plan again: it shows what is left to do"
	hintAuth        = "check that the token is valid and that its role may create, update and delete roles, then run plan again"
	hintLimited     = "the account allows no more requests now; wait a minute, then run plan again: it shows what is left to do"
	hintUnsettled   = "the account may hold the change or not; run plan again: it shows which"
	hintNoPlan      = "make the plan again"
	hintInUse       = "take the role from whoever holds it, members, teams and access tokens, then run plan again"
	hintNameOrLag   = "another role may have this name; run plan again: it shows what is left to do"
	hintNotVisible  = "the account may show changes late; run plan again in a minute: it is empty if all is well"
	hintReadOnly    = "this is a mistake in rolewright: it applied through a client that may only read"
	hintJournal     = "make room for the journal or leave it out, then run plan again: it shows what is left to do"
	hintInternalBug = "this is a mistake in rolewright; run plan again: it shows what is left to do"
)

// outcomes returns the outcomes of a run that has not begun.
func outcomes(p *plan.Plan) []Outcome {
	all := make([]Outcome, len(p.Changes))
	for i, c := range p.Changes {
		all[i] = Outcome{ID: c.ID, Action: c.Action, Kind: c.Kind, Key: c.Key, Status: NotAttempted}
	}
	return all
}

// result sums up a run that has ended.
func (r *run) result() *Result {
	res := &Result{
		FormatVersion: FormatVersion,
		Tool:          r.opts.Tool,
		Complete:      r.stop == nil,
		Target:        r.plan.Target,
		PlanHash:      r.plan.PlanHash,
		Changes:       r.outcomes,
		Verified:      r.verified,
		Summary:       summarize(r.outcomes),
	}
	if res.Tool == "" {
		res.Tool = r.plan.Tool
	}
	res.ExitReason = r.exitReason()
	if r.stop != nil {
		res.Error, res.Hint = r.stop.message, r.stop.hint
	}
	return res
}

// summarize counts outcomes by status.
func summarize(all []Outcome) Summary {
	var s Summary
	count := map[Status]*int{Applied: &s.Applied, Failed: &s.Failed, Unknown: &s.Unknown, NotAttempted: &s.NotAttempted}
	for _, o := range all {
		*count[o.Status]++
	}
	return s
}

// exitReason says in one word how the run ended. Where the account may hold something new, a run
// that stopped is partly applied: the other reasons promise that nothing was changed.
func (r *run) exitReason() plan.ExitReason {
	switch {
	case r.stop == nil && len(r.outcomes) == 0:
		return plan.NoChanges
	case r.stop == nil:
		return ReasonApplied
	case r.wrote && r.stop.reason != ReasonInterrupted:
		return ReasonPartial
	}
	return r.stop.reason
}

// cutShort is the stop of a run whose context has ended: somebody interrupted it, or its time was
// over.
func cutShort(ctx context.Context) *stop {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(cause, context.DeadlineExceeded):
		return &stop{ReasonFailed, "the time limit is over", hintTimeout}
	case errors.Is(cause, context.Canceled):
		return &stop{ReasonInterrupted, "interrupted", hintReplan}
	}
	return &stop{ReasonInterrupted, "interrupted: " + cause.Error(), hintReplan}
}

// failure is the stop that an account's error brings about.
func failure(message string, err error) *stop {
	why := &stop{ReasonFailed, fmt.Sprintf("%s: %v", message, err), hintReplan}
	switch {
	case errors.Is(err, role.ErrDenied):
		why.reason, why.hint = ReasonAuth, hintAuth
	case errors.Is(err, role.ErrLimited):
		why.hint = hintLimited
	case errors.Is(err, role.ErrReadOnly):
		why.hint = hintReadOnly
	}
	return why
}
