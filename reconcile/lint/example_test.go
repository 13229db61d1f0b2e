package lint_test

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/lint"
	"github.com/rolewright/rolewright/reconcile/role"
)

func ExampleRun() {
	d := role.Desired{Role: role.Role{Key: "qa", Policy: []role.Statement{{
		Effect: role.Allow, Actions: []string{"updateon"}, Resources: []string{"proj/web:flag/*"},
	}}}}
	for _, f := range lint.Run([]role.Desired{d}, nil) {
		fmt.Println(f.Severity, f.Code, f.Message)
		fmt.Println(" ", f.Hint)
	}
	// Output:
	// error LD001 resource specifier "proj/web:flag/*": type "flag" cannot stand here: it is written "proj/…:env/…:flag/…"
	//   did you mean "proj/web:env/*:flag/*"?
	// error LD003 unknown action "updateon"
	//   did you mean "updateOn"?
}
