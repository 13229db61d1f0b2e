package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile/github/githubtest"
)

// TestMayReadAndNotEdit: GitHub says "not found" to an edit, though the comment is there.
func TestMayReadAndNotEdit(t *testing.T) {
	w := newWorld(t)
	w.AddComment(pull, githubtest.Login, stored(comment(90, "old")))
	w.Plan(githubtest.Fault{Match: "PATCH ", Status: 404, Body: `{"message":"Not Found"}`})
	_, err := w.client(t).Upsert(t.Context(), repository, pull, comment(100, "new"))
	if kind(err) != "gone" || !strings.Contains(hint(err), "pull-requests: write") || w.Count("PATCH ") != maxWrites {
		t.Errorf("%d edits, %v", w.Count("PATCH "), err)
	}
}

// TestRaceOfTwoCreates puts every request of a second run before every request of a first one, for
// either age. One comment is shown in the end, and it is the newer run's.
func TestRaceOfTwoCreates(t *testing.T) {
	for _, mode := range []Mode{Update, HideAndNew, DeleteAndNew} {
		for _, deny := range []bool{false, true} {
			for _, ages := range [][2]int64{{100, 101}, {101, 100}} {
				for n := 1; n <= 8; n++ {
					t.Run(fmt.Sprintf("mode %d deny %v runs %v before %d", mode, deny, ages, n), func(t *testing.T) {
						race(t, mode, deny, ages, n)
					})
				}
			}
		}
	}
}

func race(t *testing.T, mode Mode, deny bool, ages [2]int64, n int) {
	w := newWorld(t)
	w.AddAccount(githubtest.Token, githubtest.Account{Login: githubtest.Login, ID: githubtest.ID, Bot: true, NoMinimize: deny && mode != HideAndNew})
	run := func(age int64) {
		w.upsert(t, comment(age, fmt.Sprint("run ", age)).with(func(c *Comment) { c.Mode = mode }))
	}
	ran := false
	w.Before(n, func() { ran = true; run(ages[1]) })
	run(ages[0])
	if !ran {
		t.Skipf("there is no request number %d", n)
	}
	w.wantOne(t, "run 101")
}

// TestRaceHalfway stops a second run between its create and its next look, so that the first one
// finds both comments.
func TestRaceHalfway(t *testing.T) {
	for _, age := range []int64{99, 101} {
		w := newWorld(t)
		other := stored(comment(age, fmt.Sprint("run ", age)))
		w.Before(2, func() { w.AddComment(pull, githubtest.Login, other) })
		p := w.upsert(t, comment(100, "run 100"))
		all := w.Comments(pull)
		if len(all) != 2 {
			t.Fatalf("%d comments", len(all))
		}
		if age == 99 { // ours is the newer one and moves into the first comment
			if p.Did != DidCreate || p.ID != all[0].ID || all[1].Minimized != duplicate || !strings.Contains(all[0].Body, "run 100") {
				t.Errorf("posted %+v, there are %+v", p, all)
			}
		} else if p.Did != NewerThere || all[1].Minimized != duplicate || all[0].Edits != 0 {
			t.Errorf("posted %+v, there are %+v", p, all)
		}
	}
}

// TestNewerRunBetweenLookAndEdit writes the newer text in each gap of an older run's update.
func TestNewerRunBetweenLookAndEdit(t *testing.T) {
	for n := 1; n <= 3; n++ { // list, viewer, get; a write between the get and the patch cannot be seen beforehand
		w := newWorld(t)
		id := w.AddComment(pull, githubtest.Login, stored(comment(90, "old")))
		w.Before(n, func() { w.EditComment(id, stored(comment(101, "newer"))) })
		if p := w.upsert(t, comment(100, "older")); p.Did != NewerThere {
			t.Errorf("before request %d: posted %+v", n, p)
		}
		w.wantOne(t, "newer")
	}
}

// TestOlderRunOverwritesUs is the write in that last gap: the newer run finds it and repairs.
func TestOlderRunOverwritesUs(t *testing.T) {
	w := newWorld(t)
	id := w.AddComment(pull, githubtest.Login, stored(comment(90, "old")))
	w.Before(5, func() { w.EditComment(id, stored(comment(95, "older"))) }) // before we read it again
	if p := w.upsert(t, comment(100, "newer")); p.Did != DidUpdate {
		t.Errorf("posted %+v", p)
	}
	if c := w.wantOne(t, "newer"); c.Edits != 2 {
		t.Errorf("%d edits, want 2", c.Edits)
	}
}

func TestNewerRunWhileWeMoveIntoTheFirst(t *testing.T) {
	w := newWorld(t)
	var first int64
	w.Before(2, func() { first = w.AddComment(pull, githubtest.Login, stored(comment(99, "first"))) })
	// list, POST, list, nodes, get
	w.Before(5, func() { w.EditComment(first, stored(comment(105, "newest"))) })
	p := w.upsert(t, comment(100, "middle"))
	if p.Did != NewerThere || p.ID != first {
		t.Errorf("posted %+v", p)
	}
	w.wantOne(t, "newest")
}

func TestDeletedBetweenLookAndEdit(t *testing.T) {
	for n := 3; n <= 5; n++ { // before the get, the patch and the last get
		for _, create := range []bool{true, false} {
			w := newWorld(t)
			id := w.AddComment(pull, githubtest.Login, stored(comment(90, "old")))
			w.Before(n, func() { w.DeleteComment(id) })
			p := w.upsert(t, comment(100, "new").with(func(c *Comment) { c.Create = create }))
			if create && (p.Did != DidCreate || p.ID == id) || !create && p.Did != DidNotCreate {
				t.Errorf("deleted before request %d, create %v: posted %+v", n, create, p)
			}
			if create {
				w.wantOne(t, "new")
			}
		}
	}
}

func TestDeletedRightAfterCreate(t *testing.T) {
	w := newWorld(t)
	w.Before(3, func() { w.DeleteComment(w.Comments(pull)[0].ID) })
	if p := w.upsert(t, comment(100, "new")); p.Did != DidCreate {
		t.Errorf("posted %+v", p)
	}
	w.wantOne(t, "new")
}

// TestDeletedAgainAndAgain: a comment that somebody removes each time is not made without end.
func TestDeletedAgainAndAgain(t *testing.T) {
	w := newWorld(t)
	for n := range 50 {
		w.Before(n, func() {
			for _, c := range w.Comments(pull) {
				w.DeleteComment(c.ID)
			}
		})
	}
	_, err := w.client(t).Upsert(t.Context(), repository, pull, comment(100, "new"))
	if err == nil || !strings.Contains(err.Error(), "gone again") || w.Count("POST /repos/") != maxMakes {
		t.Errorf("%d comments made, %v", w.Count("POST /repos/"), err)
	}
}

// TestListLags leaves the new comment out of the list once. It is not made again.
func TestListLags(t *testing.T) {
	w := newWorld(t)
	w.Plan(githubtest.Fault{Match: "GET /repos/acme/access/issues/7/comments", Skip: 1, Times: 1, Status: 200, Body: "[]"})
	if p := w.upsert(t, comment(100, "new")); p.Did != DidCreate {
		t.Errorf("posted %+v", p)
	}
	w.wantOne(t, "new")
	if n := len(w.Comments(pull)); n != 1 {
		t.Errorf("%d comments", n)
	}
	w.Plan(githubtest.Fault{Match: "GET /repos/acme/access/issues/comments/", Status: 403, Body: `{"message":"Resource not accessible by integration"}`})
	w.Plan(githubtest.Fault{Match: "GET /repos/acme/access/issues/7/comments", Skip: 1, Times: 1, Status: 200, Body: "[]"})
	cm := comment(100, "new").with(func(c *Comment) { c.ID = "other" })
	if _, err := w.client(t).Upsert(t.Context(), repository, pull, cm); err == nil {
		t.Error("a comment that may not be read went through")
	}
}

// TestUnknownOutcome loses the answer to a write that was done, or was not.
func TestUnknownOutcome(t *testing.T) {
	lost := map[string]githubtest.Fault{
		"dropped":     {Drop: true},
		"cut":         {Cut: true, Status: 201, Body: `{"id":`},
		"bad gateway": {Status: 502, Body: "<html>"},
	}
	for name, fault := range lost {
		for _, done := range []bool{true, false} {
			for _, match := range []string{"POST /repos/", "PATCH /repos/"} {
				t.Run(fmt.Sprintf("%s done %v %s", name, done, match), func(t *testing.T) {
					w := newWorld(t)
					did := DidCreate
					if match == "PATCH /repos/" {
						did = DidUpdate
						w.AddComment(pull, githubtest.Login, stored(comment(90, "old")))
					}
					f := fault
					f.Match, f.Done, f.Times = match, done, 1
					w.Plan(f)
					if p := w.upsert(t, comment(100, "new")); p.Did != did {
						t.Errorf("posted %+v, want %s", p, did)
					}
					w.wantOne(t, "new")
					if n := len(w.Comments(pull)); n != 1 {
						t.Errorf("%d comments, want 1", n)
					}
					want := map[bool]int{true: 1, false: 2}[done]
					if n := w.Count(match); n != want {
						t.Errorf("%d writes, want %d", n, want)
					}
					if match == "POST /repos/" {
						wantListBetween(t, w.Requests())
					}
				})
			}
		}
	}
}

// wantListBetween fails if two creates follow each other without a list in between.
func wantListBetween(t *testing.T, log []githubtest.Request) {
	t.Helper()
	listed := true
	for _, r := range log {
		switch {
		case r.Method == http.MethodGet && strings.HasSuffix(r.Path, "/comments"):
			listed = true
		case r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/comments"):
			if !listed {
				t.Error("created twice without looking in between")
			}
			listed = false
		}
	}
}

// TestUnknownOutcomeThenNewerRun: a retry must not undo what a newer run wrote while we waited.
func TestUnknownOutcomeThenNewerRun(t *testing.T) {
	for _, f := range []githubtest.Fault{
		{Drop: true},
		{Status: 403, Body: `{"message":"You have exceeded a secondary rate limit."}`},
	} {
		w := newWorld(t)
		id := w.AddComment(pull, githubtest.Login, stored(comment(90, "old")))
		f.Match, f.Times = "PATCH ", 1
		w.Plan(f)
		o := w.options()
		o.Sleep = func(context.Context, time.Duration) error {
			w.EditComment(id, stored(comment(101, "newer")))
			return nil
		}
		c, _ := New(o)
		p, err := c.Upsert(t.Context(), repository, pull, comment(100, "older"))
		if err != nil || p.Did != NewerThere {
			t.Errorf("posted %+v, %v", p, err)
		}
		w.wantOne(t, "newer")
	}
}

// TestLostCreateBesideNewerRun: the comment that we do not know of is found by its age, and folded.
func TestLostCreateBesideNewerRun(t *testing.T) {
	w := newWorld(t)
	w.Before(2, func() { w.AddComment(pull, githubtest.Login, stored(comment(101, "newer"))) })
	w.Plan(githubtest.Fault{Match: "POST /repos/", Times: 1, Done: true, Drop: true})
	if p := w.upsert(t, comment(100, "older")); p.Did != NewerThere {
		t.Errorf("posted %+v", p)
	}
	w.wantOne(t, "newer")
	if all := w.Comments(pull); len(all) != 2 || all[1].Minimized != duplicate {
		t.Errorf("there are %+v", all)
	}
}

func TestWritesGiveUp(t *testing.T) {
	w := newWorld(t)
	w.Plan(githubtest.Fault{Match: "POST /repos/", Status: 500})
	_, err := w.client(t).Upsert(t.Context(), repository, pull, comment(100, "new"))
	if e, ok := errors.AsType[*NoAnswerError](err); !ok || e.Status != 500 {
		t.Errorf("error %v", err)
	}
	if n := w.Count("POST /repos/"); n != maxWrites {
		t.Errorf("%d writes, want %d", n, maxWrites)
	}
	if want := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}; !slices.Equal(w.slept, want) {
		t.Errorf("slept %v, want %v", w.slept, want)
	}
}

func TestNeverSettles(t *testing.T) {
	w := newWorld(t)
	id := w.AddComment(pull, githubtest.Login, stored(comment(90, "old")))
	for n := range 200 { // somebody writes back the old text before each of our requests
		w.Before(n, func() { w.EditComment(id, stored(comment(90, "old"))) })
	}
	_, err := w.client(t).Upsert(t.Context(), repository, pull, comment(100, "new"))
	if err == nil || !strings.Contains(err.Error(), "did not settle") {
		t.Errorf("error %v", err)
	}
	if n := w.Count("PATCH "); n != maxRounds*maxEdits {
		t.Errorf("%d writes", n)
	}
}

// TestOrderOfTheList: the first of our comments is the one with the lowest number, wherever it stands.
func TestOrderOfTheList(t *testing.T) {
	w := newWorld(t)
	first := w.AddComment(pull, githubtest.Login, stored(comment(90, "first")))
	second := w.AddComment(pull, githubtest.Login, stored(comment(90, "second")))
	wire := func(id int64) string {
		return fmt.Sprintf(`{"id":%d,"node_id":"IC_%d","body":%q,"user":{"login":%q,"id":%d}}`, id, id, stored(comment(90, "x")), githubtest.Login, githubtest.ID)
	}
	list := "[" + wire(second) + "," + wire(first) + "," + wire(second) + "]" // a page may repeat what moved
	w.Plan(githubtest.Fault{Match: "GET /repos/acme/access/issues/7/comments", Status: 200, Body: list})
	if p := w.upsert(t, comment(100, "new")); p.ID != first || len(p.Warnings) != 0 {
		t.Errorf("posted %+v", p)
	}
	if all := w.Comments(pull); all[0].Minimized != "" || all[1].Minimized != duplicate {
		t.Errorf("there are %+v", all)
	}
	last := w.Requests()[len(w.Requests())-1]
	if n := strings.Count(last.Body, "minimizeComment("); n != 1 {
		t.Errorf("%d comments folded, want 1", n)
	}
}

// TestAnswerAboutAnother: the comment that was asked for is the one that is edited.
func TestAnswerAboutAnother(t *testing.T) {
	w := newWorld(t)
	id := w.AddComment(pull, githubtest.Login, stored(comment(90, "old")))
	other := fmt.Sprintf(`{"id":%d,"body":%q,"user":{"login":%q,"id":%d}}`, id+1, stored(comment(100, "new")), githubtest.Login, githubtest.ID)
	w.Plan(githubtest.Fault{Match: "GET /repos/acme/access/issues/comments/", Times: 1, Status: 200, Body: other})
	if p := w.upsert(t, comment(100, "new")); p.ID != id || p.Did != DidUpdate {
		t.Errorf("posted %+v", p)
	}
	w.wantOne(t, "new")
}
