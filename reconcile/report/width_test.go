package report

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestColumns(t *testing.T) {
	for s, want := range map[string]int{
		"": 0, "abc": 3, "é": 1, "e\u0301": 1, "品質": 4, "Ａ": 2, "✅": 2, "a⏎b": 3, "\u20dd": 0, "…": 1,
	} {
		if got := columns(s); got != want {
			t.Errorf("columns(%q) = %d, want %d", s, got, want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		words string
		sep   string
		n     int
		want  string
	}{
		{"a b c", ", ", 20, "a, b, c"},
		{"aaa bbb ccc", ", ", 9, "aaa, bbb,|ccc"},
		{"aaa bbb ccc", ", ", 8, "aaa,|bbb, ccc"},
		{"aaa bbb ccc", ", ", 7, "aaa,|bbb,|ccc"},
		{"aaaaaaaaaaaa b", ", ", 4, "aaaaaaaaaaaa,|b"},
		{"one two three", " ", 7, "one two|three"},
		{"one", " · ", 3, "one"},
		{"one two", " · ", 20, "one · two"},
	} {
		got := strings.Join(wrap(strings.Fields(c.words), c.sep, c.n), "|")
		if got != c.want {
			t.Errorf("wrap(%q, %q, %d) = %q, want %q", c.words, c.sep, c.n, got, c.want)
		}
	}
}

// Wrapping loses no word, and only a word that is too long by itself makes a line too long.
func TestWrapLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.StringMatching(`[a-z品]{1,12}`), 1, 20).Draw(t, "words")
		n := rapid.IntRange(1, 40).Draw(t, "n")
		lines := wrap(words, ", ", n)
		if got := strings.Split(strings.Join(lines, " "), ", "); !slices.Equal(got, words) {
			t.Fatalf("words %q became %q", words, got)
		}
		for _, l := range lines {
			if columns(l) > n && strings.Contains(l, ", ") {
				t.Fatalf("%q is wider than %d", l, n)
			}
		}
	})
}

func TestClip(t *testing.T) {
	long := strings.Repeat("a", 50) + "XYZ" + strings.Repeat("b", 50)
	for _, c := range []struct {
		name, source        string
		first, length, room int
		text                string
		from, columns       int
	}{
		{"short", "  - effect: alow", 12, 4, 80, "  - effect: alow", 12, 4},
		{"no length", "key: a", 5, 0, 80, "key: a", 5, 1},
		{"tab", "\ta: b", 1, 1, 80, "    a: b", 4, 1},
		{"tab in the line", "ab\tc", 3, 1, 80, "ab  c", 4, 1},
		{"wide", "name: 品質 x", 6, 2, 80, "name: 品質 x", 6, 4},
		{"behind wide", "品質 x", 3, 1, 80, "品質 x", 5, 1},
		{"combining", "e\u0301 x", 3, 1, 80, "e\u0301 x", 2, 1},
		{"mark first", "\u0301x", 0, 1, 80, `\u{301}x`, 0, 7},
		{"escaped", "a\u202eb", 1, 1, 80, `a\u{202e}b`, 1, 8},
		{"carriage return at the end", "key: a\r", 5, 1, 80, "key: a", 5, 1},
		{"behind the end", "key:", 9, 3, 80, "key:", 4, 1},
		{"no column", "key:", -1, 0, 80, "key:", 0, 1},
		{"clipped at both ends", long, 50, 3, 13, "…aaaaXYZbbbb…", 5, 3},
		{"clipped at the end", long, 0, 1, 12, "aaaaaaaaaa…", 0, 1},
		{"clipped at the start", long, 102, 1, 12, "…bbbbbbbbbb", 10, 1},
		{"meant is too long", long, 50, 53, 12, "…XYZbbbbbbb…", 1, 10},
	} {
		text, from, n := clip(cells(c.source), c.first, c.length, c.room)
		if text != c.text || from != c.from || n != c.columns {
			t.Errorf("%s: got %q, %d, %d, want %q, %d, %d", c.name, text, from, n, c.text, c.from, c.columns)
		}
	}
}

// However long the line, it fits, and the caret stands below what is shown of it.
func TestClipLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		source := rapid.String().Draw(t, "source")
		line := cells(source)
		first := rapid.IntRange(-1, len(line)+3).Draw(t, "first")
		length := rapid.IntRange(0, len(line)+3).Draw(t, "length")
		room := rapid.IntRange(30, 60).Draw(t, "room")
		text, from, n := clip(line, first, length, room)
		if columns(text) > room {
			t.Fatalf("%q is wider than %d", text, room)
		}
		if from < 0 || from > columns(text) || n < 1 || from+n > columns(text)+1 {
			t.Fatalf("caret at %d, %d long, under %q", from, n, text)
		}
	})
}
