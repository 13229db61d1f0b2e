package check

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestGolden judges the workspaces of testdata and compares what is said. A file "account.json" is
// the account, "inventory.json" what exists in it.
func TestGolden(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) < 5 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" })
			got := draw(Run(inputOf(t, archive)))
			if *update {
				archive.Files = append(slices.DeleteFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want" }), txtar.File{Name: "want", Data: []byte(got)})
				if err := os.WriteFile(name, txtar.Format(archive), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			if i < 0 {
				t.Fatal("no want: run with -update")
			}
			if diff := cmp.Diff(string(archive.Files[i].Data), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// inputOf reads a workspace out of an archive.
func inputOf(t testing.TB, archive *txtar.Archive) Input {
	t.Helper()
	root := t.TempDir()
	in := Input{Semantics: policy.DefaultSemantics()}
	files := map[string]string{"rolewright.yaml": "version: 1\nmanage: {teams: {include: [\"*\"]}, members: {include: [\"*\"]}}\n"}
	for _, f := range archive.Files {
		files[f.Name] = string(f.Data)
	}
	for name, data := range files {
		switch name {
		case "account.json":
			in.People = &people.Account{}
			decode(t, data, in.People)
		case "inventory.json":
			in.Inventory = &role.Inventory{}
			decode(t, data, in.Inventory)
		default:
			path := filepath.Join(root, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(data), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	w, findings, err := manifest.Load(root, manifest.Options{})
	if err != nil || diag.HasErrors(findings) {
		t.Fatal(findings, err)
	}
	in.Tests, in.Roles, in.Teams, in.Members = w.Tests, w.Roles, w.Teams, w.Members
	return in
}

func decode(t testing.TB, data string, to any) {
	t.Helper()
	if err := json.Unmarshal([]byte(data), to); err != nil {
		t.Fatal(err)
	}
}

// draw writes results for people who read golden files.
func draw(results []Result) string {
	var b strings.Builder
	line := func(format string, args ...any) {
		b.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
	}
	for _, r := range results {
		line("%s %s [%s] %s %q (%s)", strings.ToUpper(string(r.Verdict)), r.Pos, r.World, r.Assertion, r.Text, r.Subject)
		for _, kv := range [][2]string{
			{"message", r.Message}, {"hint", r.Hint}, {"who", r.Who}, {"request", r.Counterexample}, {"where", r.Where},
		} {
			if kv[1] != "" {
				line("  %s: %s", kv[0], kv[1])
			}
		}
		if r.Others > 0 {
			line("  others: %d", r.Others)
		}
		for _, i := range r.Involved {
			line("  - %s %s", i.Text, i.Pos)
		}
		if f := r.Fix; f != nil {
			line("  fix: %s in role %s (%s)", f.Text, f.Role, f.Pos)
			for _, also := range f.Also {
				line("    also: %s", also)
			}
		}
		for _, n := range r.Notes {
			line("  note: %s", n)
		}
	}
	return b.String()
}
