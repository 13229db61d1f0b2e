package reconcile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

const roleHead = "kind: Role\nkey: %s\nname: Name of %[1]s\nbasePermissions: no_access\npolicy:\n  - effect: allow\n    actions: [viewProject]\n    resources: [\"proj/*\"]\n"

// fixed writes the files into a workspace and makes their fixes.
func fixed(t interface {
	Fatal(...any)
	Helper()
}, dir string, files map[string]string,
) *reconcile.Fixed {
	t.Helper()
	files[manifest.ConfigFile] = strings.TrimPrefix(files[manifest.ConfigFile]+"\nversion: 1\n", "\n")
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	src, err := manifest.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	f, err := reconcile.Fix(src, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func drawnRepairs(list []reconcile.Repair) (lines []string) {
	for _, r := range list {
		lines = append(lines, strings.TrimSuffix(fmt.Sprintf("%s %s:%d %s", r.Code, r.Pos.File, r.Pos.Line, r.Why), " "))
	}
	return lines
}

func TestFix(t *testing.T) {
	twice := fmt.Sprintf(roleHead, "a") + `  # flags
  - effect: allow
    actions: [updateOn]  # on
    resources:
      - "proj/*:env/*:flag/*"
      # the test environment
      - "proj/*:env/test:flag/*" # too
  # no new access
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/*:flag/*"]
`
	flow := "---\n" + fmt.Sprintf(roleHead, "b") + `  - {effect: allow, actions: [updateOn], resources: ["proj/x:env/*:flag/*", "proj/x:env/y:flag/*"]} # b
`
	f := fixed(t, t.TempDir(), map[string]string{
		"a.yaml": twice + flow, "c.yaml": fmt.Sprintf(roleHead, "c"),
		manifest.ConfigFile: "lint: {allow: [{code: LD105, roles: [d], reason: both are listed}]}",
		"d.yaml":            strings.NewReplacer("---\n", "", "key: b", "key: d", "of b", "of d").Replace(flow),
	})
	want := fmt.Sprintf(roleHead, "a") + `  # flags
  - effect: allow
    actions: [updateOn]  # on
    resources:
      - "proj/*:env/*:flag/*"
---
` + fmt.Sprintf(roleHead, "b") + `  - {effect: allow, actions: [updateOn], resources: ["proj/x:env/*:flag/*"]} # b
`
	if diff := cmp.Diff(map[string]string{"a.yaml": want}, map[string]string{"a.yaml": string(f.After["a.yaml"])}); diff != "" || len(f.After) != 1 {
		t.Errorf("%d files\n%s", len(f.After), diff)
	}
	if string(f.Before["a.yaml"]) != twice+flow {
		t.Error("what was before is lost")
	}
	if diff := cmp.Diff([]string{"LD105 a.yaml:15", "LD102 a.yaml:17", "LD105 a.yaml:29"}, drawnRepairs(f.Done)); diff != "" {
		t.Error(diff)
	}
	if len(f.Left) > 0 || len(f.Allowed) != 1 || diag.HasErrors(f.Findings) {
		t.Errorf("left %v, allowed %v, found %v", f.Left, f.Allowed, f.Findings)
	}
}

// TestFixLeaves: what cannot be cut out alone is left as it is, with the reason.
func TestFixLeaves(t *testing.T) {
	f := fixed(t, t.TempDir(), map[string]string{
		"alias.yaml": fmt.Sprintf(roleHead, "a") + `  - effect: allow
    actions: [updateOn]
    resources: &r ["proj/x:env/*:flag/*", "proj/x:env/y:flag/*"]
  - effect: allow
    actions: [updateTags]
    resources: *r
`,
		"broken.yaml": fmt.Sprintf(roleHead, "b") + `  - effect: allow
    actions: [updateOn]
    resources: ["proj/x:env/*:flag/*", "proj/x:env/y:flag/*"]
---
kind: Rolle
`,
	})
	if len(f.Done) > 0 || len(f.After) > 0 {
		t.Errorf("%v was done", f.Done)
	}
	// What a policy means is not said of a file with errors, so there is nothing to fix in it.
	if i := slices.IndexFunc(f.Findings, func(d diag.Finding) bool { return d.Pos.File == "broken.yaml" }); i < 0 || f.Findings[i].Code != "kind/unknown" {
		t.Errorf("found %v", f.Findings)
	}
	got := drawnRepairs(f.Left)
	if len(got) != 2 {
		t.Errorf("left %q", got)
	}
	for _, line := range got {
		if !strings.Contains(line, "alias.yaml") || !strings.Contains(line, "written here alone") {
			t.Errorf("left %q", line)
		}
	}
}

// careless writes a role of few words, so that much of it is said in vain, with a comment on every
// line and above every element.
func careless(t *rapid.T, key string) string {
	var b strings.Builder
	fmt.Fprintf(&b, roleHead, key)
	n := 0
	line := func(indent, text string) {
		n++
		fmt.Fprintf(&b, "%s# above %s%d\n%s%s # behind %[2]s%[3]d\n", indent, key, n, indent, text)
	}
	actions := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"updateOn", "update*", "updateTags", "*"}), 1, 3, rapid.ID[string])
	keys := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"*", "a", "b", "a*"}), 1, 3, rapid.ID[string])
	for range rapid.IntRange(1, 4).Draw(t, "statements") {
		line("  ", "- effect: "+rapid.SampledFrom([]string{"allow", "allow", "deny"}).Draw(t, "effect"))
		line("    ", "actions: ["+strings.Join(quotedAll(actions.Draw(t, "actions")), ", ")+"]")
		b.WriteString("    resources:\n")
		for _, k := range keys.Draw(t, "keys") {
			line("      ", fmt.Sprintf("- %q", "proj/p:env/"+k+":flag/*"))
		}
	}
	return b.String()
}

func quotedAll(list []string) []string {
	out := slices.Clone(list)
	for i := range out {
		out[i] = fmt.Sprintf("%q", out[i])
	}
	return out
}

// TestFixLaw: after fixing no safe fix is left, fixing again does nothing, every role grants what it
// granted, and of the lines that are left all but those of lists in brackets are as they were, with
// their comments.
func TestFixLaw(t *testing.T) {
	done := 0
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "fix")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		text := careless(t, "a") + "---\n" + careless(t, "b")
		f := fixed(t, dir, map[string]string{"a.yaml": text})
		out := text
		if data, changed := f.After["a.yaml"]; changed {
			out = string(data)
		}
		done += len(f.Done)
		if len(f.Left) > 0 {
			t.Fatalf("left %v\n%s", drawnRepairs(f.Left), out)
		}
		for _, d := range f.Findings {
			if d.Fix != nil && d.Fix.Safe || d.Severity == diag.Error && d.Code[:2] != "LD" {
				t.Fatalf("%v is left\n%s", d, out)
			}
		}
		if again := fixed(t, dir, map[string]string{"a.yaml": out}); len(again.Done) > 0 {
			t.Fatalf("done again: %v\n%s", drawnRepairs(again.Done), out)
		}
		sameAccess(t, text, out)
		sameLines(t, text, out)
	})
	t.Logf("%d fixes", done)
	if !testing.Short() && done < 50 {
		t.Error("hardly anything was fixed")
	}
}

// sameAccess proves that the roles of two files grant the same, by LaunchDarkly's whole semantics.
func sameAccess(t *rapid.T, before, after string) {
	a, _ := manifest.Check("a.yaml", []byte(before))
	b, _ := manifest.Check("a.yaml", []byte(after))
	if len(a) != 2 || len(b) != 2 {
		t.Fatalf("%d and %d roles", len(a), len(b))
	}
	for i := range a {
		subject := func(r role.Role) access.Subject { return access.Subject{Held: []policy.Held{{Role: r}}} }
		v := access.New(policy.DefaultSemantics(), access.Budget{}).Compare(subject(a[i].Role), subject(b[i].Role)).Verdict()
		if v != access.None || a[i].Key != b[i].Key || a[i].Name != b[i].Name {
			t.Fatalf("role %s: %s\n%s\n%s", a[i].Key, v, before, after)
		}
	}
}

// sameLines checks that the lines of after are lines of before, in their order. In a line with
// brackets elements may be missing; its comment may not.
func sameLines(t *rapid.T, before, after string) {
	lines := strings.Split(before, "\n")
	for _, line := range strings.Split(after, "\n") {
		_, comment, _ := strings.Cut(line, "#")
		inBrackets := strings.Contains(line, "[")
		i := slices.IndexFunc(lines, func(l string) bool {
			_, c, _ := strings.Cut(l, "#")
			return l == line || inBrackets && c == comment && c != ""
		})
		if i < 0 {
			t.Fatalf("%q is new\n%s\n%s", line, before, after)
		}
		lines = lines[i+1:]
	}
}
