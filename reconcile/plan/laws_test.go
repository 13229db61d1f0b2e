package plan_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// world is a workspace and an account, drawn so that every rule comes up: few keys, so that they
// meet, and files as manifest lets them through.
type world struct {
	desired []role.Desired
	actual  []role.Live
	opts    plan.Options
}

var worldKeys = []string{"a", "b", "c", "d", "e", "legacy-a", "legacy-b"}

func worlds() *rapid.Generator[world] {
	return rapid.Custom(func(t *rapid.T) world {
		w := world{opts: lenient()}
		w.opts.Scope.Roles = role.Scope{
			Include: []string{"*"},
			Ignore:  rapid.SampledFrom([][]string{nil, {"legacy-*"}}).Draw(t, "ignore"),
			Prune:   rapid.Bool().Draw(t, "prune"),
		}
		w.opts.Guards = plan.Guards{MaxDeletes: rapid.IntRange(0, 3).Draw(t, "maxDeletes"), MaxDeletePercent: 20}
		for _, key := range worldKeys {
			if rapid.Bool().Draw(t, "declared") {
				w.desired = append(w.desired, worldDesired(t, key))
			}
			if rapid.Bool().Draw(t, "there") {
				w.actual = append(w.actual, worldLive(t, key))
			}
		}
		givePrevious(t, w.desired)
		return w
	})
}

func worldRole(t *rapid.T, key string) role.Role {
	return role.Role{
		Key:             key,
		Name:            rapid.SampledFrom([]string{"One", "Two <&>"}).Draw(t, "name"),
		BasePermissions: rapid.SampledFrom([]string{role.NoAccess, role.Reader}).Draw(t, "base"),
		Policy:          rapid.SliceOfN(worldStatement(), 0, 3).Draw(t, "policy"),
	}
}

func worldDesired(t *rapid.T, key string) role.Desired {
	return role.Desired{
		Role:      worldRole(t, key),
		Absent:    rapid.IntRange(0, 4).Draw(t, "absent") == 0,
		Protected: rapid.IntRange(0, 4).Draw(t, "protected") == 0,
		Source:    role.Source{File: key + ".yaml", Pos: role.Pos{Line: 1}},
	}
}

func worldLive(t *rapid.T, key string) role.Live {
	l := role.Live{Role: worldRole(t, key), ID: id(key)}
	l.ResourceCategory = rapid.SampledFrom([]string{"", "project"}).Draw(t, "category")
	l.Assigned.Members = max(0, rapid.IntRange(-3, 2).Draw(t, "members"))
	l.PresetVersion = max(0, rapid.IntRange(-4, 1).Draw(t, "preset"))
	if rapid.Bool().Draw(t, "extra") {
		l.Extra = map[string]json.RawMessage{"new": json.RawMessage(`{"x":[1,"<\u0000>"]}`)}
	}
	return l
}

// givePrevious gives old keys to some roles: each key once, and none that a file declares.
func givePrevious(t *rapid.T, desired []role.Desired) {
	for _, key := range worldKeys {
		declared := slices.ContainsFunc(desired, func(d role.Desired) bool { return d.Key == key })
		if len(desired) > 0 && !declared && rapid.Bool().Draw(t, "previously") {
			d := &desired[rapid.IntRange(0, len(desired)-1).Draw(t, "heir")]
			d.Previously = append(d.Previously, key)
		}
	}
}

func (w world) plan() *plan.Plan { return plan.Make(w.desired, w.actual, w.opts) }

// perform does what a plan says to an account.
func perform(p *plan.Plan, actual []role.Live) []role.Live {
	actual = slices.Clone(actual)
	for n, c := range p.Changes {
		i := slices.IndexFunc(actual, func(l role.Live) bool { return l.Key == c.Key })
		switch c.Action {
		case plan.Create, plan.Replace:
			actual = append(actual, role.Live{Role: *c.After, ID: fmt.Sprintf("%024x", n+1)})
		case plan.Update:
			actual[i].Role = *c.After
		case plan.Delete:
			actual = slices.Delete(actual, i, i+1)
		}
	}
	return actual
}

// TestLawConverges: plan(apply(x)) is empty, always.
func TestLawConverges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		w.actual = perform(w.plan(), w.actual)
		if p := w.plan(); len(p.Changes) != 0 {
			t.Fatalf("changes are left: %v", outline(p))
		}
	})
}

// TestLawOneAfterTheOther: a run that stops after any change is finished by the next plan, and
// what it did is not undone.
func TestLawOneAfterTheOther(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		p := w.plan()
		all := perform(p, w.actual)
		half := *p
		half.Changes = p.Changes[:rapid.IntRange(0, len(p.Changes)).Draw(t, "done")]
		w.actual = perform(&half, w.actual)
		w.actual = perform(w.plan(), w.actual)
		if diff := cmp.Diff(digests(all), digests(w.actual)); diff != "" {
			t.Fatalf("another account than in one go:\n%s", diff)
		}
	})
}

func digests(actual []role.Live) map[string]string {
	out := map[string]string{}
	for _, l := range actual {
		out[l.Key] = l.Role.Digest()
	}
	return out
}

// TestLawEqualSets: no changes where the account holds what the files say, however it is written.
func TestLawEqualSets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var desired []role.Desired
		var actual []role.Live
		for _, key := range worldKeys {
			l := worldLive(t, key)
			actual = append(actual, l)
			desired = append(desired, role.Desired{Role: rewritten(t, l.Role)})
		}
		p := plan.Make(desired, actual, pruning())
		if len(p.Changes) != 0 || p.Unchanged != len(worldKeys) || p.ExitReason != plan.NoChanges {
			t.Fatalf("not empty: %v", outline(p))
		}
	})
}

// rewritten returns r with statements and elements in another order and some repeated.
func rewritten(t *rapid.T, r role.Role) role.Role {
	r = r.Clone()
	r.Policy = reordered(t, r.Policy)
	for i := range r.Policy {
		s := r.Policy[i].Clone()
		for _, list := range []*[]string{&s.Actions, &s.NotActions, &s.Resources, &s.NotResources} {
			*list = reordered(t, *list)
		}
		r.Policy[i] = s
	}
	return r
}

func reordered[T any](t *rapid.T, list []T) []T {
	if len(list) == 0 {
		return []T{}
	}
	more := append(slices.Clone(list), rapid.SliceOfN(rapid.SampledFrom(list), 0, 2).Draw(t, "repeated")...)
	return rapid.Permutation(more).Draw(t, "order")
}

// TestLawOrder: the order of the arguments does not show, and the arguments are not changed.
func TestLawOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		was := fmt.Sprintf("%+v", w)
		one := plan.Encode(w.plan())
		if now := fmt.Sprintf("%+v", w); now != was {
			t.Fatalf("arguments changed:\n%s\n%s", was, now)
		}
		w.desired, w.actual = permuted(t, w.desired), permuted(t, w.actual)
		if diff := cmp.Diff(string(one), string(plan.Encode(w.plan()))); diff != "" {
			t.Fatalf("order shows:\n%s", diff)
		}
	})
}

func permuted[T any](t *rapid.T, list []T) []T {
	if len(list) == 0 {
		return list
	}
	return rapid.Permutation(list).Draw(t, "order")
}

// TestLawNothingIsLost: every role of the account is in exactly one place, and nobody who holds a
// role loses it.
func TestLawNothingIsLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		p := w.plan()
		places := map[string]int{}
		for _, c := range p.Changes {
			if c.Action == plan.Update || c.Action == plan.Delete {
				places[c.Key]++
			}
			if c.Action == plan.Delete && !c.Before.Assigned.None() {
				t.Fatalf("deletes %q, which is held", c.Key)
			}
		}
		for _, key := range slices.Concat(keysOf(p.Skipped), keysOf(p.Unmanaged), keysOf(p.Ignored)) {
			places[key]++
		}
		silent := 0
		for _, l := range w.actual {
			switch places[l.Key] {
			case 0:
				silent++
			case 1:
			default:
				t.Fatalf("%q stands in %d places: %v", l.Key, places[l.Key], outline(p))
			}
		}
		if silent != p.Unchanged {
			t.Fatalf("%d roles stand nowhere, %d are unchanged: %v", silent, p.Unchanged, outline(p))
		}
	})
}

// TestLawFile: a plan is the same after it was saved and read back.
func TestLawFile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := worlds().Draw(t, "world").plan()
		data := plan.Encode(p)
		back, err := plan.Decode(data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		if diff := cmp.Diff(p, back); diff != "" {
			t.Fatalf("another plan:\n%s", diff)
		}
		if err := p.Same(back); (err == nil) != (len(p.Blocks) == 0) {
			t.Fatalf("same: %v, with %d blocks", err, len(p.Blocks))
		}
	})
}

// TestLawHash: the hash tells plans apart by what they do, and by nothing else.
func TestLawHash(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		one := w.plan()
		w.opts.Tool, w.opts.GeneratedAt, w.opts.Source = "other", "other", plan.Source{Commit: "other"}
		w.opts.Guards, w.opts.Lift = plan.Guards{}, plan.Lift{}
		if two := w.plan(); one.PlanHash != two.PlanHash || one.FileDigest == two.FileDigest {
			t.Fatalf("hashes %s and %s, file digests %s and %s", one.PlanHash, two.PlanHash, one.FileDigest, two.FileDigest)
		}
		if len(one.Changes) == 0 {
			return
		}
		last := one.Changes[len(one.Changes)-1]
		for i := range w.actual {
			if last.Before != nil && w.actual[i].Key == last.Before.Key {
				w.actual[i].ID = "other"
			}
		}
		if two := w.plan(); last.Before != nil && one.PlanHash == two.PlanHash {
			t.Fatal("a role that was made again under its key is not noticed")
		}
	})
}

// TestLawEmpty: files that declare no role are blocked exactly where there is a role to manage, and
// with nothing to manage they are no changes.
func TestLawEmpty(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := worlds().Draw(t, "world")
		w.opts.Lift.AllowEmpty = rapid.IntRange(0, 3).Draw(t, "allowed") == 0
		if rapid.Bool().Draw(t, "no role declared") {
			w.desired = slices.DeleteFunc(w.desired, func(d role.Desired) bool { return !d.Absent })
		}
		declared := slices.ContainsFunc(w.desired, func(d role.Desired) bool { return !d.Absent })
		managed := slices.ContainsFunc(w.actual, func(l role.Live) bool {
			covered, _ := w.opts.Scope.Roles.Covers(l.Key)
			return covered && !l.Preset()
		})
		p := w.plan()
		blocked := slices.ContainsFunc(p.Blocks, func(b plan.Block) bool { return b.Guard == plan.GuardEmpty })
		if blocked != (!declared && managed && !w.opts.Lift.AllowEmpty) {
			t.Fatalf("empty blocks %t: declared %t, managed %t: %v", blocked, declared, managed, outline(p))
		}
		if len(w.desired)+len(w.actual) == 0 && p.ExitReason != plan.NoChanges {
			t.Fatalf("nothing on either side is %q", p.ExitReason)
		}
	})
}
