package report_test

import (
	"io"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
)

const causeBase = "0f3c9a1d5b7e2a4c6d8f0a1b3c5d7e9f1a2b3c4d"

// headsPlan is the rich plan without the bodies of its changes, about which this is not.
func headsPlan() *plan.Plan {
	p := richPlan()
	for i := range p.Changes {
		c := &p.Changes[i]
		c.Fields, c.Statements, c.Access, c.Risk = nil, plan.StatementDiff{}, nil, nil
	}
	p.Skipped, p.Ignored, p.Blocks, p.Unmanaged = nil, nil, nil, p.Unmanaged[:2]
	return p
}

// notedPlan has a change of every cause.
func notedPlan(note string) *plan.Plan {
	p := headsPlan()
	n := -1
	p.Attribute(causeBase, note, func(plan.Change) (plan.Cause, bool) {
		n++
		return append(plan.Causes(), "")[n%4], n > 3 && n%4 == 0
	})
	return p
}

func offlinePlan(p *plan.Plan) *plan.Plan {
	p.Source.Base, p.Source.Offline = causeBase, true
	return p
}

func TestCauseGolden(t *testing.T) {
	alone := headsPlan()
	alone.Attribute(causeBase, "", func(plan.Change) (plan.Cause, bool) { return plan.ThisChange, false })
	for name, p := range map[string]*plan.Plan{
		"cause-rich":          notedPlan("the clone is shallow, so that not every cause is known"),
		"cause-alone":         alone,
		"cause-offline":       offlinePlan(headsPlan()),
		"cause-offline-empty": offlinePlan(emptyPlan()),
	} {
		golden(t, name+".txt", func(w io.Writer) error { return report.Plan(w, p, report.Text, report.Options{}) })
		golden(t, name+".md", func(w io.Writer) error { return report.Plan(w, p, report.Markdown, report.Options{}) })
	}
}

// TestCauseSilent: without a base nothing is said of causes, and a plan whose changes are all its own
// is not counted by cause.
func TestCauseSilent(t *testing.T) {
	draw := func(p *plan.Plan) string {
		var out strings.Builder
		if err := report.Plan(&out, p, report.Text, report.Options{}); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	for _, word := range []string{"cause:", "Base:", "Of these:", "Note:"} {
		if strings.Contains(draw(richPlan()), word) {
			t.Errorf("%q without a base", word)
		}
		if !strings.Contains(draw(notedPlan("x")), word) {
			t.Errorf("no %q", word)
		}
	}
	hostile := notedPlan("a\x1b[31m\nb\u202e")
	hostile.Changes[0].Cause, hostile.Source.Base = "\x1b[2J\nPlan:", "\x1b[2J"
	if drawn := draw(hostile); strings.ContainsAny(drawn, "\x1b\u202e") || strings.Contains(drawn, "\nPlan:\n") {
		t.Errorf("%q", drawn)
	}
}
