package plan

import "errors"

// FormatError says that some bytes are not a plan file, or not one of this version.
type FormatError struct {
	Reason string
	Hint   string // what to do; may be empty
}

func (e *FormatError) Error() string { return "not a plan file: " + e.Reason }

// AlteredError says that a plan file is not as rolewright wrote it: something in it contradicts
// the rest. It must not be applied, whatever the cause is.
type AlteredError struct{ Reason string }

func (e *AlteredError) Error() string { return "the plan file was altered: " + e.Reason }

// StaleError says that a plan no longer fits: the account, the files or the time have moved on.
// The way out is always the same: plan again.
type StaleError struct{ Reason string }

func (e *StaleError) Error() string { return "the plan is stale: " + e.Reason }

// Why a plan may not be applied as it is.
var (
	// ErrIncomplete: planning did not come to its end.
	ErrIncomplete = errors.New("the plan is incomplete")
	// ErrOffline: the plan was made without an account.
	ErrOffline = errors.New("the plan compares the files with a commit of theirs, not with LaunchDarkly, so it cannot be applied; " +
		"plan again without --offline")
	// ErrBlocked: a guard refuses the plan; Plan.Blocks say which, and how to let it through.
	ErrBlocked = errors.New("the plan is blocked")
)
