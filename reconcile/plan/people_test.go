package plan_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

var peopleTable = []peopleCase{
	{name: "nothing to do", teams: []role.LiveTeam{liveTeam("t ops p=a+b")}, wantT: []role.DesiredTeam{wantTeam("t ops p=b+a")}},
	{
		name: "a role more", teams: []role.LiveTeam{liveTeam("t ops")}, wantT: []role.DesiredTeam{wantTeam("t ops,dev")},
		want: []string{"assign update/team/t +dev"},
	},
	{
		name: "a role less", members: []role.LiveMember{liveMember("a@x ops,dev")}, wantM: []role.DesiredMember{wantMember("a@x ops")},
		want: []string{"unassign update/member/a@x -dev"},
	},
	{
		name: "one role for another takes two steps", members: []role.LiveMember{liveMember("a@x ops")}, wantM: []role.DesiredMember{wantMember("a@x dev")},
		want: []string{"assign update/member/a@x/gives +dev", "unassign update/member/a@x/takes -ops"},
	},
	{
		name: "one value for another takes two steps", teams: []role.LiveTeam{liveTeam("t ops p=a,q=z")}, wantT: []role.DesiredTeam{wantTeam("t ops p=b,q=z")},
		want: []string{"assign update/team/t/gives +p b", "unassign update/team/t/takes -p a"},
	},
	{
		name: "roles and values at once would be a surplus in between", teams: []role.LiveTeam{liveTeam("t ops p=a")}, wantT: []role.DesiredTeam{wantTeam("t dev p=b")},
		want: []string{"reassign update/team/t +dev -ops +p b -p a"},
	},
	{
		name: "two attributes at once too", members: []role.LiveMember{liveMember("a@x ops p=a,q=c")}, wantM: []role.DesiredMember{wantMember("a@x ops p=b,q=d")},
		want: []string{"reassign update/member/a@x +p b -p a +q d -q c"},
	},
	{
		name: "more roles and more values", members: []role.LiveMember{liveMember("a@x ops p=a")}, wantM: []role.DesiredMember{wantMember("a@x ops,dev p=a+b,q=c")},
		want: []string{"assign update/member/a@x +dev +p b +q c"},
	},
	{
		name: "fewer roles, more values", members: []role.LiveMember{liveMember("a@x ops,dev p=a")}, wantM: []role.DesiredMember{wantMember("a@x ops p=a+b")},
		want: []string{"reassign update/member/a@x -dev +p b"},
	},
	{
		name: "a reader is given the first role", members: []role.LiveMember{liveMember("a@x")}, wantM: []role.DesiredMember{wantMember("a@x ops")},
		want: []string{"reassign update/member/a@x +ops"},
	},
	{
		name: "somebody without access is given the first role", members: []role.LiveMember{liveMember("a@x", base(role.NoAccess))}, wantM: []role.DesiredMember{wantMember("a@x ops")},
		want: []string{"assign update/member/a@x +ops"},
	},
	{
		name: "an administrator's last role goes", members: []role.LiveMember{liveMember("a@x ops", base("admin"))}, wantM: []role.DesiredMember{wantMember("a@x")},
		want: []string{"reassign update/member/a@x -ops high base"},
	},
	{
		name: "the last role goes, and nothing is left", members: []role.LiveMember{liveMember("a@x ops", base("no_access"))}, wantM: []role.DesiredMember{wantMember("a@x")},
		want: []string{"unassign update/member/a@x -ops"},
	},
	{
		name: "a reader's last role goes", members: []role.LiveMember{liveMember("a@x ops")}, wantM: []role.DesiredMember{wantMember("a@x")},
		want: []string{"reassign update/member/a@x -ops medium base"},
	},
	{
		name: "a stranger keeps the base role from counting", members: []role.LiveMember{liveMember("a@x ops", base("admin"), func(l *role.LiveMember) { l.Strangers = []string{"f00"} })},
		wantM: []role.DesiredMember{wantMember("a@x")}, want: []string{"unassign update/member/a@x -ops"},
	},
	{
		name: "base role up", members: []role.LiveMember{liveMember("a@x")}, wantM: []role.DesiredMember{wantMember("a@x", wantBase("writer"))},
		want: []string{"assign update/member/a@x role reader>writer high base"},
	},
	{
		name: "base role down", members: []role.LiveMember{liveMember("a@x", base("admin"))}, wantM: []role.DesiredMember{wantMember("a@x", wantBase("reader"), rolesUnsaid)},
		want: []string{"unassign update/member/a@x role admin>reader"},
	},
	{
		name: "a base role that does not count", members: []role.LiveMember{liveMember("a@x ops")}, wantM: []role.DesiredMember{wantMember("a@x", wantBase("admin"), rolesUnsaid)},
		want: []string{"assign update/member/a@x role reader>admin"},
	},
	{
		name: "base role and another role", members: []role.LiveMember{liveMember("a@x ops")}, wantM: []role.DesiredMember{wantMember("a@x dev", wantBase("no_access"))},
		want: []string{"assign update/member/a@x/gives +dev role reader>no_access", "unassign update/member/a@x/takes -ops"},
	},
	{
		name: "the owner stays", members: []role.LiveMember{liveMember("a@x", base("owner"))}, wantM: []role.DesiredMember{wantMember("a@x", wantBase("reader"))},
		want: []string{`block owner: people/a@x.yaml:2 gives a@x the base role "reader", and the account has "owner"; who owns the account is changed in LaunchDarkly alone: take ` + "`role` out of the file"},
	},
	{
		name: "nobody becomes the owner", members: []role.LiveMember{liveMember("a@x")}, wantM: []role.DesiredMember{wantMember("a@x", wantBase("owner"))},
		want: []string{`block owner: people/a@x.yaml:2 gives a@x the base role "owner", and the account has "reader"; who owns the account is changed in LaunchDarkly alone: take ` + "`role` out of the file"},
	},
	{
		name: "a name", teams: []role.LiveTeam{liveTeam("t ops p=a")}, wantT: []role.DesiredTeam{wantTeam("t ops", func(d *role.DesiredTeam) { d.Name, d.Description = new("New"), new("about") })},
		want: []string{"assign update/team/t name Team t>New description >about"},
	},
	{
		name: "a team is made", wantT: []role.DesiredTeam{wantTeam("t ops p=a", create("T"))},
		want: []string{"team create/team/t +ops +p a name >T"},
	},
	{
		name: "a team that nobody can make", wantT: []role.DesiredTeam{wantTeam("t/../x ops", create("T"))},
		want: []string{`block unknownTeam: people/t/../x.yaml:2: "t/../x" cannot be the key of a team; use letters, digits, "_", "." and "-", and start with a letter or digit`},
	},
	{
		name: "an unknown team", teams: []role.LiveTeam{liveTeam("checkout")}, wantT: []role.DesiredTeam{wantTeam("chekout ops")},
		want: []string{`block unknownTeam: people/chekout.yaml:2 declares the team "chekout", and the account has no such team; did you mean "checkout"? else make it in LaunchDarkly, or write ` + "`create: true`"},
	},
	{
		name: "a team like no other", wantT: []role.DesiredTeam{wantTeam("t ops")},
		want: []string{`block unknownTeam: people/t.yaml:2 declares the team "t", and the account has no such team; make it in LaunchDarkly, or write ` + "`create: true`"},
	},
	{
		name: "an unknown member", wantM: []role.DesiredMember{wantMember("a@x ops")},
		want: []string{"block unknownMember: people/a@x.yaml:2 declares the member a@x, and the account has no such member; members are invited in LaunchDarkly; invite them there first"},
	},
	{
		name: "another letter case", members: []role.LiveMember{liveMember("Ana@x ops")}, wantM: []role.DesiredMember{wantMember("ana@X dev")},
		want: []string{"block unknownMember: people/ana@X.yaml:2 declares the member ana@X, and the account has no such member; the account knows them as Ana@x: write the address in that letter case"},
	},
	{
		name: "nearly a member", members: []role.LiveMember{liveMember("ana@example.com")}, wantM: []role.DesiredMember{wantMember("anna@example.com ops")},
		want: []string{"block unknownMember: people/anna@example.com.yaml:2 declares the member anna@example.com, and the account has no such member; did you mean ana@example.com? members are invited in LaunchDarkly"},
	},
	{
		name: "an unknown role", teams: []role.LiveTeam{liveTeam("t")}, wantT: []role.DesiredTeam{wantTeam("t dev,opps,zzzzzz")},
		want: []string{
			"assign update/team/t +dev +opps +zzzzzz",
			`block unknownRole: people/t.yaml:6 gives team "t" the role "opps", which neither the files nor the account have; did you mean "ops"?`,
			`block unknownRole: people/t.yaml:7 gives team "t" the role "zzzzzz", which neither the files nor the account have; declare the role, or take it from the list`,
		},
	},
	{
		name: "an unknown role although nothing changes", teams: []role.LiveTeam{liveTeam("t ghost")}, wantT: []role.DesiredTeam{wantTeam("t ghost")},
		want: []string{`block unknownRole: people/t.yaml:5 gives team "t" the role "ghost", which neither the files nor the account have; declare the role, or take it from the list`},
	},
	{
		name: "synced", teams: []role.LiveTeam{liveTeam("t", syncedTeam), liveTeam("u ops", syncedTeam)}, members: []role.LiveMember{liveMember("a@x", syncedMember)},
		wantT: []role.DesiredTeam{wantTeam("t ops"), wantTeam("u ops")}, wantM: []role.DesiredMember{wantMember("a@x ops")},
		want: []string{
			"skipped member a@x: an identity provider owns the member's roles, and would write over them",
			"skipped team t: an identity provider owns the team",
		},
	},
	{
		name: "not declared", teams: []role.LiveTeam{liveTeam("t ops"), liveTeam("empty")}, members: []role.LiveMember{liveMember("a@x p=a"), liveMember("b@x")},
		want: []string{"unmanaged member a@x: no file declares it", "unmanaged team t: no file declares it"},
	},
	{
		name: "not declared, with a role that nobody lists", members: []role.LiveMember{liveMember("a@x", func(l *role.LiveMember) { l.Strangers = []string{"f00"} })},
		want: []string{"unmanaged member a@x: no file declares it"},
	},
	{
		name: "outside", teams: []role.LiveTeam{liveTeam("t ops")}, members: []role.LiveMember{liveMember("A@x ops"), liveMember("b@y ops")},
		wantT: []role.DesiredTeam{wantTeam("t dev")}, wantM: []role.DesiredMember{wantMember("c@Y dev")},
		opts: func(o *plan.Options) {
			o.Scope.Teams.Ignore = []string{"t*"}
			o.Scope.Members.Include = []string{"*@X"}
		},
		want: []string{
			"unmanaged member A@x: no file declares it",
			`ignored member b@y: nothing in "include" matches it`,
			`ignored member c@Y: nothing in "include" matches it`,
			`ignored team t: "t*" of "ignore" matches it`,
		},
	},
	{
		name: "twice", teams: []role.LiveTeam{liveTeam("t ops")}, members: []role.LiveMember{liveMember("a@x")},
		wantT: []role.DesiredTeam{wantTeam("t dev"), wantTeam("t", func(d *role.DesiredTeam) { d.Source.Line = 9 })},
		wantM: []role.DesiredMember{wantMember("a@x dev"), wantMember("A@x ops")},
		want: []string{
			"skipped member A@x: declared 2 times, so nobody can say which is meant",
			"skipped team t: declared 2 times, so nobody can say which is meant",
		},
	},
	{
		name: "expired", opts: func(o *plan.Options) {
			o.Expired = []plan.Note{{Kind: plan.KindMember, Key: "a@x", Reason: "ops expired"}}
		},
		want: []string{"expired member a@x: ops expired"},
	},
	{
		name: "only teams are managed", teams: []role.LiveTeam{liveTeam("t")}, members: []role.LiveMember{liveMember("a@x")},
		wantT: []role.DesiredTeam{wantTeam("t ops")}, wantM: []role.DesiredMember{wantMember("a@x ops")},
		opts: func(o *plan.Options) { o.Scope.Members = nil },
		want: []string{"assign update/team/t +ops"},
	},
	{
		name: "offline", members: []role.LiveMember{liveMember("a@x ops")},
		wantT: []role.DesiredTeam{wantTeam("t ops")}, wantM: []role.DesiredMember{wantMember("a@x dev,ops"), wantMember("b@x ops")},
		opts: func(o *plan.Options) {
			o.Source.Offline, o.Source.Base = true, strings.Repeat("0", 40)
		},
		want: []string{"team create/team/t +ops", "assign update/member/a@x +dev", "assign update/member/b@x +ops"},
	},
}

// TestPeople tells what becomes of teams and members, and that the plan is the same after it was
// saved, is what its schema says, and leaves nothing to do.
func TestPeople(t *testing.T) {
	t.Parallel()
	for _, tt := range peopleTable {
		t.Run(tt.name, func(t *testing.T) {
			desired, actual, o := tt.inputs()
			p := plan.MakeAll(desired, actual, o)
			if diff := cmp.Diff(tt.want, tellPeople(p)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			saveAndCheck(t, p)
			if again := plan.MakeAll(desired, done(actual, p), o); len(again.Changes) > 0 {
				t.Errorf("left to do: %q", tellPeople(again))
			}
		})
	}
}

// TestDeletingWhatIsHeld: a role is deleted if the plan takes it from all who hold it, and else it
// says who is left.
func TestDeletingWhatIsHeld(t *testing.T) {
	t.Parallel()
	team, other := liveTeam("t ops,old"), liveTeam("u old")
	member := liveMember("a@x ops,old")
	for _, tt := range []struct {
		name    string
		held    [2]int // members and teams, as the account counts
		teams   []role.LiveTeam
		members []role.LiveMember
		scope   func(*plan.Options)
		want    []string
	}{
		{"by nobody else", [2]int{1, 1}, []role.LiveTeam{team}, []role.LiveMember{member}, nil, []string{
			"unassign update/member/a@x -old", "unassign update/team/t -old", "delete delete/role/old",
		}},
		{"by a team that no file declares", [2]int{1, 2}, []role.LiveTeam{team, other}, []role.LiveMember{member}, nil, []string{
			"unassign update/member/a@x -old", "unassign update/team/t -old",
			`skipped role old: state: absent, but still held by team "u"`, "unmanaged team u: no file declares it",
		}},
		{"by somebody whom nobody lists", [2]int{3, 1}, []role.LiveTeam{team}, []role.LiveMember{member}, nil, []string{
			"unassign update/member/a@x -old", "unassign update/team/t -old",
			"skipped role old: state: absent, but still held by 2 members",
		}},
		{"by a kind that is not managed", [2]int{1, 1}, []role.LiveTeam{team}, nil, func(o *plan.Options) { o.Scope.Members = nil }, []string{
			"unassign update/team/t -old", "skipped role old: state: absent, but still held by 1 member",
		}},
		{"outside the scope", [2]int{1, 2}, []role.LiveTeam{team, other}, []role.LiveMember{member}, func(o *plan.Options) { o.Scope.Teams.Ignore = []string{"u"} }, []string{
			"unassign update/member/a@x -old", "unassign update/team/t -old",
			`skipped role old: state: absent, but still held by team "u"`, `ignored team u: "u" of "ignore" matches it`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := peopled()
			if tt.scope != nil {
				tt.scope(&o)
			}
			p := plan.MakeAll(plan.Desired{
				Roles: []role.Desired{want("ops"), want("old", absent)},
				Teams: []role.DesiredTeam{wantTeam("t ops")}, Members: []role.DesiredMember{wantMember("a@x ops")},
			}, plan.Actual{
				Roles: []role.Live{there("ops"), there("old", held(tt.held[0], tt.held[1]))}, Teams: tt.teams, Members: tt.members,
			}, o)
			if diff := cmp.Diff(tt.want, tellPeople(p)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			saveAndCheck(t, p)
		})
	}
}

// TestGivingWhatIsDeleted: files must not give a role that they delete.
func TestGivingWhatIsDeleted(t *testing.T) {
	t.Parallel()
	p := plan.MakeAll(
		plan.Desired{Roles: []role.Desired{want("old", absent)}, Teams: []role.DesiredTeam{wantTeam("t old")}},
		plan.Actual{Roles: []role.Live{there("old")}, Teams: []role.LiveTeam{liveTeam("t old")}}, peopled())
	if diff := cmp.Diff([]string{
		`skipped role old: state: absent, but still held by team "t"`,
		`block unknownRole: people/t.yaml:5 gives team "t" the role "old", which roles/old.yaml:2 deletes; take it from the list, or keep the role`,
	}, tellPeople(p)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestManyHolders names ten of those who hold a role, and counts the rest.
func TestManyHolders(t *testing.T) {
	t.Parallel()
	var teams []role.LiveTeam
	for i := range 12 {
		teams = append(teams, liveTeam(fmt.Sprintf("t%02d old", i)))
	}
	p := plan.MakeAll(plan.Desired{Roles: []role.Desired{want("old", absent)}},
		plan.Actual{Roles: []role.Live{there("old", held(2, 12))}, Teams: teams}, peopled())
	if got := p.Skipped[0].Reason; !strings.HasSuffix(got, `team "t08", team "t09", 2 more and 2 members`) {
		t.Error(got)
	}
}

// TestUnmanagedKinds: where neither kind is managed, the plan is to the byte what it is without
// teams and members.
func TestUnmanagedKinds(t *testing.T) {
	t.Parallel()
	desired, actual, o := rich()
	p := plan.MakeAll(
		plan.Desired{Roles: desired, Teams: []role.DesiredTeam{wantTeam("t gone-held")}, Members: []role.DesiredMember{wantMember("a@x nothing")}},
		plan.Actual{Roles: actual, Teams: []role.LiveTeam{liveTeam("t ops")}, Members: []role.LiveMember{liveMember("a@x gone-held")}}, o)
	if string(plan.Encode(p)) != string(plan.Encode(richPlan())) {
		t.Error("another plan")
	}
}

// TestOrderOfKinds has every phase in one plan but the one for what would come too late elsewhere.
func TestOrderOfKinds(t *testing.T) {
	t.Parallel()
	p := everyPhase()
	var phases []plan.Phase
	for _, c := range p.Changes {
		phases = append(phases, c.Phase)
	}
	want := slices.DeleteFunc(plan.Phases(), func(p plan.Phase) bool { return p == plan.PhaseFirst })
	if got := slices.Compact(phases); !slices.Equal(got, want) {
		t.Errorf("phases %v", got)
	}
	if p.Summary != (plan.Summary{Create: 1, Update: 3, Delete: 1, Teams: 2, Members: 2}) || p.Summary.Total() != 9 {
		t.Errorf("%+v", p.Summary)
	}
	saveAndCheck(t, p)
}

func everyPhase() *plan.Plan {
	flagsOf := "allow updateOn on proj/*:env/*:flag/*"
	return plan.MakeAll(plan.Desired{
		Roles: []role.Desired{
			want("new"), want("wide", wantPolicy(viewAll, flagsOf)), want("narrow"), want("old", absent),
			want("mixed", wantPolicy("allow updateOff on proj/*:env/*:flag/*")),
		},
		Teams:   []role.DesiredTeam{wantTeam("made new", create("Made")), wantTeam("t new")},
		Members: []role.DesiredMember{wantMember("a@x wide"), wantMember("b@x new p=a")},
	}, plan.Actual{
		Roles: []role.Live{
			there("wide"), there("narrow", func(l *role.Live) { l.Policy = policy(viewAll, flagsOf) }),
			there("old", held(1, 1)), there("mixed", func(l *role.Live) { l.Policy = policy(flagsOf) }),
		},
		Teams: []role.LiveTeam{liveTeam("t old")},
		Members: []role.LiveMember{liveMember("a@x wide,old"), liveMember("b@x wide p=b", func(l *role.LiveMember) {
			l.Extra = map[string]json.RawMessage{"newField": json.RawMessage(`{"a":[1,"<"]}`)}
		})},
	}, peopled())
}

// TestStaleHolders: what changed of a holder makes a saved plan stale, and is named.
func TestStaleHolders(t *testing.T) {
	t.Parallel()
	at := func(live, wanted string) *plan.Plan {
		return plan.MakeAll(plan.Desired{Teams: []role.DesiredTeam{wantTeam(wanted)}}, plan.Actual{Roles: []role.Live{there("ops"), there("dev"), there("old")}, Teams: []role.LiveTeam{liveTeam(live)}}, peopled())
	}
	p := at("t", "t ops")
	if err := p.Same(at("t", "t ops")); err != nil {
		t.Error(err)
	}
	for _, tt := range []struct {
		fresh *plan.Plan
		says  string
	}{
		{at("t old", "t ops"), `team "t" has changed in the account`},
		{at("t p=a", "t ops"), `team "t" has changed in the account`},
		{at("t", "t ops,dev"), `team "t" is wanted otherwise now`},
	} {
		if err := p.Same(tt.fresh); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%v, want %q in it", err, tt.says)
		}
	}
}

func TestNameRoles(t *testing.T) {
	t.Parallel()
	members := []role.LiveMember{liveMember("a@x " + id("ops") + ",dev,feed")}
	got := plan.NameRoles(members, []role.Live{there("ops"), there("dev"), {Role: role.Role{Key: "noid"}}})
	if !slices.Equal(got[0].CustomRoles, []string{"ops", "dev"}) || !slices.Equal(got[0].Strangers, []string{"feed"}) {
		t.Errorf("%+v", got[0])
	}
	if again := plan.NameRoles(got, []role.Live{there("ops"), there("dev")}); again[0].Digest() != got[0].Digest() {
		t.Error("naming twice is something else")
	}
	if members[0].CustomRoles[0] != id("ops") || members[0].Strangers != nil {
		t.Error("the argument was changed")
	}
}

// TestWeighingRolesAlone: what a change does to access is said of roles, and of no holder.
func TestWeighingRolesAlone(t *testing.T) {
	t.Parallel()
	desired, actual, o := peopleSwap()
	o.Semantics = weighing().Semantics
	desired.Roles = append(desired.Roles, want("new"))
	p := plan.MakeAll(desired, actual, o)
	for _, c := range p.Changes {
		if (c.Access != nil) != (c.Kind == plan.KindRole) {
			t.Errorf("%s: access %v", c.ID, c.Access)
		}
	}
	if p.Summary.Create != 1 || p.Summary.Members != 1 {
		t.Errorf("%+v", p.Summary)
	}
	saveAndCheck(t, p)
}

// TestStaleReplace: a replaced role that has changed is named by the key it has in the account.
func TestStaleReplace(t *testing.T) {
	t.Parallel()
	at := func(edits ...func(*role.Live)) *plan.Plan {
		return plan.Make([]role.Desired{want("new", previously("old"))}, []role.Live{there("old", append(edits, held(1, 0))...)}, lenient())
	}
	err := at().Same(at(func(l *role.Live) { l.Name = "Other" }))
	if err == nil || !strings.Contains(err.Error(), `role "old" has changed in the account`) {
		t.Error(err)
	}
}
