package manifest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
)

func TestQuote(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"rolewright.yaml": "version: 1\n",
		"a.yaml":          "kind: Role\nkey: a # first\nname: A\nbasePermissions: reader\npolicy: []\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ws, _, err := manifest.Load(dir, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := func(file string, line int, source string) diag.Finding {
		return diag.Finding{Pos: diag.Position{File: file, Line: line}, Source: source}
	}
	findings := []diag.Finding{
		at("a.yaml", 2, ""), at("a.yaml", 3, "kept"), at("a.yaml", 99, ""), at("a.yaml", 0, ""),
		at("../outside.yaml", 1, ""), at("rolewright.yaml", 1, ""),
	}
	ws.Quote(findings)
	for i, want := range []string{"key: a # first", "kept", "", "", "", "version: 1"} {
		if findings[i].Source != want {
			t.Errorf("finding %d: %q, want %q", i, findings[i].Source, want)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	gone := []diag.Finding{at("a.yaml", 2, "")}
	ws.Quote(gone)
	if gone[0].Source != "" {
		t.Errorf("quoted %q from nowhere", gone[0].Source)
	}
}
