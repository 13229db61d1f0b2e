package report_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
)

// What holds for every page: it fits, and says what it leaves out.

// drawPlanAt draws changes of any kind, with texts of any length in them.
func drawPlanAt(t *rapid.T) *plan.Plan {
	text := rapid.OneOf(rapid.SampledFrom(report.Hostile()), rapid.Just("short"),
		rapid.Map(rapid.IntRange(1, 5_000), func(n int) string { return strings.Repeat("x`é", n) }))
	p := emptyPlan()
	p.Target.Name, p.Target.AccountID = text.Draw(t, "target"), text.Draw(t, "account")
	p.GeneratedAt, p.Tool, p.Source.Commit = text.Draw(t, "at"), text.Draw(t, "tool"), text.Draw(t, "commit")
	for i := range rapid.OneOf(rapid.IntRange(0, 8), rapid.IntRange(30, 80)).Draw(t, "changes") {
		p.Changes = append(p.Changes, drawChange(t, i, text))
	}
	for _, c := range p.Changes {
		switch c.Action {
		case plan.Create:
			p.Summary.Create++
		case plan.Update:
			p.Summary.Update++
		case plan.Delete:
			p.Summary.Delete++
		case plan.Replace:
			p.Summary.Replace++
		}
	}
	for range rapid.OneOf(rapid.Just(0), rapid.IntRange(1, 200)).Draw(t, "blocks") {
		p.Blocks = append(p.Blocks, plan.Block{
			Guard:   plan.Guard(text.Draw(t, "guard")),
			Message: text.Draw(t, "message"), Keys: []string{text.Draw(t, "key")}, Flag: text.Draw(t, "flag"),
			Hint: text.Draw(t, "hint"), Detail: rapid.SliceOfN(text, 0, 9).Draw(t, "detail"),
			Declared: rapid.SampledFrom([]*plan.Declared{nil, declared("roles/a.yaml", 3)}).Draw(t, "declared"),
		})
	}
	return p
}

func drawChange(t *rapid.T, i int, text *rapid.Generator[string]) plan.Change {
	c := []func() plan.Change{createChange, updateChange}[rapid.IntRange(0, 1).Draw(t, "kind")]()
	c.Action = rapid.SampledFrom([]plan.Action{plan.Create, plan.Update, plan.Delete, plan.Replace}).Draw(t, "action")
	c.Key = fmt.Sprintf("k%dk", i)
	c.Cause = rapid.SampledFrom([]plan.Cause{"", plan.ThisChange, plan.AlreadyPending, plan.Drift}).Draw(t, "cause")
	c.Risk = rapid.SampledFrom([][]plan.Risk{
		nil, nil, {{Code: "delete", Level: plan.Medium}}, {{Code: "critical", Level: plan.High}},
	}).Draw(t, "risk")
	if rapid.IntRange(0, 50).Draw(t, "long") == 0 {
		c.Reason, c.Fields[0].After = text.Draw(t, "reason"), text.Draw(t, "field")
	}
	return c
}

func isDangerous(c plan.Change) bool {
	return c.Action == plan.Delete || slices.ContainsFunc(c.Risk, func(r plan.Risk) bool { return r.Level == plan.High })
}

// Whatever the plan and the budget: the page fits, all counts are there, and of dangerous changes
// each is named, or the number of those that are not is.
func TestCommentLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlanAt(t)
		budget := rapid.OneOf(rapid.IntRange(report.LeastBudget, 8_000), rapid.IntRange(report.LeastBudget, 200_000)).Draw(t, "budget")
		pages := map[string]string{"plan": report.Comment(p, pullRequest(), budget)}
		r := resultOf(p, apply.ReasonPartial, len(p.Changes)/2)
		r.Error = strings.Repeat("e`", rapid.IntRange(0, 9_000).Draw(t, "error"))
		pages["result"] = report.ResultComment(p, r, pullRequest(), budget)
		pages["lost"] = report.ResultComment(nil, r, pullRequest(), budget)
		for name, page := range pages {
			if len(page) > budget {
				t.Fatalf("%s: %d bytes of %d:\n%s", name, len(page), budget, page)
			}
		}
		checkCounts(t, p, pages["plan"])
		checkDangers(t, p, pages["plan"])
		checkDangers(t, p, pages["result"])
	})
}

func checkCounts(t *rapid.T, p *plan.Plan, page string) {
	s := p.Summary
	for _, want := range []struct {
		n    int
		word string
	}{{s.Create, "to create"}, {s.Update, "to update"}, {s.Delete, "to delete"}, {s.Replace, "to replace"}, {p.Unchanged, "unchanged"}} {
		if text := fmt.Sprintf("%d %s", want.n, want.word); want.n > 0 && !strings.Contains(page, text) {
			t.Fatalf("no %q in\n%s", text, page)
		}
	}
	if len(p.Blocks) > 0 && !strings.Contains(page, fmt.Sprintf("blocked by %d", len(p.Blocks))) {
		t.Fatalf("no guard state in\n%s", page)
	}
	if !strings.Contains(page, "<sub>Plan `001122334455` for") || !strings.Contains(page, ">Plan") {
		t.Fatalf("no footer in\n%s", page)
	}
}

func checkDangers(t *rapid.T, p *plan.Plan, page string) {
	missing := 0
	for _, c := range p.Changes {
		if isDangerous(c) && !strings.Contains(page, "`"+c.Key+"`") {
			missing++
		}
	}
	said := strings.Contains(page, "not named here for lack of room")
	switch {
	case missing > 0 && !said:
		t.Fatalf("%d dangerous changes are missing without a word:\n%s", missing, page)
	case missing == 0 && said:
		t.Fatalf("all are named, and the page says they are not:\n%s", page)
	}
	if said && !strings.Contains(page, fmt.Sprintf("**%d more dangerous change", missing)) && !strings.Contains(page, "failed or unknown") {
		t.Fatalf("want %d missing in\n%s", missing, page)
	}
}

// A larger budget never shows fewer of the dangerous changes.
func TestMoreRoomShowsMore(t *testing.T) {
	p, last := bigPlan(1_000), -1
	for budget := report.LeastBudget; budget < 100_000; budget += 4_000 {
		page, n := report.Comment(p, pullRequest(), budget), 0
		for _, c := range p.Changes {
			if isDangerous(c) && strings.Contains(page, "`"+c.Key+"`") {
				n++
			}
		}
		if n < last {
			t.Fatalf("%d dangerous changes are named in %d bytes, %d in fewer", n, budget, last)
		}
		last = n
	}
	if last != 50 {
		t.Errorf("%d of 50 dangerous changes are named at last", last)
	}
}

// The longest addresses and texts leave room for what every page says.
func TestLongestPageFits(t *testing.T) {
	server := "https://" + strings.Repeat("a", 92)
	repository := strings.Repeat("o", 40) + "/" + strings.Repeat("r", 100)
	pg := report.Page{
		ServerURL: server, Repository: repository, Head: strings.Repeat("a", 64), Base: strings.Repeat("b", 64),
		Folder: strings.Repeat("f", 400), Artifact: true, Untrusted: true, Offline: true,
		RunURL: server + "/" + repository + "/actions/runs/" + strings.Repeat("1", 20) + "/attempts/" + strings.Repeat("1", 9),
	}
	for _, s := range []string{strings.Repeat("\x00", 5_000), strings.Repeat("`", 5_000), strings.Repeat("\U000e0041", 2_000), "x"} {
		p := bigPlan(400)
		for i := range p.Changes {
			p.Changes[i].Risk = []plan.Risk{
				{Code: "escalation", Level: plan.High}, {Code: "account", Level: plan.High}, {Code: "critical", Level: plan.High}, {Code: s, Level: plan.High},
			}
			p.Changes[i].Cause = []plan.Cause{plan.Drift, plan.AlreadyPending}[i%2]
		}
		for i := range 50 {
			p.Blocks = append(p.Blocks, plan.Block{Guard: plan.Guard(fmt.Sprint(s, i)), Message: s, Keys: list(s), Flag: strings.Repeat("-", 60), Hint: s, Detail: list(s, s, s, s, s, s, s), Declared: declared(s, i)})
		}
		p.Skipped, p.Unmanaged, p.Ignored = unmanagedNotes(), unmanagedNotes(), unmanagedNotes()
		p.Lift = plan.Lift{AllowDeletes: 1_000, AllowEmpty: true, Unprotect: list(s), AllowPreset: list(s)}
		r := resultOf(p, apply.ReasonPartial, 200)
		r.Error, r.Hint = s, s
		poisonNames(p, r, s)
		for name, page := range map[string]string{
			"plan": report.Comment(p, pg, report.LeastBudget), "result": report.ResultComment(p, r, pg, report.LeastBudget),
			"lost": report.ResultComment(nil, r, pg, report.LeastBudget),
		} {
			if len(page) > report.LeastBudget || !strings.Contains(page, "](") {
				t.Errorf("%s of %.10q: %d bytes:\n%s", name, s, len(page), page)
			}
		}
	}
}

func poisonNames(p *plan.Plan, r *apply.Result, s string) {
	p.Target, r.Target = plan.Target{Name: s, Host: s, AccountID: s}, plan.Target{Name: s, Host: s, AccountID: s}
	p.GeneratedAt, p.Tool, r.Tool, p.PlanHash, r.PlanHash = s, s, s, s, s
}

func TestFailureCommentFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		long := strings.Repeat("x`é", rapid.IntRange(0, 5_000).Draw(t, "n"))
		f := report.Failure{Target: long, Error: long, Hints: []string{long, long}}
		for range rapid.IntRange(0, 30).Draw(t, "findings") {
			f.Findings = append(f.Findings, diag.Finding{Message: long, Hint: long, Code: long, Pos: diag.Position{File: long, Line: 1}})
		}
		budget := rapid.IntRange(report.LeastBudget, 70_000).Draw(t, "budget")
		page := report.FailureComment(f, pullRequest(), budget)
		if len(page) > budget {
			t.Fatalf("%d bytes of %d", len(page), budget)
		}
		if n := len(f.Findings); n > 0 && !strings.Contains(page, fmt.Sprintf("%d error", n)) {
			t.Fatalf("no count of %d in\n%s", n, page)
		}
	})
}

func BenchmarkCommentOf1000Changes(b *testing.B) {
	p := bigPlan(1_000)
	for _, budget := range []int{0, report.SummaryBudget, 60_000, report.LeastBudget} {
		b.Run(fmt.Sprint(budget), func(b *testing.B) {
			for b.Loop() {
				report.Comment(p, pullRequest(), budget)
			}
		})
	}
}
