package seeded

import (
	"os"
	"testing"
)

// answer is the code that the fault below is put into.
func answer() int { return 41 + 1 }

func TestAnswer(t *testing.T) {
	if answer() != 42 {
		t.Error("not 42")
	}
}

// The right text is put together, for it may stand in this file only once.
var fault = Fault{"a wrong answer", "seeded_test.go", "return 41" + " + 1", "return 41"}

func TestCaught(t *testing.T) {
	before, err := os.ReadFile("seeded_test.go")
	if err != nil {
		t.Fatal(err)
	}
	Current(t, []Fault{fault})
	if n := Caught(t, []Fault{fault}, "-run", "^TestAnswer$", "."); n != 1 {
		t.Errorf("%d faults are caught", n)
	}
	if after, err := os.ReadFile("seeded_test.go"); err != nil || string(after) != string(before) {
		t.Errorf("the source has changed: %v", err)
	}
}
