package main

import (
	"bytes"
	"os"
	"testing"
	"time"
)

// TestPlansShareWhatWasProved plans twice in one process: the second time nothing is proved anew.
func TestPlansShareWhatWasProved(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, withoutData{os.DirFS("../../examples/acme")}); err != nil {
		t.Fatal(err)
	}
	a := &app{stdio: stdio{
		out: &bytes.Buffer{}, err: &bytes.Buffer{}, now: time.Now, getenv: func(string) string { return "" },
	}, timeout: time.Minute, parallelism: 1}
	ws, err := a.loadValid(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, first := range []bool{true, false} {
		conn, err := a.connect(ws, readOnly)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.close()
		p, err := a.planNow(t.Context(), ws, conn, planFlags{})
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Changes) == 0 || (a.cache.Proved() > 0) != first {
			t.Errorf("run %d: %d changes, %d results were proved anew", i, len(p.Changes), a.cache.Proved())
		}
	}
}
