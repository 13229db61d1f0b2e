package reconcile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/manifest"
)

// checked judges a workspace of these files, and draws what was found and what is allowed.
func checked(t *testing.T, files map[string]string) (*reconcile.Checked, []string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := reconcile.Check(dir, manifest.Options{Today: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, f := range c.Findings {
		lines = append(lines, fmt.Sprintf("%s %s %s", f.Pos, f.Severity, f.Code))
		if f.Source == "" && f.Pos.Line > 0 {
			t.Errorf("%v has no source", f)
		}
	}
	for _, a := range c.Allowed {
		lines = append(lines, fmt.Sprintf("%s allowed %s", a.Pos, a.Code))
	}
	return c, lines
}

func TestCheck(t *testing.T) {
	flags := "  - effect: allow\n    actions: [fly]%s\n    resources: [\"proj/*:env/*:flag/*\"]\n"
	for name, test := range map[string]struct {
		config, comment string
		want            []string
	}{
		"nothing said":    {"", "", []string{"a.yaml:10:15 warning LD003"}},
		"switched off":    {"lint: {disable: [LD003]}", "", nil},
		"off and allowed": {"lint: {disable: [LD003]}", " # rolewright:allow LD003: x", nil},
		"allowed":         {"", " # rolewright:allow LD003: x", []string{"a.yaml:10:15 allowed LD003"}},
		"needs more":      {"", " # rolewright:allow LD003, LD119: x", []string{"a.yaml:10:15 allowed LD003"}},
		"expired":         {"", " # rolewright:allow LD003 until 2026-11-22: x", []string{"a.yaml:10:15 warning LD003", "a.yaml:10:51 warning allow/expired"}},
		"wide boxes":      {"lint: {wide: [\"* on proj/*\", \"* on proj/**\"]}", " # rolewright:allow LD003: x", []string{"rolewright.yaml:1:30 error config/wide", "a.yaml:10:15 allowed LD003"}},
		"a new month":     {"lint: {newSince: 2026-13}", " # rolewright:allow LD003: x", []string{"rolewright.yaml:1:18 error schema/pattern", "a.yaml:10:15 allowed LD003"}},
		"an error before": {"", " # rolewright:allow LD104: x\n    bad: 1", []string{"a.yaml:10:15 warning LD003", "a.yaml:11:5 error schema/unknown-key"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, got := checked(t, map[string]string{
				manifest.ConfigFile: test.config + "\nversion: 1\n",
				"a.yaml":            fmt.Sprintf(roleHead, "a") + fmt.Sprintf(flags, test.comment),
			})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("%s\n%v", diff, c.Findings)
			}
			if len(c.NotRun) == 0 {
				t.Error("no rule needs the account")
			}
		})
	}
}
