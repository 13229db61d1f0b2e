package plan_test

import (
	"slices"
	"testing"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// TestBudget weighs with ever more steps, from far too few on: whatever is said is right, or
// undecided; then no risk is left out, and the change is applied as one that could do anything.
func TestBudget(t *testing.T) {
	t.Parallel()
	seen := map[access.Verdict]int{}
	left := 0
	for name, texts := range map[string][2][]string{
		"gains": {{viewAll, "allow updateOn on proj/web:env/*:flag/*a*"}, {viewAll, "allow * on proj/*:env/*:flag/*b*;x", "allow update* on role/*"}},
		"none": {
			{viewAll, "allow updateOn,deleteFlag on proj/w*:env/*:flag/*ab*"},
			{viewAll, "allow updateOn,deleteFlag on proj/w*:env/*;{critical:true}:flag/*ab*,proj/w*:env/*;{critical:false}:flag/*ab*"},
		},
		"needs view": {{"allow updateOn on proj/web:env/*:flag/*a*"}, {"allow updateOn,deleteFlag on proj/*b:env/*:flag/*a*"}},
		"of nots":    {{viewAll}, {viewAll, "allow * on !proj/*:env/*:flag/*;x,proj/*:env/*:flag/*y*"}},
	} {
		d := want("a", wantPolicy(texts[1]...))
		l := there("a", func(l *role.Live) { l.Policy = policy(texts[0]...) })
		truth := plan.Make([]role.Desired{d}, []role.Live{l}, weighing()).Changes[0]
		if truth.Access.Verdict == access.Unsure {
			t.Fatalf("%s: nothing to compare with", name)
		}
		for steps := 1; steps < 40_000; steps += 1 + steps/3 {
			c := plan.WeighWithin(truth, d, steps)
			seen[c.Access.Verdict]++
			checkWeighed(t, name, steps, c, truth)
			if c.Access.GainedRest+c.Access.LostRest != "" {
				left++
			}
		}
	}
	if seen[access.Unsure] == 0 || seen[access.None] == 0 || seen[access.Gains] == 0 || seen[access.Both] == 0 || left == 0 {
		t.Errorf("the law says nothing about some verdicts: %v, or about lines that leave something out: %d", seen, left)
	}
}

func checkWeighed(t *testing.T, name string, steps int, c, truth plan.Change) {
	t.Helper()
	unsure, phase := c.Access.Verdict == access.Unsure, truth.Phase
	if unsure {
		phase = plan.PhaseMixed
	}
	if !unsure && c.Access.Verdict != truth.Access.Verdict || c.Phase != phase {
		t.Errorf("%s, %d steps: verdict %s, phase %s, want %s", name, steps, c.Access.Verdict, c.Phase, truth.Access.Verdict)
	}
	for _, r := range truth.Risk {
		if !slices.Contains(c.Risk, r) {
			t.Errorf("%s, %d steps: verdict %s, risks %v, want %v", name, steps, c.Access.Verdict, c.Risk, r)
		}
	}
	if !unsure && len(c.Risk) > len(truth.Risk) {
		t.Errorf("%s, %d steps: verdict %s, risks %v, want only %v", name, steps, c.Access.Verdict, c.Risk, truth.Risk)
	}
}

// TestUnchangedIsNotWeighed counts allocations, since the engine cannot be asked anything without
// many: a role that does not change costs none, whether or not another one does.
func TestUnchangedIsNotWeighed(t *testing.T) {
	const noise = 90 // of the runtime, the more with the race detector; weighing one role costs thousands
	weighingOf := func(n, edited int) float64 {
		desired, actual := account(n)
		for i := range edited {
			desired[i].Policy = desired[i].Policy[1:]
		}
		with := testing.AllocsPerRun(3, func() { plan.Make(desired, actual, weighing()) })
		return with - testing.AllocsPerRun(3, func() { plan.Make(desired, actual, lenient()) })
	}
	if few, many := weighingOf(1, 0), weighingOf(500, 0); few > noise || many > noise {
		t.Errorf("%v and %v allocations for nothing", few, many)
	}
	one, among := weighingOf(1, 1), weighingOf(500, 1)
	if one < 1000 || among > one+noise {
		t.Errorf("one change costs %v allocations, and %v among 500 roles", one, among)
	}
}

func TestAtOnce(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 63, 64, 65, 1000} {
		changes := make([]plan.Change, n)
		plan.AtOnce(changes, func(batch []plan.Change) {
			for i := range batch {
				batch[i].Key += "x"
			}
		})
		if slices.ContainsFunc(changes, func(c plan.Change) bool { return c.Key != "x" }) {
			t.Errorf("of %d changes some were left out, or met twice", n)
		}
	}
}

// TestAtOncePanics has a caller that can catch what goes wrong on another goroutine.
func TestAtOncePanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if why := recover(); why != "a bug" {
			t.Errorf("recovered %v", why)
		}
	}()
	plan.AtOnce(make([]plan.Change, 1000), func([]plan.Change) { panic("a bug") })
}

// TestWeighingIsTheSameEveryTime plans several batches on however many processors there are.
func TestWeighingIsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	desired, actual := changed(150)
	first := plan.Encode(plan.Make(desired, actual, weighing()))
	slices.Reverse(desired)
	if again := plan.Encode(plan.Make(desired, actual, weighing())); string(again) != string(first) {
		t.Error("another plan")
	}
}
