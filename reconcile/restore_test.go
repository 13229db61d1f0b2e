package reconcile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
	"github.com/rolewright/rolewright/reconcile/role"
)

// gone is a role with everything that a role can have.
func gone() role.Live {
	return role.Live{
		Role: role.Role{
			Key: "ops", Name: "Operators", Description: "about ops", BasePermissions: role.Reader, ResourceCategory: "project",
			Policy: []role.Statement{{Effect: role.Allow, NotActions: []string{"deleteFlag"}, Resources: []string{"proj/*:env/*:flag/*"}}},
		},
		ID: "507f1f77bcf86cd799439011", Assigned: role.Assigned{Members: 2, Teams: 1},
		Extra: map[string]json.RawMessage{"z": json.RawMessage(`1`), "a": json.RawMessage(`{}`)},
	}
}

// deletion is the result of an apply that deleted roles.
func deletion(roles ...role.Live) *apply.Result {
	r := &apply.Result{FormatVersion: "1.0", Target: plan.Target{Name: "production", AccountID: "5f"}, Changes: []apply.Outcome{
		{Action: plan.Update, Kind: plan.KindRole, Key: "other", Status: apply.Applied},
		{Action: plan.Delete, Kind: plan.KindRole, Key: "failed", Status: apply.Failed},
	}}
	for _, l := range roles {
		r.Changes = append(r.Changes, apply.Outcome{ID: "delete/role/" + l.Key, Action: plan.Delete, Kind: plan.KindRole, Key: l.Key, Status: apply.Applied, Before: &l})
	}
	return r
}

func drawn(t *testing.T, r *apply.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := report.Result(&b, r, report.JSON, report.Options{}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestDecodeKept: what an apply prints keeps the whole role that it deleted.
func TestDecodeKept(t *testing.T) {
	kept, err := reconcile.DecodeKept(drawn(t, deletion(gone())), "ops")
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range kept.Extra {
		var small bytes.Buffer
		if err := json.Compact(&small, value); err != nil {
			t.Fatal(err)
		}
		kept.Extra[name] = small.Bytes()
	}
	if !reflect.DeepEqual(kept.Live, gone()) || kept.Target.AccountID != "5f" {
		t.Errorf("kept %+v", kept)
	}
}

func TestDecodeKeptRefuses(t *testing.T) {
	good := string(drawn(t, deletion(gone())))
	edited := func(edit func(*role.Live)) string {
		l := gone()
		edit(&l)
		return string(drawn(t, deletion(l)))
	}
	other := gone()
	other.Key = "dev"
	for name, test := range map[string]struct{ text, key, want string }{
		"nothing":         {"", "ops", "not the result"},
		"a role file":     {"kind: Role\n", "ops", "not the result"},
		"null":            {"null", "ops", `of format ""`},
		"a plan":          {`{"formatVersion": "1.0", "generatedAt": ""}`, "ops", "generatedAt"},
		"two values":      {good + "{}", "ops", "something follows it"},
		"another version": {strings.Replace(good, `"1.0"`, `"2.0"`, 1), "ops", `of format "2.0"`},
		"no account":      {strings.Replace(good, `"accountId": "5f"`, `"accountId": ""`, 1), "ops", "names no account"},
		"no such key":     {good, "zzz", "it keeps ops"},
		"nearly the key":  {good, "obs", `did you mean "ops"`},
		"failed delete":   {string(drawn(t, deletion())), "failed", "deleted no role"},
		"update":          {string(drawn(t, deletion())), "other", "deleted no role"},
		"several":         {string(drawn(t, deletion(gone(), other))), "zzz", "it keeps dev, ops"},
		"another key": {strings.Replace(good, `"key": "ops",
        "name"`, `"key": "dev",
        "name"`, 1), "ops", `keeps a role with the key "dev"`},
		"a path":   {strings.ReplaceAll(good, `"ops"`, `"../members"`), "../members", "keeps a role with the key"},
		"a preset": {edited(func(l *role.Live) { l.PresetVersion = 1 }), "ops", "presets"},
		"no base":  {edited(func(l *role.Live) { l.BasePermissions = "" }), "ops", "without its base permissions"},
	} {
		if kept, err := reconcile.DecodeKept([]byte(test.text), test.key); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, %v, want %q", name, kept, err, test.want)
		}
	}
}

func TestRefusal(t *testing.T) {
	kept := &reconcile.Kept{Live: gone(), Target: plan.Target{AccountID: "5f"}}
	change := func(actions ...plan.Action) *plan.Plan {
		p := &plan.Plan{Target: plan.Target{AccountID: "5f"}}
		for _, a := range actions {
			p.Changes = append(p.Changes, plan.Change{Action: a})
		}
		return p
	}
	there := change()
	there.Unchanged = 1
	elsewhere := change(plan.Create)
	elsewhere.Target.AccountID = "60"
	for name, test := range map[string]struct {
		p       *plan.Plan
		stale   bool
		blocked bool
	}{
		"create":         {change(plan.Create), false, false},
		"as it was":      {there, false, false},
		"update":         {change(plan.Update), false, true},
		"not covered":    {change(), false, true},
		"create and on":  {change(plan.Create, plan.Delete), false, true},
		"other account":  {elsewhere, true, false},
		"replaces other": {change(plan.Replace), false, true},
	} {
		err := kept.Refusal(test.p)
		var stale *plan.StaleError
		if errors.As(err, &stale) != test.stale || errors.Is(err, plan.ErrBlocked) != test.blocked || (err == nil) != (!test.stale && !test.blocked) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRemarks(t *testing.T) {
	at := role.Source{File: "roles/ops.yaml", Pos: role.Pos{Line: 3}}
	everything := role.Scope{Include: []string{"*"}}
	for want, test := range map[string]struct {
		roles []role.Desired
		scope role.Scope
	}{
		"outside of what":                          {nil, role.Scope{Include: []string{"x-*"}}},
		"roles/ops.yaml:3 says that it is to be":   {[]role.Desired{{Role: role.Role{Key: "ops"}, Absent: true, Source: at}}, everything},
		"roles/ops.yaml:3 declares it":             {[]role.Desired{{Role: role.Role{Key: "ops"}, Source: at}}, everything},
		"roles/ops.yaml:3 has it under previously": {[]role.Desired{{Role: role.Role{Key: "x"}, Previously: []string{"ops"}, Source: at}}, everything},
		"prunes: the next apply deletes it":        {nil, role.Scope{Include: []string{"*"}, Prune: true}},
		"rolewright export writes one":             {nil, everything},
	} {
		ws := &manifest.Workspace{Roles: test.roles, Config: manifest.Config{Manage: manifest.Manage{Roles: test.scope}}}
		kept := &reconcile.Kept{Live: gone()}
		got := kept.Remarks(ws)
		if len(got) != 3 || !strings.Contains(got[0], "members: 2, teams: 1") || !strings.HasSuffix(got[1], ": a, z") || !strings.Contains(got[2], want) {
			t.Errorf("%q, want %q", got, want)
		}
		kept.Extra, kept.Assigned = nil, role.Assigned{}
		if got := kept.Remarks(ws); len(got) != 2 || !strings.Contains(got[0], "no member and no team held it") {
			t.Errorf("%q", got)
		}
	}
}

// FuzzDecodeKept: whatever a result holds, what comes out of it is a role that can be planned.
func FuzzDecodeKept(f *testing.F) {
	var b bytes.Buffer
	if err := report.Result(&b, deletion(gone()), report.JSON, report.Options{}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(`{"formatVersion":"1.0","target":{"accountId":"5f"},"changes":[{"action":"delete","kind":"role","key":"a","before":{"key":"a","basePermissions":"x","policy":[{}]}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		defer fuzzing.Timed(t)()
		for _, key := range []string{"ops", "a"} {
			kept, err := reconcile.DecodeKept(data, key)
			if err != nil {
				continue
			}
			if kept.Key != key || role.CheckKey(key) != nil {
				t.Fatalf("key %q", kept.Key)
			}
			ws := kept.Only(&manifest.Workspace{})
			p := plan.Make(ws.Roles, nil, plan.Options{Target: kept.Target, Scope: reconcile.ScopeOf(ws)})
			if err := kept.Refusal(p); err != nil {
				t.Fatal(err)
			}
		}
	})
}
