package main

import (
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSignals: the first signal starts nothing new and waits for the request in flight, but not for longer
// than a runner waits; the second ends the program at once. What either leaves the next run finishes.
func TestSignals(t *testing.T) {
	const soon = 2 * time.Second // is at once, on a machine that has other things to do
	for name, test := range map[string]struct {
		signals []syscall.Signal
		within  time.Duration
	}{
		"one, and no answer":   {[]syscall.Signal{syscall.SIGTERM}, 7500 * time.Millisecond},
		"two":                  {[]syscall.Signal{syscall.SIGINT, syscall.SIGINT}, soon},
		"two of the other":     {[]syscall.Signal{syscall.SIGTERM, syscall.SIGTERM}, soon},
		"as a cancelled job's": {[]syscall.Signal{syscall.SIGINT, syscall.SIGTERM}, soon},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if testing.Short() && len(test.signals) == 1 {
				t.Skip("SKIPPED: waits for five seconds, which -short leaves out")
			}
			w := newKillWorld(t, killPlans[0], killProgram(t, 1))
			point := killPoint{moment: "held", fate: "kept", width: 1}
			point.n = w.secondWrite(point)
			w.reset()
			var ended time.Duration
			w.held = func(r *killRun) { ended = w.signal(r, test.signals) }
			r := w.run(point, w.args(point)...)
			if ended > test.within {
				t.Errorf("it took %s to end, want %s", ended, test.within)
			}
			w.wantSignalled(r, test.signals)
			if len(r.writes) != 2 || r.requests != point.n {
				t.Errorf("%d requests and %d writes, want %d and 2: something new was sent", r.requests, len(r.writes), point.n)
			}
			w.wantExit(w.run(killPoint{moment: "never"}, w.args(point)...), 0)
			w.checkDone()
		})
	}
}

// secondWrite is the number of the second request that writes.
func (w *killWorld) secondWrite(p killPoint) int {
	w.t.Helper()
	w.learn(rand.New(rand.NewPCG(1, 1)))
	w.reset()
	r := w.run(killPoint{moment: "never"}, w.args(p)...)
	if len(r.writes) < 3 {
		w.t.Fatalf("only %d requests write", len(r.writes))
	}
	return r.writes[1]
}

// signal sends the signals to a process whose request is never answered, and returns how long after the
// last of them it ended. Between two it goes on.
func (w *killWorld) signal(r *killRun, signals []syscall.Signal) time.Duration {
	<-r.begun
	for i, s := range signals {
		if i > 0 {
			select {
			case <-r.ended:
				w.wrong("the first signal ended it")
			case <-time.After(200 * time.Millisecond):
			}
		}
		w.ok(r.cmd.Process.Signal(s))
	}
	last := time.Now()
	select {
	case <-r.ended:
	case <-time.After(20 * time.Second):
		r.kill()
	}
	return time.Since(last)
}

// wantSignalled checks how a process ended that got the signals: by the second, or after the first in its
// own way, with a report.
func (w *killWorld) wantSignalled(r *killRun, signals []syscall.Signal) {
	w.t.Helper()
	status := r.cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case len(signals) > 1:
		if !status.Signaled() || status.Signal() != signals[1] {
			w.wrong("it ended with %v and not by the second signal\n%s%s", r.cmd.ProcessState, r.out, r.err)
		}
	case r.code() != 130 || !strings.Contains(r.out, "interrupted"):
		w.wrong("it ended with %v, want 130 and a report\n%s%s", r.cmd.ProcessState, r.out, r.err)
	}
}
