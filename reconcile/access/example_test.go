package access_test

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

func allow(actions []string, resources ...string) role.Statement {
	return role.Statement{Effect: role.Allow, Actions: actions, Resources: resources}
}

func held(statements ...role.Statement) access.Subject {
	return access.Subject{Held: []policy.Held{{Role: role.Role{Key: "developer", Policy: statements}}}}
}

func ExampleEngine_Compare() {
	view := allow([]string{"viewProject"}, "proj/*")
	before := held(view, allow([]string{"updateOn", "updateRules"}, "proj/*:env/staging:flag/*"))
	after := held(view, allow([]string{"updateOn", "updateRules"}, "proj/*:env/*;{critical:false}:flag/*"))

	engine := access.New(policy.DefaultSemantics(), access.Budget{})
	difference := engine.Compare(before, after)
	fmt.Println(difference.Verdict())
	for _, region := range []access.Region{difference.Gained, difference.Lost} {
		cells, _ := region.Cells()
		for _, cell := range cells {
			example, _ := cell.Example()
			fmt.Println(len(cell.Actions), "actions, as", example.Request)
		}
	}
	// Output:
	// both
	// 2 actions, as updateOn on proj/any-proj:env/x;{critical:false}:flag/any-flag
	// 2 actions, as updateOn on proj/any-proj:env/staging;{critical:true}:flag/any-flag
}

// The same access in other words is proved to be the same.
func ExampleEngine_Compare_rewrite() {
	before := held(allow([]string{"*"}, "proj/web", "proj/ios"))
	after := held(
		allow([]string{"*"}, "proj/ios"),
		allow([]string{"update*", "*"}, "proj/web"),
	)
	fmt.Println(access.New(policy.DefaultSemantics(), access.Budget{}).Compare(before, after).Verdict())
	// Output: none
}

// LaunchDarkly's documentation writes "all flags except those tagged tag1 or tag2" like this. By
// the algorithm that it documents, each statement allows whatever it does not list: flags that
// lack one of the tags, and the administration of the account.
func ExampleEngine_Grants() {
	except := func(tag string) role.Statement {
		return role.Statement{Effect: role.Allow, Actions: []string{"*"}, NotResources: []string{"proj/*:env/*:flag/*;" + tag}}
	}
	engine := access.New(policy.DefaultSemantics(), access.Budget{})
	granted, _ := engine.Grants(held(except("tag1"), except("tag2")))

	for _, text := range []string{"role/*", "proj/*:env/*:flag/*;tag1", "proj/*:env/*:flag/*;tag1,tag2"} {
		spec, err := policy.Parse(text)
		if err != nil {
			panic(err)
		}
		box := engine.Box(access.Box{Actions: []string{"update*"}, Specifier: spec})
		fmt.Printf("%s: all %v, some %v\n", text, box.Within(granted), !(box.And(granted).Empty() == access.Yes))
	}
	// Output:
	// role/*: all yes, some true
	// proj/*:env/*:flag/*;tag1: all no, some true
	// proj/*:env/*:flag/*;tag1,tag2: all no, some false
}
