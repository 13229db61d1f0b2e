package policy_test

import (
	"errors"
	"fmt"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

func ExampleParse() {
	spec, err := policy.Parse("proj/web:env/*;{critical:true}:flag/pay-*;beta")
	if err != nil {
		panic(err)
	}
	fmt.Println(spec.Kind())
	for _, seg := range spec.Segments {
		fmt.Println(seg.Type, seg.Name, seg.Selectors)
	}
	// Output:
	// proj:env:flag
	// proj web []
	// env * [{critical:true}]
	// flag pay-* [beta]
}

func ExampleSyntaxError() {
	_, err := policy.Parse("proj/web:flag/pay-*")
	var syntax *policy.SyntaxError
	if errors.As(err, &syntax) {
		fmt.Println(syntax.Message)
		fmt.Println("did you mean", syntax.Suggestion)
	}
	// Output:
	// type "flag" cannot stand here: it is written "proj/…:env/…:flag/…"
	// did you mean proj/web:env/*:flag/pay-*
}

func ExampleCheckStatement() {
	err := policy.CheckStatement(role.Statement{
		Effect: role.Allow, Actions: []string{"*"}, Resources: []string{"proj/web:*"},
	}, policy.Options{})
	fmt.Println(err)
	// Output: Error parsing resource specifier "proj/web:*"
}

func ExampleMatchAction() {
	fmt.Println(policy.MatchAction("update*", "updateTargets"), policy.MatchAction("update*", "createFlag"))
	// Output: true false
}

func ExampleCatalogue_NearestAction() {
	c := policy.DefaultCatalogue()
	fmt.Println(c.NearestType("environment"), c.NearestAction("flag", "updateTarget"))
	// Output: env updateTargets
}
