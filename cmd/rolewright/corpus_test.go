package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// runIn runs one command line in the current folder, without environment or terminal, and returns
// its exit code and what it printed.
func runIn(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), stdio{
		in: strings.NewReader(""), out: &out, err: &errs,
		getenv: func(string) string { return "" }, now: func() time.Time { return corpusDay },
	}, args)
	if strings.Contains(errs.String(), "a bug in rolewright") {
		t.Fatalf("%v: %s", args, errs.String())
	}
	return code, out.String(), errs.String()
}

const corpusConfig = "version: 1\ntargets:\n  local: {emulator: .rolewright/local.db}\ndefaultTarget: local\n" +
	"manage:\n  teams: {include: [\"*\"]}\n  members: {include: [\"*\"]}\n"

// corpusDay is the day on which the corpus says what has expired.
var corpusDay = time.Date(2026, 6, 15, 23, 0, 0, 0, time.UTC)

// TestBadFilesGoNowhere takes every file of manifest's corpus through validate, plan and apply: one
// with an error ends each of them with 1, and the account is not even made.
func TestBadFilesGoNowhere(t *testing.T) {
	cases, err := filepath.Glob("../../reconcile/manifest/testdata/corpus/*/*.txt")
	if err != nil || len(cases) < 150 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	refused := 0
	for _, name := range cases {
		data, want := readCorpus(t, name)
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Chdir(workspaceWith(t, data))
			code, findings, _ := runIn(t, "validate")
			if code != want {
				t.Fatalf("validate: exit code %d, want %d\n%s", code, want, findings)
			}
			if want == 0 {
				return
			}
			refused++
			for _, args := range [][]string{{"plan"}, {"apply", "--auto-approve"}, {"apply", "--auto-approve", "--allow-empty", "--prune"}} {
				if code, out, _ := runIn(t, args...); code != 1 || out != "" {
					t.Errorf("%v: exit code %d, printed %q", args, code, out)
				}
			}
			if _, err := os.Stat(".rolewright"); err == nil {
				t.Error("the account was made")
			}
		})
	}
	t.Logf("%d files, %d refused", len(cases), refused)
}

func workspaceWith(t *testing.T, data []byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string][]byte{"rolewright.yaml": []byte(corpusConfig), "role.yaml": data} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// warnings are the codes of the corpus that do not refuse a file.
var warnings = []string{
	"role/empty-policy", "role/duplicate-statement", "role/duplicate-element",
	"team/nothing", "member/nothing", "assign/unknown", "assign/expired", "assign/expires-soon",
	"attribute/case", "attribute/type", "attribute/duplicate",
}

// warned are the cases whose code is a warning there and an error elsewhere.
var warned = []string{"H47.txt", "H49.txt"}

// readCorpus returns the bytes of a case and the exit code of validating it. Manifest's own test
// reads the rest.
func readCorpus(t *testing.T, name string) (data []byte, code int) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if want, ok := strings.CutPrefix(strings.TrimSpace(line), "want "); ok {
			if want != "ok" && !strings.Contains(strings.Join(warnings, " "), strings.Fields(want)[0]) {
				code = 1
			}
			continue
		}
		if !strings.HasPrefix(line, `"`) {
			continue
		}
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			t.Fatal(err)
		}
		times := 1
		if n, ok := strings.CutPrefix(strings.TrimSpace(line[len(quoted):]), "* "); ok {
			if times, err = strconv.Atoi(n); err != nil {
				t.Fatal(err)
			}
		}
		plain, err := strconv.Unquote(quoted)
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, strings.Repeat(plain, times)...)
	}
	if slices.Contains(warned, filepath.Base(name)) {
		code = 0
	}
	return data, code
}

// TestBadPlansAreRefused applies and shows every file of plan's corpus: an altered plan is 4, what
// is no plan 1, and the account is not even made.
func TestBadPlansAreRefused(t *testing.T) {
	cases, err := filepath.Glob("../../reconcile/plan/testdata/corpus/P/*.json")
	if err != nil || len(cases) < 50 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, name := range cases {
		why, err := os.ReadFile(strings.TrimSuffix(name, ".json") + ".err")
		if err != nil {
			t.Fatal(err)
		}
		want := 1
		if strings.HasPrefix(string(why), "*plan.AlteredError") {
			want = 4
		}
		file, err := filepath.Abs(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Chdir(workspaceWith(t, []byte("kind: Role\nkey: ops\nname: Ops\nbasePermissions: no_access\npolicy: []\n")))
			for _, command := range []string{"apply", "show"} {
				if code, _, errs := runIn(t, command, file); code != want {
					t.Errorf("%s: exit code %d, want %d\n%s", command, code, want, errs)
				}
			}
			if _, err := os.Stat(".rolewright"); err == nil {
				t.Error("the account was made")
			}
		})
	}
	t.Logf("%d plan files refused", len(cases))
}

// TestEveryFlagIsScripted fails for a command or flag that no script of testdata uses.
func TestEveryFlagIsScripted(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]string{} // the command lines of each command
	for _, name := range scripts {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if _, args, ok := strings.Cut(line, "rolewright "); ok && !strings.HasPrefix(line, "#") {
				command, flags, _ := strings.Cut(args, " ")
				used[strings.TrimSpace(command)] += " " + flags
			}
		}
	}
	checked := 0
	for _, command := range newRootCmd(&app{}).Commands() {
		command.Flags().VisitAll(func(f *pflag.Flag) {
			checked++
			if !mentions(used[command.Name()], f) {
				t.Errorf("%s --%s is in no script", command.Name(), f.Name)
			}
		})
		if _, ok := used[command.Name()]; !ok && command.Name() != "help" {
			t.Errorf("%s is in no script", command.Name())
		}
	}
	t.Logf("%d flags", checked)
	checkGlobal(t, newRootCmd(&app{}), used)
}

func mentions(lines string, f *pflag.Flag) bool {
	return strings.Contains(lines, "--"+f.Name) || f.Shorthand != "" && strings.Contains(lines, " -"+f.Shorthand+" ")
}

func checkGlobal(t *testing.T, root *cobra.Command, used map[string]string) {
	var all strings.Builder
	for _, lines := range used {
		all.WriteString(lines)
	}
	root.PersistentFlags().VisitAll(func(f *pflag.Flag) {
		if !mentions(all.String(), f) {
			t.Errorf("--%s is in no script", f.Name)
		}
	})
}
