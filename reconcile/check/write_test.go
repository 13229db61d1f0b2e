package check

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/manifest/layout"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

func acme(t testing.TB) *manifest.Workspace {
	t.Helper()
	w, findings, err := manifest.Load("../../examples/acme", manifest.Options{})
	if err != nil || len(findings) > 0 {
		t.Fatal(err, findings)
	}
	return w
}

func writing() WriteOptions { return WriteOptions{Semantics: policy.DefaultSemantics()} }

func TestWriteGolden(t *testing.T) {
	var got bytes.Buffer
	for _, r := range acme(t).Roles {
		if !slices.Contains([]string{"account-admin", "contractor", "developer", "finance", "payments-lead", "web-developer", "webhook-admin"}, r.Key) {
			continue
		}
		text, err := Write(r, writing())
		if err != nil {
			t.Fatal(err)
		}
		if got.Len() > 0 {
			got.WriteString("---\n")
		}
		got.Write(text)
	}
	const file = "testdata/written.yaml"
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Error(diff)
	}
}

func TestWriteErrors(t *testing.T) {
	_, err := Write(role.Desired{Role: role.Role{Key: "odd", Policy: []role.Statement{allows([]string{"*"}, "proj//")}}}, writing())
	if err == nil || err.Error() != `write tests of role "odd": its policy cannot be read in full` {
		t.Errorf("got %v", err)
	}
	// Whoever may do everything there is to administer refuses nothing; and of a type that nobody
	// knows nothing can be asserted.
	all := []role.Statement{
		allows([]string{"*"}, "role/*"), allows([]string{"*"}, "member/*"), allows([]string{"*"}, "team/*"),
	}
	text, err := Write(role.Desired{Role: role.Role{Key: "boss", Policy: all}}, writing())
	if err != nil || strings.Contains(string(text), "cannot:\n  - \"* on role/*\"") {
		t.Errorf("%v\n%s", err, text)
	}
	sem := policy.DefaultSemantics()
	sem.GlobCrossesColon = true
	if _, err := Write(role.Desired{Role: role.Role{Key: "dev"}}, WriteOptions{Semantics: sem}); err == nil {
		t.Error("what is not modelled was tested")
	}
}

// A specifier of everything has no place in a file, and nothing is said of it but what it grants.
func TestWriteBareStar(t *testing.T) {
	o := writing()
	o.Semantics.BareStar = true
	text, err := Write(role.Desired{Role: role.Role{Key: "all", Policy: []role.Statement{allows([]string{"*"}, "*")}}}, o)
	if err != nil || !strings.Contains(string(text), "viewProject on proj/*") || strings.Contains(string(text), "cannot") {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestWriteSchema(t *testing.T) {
	o := writing()
	o.SchemaPath = "../.rolewright/role.schema.json"
	text, err := Write(webDeveloper(), o)
	if err != nil || !strings.HasPrefix(string(text), "# yaml-language-server: $schema=../.rolewright/role.schema.json\n") {
		t.Errorf("%v\n%s", err, text)
	}
}

// What is written is read without a finding, laid out as it should be, and passes; and of every request
// that can be listed none speaks against it.
func TestWriteLaw(t *testing.T) {
	lines := 0
	rapid.Check(t, func(t *rapid.T) {
		r := randomRole(t)
		text, err := Write(role.Desired{Role: r}, writing())
		if err != nil {
			t.Fatal(err)
		}
		formatted, err := layout.Format(text)
		if err != nil || !bytes.Equal(formatted, text) {
			t.Fatalf("%v: not in layout\n%s", err, text)
		}
		read, findings := manifest.Read("tests/r.yaml", text)
		if len(findings) > 0 || len(read.Tests) != 1 {
			t.Fatalf("%v, %d tests\n%s", findings, len(read.Tests), text)
		}
		test := read.Tests[0]
		for form, list := range map[string][]role.TestText{Can: test.Can, Cannot: test.Cannot} {
			for _, box := range list {
				lines++
				if boxed(r, Suggestion{test.As.RoleAttributes, form, box.Text}).refutes(form) {
					t.Fatalf("%s: %q does not hold\n%s", form, box.Text, text)
				}
			}
		}
		for _, result := range Run(Input{Tests: read.Tests, Roles: []role.Desired{{Role: r}}, Semantics: policy.DefaultSemantics()}) {
			if result.Verdict != Pass {
				t.Fatalf("%s %q: %s: %s\n%s", result.Assertion, result.Text, result.Message, result.Counterexample, text)
			}
		}
	})
	if lines == 0 {
		t.Error("nothing was written")
	}
}

// The tests that are written for acme's roles pass together, and notice most of what can be noticed.
func TestWriteForAcme(t *testing.T) {
	in := acmeInput(t)
	in.Tests = nil
	lines := 0
	for _, r := range in.Roles {
		if r.Absent {
			continue
		}
		text, err := Write(r, writing())
		if err != nil {
			t.Fatal(err)
		}
		read, findings := manifest.Read("tests/"+r.Key+".yaml", text)
		if len(findings) > 0 {
			t.Errorf("%s: %v", r.Key, findings)
		}
		in.Tests = append(in.Tests, read.Tests...)
	}
	for _, r := range Run(in) {
		lines++
		if r.Verdict != Pass {
			t.Errorf("%s: %s %q: %s %s", r.Test, r.Assertion, r.Text, r.Message, r.Counterexample)
		}
	}
	suite := Prepare(in)
	report := Score(context.Background(), in.Roles, suite.Judges(), byDefault())
	percent, _ := report.Percent()
	for _, s := range report.Survived {
		t.Logf("%s: %s: %s", s.Source, s.What, s.Witness.Request)
	}
	t.Logf("%d lines in %d tests notice %d %%: %d of %d", lines, len(in.Tests), percent, report.Killed, report.Total())
	if percent < 90 {
		t.Errorf("%d %%", percent)
	}
}

// Keys, attributes and names that mean something to YAML stay what they are.
func TestWriteHostileNames(t *testing.T) {
	for _, key := range []string{"yes", "1e3", "null", "a.b_c-d", "0x1f"} {
		r := role.Role{Key: key, Policy: []role.Statement{allows([]string{"updateTeamMembers"}, "team/${roleAttribute/no}", `team/${roleAttribute/on}-x`)}}
		text, err := Write(role.Desired{Role: r}, writing())
		if err != nil {
			t.Fatal(err)
		}
		read, findings := manifest.Read("tests/r.yaml", text)
		if len(findings) > 0 || len(read.Tests) != 1 {
			t.Errorf("%v\n%s", findings, text)
			continue
		}
		as := read.Tests[0].As
		if want := (role.Attributes{"no": {"example"}, "on": {"example"}}); as.Role != key || !cmp.Equal(as.RoleAttributes, want) {
			t.Errorf("read back %+v\n%s", as, text)
		}
	}
}
