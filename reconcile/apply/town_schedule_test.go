package apply_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// townSchedule is a run of a city's plan with what goes wrong in it.
type townSchedule struct {
	city        city
	happens     map[int]trouble
	meanwhile   map[int]townEvent
	parallelism int
	lag         time.Duration
}

// townEvent is what somebody else does.
type townEvent struct {
	name string
	act  func(*town)
}

func (s townSchedule) String() string {
	text := fmt.Sprintf("parallelism %d, lag %s, troubles %v", s.parallelism, s.lag, s.happens)
	for n, e := range s.meanwhile {
		text += fmt.Sprintf(", %s before call %d", e.name, n)
	}
	return text
}

// townEvents are the things that others may do to what the plan changes.
func (c city) townEvents() []townEvent {
	var all []townEvent
	for _, change := range c.make(c.town()).Changes {
		switch h := change.Holder; {
		case h == nil:
			all = append(all, townEvent{"edit " + change.Key, func(t *town) { editRole(change.Key)(t.account) }})
		case h.Team != nil:
			all = append(
				all, townEvent{"edit " + change.Key, editTeam(change.Key)},
				townEvent{"drop " + change.Key, dropTeam(change.Key)}, townEvent{"set " + change.Key, setTeam(h.Team.After)},
			)
		default:
			all = append(
				all, townEvent{"edit " + change.Key, editMember(h.Member.Before.ID)},
				townEvent{"set " + change.Key, setMember(h.Member.Before.ID, h.Member.After)},
			)
		}
	}
	return all
}

// run plays the schedule and checks what must hold after every one.
func (s townSchedule) run() (wrong wrongs) {
	a := s.city.town()
	p := s.city.make(a)
	before := a.now.clone()
	a.happens, a.lag = s.happens, s.lag
	for n, e := range s.meanwhile {
		a.account.meanwhile[n] = func(*account) { e.act(a) }
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	a.cancel = cancel
	res := apply.Run(ctx, p, a, apply.Options{Parallelism: s.parallelism, Sleep: sleep, Limited: a.isThrottled})
	time.Sleep(time.Minute) // what is late arrives
	synctest.Wait()
	checkResult(&wrong, p, res)
	if len(s.meanwhile) == 0 {
		checkHolders(&wrong, a, p, res)
		checkPromise(&wrong, a, before, res)
		s.city.checkMoment(&wrong, a)
	}
	checkLost(&wrong, a.account)
	s.checkSends(&wrong, a)
	s.checkConverges(&wrong, a)
	return wrong
}

// checkHolders checks that applied means applied, and not attempted that nothing has changed. The first
// of two steps is not checked where the second was tried.
func checkHolders(t reporter, a *town, p *plan.Plan, res *apply.Result) {
	now := plan.NameRoles(slices.Collect(maps.Values(a.now.members)), a.list())
	for i, o := range res.Changes {
		c := p.Changes[i]
		if c.Holder == nil || c.Holder.Step == 1 {
			continue
		}
		is, was, wanted := "", c.BeforeDigest, c.AfterDigest
		if c.Holder.Team != nil {
			if l, there := a.now.teams[c.Key]; there {
				is = l.Team.Digest()
			}
			if b := c.Holder.Team.Before; b != nil {
				was = b.Team.Digest()
			}
		} else {
			k := slices.IndexFunc(now, func(m role.LiveMember) bool { return m.ID == c.Holder.Member.Before.ID })
			is, was = now[k].Member.Digest(), c.Holder.Member.Before.Member.Digest()
		}
		if o.Status == apply.Applied && is != wanted {
			t.Errorf("%s is applied, and the account does not hold it", o.ID)
		}
		if o.Status == apply.NotAttempted && c.Holder.Step == 0 && is != was {
			t.Errorf("%s was not attempted, and the holder has changed", o.ID)
		}
	}
}

// checkPromise checks that the reasons that promise that nothing was changed keep their promise.
func checkPromise(t reporter, a *town, before people, res *apply.Result) {
	if !slices.Contains([]plan.ExitReason{apply.ReasonStale, apply.ReasonAuth, apply.ReasonFailed}, res.ExitReason) {
		return
	}
	for key, l := range a.now.teams {
		if was, there := before.teams[key]; !there || was.Digest() != l.Digest() {
			t.Errorf("%s, and team %q has changed", res.ExitReason, key)
		}
	}
	for id, l := range a.now.members {
		if was := before.members[id]; was.Digest() != l.Digest() {
			t.Errorf("%s, and member %s has changed", res.ExitReason, id)
		}
	}
}

// checkSends checks that no change is sent too often, and that no team is made twice. A holder may have
// two changes.
func (s townSchedule) checkSends(t reporter, a *town) {
	sent := map[string]int{}
	for _, call := range a.writes() {
		if sent[call]++; sent[call] > 6 {
			t.Errorf("%s was sent %d times", call, sent[call])
		}
	}
	for key, n := range a.madeOne {
		if n > 1 && len(s.meanwhile) == 0 {
			t.Errorf("team %q was made %d times", key, n)
		}
	}
}

// checkConverges checks that at most two further runs without trouble reach what the files want, but
// for teams that somebody else deleted and that files do not make.
func (s townSchedule) checkConverges(t reporter, a *town) {
	for _, l := range s.city.teams {
		if _, there := a.now.teams[l.Key]; !there {
			return
		}
	}
	a.happens, a.account.meanwhile, a.throttled, a.lag, a.past, a.before = nil, nil, false, 0, nil, nil
	a.foreign, a.lost = map[string]bool{}, nil
	for range 2 {
		if res := apply.Run(context.Background(), s.city.make(a), a, apply.Options{Sleep: sleep}); res.Error != "" {
			t.Errorf("a further run: %s", res.Error)
		}
	}
	if p := s.city.make(a); len(p.Changes) > 0 || len(p.Blocks) > 0 {
		t.Errorf("%d changes are left after two further runs", len(p.Changes))
	}
}

func playTowns(t *testing.T, all []townSchedule) {
	t.Helper()
	bad := 0
	for _, s := range all {
		var wrong wrongs
		inBubble(t, func() { wrong = s.run() })
		if len(wrong) > 0 {
			if bad++; bad <= 5 {
				t.Errorf("%s:\n%q", s, wrong)
			}
		}
	}
	t.Logf("%d schedules, %d wrong", len(all), bad)
}

// TestSingleFaultsOfPeople puts every trouble and every outside edit before every call of a plan that
// has every phase.
func TestSingleFaultsOfPeople(t *testing.T) {
	c := busy()
	clean := c.town()
	clean.play(t, c.make(clean), apply.Options{Parallelism: 1})
	for _, parallelism := range []int{1, 4} {
		t.Run(fmt.Sprintf("parallelism %d", parallelism), func(t *testing.T) {
			var all []townSchedule
			for call := range clean.calls {
				for _, what := range allTroubles {
					all = append(all, townSchedule{city: c, happens: map[int]trouble{call: what}, parallelism: parallelism})
				}
				for _, e := range c.townEvents() {
					all = append(all, townSchedule{city: c, meanwhile: map[int]townEvent{call: e}, parallelism: parallelism})
				}
			}
			playTowns(t, all)
		})
	}
}

// TestRandomFaultsOfPeople draws schedules with several things wrong at once, and late readers.
func TestRandomFaultsOfPeople(t *testing.T) {
	c := busy()
	events := c.townEvents()
	rapid.Check(t, func(rt *rapid.T) {
		s := townSchedule{
			city: c, happens: map[int]trouble{}, meanwhile: map[int]townEvent{},
			parallelism: rapid.IntRange(1, 4).Draw(rt, "parallelism"),
			lag:         time.Duration(rapid.IntRange(0, 10).Draw(rt, "lag")) * time.Second,
		}
		for range rapid.IntRange(1, 5).Draw(rt, "wrongs") {
			call := rapid.IntRange(0, 60).Draw(rt, "call")
			if rapid.Bool().Draw(rt, "edit") {
				s.meanwhile[call] = rapid.SampledFrom(events).Draw(rt, "event")
				continue
			}
			s.happens[call] = rapid.SampledFrom(allTroubles).Draw(rt, "trouble")
		}
		var wrong wrongs
		inBubble(t, func() { wrong = s.run() })
		if len(wrong) > 0 {
			rt.Fatalf("%s:\n%q", s, wrong)
		}
	})
}
