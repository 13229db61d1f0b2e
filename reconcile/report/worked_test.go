package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/report"
	"github.com/rolewright/rolewright/reconcile/role"
)

// The worked examples are edits of a role that do something else than they seem to, or that a
// reader could not tell without counting. Each is planned, drawn in every format and compared with
// testdata/worked (-update writes it anew); and beside what is drawn stands what must be true.

// A worked example edits the role "flag-editor".
type worked struct {
	name, about   string
	before, after []role.Statement
	verdict       access.Verdict
	risks         []string
	// says must stand in the text.
	says []string
	// facts are requests, and whether the role allowed them and allows them.
	facts []fact
}

type fact struct {
	request string
	was, is bool
}

const (
	everyFlag    = "proj/*:env/*:flag/*"
	webFlags     = "proj/web:env/*:flag/*"
	webLiveFlags = "proj/web:env/production:flag/*"
)

var viewProjects = allow(list("viewProject"), list("proj/*"))

var workedExamples = []worked{
	{
		name:   "or-of-nots",
		about:  `"all flags except those tagged tag1 or tag2", as LaunchDarkly's documentation writes it`,
		before: []role.Statement{viewProjects},
		after: []role.Statement{
			viewProjects,
			{Effect: role.Allow, Actions: list("*"), NotResources: list(everyFlag + ";tag1")},
			{Effect: role.Allow, Actions: list("*"), NotResources: list(everyFlag + ";tag2")},
		},
		verdict: access.Gains, risks: list("escalation", "account", "critical", "delete"),
		says: list("every action on every resource (account, roles, members and teams included)", everyFlag+";tag1,tag2"),
		facts: []fact{
			{"updateOn on proj/web:env/test:flag/f", false, true},
			{"updateOn on proj/web:env/test:flag/f;tag1", false, true},
			{"updateOn on proj/web:env/test:flag/f;tag1,tag2", false, false},
			{"updatePolicy on role/admin", false, true},
			{"updateAccountOwner on acct", false, true},
		},
	},
	{
		name:   "inverted-deny",
		about:  "notActions where actions was meant: only approvals should be taken away, and they are all that stays",
		before: []role.Statement{viewProjects, allow(list("*"), list(everyFlag))},
		after: []role.Statement{viewProjects, allow(list("*"), list(everyFlag)), {
			Effect: role.Deny, NotActions: list("reviewApprovalRequest", "applyApprovalRequest", "bypassRequiredApproval"),
			Resources: list("proj/*:env/*;{critical:true}:flag/*"),
		}},
		verdict: access.Loses,
		says: list("every action but applyApprovalRequest, bypassRequiredApproval, reviewApprovalRequest",
			"22 of these actions need to be allowed in every environment of a project: they will stop in the others too"),
		facts: []fact{
			{"updateOn on proj/web:env/production;{critical:true}:flag/f", true, false},
			{"bypassRequiredApproval on proj/web:env/production;{critical:true}:flag/f", true, true},
			{"updateOn on proj/web:env/test:flag/f", true, true},
		},
	},
	{
		name:    "tag-added",
		about:   "one more tag in a specifier asks for more, so it allows less",
		before:  []role.Statement{viewProjects, allow(list("updateOn"), list(webFlags+";team-a"))},
		after:   []role.Statement{viewProjects, allow(list("updateOn"), list(webFlags+";team-a,reviewed"))},
		verdict: access.Loses,
		says:    list("updateOn on " + webFlags + ";team-a except " + webFlags + ";team-a,reviewed"),
		facts: []fact{
			{"updateOn on proj/web:env/test:flag/f;team-a", true, false},
			{"updateOn on proj/web:env/test:flag/f;team-a,reviewed", true, true},
		},
	},
	{
		name:  "deny-removed",
		about: "a statement less, and more access",
		before: []role.Statement{
			viewProjects, allow(list("updateOn", "updateRules"), list(webFlags)), deny(list("updateOn"), list(webLiveFlags)),
		},
		after:   []role.Statement{viewProjects, allow(list("updateOn", "updateRules"), list(webFlags))},
		verdict: access.Gains, risks: list("critical"),
		says: list("updateOn on "+webLiveFlags, "today's statement 3, removed"),
		facts: []fact{
			{"updateOn on proj/web:env/production:flag/f", false, true},
			{"updateRules on proj/web:env/production:flag/f", true, true},
		},
	},
	{
		name:    "wildcard-narrowed",
		about:   "a pattern that becomes two names",
		before:  []role.Statement{viewProjects, allow(list("update*"), list(webFlags))},
		after:   []role.Statement{viewProjects, allow(list("updateOn", "updateTargets"), list(webFlags))},
		verdict: access.Loses,
		says:    list("update* but updateOn, updateTargets on " + webFlags),
		facts: []fact{
			{"updateOn on proj/web:env/test:flag/f", true, true},
			{"updateRules on proj/web:env/test:flag/f", true, false},
			{"updateWhateverComesNext on proj/web:env/test:flag/f", true, false},
		},
	},
	{
		name:  "refactoring",
		about: "other statements, the same access",
		before: []role.Statement{
			viewProjects, allow(list("updateOn", "updateRules"), list(webFlags)), deny(list("deleteFlag"), list(everyFlag)),
		},
		after: []role.Statement{
			viewProjects,
			allow(list("updateOn"), list("proj/web:env/*;{critical:true}:flag/*", "proj/web:env/*;{critical:false}:flag/*")),
			allow(list("updateRules"), list(webFlags, webLiveFlags)),
		},
		verdict: access.None,
		says:    list("no access change (proved)"),
		facts: []fact{
			{"updateOn on proj/web:env/production;{critical:true}:flag/f", true, true},
			{"updateRules on proj/web:env/test:flag/f", true, true},
			{"deleteFlag on proj/web:env/test:flag/f", false, false},
		},
	},
	{
		name:    "environment-wide",
		about:   "tags are the same in every environment: who may not change them in one may not change them at all",
		before:  []role.Statement{viewProjects, allow(list("updateTags", "updateOn"), list(webFlags))},
		after:   []role.Statement{viewProjects, allow(list("updateTags", "updateOn"), list(webFlags)), deny(list("updateTags"), list(webLiveFlags))},
		verdict: access.Loses,
		says: list("updateTags on "+webLiveFlags,
			"updateTags needs to be allowed in every environment of a project: it will stop in the others too"),
		facts: []fact{
			{"updateTags on proj/web:env/production:flag/f", true, false},
			{"updateOn on proj/web:env/production:flag/f", true, true},
			{"updateTags on proj/web:env/test:flag/f", true, false}, // while there is a production
		},
	},
}

// planned is the plan of the edit, with all that could differ from run to run held.
func (w worked) planned() *plan.Plan {
	edited := func(policy []role.Statement) role.Role {
		return role.Role{Key: "flag-editor", Name: "Flag editor", BasePermissions: role.NoAccess, Policy: policy}
	}
	d := role.Desired{Role: edited(w.after), Source: role.Source{File: "roles/flag-editor.yaml", Pos: role.Pos{Line: 1, Column: 1}}}
	for i := range w.after {
		d.Source.Policy = append(d.Source.Policy, role.StatementSource{Pos: role.Pos{Line: 6 + 3*i, Column: 5}})
	}
	l := role.Live{Role: edited(w.before), ID: "5f0c0ffee5f0c0ffee5f0c0f", Assigned: role.Assigned{Members: 12, Teams: 1}}
	return plan.Make([]role.Desired{d}, []role.Live{l}, plan.Options{
		Target:    plan.Target{Name: "production", Host: "app.launchdarkly.com", AccountID: "5f0", APIVersion: "20240415"},
		Scope:     plan.Scope{Roles: role.Scope{Include: list("*")}},
		Semantics: new(policy.DefaultSemantics()),
		Tool:      "rolewright 0.1.0", GeneratedAt: "2026-11-23T12:00:00Z",
	})
}

func TestWorkedExamples(t *testing.T) {
	for _, w := range workedExamples {
		t.Run(w.name, func(t *testing.T) {
			p := w.planned()
			w.check(t, p.Changes[0])
			text := workedGolden(t, p, w.name, report.Text)
			flowing := ""
			for line := range strings.Lines(text) {
				flowing += strings.Trim(line, " +-~!\n") + " "
			}
			for _, s := range w.says {
				if !strings.Contains(flowing, s) {
					t.Errorf("the text does not say %q", s)
				}
			}
			saved := workedGolden(t, p, w.name, report.JSON)
			if again, err := plan.Decode([]byte(saved)); err != nil || !cmp.Equal(again, p) {
				t.Errorf("the JSON is not the plan: %v", err)
			}
			markdown := workedGolden(t, p, w.name, report.Markdown)
			for _, code := range w.risks {
				if !strings.Contains(markdown, code) {
					t.Errorf("the Markdown does not name the risk %q", code)
				}
			}
		})
	}
}

// check holds what the plan says of access against what is known, and against the evaluator.
func (w worked) check(t *testing.T, c plan.Change) {
	t.Helper()
	var codes []string
	for _, r := range c.Risk {
		codes = append(codes, r.Code)
	}
	if c.Access.Verdict != w.verdict || !slices.Equal(codes, w.risks) {
		t.Errorf("verdict %s, risks %v, want %s, %v", c.Access.Verdict, codes, w.verdict, w.risks)
	}
	if c.Access.GainedRest+c.Access.LostRest != "" {
		t.Errorf("the lines leave out %q, %q", c.Access.GainedRest, c.Access.LostRest)
	}
	for _, f := range w.facts {
		if was, is := allows(t, w.before, f.request), allows(t, w.after, f.request); was != f.was || is != f.is {
			t.Errorf("%s: allowed before %t, after %t, want %t, %t", f.request, was, is, f.was, f.is)
		}
	}
}

// allows asks the evaluator about a request in a project that has two environments.
func allows(t *testing.T, statements []role.Statement, text string) bool {
	t.Helper()
	actions, resource, err := policy.ParseRequest(text)
	if err != nil {
		t.Fatal(err)
	}
	req, err := policy.NewRequest(actions[0], resource)
	if err != nil {
		t.Fatal(err)
	}
	if len(resource.Segments) > 1 {
		req.Environments = []policy.Part{{Type: "env", Key: "test"}, {Type: "env", Key: "production"}}
	}
	held := []policy.Held{{Role: role.Role{BasePermissions: role.NoAccess, Policy: statements}}}
	return policy.Evaluate(held, req, policy.DefaultSemantics()).Allowed
}

// workedGolden draws the plan, compares it with its golden file and returns it.
func workedGolden(t *testing.T, p *plan.Plan, name string, f report.Format) string {
	t.Helper()
	var got bytes.Buffer
	if err := report.Plan(&got, p, f, report.Options{}); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "worked", name+map[report.Format]string{report.Text: ".txt", report.JSON: ".json", report.Markdown: ".md"}[f])
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
	return got.String()
}
