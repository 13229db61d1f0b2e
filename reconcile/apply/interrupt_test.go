package apply_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// TestInterruptAtEveryCall interrupts just before and just after each request takes effect: that
// request ends, no other is begun, and what was written is reported.
func TestInterruptAtEveryCall(t *testing.T) {
	s := mixed()
	clean := newAccount(s.actual...)
	play(t, clean, s.plan(), apply.Options{Parallelism: 1})
	for n := range clean.calls {
		for _, what := range []trouble{cancelFirst, cancelAfter} {
			a := newAccount(s.actual...)
			a.happens[n] = what
			p := s.plan()
			res, _ := play(t, a, p, apply.Options{Parallelism: 1})
			checkResult(t, p, res)
			if !slices.Equal(a.calls, clean.calls[:n+1]) {
				t.Errorf("interrupted at call %d, made %q", n, a.calls)
			}
			if res.Summary.Applied != len(a.writes()) || res.Summary.Applied+res.Summary.NotAttempted != len(p.Changes) {
				t.Errorf("interrupted at call %d: %+v after %d writes", n, res.Summary, len(a.writes()))
			}
			proved := n == len(clean.calls)-1 && what == cancelAfter
			if (res.ExitReason == apply.ReasonInterrupted) == proved {
				t.Errorf("interrupted at call %d: %s", n, res.ExitReason)
			}
		}
	}
}

// TestInterruptWhileUnderWay interrupts one second into a request that does not end by itself.
func TestInterruptWhileUnderWay(t *testing.T) {
	tests := []struct {
		name    string
		scene   scene
		happens map[int]trouble
		setup   func(*account)
		grace   time.Duration
		took    time.Duration
		status  apply.Status
		says    string
	}{
		{name: "list", scene: creating(), happens: map[int]trouble{0: hang}, took: time.Second, status: apply.NotAttempted},
		{name: "read before a write", scene: updating(), happens: map[int]trouble{1: hang}, took: time.Second, status: apply.NotAttempted},
		{name: "write", scene: creating(), happens: map[int]trouble{1: hang}, took: 6 * time.Second, status: apply.Unknown, says: "outcome is not known"},
		{name: "write, short grace", scene: creating(), happens: map[int]trouble{1: hang}, grace: 2 * time.Second, took: 3 * time.Second, status: apply.Unknown, says: "outcome is not known"},
		{name: "write that ends", scene: creating(), setup: func(a *account) { a.delay = 900 * time.Millisecond }, took: 1800 * time.Millisecond, status: apply.Applied},
		{name: "reading back", scene: creating(), happens: map[int]trouble{1: lostBefore}, took: 6 * time.Second, status: apply.Unknown, says: "stopped before it was sent again"},
		{name: "reading back in time", scene: creating(), happens: map[int]trouble{1: late}, took: 3500 * time.Millisecond, status: apply.Applied},
		{name: "proof", scene: creating(), happens: map[int]trouble{2: hang}, took: time.Second, status: apply.Applied},
		{name: "proof, seen late", scene: creating(), setup: func(a *account) { a.lag = time.Minute }, took: time.Second, status: apply.Applied},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAccount(tt.scene.actual...)
			if tt.setup != nil {
				tt.setup(a)
			}
			for n, what := range tt.happens {
				a.happens[n] = what
			}
			a.meanwhile[0] = func(a *account) { time.AfterFunc(time.Second, a.cancel) }
			p := tt.scene.plan()
			res, took := play(t, a, p, apply.Options{Grace: tt.grace})
			checkResult(t, p, res)
			o := res.Changes[0]
			if took != tt.took || o.Status != tt.status || !strings.Contains(o.Error, tt.says) {
				t.Errorf("%s, %q after %s, want %s, %q after %s", o.Status, o.Error, took, tt.status, tt.says, tt.took)
			}
			if res.ExitReason != apply.ReasonInterrupted || res.Error != "interrupted" {
				t.Errorf("%s: %q", res.ExitReason, res.Error)
			}
		})
	}
}

func TestInterruptExplainsWhatFollows(t *testing.T) {
	a := newAccount(creating().actual...)
	a.meanwhile[1] = func(a *account) { a.cancel() }
	a.happens[1] = denied
	res, _ := play(t, a, creating().plan(), apply.Options{})
	if res.ExitReason != apply.ReasonInterrupted || res.Changes[0].Status != apply.Failed {
		t.Errorf("%s, %s", res.ExitReason, res.Changes[0].Status)
	}
}

func TestInterruptedBeforeItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(errors.New("the job was cancelled"))
		a := newAccount()
		res := apply.Run(ctx, creating().plan(), a, apply.Options{Sleep: sleep})
		if len(a.calls) != 0 || res.ExitReason != apply.ReasonInterrupted || res.Error != "interrupted: the job was cancelled" {
			t.Errorf("%q, %s, %q", a.calls, res.ExitReason, res.Error)
		}
	})
}

// TestInterruptWhileWaiting interrupts one second into the wait of a store that was answered with
// 429. Nothing is under way then, so the run ends at once and the change counts as never sent;
// only what an earlier send may have done is told.
func TestInterruptWhileWaiting(t *testing.T) {
	tests := []struct {
		name    string
		scene   scene
		happens map[int]trouble
		at      int // the call that waits
		took    time.Duration
		status  apply.Status
		says    string
	}{
		{name: "create", scene: creating(), at: 1, took: time.Second, status: apply.NotAttempted},
		{name: "update", scene: updating(), at: 2, took: time.Second, status: apply.NotAttempted},
		{name: "delete", scene: deleting(), at: 2, took: time.Second, status: apply.NotAttempted},
		{name: "read before a write", scene: updating(), at: 1, took: time.Second, status: apply.NotAttempted},
		{name: "sent again after a conflict", scene: updating(), happens: map[int]trouble{2: clash}, at: 8, took: 8500 * time.Millisecond, status: apply.Failed, says: "refused it with a conflict; the role reads as before"},
		{name: "sent again after a lost reply", scene: updating(), happens: map[int]trouble{2: lostBefore}, at: 8, took: 8500 * time.Millisecond, status: apply.Unknown, says: "stopped before it was sent again"},
		{name: "reading back, which has the grace", scene: creating(), happens: map[int]trouble{1: lostAfter}, at: 2, took: 6 * time.Second, status: apply.Unknown, says: "reading back"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAccount(tt.scene.actual...)
			for n, what := range tt.happens {
				a.happens[n] = what
			}
			a.happens[tt.at] = waits
			a.meanwhile[tt.at] = func(a *account) { time.AfterFunc(time.Second, a.cancel) }
			p := tt.scene.plan()
			res, took := play(t, a, p, apply.Options{})
			checkResult(t, p, res)
			o := res.Changes[0]
			if took != tt.took || o.Status != tt.status || !strings.Contains(o.Error, tt.says) {
				t.Errorf("%s, %q after %s, want %s, %q after %s", o.Status, o.Error, took, tt.status, tt.says, tt.took)
			}
			if o.Status == apply.NotAttempted && o.Error != "" {
				t.Errorf("not attempted, with the error %q", o.Error)
			}
			if res.ExitReason != apply.ReasonInterrupted || res.Error != "interrupted" {
				t.Errorf("%s: %q", res.ExitReason, res.Error)
			}
		})
	}
}

// TestLimitedAfterInterrupt: a 429 that comes after the interrupt is the interrupt's, while a
// refusal that no time would have helped is told.
func TestLimitedAfterInterrupt(t *testing.T) {
	for what, want := range map[trouble]apply.Status{
		limited: apply.NotAttempted, notSent: apply.NotAttempted,
		refused: apply.Failed, readOnly: apply.Failed, denied: apply.Failed, clash: apply.Failed,
	} {
		a := newAccount(creating().actual...)
		a.happens[1] = what
		a.meanwhile[1] = func(a *account) { a.cancel() }
		res, _ := play(t, a, creating().plan(), apply.Options{})
		if o := res.Changes[0]; o.Status != want || (o.Error == "") != (want == apply.NotAttempted) {
			t.Errorf("trouble %d: %s, %q", what, o.Status, o.Error)
		}
	}
}

// TestDeadline: a run whose time is over is no interrupted one. It is partly applied if the account
// may hold something new, and otherwise failed.
func TestDeadline(t *testing.T) {
	tests := []struct {
		name    string
		limit   time.Duration
		happens map[int]trouble
		delay   time.Duration
		reason  plan.ExitReason
		summary apply.Summary
	}{
		{name: "before anything", limit: time.Millisecond, delay: time.Second, reason: apply.ReasonFailed, summary: apply.Summary{NotAttempted: 100}},
		{name: "after some", limit: 60500 * time.Millisecond, delay: time.Second, reason: apply.ReasonPartial, summary: apply.Summary{Applied: 60, NotAttempted: 40}},
		{name: "while the first is under way", limit: time.Second, happens: map[int]trouble{1: hang}, reason: apply.ReasonPartial, summary: apply.Summary{Unknown: 1, NotAttempted: 99}},
		{name: "while the first waits for a limit", limit: time.Second, happens: map[int]trouble{1: waits}, reason: apply.ReasonFailed, summary: apply.Summary{NotAttempted: 100}},
		{name: "while it is proved", limit: time.Second, happens: map[int]trouble{101: hang}, reason: apply.ReasonPartial, summary: apply.Summary{Applied: 100}},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeoutCause(t.Context(), tt.limit, errors.New("too slow"))
			defer cancel()
			a := newAccount()
			a.delay = tt.delay
			for n, what := range tt.happens {
				a.happens[n] = what
			}
			p := many(100).plan()
			res := apply.Run(ctx, p, a, apply.Options{Sleep: sleep, Parallelism: 1})
			checkResult(t, p, res)
			if res.ExitReason != tt.reason || res.Error != "the time limit is over" || res.Summary != tt.summary {
				t.Errorf("%s: %s, %q, %+v", tt.name, res.ExitReason, res.Error, res.Summary)
			}
			if !strings.Contains(res.Hint, "run again") || !strings.Contains(res.Hint, "--timeout") {
				t.Errorf("%s: hint %q", tt.name, res.Hint)
			}
		})
	}
}

// TestInterruptedBeforeTheDeadline: what came first counts.
func TestInterruptedBeforeTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 2*time.Second)
		defer stop()
		ctx, cancel := context.WithCancel(ctx)
		time.AfterFunc(time.Second, cancel)
		a := newAccount()
		a.happens[1] = hang
		res := apply.Run(ctx, creating().plan(), a, apply.Options{Sleep: sleep})
		if res.ExitReason != apply.ReasonInterrupted || res.Error != "interrupted" {
			t.Errorf("%s, %q", res.ExitReason, res.Error)
		}
	})
}
