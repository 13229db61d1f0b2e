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

func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 60500*time.Millisecond)
		defer cancel()
		a := newAccount()
		a.delay = time.Second
		res := apply.Run(ctx, many(100).plan(), a, apply.Options{Sleep: sleep, Parallelism: 1})
		if res.ExitReason != apply.ReasonInterrupted || res.Error != "interrupted: context deadline exceeded" || res.Summary.Applied != 60 {
			t.Errorf("%s, %q, %+v", res.ExitReason, res.Error, res.Summary)
		}
	})
}
