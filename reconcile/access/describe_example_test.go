package access_test

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

func ExampleEngine_DescribeChange() {
	view := role.Statement{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/web"}}
	holding := func(statements ...role.Statement) access.Subject {
		return access.Subject{Held: []policy.Held{{Role: role.Role{Policy: statements}}}, Symbolic: true}
	}
	before := holding(view)
	after := holding(view,
		role.Statement{Effect: role.Allow, Actions: []string{"update*"}, Resources: []string{"proj/web:env/*:flag/*"}},
		role.Statement{Effect: role.Deny, Actions: []string{"*"}, Resources: []string{"proj/web:env/production:flag/*;pci"}})

	engine := access.New(policy.DefaultSemantics(), access.Budget{})
	gained, lost := engine.DescribeChange(before, after, engine.Compare(before, after), access.Budget{})
	for _, line := range gained.Lines {
		fmt.Println("+", line, "because of statement", line.Because[0].Statement+1)
	}
	fmt.Println(gained.Exact, len(lost.Lines))
	// Output:
	// + update* on proj/web:env/*:flag/* except proj/web:env/production:flag/*;pci because of statement 2
	// true 0
}
