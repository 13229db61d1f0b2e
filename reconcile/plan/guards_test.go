package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// keep declares the roles that the account holds but the first n, which have a tombstone.
func keep(actual []role.Live, n int) []role.Desired {
	var out []role.Desired
	for i, l := range actual {
		d := want(l.Key)
		d.Absent = i < n
		out = append(out, d)
	}
	return out
}

func blockLines(p *plan.Plan) []string {
	return slices.DeleteFunc(outline(p), func(line string) bool { return !strings.HasPrefix(line, "block ") })
}

// guarded returns lenient options with these guards and nothing lifted.
func guarded(g plan.Guards, lifts ...func(*plan.Lift)) plan.Options {
	o := lenient()
	o.Guards, o.Lift = g, plan.Lift{}
	for _, lift := range lifts {
		lift(&o.Lift)
	}
	return o
}

func TestGuards(t *testing.T) {
	t.Parallel()
	allowDeletes := func(n int) func(*plan.Lift) { return func(l *plan.Lift) { l.AllowDeletes = n } }
	unprotect := func(keys ...string) func(*plan.Lift) { return func(l *plan.Lift) { l.Unprotect = keys } }
	allowPreset := func(keys ...string) func(*plan.Lift) { return func(l *plan.Lift) { l.AllowPreset = keys } }
	allowEmpty := func(l *plan.Lift) { l.AllowEmpty = true }
	loose := plan.Guards{MaxDeletes: 1000, MaxDeletePercent: 100}
	changed := wantPolicy("allow viewProject,updateTags on proj/*")
	for _, test := range []struct {
		name    string
		desired []role.Desired
		actual  []role.Live
		opts    plan.Options
		want    []string
	}{
		{"as many deletes as are allowed", keep(many(5), 3), many(5), guarded(plan.Guards{MaxDeletes: 3}), nil},
		{
			"one delete more",
			keep(many(5), 4),
			many(5),
			guarded(plan.Guards{MaxDeletes: 3}),
			[]string{"block maxDeletes: would delete 4 roles, maxDeletes is 3 [role-000 role-001 role-002 role-003] --allow-deletes 4"},
		},
		{"lifted by the exact number", keep(many(5), 4), many(5), guarded(plan.Guards{MaxDeletes: 3}, allowDeletes(4)), nil},
		{"lifted by more", keep(many(5), 4), many(5), guarded(plan.Guards{MaxDeletes: 3}, allowDeletes(9)), nil},
		{
			"not lifted by less",
			keep(many(5), 4),
			many(5),
			guarded(plan.Guards{MaxDeletes: 0}, allowDeletes(3)),
			[]string{"block maxDeletes: would delete 4 roles, maxDeletes is 0 [role-000 role-001 role-002 role-003] --allow-deletes 4"},
		},
		{
			"a limit of none stops one",
			keep(many(5), 1),
			many(5),
			guarded(plan.Guards{}),
			[]string{"block maxDeletes: would delete 1 role, maxDeletes is 0 [role-000] --allow-deletes 1"},
		},
		{
			"pruned and replaced roles count",
			[]role.Desired{want("new", previously("role-000")), want("role-001")},
			many(3),
			func() plan.Options {
				o := guarded(plan.Guards{MaxDeletes: 1})
				o.Scope.Roles.Prune = true
				return o
			}(),
			[]string{"block maxDeletes: would delete 2 roles, maxDeletes is 1 [role-000 role-002] --allow-deletes 2"},
		},
		{"a share of nine says nothing", keep(many(9), 8), many(9), guarded(plan.Guards{MaxDeletes: 1000, MaxDeletePercent: 20}), nil},
		{"the share that is allowed", keep(many(10), 2), many(10), guarded(plan.Guards{MaxDeletes: 1000, MaxDeletePercent: 20}), nil},
		{
			"a larger share",
			keep(many(14), 3),
			many(14),
			guarded(plan.Guards{MaxDeletes: 1000, MaxDeletePercent: 20}),
			[]string{"block maxDeletePercent: would delete 3 of 14 managed roles, maxDeletePercent 20 allows 2 [role-000 role-001 role-002] --allow-deletes 3"},
		},
		{
			"a larger share of ten",
			keep(many(10), 3),
			many(10),
			guarded(plan.Guards{MaxDeletes: 1000, MaxDeletePercent: 20}),
			[]string{"block maxDeletePercent: would delete 3 of 10 managed roles, maxDeletePercent 20 allows 2 [role-000 role-001 role-002] --allow-deletes 3"},
		},
		{"a larger share, lifted", keep(many(14), 3), many(14), guarded(plan.Guards{MaxDeletes: 1000, MaxDeletePercent: 20}, allowDeletes(3)), nil},
		{
			"presets and roles outside the scope do not count as managed",
			keep(many(9), 9),
			append(many(9), there("preset", preset), there("legacy-x")),
			func() plan.Options {
				o := guarded(plan.Guards{MaxDeletes: 1000, MaxDeletePercent: 0}, allowEmpty)
				o.Scope.Roles.Ignore = []string{"legacy-*"}
				return o
			}(),
			nil,
		},
		{
			"protected by rolewright.yaml: update, delete, being replaced",
			[]role.Desired{want("core-a", changed), want("core-b", absent), want("core-new", previously("core-c")), want("new", previously("core-d"))},
			[]role.Live{there("core-a"), there("core-b"), there("core-c"), there("core-d", held(1, 0))},
			guarded(plan.Guards{MaxDeletes: 9, Protect: []string{"x", "core-*", "core-a"}}),
			[]string{
				`block protect: role "core-a" is protected by guards.protect "core-*" [core-a] --unprotect core-a`,
				`block protect: role "core-b" is protected by guards.protect "core-*" [core-b] --unprotect core-b`,
				`block protect: role "core-c" is protected by guards.protect "core-*" [core-c] --unprotect core-c`,
				`block protect: role "core-d" is protected by guards.protect "core-*" [core-d] --unprotect core-d`,
			},
		},
		{
			"protected by its own file: update, delete, being replaced",
			[]role.Desired{want("a", changed, protected), want("b", absent, protected), want("new", previously("c"), protected)},
			[]role.Live{there("a"), there("b"), there("c")},
			guarded(loose),
			[]string{
				"block protect: role \"a\" is protected by `protected: true` in roles/a.yaml:2 [a] --unprotect a",
				"block protect: role \"b\" is protected by `protected: true` in roles/b.yaml:2 [b] --unprotect b",
				"block protect: role \"c\" is protected by `protected: true` in roles/new.yaml:2 [c] --unprotect c",
			},
		},
		{
			"unprotect names each",
			[]role.Desired{want("a", changed, protected), want("b", changed, protected)},
			[]role.Live{there("a"), there("b")},
			guarded(loose, unprotect("b", "other")),
			[]string{"block protect: role \"a\" is protected by `protected: true` in roles/a.yaml:2 [a] --unprotect a"},
		},
		{
			"protection does not mind a role that is made, unchanged or held",
			[]role.Desired{want("made", protected), want("same", protected), want("held", absent, protected)},
			[]role.Live{there("same"), there("held", held(1, 0))},
			guarded(plan.Guards{Protect: []string{"*"}}),
			nil,
		},
		{
			"no role declared, nothing to do",
			nil,
			many(2),
			guarded(loose),
			[]string{"block empty: the files declare no role, the account has 2 managed roles [] --allow-empty"},
		},
		{
			"tombstones are no roles",
			keep(many(1), 1),
			many(1),
			guarded(loose),
			[]string{"block empty: the files declare no role, the account has 1 managed role [] --allow-empty"},
		},
		{
			"only managed roles count: presets and roles outside the scope do not",
			nil,
			append(many(1), there("preset", preset), there("legacy-x")),
			func() plan.Options {
				o := guarded(loose)
				o.Scope.Roles.Ignore = []string{"legacy-*"}
				return o
			}(),
			[]string{"block empty: the files declare no role, the account has 1 managed role [] --allow-empty"},
		},
		{
			"no role declared, none managed",
			nil,
			[]role.Live{there("preset", preset), there("legacy-x")},
			func() plan.Options {
				o := guarded(loose)
				o.Scope.Roles.Ignore = []string{"legacy-*"}
				return o
			}(),
			nil,
		},
		{"no role declared, none there", nil, nil, guarded(loose), nil},
		{"a tombstone of nothing, none there", []role.Desired{want("a", absent)}, nil, guarded(loose), nil},
		{"empty, and allowed", nil, many(2), guarded(loose, allowEmpty), nil},
		{
			"presets: update, delete, being replaced",
			[]role.Desired{want("a", changed), want("b", absent), want("new", previously("c")), want("same")},
			[]role.Live{there("a", preset), there("b", preset), there("c", preset), there("same", preset)},
			guarded(loose),
			[]string{
				`block preset: role "a" is one of LaunchDarkly's presets [a] --allow-preset a`,
				`block preset: role "b" is one of LaunchDarkly's presets [b] --allow-preset b`,
				`block preset: role "c" is one of LaunchDarkly's presets [c] --allow-preset c`,
			},
		},
		{
			"a preset that is named passes",
			[]role.Desired{want("a", changed), want("b", absent)},
			[]role.Live{there("a", preset), there("b", preset)},
			guarded(loose, allowPreset("a", "b")),
			nil,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p := plan.Make(test.desired, test.actual, test.opts)
			if diff := cmp.Diff(test.want, blockLines(p)); len(test.want)+len(p.Blocks) > 0 && diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if blocked := p.ExitReason == plan.Blocked; blocked != (len(test.want) > 0) {
				t.Errorf("exit reason %q", p.ExitReason)
			}
		})
	}
}

// TestFlagsLift takes the plan with every guard in it and does what its blocks say: what has a
// flag is gone then, and nothing else is.
func TestFlagsLift(t *testing.T) {
	t.Parallel()
	desired, actual, o := rich()
	before := plan.Make(desired, actual, o)
	for _, b := range before.Blocks {
		flag, value, _ := strings.Cut(b.Flag, " ")
		switch flag {
		case "--allow-deletes":
			o.Lift.AllowDeletes = len(b.Keys)
		case "--unprotect":
			o.Lift.Unprotect = append(o.Lift.Unprotect, value)
		case "--allow-preset":
			o.Lift.AllowPreset = append(o.Lift.AllowPreset, value)
		case "":
			if b.Hint == "" {
				t.Errorf("%s has neither flag nor hint", b.Guard)
			}
		}
	}
	after := plan.Make(desired, actual, o)
	if len(after.Blocks) != 1 || after.Blocks[0].Guard != plan.GuardImmutable {
		t.Errorf("left over: %v", blockLines(after))
	}
	if after.PlanHash != before.PlanHash {
		t.Error("lifting a guard makes another plan")
	}
}
