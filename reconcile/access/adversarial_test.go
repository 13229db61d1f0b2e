package access

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

func allowing(actions string, resources ...string) role.Statement {
	return role.Statement{Effect: role.Allow, Actions: strings.Split(actions, " "), Resources: resources}
}

func denying(actions string, resources ...string) role.Statement {
	return role.Statement{Effect: role.Deny, Actions: strings.Split(actions, " "), Resources: resources}
}

// requiring denies what matches none of the resources.
func requiring(actions string, resources ...string) role.Statement {
	return role.Statement{Effect: role.Deny, Actions: strings.Split(actions, " "), NotResources: resources}
}

func policyOf(statements ...role.Statement) Subject {
	return holding(role.Role{Key: "r", BasePermissions: role.NoAccess, Policy: statements})
}

var viewAll = allowing("viewProject", "proj/*")

func flagsNamed(names ...string) []string {
	var list []string
	for _, n := range names {
		list = append(list, "proj/*:env/*:flag/"+n)
	}
	return list
}

func flagsTagged(tags ...string) []string {
	var list []string
	for _, t := range tags {
		list = append(list, "proj/*:env/*:flag/*;"+t)
	}
	return list
}

func permutations(letters string) []string {
	if letters == "" {
		return []string{""}
	}
	var list []string
	for i := range letters {
		for _, rest := range permutations(letters[:i] + letters[i+1:]) {
			list = append(list, letters[i:i+1]+rest)
		}
	}
	return list
}

// colouring is a puzzle as a policy: the flag's tags name a colour for each of n vertices of a
// graph, and no edge may have one colour. Something is granted exactly if the graph has a
// colouring.
func colouring(n int, edges [][2]int) Subject {
	colours := []string{"r", "g", "b"}
	statements := []role.Statement{viewAll, allowing("updateOn", "proj/*:env/*:flag/*")}
	for v := range n {
		var any []string
		for _, c := range colours {
			any = append(any, fmt.Sprintf("%s%d", c, v))
		}
		statements = append(statements, requiring("updateOn", flagsTagged(any...)...))
	}
	for _, edge := range edges {
		for _, c := range colours {
			statements = append(statements, denying("updateOn", flagsTagged(fmt.Sprintf("%s%d,%s%d", c, edge[0], c, edge[1]))...))
		}
	}
	return policyOf(statements...)
}

// randomGraph returns edges such that the number of statements is near the one wanted.
func randomGraph(seed uint64, n, edges int) [][2]int {
	r := rand.New(rand.NewPCG(seed, 5))
	var list [][2]int
	for len(list) < edges {
		if a, b := r.IntN(n), r.IntN(n); a < b {
			list = append(list, [2]int{a, b})
		}
	}
	return list
}

// clique has no colouring with three colours if n is more than three.
func clique(n int) (edges [][2]int) {
	for a := range n {
		for b := range a {
			edges = append(edges, [2]int{b, a})
		}
	}
	return edges
}

func infixes(words []string) []string {
	var list []string
	for _, w := range words {
		list = append(list, "*"+w+"*")
	}
	return list
}

func TestAdversarial(t *testing.T) {
	all := allowing("updateOn", flagsNamed("*")...)
	perms := permutations("abcd")
	var everyPerm []role.Statement
	for _, p := range perms {
		everyPerm = append(everyPerm, requiring("updateOn", flagsNamed("*"+p+"*")...))
	}
	impossible := append([]role.Statement{viewAll, all, denying("updateOn", flagsNamed("*bcdab*", "*a*a*a*a*a*a*a*")...)}, everyPerm...)
	for _, test := range []struct {
		name          string
		before, after Subject
		want          []Verdict
	}{
		{"24 infix globs less", policyOf(viewAll, allowing("updateOn", flagsNamed(infixes(perms)...)...)), policyOf(viewAll, all), []Verdict{Gains}},
		{"24 infix globs, one in more", policyOf(viewAll, allowing("updateOn", flagsNamed(infixes(perms)...)...)), policyOf(viewAll, allowing("updateOn", flagsNamed(append(infixes(perms), "*abcd*x*")...)...)), []Verdict{None}},
		{"24 infix globs at once", policyOf(viewAll), policyOf(append([]role.Statement{viewAll, all}, everyPerm...)...), []Verdict{Gains}},
		{"24 infix globs at once, some refused", policyOf(viewAll), policyOf(impossible...), []Verdict{None, Unsure}},
		{"colouring of a sparse graph", policyOf(viewAll), colouring(22, randomGraph(1, 22, 36)), []Verdict{Gains}},
		{"colouring of a graph on the edge", policyOf(viewAll), colouring(22, randomGraph(2, 22, 49)), []Verdict{Gains, None}},
		{"colouring of another", policyOf(viewAll), colouring(22, randomGraph(4, 22, 50)), []Verdict{Gains, None}},
		{"colouring of a dense graph", policyOf(viewAll), colouring(22, randomGraph(3, 22, 90)), []Verdict{None}},
		{"colouring of a clique", policyOf(viewAll), colouring(8, clique(8)), []Verdict{None}},
	} {
		e := New(policy.DefaultSemantics(), Budget{})
		start := time.Now()
		d := e.Compare(test.before, test.after)
		took := time.Since(start)
		got := d.Verdict()
		t.Logf("%-40s %-10s %8v, %d steps", test.name, got, took.Round(10*time.Microsecond), e.budget-e.steps)
		ok := false
		for _, w := range test.want {
			ok = ok || w == got
		}
		if !ok || took > 10*time.Second {
			t.Errorf("%s: %v after %v, want %v", test.name, got, took, test.want)
		}
		if got == Gains {
			cells, _ := d.Gained.Cells()
			if x, a := cells[0].Example(); a != Yes {
				t.Errorf("%s: example %v %v", test.name, x, a)
			}
		}
	}
}
