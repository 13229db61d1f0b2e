package layout

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
	"github.com/rolewright/rolewright/reconcile/role"
)

func TestRemove(t *testing.T) {
	for name, test := range map[string]struct{ src, pointer, want string }{
		"a line":                       {"p:\n  - a\n  - b\n  - c\n", "/p/1", "p:\n  - a\n  - c\n"},
		"the first":                    {"p:\n  - a\n  - b\n", "/p/0", "p:\n  - b\n"},
		"the last":                     {"p:\n  - a\n  - b\nq: 1\n", "/p/1", "p:\n  - a\nq: 1\n"},
		"the last of a file":           {"p:\n  - a\n  - b", "/p/1", "p:\n  - a\n"},
		"a statement":                  {"p:\n  - e: 1\n    f: [x]\n  - e: 2\n    f:\n      - y\nq: 1\n", "/p/1", "p:\n  - e: 1\n    f: [x]\nq: 1\n"},
		"inside a statement":           {"p:\n  - e: 1\n    f:\n      - x\n      - y\n  - e: 2\n", "/p/0/f/0", "p:\n  - e: 1\n    f:\n      - y\n  - e: 2\n"},
		"not indented":                 {"p:\n- a\n- b\nq: 1\n", "/p/0", "p:\n- b\nq: 1\n"},
		"its comments":                 {"p:\n  # a1\n  - a # a2\n  # b1\n  - b # b2\n", "/p/0", "p:\n  # b1\n  - b # b2\n"},
		"its comments at the end":      {"p:\n  # a1\n  - a # a2\n  # b1\n  - b # b2\n  # p\n# q\nq: 1\n", "/p/1", "p:\n  # a1\n  - a # a2\n  # p\n# q\nq: 1\n"},
		"comments in it":               {"p:\n  - e: 1 # 1\n    # f\n    f: [x] # 2\n    # foot\n  # next\n  - e: 2\n", "/p/0", "p:\n  # next\n  - e: 2\n"},
		"a heading stays":              {"p:\n  # heading\n\n  # a\n  - a\n  - b\n", "/p/0", "p:\n  # heading\n\n  - b\n"},
		"blank lines around":           {"p:\n  - a\n\n  - b\n\n  - c\n", "/p/1", "p:\n  - a\n\n  - c\n"},
		"a blank line below":           {"p:\n  - a\n  - b\n\nq: 1\n", "/p/1", "p:\n  - a\n\nq: 1\n"},
		"blank lines around the last":  {"p:\n  - a\n\n  - b\n\nq: 1\n", "/p/1", "p:\n  - a\n\nq: 1\n"},
		"a blank line below the first": {"p:\n  - a\n\n  - b\n", "/p/0", "p:\n  - b\n"},
		"in brackets":                  {"p: [a, b, c] # p\n", "/p/1", "p: [a, c] # p\n"},
		"first in brackets":            {"p: [ a, b, c ]\n", "/p/0", "p: [ b, c ]\n"},
		"last in brackets":             {"p: [ a, b, 'c d' ]\n", "/p/2", "p: [ a, b ]\n"},
		"last before a comma":          {"p: [a, b,]\n", "/p/1", "p: [a]\n"},
		"a mapping in brackets":        {"p: [{a: 1, b: [x, y]}, {a: 2}]\n", "/p/0/b/1", "p: [{a: 1, b: [x]}, {a: 2}]\n"},
		"brackets over lines":          {"p: [\n  a, # a\n  # b1\n  b, # b2\n  c # c\n]\n", "/p/1", "p: [\n  a, # a\n  c # c\n]\n"},
		"last of brackets over lines":  {"p: [\n  a, # a\n  # b1\n  b, # b2\n  c # c\n]\n", "/p/2", "p: [\n  a, # a\n  # b1\n  b, # b2\n]\n"},
		"last, and no comments":        {"p: [\n  a,\n  b,\n  c\n]\n", "/p/2", "p: [\n  a,\n  b\n]\n"},
		"last, and its bracket":        {"p: [a, # a\n  b]\n", "/p/1", "p: [a, # a\n  ]\n"},
		"foot of brackets":             {"p: [\n  a,\n  b\n  # foot\n]\n", "/p/1", "p: [\n  a\n  # foot\n]\n"},
		"the only one":                 {"p:\n  - a\nq: 1\n", "/p/0", "p: []\nq: 1\n"},
		"the only one, with comments":  {"p: # p\n  # a\n  - a # a\n\nq: 1\n", "/p/0", "p: [] # p\n\nq: 1\n"},
		"the only one in brackets":     {"p: [ a ]\n", "/p/0", "p: []\n"},
		"text with marks":              {"p:\n  - \"a # b\"\n  - 'c, [d'\n  - |\n    # no comment\n\n  - e\n", "/p/2", "p:\n  - \"a # b\"\n  - 'c, [d'\n\n  - e\n"},
		"line ends of Windows":         {"\ufeffé: 1 # é\r\np:\r\n  # a\r\n  - a\r\n  - b\r\n", "/p/0", "\ufeffé: 1 # é\r\np:\r\n  - b\r\n"},
		"only, line ends of Windows":   {"p:\r\n  - a\r\nq: 1\r\n", "/p/0", "p: []\r\nq: 1\r\n"},
		"aliases of others":            {"p:\n  - &x [a, b]\n  - c\n  - *x\n", "/p/1", "p:\n  - &x [a, b]\n  - *x\n"},
		"an alias":                     {"p:\n  - &x [a, b]\n  - c\n  - *x\n", "/p/2", "p:\n  - &x [a, b]\n  - c\n"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := Remove([]byte(test.src), role.Pos{Line: 1, Column: 1}, test.pointer)
			if err != nil || string(out) != test.want {
				t.Errorf("%v\n%s", err, cmp.Diff(test.want, string(out)))
			}
		})
	}
}

func TestRemoveRefuses(t *testing.T) {
	for name, test := range map[string]struct{ src, pointer, why string }{
		"not there":           {"p: [a]\n", "/p/1", "no element"},
		"no list":             {"p: 1\n", "/p/0", "no element"},
		"a key":               {"p: [a]\n", "/p", "no element"},
		"no number":           {"p: [a]\n", "/p/x", "no element"},
		"everything":          {"p: [a]\n", "", "no element"},
		"a list used twice":   {"p: &x [a, b]\nq: *x\n", "/p/0", "no element"},
		"by an alias":         {"p: &x [a, b]\nq: *x\n", "/q/0", "no element"},
		"an anchor used":      {"p:\n  - &x a\n  - b\n  - *x\n", "/p/0", "does not read back"},
		"sharing its line":    {"p:\n  - - a\n    - b\n", "/p/0/0", "shares its line"},
		"a list in a list":    {"p:\n  - - a\n", "/p/0/0", "would be empty"},
		"a comment of others": {"p: [ # p\n  a\n]\n", "/p/0", "a comment that is not about the element"},
		"no YAML":             {"p: [\n", "/p/0", "yaml"},
		"a tag":               {"p: [!x a, b]\n", "/p/1", "tag"},
		"another place":       {"q: 1\n---\n# x\np: [a, b]\n", "/p/1", "no document begins here"},
	} {
		at := role.Pos{Line: 1, Column: 1}
		if name == "another place" {
			at.Line = 3
		}
		out, err := Remove([]byte(test.src), at, test.pointer)
		if err == nil || !strings.Contains(err.Error(), test.why) {
			t.Errorf("%s: %v, want %q\n%s", name, err, test.why, out)
		}
	}
}

// An element that Remove takes out is gone, every other value is there, and so is every comment that
// was not about it; of the lines that are left at most two are not as they were.
func TestRemoveLaw(t *testing.T) {
	removed, refused := 0, map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		roles := rapid.SliceOfN(anyRole(fileText()), 1, 2).Draw(t, "roles")
		g := &generator{T: t}
		src := []byte(g.file(roles))
		n := rapid.IntRange(0, len(roles)-1).Draw(t, "document")
		pointer, ok := drawElement(t, &roles[n])
		if !ok {
			return
		}
		s, err := parse(src)
		if err != nil {
			t.Fatal(err)
		}
		root := s.docs[n].Content[0]
		out, err := Remove(src, role.Pos{Line: root.Line, Column: root.Column}, pointer)
		if err != nil {
			var why *Error
			if !errors.As(err, &why) || strings.Contains(why.Hint, "report") {
				t.Fatalf("%s: %v\n%s", pointer, err, src)
			}
			refused[why.Message]++
			return
		}
		removed++
		if diff := cmp.Diff(roles, readRoles(t, out), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s: %s\n%s\n%s", pointer, diff, src, out)
		}
		if fresh := freshLines(src, out); fresh > 2 {
			t.Fatalf("%s: %d lines changed\n%s\n%s", pointer, fresh, src, out)
		}
	})
	t.Logf("%d removed, refused: %v", removed, refused)
	if !testing.Short() && removed < 20 {
		t.Error("hardly anything was removed")
	}
}

// drawElement takes an element out of a role, and returns where it was.
func drawElement(t *rapid.T, r *role.Role) (string, bool) {
	if len(r.Policy) == 0 {
		return "", false
	}
	i := rapid.IntRange(0, len(r.Policy)-1).Draw(t, "statement")
	lists := map[string]*[]string{
		"actions": &r.Policy[i].Actions, "notActions": &r.Policy[i].NotActions,
		"resources": &r.Policy[i].Resources, "notResources": &r.Policy[i].NotResources,
	}
	name := rapid.SampledFrom([]string{"", "actions", "notActions", "resources", "notResources"}).Draw(t, "list")
	if name == "" {
		r.Policy = slices.Delete(r.Policy, i, i+1)
		return fmt.Sprintf("/policy/%d", i), true
	}
	list := lists[name]
	if len(*list) == 0 {
		return "", false
	}
	k := rapid.IntRange(0, len(*list)-1).Draw(t, "element")
	*list = slices.Delete(*list, k, k+1)
	return fmt.Sprintf("/policy/%d/%s/%d", i, name, k), true
}

// freshLines counts the lines of b that a does not have.
func freshLines(a, b []byte) int {
	have := map[string]int{}
	for line := range bytes.Lines(a) {
		have[strings.TrimRight(string(line), "\r\n")]++
	}
	fresh := 0
	for line := range bytes.Lines(b) {
		if text := strings.TrimRight(string(line), "\r\n"); have[text] == 0 {
			fresh++
		} else {
			have[text]--
		}
	}
	return fresh
}

// FuzzRemove: no file and no pointer make Remove panic, and what it returns lays out like any file.
func FuzzRemove(f *testing.F) {
	for _, src := range []string{"p:\n  # a\n  - a\n  - b\n", "p: [a, b] # c\n", "p:\n  - - a\n", "p: &x [a]\nq: *x\n", "---\np: [\n  a, # b\n]\n"} {
		f.Add([]byte(src), "/p/0")
	}
	f.Fuzz(func(t *testing.T, src []byte, pointer string) {
		defer fuzzing.Timed(t)()
		_, _ = Comments(src)
		out, err := Remove(src, role.Pos{Line: 1, Column: 1}, pointer)
		if err != nil {
			return
		}
		if len(out) >= len(src)+len(" []") {
			t.Fatalf("%q became %q", src, out)
		}
		if _, err := parse(out); err != nil {
			t.Fatalf("%v\n%q\n%q", err, src, out)
		}
	})
}
