package reconcile_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// TestVerifyWhereAccessOrders has two updates that stand the other way round when access is not
// asked for, as when a saved plan is verified: it holds still, and is carried out as it was saved.
func TestVerifyWhereAccessOrders(t *testing.T) {
	ws, a, o := acme(t), empty(), options()
	ws.Tests = nil // those of acme speak of its people
	applied(t, ws, a, o)
	at := func(key string) *role.Desired {
		return &ws.Roles[slices.IndexFunc(ws.Roles, func(d role.Desired) bool { return d.Key == key })]
	}
	for key, s := range map[string]role.Statement{ // the deny bites nothing
		"auditor":   {Effect: role.Deny, Actions: []string{"updateOn"}, Resources: []string{"proj/none:env/*:flag/*"}},
		"developer": {Effect: role.Allow, Actions: []string{"updateWebhook"}, Resources: []string{"webhook/*"}},
	} {
		d := at(key)
		d.Policy = append(slices.Clone(d.Policy), s)
	}
	o.Semantics = new(policy.DefaultSemantics())
	made, err := reconcile.Plan(t.Context(), ws, a, o)
	if err != nil {
		t.Fatal(err)
	}
	saved, err := plan.Decode(plan.Encode(made))
	if err != nil {
		t.Fatal(err)
	}
	o.Semantics = nil
	fresh, err := reconcile.Plan(t.Context(), ws, a, o)
	if err != nil || saved.Changes[0].Key != "auditor" || fresh.Changes[0].Key != "developer" {
		t.Fatalf("not another order: %s, %s: %v", saved.Changes[0].ID, fresh.Changes[0].ID, err)
	}
	if err := reconcile.Verify(t.Context(), saved, ws, a, o); err != nil {
		t.Error(err)
	}
	result := reconcile.Apply(t.Context(), saved, ws, a, apply.Options{
		Parallelism: 1, Sleep: func(context.Context, time.Duration) error { return nil },
	})
	if result.ExitReason != apply.ReasonApplied || result.Changes[0].Key != "auditor" || !result.Verified {
		t.Errorf("%+v", result)
	}
}
