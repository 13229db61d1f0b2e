package people_test

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A role gains an action. Of its two holders one had it already, through a team.
func ExampleEffects() {
	allow := func(action, resource string) role.Statement {
		return role.Statement{Effect: role.Allow, Actions: []string{action}, Resources: []string{resource}}
	}
	view, on := allow("viewProject", "proj/web"), allow("updateOn", "proj/web:env/*:flag/*")
	dev := role.Role{Key: "developer", BasePermissions: role.NoAccess, Policy: []role.Statement{view}}
	ops := role.Role{Key: "operator", BasePermissions: role.NoAccess, Policy: []role.Statement{on}}
	before := people.Account{
		Roles: []role.Live{{Role: dev}, {Role: ops}},
		Teams: []role.LiveTeam{{Team: role.Team{Key: "checkout", CustomRoles: []string{"operator"}}}},
		Members: []role.LiveMember{
			{Member: role.Member{Email: "ana@example.com", CustomRoles: []string{"developer"}}},
			{Member: role.Member{Email: "bo@example.com", CustomRoles: []string{"developer"}}, Teams: []string{"checkout"}},
		},
	}
	after := before
	dev.Policy = []role.Statement{view, on}
	after.Roles = []role.Live{{Role: dev}, {Role: ops}}

	effects, counts := people.Effects(before, after, people.Options{Semantics: policy.DefaultSemantics()})
	fmt.Printf("%d of %d holders affected\n", counts.Affected(), counts.Holders)
	for _, e := range effects {
		fmt.Println(e.Email, e.Verdict)
		for _, line := range e.Gained.Lines {
			fmt.Println("  +", line)
		}
	}
	// Output:
	// 1 of 2 holders affected
	// ana@example.com gains
	//   + updateOn on proj/web:env/*:flag/*
	// bo@example.com none
}
