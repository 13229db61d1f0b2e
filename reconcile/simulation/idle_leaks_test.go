package simulation_test

import (
	"context"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/launchdarkly"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// TestMain fails if a test leaves a goroutine behind.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// idleServer serves an account over a real connection until the test is over.
func idleServer(t *testing.T, emu *emulator.Emulator) (host string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ready, done := make(chan string), make(chan error, 1)
	go func() { done <- emulator.Serve(ctx, "127.0.0.1:0", emu, func(addr string) { ready <- addr }) }()
	return <-ready, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// idleRun plans and applies over a real connection, in real time, and leaves. With interrupt the apply is
// interrupted when the first write arrives.
func idleRun(t *testing.T, interrupt bool) plan.ExitReason {
	t.Helper()
	emu, err := emulator.New(emulator.Options{Seed: []emulator.Role{raceRole("ops", "old", "updateOn"), raceRole("web", "old", "updateOn")}})
	if err != nil {
		t.Fatal(err)
	}
	host, stop := idleServer(t, emu)
	defer stop()
	client, err := launchdarkly.New(launchdarkly.Options{Host: host, Token: "emulator", PageSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	account := raceAccount{client}
	ws := raceWorkspace(t, raceFile("ops", "new", "updateOn")+"---\n"+raceFile("made", "new", "updateOn")+"---\nkind: Role\nkey: web\nstate: absent\n")
	p, err := reconcile.Plan(t.Context(), ws, account, reconcile.Options{Target: plan.Target{Name: "t", Host: host}, Now: raceNow})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	res := reconcile.Apply(ctx, p, ws, account, apply.Options{
		Sleep: idleSleep,
		Observe: func(e apply.Event) error {
			if interrupt && e.Kind == apply.Replied {
				cancel()
			}
			return nil
		},
	})
	return res.ExitReason
}

// idleSleep really waits.
func idleSleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// TestGoroutineLeaks plans and applies over real connections, some of the times interrupted, and looks for
// what is left running. Goroutines are told apart by their numbers: one of an earlier test may end meanwhile.
func TestGoroutineLeaks(t *testing.T) {
	earlier, ends := goleak.IgnoreCurrent(), map[plan.ExitReason]int{}
	for i := range 6 {
		ends[idleRun(t, i%2 == 1)]++
	}
	if err := goleak.Find(earlier); err != nil {
		t.Fatal(err)
	}
	t.Log("figure: goroutine leaks: 0")
	if ends[apply.ReasonApplied] != 3 || ends[apply.ReasonInterrupted] != 3 {
		t.Errorf("the runs ended %v", ends)
	}
	forgotten := make(chan struct{})
	go func() { <-forgotten }()
	if err := goleak.Find(earlier); err == nil {
		t.Error("one goroutine is left running, and none was found")
	}
	close(forgotten)
}
