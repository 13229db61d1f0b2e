package apply

import (
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// EventKind says what an event tells of.
type EventKind string

// The events of a run, in the order in which they come. Those between Begun and Finished come for each
// change: Sending and Replied once per send, Ended at last. A run that finds nothing to write, or is
// refused before it writes, has none.
const (
	Begun    EventKind = "begun"    // the account is as the plan found it, and nothing has been sent
	Sending  EventKind = "sending"  // the next thing that happens is that the change is sent
	Replied  EventKind = "replied"  // it was answered, or will never be
	Ended    EventKind = "ended"    // what became of the change is known, or that nobody knows
	Finished EventKind = "finished" // the run is over, and its result known
)

// Event is one step of a run, for whoever keeps a journal of it. Which fields are set depends on its
// kind. Nothing in it is needed to finish a run that was cut off: planning again is.
type Event struct {
	Kind EventKind `json:"event"`
	// PlanHash, Target and Changes, how many there are, come with Begun.
	PlanHash string       `json:"planHash,omitempty"`
	Target   *plan.Target `json:"target,omitempty"`
	Changes  int          `json:"changes,omitempty"`
	// ID is that of the change; Send counts its sends from 1, with Sending and Replied.
	ID   string `json:"id,omitempty"`
	Send int    `json:"send,omitempty"`
	// BeforeDigest and AfterDigest come with Sending: what the change starts from and what it is to
	// bring about. Before is the role that a delete takes away.
	BeforeDigest string     `json:"beforeDigest,omitempty"`
	AfterDigest  string     `json:"afterDigest,omitempty"`
	Before       *role.Live `json:"before,omitempty"`
	// Status comes with Ended; ExitReason with Finished; Error with Replied, Ended and Finished, and
	// is "" where nothing went wrong.
	Status     Status          `json:"status,omitempty"`
	ExitReason plan.ExitReason `json:"exitReason,omitempty"`
	Error      string          `json:"error,omitempty"`
}

// note tells the observer, one call at a time.
func (r *run) note(e Event) error {
	r.noting.Lock()
	defer r.noting.Unlock()
	return r.opts.Observe(e)
}

// begin tells that the run is about to write, if it is.
func (r *run) begin() {
	if len(r.plan.Changes) == 0 {
		return
	}
	err := r.note(Event{Kind: Begun, PlanHash: r.plan.PlanHash, Target: &r.plan.Target, Changes: len(r.plan.Changes)})
	if err != nil {
		r.halt(&stop{ReasonFailed, unnoted(err), hintJournal})
		return
	}
	r.begun = true
}

// finish tells how the run ended. That this could not be noted changes nothing of it: the observer
// knows.
func (r *run) finish(res *Result) {
	if r.begun {
		_ = r.note(Event{Kind: Finished, ExitReason: res.ExitReason, Error: res.Error})
	}
}

func unnoted(err error) string {
	return "nothing is sent that could not be noted first: " + err.Error()
}

// noteSending tells of a send before it happens.
func (w *writing) noteSending() error {
	e := Event{Kind: Sending, ID: w.change.ID, Send: w.sends + 1, BeforeDigest: w.change.BeforeDigest, AfterDigest: w.change.AfterDigest}
	if w.change.Action == plan.Delete {
		e.Before = &w.live.role
	}
	return w.run.note(e)
}

// noteReply tells what came back. Its failure shows before the next send.
func (w *writing) noteReply(err error) {
	e := Event{Kind: Replied, ID: w.change.ID, Send: w.sends}
	if err != nil {
		e.Error = err.Error()
	}
	_ = w.run.note(e)
}

// notNoted is the end of a change that is not sent, or not again, because that could not be noted.
func (w *writing) notNoted(err error) end {
	if w.lost {
		return w.unsettled(unnoted(err))
	}
	return failed(&stop{ReasonFailed, unnoted(err), hintJournal})
}
