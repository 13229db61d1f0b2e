//go:build unix

package git_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile/git"
	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
	"github.com/rolewright/rolewright/reconcile/manifest"
)

// lose takes a loose object away and returns how to bring it back.
func (r *repo) lose(name string) (back func()) {
	r.t.Helper()
	id := r.git("rev-parse", name)
	file := filepath.Join(r.dir, ".git/objects", id[:2], id[2:])
	if err := os.Rename(file, file+".lost"); err != nil {
		r.t.Fatal(err)
	}
	return func() {
		if err := os.Rename(file+".lost", file); err != nil {
			r.t.Fatal(err)
		}
	}
}

// everything does all that a Repository can do, and returns the first error.
func everything(r *git.Repository, ref string) error {
	base, err := r.Base(ref)
	if err != nil {
		return err
	}
	tree, err := r.Tree(base)
	if err != nil {
		return err
	}
	if _, _, err := manifest.LoadFrom(tree, manifest.Options{}); err != nil {
		return err
	}
	if err := fs.WalkDir(tree, ".", func(string, fs.DirEntry, error) error { return nil }); err != nil {
		return err
	}
	for _, err := range r.Versions(base, manifest.MayHold) {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestNothingIsRun: whatever the configuration, the attributes, the hooks and the environment ask
// for, no program runs. Each of them would leave a canary.
func TestNothingIsRun(t *testing.T) {
	r := newRepo(t)
	r.put("rolewright.yaml", "version: 1\n", "a.yaml", "1")
	r.put("a.yaml", "2", ".gitattributes", "* filter=evil diff=evil merge=evil ident\n")
	r.git("checkout", "-q", "-b", "topic")
	r.put("a.yaml", "3")
	canary := filepath.Join(t.TempDir(), "canary")
	evil := program(t, "echo \"$0 $@\" >> "+canary+"\nexit 1\n")
	for _, key := range []string{
		"core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "core.gitProxy", "core.alternateRefsCommand",
		"pager.rev-parse", "pager.cat-file", "pager.merge-base", "diff.external", "diff.evil.textconv", "diff.evil.command",
		"filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "merge.evil.driver", "credential.helper", "gpg.program",
		"alias.cat-file", "alias.rev-parse", "alias.merge-base", "uploadpack.packObjectsHook", "remote.origin.uploadpack",
		"trace2.eventTarget", "trace2.normalTarget", "init.templateDir",
	} {
		value := evil
		if strings.HasPrefix(key, "alias.") || strings.HasPrefix(key, "credential.") {
			value = "!" + evil
		}
		r.git("config", key, value)
	}
	r.git("config", "diff.evil.cachetextconv", "true")
	hooks := filepath.Join(r.dir, ".git/hooks")
	if err := os.MkdirAll(hooks, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, hook := range []string{"post-index-change", "reference-transaction", "fsmonitor-watchman", "post-checkout", "pre-commit"} {
		if err := os.Symlink(evil, filepath.Join(hooks, hook)); err != nil {
			t.Fatal(err)
		}
	}
	// The environment of the test is that of the whole process, as a hostile job could set it.
	for _, name := range []string{
		"GIT_EXTERNAL_DIFF", "GIT_PAGER", "PAGER", "GIT_EDITOR", "EDITOR", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_PROXY_COMMAND", "GIT_ASKPASS", "SSH_ASKPASS",
	} {
		t.Setenv(name, evil)
	}
	t.Setenv("GIT_CONFIG_COUNT", "1")
	t.Setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
	t.Setenv("GIT_CONFIG_VALUE_0", evil)
	t.Setenv("GIT_DIR", "/nowhere")
	t.Setenv("GIT_EXEC_PATH", filepath.Dir(evil))
	t.Setenv("GIT_TRACE", canary)
	before := r.state()
	if err := everything(r.open(), "main"); err != nil {
		t.Error(err)
	}
	for _, ref := range []string{"--upload-pack=" + evil, "ext::" + evil, "-c core.pager=" + evil, "$(" + evil + ")", "`" + evil + "`", "main; " + evil, "@{u}"} {
		if err := everything(r.open(), ref); err == nil {
			t.Errorf("%q is a commit", ref)
		}
	}
	if ran, err := os.ReadFile(canary); err == nil {
		t.Errorf("these ran:\n%s", ran)
	}
	if after := r.state(); after != before {
		t.Errorf("the repository is another:\n%s\nwas\n%s", after, before)
	}
}

// TestBranchIsAnOption: a branch can have the name of an option of git's.
func TestBranchIsAnOption(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.put("a.yaml", "1")
	canary := filepath.Join(t.TempDir(), "canary")
	r.git("update-ref", "refs/heads/--output="+canary, "HEAD")
	for _, err := range r.open().Versions("--output="+canary, manifest.MayHold) {
		if _, ok := errors.AsType[*git.UnknownRefError](err); !ok {
			t.Errorf("%v", err)
		}
	}
	if _, err := r.open().Base("--output=" + canary); err == nil {
		t.Error("it is a base")
	}
	if _, err := os.Stat(canary); err == nil {
		t.Error("git took it for an option")
	}
}

// state lists every file of the repository with its size and time.
func (r *repo) state() string {
	r.t.Helper()
	var list strings.Builder
	err := filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(&list, path, info.Size(), info.ModTime().UnixNano())
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return list.String()
}

// TestNothingIsFetched: objects that a partial clone left out are not fetched, not even from this
// machine, whatever the configuration allows; fetching runs programs that the configuration names.
func TestNothingIsFetched(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.git("config", "uploadpack.allowFilter", "true")
	r.put("rolewright.yaml", "version: 1\n", "a.yaml", "1")
	r.put("a.yaml", "2")
	canary := filepath.Join(t.TempDir(), "canary")
	evil := program(t, "echo \"$@\" >> "+canary+"\nexit 1\n")
	// Versions of git before 2.45 do not know the variable that forbids it.
	old := program(t, "unset GIT_NO_LAZY_FETCH\nexec "+realGit(t)+` "$@"`)
	for i, url := range []string{"file://" + r.dir, r.dir, "https://127.0.0.1:1/x", "ext::" + evil, "ext::" + evil, "ssh://127.0.0.1/x"} {
		c := r.clone("--no-checkout", "--filter=blob:none")
		c.git("config", "remote.origin.url", url)
		c.git("config", "remote.origin.uploadpack", evil)
		c.git("config", "core.sshCommand", evil)
		for _, protocol := range []string{"file", "ext", "https", "ssh"} {
			c.git("config", "protocol."+protocol+".allow", "always")
		}
		opened := c.openIn(".", git.Options{Program: []string{"git", old}[i%2], Getenv: testEnv})
		tree, err := opened.Tree(r.git("rev-parse", "HEAD"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = fs.ReadFile(tree, "a.yaml")
		if missing, ok := errors.AsType[*git.MissingError](err); !ok || missing.Hint() == "" {
			t.Errorf("%s: %v", url, err)
		}
	}
	if ran, err := os.ReadFile(canary); err == nil {
		t.Errorf("these ran:\n%s", ran)
	}
}

// TestCommittedRepository: files that make a folder look like a bare repository, with a
// configuration of its own, are not taken for one.
func TestCommittedRepository(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.put("a.txt", "x")
	canary := filepath.Join(t.TempDir(), "canary")
	evil := program(t, "echo >> "+canary)
	r.git("init", "-q", "--bare", "ws")
	r.write("ws/config", "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n\tfsmonitor = "+evil+"\n[alias]\n\tcat-file = !"+evil+"\n")
	err := openErr(t, t.Context(), filepath.Join(r.dir, "ws"), git.Options{Getenv: testEnv})
	if not, ok := errors.AsType[*git.NotRepositoryError](err); !ok || !not.Bare || !strings.Contains(not.Hint(), "HEAD") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(canary); err == nil {
		t.Error("it ran")
	}
}

// TestReplaced: replace objects, which git shows in the place of others, do not count.
func TestReplaced(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.put("a.yaml", "true")
	last := r.put("a.yaml", "now")
	false1 := r.gitWith("false", "hash-object", "-w", "--stdin")
	r.git("replace", r.git("rev-parse", "HEAD~1:a.yaml"), false1)
	r.git("replace", r.git("rev-parse", "HEAD:a.yaml"), false1)
	opened := r.open()
	if got := versions(t, opened, last); len(got) != 1 || got[0] != "true" {
		t.Errorf("%q", got)
	}
}

// TestBomb: a few objects that stand for folders without end.
func TestBomb(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	id := r.gitWith("x", "hash-object", "-w", "--stdin")
	line := "100644 blob " + id + "\tf%d.txt\n"
	for range 12 {
		var tree strings.Builder
		for i := range 10 {
			fmt.Fprintf(&tree, line, i)
		}
		id = r.gitWith(tree.String(), "mktree")
		line = "040000 tree " + id + "\td%d\n"
	}
	commit := r.git("commit-tree", "-m", "x", id)
	next := r.git("commit-tree", "-m", "x", "-p", commit, r.gitWith("040000 tree "+id+"\tx\n", "mktree"))
	opened := r.open()
	git.SetEntries(opened, 5000)
	tree, err := opened.Tree(commit)
	if err != nil {
		t.Fatal(err)
	}
	err = fs.WalkDir(tree, ".", func(_ string, _ fs.DirEntry, err error) error { return err })
	if err == nil || !strings.Contains(err.Error(), "too many entries") {
		t.Errorf("%v", err)
	}
	if got := versions(t, opened, next); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

// TestLarge: what is too large is passed over and the conversation goes on.
func TestLarge(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	commit := r.put("large.yaml", strings.Repeat("x", 5000), "small.yaml", "small")
	opened := r.open()
	git.SetLargest(opened, 4999)
	tree, err := opened.Tree(commit)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs.ReadFile(tree, "large.yaml"); err == nil || !strings.Contains(err.Error(), "too large: 5000 bytes") {
		t.Errorf("%v", err)
	}
	if info, err := tree.Stat("large.yaml"); err != nil || info.Size() != 5000 {
		t.Errorf("%v, %v", info, err)
	}
	if data, err := fs.ReadFile(tree, "small.yaml"); string(data) != "small" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	git.SetObject(opened, 10)
	if _, err := opened.Tree(commit); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("%v", err)
	}
}

// TestProcesses: four processes, whatever there is to read.
func TestProcesses(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.write("rolewright.yaml", "version: 1\n")
	for i := range 1000 {
		r.write(fmt.Sprintf("roles/%02d/role-%d.yaml", i%10, i), fmt.Sprintf("kind: Role\nkey: r%d\n", i))
	}
	r.commit()
	for i := range 20 {
		r.put("roles/00/role-0.yaml", fmt.Sprint(i))
	}
	r.git("checkout", "-q", "-b", "topic")
	r.put("x", "x")
	count := filepath.Join(t.TempDir(), "count")
	counting := program(t, "echo \"$@\" >> "+count+"\nexec "+realGit(t)+` "$@"`)
	opened := r.openIn(".", git.Options{Program: counting, Getenv: testEnv})
	start := time.Now()
	if err := everything(opened, "main"); err != nil {
		t.Fatal(err)
	}
	t.Logf("1,000 files and 20 earlier versions in %s", time.Since(start).Round(time.Millisecond))
	ran, err := os.ReadFile(count)
	if n := bytes.Count(ran, []byte("\n")); n != 4 || err != nil {
		t.Errorf("%d processes, %v:\n%s", n, err, ran)
	}
}

// TestBadAnswers: a git that does not speak as git does.
func TestBadAnswers(t *testing.T) {
	t.Parallel()
	hash := strings.Repeat("a", 40)
	for name, test := range map[string]struct{ cat, want string }{
		"nothing":         {"exit 0", "git cat-file"},
		"dies":            {"echo fatal: on fire >&2; exit 128", "on fire"},
		"garbage":         {"echo hello there; cat", "not understood"},
		"no size":         {"echo " + hash + " commit x; cat", "not understood"},
		"negative size":   {"echo " + hash + " commit -1; cat", "not understood"},
		"short":           {"read x; echo " + hash + " commit 100; echo x", "git cat-file"},
		"large and short": {"read x; echo " + hash + " commit 99999999999; echo x", "git cat-file"},
		"does not listen": {"exec 0<&-; echo " + hash + " commit 0; echo; sleep 0.2", "broken pipe"},
		"promisor":        {"echo fatal: could not fetch x from promisor remote >&2; exit 128", "lacks objects"},
		"would fetch":     {"echo \"fatal: transport 'ext' not allowed\" >&2; kill -PIPE $$", "lacks objects"},
		"not a commit":    {"while read x; do echo " + hash + " commit 2; echo x; echo; done", "not a commit as git writes it"},
	} {
		script := program(t, `for a; do case "$a" in
rev-parse) printf 'true\nfalse\n\n'; exit;;
cat-file) `+test.cat+`; exit;;
merge-base) echo `+hash+`; exit;;
esac; done`)
		opened, err := git.Open(t.Context(), t.TempDir(), git.Options{Program: script, Getenv: testEnv})
		if err != nil {
			t.Fatal(err)
		}
		err = everything(opened, "HEAD")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
		if name != "not a commit" {
			if again := everything(opened, "HEAD"); again == nil || again.Error() != err.Error() {
				t.Errorf("%s: asked again: %v", name, again)
			}
		}
		_ = opened.Close() // what it ended with has been said
	}
}

// TestBadEnds: a git that ends badly when all is said, or when it looks for the merge base.
func TestBadEnds(t *testing.T) {
	t.Parallel()
	script := program(t, `for a; do case "$a" in
rev-parse) printf 'true\nfalse\n\n'; exit;;
cat-file) while read x; do echo `+strings.Repeat("a", 40)+` commit 0; echo; done; echo late >&2; exit 3;;
merge-base) echo fatal: no idea >&2; exit 128;;
esac; done`)
	opened, err := git.Open(t.Context(), t.TempDir(), git.Options{Program: script, Getenv: testEnv})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := opened.Base("main"); err == nil || !strings.Contains(err.Error(), "no idea") {
		t.Errorf("%v", err)
	}
	if err := opened.Close(); err == nil || !strings.Contains(err.Error(), "late") {
		t.Errorf("%v", err)
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.put("a", "x")
	opened := r.open()
	if err := errors.Join(opened.Close(), opened.Close()); err != nil {
		t.Error(err)
	}
	if err := everything(opened, "HEAD"); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Error(err)
	}
}

// TestCancelled: the end of the context ends git, even one that does not answer.
func TestCancelled(t *testing.T) {
	t.Parallel()
	script := program(t, `for a; do case "$a" in
rev-parse) printf 'true\nfalse\n\n'; exit;;
cat-file) sleep 60;;
esac; done`)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	opened, err := git.Open(ctx, t.TempDir(), git.Options{Program: script, Getenv: testEnv})
	if err != nil {
		t.Fatal(err)
	}
	if err := everything(opened, "HEAD"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if err := opened.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestParseTree(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("\x01", 20)
	for name, test := range map[string]struct {
		data string
		ok   bool
	}{
		"empty": {"", true}, "file": {"100644 a\x00" + id, true}, "two": {"100644 b\x00" + id + "40000 a\x00" + id, true},
		"no hash": {"100644 a\x00", false}, "half a hash": {"100644 a\x00" + id[:19], false}, "no name": {"100644 \x00" + id, false},
		"no mode": {"a\x00" + id, false}, "unknown mode": {"100600 a\x00" + id, false}, "no end": {"100644 a", false},
		"dot": {"40000 .\x00" + id, false}, "dots": {"40000 ..\x00" + id, false}, "slash": {"100644 a/b\x00" + id, false},
		"twice": {"100644 a\x00" + id + "40000 a\x00" + id, false}, "trailing": {"100644 a\x00" + id + "x", false},
	} {
		if _, ok := git.ParseTree([]byte(test.data), 20); ok != test.ok {
			t.Errorf("%s: %t", name, ok)
		}
	}
}

// TestCorruptTree: a tree that git itself refuses to make.
func TestCorruptTree(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	tree := r.gitWith("100644 ..\x00"+strings.Repeat("\x01", 20), "hash-object", "-t", "tree", "--literally", "-w", "--stdin")
	commit := r.gitWith("tree "+tree+"\nauthor a <a> 0 +0000\ncommitter a <a> 0 +0000\n\nx\n", "hash-object", "-t", "commit", "-w", "--stdin")
	opened := r.open()
	found, err := opened.Tree(commit)
	if err != nil {
		t.Fatal(err)
	}
	_, err = found.ReadDir(".")
	if corrupt, ok := errors.AsType[*git.CorruptError](err); !ok || corrupt.ID != tree || !strings.Contains(err.Error(), "not a tree") {
		t.Errorf("%v", err)
	}
	bare := r.gitWith("tree "+tree+"\n", "hash-object", "-t", "commit", "--literally", "-w", "--stdin")
	if _, err := opened.Tree(bare); err != nil {
		t.Errorf("a commit of nobody: %v", err)
	}
	for _, err := range opened.Versions(commit, manifest.MayHold) {
		if _, ok := errors.AsType[*git.CorruptError](err); !ok {
			t.Errorf("%v", err)
		}
	}
}

func FuzzParseTree(f *testing.F) {
	id := strings.Repeat("\x01", 20)
	f.Add([]byte("100644 a\x00"+id+"40000 b\x00"+id), 20)
	f.Add([]byte("160000 ü\x00"+id+id[:12]), 32)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		defer fuzzing.Timed(t)()
		if size != 20 && size != 32 {
			size = 20
		}
		names, ok := git.ParseTree(data, size)
		if !ok {
			return
		}
		for i, name := range names {
			if name == "" || strings.ContainsAny(name, "/\x00") || name == ".." || i > 0 && names[i-1] >= name {
				t.Errorf("%q", names)
			}
		}
	})
}
