package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// workflow is what the tests look at in a workflow file.
type workflow struct {
	Name        string
	On          yaml.Node
	Permissions map[string]string
	Concurrency workflowConcurrency
	Jobs        map[string]workflowJob
}

type workflowConcurrency struct {
	Group            string
	CancelInProgress bool `yaml:"cancel-in-progress"`
}

type workflowJob struct {
	If, Uses, Environment string
	Permissions           map[string]string
	Concurrency           workflowConcurrency
	Timeout               int `yaml:"timeout-minutes"`
	Secrets               yaml.Node
	Steps                 []workflowStep
}

type workflowStep struct {
	ID, Name, If, Uses, Run string
	With                    map[string]string
	Env                     map[string]string
}

func readWorkflow(t *testing.T, file string) workflow {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var w workflow
	if err := yaml.Unmarshal(data, &w); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return w
}

// jobPermissions lists what each job may do; a job that is not here, or may do something else, is
// a mistake. "s" behind the list says that the job sees a secret.
var jobPermissions = map[string]string{
	"examples/validate/validate":    "contents: read",
	"examples/plan/plan":            "contents: read, pull-requests: write; s",
	"examples/fork-plan/plan":       "contents: read",
	"examples/fork-comment/comment": "actions: read, pull-requests: write",
	"examples/apply/apply":          "contents: read, pull-requests: write; s",
	"examples/merge-queue/plan":     "contents: read, pull-requests: write; s",
	"examples/merge-queue/verify":   "actions: read, contents: read, pull-requests: read; s",
	"examples/reusable/validate":    "contents: read",
	"examples/reusable/test":        "contents: read",
	"examples/reusable/plan":        "contents: read, pull-requests: write; s",
	"examples/reusable/apply":       "contents: read, pull-requests: write; s",
	"examples/caller/roles":         "contents: read, pull-requests: write; s",
	"scaffold/rolewright/validate":  "contents: read",
	"scaffold/rolewright/test":      "contents: read",
	"scaffold/rolewright/plan":      "contents: read, pull-requests: write; s",
	"scaffold/rolewright/apply":     "contents: read, pull-requests: write; s",
	".github/test/all":              "contents: read",
	".github/test/builds":           "contents: read",
	".github/lint/vulnerabilities":  "contents: read",
	".github/lint/workflows":        "contents: read",
	".github/lint/release":          "contents: read",
	".github/lint/dependencies":     "contents: read",
	".github/action/plan":           "contents: read",
	".github/action/apply":          "contents: read",
	".github/nightly/long":          "contents: read",
	".github/nightly/figures":       "contents: read",
	".github/nightly/examples":      "contents: read",
	".github/release/test":          "contents: read",
	".github/release/build":         "attestations: write, contents: write, id-token: write",
	".github/release/verify":        "attestations: read, contents: read",
}

// TestWorkflowPermissions: no workflow grants anything but job by job, and each job only what it needs.
func TestWorkflowPermissions(t *testing.T) {
	left := map[string]bool{}
	for id := range jobPermissions {
		left[id] = true
	}
	for id, file := range workflowFiles(t) {
		w := readWorkflow(t, file)
		if w.Permissions == nil || len(w.Permissions) > 0 {
			t.Errorf("%s: permissions of the workflow: %v, want {}", file, w.Permissions)
		}
		for name, job := range w.Jobs {
			id := id + "/" + name
			delete(left, id)
			if got := permissionsOf(t, job); got != jobPermissions[id] {
				t.Errorf("%s: %q, want %q", id, got, jobPermissions[id])
			}
		}
	}
	for id := range left {
		t.Errorf("%s: no such job", id)
	}
}

// workflowFiles returns the workflow files by a short name, such as "examples/apply".
func workflowFiles(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, file := range yamlFiles(t)[1:] {
		slashed := filepath.ToSlash(file)
		where := "examples"
		switch {
		case strings.Contains(slashed, "/scaffold/"):
			where = "scaffold"
		case strings.Contains(slashed, "/.github/"):
			where = ".github"
		}
		base := filepath.Base(file)
		files[where+"/"+strings.TrimSuffix(base, filepath.Ext(base))] = file
	}
	return files
}

func permissionsOf(t *testing.T, job workflowJob) string {
	t.Helper()
	var grants []string
	for scope, access := range job.Permissions {
		grants = append(grants, scope+": "+access)
	}
	slices.Sort(grants)
	text, err := yaml.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(text, []byte("secrets.")) {
		return strings.Join(grants, ", ") + "; s"
	}
	return strings.Join(grants, ", ")
}

// TestWorkflowRules: what every workflow keeps, whatever it does.
func TestWorkflowRules(t *testing.T) {
	for id, file := range workflowFiles(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, never := range []string{"pull_request_target", "issue_comment", "secrets: inherit", "allow-unsafe", "actions/cache", "self-hosted"} {
			if bytes.Contains(data, []byte(never)) {
				t.Errorf("%s: %s", id, never)
			}
		}
		w := readWorkflow(t, file)
		for name, job := range w.Jobs {
			if job.Timeout == 0 && job.Uses == "" {
				t.Errorf("%s/%s: no timeout-minutes", id, name)
			}
			for _, step := range job.Steps {
				checkStep(t, id+"/"+name, step)
			}
			if commandOf(job) == "apply" && (id != ".github/action") {
				checkApply(t, id+"/"+name, job)
			}
		}
	}
}

func checkStep(t *testing.T, where string, step workflowStep) {
	t.Helper()
	switch action, _, _ := strings.Cut(step.Uses, "@"); {
	case strings.Contains(step.Run, "${{"):
		t.Errorf("%s: an expression inside run: %s", where, step.Run)
	case action == "actions/checkout" && step.With["persist-credentials"] != "false":
		t.Errorf("%s: the checkout keeps its credentials", where)
	case action == "actions/setup-go" && step.With["cache"] != "false":
		t.Errorf("%s: setup-go restores a cache", where)
	}
}

// commandOf is what a job has our action do, if it has.
func commandOf(job workflowJob) string {
	command := ""
	for _, step := range job.Steps {
		if c := step.With["command"]; c != "" {
			command = c
		}
	}
	return command
}

// checkApply: an apply waits for reviewers, for the apply before it, and happens on the default
// branch only.
func checkApply(t *testing.T, where string, job workflowJob) {
	t.Helper()
	if job.Environment == "" || job.Concurrency.Group == "" || job.Concurrency.CancelInProgress {
		t.Errorf("%s: environment %q, concurrency %+v", where, job.Environment, job.Concurrency)
	}
	if job.If != "" && !strings.HasPrefix(job.If, "github.event_name == 'push'") {
		t.Errorf("%s: if %s", where, job.If)
	}
}

// TestForkComment: the job that can write because of a fork takes nothing but one artifact from it.
func TestForkComment(t *testing.T) {
	files := workflowFiles(t)
	plan, comment := readWorkflow(t, files["examples/fork-plan"]), readWorkflow(t, files["examples/fork-comment"])
	var on struct {
		WorkflowRun struct{ Workflows []string } `yaml:"workflow_run"`
	}
	if err := comment.On.Decode(&on); err != nil || !slices.Equal(on.WorkflowRun.Workflows, []string{plan.Name}) {
		t.Errorf("it waits for %v (%v), the plan is %q", on, err, plan.Name)
	}
	job := comment.Jobs["comment"]
	for _, step := range job.Steps {
		if strings.Contains(step.Uses, "checkout") || step.Run != "" {
			t.Errorf("a step that could run the fork's code: %+v", step)
		}
	}
	download, draw := job.Steps[0].With, job.Steps[1].With
	upload := plan.Jobs["plan"].Steps[2].With
	if download["run-id"] != "${{ github.event.workflow_run.id }}" || download["name"] != upload["name"] {
		t.Errorf("download %v of upload %v", download, upload)
	}
	saved := plan.Jobs["plan"].Steps[1].With["plan-file"]
	if draw["plan-file"] != download["path"]+"/"+saved || !strings.HasPrefix(download["path"], "${{ runner.temp }}/") {
		t.Errorf("plan file %q, downloaded to %q", draw["plan-file"], download["path"])
	}
	for name := range draw {
		if !slices.Contains([]string{"command", "comment", "target", "plan-file"}, name) {
			t.Errorf("the commenter sets %s", name)
		}
	}
	if got := plan.Jobs["plan"].Steps[1].With; got["offline"] != "true" || got["access-token"] != "" {
		t.Errorf("the fork's plan: %v", got)
	}
}

// TestMergeQueue: the queue verifies the plan that the pull request's run kept, taken from this very
// workflow, and both runs count as the one check that the queue waits for.
func TestMergeQueue(t *testing.T) {
	file := workflowFiles(t)["examples/merge-queue"]
	w := readWorkflow(t, file)
	var on map[string]yaml.Node
	if err := w.On.Decode(&on); err != nil || len(on) != 2 {
		t.Errorf("on %v (%v), want pull_request and merge_group", on, err)
	}
	plan, verify := w.Jobs["plan"], w.Jobs["verify"]
	for event, job := range map[string]workflowJob{"pull_request": plan, "merge_group": verify} {
		if _, there := on[event]; !there || !strings.HasPrefix(job.If, "github.event_name == '"+event+"'") {
			t.Errorf("%s: if %s", event, job.If)
		}
	}
	kept, fetch, ask := plan.Steps[2].With, verify.Steps[2], verify.Steps[3]
	saved := plan.Steps[1].With["plan-file"]
	for _, want := range []string{"--name " + kept["name"] + " ", "--workflow " + filepath.Base(file) + " ", `--dir "$RUNNER_TEMP/reviewed"`} {
		if !strings.Contains(fetch.Run, want) {
			t.Errorf("no %q in %s", want, fetch.Run)
		}
	}
	if want := `go run "$ROLEWRIGHT" verify "$RUNNER_TEMP/reviewed/` + saved + `"`; ask.Run != want {
		t.Errorf("run %s, want %s", ask.Run, want)
	}
}

// TestMergeQueueFetch runs the step that finds the plan, with a gh that says what it was asked.
func TestMergeQueueFetch(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		skipUnlessAsked(t, "no bash")
	}
	dir := t.TempDir()
	gh := "#!/bin/sh\necho \"$@\" >>" + filepath.Join(dir, "asked") + "\ncase $1 in pr) echo c0ffee;; *) echo 42;; esac\n"
	if err := os.WriteFile(filepath.Join(dir, "gh"), []byte(gh), 0o755); err != nil {
		t.Fatal(err)
	}
	step := readWorkflow(t, workflowFiles(t)["examples/merge-queue"]).Jobs["verify"].Steps[2]
	cmd := exec.Command(bash, "-e", "-c", step.Run)
	cmd.Env = []string{"PATH=" + dir + ":/usr/bin:/bin", "RUNNER_TEMP=/tmp/r", "QUEUED=refs/heads/gh-readonly-queue/main/pr-17-0123abc"}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	asked, err := os.ReadFile(filepath.Join(dir, "asked"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"pr view 17 ", " --commit c0ffee ", "run download 42 --name rolewright-plan --dir /tmp/r/reviewed\n"} {
		if !strings.Contains(string(asked), want) {
			t.Errorf("gh was not asked %q:\n%s", want, asked)
		}
	}
}

// TestActionlint lints every workflow. In the examples our action is the one of this checkout, so
// that a misspelt input is found too.
func TestActionlint(t *testing.T) {
	project := t.TempDir()
	if err := os.MkdirAll(filepath.Join(project, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	ours := regexp.MustCompile(`rolewright/rolewright@0{40} # .*`)
	var args []string
	found := 0
	for id, file := range workflowFiles(t) {
		to := filepath.Join(".github", "workflows", filepath.Base(file))
		if strings.HasPrefix(id, "scaffold") {
			to = filepath.Join(".github", "workflows", "of-init.yml")
		}
		copyReplaced(t, file, filepath.Join(project, to), func(text []byte) []byte {
			found += len(ours.FindAll(text, -1))
			return ours.ReplaceAll(text, []byte("./"))
		})
		args = append(args, filepath.Join(project, to))
	}
	copyReplaced(t, "../../action.yml", filepath.Join(project, "action.yml"), func(text []byte) []byte { return text })
	if found < 10 {
		t.Fatalf("our action found in %d places only", found)
	}
	slices.Sort(args)
	if out, err := actionlint(t, args...); err != nil {
		t.Errorf("actionlint: %v\n%s", err, out)
	}
	wrong := filepath.Join(project, ".github", "workflows", "validate.yaml")
	copyReplaced(t, wrong, wrong, func(text []byte) []byte { return bytes.Replace(text, []byte("command:"), []byte("comand:"), 1) })
	if out, err := actionlint(t, wrong); err == nil || !strings.Contains(string(out), `"comand" is not defined`) {
		t.Errorf("actionlint lets a misspelt input through: %v\n%s", err, out)
	}
}

func copyReplaced(t *testing.T, from, to string, edit func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, edit(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

// actionlint runs the linter of .github/tools.
func actionlint(t *testing.T, args ...string) ([]byte, error) {
	t.Helper()
	tool := []string{"tool", "-modfile=../../.github/tools/go.mod", "actionlint"}
	if out, err := exec.Command("go", append(tool, "-version")...).CombinedOutput(); err != nil {
		skipUnlessAsked(t, "actionlint cannot be built, which needs the module proxy once: "+string(out))
	}
	args = slices.Concat(tool, []string{"-no-color", "-shellcheck=", "-pyflakes="}, args)
	return exec.Command("go", args...).CombinedOutput()
}

// TestGoreleaser: the release has six platforms, checksums and bills of materials, and stays a draft
// that the workflow attests and then publishes.
func TestGoreleaser(t *testing.T) {
	data, err := os.ReadFile("../../.github/goreleaser.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Version int
		Builds  []struct {
			Main, Binary     string
			Env, Flags       []string
			Goos, Goarch     []string
			ModTimestamp     string `yaml:"mod_timestamp"`
			Ldflags, Gcflags []string
		}
		Archives []map[string]any
		Checksum map[string]string
		Sboms    []struct{ Artifacts string }
		Release  map[string]any
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&c); err != nil {
		t.Fatal(err)
	}
	b := c.Builds[0]
	got := strings.TrimSpace(fmt.Sprintln(c.Version, len(c.Builds), b.Main, b.Goos, b.Goarch, b.Env, b.Flags, b.ModTimestamp))
	want := "2 1 ./cmd/rolewright [linux darwin windows] [amd64 arm64] [CGO_ENABLED=0] [-trimpath -buildvcs=true] {{ .CommitTimestamp }}"
	if got != want {
		t.Errorf("builds %s, want %s", got, want)
	}
	if len(c.Sboms) != 1 || c.Sboms[0].Artifacts != "binary" || c.Release["draft"] != true || c.Checksum["algorithm"] != "sha256" {
		t.Errorf("sboms %v, release %v, checksum %v", c.Sboms, c.Release, c.Checksum)
	}
	build := readWorkflow(t, "../../.github/workflows/release.yml").Jobs["build"]
	var order []string
	for _, step := range build.Steps {
		if strings.Contains(step.Uses, "goreleaser") || strings.Contains(step.Uses, "attest") || strings.Contains(step.Run, "gh release edit") {
			order = append(order, strings.Split(step.Uses+step.Run, "@")[0])
		}
		if sums := step.With["subject-checksums"]; sums != "" && sums != "dist/"+c.Checksum["name_template"] {
			t.Errorf("attested: %s, made: %s", sums, c.Checksum["name_template"])
		}
	}
	wantOrder := []string{"goreleaser/goreleaser-action", "actions/attest-build-provenance", `gh release edit "$TAG" --draft=false`}
	if !slices.Equal(order, wantOrder) {
		t.Errorf("steps %q, want %q", order, wantOrder)
	}
}

// TestWorkflowsRunTests: where a ready workflow checks files, it runs their access tests, and no apply
// begins before they have passed.
func TestWorkflowsRunTests(t *testing.T) {
	files := workflowFiles(t)
	for _, id := range []string{"examples/validate", "examples/reusable", "scaffold/rolewright", ".github/action"} {
		data, err := os.ReadFile(files[id])
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(data, []byte("command: validate\n")) || !bytes.Contains(data, []byte("command: test\n")) {
			t.Errorf("%s does not run the tests beside validate", id)
		}
	}
	for _, id := range []string{"examples/reusable", "scaffold/rolewright"} {
		data, err := os.ReadFile(files[id])
		if err != nil {
			t.Fatal(err)
		}
		var w struct {
			Jobs map[string]struct{ Needs any }
		}
		if err := yaml.Unmarshal(data, &w); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(w.Jobs["apply"].Needs); got != "[validate test]" {
			t.Errorf("%s: the apply needs %s", id, got)
		}
	}
}
