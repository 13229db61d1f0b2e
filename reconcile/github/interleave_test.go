package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/github/githubtest"
)

// fate is what becomes of one request.
type fate int

const (
	answered fate = iota
	doneButLost
	lost
)

// schedule lets several runs talk to one GitHub, one request at a time, in an order that it chooses.
// Nothing else happens at the same time, so that an order can be repeated.
type schedule struct {
	world *world
	turns map[int64]chan chan fate // a run asks for its next request, and gives it back when done
	ended map[int64]chan error
}

func (s *schedule) start(t *rapid.T, cm Comment) {
	run := cm.Order.Run
	ask, end := make(chan chan fate), make(chan error, 1)
	s.turns[run], s.ended[run] = ask, end
	o := s.world.options()
	o.UserAgent, o.Log = fmt.Sprint(run), nil
	o.Sleep = func(context.Context, time.Duration) error { return nil }
	o.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		done := make(chan fate)
		ask <- done
		what := <-done                            // may go
		defer func() { done <- answered }()       // has been
		if what == lost && r.Method != "DELETE" { // nobody tries those again, and a warning says so
			return nil, errors.New("lost")
		}
		recorder := httptest.NewRecorder()
		s.world.ServeHTTP(recorder, r)
		if what == doneButLost {
			return nil, errors.New("lost")
		}
		return recorder.Result(), nil
	})
	c, err := New(o)
	if err != nil {
		t.Fatalf("%v", err)
	}
	go func() {
		_, err := c.Upsert(t.Context(), repository, pull, cm)
		close(ask)
		end <- err
	}()
}

// play gives out turns until every run has ended. A run that ended leaves its turns to the others.
func (s *schedule) play(t *rapid.T, runs []int64, choose *rapid.Generator[int]) {
	losses := rapid.IntRange(0, 3).Draw(t, "losses")
	for len(runs) > 0 {
		i := choose.Draw(t, "turn") % len(runs)
		done, more := <-s.turns[runs[i]]
		if more {
			what := answered
			if losses > 0 && rapid.IntRange(0, 9).Draw(t, "luck") == 0 {
				losses--
				what = rapid.SampledFrom([]fate{doneButLost, lost}).Draw(t, "fate")
			}
			done <- what
			<-done
			continue
		}
		if err := <-s.ended[runs[i]]; err != nil {
			t.Fatalf("run %d: %v", runs[i], err)
		}
		runs = append(runs[:i:i], runs[i+1:]...)
	}
}

// TestInterleavings: in whatever order the requests of up to three runs arrive, and whatever answers get
// lost on the way, one comment is shown in the end, and it is the newest run's. The one exception is known and cannot be helped without a
// compare-and-swap: an older run's edit that it decided on before the newest run's edit arrives.
func TestInterleavings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{Server: githubtest.New(repository), now: noon, url: "http://127.0.0.1"}
		w.AddPullRequest(githubtest.PullRequest{Number: pull, State: "open"})
		mode := rapid.SampledFrom([]Mode{Update, HideAndNew, DeleteAndNew}).Draw(t, "mode")
		w.AddAccount(githubtest.Token, githubtest.Account{
			Login: githubtest.Login, ID: githubtest.ID, Bot: true, NoUser: true,
			NoMinimize: mode != HideAndNew && rapid.Bool().Draw(t, "deny"), // or what cannot be hidden stays
		})
		for i := range rapid.IntRange(0, 2).Draw(t, "already there") {
			w.AddComment(pull, githubtest.Login, stored(comment(int64(90+i), "old")))
		}
		s := &schedule{world: w, turns: map[int64]chan chan fate{}, ended: map[int64]chan error{}}
		var runs []int64
		for i := range rapid.IntRange(2, 3).Draw(t, "runs") {
			run := int64(100 + i)
			s.start(t, comment(run, fmt.Sprint("run ", run)).with(func(c *Comment) { c.Mode = mode }))
			runs = append(runs, run)
		}
		newest := runs[len(runs)-1]
		s.play(t, runs, rapid.IntRange(0, 5))
		own := w.shownOwn()
		if len(own) != 1 {
			t.Fatalf("%d comments are shown: %+v\n%s", len(own), w.Comments(pull), s.log())
		}
		if !strings.Contains(own[0].Body, fmt.Sprint("run ", newest)) && !overtaken(w.Requests(), fmt.Sprint(newest)) {
			t.Fatalf("shown is %q, the newest run is %d\n%s", own[0].Body, newest, s.log())
		}
	})
}

// overtaken reports whether an edit by another run followed the last one by the newest run.
func overtaken(log []githubtest.Request, newest string) bool {
	late := false
	for _, r := range log {
		if r.Method == http.MethodPatch {
			late = r.UserAgent != newest
		}
	}
	return late
}

func (s *schedule) log() string {
	var b strings.Builder
	for _, r := range s.world.Requests() {
		fmt.Fprintf(&b, "%s: %s %s\n", r.UserAgent, r.Method, r.Path)
	}
	return b.String()
}
