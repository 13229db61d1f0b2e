package fuzzing

import (
	"flag"
	"runtime"
	"testing"
	"time"
)

func TestTimed(t *testing.T) {
	for _, spin := range []bool{false, true} {
		failed := 0
		stop := timed(Most, func(string, ...any) { failed++ })
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

// TestMost: there is more time in a build for fuzzing, and in its workers, alone; and none more in an
// ordinary build that is told to be one.
func TestMost(t *testing.T) {
	if most() != Most {
		t.Errorf("%s in an ordinary build", most())
	}
	for name, value := range map[string]string{"test.fuzz": "FuzzX", "test.fuzzworker": "true"} {
		f := flag.Lookup(name)
		if f == nil {
			t.Fatalf("package testing has no flag %s", name)
		}
		if err := f.Value.Set(value); err != nil {
			t.Fatal(err)
		}
		if most() != MostWhileFuzzing {
			t.Errorf("%s with %s", most(), name)
		}
		t.Setenv(BuildVariable, "ordinary")
		if most() != Most {
			t.Errorf("%s with %s in an ordinary build", most(), name)
		}
		t.Setenv(BuildVariable, "")
		if err := f.Value.Set(f.DefValue); err != nil {
			t.Fatal(err)
		}
	}
}
