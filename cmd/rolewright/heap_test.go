package main

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

// TestGrowFirst: the first collection comes late, all later ones as usual, and whoever sets Go's own
// variables has the last word.
func TestGrowFirst(t *testing.T) {
	percent := func() int {
		now := debug.SetGCPercent(-1)
		debug.SetGCPercent(now)
		return now
	}
	defer debug.SetGCPercent(percent())
	for _, variable := range []string{"GOGC", "GOMEMLIMIT"} {
		t.Setenv(variable, "50")
		debug.SetGCPercent(50)
		if growFirst(); percent() != 50 {
			t.Errorf("%s is set and the percentage is %d", variable, percent())
		}
		t.Setenv(variable, "")
	}
	growFirst()
	if got := percent(); got != 25*startingHeap {
		t.Errorf("before the first collection it is %d", got)
	}
	for since := time.Now(); percent() != 100; time.Sleep(time.Millisecond) {
		if runtime.GC(); time.Since(since) > 10*time.Second {
			t.Fatalf("after it, it is %d", percent())
		}
	}
}
