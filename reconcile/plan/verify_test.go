package plan_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

func TestAppliable(t *testing.T) {
	t.Parallel()
	if err := small().Appliable(); err != nil {
		t.Errorf("small plan: %v", err)
	}
	err := richPlan().Appliable()
	if !errors.Is(err, plan.ErrBlocked) || !strings.Contains(err.Error(), "would delete 4 roles") {
		t.Errorf("blocked plan: %v", err)
	}
	unfinished, err := plan.Decode(plan.Encode(plan.Unfinished(lenient(), "network")))
	if err != nil {
		t.Fatal(err)
	}
	if err := unfinished.Appliable(); !errors.Is(err, plan.ErrIncomplete) || unfinished.ExitReason != "network" {
		t.Errorf("unfinished plan (%s): %v", unfinished.ExitReason, err)
	}
}

// TestCheckAge is row P04: a plan that is too old, or from the future.
func TestCheckAge(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		at   string
		now  time.Time
		want string
	}{
		{"2026-03-01T12:00:00Z", made, ""},
		{"2026-03-01T12:00:00Z", made.Add(24 * time.Hour), ""},
		{"2026-03-01T12:00:00Z", made.Add(24*time.Hour + time.Second), "more than 24h0m0s ago"},
		{"2026-03-01T12:00:00Z", made.Add(-5 * time.Minute), ""},
		{"2026-03-01T12:00:00Z", made.Add(-5*time.Minute - time.Second), "in the future"},
		{"2026-03-01T14:00:00+02:00", made, ""},
		{"", made, `generatedAt "" is not a time`},
		{"yesterday", made, `generatedAt "yesterday" is not a time`},
	} {
		p := small()
		p.GeneratedAt = test.at
		err := p.CheckAge(test.now, 24*time.Hour)
		var stale *plan.StaleError
		switch {
		case test.want == "" && err == nil:
		case test.want != "" && errors.As(err, &stale) && strings.Contains(err.Error(), test.want):
		default:
			t.Errorf("made %q, now %s: %v, want %q", test.at, test.now, err, test.want)
		}
	}
}

// TestSame is rows P02 (another account) and P05 (used twice), and every other way in which a
// plan can stop to fit.
func TestSame(t *testing.T) {
	t.Parallel()
	desired := []role.Desired{want("a"), want("b", wantPolicy("allow viewProject,updateTags on proj/*")), want("c")}
	actual := []role.Live{there("b"), there("c")}
	saved := plan.Make(desired, actual, lenient())
	for _, test := range []struct {
		name string
		edit func(*world)
		want string
	}{
		{"nothing", func(*world) {}, ""},
		{"when, with what and who holds it", func(w *world) {
			w.opts.Tool, w.opts.GeneratedAt, w.opts.Source.Commit = "x", "x", "x"
			w.actual[0].Assigned.Members = 9
		}, ""},
		{"a role that the plan does not touch", func(w *world) { w.actual = append(w.actual, there("z")) }, ""},
		{"target", func(w *world) { w.opts.Target.Name = "x" }, `it was made for target "local", this is "x"`},
		{"host", func(w *world) { w.opts.Target.Host = "x" }, `it was made for host "127.0.0.1", this is "x"`},
		{"account", func(w *world) { w.opts.Target.AccountID = "x" }, `it was made for account "5f0", this is "x"`},
		{"version", func(w *world) { w.opts.Target.APIVersion = "x" }, `it was made for API version "20240415", this is "x"`},
		{"files", func(w *world) { w.opts.Source.ConfigDigest = "x" }, "the files have changed since it was made"},
		{"scope", func(w *world) { w.opts.Scope.Roles.Ignore = []string{"x"} }, "the scope has changed since it was made"},
		{"applied", func(w *world) { w.actual = perform(saved, w.actual) }, `create role "a" is no longer to do`},
		{"edited", func(w *world) { w.actual[0].Name = "x" }, `role "b" has changed in the account`},
		{"made again", func(w *world) { w.actual[0].ID = "x" }, `role "b" has changed in the account`},
		{"gone", func(w *world) { w.actual = w.actual[1:] }, `update role "b" is no longer to do`},
		{"wanted otherwise", func(w *world) { w.desired[0].Name = "x" }, `role "a" is wanted otherwise now`},
		{"came up", func(w *world) { w.actual[1].Name = "x" }, `update role "c" has come up since`},
		{"guard", func(w *world) {
			w.opts.Guards.Protect = []string{"b"}
		}, `planned anew, the plan is blocked: role "b" is protected by guards.protect "b"`},
	} {
		w := world{append([]role.Desired{}, desired...), append([]role.Live{}, actual...), lenient()}
		test.edit(&w)
		err := saved.Same(w.plan())
		var stale *plan.StaleError
		switch {
		case test.want == "" && err == nil:
		case test.want != "" && errors.As(err, &stale) && err.Error() == "the plan is stale: "+test.want:
		default:
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
	other := *saved
	other.FormatVersion = "0.9"
	plan.Seal(&other)
	if err := saved.Same(&other); err == nil || !strings.Contains(err.Error(), "its format is another") {
		t.Errorf("another format: %v", err)
	}
}

// TestSameMissingLists: an empty list of the scope and none are the same.
func TestSameMissingLists(t *testing.T) {
	t.Parallel()
	o := lenient()
	o.Scope.Roles.Ignore = []string{}
	if err := plan.Make([]role.Desired{want("a")}, nil, lenient()).Same(plan.Make([]role.Desired{want("a")}, nil, o)); err != nil {
		t.Error(err)
	}
}
