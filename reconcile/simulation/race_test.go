package simulation_test

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/launchdarkly"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
)

var raceHistories = flag.Int("histories", 40, "interleavings of two appliers, of each short scene and each edit; 0 is all of them, but for the edits of the longest")

// raceRun is one interleaving of a scene.
type raceRun struct {
	history *raceHistory
	results []*apply.Result
	edited  bool
}

// raceWay changes how an applier reaches the account; nil leaves it as it is.
type raceWay struct {
	transport func(http.RoundTripper) http.RoundTripper
	account   func(raceAccount, *plan.Plan) reconcile.Account
}

// play applies both plans at the same time, in the order that choose gives.
func (s raceScene) play(t testing.TB, spaces []*manifest.Workspace, plans []*plan.Plan, edits []raceEdit, parallelism int, way raceWay, choose func(int) int) *raceRun {
	t.Helper()
	emu := s.account(t)
	run := &raceRun{history: newRaceHistory(emu, plans), results: make([]*apply.Result, len(plans))}
	gate := &raceGate{emu: emu, history: run.history}
	var appliers sync.WaitGroup
	for i, p := range plans {
		var line http.RoundTripper = raceLine{gate, i, emulator.Transport(emu)}
		if way.transport != nil {
			line = way.transport(line)
		}
		real := raceConnect(t, launchdarkly.Options{Transport: line, Parallelism: parallelism})
		var account reconcile.Account = real
		if way.account != nil {
			account = way.account(real, p)
		}
		appliers.Go(func() {
			run.results[i] = reconcile.Apply(context.Background(), p, spaces[i], account, apply.Options{
				Comment: "why", Parallelism: parallelism, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
			})
		})
	}
	gate.conduct(edits, choose)
	appliers.Wait()
	run.edited = slices.ContainsFunc(run.history.ops, func(op *raceOp) bool { return op.kind == "EDIT" })
	return run
}

// wrong returns what must not be, and how many edits were lost in the window of a delete.
func (r *raceRun) wrong() (wrong []string, lost int) {
	for _, key := range r.history.unlike() {
		wrong = append(wrong, fmt.Sprintf("the history of %q is not one of a register", key))
	}
	lost, more := r.history.window()
	wrong = append(wrong, more...)
	applied := false
	for i, res := range r.results {
		wrong = append(wrong, r.untrue(i, res)...)
		applied = applied || res.ExitReason == apply.ReasonApplied
	}
	if !applied && !r.edited && slices.ContainsFunc(r.results, func(res *apply.Result) bool {
		return res.ExitReason != apply.ReasonStale && res.ExitReason != apply.ReasonPartial
	}) {
		wrong = append(wrong, "nobody has applied, and not both say why")
	}
	return wrong, lost
}

// untrue returns what a result says of the account that is not so.
func (r *raceRun) untrue(actor int, res *apply.Result) (wrong []string) {
	tell := func(format string, args ...any) {
		wrong = append(wrong, fmt.Sprintf("applier %d, %s: ", actor, res.ExitReason)+fmt.Sprintf(format, args...))
	}
	if !slices.Contains([]plan.ExitReason{apply.ReasonApplied, apply.ReasonStale, apply.ReasonPartial}, res.ExitReason) {
		tell("%s", res.Error)
	}
	writes, said := 0, 0
	for _, o := range res.Changes {
		took := r.history.took(actor, o.Key)
		if took {
			writes++
		}
		if o.Status == apply.Applied {
			said++
		}
		switch {
		case o.Status == apply.Unknown, o.Status == apply.Applied && o.AlreadyThere == took, o.Status == apply.NotAttempted && took,
			o.Status == apply.Failed && took && res.ExitReason != apply.ReasonPartial:
			tell("%s is %s, already there %t; that it was taken is %t", o.ID, o.Status, o.AlreadyThere, took)
		}
	}
	switch {
	case res.ExitReason == apply.ReasonApplied && (said < len(res.Changes) || !res.Verified || !r.proved(actor)):
		tell("%d of %d changes applied, verified %t, proved %t", said, len(res.Changes), res.Verified, r.proved(actor))
	case res.ExitReason == apply.ReasonPartial && writes+said == 0:
		tell("it has changed nothing")
	case res.ExitReason == apply.ReasonStale && writes > 0:
		tell("it has written %d times", writes)
	}
	return wrong
}

// took reports whether the account took a write of a role by an actor.
func (h *raceHistory) took(actor int, key string) bool {
	return slices.ContainsFunc(h.ops, func(op *raceOp) bool {
		return op.actor == actor && op.key == key && op.kind != http.MethodGet && op.status < 300
	})
}

// proved reports whether the last list that an actor saw, after all that it wrote, was what it wanted.
func (r *raceRun) proved(actor int) bool {
	var last *raceOp
	for _, op := range r.history.ops {
		if op.actor == actor {
			last = op
		}
	}
	if last == nil || last.kind != "LIST" {
		return false
	}
	for _, c := range r.history.plans[actor].Changes {
		saw := last.saw[c.Key]
		if c.After == nil && saw.there() || c.After != nil && saw.parts != raceRead("", *c.After).parts {
			return false
		}
	}
	return true
}

// raceTally is what many runs came to.
type raceTally struct {
	runs, histories, lost, bad int
	ends                       map[string]int
	first                      string // the first run with something wrong
}

func (y *raceTally) add(name string, r *raceRun) {
	wrong, lost := r.wrong()
	y.runs, y.histories, y.lost = y.runs+1, y.histories+len(r.history.keys()), y.lost+lost
	if y.ends == nil {
		y.ends = map[string]int{}
	}
	for _, res := range r.results {
		y.ends[string(res.ExitReason)]++
	}
	if len(wrong) > 0 {
		if y.bad++; y.bad == 1 {
			y.first = fmt.Sprintf("%s: %q\n%s", name, wrong, r.history)
		}
	}
}

// each plays n interleavings of the scene with one edit, or all of them.
func (s raceScene) each(t testing.TB, edits []raceEdit, n int, way raceWay, tally *raceTally) {
	t.Helper()
	if n == 0 && s.long && len(edits) > 0 {
		n = 2_000 // all of them are hundreds of thousands
	}
	spaces, plans := s.plans(t)
	every, name := &raceEvery{}, s.name
	for _, e := range edits {
		name += ", " + e.name
	}
	for seed := uint64(0); n == 0 || seed < uint64(n); seed++ {
		choose := raceAny(seed)
		if n == 0 {
			choose = every.choices()
		}
		synctest.Test(t.(*testing.T), func(t *testing.T) {
			tally.add(name, s.play(t, spaces, plans, edits, 1, way, choose))
		})
		if n == 0 && !every.next() {
			break
		}
	}
}

// raceSome is how many interleavings to play.
func raceSome() int {
	if testing.Short() {
		return (*raceHistories + 2) / 3
	}
	return *raceHistories
}

// TestRaces: two appliers and somebody with a browser, in every order of their requests. Each role is a
// register with compare-and-set, whatever they do; nobody's edit is lost but in the window of a delete;
// and what the appliers say of themselves is true.
func TestRaces(t *testing.T) {
	tally := &raceTally{}
	for _, s := range raceScenes() {
		runs := tally.runs
		s.each(t, nil, raceSome(), raceWay{}, tally)
		for _, e := range s.edits {
			s.each(t, []raceEdit{e}, raceSome(), raceWay{}, tally)
		}
		t.Logf("%6d interleavings of %s", tally.runs-runs, s.name)
	}
	t.Logf("figure: concurrent histories: %d interleavings, %d histories checked, %d violations, %d lost in the window of a delete", tally.runs, tally.histories, tally.bad, tally.lost)
	t.Logf("the appliers ended %v", tally.ends)
	if tally.bad > 0 {
		t.Errorf("%d runs, the first: %s", tally.bad, tally.first)
	}
	if !testing.Short() && (tally.lost == 0 || len(tally.ends) < 3) {
		t.Errorf("the draws are too poor: %d lost, %v", tally.lost, tally.ends)
	}
}
