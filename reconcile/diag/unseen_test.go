package diag_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"unicode"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
)

// TestInertJSON: every character has the same value after it, and what cannot be seen or acts is
// written in ASCII.
func TestInertJSON(t *testing.T) {
	if got := string(diag.InertJSON([]byte("\"é##[x\u202e\u3164\u009b\U000e0041\"\n"))); got != `"é##\u005bx\u202e\u3164\u009b\udb40\udc41"`+"\n" {
		t.Errorf("got %s", got)
	}
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r > 0x11000 && r%251 != 0 && r&^0xfff != 0xe0000 {
			continue // ideographs, mostly
		}
		text, err := json.Marshal(string(r))
		if err != nil {
			t.Fatal(err)
		}
		var before, after string
		inert := diag.InertJSON(text)
		if json.Unmarshal(text, &before) != nil || json.Unmarshal(inert, &after) != nil || before != after {
			t.Fatalf("%U: %q became %q", r, text, inert)
		}
		for _, c := range string(inert) {
			if !diag.Shown(c) {
				t.Fatalf("%U: %U in %q", r, c, inert)
			}
		}
	}
}

// FuzzInertJSON: it is JSON still, of the same value, and shows as it is.
func FuzzInertJSON(f *testing.F) {
	for _, s := range []string{"", "##[error]x", "\u202e\u3164\u009b", "\x1b[31m", "a\xff", "\\", `"`, "\U000e0041"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		defer fuzzing.Timed(t)()
		text, err := json.Marshal(map[string]string{s: s})
		if err != nil {
			t.Fatal(err)
		}
		inert := diag.InertJSON(text)
		var before, after map[string]string
		if json.Unmarshal(text, &before) != nil || json.Unmarshal(inert, &after) != nil || !maps.Equal(before, after) {
			t.Fatalf("%q became %q", text, inert)
		}
		for _, c := range string(inert) {
			if !diag.Shown(c) {
				t.Fatalf("%U in %q", c, inert)
			}
		}
		if strings.Contains(string(inert), "##[") {
			t.Fatalf("a command in %q", inert)
		}
	})
}
