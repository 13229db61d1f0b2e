package main

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestActionFile: what action.yml promises, and that nothing in it could become a script.
func TestActionFile(t *testing.T) {
	action, err := readAction("../..")
	if err != nil {
		t.Fatal(err)
	}
	wantInputs := map[string]string{
		"command": "plan", "path": ".", "target": "", "access-token": "", "github-token": "${{ github.token }}",
		"comment": "auto", "comment-mode": "update", "comment-id": "", "base": "", "offline": "false", "plan-file": "",
		"prune": "false", "allow-deletes": "", "unprotect": "", "allow-preset": "", "allow-escalation": "", "allow-lockout": "", "allow-transient": "", "allow-risk": "", "allow-empty": "false",
		"allow-rollback": "false", "fail-on": "error", "step-summary": "true", "annotations": "true", "sarif-file": "",
		"timeout": "", "parallelism": "", "setup-go": "true",
	}
	inputs := map[string]string{}
	for name, input := range action.Inputs {
		inputs[name] = input.Default
		if input.Description == "" || input.Required {
			t.Errorf("input %s: description %q, required %v", name, input.Description, input.Required)
		}
	}
	if !maps.Equal(inputs, wantInputs) {
		t.Errorf("inputs and defaults\n%v\nwant\n%v", inputs, wantInputs)
	}
	wantOutputs := strings.Fields("applied changes comment-id comment-url exit-code failed failure-reason plan-hash " +
		"plan-path risk to-create to-delete to-replace to-update unmanaged")
	if got := slices.Sorted(maps.Keys(action.Outputs)); !slices.Equal(got, wantOutputs) {
		t.Errorf("outputs %v, want %v", got, wantOutputs)
	}
	for name, output := range action.Outputs {
		if output.Description == "" || output.Value != "${{ steps.run.outputs."+name+" }}" {
			t.Errorf("output %s: %q, %q", name, output.Description, output.Value)
		}
	}
}

// TestActionSteps: inputs reach the program through one variable of the environment, and no script
// through an expression.
func TestActionSteps(t *testing.T) {
	action, err := readAction("../..")
	if err != nil {
		t.Fatal(err)
	}
	runs := 0
	for _, step := range action.Runs.Steps {
		if strings.Contains(step.Run+step.Shell+step.WorkingDirectory+step.Uses+step.Name, "${{") {
			t.Errorf("an expression in a script: %+v", step)
		}
		if step.Uses != "" {
			continue
		}
		runs++
		if step.Shell != "bash --noprofile --norc -euo pipefail {0}" {
			t.Errorf("shell %q", step.Shell)
		}
		wantEnv := map[string]string{"GOFLAGS": "-mod=readonly", "GOWORK": "off", "CGO_ENABLED": "0"}
		if step.ID == "run" {
			wantEnv = map[string]string{"ROLEWRIGHT_INPUTS": "${{ toJSON(inputs) }}"}
		}
		if !maps.Equal(step.Env, wantEnv) {
			t.Errorf("step %q: env %v, want %v", step.Run, step.Env, wantEnv)
		}
	}
	if runs != 2 || action.Runs.Steps[len(action.Runs.Steps)-1].ID != "run" {
		t.Errorf("%d scripts, want the build and, last, the run", runs)
	}
}

// TestActionGo: the Go that the action installs can build this module.
func TestActionGo(t *testing.T) {
	action, err := readAction("../..")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(mod)
	setup := action.Runs.Steps[0]
	if got := setup.With["go-version"]; want == nil || got != string(want[1])+".x" {
		t.Errorf("action.yml installs Go %q, go.mod says %q", got, want)
	}
	if setup.With["cache"] != "false" {
		t.Errorf("a cache could be poisoned: %v", setup.With)
	}
}

// yamlFiles are the repository's files that GitHub runs or people copy from.
func yamlFiles(t *testing.T) []string {
	t.Helper()
	files := []string{"../../action.yml"}
	for _, pattern := range []string{
		"../../.github/workflows/*.y*ml", "../../examples/workflows/*.y*ml", "../../reconcile/scaffold/.github/workflows/*.y*ml",
	} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v, %v", pattern, found, err)
		}
		files = append(files, found...)
	}
	return files
}

// TestUsesArePinned: every action is named by a full commit, its version stands behind it, and it
// is the same everywhere. Our own name has the commit that a release puts there.
func TestUsesArePinned(t *testing.T) {
	pinned := regexp.MustCompile(`^([\w.-]+/[\w./-]+)@([0-9a-f]{40}) # (v\d+(?:\.\d+)*|put the commit of a release here)$`)
	seen, uses := map[string]string{}, 0
	for _, file := range yamlFiles(t) {
		for _, line := range usesOf(t, file) {
			if strings.HasPrefix(line, "./") {
				continue
			}
			uses++
			m := pinned.FindStringSubmatch(line)
			if m == nil {
				t.Errorf("%s: uses: %s", file, line)
				continue
			}
			pin := m[2] + " # " + m[3]
			if before, ok := seen[m[1]]; ok && before != pin {
				t.Errorf("%s: %s is pinned to %s, elsewhere to %s", file, m[1], pin, before)
			}
			seen[m[1]] = pin
		}
	}
	for _, line := range readmeUses(t) {
		m := pinned.FindStringSubmatch(line)
		if m == nil || seen[m[1]] != m[2]+" # "+m[3] {
			t.Errorf("README: uses: %s", line)
		}
	}
	if uses < 20 {
		t.Fatalf("only %d uses found", uses)
	}
	for name, pin := range seen {
		ours := strings.HasPrefix(name, "rolewright/")
		if ours != strings.HasSuffix(pin, "here") || ours && name != "rolewright/rolewright" {
			t.Errorf("%s: %s", name, pin)
		}
	}
	t.Logf("%d uses of %d actions", uses, len(seen))
}

// readmeUses returns what stands behind each "uses:" in README.
func readmeUses(t *testing.T) (uses []string) {
	t.Helper()
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^ *- uses: (.*)$`).FindAllStringSubmatch(string(data), -1) {
		uses = append(uses, m[1])
	}
	if len(uses) == 0 {
		t.Error("README uses no action")
	}
	return uses
}

// usesOf returns what stands behind each "uses:" of a file, comments included. A YAML reader counts
// them too, so that none hides in another notation.
func usesOf(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	var lines []string
	for in := bufio.NewScanner(strings.NewReader(string(data))); in.Scan(); {
		if _, rest, ok := strings.Cut(in.Text(), "uses: "); ok && !strings.HasPrefix(strings.TrimSpace(in.Text()), "#") {
			lines = append(lines, rest)
		}
	}
	if n := countKey(&root, "uses"); n != len(lines) {
		t.Errorf("%s: %d keys %q, but %d lines with it", file, n, "uses", len(lines))
	}
	return lines
}

func countKey(n *yaml.Node, key string) int {
	count := 0
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && child.Value == key {
			count++
		}
		count += countKey(child, key)
	}
	return count
}

// TestActionRuns: the steps build this checkout and run it, from the inputs to the outputs.
func TestActionRuns(t *testing.T) {
	workspace := t.TempDir()
	if err := os.CopyFS(workspace, withoutData{os.DirFS("../../examples/acme")}); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"GITHUB_WORKSPACE": workspace}
	r := runAction(t, map[string]string{"command": "no-such-command", "no-such-input": "x"}, env)
	if !r.failed || r.exit != 1 || !strings.Contains(r.log, "no-such-command") || !strings.Contains(r.log, "no-such-input") {
		t.Errorf("failed %v, exit %d:\n%s", r.failed, r.exit, r.raw)
	}
	if want := []string{fmt.Sprint("left out: uses ", usesOf(t, "../../action.yml")[0][:len("actions/setup-go@")+40])}; !slices.Equal(r.notes, want) {
		t.Errorf("notes %q", r.notes)
	}
	r = runAction(t, map[string]string{"target": "local"}, env)
	want := map[string]string{"changes": "true", "to-create": "28", "to-update": "0", "to-delete": "0", "exit-code": "0", "failure-reason": ""}
	for name, value := range want {
		if r.outputs[name] != value {
			t.Errorf("output %s: %q, want %q", name, r.outputs[name], value)
		}
	}
	if r.failed || !strings.Contains(r.summary, "28 to create") || len(r.env)+len(r.path) > 0 {
		t.Errorf("failed %v, %v %v, summary %s\n%s", r.failed, r.env, r.path, r.summary, r.log)
	}
}
