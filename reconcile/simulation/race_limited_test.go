package simulation_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rolewright/rolewright/reconcile/emulator"
)

var raceLimited = flag.Int("limits", 300, "random limits of an account to plan and apply under")

// TestLimits plans and applies under random limits, with clocks that are wrong: after a 429 nothing is
// sent before the reset, by the account's own clock, and then one request at a time; no wait is longer
// than a minute, a longer demand ends the run; a deadline is kept, between changes and not inside one.
func TestLimits(t *testing.T) {
	n := *raceLimited
	if testing.Short() {
		n = (n + 2) / 3
	}
	requests, bad, ends := 0, 0, map[string]int{}
	for seed := range uint64(n) {
		l := raceDrawLimits(rand.New(rand.NewPCG(seed, 10)))
		var w *raceWatch
		var end string
		synctest.Test(t, func(t *testing.T) { end, w = l.run(t) })
		requests += w.requests
		ends[end]++
		if len(w.wrong) > 0 {
			if bad++; bad <= 3 {
				t.Errorf("seed %d, %+v, %s: %d wrong, as\n%s", seed, l, end, len(w.wrong), strings.Join(w.wrong[:min(3, len(w.wrong))], "\n"))
			}
		}
	}
	t.Logf("figure: limits: %d runs, %d requests, %d violations", n, requests, bad)
	t.Logf("the runs ended: %v", ends)
	for _, end := range []string{"applied", "plan out of time", "apply out of time", "plan asked to wait too long", "apply asked to wait too long"} {
		if ends[end] == 0 && n >= 300 {
			t.Errorf("no run ended %q: the draws are too poor", end)
		}
	}
}

// TestLimitAtEveryRequest answers each request of a plan and an apply in turn with each kind of 429.
func TestLimitAtEveryRequest(t *testing.T) {
	play := func(l raceLimits) (end string, w *raceWatch) {
		synctest.Test(t, func(t *testing.T) { end, w = l.run(t) })
		return end, w
	}
	quiet := raceLimits{latency: 20 * time.Millisecond, parallel: 4}
	end, w := play(quiet)
	if end != "applied" || w.requests < 20 || len(w.wrong) > 0 {
		t.Fatalf("undisturbed: %s after %d requests, %q", end, w.requests, w.wrong)
	}
	for n := 1; n <= w.requests; n++ {
		for _, kind := range []struct {
			what string
			end  string
		}{
			{"429-retry-after=3", "applied"},
			{"429-reset=+4s", "applied"},
			{"429-none", "applied"},
			{"429-retry-after=9300000000", "applied"},
			{"429-reset=-5s", "applied"},
			{"429-retry-after=300", "asked to wait too long"},
		} {
			fault, err := emulator.ParseFault(fmt.Sprintf("%d:%s", n, kind.what))
			if err != nil {
				t.Fatal(err)
			}
			l := quiet
			l.faults = []emulator.Fault{fault}
			if end, w := play(l); !strings.HasSuffix(end, kind.end) || len(w.wrong) > 0 {
				t.Errorf("%s: %s, %q", fault, end, w.wrong)
			}
		}
	}
}

// TestLimitsBite: the laws find a client that does not wait.
func TestLimitsBite(t *testing.T) {
	found := map[string]int{}
	for seed := range uint64(100) {
		l := raceDrawLimits(rand.New(rand.NewPCG(seed, 10)))
		l.hasty = true
		var w *raceWatch
		synctest.Test(t, func(t *testing.T) { _, w = l.run(t) })
		for _, wrong := range w.wrong {
			if strings.Contains(wrong, "before the reset") {
				found["early"]++
			}
		}
	}
	if found["early"] == 0 {
		t.Error("a client that does not wait is not found out")
	}
}
