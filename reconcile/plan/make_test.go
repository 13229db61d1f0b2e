package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

func scoped(include, ignore []string, prune bool) plan.Options {
	o := lenient()
	o.Scope.Roles = role.Scope{Include: include, Ignore: ignore, Prune: prune}
	return o
}

// TestMake lists what becomes of a role, case by case, as outline tells it.
func TestMake(t *testing.T) {
	t.Parallel()
	const (
		creates = "the files declare it, the account has no such role"
		differs = "the role differs from its file"
		takeIt  = "take it from them, then apply again"
	)
	for _, test := range []struct {
		name    string
		desired []role.Desired
		actual  []role.Live
		opts    plan.Options
		want    []string
	}{
		{"nothing at all", nil, nil, lenient(), nil},
		{"create", []role.Desired{want("a")}, nil, lenient(), []string{"create create a: " + creates}},
		{"unchanged", []role.Desired{want("a")}, []role.Live{there("a")}, lenient(), []string{"unchanged 1"}},
		{
			"who holds it is no change",
			[]role.Desired{want("a")},
			[]role.Live{there("a", held(3, 2))},
			lenient(),
			[]string{"unchanged 1"},
		},
		{
			"update of the policy",
			[]role.Desired{want("a", wantPolicy("allow viewProject,updateTags on proj/*"))},
			[]role.Live{there("a")},
			lenient(),
			[]string{"widen update a: " + differs},
		},
		{
			"base permissions are always compared",
			[]role.Desired{want("a", func(d *role.Desired) { d.BasePermissions = role.Reader })},
			[]role.Live{there("a")},
			lenient(),
			[]string{"widen update a: " + differs},
		},
		{
			"unmanaged",
			nil,
			[]role.Live{there("a", held(1, 0))},
			lenient(),
			[]string{"unmanaged a: no file declares it"},
		},
		{
			"keys that cannot be put in a URL are unmanaged, prune or not",
			nil,
			[]role.Live{there("../members/x")},
			pruning(),
			[]string{`unmanaged ../members/x: key "../members/x": use letters, digits, "_", "." and "-", and start with a letter or digit`},
		},
		{
			"presets are unmanaged, prune or not",
			nil,
			[]role.Live{there("a", preset), there("b", func(l *role.Live) { l.PresetStatements = policy(viewAll) })},
			pruning(),
			[]string{"unmanaged a: preset role", "unmanaged b: preset role"},
		},
		{
			"prune",
			[]role.Desired{want("a")},
			[]role.Live{there("a"), there("b"), there("c", held(2, 0))},
			pruning(),
			[]string{
				"delete delete b: not in the files, and prune is on",
				"skipped c: not in the files, and prune is on, but still held by 2 members; " + takeIt,
				"unchanged 1",
			},
		},
		{
			"what is outside the scope is ignored, prune or not",
			[]role.Desired{want("team-a"), want("other-a"), want("team-b-legacy"), want("gone", absent)},
			[]role.Live{there("other-a"), there("other-b"), there("team-c-legacy"), there("gone"), there("p", preset)},
			scoped([]string{"team-*", "unused"}, []string{"*-legacy"}, true),
			[]string{
				"create create team-a: " + creates,
				`ignored gone: nothing in "include" matches it`,
				`ignored other-a: nothing in "include" matches it`,
				`ignored other-b: nothing in "include" matches it`,
				`ignored p: nothing in "include" matches it`,
				`ignored team-b-legacy: "*-legacy" of "ignore" matches it`,
				`ignored team-c-legacy: "*-legacy" of "ignore" matches it`,
			},
		},
		{
			"the zero scope takes in nothing",
			[]role.Desired{want("a")},
			[]role.Live{there("b")},
			plan.Options{},
			[]string{`ignored a: nothing in "include" matches it`, `ignored b: nothing in "include" matches it`},
		},
		{
			"tombstone",
			[]role.Desired{want("a", absent), want("b", absent), want("c", absent)},
			[]role.Live{there("a"), there("b", held(4, 3))},
			lenient(),
			[]string{
				"delete delete a: state: absent",
				"skipped b: state: absent, but still held by 4 members and 3 teams; " + takeIt,
			},
		},
		{
			"replace, nobody holds the old one",
			[]role.Desired{want("new", previously("old"))},
			[]role.Live{there("old")},
			lenient(),
			[]string{
				`create replace new for old: takes the place of "old", since a key cannot be changed`,
				`delete delete old: replaced by "new"`,
			},
		},
		{
			"replace, the old one is held",
			[]role.Desired{want("new", previously("old"))},
			[]role.Live{there("old", held(1, 1))},
			lenient(),
			[]string{
				`create replace new for old: takes the place of "old", since a key cannot be changed`,
				`skipped old: replaced by "new", but still held by 1 member and 1 team; give them "new", then apply again`,
			},
		},
		{
			"replaced before, the old one is still there",
			[]role.Desired{want("new", previously("old", "older"))},
			[]role.Live{there("new"), there("old"), there("older", held(0, 2))},
			lenient(),
			[]string{
				`delete delete old: replaced by "new"`,
				`skipped older: replaced by "new", but still held by 2 teams; give them "new", then apply again`,
				"unchanged 1",
			},
		},
		{
			"replaced before, the new one differs too",
			[]role.Desired{want("new", previously("old"), wantPolicy("deny viewProject on proj/*"))},
			[]role.Live{there("new"), there("old")},
			lenient(),
			[]string{"narrow update new: " + differs, `delete delete old: replaced by "new"`},
		},
		{
			"of several old ones the first gives its place, all go",
			[]role.Desired{want("new", previously("missing", "old-b", "old-a"))},
			[]role.Live{there("old-a"), there("old-b")},
			lenient(),
			[]string{
				`create replace new for old-b: takes the place of "old-b", since a key cannot be changed`,
				`delete delete old-a: replaced by "new"`, `delete delete old-b: replaced by "new"`,
			},
		},
		{
			"an old key that is gone makes a plain create",
			[]role.Desired{want("new", previously("old", "new"))},
			nil,
			lenient(),
			[]string{"create create new: " + creates},
		},
		{
			"an old key that a file declares follows its file",
			[]role.Desired{want("new", previously("old", "gone")), want("old"), want("gone", absent)},
			[]role.Live{there("old"), there("gone")},
			lenient(),
			[]string{"create create new: " + creates, "delete delete gone: state: absent", "unchanged 1"},
		},
		{
			"an old key goes to the first role that names it",
			[]role.Desired{want("new-b", previously("old")), want("new-a", previously("old"))},
			[]role.Live{there("old")},
			lenient(),
			[]string{
				`create replace new-a for old: takes the place of "old", since a key cannot be changed`,
				"create create new-b: " + creates,
				`delete delete old: replaced by "new-a"`,
			},
		},
		{
			"an old key outside the scope stays",
			[]role.Desired{want("new", previously("legacy-old"))},
			[]role.Live{there("legacy-old")},
			scoped([]string{"*"}, []string{"legacy-*"}, true),
			[]string{"create create new: " + creates, `ignored legacy-old: "legacy-*" of "ignore" matches it`},
		},
		{
			"an old key that cannot be put in a URL stays",
			[]role.Desired{want("new", previously("a/b"))},
			[]role.Live{there("a/b")},
			pruning(),
			[]string{
				"create create new: " + creates,
				`unmanaged a/b: key "a/b": use letters, digits, "_", "." and "-", and start with a letter or digit`,
			},
		},
		{
			"a tombstone replaces nothing",
			[]role.Desired{want("new", absent, previously("old"))},
			[]role.Live{there("old")},
			lenient(),
			[]string{"unmanaged old: no file declares it"},
		},
		{
			"a role declared twice is left alone",
			[]role.Desired{want("a", wantPolicy("allow * on proj/*")), want("a", absent), want("b")},
			[]role.Live{there("a")},
			pruning(),
			[]string{
				"create create b: " + creates,
				"skipped a: declared 2 times, so nobody can say which is meant; keep one",
			},
		},
		{
			"a key that cannot be put in a URL is not created",
			[]role.Desired{want("admin")},
			nil,
			lenient(),
			[]string{`skipped admin: key "admin" is the name of a base role of LaunchDarkly`},
		},
		{
			"changes stand by phase, then by key",
			[]role.Desired{
				want("z-create"),
				want("a-create"),
				want("m-mixed", wantPolicy("allow viewProject on proj/web")),
				want("n-narrow", wantPolicy(viewAll, "deny updateTags on proj/*")),
				want("w-widen", wantPolicy(viewAll, "allow updateTags on proj/*")),
				want("a-delete", absent),
				want("text", func(d *role.Desired) { d.Name = "other" }),
			},
			[]role.Live{there("m-mixed"), there("n-narrow"), there("w-widen"), there("a-delete"), there("text")},
			lenient(),
			[]string{
				"create create a-create: " + creates,
				"create create z-create: " + creates,
				"widen update text: " + differs,
				"widen update w-widen: " + differs,
				"mixed update m-mixed: " + differs,
				"narrow update n-narrow: " + differs,
				"delete delete a-delete: state: absent",
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := outline(plan.Make(test.desired, test.actual, test.opts))
			got = slices.DeleteFunc(got, func(line string) bool { return strings.HasPrefix(line, "block ") })
			if diff := cmp.Diff(test.want, got); len(test.want)+len(got) > 0 && diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestResourceCategory shows the one field that may be left out of a file.
func TestResourceCategory(t *testing.T) {
	t.Parallel()
	in := func(category string) func(*role.Live) {
		return func(l *role.Live) { l.ResourceCategory = category }
	}
	says := func(category string) func(*role.Desired) {
		return func(d *role.Desired) { d.ResourceCategory = category }
	}
	edited := wantPolicy("allow viewProject,updateTags on proj/*")

	p := plan.Make([]role.Desired{want("a")}, []role.Live{there("a", in("project"))}, lenient())
	if p.Unchanged != 1 {
		t.Errorf("a file that says nothing changes it: %v", outline(p))
	}
	p = plan.Make([]role.Desired{want("a", edited)}, []role.Live{there("a", in("project"))}, lenient())
	if c := p.Changes[0]; c.After.ResourceCategory != "project" || len(c.Fields) != 0 {
		t.Errorf("an update does not carry it over: %+v", c)
	}
	for _, live := range []string{"", "organization"} {
		p = plan.Make([]role.Desired{want("a", says("project"))}, []role.Live{there("a", in(live))}, lenient())
		if len(p.Blocks) != 1 || p.Blocks[0].Guard != plan.GuardImmutable || p.Blocks[0].Flag != "" || p.Blocks[0].Hint == "" {
			t.Errorf("from %q: %v", live, outline(p))
		}
		want := []plan.FieldChange{{Field: "resourceCategory", Before: live, After: "project"}}
		if diff := cmp.Diff(want, p.Changes[0].Fields); diff != "" || p.ExitReason != plan.Blocked {
			t.Errorf("from %q (%s):\n%s", live, p.ExitReason, diff)
		}
	}
	p = plan.Make([]role.Desired{want("new", says("any"), previously("old"))}, []role.Live{there("old", in("project"))}, lenient())
	if len(p.Blocks) != 0 {
		t.Errorf("a replace may have another: %v", outline(p))
	}
}

// TestChange checks everything that a change of each kind carries.
func TestChange(t *testing.T) {
	t.Parallel()
	desired := []role.Desired{
		want("create"), want("new", previously("old")),
		want("update", func(d *role.Desired) { d.Name, d.Description = "Other", "words" }), want("delete", absent),
	}
	actual := []role.Live{there("old", held(1, 0)), there("update", held(2, 3)), there("delete")}
	p := plan.Make(desired, actual, lenient())
	if diff := cmp.Diff(plan.Summary{Create: 1, Update: 1, Delete: 1, Replace: 1}, p.Summary); diff != "" {
		t.Errorf("summary:\n%s", diff)
	}
	if p.Summary.Total() != 4 || !p.Complete || p.ExitReason != plan.Changes {
		t.Errorf("total %d, complete %v, exit reason %q", p.Summary.Total(), p.Complete, p.ExitReason)
	}
	view := plan.NumberedStatement{Index: 0, Statement: statement(viewAll)}
	name := func(before, after string) plan.FieldChange {
		return plan.FieldChange{Field: "name", Before: before, After: after}
	}
	base := func(before, after string) plan.FieldChange {
		return plan.FieldChange{Field: "basePermissions", Before: before, After: after}
	}
	none := []plan.NumberedStatement{}
	for i, test := range []struct {
		want          plan.Change
		before, after int // index into actual and desired, -1 for none
	}{
		{plan.Change{
			ID: "create/role/create", Action: plan.Create, Key: "create", Phase: plan.PhaseCreate,
			Fields:     []plan.FieldChange{name("", "Role create"), base("", "no_access")},
			Statements: plan.StatementDiff{Added: []plan.NumberedStatement{view}, Removed: none},
		}, -1, 0},
		{plan.Change{
			ID: "replace/role/new", Action: plan.Replace, Key: "new", Replaces: "old", Phase: plan.PhaseCreate,
			Fields:     []plan.FieldChange{name("Role old", "Role new")},
			Statements: plan.StatementDiff{Added: none, Removed: none, Kept: 1},
		}, 0, 1},
		{plan.Change{
			ID: "update/role/update", Action: plan.Update, Key: "update", Phase: plan.PhaseWiden,
			Fields:     []plan.FieldChange{name("Role update", "Other"), {Field: "description", Before: "", After: "words"}},
			Statements: plan.StatementDiff{Added: none, Removed: none, Kept: 1},
		}, 1, 2},
		{plan.Change{
			ID: "delete/role/delete", Action: plan.Delete, Key: "delete", Phase: plan.PhaseDelete,
			Fields:     []plan.FieldChange{name("Role delete", ""), base("no_access", "")},
			Statements: plan.StatementDiff{Added: none, Removed: []plan.NumberedStatement{view}},
		}, 2, -1},
	} {
		w, got := test.want, p.Changes[i]
		w.Kind, w.Reason, w.Declared, w.Statements.Changed, w.Risk = "role", got.Reason, got.Declared, []plan.StatementChange{}, []plan.Risk{}
		if test.before >= 0 {
			l := actual[test.before]
			w.Before, w.RoleID, w.BeforeDigest, w.Assigned = &l, l.ID, l.Digest(), &l.Assigned
		}
		if test.after >= 0 {
			r := desired[test.after].Role
			w.After, w.AfterDigest = &r, r.Digest()
		}
		if diff := cmp.Diff(w, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", w.ID, diff)
		}
		if got.Declared == nil || got.Declared.Line != 2 || got.Reason == "" {
			t.Errorf("%s: declared at %+v, reason %q", w.ID, got.Declared, got.Reason)
		}
	}
}

// TestNotes checks what a note carries besides its reason.
func TestNotes(t *testing.T) {
	t.Parallel()
	o := scoped([]string{"*"}, []string{"x-*"}, false)
	p := plan.Make(
		[]role.Desired{want("x-file"), want("gone", absent, func(d *role.Desired) { d.Name = "" })},
		[]role.Live{there("gone", held(1, 2)), there("extra"), there("x-live", held(0, 1))}, o)
	for _, test := range []struct {
		notes []plan.Note
		want  []plan.Note
	}{
		{p.Skipped, []plan.Note{{Key: "gone", Name: "Role gone", Assigned: &role.Assigned{Members: 1, Teams: 2}, Declared: &plan.Declared{File: "roles/gone.yaml", Line: 2}}}},
		{p.Unmanaged, []plan.Note{{Key: "extra", Name: "Role extra", Assigned: &role.Assigned{}}}},
		{p.Ignored, []plan.Note{
			{Key: "x-file", Name: "Role x-file", Declared: &plan.Declared{File: "roles/x-file.yaml", Line: 2}},
			{Key: "x-live", Name: "Role x-live", Assigned: &role.Assigned{Teams: 1}},
		}},
	} {
		got := slices.Clone(test.notes)
		for i := range got {
			if got[i].Kind != "role" || got[i].Reason == "" {
				t.Errorf("%+v has no kind or no reason", got[i])
			}
			got[i].Kind, got[i].Reason, got[i].Hint = "", "", ""
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

// TestRaw checks that the server's text of a role does not get into a plan.
func TestRaw(t *testing.T) {
	t.Parallel()
	p := plan.Make([]role.Desired{want("a", absent)}, []role.Live{there("a", func(l *role.Live) { l.Raw = []byte(`{"secret":1}`) })}, lenient())
	if raw := p.Changes[0].Before.Raw; raw != nil {
		t.Errorf("raw text in a plan: %s", raw)
	}
}
