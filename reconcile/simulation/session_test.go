package simulation_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// An applier is a client and what carries out plans through it: the real ones, or some that are known to
// be bad.
type applier struct {
	connect func(*line, *bytes.Buffer) reconcile.Account
	apply   func(context.Context, *plan.Plan, *line, reconcile.Account) *apply.Result
}

// real is what all of this is about.
var real = applier{
	connect: func(l *line, log *bytes.Buffer) reconcile.Account { return l.connect(l, log, l.skew) },
	apply: func(ctx context.Context, p *plan.Plan, l *line, account reconcile.Account) *apply.Result {
		return reconcile.Apply(ctx, p, l.ws, account, l.applyOptions(account.(liveAccount), l))
	},
}

// ran is what came of a run.
type ran struct {
	*line
	plan *plan.Plan
	err  error // of planning
	res  *apply.Result
	took time.Duration // to apply
}

// run plans, if it is given no plan, and applies.
func (w *world) run(p *plan.Plan, with applier) ran {
	l := &line{world: w, from: len(w.log), applying: len(w.log), lost: map[string]int{}, inFlight: map[string]bool{}}
	if w.armed {
		w.base = w.holds().facts()
	}
	w.gate.open()
	defer w.gate.close()
	log := &bytes.Buffer{}
	account := with.connect(l, log)
	r := ran{line: l, plan: p}
	if p == nil {
		r.plan, r.err = l.makePlan(account)
	}
	if r.err == nil && !l.dead.Load() {
		l.use(r.plan)
		start := time.Now()
		ctx, cancel := l.within()
		r.res = with.apply(ctx, r.plan, l, account)
		cancel()
		r.took = time.Since(start)
	}
	if !l.dead.Load() {
		l.checkWaits("applying", r.took)
		l.checkOutputs(log.Bytes(), r.plan, r.res, r.err)
	}
	return r
}

// within is the time that a run has, or what is left of it when it is killed.
func (l *line) within() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.Background(), runLimit)
	l.kill = cancel
	return ctx, cancel
}

func (l *line) makePlan(account reconcile.Account) (*plan.Plan, error) {
	ctx, cancel := l.within()
	defer cancel()
	start := time.Now()
	l.planning = true
	p, err := l.scene.makePlan(ctx, account)
	l.planning, l.applying = false, len(l.log)
	if !l.dead.Load() {
		l.checkWaits("planning", time.Since(start))
	}
	return p, err
}

// use says what the run may change.
func (l *line) use(p *plan.Plan) {
	l.of, l.touched, l.sent = p, map[string]bool{}, map[string]sending{}
	for _, c := range p.Changes {
		l.touched[c.Kind+" "+c.Key] = true
	}
}

// A schedule is what goes wrong, by the number of the request, and whether it may do so in runs after
// the first that was not killed.
type schedule struct {
	*scene
	at    map[int]event
	again bool
	often bool
	with  applier
}

func (s schedule) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", s.name)
	for _, n := range slices.Sorted(maps.Keys(s.at)) {
		fmt.Fprintf(&b, ", %q at request %d", s.at[n].name, n)
	}
	return b.String()
}

// played is what came of a schedule.
type played struct {
	violations
	log   []*entry
	first int            // the number of the first request
	last  int            // how many requests could have met an event
	lost  map[string]int // edits that went in moments in which nothing can keep them
	ended []string
}

func (p *played) String() string {
	var b strings.Builder
	for _, v := range p.violations {
		fmt.Fprintln(&b, v)
	}
	number := p.first
	for _, e := range p.log {
		if e.late {
			fmt.Fprintf(&b, "     %s\n", e)
			continue
		}
		fmt.Fprintf(&b, "%4d %s\n", number, e)
		number++
	}
	return b.String() + strings.Join(p.ended, "\n")
}

// between runs the account has time to show what is so.
const between = time.Hour

// play runs the schedule: the run, whatever it takes to reach what the files want, and the checks.
func (s schedule) play() *played {
	time.Sleep(time.Until(time.Now().Truncate(between).Add(between))) // the same time of day for each
	w, err := s.open()
	if err != nil {
		panic(err)
	}
	w.at, w.often = s.at, s.often
	done := &played{lost: map[string]int{}}
	var first *plan.Plan
	if n, some := s.earliest(); !some || n >= s.planning {
		first = s.plan
		w.first = s.planning
	}
	done.first = w.first
	s.runs(w, first, done)
	synctest.Wait()
	done.violations, done.log = w.wrong, w.log
	if stories != nil {
		w.tell(s, done)
	}
	return done
}

// earliest is the number of the first request that meets something.
func (s schedule) earliest() (int, bool) {
	if len(s.at) == 0 {
		return 0, false
	}
	return slices.Min(slices.Collect(maps.Keys(s.at))), true
}

// patience is how long apply waits for what it wrote to show.
const patience = 8 * time.Second

// mostRuns is how many runs after the last event have to do. Where an account shows what was written later
// than anybody waits for it, a run may end after its first write, and six have to do.
func (w *world) mostRuns() int {
	if w.behaviour.ReadLag > patience {
		return 6
	}
	return 2
}

// runs runs until there is nothing left to do: twice at most after the last event (I2).
func (s schedule) runs(w *world, p *plan.Plan, done *played) {
	calm := 0
	for n := 1; ; n++ {
		fired := w.fired
		r := w.run(p, s.with)
		w.settle(r, done)
		if w.fired == fired && n > 1 {
			calm++
		}
		p = nil
		if len(w.wrong) > 0 || w.reached(r) {
			return
		}
		if calm == w.mostRuns() && len(w.edits) > 0 && w.behaviour.ReuseKey == "refuse" {
			return // what somebody deleted cannot be made again
		}
		if calm == w.mostRuns() {
			if left := w.left(); left != "" {
				w.wrong.add("I2", "after %d more runs the account holds something else than the files want: %s", calm, left)
			}
			return
		}
		w.armed = s.again || r.dead.Load()
		if n > 40 {
			panic("a session without end")
		}
	}
}

// settle checks a run that has ended, and lets what is late arrive.
func (w *world) settle(r ran, done *played) {
	ended := "killed"
	switch {
	case r.dead.Load():
	case r.err != nil:
		ended = "no plan: " + r.err.Error()
	default:
		ended = fmt.Sprintf("%s: %s", r.res.ExitReason, r.res.Error)
		r.checkLost()
		r.checkResult(r.res)
	}
	done.ended = append(done.ended, ended)
	for what, n := range r.lost {
		done.lost[what] += n
	}
	if w.armed {
		done.last = w.first + len(w.log)
	}
	for _, late := range w.late {
		w.arrive(late)
	}
	w.late = nil
	w.emu.SetTokens() // whoever runs next has a token
	time.Sleep(between)
	w.armed = false
}

// reached reports whether the account holds what the files want, or cannot because of what somebody
// else did.
func (w *world) reached(r ran) bool {
	switch {
	case len(w.edits) == 0:
		return !r.dead.Load() && len(differing(w.goal, w.holds().facts())) == 0
	case r.plan == nil || r.dead.Load():
		return false
	case len(r.plan.Blocks) > 0:
		w.checkBlocks(r.plan)
		return true
	}
	if r.res.ExitReason != apply.ReasonApplied && r.res.ExitReason != plan.NoChanges {
		return false
	}
	left := w.left()
	if left != "" && !w.afterwards(r) {
		w.wrong.add("I5", "%s, and there is left: %s", r.res.ExitReason, left)
	}
	return left == ""
}

// afterwards reports whether somebody edited something when the run had written everything, or so late that
// an account that takes longer than the run waits had not shown it when the run looked for the last time.
func (w *world) afterwards(r ran) bool {
	last, looked := -1, time.Time{}
	for i, e := range w.log {
		if e.line != r.line {
			continue
		}
		if looked = e.at; e.wrote {
			last = i
		}
	}
	lag := w.behaviour.ReadLag
	return slices.ContainsFunc(w.edits, func(ed *edit) bool {
		return ed.during == r.line && (ed.at > last || lag > patience && ed.when.Add(lag).After(looked))
	})
}

// left says what a plan would still change.
func (w *world) left() string {
	if len(w.edits) == 0 {
		return strings.Join(differing(w.goal, w.holds().facts()), "; ")
	}
	s := *w.scene
	s.semantics = nil
	p, err := s.makePlan(context.Background(), s.connect(w.to, nil, 0))
	if err != nil {
		return err.Error()
	}
	var ids []string
	for _, c := range p.Changes {
		ids = append(ids, c.ID)
	}
	return strings.Join(ids, ", ")
}

// checkBlocks: a plan is blocked only because an edit took away what files speak of.
func (w *world) checkBlocks(p *plan.Plan) {
	for _, b := range p.Blocks {
		if !slices.Contains([]plan.Guard{plan.GuardUnknownMember, plan.GuardUnknownRole, plan.GuardUnknownTeam}, b.Guard) {
			w.wrong.add("I2", "blocked: %s", b.Message)
		}
	}
}
