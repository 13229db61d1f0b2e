package main

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// preCommitRepo is a repository with a workspace in access/ whose hooks come from this checkout.
type preCommitRepo struct {
	t    *testing.T
	dir  string
	env  []string
	rev  string
	from string // the repository with the hooks
}

const goodRole = `kind: Role
key: ops
name: Operators
basePermissions: no_access
policy:
  - effect: allow
    actions: [viewProject]
    resources: ["proj/*"]
`

// TestPreCommit runs the real pre-commit. It builds the hooks from the files of this checkout, with
// the module cache and no network, in an environment that holds no token.
func TestPreCommit(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: builds the program once more, which -short leaves out")
	}
	if _, err := exec.LookPath("pre-commit"); err != nil {
		skipUnlessAsked(t, "pre-commit is not installed (the Debian package is called pre-commit)")
	}
	r := newPreCommitRepo(t)
	r.write("access/rolewright.yaml", "version: 1\n")
	r.write("access/roles/ops.yaml", goodRole)
	r.write("deploy.yaml", "not: ours\n")
	r.git("add", ".")
	for _, variant := range []string{"", "-system"} {
		t.Run("hooks"+variant, func(t *testing.T) {
			r.t = t
			r.try(variant)
		})
	}
}

// skipUnlessAsked skips a test that misses a tool, unless ROLEWRIGHT_NO_SKIP asks for every test.
func skipUnlessAsked(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("ROLEWRIGHT_NO_SKIP") != "" {
		t.Fatal(why)
	}
	t.Skip("SKIPPED: " + why)
}

// try goes through what a user meets, and leaves the repository as it was.
func (r *preCommitRepo) try(variant string) {
	validate, format, test := "rolewright-validate"+variant, "rolewright-fmt"+variant, "rolewright-test"+variant
	r.hooks(validate, format, test)
	r.passes("good files", "run", "--all-files")
	r.git("commit", "-qm", "good", "--allow-empty")

	// The other file of the pair is in the last commit, not in this one.
	r.write("access/roles/twin.yaml", strings.Replace(goodRole, "Operators", "Twin", 1))
	r.git("add", ".")
	r.fails("a key taken in another file", `role "ops" is declared twice[^!]*see roles/ops\.yaml:2:6`, "run", validate)

	r.write("access/roles/twin.yaml", strings.NewReplacer("key: ops", "key: twin", "Operators", "Twin", "basePermissions", "basePermission").Replace(goodRole))
	r.git("add", ".")
	r.fails("a misspelt key", `roles/twin\.yaml:4:1: error: unknown key "basePermission"`, "run", validate)

	messy := strings.NewReplacer("key: ops", "key:   twin", "Operators", "Twin").Replace(goodRole)
	r.write("access/roles/twin.yaml", messy)
	r.git("add", ".")
	r.passes("messy, but valid", "run", validate)
	r.hooks(format + ", args: [--check, --]")
	r.fails("not formatted", `(?s)exit code: 1.*access.roles.twin\.yaml.*1 of 1 file is not formatted`, "run", format)
	if got := r.read("access/roles/twin.yaml"); got != messy {
		r.t.Errorf("--check wrote the file:\n%s", got)
	}
	r.hooks(format)
	r.fails("gets formatted", `files were modified by this hook`, "run", format)
	if got := r.read("access/roles/twin.yaml"); got != strings.Replace(messy, "key:   twin", "key: twin", 1) {
		r.t.Errorf("fmt wrote:\n%s", got)
	}
	r.git("add", ".")
	r.passes("formatted", "run", format)

	// The test that a role breaks is in the last commit, not in this one.
	r.git("reset", "-q", "--hard")
	r.write("access/tests/ops.yaml", opsTest)
	r.hooks(test)
	r.git("add", ".")
	r.passes("a test that holds", "run", test)
	r.git("commit", "-qm", "a test", "--no-verify")
	r.write("access/roles/ops.yaml", goodRole+moreOfOps)
	r.git("add", ".")
	r.fails("a role that breaks a test", `(?s)exit code: 3.*FAIL operators touch no flag.*is allowed "updateOn on .*roles/ops\.yaml:`, "run", test)

	r.git("reset", "-q", "--hard", "HEAD~1")
}

const (
	opsTest = `kind: AccessTest
name: operators touch no flag
as: {role: ops}
cannot: ["* on proj/*:env/*:flag/*"]
`
	moreOfOps = `  - effect: allow
    actions: [updateOn]
    resources: ["proj/*:env/*:flag/*"]
`
)

func newPreCommitRepo(t *testing.T) *preCommitRepo {
	t.Helper()
	r := &preCommitRepo{t: t, dir: t.TempDir(), from: t.TempDir()}
	env := maps.Clone(goEnv())
	maps.Copy(env, map[string]string{
		"PATH": os.Getenv("PATH"), "HOME": t.TempDir(), "PRE_COMMIT_HOME": t.TempDir(), "GOPROXY": "off",
		"HTTP_PROXY": unreachable, "HTTPS_PROXY": unreachable, "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1", "PRE_COMMIT_COLOR": "never",
		"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.com",
	})
	for name, value := range env {
		r.env = append(r.env, name+"="+value)
	}
	copyCheckout(t, r.from)
	for _, dir := range []string{r.from, r.dir} {
		r.must(dir, "git", "init", "-q", "-b", "main")
	}
	r.must(r.from, "git", "add", "--force", ".")
	r.must(r.from, "git", "commit", "-qm", "this checkout")
	r.rev = strings.TrimSpace(r.must(r.from, "git", "rev-parse", "HEAD"))
	return r
}

// copyCheckout copies the files of this checkout that git tracks or would track, as they are now.
func copyCheckout(t *testing.T, to string) {
	t.Helper()
	out, err := exec.Command("git", "-C", "../..", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		skipUnlessAsked(t, "git does not list the files of this checkout: "+err.Error())
	}
	copied := 0
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		data, err := os.ReadFile(filepath.Join("../..", name))
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted, and not committed yet
		}
		if err == nil {
			err = writeFile(to, name, data)
		}
		if err != nil {
			t.Fatal(err)
		}
		copied++
	}
	if copied < 100 {
		t.Fatalf("only %d files in this checkout", copied)
	}
}

func (r *preCommitRepo) must(dir, name string, args ...string) string {
	r.t.Helper()
	out, err := r.run(dir, name, args...)
	if err != nil {
		r.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

func (r *preCommitRepo) run(dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(r.t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, r.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (r *preCommitRepo) git(args ...string) { r.must(r.dir, "git", args...) }

func (r *preCommitRepo) write(name, text string) {
	r.t.Helper()
	if err := writeFile(r.dir, name, []byte(text)); err != nil {
		r.t.Fatal(err)
	}
}

func (r *preCommitRepo) read(name string) string {
	data, err := os.ReadFile(filepath.Join(r.dir, name))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(data)
}

// hooks configures the hooks: their ids, each perhaps with more settings in YAML's flow style.
func (r *preCommitRepo) hooks(hooks ...string) {
	r.t.Helper()
	text := fmt.Sprintf("repos:\n  - repo: %s\n    rev: %s\n    hooks:\n", r.from, r.rev)
	for _, h := range hooks {
		text += "      - {id: " + h + "}\n"
	}
	r.write(".pre-commit-config.yaml", text)
	r.git("add", ".pre-commit-config.yaml")
}

func (r *preCommitRepo) passes(what string, args ...string) {
	r.t.Helper()
	out, err := r.run(r.dir, "pre-commit", args...)
	if err != nil || !strings.Contains(out, "Passed") {
		r.t.Fatalf("%s: %v\n%s", what, err, out)
	}
}

func (r *preCommitRepo) fails(what, want string, args ...string) {
	r.t.Helper()
	out, err := r.run(r.dir, "pre-commit", args...)
	if err == nil || !strings.Contains(out, "Failed") || !regexp.MustCompile(want).MatchString(out) {
		r.t.Fatalf("%s: %v, want %s in\n%s", what, err, want, out)
	}
}

// TestPreCommitHooks: what the manifest says of each hook.
func TestPreCommitHooks(t *testing.T) {
	data, err := os.ReadFile("../../.pre-commit-hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	type hook struct {
		ID, Name, Description, Language, Entry, Files string
		Args, Types                                   []string
		RequireSerial                                 bool   `yaml:"require_serial"`
		Minimum                                       string `yaml:"minimum_pre_commit_version"`
	}
	var hooks []hook
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	if err := decoder.Decode(&hooks); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, h := range hooks {
		command, system := strings.CutSuffix(strings.TrimPrefix(h.ID, "rolewright-"), "-system")
		language := map[bool]string{true: "system", false: "golang"}[system]
		ids = append(ids, h.ID)
		if h.Entry != "rolewright "+command || h.Language != language || h.Name != h.Entry || h.Description == "" {
			t.Errorf("%+v", h)
		}
		if !h.RequireSerial || h.Minimum != "3.0.0" || !slices.Equal(h.Args, []string{"--"}) || !slices.Equal(h.Types, []string{"yaml"}) {
			t.Errorf("%+v", h)
		}
	}
	want := []string{
		"rolewright-validate", "rolewright-fmt", "rolewright-test",
		"rolewright-validate-system", "rolewright-fmt-system", "rolewright-test-system",
	}
	if !slices.Equal(ids, want) {
		t.Errorf("hooks %v, want %v", ids, want)
	}
	files := regexp.MustCompile(hooks[0].Files)
	for name, want := range map[string]bool{
		"rolewright.yaml": true, "a/rolewright.yaml": true, "roles/a.yaml": true, "x/roles/y/a.yml": true, "teams/a.yaml": true, "tests/a.yaml": true,
		"myrolewright.yaml": false, "deploy.yaml": false, "roles/a.txt": false, "myroles/a.yaml": false,
	} {
		if files.MatchString(name) != want {
			t.Errorf("%s: starts the hooks: %v", name, !want)
		}
	}
}
