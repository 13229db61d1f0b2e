package github

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/rolewright/rolewright/reconcile/internal/pattern"
)

// Event is what started the workflow run.
type Event struct {
	Name   string // GITHUB_EVENT_NAME, as "pull_request"
	Action string // of the payload, as "opened"; "" where the event has none
	// Repository is the one that the workflow runs in, as "acme/access".
	Repository string
	// DefaultBranch is "" if the payload does not say.
	DefaultBranch string
	// Ref is fully written ("refs/heads/main") and SHA the commit at it. For a pull request they are
	// those of a merge that GitHub tried.
	Ref, SHA string
	Actor    string
	// RunID and RunAttempt number the workflow run and its repetitions, from 1.
	RunID, RunAttempt             int64
	ServerURL, APIURL, GraphQLURL string
	// PullRequest is set for pull_request and its relatives, for a comment on one, and for a
	// workflow_run that names exactly one.
	PullRequest *PullRequest
	WorkflowRun *WorkflowRun // set for workflow_run
}

// PullRequest is what an event or GitHub says about one. Of an issue comment only Number is known,
// and Fork is then set, since nothing says otherwise.
type PullRequest struct {
	Number           int
	Head, Base       string // commits
	BaseRef, HeadRef string // branches
	HeadRepository   string // "" if it was deleted
	Fork             bool   // the head is of another repository
}

// WorkflowRun is the run whose progress started this one.
type WorkflowRun struct {
	HeadSHA, HeadBranch string
	HeadRepository      string // "" if it was deleted
	Event, Conclusion   string // "pull_request", "success"
	Fork                bool   // the head is of another repository
}

// maxEvent is the size of an event file in bytes. GitHub's payloads have at most 25 MB.
const maxEvent = 32 << 20

// payload is the part of GITHUB_EVENT_PATH that is looked at.
type payload struct {
	Action      string             `json:"action"`
	Repository  *repositoryPayload `json:"repository"`
	PullRequest *pullPayload       `json:"pull_request"`
	WorkflowRun *runPayload        `json:"workflow_run"`
	Issue       *struct {
		Number      int       `json:"number"`
		PullRequest *struct{} `json:"pull_request"`
	} `json:"issue"`
}

type repositoryPayload struct {
	ID            int64  `json:"id"`
	FullName      string `json:"full_name"`
	DefaultBranch string `json:"default_branch"`
}

type pullPayload struct {
	Number int           `json:"number"`
	Head   commitPayload `json:"head"`
	Base   commitPayload `json:"base"`
}

type commitPayload struct {
	SHA  string             `json:"sha"`
	Ref  string             `json:"ref"`
	Repo *repositoryPayload `json:"repo"`
}

type runPayload struct {
	HeadSHA        string             `json:"head_sha"`
	HeadBranch     string             `json:"head_branch"`
	Event          string             `json:"event"`
	Conclusion     string             `json:"conclusion"`
	HeadRepository *repositoryPayload `json:"head_repository"`
	PullRequests   []pullPayload      `json:"pull_requests"`
}

// ReadEvent reads the variables and the file that a runner gives to a step. An event that is not
// known here is read like any other.
func ReadEvent(getenv func(string) string, readFile func(string) ([]byte, error)) (*Event, error) {
	e, err := fromEnvironment(getenv)
	if err != nil {
		return nil, err
	}
	p, err := readPayload(getenv("GITHUB_EVENT_PATH"), readFile)
	if err != nil {
		return nil, err
	}
	e.Action = p.Action
	if p.Repository != nil {
		e.DefaultBranch = p.Repository.DefaultBranch
	}
	if e.DefaultBranch == "" && e.Name == "schedule" { // always of the default branch; older payloads say nothing else
		e.DefaultBranch = strings.TrimPrefix(e.Ref, "refs/heads/")
	}
	e.PullRequest = p.pullRequest()
	e.WorkflowRun = p.workflowRun()
	return e, nil
}

var eventName = pattern.Lazy(`^[a-z_]{1,100}$`)

func fromEnvironment(getenv func(string) string) (*Event, error) {
	e := &Event{
		Name: getenv("GITHUB_EVENT_NAME"), Repository: getenv("GITHUB_REPOSITORY"), Ref: getenv("GITHUB_REF"),
		SHA: getenv("GITHUB_SHA"), Actor: getenv("GITHUB_ACTOR"),
		ServerURL: orElse(getenv("GITHUB_SERVER_URL"), "https://github.com"), APIURL: orElse(getenv("GITHUB_API_URL"), DefaultAPIURL),
		GraphQLURL: getenv("GITHUB_GRAPHQL_URL"),
	}
	if e.Name == "" {
		return nil, &EventError{
			What: "GITHUB_EVENT_NAME", Reason: "is not set: this is not a workflow run",
			hint: "run this in a job of GitHub Actions, which sets it",
		}
	}
	if !eventName().MatchString(e.Name) {
		return nil, malformed("GITHUB_EVENT_NAME", "holds "+quote(e.Name)+", which is no event")
	}
	if _, _, err := splitRepository(e.Repository); err != nil {
		return nil, malformed("GITHUB_REPOSITORY", err.Error())
	}
	if err := checkCommit(e.SHA); err != nil && e.SHA != "" {
		return nil, malformed("GITHUB_SHA", err.Error())
	}
	if u, err := baseURL("server", e.ServerURL); err != nil {
		return nil, malformed("GITHUB_SERVER_URL", err.Error())
	} else {
		e.ServerURL = strings.TrimRight(u.String(), "/")
	}
	var err error
	if e.RunID, err = number(getenv, "GITHUB_RUN_ID"); err != nil {
		return nil, err
	}
	e.RunAttempt, err = number(getenv, "GITHUB_RUN_ATTEMPT")
	return e, err
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// number reads a variable that counts from 1; 0 stands for one that is not set.
func number(getenv func(string) string, name string) (int64, error) {
	text := getenv(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, malformed(name, "holds "+quote(text)+", which is no number above zero")
	}
	return n, nil
}

func malformed(what, reason string) *EventError {
	return &EventError{What: what, Reason: reason, hint: "leave the variables that begin with GITHUB_ as the runner sets them"}
}

func readPayload(path string, readFile func(string) ([]byte, error)) (*payload, error) {
	if path == "" {
		return nil, malformed("GITHUB_EVENT_PATH", "is not set")
	}
	data, err := readFile(path)
	if err != nil {
		return nil, &EventError{
			What: "GITHUB_EVENT_PATH", Reason: "the event cannot be read: " + err.Error(), Cause: err,
			hint: "mount the runner's temporary folder where the step runs in a container",
		}
	}
	if len(data) > maxEvent {
		return nil, malformed("GITHUB_EVENT_PATH", fmt.Sprintf("the event has %d bytes, and %d are the most", len(data), maxEvent))
	}
	var p *payload
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, malformed("GITHUB_EVENT_PATH", "the event is not JSON as GitHub writes it: "+clean(err.Error(), ""))
	}
	if p == nil {
		return nil, malformed("GITHUB_EVENT_PATH", "the event is null")
	}
	return p, p.check()
}

// check refuses a commit that is none: callers hand commits to git.
func (p *payload) check() error {
	var commits []string
	if p.PullRequest != nil {
		commits = append(commits, p.PullRequest.Head.SHA, p.PullRequest.Base.SHA)
	}
	if w := p.WorkflowRun; w != nil {
		commits = append(commits, w.HeadSHA)
		for _, pull := range w.PullRequests {
			commits = append(commits, pull.Head.SHA, pull.Base.SHA)
		}
	}
	for _, sha := range commits {
		if err := checkCommit(sha); err != nil {
			return malformed("GITHUB_EVENT_PATH", err.Error())
		}
	}
	return nil
}

// pullRequest returns the one pull request that the payload is about, or nil.
func (p *payload) pullRequest() *PullRequest {
	switch {
	case p.PullRequest != nil:
		return p.PullRequest.value(p.PullRequest.Head.Repo)
	case p.Issue != nil && p.Issue.PullRequest != nil:
		return &PullRequest{Number: p.Issue.Number, Fork: true}
	case p.WorkflowRun != nil:
		return p.namedPull()
	}
	return nil
}

// namedPull returns the pull request that a workflow_run names. GitHub also lists those of other
// repositories in the network that have the same head.
func (p *payload) namedPull() *PullRequest {
	var ours []*PullRequest
	for _, pull := range p.WorkflowRun.PullRequests {
		if pull.Base.Repo != nil && p.Repository != nil && pull.Base.Repo.ID == p.Repository.ID {
			ours = append(ours, pull.value(p.WorkflowRun.HeadRepository))
		}
	}
	if len(ours) != 1 {
		return nil
	}
	return ours[0]
}

func (p *pullPayload) value(head *repositoryPayload) *PullRequest {
	return &PullRequest{
		Number: p.Number, Head: p.Head.SHA, Base: p.Base.SHA, BaseRef: p.Base.Ref, HeadRef: p.Head.Ref,
		HeadRepository: head.fullName(), Fork: !head.is(p.Base.Repo),
	}
}

func (p *payload) workflowRun() *WorkflowRun {
	w := p.WorkflowRun
	if w == nil {
		return nil
	}
	return &WorkflowRun{
		HeadSHA: w.HeadSHA, HeadBranch: w.HeadBranch, HeadRepository: w.HeadRepository.fullName(),
		Event: w.Event, Conclusion: w.Conclusion, Fork: !w.HeadRepository.is(p.Repository),
	}
}

func (r *repositoryPayload) fullName() string {
	if r == nil {
		return ""
	}
	return r.FullName
}

// is reports whether both are known to be the same repository.
func (r *repositoryPayload) is(other *repositoryPayload) bool {
	return r != nil && other != nil && r.ID != 0 && r.ID == other.ID
}

// RunURL returns the address of the workflow run for people, or "" outside of one.
func (e *Event) RunURL() string {
	if e.RunID == 0 {
		return ""
	}
	url := fmt.Sprintf("%s/%s/actions/runs/%d", e.ServerURL, e.Repository, e.RunID)
	if e.RunAttempt > 1 {
		url += fmt.Sprintf("/attempts/%d", e.RunAttempt)
	}
	return url
}
