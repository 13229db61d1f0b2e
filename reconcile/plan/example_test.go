package plan_test

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

func ExampleMake() {
	operate := role.Statement{Effect: role.Allow, Actions: []string{"updateOn"}, Resources: []string{"proj/*:env/*:flag/*"}}
	wanted := role.Role{Key: "flag-operator", Name: "Flag operator", BasePermissions: role.NoAccess, Policy: []role.Statement{operate}}
	held := wanted.Clone()
	held.Policy[0].Actions = []string{"updateOn", "updateTargets"}

	p := plan.Make(
		[]role.Desired{{Role: wanted}},
		[]role.Live{{Role: held, ID: "5f3a0e6b1c2d3e4f5a6b7c8d"}, {Role: role.Role{Key: "by-hand"}}},
		plan.Options{Scope: plan.Scope{Roles: role.Scope{Include: []string{"*"}}}},
	)
	for _, c := range p.Changes {
		fmt.Println(c.Phase, c.ID, c.Statements.Changed[0].Lists[0].Removed)
	}
	for _, n := range p.Unmanaged {
		fmt.Println("unmanaged", n.Key+":", n.Reason)
	}
	// Output:
	// narrow update/role/flag-operator [updateTargets]
	// unmanaged by-hand: no file declares it
}

func ExampleDecode() {
	p := plan.Make([]role.Desired{{Role: role.Role{Key: "qa"}}}, nil,
		plan.Options{Scope: plan.Scope{Roles: role.Scope{Include: []string{"*"}}}})
	saved := plan.Encode(p)

	back, err := plan.Decode(saved)
	fmt.Println(back.PlanHash == p.PlanHash, err)

	saved[len(saved)/2] = '!'
	_, err = plan.Decode(saved)
	fmt.Println(err != nil)
	// Output:
	// true <nil>
	// true
}
