package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rolewright/rolewright/reconcile/github/githubtest"
)

// githubCommands are what scripts can say of GitHub:
//
//	github [read-only] [locked] [status=CODE:PATH]   serve a GitHub, in whose Actions all that follows runs
//	event NAME [key=value …]                         what started the run: head, base, sha, ref, run, attempt,
//	                                                 fork, conclusion, event, branch; git:REV is a commit of the repository here
//	commented N [FILE]                               our comments on the pull request; the last one into FILE
//	said NUMBER LOGIN FILE                           so many comments by somebody else
//	github-requests [METHOD PATH] N                  so many requests so far, or so many of that kind
//	tip SHA                                          where the default branch stands; merged SHA: what the merge made
//	output NAME VALUE                                the step's output
//	summary FILE                                     the job's summary so far, and an empty one for the next step
var githubCommands = map[string]func(*testscript.TestScript, bool, []string){
	"github": startGitHub, "event": setEvent, "commented": commented, "said": said, "tip": tip, "merged": merged,
	"output": stepOutput, "summary": stepSummary, "github-requests": githubRequests,
}

type githubKey struct{}

const (
	headSHA = "1111111111111111111111111111111111111111"
	baseSHA = "2222222222222222222222222222222222222222"
	pull    = 7
)

func theGitHub(ts *testscript.TestScript) *githubtest.Server {
	s := *ts.Value(githubKey{}).(**githubtest.Server)
	if s == nil {
		ts.Fatalf("no GitHub yet: start one with github")
	}
	return s
}

func startGitHub(ts *testscript.TestScript, _ bool, args []string) {
	s := githubtest.New("acme/access")
	who := githubtest.Account{Login: githubtest.Login, ID: githubtest.ID, Bot: true, NoUser: true}
	request := githubtest.PullRequest{Number: pull, State: "open", HeadRepository: "acme/access", HeadRef: "change", HeadSHA: headSHA, BaseRef: "main", BaseSHA: baseSHA}
	for _, arg := range args {
		switch name, value, _ := strings.Cut(arg, "="); name {
		case "read-only":
			who.ReadOnly = true
		case "locked":
			request.Locked = true
		case "from-fork":
			request.HeadRepository = "mallory/access"
		case "head":
			request.HeadSHA = revision(ts, value)
		case "merged":
			request.State, request.MergedAs = "closed", revision(ts, value)
		case "latency":
			d, err := time.ParseDuration(value)
			ts.Check(err)
			s.Before(0, func() { time.Sleep(d) })
		case "status":
			code, match, _ := strings.Cut(value, ":")
			n, err := strconv.Atoi(code)
			ts.Check(err)
			s.Plan(githubtest.Fault{Match: match, Status: n, Body: `{"message":"no"}`})
		default:
			ts.Fatalf("github: %q is not known", arg)
		}
	}
	s.AddAccount(githubtest.Token, who)
	s.AddPullRequest(request)
	url, stop := s.Start()
	ts.Defer(stop)
	*ts.Value(githubKey{}).(**githubtest.Server) = s
	for name, value := range map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/access", "GITHUB_TOKEN": githubtest.Token,
		"GITHUB_API_URL": url, "GITHUB_GRAPHQL_URL": url + "/graphql", "GITHUB_SERVER_URL": "https://github.com",
		"GITHUB_OUTPUT": ts.MkAbs(".f/output"), "GITHUB_STEP_SUMMARY": ts.MkAbs(".f/step-summary.md"),
		"GITHUB_EVENT_PATH": ts.MkAbs(".f/event.json"), "RUNNER_TEMP": ts.MkAbs(".f/temp"),
		"GITHUB_WORKSPACE": ts.MkAbs("."), "GITHUB_ACTOR": "ana", "GITHUB_RUN_ATTEMPT": "1",
	} {
		ts.Setenv(name, value)
	}
	ts.Check(os.MkdirAll(ts.MkAbs(".f/temp"), 0o755))
	setEvent(ts, false, []string{"pull_request"})
}

// revision is a commit, or with git: what git takes it for.
func revision(ts *testscript.TestScript, value string) string {
	rev, found := strings.CutPrefix(value, "git:")
	if !found {
		return value
	}
	cmd := exec.Command("git", "rev-parse", rev)
	cmd.Dir = ts.MkAbs(".")
	out, err := cmd.Output()
	ts.Check(err)
	return strings.TrimSpace(string(out))
}

type object = map[string]any

func setEvent(ts *testscript.TestScript, _ bool, args []string) {
	o := map[string]string{
		"head": headSHA, "base": baseSHA, "ref": "refs/heads/main", "run": "100", "attempt": "1",
		"event": "pull_request", "conclusion": "success", "branch": "change",
	}
	for _, arg := range args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		o[name] = revision(ts, value)
	}
	if o["sha"] == "" {
		o["sha"] = o["head"]
	}
	data, err := json.Marshal(payload(args[0], o))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(".f/event.json"), data, 0o600))
	ts.Setenv("GITHUB_EVENT_NAME", args[0])
	ts.Setenv("GITHUB_SHA", o["sha"])
	ts.Setenv("GITHUB_REF", o["ref"])
	ts.Setenv("GITHUB_RUN_ID", o["run"])
	ts.Setenv("GITHUB_RUN_ATTEMPT", o["attempt"])
	ts.Check(os.RemoveAll(ts.MkAbs(".f/output")))
}

// payload is the part of GitHub's event file that anybody looks at.
func payload(name string, o map[string]string) object {
	ours := object{"id": 1, "full_name": "acme/access", "default_branch": "main", "fork": false}
	from := ours
	if _, fork := o["fork"]; fork {
		from = object{"id": 2, "full_name": "mallory/access", "default_branch": "main", "fork": true}
	}
	p := object{"action": "synchronize", "repository": ours}
	request := object{
		"number": pull,
		"head":   object{"sha": o["head"], "ref": o["branch"], "repo": from},
		"base":   object{"sha": o["base"], "ref": "main", "repo": ours},
	}
	switch {
	case strings.HasPrefix(name, "pull_request"):
		p["pull_request"] = request
	case name == "issue_comment":
		p["issue"] = object{"number": pull, "pull_request": object{}}
	case name == "workflow_run":
		run := object{
			"head_sha": o["head"], "head_branch": o["branch"], "event": o["event"], "conclusion": o["conclusion"],
			"head_repository": from, "pull_requests": []object{},
		}
		p["workflow_run"] = run
	}
	return p
}

// commented counts the comments by our account.
func commented(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var ours []githubtest.Comment
	for _, c := range theGitHub(ts).Comments(pull) {
		if c.Author == githubtest.Login && c.Minimized == "" {
			ours = append(ours, c)
		}
	}
	if len(ours) != want {
		ts.Fatalf("%d comments of ours, want %d", len(ours), want)
	}
	if len(args) > 1 {
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(ours[len(ours)-1].Body+"\n"), 0o600))
	}
}

func said(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	for range n {
		theGitHub(ts).AddComment(pull, args[1], ts.ReadFile(args[2]))
	}
}

func tip(ts *testscript.TestScript, _ bool, args []string) {
	theGitHub(ts).SetTip("main", revision(ts, args[0]))
}

// merged makes the pull request one that was merged as a commit.
func merged(ts *testscript.TestScript, _ bool, args []string) {
	theGitHub(ts).AddPullRequest(githubtest.PullRequest{
		Number: pull, State: "closed", HeadRepository: "acme/access", HeadRef: "change", HeadSHA: headSHA,
		BaseRef: "main", BaseSHA: baseSHA, MergedAs: revision(ts, args[0]),
	})
}

// stepOutput reads GITHUB_OUTPUT as the runner does.
func stepOutput(ts *testscript.TestScript, neg bool, args []string) {
	data, err := os.ReadFile(ts.MkAbs(".f/output"))
	ts.Check(err)
	outputs, err := parsePairs(string(data))
	ts.Check(err)
	got, found := outputs[args[0]]
	if neg {
		if found {
			ts.Fatalf("output %s is %q, want none", args[0], got)
		}
		return
	}
	if !found || len(args) > 1 && got != args[1] {
		ts.Fatalf("output %s is %q (there: %t), want %q", args[0], got, found, args[1:])
	}
}

func stepSummary(ts *testscript.TestScript, _ bool, args []string) {
	data, err := os.ReadFile(ts.MkAbs(".f/step-summary.md"))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o600))
	ts.Check(os.Remove(ts.MkAbs(".f/step-summary.md")))
}

func githubRequests(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[len(args)-1])
	ts.Check(err)
	got := len(theGitHub(ts).Requests())
	if len(args) > 1 {
		got = theGitHub(ts).Count(strings.Join(args[:len(args)-1], " "))
	}
	if got != want {
		ts.Fatalf("%d requests, want %d: %s", got, want, fmt.Sprint(theGitHub(ts).Requests()))
	}
}
