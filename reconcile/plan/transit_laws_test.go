package plan_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/plan"
	semantics "github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A small town: roles speak of two projects, by name or by role attribute, and of three actions on what
// lies in them; every request that they can tell apart is in townRequests.
var townStatements = []string{
	viewAll, viewAll, "allow viewProject on proj/1", "allow updateOn on proj/*:env/*:flag/*", "allow updateOff on proj/*:env/*:flag/*",
	"allow updateOn on proj/1:env/*:flag/*", "allow updateOn,updateOff on proj/2:env/*:flag/*",
	"allow createMetric on proj/${roleAttribute/p}:metric/*", "allow updateOn on proj/${roleAttribute/p}:env/*:flag/*",
	"deny updateOn on proj/1:env/*:flag/*", "allow !updateOff on proj/2:env/*:flag/*",
}

func townRequests() (list []semantics.Request) {
	for _, project := range []string{"1", "2", "3"} {
		proj := semantics.Part{Type: "proj", Key: project}
		list = append(list,
			semantics.Request{Action: "viewProject", Resource: []semantics.Part{proj}},
			semantics.Request{Action: "createMetric", Resource: []semantics.Part{proj, {Type: "metric", Key: "m"}}},
		)
		for _, action := range []string{"updateOn", "updateOff", "updateRules"} {
			list = append(list, semantics.Request{Action: action, Resource: []semantics.Part{proj, {Type: "env", Key: "e"}, {Type: "flag", Key: "f"}}})
		}
	}
	return list
}

var townRoles = []string{"r0", "r1", "r2"}

func drawPolicy(t *rapid.T, name string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(townStatements), 1, 3, rapid.ID[string]).Draw(t, name)
}

func drawTownHeld(t *rapid.T) ([]string, role.Attributes) {
	roles := rapid.SliceOfNDistinct(rapid.SampledFrom(townRoles), 0, 2, rapid.ID[string]).Draw(t, "roles")
	return roles, rapid.SampledFrom([]role.Attributes{{}, {"p": {"1"}}, {"p": {"2"}}, {"p": {"1", "2"}}}).Draw(t, "p")
}

// drawTown draws an account and what files want of it. Some things stay as they are.
func drawTown(t *rapid.T) (plan.Desired, plan.Actual) {
	var d plan.Desired
	var a plan.Actual
	stays := func() bool { return rapid.IntRange(0, 2).Draw(t, "stays") == 0 }
	for _, key := range townRoles {
		before := drawPolicy(t, "before")
		after := before
		if !stays() {
			after = drawPolicy(t, "after")
		}
		a.Roles = append(a.Roles, there(key, func(l *role.Live) { l.Policy = policy(before...) }))
		d.Roles = append(d.Roles, want(key, wantPolicy(after...)))
	}
	for i := range 2 {
		key := fmt.Sprintf("t%d", i)
		roles, values := drawTownHeld(t)
		a.Teams = append(a.Teams, role.LiveTeam{Team: role.Team{Key: key, CustomRoles: roles, RoleAttributes: values}})
		if !stays() {
			roles, values = drawTownHeld(t)
		}
		d.Teams = append(d.Teams, role.DesiredTeam{Key: key, CustomRoles: given(roles), RoleAttributes: &values, Source: heldAt(key)})
	}
	for i := range 3 {
		email := fmt.Sprintf("m%d@x", i)
		roles, values := drawTownHeld(t)
		teams := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"t0", "t1"}), 0, 2, rapid.ID[string]).Draw(t, "teams")
		base := rapid.SampledFrom([]string{role.NoAccess, role.Reader}).Draw(t, "base")
		a.Members = append(a.Members, role.LiveMember{ID: id(email), Teams: teams, Pending: i == 2, Member: role.Member{Email: email, Role: base, CustomRoles: roles, RoleAttributes: values}})
		if !stays() {
			roles, values = drawTownHeld(t)
		}
		d.Members = append(d.Members, role.DesiredMember{Email: email, CustomRoles: given(roles), RoleAttributes: &values, Source: heldAt(email)})
	}
	return d, a
}

// heldIn is what a member holds, told anew.
func heldIn(a plan.Actual, m role.LiveMember, teams []string) (held []semantics.Held) {
	add := func(keys []string, values role.Attributes) {
		for _, l := range a.Roles {
			if slices.Contains(keys, l.Key) {
				held = append(held, semantics.Held{Role: l.Role, Attributes: values})
			}
		}
	}
	add(m.CustomRoles, m.RoleAttributes)
	if len(m.CustomRoles) == 0 {
		held = append(held, semantics.Held{Role: role.Role{BasePermissions: m.Role}})
	}
	for _, t := range a.Teams {
		if slices.Contains(teams, t.Key) {
			add(t.CustomRoles, t.RoleAttributes)
		}
	}
	return held
}

// mayIn is which requests each member may make.
func mayIn(a plan.Actual, teams map[string][]string) map[string][]bool {
	may := map[string][]bool{}
	for _, m := range a.Members {
		e := semantics.NewEvaluator(heldIn(a, m, teams[m.Email]), semantics.DefaultSemantics())
		for _, r := range townRequests() {
			may[m.Email] = append(may[m.Email], e.Allows(r))
		}
	}
	return may
}

// strays returns who holds too much or too little.
func strays(before, now, after map[string][]bool) (who []string) {
	for _, email := range slices.Sorted(maps.Keys(now)) {
		for i, may := range now[email] {
			if b, a := before[email][i], after[email][i]; b && a && !may || !b && !a && may {
				who = append(who, fmt.Sprintf("%s: %s is %v", email, townRequests()[i], may))
			}
		}
	}
	return who
}

// TestLawNoGapNoSurplus: on the way of a plan that is not blocked, nobody is without what they hold
// before and after, or has what they hold neither before nor after, whatever order the writes take that
// are made side by side. A plan that is blocked has such a moment. Told request by request.
func TestLawNoGapNoSurplus(t *testing.T) {
	t.Parallel()
	counts := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		desired, actual := drawTown(rt)
		teams := map[string][]string{}
		for _, m := range actual.Members {
			teams[m.Email] = m.Teams
		}
		p := plan.MakeAll(desired, actual, crossed())
		last := p.Walk(actual, nil)
		before, after := mayIn(actual, teams), mayIn(last, teams)
		if again := plan.MakeAll(desired, last, crossed()); len(again.Changes) > 0 {
			rt.Fatalf("left: %q", tellPeople(again))
		}
		saveAndCheck(t, p)
		kind := kindOfWay(p)
		counts[kind]++
		if kind == "refused" {
			found := false
			p.Walk(actual, func(_ int, _ plan.Change, now plan.Actual) {
				found = found || len(strays(before, mayIn(now, teams), after)) > 0
			})
			if !found {
				rt.Fatalf("refused without a reason: %q", tellPeople(p))
			}
			return
		}
		state := actual
		for _, c := range anyOrder(rt, p) {
			state = (&plan.Plan{Changes: []plan.Change{c}}).Walk(state, nil)
			if who := strays(before, mayIn(state, teams), after); len(who) > 0 {
				rt.Fatalf("after %s: %q\n%q", c.ID, who, tellPeople(p))
			}
		}
	})
	t.Log(counts)
	for _, kind := range []string{"plain", "repaired", "refused"} {
		if counts[kind] == 0 && !testing.Short() {
			t.Errorf("no plan is %s: the law says nothing about it", kind)
		}
	}
}

// kindOfWay says whether a plan had to take another way.
func kindOfWay(p *plan.Plan) string {
	kind := "plain"
	for _, c := range p.Changes {
		if c.Phase == plan.PhaseFirst || c.Step > 0 {
			kind = "repaired"
		}
	}
	for _, b := range p.Blocks {
		if b.Guard == plan.GuardGap {
			kind = "refused"
		}
	}
	return kind
}

// anyOrder is an order in which the changes of a plan may be made.
func anyOrder(t *rapid.T, p *plan.Plan) (order []plan.Change) {
	for _, phase := range plan.Phases() {
		var turn []plan.Change
		for _, c := range p.Changes {
			if c.Phase == phase {
				turn = append(turn, c)
			}
		}
		if !phase.OneByOne() {
			turn = rapid.Permutation(turn).Draw(t, "turn")
		}
		order = append(order, turn...)
	}
	return order
}
