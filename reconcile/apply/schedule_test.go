package apply_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// schedule is a run with what goes wrong in it.
type schedule struct {
	scene       scene
	happens     map[int]trouble
	meanwhile   map[int]event
	parallelism int
	lag         time.Duration
}

// event is what somebody else does.
type event struct {
	name string
	act  func(*account)
}

func (s schedule) String() string {
	text := fmt.Sprintf("parallelism %d, lag %s, troubles %v", s.parallelism, s.lag, s.happens)
	for _, n := range slices.Sorted(maps.Keys(s.meanwhile)) {
		text += fmt.Sprintf(", %s before call %d", s.meanwhile[n].name, n)
	}
	return text
}

// events are the things that others may do to the roles of a scene.
func (s scene) events() []event {
	var all []event
	for _, c := range s.plan().Changes {
		all = append(
			all,
			event{"edit " + c.Key, editRole(c.Key)},
			event{"drop " + c.Key, dropRole(c.Key)},
			event{"remake " + c.Key, remakeRole(c.Key)},
			event{"make " + c.Key, makeRole(makeOf(c.Key, allow("*")))},
		)
		if c.After != nil {
			all = append(all, event{"set " + c.Key, setRole(*c.After)})
		}
	}
	return all
}

// applier is the code under test, or one that is known to be bad.
type applier func(context.Context, *plan.Plan, apply.Store, apply.Options) *apply.Result

// wrongs lists what is wrong.
type wrongs []string

func (w *wrongs) Helper() {}

func (w *wrongs) Errorf(format string, args ...any) { *w = append(*w, fmt.Sprintf(format, args...)) }

// run plays the schedule and checks what must hold after every one. It returns how many edits of
// others went with a delete, which nothing can prevent.
func (s schedule) run(run applier) (wrong wrongs, inWindow int) {
	a := newAccount(s.scene.actual...)
	a.happens, a.lag = s.happens, s.lag
	for n, e := range s.meanwhile {
		a.meanwhile[n] = e.act
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	a.cancel = cancel
	p := s.scene.plan()
	opts := apply.Options{Parallelism: s.parallelism, Sleep: sleep, Limited: a.isThrottled}
	res := run(ctx, p, a, opts)
	time.Sleep(time.Minute) // what is late arrives
	synctest.Wait()
	checkResult(&wrong, p, res)
	checkOutside(&wrong, a, s.scene, p)
	s.checkApplied(&wrong, a, p, res)
	s.checkUntouched(&wrong, a, res)
	s.checkSends(&wrong, a)
	inWindow = checkLost(&wrong, a)
	s.checkConverges(&wrong, a, run)
	return wrong, inWindow
}

// checkApplied checks that applied means applied, as long as nobody else interferes.
func (s schedule) checkApplied(t reporter, a *account, p *plan.Plan, res *apply.Result) {
	if len(s.meanwhile) > 0 {
		return
	}
	for i, o := range res.Changes {
		c := p.Changes[i]
		now, there := a.roles[c.Key]
		asWanted := there && c.After != nil && role.Equal(now.Role, *c.After) || !there && c.After == nil
		if o.Status == apply.Applied && !asWanted {
			t.Errorf("%s is applied, and the account does not hold it", o.ID)
		}
		asBefore := there && c.Action != plan.Create && now.Digest() == c.BeforeDigest || !there && c.Action != plan.Update && c.After != nil
		if o.Status == apply.NotAttempted && !asBefore {
			t.Errorf("%s was not attempted, and the role has changed", o.ID)
		}
	}
}

// checkUntouched checks that the reasons that promise that nothing was changed keep their promise.
// What is written over by somebody else, or arrives late after an answer that denied it, cannot be
// known.
func (s schedule) checkUntouched(t reporter, a *account, res *apply.Result) {
	promise := []plan.ExitReason{apply.ReasonStale, apply.ReasonAuth, apply.ReasonFailed}
	if !slices.Contains(promise, res.ExitReason) || len(s.meanwhile) > 0 {
		return
	}
	for _, was := range s.scene.actual {
		if now, there := a.roles[was.Key]; !there || now.Digest() != was.Digest() {
			t.Errorf("%s, and role %q has changed", res.ExitReason, was.Key)
		}
	}
	if len(a.roles) != len(s.scene.actual) {
		t.Errorf("%s, and the account has %d roles and not %d", res.ExitReason, len(a.roles), len(s.scene.actual))
	}
}

// checkSends checks that no change is sent too often, that nothing is made twice, and that nothing
// at all is written after the account refused the token.
func (s schedule) checkSends(t reporter, a *account) {
	sent := map[string]int{}
	for _, call := range a.writes() {
		if sent[call]++; sent[call] > 3 {
			t.Errorf("%s was sent %d times", call, sent[call])
		}
	}
	for key, n := range a.made {
		if n > 1 && len(s.meanwhile) == 0 {
			t.Errorf("role %q was made %d times", key, n)
		}
	}
	for n, what := range s.happens {
		if what != denied && what != cancelFirst && what != cancelAfter || s.parallelism > 1 || n >= len(a.calls) || !isWrite(a.calls[n]) {
			continue
		}
		for _, call := range a.calls[n+1:] {
			if isWrite(call) {
				t.Errorf("%s was sent after call %d ended the run", call, n)
			}
		}
	}
}

// checkLost checks that no edit of somebody else was written over, but by a delete that was on
// its way.
func checkLost(t reporter, a *account) (inWindow int) {
	for _, call := range a.lost {
		if method, _, _ := cutSpace(call); method != "DeleteRole" {
			t.Errorf("%s wrote over somebody else's edit", call)
			continue
		}
		inWindow++
	}
	return inWindow
}

// checkConverges checks that at most two further runs without trouble reach what the files want.
func (s schedule) checkConverges(t reporter, a *account, run applier) {
	a.happens, a.meanwhile, a.throttled, a.lag, a.past = nil, nil, false, 0, nil
	a.foreign, a.lost = map[string]bool{}, nil
	for range 2 {
		p := s.scene.make(a.list())
		if res := run(context.Background(), p, a, apply.Options{Sleep: sleep}); res.Error != "" {
			t.Errorf("a further run: %s", res.Error)
		}
	}
	if p := s.scene.make(a.list()); len(p.Changes) > 0 {
		t.Errorf("%d changes are left after two further runs", len(p.Changes))
	}
}

func (a *account) isThrottled() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.throttled
}

// inBubble runs f with virtual time.
func inBubble(t *testing.T, f func()) {
	t.Helper()
	synctest.Test(t, func(*testing.T) { f() })
}

// singles are the schedules with one thing wrong at one of the first n calls.
func singles(s scene, n, parallelism int) []schedule {
	var all []schedule
	for call := range n {
		for _, what := range allTroubles {
			all = append(all, schedule{scene: s, happens: map[int]trouble{call: what}, parallelism: parallelism})
		}
		for _, e := range s.events() {
			all = append(all, schedule{scene: s, meanwhile: map[int]event{call: e}, parallelism: parallelism})
		}
	}
	return all
}

// pairs are the schedules with two things wrong, the second after the first.
func pairs(s scene, n int) []schedule {
	one := singles(s, n, 1)
	var all []schedule
	for i, a := range one {
		for _, b := range one[i+1:] {
			both := schedule{scene: s, happens: maps.Clone(a.happens), meanwhile: maps.Clone(a.meanwhile), parallelism: 1}
			if both.happens == nil {
				both.happens = map[int]trouble{}
			}
			if both.meanwhile == nil {
				both.meanwhile = map[int]event{}
			}
			maps.Copy(both.happens, b.happens)
			maps.Copy(both.meanwhile, b.meanwhile)
			if len(both.happens)+len(both.meanwhile) == 2 {
				all = append(all, both)
			}
		}
	}
	return all
}

// playAll runs schedules and reports the first few that go wrong.
func playAll(t *testing.T, all []schedule) {
	t.Helper()
	bad, window := 0, 0
	for _, s := range all {
		var wrong wrongs
		var n int
		inBubble(t, func() { wrong, n = s.run(apply.Run) })
		window += n
		if len(wrong) > 0 {
			if bad++; bad <= 5 {
				t.Errorf("%s:\n%q", s, wrong)
			}
		}
	}
	t.Logf("%d schedules, %d wrong, %d edits lost to a delete on its way", len(all), bad, window)
}

// TestSingleFaults puts every trouble and every outside edit before every call of a plan that has
// every action.
func TestSingleFaults(t *testing.T) {
	for _, parallelism := range []int{1, 4} {
		t.Run(fmt.Sprintf("parallelism %d", parallelism), func(t *testing.T) {
			playAll(t, singles(mixed(), 22, parallelism))
		})
	}
}

var full = flag.Bool("full", false, "play every double fault, not every seventeenth")

// TestDoubleFaults puts pairs of them before two calls of plans of one change: every pair with
// -full, else every seventeenth of each plan, from another start each, so that every kind is met.
func TestDoubleFaults(t *testing.T) {
	stride := 17
	if *full {
		stride = 1
	}
	for i, s := range []scene{creating(), updating(), deleting(), replacing()} {
		t.Run(string(s.plan().Changes[0].Action), func(t *testing.T) {
			var some []schedule
			for n, s := range pairs(s, 9) {
				if n%stride == i%stride {
					some = append(some, s)
				}
			}
			playAll(t, some)
		})
	}
}

// TestRandomFaults draws schedules with several things wrong at once, and late readers.
func TestRandomFaults(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := schedule{
			scene: mixed(), happens: map[int]trouble{}, meanwhile: map[int]event{},
			parallelism: rapid.IntRange(1, 4).Draw(rt, "parallelism"),
			lag:         time.Duration(rapid.IntRange(0, 10).Draw(rt, "lag")) * time.Second,
		}
		events := s.scene.events()
		for range rapid.IntRange(1, 6).Draw(rt, "wrongs") {
			call := rapid.IntRange(0, 40).Draw(rt, "call")
			if rapid.Bool().Draw(rt, "edit") {
				s.meanwhile[call] = rapid.SampledFrom(events).Draw(rt, "event")
				continue
			}
			s.happens[call] = rapid.SampledFrom(allTroubles).Draw(rt, "trouble")
		}
		var wrong wrongs
		inBubble(t, func() { wrong, _ = s.run(apply.Run) })
		if len(wrong) > 0 {
			rt.Fatalf("%s:\n%q", s, wrong)
		}
	})
}

// TestHarnessBites plays an applier that trusts errors, sends again blindly and compares nothing;
// most of what the checks are for must catch it.
func TestHarnessBites(t *testing.T) {
	bad, kinds := 0, map[string]bool{}
	all := slices.DeleteFunc(singles(mixed(), 22, 1), func(s schedule) bool {
		return slices.Contains(slices.Collect(maps.Values(s.happens)), explode) // it would end the test
	})
	for _, s := range all {
		var wrong wrongs
		inBubble(t, func() { wrong, _ = s.run(naive) })
		if len(wrong) > 0 {
			bad++
		}
		for _, w := range wrong {
			for _, kind := range []string{"is applied, and", "wrote over", "ended the run", "was sent 4 times"} {
				if strings.Contains(w, kind) {
					kinds[kind] = true
				}
			}
		}
	}
	t.Logf("the naive applier fails %d of %d schedules", bad, len(all))
	if bad < len(all)/10 || len(kinds) < 4 {
		t.Errorf("only %d of %d schedules catch it, by %v", bad, len(all), kinds)
	}
}

// naive is how not to do it.
func naive(ctx context.Context, p *plan.Plan, store apply.Store, _ apply.Options) *apply.Result {
	res := &apply.Result{Complete: true, Verified: true, ExitReason: apply.ReasonApplied}
	for _, c := range p.Changes {
		o := apply.Outcome{ID: c.ID, Action: c.Action, Kind: c.Kind, Key: c.Key, Status: apply.Applied, Before: c.Before}
		for range 4 {
			var err error
			switch c.Action {
			case plan.Update:
				now, _ := store.Role(ctx, c.Key)
				_, err = store.UpdateRole(ctx, now, *c.After, "")
			case plan.Delete:
				err = store.DeleteRole(ctx, c.Key)
			default:
				_, err = store.CreateRole(ctx, *c.After)
			}
			if err == nil {
				break
			}
		}
		res.Changes = append(res.Changes, o)
		res.Summary.Applied++
	}
	return res
}

func isWrite(call string) bool {
	method, _, _ := cutSpace(call)
	return !slices.Contains([]string{"Roles", "Role", "Teams", "Team", "Members", "Member"}, method)
}
