package policy_test

import (
	"errors"
	"fmt"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// operator turns flags on and off, save in critical environments.
var operator = role.Role{
	Key: "operator", BasePermissions: role.NoAccess,
	Policy: []role.Statement{
		{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/*"}},
		{Effect: role.Allow, Actions: []string{"update*"}, Resources: []string{"proj/${roleAttribute/projects}:env/*:flag/*"}},
		{Effect: role.Deny, Actions: []string{"*"}, Resources: []string{"proj/*:env/*;{critical:true}:flag/*"}},
	},
}

// An action that changes every environment is stopped by one of them.
func ExampleEvaluate() {
	held := []policy.Held{{Role: operator, Attributes: map[string][]string{"projects": {"web", "shop"}}, Through: "team checkout"}}
	flag := []policy.Part{{Type: "proj", Key: "web"}, {Type: "env", Key: "staging"}, {Type: "flag", Key: "pay"}}
	production := policy.Part{Type: "env", Key: "production", Properties: map[string]string{"critical": "true"}}
	for _, action := range []string{"updateOn", "updateTags"} {
		d := policy.Evaluate(held, policy.Request{
			Action: action, Resource: flag, Environments: []policy.Part{production},
		}, policy.DefaultSemantics())
		fmt.Println(d.Request, d.Allowed)
		for _, reason := range d.Deciding() {
			fmt.Println("-", reason)
		}
	}
	// Output:
	// updateOn on proj/web:env/staging:flag/pay true
	// - role "operator" (team checkout), statement 2, allows "update*" on "proj/${roleAttribute/projects}:env/*:flag/*"
	// - role "operator" (team checkout), statement 1, allows "viewProject" on "proj/*"
	// updateTags on proj/web:env/staging:flag/pay false
	// - role "operator" (team checkout), statement 3, denies "*" on "proj/*:env/*;{critical:true}:flag/*"
	// - the action changes every environment, and no role allows "updateTags on proj/web:env/production;{critical:true}:flag/pay"
}

func ExampleNearestMiss() {
	actions, resource, err := policy.ParseRequest("updateOn on proj/docs:env/staging:flag/banner")
	if err != nil {
		panic(err)
	}
	req, err := policy.NewRequest(actions[0], resource)
	if err != nil {
		panic(err)
	}
	held := []policy.Held{{Role: operator, Attributes: map[string][]string{"projects": {"web"}}}}
	near, _ := policy.NearestMiss(held, req, policy.DefaultSemantics())
	for _, fails := range near.Fails {
		fmt.Println(fails)
	}
	// Output: would match if role attribute "projects" had the value "docs"; it has "web"
}

func ExampleParseRequest() {
	_, _, err := policy.ParseRequest("updateon on proj/web:flag/pay")
	fmt.Println(err)
	var request *policy.RequestError
	if errors.As(err, &request) {
		fmt.Println("did you mean", request.Suggestion)
	}
	// Output:
	// request "updateon on proj/web:flag/pay", byte 21: type "flag" cannot stand here: it is written "proj/…:env/…:flag/…"
	// did you mean updateOn on proj/web:env/*:flag/pay
}

// Whether somebody may administer the account can hang on what notResources covers.
func ExampleParseSemantics() {
	held := []policy.Held{{Role: role.Role{Policy: []role.Statement{
		{Effect: role.Allow, Actions: []string{"*"}, NotResources: []string{"proj/*:env/*:flag/*;secret"}},
	}}}}
	for _, setting := range []string{"notResources=everyKind", "notResources=sameKind"} {
		sem, err := policy.ParseSemantics([]string{setting})
		if err != nil {
			panic(err)
		}
		req := policy.Request{Action: "updateAccountOwner", Resource: []policy.Part{{Type: "acct"}}}
		fmt.Println(setting, policy.Evaluate(held, req, sem).Allowed)
	}
	// Output:
	// notResources=everyKind true
	// notResources=sameKind false
}
