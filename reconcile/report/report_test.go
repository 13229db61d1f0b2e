package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
	"github.com/rolewright/rolewright/reconcile/role"
)

func TestParseFormat(t *testing.T) {
	for _, f := range report.Formats() {
		if got, err := report.ParseFormat(string(f)); got != f || err != nil {
			t.Errorf("ParseFormat(%q) = %q, %v", f, got, err)
		}
	}
	for _, c := range []struct {
		in      string
		allowed []report.Format
		want    string
	}{
		{"xml", nil, `format "xml" is not known here (want "text", "json" or "markdown")`},
		{"markdwn", nil, `format "markdwn" is not known here (want "text", "json" or "markdown"); did you mean "markdown"?`},
		{"markdown", []report.Format{report.Text, report.JSON}, `format "markdown" is not known here (want "text" or "json")`},
		{"", []report.Format{report.Text}, `format "" is not known here (want "text")`},
	} {
		if got, err := report.ParseFormat(c.in, c.allowed...); got != "" || err == nil || err.Error() != c.want {
			t.Errorf("ParseFormat(%q, %q) = %q, %v, want error %s", c.in, c.allowed, got, err, c.want)
		}
	}
}

func TestPlanJSONIsThePlanFile(t *testing.T) {
	var b bytes.Buffer
	if err := report.Plan(&b, richPlan(), report.JSON, report.Options{}); err != nil {
		t.Fatal(err)
	}
	if want := plan.Encode(richPlan()); !bytes.Equal(b.Bytes(), want) {
		t.Errorf("got %s, want %s", b.Bytes(), want)
	}
}

func TestUnknownFormat(t *testing.T) {
	if err := report.Plan(io.Discard, emptyPlan(), "xml", report.Options{}); err == nil || !strings.Contains(err.Error(), `"xml"`) {
		t.Errorf("plan: got %v", err)
	}
	if err := report.Result(io.Discard, appliedResult(), "xml", report.Options{}); err == nil || !strings.Contains(err.Error(), `"xml"`) {
		t.Errorf("result: got %v", err)
	}
}

var errFull = errors.New("disk full")

// full is a writer that cannot take anything.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriterErrorsAreReturned(t *testing.T) {
	var o report.Options
	draws := map[string]func(io.Writer) error{
		"findings": func(w io.Writer) error { return report.Findings(w, findings(), o) },
		"summary":  func(w io.Writer) error { return report.FindingsSummary(w, findings(), o) },
		"json":     func(w io.Writer) error { return report.FindingsJSON(w, findings(), "invalid") },
		"markdown": func(w io.Writer) error { return report.FindingsMarkdown(w, findings(), o) },
		"progress": func(w io.Writer) error { return report.Progress(w, apply.Outcome{}, 1, 1, o) },
		"error":    func(w io.Writer) error { return report.Error(w, errFull, o) },
		"warning":  func(w io.Writer) error { return report.Warning(w, "x", o) },
		"notes":    func(w io.Writer) error { return report.Notes(w, "x", unmanagedNotes(), o) },
	}
	for _, f := range report.Formats() {
		draws["plan "+string(f)] = func(w io.Writer) error { return report.Plan(w, richPlan(), f, o) }
		draws["result "+string(f)] = func(w io.Writer) error { return report.Result(w, appliedResult(), f, o) }
	}
	for name, draw := range draws {
		if err := draw(full{}); !errors.Is(err, errFull) {
			t.Errorf("%s: got %v, want the writer's error", name, err)
		}
	}
}

func TestError(t *testing.T) {
	var b bytes.Buffer
	err := errors.New("read roles/ops.yaml: permission denied\nrolewright: hint: all is well")
	if err := report.Error(&b, err, report.Options{}, "make it readable", "or take it away"); err != nil {
		t.Fatal(err)
	}
	want := "rolewright: error: read roles/ops.yaml: permission denied⏎rolewright: hint: all is well\n" +
		"rolewright: hint: make it readable\nrolewright: hint: or take it away\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
	b.Reset()
	if err := report.Warning(&b, "unguarded", report.Options{Color: true}); err != nil {
		t.Fatal(err)
	}
	if want := "rolewright: \x1b[33mwarning:\x1b[0m unguarded\n"; b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestNoFindings(t *testing.T) {
	var b bytes.Buffer
	if err := report.FindingsSummary(&b, nil, report.Options{}); err != nil || b.String() != "no findings\n" {
		t.Errorf("got %q, %v", b.String(), err)
	}
	b.Reset()
	if err := report.FindingsJSON(&b, nil, "ok"); err != nil {
		t.Fatal(err)
	}
	want := `{
  "formatVersion": "1.0",
  "complete": true,
  "exitReason": "ok",
  "findings": [],
  "summary": {
    "errors": 0,
    "warnings": 0,
    "infos": 0
  }
}
`
	if b.String() != want {
		t.Errorf("got %s", b.String())
	}
}

// drawText draws a plan of one update as text.
func drawText(t *testing.T, c plan.Change, o report.Options) string {
	t.Helper()
	var b bytes.Buffer
	p := emptyPlan()
	p.Changes, p.Summary.Update = []plan.Change{c}, 1
	if err := report.Plan(&b, p, report.Text, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestKeptElementsAreFolded(t *testing.T) {
	before := allow(longActions(), list("proj/*"))
	after := allow(append(longActions(), "viewProject"), list("proj/*"))
	c := plan.Change{
		Action: plan.Update, Kind: "role", Key: "ops", Before: &role.Live{}, After: &role.Role{Name: "Ops"},
		Statements: plan.StatementDiff{Changed: []plan.StatementChange{{
			Before: at(0, before), After: at(0, after),
			Lists: []plan.ListChange{{Name: "actions", Added: list("viewProject"), Kept: 10}},
		}}},
	}
	short := drawText(t, c, report.Options{})
	if !strings.Contains(short, "… 2 more unchanged") || strings.Contains(short, "updateTags") {
		t.Errorf("not folded:\n%s", short)
	}
	if !strings.Contains(short, "+                   viewProject") {
		t.Errorf("the added action is missing:\n%s", short)
	}
	if whole := drawText(t, c, report.Options{Verbose: true}); !strings.Contains(whole, "updateTags") {
		t.Errorf("folded in spite of Verbose:\n%s", whole)
	}
}

// What the marks say, colours say by access: a removed deny is green, an added one red.
func TestColoursFollowAccess(t *testing.T) {
	const green, red, yellow = "\x1b[32m", "\x1b[31m", "\x1b[33m"
	element := func(e role.Effect, name string, added bool) plan.Change {
		s := role.Statement{Effect: e, Actions: list("kept"), NotActions: list("kept"), Resources: list("kept"), NotResources: list("kept")}
		l := plan.ListChange{Name: name, Removed: list("moved"), Added: list("other"), Kept: 1}
		if added {
			l.Removed, l.Added = list("other"), list("moved")
		}
		return plan.Change{
			Action: plan.Update, Before: &role.Live{}, After: &role.Role{},
			Statements: plan.StatementDiff{Changed: []plan.StatementChange{{Before: at(0, s), After: at(0, s), Lists: []plan.ListChange{l}}}},
		}
	}
	for _, c := range []struct {
		effect role.Effect
		list   string
		added  bool
		want   string
	}{
		{role.Allow, "actions", true, green},
		{role.Allow, "actions", false, red},
		{role.Allow, "notResources", true, red},
		{role.Allow, "notActions", false, green},
		{role.Deny, "resources", true, red},
		{role.Deny, "actions", false, green},
		{role.Deny, "notActions", true, green},
		{role.Deny, "notResources", false, red},
	} {
		drawn := drawText(t, element(c.effect, c.list, c.added), report.Options{Color: true})
		for l := range strings.Lines(drawn) {
			if strings.Contains(l, "moved") && !strings.HasPrefix(l, c.want) {
				t.Errorf("%+v is drawn as %q", c, l)
			}
		}
	}
	turned := updateChange()
	drawn := drawText(t, turned, report.Options{Color: true})
	for _, want := range []string{
		yellow + "    -   actions         deleteFlag",
		green + "    - statement 4       deny  (removing a deny can grant access)",
		red + "    - basePermissions   reader",
	} {
		if !strings.Contains(drawn, want) {
			t.Errorf("%q is missing in:\n%s", want, drawn)
		}
	}
	turned.Fields[1].Before, turned.Fields[1].After = role.NoAccess, role.Reader
	if drawn := drawText(t, turned, report.Options{Color: true}); !strings.Contains(drawn, green+"    + basePermissions   reader") {
		t.Errorf("wider base permissions are not green:\n%s", drawn)
	}
}

func TestColourIsOnlyAddition(t *testing.T) {
	for _, o := range []report.Options{{}, {Verbose: true}, {Width: 50}} {
		var plain, coloured bytes.Buffer
		if err := report.Plan(&plain, richPlan(), report.Text, o); err != nil {
			t.Fatal(err)
		}
		o.Color = true
		if err := report.Plan(&coloured, richPlan(), report.Text, o); err != nil {
			t.Fatal(err)
		}
		if got := ownColour.ReplaceAllString(coloured.String(), ""); got != plain.String() {
			t.Errorf("without its colours, the drawing is another:\n%s", got)
		}
		if plain.String() == coloured.String() {
			t.Error("there is no colour")
		}
	}
}

// A change that holds less than usual is drawn with what it has.
func TestSparseChange(t *testing.T) {
	for _, c := range []struct {
		change plan.Change
		want   string
	}{
		{plan.Change{Action: plan.Update, Kind: "role", Key: "ops"}, "  ~ update role ops\n"},
		{plan.Change{Action: "odd", Kind: "role", Key: "a b"}, "  ? change role \"a b\"\n"},
		{plan.Change{Action: plan.Delete, Kind: "role", Key: "x", Declared: declared("roles/x.yaml", 0)}, "  - delete role x\n    roles/x.yaml\n"},
		{
			plan.Change{Action: plan.Update, Kind: "role", Key: "x", Assigned: &role.Assigned{Teams: 1}, Fields: []plan.FieldChange{{Field: "description", Before: "old"}}},
			"  ~ update role x\n    held by 1 team\n    - description       \"old\"\n    + description       \"\"\n",
		},
	} {
		if got := drawText(t, c.change, report.Options{}); !strings.Contains(got, c.want) {
			t.Errorf("%q is missing in:\n%s", c.want, got)
		}
		var b bytes.Buffer
		p := emptyPlan()
		p.Changes = []plan.Change{c.change}
		if err := report.Plan(&b, p, report.Markdown, report.Options{}); err != nil || !strings.Contains(b.String(), "```diff\n") {
			t.Errorf("markdown: %v\n%s", err, b.String())
		}
	}
}

func TestTarget(t *testing.T) {
	for _, c := range []struct {
		target plan.Target
		want   string
	}{
		{plan.Target{Name: "local", Host: "emulator"}, "Plan for local (emulator)\n"},
		{plan.Target{Name: "local"}, "Plan for local\n"},
		{plan.Target{Host: "app.launchdarkly.com"}, "Plan for app.launchdarkly.com\n"},
	} {
		p := emptyPlan()
		p.Target = c.target
		var b bytes.Buffer
		if err := report.Plan(&b, p, report.Text, report.Options{}); err != nil || !strings.HasPrefix(b.String(), c.want) {
			t.Errorf("got %q, %v, want %q first", b.String(), err, c.want)
		}
	}
}

func TestEmptyButBlockedPlan(t *testing.T) {
	p := emptyPlan()
	p.Blocks = []plan.Block{{Guard: plan.GuardEmpty, Message: "the files declare no role, the account has 23 roles", Flag: "--allow-empty"}}
	var b bytes.Buffer
	if err := report.Plan(&b, p, report.Text, report.Options{}); err != nil {
		t.Fatal(err)
	}
	want := "Plan for production (app.launchdarkly.com)\n\n" +
		"Blocked by empty: the files declare no role, the account has 23 roles\n  let it through with: --allow-empty\n\n" +
		"No changes; 23 unchanged\nBlocked: nothing of it will be applied.\n"
	if b.String() != want {
		t.Errorf("got %q, want %q", b.String(), want)
	}
}

func TestHeadlines(t *testing.T) {
	unverified := appliedResult()
	unverified.Verified = false
	blocked := result(plan.Blocked, outcome(plan.Create, "a", apply.NotAttempted))
	one := result(apply.ReasonPartial, outcome(plan.Create, "a", apply.Unknown))
	noOutcomes := result(apply.ReasonFailed)
	for want, r := range map[string]*apply.Result{
		"Apply complete: 1 created, 1 updated, 1 deleted, 1 replaced. The account was not listed again to verify it.\n": unverified,
		"Apply blocked: nothing was changed.\n":                                                   blocked,
		"Apply incomplete: 0 of 1 change was made: 0 created, 0 updated, 0 deleted; 1 unknown.\n": one,
		"Apply failed: nothing was changed.\n":                                                    noOutcomes,
	} {
		var b bytes.Buffer
		if err := report.Result(&b, r, report.Text, report.Options{}); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in %q (%v)", want, b.String(), err)
		}
	}
}

// manyChanges returns a plan of n changes of several statements.
func manyChanges(n int) *plan.Plan {
	p := richPlan()
	p.Changes = nil
	for i := range n {
		c := updateChange()
		if i%2 == 0 {
			c = createChange()
		}
		c.Key = fmt.Sprintf("role-%d", i)
		c.Statements.Kept = i + 1 // no two edits are equal
		p.Changes = append(p.Changes, c)
	}
	return p
}

// TestLargePlan holds that the effort grows with the size: every change is drawn, once.
func TestLargePlan(t *testing.T) {
	for _, f := range []report.Format{report.Text, report.Markdown} {
		var b bytes.Buffer
		if err := report.Plan(&b, manyChanges(1000), f, report.Options{Color: true}); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(b.String(), "updatePrerequisites"); n != 500 {
			t.Errorf("%s: %d of 500 updates are drawn", f, n)
		}
	}
}

func BenchmarkPlan(b *testing.B) {
	p := manyChanges(1000)
	for _, f := range report.Formats() {
		b.Run(string(f), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := report.Plan(io.Discard, p, f, report.Options{Color: true}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func ExamplePlan() {
	p := &plan.Plan{
		Complete: true,
		Target:   plan.Target{Name: "production", Host: "app.launchdarkly.com"},
		Changes: []plan.Change{{
			Action: plan.Create, Kind: "role", Key: "qa-lead", Reason: "the files declare it, the account has no such role",
			After: &role.Role{Key: "qa-lead", Name: "QA lead"},
			Statements: plan.StatementDiff{Added: []plan.NumberedStatement{{Statement: role.Statement{
				Effect: role.Allow, Actions: []string{"updateOn"}, Resources: []string{"proj/*:env/qa:flag/*"},
			}}}},
			Declared: &plan.Declared{File: "roles/qa.yaml", Line: 1},
		}},
		Unchanged: 14,
		Summary:   plan.Summary{Create: 1},
	}
	report.Plan(os.Stdout, p, report.Text, report.Options{})
	// Output:
	// Plan for production (app.launchdarkly.com)
	//
	//   + create role qa-lead "QA lead"
	//     the files declare it, the account has no such role · roles/qa.yaml:1
	//     + statement 1       allow
	//     +   actions         updateOn
	//     +   resources       proj/*:env/qa:flag/*
	//
	// Plan: 1 to create, 0 to update, 0 to delete, 0 to replace; 14 unchanged
}

func ExampleFindings() {
	report.Findings(os.Stdout, []diag.Finding{{
		Code: "schema/enum", Message: `effect "alow" is not valid (want "allow" or "deny")`, Hint: `did you mean "allow"?`,
		Pos: diag.Position{File: "roles/ops.yaml", Line: 5, Column: 13}, Length: 4, Source: "  - effect: alow",
	}}, report.Options{})
	// Output:
	// roles/ops.yaml:5:13: error: effect "alow" is not valid (want "allow" or "deny") [schema/enum]
	//   5 |   - effect: alow
	//     |             ^~~~
	//   hint: did you mean "allow"?
}

func ExampleResult() {
	report.Result(os.Stdout, &apply.Result{
		ExitReason: apply.ReasonApplied, Verified: true, Summary: apply.Summary{Applied: 1},
		Changes: []apply.Outcome{{Action: plan.Create, Kind: "role", Key: "qa-lead", Status: apply.Applied}},
	}, report.Text, report.Options{})
	// Output:
	// Apply complete: 1 created, 0 updated, 0 deleted. The account now matches the files (verified).
}

func ExampleProgress() {
	out := apply.Outcome{Action: plan.Create, Kind: "role", Key: "qa-lead", Status: apply.Applied}
	report.Progress(os.Stdout, out, 3, 14, report.Options{})
	// Output:
	// [ 3/14] created role qa-lead
}

func ExampleError() {
	report.Error(os.Stdout, errors.New("no rolewright.yaml here or above"), report.Options{}, "run rolewright init")
	// Output:
	// rolewright: error: no rolewright.yaml here or above
	// rolewright: hint: run rolewright init
}

// TestMadePlan draws a plan as package plan makes it: one action added to the second statement.
func TestMadePlan(t *testing.T) {
	policy := []role.Statement{
		allow(list("viewProject"), list("proj/*")),
		allow(list("updateOn", "updateTargets"), list("proj/web:env/*:flag/*")),
	}
	was := role.Live{Role: role.Role{Key: "ops", Name: "Operators", BasePermissions: role.NoAccess, Policy: policy}, ID: "5f2a91c07e5a4f0a8f1b2c3d"}
	is := was.Clone()
	is.Policy[1].Actions = list("updateOn", "updateRules", "updateTargets")
	made := plan.Make(
		[]role.Desired{{Role: is, Source: role.Source{File: "roles/ops.yaml", Pos: role.Pos{Line: 1, Column: 1}}}},
		[]role.Live{was},
		plan.Options{Target: target(), Scope: plan.Scope{Roles: role.Scope{Include: list("*")}}},
	)
	var b bytes.Buffer
	if err := report.Plan(&b, made, report.Text, report.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"  ~ update role ops \"Operators\"\n",
		"roles/ops.yaml:1 · held by nobody\n",
		"    ~ statement 2       allow\n" +
			"        actions         updateOn, updateTargets\n" +
			"    +                   updateRules\n" +
			"        resources       proj/web:env/*:flag/*\n" +
			"      1 statement unchanged\n",
		"Plan: 0 to create, 1 to update, 0 to delete, 0 to replace; 0 unchanged\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, b.String())
		}
	}
}

// TestNotesAreCapped: the notes of a large result are counted beyond the first ten, and all of them
// are there on demand.
func TestNotesAreCapped(t *testing.T) {
	const n = 800
	var outcomes []apply.Outcome
	for i := range n {
		out := outcome(plan.Create, fmt.Sprintf("role-%d", i), apply.Applied)
		if out.AlreadyThere = i >= 3; out.AlreadyThere {
			out.Note = "somebody else made the same change"
		}
		outcomes = append(outcomes, out)
	}
	r := result(apply.ReasonApplied, outcomes...)
	r.Verified = true
	for verbose, want := range map[bool]int{false: 10, true: 797} {
		var b bytes.Buffer
		if err := report.Result(&b, r, report.Text, report.Options{Verbose: verbose}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(b.String(), "somebody else made the same change"); got != want {
			t.Errorf("verbose %t: %d notes, want %d", verbose, got, want)
		}
		if rest := strings.Contains(b.String(), "… and 787 more"); rest == verbose {
			t.Errorf("verbose %t: the rest is counted: %t", verbose, rest)
		}
		if want := "Apply complete: 3 created, 0 updated, 0 deleted, 797 already there. "; !strings.Contains(b.String(), want) {
			t.Errorf("verbose %t: %q is missing", verbose, want)
		}
	}
}
