package lint

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"gopkg.in/yaml.v3"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
)

// TestPages: what the page of a rule shows as bad has a finding of the rule and of no other, and what
// it shows as good has none at all.
func TestPages(t *testing.T) {
	for _, rule := range Rules() {
		t.Run(rule.Code, func(t *testing.T) {
			bad := concerns(rule, runPage(t, rule.Bad))
			if len(bad) == 0 || countCode(bad, rule.Code) != len(bad) {
				t.Errorf("the bad example gives\n%s", render(bad))
			}
			if good := concerns(rule, runPage(t, rule.Good)); len(good) > 0 {
				t.Errorf("the good example gives\n%s", render(good))
			}
		})
	}
}

// runPage lints a workspace that a page shows.
func runPage(t *testing.T, page string) []diag.Finding {
	t.Helper()
	dir := t.TempDir()
	in := Input{Settings: DefaultSettings()}
	config := "version: 1\n"
	for _, f := range txtar.Parse([]byte(page)).Files {
		switch f.Name {
		case "account.json":
			if err := json.Unmarshal(f.Data, &in); err != nil {
				t.Fatal(err)
			}
			continue
		case "rolewright.yaml": // package manifest does not know all settings
			kept, lint, _ := strings.Cut(string(f.Data), "lint: ")
			if err := yaml.Unmarshal([]byte(strings.ReplaceAll(lint, "newSince", "newsince")), &in.Settings); err != nil {
				t.Fatal(err)
			}
			config = kept
			continue
		}
		write(t, filepath.Join(dir, f.Name), f.Data)
	}
	write(t, filepath.Join(dir, "rolewright.yaml"), []byte(config))
	ws, findings, err := manifest.Load(dir, manifest.Options{})
	if err != nil || diag.HasErrors(findings) {
		t.Fatalf("%v\n%s\n%s", err, render(findings), page)
	}
	in.Files = Files{ws.Roles, ws.Teams, ws.Members}
	return RunAll(in, nil).Findings
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestAcmeIsClean: the example of a whole organisation is written with care, so a finding in it is a
// false alarm.
func TestAcmeIsClean(t *testing.T) {
	ws, findings, err := manifest.Load(filepath.FromSlash("../../examples/acme"), manifest.Options{})
	if err != nil || len(findings) > 0 || len(ws.Roles) < 20 {
		t.Fatalf("%v\n%s\n%d roles", err, render(findings), len(ws.Roles))
	}
	in := Input{Files: Files{ws.Roles, ws.Teams, ws.Members}, Settings: DefaultSettings()}
	if found := RunAll(in, nil).Findings; len(found) > 0 {
		t.Error(render(found))
	}
}
