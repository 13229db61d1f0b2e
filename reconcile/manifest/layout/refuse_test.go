package layout

import (
	"errors"
	"strings"
	"testing"
)

// refused lists files that cannot be kept, and where the error points.
var refused = []struct {
	name, src    string
	line, column int
	message      string
}{
	{"tag", "kind: Role\nkey: !!str 5\n", 2, 6, "tag"},
	{"tag behind an anchor", "kind: Role\nkey: &a !x 5\n", 2, 9, "tag"},
	{"tag on a mapping", "!!map\nkind: Role\n", 1, 1, "tag"},
	{"tag in brackets", "a: [b, !c d]\n", 1, 8, "tag"},
	{"directive", "%YAML 1.1\n---\nkind: Role\n", 1, 1, "directive"},
	{"document end", "kind: Role\n...\n---\nkind: Role\n", 2, 1, "document end"},
	{"list as document", "- a\n", 1, 1, "not a mapping"},
	{"scalar as document", "kind: Role\n---\nhello\n", 3, 1, "not a mapping"},
	{"anchored document", "---\n&a\nkind: Role\n", 2, 1, "anchor on a whole document"},
	{"list as key", "kind: Other\n? [a, b]\n: c\n", 2, 3, "not a scalar"},
	{"alias as key", "kind: &k Other\n*k : c\n", 2, 1, "not a scalar"},
	{"no key", "kind: Other\n? \n: c\n", 2, 2, "not a scalar"},
	{"anchor twice", "a: &x 1\nb: &x 2\n", 2, 4, "given twice"},
	{"alias before its anchor", "kind: Role\nx: &n N\nname: *n\n", 3, 7, "before its anchor"},
	{"lone carriage return", "kind: Role\nkey: a\rname: b\n", 2, 7, "U+000D"},
	{"next line", "kind: Role\n# é\u0085key: a\n", 2, 4, "U+0085"},
	{"line separator", "kind: Role # a\u2028b\n", 1, 15, "U+2028"},
	{"byte order mark inside", "kind: \ufeffRole\n", 1, 7, "U+FEFF"},
	{"too deep", "a: " + strings.Repeat("[", 80) + strings.Repeat("]", 80), 1, 67, "more than 64 levels"},
	{"not UTF-8", "kind: \xff\n", 0, 0, "UTF-8"},
}

func TestFormatRefuses(t *testing.T) {
	for _, c := range refused {
		t.Run(c.name, func(t *testing.T) {
			out, err := Format([]byte(c.src))
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %q, %v; want an *Error", out, err)
			}
			if e.Line != c.line || e.Column != c.column || !strings.Contains(e.Message, c.message) {
				t.Errorf("got %v; want %d:%d and %q", e, c.line, c.column, c.message)
			}
			if out != nil {
				t.Errorf("a refused file was changed to %q", out)
			}
		})
	}
}

func TestFormatParseErrors(t *testing.T) {
	for _, src := range []string{"a: [", "a: b: c\n", "a: *nowhere\n", "\tx: y\n", "a: \"", "kind: \x00\n", "a: 1\n...\nb: 2\n"} {
		out, err := Format([]byte(src))
		var e *Error
		if err == nil || errors.As(err, &e) || !strings.HasPrefix(err.Error(), "layout: yaml: ") || out != nil {
			t.Errorf("%q: got %q, %v; want the parser's error", src, out, err)
		}
	}
}

func TestErrorText(t *testing.T) {
	for want, err := range map[string]*Error{
		"layout: line 3, column 5: a tag": {Message: "a tag"},
		"layout: the file is not UTF-8":   {Message: "the file is not UTF-8"},
	} {
		if strings.Contains(want, "line 3") {
			err.Line, err.Column = 3, 5
		}
		if err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
}
