package launchdarkly

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/rolewright/rolewright/reconcile/role"
)

// brake is what all calls of a client know of the account's limits. LaunchDarkly counts the requests of
// an account and not those of a call: whoever was answered 429, nobody asks again before the account
// wants to be asked.
type brake struct {
	mu sync.Mutex
	// until is the end of the longest demand, on the clock of [Options.Elapsed], and said the answer
	// that it came with; nil as long as there was none.
	until time.Duration
	said  *APIError
}

// hold takes down what a 429 asks for: a second, where it does not say.
func (b *brake) hold(e *APIError, now time.Duration) {
	wait := limitedWait
	if !e.RetryAt.IsZero() {
		wait = max(e.wait, minWait)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.said == nil || now+wait > b.until {
		b.until, b.said = now+wait, e
	}
}

// demand returns the longest demand so far.
func (b *brake) demand() (until time.Duration, said *APIError) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.until, b.said
}

// limited reports whether there has ever been a demand.
func (b *brake) limited() bool {
	_, said := b.demand()
	return said != nil
}

// heldError is why a request is not sent: the account has asked for a longer wait than we wait.
type heldError struct{ said *APIError }

func (e *heldError) Error() string { return "the account allows no requests now: " + e.said.reason() }

func (e *heldError) Unwrap() error { return e.said }

// ready waits until the call may be sent: until its own back-off is over and, once the account has said
// 429, until the account wants to be asked. From then on the call takes the turn first and keeps it to
// its end, so that no other call of this client runs into the same wall meanwhile. A wait ends with an
// interrupt, since nothing is under way then.
func (a *call) ready() error {
	if a.Limited() {
		if err := a.enter(); err != nil {
			return err
		}
	}
	for waited := time.Duration(0); ; {
		until, said := a.brake.demand()
		left := until - a.elapsed()
		if said != nil && left > maxWait {
			return a.fail(role.ErrNotSent, &heldError{said})
		}
		until = max(until, a.until)
		wait := until - max(waited, a.elapsed())
		if wait <= 0 {
			return nil
		}
		cause := a.why
		if cause == "" && said != nil {
			cause = said.reason() // another call was told
		}
		if err := a.pauseFor(role.Interrupt(a.ctx), wait, a.method, strings.TrimPrefix(a.url, a.base), cause); err != nil {
			return err
		}
		waited = until // a later demand may have come meanwhile
	}
}

// limits takes down what an answer says of limits.
func (a *call) limits(e *APIError, h http.Header) {
	if e.Status != http.StatusTooManyRequests && e.Status != http.StatusServiceUnavailable {
		return
	}
	if wait, at, ok := demand(h, a.now()); ok {
		e.wait, e.RetryAt = wait, at
	}
	if e.Status == http.StatusTooManyRequests {
		a.brake.hold(e, a.elapsed())
	}
}
