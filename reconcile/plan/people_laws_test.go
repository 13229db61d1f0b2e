package plan_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// uses are the role attributes in the policies of some roles.
var uses = map[string][]string{"r0": nil, "r1": {"p"}, "r2": {"p"}, "r3": {"q"}, "r4": {"p", "q"}}

// units are what somebody may do who holds roles with some values: a role without attributes is one,
// another is one for each way to fill them.
func units(into map[string]bool, roles []string, values role.Attributes) {
	for _, r := range roles {
		filled := []string{r}
		for _, name := range uses[r] {
			var more []string
			for _, f := range filled {
				for _, v := range values[name] {
					more = append(more, f+" "+name+"="+v)
				}
			}
			filled = more
		}
		for _, f := range filled {
			into[f] = true
		}
	}
}

// may is everything that a member may do: directly, through teams, or by a base role, each of which
// allows what the ones before do.
func may(a plan.Actual, m role.LiveMember) map[string]bool {
	all := map[string]bool{}
	units(all, m.CustomRoles, m.RoleAttributes)
	if len(m.CustomRoles) == 0 {
		ranks := []string{"reader", "writer", "admin"}
		for _, r := range ranks[:slices.Index(ranks, m.Role)+1] {
			all["base "+r] = true
		}
	}
	for _, t := range a.Teams {
		if slices.Contains(m.Teams, t.Key) {
			units(all, t.CustomRoles, t.RoleAttributes)
		}
	}
	return all
}

func drawHeld(t *rapid.T) ([]string, role.Attributes) {
	roles := rapid.SliceOfNDistinct(rapid.SampledFrom(slices.Sorted(maps.Keys(uses))), 0, 3, rapid.ID[string]).Draw(t, "roles")
	values := role.Attributes{}
	for _, name := range []string{"p", "q"} {
		values[name] = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"1", "2"}), 0, 2, rapid.ID[string]).Draw(t, name)
	}
	return roles, values.Normal()
}

// drawPeople draws an account and what files want of it.
func drawPeople(t *rapid.T) (plan.Desired, plan.Actual) {
	var d plan.Desired
	var a plan.Actual
	for r := range uses {
		a.Roles, d.Roles = append(a.Roles, there(r)), append(d.Roles, want(r))
	}
	for i := range 3 {
		roles, values := drawHeld(t)
		key := fmt.Sprintf("t%d", i)
		a.Teams = append(a.Teams, role.LiveTeam{Team: role.Team{Key: key, CustomRoles: roles, RoleAttributes: values}})
		roles, values = drawHeld(t)
		d.Teams = append(d.Teams, role.DesiredTeam{Key: key, CustomRoles: given(roles), RoleAttributes: &values, Source: heldAt(key)})
	}
	for i := range 3 {
		roles, values := drawHeld(t)
		email := fmt.Sprintf("m%d@x", i)
		base := rapid.SampledFrom([]string{"no_access", "reader", "writer", "admin"})
		in := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"t0", "t1", "t2"}), 0, 2, rapid.ID[string]).Draw(t, "teams")
		a.Members = append(a.Members, role.LiveMember{ID: id(email), Teams: in, Member: role.Member{Email: email, Role: base.Draw(t, "base"), CustomRoles: roles, RoleAttributes: values}})
		roles, values = drawHeld(t)
		d.Members = append(d.Members, role.DesiredMember{Email: email, Role: new(base.Draw(t, "base")), CustomRoles: given(roles), RoleAttributes: &values, Source: heldAt(email)})
	}
	return d, a
}

// TestNoGapNoSurplus: whatever order the changes of a phase take, nobody may for a moment do what they
// may do neither before nor after. Where no holder had to change in one write that gives and takes,
// nobody is for a moment without what they may do before and after.
func TestNoGapNoSurplus(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		desired, before := drawPeople(rt)
		p := plan.MakeAll(desired, before, peopled())
		saveAndCheck(t, p)
		inTeams := map[string][]string{}
		for _, m := range before.Members {
			inTeams[m.Email] = m.Teams
		}
		rejoin := func(a plan.Actual) plan.Actual {
			for i := range a.Members {
				a.Members[i].Teams = inTeams[a.Members[i].Email]
			}
			return a
		}
		last := rejoin(done(before, p))
		if again := plan.MakeAll(desired, last, peopled()); len(again.Changes) > 0 {
			rt.Fatalf("left: %q", tellPeople(again))
		}
		ordered := true
		for _, c := range p.Changes {
			ordered = ordered && c.Phase != plan.PhaseReassign
		}
		state := before
		for _, phase := range plan.Phases() {
			var turn []plan.Change
			for _, c := range p.Changes {
				if c.Phase == phase {
					turn = append(turn, c)
				}
			}
			for _, c := range rapid.Permutation(turn).Draw(rt, "turn") {
				state = rejoin(after(state, c))
				checkMoment(rt, before, state, last, ordered)
			}
		}
	})
}

func checkMoment(t *rapid.T, before, state, last plan.Actual, ordered bool) {
	find := func(a plan.Actual, email string) role.LiveMember {
		return a.Members[slices.IndexFunc(a.Members, func(m role.LiveMember) bool { return m.Email == email })]
	}
	for _, m := range before.Members {
		was, is, will := may(before, m), may(state, find(state, m.Email)), may(last, find(last, m.Email))
		for u := range is {
			if !was[u] && !will[u] {
				t.Fatalf("%s may %s for a moment", m.Email, u)
			}
		}
		for u := range was {
			if ordered && will[u] && !is[u] {
				t.Fatalf("%s is without %s for a moment", m.Email, u)
			}
		}
	}
}

// swap has a team and a member that change in two steps each, and a team that is made.
func swap() *plan.Plan { return plan.MakeAll(peopleSwap()) }

func peopleSwap() (plan.Desired, plan.Actual, plan.Options) {
	desired := plan.Desired{
		Roles:   []role.Desired{want("ops"), want("dev")},
		Teams:   []role.DesiredTeam{wantTeam("t dev"), wantTeam("made ops", create("M")), wantTeam("u ops,dev")},
		Members: []role.DesiredMember{wantMember("a@x dev")},
	}
	actual := plan.Actual{
		Roles: []role.Live{there("ops"), there("dev")},
		Teams: []role.LiveTeam{liveTeam("t ops"), liveTeam("u ops")}, Members: []role.LiveMember{liveMember("a@x ops")},
	}
	return desired, actual, peopled()
}

// TestAlteredPeople alters a plan of people with care, all sums made anew, and finds it refused.
func TestAlteredPeople(t *testing.T) {
	t.Parallel()
	order := []string{"team create/team/made", "assign update/member/a@x/gives", "assign update/team/t/gives", "assign update/team/u", "unassign update/member/a@x/takes", "unassign update/team/t/takes"}
	const made, memberGives, teamGives, plain, memberTakes, teamTakes = 0, 1, 2, 3, 4, 5
	for i, c := range swap().Changes {
		if got := string(c.Phase) + " " + c.ID; got != order[i] {
			t.Fatalf("change %d is %s", i, got)
		}
	}
	for _, tt := range []struct {
		name  string
		at    int
		alter func(p *plan.Plan, c *plan.Change)
		says  string
	}{
		{"kind", plain, func(_ *plan.Plan, c *plan.Change) { c.Kind = plan.KindMember }, `kind "member" does not go`},
		{"other kind", memberGives, func(_ *plan.Plan, c *plan.Change) { c.Kind = plan.KindTeam }, `kind "team" does not go`},
		{"kind of a role", plain, func(_ *plan.Plan, c *plan.Change) { c.Kind = plan.KindRole }, `"kind" does not follow`},
		{"both", plain, func(p *plan.Plan, c *plan.Change) { c.Holder.Member = p.Changes[memberGives].Holder.Member }, `kind "team" does not go`},
		{"no holder", plain, func(_ *plan.Plan, c *plan.Change) { c.Holder = nil }, "does not go with the roles"},
		{"a role too", plain, func(_ *plan.Plan, c *plan.Change) { c.After = new(body("ops")) }, "a role and a holder at once"},
		{"deleted", plain, func(_ *plan.Plan, c *plan.Change) { c.Action = plan.Delete }, "the action does not go with the team before"},
		{"member made", memberGives, func(_ *plan.Plan, c *plan.Change) { c.Action = plan.Create }, "members are only updated"},
		{"made of something", plain, func(_ *plan.Plan, c *plan.Change) { c.Action = plan.Create }, "the action does not go with the team before"},
		{"made in steps", made, func(_ *plan.Plan, c *plan.Change) { c.Holder.Step = 1 }, "made in one step"},
		{"third step", plain, func(_ *plan.Plan, c *plan.Change) { c.Holder.Step = 3 }, "neither of the two"},
		{"other key", plain, func(_ *plan.Plan, c *plan.Change) { c.Holder.Team.After.Key = "v" }, "another key afterwards"},
		{"path for a key", made, func(_ *plan.Plan, c *plan.Change) { c.Key, c.Holder.Team.After.Key = "../x", "../x" }, "cannot be that of a team"},
		{"synced team", plain, func(_ *plan.Plan, c *plan.Change) { c.Holder.Team.Before.Synced = true }, "an identity provider owns the team"},
		{"synced member", memberGives, func(_ *plan.Plan, c *plan.Change) { c.Holder.Member.Before.Synced = true }, "an identity provider owns the member"},
		{"other address", memberGives, func(_ *plan.Plan, c *plan.Change) { c.Holder.Member.After.Email = "b@x" }, "another e-mail address"},
		{"path for an id", memberGives, func(_ *plan.Plan, c *plan.Change) { c.Holder.Member.Before.ID = "../roles" }, "cannot be that of a member"},
		{"owner", memberGives, func(_ *plan.Plan, c *plan.Change) { c.Holder.Member.After.Role = "owner" }, "never changes"},
		{"unknown base role", memberGives, func(_ *plan.Plan, c *plan.Change) { c.Holder.Member.After.Role = "god" }, "base role is unknown"},
		{"another role", plain, func(_ *plan.Plan, c *plan.Change) {
			c.Holder.Team.After.CustomRoles = append(c.Holder.Team.After.CustomRoles, "root")
		}, "does not follow"},
		{"what is shown", plain, func(_ *plan.Plan, c *plan.Change) { c.Holder.Roles.Added = []string{} }, `"holder" does not follow`},
		{"risk", plain, func(_ *plan.Plan, c *plan.Change) { c.Risk = []plan.Risk{{Code: "x", Level: plan.High, Why: "y"}} }, `"risk" does not follow`},
		{"phase", plain, func(_ *plan.Plan, c *plan.Change) { c.Phase = plan.PhaseUnassign }, `"phase" does not follow`},
		{"twice", plain, func(p *plan.Plan, c *plan.Change) { p.Changes = slices.Insert(p.Changes, plain, *c) }, "is changed twice"},
		{"no second step", memberTakes, func(p *plan.Plan, _ *plan.Change) { p.Changes = slices.Delete(p.Changes, memberTakes, memberTakes+1) }, "has no second step"},
		{"no first step", teamGives, func(p *plan.Plan, _ *plan.Change) { p.Changes = slices.Delete(p.Changes, teamGives, teamGives+1) }, "does not start from what the first step leaves"},
		{"other first step", memberTakes, func(_ *plan.Plan, c *plan.Change) {
			*c = plan.NewMemberChange(liveMember("a@x ops,dev,old"), c.Holder.Member.After, 2)
			c.Reason = "x"
		}, "does not start from what the first step leaves"},
		{"steps of no change", teamTakes, func(p *plan.Plan, c *plan.Change) {
			after := c.Holder.Team.After
			after.CustomRoles = []string{"ops", "dev"}
			*c = plan.NewTeamChange(c.Holder.Team.Before, after, 2)
			c.Phase = plan.PhaseAssign
			p.Changes[teamTakes] = *c
			p.Sort()
		}, "the two steps are not those of one change"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := swap()
			tt.alter(p, &p.Changes[tt.at])
			plan.Seal(p)
			_, err := plan.Decode(plan.Encode(p))
			if altered, ok := errors.AsType[*plan.AlteredError](err); !ok || !strings.Contains(altered.Reason, tt.says) {
				t.Errorf("%v, want %q in it", err, tt.says)
			}
		})
	}
}
