package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/github/githubtest"
)

// The harness of runAction follows GitHub's runner closely, but it is ours. Here the example
// workflows run, as they are, under nektos/act, which others wrote: jobs, conditions, secrets,
// outputs and the composite action are what it makes of them. LaunchDarkly is the emulator, GitHub
// is githubtest, and the actions of others are stand-ins that do the same with files.

// actProject is a repository of role files on its way through the example workflows.
type actProject struct {
	t         *testing.T
	dir       string // the repository
	actions   string // stand-ins, by name
	artifacts string // what was uploaded
	checkout  string // this checkout, which is the action
	account   *scriptEmulator
	host      string // of the account
	github    *githubtest.Server
	api       string // of GitHub
}

func TestExamplesUnderAct(t *testing.T) {
	if os.Getenv("ROLEWRIGHT_ACT") == "" {
		t.Skip("SKIPPED: with ROLEWRIGHT_ACT=1 the example workflows run under nektos/act, whose 90 modules are downloaded the first time")
	}
	p := newActProject(t)
	base := p.commit("the account as it is", map[string]string{"roles/ops.yaml": goodRole})
	head := p.commit("a new role", map[string]string{"roles/qa.yaml": strings.NewReplacer("ops", "qa", "Operators", "Quality").Replace(goodRole)})
	own, fork := pullEvent(7, "acme/access", base, head), pullEvent(8, "mallory/access", base, head)
	p.github.AddPullRequest(githubtest.PullRequest{Number: 7, State: "open", HeadRepository: "acme/access", HeadRef: "qa", HeadSHA: head, BaseRef: "main", BaseSHA: base})
	p.github.AddPullRequest(githubtest.PullRequest{Number: 8, State: "open", HeadRepository: "mallory/access", HeadRef: "qa", HeadSHA: head, BaseRef: "main", BaseSHA: base})
	p.github.SetTip("main", head)

	p.succeeds("pull_request", "validate", own)
	p.writes(0)
	p.succeeds("pull_request", "plan", own, "LAUNCHDARKLY_READ_TOKEN=canary-of-the-test")
	p.writes(0)
	p.commented(7, 1, "qa")

	p.succeeds("pull_request", "fork-plan", fork)
	p.succeeds("workflow_run", "fork-comment", followEvent("mallory/access", head))
	p.commented(8, 1, "qa")
	p.commented(7, 1, "qa")

	// Neither runs what is for the other.
	p.skips("pull_request", "plan", fork, "LAUNCHDARKLY_READ_TOKEN=canary-of-the-test")
	p.skips("pull_request", "fork-plan", own)
	p.skips("workflow_run", "fork-comment", followEvent("acme/access", head))

	// The workflow that others call, and the one that init writes, find the comment that is there.
	p.succeeds("pull_request", "caller", own, "LAUNCHDARKLY_READ_TOKEN=canary-of-the-test")
	p.succeeds("pull_request", "init", own, "LAUNCHDARKLY_READ_TOKEN=canary-of-the-test")
	p.writes(0)
	p.commented(7, 1, "qa")

	push := map[string]any{"ref": "refs/heads/main", "after": head, "repository": ourRepository}
	p.succeeds("push", "apply", push, "LAUNCHDARKLY_ACCESS_TOKEN=canary-of-the-test")
	p.writes(2)
	p.succeeds("push", "caller", push, "LAUNCHDARKLY_ACCESS_TOKEN=canary-of-the-test")
	p.succeeds("push", "init", push, "LAUNCHDARKLY_ACCESS_TOKEN=canary-of-the-test")
	p.writes(2)
	p.fails("push", "apply", push, `access token`)
}

func newActProject(t *testing.T) *actProject {
	t.Helper()
	p := &actProject{t: t, dir: t.TempDir(), actions: t.TempDir(), artifacts: t.TempDir(), checkout: t.TempDir()}
	copyCheckout(t, p.checkout)
	emu, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p.account = &scriptEmulator{emu: emu}
	p.host = serveAccount(t, p.account)
	p.github = githubtest.New("acme/access")
	api, stop := p.github.Start()
	t.Cleanup(stop)
	p.api = api
	p.standIn("checkout", "git init -q . && git fetch -q "+p.dir+` '+refs/heads/*:refs/remotes/origin/*' && git checkout -q "${1:-origin/main}"`, "ref", "persist-credentials", "fetch-depth")
	p.standIn("setup-go", `"true"`, "go-version", "cache")
	p.standIn("upload-artifact", `cp "$1" `+p.artifacts+`/$2`, "path", "name", "if-no-files-found", "retention-days")
	p.standIn("download-artifact", `mkdir -p "$1" && cp `+p.artifacts+`/$2 "$1/plan.json"`, "path", "name", "run-id", "github-token")
	p.git("init", "-q", "-b", "main")
	if err := os.CopyFS(filepath.Join(p.dir, ".github", "workflows"), os.DirFS("../../examples/workflows")); err != nil {
		t.Fatal(err)
	}
	copyReplaced(t, "../../reconcile/scaffold/.github/workflows/rolewright.yml", filepath.Join(p.dir, ".github", "workflows", "init.yaml"),
		func(text []byte) []byte { return text })
	p.commit("workflows", map[string]string{"rolewright.yaml": "version: 1\ntargets:\n  production: {host: app.launchdarkly.com}\n"})
	return p
}

// serveAccount serves an account on a loopback port until the test is over.
func serveAccount(t *testing.T, account *scriptEmulator) string {
	t.Helper()
	addr, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- emulator.Serve(t.Context(), "127.0.0.1:0", account, func(a string) { addr <- a }) }()
	select {
	case a := <-addr:
		t.Cleanup(func() {
			<-done
			_ = account.emu.Close()
		})
		return a
	case err := <-done:
		t.Fatal(err)
		return ""
	}
}

// standIn makes an action with the inputs whose script gets the first two as $1 and $2.
func (p *actProject) standIn(name, script string, inputs ...string) {
	p.t.Helper()
	text := "name: stand-in\ndescription: a stand-in\ninputs:\n"
	for _, in := range inputs {
		text += "  " + in + ": {description: an input}\n"
	}
	text += "runs:\n  using: composite\n  steps:\n    - shell: bash\n      env: {ONE: \"${{ inputs." + inputs[0] + " }}\", TWO: \"${{ inputs." + inputs[1] +
		" }}\"}\n      run: |\n        set -- \"$ONE\" \"$TWO\"\n        " + script + "\n"
	if err := writeFile(p.actions, name+"/action.yml", []byte(text)); err != nil {
		p.t.Fatal(err)
	}
}

func (p *actProject) git(args ...string) string {
	p.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", p.dir, "-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		p.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (p *actProject) commit(message string, files map[string]string) string {
	p.t.Helper()
	for name, text := range files {
		if err := writeFile(p.dir, name, []byte(text)); err != nil {
			p.t.Fatal(err)
		}
	}
	p.git("add", ".")
	p.git("commit", "-qm", message)
	return p.git("rev-parse", "HEAD")
}

var ourRepository = map[string]any{"id": 1, "full_name": "acme/access", "default_branch": "main"}

func pullEvent(number int, from, base, head string) map[string]any {
	return map[string]any{
		"action": "opened", "number": number, "repository": ourRepository,
		"pull_request": map[string]any{
			"number": number,
			"head":   map[string]any{"sha": head, "ref": "qa", "repo": map[string]any{"id": len(from), "full_name": from}},
			"base":   map[string]any{"sha": base, "ref": "main", "repo": ourRepository},
		},
	}
}

// followEvent is the event of a run that follows one for a pull request. GitHub leaves the list of
// pull requests empty for a fork's.
func followEvent(from, head string) map[string]any {
	return map[string]any{
		"action": "completed", "repository": ourRepository,
		"workflow_run": map[string]any{
			"id": 4711, "event": "pull_request", "conclusion": "success", "head_sha": head, "head_branch": "qa",
			"head_repository": map[string]any{"id": len(from), "full_name": from}, "pull_requests": []any{},
		},
	}
}

// act runs one example workflow for an event, with secrets written NAME=VALUE.
func (p *actProject) act(event, workflow string, payload map[string]any, secrets ...string) (string, error) {
	p.t.Helper()
	file := filepath.Join(p.t.TempDir(), "event.json")
	data, err := json.Marshal(payload)
	if err == nil {
		err = os.WriteFile(file, data, 0o600)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	args := []string{
		"tool", "-modfile=../../.github/tools/act/go.mod", "act", event, "-C", p.dir, "-e", file,
		"-P", "ubuntu-latest=-self-hosted", "-W", ".github/workflows/" + workflow + ".yaml", "-s", "GITHUB_TOKEN=" + githubtest.Token,
	}
	for _, s := range secrets {
		args = append(args, "-s", s)
	}
	env := maps.Clone(goEnv())
	maps.Copy(env, map[string]string{
		"GITHUB_REPOSITORY": "acme/access", "GITHUB_API_URL": p.api, "GITHUB_GRAPHQL_URL": p.api + "/graphql",
		"LAUNCHDARKLY_API_HOST": p.host, "HTTP_PROXY": unreachable, "HTTPS_PROXY": unreachable, "NO_PROXY": "127.0.0.1",
	})
	for name, value := range env {
		args = append(args, "--env", name+"="+value)
	}
	for _, use := range p.uses() {
		args = append(args, "--local-repository", use)
	}
	cmd := exec.CommandContext(p.t.Context(), "go", args...)
	cmd.Env = append(outsideActions(os.Environ()), "XDG_CACHE_HOME="+p.t.TempDir(), "GOCACHE="+env["GOCACHE"], "GOMODCACHE="+env["GOMODCACHE"])
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// outsideActions takes out what a workflow's run that this test may be part of says of itself.
func outsideActions(env []string) []string {
	return slices.DeleteFunc(env, func(variable string) bool {
		for _, prefix := range []string{"GITHUB_", "RUNNER_", "ACTIONS_", "CI="} {
			if strings.HasPrefix(variable, prefix) {
				return true
			}
		}
		return false
	})
}

// uses says where act finds each action that the examples use. A checkout of the event's commit is
// none to act: it copies the repository.
func (p *actProject) uses() (uses []string) {
	p.t.Helper()
	seen := map[string]bool{}
	for _, file := range append(yamlFiles(p.t), "../../action.yml") {
		for _, line := range usesOf(p.t, file) {
			name, rest, _ := strings.Cut(line, "@")
			if seen[name] || strings.HasPrefix(name, "./") {
				continue
			}
			seen[name] = true
			where := filepath.Join(p.actions, filepath.Base(name))
			if name == "rolewright/rolewright" {
				where = p.checkout
			}
			uses = append(uses, fmt.Sprintf("%s@%s=%s", name, strings.Fields(rest)[0], where))
		}
	}
	return uses
}

func (p *actProject) succeeds(event, workflow string, payload map[string]any, secrets ...string) {
	p.t.Helper()
	out, err := p.act(event, workflow, payload, secrets...)
	if err != nil || !strings.Contains(out, "Job succeeded") {
		p.t.Fatalf("%s on %s: %v\n%s", workflow, event, err, out)
	}
	if strings.Contains(out, "canary-of-the-test") || strings.Contains(out, githubtest.Token) {
		p.t.Errorf("%s on %s prints a token:\n%s", workflow, event, out)
	}
}

func (p *actProject) fails(event, workflow string, payload map[string]any, want string) {
	p.t.Helper()
	out, err := p.act(event, workflow, payload)
	if err == nil || !strings.Contains(out, want) {
		p.t.Fatalf("%s on %s: %v, want %q in\n%s", workflow, event, err, want, out)
	}
}

// skips: the conditions of the workflow leave nothing to run.
func (p *actProject) skips(event, workflow string, payload map[string]any, secrets ...string) {
	p.t.Helper()
	out, err := p.act(event, workflow, payload, secrets...)
	if err != nil || strings.Contains(out, "Run Main") {
		p.t.Fatalf("%s on %s runs: %v\n%s", workflow, event, err, out)
	}
}

func (p *actProject) writes(want int) {
	p.t.Helper()
	if got := p.account.emu.Writes(); got != want {
		p.t.Fatalf("the account saw %d writes, want %d", got, want)
	}
}

// commented: the pull request has so many comments, and the last one says it.
func (p *actProject) commented(number int64, count int, want string) {
	p.t.Helper()
	comments := p.github.Comments(number)
	if len(comments) != count || !strings.Contains(comments[count-1].Body, want) {
		p.t.Fatalf("comments of %d: %+v, want %d with %q", number, comments, count, want)
	}
}
