//go:build unix

package git_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/git"
	"github.com/rolewright/rolewright/reconcile/manifest"
)

// forked is a repository in which main went on after topic left it; topic is checked out. It
// returns the commit in common and the ends of both.
func forked(t *testing.T) (r *repo, common, topic, main string) {
	r = newRepo(t)
	r.put("a.txt", "1")
	common = r.put("a.txt", "2")
	r.git("checkout", "-q", "-b", "topic")
	topic = r.put("b.txt", "topic")
	r.git("checkout", "-q", "main")
	main = r.put("a.txt", "3")
	r.git("checkout", "-q", "topic")
	return r, common, topic, main
}

func TestBase(t *testing.T) {
	t.Parallel()
	r, common, topic, main := forked(t)
	r.git("tag", "-a", "-m", "x", "v1", main)
	r.git("branch", "a-branch/ünï", main)
	opened := r.open()
	for ref, want := range map[string]string{
		"main": common, "refs/heads/main": common, main: common, main[:10]: common, "v1": common, "a-branch/ünï": common,
		"topic": topic, "HEAD": topic, "HEAD~1": common, "HEAD~2": r.git("rev-parse", "HEAD~2"), "@": topic,
	} {
		got, err := opened.Base(ref)
		if err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", ref, got, err, want)
		}
	}
	linked := filepath.Join(t.TempDir(), "linked")
	r.git("worktree", "add", "-q", "--detach", linked, "main")
	if got, err := (&repo{t, linked}).open().Base("topic"); got != common || err != nil {
		t.Errorf("in a linked working tree: %s, %v", got, err)
	}
	// As on GitHub: the checked out commit is the merge, without a branch.
	r.git("checkout", "-q", "--detach", "main")
	r.git("merge", "-q", "--no-ff", "-m", "merge", "topic")
	if got, err := r.open().Base("main"); got != main || err != nil {
		t.Errorf("from the merge: %s, %v", got, err)
	}
	if got, err := r.open().Base("HEAD^2"); got != topic || err != nil {
		t.Errorf("second parent: %s, %v", got, err)
	}
}

func TestRefRefused(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.put("a.txt", "1")
	r.git("tag", "blob", r.git("rev-parse", "HEAD:a.txt"))
	opened := r.open()
	for ref, want := range map[string]string{
		"":                        "it is empty",
		"-x":                      "it looks like an option",
		"--upload-pack=touch x":   "it looks like an option",
		"HEAD:a.txt":              "it names a file",
		":/x":                     "it names a file",
		"main\nHEAD":              "control character",
		"main\x00":                "control character",
		strings.Repeat("x", 1025): "it is too long",
		"nowhere":                 "no such commit",
		"no where at all":         "no such commit",
		"blob":                    "no such commit",
		"HEAD^2":                  "no such commit",
		strings.Repeat("0", 40):   "no such commit",
		"HEAD^{/nothing like it}": "no such commit",
	} {
		_, err := opened.Base(ref)
		unknown, ok := errors.AsType[*git.UnknownRefError](err)
		if !ok || !strings.Contains(err.Error(), want) || !strings.Contains(unknown.Hint(), "fetch-depth: 0") {
			t.Errorf("%q: %v", ref, err)
		}
	}
	if got, err := opened.Base("main"); err != nil || len(got) != 40 {
		t.Errorf("after all that: %q, %v", got, err)
	}
}

func TestNoCommit(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	_, err := r.open().Base("main")
	if _, ok := errors.AsType[*git.UnknownRefError](err); !ok {
		t.Errorf("no commit at all: %v", err)
	}
	r.put("a.txt", "1")
	r.git("branch", "other")
	r.git("checkout", "-q", "--orphan", "unborn")
	_, err = r.open().Base("other")
	if unknown, ok := errors.AsType[*git.UnknownRefError](err); !ok || unknown.Ref != "HEAD" {
		t.Errorf("unborn branch: %v", err)
	}
	r.put("b.txt", "1")
	_, err = r.open().Base("other")
	if unrelated, ok := errors.AsType[*git.UnrelatedError](err); !ok || unrelated.Hint() == "" || !strings.Contains(err.Error(), `"other"`) {
		t.Errorf("unrelated: %v", err)
	}
}

func TestShallow(t *testing.T) {
	t.Parallel()
	r, _, topic, _ := forked(t)
	c := r.clone("--depth=1", "--no-single-branch")
	opened := c.open()
	_, err := opened.Base("origin/main")
	if shallow, ok := errors.AsType[*git.ShallowError](err); !ok || !strings.Contains(shallow.Hint(), "fetch-depth: 0") || !strings.Contains(err.Error(), "origin/main") {
		t.Errorf("no common commit: %v", err)
	}
	_, err = opened.Base("HEAD~1")
	if unknown, ok := errors.AsType[*git.UnknownRefError](err); !ok || !unknown.Shallow || !strings.HasPrefix(unknown.Hint(), "in GitHub Actions") {
		t.Errorf("unknown: %v", err)
	}
	if got, err := opened.Base("HEAD"); got != topic || err != nil {
		t.Errorf("%s, %v", got, err)
	}
}

func TestSHA256(t *testing.T) {
	t.Parallel()
	r := newRepo(t, "--object-format=sha256")
	first := r.put("d/a.yaml", "1")
	r.put("d/a.yaml", "2")
	opened := r.openIn("d", git.Options{Getenv: testEnv})
	base, err := opened.Base("HEAD~1")
	if err != nil || base != first || len(base) != 64 {
		t.Fatalf("%s, %v", base, err)
	}
	tree, err := opened.Tree(base)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := fs.ReadFile(tree, "a.yaml"); string(data) != "1" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	if got := versions(t, opened, r.git("rev-parse", "HEAD")); cmp.Diff([]string{"1"}, got) != "" {
		t.Errorf("%q", got)
	}
}

func TestTree(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	names := []string{
		"a.yaml", "roles/a b.yaml", "roles/ünï/x.yaml", "roles/new\nline.yaml", "roles/-rf.yaml", "roles/:(top)x.yaml", "roles/a*b.yaml",
		`roles/"quoted".yaml`, "roles.d/x", "roles-x",
	}
	for _, sub := range []string{"", "sub folder/dé\nux/"} {
		for _, name := range names {
			r.write(sub+name, "content of "+name)
		}
	}
	r.write("outside.txt", "secret")
	commit := r.commit()
	r.git("rm", "-rq", ".") // what is checked out does not matter
	r.write("sub folder/dé\nux/x", "")
	for _, sub := range []string{".", "sub folder/dé\nux"} {
		tree, err := r.openIn(sub, git.Options{Getenv: testEnv}).Tree(commit)
		if err != nil {
			t.Fatal(err)
		}
		if err := fstest.TestFS(tree, names...); err != nil {
			t.Error(err)
		}
		for _, name := range names {
			if data, err := fs.ReadFile(tree, name); err != nil || string(data) != "content of "+name {
				t.Errorf("%s %q: %q, %v", sub, name, data, err)
			}
		}
	}
	other := newRepo(t)
	tree, err := other.open().Tree(other.put(`back\slash.yaml`, "x")) // of which fstest believes that it cannot be
	if err != nil {
		t.Fatal(err)
	}
	if data, err := fs.ReadFile(tree, `back\slash.yaml`); string(data) != "x" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	for name, want := range map[string]error{"nowhere": fs.ErrNotExist, "roles/a b.yaml/x": nil, "../outside.txt": fs.ErrInvalid, "/etc/passwd": fs.ErrInvalid, "": fs.ErrInvalid} {
		tree, err := r.openIn("sub folder/dé\nux", git.Options{Getenv: testEnv}).Tree(commit)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = tree.Open(name); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%q: %v", name, err)
		}
		if _, err = tree.ReadDir(name); err == nil {
			t.Errorf("%q is listed", name)
		}
	}
}

func TestTreeOfAnotherFolder(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	commit := r.put("a.txt", "1", "file", "x")
	r.git("rm", "-q", "file")
	r.write("new/deep/a.txt", "")
	r.write("file/a.txt", "")
	for _, folder := range []string{"new", "new/deep", "file"} {
		_, err := r.openIn(folder, git.Options{Getenv: testEnv}).Tree(commit)
		if none, ok := errors.AsType[*git.NoFolderError](err); !ok || none.Commit != commit || !strings.Contains(err.Error(), folder) {
			t.Errorf("%s: %v", folder, err)
		}
	}
	_, err := r.open().Tree(strings.Repeat("0", 40))
	if missing, ok := errors.AsType[*git.MissingError](err); !ok || missing.Hint() == "" || !strings.Contains(err.Error(), "0000") {
		t.Errorf("%v", err)
	}
	if _, err := r.open().Tree(r.git("rev-parse", commit+"^{tree}")); err == nil || !strings.Contains(err.Error(), "it is a tree, not a commit") {
		t.Errorf("%v", err)
	}
}

// TestLinks: links lead nowhere outside the folder, and nowhere a folder of the file system leads
// either.
func TestLinks(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.write("outside.txt", "secret")
	r.write("ws/in/file.txt", "inside")
	links := map[string]string{
		"to-file": "in/file.txt", "to-folder": "in", "in/back": "../in/file.txt", "chain": "to-folder/back", "in/up": "..",
		"out": "../outside.txt", "absolute": "/etc/passwd", "absolute-inside": "/in/file.txt", "loop": "loop", "dangling": "nowhere", "deep-out": "in/../../outside.txt",
		"through-file": "in/file.txt/x", "dot": "./in/./file.txt", "out-and-in": "../ws/in/file.txt", "long": strings.Repeat("in/../", 800) + "in",
	}
	for name, target := range links {
		if name == "long" {
			continue // only git can hold it
		}
		if err := os.Symlink(target, filepath.Join(r.dir, "ws", name)); err != nil {
			t.Fatal(err)
		}
	}
	r.commit()
	long := r.gitWith(links["long"], "hash-object", "-w", "--stdin")
	r.git("update-index", "--add", "--cacheinfo", "120000,"+long+",ws/long")
	r.git("commit", "-q", "-m", "x")
	commit := r.git("rev-parse", "HEAD")
	tree, err := r.openIn("ws", git.Options{Getenv: testEnv}).Tree(commit)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := os.OpenRoot(filepath.Join(r.dir, "ws"))
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	good := map[string]bool{"to-file": true, "in/back": true, "chain": true, "dot": true, "to-folder/back": true, "in/up/in/file.txt": true}
	for _, name := range append([]string{"to-folder/back", "in/up/in/file.txt", "long"}, keys(links)...) {
		data, err := fs.ReadFile(tree, name)
		if good[name] != (err == nil && string(data) == "inside") {
			t.Errorf("%s: %q, %v", name, data, err)
		}
		there, err := fs.ReadFile(folder.FS(), name)
		if string(there) != string(data) {
			t.Errorf("%s: %q in the folder, %q in the tree, %v", name, there, data, err)
		}
	}
	if info, err := tree.Lstat("to-file"); err != nil || info.Mode().Type() != fs.ModeSymlink {
		t.Errorf("%v, %v", info, err)
	}
	if info, err := tree.Lstat("to-folder/file.txt"); err != nil || !info.Mode().IsRegular() || info.Size() != 6 {
		t.Errorf("%v, %v", info, err)
	}
	if target, err := tree.ReadLink("to-file"); target != "in/file.txt" || err != nil {
		t.Errorf("%q, %v", target, err)
	}
	if _, err := tree.ReadLink("in/file.txt"); err == nil {
		t.Error("a file was read as a link")
	}
	if listed, err := tree.ReadDir("to-folder"); err != nil || len(listed) != 3 {
		t.Errorf("%v, %v", listed, err)
	}
}

func keys(m map[string]string) (list []string) {
	for k := range m {
		list = append(list, k)
	}
	return list
}

// TestSubmodule: the files of a submodule are not in the repository, so nobody may take it for an
// empty folder.
func TestSubmodule(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.put("rolewright.yaml", "version: 1\n")
	r.git("update-index", "--add", "--cacheinfo", "160000,"+r.git("rev-parse", "HEAD")+",module")
	r.git("commit", "-q", "-m", "x")
	opened := r.open()
	tree, err := opened.Tree(r.git("rev-parse", "HEAD"))
	if err != nil {
		t.Fatal(err)
	}
	_, findings, err := manifest.LoadFrom(tree, manifest.Options{})
	if err != nil || len(findings) != 1 || findings[0].Code != "file/read" || !strings.Contains(findings[0].Message, "submodule") {
		t.Errorf("%v, %v", findings, err)
	}
	if got := versions(t, opened, r.git("rev-parse", "HEAD")); len(got) != 0 {
		t.Errorf("%q", got)
	}
	if _, err := tree.Open("module"); err == nil || !strings.Contains(err.Error(), "submodule") {
		t.Errorf("%v", err)
	}
	if info, err := tree.Stat("rolewright.yaml"); err != nil || info.Sys() != nil {
		t.Errorf("%v, %v", info, err)
	}
	if err := os.Mkdir(filepath.Join(r.dir, "module"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := r.openIn("module", git.Options{Getenv: testEnv}).Tree(r.git("rev-parse", "HEAD")); err == nil {
		t.Error("a folder inside a submodule was read")
	}
}

// TestSameAsCheckedOut: a workspace read from a commit is the one that is checked out, mistakes
// included.
func TestSameAsCheckedOut(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	if err := os.CopyFS(filepath.Join(r.dir, "acme"), os.DirFS("../../examples/acme")); err != nil {
		t.Fatal(err)
	}
	r.write("acme/roles/broken.yaml", "kind: Role\nkey: [\n")
	r.write("acme/roles/x.YAML", "")
	r.write("acme/roles/bad\nname.yaml", "kind: Role\n")
	r.write("acme/sub/rolewright.yaml", "version: 1\n")
	r.write("acme/empty.yaml", "")
	if err := os.Symlink("../../x", filepath.Join(r.dir, "acme/roles/link.yaml")); err != nil {
		t.Fatal(err)
	}
	commit := r.commit()
	tree, err := r.openIn("acme", git.Options{Getenv: testEnv}).Tree(commit)
	if err != nil {
		t.Fatal(err)
	}
	got, findings, err := manifest.LoadFrom(tree, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want, wanted, err := manifest.Load(filepath.Join(r.dir, "acme"), manifest.Options{})
	if err != nil || len(wanted) < 5 {
		t.Fatalf("%v, %v", wanted, err)
	}
	got.Root = want.Root
	if diff := cmp.Diff(want, got) + cmp.Diff(wanted, findings); diff != "" {
		t.Errorf("-folder +commit:\n%s", diff)
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.put("a.txt", "1")
	nowhere := t.TempDir()
	bare := filepath.Join(nowhere, "bare")
	r.git("clone", "-q", "--bare", r.dir, bare)
	plain := git.Options{Getenv: testEnv}
	check := func(name string, err error, want string, target any) {
		t.Helper()
		if !errors.As(err, target) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
		if h, ok := err.(interface{ Hint() string }); !ok || h.Hint() == "" {
			t.Errorf("%s: no hint", name)
		}
	}
	check("no repository", openErr(t, t.Context(), nowhere, plain), "belongs to no git repository", new(*git.NotRepositoryError))
	check("bare", openErr(t, t.Context(), bare, plain), "bare", new(*git.NotRepositoryError))
	check("inside .git", openErr(t, t.Context(), filepath.Join(r.dir, ".git"), plain), "bare", new(*git.NotRepositoryError))
	check("not installed", openErr(t, t.Context(), r.dir, git.Options{Program: "no-such-program"}), `"no-such-program"`, new(*git.NotInstalledError))
	other := program(t, "GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec "+realGit(t)+` "$@"`)
	r.write("sub/x", "")
	for name, theirs := range map[string]string{
		"another's":            other,
		"another's, older git": program(t, `echo "fatal: unsafe repository ('`+r.dir+`' is owned by someone else)" >&2; exit 128`),
		"another's, some git":  program(t, `echo "fatal: dubious ownership" >&2; exit 128`),
	} {
		want := filepath.Join(r.dir, "sub")
		if name != "another's, some git" {
			want = r.dir
		}
		err := openErr(t, t.Context(), filepath.Join(r.dir, "sub"), git.Options{Program: theirs, Getenv: testEnv})
		check(name, err, fmt.Sprintf("%q, since another user owns it", want), new(*git.OwnershipError))
	}
	if err := openErr(t, t.Context(), r.dir, git.Options{Program: program(t, "echo fatal: on fire >&2; exit 7")}); !strings.Contains(err.Error(), "git rev-parse: exit status 7: fatal: on fire") {
		t.Error(err)
	}
	outside := program(t, "printf 'false\nfalse\n\n'")
	check("outside", openErr(t, t.Context(), r.dir, git.Options{Program: outside}), "belongs to no git repository", new(*git.NotRepositoryError))
	gone := program(t, "printf 'true\nfalse\n\n'; /bin/rm \"$0\"")
	if err := openErr(t, t.Context(), r.dir, git.Options{Program: gone}); !strings.Contains(err.Error(), "git cat-file: ") {
		t.Error(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := openErr(t, cancelled, r.dir, plain); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
