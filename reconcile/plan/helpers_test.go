package plan_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

var update = flag.Bool("update", false, "write golden files")

// everything is the scope that takes in every role.
var everything = plan.Scope{Roles: role.Scope{Include: []string{"*"}}}

// lenient are options under which no guard speaks up.
func lenient() plan.Options {
	return plan.Options{
		Target:      plan.Target{Name: "local", Host: "127.0.0.1", AccountID: "5f0", APIVersion: "20240415"},
		Source:      plan.Source{ConfigDigest: "sha256:00"},
		Scope:       everything,
		Guards:      plan.Guards{MaxDeletes: 1000, MaxDeletePercent: 100},
		Tool:        "rolewright 0.0.0",
		GeneratedAt: "2026-03-01T12:00:00Z",
		Lift:        plan.Lift{AllowEmpty: true},
	}
}

func pruning() plan.Options {
	o := lenient()
	o.Scope.Roles.Prune = true
	return o
}

// statement reads "allow a,b on r,s" and "deny !a on !r", where "!" stands for notActions and
// notResources.
func statement(text string) role.Statement {
	words := strings.Fields(text)
	s := role.Statement{Effect: role.Effect(words[0])}
	s.Actions, s.NotActions = lists(words[1])
	s.Resources, s.NotResources = lists(words[3])
	return s
}

func lists(text string) (plain, not []string) {
	if rest, found := strings.CutPrefix(text, "!"); found {
		return nil, strings.Split(rest, ",")
	}
	return strings.Split(text, ","), nil
}

func policy(texts ...string) []role.Statement {
	out := []role.Statement{}
	for _, text := range texts {
		out = append(out, statement(text))
	}
	return out
}

const viewAll = "allow viewProject on proj/*"

// body returns a role with that key and policy; without one it may view projects.
func body(key string, texts ...string) role.Role {
	if len(texts) == 0 {
		texts = []string{viewAll}
	}
	return role.Role{Key: key, Name: "Role " + key, BasePermissions: role.NoAccess, Policy: policy(texts...)}
}

// want returns a role of the files, with edits.
func want(key string, edits ...func(*role.Desired)) role.Desired {
	d := role.Desired{Role: body(key), Source: role.Source{File: "roles/" + key + ".yaml", Pos: role.Pos{Line: 2, Column: 1}}}
	for _, edit := range edits {
		edit(&d)
	}
	return d
}

// there returns a role of the account, with edits.
func there(key string, edits ...func(*role.Live)) role.Live {
	l := role.Live{Role: body(key), ID: id(key)}
	for _, edit := range edits {
		edit(&l)
	}
	return l
}

func id(key string) string { return fmt.Sprintf("%024x", key)[:24] }

func absent(d *role.Desired)    { d.Absent = true }
func protected(d *role.Desired) { d.Protected = true }

func previously(keys ...string) func(*role.Desired) {
	return func(d *role.Desired) { d.Previously = keys }
}

func wantPolicy(texts ...string) func(*role.Desired) {
	return func(d *role.Desired) { d.Policy = policy(texts...) }
}

func held(members, teams int) func(*role.Live) {
	return func(l *role.Live) { l.Assigned = role.Assigned{Members: members, Teams: teams} }
}

func preset(l *role.Live) { l.PresetVersion = 3 }

// many returns n roles of the account: role-000, role-001, …
func many(n int) []role.Live {
	var out []role.Live
	for i := range n {
		out = append(out, there(fmt.Sprintf("role-%03d", i)))
	}
	return out
}

// outline tells a plan in one line per thing, for tables.
func outline(p *plan.Plan) []string {
	var out []string
	for _, c := range p.Changes {
		line := fmt.Sprintf("%s %s %s", c.Phase, c.Action, c.Key)
		if c.Replaces != "" {
			line += " for " + c.Replaces
		}
		out = append(out, line+": "+c.Reason)
	}
	for _, group := range []struct {
		name  string
		notes []plan.Note
	}{{"skipped", p.Skipped}, {"unmanaged", p.Unmanaged}, {"ignored", p.Ignored}} {
		for _, n := range group.notes {
			line := fmt.Sprintf("%s %s: %s", group.name, n.Key, n.Reason)
			if n.Hint != "" {
				line += "; " + n.Hint
			}
			out = append(out, line)
		}
	}
	for _, b := range p.Blocks {
		out = append(out, fmt.Sprintf("block %s: %s %v %s", b.Guard, b.Message, b.Keys, b.Flag))
	}
	if p.Unchanged > 0 {
		out = append(out, fmt.Sprintf("unchanged %d", p.Unchanged))
	}
	return out
}

// golden compares got with a file of testdata/golden, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// rich is a plan with everything in it, and what it is made from.
func rich() ([]role.Desired, []role.Live, plan.Options) {
	desired := []role.Desired{
		want("creator"),
		want("renamed", previously("old-name"), wantPolicy(viewAll, "allow updateOn on proj/*:env/*:flag/*")),
		want("renamed-held", previously("old-held")),
		want("edited", func(d *role.Desired) {
			d.Name, d.Description, d.BasePermissions = "Édité <&>", "line one\nline two", role.Reader
			d.Policy = policy(
				"deny deleteFlag on proj/*:env/*:flag/*",
				"allow updateTargets,updateOn,updateRules on proj/*:env/*;{critical:false}:flag/*",
				"allow createFlag on proj/web:env/*:flag/*",
				viewAll,
			)
		}),
		want("narrowed", wantPolicy(viewAll, "deny updateOn on proj/*:env/production:flag/*")),
		want("fixed-category", func(d *role.Desired) { d.ResourceCategory = "any" }),
		want("guarded", protected, wantPolicy(viewAll, "allow createFlag on proj/*:env/*:flag/*")),
		want("launchdarkly-developer", wantPolicy(viewAll, "allow createFlag on proj/*:env/*:flag/*")),
		want("gone", absent), want("gone-held", absent), want("gone-already", absent),
		want("same"), want("legacy-declared"),
	}
	actual := []role.Live{
		there("old-name", func(l *role.Live) {
			l.Extra = map[string]json.RawMessage{"newField": json.RawMessage(`{"a":[1,2.50,"<"]}`)}
		}),
		there("old-held", held(4, 3)),
		there("edited", held(12, 3), func(l *role.Live) {
			l.Policy = policy(
				viewAll,
				"allow updateOn,updateTargets on proj/*:env/*;{critical:false}:flag/*",
				"deny !viewProject on !proj/*",
			)
		}),
		there("narrowed"), there("guarded"), there("same"), there("gone"), there("gone-held", held(1, 0)),
		there("fixed-category", func(l *role.Live) { l.ResourceCategory = "project" }),
		there("launchdarkly-developer", preset, func(l *role.Live) { l.PresetStatements = policy("allow * on proj/*") }),
		there("launchdarkly-viewer", preset),
		there("507f1f77bcf86cd799439011"),
		there("legacy-a"), there("pruned-a"), there("pruned-b"), there("pruned-held", held(0, 1)),
	}
	o := lenient()
	o.Target.Name, o.Target.Host = "production", "app.launchdarkly.com"
	o.Source.Commit = "0123abc"
	o.Scope.Roles = role.Scope{Include: []string{"*"}, Ignore: []string{"legacy-*"}, Prune: true}
	o.Guards = plan.Guards{MaxDeletes: 3, MaxDeletePercent: 20, Protect: []string{"pruned-b*"}}
	o.Lift = plan.Lift{AllowDeletes: 2}
	return desired, actual, o
}

func richPlan() *plan.Plan { return plan.Make(rich()) }

func keysOf(notes []plan.Note) []string {
	var keys []string
	for _, n := range notes {
		keys = append(keys, n.Key)
	}
	slices.Sort(keys)
	return keys
}
