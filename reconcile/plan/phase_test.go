package plan_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

func TestPhase(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		before, after []role.Statement
		want          plan.Phase
	}{
		{policy(viewAll), policy(viewAll, "allow a on r"), plan.PhaseWiden},
		{policy(viewAll), policy(viewAll, "deny a on r"), plan.PhaseNarrow},
		{policy(viewAll, "allow a on r"), policy(viewAll), plan.PhaseNarrow},
		{policy(viewAll, "deny a on r"), policy(viewAll), plan.PhaseWiden},
		{policy(viewAll, "deny a on r"), policy("allow b on s", viewAll), plan.PhaseWiden},
		{policy(viewAll, "allow x on r"), policy("allow y on s", viewAll), plan.PhaseMixed},
		{policy("allow a on r"), policy("allow a,b on r"), plan.PhaseWiden},
		{policy("allow a on r"), policy("allow a on r,s"), plan.PhaseWiden},
		{policy("allow a on r"), policy("allow a,b on r,s"), plan.PhaseWiden},
		{policy("allow a,b on r"), policy("allow a on r"), plan.PhaseNarrow},
		{policy("allow a,b on r"), policy("allow a on r,s"), plan.PhaseMixed},
		{policy("allow a on r"), policy("allow b on r"), plan.PhaseMixed},
		{policy("allow !a,b on r"), policy("allow !a on r"), plan.PhaseWiden},
		{policy("allow !a on r"), policy("allow !a,b on r"), plan.PhaseNarrow},
		{policy("allow a on !r"), policy("allow a on !r,s"), plan.PhaseNarrow},
		{policy("allow a on !r,s"), policy("allow a on !r"), plan.PhaseWiden},
		{policy("deny a on r"), policy("deny a,b on r"), plan.PhaseNarrow},
		{policy("deny a,b on r"), policy("deny a on r"), plan.PhaseWiden},
		{policy("deny !a on r"), policy("deny !a,b on r"), plan.PhaseWiden},
		{policy("deny a on !r,s"), policy("deny a on !r"), plan.PhaseNarrow},
		{policy("allow a,b on r"), policy("deny a,b on r"), plan.PhaseNarrow},
		{policy("deny a,b on r"), policy("allow a,b on r"), plan.PhaseWiden},
		{policy("allow a on r"), policy("allow !a on r"), plan.PhaseMixed},
		{policy("allow a,b on r"), policy("allow a,b on !r"), plan.PhaseMixed},
		// Malformed: nobody knows what they allow.
		{[]role.Statement{{Effect: "permit", Actions: []string{"a"}, Resources: []string{"r"}}}, policy(), plan.PhaseMixed},
		{
			[]role.Statement{{Effect: role.Allow, Actions: []string{"a"}, NotActions: []string{"b"}, Resources: []string{"r"}}},
			[]role.Statement{{Effect: role.Allow, Actions: []string{"a", "c"}, NotActions: []string{"b"}, Resources: []string{"r"}}},
			plan.PhaseMixed,
		},
		{
			[]role.Statement{{Effect: role.Allow, Actions: []string{"a"}}},
			[]role.Statement{{Effect: role.Allow, Actions: []string{"a", "b"}}},
			plan.PhaseMixed,
		},
	} {
		if got := edit(test.before, test.after).Phase; got != test.want {
			t.Errorf("from %v to %v: %s, want %s", test.before, test.after, got, test.want)
		}
	}
}

func TestPhaseOfFields(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		live func(*role.Live)
		file func(*role.Desired)
		want plan.Phase
	}{
		{"name", func(*role.Live) {}, func(d *role.Desired) { d.Name = "x" }, plan.PhaseWiden},
		{"description", func(*role.Live) {}, func(d *role.Desired) { d.Description = "x" }, plan.PhaseWiden},
		{"to reader", func(*role.Live) {}, func(d *role.Desired) { d.BasePermissions = role.Reader }, plan.PhaseWiden},
		{"to no_access", func(l *role.Live) { l.BasePermissions = role.Reader }, func(*role.Desired) {}, plan.PhaseNarrow},
		{"from something else", func(l *role.Live) { l.BasePermissions = "" }, func(*role.Desired) {}, plan.PhaseMixed},
		{"category", func(*role.Live) {}, func(d *role.Desired) { d.ResourceCategory = "any" }, plan.PhaseMixed},
		{"name, and narrower", func(*role.Live) {}, func(d *role.Desired) { d.Name, d.Policy = "x", nil }, plan.PhaseNarrow},
		{"to reader, and narrower", func(*role.Live) {}, func(d *role.Desired) { d.BasePermissions, d.Policy = role.Reader, nil }, plan.PhaseMixed},
	} {
		p := plan.Make([]role.Desired{want("a", test.file)}, []role.Live{there("a", test.live)}, lenient())
		if got := p.Changes[0].Phase; got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestPhasesInOrder(t *testing.T) {
	t.Parallel()
	want := []plan.Phase{
		plan.PhaseCreate, plan.PhaseFirst, plan.PhaseWiden, plan.PhaseTeam, plan.PhaseAssign, plan.PhaseMixed,
		plan.PhaseReassign, plan.PhaseUnassign, plan.PhaseNarrow, plan.PhaseDelete,
	}
	if got := plan.Phases(); !slices.Equal(got, want) {
		t.Errorf("phases %v, want %v", got, want)
	}
}

// allowed is what a policy allows in a world of three actions and three resources, told by brute
// force: a matching deny beats any allow, order does not matter.
func allowed(p []role.Statement, action, resource string) bool {
	granted := false
	for _, s := range p {
		if !matches(s.Actions, s.NotActions, action) || !matches(s.Resources, s.NotResources, resource) {
			continue
		}
		if s.Effect == role.Deny {
			return false
		}
		granted = true
	}
	return granted
}

func matches(list, not []string, text string) bool {
	covers := func(glob string) bool { return role.Glob(glob, text) }
	if len(list) > 0 {
		return slices.ContainsFunc(list, covers)
	}
	return !slices.ContainsFunc(not, covers)
}

// worldStatement draws a well-formed statement of that world.
func worldStatement() *rapid.Generator[role.Statement] {
	side := func(words ...string) *rapid.Generator[[]string] {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(words), 1, 3, rapid.ID[string])
	}
	return rapid.Custom(func(t *rapid.T) role.Statement {
		s := role.Statement{Effect: rapid.SampledFrom([]role.Effect{role.Allow, role.Deny}).Draw(t, "effect")}
		actions, resources := side("a", "b", "c", "*").Draw(t, "actions"), side("r", "s", "t", "*").Draw(t, "resources")
		if s.Actions = actions; rapid.Bool().Draw(t, "notActions") {
			s.Actions, s.NotActions = nil, actions
		}
		if s.Resources = resources; rapid.Bool().Draw(t, "notResources") {
			s.Resources, s.NotResources = nil, resources
		}
		return s
	})
}

// TestLawPhaseIsSound checks by brute force that a change said to widen loses nothing and one said
// to narrow gains nothing.
func TestLawPhaseIsSound(t *testing.T) {
	t.Parallel()
	seen := map[plan.Phase]int{}
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.SliceOfN(worldStatement(), 0, 3).Draw(t, "before")
		after := nearby(t, before)
		c := edit(before, after)
		if c == nil {
			return
		}
		seen[c.Phase]++
		for _, action := range []string{"a", "b", "c"} {
			for _, resource := range []string{"r", "s", "t"} {
				was, is := allowed(before, action, resource), allowed(after, action, resource)
				if c.Phase == plan.PhaseWiden && was && !is || c.Phase == plan.PhaseNarrow && !was && is {
					t.Fatalf("%s, but %s on %s: %v before, %v after", c.Phase, action, resource, was, is)
				}
			}
		}
	})
	for _, phase := range []plan.Phase{plan.PhaseWiden, plan.PhaseMixed, plan.PhaseNarrow} {
		if seen[phase] == 0 && !testing.Short() { // which draws few
			t.Errorf("no change was of phase %s: the law says nothing about it", phase)
		}
	}
}

// nearby returns a policy some edits away.
func nearby(t *rapid.T, p []role.Statement) []role.Statement {
	p = slices.Clone(p)
	for range rapid.IntRange(1, 2).Draw(t, "edits") {
		i := rapid.IntRange(0, len(p)).Draw(t, "place")
		switch {
		case i == len(p):
			p = append(p, worldStatement().Draw(t, "added"))
		case rapid.Bool().Draw(t, "remove"):
			p = slices.Delete(p, i, i+1)
		default:
			p[i] = editedStatement(t, p[i])
		}
	}
	return p
}

// editedStatement adds an element to one list of s, or takes the first one away.
func editedStatement(t *rapid.T, s role.Statement) role.Statement {
	s = s.Clone()
	list, element := &s.Actions, rapid.SampledFrom([]string{"a", "b", "c", "*"}).Draw(t, "action")
	if rapid.Bool().Draw(t, "resources") {
		list, element = &s.Resources, rapid.SampledFrom([]string{"r", "s", "t", "*"}).Draw(t, "resource")
	}
	if len(*list) == 0 {
		list = map[*[]string]*[]string{&s.Actions: &s.NotActions, &s.Resources: &s.NotResources}[list]
	}
	if len(*list) > 1 && rapid.Bool().Draw(t, "take") {
		*list = (*list)[1:]
	} else {
		*list = append(*list, element)
	}
	return s
}
