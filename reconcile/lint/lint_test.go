package lint

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestRules holds every rule to its files: testdata/CODE/bad*.yaml gives what the file beside it
// says, among it the rule's own code; good*.yaml gives nothing.
func TestRules(t *testing.T) {
	for _, rule := range Rules() {
		t.Run(rule.Code, func(t *testing.T) {
			bad := glob(t, "testdata", rule.Code, "bad*.yaml")
			good := glob(t, "testdata", rule.Code, "good*.yaml")
			if len(bad) < 3 || len(good) < 3 {
				t.Fatalf("%d bad and %d good files", len(bad), len(good))
			}
			heaviest := diag.Info
			for _, path := range bad {
				heaviest = min(heaviest, checkBad(t, rule, path))
			}
			if heaviest != rule.Severity {
				t.Errorf("the heaviest finding is of severity %s, the rule says %s", heaviest, rule.Severity)
			}
			for _, path := range good {
				if got := render(concerns(rule, runFile(t, path))); got != "" {
					t.Errorf("%s:\n%s", path, got)
				}
			}
		})
	}
}

// check runs all rules but the disabled ones on files alone.
func check(f Files, disable ...string) []diag.Finding {
	return RunAll(Input{Files: f, Settings: DefaultSettings()}, disable).Findings
}

// runFile runs all rules but the disabled ones on a file, and on what the JSON file beside it says: an
// [Input] without its files.
func runFile(t *testing.T, path string, disable ...string) []diag.Finding {
	t.Helper()
	in := Input{Files: loadFiles(t, path), Settings: DefaultSettings()}
	data, err := os.ReadFile(strings.TrimSuffix(path, ".yaml") + ".json")
	if err == nil {
		err = json.Unmarshal(data, &in)
	} else if os.IsNotExist(err) {
		err = nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return RunAll(in, disable).Findings
}

// concerns returns the findings that the files of a rule are about: those of the rules about words and
// of the rule itself for a rule about words, all for the others.
func concerns(rule Rule, findings []diag.Finding) []diag.Finding {
	return slices.DeleteFunc(findings, func(f diag.Finding) bool {
		return aboutWords(rule.Code) && !aboutWords(f.Code) || rule.Code != ld211.Code && f.Code == ld211.Code // few accounts have administrators
	})
}

// checkBad returns the severity of the heaviest finding of the rule.
func checkBad(t *testing.T, rule Rule, path string) diag.Severity {
	t.Helper()
	findings := concerns(rule, runFile(t, path))
	heaviest := diag.Info
	for _, f := range findings {
		if f.Code == rule.Code {
			heaviest = min(heaviest, f.Severity)
		}
		if f.Hint == "" || strings.HasSuffix(f.Message, ".") || strings.HasSuffix(f.Hint, ".") {
			t.Errorf("%s: message %q, hint %q", path, f.Message, f.Hint)
		}
	}
	if countCode(findings, rule.Code) == 0 {
		t.Errorf("%s: no %s", path, rule.Code)
	}
	got, golden := render(findings), strings.TrimSuffix(path, ".yaml")+".golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s: %s", path, diff)
	}
	if off := concerns(rule, runFile(t, path, rule.Code)); len(off) != len(findings)-countCode(findings, rule.Code) {
		t.Errorf("%s: disabling %s leaves\n%s", path, rule.Code, render(off))
	}
	return heaviest
}

func glob(t *testing.T, parts ...string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func countCode(findings []diag.Finding, code string) int {
	n := 0
	for _, f := range findings {
		if f.Code == code {
			n++
		}
	}
	return n
}

func render(findings []diag.Finding) string {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%s+%d: %s: %s [%s]\n", f.Pos, f.Length, f.Severity, f.Message, f.Code)
		fmt.Fprintf(&b, "  hint: %s\n", f.Hint)
		for _, r := range f.Related {
			fmt.Fprintf(&b, "  %s: %s\n", r.Pos, r.Message)
		}
		if f.Fix != nil {
			edits, _ := json.Marshal(f.Fix.Edits)
			fmt.Fprintf(&b, "  fix (safe: %v): %s: %s %s\n", f.Fix.Safe, f.Fix.Title, f.Fix.Document, edits)
		}
	}
	return b.String()
}

// TestCorpus runs the rows of the bad-input corpus that are about actions and specifiers. Each is
// line 6 or 7 of an otherwise good file, and each gives exactly one finding.
func TestCorpus(t *testing.T) {
	rows := []struct {
		id, text     string
		code         string
		severity     diag.Severity
		line, column int
	}{
		{"E13", `actions: [createMember]`, "LD005", diag.Warning, 6, 15},
		{"E14", `resources: ["proj/"]`, "LD001", diag.Error, 7, 17},
		{"E16", `resources: ["proj/* :env/*"]`, "LD001", diag.Error, 7, 17},
		{"E17", `resources: ["proj/*:env/*:"]`, "LD001", diag.Error, 7, 17},
		{"E19", `resources: ["proj/${roleAttribute/x"]`, "LD001", diag.Error, 7, 17},
		{"E20", `resources: ["proj/$(curl evil)"]`, "LD001", diag.Error, 7, 17},
		{"E22", `resources: ["foo/*"]`, "LD002", diag.Warning, 7, 17},
		{"E23", `resources: ["proj/**"]`, "LD001", diag.Error, 7, 17},
		{"A29", "resources: [\"proj/\uff0a\"]", "LD001", diag.Error, 7, 17},
		{"A31", "resources: [\"proj\u2215*:env/qa:flag/*\"]", "LD001", diag.Error, 7, 17},
	}
	for _, row := range rows {
		lines := []string{
			"kind: Role", "key: qa", "name: qa", "policy:", "  - effect: allow",
			"    actions: [updateOn]", `    resources: ["proj/*:env/qa:flag/*"]`,
		}
		lines[row.line-1] = "    " + row.text
		d := loadText(t, row.id+".yaml", []byte(strings.Join(lines, "\n")+"\n"))
		findings := Run([]role.Desired{d}, nil)
		if len(findings) != 1 {
			t.Errorf("%s:\n%s", row.id, render(findings))
			continue
		}
		f := findings[0]
		want := diag.Position{File: row.id + ".yaml", Line: row.line, Column: row.column}
		if f.Code != row.code || f.Severity != row.severity || f.Pos != want || f.Hint == "" {
			t.Errorf("%s: want %s %s at %s, got\n%s", row.id, row.severity, row.code, want, render(findings))
		}
	}
	t.Logf("%d rows", len(rows))
}

// TestEveryRuleExplainsItself checks the pages of the rules.
func TestEveryRuleExplainsItself(t *testing.T) {
	last := ""
	for _, rule := range Rules() {
		got, found := Explain(rule.Code)
		switch {
		case !found || got.Title != rule.Title:
			t.Errorf("Explain(%q) = %q, %v", rule.Code, got.Title, found)
		case rule.Code <= last:
			t.Errorf("%s comes after %s", rule.Code, last)
		case rule.Title == "" || len(rule.Doc) < 100 || strings.Count(rule.Doc, "`")%2 != 0:
			t.Errorf("%s: title %q, page %q", rule.Code, rule.Title, rule.Doc)
		}
		last = rule.Code
	}
	if _, found := Explain("LD000"); found {
		t.Error("LD000 is a rule")
	}
}

func TestCheckDisabled(t *testing.T) {
	at := func(i int) diag.Position { return diag.Position{File: "rolewright.yaml", Line: 10 + i, Column: 5} }
	got := CheckDisabled([]string{"LD001", "LD3", "LD010", "ld002"}, at)
	hint := "remove it; the rules are LD001 to " + Rules()[len(Rules())-1].Code
	want := []diag.Finding{
		{Severity: diag.Warning, Code: "LD000", Message: `there is no lint rule "LD3" to disable`, Hint: hint, Pos: at(1), Length: 3},
		{Severity: diag.Warning, Code: "LD000", Message: `there is no lint rule "ld002" to disable`, Hint: hint, Pos: at(3), Length: 5},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestWithoutPositions: a role that came from nowhere, as from an account, is checked all the
// same, and a short list of positions falls back to the statement's.
func TestWithoutPositions(t *testing.T) {
	d := role.Desired{Role: role.Role{Policy: []role.Statement{
		{Effect: role.Allow, Actions: []string{"updateon", "launchRocket"}, Resources: []string{"proj/*:env/*:flag/*"}},
	}}}
	for _, f := range Run([]role.Desired{d}, nil) {
		if f.Pos != (diag.Position{}) {
			t.Errorf("position %v", f.Pos)
		}
	}
	d.Source = role.Source{File: "a.yaml", Pos: role.Pos{Line: 1, Column: 1}}
	checkLines(t, d, 1, 1)
	d.Source.Policy = []role.StatementSource{{Pos: role.Pos{Line: 4, Column: 3}, Actions: []role.Pos{{Line: 5, Column: 7}}}}
	checkLines(t, d, 4, 5)
}

func checkLines(t *testing.T, d role.Desired, want ...int) {
	t.Helper()
	var got []int
	for _, f := range Run([]role.Desired{d}, nil) {
		got = append(got, f.Pos.Line)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestRunIsSteady: neither the order of the roles nor a second run changes what is found.
func TestRunIsSteady(t *testing.T) {
	var roles []role.Desired
	for _, path := range glob(t, "testdata", "*", "*.yaml") {
		roles = append(roles, load(t, path))
	}
	want := render(Run(roles, nil))
	for i := 1; i < len(roles); i += len(roles)/5 + 1 {
		turned := append(append([]role.Desired(nil), roles[i:]...), roles[:i]...)
		if got := render(Run(turned, nil)); got != want {
			t.Fatal(cmp.Diff(want, got))
		}
	}
}

// fleet makes n roles of five statements, as an organisation would have them: few texts, used
// often.
func fleet(n int) []role.Desired {
	roles := make([]role.Desired, n)
	for i := range roles {
		project := fmt.Sprintf("proj/p%d", i%100)
		roles[i].Source.File = fmt.Sprintf("roles/r%d.yaml", i)
		roles[i].Policy = []role.Statement{
			{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{project}},
			{Effect: role.Allow, Actions: []string{"updateOn", "updateTargets", "updateRules"}, Resources: []string{project + ":env/*;{critical:false}:flag/*;web", project + ":env/test:flag/*"}},
			{Effect: role.Deny, Actions: []string{"delete*", "bypassRequiredApproval"}, Resources: []string{project + ":env/*;{critical:true}:flag/*"}},
			{Effect: role.Allow, Actions: []string{"*"}, NotResources: []string{project + ":env/*:segment/big-*"}},
			{Effect: role.Allow, NotActions: []string{"deleteMetric"}, Resources: []string{project + ":metric/*;web"}},
		}
	}
	return roles
}

// BenchmarkRun measures the rules about words on 1,000 roles of five statements.
func BenchmarkRun(b *testing.B) {
	roles := fleet(1000)
	var meaning []string
	for _, rule := range Rules() {
		if !aboutWords(rule.Code) {
			meaning = append(meaning, rule.Code)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if findings := Run(roles, meaning); len(findings) > 0 {
			b.Fatal(render(findings))
		}
	}
}

// TestCatalogueIsClean: what the catalogue lists is never reported, for any type, chain and action.
func TestCatalogueIsClean(t *testing.T) {
	var roles []role.Desired
	statements := 0
	for _, typ := range policy.DefaultCatalogue().Types() {
		actions := []string{"*"}
		for _, a := range typ.Actions {
			actions = append(actions, a.Name)
		}
		for _, kind := range typ.Kinds {
			text := strings.ReplaceAll(kind, ":", "/*:")
			if typ.Naming == policy.Named {
				text += "/*"
			}
			s := role.Statement{Effect: role.Allow, Actions: actions, Resources: []string{text}}
			roles = append(roles, role.Desired{Role: role.Role{Policy: []role.Statement{s}}})
			statements++
		}
	}
	found := slices.DeleteFunc(Run(roles, nil), func(f diag.Finding) bool { return !aboutWords(f.Code) })
	if got := render(found); got != "" {
		t.Error(got)
	}
	if statements < 50 {
		t.Errorf("only %d statements", statements)
	}
}
