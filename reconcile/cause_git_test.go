package reconcile_test

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/git"
	"github.com/rolewright/rolewright/reconcile/manifest"
)

// TestCausesFromGit: what a story's earlier files say of causes is the same whether they come from
// memory or from the commits of a repository, whatever the files were called there.
func TestCausesFromGit(t *testing.T) {
	t.Parallel()
	all := map[string]int{}
	for seed := range 20 {
		s := stories().Example(seed)
		a := empty()
		o := options()
		o.Lift.AllowEmpty, o.Prune = true, seed%3 == 0
		perform(t, s.at(t, seed%(len(s)-1)), a, o)
		if l, there := a.roles["a"]; there && seed%2 == 0 {
			l.Description = "by hand"
			a.roles["a"] = l
		}
		told := func(b *reconcile.Base) []string {
			o.Base = b
			p, err := reconcile.Plan(t.Context(), s.at(t, len(s)-1), a, o)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range p.Changes {
				all[string(c.Cause)]++
			}
			return causes(p)
		}
		if diff := cmp.Diff(told(s.base(t)), told(s.committed(t))); diff != "" {
			t.Errorf("%v\n-memory +git:\n%s", s, diff)
		}
	}
	if len(all) != 3 {
		t.Errorf("only %v came up", all)
	}
}

// committed is the base of a story that stands in a repository.
func (s story) committed(t *testing.T) *reconcile.Base {
	t.Helper()
	dir := t.TempDir()
	var stream strings.Builder
	data := func(text string) { fmt.Fprintf(&stream, "data %d\n%s\n", len(text), text) }
	for n, version := range s[:len(s)-1] {
		stream.WriteString("commit refs/heads/main\ncommitter a <a@example.com> 0 +0000\n")
		data("x")
		stream.WriteString("deleteall\nM 644 inline my access/rolewright.yaml\n")
		data(config)
		for name, content := range version {
			fmt.Fprintf(&stream, "M 644 inline my access/version %d of/%s\n", n%2, name)
			data(content)
		}
	}
	runGit(t, dir, "", "init", "-q", "-b", "main")
	runGit(t, dir, stream.String(), "fast-import", "--quiet")
	if err := os.Mkdir(dir+"/my access", 0o755); err != nil {
		t.Fatal(err)
	}
	repo, err := git.Open(t.Context(), dir+"/my access", git.Options{Getenv: os.Getenv})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	commit, err := repo.Base("main")
	if err != nil {
		t.Fatal(err)
	}
	tree, err := repo.Tree(commit)
	if err != nil {
		t.Fatal(err)
	}
	base, err := reconcile.LoadBase(commit, tree, manifest.Options{})
	if err != nil || base.Unread != "" {
		t.Fatalf("%+v, %v", base, err)
	}
	base.Earlier = repo.Versions(commit, manifest.MayHold)
	return base
}

func runGit(t *testing.T, dir, stdin string, args ...string) {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Stdin = dir, strings.NewReader(stdin)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GIT_") })
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
}
