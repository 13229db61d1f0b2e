package manifest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

// simple is a valid role.
func simple(key string) string {
	return "kind: Role\nkey: " + key + "\nname: Name of " + key + "\nbasePermissions: no_access\npolicy:\n  - {effect: allow, actions: [viewProject], resources: [\"proj/*\"]}\n"
}

// rules draws findings as "file code".
func rules(findings []diag.Finding) []string {
	out := []string{}
	for _, f := range findings {
		out = append(out, f.Pos.File+" "+f.Code)
	}
	return out
}

// TestPaths holds the cases G of the table of bad input that are about single files and folders.
func TestPaths(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links and pipes")
	}
	link := func(target, name string) func(*testing.T, string) {
		return func(t *testing.T, root string) {
			if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	put := func(name string) func(*testing.T, string) {
		return func(t *testing.T, root string) { write(t, root, name, simple("other")) }
	}
	tests := map[string]struct {
		make func(t *testing.T, root string)
		want []string
	}{
		"G01 link out of the workspace": {link("/etc/passwd", "x.yaml"), []string{"x.yaml file/link"}},
		"G02 link loop":                 {link("x.yaml", "x.yaml"), []string{"x.yaml file/link"}},
		"link inside the workspace":     {link("roles/good.yaml", "x.yaml"), []string{"x.yaml file/link"}},
		"link to a folder":              {link("roles", "more"), []string{"more file/link"}},
		"link to an outside folder":     {link("/etc", "more"), []string{"more file/link"}},
		"link of another sort":          {link("note.txt", "more.txt"), []string{}},
		"G04 folder named as a file":    {put("x.yaml/a.yaml"), []string{"x.yaml file/type"}},
		"G10 newline in a name":         {put("a\nb.yaml"), []string{`a\nb.yaml file/name`}},
		"G10 escape in a name":          {put("a\x1b[31m.yaml"), []string{`a\x1b[31m.yaml file/name`}},
		"G10 bidi in a name":            {put("a\u202e.yaml"), []string{`a\u202e.yaml file/name`}},
		"G10 leading dash":              {put("-rf.yaml"), []string{}},
		"bytes that are no UTF-8":       {put("a\xff.yaml"), []string{`a\xff.yaml file/name`}},
		"G11 case":                      {put("roles/Good.yaml"), []string{"roles/good.yaml file/case"}},
		"G13 upper-case ending":         {put("x.YAML"), []string{"x.YAML file/name"}},
		"G13 further ending":            {put("x.yml.txt"), []string{"x.yml.txt file/name"}},
		"G13 trailing space":            {put("x.yaml "), []string{"x.yaml  file/name"}},
		"editor's backup":               {put("x.yaml~"), []string{"x.yaml~ file/name"}},
		"yaml inside a word":            {put("x.yamlish"), []string{}},
		"hidden file":                   {put(".x.yaml"), []string{}},
		"hidden folder":                 {put(".github/workflows/x.yaml"), []string{}},
		"nested workspace":              {put("sub/rolewright.yaml"), []string{"sub/rolewright.yaml file/nested-workspace"}},
		"second configuration":          {put("rolewright.yml"), []string{"rolewright.yml file/name"}},
		"configuration in upper case":   {put("Rolewright.yaml"), []string{"Rolewright.yaml file/name"}},
		"folders too deep":              {put(strings.Repeat("d/", 34) + "x.yaml"), []string{strings.Repeat("d/", 32) + "d file/depth"}},
		"another file":                  {put("README.md"), []string{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			root := tempWorkspace(t, map[string]string{"roles/good.yaml": simple("good"), "note.txt": "x"})
			test.make(t, root)
			w, findings, err := Load(root, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, rules(findings)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if !slices.ContainsFunc(w.Roles, func(d role.Desired) bool { return d.Key == "good" }) {
				t.Error("the good role is lost")
			}
		})
	}
}

// TestUnreadable holds G05: a file or folder that cannot be read is an error, whichever it is.
func TestUnreadable(t *testing.T) {
	if os.Getuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("everything can be read")
	}
	for _, name := range []string{"roles/b.yaml", "roles", ConfigFile} {
		root := tempWorkspace(t, map[string]string{"roles/a.yaml": simple("a"), "roles/b.yaml": simple("b")})
		if err := os.Chmod(filepath.Join(root, name), 0); err != nil {
			t.Fatal(err)
		}
		_, findings, err := Load(root, Options{})
		if diff := cmp.Diff([]string{name + " file/read"}, rules(findings)); diff != "" || err != nil {
			t.Errorf("%v -want +got:\n%s", err, diff)
		}
		if err := os.Chmod(filepath.Join(root, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

// TestVanished: a file that goes away, or turns into something else, between listing and reading.
func TestVanished(t *testing.T) {
	root := tempWorkspace(t, map[string]string{"d/a.txt": ""})
	dir := mustOpen(t, root)
	for name, want := range map[string]string{"gone.yaml": "file/read", "d": "file/type", "../x": "file/read"} {
		f := readFile(dir, name, Options{limits: defaultLimits})
		if len(f.findings) != 1 || f.findings[0].Code != want {
			t.Errorf("%s: %v", name, f.findings)
		}
	}
}

func mustOpen(t *testing.T, root string) Source {
	t.Helper()
	dir, err := os.OpenRoot(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { dir.Close() })
	return folder{dir}
}

func TestLimits(t *testing.T) {
	root := tempWorkspace(t, map[string]string{"a.yaml": simple("a"), "b.yaml": simple("b"), "c.yaml": simple("c")})
	tests := map[string]struct {
		limits limits
		want   []string
	}{
		"files": {limits{file: 1000, total: 10000, files: 2}, []string{"c.yaml file/count"}},
		"total": {limits{file: 1000, total: 200, files: 9}, []string{"b.yaml file/size"}},
		"file":  {limits{file: 20, total: 10000, files: 9}, []string{"a.yaml file/size", "b.yaml file/size", "c.yaml file/size"}},
	}
	for name, test := range tests {
		_, findings, err := Load(root, Options{limits: test.limits})
		if diff := cmp.Diff(test.want, rules(findings)); diff != "" || err != nil {
			t.Errorf("%s: %v -want +got:\n%s", name, err, diff)
		}
	}
}

func TestNoConfig(t *testing.T) {
	_, _, err := Load(t.TempDir(), Options{})
	if _, ok := errors.AsType[*NoWorkspaceError](err); !ok {
		t.Errorf("%v", err)
	}
}

// TestTogether holds the checks across files and documents: G17, G19, G22 and others.
func TestTogether(t *testing.T) {
	named := func(key, name string) string { return strings.Replace(simple(key), "Name of "+key, name, 1) }
	tomb := func(key string) string { return "kind: Role\nkey: " + key + "\nstate: absent\n" }
	tests := map[string]struct {
		files   map[string]string
		want    []string
		related []string
	}{
		"G17 same key": {
			map[string]string{"a.yaml": simple("x"), "b.yaml": named("x", "Other")},
			[]string{"b.yaml:2:6 role/duplicate-key"},
			[]string{"a.yaml:2:6"},
		},
		"G19 same name": {
			map[string]string{"a.yaml": named("x", "Same"), "b.yaml": named("u", "Same")},
			[]string{"b.yaml:3:7 role/duplicate-name"},
			[]string{"a.yaml:3:7"},
		},
		"G22 same file twice": {
			map[string]string{"a.yaml": simple("x"), "b.yaml": simple("x")},
			[]string{"b.yaml:2:6 role/duplicate-key"},
			[]string{"a.yaml:2:6"},
		},
		"same key in one file": {
			map[string]string{"a.yaml": simple("x") + "---\n" + named("x", "Other")},
			[]string{"a.yaml:9:6 role/duplicate-key"},
			[]string{"a.yaml:2:6"},
		},
		"tombstone and declaration": {
			map[string]string{"a.yaml": simple("x"), "b.yaml": tomb("x")},
			[]string{"b.yaml:2:6 role/tombstone"},
			[]string{"a.yaml:2:6"},
		},
		"two tombstones": {
			map[string]string{"a.yaml": tomb("x"), "b.yaml": tomb("x")},
			[]string{"b.yaml:2:6 role/duplicate-key"},
			[]string{"a.yaml:2:6"},
		},
		"own key as old key": {
			map[string]string{"a.yaml": simple("x") + "previously: [x]\n"},
			[]string{"a.yaml:7:14 role/previously"},
			[]string{"a.yaml:2:6"},
		},
		"old key is declared": {
			map[string]string{"a.yaml": simple("x") + "previously: [z, u]\n", "b.yaml": simple("u")},
			[]string{"a.yaml:7:17 role/previously"},
			[]string{"b.yaml:2:6"},
		},
		"old key has a tombstone": {
			map[string]string{"a.yaml": simple("x") + "previously: [u]\n", "b.yaml": tomb("u")},
			[]string{"a.yaml:7:14 role/previously"},
			[]string{"b.yaml:2:6"},
		},
		"old key twice": {
			map[string]string{"a.yaml": simple("x") + "previously: [z]\n", "b.yaml": simple("u") + "previously: [z]\n"},
			[]string{"b.yaml:7:14 role/previously"},
			[]string{"a.yaml:7:14"},
		},
		"out of scope": {
			map[string]string{ConfigFile: "version: 1\nmanage: {roles: {include: [\"a*\"], ignore: [ab]}}\n", "1.yaml": simple("aa"), "2.yaml": simple("ab"), "3.yaml": simple("b")},
			[]string{"2.yaml:2:6 role/out-of-scope", "3.yaml:2:6 role/out-of-scope"},
			[]string{},
		},
		"nothing wrong": {
			map[string]string{"a.yaml": simple("x") + "previously: [w]\n---\n" + simple("u"), "b.yml": tomb("z")}, []string{}, []string{},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, findings := load(t, test.files)
			got, related := []string{}, []string{}
			for _, f := range findings {
				got = append(got, f.Pos.String()+" "+f.Code)
				for _, r := range f.Related {
					related = append(related, r.Pos.String())
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("findings: -want +got:\n%s", diff)
			}
			if diff := cmp.Diff(test.related, related); diff != "" {
				t.Errorf("related: -want +got:\n%s", diff)
			}
		})
	}
}

// TestAllFindings holds G16: one bad file hides nothing of the other fifty.
func TestAllFindings(t *testing.T) {
	files := map[string]string{}
	for i := range 50 {
		files[fmt.Sprintf("r%02d.yaml", i)] = simple(fmt.Sprint("r", i))
	}
	files["r17.yaml"] = "kind: Role\n\tkey: x\n"
	files["r30.yaml"] = "kind: Role\nkey: r30\nname: no\nbasePermissions: admin\npolcy: []\n"
	w, findings := load(t, files)
	want := []string{"r17.yaml yaml/syntax", "r30.yaml schema/type", "r30.yaml schema/enum", "r30.yaml schema/unknown-key"}
	if diff := cmp.Diff(want, rules(findings)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(w.Roles) != 49 || len(w.Files) != 51 || w.Documents != 49 {
		t.Errorf("%d roles, %d files, %d documents", len(w.Roles), len(w.Files), w.Documents)
	}
}

func TestDesired(t *testing.T) {
	w, findings := load(t, map[string]string{"roles/ops.yaml": `# operators
kind: Role
key: ops
name: "Opérateurs"
description: |
  Two
  lines.
basePermissions: no_access
resourceCategory: project
protected: true
previously:
  - old-ops
  - "older-ops"
policy:
  - effect: allow
    actions: &a [updateOn, 'updateOff']
    resources:
      - "proj/é:env/*"   # é
      - proj/b
  - {notResources: ["x"], notActions: *a, effect: deny}
---
kind: Role
state: absent
key: gone
`})
	if got := shorts(findings); !cmp.Equal(got, []string{"role/ascii 18:15"}) {
		t.Fatal(got)
	}
	at := func(line, column int) role.Pos { return role.Pos{Line: line, Column: column} }
	want := []role.Desired{{
		Role: role.Role{
			Key: "ops", Name: "Opérateurs", Description: "Two\nlines.\n", BasePermissions: "no_access", ResourceCategory: "project",
			Policy: []role.Statement{
				{Effect: role.Allow, Actions: []string{"updateOn", "updateOff"}, Resources: []string{"proj/é:env/*", "proj/b"}},
				{Effect: role.Deny, NotActions: []string{"updateOn", "updateOff"}, NotResources: []string{"x"}},
			},
		},
		Protected: true, Previously: []string{"old-ops", "older-ops"},
		Source: role.Source{
			File: "roles/ops.yaml", Pos: at(2, 1), Key: at(3, 6), Name: at(4, 7), BasePermissions: at(8, 18), ResourceCategory: at(9, 19),
			Previously: []role.Pos{at(12, 5), at(13, 5)},
			Policy: []role.StatementSource{
				{Pos: at(15, 3), Actions: []role.Pos{at(16, 18), at(16, 28)}, Resources: []role.Pos{at(18, 9), at(19, 9)}},
				{Pos: at(20, 3), NotActions: []role.Pos{at(16, 18), at(16, 28)}, NotResources: []role.Pos{at(20, 21)}},
			},
		},
	}, {
		Role: role.Role{Key: "gone", Policy: []role.Statement{}}, Absent: true,
		Source: role.Source{File: "roles/ops.yaml", Pos: at(22, 1), Key: at(24, 6)},
	}}
	if diff := cmp.Diff(want, w.Roles); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestFindingDrawn checks the whole of a finding: what a report draws.
func TestFindingDrawn(t *testing.T) {
	_, findings := load(t, map[string]string{"a.yaml": strings.Replace(simple("x"), "effect: allow", "effect: alow", 1)})
	want := []diag.Finding{{
		Severity: diag.Error, Code: "schema/enum", Message: `"effect" is "alow", want "allow" or "deny"`, Hint: `did you mean "allow"?`,
		Pos: diag.Position{File: "a.yaml", Line: 6, Column: 14}, Length: 4,
		Source: `  - {effect: alow, actions: [viewProject], resources: ["proj/*"]}`,
	}}
	if diff := cmp.Diff(want, findings); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDigest(t *testing.T) {
	digest := func(files map[string]string) string {
		w, _ := load(t, files)
		return w.Digest
	}
	first := digest(map[string]string{"a.yaml": simple("a")})
	if first != digest(map[string]string{"a.yaml": simple("a")}) || len(first) != len("sha256:")+64 {
		t.Errorf("%q is not stable", first)
	}
	for name, files := range map[string]map[string]string{
		"content": {"a.yaml": simple("a") + "# x\n"},
		"name":    {"b.yaml": simple("a")},
		"more":    {"a.yaml": simple("a"), "b.yaml": simple("b")},
		"config":  {"a.yaml": simple("a"), ConfigFile: "version: 1\n#\n"},
	} {
		if digest(files) == first {
			t.Errorf("the digest overlooks a change of %s", name)
		}
	}
}

// TestManyFindings: a file that is wrong throughout is cut short, and says so.
func TestManyFindings(t *testing.T) {
	for name, text := range map[string]string{
		"characters": strings.Repeat("# \u200b\n", 500),
		"keys":       "kind: Role\n" + strings.Repeat("key: a\n", 3000),
		"scalars":    "kind: Role\nkey: a\nstate: absent\nprevious: [" + strings.Repeat("no,", 3000) + "]\n",
	} {
		_, findings := load(t, map[string]string{"a.yaml": text})
		if len(findings) == 0 || len(findings) > maxFindings {
			t.Errorf("%s: %d findings", name, len(findings))
		}
		if name != "characters" && findings[len(findings)-1].Code != "file/findings" {
			t.Errorf("%s: the last finding is %v", name, findings[len(findings)-1])
		}
	}
}

func TestNodeLimits(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"nodes":      {"a: [" + strings.Repeat("a,", 60_000) + "]\n", "yaml/nodes"},
		"separators": {"a: [" + strings.Repeat("a,", 250_000) + "]\n", "yaml/nodes"},
		"documents":  {strings.Repeat("---\n", 60_000), "yaml/empty-document"},
		"long key":   {"kind: Role\nkey: a\nstate: absent\n? " + strings.Repeat("k", 9000) + "\n: x\n", "yaml/scalar-size"},
	} {
		_, findings := load(t, map[string]string{"a.yaml": test.text})
		if len(findings) == 0 || findings[0].Code != test.want {
			t.Errorf("%s: %v", name, shorts(findings))
		}
	}
}

// ExampleLoad shows the findings of a workspace.
func ExampleLoad() {
	root, err := os.MkdirTemp("", "workspace")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(root)
	for name, content := range map[string]string{
		"rolewright.yaml": "version: 1\n",
		"qa.yaml":         "kind: Role\nkey: qa\nname: QA\nbasePermissions: no_access\npolicy:\n  - efect: allow\n    actions: [viewProject]\n    resources: [\"proj/*\"]\n",
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o600); err != nil {
			panic(err)
		}
	}
	w, findings, err := Load(root, Options{})
	if err != nil {
		panic(err)
	}
	fmt.Println(len(w.Roles), "role, errors:", diag.HasErrors(findings))
	for _, f := range findings {
		fmt.Printf("%s: %s [%s]\n  hint: %s\n", f.Pos, f.Message, f.Code, f.Hint)
	}
	// Output:
	// 1 role, errors: true
	// qa.yaml:6:5: unknown key "efect" [schema/unknown-key]
	//   hint: did you mean "effect"?
}
