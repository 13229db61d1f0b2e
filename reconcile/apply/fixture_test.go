package apply_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

func cutSpace(call string) (method, key string, ok bool) { return strings.Cut(call, " ") }

// sleep is the clock of synctest.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func allow(actions ...string) role.Statement {
	return role.Statement{Effect: role.Allow, Actions: actions, Resources: []string{"proj/*:env/*:flag/*"}}
}

func deny(actions ...string) role.Statement {
	return role.Statement{Effect: role.Deny, Actions: actions, Resources: []string{"proj/*:env/production:flag/*"}}
}

func makeOf(key string, policy ...role.Statement) role.Role {
	return role.Role{
		Key: key, Name: "Role " + key, Description: "about " + key,
		BasePermissions: role.NoAccess, ResourceCategory: "project", Policy: policy,
	}
}

func live(r role.Role) role.Live {
	id := fmt.Sprintf("%024x", len(r.Key)*7919+int(r.Key[0])*131+int(r.Key[len(r.Key)-1]))
	return role.Live{Role: r, ID: id, PresetVersion: 0}
}

// scene is an account and the files that it is to follow.
type scene struct {
	actual  []role.Live
	desired []role.Desired
}

func (s scene) make(actual []role.Live) *plan.Plan {
	return plan.Make(s.desired, actual, plan.Options{
		Tool:   "rolewright test",
		Target: plan.Target{Name: "test", Host: "localhost", AccountID: "5f"},
		Scope:  plan.Scope{Roles: role.Scope{Include: []string{"*"}}},
		Guards: plan.Guards{MaxDeletes: 1 << 20, MaxDeletePercent: 100},
	})
}

func (s scene) plan() *plan.Plan { return s.make(s.actual) }

func want(r role.Role) role.Desired { return role.Desired{Role: r} }

// Scenes of one change each.

func creating() scene {
	return scene{[]role.Live{live(makeOf("other"))}, []role.Desired{want(makeOf("ops", allow("updateOn")))}}
}

func updating() scene {
	return scene{
		[]role.Live{live(makeOf("ops", allow("updateOn"))), live(makeOf("other"))},
		[]role.Desired{want(makeOf("ops", allow("updateOn", "updateRules")))},
	}
}

func deleting() scene {
	return scene{
		[]role.Live{live(makeOf("ops", allow("updateOn"))), live(makeOf("other"))},
		[]role.Desired{{Role: role.Role{Key: "ops"}, Absent: true}, want(makeOf("other"))},
	}
}

func replacing() scene {
	held := live(makeOf("dev", allow("updateOn")))
	held.Assigned.Members = 3
	return scene{
		[]role.Live{held, live(makeOf("other"))},
		[]role.Desired{{Role: makeOf("ops", allow("updateOn")), Previously: []string{"dev"}}},
	}
}

// mixed has every action and every phase.
func mixed() scene {
	return scene{
		[]role.Live{
			live(makeOf("b-old", allow("updateOn"))),
			live(makeOf("c-wide", allow("updateOn"))),
			live(makeOf("d-narrow", allow("updateOn", "updateRules"))),
			live(makeOf("e-mixed", allow("updateOn"))),
			live(makeOf("f-drop", deny("deleteFlag"))),
			live(makeOf("y-same", allow("updateOn"))),
			live(makeOf("z-free", allow("updateOn"))),
		},
		[]role.Desired{
			want(makeOf("a-new", allow("createFlag"), deny("deleteFlag"))),
			{Role: makeOf("b-new", allow("updateOn")), Previously: []string{"b-old"}},
			want(makeOf("c-wide", allow("updateOn", "updateRules"))),
			want(makeOf("d-narrow", allow("updateOn"))),
			want(makeOf("e-mixed", allow("updateTargets"), deny("updateOn"))),
			{Role: role.Role{Key: "f-drop"}, Absent: true},
			want(makeOf("y-same", allow("updateOn"))),
		},
	}
}

// many creates n roles.
func many(n int) scene {
	s := scene{}
	for i := range n {
		s.desired = append(s.desired, want(makeOf(fmt.Sprintf("role-%04d", i), allow("updateOn"))))
	}
	return s
}

// play applies p to a in a bubble of virtual time and returns the result and how long it took.
func play(t *testing.T, a *account, p *plan.Plan, opts apply.Options) (res *apply.Result, took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		a.cancel = cancel
		if opts.Sleep == nil {
			opts.Sleep = sleep
		}
		if opts.Limited == nil {
			opts.Limited = a.isThrottled
		}
		begun := time.Now()
		res = apply.Run(ctx, p, a, opts)
		took = time.Since(begun)
		time.Sleep(time.Minute) // what is late arrives
		synctest.Wait()
	})
	return res, took
}

// writes lists the calls that were writes.
func (a *account) writes() []string {
	var out []string
	for _, call := range a.calls {
		if isWrite(call) {
			out = append(out, call)
		}
	}
	return out
}

func (a *account) list() []role.Live {
	var all []role.Live
	for _, r := range a.roles {
		all = append(all, r)
	}
	return all
}
