package plan_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/access"
	folk "github.com/rolewright/rolewright/reconcile/people"
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
	d, a := c.inputs()
	return plan.MakeAll(d, a, crossed(c.allow...))
}

func (c crossing) inputs() (d plan.Desired, a plan.Actual) {
	a = plan.Actual{Teams: c.teams, Members: c.members}
	for key, statements := range c.roles {
		a.Roles = append(a.Roles, there(key, func(l *role.Live) { l.Policy = policy(statements...) }))
	}
	for key, statements := range c.become {
		if statements == nil {
			d.Roles = append(d.Roles, want(key, absent))
			continue
		}
		d.Roles = append(d.Roles, want(key, wantPolicy(statements...)))
	}
	d.Teams, d.Members = c.wantT, c.wantM
	return d, a
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
			name:  "a role is narrowed and given, and another deleted",
			roles: map[string][]string{"a": {viewAll, flagsOn, flagsOff}, "gone": {viewAll}}, become: map[string][]string{"a": {viewAll, flagsOn}, "gone": nil},
			teams: []role.LiveTeam{liveTeam("t gone", in("x@x"))}, wantT: []role.DesiredTeam{wantTeam("t a")}, members: held("x@x"),
			want: []string{"first update/role/a", "assign update/team/t/gives +a", "unassign update/team/t/takes -gone", "delete delete/role/gone"},
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

// TestLetThrough: a moment is let through by the key of the change that brings it.
func TestLetThrough(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		allow []string
		keys  []string
	}{
		{nil, []string{"s"}},
		{[]string{"t", "x@x"}, []string{"s"}},
		{[]string{"s"}, nil},
	} {
		c := refused()
		c.allow = tt.allow
		p := c.plan()
		var keys []string
		for _, b := range p.Blocks {
			keys = append(keys, b.Keys...)
			if b.Guard != plan.GuardGap || b.Flag != "--allow-transient "+b.Keys[0] {
				t.Errorf("%+v", b)
			}
		}
		if !slices.Equal(keys, tt.keys) || !slices.Equal(p.Lift.AllowTransient, tt.allow) || (p.ExitReason == plan.Blocked) != (len(tt.keys) > 0) {
			t.Errorf("allowed %q: blocked %q, %s", tt.allow, keys, p.ExitReason)
		}
		saveAndCheck(t, p)
	}
}

// TestGapsInWords: what is missing or too much is said, and of whom.
func TestGapsInWords(t *testing.T) {
	t.Parallel()
	twelve := refused()
	for i := range 12 {
		email := fmt.Sprintf("z%02d@x", i)
		twelve.members = append(twelve.members, liveMember(email))
		twelve.teams[0].Members = append(twelve.teams[0].Members, id(email))
		twelve.teams[1].Members = append(twelve.teams[1].Members, id(email))
	}
	unknown := refused()
	unknown.members[0].Strangers = []string{"5f0000000000000000000001"}
	for _, tt := range []struct {
		name string
		c    crossing
		want []string
	}{
		{"many", twelve, []string{"x@x, y@x, z00@x, z01@x, z02@x, z03@x, z04@x, z05@x, z06@x, z07@x and 4 more would lack for a moment"}},
		{"unknown", unknown, []string{
			`x@x would hold for a moment what could not be compared: role "5f0000000000000000000001" is not in what is known`,
			"y@x would lack for a moment what they hold before and after: updateOn on proj/1:env/*:flag/*",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var said []string
			for _, b := range tt.c.plan().Blocks {
				said = append(said, b.Message)
			}
			for _, want := range tt.want {
				if !strings.Contains(strings.Join(said, "\n"), want) {
					t.Errorf("%q is not in %q", want, said)
				}
			}
		})
	}
}

// moves is a plan with a role in two steps, and one with a change before all others.
func moves() (steps, first *plan.Plan) {
	all := crossings()
	return all[0].plan(), all[1].plan()
}

// TestStepsOfRoles: two steps of a role are one change, wherever changes are counted or compared.
func TestStepsOfRoles(t *testing.T) {
	t.Parallel()
	p, _ := moves()
	if p.Summary.Update != 2 || p.Summary.Total() != 2 || len(p.Changes) != 3 {
		t.Errorf("%+v of %d changes", p.Summary, len(p.Changes))
	}
	first, second := p.Changes[0], p.Changes[2]
	if first.Part() != 1 || second.Part() != 2 || first.AfterDigest != second.Before.Role.Digest() || second.BeforeDigest != second.Before.Digest() {
		t.Errorf("%s leaves %s, %s starts from %s", first.ID, first.AfterDigest, second.ID, second.BeforeDigest)
	}
	if !strings.HasSuffix(first.Reason, ": first what comes") || !strings.HasSuffix(second.Reason, ": then what goes") {
		t.Errorf("%q, %q", first.Reason, second.Reason)
	}
	c := crossings()[0]
	o := crossed()
	o.Semantics = nil
	d, a := c.inputs()
	plain := plan.MakeAll(d, a, o)
	if err := p.Same(plain); err != nil || plain.PlanHash != p.PlanHash {
		t.Errorf("made without regard to access: %v", err)
	}
	wholes := p.Wholes()
	if len(wholes) != 2 || wholes[0].ID != "update/role/a" || wholes[0].Step != 0 || wholes[0].AfterDigest != second.AfterDigest || wholes[0].Reason != plain.Changes[0].Reason {
		t.Errorf("as a whole %+v", wholes)
	}
	p.Attribute(strings.Repeat("a", 40), "", func(c plan.Change) (plan.Cause, bool) {
		if c.Part() != 0 {
			t.Errorf("asked about %s", c.ID)
		}
		return plan.ThisChange, false
	})
	if p.Changes[0].Cause != plan.ThisChange || p.Changes[2].Cause != plan.ThisChange {
		t.Error("a step has no cause")
	}
	saveAndCheck(t, p)
}

// TestAlteredSteps alters plans of steps with care, all sums made anew, and finds them refused.
func TestAlteredSteps(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		first bool
		at    int
		alter func(p *plan.Plan, c *plan.Change)
		says  string
	}{
		{"third step", false, 0, func(_ *plan.Plan, c *plan.Change) { c.Step = 3 }, "its step does not go with the change"},
		{"negative step", false, 0, func(_ *plan.Plan, c *plan.Change) { c.Step = -1 }, "its step does not go with the change"},
		{"a step that makes", false, 1, func(_ *plan.Plan, c *plan.Change) { c.Step, c.Action = 1, plan.Create }, "its step does not go with the change"},
		{"no step", false, 0, func(_ *plan.Plan, c *plan.Change) { c.Step = 0 }, `"id" does not follow`},
		{"another step", false, 0, func(_ *plan.Plan, c *plan.Change) { c.Step = 2 }, `"id" does not follow`},
		{"wider between", false, 0, func(_ *plan.Plan, c *plan.Change) {
			c.After.Policy = append(c.After.Policy, statement("allow * on proj/*"))
		}, "does not follow"},
		{"no second step", false, 2, func(p *plan.Plan, _ *plan.Change) { p.Changes = p.Changes[:2] }, "has no second step"},
		{"no first step", false, 0, func(p *plan.Plan, _ *plan.Change) { p.Changes = p.Changes[1:] }, "does not start from what the first step leaves"},
		{"twice", false, 0, func(p *plan.Plan, c *plan.Change) { p.Changes = slices.Insert(p.Changes, 0, *c) }, "is changed twice"},
		{"step of a holder", true, 1, func(_ *plan.Plan, c *plan.Change) { c.Step = 1 }, "the step of a holder stands with the holder"},
		{"first and a step", false, 0, func(_ *plan.Plan, c *plan.Change) { c.Phase = plan.PhaseFirst }, `"phase" does not follow`},
		{"out of order", true, 1, func(_ *plan.Plan, c *plan.Change) { c.Phase = plan.PhaseFirst; c.Key = "a" }, "does not follow"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, first := moves()
			if tt.first {
				p = first
			}
			tt.alter(p, &p.Changes[tt.at])
			plan.Seal(p)
			_, err := plan.Decode(plan.Encode(p))
			if altered, ok := errors.AsType[*plan.AlteredError](err); !ok || !strings.Contains(altered.Reason, tt.says) {
				t.Errorf("%v, want %q in it", err, tt.says)
			}
		})
	}
}

// TestForgedUnion: a second step that starts from something else than both sides is refused, although
// each step fits the other.
func TestForgedUnion(t *testing.T) {
	t.Parallel()
	p, _ := moves()
	whole := p.Wholes()[0]
	mid := whole.Before.Role.Clone()
	mid.Policy = append(mid.Policy, statement("allow * on proj/*:env/*:flag/*"))
	left := *whole.Before
	left.Role = mid
	p.Changes[0] = plan.NewStep(plan.NewChange(plan.Update, whole.Before, &mid), 1)
	p.Changes[2] = plan.NewStep(plan.NewChange(plan.Update, &left, whole.After), 2)
	plan.Seal(p)
	_, err := plan.Decode(plan.Encode(p))
	if altered, ok := errors.AsType[*plan.AlteredError](err); !ok || !strings.Contains(altered.Reason, "the two steps are not those of one change") {
		t.Error(err)
	}
}

// TestUnionOf: between two steps a role has what both sides say, once, and the wider base permissions.
func TestUnionOf(t *testing.T) {
	t.Parallel()
	a, b := body("r", viewAll, flagsOn), body("r", flagsOff, viewAll)
	b.Name, a.BasePermissions = "new", role.Reader
	got := plan.UnionOf(a, b)
	if got.Name != "new" || got.BasePermissions != role.Reader || !role.EqualPolicy(got.Policy, policy(viewAll, flagsOn, flagsOff)) || len(got.Policy) != 3 {
		t.Errorf("%+v", got)
	}
	if back := plan.UnionOf(b, a); back.BasePermissions != role.Reader || back.Name != a.Name {
		t.Errorf("%+v", back)
	}
	if same := plan.UnionOf(b, b); same.BasePermissions != role.NoAccess || !role.Equal(same, b) {
		t.Errorf("%+v", same)
	}
}

// TestInWords: what the lines leave out is said.
func TestInWords(t *testing.T) {
	t.Parallel()
	lines := []access.Line{{Actions: []string{"updateOn"}, Resources: []string{"proj/a"}}}
	for _, tt := range []struct {
		side folk.Side
		want string
	}{
		{folk.Side{Example: "x on y"}, "for example x on y"},
		{folk.Side{Example: "x on y", Description: access.Description{Lines: lines, Exact: true}}, "updateOn on proj/a"},
		{folk.Side{Example: "x on y", Description: access.Description{Lines: lines, Rest: "z on y"}}, "updateOn on proj/a; and more, for example z on y"},
		{folk.Side{Example: "x on y", Description: access.Description{Lines: lines}}, "updateOn on proj/a; and more"},
	} {
		if got := plan.InWords(tt.side); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
