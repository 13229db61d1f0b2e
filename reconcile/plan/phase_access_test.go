package plan_test

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/plan"
	semantics "github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// editWeighed is edit with what the change does to access.
func editWeighed(before, after []role.Statement) *plan.Change {
	l := there("a", func(l *role.Live) { l.Policy = before })
	d := want("a", func(d *role.Desired) { d.Policy = after })
	p := plan.Make([]role.Desired{d}, []role.Live{l}, weighing())
	if len(p.Changes) == 0 {
		return nil
	}
	return &p.Changes[0]
}

// TestPhaseFollowsAccess has texts that seem to do something else than they do.
func TestPhaseFollowsAccess(t *testing.T) {
	t.Parallel()
	const (
		on    = "allow updateOn on proj/web:env/*:flag/*"
		onOff = "allow updateOn,updateRules on proj/web:env/*:flag/*"
	)
	for name, test := range map[string]struct {
		before, after []role.Statement
		text, access  plan.Phase
	}{
		"wider in other words": {
			policy(viewAll, on), policy(viewAll, "allow updateRules,updateO* on proj/w*:env/*:flag/*"),
			plan.PhaseMixed, plan.PhaseWiden,
		},
		"narrower in other words": {policy(viewAll, on), policy(viewAll, on+";beta"), plan.PhaseMixed, plan.PhaseNarrow},
		"a deny that bites nothing": {
			policy(viewAll, on), policy(viewAll, on, "deny updateOn on proj/app:env/*:flag/*"), plan.PhaseNarrow, plan.PhaseWiden,
		},
		"an allow that adds nothing and a smaller one": {
			policy(viewAll, onOff), policy(viewAll, on, "allow updateOn on proj/web:env/test:flag/*"), plan.PhaseMixed, plan.PhaseNarrow,
		},
		"an allow that goes and is not missed": {
			policy(viewAll, on, onOff), policy(viewAll, onOff), plan.PhaseNarrow, plan.PhaseWiden,
		},
		"a refactoring": {policy(viewAll, onOff), policy(viewAll, on, "allow updateRules on proj/web:env/*:flag/*"), plan.PhaseMixed, plan.PhaseWiden},
		"both":          {policy(viewAll, on), policy(viewAll, "allow updateOn on proj/app:env/*:flag/*"), plan.PhaseMixed, plan.PhaseMixed},
		"a view that others must give": {
			policy(viewAll, on), policy(onOff), plan.PhaseMixed, plan.PhaseMixed,
		},
		"undecided": {policy(viewAll), policy(viewAll, "allow updateOn on proj/:env/*:flag/*"), plan.PhaseWiden, plan.PhaseMixed},
	} {
		if got := edit(test.before, test.after).Phase; got != test.text {
			t.Errorf("%s: by its text %s, want %s", name, got, test.text)
		}
		if got := editWeighed(test.before, test.after); got.Phase != test.access {
			t.Errorf("%s: by its access %s, want %s: %+v", name, got.Phase, test.access, got.Access)
		}
	}
}

// TestPhaseOfTextAlone: a new name moves no access, and is made with the first updates.
func TestPhaseOfTextAlone(t *testing.T) {
	t.Parallel()
	d := want("a", func(d *role.Desired) { d.Name = "other" })
	p := plan.Make([]role.Desired{d}, []role.Live{there("a")}, weighing())
	if c := p.Changes[0]; c.Phase != plan.PhaseWiden || c.Access.Verdict != access.None {
		t.Errorf("%s, %s", c.Phase, c.Access.Verdict)
	}
}

// turnedAround plans two updates that access and text put in another order: by text, a narrows and b
// widens; in truth a's deny bites nothing.
func turnedAround(o plan.Options) *plan.Plan {
	return plan.Make(
		[]role.Desired{
			want("a", wantPolicy(viewAll, "deny updateOn on proj/app:env/*:flag/*")),
			want("b", wantPolicy(viewAll, "allow updateOn on proj/*:env/*:flag/*")),
		},
		[]role.Live{there("a"), there("b")}, o)
}

// TestSameWhateverTheOrder is what reconcile.Verify does: the plan made anew knows nothing of
// access.
func TestSameWhateverTheOrder(t *testing.T) {
	t.Parallel()
	saved, fresh := turnedAround(weighing()), turnedAround(lenient())
	if saved.Changes[0].Key != "a" || fresh.Changes[0].Key != "b" {
		t.Fatalf("not another order: %v, %v", outline(saved), outline(fresh))
	}
	if err := saved.Same(fresh); err != nil {
		t.Error(err)
	}
	fresh.Changes[0].AfterDigest, fresh.Changes[1].AfterDigest = fresh.Changes[1].AfterDigest, fresh.Changes[0].AfterDigest
	plan.Seal(fresh)
	var stale *plan.StaleError
	if err := saved.Same(fresh); !errors.As(err, &stale) {
		t.Errorf("digests that changed places: %v", err)
	}
}

// TestDecodeWeighed alters what a saved plan says of access and of the order that follows from it.
func TestDecodeWeighed(t *testing.T) {
	t.Parallel()
	if _, err := plan.Decode(plan.Encode(turnedAround(weighing()))); err != nil {
		t.Fatal(err)
	}
	for name, alter := range map[string]func(*plan.Change){
		"phase":             func(c *plan.Change) { c.Phase = plan.PhaseNarrow },
		"verdict":           func(c *plan.Change) { c.Access.Verdict = access.None },
		"verdict and phase": func(c *plan.Change) { c.Access.Verdict, c.Phase = access.Loses, plan.PhaseNarrow },
		"unheard of":        func(c *plan.Change) { c.Access.Verdict, c.Phase = "fine", plan.PhaseMixed },
		"lines":             func(c *plan.Change) { c.Access.Gained = []plan.AccessLine{} },
		"without access":    func(c *plan.Change) { c.Access, c.Phase = nil, plan.PhaseMixed },
	} {
		p := turnedAround(weighing())
		alter(&p.Changes[1])
		plan.Seal(p)
		var altered *plan.AlteredError
		if _, err := plan.Decode(plan.Encode(p)); !errors.As(err, &altered) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// realStatement draws a statement of LaunchDarkly's language in a world of a few requests.
func realStatement() *rapid.Generator[role.Statement] {
	list := func(words ...string) *rapid.Generator[[]string] {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(words), 1, 2, rapid.ID[string])
	}
	return rapid.Custom(func(t *rapid.T) role.Statement {
		s := role.Statement{Effect: rapid.SampledFrom([]role.Effect{role.Allow, role.Allow, role.Deny}).Draw(t, "effect")}
		actions := list("viewProject", "view*", "updateOn", "update*", "deleteFlag", "*").Draw(t, "actions")
		resources := list("proj/*", "proj/a", "proj/*:env/*:flag/*", "proj/a:env/*:flag/*;x", "proj/*:env/*;{critical:true}:flag/*",
			"proj/a:metric/*", "role/*").Draw(t, "resources")
		if s.Actions = actions; rapid.IntRange(0, 3).Draw(t, "notActions") == 0 {
			s.Actions, s.NotActions = nil, actions
		}
		if s.Resources = resources; rapid.IntRange(0, 3).Draw(t, "notResources") == 0 {
			s.Resources, s.NotResources = nil, resources
		}
		return s
	})
}

// realRequests are the requests of that world.
var realRequests = func() (list []semantics.Request) {
	for _, text := range []string{
		"viewProject,updateTags,deleteProject on proj/a", "viewProject,deleteProject on proj/b",
		"updateOn,updateTags,deleteFlag,explode on proj/a:env/e:flag/f", "updateOn,updateTags,deleteFlag on proj/a:env/e:flag/f;x",
		"updateOn,deleteFlag on proj/b:env/e;{critical:true}:flag/f", "updateOn,deleteMetric on proj/a:metric/m",
		"viewMetric on proj/b:metric/m", "updatePolicy,deleteRole on role/r", "updateOn on nothing/known",
	} {
		actions, resource, err := semantics.ParseRequest(text)
		if err != nil {
			panic(err)
		}
		for _, action := range actions {
			req, err := semantics.NewRequest(action, resource)
			if err != nil {
				panic(err)
			}
			list = append(list, req)
		}
	}
	return list
}()

// TestLawVerdictHoldsForEverybody asks the evaluator, which knows nothing of the engine, what
// somebody may do before and after an edit who holds the role and perhaps another: nobody loses
// what is said to widen, gains from what is said to narrow, or notices what is said to move nothing.
func TestLawVerdictHoldsForEverybody(t *testing.T) {
	t.Parallel()
	seen := map[access.Verdict]int{}
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.SliceOfN(realStatement(), 0, 3).Draw(t, "before")
		others := rapid.SliceOfN(realStatement(), 0, 2).Draw(t, "others")
		for range 4 {
			if c := editWeighed(before, changedPolicy(t, before)); c != nil {
				seen[c.Access.Verdict]++
				checkForHolder(t, c, others)
			}
		}
	})
	for _, v := range []access.Verdict{access.None, access.Gains, access.Loses, access.Both} {
		if seen[v] == 0 {
			t.Errorf("no change had the verdict %s: the law says nothing about it", v)
		}
	}
	t.Logf("verdicts %v", seen)
}

// changedPolicy returns another policy, or one with some statements in the place of one.
func changedPolicy(t *rapid.T, p []role.Statement) []role.Statement {
	if rapid.IntRange(0, 2).Draw(t, "another") == 0 {
		return rapid.SliceOfN(realStatement(), 1, 3).Draw(t, "other policy")
	}
	at := rapid.IntRange(0, len(p)).Draw(t, "place")
	end := min(len(p), at+rapid.IntRange(0, 1).Draw(t, "remove"))
	return slices.Replace(slices.Clone(p), at, end, rapid.SliceOfN(realStatement(), 0, 2).Draw(t, "with")...)
}

func checkForHolder(t *rapid.T, c *plan.Change, others []role.Statement) {
	was, is := holder(c.Before.Policy, others), holder(c.After.Policy, others)
	for _, req := range realRequests {
		gains, loses := !was.Allows(req) && is.Allows(req), was.Allows(req) && !is.Allows(req)
		quiet := c.Access.Verdict == access.None && (gains || loses)
		if quiet || c.Phase == plan.PhaseWiden && loses || c.Phase == plan.PhaseNarrow && gains {
			t.Fatalf("%s, verdict %s, but with %v %s: gained %t, lost %t", c.Phase, c.Access.Verdict, others, req, gains, loses)
		}
	}
}

// holder is somebody who holds two roles.
func holder(one, two []role.Statement) *semantics.Evaluator {
	return semantics.NewEvaluator([]semantics.Held{
		{Role: role.Role{BasePermissions: role.NoAccess, Policy: one}}, {Role: role.Role{BasePermissions: role.NoAccess, Policy: two}},
	}, semantics.DefaultSemantics())
}
