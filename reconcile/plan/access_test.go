package plan_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/plan"
	semantics "github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// weighed plans one role from before to after, nil for none, and returns its one change.
func weighed(t *testing.T, before, after *role.Role) plan.Change {
	t.Helper()
	var desired []role.Desired
	var actual []role.Live
	if before != nil {
		actual = []role.Live{{Role: *before, ID: "1"}}
		desired = []role.Desired{{Role: *before, Absent: true}}
	}
	if after != nil {
		d := role.Desired{Role: *after, Source: role.Source{File: "r.yaml"}}
		for i := range after.Policy {
			d.Source.Policy = append(d.Source.Policy, role.StatementSource{Pos: role.Pos{Line: 10 * (i + 1), Column: 3}})
		}
		desired = []role.Desired{d}
	}
	p := plan.Make(desired, actual, plan.Options{
		Scope: everything, Guards: plan.Guards{MaxDeletes: 9, MaxDeletePercent: 100}, Semantics: new(semantics.DefaultSemantics()),
	})
	if len(p.Changes) != 1 {
		t.Fatalf("%d changes", len(p.Changes))
	}
	if again, err := plan.Decode(plan.Encode(p)); err != nil || !cmp.Equal(again, p) {
		t.Errorf("a plan with access does not read back: %v\n%s", err, cmp.Diff(p, again))
	}
	return p.Changes[0]
}

func roleOf(texts ...string) *role.Role {
	return &role.Role{Key: "r", Name: "R", BasePermissions: role.NoAccess, Policy: policy(texts...)}
}

// TestAccess is what plans say of the worked examples: golden files, one each.
func TestAccess(t *testing.T) {
	reader := func(r *role.Role) *role.Role {
		r.BasePermissions = role.Reader
		return r
	}
	for _, tt := range []struct {
		name          string
		before, after *role.Role
		verdict       access.Verdict
	}{
		{"or of nots", roleOf(viewAll), roleOf(viewAll,
			"allow * on !proj/*:env/*:flag/*;tag1", "allow * on !proj/*:env/*:flag/*;tag2"), access.Gains},
		{"inverted deny", roleOf(viewAll, "allow * on proj/*:env/*:flag/*"), roleOf(viewAll, "allow * on proj/*:env/*:flag/*",
			"deny !reviewApprovalRequest,applyApprovalRequest,bypassRequiredApproval on proj/*:env/*;{critical:true}:flag/*"), access.Loses},
		{"tag added", roleOf(viewAll, "allow updateOn on proj/web:env/*:flag/*"), roleOf(viewAll, "allow updateOn on proj/web:env/*:flag/*;team-a"), access.Loses},
		{
			"deny removed", roleOf(viewAll, "allow updateOn on proj/web:env/*:flag/*", "deny updateOn on proj/web:env/production:flag/*"),
			roleOf(viewAll, "allow updateOn on proj/web:env/*:flag/*"), access.Gains,
		},
		{"wildcard narrowed", roleOf(viewAll, "allow update* on proj/web:env/*:flag/*"), roleOf(viewAll, "allow updateOn on proj/web:env/*:flag/*"), access.Loses},
		{"refactoring", roleOf(viewAll, "allow updateOn,updateRules on proj/web:env/*:flag/*"), roleOf(viewAll,
			"allow updateOn on proj/web:env/*;{critical:true}:flag/*", "allow updateOn on proj/web:env/*;{critical:false}:flag/*",
			"allow updateRules on proj/web:env/*:flag/*"), access.None},
		{"moved", roleOf(viewAll, "allow updateOn on proj/a:env/*:flag/*"), roleOf(viewAll, "allow updateOn on proj/b:env/*:flag/*"), access.Both},
		{"environment-wide", roleOf(viewAll, "allow updateTags on proj/web:env/*:flag/*"), roleOf(viewAll, "allow updateTags on proj/web:env/*:flag/*",
			"deny updateTags on proj/web:env/production:flag/*"), access.Loses},
		{"without view", roleOf("allow updateOn on proj/web:env/*:flag/*"), roleOf("allow updateOn,updateRules on proj/web:env/*:flag/*"), access.Gains},
		{"created", nil, roleOf(viewAll, "allow updatePolicy on role/*"), access.Gains},
		{"deleted", roleOf(viewAll), nil, access.Loses},
		{"base permissions", roleOf(), reader(roleOf()), access.Gains},
		{"attribute", roleOf("allow viewProject on proj/${roleAttribute/p}"), roleOf(viewAll), access.Gains},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := weighed(t, tt.before, tt.after)
			if c.Access.Verdict != tt.verdict {
				t.Errorf("verdict %s, want %s", c.Access.Verdict, tt.verdict)
			}
			checkGolden(t, filepath.Join("access", strings.ReplaceAll(tt.name, " ", "-")+".txt"), drawAccess(c))
		})
	}
}

func drawAccess(c plan.Change) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", c.Access.Verdict)
	draw := func(what string, lines []plan.AccessLine, rest string) {
		for _, l := range lines {
			fmt.Fprintf(&b, "%s %s\n  e.g. %s\n", what, l.Text, l.Example)
			for _, because := range l.Because {
				fmt.Fprintf(&b, "  because %d after=%t %s\n", because.Statement, because.After, because.Source)
			}
		}
		if rest != "" {
			fmt.Fprintf(&b, "%s more: %s\n", what, rest)
		}
	}
	draw("+", c.Access.Gained, c.Access.GainedRest)
	draw("-", c.Access.Lost, c.Access.LostRest)
	for _, r := range c.Risk {
		fmt.Fprintf(&b, "%s risk: %s, %s\n", r.Level, r.Code, r.Why)
	}
	for _, why := range c.Access.Undecided {
		fmt.Fprintf(&b, "undecided: %s\n", why)
	}
	return b.String()
}

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || string(want) != got {
		t.Errorf("%s (%v): %s", file, err, cmp.Diff(string(want), got))
	}
}

// TestAccessOfPreset counts the statements that a preset adds on both sides.
func TestAccessOfPreset(t *testing.T) {
	fixed := policy("allow viewProject on proj/*")
	live := role.Live{Role: *roleOf(), ID: "1", PresetVersion: 1, PresetStatements: fixed}
	after := roleOf("allow updateOn on proj/web:env/*:flag/*")
	p := plan.Make([]role.Desired{{Role: *after}}, []role.Live{live}, plan.Options{
		Scope: everything, Semantics: new(semantics.DefaultSemantics()), Lift: plan.Lift{AllowPreset: []string{"r"}},
	})
	c := p.Changes[0]
	if c.Access.Verdict != access.Gains || len(c.Access.Gained) != 1 || c.Access.Gained[0].Text != "updateOn on proj/web:env/*:flag/*" {
		t.Errorf("%+v", c.Access)
	}
}

// TestAccessIsLeftOut has nobody ask.
func TestAccessIsLeftOut(t *testing.T) {
	p := plan.Make([]role.Desired{{Role: *roleOf(viewAll)}}, nil, plan.Options{Scope: everything})
	if c := p.Changes[0]; c.Access != nil || len(c.Risk) != 0 {
		t.Errorf("%+v, %+v", c.Access, c.Risk)
	}
}

// TestUndecidedIsSaid has an engine that cannot read a statement.
func TestUndecidedIsSaid(t *testing.T) {
	c := weighed(t, roleOf(viewAll), roleOf(viewAll, "allow updateOn on proj/:env/*:flag/*"))
	if c.Access.Verdict != access.Unsure || !slices.ContainsFunc(c.Access.Undecided, func(s string) bool { return s != "" }) {
		t.Errorf("%+v", c.Access)
	}
}

// TestNeedsView has roles that leave it to another role to let a project be viewed: what they
// allow is no less dangerous for that. Where a role sees all projects itself, nothing is said.
func TestNeedsView(t *testing.T) {
	const on, needs = "allow updateOn on proj/web:env/*:flag/*", "updateOn on proj/web:env/*:flag/* (needs viewProject from another role)"
	reader := roleOf()
	reader.BasePermissions = role.Reader
	readerOn := roleOf(on)
	readerOn.BasePermissions = role.Reader
	for name, test := range map[string]struct {
		before, after *role.Role
		want          string
		needsView     bool
	}{
		"no view":               {roleOf("allow createTeam on team/*"), roleOf("allow createTeam on team/*", on), needs, true},
		"created":               {nil, roleOf(on), needs, true},
		"deleted":               {roleOf(on), nil, needs, true},
		"view of another":       {roleOf("allow viewProject on proj/app"), roleOf("allow viewProject on proj/app", on), needs, true},
		"view denied":           {roleOf(viewAll, "deny viewProject on proj/web"), roleOf(viewAll, "deny viewProject on proj/web", on), needs, true},
		"view denied by not":    {roleOf(viewAll, "deny * on !proj/app"), roleOf(viewAll, "deny * on !proj/app,proj/*:env/*:flag/*", on), needs, true},
		"view for all but some": {roleOf("allow viewProject on !proj/web"), roleOf("allow viewProject on !proj/web", on), needs, true},
		"view in a word":        {roleOf("allow view* on proj/*"), roleOf("allow view* on proj/*", on), "updateOn on proj/web:env/*:flag/*", false},
		"view of this":          {roleOf("allow * on proj/web"), roleOf("allow * on proj/web", on), "updateOn on proj/web:env/*:flag/*", false},
		"reader":                {reader, readerOn, "updateOn on proj/web:env/*:flag/*", false},
		"deny below":            {roleOf(viewAll, "deny * on proj/*:env/x:flag/*"), roleOf(viewAll, "deny * on proj/*:env/x:flag/*", on), "updateOn on proj/web:env/*:flag/* except proj/*:env/x:flag/*", false},
	} {
		c := weighed(t, test.before, test.after)
		lines := append(c.Access.Gained, c.Access.Lost...)
		if len(lines) != 1 || lines[0].Text != test.want || lines[0].NeedsView != test.needsView {
			t.Errorf("%s: %s %+v, want %q", name, c.Access.Verdict, lines, test.want)
		}
		if test.after != nil && !slices.ContainsFunc(c.Risk, func(r plan.Risk) bool { return r.Code == "critical" }) {
			t.Errorf("%s: %+v", name, c.Risk)
		}
	}
}
