package main

import (
	"errors"
	"fmt"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// failure is an error that knows how the run ends and what the user can do about it.
type failure struct {
	reason plan.ExitReason
	err    error
	hints  []string
	// findings are what is wrong with the files, if that is what ended the run.
	findings []diag.Finding
	// shown is true if the output already says it, so that only the exit code is left.
	shown bool
	// detailed makes a plan with changes end in 2.
	detailed bool
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// usage is a failure of the command line.
func usage(hint, format string, args ...any) error {
	f := &failure{reason: reconcile.ReasonUsage, err: fmt.Errorf(format, args...)}
	if hint != "" {
		f.hints = []string{hint}
	}
	return f
}

// outcome ends a run whose output is already printed: nil for a plain success.
func outcome(reason plan.ExitReason, detailed bool) error {
	if reconcile.ExitCode(reason, detailed) == reconcile.ExitOK {
		return nil
	}
	return &failure{reason: reason, err: errors.New(string(reason)), shown: true, detailed: detailed}
}

// exitCode returns the process's exit code for what a command returned.
func exitCode(err error) int {
	if err == nil {
		return reconcile.ExitOK
	}
	f := asFailure(err)
	return reconcile.ExitCode(f.reason, f.detailed)
}

// asFailure returns err as a failure; one that says nothing of itself is an account's or, where it
// comes from cobra, the command line's.
func asFailure(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	return &failure{reason: reconcile.ReasonUsage, err: err}
}

// hinter is an error that knows what to do about itself.
type hinter interface{ Hint() string }

// hinted is a failure with the hint that its error knows.
func hinted(reason plan.ExitReason, err error) *failure {
	f := &failure{reason: reason, err: err}
	var h hinter
	if errors.As(err, &h) && h.Hint() != "" {
		f.hints = []string{h.Hint()}
	}
	return f
}

// accountFailure classifies an error of reading or writing an account.
func accountFailure(err error) *failure { return hinted(reconcile.Reason(err), err) }
