package github

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/github/githubtest"
)

func forkPull(number int) githubtest.PullRequest {
	return githubtest.PullRequest{
		Number: number, State: "open", HeadRepository: "ana/access", HeadRef: "patch/1", HeadSHA: mergeSHA, BaseRef: "main", BaseSHA: baseSHA,
	}
}

func TestPullRequestOf(t *testing.T) {
	follow := WorkflowRun{HeadSHA: mergeSHA, HeadBranch: "patch/1", HeadRepository: "ana/access", Event: "pull_request", Fork: true}
	other := func(change func(*githubtest.PullRequest)) githubtest.PullRequest {
		p := forkPull(9)
		change(&p)
		return p
	}
	for name, test := range map[string]struct {
		pulls []githubtest.PullRequest
		run   func(*WorkflowRun)
		want  int
		error string
	}{
		"one":              {[]githubtest.PullRequest{forkPull(8)}, nil, 8, ""},
		"none":             {nil, nil, 0, "0 open pull requests"},
		"two":              {[]githubtest.PullRequest{forkPull(8), forkPull(9)}, nil, 0, "2 open pull requests"},
		"moved on":         {[]githubtest.PullRequest{other(func(p *githubtest.PullRequest) { p.HeadSHA = headSHA })}, nil, 0, "0 open"},
		"closed":           {[]githubtest.PullRequest{other(func(p *githubtest.PullRequest) { p.State = "closed" })}, nil, 0, "0 open"},
		"namesake branch":  {[]githubtest.PullRequest{forkPull(8), other(func(p *githubtest.PullRequest) { p.HeadRef = "patch/2" })}, nil, 8, ""},
		"namesake fork":    {[]githubtest.PullRequest{forkPull(8), other(func(p *githubtest.PullRequest) { p.HeadRepository = "ana/access2" })}, nil, 8, ""},
		"a deleted fork":   {[]githubtest.PullRequest{other(func(p *githubtest.PullRequest) { p.HeadRepository = "" })}, func(w *WorkflowRun) { w.HeadRepository = "" }, 0, "is gone"},
		"no branch":        {[]githubtest.PullRequest{forkPull(8)}, func(w *WorkflowRun) { w.HeadBranch = "" }, 0, "no workflow run with a branch"},
		"an odd branch":    {[]githubtest.PullRequest{other(func(p *githubtest.PullRequest) { p.HeadRef = "a&state=closed#x" })}, func(w *WorkflowRun) { w.HeadBranch = "a&state=closed#x" }, 9, ""},
		"an odd fork":      {nil, func(w *WorkflowRun) { w.HeadRepository = "ana/../x" }, 0, "is gone"},
		"a hostile branch": {nil, func(w *WorkflowRun) { w.HeadBranch = "x\n::error::\x1b" }, 0, `\n::error::\x1b`},
	} {
		w := newWorld(t)
		for _, p := range test.pulls {
			w.AddPullRequest(p)
		}
		run := follow
		if test.run != nil {
			test.run(&run)
		}
		p, err := w.client(t).PullRequestOf(t.Context(), repository, &run)
		if test.error != "" {
			e, ok := errors.AsType[*NoPullRequestError](err)
			if !ok || !strings.Contains(err.Error(), test.error) || e.Hint() == "" || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %+v, %v", name, p, err)
			}
			continue
		}
		if err != nil || p.Number != test.want || !p.Fork || p.HeadRepository != "ana/access" || p.Head != mergeSHA || p.BaseRef != "main" {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

// TestPullRequestOfAnswers does not believe a list that holds other pull requests than asked for.
func TestPullRequestOfAnswers(t *testing.T) {
	follow := &WorkflowRun{HeadSHA: mergeSHA, HeadBranch: "x", HeadRepository: "ana/access"}
	one := func(state, base, ref string) string {
		return fmt.Sprintf(`[{"number":9,"state":%q,"head":{"ref":%q,"sha":%q,"repo":{"id":2,"full_name":"ana/access"}},"base":{"repo":{"id":7,"full_name":%q}}}]`,
			state, ref, mergeSHA, base)
	}
	for body, ok := range map[string]bool{
		one("open", repository, "x"):           true,
		one("closed", repository, "x"):         false,
		one("open", "evil/access", "x"):        false,
		one("open", repository, "y"):           false,
		`[{"number":9}]`:                       false,
		`[{"state":"open","head":{}}, {}, {}]`: false,
	} {
		w := newWorld(t)
		w.Plan(githubtest.Fault{Match: "GET /repos/acme/access/pulls", Status: 200, Body: body})
		if p, err := w.client(t).PullRequestOf(t.Context(), repository, follow); (err == nil) != ok {
			t.Errorf("%s: %+v, %v", body, p, err)
		}
	}
}

func TestPullRequestOfFails(t *testing.T) {
	w := newWorld(t)
	w.Plan(githubtest.Fault{Match: "GET ", Status: 403, Body: `{"message":"Resource not accessible by integration"}`})
	run := &WorkflowRun{HeadSHA: mergeSHA, HeadBranch: "x", HeadRepository: "ana/access"}
	if _, err := w.client(t).PullRequestOf(t.Context(), repository, run); kind(err) != "denied" || !strings.Contains(hint(err), "pull-requests: read") {
		t.Errorf("error %v", err)
	}
	if _, err := w.client(t).PullRequestOf(t.Context(), "acme", run); err == nil {
		t.Error("went through")
	}
	if _, err := w.client(t).PullRequestOf(t.Context(), repository, nil); err == nil {
		t.Error("went through")
	}
}

func TestPullRequestForCommit(t *testing.T) {
	w := newWorld(t)
	merged := forkPull(8)
	merged.State, merged.MergedAs = "closed", headSHA
	w.AddPullRequest(merged) // and number 7 has that commit as its head
	p, err := w.client(t).PullRequestForCommit(t.Context(), repository, headSHA)
	want := &PullRequest{
		Number: 8, Head: mergeSHA, Base: baseSHA, BaseRef: "main", HeadRef: "patch/1", HeadRepository: "ana/access", Fork: true,
	}
	if diff := cmp.Diff(want, p); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, sha := range []string{mergeSHA, baseSHA} { // the head of the merged one, and nobody's
		if p, err := w.client(t).PullRequestForCommit(t.Context(), repository, sha); p != nil || err != nil {
			t.Errorf("%s: %+v, %v", sha, p, err)
		}
	}
	for _, args := range [][2]string{{"acme", headSHA}, {repository, "main"}, {repository, "../../x"}} {
		if _, err := w.client(t).PullRequestForCommit(t.Context(), args[0], args[1]); err == nil {
			t.Errorf("%v went through", args)
		}
	}
	w.Plan(githubtest.Fault{Match: "GET ", Status: 404})
	if _, err := w.client(t).PullRequestForCommit(t.Context(), repository, headSHA); kind(err) != "gone" || !strings.Contains(hint(err), "contents: read") {
		t.Errorf("error %v", err)
	}
}

// TestForkUnlessProved: without the numbers of both repositories, a head counts as a fork's.
func TestForkUnlessProved(t *testing.T) {
	w := newWorld(t)
	w.Plan(githubtest.Fault{Match: "GET ", Status: 200, Body: fmt.Sprintf(
		`[{"number":8,"merged_at":"2026-01-02T03:04:05Z","merge_commit_sha":%q,"head":{"repo":{}},"base":{"repo":{"full_name":%q}}}]`, headSHA, repository)})
	if p, err := w.client(t).PullRequestForCommit(t.Context(), repository, headSHA); err != nil || !p.Fork {
		t.Errorf("%+v, %v", p, err)
	}
	e, err := readEvent(runnerEnv(nil), fmt.Sprintf(`{"pull_request":{"head":{"sha":%q,"repo":{}},"base":{"sha":%q,"repo":{}}}}`, headSHA, baseSHA))
	if err != nil || !e.PullRequest.Fork {
		t.Errorf("%+v, %v", e, err)
	}
}

// TestTriedMerge: GitHub tries a merge of each open pull request, and names that commit too.
func TestTriedMerge(t *testing.T) {
	pull := func(merged, base string) string {
		return fmt.Sprintf(`[{"number":8,"merged_at":%s,"merge_commit_sha":%q,"base":{"repo":{"id":7,"full_name":%q}}}]`, merged, headSHA, base)
	}
	for body, found := range map[string]bool{
		pull(`"2026-01-02T03:04:05Z"`, repository):   true,
		pull(`null`, repository):                     false,
		pull(`"2026-01-02T03:04:05Z"`, "ana/access"): false, // merged inside a fork
	} {
		w := newWorld(t)
		w.Plan(githubtest.Fault{Match: "GET ", Status: 200, Body: body})
		if p, err := w.client(t).PullRequestForCommit(t.Context(), repository, headSHA); err != nil || (p != nil) != found {
			t.Errorf("%s: %+v, %v", body, p, err)
		}
	}
}

func TestCheckTip(t *testing.T) {
	w := newWorld(t)
	w.SetTip("main", headSHA)
	w.SetTip("release/2026", baseSHA)
	w.SetTip("odd#é%2f", baseSHA)
	for _, test := range []struct {
		branch, sha string
		want        string
	}{
		{"main", headSHA, ""},
		{"release/2026", baseSHA, ""},
		{"odd#é%2f", baseSHA, ""},
		{"main", baseSHA, `commit 222222222222 is not the tip of "main", which is "111111111111"`},
		{"", headSHA, "which branch is the default one"},
		{"main", "", "hexadecimal"},
		{"gone", headSHA, "404"},
		{"../../../user", headSHA, "not the name of a branch"},
	} {
		err := w.client(t).CheckTip(t.Context(), &Event{Repository: repository, DefaultBranch: test.branch, SHA: test.sha})
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s at %s: %v", test.branch, test.sha, err)
		}
		if test.sha == baseSHA && test.branch == "main" {
			refused, ok := errors.AsType[*RefusedError](err)
			if !ok || !strings.Contains(refused.Hint(), "--allow-rollback") {
				t.Errorf("%v, hint %q", err, hint(err))
			}
		}
	}
	if err := w.client(t).CheckTip(t.Context(), &Event{Repository: "acme"}); err == nil {
		t.Error("went through")
	}
}

// TestCheckTipAnswers: a reference by another name is not the one asked for.
func TestCheckTipAnswers(t *testing.T) {
	for body, ok := range map[string]bool{
		`{"ref":"refs/heads/main","object":{"sha":"` + headSHA + `"}}`:  true,
		`{"ref":"refs/heads/main2","object":{"sha":"` + headSHA + `"}}`: false,
		`{"ref":"refs/heads/main","object":null}`:                       false,
		`{"ref":"refs/heads/main","object":{"sha":"\u001b[2J"}}`:        false,
		`{}`: false,
	} {
		w := newWorld(t)
		w.Plan(githubtest.Fault{Match: "GET ", Status: 200, Body: body})
		err := w.client(t).CheckTip(t.Context(), &Event{Repository: repository, DefaultBranch: "main", SHA: headSHA})
		if (err == nil) != ok || err != nil && strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s: %v", body, err)
		}
	}
}
