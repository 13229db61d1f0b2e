package main

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/role"
)

// sandboxToken is in the environment of every second run, and must make no difference.
const sandboxToken = "canary5token7of8the9hooks"

// TestSandbox traces every system call of what runs on files that anybody may have written: each hook of
// .pre-commit-hooks.yaml, and the commands that answer without an account. None of them asks the network,
// starts a program, opens anything outside of the workspace or writes what it was not told to.
func TestSandbox(t *testing.T) {
	needStrace(t)
	hooks := sandboxHooks(t)
	runs := 0
	for name, make := range map[string]func(*testing.T) string{"acme": acmeRepo, "hostile": hostileRepo} {
		for id, command := range sandboxRuns(name, hooks) {
			t.Run(name+"/"+id, func(t *testing.T) {
				again, with := command.run(t, make(t), sandboxToken)
				runs++
				if command.trap {
					return
				}
				code, without := command.run(t, make(t), "")
				runs++
				if again != code || with != without {
					t.Errorf("with a token in the environment exit code %d and not %d:\n%s\nand not\n%s", again, code, with, without)
				}
				if code != 0 && name == "acme" {
					t.Errorf("exit code %d\n%s", code, without)
				}
			})
		}
	}
	if !t.Failed() {
		t.Logf("figure: sandboxed hooks: %d, with others in %d traced runs: 0 connections, 0 programs, 0 files outside, 0 written untold", len(hooks), runs)
	}
}

// sandboxed is a command that is traced.
type sandboxed struct {
	args   []string
	files  string // of a hook, which files pre-commit names
	writes bool   // it may rewrite role files
	trap   bool   // it names a file that is none
}

// run runs the command in a repository of its own. What it prints names that by one name.
func (c sandboxed) run(t *testing.T, root, token string) (int, string) {
	t.Helper()
	s := sandbox{root: root, work: root}
	if c.writes {
		for _, name := range regularFiles(t, root, `\.ya?ml$`) {
			s.write = append(s.write, filepath.Join(root, name))
		}
	}
	args := c.args
	if c.files != "" {
		args = slices.Concat(args, regularFiles(t, root, c.files))
	}
	code, printed := s.trace(t, args, token)
	return code, strings.ReplaceAll(printed, root, "REPO")
}

// sandboxCommands need no account; "." is the workspace.
var sandboxCommands = map[string]sandboxed{
	"validate": {args: []string{"validate", "."}}, "validate as JSON": {args: []string{"validate", "--format", "json", "."}},
	"validate --fix": {args: []string{"validate", "--fix", "."}, writes: true}, "fmt": {args: []string{"fmt", "."}, writes: true},
	"fmt --check": {args: []string{"fmt", "--check", "--diff", "."}}, "test": {args: []string{"test", "."}},
	"schema": {args: []string{"schema", "role"}}, "explain": {args: []string{"explain", "LD001"}}, "version": {args: []string{"version"}},
}

// traps are the files of the hostile repository that are none; each is named to each command that takes files.
var traps = []string{"out.yaml", "up.yaml", "loop.yaml", "zero.yaml", "environ.yaml", "pipe.yaml", "zz-huge.yaml", "../teams/passwd.yaml", "../members/above.yaml"}

// sandboxRuns are what is run on a repository. Hooks that run the same are one; with -short they are all.
func sandboxRuns(repo string, hooks map[string]sandboxed) map[string]sandboxed {
	all := map[string]sandboxed{}
	for _, c := range hooks {
		all["hook "+strings.Join(c.args, " ")] = c
	}
	if testing.Short() {
		return all
	}
	maps.Copy(all, sandboxCommands)
	if repo != "hostile" {
		return all
	}
	for _, trap := range traps {
		path := filepath.Join("roles", trap)
		all["fmt "+path] = sandboxed{args: []string{"fmt", path}, trap: true}
		all["validate "+path] = sandboxed{args: []string{"validate", path}, trap: true}
	}
	return all
}

// sandboxHooks are the commands of the hooks that we offer, without the program's name.
func sandboxHooks(t *testing.T) map[string]sandboxed {
	t.Helper()
	data, err := os.ReadFile("../../.pre-commit-hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var hooks []struct {
		ID, Entry, Files string
		Args             []string
	}
	if err := yaml.Unmarshal(data, &hooks); err != nil {
		t.Fatal(err)
	}
	commands := map[string]sandboxed{}
	for _, h := range hooks {
		entry := strings.Fields(h.Entry)
		if len(entry) < 2 || entry[0] != "rolewright" || h.Files == "" {
			t.Fatalf("hook %s runs %q on %q: only rolewright on certain files can be traced here", h.ID, h.Entry, h.Files)
		}
		commands[h.ID] = sandboxed{args: append(entry[1:], h.Args...), files: h.Files, writes: entry[1] == "fmt"}
	}
	if len(commands) == 0 {
		t.Fatal("there are no hooks")
	}
	return commands
}

// regularFiles are the files with such names, as pre-commit names them: no links and no pipes, and from the
// root of the repository.
func regularFiles(t *testing.T, root, names string) (list []string) {
	t.Helper()
	match := regexp.MustCompile(names)
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && match.MatchString(path) {
			list = append(list, path)
		}
		return err
	})
	if err != nil || len(list) < 3 {
		t.Fatalf("%d files, %v", len(list), err)
	}
	return list
}

func needStrace(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		skipUnlessAsked(t, "strace is not installed (the Debian package is called strace)")
	}
	if out, err := exec.Command("strace", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		skipUnlessAsked(t, "strace may not trace here: "+string(out))
	}
}

// trace runs the program in the sandbox. It returns how that ended and what was printed.
func (s sandbox) trace(t *testing.T, args []string, token string) (code int, printed string) {
	t.Helper()
	code, printed, lines := straced(t, s.work, args, "LAUNCHDARKLY_ACCESS_TOKEN="+token)
	seen := map[string]bool{}
	for _, line := range lines {
		if why := s.judge(line); why != "" && !seen[why] {
			seen[why] = true
			t.Errorf("%q %s:\n%s", args[:min(2, len(args))], why, line)
		}
	}
	if strings.Contains(printed, sandboxToken) {
		t.Errorf("%q prints the token:\n%s", args, printed)
	}
	return code, printed
}

// straced runs the program under strace and returns the calls that have to do with files, processes and the
// network, but for the one that starts it.
func straced(t *testing.T, dir string, args []string, env ...string) (code int, printed string, lines []string) {
	t.Helper()
	program, err := exec.LookPath("rolewright")
	if err != nil {
		t.Fatal(err)
	}
	logs := t.TempDir()
	cmd := exec.Command("strace", slices.Concat([]string{
		"-ff", "-y", "-s", "4096", "-o", filepath.Join(logs, "t"), "-e", "trace=%file,%process,%network", "--", program,
	}, args)...)
	var out bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, append(env, "NO_COLOR=1", "HOME="+logs, "PATH=/nowhere"), &out, &out
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(logs, "t.*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no trace: %v\n%s", err, &out)
	}
	starts := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			if strings.HasPrefix(line, `execve("`+program+`", ["`+program+`"`) {
				starts++
				continue
			}
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	if starts != 1 || len(lines) < 20 {
		t.Fatalf("the program started %d times, and %d lines are traced", starts, len(lines))
	}
	return cmd.ProcessState.ExitCode(), out.String(), lines
}

// TestSandboxSees: the same eyes see that a plan asks an account.
func TestSandboxSees(t *testing.T) {
	needStrace(t)
	account := tokenAccount{ids: "0123456789abcdef"}.serve(t, role.Role{}, emulator.Behaviour{})
	root := acmeRepo(t)
	code, printed, lines := straced(t, root, []string{"plan", "--target", "production", "--prune", root},
		"LAUNCHDARKLY_API_HOST="+account.addr, "LAUNCHDARKLY_ACCESS_TOKEN=all")
	if !strings.Contains(printed, "to create") {
		t.Fatalf("exit code %d\n%s", code, printed)
	}
	seen := map[string]bool{}
	for _, line := range lines {
		seen[sandbox{root: root, work: root}.judge(line)] = true
	}
	if !seen["calls socket"] || !seen["calls connect"] {
		t.Errorf("seen is only %v", slices.Collect(maps.Keys(seen)))
	}

	// And that fmt writes, which may write nothing here.
	root = hostileRepo(t)
	messy := filepath.Join(root, "roles", "messy.yaml")
	_, _, lines = straced(t, root, []string{"fmt", messy})
	replaces := func(line string) bool {
		return strings.HasPrefix(sandbox{root: root, work: root}.judge(line), "changes (renameat) ")
	}
	if !slices.ContainsFunc(lines, replaces) {
		t.Errorf("the new file is not seen to be put in the place of the old one:\n%s", strings.Join(lines, "\n"))
	}
}

func acmeRepo(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "repo")
	if err := errors.Join(os.CopyFS(root, withoutData{os.DirFS("../../examples/acme")}), os.Mkdir(filepath.Join(root, ".git"), 0o755)); err != nil {
		t.Fatal(err)
	}
	return root
}

// hostileRepo is a repository of somebody who wants more than to be read.
func hostileRepo(t *testing.T) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "repo")
	program := "!touch " + root + "/was-run"
	for name, text := range map[string]string{
		".git/config":                  "[core]\n\tfsmonitor = " + program + "\n\thooksPath = hooks\n[diff]\n\texternal = " + program + "\n[include]\n\tpath = /etc/passwd\n",
		"rolewright.yaml":              "version: 1\ntargets:\n  local: {emulator: ../../outside.db}\n  far: {host: evil.example}\ndefaultTarget: far\n",
		"roles/plain.yaml":             goodRole,
		"roles/messy.yaml":             strings.NewReplacer("key: ops", "key:   messy", "Operators", "Messy").Replace(goodRole),
		"roles/modeline.yaml":          "# yaml-language-server: $schema=http://127.0.0.1:9/x.json\n$schema: file:///etc/passwd\n" + strings.Replace(goodRole, "key: ops", "key: modeline", 1),
		"roles/file-ref.yaml":          "kind: Role\n$ref: file:///etc/passwd\n",
		"roles/http-ref.yaml":          "kind: Role\nkey: x\nname: {$ref: \"http://127.0.0.1:9/x.json\"}\n",
		"roles/include.yaml":           "kind: Role\nkey: !include /etc/passwd\nname: !!binary L2V0Yy9wYXNzd2Q=\n",
		"roles/expand.yaml":            "kind: Role\nkey: ${HOME}\nname: $(touch was-run)\n",
		"roles/esc\x1b[2J.yaml":        goodRole,
		"roles/line\nbreak.yml":        goodRole,
		"roles/a, \"b\".yaml":          goodRole,
		"tests/t.yaml":                 "kind: AccessTest\nname: t\nas: {role: ../../etc/passwd}\ncannot: [\"* on proj/*:env/*:flag/*\"]\n",
		".rolewright/role.schema.json": `{"$ref": "file:///etc/passwd"}`,
		"../outside.yaml":              goodRole,
		"../roles/above.yaml":          goodRole,
	} {
		if err := writeFile(root, name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, name string) error { return os.Symlink(to, filepath.Join(root, name)) }
	huge := filepath.Join(root, "roles", "zz-huge.yaml")
	for _, err := range []error{
		link("/etc/passwd", "roles/out.yaml"), link("../../outside.yaml", "roles/up.yaml"), link("/etc", "teams"), link("../roles", "members"),
		link("loop.yaml", "roles/loop.yaml"), link("/dev/zero", "roles/zero.yaml"), link("/proc/self/environ", "roles/environ.yaml"),
		syscall.Mkfifo(filepath.Join(root, "roles", "pipe.yaml"), 0o644), os.WriteFile(huge, nil, 0o644), os.Truncate(huge, 1<<30),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}
