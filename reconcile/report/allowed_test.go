package report_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/lint"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/report"
)

// allowedTwo are a finding that a comment allows, with words that must not get out, and one that
// rolewright.yaml allows.
func allowedTwo() []lint.Allowed {
	at := func(file string, line int) diag.Position { return diag.Position{File: file, Line: line, Column: 3} }
	return []lint.Allowed{
		{
			Finding: diag.Finding{Severity: diag.Info, Code: "LD105", Message: "\x1b[31mtwice", Pos: at("roles/a.yaml", 7)},
			By:      manifest.Allow{Comment: true, Reason: "see [this](https://example.com) ##[error]", Until: "2027-01-01", Pos: at("roles/a.yaml", 6)},
		},
		{
			Finding: diag.Finding{Severity: diag.Error, Code: "LD104", Message: "escalates", Pos: at("roles/b.yaml", 2)},
			By:      manifest.Allow{Reason: "meant", Pos: at("rolewright.yaml", 4)},
		},
	}
}

func TestAllowedText(t *testing.T) {
	for name, test := range map[string]struct {
		allowed []lint.Allowed
		o       report.Options
		want    string
	}{
		"none":  {nil, report.Options{Verbose: true}, ""},
		"one":   {allowedTwo()[:1], report.Options{}, "1 finding allowed\n"},
		"short": {allowedTwo(), report.Options{}, "2 findings allowed\n"},
		"long": {allowedTwo(), report.Options{Verbose: true}, `roles/a.yaml:7:3: allowed until 2027-01-01: \u{1b}[31mtwice [LD105]
  see roles/a.yaml:6:3: see [this](https://example.com) ##\u{5b}error]
roles/b.yaml:2:3: allowed: escalates [LD104]
  see rolewright.yaml:4:3: meant
2 findings allowed
`},
	} {
		var b bytes.Buffer
		if err := report.Allowed(&b, test.allowed, test.o); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, b.String()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestAllowedJSON(t *testing.T) {
	var b bytes.Buffer
	if err := report.FindingsJSON(&b, nil, "ok", allowedTwo()...); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Findings []any
		Allowed  []struct {
			Code, Reason, Until, Severity string
			By                            diag.Position
		}
		Summary report.FindingCount
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Findings) > 0 || got.Summary != (report.FindingCount{}) || len(got.Allowed) != 2 {
		t.Fatalf("%s", b.String())
	}
	a := got.Allowed[0]
	if a.Code != "LD105" || a.Until != "2027-01-01" || a.Severity != "info" || a.By.Line != 6 || !strings.HasPrefix(a.Reason, "see [this]") {
		t.Errorf("%+v", a)
	}
	b.Reset()
	if err := report.FindingsJSON(&b, nil, "ok"); err != nil || strings.Contains(b.String(), "allowed") {
		t.Errorf("%v %s", err, b.String())
	}
}

// TestAllowedSARIF: an allowed finding is a result that is suppressed, behind those that are not.
func TestAllowedSARIF(t *testing.T) {
	o := report.SARIFOptions{Allowed: allowedTwo(), Prefix: "access"}
	data := sarif(t, findings()[:1], o)
	checkSARIF(t, data)
	var doc struct {
		Runs []struct {
			Tool struct {
				Driver struct {
					Rules []struct{ ID, HelpURI string }
				}
			}
			Results []struct {
				RuleID, Level string
				Suppressions  []struct {
					Kind, Status, Justification string
					Location                    struct {
						PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	results := doc.Runs[0].Results
	if len(results) != 3 || len(results[0].Suppressions) != 0 || len(results[1].Suppressions) != 1 || len(results[2].Suppressions) != 1 {
		t.Fatalf("%s", data)
	}
	first, second := results[1].Suppressions[0], results[2].Suppressions[0]
	if first.Kind != "inSource" || strings.Contains(first.Justification, "](") || !strings.HasSuffix(first.Justification, " (until 2027-01-01)") {
		t.Errorf("%+v", first)
	}
	if second.Kind != "external" || second.Justification != "meant" || second.Status != "accepted" || second.Location.PhysicalLocation.ArtifactLocation.URI != "access/rolewright.yaml" {
		t.Errorf("%+v", second)
	}
	for _, rule := range doc.Runs[0].Tool.Driver.Rules {
		if known := strings.HasPrefix(rule.ID, "LD"); known != (rule.HelpURI == lint.PageURL(rule.ID)) {
			t.Errorf("%+v", rule)
		}
	}
}

func TestRule(t *testing.T) {
	rule, _ := lint.Explain("LD105")
	draw := func(f report.Format) string {
		var b bytes.Buffer
		if err := report.Rule(&b, rule, f); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if got := draw(report.Text); got != lint.Page("LD105") || got == "" {
		t.Errorf("text: %s", got)
	}
	var doc report.RuleDocument
	if err := json.Unmarshal([]byte(draw(report.JSON)), &doc); err != nil {
		t.Fatal(err)
	}
	want := report.RuleDocument{
		FormatVersion: "1.0", Code: "LD105", Title: rule.Title, Severity: rule.Severity.String(), Needs: "the files",
		URL: lint.PageURL("LD105"), Page: lint.Page("LD105"),
	}
	if diff := cmp.Diff(want, doc); diff != "" {
		t.Error(diff)
	}
	if err := report.Rule(failing{}, rule, report.Text); err == nil {
		t.Error("a page that could not be written is no error")
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
