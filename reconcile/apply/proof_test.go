package apply_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// TestProof has somebody else act between the last write and the listing that proves the plan.
func TestProof(t *testing.T) {
	created := creating().desired[0].Role
	before := updating().actual[0].Role
	tests := []struct {
		name  string
		scene scene
		call  int // of the listing
		moves func(*account)
		says  string
	}{
		{"create, edited", creating(), 2, editRole("ops"), "somebody else edited it: description"},
		{"create, gone", creating(), 2, dropRole("ops"), "not visible yet, or somebody else deleted it"},
		{"create, made anew", creating(), 2, func(a *account) { dropRole("ops")(a); makeRole(created)(a) }, "made it anew"},
		{"update, edited", updating(), 3, editRole("ops"), "somebody else edited it: description"},
		{"update, taken back", updating(), 3, setRole(before), "took it back"},
		{"update, gone", updating(), 3, dropRole("ops"), "somebody else deleted it"},
		{"update, made anew", updating(), 3, remakeRole("ops"), "made it anew"},
		{"delete, made anew", deleting(), 3, makeRole(makeOf("ops")), "made it anew"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := newAccount(tt.scene.actual...)
			a.meanwhile[tt.call] = tt.moves
			p := tt.scene.plan()
			res, took := play(t, a, p, apply.Options{})
			checkResult(t, p, res)
			if res.ExitReason != apply.ReasonPartial || res.Changes[0].Status != apply.Applied || took != 8*time.Second {
				t.Errorf("%s, %s after %s", res.ExitReason, res.Changes[0].Status, took)
			}
			if !strings.Contains(res.Error, tt.says) || !strings.HasPrefix(res.Error, "every change was applied") {
				t.Errorf("error %q, want %q in it", res.Error, tt.says)
			}
		})
	}
}

// TestProofWaits has an account that shows changes late.
func TestProofWaits(t *testing.T) {
	for _, tt := range []struct {
		scene scene
		lag   time.Duration
		says  string // "" if the proof succeeds
	}{
		{creating(), 7 * time.Second, ""},
		{updating(), 7 * time.Second, ""},
		{deleting(), 7 * time.Second, ""},
		{creating(), 9 * time.Second, "not visible yet"},
		{updating(), 9 * time.Second, "its change is not visible yet"},
		{deleting(), 9 * time.Second, "its deletion is not visible yet"},
	} {
		a := newAccount(tt.scene.actual...)
		a.lag = tt.lag
		p := tt.scene.plan()
		res, _ := play(t, a, p, apply.Options{})
		checkResult(t, p, res)
		if res.Verified != (tt.says == "") || !strings.Contains(res.Error, tt.says) || len(a.writes()) != 1 {
			t.Errorf("lag %s: %s, %q after %q", tt.lag, res.ExitReason, res.Error, a.calls)
		}
	}
}

func TestProofCannotList(t *testing.T) {
	a := newAccount(creating().actual...)
	a.happens[2] = denied
	res, _ := play(t, a, creating().plan(), apply.Options{})
	if res.ExitReason != apply.ReasonPartial || res.Verified || !strings.Contains(res.Error, "could not be listed to prove it: 401") {
		t.Errorf("%s, %q", res.ExitReason, res.Error)
	}
}

// TestProofPlansAnew has a role that the plan does not touch move while the plan is applied.
func TestProofPlansAnew(t *testing.T) {
	for _, tt := range []struct {
		name   string
		looks  int // how often a new plan still finds something
		reason plan.ExitReason
		says   string
	}{
		{"nothing left", 0, apply.ReasonApplied, ""},
		{"late", 2, apply.ReasonApplied, ""},
		{"edited meanwhile", 100, apply.ReasonPartial, `role "other": not of this plan, but a new plan would change it`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			scene := creating()
			p := scene.plan()
			looked := 0
			res, _ := play(t, newAccount(scene.actual...), p, apply.Options{Left: func(live plan.Actual) []plan.Change {
				if len(live.Roles) == 0 {
					t.Error("was not given the roles of the account")
				}
				if looked++; looked <= tt.looks {
					return []plan.Change{{Kind: plan.KindRole, Key: "other"}}
				}
				return nil
			}})
			if res.ExitReason != tt.reason || res.Verified != (tt.says == "") || !strings.Contains(res.Error, tt.says) {
				t.Errorf("%s, verified %t, error %q", res.ExitReason, res.Verified, res.Error)
			}
		})
	}
}
