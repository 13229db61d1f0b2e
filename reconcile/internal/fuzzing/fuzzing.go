// Package fuzzing says when an input takes too long: what takes more than [Most] is a fault, as a panic
// is, and what takes more than [MostWhileFuzzing] in a build for fuzzing.
//
// Invariant: only the processor time of the input's own thread counts, so that a loaded machine fails
// nothing; where a system does not tell it, nothing is measured. The package is for tests alone.
package fuzzing

import (
	"flag"
	"os"
	"runtime"
	"testing"
	"time"
)

// Most is how much processor time one input may take. A build for fuzzing counts every branch and is
// several times slower: while inputs are made, each may take as much longer. What is kept is tried in an
// ordinary build. An ordinary build can make inputs too, blindly: where [BuildVariable] says "ordinary",
// each has no longer than anywhere else.
const (
	Most             = time.Second
	MostWhileFuzzing = 5 * Most
)

// BuildVariable is the environment variable that says with what build inputs are made.
const BuildVariable = "FUZZ_BUILD"

// Timed starts the clock of an input; what it returns stops it, and fails the test if that took too long:
//
//	defer fuzzing.Timed(t)()
func Timed(t *testing.T) func() { return timed(most(), t.Errorf) }

// most is the limit of this process.
func most() time.Duration {
	if os.Getenv(BuildVariable) == "ordinary" {
		return Most
	}
	for _, name := range []string{"test.fuzz", "test.fuzzworker"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != f.DefValue {
			return MostWhileFuzzing
		}
	}
	return Most
}

func timed(most time.Duration, failed func(string, ...any)) func() {
	runtime.LockOSThread()
	start := used()
	return func() {
		took := used() - start
		runtime.UnlockOSThread()
		if took > most && !slow {
			failed("this input took %s of processor time, of %s", took, most)
		}
	}
}
