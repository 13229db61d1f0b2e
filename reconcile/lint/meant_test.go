package lint

import (
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/role"
)

// TestMeant: what LaunchDarkly refuses, or takes and lets match nothing, is found, and the hint says
// what was probably meant.
func TestMeant(t *testing.T) {
	rows := []struct {
		resources string // separated by blanks, unless it holds a quote
		code      string
		hint      string
	}{
		// refused
		{"proj/*:env/*;qa_*:/flag/*", "LD001", `did you mean "proj/*:env/*;qa_*:flag/*"?`},
		{"proj/x:*", "LD001", `did you mean "proj/x:env/*:flag/*"?`},
		{"*", "LD001", `did you mean "proj/*"?`},
		{`""`, "LD001", "write a chain of types and keys"},
		{"proj/", "LD001", `did you mean "proj/*"?`},
		{"proj/*:env/:flag/*", "LD001", `did you mean "proj/*:env/*:flag/*"?`},
		{"proj/*:env/*:", "LD001", `did you mean "proj/*:env/*"?`},
		{"proj", "LD001", `did you mean "proj/*"?`},
		{"proj/sandbox:env/segment/*", "LD001", `did you mean "proj/sandbox:env/*:segment/*"?`},
		{"proj/* proj/*:env/*:flag/*", "LD010", "make a statement of its own for each kind"},
		{"proj/*:env/* proj/*:env/*:flag/*", "LD010", "make a statement of its own for each kind"},
		// wrong case
		{"Proj/*", "LD001", `did you mean "proj/*"?`},
		{"proj/*:Env/*:Flag/*", "LD001", `did you mean "proj/*:env/*:flag/*"?`},
		{"proj/*:env/*;{Critical:true}:flag/*", "LD007", `did you mean "critical"?`},
		{"proj/*:env/*;{critical:True}:flag/*", "LD007", `did you mean "true"?`},
		// below the wrong parents, or none
		{"flag/*", "LD001", `did you mean "proj/*:env/*:flag/*"?`},
		{"proj/web:flag/*", "LD001", `did you mean "proj/web:env/*:flag/*"?`},
		{"env/production", "LD001", `did you mean "proj/*:env/production"?`},
		{"proj/*:env/*:*/*", "LD001", `did you mean "proj/*:env/*:flag/*"?`},
		// looks right and matches nothing
		{"proj/*:env/*;critical:true:flag/*", "LD001", `did you mean "proj/*:env/*;{critical:true}:flag/*"?`},
		{"proj/*:env/*;critical:false", "LD001", `did you mean "proj/*:env/*;{critical:false}"?`},
		{"proj/*:env/*;{critical:yes}:flag/*", "LD007", `known is "true", "false"`},
		{"proj/*:env/*:flag/*;{critical:true}", "LD006", `move it behind "env"`},
		{"proj/*:env/*;view:checkout:flag/*", "LD006", `move it behind "flag"`},
		{"member/*;pci", "LD006", "no resource is selected"},
		{"project/*", "LD002", `did you mean "proj/*"?`},
		{"proj/*:environment/*", "LD002", `did you mean "proj/*:env/*"?`},
		{"proj/*:env/*:flags/*", "LD002", `did you mean "proj/*:env/*:flag/*"?`},
		{"proj/${projects}", "LD001", `did you mean "proj/${roleAttribute/projects}"?`},
	}
	for _, row := range rows {
		resources := strings.Fields(row.resources)
		if row.resources == `""` {
			resources = []string{""}
		}
		for _, not := range []bool{false, true} {
			s := role.Statement{Effect: role.Allow, Actions: []string{"*"}, Resources: resources}
			if not {
				s.Resources, s.NotResources = nil, resources
			}
			findings := Run([]role.Desired{{Role: role.Role{Policy: []role.Statement{s}}}}, nil)
			hint := row.hint
			if not && row.code == "LD010" {
				hint = "leave out one kind only"
			}
			if len(findings) != 1 || findings[0].Code != row.code || !strings.Contains(findings[0].Hint, hint) {
				t.Errorf("%s (notResources: %v): want %s, %s; got\n%s", row.resources, not, row.code, hint, render(findings))
			}
		}
	}
	t.Logf("%d specifiers", len(rows))
}

// TestOneFindingIsEnough: where the words of a statement are wrong, be they an action or a specifier, it
// is no second finding that it does not do what it should.
func TestOneFindingIsEnough(t *testing.T) {
	for path, code := range map[string]string{
		"testdata/LD003/bad.yaml":         "LD003",
		"testdata/LD006/bad-account.yaml": "LD006",
		"testdata/LD006/bad-view.yaml":    "LD006",
		"testdata/LD007/bad-value.yaml":   "LD007",
		"testdata/LD008/bad.yaml":         "LD008",
	} {
		for _, f := range runFile(t, path) {
			if f.Code != code {
				t.Errorf("%s: %s is said too: %s", path, f.Code, f.Message)
			}
		}
	}
}
