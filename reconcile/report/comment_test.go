package report_test

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
)

const (
	headCommit = "9c1f0e2d7be1c0d2a9f84410bd0c5e6a41aa9be0"
	baseCommit = "41aa9be0c5e6a9c1f0e2d7be1c0d2a9f84410bd0"
	repository = "https://github.com/acme/access"
)

func pullRequest() report.Page {
	return report.Page{
		ServerURL: "https://github.com", Repository: "acme/access", Head: headCommit, Base: baseCommit,
		Folder: "launch darkly", RunURL: repository + "/actions/runs/17283940112", Artifact: true,
	}
}

// causedPlan is a plan with the causes that plan --base gives.
func causedPlan() *plan.Plan {
	p := richPlan()
	p.Blocks, p.ExitReason = nil, plan.Changes
	p.Lift.AllowDeletes = 1
	for i := range p.Changes {
		p.Changes[i].Cause = []plan.Cause{plan.ThisChange, plan.AlreadyPending, plan.ThisChange, plan.Drift}[i]
	}
	create := &p.Changes[0]
	create.Access = &plan.Access{Verdict: access.Gains, Gained: manyLines()}
	create.Risk = []plan.Risk{{Code: "delete", Level: plan.Medium, Why: "deletes things"}}
	return p
}

// bigPlan has n changes of the kinds that there are, every 20th dangerous.
func bigPlan(n int) *plan.Plan {
	p := emptyPlan()
	p.Tool, p.GeneratedAt = "rolewright 0.1.0", "2026-09-22T10:41:07Z"
	for i := range n {
		c := updateChange()
		c.Key = fmt.Sprintf("team-%d", i)
		switch {
		case i%40 == 0:
			p.Summary.Update++
		case i%20 == 0:
			c.Action, c.Risk, c.Access.Verdict, c.Access.Undecided = plan.Delete, nil, access.Loses, nil
			p.Summary.Delete++
		case i%3 == 0:
			c.Risk, c.Access = nil, &plan.Access{Verdict: access.None}
			p.Summary.Update++
		default:
			c.Risk, c.Access = nil, &plan.Access{Verdict: access.Gains, Gained: manyLines()}
			p.Summary.Update++
		}
		c.ID = fmt.Sprintf("%s/role/%s", c.Action, c.Key)
		p.Changes = append(p.Changes, c)
	}
	return p
}

// resultOf is how an apply of p ended that came to its k-th change.
func resultOf(p *plan.Plan, reason plan.ExitReason, k int) *apply.Result {
	var outcomes []apply.Outcome
	for i, c := range p.Changes {
		out := apply.Outcome{ID: c.ID, Action: c.Action, Kind: c.Kind, Key: c.Key, Status: apply.Applied}
		switch {
		case i == k:
			out.Status, out.Error = apply.Failed, "409 Conflict"
		case i > k:
			out.Status = apply.NotAttempted
		}
		outcomes = append(outcomes, out)
	}
	r := result(reason, outcomes...)
	r.Verified = reason == apply.ReasonApplied
	return r
}

func invalidFiles() report.Failure {
	f := report.Failure{Target: "production", Findings: findings()}
	for i := range 12 {
		f.Findings = append(f.Findings, diag.Finding{
			Severity: diag.Error, Code: "schema/type", Message: `"actions" is text, want a list`,
			Pos: diag.Position{File: "roles/a [x](y).yaml", Line: 10 + i, Column: 3},
		})
	}
	return f
}

func TestCommentGolden(t *testing.T) {
	fork := pullRequest()
	fork.Offline, fork.Untrusted, fork.Folder = true, true, ""
	partial := resultOf(causedPlan(), apply.ReasonPartial, 2)
	partial.Error, partial.Hint = `update role "release-manager": 409 Conflict`, "run plan again: it shows what is left to do"
	refused := report.Failure{
		Target: "production", Error: "list roles: GET https://app.launchdarkly.com/api/v2/roles: 401 Unauthorized",
		Hints: []string{"check LAUNCHDARKLY_ACCESS_TOKEN"},
	}
	neutral := emptyPlan()
	neutral.Changes, neutral.Summary.Replace = richPlan().Changes[1:2], 1
	for name, page := range map[string]string{
		"planned":    report.Comment(causedPlan(), pullRequest(), 60_000),
		"blocked":    report.Comment(richPlan(), pullRequest(), 60_000),
		"no-changes": report.Comment(emptyPlan(), pullRequest(), 60_000),
		"neutral":    report.Comment(neutral, pullRequest(), 60_000),
		"fork":       report.Comment(richPlan(), fork, 60_000),
		"applied":    report.ResultComment(causedPlan(), resultOf(causedPlan(), apply.ReasonApplied, 9), pullRequest(), 60_000),
		"partial":    report.ResultComment(causedPlan(), partial, pullRequest(), 60_000),
		"lost-plan":  report.ResultComment(nil, partial, pullRequest(), 60_000),
		"stale":      report.ResultComment(causedPlan(), resultOf(causedPlan(), apply.ReasonStale, -1), pullRequest(), 60_000),
		"invalid":    report.FailureComment(invalidFiles(), pullRequest(), 60_000),
		"failed":     report.FailureComment(refused, pullRequest(), 60_000),
		"ladder-1":   report.Comment(causedPlan(), pullRequest(), 9_000),
		"ladder-3":   report.Comment(bigPlan(60), pullRequest(), 30_000),
		"ladder-5":   report.Comment(bigPlan(400), pullRequest(), 20_000),
		"ladder-7":   report.Comment(bigPlan(400), pullRequest(), 4_000),
		"ladder-8":   report.Comment(bigPlan(9_000), pullRequest(), 4_000),
	} {
		golden(t, "comment-"+name+".md", func(w io.Writer) error {
			_, err := io.WriteString(w, page)
			return err
		})
	}
}

func TestSummaryIsTheWholeComment(t *testing.T) {
	if got, want := report.Summary(richPlan(), pullRequest()), report.Comment(richPlan(), pullRequest(), 0); got != want {
		t.Errorf("got %s", got)
	}
	if n := len(report.Summary(bigPlan(5_000), pullRequest())); n > report.SummaryBudget {
		t.Errorf("%d bytes", n)
	}
}

func TestCommentOrder(t *testing.T) {
	p := emptyPlan()
	add := func(key string, a plan.Action, v access.Verdict, cause plan.Cause, risks ...plan.Risk) {
		c := plan.Change{ID: key, Action: a, Kind: "role", Key: key, Cause: cause, Risk: risks}
		if v != "" {
			c.Access = &plan.Access{Verdict: v}
		}
		p.Changes = append(p.Changes, c)
	}
	add("none", plan.Update, access.None, "")
	add("loses", plan.Update, access.Loses, "")
	add("unsure", plan.Update, access.Unsure, "")
	add("unasked", plan.Update, "", "")
	add("both", plan.Update, access.Both, "")
	add("gains", plan.Create, access.Gains, "")
	add("gone", plan.Delete, access.Loses, "")
	add("high-drift", plan.Update, access.Loses, plan.Drift, plan.Risk{Code: "held", Level: plan.High})
	add("high", plan.Update, access.Gains, plan.ThisChange, plan.Risk{Code: "critical", Level: plan.High})
	page := report.Comment(p, report.Page{}, 0)
	at := -1
	for _, key := range []string{"high", "high-drift", "gone", "gains", "both", "unsure", "unasked", "loses", "none"} {
		i := strings.Index(page, "| `"+key+"` |")
		if i < at {
			t.Fatalf("%s is not in its place in\n%s", key, page)
		}
		at = i
	}
}

func TestLinks(t *testing.T) {
	c := createChange()
	draw := func(file string, edit func(*report.Page)) string {
		p, pg := emptyPlan(), pullRequest()
		c.Declared = declared(file, 7)
		p.Changes = []plan.Change{c}
		edit(&pg)
		return report.Comment(p, pg, 0)
	}
	same := func(*report.Page) {}
	const blob = "](" + repository + "/blob/" + headCommit + "/launch%20darkly/"
	for file, want := range map[string]string{
		"roles/a.yaml":            blob + "roles/a.yaml#L7)",
		"roles/a)[x](b) é.yaml":   blob + "roles/a%29%5Bx%5D%28b%29%20%C3%A9.yaml#L7)",
		"a|b?c#d%e&f;g\\h.yaml":   blob + "a%7Cb%3Fc%23d%25e%26f%3Bg%5Ch.yaml#L7)",
		"../../x":                 "",
		"/etc/passwd":             "",
		"a//b":                    "",
		"":                        "",
		strings.Repeat("x", 501):  "",
		"javascript:alert(1)":     blob + "javascript%3Aalert%281%29#L7)",
		"roles/\u202e\x00\xff.ya": blob + "roles/%E2%80%AE%00%FF.ya#L7)",
	} {
		page := draw(file, same)
		if want == "" && strings.Contains(page, "/blob/") || want != "" && !strings.Contains(page, want) {
			t.Errorf("%q: want %q in\n%s", file, want, page)
		}
	}
	for name, edit := range map[string]func(*report.Page){
		"no repository":     func(pg *report.Page) { pg.Repository = "" },
		"forged repository": func(pg *report.Page) { pg.Repository = "acme/access)[x](https://evil.example" },
		"forged server":     func(pg *report.Page) { pg.ServerURL = "https://evil.example/?" },
		"script":            func(pg *report.Page) { pg.ServerURL = "javascript:alert(1)//" },
		"short commit":      func(pg *report.Page) { pg.Head = "9c1f0e2" },
		"branch":            func(pg *report.Page) { pg.Head = "main" },
		"folder":            func(pg *report.Page) { pg.Folder = "../other" },
	} {
		if page := draw("roles/a.yaml", edit); strings.Contains(page, "/blob/") || strings.Contains(page, "](https://evil") {
			t.Errorf("%s: a link in\n%s", name, page)
		}
	}
	for _, run := range []string{
		"https://evil.example/acme/access/actions/runs/1", repository + "/actions/runs/x", repository + "/actions/runs/1)[x](y",
		repository + "/actions/runs/1/../../..", "",
	} {
		if page := draw("a", func(pg *report.Page) { pg.RunURL = run }); strings.Contains(page, "[run]") {
			t.Errorf("%q: a link in\n%s", run, page)
		}
	}
	enterprise := draw("a", func(pg *report.Page) {
		pg.ServerURL = "http://git.acme.example:8443/"
		pg.RunURL = "http://git.acme.example:8443/acme/access/actions/runs/5/attempts/2"
	})
	for _, want := range []string{"(http://git.acme.example:8443/acme/access/blob/" + headCommit, "[run](http://git.acme.example:8443/acme/access/actions/runs/5/attempts/2)"} {
		if !strings.Contains(enterprise, want) {
			t.Errorf("no %s in\n%s", want, enterprise)
		}
	}
}

// Long values are cut where they come from: what is escaped is never cut in two.
func TestLongValues(t *testing.T) {
	c := updateChange()
	c.Fields[0].After = strings.Repeat("é\x00", 4_000)
	c.Statements.Added[0].Statement.Actions = nil
	for i := range 400 {
		c.Statements.Added[0].Statement.Actions = append(c.Statements.Added[0].Statement.Actions, fmt.Sprintf("updateThing%d", i))
	}
	p := emptyPlan()
	p.Changes = []plan.Change{c}
	page := report.Comment(p, report.Page{}, 0)
	for _, want := range []string{"… (9953 bytes left out) …", "updateThing0,", "more …, ", "updateThing399"} {
		if !strings.Contains(strings.Join(strings.Fields(page), " "), want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if strings.Contains(page, "updateThing200") {
		t.Error("400 actions are not cut")
	}
	if c.Fields[0].After != strings.Repeat("é\x00", 4_000) {
		t.Error("the plan itself was cut")
	}
}

// An edit that is too long to read is shown from both ends, and the command line can ask for it all.
func TestLongDetails(t *testing.T) {
	c := updateChange()
	for i := range 600 {
		c.Statements.Removed = append(c.Statements.Removed, at(10+i, allow(list("viewProject"), list(fmt.Sprintf("proj/p%d", i)))))
		c.Access.Gained = append(c.Access.Gained, plan.AccessLine{Text: fmt.Sprintf("viewProject on proj/g%d", i)})
	}
	p := emptyPlan()
	p.Changes, p.Summary.Update = []plan.Change{c}, 1
	page := report.Comment(p, pullRequest(), 0)
	for _, want := range []string{" lines not shown …", "proj/p0\n", "proj/p599\n", "and 581 more lines like these", "proj/g18`"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	for _, hidden := range []string{"proj/p300\n", "proj/g19`"} {
		if strings.Contains(page, hidden) {
			t.Errorf("%q is not left out", hidden)
		}
	}
	var whole strings.Builder
	if err := report.Plan(&whole, p, report.Markdown, report.Options{Verbose: true}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"proj/p300\n", "proj/g300`"} {
		if !strings.Contains(whole.String(), want) {
			t.Errorf("no %q in spite of Verbose", want)
		}
	}
}

// Of many equal edits one is shown, so that one that differs is seen among them.
func TestEqualEditsAreShownOnce(t *testing.T) {
	p := bigPlan(7)
	odd := &p.Changes[5]
	odd.Statements.Changed = slices.Clone(odd.Statements.Changed)
	odd.Statements.Changed[0].Lists = []plan.ListChange{{Name: "actions", Added: list("odd"), Kept: 3}}
	page := report.Comment(p, pullRequest(), 0)
	if n := strings.Count(page, "```diff"); n != 2 {
		t.Errorf("%d diffs, want 2 in\n%s", n, page)
	}
	if n := strings.Count(page, "The text changes exactly as that of `team-0` above."); n != 5 {
		t.Errorf("%d changes point to the first one", n)
	}
	long := bigPlan(2)
	for i, s := range list("a", "b") { // they differ where the diff does not show it
		edit := &long.Changes[i]
		edit.Fields = slices.Clone(edit.Fields)
		edit.Fields[0].After = strings.Repeat("x", 3_000) + s + strings.Repeat("x", 3_000)
	}
	if n := strings.Count(report.Comment(long, pullRequest(), 0), "```diff"); n != 2 {
		t.Errorf("%d diffs of edits that only look equal, want 2", n)
	}
	short := emptyPlan()
	for _, key := range list("a", "b") {
		short.Changes = append(short.Changes, plan.Change{Action: plan.Update, Key: key, Fields: []plan.FieldChange{{Field: "name", Before: "A", After: "B"}}})
	}
	if n := strings.Count(report.Comment(short, pullRequest(), 0), "```diff"); n != 2 {
		t.Errorf("%d diffs of short edits, want 2", n)
	}
}

func TestResultVerdicts(t *testing.T) {
	p := causedPlan()
	unlisted := resultOf(p, apply.ReasonApplied, 9)
	unlisted.Verified = false
	unproved := resultOf(p, apply.ReasonPartial, 9)
	hinted := resultOf(p, apply.ReasonInterrupted, -1)
	hinted.Hint = "wait"
	nothing := result(plan.NoChanges)
	for _, c := range []struct {
		r    *apply.Result
		want []string
	}{
		{resultOf(p, apply.ReasonApplied, 9), []string{"`production`: applied, 4 changes made and verified\n\n> [!NOTE]"}},
		{unlisted, []string{"`production`: applied, 4 changes made\n\n> [!WARNING]"}},
		{unproved, []string{"`production`: applied, not verified, 4 changes made\n\n> [!CAUTION]", "Every change was made. To go on"}},
		{resultOf(p, apply.ReasonFailed, 0), []string{"`production`: apply failed, nothing was changed\n\n> [!CAUTION]", "4 changes are left"}},
		{resultOf(p, apply.ReasonPartial, 3), []string{"`production`: partly applied, 3 of 4 changes\n\n> [!CAUTION]", "1 change is left"}},
		{resultOf(p, plan.Blocked, -1), []string{"`production`: apply blocked, nothing was changed"}},
		{hinted, []string{"`production`: apply interrupted, nothing was changed", "> - hint: `wait`"}},
		{nothing, []string{"`production`: nothing to apply\n\n> [!NOTE]"}},
	} {
		page := report.ResultComment(p, c.r, pullRequest(), 60_000)
		for _, want := range c.want {
			if !strings.Contains(page, want) {
				t.Errorf("no %q in\n%s", want, page[:min(900, len(page))])
			}
		}
	}
}

func TestAccessInWords(t *testing.T) {
	for _, c := range []struct {
		access     *plan.Access
		text, cell string
	}{
		{nil, "", "not worked out"},
		{&plan.Access{Verdict: access.None}, "no access change (proved)", "no access change (proved)"},
		{&plan.Access{Verdict: access.Gains, Gained: manyLines()}, "gains access", "**gains access**"},
		{&plan.Access{Verdict: access.Loses, Lost: manyLines(), LostRest: "x"}, "loses access", "loses access"},
		{&plan.Access{Verdict: access.Both, Gained: manyLines(), Lost: manyLines()}, "gains and loses access", "**gains and loses access**"},
		{&plan.Access{Verdict: access.Unsure, Gained: manyLines()}, "access undecided", "**access undecided**"},
		{&plan.Access{Verdict: access.Gains}, "gains access", "**gains access**"},
	} {
		p := emptyPlan()
		other := updateChange()
		p.Changes = []plan.Change{{Action: plan.Update, Kind: "role", Key: "ops", Access: c.access}, other}
		if drawn := drawText(t, p.Changes[0], report.Options{Color: true}); !strings.Contains(drawn, c.text) {
			t.Errorf("no %q in\n%s", c.text, drawn)
		}
		if page := report.Comment(p, report.Page{}, 0); !strings.Contains(page, "| `~` `ops` | – | "+c.cell+" | update | nobody yet |") {
			t.Errorf("no %q in\n%s", c.cell, page)
		}
	}
}

// Nothing but a proof for every change makes a page say that no access changes.
func TestOnlyProofsAreProved(t *testing.T) {
	const said = "**No access changes**"
	for _, c := range []struct {
		access *plan.Access
		want   bool
	}{
		{&plan.Access{Verdict: access.None}, true},
		{&plan.Access{Verdict: access.Loses}, false},
		{&plan.Access{Verdict: access.Gains}, false},
		{&plan.Access{Verdict: access.Both}, false},
		{&plan.Access{Verdict: access.Unsure}, false},
		{nil, false},
	} {
		p := emptyPlan()
		p.Changes = []plan.Change{
			{Action: plan.Update, Key: "a", Access: &plan.Access{Verdict: access.None}},
			{Action: plan.Update, Key: "b", Access: c.access},
		}
		if got := strings.Contains(report.Comment(p, report.Page{}, 0), said); got != c.want {
			t.Errorf("%+v: said %t, want %t", c.access, got, c.want)
		}
		p.Complete = false
		if strings.Contains(report.Comment(p, report.Page{}, 0), said) {
			t.Errorf("%+v: said of an incomplete plan", c.access)
		}
	}
}

// Guards that there is no room to describe are named and counted, with the first of their flags.
func TestManyGuards(t *testing.T) {
	p := bigPlan(400)
	for i := range 40 {
		p.Blocks = append(p.Blocks, plan.Block{
			Guard: plan.GuardProtect, Message: fmt.Sprintf("role %q is protected by guards.protect \"team-*\"", fmt.Sprint("team-", i)),
			Keys: list(fmt.Sprint("team-", i)), Flag: fmt.Sprint("--unprotect team-", i),
		})
	}
	p.Blocks = append(p.Blocks, plan.Block{Guard: plan.GuardMaxDeletes, Message: "would delete 10 roles, maxDeletes is 3", Flag: "--allow-deletes 10"})
	p.ExitReason = plan.Blocked
	for budget, want := range map[int][]string{
		0: {"- `protect`: `role \"team-39\" is protected", "to let it through: `--allow-deletes 10`"},
		20_000: {
			"**Blocked by 41 guards: nothing of this plan will be applied.**", "to let it through: `--unprotect team-0`",
			"\n> - `maxDeletes` ×1, `protect` ×30; flags that let it through: `--unprotect team-10`, `--unprotect team-11`, `--unprotect team-12` and 28 more\n",
		},
		report.LeastBudget: {
			"\n> - `maxDeletes` ×1, `protect` ×40; flags that let it through: `--unprotect team-0`, `--unprotect team-1`, `--unprotect team-2` and 38 more\n",
			"**Guards**: blocked by 41",
		},
	} {
		page := report.Comment(p, pullRequest(), budget)
		for _, text := range want {
			if !strings.Contains(page, text) {
				t.Errorf("%d bytes: no %q in\n%s", budget, text, page[:min(len(page), 3_000)])
			}
		}
	}
}

// Outcomes find their rows by id, in whatever order; one that the plan does not know has its own.
func TestOutcomesFindTheirRows(t *testing.T) {
	p := causedPlan()
	r := resultOf(p, apply.ReasonPartial, 2)
	slices.Reverse(r.Changes)
	stray := outcome(plan.Update, "stray", apply.Unknown)
	stray.Error = "timeout"
	r.Changes = append(r.Changes, stray)
	page := report.ResultComment(p, r, report.Page{}, 0)
	for _, want := range []string{
		"| `~` `release-manager` | **failed**: `409 Conflict` | ", "| `-` `old-releaser` | not attempted | – | loses all of it | ",
		"| `~` `stray` | **unknown**: `timeout` | – | not worked out | update | nobody yet | – |\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if n := strings.Count(page, "`stray`"); n != 1 {
		t.Errorf("the stray outcome is there %d times", n)
	}
	bare := resultOf(p, apply.ReasonPartial, 2)
	bare.Changes = bare.Changes[:2]
	if page := report.ResultComment(p, bare, report.Page{}, 0); !strings.Contains(page, "` | – | **HIGH** `critical` | ") && !strings.Contains(page, "` | – | – | ") {
		t.Errorf("no dash for a change without an outcome in\n%s", page)
	}
}
