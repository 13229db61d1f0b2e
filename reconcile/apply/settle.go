package apply

import (
	"errors"
	"fmt"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// sight is what a role that was read back shows.
type sight int

const (
	unreadable sight = iota // it could not be read
	wanted                  // as the change wants it
	asBefore                // as it was before the change
	foreign                 // as somebody else made it, or as the account changed it
)

// settle finds out by reading what became of a write that was answered with err.
func (w *writing) settle(err error) (e end, again bool) {
	seen, live, readErr := w.readBack(errors.Is(err, errOther))
	switch seen {
	case wanted:
		if errors.Is(err, role.ErrDenied) && !w.run.last() {
			w.run.halt(w.named(failure("the account refused it when it was sent again, and it reads as wanted", err)))
		}
		return w.settled(err, live.id(w.change)), false
	case foreign:
		return w.foreignEnd(err, live, readErr), false
	case unreadable:
		return w.unreadableEnd(err, readErr), false
	}
	return w.asBeforeEnd(err, live)
}

// readBack reads the role until it shows something else than before the change, or until the
// account had time enough to show it. Where the reply showed something else than is wanted, that
// one look shows what is wanted is not enough: it may be older than the reply.
func (w *writing) readBack(contradicted bool) (seen sight, live thing, err error) {
	for _, wait := range settleWaits {
		if wait > 0 && w.run.opts.Sleep(w.run.flight, wait) != nil {
			break
		}
		live, err = w.run.read(w.run.flight, w.change)
		if errors.Is(err, role.ErrDenied) {
			w.denied = err
		}
		if seen = w.judge(live, err); seen == foreign || seen == wanted && !contradicted {
			break
		}
	}
	return seen, live, err
}

// judge says what one read of the role shows.
func (w *writing) judge(live thing, err error) sight {
	deletes := w.change.Action == plan.Delete
	absent := errors.Is(err, role.ErrNotFound)
	switch {
	case absent && deletes:
		return wanted
	case absent && w.creates():
		return asBefore
	case absent:
		return foreign
	case err != nil:
		return unreadable
	case !deletes && w.asWanted(live):
		return wanted
	case !w.creates() && (live.digest(w.change) == w.change.BeforeDigest || w.early(live)):
		return asBefore
	}
	return foreign
}

// settled is the end of a change that reads as wanted although its reply did not say so.
func (w *writing) settled(err error, id string) end {
	deletes := w.change.Action == plan.Delete
	switch {
	case errors.Is(err, errOther):
		return applied(id, w.tries("the reply showed something else, the "+w.change.Kind+" reads back as wanted"))
	case w.lost && deletes:
		return applied(id, w.tries("the reply was lost, the role is gone"))
	case w.lost:
		return applied(id, w.tries("the reply was lost, the "+w.change.Kind+" reads back as wanted"))
	case deletes:
		return found(id, w.tries("the account answered with a conflict, and the role is gone"))
	}
	return found(id, w.tries("the account answered with a conflict and holds exactly the wanted "+w.change.Kind+": somebody else made the same change, or it arrived twice"))
}

// vanished says that a role went away while a change to it was under way.
const vanished = "somebody else deleted it meanwhile; it is not made again"

// foreignEnd is the end of a change whose role reads as neither wanted nor as before.
func (w *writing) foreignEnd(err error, live thing, readErr error) end {
	var e end
	switch {
	case errors.Is(readErr, role.ErrNotFound):
		e = conflict(vanished)
	case errors.Is(err, errOther):
		e = w.otherEnd(live)
	case w.change.Kind == plan.KindTeam && !known(err):
		e = w.otherEnd(live) // the account passed over a part of it, and the client says which
		e.stop.message += ": " + err.Error()
	case w.creates():
		e = conflict("somebody else made it meanwhile, with another " + live.unlike(w.change))
	default:
		e = conflict(editedMeanwhile(w.change, live))
	}
	e.wrote = e.wrote || w.lost || errors.Is(err, errOther)
	return e
}

// otherEnd is the end of a change that the account took and made something else of.
func (w *writing) otherEnd(live thing) end {
	message := "the account holds something else than was sent"
	if fields := live.unlike(w.change); fields != "" {
		message += ": " + fields
	}
	return end{status: Failed, wrote: true, stop: &stop{ReasonFailed, message, hintReplan}}
}

// unreadableEnd is the end of a change whose role cannot be read back. That holds for one that was refused
// with a conflict too: what arrived twice was done, and the second answer is a conflict.
func (w *writing) unreadableEnd(err, readErr error) end {
	return w.unsettled(fmt.Sprintf("%v; reading back: %v", err, readErr))
}

// asBeforeEnd is what follows if the role still reads as before: it is sent again, unless the
// answer says that this is no use or it was sent often enough.
func (w *writing) asBeforeEnd(err error, live thing) (e end, again bool) {
	switch {
	case errors.Is(err, errOther):
		return w.otherEnd(live), false
	case refused(err):
		return w.notTaken(failure("the account refused it", err)), false
	case conflicting(err) && w.change.Action == plan.Delete && !w.mayLag():
		return w.notTaken(w.inUse(live.role, err)), false
	case w.change.Action == plan.Delete && !live.role.Assigned.None():
		e := conflict(fmt.Sprintf("somebody else gave it meanwhile: it is held by %s", holders(live.role.Assigned)))
		e.wrote = w.lost
		return e, false
	case w.denied != nil && conflicting(err) && !w.lost:
		return failed(failure("the account refused it with a conflict, and then to show what it holds", w.denied)), false
	case w.denied != nil:
		return w.unreadableEnd(err, w.denied), false
	case w.sends < maxSends:
		if !w.early(live) {
			w.live = live
		}
		return end{}, true
	case conflicting(err):
		return w.notTaken(&stop{ReasonFailed, fmt.Sprintf("the account refused it %d times, though the %s reads as before: %v", w.sends, w.change.Kind, err), hintNameOrLag}), false
	}
	return w.unsettled(fmt.Sprintf("sent %d times, the %s reads as before: %v", w.sends, w.change.Kind, err)), false
}

// notTaken is the end of a change that the account refused. A send before whose outcome is not known may
// have been taken all the same, and show later than anybody waits for it.
func (w *writing) notTaken(why *stop) end {
	e := failed(why)
	e.wrote = w.lost
	return e
}

// mayLag reports whether a delete that was refused may be sent again: this run took the role from
// those who held it, and an account may know that late.
func (w *writing) mayLag() bool { return w.sends < maxSends && !w.change.Before.Assigned.None() }

// known reports whether err is of a class that says what became of a write, or that nobody knows.
func known(err error) bool { return answered(err) || errors.Is(err, role.ErrUnknown) }

// inUse ends the run because the account refuses to delete a role, which it does while somebody
// holds it.
func (w *writing) inUse(live role.Live, err error) *stop {
	message := fmt.Sprintf("the account refused to delete it: %v", err)
	if !live.Assigned.None() {
		message = fmt.Sprintf("it is held by %s: %v", holders(live.Assigned), err)
	}
	return &stop{ReasonFailed, message, hintInUse}
}
