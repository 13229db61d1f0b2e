package reconcile

import (
	"context"
	"errors"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Ways in which a run ends before there is a plan or a result.
const (
	ReasonInvalid  plan.ExitReason = "invalid"  // the files have errors
	ReasonUsage    plan.ExitReason = "usage"    // the command line makes no sense
	ReasonNetwork  plan.ExitReason = "network"  // the account could not be read
	ReasonRefused  plan.ExitReason = "refused"  // the event that started the run may not write
	ReasonRisk     plan.ExitReason = "risk"     // the plan has changes of high risk, and the caller asked to fail then
	ReasonInternal plan.ExitReason = "internal" // a bug
	ReasonOK       plan.ExitReason = "ok"       // done, for a command that neither plans nor applies
)

// Exit codes, as the design's section 4 lists them.
const (
	ExitOK          = 0
	ExitError       = 1
	ExitChanges     = 2
	ExitBlocked     = 3
	ExitStale       = 4
	ExitPartial     = 5
	ExitInterrupted = 130
)

// ExitCode returns the process's exit code for a reason. With detailed, a plan that has changes
// is 2 (--detailed-exitcode), otherwise 0.
func ExitCode(reason plan.ExitReason, detailed bool) int {
	switch reason {
	case ReasonOK, plan.NoChanges, apply.ReasonApplied:
		return ExitOK
	case plan.Changes:
		if detailed {
			return ExitChanges
		}
		return ExitOK
	case plan.Blocked, ReasonRefused, ReasonRisk:
		return ExitBlocked
	case apply.ReasonStale:
		return ExitStale
	case apply.ReasonPartial:
		return ExitPartial
	case apply.ReasonInterrupted:
		return ExitInterrupted
	}
	return ExitError
}

// Reason classifies an error that stopped a run before it had a plan or a result of its own.
func Reason(err error) plan.ExitReason {
	var stale *plan.StaleError
	var altered *plan.AlteredError
	switch {
	case errors.As(err, &stale), errors.As(err, &altered):
		return apply.ReasonStale
	case errors.Is(err, context.Canceled):
		return apply.ReasonInterrupted
	case errors.Is(err, role.ErrDenied):
		return apply.ReasonAuth
	}
	return ReasonNetwork
}
