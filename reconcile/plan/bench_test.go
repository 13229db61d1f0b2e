package plan_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/rolewright/rolewright/reconcile/plan"
	semantics "github.com/rolewright/rolewright/reconcile/policy"
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

// weighing are the options of a plan that says what each change does to access.
func weighing() plan.Options {
	o := lenient()
	o.Semantics = new(semantics.DefaultSemantics())
	return o
}

// changed returns n roles of twenty statements, each edited in two of them.
func changed(n int) ([]role.Desired, []role.Live) {
	desired, actual := make([]role.Desired, n), make([]role.Live, n)
	for i := range n {
		key := fmt.Sprintf("role-%05d", i)
		before := body(key, twenty(i)...)
		after := before.Clone()
		after.Policy[3].Actions = append(after.Policy[3].Actions, "updateRules")
		after.Policy[7].Resources[0] += ";reviewed"
		desired[i] = role.Desired{Role: after, Source: role.Source{File: "roles/" + key + ".yaml"}}
		actual[i] = role.Live{Role: before, ID: id(key)}
	}
	return desired, actual
}

// twenty are the statements of a role that works in a few projects.
func twenty(i int) []string {
	texts := []string{viewAll}
	for s := 1; s < 19; s++ {
		project := fmt.Sprintf("proj/p%d-%d", i%50, s%6)
		switch s % 4 {
		case 0:
			texts = append(texts, fmt.Sprintf("allow createFlag,updateName,update%d on %s:env/*:flag/team-%d-*", s, project, i))
		case 1:
			texts = append(texts, fmt.Sprintf("allow updateOn,updateTargets on %s:env/*;{critical:false}:flag/*;team-%d", project, s))
		case 2:
			texts = append(texts, fmt.Sprintf("deny delete* on %s:env/production:flag/*", project))
		case 3:
			texts = append(texts, fmt.Sprintf("allow updateOn on %s:env/test-%d:flag/*", project, s))
		}
	}
	return append(texts, "deny updateGlobalArchived on proj/*:env/*:flag/*;keep")
}

// BenchmarkMakeWeighed says what 1,000 edited roles of twenty statements come to. The limits are
// 1 s and 100 MiB of heap for the plan and all that it is made from.
func BenchmarkMakeWeighed(b *testing.B) {
	desired, actual := changed(1_000)
	b.ReportAllocs()
	var p *plan.Plan
	for b.Loop() {
		if p = plan.Make(desired, actual, weighing()); p.Summary.Update != 1_000 {
			b.Fatal(outline(p))
		}
	}
	var mem runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&mem)
	b.ReportMetric(float64(mem.HeapAlloc)/(1<<20), "live-MiB")
	runtime.KeepAlive(p)
}
