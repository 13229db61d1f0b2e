package report_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/report"
)

// officialSchema is OASIS's schema of SARIF 2.1.0 with errata 01. It comes with a Go module that
// .github/tools/go.mod pins, as a constant of its source.
var officialSchema = sync.OnceValues(func() (*jsonschema.Schema, error) {
	const module = "github.com/owenrumney/go-sarif/v3"
	tools := filepath.Join("..", "..", ".github", "tools", "go.mod")
	if _, err := exec.Command("go", "mod", "download", "-modfile="+tools, module).Output(); err != nil {
		return nil, err
	}
	dir, err := exec.Command("go", "list", "-modfile="+tools, "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(strings.TrimSpace(string(dir)), "pkg", "report", "v210", "sarif", "schema.go")
	source, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		return nil, err
	}
	text := ""
	ast.Inspect(source, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			text, err = strconv.Unquote(lit.Value)
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	return jsonschema.CompileString("https://docs.oasis-open.org/sarif-schema-2.1.0.json", text)
})

// checkSARIF fails if doc is not what the official schema asks for.
func checkSARIF(t *testing.T, doc []byte) {
	t.Helper()
	schema, err := officialSchema()
	if err != nil {
		t.Fatalf("the official schema: %v", err)
	}
	var v any
	if err := json.Unmarshal(doc, &v); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v); err != nil {
		t.Fatalf("%#v in\n%s", err, doc)
	}
}

func sarif(t *testing.T, findings []diag.Finding, o report.SARIFOptions) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := report.FindingsSARIF(&b, findings, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSARIFGolden(t *testing.T) {
	o := report.SARIFOptions{Version: "0.1.0", Prefix: "launch darkly"}
	golden(t, "findings.sarif", func(w io.Writer) error {
		text := string(sarif(t, findings(), o))
		before, rest, found := strings.Cut(text, `"markdown": "# LD003`) // the page is held to what it says elsewhere
		_, after, ends := strings.Cut(rest, "\n")
		if !found || !ends {
			return errors.New("the page of LD003 is not in it")
		}
		_, err := io.WriteString(w, before+`"markdown": "the page"`+"\n"+after)
		return err
	})
	checkSARIF(t, sarif(t, findings(), o))
	checkSARIF(t, sarif(t, nil, report.SARIFOptions{}))
}

// TestSARIFCheckBites proves that the official schema is there and refuses what it must.
func TestSARIFCheckBites(t *testing.T) {
	schema, err := officialSchema()
	if err != nil {
		t.Fatal(err)
	}
	good := string(sarif(t, findings(), report.SARIFOptions{}))
	for _, wrong := range [][2]string{
		{`"version": "2.1.0"`, `"version": "2.2"`},
		{`"level": "note"`, `"level": "info"`},
		{`"startLine": 5`, `"startLine": 0`},
		{`"ruleId"`, `"rule"`},
		{`"columnKind"`, `"columns"`},
	} {
		var v any
		bad := strings.Replace(good, wrong[0], wrong[1], 1)
		if err := json.Unmarshal([]byte(bad), &v); err != nil || bad == good {
			t.Fatalf("%q: %v", wrong, err)
		}
		if schema.Validate(v) == nil {
			t.Errorf("%s passes", wrong[1])
		}
	}
}

// sarifDocument is what the tests read of a document.
type sarifDocument struct {
	Runs []struct {
		Tool struct {
			Driver struct {
				Rules []struct {
					ID   string
					Help struct{ Text string }
				}
			}
		}
		Results []struct {
			RuleID              string
			RuleIndex           int
			Message             struct{ Text string }
			PartialFingerprints map[string]string
			Locations           []struct {
				PhysicalLocation struct {
					ArtifactLocation struct{ URI, URIBaseID string }
					Region           struct{ StartLine int }
				}
			}
		}
	}
}

func readSARIF(t *testing.T, findings []diag.Finding, o report.SARIFOptions) sarifDocument {
	t.Helper()
	var d sarifDocument
	doc := sarif(t, findings, o)
	checkSARIF(t, doc)
	if err := json.Unmarshal(doc, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestSARIFRules(t *testing.T) {
	found := append(findings(), findings()...)
	run := readSARIF(t, found, report.SARIFOptions{}).Runs[0]
	var ids []string
	for _, r := range run.Tool.Driver.Rules {
		ids = append(ids, r.ID)
		if r.ID == "LD003" && !strings.Contains(r.Help.Text, "LaunchDarkly accepts any word") {
			t.Errorf("the help of LD003 is %q", r.Help.Text)
		}
	}
	if want := []string{"LD003", "file/none", "role/duplicate-key", "schema/enum"}; !slices.Equal(ids, want) {
		t.Errorf("rules %q, want %q", ids, want)
	}
	for _, r := range run.Results {
		if ids[r.RuleIndex] != r.RuleID {
			t.Errorf("%s points to rule %d", r.RuleID, r.RuleIndex)
		}
	}
}

func TestSARIFPlaces(t *testing.T) {
	for _, c := range []struct{ file, prefix, want string }{
		{"roles/a.yaml", "", "roles/a.yaml"},
		{"roles/a.yaml", "access", "access/roles/a.yaml"},
		{"roles/a b%é.yaml", "x y/z", "x%20y/z/roles/a%20b%25%C3%A9.yaml"},
		{"", "access", "access/rolewright.yaml"},
		{"../../etc/passwd", "access", "access/rolewright.yaml"},
		{"http://evil.example", "", "rolewright.yaml"},
		{"javascript:alert(1)", "", "javascript%3Aalert%281%29"},
		{"a.yaml", "..", "rolewright.yaml"},
	} {
		f := diag.Finding{Code: "c", Message: "m", Pos: diag.Position{File: c.file}}
		l := readSARIF(t, []diag.Finding{f}, report.SARIFOptions{Prefix: c.prefix}).Runs[0].Results[0].Locations[0].PhysicalLocation
		if l.ArtifactLocation.URI != c.want || l.ArtifactLocation.URIBaseID != "%SRCROOT%" || l.Region.StartLine != 1 {
			t.Errorf("%q in %q: got %+v, want %s", c.file, c.prefix, l, c.want)
		}
	}
}

// A finding keeps its fingerprint when lines above it come or go, and has another one where the
// line itself, the file or the code is another; two on equal lines are told apart.
func TestSARIFFingerprints(t *testing.T) {
	one := findings()[0]
	prints := func(list ...diag.Finding) []string {
		var out []string
		for _, r := range readSARIF(t, list, report.SARIFOptions{}).Runs[0].Results {
			out = append(out, r.PartialFingerprints["primaryLocationLineHash"])
		}
		return out
	}
	edited := func(edit func(*diag.Finding)) diag.Finding {
		f := one
		edit(&f)
		return f
	}
	base := prints(one)[0]
	moved := edited(func(f *diag.Finding) { f.Pos.Line, f.Source = 50, "\t"+f.Source })
	if got := prints(moved)[0]; got != base {
		t.Errorf("moved: %s, want %s", got, base)
	}
	for name, f := range map[string]diag.Finding{
		"line": edited(func(f *diag.Finding) { f.Source = "  - effect: deny" }),
		"file": edited(func(f *diag.Finding) { f.Pos.File = "roles/x.yaml" }),
		"code": edited(func(f *diag.Finding) { f.Code = "x" }),
	} {
		if got := prints(f)[0]; got == base {
			t.Errorf("another %s, the same fingerprint", name)
		}
	}
	if twice := prints(one, moved); twice[0] == twice[1] {
		t.Errorf("two findings with the fingerprint %s", twice[0])
	}
}

func TestSARIFIsInert(t *testing.T) {
	for _, s := range report.Hostile() {
		found := findings()
		poison(&found, s, true)
		doc := sarif(t, found, report.SARIFOptions{Version: s, Prefix: s})
		checkSARIF(t, doc)
		checkJSONText(t, doc)
		checkCommands(t, string(doc), 0)
		for _, r := range readSARIF(t, found, report.SARIFOptions{}).Runs[0].Results {
			if strings.Contains(r.Message.Text, "](") {
				t.Errorf("%q: a link in %q", s, r.Message.Text)
			}
			for line := range strings.SplitSeq(r.Message.Text, "\n") {
				if shown := report.Terminal(line); shown != line {
					t.Errorf("%q: %q, shown as %q", s, line, shown)
				}
			}
		}
	}
}
