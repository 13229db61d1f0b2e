package fuzzing

import (
	"runtime"
	"testing"
	"time"
)

func TestTimed(t *testing.T) {
	for _, spin := range []bool{false, true} {
		failed := 0
		stop := timed(func(string, ...any) { failed++ })
		for start := used(); spin && runtime.GOOS == "linux" && used()-start <= Most; {
		}
		if !spin {
			time.Sleep(10 * time.Millisecond)
		}
		stop()
		if want := spin && runtime.GOOS == "linux" && !slow; (failed == 1) != want {
			t.Errorf("spinning %t: %d failures", spin, failed)
		}
	}
}
