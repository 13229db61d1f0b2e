package apply

import (
	"context"
	"sync"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Run carries out p through store, which is [People] too if p speaks of teams or members, and says
// what became of each change. The result is complete and true on every path; errors are in it.
//
//  1. A plan that is incomplete, blocked or inconsistent is refused.
//  2. The account is listed once. If any role, team or member that the plan touches is not as it was
//     when the plan was made, nothing is written.
//  3. The changes are written phase by phase. A phase begins when the one before has ended;
//     inside a phase changes run in parallel, one at a time and in order where the phase asks for
//     that (see [plan.Phase.OneByOne]), and one at a time once the account answered 429.
//  4. The account is listed again and must hold what was planned, so that a new plan is empty.
//
// The first surprise ends the run: no further change is started, those under way are finished.
// Nothing is rolled back, since going back is a new plan. If ctx ends, nothing new is sent, a store
// that waits to send something stops waiting (see [role.WithInterrupt]), and requests in flight get
// the grace of opts to finish.
//
// A plan without changes ends with plan.NoChanges and without a request: a complete plan has
// already proved that there is nothing to do.
func Run(ctx context.Context, p *plan.Plan, store Store, opts Options) *Result {
	opts = opts.withDefaults()
	flight, land := withGrace(ctx, opts.Grace, opts.Sleep)
	defer land()
	r := &run{
		ctx: ctx, flight: flight, plan: p, store: store, opts: opts,
		outcomes: outcomes(p), ids: make([]string, len(p.Changes)), roleIDs: map[string]string{},
	}
	r.people, _ = store.(People)
	r.sending, r.sendNoMore = context.WithCancel(ctx)
	defer r.sendNoMore()
	for _, step := range []func(){r.checkPlan, r.checkAccount, r.begin, r.write, r.prove} {
		if !r.halted() {
			step()
		}
	}
	res := r.result()
	r.finish(res)
	return res
}

// run is one apply under way.
type run struct {
	// ctx ends with an interrupt: nothing is begun after that. Flight outlasts it by the grace:
	// what is in flight ends under it.
	ctx, flight context.Context
	// sending ends with ctx, and with the first surprise: what only waits to be sent then is not.
	sending    context.Context
	sendNoMore func()
	plan       *plan.Plan
	store      Store
	people     People // nil where the store knows roles alone
	opts       Options

	noting sync.Mutex // held while the observer is told
	begun  bool       // the observer was told that the run writes

	mu       sync.Mutex // guards what follows
	outcomes []Outcome
	ids      []string          // the server's id of the thing after an applied change; "" where there is none
	roleIDs  map[string]string // of all roles, by key
	wrote    bool              // the account may hold something that it did not hold before
	ended    int
	verified bool
	stop     *stop
}

// stop is why a run ends before its time.
type stop struct {
	reason  plan.ExitReason
	message string
	hint    string
}

// halt ends the run, for the first reason that is given. Whatever goes wrong after an interrupt or
// the end of the time goes wrong because of it.
func (r *run) halt(why *stop) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stop != nil {
		return
	}
	if r.ctx.Err() != nil {
		why = cutShort(r.ctx)
	}
	r.stop = why
	r.sendNoMore()
}

// halted reports whether nothing new may be begun.
func (r *run) halted() bool {
	if r.ctx.Err() != nil {
		r.halt(nil)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stop != nil
}

// write makes the changes, phase by phase.
func (r *run) write() {
	for _, phase := range plan.Phases() {
		var turn []int
		for i, c := range r.plan.Changes {
			if c.Phase == phase {
				turn = append(turn, i)
			}
		}
		r.writeAll(turn, phase.OneByOne())
	}
}

// writeAll makes the changes with these indexes, in order and as many at a time as is allowed,
// and returns when all that were begun have ended. One by one, none is begun before the last has ended.
func (r *run) writeAll(turn []int, oneByOne bool) {
	ended := make(chan struct{})
	running := 0
	for _, i := range turn {
		for ; running >= r.width(oneByOne); running-- {
			<-ended
		}
		if r.halted() {
			break
		}
		running++
		go func() {
			r.writeOne(i)
			ended <- struct{}{}
		}()
	}
	for ; running > 0; running-- {
		<-ended
	}
}

// width is how many changes may be under way now.
func (r *run) width(oneByOne bool) int {
	if oneByOne || r.opts.Limited() {
		return 1
	}
	return r.opts.Parallelism
}

// writeOne makes one change and records how it ended.
func (r *run) writeOne(i int) {
	w := &writing{run: r, change: r.plan.Changes[i]}
	e := w.carryOut()
	if e.stop != nil {
		r.halt(w.named(e.stop))
	}
	if w.creates() && w.change.Kind == plan.KindRole && e.id != "" {
		r.learn(w.change.Key, e.id)
	}
	r.record(i, e)
	if e.status != NotAttempted {
		_ = r.note(Event{Kind: Ended, ID: w.change.ID, Status: e.status, Error: messageOf(e.stop)}) // shows before the next send
	}
}

// named is a stop with what it came of.
func (w *writing) named(why *stop) *stop {
	return &stop{why.reason, w.name() + ": " + why.message, why.hint}
}

// last reports whether all changes but one have ended.
func (r *run) last() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ended == len(r.outcomes)-1
}

func messageOf(s *stop) string {
	if s == nil {
		return ""
	}
	return s.message
}

// record keeps how a change ended and tells the caller.
func (r *run) record(i int, e end) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o := &r.outcomes[i]
	o.Status, o.AlreadyThere, o.Note, o.Before = e.status, e.found, e.note, e.before
	o.Error = messageOf(e.stop)
	r.ids[i] = e.id
	r.wrote = r.wrote || e.wrote || e.status == Applied
	if e.status == NotAttempted {
		return
	}
	r.ended++
	r.opts.Progress(*o, r.ended, len(r.outcomes))
}

// byKey indexes roles by their key.
func byKey(roles []role.Live) map[string]role.Live {
	index := make(map[string]role.Live, len(roles))
	for _, live := range roles {
		index[live.Key] = live
	}
	return index
}
