package apply_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// moving is a city in which access moves between roles that both gain and lose, a role is narrowed and
// given, and another is given and taken.
func moving() city {
	see := role.Statement{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/*"}}
	c := city{
		scene: scene{
			[]role.Live{
				live(makeOf("a-one", see, allow("updateOn", "updateRules"))), live(makeOf("b-two", see, allow("updateOff"))),
				live(makeOf("c-three", see, allow("updateTargets", "createFlag"))),
			},
			[]role.Desired{
				want(makeOf("a-one", see, allow("updateOff"))), want(makeOf("b-two", see, allow("updateOn", "updateRules"))),
				want(makeOf("c-three", see, allow("updateTargets"))),
			},
		},
		teams:     []role.LiveTeam{liveTeam("t")},
		members:   []role.LiveMember{liveMember(1, "a-one", "b-two")},
		wantT:     []role.DesiredTeam{wantTeam("t", "c-three")},
		semantics: new(policy.DefaultSemantics()),
	}
	c.teams[0].Members = []string{c.members[0].ID}
	return c
}

// requests are those that the roles of moving tell apart.
func requests() (list []policy.Request) {
	for _, action := range []string{"updateOn", "updateRules", "updateOff", "updateTargets", "createFlag"} {
		list = append(list, policy.Request{Action: action, Resource: []policy.Part{{Type: "proj", Key: "p"}, {Type: "env", Key: "e"}, {Type: "flag", Key: "f"}}})
	}
	return list
}

// may says what the member of moving may do.
func may(roles map[string]role.Live, teams map[string]role.LiveTeam) (list []bool) {
	var held []policy.Held
	for _, key := range append([]string{"a-one", "b-two"}, teams["t"].CustomRoles...) {
		held = append(held, policy.Held{Role: roles[key].Role})
	}
	for _, r := range requests() {
		list = append(list, policy.Evaluate(held, r, policy.DefaultSemantics()).Allowed)
	}
	return list
}

// checkMoment checks that where a run has ended, nobody holds too much or too little.
func (c city) checkMoment(t reporter, a *town) {
	if c.semantics == nil {
		return
	}
	before, after := c.town(), c.town()
	for _, d := range c.desired {
		l := after.roles[d.Key]
		l.Role = d.Role
		after.roles[d.Key] = l
	}
	after.now.teams["t"] = role.LiveTeam{Team: role.Team{CustomRoles: []string{"c-three"}}}
	was, is, will := may(before.roles, before.now.teams), may(a.roles, a.now.teams), may(after.roles, after.now.teams)
	for i, r := range requests() {
		if was[i] && will[i] && !is[i] || !was[i] && !will[i] && is[i] {
			t.Errorf("%s: %v in the end, and %v before and %v after", r, is[i], was[i], will[i])
		}
	}
}

// TestStepsOfRoles applies a plan with a role in two steps and one first of all, with every trouble and
// every outside edit before every call. Whatever happens, nobody holds too much or too little, and
// further runs finish the work.
func TestStepsOfRoles(t *testing.T) {
	c := moving()
	clean := c.town()
	p := c.make(clean)
	var ids []string
	for _, change := range p.Changes {
		ids = append(ids, string(change.Phase)+" "+change.ID)
	}
	if want := []string{
		"first update/role/c-three", "widen update/role/b-two/gives", "assign update/team/t", "mixed update/role/a-one", "narrow update/role/b-two/takes",
	}; !slices.Equal(ids, want) {
		t.Fatalf("the plan is %q", ids)
	}
	res := clean.play(t, p, apply.Options{Parallelism: 1})
	checkResult(t, p, res)
	if res.ExitReason != apply.ReasonApplied || len(c.make(clean).Changes) > 0 {
		t.Fatalf("%s: %s", res.ExitReason, res.Error)
	}
	var all []townSchedule
	for call := range clean.calls {
		for _, what := range allTroubles {
			all = append(all, townSchedule{city: c, happens: map[int]trouble{call: what}, parallelism: 1 + call%4})
		}
		for _, e := range c.townEvents() {
			all = append(all, townSchedule{city: c, meanwhile: map[int]townEvent{call: e}, parallelism: 1 + call%4})
		}
	}
	playTowns(t, all)
}

// TestStartsBetweenSteps: a role that stands between two steps is updated to what is wanted.
func TestStartsBetweenSteps(t *testing.T) {
	c := moving()
	a := c.town()
	p := c.make(a)
	between := p.Walk(plan.Actual{Roles: slices.Collect(maps.Values(a.roles))}, nil)
	for i, change := range p.Changes {
		if change.Step == 1 {
			between = (&plan.Plan{Changes: p.Changes[:i+1]}).Walk(plan.Actual{Roles: slices.Collect(maps.Values(a.roles))}, nil)
		}
	}
	for _, l := range between.Roles {
		a.roles[l.Key] = l
	}
	next := c.make(a)
	i := slices.IndexFunc(next.Changes, func(c plan.Change) bool { return c.Key == "b-two" })
	if i < 0 || next.Changes[i].Step != 0 || next.Changes[i].Phase != plan.PhaseNarrow {
		t.Fatalf("the next plan has %+v", next.Changes)
	}
	if res := a.play(t, p, apply.Options{}); res.ExitReason != apply.ReasonStale {
		t.Errorf("the old plan ended %s", res.ExitReason)
	}
	if res := a.play(t, next, apply.Options{}); res.ExitReason != apply.ReasonApplied {
		t.Errorf("the next plan ended %s: %s", res.ExitReason, res.Error)
	}
}

// TestOneByOne: what gives and takes at once is written one after the other.
func TestOneByOne(t *testing.T) {
	s := scene{}
	for _, key := range []string{"a", "bb", "ccc", "dddd"} {
		s.actual = append(s.actual, live(makeOf(key, allow("updateOn"))))
		s.desired = append(s.desired, want(makeOf(key, allow("updateOff"))))
	}
	c := city{scene: s}
	a := c.town()
	a.delay = 1
	p := c.make(a)
	if res := a.play(t, p, apply.Options{Parallelism: 4}); res.ExitReason != apply.ReasonApplied {
		t.Fatal(res.Error)
	}
	writing := 0
	for _, line := range a.log {
		switch {
		case strings.HasPrefix(line, "begin UpdateRole"):
			if writing++; writing > 1 {
				t.Fatalf("side by side: %q", a.log)
			}
		case strings.HasPrefix(line, "end UpdateRole"):
			writing--
		}
	}
}
