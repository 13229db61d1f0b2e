package github

import (
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
)

func TestMarkerGrammar(t *testing.T) {
	grammar := regexp.MustCompile(`^<!-- rolewright:v1 id=[0-9a-f]{12} -->$`)
	for _, id := range []string{"", "prod", "-->\n<script>", "\xff"} {
		if m := markerOf(id, id, id); !grammar.MatchString(m) {
			t.Errorf("%q", m)
		}
	}
	// This very line is in people's pull requests: a change of it would leave their comments behind.
	if got := markerOf("production", "rolewright.yaml", ""); got != "<!-- rolewright:v1 id=68c62d73c954 -->" {
		t.Errorf("marker %s", got)
	}
}

// TestIdentityIsUnambiguous: two identities share a marker only if they are the same.
func TestIdentityIsUnambiguous(t *testing.T) {
	part := rapid.StringMatching(`[ab\x00/]{0,3}`)
	rapid.Check(t, func(t *rapid.T) {
		a := [3]string{part.Draw(t, "a0"), part.Draw(t, "a1"), part.Draw(t, "a2")}
		b := [3]string{part.Draw(t, "b0"), part.Draw(t, "b1"), part.Draw(t, "b2")}
		if same := markerOf(a[0], a[1], a[2]) == markerOf(b[0], b[1], b[2]); same != (a == b) {
			t.Fatalf("%q and %q: same marker %v", a, b, same)
		}
	})
}

func TestOrder(t *testing.T) {
	sorted := []Order{
		{},
		{Run: 1},
		{Seq: noon, Run: 1, Attempt: 1},
		{Seq: noon.Add(-time.Hour), Run: 1, Attempt: 2},
		{Seq: noon, Run: 1, Attempt: 2},
		{Seq: noon.Add(-time.Minute), Run: 2},
	}
	for i, a := range sorted {
		for j, b := range sorted {
			if got := a.compare(b); (got < 0) != (i < j) || (got > 0) != (i > j) {
				t.Errorf("%+v against %+v: %d", a, b, got)
			}
		}
	}
}

// TestOrderByHand compares with runs that have no number.
func TestOrderByHand(t *testing.T) {
	byHand, run := Order{Seq: noon}, Order{Seq: noon.Add(time.Second), Run: 7, Attempt: 1}
	if byHand.compare(run) >= 0 || run.compare(byHand) <= 0 {
		t.Error("a run by hand is compared by when it began")
	}
	byHand.Seq = noon.Add(time.Minute)
	if byHand.compare(run) <= 0 || run.compare(byHand) >= 0 {
		t.Error("a later run by hand is the newer one")
	}
}

// TestComposed holds for any text and meta: the comment is found by its marker, its order comes back,
// and its last line ends where it should.
func TestComposed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := meta{
			State: rapid.String().Draw(t, "state"), PlanHash: rapid.String().Draw(t, "hash"), Head: rapid.String().Draw(t, "head"),
			Seq: noon.Add(-time.Duration(rapid.Int64Range(0, math.MaxInt64/4).Draw(t, "seq"))),
			Run: rapid.Int64Min(0).Draw(t, "run"), Attempt: rapid.Int64Min(0).Draw(t, "attempt"),
		}
		marker := markerOf("a", "b", "c")
		body := compose(marker, rapid.String().Draw(t, "text"), m)
		if !marked(body, marker) || marked(body, markerOf("a", "b", "d")) {
			t.Fatalf("not found by its marker: %q", body)
		}
		line := metaLine(m)
		if len(line) <= maxMeta && orderOf(body, noon).compare(m.order()) != 0 {
			t.Fatalf("order %+v came back as %+v", m.order(), orderOf(body, noon))
		}
		if strings.Count(line, "-->") != 1 || strings.Contains(line, "\n") {
			t.Fatalf("the last line ends early: %q", line)
		}
		if crlf := strings.ReplaceAll(strings.ReplaceAll(body, "\r\n", "\n"), "\n", "\r\n"); !sameText(body, crlf) || !marked(crlf, marker) {
			t.Fatalf("other line ends make it another comment: %q", body)
		}
	})
}

func TestImpossibleTime(t *testing.T) {
	line := metaLine(meta{Seq: time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC), Run: 5})
	if got := orderOf(line, noon); got != (Order{Run: 5}) {
		t.Errorf("%s: %+v", line, got)
	}
}

func FuzzMeta(f *testing.F) {
	f.Add(metaLine(meta{Seq: noon, Run: 1, Attempt: 1, State: "planned"}))
	f.Add(compose(markerOf("a", "b", "c"), "text", meta{}))
	f.Add(metaHead + `{"seq":"2999-01-01T00:00:00Z","run":-1}` + tail)
	f.Add(metaHead + tail)
	f.Add("<!-- -->")
	f.Fuzz(func(t *testing.T, body string) {
		defer fuzzing.Timed(t)()
		o := orderOf(body, noon)
		if o.Run < 0 || o.Attempt < 0 || o.Seq.After(noon.Add(maxAhead)) {
			t.Errorf("%q gives %+v", body, o)
		}
		if o != (Order{}) && o.Seq.Year() > 0 && o.Seq.Year() < 10_000 {
			if back := orderOf(metaLine(meta{Seq: o.Seq, Run: o.Run, Attempt: o.Attempt}), noon); back.compare(o) != 0 {
				t.Errorf("%+v comes back as %+v", o, back)
			}
		}
	})
}
