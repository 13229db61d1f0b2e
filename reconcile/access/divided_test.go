package access

import (
	"testing"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A role that is cut in two allows the same in all, and yet an action that one role has to allow in
// every environment stops.
func TestDividedAnew(t *testing.T) {
	in := func(environments ...string) policy.Held {
		r := role.Role{Key: "r", BasePermissions: role.NoAccess, Policy: []role.Statement{
			{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/p"}},
		}}
		for _, e := range environments {
			r.Policy = append(r.Policy, role.Statement{
				Effect: role.Allow, Actions: []string{"createFlag"}, Resources: []string{"proj/p:env/" + e + ":flag/*"},
			})
		}
		return policy.Held{Role: r}
	}
	whole, halves := Subject{Held: []policy.Held{in("a", "b")}}, Subject{Held: []policy.Held{in("a"), in("b")}}
	sem := policy.DefaultSemantics()
	for _, s := range [][2]Subject{{whole, halves}, {halves, whole}} {
		sem.EnvironmentWide = policy.PerRole
		if d := New(sem, Budget{}).Compare(s[0], s[1]); d.Verdict() == None {
			t.Error("under perRole it is not the same")
		}
		sem.EnvironmentWide = policy.DefaultSemantics().EnvironmentWide
		if d := New(sem, Budget{}).Compare(s[0], s[1]); d.Verdict() != None {
			t.Errorf("over the union it is the same, not %s", d.Verdict())
		}
	}
}
