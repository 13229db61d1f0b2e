package plan_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
	"github.com/rolewright/rolewright/schema"
)

const aCommit = "0f3c9a1d5b7e2a4c6d8f0a1b3c5d7e9f1a2b3c4d"

// attributed is a rich plan with every cause.
func attributed() *plan.Plan {
	p := richPlan()
	n := -1
	p.Attribute(aCommit, "a note", func(plan.Change) (plan.Cause, bool) {
		n++
		return append(plan.Causes(), "")[n%4], n%4 == 0 && n > 0
	})
	return p
}

// TestAttribute: causes are kept in the file, and neither they nor the base make another plan.
func TestAttribute(t *testing.T) {
	t.Parallel()
	p, bare := attributed(), richPlan()
	if p.PlanHash != bare.PlanHash || p.FileDigest == bare.FileDigest {
		t.Errorf("hash %s, was %s; file digest %s, was %s", p.PlanHash, bare.PlanHash, p.FileDigest, bare.FileDigest)
	}
	back, err := plan.Decode(plan.Encode(p))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, back); diff != "" {
		t.Errorf("-before +after:\n%s", diff)
	}
	if back.Source.Base != aCommit || back.Source.BaseNote != "a note" || back.Changes[2].Cause != plan.Drift || !back.Changes[4].AlsoOnBase {
		t.Errorf("%+v, %+v", back.Source, back.Changes)
	}
	var value any
	if err := json.Unmarshal(plan.Encode(p), &value); err != nil {
		t.Fatal(err)
	}
	for _, v := range schema.Validate("plan", value) {
		t.Errorf("%s: %s", v.Pointer, v.Message)
	}
}

// TestAlteredCause: what cannot be said of a base and a cause is refused, however well it is sealed.
func TestAlteredCause(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edit func(*plan.Plan)
		want string
	}{
		"no base":      {func(p *plan.Plan) { p.Source.Base, p.Source.BaseNote = "", "" }, "no base to tell it by"},
		"only a note":  {func(p *plan.Plan) { p.Source.Base = "" }, "there is none"},
		"offline":      {func(p *plan.Plan) { p.Source = plan.Source{Offline: true} }, "there is none"},
		"short":        {func(p *plan.Plan) { p.Source.Base = aCommit[:12] }, "full hash"},
		"a branch":     {func(p *plan.Plan) { p.Source.Base = "main" }, "full hash"},
		"unknown":      {func(p *plan.Plan) { p.Changes[0].Cause = "weather" }, `"weather" is unknown`},
		"also on base": {func(p *plan.Plan) { p.Changes[2].AlsoOnBase = true }, "goes with"},
		"holders":      {func(p *plan.Plan) { p.Source.Offline = true }, `"assigned" does not follow`},
	} {
		p := attributed()
		test.edit(p)
		plan.Seal(p)
		_, err := plan.Decode(plan.Encode(p))
		if altered, ok := errors.AsType[*plan.AlteredError](err); !ok || !strings.Contains(altered.Reason, test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	long := attributed()
	long.Source.Base = strings.Repeat("a", 64)
	plan.Seal(long)
	if _, err := plan.Decode(plan.Encode(long)); err != nil {
		t.Errorf("SHA-256: %v", err)
	}
}

// TestOffline: a plan without an account says so, knows no holders, is read back, and is never
// applied.
func TestOffline(t *testing.T) {
	t.Parallel()
	desired, actual, o := rich()
	o.Source.Offline, o.Source.Base = true, aCommit
	p := plan.Make(desired, actual, o)
	for _, c := range p.Changes {
		if c.Assigned != nil || strings.Contains(c.Reason, "account") {
			t.Errorf("%s: held by %v, %q", c.ID, c.Assigned, c.Reason)
		}
	}
	for _, notes := range [][]plan.Note{p.Skipped, p.Unmanaged, p.Ignored} {
		for _, n := range notes {
			if n.Assigned != nil {
				t.Errorf("%s: held by %v", n.Key, n.Assigned)
			}
		}
	}
	for _, b := range p.Blocks {
		if strings.Contains(b.Message, "the account") {
			t.Errorf("%q", b.Message)
		}
	}
	back, err := plan.Decode(plan.Encode(p))
	if err != nil {
		t.Fatal(err)
	}
	if err := back.Appliable(); !errors.Is(err, plan.ErrOffline) || !strings.Contains(err.Error(), "not with LaunchDarkly") {
		t.Errorf("%v", err)
	}
	if err := richPlan().Same(p); err == nil {
		t.Error("it stands for a plan that was made with the account")
	}
	none := plan.Make(nil, []role.Live{there("a")}, plan.Options{Scope: everything, Source: plan.Source{Offline: true}})
	if len(none.Blocks) != 1 || !strings.Contains(none.Blocks[0].Message, "the base has 1 managed role") {
		t.Errorf("%v", none.Blocks)
	}
}

// TestLawCauseIsNoMeaning: whatever is said of causes, a plan is the same one and is read back.
func TestLawCauseIsNoMeaning(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		one, two := w.plan(), w.plan()
		two.Attribute(aCommit, rapid.String().Draw(t, "note"), func(plan.Change) (plan.Cause, bool) {
			cause := rapid.SampledFrom(append(plan.Causes(), "")).Draw(t, "cause")
			return cause, cause == plan.ThisChange && rapid.Bool().Draw(t, "also")
		})
		if one.PlanHash != two.PlanHash {
			t.Fatal("another hash")
		}
		if err := two.Same(one); (err == nil) != (len(one.Blocks) == 0) {
			t.Fatal(err)
		}
		if _, err := plan.Decode(plan.Encode(two)); err != nil {
			t.Fatal(err)
		}
	})
}
