package simulation_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
	"github.com/rolewright/rolewright/reconcile/role"
)

// violations are invariants that did not hold, each by its name.
type violations []string

func (v *violations) add(invariant, format string, args ...any) {
	*v = append(*v, invariant+": "+fmt.Sprintf(format, args...))
}

const (
	runLimit = 10 * time.Minute // for planning, and again for applying
	grace    = 5 * time.Second
	waitMost = 60 * time.Second
)

// checkWrite looks at the account after a request that wrote.
func (w *world) checkWrite(e *entry) {
	is := w.holds().things()
	for name := range e.line.touched {
		if text, there := is[name]; there {
			w.things[name] = text
		} else {
			delete(w.things, name)
		}
	}
	if e.method == http.MethodDelete && w.behaviour.DeletedRole == "drop" {
		for name, text := range is {
			if !strings.HasPrefix(name, "role ") {
				w.things[name] = text // it may have gone from those who held it
			}
		}
	}
	// I1: what is not in the plan stays as it is, byte for byte.
	for name, text := range w.things {
		if is[name] != text {
			w.wrong.add("I1", "%s is not in the plan: it was %s and is %s after %s", name, text, is[name], e)
		}
	}
	for name := range is {
		if _, was := w.things[name]; !was {
			w.wrong.add("I1", "%s was made by %s and is not in the plan", name, e)
		}
	}
	w.checkMade(e)
	w.checkHeld(e)
}

// checkMade: no role is made twice (I4), unless it was gone meanwhile, which only somebody else does.
func (w *world) checkMade(e *entry) {
	if e.method != http.MethodPost {
		return
	}
	for _, r := range w.holds().roles {
		if w.made[r.ID] == 0 {
			w.made[r.ID] = 1
			w.made[r.Key]++
		}
		if w.made[r.Key] > 1 && len(w.edits) == 0 {
			w.wrong.add("I4", "role %q was made %d times", r.Key, w.made[r.Key])
		}
	}
}

// checkHeld: whoever may something before and after may it at each step, and nobody may what neither
// end grants (I6). What somebody else does moves the ends.
func (w *world) checkHeld(e *entry) {
	if len(w.edits) > 0 || w.scene.samples == nil {
		return
	}
	if why := w.scene.transit(w.holds()); why != "" {
		w.wrong.add("I6", "after %s %s", e, why)
	}
}

// checkAllowed looks at a request when it is let go (I8).
func (l *line) checkAllowed(e *entry) {
	for i := l.from; i < e.arrived; i++ {
		past := l.log[i]
		if past.line != l {
			continue
		}
		if time.Now().Before(past.until) {
			l.wrong.add("I8", "%s was sent %v before the time that %s allows", e, time.Until(past.until), past)
		}
		denied := past.status == http.StatusUnauthorized || past.status == http.StatusForbidden
		if denied && e.writes() && i >= l.applying && (!l.readsBack(i) || past.thing() == e.thing() && l.isAgain(e, i)) {
			l.wrong.add("I8", "%s was sent after %s", e, past)
		}
	}
	switch {
	case !e.writes():
	case l.planning:
		l.wrong.add("I8", "%s was sent while planning", e)
	case l.stopped != nil && l.stopped.since < e.arrived:
		l.wrong.add("I8", "%s was sent after the run had to stop: %s", e, l.stopped.why)
	}
}

// isAgain reports whether a write is of a change that was sent before an entry of the log, and again since.
func (l *line) isAgain(e *entry, since int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, sent := l.sent[e.thing()]
	return sent && s.first <= since && s.last > since
}

// readsBack reports whether a read looks at what became of a write, or of one that was not sent since the
// two looks before it differed. If that is denied, and seen later, only that write is not sent again.
func (l *line) readsBack(i int) bool {
	read, looks := l.log[i], 0
	for _, e := range l.log[l.applying:i] {
		about := e.line == l && (e.path == read.path || e.writes() && strings.HasPrefix(read.path, e.path+"/"))
		switch {
		case about && e.writes():
			return !read.writes()
		case about:
			looks++
		}
	}
	kind, _ := read.subject()
	return !read.writes() && looks >= 2 && kind != plan.KindRole
}

// observe learns from apply what is under way. After the first change that failed, or whose outcome
// nobody knows, nothing else is written than what is under way already.
func (l *line) observe(e apply.Event) error {
	switch e.Kind {
	case apply.Sending:
		l.inFlight[e.ID] = true
		l.noteSending(e)
	case apply.Ended:
		delete(l.inFlight, e.ID)
		if e.Status != apply.Applied && l.stopped == nil && len(l.inFlight) == 0 {
			l.stopped = &stop{l.size(), e.ID + " " + string(e.Status) + ": " + e.Error}
		}
	}
	return nil
}

func (l *line) noteSending(e apply.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.of.Changes[slices.IndexFunc(l.of.Changes, func(c plan.Change) bool { return c.ID == e.ID })]
	id := c.Key
	if c.Kind == plan.KindMember {
		id = c.Holder.Member.Before.ID
	}
	s := sending{len(l.log), len(l.log)}
	if e.Send > 1 {
		s.first = l.sent[c.Kind+" "+id].first
	}
	l.sent[c.Kind+" "+id] = s
}

// checkWaits: no wait is longer than a minute, and a run keeps its time (I9).
func (l *line) checkWaits(what string, took time.Duration) {
	if l.longest > waitMost {
		l.wrong.add("I9", "%s waited %v at once", what, l.longest)
	}
	if took > runLimit+grace {
		l.wrong.add("I9", "%s took %v", what, took)
	}
}

// checkSecret: the token is in nothing that a run leaves behind (I7).
func (l *line) checkSecret(what string, text []byte) {
	if bytes.Contains(text, []byte(canary)) {
		l.wrong.add("I7", "the token is in the %s: %s", what, text)
	}
}

// checkOutputs looks for the token wherever a run may show something.
func (l *line) checkOutputs(log []byte, p *plan.Plan, res *apply.Result, err error) {
	l.checkSecret("log", log)
	if stories != nil {
		l.shown = append(l.shown, sortedLines(log)...)
	}
	if err != nil {
		l.checkSecret("error", fmt.Appendf(nil, "%v %+v %q", err, err, err))
	}
	if res == nil {
		return
	}
	var drawn bytes.Buffer
	for _, f := range []report.Format{report.JSON, report.Text} {
		if err := report.Result(&drawn, res, f, report.Options{}); err != nil {
			l.wrong.add("I7", "report: %v", err)
		}
	}
	l.checkSecret("result", drawn.Bytes())
	if stories != nil {
		l.shown = append(l.shown, drawn.String())
	}
	if l.often {
		l.checkSecret("comment", []byte(report.ResultComment(p, res, report.Page{}, 0)))
		l.checkSecret("plan", plan.Encode(p))
	}
}

// checkLost: no edit that somebody made after the plan was made is written over (I3), but in a moment
// in which nothing can keep it: those are counted.
func (l *line) checkLost() {
	is, behaviour := l.holds().facts(), l.scene.behaviour
	if l.toldOfNoTests() {
		behaviour.TestOp = "refused422"
	}
	for _, ed := range l.edits {
		if ed.during != l || l.seen(ed) {
			continue
		}
		for fact, want := range ed.wanted {
			if is[fact] == want {
				continue
			}
			// An account that deletes roles in use may take them from those who hold them.
			about, held := fact, strings.Fields(fact)
			if len(held) == 4 && held[2] == "holds" && slices.ContainsFunc(l.log[ed.at:], func(e *entry) bool {
				return e.wrote && e.method == http.MethodDelete && e.path == "/api/v2/roles/"+held[3]
			}) {
				about = "role " + held[3] + " is"
			}
			window := l.window(ed, about)
			if !documented(window, fact, behaviour) {
				l.wrong.add("I3", "%s (before request %d): %q was %q and is %q, by %q", ed.name, l.first+ed.at, fact, want, is[fact], window)
				continue
			}
			l.lost[window]++
		}
	}
}

// toldOfNoTests reports whether the account refused, twice, a test that holds. Then it takes none, for all
// that the run can know.
func (l *line) toldOfNoTests() bool {
	refusals := 0
	for _, e := range l.log {
		if e.line == l && e.asks && slices.Contains([]int{http.StatusConflict, http.StatusPreconditionFailed, http.StatusUnprocessableEntity}, e.status) {
			refusals++
		}
	}
	return refusals >= 2
}

// seen reports whether an edit came before the plan read the kind of thing that it is of: then the plan
// speaks of it, and may change it.
func (l *line) seen(ed *edit) bool {
	if ed.at >= l.applying {
		return false
	}
	for _, e := range l.log[ed.at:l.applying] {
		kind, _ := e.subject()
		for fact := range ed.wanted {
			if strings.HasPrefix(fact, kind+" ") {
				return true
			}
		}
	}
	return false
}

// window says in which gap between a read and a write a fact was lost: the method and the kind of the
// write, if it is the first since the edit that reads or writes the thing; else "".
func (l *line) window(ed *edit, fact string) string {
	words := strings.Fields(fact)
	is, known := ed.wanted[words[0]+" "+words[1]+" is"]
	if gone := known && is == ""; gone && l.makes(words[0], words[1], l.log[:ed.at]) && l.makes(words[0], words[1], l.log[ed.at:]) {
		return "POST " + words[0] + " again"
	}
	for _, e := range l.log[ed.at:] {
		kind, id := e.subject()
		if e.line != l || kind != words[0] || id != "" && id != words[1] || e.method == http.MethodPost {
			continue
		}
		if e.wrote {
			return e.method + " " + kind
		}
		if e.status == http.StatusOK && !e.writes() && e.at.Sub(ed.when) >= l.behaviour.ReadLag {
			break // it showed the edit
		}
	}
	// What comes late, or once more, was sent before.
	for _, e := range l.log[ed.at:] {
		kind, id := e.subject()
		if e.late && e.wrote && kind == words[0] && id == words[1] {
			return "late " + e.method + " " + kind
		}
	}
	return ""
}

// makes reports whether the run made something in some of its requests.
func (l *line) makes(kind, key string, during []*entry) bool {
	return slices.ContainsFunc(during, func(e *entry) bool {
		k, _ := e.subject()
		return e.line == l && !e.late && k == kind && e.makes == key
	})
}

// documented reports whether a fact may be lost in a window: LaunchDarkly takes no condition with the
// delete of a role, nor with what replaces a value of a team, nor one for values of a role attribute
// that it gives in any order; and none can be made for a field of a role that it neither shows nor lets
// be tested. What a create made whose reply was lost, and somebody deleted before anybody looked, looks
// as if it had never been made: it is made again.
func documented(window, fact string, b emulator.Behaviour) bool {
	piece, unguarded := strings.Fields(fact)[2], b.TestOp != "" && b.TestOp != "honoured"
	switch strings.TrimPrefix(window, "late ") {
	case "DELETE role", "POST role again", "POST team again":
		return true
	case "PATCH team":
		return slices.Contains([]string{"name", "description", "attribute"}, piece)
	case "PATCH member":
		return unguarded || piece == "attribute"
	case "PATCH role":
		return unguarded || piece == "description" && b.OmitDescription || piece == "basePermissions" && b.OmitBasePermissions
	}
	return false
}

// checkResult: a run that says that all is done is right (I5), and so is one that says that nothing
// was written.
func (l *line) checkResult(res *apply.Result) {
	known := func(e *entry) bool { return e.line == l && e.wrote && !e.late && e.event != twiceName }
	wrote := slices.IndexFunc(l.log[l.from:], known)
	switch res.ExitReason {
	case apply.ReasonApplied:
		if !res.Verified || !res.Complete {
			l.wrong.add("I5", "applied, and verified is %t, complete %t", res.Verified, res.Complete)
		}
		if len(l.edits) > 0 {
			return // what was edited after the last list nobody can know: see finish
		}
		if left := differing(l.scene.goal, l.holds().facts()); len(left) > 0 {
			l.wrong.add("I5", "applied, and the account holds something else than the files want: %s", strings.Join(left, "; "))
		}
	case apply.ReasonStale, apply.ReasonAuth, apply.ReasonFailed:
		if wrote >= 0 {
			l.wrong.add("I5", "%s, which promises that nothing was written, and %s", res.ExitReason, l.log[l.from+wrote])
		}
	}
	l.checkOutcomes(res)
}

// checkOutcomes: what is said of each change is so, unless somebody else interferes, or the account
// says that something is not there although it is.
func (l *line) checkOutcomes(res *apply.Result) {
	denied := func(e *entry) bool { return e.late || e.event == "404" }
	if len(l.edits) > 0 || slices.ContainsFunc(l.log, denied) || len(l.late) > 0 {
		return
	}
	for i, o := range res.Changes {
		c := l.of.Changes[i]
		if c.Kind != plan.KindRole || c.Part() > 0 {
			continue
		}
		now, there := l.role(c.Key)
		wanted := !there && c.After == nil || there && c.After != nil && role.Equal(as[role.Role](now), *c.After)
		if o.Status == apply.Applied && !wanted {
			l.wrong.add("I5", "%s is applied, and the account does not hold it", o.ID)
		}
		if o.Status == apply.NotAttempted && wanted && !o.AlreadyThere {
			l.wrong.add("I5", "%s was not attempted, and the account holds it", o.ID)
		}
	}
}
