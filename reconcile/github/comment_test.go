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

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/github/githubtest"
)

func TestCreateThenUpdateThenNothing(t *testing.T) {
	w := newWorld(t)
	first := w.upsert(t, comment(100, "first"))
	if first.Did != DidCreate || first.ID == 0 || !strings.Contains(first.URL, "#issuecomment-") {
		t.Fatalf("posted %+v", first)
	}
	second := w.upsert(t, comment(101, "second"))
	if second.Did != DidUpdate || second.ID != first.ID {
		t.Fatalf("posted %+v after %+v", second, first)
	}
	third := w.upsert(t, comment(101, "second"))
	if third.Did != DidNothing || third.ID != first.ID {
		t.Fatalf("posted %+v after %+v", third, first)
	}
	if c := w.wantOne(t, "second"); c.Edits != 1 {
		t.Errorf("%d edits, want 1", c.Edits)
	}
}

// TestRequests counts what each way costs, on a pull request with that many other comments.
func TestRequests(t *testing.T) {
	for _, test := range []struct {
		others, create, update, nothing int
	}{
		{0, 3, 5, 2},
		{1, 3, 5, 2},
		{31, 3, 5, 2},
		{98, 3, 5, 2},
		{250, 7, 7, 4}, // three pages a look
		{300, 8, 8, 5},
	} {
		t.Run(fmt.Sprint(test.others), func(t *testing.T) {
			w := newWorld(t)
			w.fill(test.others)
			last := 0
			count := func() int {
				n := len(w.Requests()) - last
				last += n
				return n
			}
			for _, step := range []struct {
				what string
				run  int64
				did  string
				cost int
			}{{"create", 100, DidCreate, test.create}, {"update", 101, DidUpdate, test.update}, {"nothing", 101, DidNothing, test.nothing}} {
				p := w.upsert(t, comment(step.run, "text"))
				if n := count(); p.Did != step.did || n != step.cost {
					t.Errorf("%s: %s with %d requests, want %s with %d", step.what, p.Did, n, step.did, step.cost)
				}
				w.wantOne(t, "text")
			}
			if n := len(w.Comments(pull)); n != test.others+1 {
				t.Errorf("%d comments, want %d", n, test.others+1)
			}
		})
	}
}

// TestImpostors puts comments that look like ours all over three pages. None is touched.
func TestImpostors(t *testing.T) {
	w := newWorld(t)
	w.AddAccount("other-app-token-0000", githubtest.Account{Login: "evil[bot]", ID: 99, Bot: true})
	w.AddAccount("namesake-token-0000", githubtest.Account{Login: "github-actions", ID: 98})
	cm := comment(100, "ours")
	real := stored(comment(90, "earlier"))
	other := cm.with(func(c *Comment) { c.Target = "non-production" })
	impostors := []struct{ login, body string }{
		{"ana", real},
		{"evil[bot]", stored(comment(999, "newer, by another app"))},
		{"github-actions", real},
		{"ana", stored(comment(9_000_000_000, "from the future"))},
		{githubtest.Login, " " + real},
		{githubtest.Login, "quoting:\n" + real},
		{githubtest.Login, strings.Replace(real, " -->", " --> and more", 1)},
		{githubtest.Login, strings.Replace(real, "v1", "v2", 1)},
		{githubtest.Login, strings.ToUpper(real)},
		{githubtest.Login, stored(other)},
		{githubtest.Login, ""},
	}
	for i, one := range impostors {
		w.AddComment(pull, one.login, one.body)
		w.fill(20 + i)
	}
	before := w.Comments(pull)
	if len(before) < 250 {
		t.Fatalf("%d comments are not three pages", len(before))
	}
	if p := w.upsert(t, cm); p.Did != DidCreate {
		t.Fatalf("posted %+v", p)
	}
	if p := w.upsert(t, comment(101, "ours again")); p.Did != DidUpdate {
		t.Fatalf("posted %+v", p)
	}
	after := w.Comments(pull)
	if diff := cmp.Diff(before, after[:len(before)]); diff != "" {
		t.Errorf("other comments changed:\n%s", diff)
	}
	if len(after) != len(before)+1 || !strings.Contains(after[len(before)].Body, "ours again") {
		t.Errorf("%d comments, the last is %q", len(after), after[len(after)-1].Body)
	}
}

func TestIdentityParts(t *testing.T) {
	w := newWorld(t)
	sets := [][3]string{
		{"prod", "a.yaml", ""},
		{"non-prod", "a.yaml", ""},
		{"prod", "b.yaml", ""},
		{"prod", "a.yaml", "leg 1"},
		{"proda.yaml", "", ""},
		{"prod", "", "a.yaml"},
		{"", "proda.yaml", ""},
		{"-->", "\n", "<!--"},
	}
	for round, did := range []string{DidCreate, DidUpdate} {
		for i, set := range sets {
			cm := comment(int64(100+round), fmt.Sprint("text ", i)).with(func(c *Comment) { c.Target, c.Config, c.ID = set[0], set[1], set[2] })
			if p := w.upsert(t, cm); p.Did != did {
				t.Errorf("%q: %s, want %s", set, p.Did, did)
			}
		}
	}
	if n := len(w.Comments(pull)); n != len(sets) {
		t.Errorf("%d comments for %d identities", n, len(sets))
	}
}

func TestOlderRunYields(t *testing.T) {
	for _, mode := range []Mode{Update, HideAndNew, DeleteAndNew} {
		for name, older := range map[string]Order{
			"seq":     {Seq: noon.Add(-time.Hour), Run: 500, Attempt: 2},
			"run":     {Seq: noon.Add(time.Hour), Run: 499, Attempt: 9},
			"attempt": {Seq: noon.Add(time.Hour), Run: 500, Attempt: 1},
			"by hand": {Seq: noon.Add(-time.Hour)},
		} {
			w := newWorld(t)
			newer := comment(1, "newer").with(func(c *Comment) { c.Order = Order{Seq: noon, Run: 500, Attempt: 2} })
			first := w.upsert(t, newer)
			p := w.upsert(t, comment(1, "older").with(func(c *Comment) { c.Order, c.Mode = older, mode }))
			if p.Did != NewerThere || p.ID != first.ID || p.URL != first.URL {
				t.Errorf("mode %d, %s: posted %+v", mode, name, p)
			}
			if c := w.wantOne(t, "newer"); c.Edits != 0 || len(w.Comments(pull)) != 1 {
				t.Errorf("mode %d, %s: %+v", mode, name, w.Comments(pull))
			}
		}
	}
}

// TestSameRunChangesItsMind is what "planned" and then "applied" do.
func TestSameRunChangesItsMind(t *testing.T) {
	for mode, did := range map[Mode]string{Update: DidUpdate, HideAndNew: DidCreate, DeleteAndNew: DidCreate} {
		w := newWorld(t)
		w.upsert(t, comment(100, "planned"))
		if p := w.upsert(t, comment(100, "applied").with(func(c *Comment) { c.Mode = mode })); p.Did != did {
			t.Errorf("mode %d: posted %+v", mode, p)
		}
		w.wantOne(t, "applied")
		if c := w.Comments(pull)[0]; mode == HideAndNew && c.Minimized != outdated {
			t.Errorf("%q is folded as %q", c.Body, c.Minimized)
		}
	}
}

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

// TestSpoiledMeta edits the last line as people with write access can. Such a comment is the oldest.
func TestSpoiledMeta(t *testing.T) {
	body := stored(comment(100, "earlier"))
	marker, rest, _ := strings.Cut(body, "\n")
	for name, spoiled := range map[string]string{
		"only the marker": marker,
		"cut":             body[:len(body)-5],
		"no JSON":         marker + "\ntext\n" + metaHead + "{" + tail,
		"other type":      marker + "\n" + metaHead + `{"seq":1}` + tail,
		"negative":        marker + "\n" + metaHead + `{"seq":"2026-11-23T12:30:00Z","run":-1}` + tail,
		"far ahead":       marker + "\n" + metaHead + `{"seq":"2999-01-01T00:00:00Z","run":5}` + tail,
		"huge":            strings.Replace(stored(comment(100, "earlier")), `"state":"`, `"state":"`+strings.Repeat("x", maxMeta), 1),
		"not last":        marker + rest + "\nPS: hello",
	} {
		w := newWorld(t)
		id := w.AddComment(pull, githubtest.Login, spoiled)
		if name == "not last" {
			w.EditComment(id, body+"\nPS: hello")
		}
		if p := w.upsert(t, comment(50, "mended")); p.Did != DidUpdate || p.ID != id {
			t.Errorf("%s: posted %+v", name, p)
		}
		w.wantOne(t, "mended")
	}
}

func TestMarkerEditedAway(t *testing.T) {
	w := newWorld(t)
	first := w.upsert(t, comment(100, "first"))
	w.EditComment(first.ID, "I like it\n"+stored(comment(100, "first")))
	if p := w.upsert(t, comment(101, "second")); p.Did != DidCreate || p.ID == first.ID {
		t.Errorf("posted %+v", p)
	}
}

func TestCreateIsNotWanted(t *testing.T) {
	w := newWorld(t)
	quiet := comment(100, "no changes").with(func(c *Comment) { c.Create = false })
	if p := w.upsert(t, quiet); p.Did != DidNotCreate || p.ID != 0 || len(w.Comments(pull)) != 0 {
		t.Errorf("posted %+v", p)
	}
	w.upsert(t, comment(99, "changes"))
	if p := w.upsert(t, quiet); p.Did != DidUpdate {
		t.Errorf("posted %+v", p)
	}
	w.wantOne(t, "no changes")
}

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

// TestTooLong lets GitHub take less and less, and counts how often the text is drawn again.
func TestTooLong(t *testing.T) {
	for _, test := range []struct{ limit, draws int }{{65536, 1}, {59_000, 2}, {30_000, 3}, {12_000, 4}, {6_000, 5}} {
		for _, update := range []bool{false, true} {
			w := newWorld(t)
			w.MaxBody = test.limit
			if update {
				w.AddComment(pull, githubtest.Login, stored(comment(90, "old")))
			}
			var asked []int
			cm := comment(100, "").with(func(c *Comment) {
				c.Render = func(budget int) string {
					asked = append(asked, budget)
					return strings.Repeat("x", budget)
				}
			})
			p := w.upsert(t, cm)
			if len(asked) != test.draws || !slices.IsSortedFunc(asked, func(a, b int) int { return b - a }) {
				t.Errorf("limit %d: drawn for %v", test.limit, asked)
			}
			body := w.wantOne(t, "xxxx").Body
			if len(body) > test.limit || len(body) != budgets[test.draws-1] || orderOf(body, noon) != cm.Order {
				t.Errorf("limit %d: the comment has %d bytes, and order %+v", test.limit, len(body), orderOf(body, noon))
			}
			if want := map[bool]string{true: DidUpdate, false: DidCreate}[update]; p.Did != want {
				t.Errorf("limit %d: %s, want %s", test.limit, p.Did, want)
			}
		}
	}
}

func TestTooLongInEveryForm(t *testing.T) {
	w := newWorld(t)
	w.MaxBody = 100
	_, err := w.client(t).Upsert(t.Context(), repository, pull, comment(100, strings.Repeat("x", 200)))
	e, ok := errors.AsType[*RejectedError](err)
	if !ok || !e.TooLong || !strings.Contains(e.Hint(), "job summary") {
		t.Errorf("error %v", err)
	}
	if n := w.Count("POST /repos/"); n != len(budgets) {
		t.Errorf("%d tries, want %d", n, len(budgets))
	}
}

// TestStoredOtherwise: GitHub may keep a text in another form than it was sent in.
func TestStoredOtherwise(t *testing.T) {
	w := newWorld(t)
	w.Rewrite = func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }
	text := "a line\nbroken \xff UTF-8 \x00 and more\n\n\n"
	for _, want := range []string{DidCreate, DidNothing} {
		if p := w.upsert(t, comment(100, text)); p.Did != want {
			t.Errorf("posted %+v, want %s", p, want)
		}
	}
	if p := w.upsert(t, comment(101, text)); p.Did != DidUpdate || len(w.Comments(pull)) != 1 {
		t.Errorf("posted %+v", p)
	}
	if c := w.wantOne(t, "a line"); c.Edits != 1 {
		t.Errorf("%d edits, want 1", c.Edits)
	}
}

// TestStoredAltogetherOtherwise: what GitHub took is ours, even if it keeps it in no form that we know.
func TestStoredAltogetherOtherwise(t *testing.T) {
	w := newWorld(t)
	w.Rewrite = func(text string) string { return strings.ReplaceAll(text, "bell", "bell!") }
	if p := w.upsert(t, comment(90, "a bell").with(func(c *Comment) { c.Mode, c.ID = HideAndNew, "other" })); p.Did != DidCreate {
		t.Errorf("posted %+v", p)
	}
	w.DeleteComment(w.Comments(pull)[0].ID)
	for run, did := range []string{DidCreate, DidUpdate} {
		p := w.upsert(t, comment(int64(100+run), "a bell"))
		if all := w.Comments(pull); p.Did != did || len(all) != 1 || all[0].Edits != run {
			t.Errorf("posted %+v, there are %+v", p, all)
		}
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

func TestUpsertRefusesNonsense(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		repository string
		number     int
		render     func(int) string
	}{
		{"acme", 7, func(int) string { return "" }},
		{"acme/..", 7, func(int) string { return "" }},
		{repository, 0, func(int) string { return "" }},
		{repository, -1, func(int) string { return "" }},
		{repository, 7, nil},
	} {
		cm := comment(100, "").with(func(c *Comment) { c.Render = test.render })
		if _, err := w.client(t).Upsert(t.Context(), test.repository, test.number, cm); err == nil {
			t.Errorf("%s#%d went through", test.repository, test.number)
		}
	}
	if n := len(w.Requests()); n != 0 {
		t.Errorf("%d requests", n)
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
