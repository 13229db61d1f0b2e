package access

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// withAttributes puts a role attribute into the place of some keys, tags and views.
func withAttributes(r *rand.Rand, statements []role.Statement) []role.Statement {
	for _, s := range statements {
		for _, list := range [][]string{s.Resources, s.NotResources} {
			for i := range list {
				for _, mark := range []string{"/a", ";a", "view:a", ",a"} {
					if r.IntN(2) == 0 {
						list[i] = strings.Replace(list[i], mark+"*", mark[:len(mark)-1]+"${roleAttribute/x}", 1)
						list[i] = swapWhole(list[i], mark)
					}
				}
			}
		}
	}
	return statements
}

// swapWhole replaces the last letter of a mark where the word ends behind it.
func swapWhole(text, mark string) string {
	i := strings.Index(text, mark)
	end := i + len(mark)
	if i < 0 || end < len(text) && !strings.ContainsRune(":;,", rune(text[end])) {
		return text
	}
	return text[:end-1] + "${roleAttribute/x}" + text[end:]
}

// TestDetoursOfAttributes: what is found for some values of a role attribute holds, which the evaluator
// has confirmed, and where nothing is found there is nothing for any values that are tried.
func TestDetoursOfAttributes(t *testing.T) {
	sem := policy.DefaultSemantics()
	sem.ViewPrecondition = false
	for _, by := range []Lever{ByTags, ByViews, ByCritical} {
		r := rand.New(rand.NewPCG(6, uint64(by)))
		hits, misses, open := 0, 0, 0
		for range 20 * *detourPolicies / slow {
			held := policy.Held{Role: role.Role{BasePermissions: role.NoAccess, Policy: withAttributes(r, detourPolicy(r, by))}}
			e := New(sem, Budget{})
			granted, _ := e.Grants(Subject{Held: []policy.Held{held}, Symbolic: true})
			list, questions := granted.Detours(by)
			hits, open = hits+len(list), open+len(questions)
			if len(list)+len(questions) > 0 {
				continue
			}
			misses++
			for _, values := range [][]string{nil, {"a"}, {"b"}, {"aa"}, {"c"}, {"a", "c"}, {"b", "aa"}} {
				held.Attributes = map[string][]string{"x": values}
				concrete, _ := e.Grants(Subject{Held: []policy.Held{held}})
				if found, _ := concrete.Detours(by); len(found) > 0 {
					t.Fatalf("lever %d: with %q there is %v\n%s", by, values, found, show(Subject{Held: []policy.Held{held}}))
				}
			}
		}
		t.Logf("lever %d: %d detours, %d policies without, %d undecided", by, hits, misses, open)
		if !testing.Short() && (hits < *detourPolicies || misses < *detourPolicies || open > hits/10) {
			t.Errorf("lever %d: too few, or too much undecided", by)
		}
	}
}

// TestMeets: it is And and Example.
func TestMeets(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	sem := policy.DefaultSemantics()
	met := 0
	for range 300 / slow {
		e := New(sem, Budget{})
		var regions []Region
		for range 2 {
			held := policy.Held{Role: role.Role{Policy: append(detourPolicy(r, ByTags), role.Statement{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/*"}})}}
			granted, _ := e.Grants(Subject{Held: []policy.Held{held}})
			regions = append(regions, granted)
		}
		_, want := regions[0].And(regions[1]).Example()
		x, got := regions[0].Meets(regions[1])
		if got != want || got == Yes && !(regions[0].proof(x) && regions[1].proof(x)) {
			t.Fatalf("%v, want %v: %v", got, want, x)
		}
		if got == Yes {
			met++
		}
	}
	if !testing.Short() && met < 20/slow {
		t.Errorf("only %d meet", met)
	}
}

// TestExampleOf: it is an example of the box of the action on the set, in the region.
func TestExampleOf(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	spec, err := policy.Parse("proj/web:env/*;{critical:true}:flag/*")
	if err != nil {
		t.Fatal(err)
	}
	some, none := 0, 0
	for range 300 / slow {
		e := New(policy.DefaultSemantics(), Budget{})
		held := policy.Held{Role: role.Role{Policy: append(detourPolicy(r, ByTags), role.Statement{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/*"}})}}
		granted, _ := e.Grants(Subject{Held: []policy.Held{held}})
		for _, action := range []string{"updateOn", "updateTags", "viewProject"} {
			box := e.Box(Box{Actions: []string{action}, Specifier: spec})
			_, want := granted.And(box).Example()
			x, got := granted.ExampleOf(action, e.Set(spec))
			if got != want || got == Yes && !(x.Request.Action == action && granted.proof(x) && box.proof(x)) {
				t.Fatalf("%s: %v, want %v: %v\n%s", action, got, want, x, show(Subject{Held: []policy.Held{held}}))
			}
			if got == Yes {
				some++
			} else {
				none++
			}
		}
	}
	if !testing.Short() && min(some, none) < 60/slow {
		t.Errorf("%d with an example, %d without", some, none)
	}
}

// TestOf: the resources of one action, those below, and what a role says by itself.
func TestOf(t *testing.T) {
	e := New(policy.DefaultSemantics(), Budget{})
	held := policy.Held{Role: role.Role{Policy: []role.Statement{
		{Effect: role.Allow, Actions: []string{"update*"}, Resources: []string{"proj/web:env/*"}},
		{Effect: role.Deny, Actions: []string{"updateColor"}, Resources: []string{"proj/web:env/production"}},
	}}}
	set := func(text string) Set {
		spec, err := policy.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return e.Set(spec)
	}
	alone := e.Alone(held)
	if got := alone.Of("proj:env", "updateColor").Equal(set("proj/web:env/*").Minus(set("proj/web:env/production"))); got != Yes {
		t.Errorf("updateColor: %v", got)
	}
	if got := alone.Of("proj:env", "createFlag").Empty(); got != Yes {
		t.Errorf("an action of flags on environments: %v", got)
	}
	if got := alone.Of("proj:env", "updateName").Under("proj:env:flag").Equal(set("proj/web:env/*:flag/*")); got != Yes {
		t.Errorf("flags below: %v", got)
	}
	if got := alone.Of("proj:env:flag", "updateName").Empty(); got != Yes {
		t.Errorf("flags: %v", got)
	}
	granted, _ := e.Grants(Subject{Held: []policy.Held{held}})
	if x, got := granted.Example(); got != No {
		t.Errorf("without a view of the project: %v", x)
	}
	if x, got := alone.Example(); got != Yes || x.Request.Kind() != "proj:env" {
		t.Errorf("alone: %v, %v", x, got)
	}
}

// TestDetourOfTwoViews: a flag has to be in both views.
func TestDetourOfTwoViews(t *testing.T) {
	held := policy.Held{Role: role.Role{Policy: []role.Statement{
		{Effect: role.Allow, Actions: []string{"updateOn"}, Resources: []string{"proj/web:env/*:flag/*;view:a,view:b"}},
		{Effect: role.Allow, Actions: []string{"linkFlagToView"}, Resources: []string{"proj/web:view/*"}},
	}}}
	sem := policy.DefaultSemantics()
	sem.ViewPrecondition = false
	granted, _ := New(sem, Budget{}).Grants(Subject{Held: []policy.Held{held}})
	list, open := granted.Detours(ByViews)
	if len(list) != 1 || len(open) > 0 {
		t.Fatal(list, open)
	}
	var views []string
	for _, c := range list[0].Changes {
		views = append(views, c.Resource[1].Key)
	}
	if !slices.Equal(views, []string{"a", "b"}) && len(list[0].Refused.Request.Resource[2].Views) == 0 {
		t.Errorf("%v", list[0])
	}
}

// TestDetoursUndecided: where the budget ends, that is said.
func TestDetoursUndecided(t *testing.T) {
	held := policy.Held{Role: role.Role{Policy: detourPolicy(rand.New(rand.NewPCG(1, 3)), ByTags)}}
	for i := range 12 {
		tag := string(rune('a' + i))
		held.Role.Policy = append(held.Role.Policy,
			role.Statement{Effect: role.Deny, Actions: []string{"updateOn"}, Resources: []string{"proj/*:env/*:flag/*;" + tag + "*,*" + tag}},
			role.Statement{Effect: role.Allow, Actions: []string{"updateOn", "updateTags"}, Resources: []string{"proj/*:env/*:flag/*;*" + tag + "*"}})
	}
	sem := policy.DefaultSemantics()
	sem.ViewPrecondition = false
	granted, _ := New(sem, Budget{Steps: 200}).Grants(Subject{Held: []policy.Held{held}})
	if list, open := granted.Detours(ByTags); len(open) == 0 {
		t.Errorf("%v", list)
	}
}

// TestDetourNeedsAThing: what is not there yet has no tags to change.
func TestDetourNeedsAThing(t *testing.T) {
	held := policy.Held{Role: role.Role{Policy: []role.Statement{
		{Effect: role.Allow, Actions: []string{"createFlag"}, Resources: []string{"proj/web:env/*:flag/*;web"}},
		{Effect: role.Allow, Actions: []string{"updateTags"}, Resources: []string{"proj/web:env/*:flag/*"}},
		{Effect: role.Allow, Actions: []string{"createEnvironment"}, Resources: []string{"proj/web;big:env/*"}},
	}}}
	sem := policy.DefaultSemantics()
	sem.ViewPrecondition = false
	e := New(sem, Budget{})
	granted, _ := e.Grants(Subject{Held: []policy.Held{held}})
	if list, open := granted.Detours(ByTags); len(list)+len(open) > 0 {
		t.Errorf("%v, %v", list, open)
	}
	held.Role.Policy = append(held.Role.Policy, role.Statement{Effect: role.Allow, Actions: []string{"updateTags"}, Resources: []string{"proj/*"}})
	granted, _ = e.Grants(Subject{Held: []policy.Held{held}})
	if list, _ := granted.Detours(ByTags); len(list) != 1 || list[0].Refused.Request.Action != "createEnvironment" {
		t.Errorf("an environment in a project that is there: %v", list)
	}
}
