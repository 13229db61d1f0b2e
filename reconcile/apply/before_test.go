package apply_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// extend gives a role a field that this version does not know.
func extend(key string) func(*account) {
	return func(a *account) {
		r := a.roles[key]
		r.Extra = map[string]json.RawMessage{"color": json.RawMessage(`"red"`)}
		a.put(key, &r)
	}
}

// TestStale has the account move between plan and apply: nothing is written, and the result says
// how each role moved.
func TestStale(t *testing.T) {
	wanted := updating().desired[0].Role
	tests := []struct {
		name  string
		scene scene
		moves func(*account)
		says  string
	}{
		{"create, made by another", creating(), makeRole(makeOf("ops")), "somebody else made it"},
		{"create, applied before", creating(), makeRole(creating().desired[0].Role), "applied before"},
		{"update, edited", updating(), editRole("ops"), "edited it since the plan was made: description"},
		{"update, something unknown edited", updating(), extend("ops"), "fields that rolewright does not manage"},
		{"update, gone", updating(), dropRole("ops"), "somebody else deleted it"},
		{"update, made anew", updating(), remakeRole("ops"), "made it anew"},
		{"update, applied before", updating(), setRole(wanted), "already as the plan wants it"},
		{"delete, edited", deleting(), editRole("ops"), "description"},
		{"delete, gone", deleting(), dropRole("ops"), "already gone: the plan was applied before"},
		{"delete, made anew", deleting(), remakeRole("ops"), "made it anew"},
		{"delete, held", deleting(), holdRole("ops"), "held by 2 members and 1 team now"},
		{"replace, made by another", replacing(), makeRole(makeOf("ops")), "somebody else made it"},
		{"replace, applied before", replacing(), makeRole(makeOf("ops", allow("updateOn"))), "applied before"},
		{"replace, old edited", replacing(), editRole("dev"), `it takes the place of "dev": somebody else edited it`},
		{"replace, old gone", replacing(), dropRole("dev"), `it takes the place of "dev": somebody else deleted it`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAccount(tt.scene.actual...)
			p := tt.scene.plan()
			tt.moves(a)
			res, _ := play(t, a, p, apply.Options{})
			checkResult(t, p, res)
			if res.ExitReason != apply.ReasonStale || len(a.calls) != 1 || res.Summary.NotAttempted != len(p.Changes) {
				t.Errorf("%s, %+v after %q", res.ExitReason, res.Summary, a.calls)
			}
			if !strings.Contains(res.Error, tt.says) || !strings.Contains(res.Changes[0].Error, tt.says) {
				t.Errorf("says %q and %q, want %q", res.Error, res.Changes[0].Error, tt.says)
			}
			if !strings.Contains(res.Hint, "nothing was written") {
				t.Errorf("hint %q", res.Hint)
			}
		})
	}
}

// TestNotStale has the account move where the plan does not look.
func TestNotStale(t *testing.T) {
	for name, move := range map[string]func(*account){
		"another role is edited":    editRole("other"),
		"another role is deleted":   dropRole("other"),
		"a role is made":            makeRole(makeOf("third")),
		"the updated role is given": holdRole("ops"),
	} {
		a := newAccount(updating().actual...)
		move(a)
		if res, _ := play(t, a, updating().plan(), apply.Options{}); res.ExitReason != apply.ReasonApplied {
			t.Errorf("%s: %s, %s", name, res.ExitReason, res.Error)
		}
	}
}

// TestAppliedTwice applies one plan twice: the second time nothing is written.
func TestAppliedTwice(t *testing.T) {
	s := mixed()
	a := newAccount(s.actual...)
	p := s.plan()
	play(t, a, p, apply.Options{})
	n := len(a.writes())
	res, _ := play(t, a, p, apply.Options{})
	if res.ExitReason != apply.ReasonStale || len(a.writes()) != n || strings.Count(res.Error, "applied before") != len(p.Changes) {
		t.Errorf("%s after %d writes: %s", res.ExitReason, len(a.writes())-n, res.Error)
	}
}

func TestStaleNamesTenRolesAndCountsTheRest(t *testing.T) {
	a := newAccount()
	p := many(25).plan()
	play(t, a, p, apply.Options{})
	res, _ := play(t, a, p, apply.Options{})
	if strings.Count(res.Error, "role \"") != 10 || !strings.HasSuffix(res.Error, "; and 15 more") {
		t.Errorf("error %q", res.Error)
	}
	if i := slices.IndexFunc(res.Changes, func(o apply.Outcome) bool { return o.Error == "" }); i >= 0 {
		t.Errorf("outcome %d does not say how its role moved", i)
	}
}

func TestListFails(t *testing.T) {
	for what, reason := range map[trouble]plan.ExitReason{
		denied: apply.ReasonAuth, limited: apply.ReasonFailed, oddAfter: apply.ReasonFailed,
	} {
		a := newAccount()
		a.happens[0] = what
		res, _ := play(t, a, creating().plan(), apply.Options{})
		if res.ExitReason != reason || !strings.HasPrefix(res.Error, "list roles: ") || len(a.calls) != 1 {
			t.Errorf("%s, %q after %q", res.ExitReason, res.Error, a.calls)
		}
	}
}

// TestRefusedPlans gives Run plans that must not be applied: no request is made.
func TestRefusedPlans(t *testing.T) {
	first := func(edit func(*plan.Change)) func(*plan.Plan) {
		return func(p *plan.Plan) { edit(&p.Changes[0]) }
	}
	tests := []struct {
		name   string
		scene  scene
		spoil  func(*plan.Plan)
		reason plan.ExitReason
		says   string
		hint   string
	}{
		{"incomplete", mixed(), func(p *plan.Plan) { p.Complete = false }, apply.ReasonFailed, "incomplete", "make the plan again"},
		{"empty value", scene{}, func(p *plan.Plan) { *p = plan.Plan{} }, apply.ReasonFailed, "incomplete", "make the plan again"},
		{"blocked", mixed(), func(p *plan.Plan) {
			p.Blocks = []plan.Block{{Message: "would delete 5 roles, maxDeletes is 3", Flag: "--allow-deletes 5"}}
		}, plan.Blocked, "would delete 5 roles", "--allow-deletes 5 lets it through"},
		{"blocked without a flag", mixed(), func(p *plan.Plan) {
			p.Blocks = []plan.Block{{Message: "cannot be changed", Hint: "make a new role"}}
		}, plan.Blocked, "cannot be changed", "make a new role"},
		{"miscounted", mixed(), func(p *plan.Plan) { p.Summary.Update++ }, apply.ReasonFailed, "counts 8 changes and holds 7", ""},
		{"emptied", mixed(), func(p *plan.Plan) { p.Changes = nil }, apply.ReasonFailed, "counts 7 changes and holds 0", ""},
		{"twice", mixed(), func(p *plan.Plan) { p.Changes[1] = p.Changes[0] }, apply.ReasonFailed, `changes the role "a-new" twice`, ""},
		{"unknown action", mixed(), first(func(c *plan.Change) { c.Action = "rename" }), apply.ReasonFailed, `action "rename"`, ""},
		{"unknown kind", mixed(), first(func(c *plan.Change) { c.Kind = "token" }), apply.ReasonFailed, `kind "token"`, ""},
		{"unknown phase", mixed(), first(func(c *plan.Change) { c.Phase = "later" }), apply.ReasonFailed, `phase "later"`, ""},
		{"key not for a URL", creating(), first(func(c *plan.Change) { c.Key, c.After.Key = "../x", "../x" }), apply.ReasonFailed, `"../x"`, ""},
		{"nothing wanted", creating(), first(func(c *plan.Change) { c.After = nil }), apply.ReasonFailed, "wanted role is missing", ""},
		{"other role wanted", creating(), first(func(c *plan.Change) { c.After.Key = "x" }), apply.ReasonFailed, "has another key", ""},
		{"nothing before", deleting(), first(func(c *plan.Change) { c.Before = nil }), apply.ReasonFailed, "as it was is missing", ""},
		{"other role before", updating(), first(func(c *plan.Change) { c.Before.Key = "x" }), apply.ReasonFailed, "has another key", ""},
		{"no digest before", updating(), first(func(c *plan.Change) { c.BeforeDigest = "" }), apply.ReasonFailed, "as it was is missing", ""},
		{"other role replaced", replacing(), first(func(c *plan.Change) { c.Replaces = "x" }), apply.ReasonFailed, "has another key", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAccount(tt.scene.actual...)
			p := tt.scene.plan()
			tt.spoil(p)
			res, _ := play(t, a, p, apply.Options{})
			checkResult(t, p, res)
			if res.ExitReason != tt.reason || len(a.calls) != 0 || res.Complete {
				t.Errorf("%s after %q", res.ExitReason, a.calls)
			}
			if !strings.Contains(res.Error, tt.says) || !strings.Contains(res.Hint, tt.hint) {
				t.Errorf("says %q, hint %q", res.Error, res.Hint)
			}
		})
	}
}

func TestEmptyPlan(t *testing.T) {
	a := newAccount()
	p := scene{}.plan()
	p.Blocks = nil
	res, _ := play(t, a, p, apply.Options{})
	if res.ExitReason != plan.NoChanges || !res.Complete || res.Verified || len(a.calls) != 0 || res.Changes == nil {
		t.Errorf("%+v after %q", res, a.calls)
	}
}

func TestResultNamesItsPlan(t *testing.T) {
	p := creating().plan()
	res, _ := play(t, newAccount(creating().actual...), p, apply.Options{})
	if res.Target != p.Target || res.PlanHash != p.PlanHash || res.Tool != p.Tool || res.FormatVersion != apply.FormatVersion {
		t.Errorf("%+v", res)
	}
	res, _ = play(t, newAccount(creating().actual...), p, apply.Options{Tool: "rolewright 9"})
	if res.Tool != "rolewright 9" {
		t.Errorf("tool %q", res.Tool)
	}
}

func TestDeletedRoleIsKept(t *testing.T) {
	a := newAccount(deleting().actual...)
	res, _ := play(t, a, deleting().plan(), apply.Options{})
	if before := res.Changes[0].Before; before == nil || !role.Equal(before.Role, deleting().actual[0].Role) {
		t.Errorf("kept %+v", before)
	}
	a = newAccount(deleting().actual...)
	a.happens[2] = refused
	res, _ = play(t, a, deleting().plan(), apply.Options{})
	if res.Changes[0].Before != nil {
		t.Error("a role that was not deleted is said to be")
	}
}

func TestComment(t *testing.T) {
	for _, tt := range []struct{ given, want string }{
		{"plan 5f by ana", "plan 5f by ana"},
		{strings.Repeat("ä", 500), strings.Repeat("ä", 500)},
		{strings.Repeat("ä", 501), strings.Repeat("ä", 499) + "…"},
	} {
		a := newAccount(updating().actual...)
		play(t, a, updating().plan(), apply.Options{Comment: tt.given})
		if !slices.Equal(a.comments, []string{tt.want}) {
			t.Errorf("comments %q, want %q", a.comments, tt.want)
		}
	}
}

func TestSleepIsRequired(t *testing.T) {
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "Sleep is required") {
			t.Errorf("recovered %q", text)
		}
	}()
	apply.Run(context.Background(), creating().plan(), newAccount(), apply.Options{})
}

func TestDefaults(t *testing.T) {
	a := newAccount()
	a.delay = time.Second
	synctest.Test(t, func(t *testing.T) {
		apply.Run(t.Context(), many(20).plan(), a, apply.Options{Sleep: sleep})
	})
	if a.most != 4 {
		t.Errorf("%d requests at once, want 4", a.most)
	}
}

// TestCategoryLeftToTheAccount creates a role that says nothing about its category.
func TestCategoryLeftToTheAccount(t *testing.T) {
	r := makeOf("ops", allow("updateOn"))
	r.ResourceCategory = ""
	s := scene{nil, []role.Desired{want(r)}}
	a := newAccount()
	a.category = "any"
	res, _ := play(t, a, s.plan(), apply.Options{})
	if res.ExitReason != apply.ReasonApplied || len(s.make(a.list()).Changes) != 0 {
		t.Errorf("%s: %s", res.ExitReason, res.Error)
	}
}
