package access

import (
	"math/rand/v2"
	"testing"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// TestManyEnvironments: an action that must be allowed in every environment is gained somewhere
// exactly if it is gained in some project with one environment, so what the engine says of such
// projects holds for all. Requests in projects with up to four environments do not refute it.
func TestManyEnvironments(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 2))
	var proofs, refused, attacks, unsure int
	for seed := 0; proofs < 300/slow; seed++ {
		sem := policy.DefaultSemantics()
		if seed%2 == 1 {
			sem.EnvironmentWide = policy.PerRole
		}
		if seed%3 == 2 {
			sem.ViewFrom, sem.UnknownScope = policy.SameRole, policy.EveryEnvironment
		}
		v := newVocabulary(r, sem)
		v.kinds = []string{"proj", "proj:env:flag"}
		v.actions = []string{"createFlag", "update*", "*Flag"}
		p, q := v.subject(r), v.subject(r)
		if seed%4 > 0 {
			q = v.edited(r, p)
		}
		d := New(sem, Budget{}).Compare(p, q)
		if len(d.Undecided) > 0 {
			unsure++
			continue
		}
		gained, _ := d.Gained.Cells()
		if len(gained) > 0 {
			continue
		}
		proofs++
		before, after := policy.NewEvaluator(p.Held, sem), policy.NewEvaluator(q.Held, sem)
		for range 150 {
			attacks++
			x := v.wideRequest(r)
			if after.Evaluate(x).Allowed {
				if !before.Evaluate(x).Allowed {
					t.Fatalf("%s with %v is gained%s\nto%s", x, x.Environments, show(p), show(q))
				}
			} else {
				refused++
			}
		}
	}
	t.Logf("%d proofs that nothing is gained, %d requests, %d of them refused; %d pairs undecided", proofs, attacks, refused, unsure)
}

// wideRequest is an action that changes a flag in every environment of its project.
func (v vocabulary) wideRequest(r *rand.Rand) policy.Request {
	word := func() string { return one(r, wordsUpTo(2)) }
	env := func() policy.Part {
		return policy.Part{Type: "env", Key: word(), Tags: []string{word()}, Properties: map[string]string{"critical": one(r, []string{"true", "false"})}}
	}
	x := policy.Request{
		Action:   one(r, []string{"createFlag", "deleteFlag", "updateName", "updateTags"}),
		Resource: []policy.Part{{Type: "proj", Key: word(), Tags: []string{word()}}, env(), {Type: "flag", Key: word(), Tags: []string{word(), word()}}},
	}
	for range r.IntN(4) {
		x.Environments = append(x.Environments, env())
	}
	return x
}
