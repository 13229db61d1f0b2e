package github

import (
	"bytes"
	"crypto/rand"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
)

// FuzzOutputs: the runner reads back exactly the outputs that were written.
func FuzzOutputs(f *testing.F) {
	for _, s := range []string{"", "\n", "a=b", "x<<EOF\nevil=1\nEOF", "rolewright_\nadmin=true", "a\r\nb", "\r", "EOF\n"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		defer fuzzing.Timed(t)()
		want := []Output{{"changes", a}, {"plan-hash", b}}
		var out bytes.Buffer
		if err := WriteOutputs(&out, rand.Reader, want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, runnerReads(t, out.String())); diff != "" {
			t.Fatalf("%q\n%s", out.String(), diff)
		}
	})
}
