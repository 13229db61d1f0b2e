package layout

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/rolewright/rolewright/reconcile/role"
	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
)

func printables() []*unicode.RangeTable { return unicode.PrintRanges }

// readRoles decodes documents with yaml.v3 alone and insists that every value is text.
func readRoles(t interface{ Fatalf(string, ...any) }, src []byte) (roles []role.Role) {
	dec := yaml.NewDecoder(bytes.NewReader(src))
	for {
		var n yaml.Node
		err := dec.Decode(&n)
		if errors.Is(err, io.EOF) {
			return roles
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, src)
		}
		roles = append(roles, readRole(t, n.Content[0]))
	}
}

func readRole(t interface{ Fatalf(string, ...any) }, n *yaml.Node) (r role.Role) {
	fields := readMap(n)
	get := func(name string) string {
		f := fields[name]
		if f == nil {
			return ""
		}
		if f.ShortTag() != "!!str" {
			t.Fatalf("%s is %s %q, not text", name, f.ShortTag(), f.Value)
		}
		return f.Value
	}
	r = role.Role{
		Key: get("key"), Name: get("name"), Description: get("description"),
		BasePermissions: get("basePermissions"), ResourceCategory: get("resourceCategory"),
	}
	for _, s := range fields["policy"].Content {
		fields = readMap(s)
		list := func(name string) (values []string) {
			if fields[name] == nil {
				return nil
			}
			for _, v := range fields[name].Content {
				if v.ShortTag() != "!!str" {
					t.Fatalf("element of %s is %s %q, not text", name, v.ShortTag(), v.Value)
				}
				values = append(values, v.Value)
			}
			return values
		}
		r.Policy = append(r.Policy, role.Statement{
			Effect: role.Effect(get("effect")), Actions: list("actions"), NotActions: list("notActions"),
			Resources: list("resources"), NotResources: list("notResources"),
		})
	}
	return r
}

func readMap(n *yaml.Node) map[string]*yaml.Node {
	fields := map[string]*yaml.Node{}
	for i := 0; i < len(n.Content); i += 2 {
		fields[n.Content[i].Value] = n.Content[i+1]
	}
	return fields
}

// What Write writes reads back exactly, whatever the text, and is in canonical layout already.
func TestWriteReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRole(anyText()).Draw(t, "role")
		out := Write(r, "../schema.json")
		got := readRoles(t, out)
		if diff := cmp.Diff([]role.Role{r}, got); diff != "" {
			t.Fatalf("(-want +got)\n%s\n%s", diff, out)
		}
		again, err := Format(out)
		if err != nil || !bytes.Equal(again, out) {
			t.Fatalf("not in canonical layout: %v\n%s", err, cmp.Diff(string(out), string(again)))
		}
	})
}

// Format keeps every value and every comment of a carelessly written file, and is a fixed point.
func TestFormatKeepsEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		roles := rapid.SliceOfN(anyRole(fileText()), 1, 3).Draw(t, "roles")
		g := &generator{T: t}
		src := g.file(roles)
		out, err := Format([]byte(src))
		if err != nil {
			t.Fatalf("%v\n%s", err, src)
		}
		if diff := cmp.Diff(roles, readRoles(t, out)); diff != "" {
			t.Fatalf("(-want +got)\n%s\n%s\n%s", diff, src, out)
		}
		s, err := parse(out)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if diff := cmp.Diff(sorted(g.comments), texts(s.comments)); diff != "" {
			t.Fatalf("comments (-want +got)\n%s\n%s\n%s", diff, src, out)
		}
		again, err := Format(out)
		if err != nil || !bytes.Equal(again, out) {
			t.Fatalf("not a fixed point: %v\n%s\n%s", err, cmp.Diff(string(out), string(again)), src)
		}
		checkLayout(t, out)
	})
}

// checkLayout looks at the text alone.
func checkLayout(t interface{ Fatalf(string, ...any) }, out []byte) {
	text := string(out)
	if strings.Contains(text, "\r") {
		t.Fatalf("a carriage return in\n%q", text)
	}
	if text != "" && (!strings.HasSuffix(text, "\n") || strings.HasPrefix(text, "\n")) {
		t.Fatalf("no line end at the end, or a blank first line:\n%q", text)
	}
}

// FuzzFormat: no input makes Format panic, and what it returns is a fixed point.
func FuzzFormat(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.in.yaml")
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, c := range refused {
		f.Add([]byte(c.src))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		defer fuzzing.Timed(t)()
		out, err := Format(src)
		if err != nil {
			return
		}
		checkLayout(t, out)
		again, err := Format(out)
		if err != nil || !bytes.Equal(again, out) {
			t.Fatalf("not a fixed point: %v\n%q\n%q\n%q", err, src, out, again)
		}
	})
}
