package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/plan"
	semantics "github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// crossed are the options of a plan of people that says what it does to access.
func crossed(allow ...string) plan.Options {
	o := peopled()
	o.Semantics = new(semantics.DefaultSemantics())
	o.Lift.AllowTransient = allow
	return o
}

const (
	flagsOn   = "allow updateOn on proj/*:env/*:flag/*"
	flagsOff  = "allow updateOff on proj/*:env/*:flag/*"
	flagRules = "allow updateRules on proj/*:env/*:flag/*"
)

// crossing is a plan that may leave somebody with too much or too little.
type crossing struct {
	name          string
	roles, become map[string][]string // policies by key
	teams         []role.LiveTeam
	wantT         []role.DesiredTeam
	members       []role.LiveMember
	wantM         []role.DesiredMember
	allow         []string
	want          []string // what tellPeople says
}

func (c crossing) plan() *plan.Plan {
	var d plan.Desired
	a := plan.Actual{Teams: c.teams, Members: c.members}
	for key, statements := range c.roles {
		a.Roles = append(a.Roles, there(key, func(l *role.Live) { l.Policy = policy(statements...) }))
	}
	for key, statements := range c.become {
		d.Roles = append(d.Roles, want(key, wantPolicy(statements...)))
	}
	d.Teams, d.Members = c.wantT, c.wantM
	return plan.MakeAll(d, a, crossed(c.allow...))
}

func crossings() []crossing {
	held := func(text string) []role.LiveMember { return []role.LiveMember{liveMember(text)} }
	wanted := func(text string) []role.DesiredMember { return []role.DesiredMember{wantMember(text)} }
	return []crossing{
		{
			name:  "access moves between two roles that both gain and lose",
			roles: map[string][]string{"a": {viewAll, flagsOn, flagRules}, "b": {viewAll, flagsOff}}, become: map[string][]string{"a": {viewAll, flagsOff}, "b": {viewAll, flagsOn, flagRules}},
			members: held("x@x a,b"),
			want:    []string{"widen update/role/a/gives", "mixed update/role/b", "narrow update/role/a/takes"},
		},
		{
			name:  "a role is narrowed and given",
			roles: map[string][]string{"a": {viewAll, flagsOn, flagsOff}}, become: map[string][]string{"a": {viewAll, flagsOn}},
			members: held("x@x"), wantM: wanted("x@x a"),
			want: []string{"first update/role/a", "reassign update/member/x@x +a"},
		},
		{
			name:  "a role is widened and taken",
			roles: map[string][]string{"a": {viewAll, flagsOn}}, become: map[string][]string{"a": {viewAll, flagsOn, flagsOff}},
			members: held("x@x a"), wantM: wanted("x@x"),
			want: []string{"first update/member/x@x -a medium base", "widen update/role/a"},
		},
		{
			name:  "a role goes both ways and is given",
			roles: map[string][]string{"a": {viewAll, flagsOff}}, become: map[string][]string{"a": {viewAll, flagsOn}},
			members: held("x@x"), wantM: wanted("x@x a"),
			want: []string{"mixed update/role/a", "reassign update/member/x@x +a"},
		},
		{
			name:  "a role goes both ways and is given to somebody without a base role",
			roles: map[string][]string{"a": {viewAll, flagsOff}}, become: map[string][]string{"a": {viewAll, flagsOn}},
			teams: []role.LiveTeam{liveTeam("t", in("x@x"))}, wantT: []role.DesiredTeam{wantTeam("t a")}, members: held("x@x"),
			want: []string{"first update/role/a", "assign update/team/t +a"},
		},
		{
			name:  "one role for another, of which one goes to a second holder",
			roles: map[string][]string{"a": {viewAll, flagsOn}, "b": {viewAll, flagsOff}}, become: map[string][]string{"a": {viewAll, flagsOn}, "b": {viewAll, flagsOff}},
			members: held("x@x a"), wantM: wanted("x@x b"),
			want: []string{"assign update/member/x@x/gives +b", "unassign update/member/x@x/takes -a"},
		},
		{
			name:  "what a team and a member hold changes places",
			roles: map[string][]string{"a": {viewAll, flagsOn}, "b": {viewAll, flagsOff}, "c": {viewAll}}, become: map[string][]string{"a": {viewAll, flagsOn}, "b": {viewAll, flagsOff}, "c": {viewAll}},
			teams: []role.LiveTeam{liveTeam("t a", in("x@x"))}, wantT: []role.DesiredTeam{wantTeam("t b")},
			members: held("x@x b,c"), wantM: wanted("x@x a,c"),
			want: []string{"assign update/team/t/gives +b", "assign update/member/x@x/gives +a", "unassign update/team/t/takes -a", "unassign update/member/x@x/takes -b"},
		},
		{
			name:  "attributes and roles change at once, and another holder gives the same",
			roles: map[string][]string{"p": {viewAll, "allow updateOn on proj/${roleAttribute/p}:env/*:flag/*"}, "q": {viewAll, "allow updateOn on proj/${roleAttribute/p}:env/*:flag/*", "allow createMetric on proj/m:metric/*"}},
			become: map[string][]string{
				"p": {viewAll, "allow updateOn on proj/${roleAttribute/p}:env/*:flag/*"}, "q": {viewAll, "allow updateOn on proj/${roleAttribute/p}:env/*:flag/*", "allow createMetric on proj/m:metric/*"},
			},
			teams: []role.LiveTeam{liveTeam("t p p=1", in("x@x"))}, wantT: []role.DesiredTeam{wantTeam("t q p=2")},
			members: held("x@x p p=2"), wantM: wanted("x@x p p=1"),
			want: []string{"assign update/member/x@x/gives +p 1", "reassign update/team/t +q -p +p 2 -p 1", "unassign update/member/x@x/takes -p 2"},
		},
		{
			name:  "two teams change places, and what is between grants no more",
			roles: map[string][]string{"p": {viewAll, byP, flagsOff}, "q": {viewAll, byP}}, become: map[string][]string{"p": {viewAll, byP, flagsOff}, "q": {viewAll, byP}},
			teams: []role.LiveTeam{liveTeam("s q p=1", in("x@x")), liveTeam("t p p=2", in("x@x"))}, wantT: []role.DesiredTeam{wantTeam("s p p=2"), wantTeam("t q p=1")},
			members: held("x@x"),
			want:    []string{"assign update/team/s/gives +p +p 2", "reassign update/team/t +q -p +p 1 -p 2", "unassign update/team/s/takes -q -p 1"},
		},
		refused(),
		{
			name:  "an access moves, and nobody holds the roles",
			roles: map[string][]string{"a": {viewAll, flagsOn}, "b": {viewAll, flagsOff}}, become: map[string][]string{"a": {viewAll, flagsOff}, "b": {viewAll, flagsOn}},
			members: held("x@x"),
			want:    []string{"mixed update/role/a", "mixed update/role/b"},
		},
		{
			name:  "an access moves, and nobody is known",
			roles: map[string][]string{"a": {viewAll, flagsOn}, "b": {viewAll, flagsOff}}, become: map[string][]string{"a": {viewAll, flagsOff}, "b": {viewAll, flagsOn}},
			want: []string{"mixed update/role/a", "mixed update/role/b"},
		},
	}
}

// byP lets flags of projects be turned on that a role attribute names, byPOff off.
const (
	byP    = "allow updateOn on proj/${roleAttribute/p}:env/*:flag/*"
	byPOff = "allow updateOff on proj/${roleAttribute/p}:env/*:flag/*"
)

// refused is a crossing on which somebody is always without something, or has too much.
func refused(allow ...string) crossing {
	c := crossing{
		name:  "two teams change places, and what is between grants more",
		roles: map[string][]string{"p": {viewAll, byP}, "q": {viewAll, byPOff}}, become: map[string][]string{"p": {viewAll, byP}, "q": {viewAll, byPOff}},
		teams: []role.LiveTeam{liveTeam("s p p=1", in("x@x", "y@x")), liveTeam("t q p=2", in("x@x", "y@x"))}, wantT: []role.DesiredTeam{wantTeam("s q p=2"), wantTeam("t p p=1")},
		members: []role.LiveMember{liveMember("x@x"), liveMember("y@x")},
		allow:   allow,
		want:    []string{"reassign update/team/s +q -p +p 2 -p 1", "reassign update/team/t +p -q +p 1 -p 2"},
	}
	if len(allow) == 0 {
		c.want = append(c.want, "block gap: after the update of team \"s\", x@x and y@x would lack for a moment what they hold before and after: updateOn on proj/1:env/*:flag/*; "+
			"make two plans of it: one for what is given and, once it is applied, one for what is taken away")
	}
	return c
}

func in(emails ...string) func(*role.LiveTeam) {
	return func(l *role.LiveTeam) {
		for _, e := range emails {
			l.Members = append(l.Members, id(e))
		}
	}
}

func TestCrossings(t *testing.T) {
	t.Parallel()
	for _, tt := range crossings() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := tt.plan()
			got := slices.DeleteFunc(tellPeople(p), func(line string) bool { return strings.HasPrefix(line, "unmanaged") })
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
			saveAndCheck(t, p)
		})
	}
}
