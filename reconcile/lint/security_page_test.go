package lint

import (
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
)

// pageFiles reads the workspace that a page shows.
func pageFiles(t *testing.T, text string) (f Files) {
	t.Helper()
	for _, file := range txtar.Parse([]byte(text)).Files {
		d, findings := manifest.Read(file.Name, file.Data)
		if diag.HasErrors(findings) {
			t.Fatal(render(findings))
		}
		f.Roles, f.Teams, f.Members = append(f.Roles, d.Roles...), append(f.Teams, d.Teams...), append(f.Members, d.Members...)
	}
	if len(f.Roles) == 0 {
		t.Fatalf("no role in %q", text)
	}
	return f
}

// TestSecurityPages: what a page shows as bad is found by its rule, and nothing is wrong with what it
// shows as good but that nobody administers so small an account.
func TestSecurityPages(t *testing.T) {
	seen := 0
	for _, rule := range Rules() {
		if !strings.HasPrefix(rule.Code, "LD2") {
			continue
		}
		seen++
		for _, page := range []struct {
			text string
			bad  bool
		}{{rule.Bad, true}, {rule.Good, false}} {
			f := pageFiles(t, page.text)
			in := Input{Files: f, Settings: DefaultSettings(), People: accountOf(f, nil)}
			off := []string{"LD211"}
			if rule.Code == "LD211" {
				off = nil
			}
			findings := RunAll(in, off).Findings
			if got := countCode(findings, rule.Code) > 0; got != page.bad || !page.bad && len(findings) > 0 {
				t.Errorf("%s, bad %v:\n%s", rule.Code, page.bad, render(findings))
			}
		}
	}
	if seen != 11 {
		t.Errorf("%d rules", seen)
	}
}
