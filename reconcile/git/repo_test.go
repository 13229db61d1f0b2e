//go:build unix

package git_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/rolewright/rolewright/reconcile/git"
)

// repo is a repository in a temporary folder, worked on with the git program.
type repo struct {
	t   testing.TB
	dir string
}

// home is a home folder without a configuration, so that the tester's own does not matter.
var home = func() string {
	dir, err := os.MkdirTemp("", "home")
	if err != nil {
		panic(err)
	}
	return dir
}()

// TestMain fails if a test leaves a goroutine behind.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(home)
		os.Exit(code)
	}))
}

func newRepo(t testing.TB, args ...string) *repo {
	t.Helper()
	r := &repo{t, filepath.Join(t.TempDir(), "repo")}
	if err := os.Mkdir(r.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r.git(append([]string{"init", "-q", "-b", "main"}, args...)...)
	return r
}

// git runs git as a person would and returns what it prints.
func (r *repo) git(args ...string) string {
	r.t.Helper()
	return r.gitWith("", args...)
}

func (r *repo) gitWith(stdin string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = r.dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "GIT_CONFIG_NOSYSTEM=1", "GIT_ALLOW_PROTOCOL=file",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
	}
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		r.t.Fatalf("git %q: %v\n%s", args, err, errs.String())
	}
	return strings.TrimSpace(out.String())
}

func (r *repo) write(name, data string) {
	r.t.Helper()
	full := filepath.Join(r.dir, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(data), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// commit commits the working tree and returns the commit's hash.
func (r *repo) commit() string {
	r.t.Helper()
	r.git("add", "-A")
	r.git("commit", "-q", "--allow-empty", "-m", "x")
	return r.git("rev-parse", "HEAD")
}

// put writes files, given as name and content in turn, and commits.
func (r *repo) put(files ...string) string {
	r.t.Helper()
	for i := 0; i < len(files); i += 2 {
		r.write(files[i], files[i+1])
	}
	return r.commit()
}

func (r *repo) clone(args ...string) *repo {
	r.t.Helper()
	c := &repo{r.t, filepath.Join(r.t.TempDir(), "clone")}
	r.git(append([]string{"clone", "-q"}, append(args, "file://"+r.dir, c.dir)...)...)
	return c
}

func testEnv(name string) string {
	if name == "HOME" {
		return home
	}
	return os.Getenv(name)
}

func (r *repo) open() *git.Repository {
	r.t.Helper()
	return r.openIn(".", git.Options{Getenv: testEnv})
}

func (r *repo) openIn(folder string, o git.Options) *git.Repository {
	r.t.Helper()
	opened, err := git.Open(r.t.Context(), filepath.Join(r.dir, folder), o)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		if err := opened.Close(); err != nil {
			r.t.Errorf("close: %v", err)
		}
	})
	return opened
}

// program writes a program to stand in for git and returns its path.
func program(t testing.TB, script string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "git")
	// A process that is forked meanwhile would hold the file open, and nobody could run it: "text file busy".
	syscall.ForkLock.RLock()
	err := os.WriteFile(file, []byte("#!/bin/sh\n"+script), 0o755)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func realGit(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func openErr(t testing.TB, ctx context.Context, dir string, o git.Options) error {
	t.Helper()
	opened, err := git.Open(ctx, dir, o)
	if err == nil {
		_ = opened.Close()
		t.Fatalf("%s was opened", dir)
	}
	return err
}
