package apply

import (
	"fmt"

	"github.com/rolewright/rolewright/reconcile/plan"
)

// prove lists the account until it holds what was planned. It looks again for 8 s, since
// LaunchDarkly may show a change late; nothing is ever sent again because of that.
func (r *run) prove() {
	if len(r.plan.Changes) == 0 {
		return
	}
	var wrong []string
	for _, wait := range proofWaits {
		if wait > 0 && r.opts.Sleep(r.ctx, wait) != nil {
			break
		}
		live, err := r.list()
		if err != nil {
			r.halt(failure("every change was applied, and then the account could not be listed to prove it", err))
			return
		}
		if wrong = r.unproved(live); len(wrong) == 0 {
			wrong = r.left(live.actual)
		}
		if len(wrong) == 0 {
			r.verified = true
			return
		}
	}
	r.halt(&stop{ReasonPartial, "every change was applied, and then the account listed something else: " + list(wrong), hintNotVisible})
}

// unproved says of everything changed that is not as planned how it differs. The first of two steps
// is left out: the second says what is to be.
func (r *run) unproved(live listing) []string {
	var wrong []string
	for i, c := range r.plan.Changes {
		if c.Part() == 1 {
			continue
		}
		now, there := live.find(c)
		if how := unprovedChange(c, r.ids[i], now, there); how != "" {
			wrong = append(wrong, fmt.Sprintf("%s %q: %s", c.Kind, c.Key, how))
		}
	}
	return wrong
}

// left says what a new plan would change although this one is done: somebody else edited it
// meanwhile.
func (r *run) left(live plan.Actual) []string {
	var wrong []string
	for _, c := range r.opts.Left(live) {
		wrong = append(wrong, fmt.Sprintf("%s %q: not of this plan, but a new plan would change it", c.Kind, c.Key))
	}
	return wrong
}

// unprovedChange says how the role of c differs from what was planned, or "". The id is the one
// that the role had when the change was applied.
func unprovedChange(c plan.Change, id string, now thing, there bool) string {
	switch {
	case c.Action == plan.Delete && !there:
		return ""
	case c.Action == plan.Delete && now.role.ID != c.Before.ID:
		return "it was deleted, and somebody else made it anew"
	case c.Action == plan.Delete:
		return "its deletion is not visible yet"
	case !there && c.Action == plan.Update:
		return "somebody else deleted it"
	case !there:
		return "it is not visible yet, or somebody else deleted it"
	case id != "" && now.id(c) != id:
		return "somebody else deleted it and made it anew"
	case c.Action == plan.Update && now.digest(c) == c.BeforeDigest:
		return "its change is not visible yet, or somebody else took it back"
	}
	if fields := now.unlike(c); fields != "" {
		return "somebody else edited it: " + fields
	}
	return ""
}
