package apply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// writing is one change on its way into the account.
//
// A write is sent once. If the reply leaves open what it did, or says that something is in the
// way, the role is read back: as wanted, it is done; as it was before, it is sent again, three
// times at most; anything else is somebody else's doing and stays as it is.
type writing struct {
	run    *run
	change plan.Change
	live   thing // what is changed, as last read before a send; zero for one to be created
	sends  int
	// lost is set once a send of this change had an outcome that is not known.
	lost    bool
	denied  error      // that the account refused the token once: then nothing is sent again
	deleted *role.Live // the role as it was when its delete was sent
	raced   string     // that somebody else edited it in the same moment; "" if nobody is known to have
}

// end is how a change ended. Stop is set if the run has to end with it.
type end struct {
	status Status
	note   string
	id     string // of the role after an applied change
	// found is set for an applied change that somebody else had made already.
	found bool
	// wrote is set if a change that is not applied may still have left something in the account.
	wrote  bool
	before *role.Live
	stop   *stop
}

func (w *writing) name() string {
	return fmt.Sprintf("%s %s %q", w.change.Action, w.change.Kind, w.change.Key)
}

// carryOut makes the change. A panic ends only this change, so that what the others did is still
// reported.
func (w *writing) carryOut() (e end) {
	defer func() {
		if bug := recover(); bug != nil {
			e = w.broken(bug)
		}
		if e.status == Applied || e.status == Unknown {
			e.before = w.deleted
		}
	}()
	if e, ready := w.look(); !ready {
		return e
	}
	for !w.run.halted() {
		if e, again := w.attempt(); !again {
			return e
		}
	}
	return w.notSentAgain()
}

// look reads the role just before it is written over, and reports whether to go on.
func (w *writing) look() (end, bool) {
	if w.creates() {
		return end{}, true
	}
	live, err := w.readFresh()
	switch {
	case errors.Is(err, role.ErrNotFound) && w.change.Action == plan.Delete:
		return found("", "it was already gone: somebody else deleted it a moment before"), false
	case errors.Is(err, role.ErrNotFound):
		return conflict(goneMeanwhile(w.change)), false
	case err != nil && w.run.ctx.Err() != nil:
		return end{status: NotAttempted}, false
	case err != nil:
		return failed(failure("read it before writing", err)), false
	}
	if w.early(live) {
		return failed(w.stillEarly(live)), false
	}
	if how := editedMeanwhile(w.change, live); how != "" {
		return conflict(how), false
	}
	w.live = live
	return end{}, true
}

// readFresh reads what is changed, again while it does not show yet what this run wrote before.
func (w *writing) readFresh() (live thing, err error) {
	for _, wait := range settleWaits {
		if wait > 0 && w.run.opts.Sleep(w.run.ctx, wait) != nil {
			break
		}
		live, err = w.run.read(w.run.ctx, w.change)
		if err != nil || !w.early(live) {
			break
		}
	}
	return live, err
}

// early reports whether what was read is from before what this run wrote: something without the first
// of two steps, or a role that has been taken from all who held it and counts them still.
func (w *writing) early(live thing) bool {
	c := w.change
	if c.Part() == 2 {
		return live.digest(c) == w.run.beforeFirst(c)
	}
	return c.Action == plan.Delete && !c.Before.Assigned.None() && live.role.ID == c.Before.ID && !live.role.Assigned.None()
}

// beforeFirst is the digest that the first of two steps started from.
func (r *run) beforeFirst(second plan.Change) string {
	i := slices.IndexFunc(r.plan.Changes, func(c plan.Change) bool {
		return c.Kind == second.Kind && c.Key == second.Key && c.Part() == 1
	})
	return r.plan.Changes[i].BeforeDigest
}

// stillEarly ends the run because what it wrote before does not show.
func (w *writing) stillEarly(live thing) *stop {
	if w.change.Part() == 2 {
		return &stop{ReasonFailed, "its first step was made and does not show yet", hintNotVisible}
	}
	return &stop{ReasonFailed, fmt.Sprintf("it is still held by %s: somebody else gave it, or that it was taken away does not show yet", holders(live.role.Assigned)), hintInUse}
}

// attempt sends the change once and reports how it ended, or that it is to be sent again.
func (w *writing) attempt() (e end, again bool) {
	if err := w.noteSending(); err != nil {
		return w.notNoted(err), false
	}
	w.sends++
	id, err := w.send(role.WithInterrupt(w.run.flight, w.run.sending))
	w.noteReply(err)
	switch {
	case w.run.sending.Err() != nil && untouched(err):
		w.sends-- // the account is as if it had never been sent
		return w.notSentAgain(), false
	case err == nil:
		return applied(id, w.tries(cmp.Or(w.raced, w.unguarded()))), false
	case w.change.Action == plan.Delete && errors.Is(err, role.ErrNotFound):
		return w.gone(), false
	case w.change.Action == plan.Update && errors.Is(err, role.ErrNotFound) && !w.lost:
		return conflict(vanished), false
	case refused(err) && !w.lost:
		return failed(failure("the account refused it", err)), false
	}
	w.lost = w.lost || !answered(err)
	if errors.Is(err, role.ErrDenied) {
		w.denied = err
	}
	return w.settle(err)
}

// errOther is the answer of an account that took a write and replied with something else.
var errOther = errors.New("the reply shows something else than was sent")

// send sends the change and returns the id of the role that the account then holds.
func (w *writing) send(ctx context.Context) (id string, err error) {
	c := w.change
	if c.Action == plan.Delete {
		w.deleted = &w.live.role
		return "", w.run.store.DeleteRole(ctx, c.Key)
	}
	got, err := w.run.send(ctx, c, w.live)
	if err == nil && !w.asWanted(got) {
		err = errOther
	}
	if err == nil {
		w.raced = racedWith(c, w.live.version(c), got.version(c))
	}
	return got.id(c), err
}

// racedWith says that more edits were counted than this one: between reading and writing somebody else
// edited the team or the member. LaunchDarkly takes no condition with such a write, so what they set
// may be lost; then at least it is told. Whether one write of several parts counts once or once for
// each part is not known, so neither is taken for somebody else's. "" if the account does not count.
func racedWith(c plan.Change, before, after int) string {
	edits := after - before
	if c.Holder == nil || before == 0 || after == 0 || edits <= 1 || edits == partsOf(c) {
		return ""
	}
	return fmt.Sprintf("somebody else edited it in the same moment (%d edits were counted): what they set of the same fields is written over, see the audit log", edits)
}

// unguarded says that an update was made without a condition, since the account was found to take none;
// "" for what was guarded, or never can be.
func (w *writing) unguarded() string {
	store, tells := w.run.store.(interface{ Unguarded() (roles, members bool) })
	if !tells || w.change.Action != plan.Update {
		return ""
	}
	roles, members := store.Unguarded()
	if roles && w.change.Kind == plan.KindRole || members && w.change.Kind == plan.KindMember {
		return "unguarded: the account takes no tests with a patch, so an edit in the moment between reading and writing would be lost"
	}
	return ""
}

// partsOf counts what a write of a team or a member sets.
func partsOf(c plan.Change) int {
	n := len(c.Fields)
	for _, list := range [][]string{c.Holder.Roles.Added, c.Holder.Roles.Removed} {
		n += min(1, len(list))
	}
	return n + min(1, len(c.Holder.Attributes))
}

// creates reports whether the change makes a role that is not there.
func (w *writing) creates() bool {
	return w.change.Action == plan.Create || w.change.Action == plan.Replace
}

// asWanted reports whether live is what the change is to bring about.
func (w *writing) asWanted(live thing) bool {
	same := w.creates() || live.id(w.change) == w.live.id(w.change)
	return same && live.unlike(w.change) == ""
}

// refused reports whether err says that this write had no effect and that sending it again would
// not help. Every error that says neither this nor "conflict" leaves the outcome open.
func refused(err error) bool {
	if errors.Is(err, role.ErrUnknown) {
		return false
	}
	for _, class := range []error{
		role.ErrDenied, role.ErrRefused, role.ErrLimited, role.ErrNotSent, role.ErrReadOnly, role.ErrNotFound,
	} {
		if errors.Is(err, class) {
			return true
		}
	}
	return false
}

// untouched reports whether err says that this write had no effect, and would perhaps have had one
// with more time.
func untouched(err error) bool {
	for _, class := range []error{role.ErrUnknown, role.ErrRefused, role.ErrReadOnly} {
		if errors.Is(err, class) {
			return false
		}
	}
	return errors.Is(err, role.ErrNotSent) || errors.Is(err, role.ErrLimited)
}

// conflicting reports whether err says that something was in the way of this write.
func conflicting(err error) bool {
	return errors.Is(err, role.ErrConflict) && !errors.Is(err, role.ErrUnknown)
}

// answered reports whether err tells what this one write did.
func answered(err error) bool {
	return refused(err) || conflicting(err) || errors.Is(err, errOther)
}

func applied(id, note string) end { return end{status: Applied, id: id, note: note} }

// found is the end of a change that somebody else had made already.
func found(id, note string) end { return end{status: Applied, id: id, note: note, found: true} }

func failed(why *stop) end { return end{status: Failed, stop: why} }

// conflict is the end of a change that somebody else got in the way of.
func conflict(how string) end { return failed(&stop{ReasonStale, how, hintReplan}) }

// tries adds to a note how often the change was sent, where that was more than once.
func (w *writing) tries(note string) string {
	if w.sends < 2 {
		return note
	}
	times := fmt.Sprintf("sent %d times", w.sends)
	if note == "" {
		return times + ": the sends before had no effect"
	}
	return note + "; " + times
}

// gone is the end of a delete that found nothing to delete.
func (w *writing) gone() end {
	if w.lost {
		return applied("", w.tries("the reply was lost, the role is gone"))
	}
	return found("", "it was already gone when the delete arrived: somebody else deleted it, or the delete arrived twice")
}

// notSentAgain is the end of a change that stands still because the run has been stopped.
func (w *writing) notSentAgain() end {
	why := "the " + w.change.Kind + " reads as before, and the run was stopped before it was sent again"
	switch {
	case w.sends == 0:
		return end{status: NotAttempted}
	case w.lost:
		return w.unsettled(why)
	}
	return failed(&stop{ReasonFailed, "the account refused it with a conflict; " + why, hintReplan})
}

// broken is the end of a change during which something panicked.
func (w *writing) broken(bug any) end {
	status := Unknown
	if w.sends == 0 {
		status = Failed
	}
	return end{status: status, wrote: status == Unknown, stop: &stop{ReasonFailed, fmt.Sprintf("internal error: %v", bug), hintInternalBug}}
}

func (w *writing) unsettled(what string) end {
	return end{status: Unknown, wrote: true, stop: &stop{ReasonFailed, "the outcome is not known: " + what, hintUnsettled}}
}
