package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// edit plans the update from one policy to the other; nil if there is nothing to do.
func edit(before, after []role.Statement) *plan.Change {
	l := there("a", func(l *role.Live) { l.Policy = before })
	d := want("a", func(d *role.Desired) { d.Policy = after })
	p := plan.Make([]role.Desired{d}, []role.Live{l}, lenient())
	if len(p.Changes) == 0 {
		return nil
	}
	return &p.Changes[0]
}

// diffLines tells a statement diff in short.
func diffLines(d plan.StatementDiff) []string {
	var out []string
	for _, s := range d.Added {
		out = append(out, fmt.Sprintf("+%d", s.Index))
	}
	for _, s := range d.Removed {
		out = append(out, fmt.Sprintf("-%d", s.Index))
	}
	for _, c := range d.Changed {
		line := fmt.Sprintf("%d>%d", c.Before.Index, c.After.Index)
		for _, l := range c.Lists {
			line += fmt.Sprintf(" %s+%s-%s=%d", l.Name, strings.Join(l.Added, ","), strings.Join(l.Removed, ","), l.Kept)
		}
		out = append(out, line)
	}
	return append(out, fmt.Sprintf("kept %d", d.Kept))
}

func TestStatements(t *testing.T) {
	t.Parallel()
	const flags = "proj/*:env/*:flag/*"
	for _, test := range []struct {
		name          string
		before, after []role.Statement
		want          []string
	}{
		{"added", policy(viewAll), policy("allow updateOn on "+flags, viewAll), []string{"+0", "kept 1"}},
		{"removed", policy("allow updateOn on "+flags, viewAll), policy(viewAll), []string{"-0", "kept 1"}},
		{"all removed", policy(viewAll), policy(), []string{"-0", "kept 0"}},
		{
			"moved, the others kept",
			policy("allow a on "+flags, "allow b on "+flags, "allow c on "+flags),
			policy("allow c on "+flags, "allow a on "+flags),
			[]string{"-1", "kept 2"},
		},
		{
			"an action more",
			policy(viewAll, "allow updateOn,updateTargets on "+flags),
			policy("allow updateTargets,updateRules,updateOn on "+flags, viewAll),
			[]string{"1>0 actions+updateRules-=2", "kept 1"},
		},
		{
			"other resources, same actions",
			policy("allow updateOn,updateTargets on proj/a:env/*:flag/*"),
			policy("allow updateOn,updateTargets on proj/b:env/*:flag/*"),
			[]string{"0>0 resources+proj/b:env/*:flag/*-proj/a:env/*:flag/*=0", "kept 0"},
		},
		{
			"other actions, same resources",
			policy("allow createFlag on " + flags),
			policy("allow deleteFlag on " + flags),
			[]string{"0>0 actions+deleteFlag-createFlag=0", "kept 0"},
		},
		{
			"half of the actions, other resources",
			policy("allow a,b on proj/a"),
			policy("allow a on proj/b"),
			[]string{"0>0 actions+-b=1 resources+proj/b-proj/a=0", "kept 0"},
		},
		{
			"unlike",
			policy("allow a,b,c on proj/a"),
			policy("allow c,d,e on proj/b"),
			[]string{"+0", "-0", "kept 0"},
		},
		{
			"effect turned",
			policy("allow a,b on " + flags),
			policy("deny a,b on " + flags),
			[]string{"0>0 effect+deny-allow=0", "kept 0"},
		},
		{
			"effect turned, other actions, more resources: unlike",
			policy("allow a on proj/a"),
			policy("deny b on proj/a,proj/b"),
			[]string{"+0", "-0", "kept 0"},
		},
		{
			"same effect, other actions, more resources: alike",
			policy("allow a on proj/a"),
			policy("allow b on proj/a,proj/b"),
			[]string{"0>0 actions+b-a=0 resources+proj/b-=1", "kept 0"},
		},
		{
			"an edit is preferred to a turned effect",
			policy("allow a,b on " + flags),
			policy("deny a,b on "+flags, "allow a,b,c on "+flags),
			[]string{"+0", "0>1 actions+c-=2", "kept 0"},
		},
		{
			"two become one",
			policy("allow a,b on "+flags, "allow a,c on "+flags),
			policy("allow a,b,c on " + flags),
			[]string{"-1", "0>0 actions+c-=2", "kept 0"},
		},
		{
			"one becomes two",
			policy("allow a,b,c on " + flags),
			policy("allow a,b on "+flags, "allow a,c on "+flags),
			[]string{"+1", "0>0 actions+-c=2", "kept 0"},
		},
		{
			"a third of the actions: unlike",
			policy("allow a,b on proj/a"),
			policy("allow a,c on proj/b"),
			[]string{"+0", "-0", "kept 0"},
		},
		{
			"same effect is preferred",
			policy("allow a,b on "+flags, "deny a,b on "+flags),
			policy("deny a,b,c on "+flags, "allow a,b,d on "+flags),
			[]string{"1>0 actions+c-=2", "0>1 actions+d-=2", "kept 0"},
		},
		{
			"the most alike go together",
			policy("allow a,b,c,d on "+flags, "allow a on "+flags),
			policy("allow a,e on "+flags, "allow a,b,c,e on "+flags),
			[]string{"1>0 actions+e-=1", "0>1 actions+e-d=3", "kept 0"},
		},
		{
			"actions become notActions",
			policy("allow a on " + flags),
			policy("allow !a on " + flags),
			[]string{"0>0 actions+-a=0 notActions+a-=0", "kept 0"},
		},
		{
			"resources become notResources",
			policy("deny a on proj/a"),
			policy("deny a on !proj/a"),
			[]string{"0>0 resources+-proj/a=0 notResources+proj/a-=0", "kept 0"},
		},
		{
			"repeated statements and elements count once, at their first place",
			policy(viewAll, viewAll, "allow a,b,a on "+flags, "allow b,a on "+flags),
			policy("allow c,a,c,b,c on "+flags, viewAll, "allow a,b,c on "+flags),
			[]string{"2>0 actions+c-=2", "kept 1"},
		},
		{
			"elements are told in the order in which they are written",
			policy("allow a,z,m on " + flags),
			policy("allow a,y,b,x on " + flags),
			[]string{"0>0 actions+y,b,x-z,m=1", "kept 0"},
		},
		{
			"a statement without anything is like none",
			[]role.Statement{{Effect: role.Allow}},
			policy(viewAll),
			[]string{"+0", "-0", "kept 0"},
		},
		{
			"elements do not run together",
			[]role.Statement{{Effect: role.Allow, Actions: []string{`a" "b`}, Resources: []string{"r"}}},
			policy("allow a,b on r"),
			[]string{`0>0 actions+a,b-a" "b=0`, "kept 0"},
		},
		{
			"nor do words",
			[]role.Statement{{Effect: role.Allow, Actions: []string{"a b"}, Resources: []string{"r"}}},
			policy("allow a,b on r"),
			[]string{"0>0 actions+a,b-a b=0", "kept 0"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, diffLines(edit(test.before, test.after).Statements)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestPairsKnowNoOrder checks that a tie between pairs is not settled by place: the same
// statements are paired whatever the order in which they stand.
func TestPairsKnowNoOrder(t *testing.T) {
	t.Parallel()
	old := policy("allow a on r", "allow b on r")
	told := func(c *plan.Change) string {
		pairs := map[string]bool{}
		for _, s := range c.Statements.Changed {
			pairs[fmt.Sprint(s.Before.Statement, s.After.Statement)] = true
		}
		return fmt.Sprint(pairs)
	}
	one := told(edit(old, policy("allow x on r", "allow y on r")))
	two := told(edit(policy("allow b on r", "allow a on r"), policy("allow y on r", "allow x on r")))
	if one != two {
		t.Errorf("order shows:\n%s\n%s", one, two)
	}
}
