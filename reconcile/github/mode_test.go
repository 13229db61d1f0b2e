package github

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/github/githubtest"
)

func TestHideAndNew(t *testing.T) {
	w := newWorld(t)
	for run := int64(100); run < 104; run++ {
		before := len(w.Requests())
		p := w.upsert(t, comment(run, fmt.Sprint("text ", run)).with(func(c *Comment) { c.Mode = HideAndNew }))
		if n := len(w.Requests()) - before; p.Did != DidCreate || len(p.Warnings) != 0 || n > 6 {
			t.Errorf("run %d: posted %+v in %d requests", run, p, n)
		}
		w.wantOne(t, fmt.Sprint("text ", run))
	}
	for i, c := range w.Comments(pull) {
		if want := map[bool]string{true: outdated}[i < 3]; c.Minimized != want {
			t.Errorf("comment %d is folded as %q, want %q", i, c.Minimized, want)
		}
	}
	mutations := 0
	for _, r := range w.Requests() {
		mutations += strings.Count(r.Body, "minimizeComment(")
	}
	if mutations != 3 {
		t.Errorf("%d foldings, want 3: what is folded already is left alone", mutations)
	}
	if p := w.upsert(t, comment(103, "text 103").with(func(c *Comment) { c.Mode = HideAndNew })); p.Did != DidNothing {
		t.Errorf("the same again: %+v", p)
	}
	// Back to the mode Update, it is the shown one that is edited.
	if p := w.upsert(t, comment(110, "in place")); p.Did != DidUpdate {
		t.Errorf("posted %+v", p)
	}
	w.wantOne(t, "in place")
}

func TestHideRefusedKeepsHistory(t *testing.T) {
	w := newWorld(t)
	w.AddAccount(githubtest.Token, githubtest.Account{Login: githubtest.Login, ID: githubtest.ID, Bot: true, NoMinimize: true})
	w.upsert(t, comment(100, "first"))
	p := w.upsert(t, comment(101, "second").with(func(c *Comment) { c.Mode = HideAndNew }))
	if p.Did != DidCreate || len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "not accessible") {
		t.Errorf("posted %+v", p)
	}
	if n := len(w.Comments(pull)); n != 2 {
		t.Errorf("%d comments, want both", n)
	}
}

func TestDeleteAndNew(t *testing.T) {
	w := newWorld(t)
	for run := int64(100); run < 103; run++ {
		p := w.upsert(t, comment(run, fmt.Sprint("text ", run)).with(func(c *Comment) { c.Mode = DeleteAndNew }))
		if p.Did != DidCreate {
			t.Errorf("posted %+v", p)
		}
		w.wantOne(t, fmt.Sprint("text ", run))
	}
	if n := len(w.Comments(pull)); n != 1 {
		t.Errorf("%d comments, want 1", n)
	}
}

func TestDeleteRefusedIsAWarning(t *testing.T) {
	w := newWorld(t)
	w.upsert(t, comment(100, "first"))
	w.Plan(githubtest.Fault{Match: "DELETE ", Status: 500})
	p := w.upsert(t, comment(101, "second").with(func(c *Comment) { c.Mode = DeleteAndNew }))
	if p.Did != DidCreate || len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "500") {
		t.Errorf("posted %+v", p)
	}
}

// TestManyToFold has more comments than fit into one GraphQL request.
func TestManyToFold(t *testing.T) {
	w := newWorld(t)
	for range 120 {
		w.AddComment(pull, githubtest.Login, stored(comment(90, "old")))
	}
	p := w.upsert(t, comment(100, "new").with(func(c *Comment) { c.Mode = HideAndNew }))
	if p.Did != DidCreate || len(p.Warnings) != 0 {
		t.Errorf("posted %+v", p)
	}
	w.wantOne(t, "new")
}

// TestFoldDeletedMeanwhile: what somebody deleted needs no folding, and no warning.
func TestFoldDeletedMeanwhile(t *testing.T) {
	for _, deny := range []bool{false, true} {
		w := newWorld(t)
		w.AddAccount(githubtest.Token, githubtest.Account{Login: githubtest.Login, ID: githubtest.ID, Bot: true, NoMinimize: deny})
		w.AddComment(pull, githubtest.Login, stored(comment(100, "same")))
		twin := w.AddComment(pull, githubtest.Login, stored(comment(100, "same")))
		n := 4 // list, viewer, nodes, mutation
		if deny {
			n = 5 // and the delete instead
		}
		w.Before(n, func() { w.DeleteComment(twin) })
		p := w.upsert(t, comment(100, "same"))
		if p.Did != DidNothing || len(p.Warnings) != 0 {
			t.Errorf("deny %v: posted %+v", deny, p)
		}
		w.wantOne(t, "same")
	}
}

// TestAllFolded: people folded every comment of ours. The first is kept up to date where it is.
func TestAllFolded(t *testing.T) {
	w := newWorld(t)
	for range 2 {
		w.AddComment(pull, githubtest.Login, stored(comment(90, "old")))
	}
	w.upsert(t, comment(91, "hide one").with(func(c *Comment) { c.Mode = HideAndNew }))
	w.upsert(t, comment(92, "hide it").with(func(c *Comment) { c.Mode = HideAndNew }))
	last := w.shownOwn()[0]
	w.MinimizeComment(last.ID, "RESOLVED")
	p := w.upsert(t, comment(100, "new"))
	all := w.Comments(pull)
	if p.Did != DidUpdate || p.ID != all[0].ID || len(all) != 4 || !strings.Contains(all[0].Body, "new") || len(w.shownOwn()) != 0 {
		t.Errorf("posted %+v, there are %+v", p, all)
	}
}

// TestTwinsInHideMode: a create that was done twice leaves one comment shown.
func TestTwinsInHideMode(t *testing.T) {
	w := newWorld(t)
	first := w.AddComment(pull, githubtest.Login, stored(comment(100, "same")))
	w.AddComment(pull, githubtest.Login, stored(comment(100, "same")))
	if p := w.upsert(t, comment(100, "same").with(func(c *Comment) { c.Mode = HideAndNew })); p.ID != first {
		t.Errorf("posted %+v", p)
	}
	w.wantOne(t, "same")
	if got := w.Comments(pull)[1].Minimized; got != duplicate {
		t.Errorf("folded as %q", got)
	}
}

func TestFoldFailures(t *testing.T) {
	for name, test := range map[string]struct {
		fault    githubtest.Fault
		warnings int
		comments int
	}{
		"server error":     {githubtest.Fault{Status: 502}, 1, 2},
		"whole request":    {githubtest.Fault{Status: 200, Body: `{"errors":[{"type":"FORBIDDEN","message":"no"}]}`}, 0, 1},
		"odd path":         {githubtest.Fault{Status: 200, Body: `{"errors":[{"type":"FORBIDDEN","message":"no","path":[1]}]}`}, 0, 1},
		"GraphQL rejected": {githubtest.Fault{Status: 200, Body: `{"data":{"m0":null},"errors":[{"type":"UNPROCESSABLE","message":"no","path":["m0"]}]}`}, 0, 1},
		"GraphQL limit":    {githubtest.Fault{Status: 200, Body: `{"errors":[{"type":"RATE_LIMITED","message":"slow down"}]}`}, 1, 2},
		"not an object":    {githubtest.Fault{Status: 200, Body: `{"data":5}`}, 1, 2},
	} {
		w := newWorld(t)
		w.AddComment(pull, githubtest.Login, stored(comment(100, "same")))
		w.AddComment(pull, githubtest.Login, stored(comment(100, "same")))
		test.fault.Match, test.fault.Skip = "POST /graphql", 2 // who we are, and what is folded
		w.Plan(test.fault)
		p := w.upsert(t, comment(100, "same"))
		if len(p.Warnings) != test.warnings || len(w.Comments(pull)) != test.comments {
			t.Errorf("%s: posted %+v, %d comments", name, p, len(w.Comments(pull)))
		}
	}
}
