package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/plan"
	semantics "github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// watched are options under which access is guarded and nothing else is.
func watched(edits ...func(*plan.Options)) plan.Options {
	o := peopled()
	o.Semantics = new(semantics.DefaultSemantics())
	o.Guards.MinAdmins = 2
	o.Guards.AllowEscalation = []string{"admins", "others", "ana@x.org", "bo@x.org", "cy@x.org", "crew"}
	for _, edit := range edits {
		edit(&o)
	}
	return o
}

// accessBlocks returns the blocks about access: "lockout ana@x.org bo@x.org".
func accessBlocks(p *plan.Plan) (list []string) {
	for _, b := range p.Blocks {
		if b.Guard == plan.GuardLockout || b.Guard == plan.GuardEscalation {
			list = append(list, string(b.Guard)+" "+strings.Join(b.Keys, " "))
		}
	}
	return list
}

const administers = "allow updatePolicy,createRole on role/* ; allow * on member/*"

func adminPolicy() []string { return strings.Split(administers, " ; ") }

// lockoutCase is an account and what files make of it.
type lockoutCase struct {
	name    string
	roles   []role.Live
	teams   []role.LiveTeam
	members []role.LiveMember
	want    plan.Desired
	edit    func(*plan.Options)
	caller  *role.Caller
	blocks  []string
	says    string // what the first block says
}

func adminRole(edits ...func(*role.Live)) role.Live {
	return there("admins", append([]func(*role.Live){func(l *role.Live) { l.Policy = policy(adminPolicy()...) }}, edits...)...)
}

func gone() role.Desired { return want("admins", absent) }

func admins(emails ...string) (list []role.LiveMember) {
	for _, e := range emails {
		list = append(list, liveMember(e+" admins"))
	}
	return list
}

func wantMembers(texts ...string) (list []role.DesiredMember) {
	for _, t := range texts {
		list = append(list, wantMember(t))
	}
	return list
}

func inTeam(m role.LiveMember, team string) role.LiveMember {
	m.Teams = []string{team}
	return m
}

func pendingMember(l *role.LiveMember) { l.Pending = true }

// TestLockout goes through simulated accounts: who is locked out by what, and at which step.
func TestLockout(t *testing.T) {
	t.Parallel()
	narrowed := want("admins", wantPolicy("allow updatePolicy on role/ops", "allow * on member/*"))
	service := func(roles ...string) *role.Caller {
		return &role.Caller{AccountID: "a", TokenID: "t", Service: true, Known: true, CustomRoles: roles}
	}
	for _, tt := range []lockoutCase{
		{
			name: "the role of two administrators is narrowed", roles: []role.Live{adminRole()}, members: admins("ana@x.org", "bo@x.org"),
			want: plan.Desired{Roles: []role.Desired{narrowed}}, blocks: []string{"lockout ana@x.org bo@x.org"},
			says: `the update of role "admins" leaves 0 members who can edit roles and members, minAdmins is 2: ana@x.org, bo@x.org could until then`,
		},
		{
			name: "one of three goes", roles: []role.Live{adminRole()}, members: admins("ana@x.org", "bo@x.org", "cy@x.org"),
			want: plan.Desired{Members: wantMembers("ana@x.org")},
		},
		{
			name: "one of two goes", roles: []role.Live{adminRole()}, members: admins("ana@x.org", "bo@x.org"),
			want: plan.Desired{Members: wantMembers("ana@x.org")}, blocks: []string{"lockout ana@x.org"},
		},
		{
			name: "one of two goes, and is named", roles: []role.Live{adminRole()}, members: admins("ana@x.org", "bo@x.org"),
			want: plan.Desired{Members: wantMembers("ana@x.org")},
			edit: func(o *plan.Options) { o.Lift.AllowLockout = []string{"ANA@x.org"} },
		},
		{
			name: "another is named than the one who goes", roles: []role.Live{adminRole()}, members: admins("ana@x.org", "bo@x.org"),
			want: plan.Desired{Members: wantMembers("ana@x.org")}, blocks: []string{"lockout ana@x.org"},
			edit: func(o *plan.Options) { o.Lift.AllowLockout = []string{"bo@x.org", plan.TokenInUse} },
		},
		{
			name: "one is enough", roles: []role.Live{adminRole()}, members: admins("ana@x.org", "bo@x.org"),
			want: plan.Desired{Members: wantMembers("ana@x.org")}, edit: func(o *plan.Options) { o.Guards.MinAdmins = 1 },
		},
		{
			name: "the only one goes, and one is asked for", roles: []role.Live{adminRole()}, members: admins("ana@x.org"),
			want: plan.Desired{Members: wantMembers("ana@x.org")}, edit: func(o *plan.Options) { o.Guards.MinAdmins = 1 },
			blocks: []string{"lockout ana@x.org"},
		},
		{
			name: "too few before, and nobody goes", roles: []role.Live{adminRole()}, members: admins("ana@x.org"),
			want: plan.Desired{Roles: []role.Desired{want("admins", wantPolicy(append(adminPolicy(), "allow * on team/*")...))}},
		},
		{
			name: "one goes and another comes, who comes first", roles: []role.Live{adminRole()},
			members: append(admins("ana@x.org", "bo@x.org"), liveMember("cy@x.org")),
			want:    plan.Desired{Members: wantMembers("ana@x.org", "cy@x.org admins")},
		},
		{
			name: "whoever was only invited is nobody yet", roles: []role.Live{adminRole()},
			members: append(admins("ana@x.org", "bo@x.org"), liveMember("cy@x.org admins", pendingMember)),
			want:    plan.Desired{Members: wantMembers("ana@x.org")}, blocks: []string{"lockout ana@x.org"},
		},
		{
			name: "base administrators count", roles: []role.Live{adminRole()},
			members: append(admins("ana@x.org"), liveMember("bo@x.org", base("admin")), liveMember("cy@x.org", base("owner"))),
			want:    plan.Desired{Members: wantMembers("ana@x.org")},
		},
		{
			name: "a base administrator is given a role of his own", roles: []role.Live{adminRole(), there("ops")},
			members: append(admins("ana@x.org"), liveMember("bo@x.org", base("admin"))),
			want:    plan.Desired{Members: wantMembers("bo@x.org ops")}, blocks: []string{"lockout bo@x.org"},
		},
		{
			name: "whoever falls back to an administrator's base role is one", roles: []role.Live{adminRole()},
			members: append(admins("bo@x.org"), liveMember("ana@x.org admins", base("admin"))),
			want:    plan.Desired{Members: wantMembers("ana@x.org")},
		},
		{
			name: "through a team, which loses the role", roles: []role.Live{adminRole()}, teams: []role.LiveTeam{liveTeam("crew admins")},
			members: []role.LiveMember{inTeam(liveMember("ana@x.org"), "crew"), inTeam(liveMember("bo@x.org"), "crew")},
			want:    plan.Desired{Teams: []role.DesiredTeam{wantTeam("crew")}}, blocks: []string{"lockout ana@x.org bo@x.org"},
		},
		{
			name: "the role moves from the people to their team", roles: []role.Live{adminRole()}, teams: []role.LiveTeam{liveTeam("crew")},
			members: []role.LiveMember{inTeam(liveMember("ana@x.org admins"), "crew"), inTeam(liveMember("bo@x.org admins"), "crew")},
			want:    plan.Desired{Teams: []role.DesiredTeam{wantTeam("crew admins")}, Members: wantMembers("ana@x.org", "bo@x.org")},
		},
		{
			name: "another role takes its place", roles: []role.Live{adminRole()}, members: admins("ana@x.org", "bo@x.org"),
			want: plan.Desired{
				Roles:   []role.Desired{want("others", wantPolicy(adminPolicy()...)), gone()},
				Members: wantMembers("ana@x.org others", "bo@x.org others"),
			},
		},
		{
			name: "a deny takes the power without taking a statement", roles: []role.Live{adminRole()}, members: admins("ana@x.org", "bo@x.org"),
			want:   plan.Desired{Roles: []role.Desired{want("admins", wantPolicy(append(adminPolicy(), "deny update* on role/admins")...))}},
			blocks: []string{"lockout ana@x.org bo@x.org"},
		},
		{
			name:    "where nobody can edit all, those who can edit some count",
			roles:   []role.Live{there("admins", func(l *role.Live) { l.Policy = policy("allow updatePolicy on role/ops", "allow * on member/*") })},
			members: admins("ana@x.org", "bo@x.org"), want: plan.Desired{Roles: []role.Desired{want("admins", wantPolicy("allow * on team/*"))}},
			blocks: []string{"lockout ana@x.org bo@x.org"},
		},
		{
			name: "roles about projects are not looked at", roles: []role.Live{there("ops", func(l *role.Live) { l.Policy = policy("allow * on proj/*") })},
			members: []role.LiveMember{liveMember("ana@x.org ops")}, want: plan.Desired{Roles: []role.Desired{want("ops", wantPolicy("allow * on proj/web"))}},
		},
		{
			name: "the token's own role is narrowed", roles: []role.Live{adminRole()}, caller: service("admins"),
			want: plan.Desired{Roles: []role.Desired{narrowed}}, blocks: []string{"lockout token"},
			says: `the update of role "admins" takes from the token in use what it could do until then: createRole on role/`,
		},
		{
			name: "the token's own role is named by its id", roles: []role.Live{adminRole()}, caller: service(id("admins")),
			want: plan.Desired{Roles: []role.Desired{narrowed}}, blocks: []string{"lockout token"},
		},
		{
			name: "the token's own role is narrowed, and the token is named", roles: []role.Live{adminRole()}, caller: service("admins"),
			want: plan.Desired{Roles: []role.Desired{narrowed}}, edit: func(o *plan.Options) { o.Lift.AllowLockout = []string{plan.TokenInUse} },
		},
		{
			name: "the token's own role is widened", roles: []role.Live{adminRole()}, caller: service("admins"),
			want: plan.Desired{Roles: []role.Desired{want("admins", wantPolicy(append(adminPolicy(), "allow * on team/*")...))}},
		},
		{
			name: "the token has a policy of its own", roles: []role.Live{adminRole()},
			caller: &role.Caller{Service: true, Known: true, Inline: policy(adminPolicy()...)}, want: plan.Desired{Roles: []role.Desired{narrowed}},
		},
		{
			name: "the token is its member's, who is an administrator no more", roles: []role.Live{adminRole()},
			members: admins("ana@x.org", "bo@x.org", "cy@x.org"), caller: &role.Caller{Known: true, MemberID: id("ana@x.org")},
			want: plan.Desired{Members: wantMembers("ana@x.org")}, blocks: []string{"lockout token"},
			says: `the update of member ana@x.org takes from the token in use what it could do until then: `,
		},
		{
			name: "a token of which only the member is known", roles: []role.Live{adminRole()},
			members: admins("ana@x.org", "bo@x.org", "cy@x.org"), caller: &role.Caller{MemberID: id("ana@x.org"), Why: "refused"},
			want: plan.Desired{Members: wantMembers("ana@x.org")}, blocks: []string{"lockout token"},
		},
		{
			name: "a base role does not move", roles: []role.Live{adminRole()}, caller: &role.Caller{Service: true, Known: true, BaseRole: "admin"},
			want: plan.Desired{Roles: []role.Desired{narrowed}},
		},
	} {
		t.Run(tt.name, tt.check)
	}
}

func (tt lockoutCase) check(t *testing.T) {
	t.Parallel()
	o := watched()
	if tt.edit != nil {
		tt.edit(&o)
	}
	actual := plan.Actual{Roles: tt.roles, Teams: tt.teams, Members: tt.members, People: true, Caller: tt.caller}
	p := plan.MakeAll(tt.want, actual, o)
	if len(p.Changes) == 0 {
		t.Fatal("nothing changes")
	}
	if diff := cmp.Diff(tt.blocks, accessBlocks(p)); diff != "" {
		t.Errorf("%s\n%v", diff, p.Blocks)
	}
	if len(p.Unchecked) > 0 {
		t.Errorf("not checked: %v", p.Unchecked)
	}
	if len(p.Blocks) > 0 && !strings.HasPrefix(p.Blocks[0].Message, tt.says) {
		t.Errorf("says %q", p.Blocks[0].Message)
	}
	saveAndCheck(t, p)
	if brief := plan.MakeAll(tt.want, actual, withBrief(o)); !slices.Equal(accessBlocks(brief), tt.blocks) || brief.PlanHash != p.PlanHash {
		t.Errorf("without words the blocks are %v", accessBlocks(brief))
	}
	if len(tt.blocks) > 0 { // what the block says to add lets it through
		lifted := o
		for _, b := range p.Blocks {
			lifted.Lift.AllowLockout = append(lifted.Lift.AllowLockout, strings.Split(strings.TrimPrefix(b.Flag, "--allow-lockout "), ",")...)
		}
		if q := plan.MakeAll(tt.want, actual, lifted); len(accessBlocks(q)) > 0 {
			t.Errorf("with %v: %v", lifted.Lift.AllowLockout, q.Blocks)
		}
	}
}

func withBrief(o plan.Options) plan.Options {
	o.Brief = true
	return o
}

// TestLockoutUnknown: what could not be looked at is said.
func TestLockoutUnknown(t *testing.T) {
	t.Parallel()
	desired := plan.Desired{Roles: []role.Desired{want("admins", wantPolicy("allow * on role/x"))}}
	for name, tt := range map[string]struct {
		actual plan.Actual
		want   []string
	}{
		"people": {plan.Actual{PeopleErr: role.ErrDenied}, []string{
			"who gains and who loses access: not allowed", "whether enough people can still edit roles and members: not allowed",
		}},
		"neither": {
			plan.Actual{Caller: &role.Caller{Known: true, MemberID: "x"}},
			[]string{
				"whether enough people can still edit roles and members: who is in the account is not known",
				"whether the token in use keeps what it may do with roles, members and teams: what it may do could not be read",
			},
		},
		"token": {
			plan.Actual{People: true, Caller: &role.Caller{Service: true, Why: "no permission"}},
			[]string{"whether the token in use keeps what it may do with roles, members and teams: no permission"},
		},
	} {
		tt.actual.Roles = []role.Live{adminRole()}
		p := plan.MakeAll(desired, tt.actual, watched(func(o *plan.Options) { o.Scope.Teams, o.Scope.Members = nil, nil }))
		if diff := cmp.Diff(tt.want, p.Unchecked); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		saveAndCheck(t, p)
	}
}
