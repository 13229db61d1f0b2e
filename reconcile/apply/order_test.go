package apply_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// broad has several changes in each phase.
func broad() scene {
	var s scene
	add := func(key string, before, after role.Statement) {
		s.actual = append(s.actual, live(makeOf(key, before)))
		s.desired = append(s.desired, want(makeOf(key, after)))
	}
	for i := range 6 {
		n := fmt.Sprint(i)
		s.desired = append(s.desired, want(makeOf("new-"+n, allow("updateOn"))))
		add("wide-"+n, allow("updateOn"), allow("updateOn", "updateRules"))
		add("mixed-"+n, allow("updateOn"), allow("updateRules"))
		add("narrow-"+n, allow("updateOn", "updateRules"), allow("updateOn"))
		s.actual = append(s.actual, live(makeOf("gone-"+n)))
		s.desired = append(s.desired, role.Desired{Role: role.Role{Key: "gone-" + n}, Absent: true})
	}
	return s
}

func TestWritesInOrderOfThePlan(t *testing.T) {
	s := broad()
	a := newAccount(s.actual...)
	p := s.plan()
	play(t, a, p, apply.Options{Parallelism: 1})
	var got, wanted []string
	for _, call := range a.writes() {
		_, key, _ := cutSpace(call)
		got = append(got, key)
	}
	for _, c := range p.Changes {
		wanted = append(wanted, c.Key)
	}
	if !slices.Equal(got, wanted) {
		t.Errorf("written %q, planned %q", got, wanted)
	}
	if a.most != 1 {
		t.Errorf("%d requests at once, want 1", a.most)
	}
}

func TestPhasesAreBarriers(t *testing.T) {
	s := broad()
	a := newAccount(s.actual...)
	a.delay = 10 * time.Millisecond
	a.happens[3] = lostBefore // one create takes much longer than the others
	p := s.plan()
	res, _ := play(t, a, p, apply.Options{})
	if res.ExitReason != apply.ReasonApplied {
		t.Fatalf("%s: %s", res.ExitReason, res.Error)
	}
	if a.most != 4 {
		t.Errorf("%d requests at once, want 4", a.most)
	}
	phase := map[string]int{}
	left := map[int]int{}
	for _, c := range p.Changes {
		phase[c.Key] = slices.Index(plan.Phases(), c.Phase)
	}
	last := map[string]string{}
	for _, entry := range a.log {
		what, call, _ := cutSpace(entry)
		method, key, _ := cutSpace(call)
		if what == "end" && method != "Role" && method != "Roles" {
			last[key] = entry
		}
	}
	for key := range last {
		left[phase[key]]++
	}
	done := map[string]int{}
	for _, entry := range a.log {
		_, call, _ := cutSpace(entry)
		_, key, _ := cutSpace(call)
		if key == "" {
			continue
		}
		for before := range phase[key] {
			if left[before] > 0 {
				t.Fatalf("%s, and %d changes of phase %q are not done", entry, left[before], plan.Phases()[before])
			}
		}
		done[entry]++
		if entry == last[key] && done[entry] == strings.Count(strings.Join(a.log, "\n")+"\n", entry+"\n") {
			left[phase[key]]--
		}
	}
}

// TestRoundTrips holds apply to its figure: 1,000 creates in 1,000/4 + 10 round trips.
func TestRoundTrips(t *testing.T) {
	const trip = 50 * time.Millisecond
	a := newAccount()
	a.delay = trip
	res, took := play(t, a, many(1000).plan(), apply.Options{})
	if res.ExitReason != apply.ReasonApplied || len(a.roles) != 1000 {
		t.Fatalf("%s: %s", res.ExitReason, res.Error)
	}
	t.Logf("1,000 creates: %d requests, %d round trips", len(a.calls), took/trip)
	if took > (1000/4+10)*trip || len(a.calls) != 1002 {
		t.Errorf("%d requests and %d round trips", len(a.calls), took/trip)
	}
}

// TestOneAtATimeAfter429 lets the client meet a 429, which it waits out by itself, in the middle.
func TestOneAtATimeAfter429(t *testing.T) {
	const trip = 50 * time.Millisecond
	a := newAccount()
	a.delay = trip
	a.meanwhile[41] = func(a *account) { a.throttled = true }
	res, took := play(t, a, many(100).plan(), apply.Options{})
	if res.ExitReason != apply.ReasonApplied {
		t.Fatalf("%s: %s", res.ExitReason, res.Error)
	}
	if a.most != 4 || a.mostThrottled > 4 || took < 60*trip {
		t.Errorf("%d at once, %d after the 429, %d round trips", a.most, a.mostThrottled, took/trip)
	}
	alone := 0
	for i, entry := range a.log {
		if i > 0 && strings.HasPrefix(entry, "begin") && strings.HasPrefix(a.log[i-1], "end") {
			alone++
		}
	}
	if alone < 50 {
		t.Errorf("only %d requests began when none was under way", alone)
	}
}

func TestStopsAtTheFirstSurprise(t *testing.T) {
	s := many(20)
	a := newAccount()
	a.delay = time.Second
	a.happens[6] = denied // one of the second four; the other three may still end and let three begin
	res, _ := play(t, a, s.plan(), apply.Options{})
	n := len(a.writes())
	want := apply.Summary{Applied: n - 1, Failed: 1, NotAttempted: 20 - n}
	if n < 8 || n > 11 || res.Summary != want || res.ExitReason != apply.ReasonPartial {
		t.Errorf("%+v, %s after %d writes, want %+v", res.Summary, res.ExitReason, n, want)
	}
	if !strings.HasPrefix(res.Error, `create role "role-00`) || !strings.HasSuffix(res.Error, `": the account refused it: 401: not allowed`) {
		t.Errorf("error %q", res.Error)
	}
}

// TestNothingIsReadAfterTheStop stops at an update, after which there are more.
func TestNothingIsReadAfterTheStop(t *testing.T) {
	s := broad()
	a := newAccount(s.actual...)
	a.happens[8] = denied // the write of the first update
	res, _ := play(t, a, s.plan(), apply.Options{Parallelism: 1})
	if len(a.calls) != 9 || res.Summary.NotAttempted != len(res.Changes)-7 {
		t.Errorf("calls %q, %+v", a.calls, res.Summary)
	}
}

// TestNothingIsSentAgainAfterTheStop has one change whose reply is lost and another, at the same
// time, that is refused.
func TestNothingIsSentAgainAfterTheStop(t *testing.T) {
	for what, tt := range map[trouble]struct {
		status apply.Status
		says   string
	}{
		lostBefore: {apply.Unknown, "the outcome is not known: the role reads as before, and the run was stopped"},
		clash:      {apply.Failed, "refused it with a conflict; the role reads as before, and the run was stopped"},
	} {
		a := newAccount()
		a.delay = time.Millisecond
		a.happens[1], a.happens[2] = what, denied
		res, _ := play(t, a, many(2).plan(), apply.Options{Parallelism: 2})
		var other apply.Outcome
		for _, o := range res.Changes {
			if !strings.Contains(o.Error, "401") {
				other = o
			}
		}
		if other.Status != tt.status || !strings.Contains(other.Error, tt.says) || len(a.writes()) != 2 {
			t.Errorf("%s, %q after %q", other.Status, other.Error, a.writes())
		}
		if !strings.Contains(res.Error, "401") {
			t.Errorf("the first surprise was the 401, error %q", res.Error)
		}
	}
}

// TestNothingIsBegunAfterALateRefusal has a create whose reply is lost, which is refused (401) when it is
// sent again, and shows after that: it is made, and nothing else is, as long as there is something else.
func TestNothingIsBegunAfterALateRefusal(t *testing.T) {
	for n, reason := range map[int]plan.ExitReason{1: apply.ReasonApplied, 3: apply.ReasonPartial} {
		a := newAccount()
		a.lag = 9 * time.Second
		a.happens[1], a.happens[7] = lostAfter, denied
		res, _ := play(t, a, many(n).plan(), apply.Options{Parallelism: 1})
		if len(a.writes()) != 2 || res.ExitReason != reason || res.Changes[0].Status != apply.Applied {
			t.Errorf("of %d changes %+v, %s after %q", n, res.Summary, res.ExitReason, a.calls)
		}
		if n > 1 && !strings.Contains(res.Error, "the account refused it when it was sent again, and it reads as wanted: 401") {
			t.Errorf("error %q", res.Error)
		}
	}
}

// TestStopBetweenReadAndWrite has an update that was read when another change ends the run: it is
// not sent.
func TestStopBetweenReadAndWrite(t *testing.T) {
	s := broad()
	s.desired = slices.DeleteFunc(s.desired, func(d role.Desired) bool {
		return !strings.HasSuffix(d.Key, "-0") && !strings.HasSuffix(d.Key, "-1") || !strings.HasPrefix(d.Key, "wide")
	})
	a := newAccount(s.actual...)
	a.happens[1], a.happens[2] = slow, denied
	reported := 0
	count := func(apply.Outcome, int, int) { reported++ }
	res, _ := play(t, a, s.plan(), apply.Options{Parallelism: 2, Progress: count})
	if reported != 1 {
		t.Errorf("%d changes reported, want the one that failed", reported)
	}
	if len(a.writes()) != 0 || res.Summary != (apply.Summary{Failed: 1, NotAttempted: 1}) || res.ExitReason != apply.ReasonAuth {
		t.Errorf("%+v, %s after %q", res.Summary, res.ExitReason, a.calls)
	}
}

func TestProgress(t *testing.T) {
	var inside atomic.Int32
	var seen []apply.Outcome
	a := newAccount()
	a.delay = time.Second
	a.happens[10] = refused
	p := many(12).plan()
	res, _ := play(t, a, p, apply.Options{Progress: func(o apply.Outcome, done, total int) {
		if inside.Add(1) != 1 {
			t.Error("progress is called twice at once")
		}
		runtime.Gosched()
		seen = append(seen, o)
		if done != len(seen) || total != 12 {
			t.Errorf("%d of %d, want %d of 12", done, total, len(seen))
		}
		inside.Add(-1)
	}})
	if len(seen) != 12-res.Summary.NotAttempted || res.Summary.NotAttempted == 12 {
		t.Errorf("%d reported, %+v", len(seen), res.Summary)
	}
	for _, o := range seen {
		i := slices.IndexFunc(res.Changes, func(r apply.Outcome) bool { return r.ID == o.ID })
		if res.Changes[i] != o || o.Status == apply.NotAttempted {
			t.Errorf("reported %+v, result %+v", o, res.Changes[i])
		}
	}
}
