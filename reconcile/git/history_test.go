//go:build unix

package git_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/git"
	"github.com/rolewright/rolewright/reconcile/manifest"
)

// versions returns what Versions gives before a commit.
func versions(t *testing.T, r *git.Repository, commit string) []string {
	t.Helper()
	var list []string
	for data, err := range r.Versions(commit, manifest.MayHold) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, string(data))
	}
	return list
}

// TestVersions: every content a file of the folder ever had, newest first, whatever the file was
// called and wherever it lay.
func TestVersions(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.put("ws/a.yaml", "a1", "ws/note.txt", "n", "ws/.hidden/x.yaml", "h", "else/a.yaml", "e", "ws/rolewright.yaml", "c")
	r.put("ws/a.yaml", "a2", "ws/sub/b c.yaml", "b1")
	if err := os.Symlink("somewhere", filepath.Join(r.dir, "ws/link.yaml")); err != nil {
		t.Fatal(err)
	}
	r.commit()
	r.git("mv", "ws/a.yaml", "ws/sub/renamed.yaml")
	r.put("ws/sub/b c.yaml", "b2")
	r.put("else/a.yaml", "e2")
	r.git("rm", "-rq", "ws")
	r.put("other", "x")
	r.put("ws/new\nname.yaml", "a1", "ws/z.yaml", "z1") // a1 is a content of the last commit but one
	r.put("ws/z.yaml", "z2")
	last := r.put("ws/z.yaml", "z3", "ws/big.yaml", strings.Repeat("x", 100))
	opened := r.openIn("ws", git.Options{Getenv: testEnv})
	if diff := cmp.Diff([]string{"z2", "z1", "b2", "a2", "b1"}, versions(t, opened, last)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for data := range opened.Versions(last, manifest.MayHold) {
		if string(data) != "z2" {
			t.Errorf("first %q", data)
		}
		break // and whoever has enough may stop
	}
	if got := versions(t, opened, last); len(got) != 5 {
		t.Errorf("after a walk that was stopped: %q", got)
	}
}

// TestFirstParents: what was on a branch before it was merged was never what the files were.
func TestFirstParents(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.put("a.yaml", "1")
	r.git("checkout", "-q", "-b", "topic")
	r.put("b.yaml", "draft")
	r.put("b.yaml", "reviewed")
	r.git("checkout", "-q", "main")
	r.put("a.yaml", "2")
	r.git("merge", "-q", "--no-ff", "-m", "merge", "topic")
	last := r.put("a.yaml", "3", "b.yaml", "later")
	if diff := cmp.Diff([]string{"2", "reviewed", "1"}, versions(t, r.open(), last)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestVersionsShallow(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	for i := range 5 {
		r.put("a.yaml", fmt.Sprint(i))
	}
	c := r.clone("--depth=3")
	opened := c.open()
	git.SetLimits(opened, 2, 100, 100)
	if got := versions(t, opened, r.git("rev-parse", "HEAD")); !slices.Equal(got, []string{"3"}) {
		t.Errorf("with a limit that comes before the end of the clone: %q", got)
	}
	git.SetLimits(opened, 100, 100, 100)
	var got []string
	var last error
	for data, err := range opened.Versions(r.git("rev-parse", "HEAD"), manifest.MayHold) {
		got, last = append(got, string(data)), err
	}
	if diff := cmp.Diff([]string{"3", "2", ""}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if shallow, ok := errors.AsType[*git.ShallowError](last); !ok || shallow.Ref != "" || !strings.Contains(last.Error(), "earlier commits") {
		t.Errorf("%v", last)
	}
}

func TestVersionsLimits(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	for i := range 6 {
		r.put("ws/a.yaml", fmt.Sprint(i))
		r.put("else", fmt.Sprint(i))
	}
	last := r.git("rev-parse", "HEAD")
	opened := r.openIn("ws", git.Options{Getenv: testEnv})
	for name, test := range map[string]struct {
		versions, files, folders int
		want                     []string
	}{
		"none reached": {100, 100, 100, []string{"4", "3", "2", "1", "0"}},
		"just reached": {6, 5, 6, []string{"4", "3", "2", "1", "0"}},
		"versions":     {3, 100, 100, []string{"4", "3"}},
		"files":        {100, 4, 100, []string{"4", "3", "2", "1"}},
		"folders":      {100, 100, 4, []string{"4", "3", "2"}},
	} {
		git.SetLimits(opened, test.versions, test.files, test.folders)
		if got := versions(t, opened, last); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	r.put("ws/a.yaml", strings.Repeat("x", 200))
	last = r.put("ws/a.yaml", "small")
	git.SetLimits(opened, 100, 100, 100)
	git.SetLargest(opened, 100)
	if got := versions(t, opened, last); !slices.Equal(got, []string{"5", "4", "3", "2", "1", "0"}) {
		t.Errorf("with a file that is too large: %q", got)
	}
}

// TestVersionsBroken: what is missing or no tree ends the walk with an error, never in silence.
func TestVersionsBroken(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.put("sub/a.yaml", "1")
	r.put("sub/a.yaml", "2")
	last := r.put("sub/a.yaml", "3")
	for what, name := range map[string]string{"blob": "HEAD~2:sub/a.yaml", "folder": "HEAD~2:sub", "tree": "HEAD~2^{tree}", "commit": "HEAD~2"} {
		back := r.lose(name)
		for _, folder := range []string{".", "sub"} {
			var end error
			for _, err := range r.openIn(folder, git.Options{Getenv: testEnv}).Versions(last, manifest.MayHold) {
				end = err
			}
			if end == nil {
				t.Errorf("%s is missing, seen from %s, and nothing is said", what, folder)
			}
		}
		if name == "HEAD~2^{tree}" {
			_, err := r.openIn("sub", git.Options{Getenv: testEnv}).Tree(r.git("rev-parse", "HEAD~2"))
			if _, ok := errors.AsType[*git.MissingError](err); !ok {
				t.Errorf("%v", err)
			}
		}
		back()
	}
	if got := versions(t, r.open(), last); !slices.Equal(got, []string{"2", "1"}) {
		t.Errorf("%q", got)
	}
}
