package plan_test

import (
	"fmt"
	"testing"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// account returns n roles of five statements, as files and as an account.
func account(n int) ([]role.Desired, []role.Live) {
	desired, actual := make([]role.Desired, n), make([]role.Live, n)
	for i := range n {
		key := fmt.Sprintf("role-%05d", i)
		r := body(key, viewAll,
			"allow createFlag,updateOn,updateTargets on proj/web:env/*:flag/*,proj/app:env/*:flag/*",
			"allow updateRules on proj/*:env/*;{critical:false}:flag/*",
			"deny deleteFlag,updateOff on proj/*:env/production:flag/*",
			"allow !deleteMetric on proj/web:metric/*")
		desired[i] = role.Desired{Role: r, Source: role.Source{File: "roles/" + key + ".yaml"}}
		actual[i] = role.Live{Role: r.Clone(), ID: id(key)}
	}
	return desired, actual
}

func BenchmarkMakeUnchanged(b *testing.B) {
	desired, actual := account(10_000)
	b.ReportAllocs()
	for b.Loop() {
		if p := plan.Make(desired, actual, lenient()); p.Unchanged != 10_000 {
			b.Fatal(outline(p))
		}
	}
}

func BenchmarkMakeEdited(b *testing.B) {
	desired, actual := account(1_000)
	for i := range desired {
		desired[i].Policy[1].Actions = append(desired[i].Policy[1].Actions, "updateRules")
	}
	b.ReportAllocs()
	for b.Loop() {
		if p := plan.Make(desired, actual, lenient()); p.Summary.Update != 1_000 {
			b.Fatal(outline(p))
		}
	}
}

// BenchmarkWorstPair is a role of 1,000 statements that were all edited.
func BenchmarkWorstPair(b *testing.B) {
	d, l := want("big"), there("big")
	d.Policy, l.Policy = nil, nil
	for i := range 1_000 {
		l.Policy = append(l.Policy, statement(fmt.Sprintf("allow a,b,c,d,e%d on proj/*:env/*:flag/*", i)))
		d.Policy = append(d.Policy, statement(fmt.Sprintf("allow a,b,c,d,f%d on proj/*:env/*:flag/*", i)))
	}
	for b.Loop() {
		p := plan.Make([]role.Desired{d}, []role.Live{l}, lenient())
		if len(p.Changes[0].Statements.Changed) != 1_000 {
			b.Fatal("not all were paired")
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	desired, _ := account(1_000)
	data := plan.Encode(plan.Make(desired, nil, lenient()))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := plan.Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
