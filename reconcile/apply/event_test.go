package apply_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// line is an event in one line.
func line(e apply.Event) string {
	s := string(e.Kind)
	for _, word := range []string{e.ID, string(e.Status), string(e.ExitReason)} {
		if word != "" {
			s += " " + word
		}
	}
	if e.Send > 0 {
		s += fmt.Sprint(" ", e.Send)
	}
	if e.Error != "" {
		s += "!"
	}
	return s
}

// observed applies a plan and returns what the observer was told.
func observed(t *testing.T, a *account, p *plan.Plan, fail func(apply.Event) error) (*apply.Result, []string) {
	t.Helper()
	var told []string
	res, _ := play(t, a, p, apply.Options{Observe: func(e apply.Event) error {
		told = append(told, line(e))
		if fail != nil {
			return fail(e)
		}
		return nil
	}})
	return res, told
}

func TestEvents(t *testing.T) {
	update := "update/role/ops"
	for name, test := range map[string]struct {
		scene   scene
		happens map[int]trouble
		want    []string
	}{
		"done":          {updating(), nil, []string{"begun", "sending " + update + " 1", "replied " + update + " 1", "ended " + update + " applied", "finished applied"}},
		"nothing sent":  {updating(), map[int]trouble{1: denied}, []string{"begun", "ended " + update + " failed!", "finished auth!"}},
		"no account":    {updating(), map[int]trouble{0: denied}, nil},
		"nothing to do": {scene{}, nil, nil},
		"lost before": {updating(), map[int]trouble{2: lostBefore}, []string{
			"begun", "sending " + update + " 1", "replied " + update + " 1!", "sending " + update + " 2", "replied " + update + " 2", "ended " + update + " applied", "finished applied",
		}},
		"interrupted": {updating(), map[int]trouble{1: cancelFirst}, []string{"begun", "finished interrupted!"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount(test.scene.actual...)
			a.happens = test.happens
			if _, told := observed(t, a, test.scene.plan(), nil); !slices.Equal(told, test.want) {
				t.Errorf("told %q, want %q", told, test.want)
			}
		})
	}
}

// TestEventsSay: what is told is enough to know a change by, and to bring back what was deleted.
func TestEventsSay(t *testing.T) {
	s := mixed()
	p := s.plan()
	kept := map[string]bool{}
	play(t, newAccount(s.actual...), p, apply.Options{Observe: func(e apply.Event) error {
		i := slices.IndexFunc(p.Changes, func(c plan.Change) bool { return c.ID == e.ID })
		switch {
		case e.Kind == apply.Begun:
			if e.PlanHash != p.PlanHash || *e.Target != p.Target || e.Changes != len(p.Changes) {
				t.Errorf("%+v", e)
			}
		case e.Kind == apply.Finished:
		case i < 0:
			t.Errorf("of no change: %+v", e)
		case e.Kind == apply.Sending:
			c := p.Changes[i]
			if e.BeforeDigest != c.BeforeDigest || e.AfterDigest != c.AfterDigest || (e.Before != nil) != (c.Action == plan.Delete) {
				t.Errorf("%+v of %+v", e, c)
			}
			if e.Before != nil {
				kept[c.Key] = e.Before.Key == c.Key && e.Before.Digest() == c.BeforeDigest
			}
		}
		return nil
	}})
	for _, c := range p.Changes {
		if c.Action == plan.Delete && !kept[c.Key] {
			t.Errorf("%s: what it takes away was not told", c.ID)
		}
	}
	if len(kept) == 0 {
		t.Error("nothing was deleted")
	}
}

// TestNothingSentUnnoted: what cannot be noted is not sent, and the result says why. Events about the
// past may fail as they like.
func TestNothingSentUnnoted(t *testing.T) {
	full := errors.New("no space left on device")
	type outcome struct {
		sent   int
		reason plan.ExitReason
		status apply.Status
	}
	for name, test := range map[string]struct {
		happens map[int]trouble
		fails   string
		want    outcome
	}{
		"at the start":            {nil, "begun", outcome{0, apply.ReasonFailed, apply.NotAttempted}},
		"before the send":         {nil, "sending update/role/ops 1", outcome{0, apply.ReasonFailed, apply.Failed}},
		"after the reply":         {nil, "replied update/role/ops 1", outcome{1, apply.ReasonApplied, apply.Applied}},
		"at the end of it":        {nil, "ended update/role/ops applied", outcome{1, apply.ReasonApplied, apply.Applied}},
		"at the very end":         {nil, "finished applied", outcome{1, apply.ReasonApplied, apply.Applied}},
		"before it is sent again": {map[int]trouble{2: lostBefore}, "sending update/role/ops 2", outcome{1, apply.ReasonPartial, apply.Unknown}},
		"again, after a refusal":  {map[int]trouble{2: clash}, "sending update/role/ops 2", outcome{1, apply.ReasonFailed, apply.Failed}},
	} {
		t.Run(name, func(t *testing.T) {
			s := updating()
			a := newAccount(s.actual...)
			a.happens = test.happens
			met := false
			res, told := observed(t, a, s.plan(), func(e apply.Event) error {
				if line(e) != test.fails {
					return nil
				}
				met = true
				return full
			})
			if got := (outcome{len(a.writes()), res.ExitReason, res.Changes[0].Status}); got != test.want || !met {
				t.Errorf("%+v, want %+v; told %q", got, test.want, told)
			}
			if stopped := res.ExitReason != apply.ReasonApplied; stopped != strings.Contains(res.Error, full.Error()) {
				t.Errorf("error %q", res.Error)
			}
		})
	}
}

// TestEventsOneAtATime: twenty changes at a time, and one event.
func TestEventsOneAtATime(t *testing.T) {
	s := many(40)
	open := map[string]string{}
	under, events := 0, 0
	res, _ := play(t, newAccount(), s.plan(), apply.Options{Parallelism: 20, Observe: func(e apply.Event) error {
		under++ // without a lock: the race detector sees two at a time, and so does the count
		defer func() { under-- }()
		events++
		next := map[apply.EventKind]string{apply.Sending: "", apply.Replied: "sending", apply.Ended: "replied"}
		if want, one := next[e.Kind]; under != 1 || one && open[e.ID] != want {
			t.Errorf("%s after %q, %d at a time", line(e), open[e.ID], under)
		}
		open[e.ID] = string(e.Kind)
		return nil
	}})
	if res.ExitReason != apply.ReasonApplied || events != 2+3*40 {
		t.Errorf("%s, %d events", res.ExitReason, events)
	}
}
