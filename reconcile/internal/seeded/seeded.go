// Package seeded builds tests with a fault put into the code, and sees that they fail: what no seeded
// fault disturbs is not tested.
//
// Invariant: the sources stay as they are; a fault lives in an overlay of the build. The package is for
// tests alone, and must not decide which faults are worth seeding.
package seeded

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Fault is one wrong piece of text: what is wrong with it, its file, relative to the folder of the
// tests, the right text, which stands there once, and the wrong one.
type Fault [4]string

func (f Fault) parts() (name, file, right, wrong string) { return f[0], f[1], f[2], f[3] }

// Current checks that each fault has its place.
func Current(t *testing.T, faults []Fault) {
	t.Helper()
	for _, f := range faults {
		name, file, right, wrong := f.parts()
		if n := strings.Count(source(t, file), right); n != 1 || right == wrong {
			t.Errorf("%s: %d times in %s: %s", name, n, file, right)
		}
	}
}

// Caught runs go test with these arguments, first without any fault and then with each in turn, and
// checks that every fault is seen. It returns how many are.
func Caught(t *testing.T, faults []Fault, args ...string) (caught int) {
	t.Helper()
	if out, err := run(args...); err != nil {
		t.Fatalf("the tests fail without any fault: %s", out)
	}
	for _, f := range faults {
		name, file, _, _ := f.parts()
		out, err := run(append([]string{"-overlay", overlay(t, f)}, args...)...)
		by := first.FindString(out)
		switch {
		case err == nil:
			t.Errorf("survived: %s (%s)", name, file)
		case by == "":
			t.Errorf("%s did not build: %v\n%s", name, err, out)
		default:
			t.Logf("%s: %s", name, by)
			caught++
		}
	}
	t.Logf("%d of %d seeded faults are caught", caught, len(faults))
	return caught
}

// first finds what first saw a fault. A panic is one that a test met, or a test that never ends.
var first = regexp.MustCompile(`(--- FAIL: \w+|panic: .*)`)

// run runs go test, and returns what it prints.
func run(args ...string) (string, error) {
	out, err := exec.Command("go", append([]string{"test", "-vet=off", "-failfast"}, args...)...).CombinedOutput()
	return string(out), err
}

// overlay writes the wrong file and what puts it in the place of the right one.
func overlay(t *testing.T, f Fault) string {
	t.Helper()
	_, file, right, wrong := f.parts()
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	changed, list := filepath.Join(dir, "wrong.go"), filepath.Join(dir, "overlay.json")
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {path: changed}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, changed, strings.Replace(source(t, file), right, wrong, 1))
	write(t, list, string(replace))
	return list
}

func source(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
