package github

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile/github/githubtest"
)

const (
	repository = "acme/access"
	pull       = 7
	headSHA    = "1111111111111111111111111111111111111111"
	baseSHA    = "2222222222222222222222222222222222222222"
	mergeSHA   = "3333333333333333333333333333333333333333"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// world is a GitHub, a client of it, and a clock that only sleeping moves.
type world struct {
	*githubtest.Server
	url    string
	now    time.Time
	slept  []time.Duration
	logged []string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Server: githubtest.New(repository), now: noon}
	url, stop := w.Start()
	t.Cleanup(stop)
	w.url = url
	w.AddPullRequest(githubtest.PullRequest{
		Number: pull, State: "open", HeadRepository: repository, HeadRef: "roles", HeadSHA: headSHA, BaseRef: "main", BaseSHA: baseSHA,
	})
	return w
}

func (w *world) options() Options {
	return Options{
		Token: githubtest.Token, APIURL: w.url, GraphQLURL: w.url + "/graphql",
		Now: func() time.Time { return w.now },
		Sleep: func(ctx context.Context, d time.Duration) error {
			w.slept = append(w.slept, d)
			w.now = w.now.Add(d)
			return ctx.Err()
		},
		Log: func(method, url string, status int, _ time.Duration) {
			w.logged = append(w.logged, fmt.Sprintf("%s %s %d", method, strings.TrimPrefix(url, w.url), status))
		},
	}
}

func (w *world) client(t *testing.T, change ...func(*Options)) *Client {
	t.Helper()
	o := w.options()
	for _, f := range change {
		f(&o)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// comment is one of run number run, with a text.
func comment(run int64, text string) Comment {
	return Comment{
		Target: "production", Config: "rolewright.yaml", State: "planned", PlanHash: "sha256:abc", Head: headSHA,
		Order:  Order{Seq: noon.Add(time.Duration(run-100) * time.Second), Run: run, Attempt: 1},
		Create: true,
		Render: func(int) string { return text },
	}
}

func (c Comment) with(f func(*Comment)) Comment {
	f(&c)
	return c
}

// stored is the comment as it would have been written by that run.
func stored(cm Comment) string {
	return compose(markerOf(cm.Target, cm.Config, cm.ID), cm.Render(0), meta{
		State: cm.State, PlanHash: cm.PlanHash, Head: cm.Head, Seq: cm.Order.Seq, Run: cm.Order.Run, Attempt: cm.Order.Attempt,
	})
}

func (w *world) upsert(t *testing.T, cm Comment) Posted {
	t.Helper()
	p, err := w.client(t).Upsert(t.Context(), repository, pull, cm)
	if err != nil {
		t.Fatalf("upsert: %v", err)
	}
	return p
}

func (w *world) fill(n int) {
	for i := range n {
		w.AddComment(pull, "ana", fmt.Sprintf("remark %d", i))
	}
}

// shown are the comments by our account that are not folded.
func (w *world) shownOwn() []githubtest.Comment {
	var own []githubtest.Comment
	for _, c := range w.Comments(pull) {
		if c.Author == githubtest.Login && c.Minimized == "" {
			own = append(own, c)
		}
	}
	return own
}

// wantOne fails unless exactly one comment of ours is shown and holds text.
func (w *world) wantOne(t *testing.T, text string) githubtest.Comment {
	t.Helper()
	own := w.shownOwn()
	if len(own) != 1 || !strings.Contains(own[0].Body, text) {
		t.Fatalf("shown are %+v, want one with %q", own, text)
	}
	return own[0]
}

// roundTripper answers without a network.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
