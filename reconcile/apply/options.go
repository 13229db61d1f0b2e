package apply

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/rolewright/rolewright/reconcile/plan"
)

// Options are what Run is told besides the plan. Only Sleep is required.
type Options struct {
	// Tool is the program and its version, for the result; "" takes the plan's.
	Tool string
	// Parallelism is how many changes of one phase are under way at a time; 0 means 4.
	Parallelism int
	// Comment lands in the account's audit log with each update; cut to 500 characters.
	Comment string
	// Progress is called as each change ends, one call at a time, with how many have ended and
	// how many there are. Changes that were not attempted are not reported. It must not block.
	Progress func(o Outcome, done, total int)
	// Observe is told of each step, one call at a time; nil is nobody. What it cannot take down is not
	// done: after an error for [Begun] or [Sending] nothing is sent and the run ends. Errors for what
	// has happened already are the observer's to tell.
	Observe func(Event) error
	// Limited reports whether the account has answered 429 (too many requests) in this run: from
	// then on changes go one at a time.
	Limited func() bool
	// Left returns what planning anew on this state of the account would still change; the run ends
	// well only if there is nothing. Nil looks at what the plan changes alone.
	Left func(live plan.Actual) []plan.Change
	// Sleep waits for d, or until ctx ends; then it returns ctx's error.
	Sleep func(ctx context.Context, d time.Duration) error
	// Grace is how long the requests in flight may go on after an interrupt; 0 means 5 s, which
	// fits into the 7.5 s that GitHub leaves between its two signals.
	Grace time.Duration
}

const (
	defaultParallelism = 4
	defaultGrace       = 5 * time.Second
	maxComment         = 500 // characters
)

// maxSends is how often one change may be sent in all.
const maxSends = 3

// The waits before each look at what became of a write, since LaunchDarkly may show one late:
// 7.5 s in all for one role, 8 s for the listing at the end.
var (
	settleWaits = []time.Duration{0, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second}
	proofWaits  = []time.Duration{0, 500 * time.Millisecond, time.Second, 2 * time.Second, 4500 * time.Millisecond}
)

// withDefaults fills in what the caller left out. A missing Sleep is a mistake in the program and
// is found at once, not in the rare run that has to wait.
func (o Options) withDefaults() Options {
	if o.Sleep == nil {
		panic("apply: Options.Sleep is required")
	}
	if o.Parallelism < 1 {
		o.Parallelism = defaultParallelism
	}
	if o.Grace <= 0 {
		o.Grace = defaultGrace
	}
	if o.Limited == nil {
		o.Limited = func() bool { return false }
	}
	if o.Left == nil {
		o.Left = func(plan.Actual) []plan.Change { return nil }
	}
	if o.Observe == nil {
		o.Observe = func(Event) error { return nil }
	}
	if o.Progress == nil {
		o.Progress = func(Outcome, int, int) {}
	}
	o.Comment = cut(o.Comment, maxComment)
	return o
}

// cut shortens s to at most n characters, and shows that it did.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
