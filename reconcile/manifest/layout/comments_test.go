package layout

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rolewright/rolewright/reconcile/role"
	"pgregory.net/rapid"
)

// drawn returns a comment as "#text from-to", with a "!" for one on its own line.
func drawn(c Comment) string {
	mark := ""
	if c.Own {
		mark = "!"
	}
	if c.To == (role.Pos{}) {
		return fmt.Sprintf("%s%s %d:%d nothing", mark, c.Text, c.Line, c.Column)
	}
	return fmt.Sprintf("%s%s %d:%d about %d:%d-%d:%d", mark, c.Text, c.Line, c.Column, c.From.Line, c.From.Column, c.To.Line, c.To.Column)
}

// TestComments: what a comment is about, wherever YAML lets one stand.
func TestComments(t *testing.T) {
	for name, test := range map[string]struct {
		src  string
		want []string
	}{
		"above a document":            {"#a\nkind: Role\nkey: x\n", []string{"!#a 1:1 about 2:1-3:8"}},
		"above a document's mark":     {"#a\n---\nkind: Role\n", []string{"!#a 1:1 about 3:1-3:12"}},
		"below a document's mark":     {"a: 1\n---\n\n#a\nb: 1\n", []string{"!#a 4:1 about 5:1-5:6"}},
		"at the end":                  {"a: 1\n#a\n", []string{"!#a 2:1 nothing"}},
		"at the end of the first":     {"a: 1\n#a\n---\nb: 2\n", []string{"!#a 2:1 nothing"}},
		"behind a value":              {"a: 1\nb: 2 #a\nc: 3\n", []string{"#a 2:6 about 2:1-3:1"}},
		"behind a key":                {"a: #a\n  - x\n  - y\nb: 1\n", []string{"#a 1:4 about 1:1-4:1"}},
		"behind an element":           {"a:\n  - x #a\n  - y #b\n", []string{"#a 2:7 about 2:3-3:3", "#b 3:7 about 3:3-3:10"}},
		"behind brackets":             {"a: [x, y] #a\nb: 1\n", []string{"#a 1:11 about 1:1-2:1"}},
		"inside brackets":             {"a: [x, #a\n  y, #b\n  #c\n  z]\n", []string{"#a 1:8 about 1:5-2:3", "#b 2:6 about 2:3-4:3", "!#c 3:3 about 4:3-4:6"}},
		"above a key":                 {"a: 1\n#a\nb:\n  - x\nc: 1\n", []string{"!#a 2:1 about 3:1-5:1"}},
		"above an element":            {"p:\n  #a\n  - e: 1\n    f: [x]\n  - e: 2\n", []string{"!#a 2:3 about 3:3-5:3"}},
		"above the second key":        {"p:\n  - e: 1\n    #a\n    f: [x]\n  - e: 2\n", []string{"!#a 3:5 about 4:5-5:3"}},
		"at the end of a block":       {"p:\n  - e: 1\n  #a\nq: 2\n", []string{"!#a 3:3 nothing"}},
		"after the block":             {"p:\n  - e: 1\n#a\nq: 2\n", []string{"!#a 3:1 about 4:1-4:6"}},
		"between dash and key":        {"p:\n  -\n    #a\n    e: 1\n    f: 2\n", []string{"!#a 3:5 about 4:5-5:5"}},
		"two above one":               {"p: 1\n#a\n\n#b\nq: 2\n", []string{"!#a 2:1 about 5:1-5:6", "!#b 4:1 about 5:1-5:6"}},
		"no comment":                  {"p: \"#a\"\nq: |\n  #b\nr: a#c\n", nil},
		"no document":                 {"#a\n", []string{"!#a 1:1 nothing"}},
		"an empty document":           {"---\n#a\n---\na: 1\n", []string{"!#a 2:1 nothing"}},
		"line ends of Windows":        {"a: 1 #a\r\nb: 2\r\n", []string{"#a 1:6 about 1:1-2:1"}},
		"characters of several bytes": {"é: ü #a\n", []string{"#a 1:6 about 1:1-1:9"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Comments([]byte(test.src))
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, c := range got {
				lines = append(lines, drawn(c))
			}
			if diff := cmp.Diff(test.want, lines); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestCommentsRefuses(t *testing.T) {
	for _, src := range []string{"a: !x 1\n", "a: [\n", "&a\nb: 1\n", "- 1\n"} {
		if got, err := Comments([]byte(src)); err == nil {
			t.Errorf("%q: %v", src, got)
		}
	}
}

// Comments sees every comment, in order, where it stands; and what one is about begins at a place
// that is not a comment's own, and ends behind its beginning.
func TestCommentsLaw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := &generator{T: t}
		src := []byte(g.file(rapid.SliceOfN(anyRole(fileText()), 1, 3).Draw(t, "roles")))
		list, err := Comments(src)
		if err != nil {
			t.Fatalf("%v\n%s", err, src)
		}
		var texts []string
		lines := bytes.Split(bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n")), []byte("\n"))
		for _, c := range list {
			texts = append(texts, c.Text)
			line := []rune(string(lines[c.Line-1]))
			if string(line[c.Column-1:c.Column-1+len([]rune(c.Text))]) != c.Text {
				t.Fatalf("%v is not there\n%s", c, src)
			}
			if c.To != (role.Pos{}) && (c.From.Line > c.To.Line || c.From == c.To) {
				t.Fatalf("%v is about nothing\n%s", c, src)
			}
		}
		if diff := cmp.Diff(sorted(g.comments), sorted(texts)); diff != "" {
			t.Fatalf("-want +got\n%s\n%s", diff, src)
		}
	})
}
