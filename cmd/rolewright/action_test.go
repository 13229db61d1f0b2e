package main

import (
	"encoding/json"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/github/githubtest"
)

// scene is a repository with a workspace, an account and a GitHub, and what the workflow gives the
// Action. The steps of action.yml are executed as the runner executes them.
type scene struct {
	t      *testing.T
	repo   string
	emu    *emulator.Emulator
	github *githubtest.Server
	env    map[string]string
	runs   int
}

const operatorRole = `kind: Role
key: flag-operator
name: Flag operator
description: ""
basePermissions: no_access
policy:
  - effect: allow
    actions: [viewProject]
    resources: ["proj/web"]
  - effect: allow
    actions: [updateOn]
    resources: ["proj/web:env/staging:flag/*"]
`

func newScene(t *testing.T) *scene {
	t.Helper()
	emu, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	account := httptest.NewServer(emu)
	t.Cleanup(account.Close)
	s := &scene{t: t, repo: t.TempDir(), emu: emu, github: githubtest.New("acme/access")}
	url, stop := s.github.Start()
	t.Cleanup(stop)
	s.env = map[string]string{
		"GITHUB_API_URL": url, "GITHUB_GRAPHQL_URL": url + "/graphql", "GITHUB_WORKSPACE": s.repo,
		"LAUNCHDARKLY_API_HOST": strings.TrimPrefix(account.URL, "http://"),
	}
	s.git("init", "-q", "-b", "main")
	s.write("access/rolewright.yaml", "version: 1\ntargets:\n  production: {host: app.launchdarkly.com}\ndefaultTarget: production\nmanage:\n  roles: {include: [\"*\"]}\n")
	s.write("access/roles/operator.yaml", operatorRole)
	s.commit("roles")
	return s
}

func (s *scene) git(args ...string) string {
	s.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=Ana", "-c", "user.email=ana@example.com"}, args...)...)
	cmd.Dir = s.repo
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("git %s: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (s *scene) write(name, text string) {
	s.t.Helper()
	path := filepath.Join(s.repo, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) commit(message string) string {
	s.t.Helper()
	s.git("add", ".")
	s.git("commit", "-q", "-m", message)
	return s.git("rev-parse", "HEAD")
}

// run uses the Action for an event; o is what the event says, as in scripts.
func (s *scene) run(event string, o, inputs map[string]string) *actionRun {
	s.t.Helper()
	s.runs++
	data, err := json.Marshal(payload(event, o))
	if err != nil {
		s.t.Fatal(err)
	}
	file := filepath.Join(s.t.TempDir(), "event.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		s.t.Fatal(err)
	}
	env := maps.Clone(s.env)
	maps.Copy(env, map[string]string{
		"GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": file, "GITHUB_SHA": o["sha"], "GITHUB_REF": o["ref"],
		"GITHUB_RUN_ID": string(rune('0' + s.runs)),
	})
	given := map[string]string{"path": "access", "access-token": "a-token", "github-token": githubtest.Token}
	maps.Copy(given, inputs)
	return runAction(s.t, given, env)
}

// comment returns our one comment on the pull request.
func (s *scene) comment() string {
	s.t.Helper()
	all := s.github.Comments(pull)
	if len(all) != 1 {
		s.t.Fatalf("%d comments, want one", len(all))
	}
	return all[0].Body
}

func (s *scene) wants(text string, parts ...string) {
	s.t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			s.t.Errorf("%q is missing in:\n%s", part, text)
		}
	}
}

// TestActionEndToEnd is the life of a pull request: it gets its comment, its merge applies, the comment
// says so, and the next push has nothing to do.
func TestActionEndToEnd(t *testing.T) {
	s := newScene(t)
	base := s.git("rev-parse", "HEAD")
	s.git("checkout", "-q", "-b", "change")
	s.write("access/roles/operator.yaml", strings.Replace(operatorRole, "staging", "*", 1))
	head := s.commit("let them at production")
	s.github.AddPullRequest(githubtest.PullRequest{
		Number: pull, State: "open", HeadRepository: "acme/access", HeadRef: "change", HeadSHA: head, BaseRef: "main", BaseSHA: base,
	})

	planned := s.run("pull_request", map[string]string{"head": head, "base": base, "sha": head, "ref": "refs/pull/7/merge", "branch": "change"}, nil)
	if planned.failed {
		t.Fatal(planned.log)
	}
	s.wants(s.comment(), "1 to create", "this pull request, on top of what the base had waiting |", "flag-operator", "/blob/"+head+"/access/roles/operator.yaml#L1")
	if out := planned.outputs; out["changes"] != "true" || out["to-create"] != "1" || out["comment-url"] == "" || out["exit-code"] != "0" {
		t.Errorf("outputs %v", out)
	}
	s.wants(planned.summary, "1 to create", "flag-operator")
	if strings.Contains(planned.log, "a-token") || strings.Contains(planned.log, githubtest.Token) {
		t.Error("a token is in the log")
	}
	if data, err := os.ReadFile(planned.outputs["plan-path"]); err != nil || !strings.Contains(string(data), planned.outputs["plan-hash"]) {
		t.Errorf("plan-path %q: %v", planned.outputs["plan-path"], err)
	}

	s.git("checkout", "-q", "main")
	s.git("merge", "-q", "--no-ff", "-m", "merge", "change")
	merge := s.git("rev-parse", "HEAD")
	s.github.SetTip("main", merge)
	s.github.AddPullRequest(githubtest.PullRequest{
		Number: pull, State: "closed", HeadRepository: "acme/access", HeadRef: "change", HeadSHA: head, BaseRef: "main", BaseSHA: base, MergedAs: merge,
	})
	push := map[string]string{"head": merge, "sha": merge, "ref": "refs/heads/main"}
	applied := s.run("push", push, map[string]string{"command": "apply"})
	if applied.failed || applied.outputs["applied"] != "1" || applied.outputs["failed"] != "0" {
		t.Fatalf("outputs %v\n%s", applied.outputs, applied.log)
	}
	s.wants(s.comment(), "applied", "flag-operator")

	again := s.run("push", push, map[string]string{"command": "apply"})
	if again.failed || again.outputs["changes"] != "false" {
		t.Fatalf("outputs %v\n%s", again.outputs, again.log)
	}
	s.comment()
}

// TestActionRefusesPullRequests: whatever a pull request's workflow asks for, it does not write.
func TestActionRefusesPullRequests(t *testing.T) {
	s := newScene(t)
	head := s.git("rev-parse", "HEAD")
	event := map[string]string{"head": head, "base": head, "sha": head, "ref": "refs/heads/main", "branch": "change"}
	r := s.run("pull_request_target", event, map[string]string{"command": "apply"})
	if !r.failed || r.exit != 3 || r.outputs["failure-reason"] != "refused" {
		t.Errorf("exit %d, outputs %v\n%s", r.exit, r.outputs, r.log)
	}
	s.wants(r.summary, "apply refused")
	if found := r.annotations(); len(found) == 0 {
		t.Error("nothing is annotated")
	}
	r = s.run("push", map[string]string{"head": head, "sha": head, "ref": "refs/heads/main"}, map[string]string{"comand": "apply"})
	if !r.failed || r.exit != 1 || r.outputs["failure-reason"] != "usage" {
		t.Errorf("exit %d, outputs %v\n%s", r.exit, r.outputs, r.log)
	}
	s.wants(r.log, `did you mean "command"`)
}
