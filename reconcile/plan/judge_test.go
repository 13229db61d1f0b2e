package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// TestJudgedPlanIsReadBack: a plan with findings of every severity, and with fixes that hold any value,
// is saved and read back, and what it was given stays as it is.
func TestJudgedPlanIsReadBack(t *testing.T) {
	deny := role.Statement{Effect: role.Deny, Actions: []string{"a"}, Resources: []string{"proj/<b>"}}
	var findings []diag.Finding
	for i, value := range []any{nil, deny, []string{"x", "y"}, "text", 1} {
		findings = append(findings, diag.Finding{Severity: diag.Severity(i % 3), Code: "LD107", Message: "m", Fix: &diag.Fix{
			Title: "t", Safe: true, Edits: []diag.Edit{{Op: diag.Add, Pointer: "/policy/-", Value: value}},
		}})
	}
	p := plan.Make(nil, nil, plan.Options{})
	p.Judge(append(findings, diag.Finding{Severity: diag.Info, Code: "LD012", Message: "without a fix"}), nil, nil)
	saved, err := plan.Decode(plan.Encode(p))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, saved); diff != "" {
		t.Error(diff)
	}
	if got, ok := findings[1].Fix.Edits[0].Value.(role.Statement); !ok || got.Effect != role.Deny || len(saved.Findings) != 6 {
		t.Errorf("%+v, %d findings", findings[1].Fix.Edits[0].Value, len(saved.Findings))
	}
}
