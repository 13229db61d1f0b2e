package github

import (
	"errors"
	"fmt"
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
