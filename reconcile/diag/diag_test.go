package diag_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/diag"
)

func at(file string, line, column int) diag.Position {
	return diag.Position{File: file, Line: line, Column: column}
}

func TestPositionString(t *testing.T) {
	for _, c := range []struct {
		pos  diag.Position
		want string
	}{
		{at("roles/ops.yaml", 5, 13), "roles/ops.yaml:5:13"},
		{at("roles/ops.yaml", 5, 0), "roles/ops.yaml:5"},
		{at("roles/ops.yaml", 0, 0), "roles/ops.yaml"},
		{at("roles/ops.yaml", 0, 7), "roles/ops.yaml"},
		{diag.Position{}, ""},
	} {
		if got := c.pos.String(); got != c.want {
			t.Errorf("%#v is %q, want %q", c.pos, got, c.want)
		}
	}
}

func TestSeverity(t *testing.T) {
	for s, want := range map[diag.Severity]string{diag.Error: "error", diag.Warning: "warning", diag.Info: "info"} {
		if s.String() != want {
			t.Errorf("%d is %q, want %q", s, s, want)
		}
		if text, err := s.MarshalText(); string(text) != want || err != nil {
			t.Errorf("%d is written as %q, %v", s, text, err)
		}
		var read diag.Severity = -1
		if err := read.UnmarshalText([]byte(want)); read != s || err != nil {
			t.Errorf("%q is read as %d, %v", want, read, err)
		}
	}
	var read diag.Severity = 7
	if err := read.UnmarshalText([]byte("Error")); err == nil || read != 7 {
		t.Errorf("a word that is none is read as %d, %v", read, err)
	}
	if diag.Error >= diag.Warning || diag.Warning >= diag.Info {
		t.Error("the heaviest severity is not the first")
	}
}

// sorted are findings in order; each differs from the one before in a lighter criterion, or a
// heavier one.
func sorted() []diag.Finding {
	return []diag.Finding{
		{Code: "config/missing"},
		{Pos: at("a.yaml", 0, 0), Severity: diag.Info},
		{Pos: at("a.yaml", 2, 0), Severity: diag.Info},
		{Pos: at("a.yaml", 2, 3), Severity: diag.Error, Code: "z"},
		{Pos: at("a.yaml", 2, 3), Severity: diag.Warning, Code: "a", Message: "b"},
		{Pos: at("a.yaml", 2, 3), Severity: diag.Warning, Code: "b", Message: "a"},
		{Pos: at("a.yaml", 2, 3), Severity: diag.Warning, Code: "b", Message: "c"},
		{Pos: at("a.yaml", 2, 10), Severity: diag.Error},
		{Pos: at("a.yaml", 10, 1), Severity: diag.Error},
		{Pos: at("b.yaml", 1, 1), Severity: diag.Error},
	}
}

func TestSort(t *testing.T) {
	want := sorted()
	for seed := range uint64(50) {
		got := sorted()
		r := rand.New(rand.NewPCG(seed, 1))
		r.Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
		diag.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
	diag.Sort(nil)
}

// Findings that are equal in every criterion keep their order: a hint or a length does not count.
func TestSortIsStable(t *testing.T) {
	var got []diag.Finding
	for i := range 40 {
		got = append(got, diag.Finding{Pos: at("a.yaml", i%2, 1), Length: i})
	}
	diag.Sort(got)
	for i := 1; i < len(got); i++ {
		if got[i-1].Pos == got[i].Pos && got[i-1].Length > got[i].Length {
			t.Fatalf("finding %d came before finding %d", got[i-1].Length, got[i].Length)
		}
	}
}

func TestSortLaws(t *testing.T) {
	word := rapid.SampledFrom([]string{"", "a", "b"})
	one := rapid.Custom(func(t *rapid.T) diag.Finding {
		return diag.Finding{
			Pos:      at(word.Draw(t, "file"), rapid.IntRange(0, 2).Draw(t, "line"), rapid.IntRange(0, 2).Draw(t, "column")),
			Severity: diag.Severity(rapid.IntRange(0, 2).Draw(t, "severity")),
			Code:     word.Draw(t, "code"), Message: word.Draw(t, "message"),
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOf(one).Draw(t, "findings")
		b := slices.Clone(a)
		slices.Reverse(b)
		diag.Sort(a)
		diag.Sort(b)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Fatalf("the order depends on the order before:\n%s", diff)
		}
	})
}

func TestCount(t *testing.T) {
	for s, want := range map[diag.Severity]int{diag.Error: 5, diag.Warning: 3, diag.Info: 2} {
		if got := diag.Count(sorted(), s); got != want {
			t.Errorf("%d findings are of severity %s, want %d", got, s, want)
		}
	}
	if !diag.HasErrors(sorted()) {
		t.Error("errors are not seen")
	}
	if diag.HasErrors(sorted()[1:3]) || diag.HasErrors(nil) {
		t.Error("errors are seen where there are none")
	}
}

func TestFindingJSON(t *testing.T) {
	whole := diag.Finding{
		Severity: diag.Warning, Code: "LD003", Message: "m", Hint: "h", Pos: at("a.yaml", 2, 3), Length: 4, Source: "s",
		Related: []diag.Related{{Pos: at("b.yaml", 1, 0), Message: "r"}},
	}
	for _, c := range []struct {
		finding diag.Finding
		want    string
	}{
		{whole, `{"severity":"warning","code":"LD003","message":"m","hint":"h","position":{"file":"a.yaml","line":2,"column":3},` +
			`"length":4,"source":"s","related":[{"position":{"file":"b.yaml","line":1},"message":"r"}]}`},
		{diag.Finding{}, `{"severity":"error","code":"","message":"","position":{}}`},
	} {
		if got, err := json.Marshal(c.finding); string(got) != c.want || err != nil {
			t.Errorf("got %s, %v, want %s", got, err, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	words := []string{"allow", "deny", "actions", "notActions", "resources", "notResources", "updateOn", "updateOff"}
	for _, c := range []struct{ word, want string }{
		{"alow", "allow"},
		{"Allow", "allow"},
		{"ALLOW", "allow"},
		{"dney", ""}, // a swap is two edits, and four letters stand for one
		{"den", "deny"},
		{"action", "actions"},
		{"notaction", "notActions"},
		{"resorces", "resources"},
		{"rseources", "resources"},
		{"rsorcs", ""}, // three edits
		{"updatON", "updateOn"},
		{"updateO", "updateOn"}, // updateOff is two edits away
		{"permit", ""},
		{"", ""},
		{"x", ""},
	} {
		if got := diag.Nearest(c.word, words); got != c.want {
			t.Errorf("Nearest(%q) = %q, want %q", c.word, got, c.want)
		}
	}
	if got := diag.Nearest("bat", []string{"cat", "hat"}); got != "cat" {
		t.Errorf("a tie went to %q", got)
	}
	if got := diag.Nearest("deny", nil); got != "" {
		t.Errorf("out of nothing came %q", got)
	}
}

// A word is always its own nearest, and what is found is always a candidate.
func TestNearestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfDistinct(rapid.StringMatching(`[a-z]{1,9}`), rapid.ID).Draw(t, "words")
		for _, w := range words {
			if got := diag.Nearest(w, words); got != w {
				t.Fatalf("Nearest(%q) = %q", w, got)
			}
		}
		word := rapid.String().Draw(t, "word")
		if got := diag.Nearest(word, words); got != "" && !slices.Contains(words, got) {
			t.Fatalf("Nearest(%q) = %q, which is no candidate", word, got)
		}
	})
}

func ExampleSort() {
	findings := []diag.Finding{
		{Pos: at("roles/ops.yaml", 5, 13), Message: "second"},
		{Pos: at("roles/ops.yaml", 2, 1), Message: "first"},
	}
	diag.Sort(findings)
	for _, f := range findings {
		fmt.Printf("%s: %s: %s\n", f.Pos, f.Severity, f.Message)
	}
	// Output:
	// roles/ops.yaml:2:1: error: first
	// roles/ops.yaml:5:13: error: second
}

func ExampleNearest() {
	fmt.Println(diag.Nearest("alow", []string{"allow", "deny"}))
	// Output: allow
}
