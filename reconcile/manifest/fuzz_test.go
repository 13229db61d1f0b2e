package manifest

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
	"github.com/rolewright/rolewright/reconcile/role"
)

// judgeFile runs all layers over the content of one file.
func judgeFile(name string, data []byte) *file {
	f := &file{name: name}
	f.judge(data, Options{})
	return f
}

// checkPlaces checks that every place of a file's findings and roles lies inside it.
func checkPlaces(t testing.TB, f *file, data []byte) {
	t.Helper()
	src := newText(f.name, data)
	inside := func(what string, p role.Pos, optional bool) {
		if optional && p == (role.Pos{}) {
			return
		}
		if p.Line < 1 || p.Line > len(src.lines) || p.Column < 0 || p.Column > utf8.RuneCount(src.line(p.Line))+2 {
			t.Errorf("%s is at %d:%d, outside the file", what, p.Line, p.Column)
		}
	}
	for _, finding := range f.findings {
		if finding.Code == "file/internal" || finding.Code == "schema/internal" {
			t.Errorf("%s: %s", finding.Code, finding.Message)
		}
		inside(finding.Code, role.Pos{Line: finding.Pos.Line, Column: finding.Pos.Column}, false)
	}
	for _, d := range f.roles {
		inside("document", d.Source.Pos, false)
		inside("key", d.Source.Key, true)
		inside("name", d.Source.Name, true)
		checkStatements(t, d.Desired, inside)
	}
	for _, h := range f.holdings {
		checkHolder(t, h, inside)
	}
	for _, a := range f.tests {
		checkTest(t, a.AccessTest, inside)
	}
}

func checkTest(t testing.TB, a role.AccessTest, inside func(string, role.Pos, bool)) {
	t.Helper()
	inside("document", a.Source.Pos, false)
	inside("name", a.Source.Name, a.Name == "")
	inside("atLeast", a.AtLeastPos, true)
	texts := slices.Concat(a.Can, a.CanSome, a.Cannot, a.Nobody, a.Somebody, a.NoEscalation, a.NoOneBoth, a.Resources, a.Except.Roles, a.Except.Teams, a.Except.Members)
	for _, g := range a.Changes {
		texts = append(texts, g.When, g.Require)
	}
	for _, one := range []*role.TestText{a.Within, a.Equals} {
		if one != nil {
			texts = append(texts, *one)
		}
	}
	for _, one := range texts {
		inside("text", one.Pos, false)
		if one.Text == "" {
			t.Error("an empty text is taken")
		}
	}
	if a.As != nil {
		inside("subject", a.As.Pos, true)
		for name, places := range a.As.Attributes {
			if len(places) != len(a.As.RoleAttributes[name]) {
				t.Errorf("attribute %q: %d places of %d values", name, len(places), len(a.As.RoleAttributes[name]))
			}
		}
	}
}

func checkHolder(t testing.TB, h holding, inside func(string, role.Pos, bool)) {
	t.Helper()
	inside("document", h.source.Pos, false)
	inside("key", h.source.Key, true)
	inside("name", h.source.Name, true)
	inside("role", h.source.Role, true)
	for _, a := range append(slices.Clone(deref(h.customRoles)), h.expired...) {
		inside("assignment", a.Pos, false)
		inside("day", a.ExpiresPos, a.Expires == "")
	}
	for name, places := range h.source.Attributes {
		if len(places) != len((*h.attributes)[name]) {
			t.Errorf("attribute %q: %d places of %d values", name, len(places), len((*h.attributes)[name]))
		}
		for _, p := range places {
			inside("value", p, false)
		}
	}
}

func checkStatements(t testing.TB, d role.Desired, inside func(string, role.Pos, bool)) {
	t.Helper()
	if len(d.Policy) != len(d.Source.Policy) || len(d.Previously) != len(d.Source.Previously) {
		t.Errorf("%d statements and %d places", len(d.Policy), len(d.Source.Policy))
	}
	for i, s := range d.Policy {
		at := d.Source.Policy[i]
		inside("statement", at.Pos, false)
		if len(s.Actions) != len(at.Actions) || len(s.NotActions) != len(at.NotActions) || len(s.Resources) != len(at.Resources) || len(s.NotResources) != len(at.NotResources) {
			t.Errorf("lists and places differ in length: %+v %+v", s, at)
		}
		for _, p := range at.Resources {
			inside("resource", p, false)
		}
	}
}

func addCorpus(f *testing.F) {
	names, err := filepath.Glob("testdata/corpus/*/*.txt")
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		if data := readCase(&testing.T{}, name).data; len(data) < 10_000 {
			f.Add(data)
		}
	}
}

// FuzzDocuments feeds raw bytes: nothing panics, every place is inside the file, and a file with
// lines that only YAML sees is never parsed.
func FuzzDocuments(f *testing.F) {
	addCorpus(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		defer fuzzing.Timed(t)()
		for _, name := range []string{"roles/a.yaml", ConfigFile} {
			judged := judgeFile(name, data)
			checkPlaces(t, judged, data)
			if strings.ContainsAny(string(data), "\u2028\u2029\u0085") && utf8.Valid(data) && judged.documents > 0 {
				t.Error("a hidden line was parsed")
			}
		}
	})
}

// FuzzAccessTests feeds the bytes of access tests, and what is below "as", "can" and "except".
func FuzzAccessTests(f *testing.F) {
	f.Add("x", "{role: a, roleAttributes: {p: [q]}}", "[updateOn on proj/*, *a]", "{roles: [a], members: [a@b.c]}", "[{when: gain on x, require: fail}]")
	f.Add("", "&a {member: *a}", "{}", "[]", "- a\n- {when: [], require: 1}")
	f.Add("!!int 3", "null", "~", "{roles: null}", "[null]")
	f.Fuzz(func(t *testing.T, name, as, can, except, changes string) {
		defer fuzzing.Timed(t)()
		for _, text := range []string{
			"kind: AccessTest\nname: " + name + "\nas: " + as + "\ncan: " + can + "\nwithin: " + name + "\n",
			"kind: AccessTest\nname: " + name + "\nnobody: " + can + "\nexcept: " + except + "\natLeast: " + name + "\n",
			"kind: AccessTest\nname: a\nchanges: " + changes + "\nnoOneBoth: " + can + "\nresources: " + can + "\n",
		} {
			checkPlaces(t, judgeFile("tests/a.yaml", []byte(text)), []byte(text))
		}
	})
}

// FuzzRoles feeds the parts of a role: what is accepted reads back from YAML as what was read.
func FuzzRoles(f *testing.F) {
	f.Add("qa", "QA team", "no_access", "allow", "updateOn", "proj/*")
	f.Add("a: b", "x\n---\n", "reader", "deny", "*", "proj/*:env/*;{critical:true}:flag/*")
	f.Add("&a x", "*a", "!!str", "<<", "no", "{{x}}")
	f.Fuzz(func(t *testing.T, key, name, base, effect, action, resource string) {
		defer fuzzing.Timed(t)()
		data := []byte("kind: Role\nkey: " + key + "\nname: " + name + "\nbasePermissions: " + base +
			"\npolicy:\n  - effect: " + effect + "\n    actions: [" + action + "]\n    resources: [" + resource + "]\n")
		judged := judgeFile("a.yaml", data)
		checkPlaces(t, judged, data)
		if diag.HasErrors(judged.findings) || len(judged.roles) != 1 {
			return
		}
		var read role.Role
		if err := yaml.Unmarshal(data, &struct {
			Key, Name *string
			Base      *string `yaml:"basePermissions"`
		}{&read.Key, &read.Name, &read.BasePermissions}); err != nil {
			t.Fatalf("accepted, but yaml.v3 says %v", err)
		}
		got := judged.roles[0]
		if got.Key != read.Key || got.Name != read.Name || got.BasePermissions != read.BasePermissions {
			t.Errorf("read %+v, want %+v", got.Role, read)
		}
		if role.CheckKey(got.Key) != nil || len(got.Policy) == 0 {
			t.Errorf("accepted %+v", got.Role)
		}
	})
}

// TestDeniedAnywhere: a denied character anywhere in a file is refused at its place.
func TestDeniedAnywhere(t *testing.T) {
	good := []rune(strings.ReplaceAll(roleFile(1), "operator", "opératör"))
	runes := []rune{0, 7, '\r', 0x7f, 0x85, 0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x17b4, 0x180e, 0x200b, 0x200d, 0x200e, 0x2028, 0x2029, 0x202e, 0x2060, 0x2066, 0x2800, 0x3164, 0xfe0f, 0xfeff, 0xffa0, 0xfff9, 0xe000, 0xe0041, 0xe0100, 0x10ffff}
	rapid.Check(t, func(rt *rapid.T) {
		r := rapid.SampledFrom(runes).Draw(rt, "character")
		i := rapid.IntRange(1, len(good)-2).Draw(rt, "place")
		if r == '\r' && good[i] == '\n' {
			return
		}
		before, after := string(good[:i]), string(good[i:])
		f := judgeFile("a.yaml", []byte(before+string(r)+after))
		line := 1 + strings.Count(before, "\n")
		column := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
		for _, finding := range f.findings {
			if strings.HasPrefix(finding.Code, "bytes/") && finding.Pos.Line == line && finding.Pos.Column == column {
				return
			}
		}
		rt.Fatalf("%U at %d:%d gives %v", r, line, column, f.findings)
	})
}

// TestWritten: a role written by a plain encoder is read as it was.
func TestWritten(t *testing.T) {
	text := rapid.StringMatching(`[a-zA-Z0-9"'#:*&!%@\[\]{},.?-][ a-zA-Z0-9"'#:*&!%@\[\]{}|>,.?~-]{0,20}[a-z]`)
	word := rapid.StringMatching(`[!-~]{1,12}`)
	rapid.Check(t, func(rt *rapid.T) {
		want := role.Role{
			Key: "k" + rapid.StringMatching(`[a-z0-9_.-]{1,10}`).Draw(rt, "key"), Name: text.Draw(rt, "name"), Description: text.Draw(rt, "description"),
			BasePermissions: rapid.SampledFrom([]string{"reader", "no_access"}).Draw(rt, "base"),
			Policy: []role.Statement{{
				Effect:  rapid.SampledFrom([]role.Effect{role.Allow, role.Deny}).Draw(rt, "effect"),
				Actions: rapid.SliceOfN(word, 1, 4).Draw(rt, "actions"), NotResources: rapid.SliceOfN(word, 1, 4).Draw(rt, "resources"),
			}},
		}
		data, err := yaml.Marshal(map[string]any{
			"kind": "Role", "key": want.Key, "name": want.Name, "description": want.Description, "basePermissions": want.BasePermissions,
			"policy": []map[string]any{{"effect": string(want.Policy[0].Effect), "actions": want.Policy[0].Actions, "notResources": want.Policy[0].NotResources}},
		})
		if err != nil {
			rt.Fatal(err)
		}
		f := judgeFile("a.yaml", data)
		if diag.HasErrors(f.findings) || len(f.roles) != 1 || !role.Equal(f.roles[0].Role, want) {
			rt.Fatalf("%s\n%v\n%+v", data, f.findings, f.roles)
		}
	})
}
