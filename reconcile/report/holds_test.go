package report_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
)

func TestHolds(t *testing.T) {
	for _, test := range []struct {
		summary plan.Summary
		want    string
	}{
		{plan.Summary{}, "It has no changes, and there are none to make."},
		{plan.Summary{Create: 1, Delete: 2}, "1 to create, 2 to delete."},
		{plan.Summary{Update: 3, Replace: 4, Teams: 1, Members: 2}, "3 to update, 4 to replace, 1 team to change, 2 members to change."},
	} {
		var b bytes.Buffer
		if err := report.Holds(&b, &plan.Plan{Summary: test.summary}, report.Text, report.Options{}); err != nil {
			t.Fatal(err)
		}
		if got := b.String(); !strings.HasPrefix(got, "The plan holds. ") || !strings.HasSuffix(got, test.want+"\n") {
			t.Errorf("%+v: %q, want %q", test.summary, got, test.want)
		}
	}
}

func TestHoldsJSON(t *testing.T) {
	p := &plan.Plan{Tool: "rolewright 1", PlanHash: "sha256:\x1b", Summary: plan.Summary{Create: 1}, Target: plan.Target{Name: "production", AccountID: "5f"}}
	var b bytes.Buffer
	if err := report.Holds(&b, p, report.JSON, report.Options{}); err != nil {
		t.Fatal(err)
	}
	var got struct {
		FormatVersion, ExitReason, PlanHash string
		Complete                            bool
		Target                              plan.Target
		Summary                             plan.Summary
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.FormatVersion != "1.0" || got.ExitReason != "ok" || !got.Complete || got.PlanHash != p.PlanHash || got.Target != p.Target || got.Summary != p.Summary {
		t.Errorf("%+v", got)
	}
	if strings.Contains(b.String(), "\x1b") {
		t.Error("an escape reaches the terminal")
	}
	if err := report.Holds(&b, p, report.Markdown, report.Options{}); err == nil {
		t.Error("markdown is no format of this")
	}
}
