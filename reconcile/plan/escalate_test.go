package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/plan"
	semantics "github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

func unlisted(o *plan.Options) { o.Guards.AllowEscalation = nil }

// TestEscalationByRole: which policies let somebody change who may do what. A role that says nothing
// becomes each of them.
func TestEscalationByRole(t *testing.T) {
	t.Parallel()
	escalating := []string{
		"allow updatePolicy on role/*",
		"allow updatePolicy on role/ops",
		"allow update* on role/*",
		"allow *Policy on role/*",
		"allow * on role/*",
		"allow createRole on role/*",
		"allow updateBasePermissions on role/*",
		"allow updateMembers on role/*",
		"allow updateTokens on role/*",
		"allow deleteRole on role/*",
		"allow !view* on role/*",
		"allow !updateOn on role/*",
		"allow updateRole on member/*",
		"allow updateCustomRole on member/*",
		"allow updateCustomRole on member/ana@x.org",
		"allow updateMemberRoleAttributes on member/*",
		"allow createMember on member/*",
		"allow createAccessToken on member/*:token/*",
		"allow updateTeamCustomRoles on team/*",
		"allow updateTeamMembers on team/web",
		"allow updateTeamPermissionGrants on team/*",
		"allow createAccessToken on service-token/*",
		"allow resetAccessToken on service-token/*",
		"allow updateAccountOwner on acct",
		"allow updateSamlDefaultRole on acct",
		"allow updateRequireMfa on acct",
		"allow * on acct",
		"allow * on !proj/*",
		"allow update* on !proj/*,proj/*:env/*",
		"allow * on role/* ; deny * on role/ops",
		"allow updatePolicy on role/${roleAttribute/mine}",
		"allow updateTeamMembers on team/* ; deny updateTeam* on team/${roleAttribute/t}",
	}
	harmless := []string{
		"allow view* on role/*",
		"allow deleteAccessToken on member/*:token/*",
		"allow viewTeam on team/*",
		"allow updateSubscription on acct",
		"allow * on proj/*",
		"allow * on proj/*:env/*;{critical:true}:flag/*",
		"allow * on integration/*",
		"allow updatePolicy on proj/*",
		"allow * on role/* ; deny * on role/*",
		"allow * on role/* ; deny !view* on role/*",
		"allow updatePolicy on role/ops ; deny updatePolicy on role/o*",
		"deny updatePolicy on role/*",
		"allow updateTeamMembers on team/* ; deny * on !proj/*",
	}
	for i, text := range slices.Concat(escalating, harmless) {
		escalates := i < len(escalating)
		actual := plan.Actual{Roles: []role.Live{there("r")}, People: true}
		p := plan.MakeAll(plan.Desired{Roles: []role.Desired{want("r", wantPolicy(strings.Split(text, " ; ")...))}}, actual, watched(unlisted))
		if got := slices.Contains(accessBlocks(p), "escalation r"); got != escalates {
			t.Errorf("%s: blocked %t\n%v", text, got, p.Blocks)
		}
		named := plan.MakeAll(plan.Desired{Roles: []role.Desired{want("r", wantPolicy(strings.Split(text, " ; ")...))}}, actual,
			watched(unlisted, func(o *plan.Options) { o.Lift.AllowEscalation = []string{"other", "r"} }))
		if len(accessBlocks(named)) > 0 {
			t.Errorf("%s: named, and still %v", text, accessBlocks(named))
		}
		saveAndCheck(t, p)
	}
}

// TestEscalationByHolder: giving a role is guarded as editing one is, and what somebody could do
// before is no escalation.
func TestEscalationByHolder(t *testing.T) {
	t.Parallel()
	other := there("others", func(l *role.Live) { l.Policy = policy(adminPolicy()...) })
	scoped := there("leads", func(l *role.Live) { l.Policy = policy("allow updateTeamMembers on team/${roleAttribute/teams}") })
	roles := []role.Live{adminRole(), other, scoped, there("ops")}
	people := []role.LiveMember{
		liveMember("ana@x.org ops"), liveMember("bo@x.org admins"), inTeam(liveMember("cy@x.org ops"), "staff"),
		liveMember("di@x.org ops", base("admin")), liveMember("ed@x.org leads teams=web"),
	}
	teams := []role.LiveTeam{liveTeam("crew ops"), liveTeam("staff admins")}
	for name, tt := range map[string]struct {
		want   plan.Desired
		blocks []string
	}{
		"given":                      {plan.Desired{Members: wantMembers("ana@x.org ops,admins")}, []string{"escalation ana@x.org"}},
		"given in the place of ops":  {plan.Desired{Members: wantMembers("ana@x.org admins")}, []string{"escalation ana@x.org"}},
		"another that says the same": {plan.Desired{Members: wantMembers("bo@x.org others")}, nil},
		"held through a team before": {plan.Desired{Members: wantMembers("cy@x.org ops,admins")}, nil},
		"falls back to admin":        {plan.Desired{Members: wantMembers("di@x.org")}, []string{"escalation di@x.org"}},
		"base role": {
			plan.Desired{Members: []role.DesiredMember{wantMember("ana@x.org", wantBase("admin"))}}, []string{"escalation ana@x.org"},
		},
		"wider role attributes": {plan.Desired{Members: wantMembers("ed@x.org leads teams=web+app")}, []string{"escalation ed@x.org"}},
		"other role attributes": {plan.Desired{Members: wantMembers("ed@x.org leads teams=app")}, []string{"escalation ed@x.org"}},
		"no role attributes":    {plan.Desired{Members: wantMembers("ed@x.org leads")}, nil},
		"a team":                {plan.Desired{Teams: []role.DesiredTeam{wantTeam("crew ops,admins")}}, []string{"escalation crew"}},
		"a new team":            {plan.Desired{Teams: []role.DesiredTeam{wantTeam("new admins", create("New"))}}, []string{"escalation new"}},
		"taken":                 {plan.Desired{Teams: []role.DesiredTeam{wantTeam("staff")}}, nil},
		"the role and who holds it": {
			plan.Desired{
				Roles:   []role.Desired{want("new", wantPolicy("allow createRole on role/*"))},
				Members: wantMembers("ana@x.org new"),
			}, []string{"escalation new", "escalation ana@x.org"},
		},
	} {
		p := plan.MakeAll(tt.want, plan.Actual{Roles: roles, Teams: teams, Members: people, People: true}, watched(unlisted))
		if diff := cmp.Diff(tt.blocks, escalations(p)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		saveAndCheck(t, p)
		lifted := watched(unlisted)
		for _, b := range p.Blocks {
			lifted.Guards.AllowEscalation = append(lifted.Guards.AllowEscalation, strings.ToUpper(b.Keys[0]), b.Keys[0])
		}
		if q := plan.MakeAll(tt.want, plan.Actual{Roles: roles, Teams: teams, Members: people, People: true}, lifted); len(escalations(q)) > 0 {
			t.Errorf("%s: named in rolewright.yaml, and still %v", name, q.Blocks)
		}
	}
}

func escalations(p *plan.Plan) (list []string) {
	for _, b := range accessBlocks(p) {
		if strings.HasPrefix(b, "escalation") {
			list = append(list, b)
		}
	}
	return list
}

// TestEscalationAgreesWithEvaluation puts every action of the kinds that decide, on a few resources,
// to the evaluator: what a role allows after and not before is an escalation, and nothing else is.
func TestEscalationAgreesWithEvaluation(t *testing.T) {
	t.Parallel()
	var requests []semantics.Request
	for _, resource := range []string{"role/a", "role/b", "role/zz", "member/a", "member/zz", "team/a", "team/zz", "member/a:token/a", "service-token/a"} {
		requests = append(requests, decidingRequests(t, resource)...)
	}
	counts := map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		before, after := decidingPolicy(t, "before"), decidingPolicy(t, "after")
		live := there("r", func(l *role.Live) { l.Policy = before })
		desired := want("r", func(d *role.Desired) { d.Policy = after })
		p := plan.MakeAll(plan.Desired{Roles: []role.Desired{desired}}, plan.Actual{Roles: []role.Live{live}, People: true}, watched(unlisted))
		then := semantics.NewEvaluator([]semantics.Held{{Role: live.Role}}, semantics.DefaultSemantics())
		now := semantics.NewEvaluator([]semantics.Held{{Role: desired.Role}}, semantics.DefaultSemantics())
		escalates := slices.ContainsFunc(requests, func(r semantics.Request) bool { return now.Allows(r) && !then.Allows(r) })
		counts[escalates]++
		if blocked := slices.Contains(accessBlocks(p), "escalation r"); blocked != escalates {
			t.Fatalf("blocked %t, by evaluation %t:\n%v\n%v", blocked, escalates, before, after)
		}
	})
	if !testing.Short() && (counts[true] == 0 || counts[false] == 0) {
		t.Fatalf("one-sided: %v", counts)
	}
	t.Logf("%v", counts)
}

// decidingRequests are all actions on a resource that do more than look, and do not just take a
// token away.
func decidingRequests(t *testing.T, resource string) (list []semantics.Request) {
	spec, err := semantics.Parse(resource)
	if err != nil {
		t.Fatal(err)
	}
	typ, _ := semantics.DefaultCatalogue().Type(spec.Type())
	for _, a := range typ.Actions {
		r, err := semantics.NewRequest(a.Name, spec)
		takes := strings.Contains(spec.Type(), "token") && strings.HasPrefix(a.Name, "delete")
		if err != nil || strings.HasPrefix(a.Name, "view") || takes {
			continue
		}
		list = append(list, r)
	}
	return list
}

func decidingPolicy(t *rapid.T, label string) []role.Statement {
	resources := []string{
		"role/*", "role/a", "role/b", "member/*", "member/a", "team/*", "team/a", "member/*:token/*", "service-token/*", "proj/*",
	}
	actions := []string{"*", "view*", "update*", "updatePolicy", "create*", "delete*", "updateTeamMembers", "updateRole"}
	one := rapid.Custom(func(t *rapid.T) role.Statement {
		s := role.Statement{Effect: rapid.SampledFrom([]role.Effect{role.Allow, role.Allow, role.Deny}).Draw(t, "effect")}
		list := rapid.SliceOfNDistinct(rapid.SampledFrom(actions), 1, 2, rapid.ID).Draw(t, "actions")
		if rapid.IntRange(0, 3).Draw(t, "not") == 0 {
			s.NotActions = list
		} else {
			s.Actions = list
		}
		where := rapid.SliceOfNDistinct(rapid.SampledFrom(resources), 1, 3, rapid.ID).Draw(t, "resources")
		if rapid.IntRange(0, 4).Draw(t, "elsewhere") == 0 {
			s.NotResources = where
		} else {
			s.Resources = where
		}
		return s
	})
	return rapid.SliceOfN(one, 0, 3).Draw(t, label)
}
