// Package fuzzing says when an input takes too long: what takes more than [Most] is a fault, as a panic
// is.
//
// Invariant: only the processor time of the input's own thread counts, so that a loaded machine fails
// nothing; where a system does not tell it, nothing is measured. The package is for tests alone.
package fuzzing

import (
	"runtime"
	"testing"
	"time"
)

// Most is how much processor time one input may take. A build for fuzzing counts every branch and is
// several times slower: a second there would be a fraction of one in the program.
const Most = 5 * time.Second

// Timed starts the clock of an input; what it returns stops it, and fails the test if that took more
// than [Most]:
//
//	defer fuzzing.Timed(t)()
func Timed(t *testing.T) func() { return timed(t.Errorf) }

func timed(failed func(string, ...any)) func() {
	runtime.LockOSThread()
	start := used()
	return func() {
		took := used() - start
		runtime.UnlockOSThread()
		if took > Most && !slow {
			failed("this input took %s of processor time", took)
		}
	}
}
