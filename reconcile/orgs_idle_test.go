package reconcile_test

import (
	"flag"
	"testing"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/plan"
)

var (
	idleToTry = flag.Int("idle", 200, "random organisations to apply, and then to apply again")
	firstIdle = flag.Uint64("first", 0, "the first of them, so that a long run can be cut in parts")
)

// TestIdempotence applies random files to random accounts, under every switch of the emulator that makes
// an account answer with other words than it was told. Then a new plan is empty, and the plan that was
// applied writes nothing more, whether anybody made a new one or not.
func TestIdempotence(t *testing.T) {
	n := *idleToTry
	if testing.Short() {
		n = (n + 2) / 3
	}
	seen, left, wrote := map[string]int{}, 0, 0
	start := 2_000_000 + *firstIdle
	for seed := start; seed < start+uint64(n); seed++ {
		more, again := drawOrg(t, seed).idle(t, seen)
		left, wrote = left+more, wrote+again
		if t.Failed() {
			t.Fatalf("organisation %d", seed)
		}
	}
	t.Logf("figure: idempotence: %d accounts, %d changes left, %d writes of the same plan again; from account %d on", n, left, wrote, *firstIdle)
	t.Log(seen)
	if n >= 200 && (seen["applied"] < n/2 || seen["Normalise"] == 0 || seen["plain"] == 0 || seen["again: stale"] == 0) {
		t.Errorf("the draws are too poor: %v", seen)
	}
}

// idle applies the plan of an organisation twice, and returns how many changes a new plan has in between,
// and how often the second time has written.
func (o *org) idle(t *testing.T, seen map[string]int) (left, wrote int) {
	ws, options := o.workspace(t), orgOptions()
	options.Semantics = nil
	account := o.connect(t, emulator.Transport(o.emu), false)
	p := o.plan(t, ws, account, options)
	if len(p.Blocks) > 0 {
		seen["blocked"]++
		return 0, 0
	}
	res := reconcile.Apply(t.Context(), p, ws, account, orgApply(o.seed))
	if res.ExitReason != apply.ReasonApplied && res.ExitReason != plan.NoChanges {
		t.Errorf("%s: %s %s\n%+v", res.ExitReason, res.Error, res.Hint, res.Changes)
		return 0, 0
	}
	seen[string(res.ExitReason)]++
	o.countSwitches(seen)
	next := o.plan(t, ws, account, options)
	if left = len(next.Changes); left > 0 {
		t.Errorf("%d changes are left, the first: %+v", left, next.Changes[0])
	}
	writes := o.emu.Writes()
	again := reconcile.Apply(t.Context(), p, ws, account, orgApply(o.seed))
	if wrote = o.emu.Writes() - writes; wrote > 0 {
		t.Errorf("applied again, it has written %d times: %+v", wrote, again.Changes)
	}
	if again.ExitReason != apply.ReasonStale && again.ExitReason != plan.NoChanges {
		t.Errorf("applied again: %s: %s", again.ExitReason, again.Error)
	}
	seen["again: "+string(again.ExitReason)]++
	return left, wrote
}

// countSwitches counts how the account was switched.
func (o *org) countSwitches(seen map[string]int) {
	b, plain := o.behaviour, true
	for name, on := range map[string]bool{
		"Normalise": b.Normalise, "OmitBasePermissions": b.OmitBasePermissions, "OmitDescription": b.OmitDescription, "OmitVersions": b.OmitVersions,
		"MemberRoleForm": b.MemberRoleForm == "keys", "MemberRoles": b.MemberRoles == "expanded", "AttributeOrder": b.AttributeOrder != "sent",
	} {
		if on {
			seen[name]++
			plain = plain && name != "Normalise"
		}
	}
	if plain {
		seen["plain"]++
	}
}
