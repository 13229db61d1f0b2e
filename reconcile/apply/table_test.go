package apply_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// What others make of the role that is changed: something else, or just what the plan wants.
var (
	otherOps  = makeOf("ops", allow("*"))
	wantedOps = updating().desired[0].Role
)

// faultTable says what happens to the requests of one change, and how the change ends. Call 0
// lists; a create writes in call 1; an update or delete reads in 1 and writes in 2.
var faultTable = []struct {
	name      string
	scene     scene
	happens   map[int]trouble
	meanwhile map[int]func(*account)
	setup     func(*account)
	status    apply.Status
	reason    plan.ExitReason
	says      string // in the note or the error
	hint      string
	writes    int
}{
	{name: "create", scene: creating(), status: apply.Applied, reason: apply.ReasonApplied, writes: 1},
	{name: "create, timeout before effect", scene: creating(), happens: map[int]trouble{1: lostBefore}, status: apply.Applied, reason: apply.ReasonApplied, says: "sent 2 times", writes: 2},
	{name: "create, timeout after effect", scene: creating(), happens: map[int]trouble{1: lostAfter}, status: apply.Applied, reason: apply.ReasonApplied, says: "reply was lost", writes: 1},
	{name: "create, effect comes late", scene: creating(), happens: map[int]trouble{1: late}, status: apply.Applied, reason: apply.ReasonApplied, says: "reply was lost", writes: 1},
	{name: "create, unclassed error after effect", scene: creating(), happens: map[int]trouble{1: oddAfter}, status: apply.Applied, reason: apply.ReasonApplied, says: "reply was lost", writes: 1},
	{name: "create, unknown wins over limited", scene: creating(), happens: map[int]trouble{1: notUnknown}, status: apply.Applied, reason: apply.ReasonApplied, says: "reply was lost", writes: 1},
	{name: "create, three times lost", scene: creating(), happens: map[int]trouble{1: lostBefore, 7: lostBefore, 13: lostBefore}, status: apply.Unknown, reason: apply.ReasonPartial, says: "sent 3 times, the role reads as before", hint: "may hold", writes: 3},
	{name: "create, lost and unreadable", scene: creating(), happens: map[int]trouble{1: lostAfter, 2: oddAfter, 3: denied, 4: oddAfter, 5: oddAfter, 6: limited}, status: apply.Unknown, reason: apply.ReasonPartial, says: "reading back: 429", writes: 1},
	{name: "create, lost and long unreadable", scene: creating(), happens: map[int]trouble{1: lostAfter, 2: oddAfter, 3: denied, 4: oddAfter, 5: oddAfter}, status: apply.Applied, reason: apply.ReasonApplied, says: "reply was lost", writes: 1},
	{name: "create, not there and once denied", scene: creating(), happens: map[int]trouble{1: lostBefore, 2: denied}, status: apply.Unknown, reason: apply.ReasonPartial, says: "401", writes: 1},
	{name: "create, conflict and once denied", scene: creating(), happens: map[int]trouble{1: clash, 3: denied}, status: apply.Failed, reason: apply.ReasonAuth, says: "401", writes: 1},
	{name: "create, lost then refused", scene: creating(), happens: map[int]trouble{1: lostBefore, 7: denied}, status: apply.Failed, reason: apply.ReasonPartial, says: "401", writes: 2},
	{name: "create, seen late and refused", scene: creating(), happens: map[int]trouble{1: lostAfter, 7: denied}, setup: func(a *account) { a.lag = 9 * time.Second }, status: apply.Applied, reason: apply.ReasonApplied, says: "reply was lost", writes: 2},
	{name: "create, seen very late and refused", scene: creating(), happens: map[int]trouble{1: lostAfter, 7: denied}, setup: func(a *account) { a.lag = time.Minute }, status: apply.Failed, reason: apply.ReasonPartial, says: "401", writes: 2},
	{name: "create, seen late", scene: creating(), setup: func(a *account) { a.lag = 5 * time.Second }, status: apply.Applied, reason: apply.ReasonApplied, writes: 1},
	{name: "create, lost and seen late", scene: creating(), happens: map[int]trouble{1: lostAfter}, setup: func(a *account) { a.lag = 10 * time.Second }, status: apply.Applied, reason: apply.ReasonApplied, says: "reply was lost", writes: 2},
	{name: "create, arrived twice", scene: creating(), happens: map[int]trouble{1: twice}, status: apply.Applied, reason: apply.ReasonApplied, says: "holds exactly the wanted role", writes: 1},
	{name: "create, made by another", scene: creating(), meanwhile: map[int]func(*account){1: makeRole(otherOps)}, status: apply.Failed, reason: apply.ReasonStale, says: "with another policy", writes: 1},
	{name: "create, same made by another", scene: creating(), meanwhile: map[int]func(*account){1: makeRole(creating().desired[0].Role)}, status: apply.Applied, reason: apply.ReasonApplied, says: "somebody else made the same change", writes: 1},
	{name: "create, lost and made by another", scene: creating(), happens: map[int]trouble{1: lostBefore}, meanwhile: map[int]func(*account){3: makeRole(otherOps)}, status: apply.Failed, reason: apply.ReasonPartial, says: "with another policy", writes: 1},
	{name: "create, conflict without a reason", scene: creating(), happens: map[int]trouble{1: clash}, status: apply.Applied, reason: apply.ReasonApplied, says: "sent 2 times", writes: 2},
	{name: "create, name is taken", scene: creating(), setup: takeName, status: apply.Failed, reason: apply.ReasonFailed, says: "refused it 3 times", hint: "name", writes: 3},
	{name: "create, conflict and unreadable", scene: creating(), happens: map[int]trouble{1: clash, 2: oddAfter, 3: oddAfter, 4: oddAfter, 5: oddAfter, 6: oddAfter}, status: apply.Unknown, reason: apply.ReasonPartial, says: "409: conflict; reading back: something odd", writes: 1},
	{name: "create, arrived twice and unreadable when it shows", scene: creating(), happens: map[int]trouble{1: twice, 6: lostBefore}, setup: func(a *account) { a.lag = 4 * time.Second }, status: apply.Unknown, reason: apply.ReasonPartial, says: "409: conflict; reading back: connection reset", writes: 1},
	{name: "create, limited", scene: creating(), happens: map[int]trouble{1: limited}, status: apply.Failed, reason: apply.ReasonFailed, says: "429", hint: "wait a minute", writes: 1},
	{name: "create, denied", scene: creating(), happens: map[int]trouble{1: denied}, status: apply.Failed, reason: apply.ReasonAuth, says: "401", hint: "token", writes: 1},
	{name: "create, refused", scene: creating(), happens: map[int]trouble{1: refused}, status: apply.Failed, reason: apply.ReasonFailed, says: "400", writes: 1},
	{name: "create, not sent", scene: creating(), happens: map[int]trouble{1: notSent}, status: apply.Failed, reason: apply.ReasonFailed, says: "connection refused", writes: 1},
	{name: "create, read-only", scene: creating(), happens: map[int]trouble{1: readOnly}, status: apply.Failed, reason: apply.ReasonFailed, says: "read-only", hint: "mistake in rolewright", writes: 1},
	{name: "create, not found", scene: creating(), happens: map[int]trouble{1: gone}, status: apply.Failed, reason: apply.ReasonFailed, says: "404", writes: 1},
	{name: "create, other reply", scene: creating(), happens: map[int]trouble{1: otherReply}, status: apply.Applied, reason: apply.ReasonApplied, says: "reply showed something else", writes: 1},
	{name: "create, other reply, seen late", scene: creating(), happens: map[int]trouble{1: otherReply}, setup: func(a *account) { a.lag = time.Minute }, status: apply.Failed, reason: apply.ReasonPartial, says: "something else than was sent", writes: 1},
	{name: "create, other reply, unreadable", scene: creating(), happens: map[int]trouble{1: otherReply, 2: oddAfter, 3: oddAfter, 4: oddAfter, 5: oddAfter, 6: oddAfter}, status: apply.Unknown, reason: apply.ReasonPartial, says: "the reply shows something else than was sent; reading back", writes: 1},
	{name: "create, changed by the account", scene: creating(), happens: map[int]trouble{1: changed}, status: apply.Failed, reason: apply.ReasonPartial, says: "something else than was sent: name", writes: 1},
	{name: "create, bug", scene: creating(), happens: map[int]trouble{1: explode}, status: apply.Unknown, reason: apply.ReasonPartial, says: "internal error: boom", hint: "mistake in rolewright", writes: 1},

	{name: "replace", scene: replacing(), status: apply.Applied, reason: apply.ReasonApplied, writes: 1},
	{name: "replace, lost after effect", scene: replacing(), happens: map[int]trouble{1: lostAfter}, status: apply.Applied, reason: apply.ReasonApplied, says: "reply was lost", writes: 1},

	{name: "update", scene: updating(), status: apply.Applied, reason: apply.ReasonApplied, writes: 1},
	{name: "update, timeout before effect", scene: updating(), happens: map[int]trouble{2: lostBefore}, status: apply.Applied, reason: apply.ReasonApplied, says: "sent 2 times", writes: 2},
	{name: "update, timeout after effect", scene: updating(), happens: map[int]trouble{2: lostAfter}, status: apply.Applied, reason: apply.ReasonApplied, says: "reply was lost", writes: 1},
	{name: "update, effect comes late", scene: updating(), happens: map[int]trouble{2: late}, status: apply.Applied, reason: apply.ReasonApplied, says: "reply was lost", writes: 1},
	{name: "update, lost and seen late", scene: updating(), happens: map[int]trouble{2: lostAfter}, setup: func(a *account) { a.lag = 10 * time.Second }, status: apply.Applied, reason: apply.ReasonApplied, says: "reply was lost", writes: 2},
	{name: "update, arrived twice", scene: updating(), happens: map[int]trouble{2: twice}, status: apply.Applied, reason: apply.ReasonApplied, says: "arrived twice", writes: 1},
	{name: "update, conflict without a reason", scene: updating(), happens: map[int]trouble{2: clash}, status: apply.Applied, reason: apply.ReasonApplied, says: "sent 2 times", writes: 2},
	{name: "update, always conflict", scene: updating(), happens: map[int]trouble{2: clash, 8: clash, 14: clash}, status: apply.Failed, reason: apply.ReasonFailed, says: "refused it 3 times", writes: 3},
	{name: "update, edited before the read", scene: updating(), meanwhile: map[int]func(*account){1: editRole("ops")}, status: apply.Failed, reason: apply.ReasonStale, says: "edited it since the plan was made: description", writes: 0},
	{name: "update, edited after the read", scene: updating(), meanwhile: map[int]func(*account){2: editRole("ops")}, status: apply.Failed, reason: apply.ReasonStale, says: "description", writes: 1},
	{name: "update, edited after a lost send", scene: updating(), happens: map[int]trouble{2: lostAfter}, meanwhile: map[int]func(*account){3: editRole("ops")}, status: apply.Failed, reason: apply.ReasonPartial, says: "description, policy", writes: 1},
	{name: "update, already made by another", scene: updating(), meanwhile: map[int]func(*account){1: setRole(wantedOps)}, status: apply.Failed, reason: apply.ReasonStale, says: "already as the plan wants it", writes: 0},
	{name: "update, same edit after the read", scene: updating(), meanwhile: map[int]func(*account){2: setRole(wantedOps)}, status: apply.Applied, reason: apply.ReasonApplied, says: "somebody else made the same change", writes: 1},
	{name: "update, deleted before the read", scene: updating(), meanwhile: map[int]func(*account){1: dropRole("ops")}, status: apply.Failed, reason: apply.ReasonStale, says: "somebody else deleted it", writes: 0},
	{name: "update, deleted after the read", scene: updating(), meanwhile: map[int]func(*account){2: dropRole("ops")}, status: apply.Failed, reason: apply.ReasonStale, says: "not made again", writes: 1},
	{name: "update, deleted after a lost send", scene: updating(), happens: map[int]trouble{2: lostBefore}, meanwhile: map[int]func(*account){3: dropRole("ops")}, status: apply.Failed, reason: apply.ReasonPartial, says: "not made again", writes: 1},
	{name: "update, made anew before the read", scene: updating(), meanwhile: map[int]func(*account){1: remakeRole("ops")}, status: apply.Failed, reason: apply.ReasonStale, says: "made it anew", writes: 0},
	{name: "update, made anew after a lost send", scene: updating(), happens: map[int]trouble{2: lostBefore}, meanwhile: map[int]func(*account){3: remakeRole("ops")}, status: apply.Failed, reason: apply.ReasonPartial, says: "made it anew", writes: 1},
	{name: "update, wanted one made anew after a lost send", scene: updating(), happens: map[int]trouble{2: lostAfter}, meanwhile: map[int]func(*account){3: remakeRole("ops")}, status: apply.Failed, reason: apply.ReasonPartial, says: "made it anew", writes: 1},
	{name: "update, cannot be read", scene: updating(), happens: map[int]trouble{1: oddAfter}, status: apply.Failed, reason: apply.ReasonFailed, says: "read it before writing: something odd", writes: 0},
	{name: "update, may not be read", scene: updating(), happens: map[int]trouble{1: denied}, status: apply.Failed, reason: apply.ReasonAuth, says: "401", writes: 0},
	{name: "update, limited", scene: updating(), happens: map[int]trouble{2: limited}, status: apply.Failed, reason: apply.ReasonFailed, says: "429", writes: 1},
	{name: "update, denied", scene: updating(), happens: map[int]trouble{2: denied}, status: apply.Failed, reason: apply.ReasonAuth, says: "401", writes: 1},
	{name: "update, refused", scene: updating(), happens: map[int]trouble{2: refused}, status: apply.Failed, reason: apply.ReasonFailed, says: "400", writes: 1},
	{name: "update, changed by the account", scene: updating(), happens: map[int]trouble{2: changed}, status: apply.Failed, reason: apply.ReasonPartial, says: "something else than was sent: name", writes: 1},
	{name: "update, reply shows an edit that reads do not yet", scene: updating(), happens: map[int]trouble{2: lostAfter}, meanwhile: map[int]func(*account){6: editRole("ops")}, setup: func(a *account) { a.lag, a.unguarded = 9*time.Second, true }, status: apply.Failed, reason: apply.ReasonPartial, says: "something else than was sent: description", writes: 2},
	{name: "update, lost and unreadable", scene: updating(), happens: map[int]trouble{2: lostAfter, 3: denied, 4: denied, 5: denied, 6: denied, 7: denied}, status: apply.Unknown, reason: apply.ReasonPartial, says: "401", writes: 1},

	{name: "delete", scene: deleting(), status: apply.Applied, reason: apply.ReasonApplied, writes: 1},
	{name: "delete, timeout before effect", scene: deleting(), happens: map[int]trouble{2: lostBefore}, status: apply.Applied, reason: apply.ReasonApplied, says: "", writes: 2},
	{name: "delete, timeout after effect", scene: deleting(), happens: map[int]trouble{2: lostAfter}, status: apply.Applied, reason: apply.ReasonApplied, says: "reply was lost, the role is gone", writes: 1},
	{name: "delete, effect comes late", scene: deleting(), happens: map[int]trouble{2: late}, status: apply.Applied, reason: apply.ReasonApplied, says: "the role is gone", writes: 1},
	{name: "delete, lost and seen late", scene: deleting(), happens: map[int]trouble{2: lostAfter}, setup: func(a *account) { a.lag = 10 * time.Second }, status: apply.Applied, reason: apply.ReasonApplied, says: "reply was lost, the role is gone; sent 2 times", writes: 2},
	{name: "delete, arrived twice", scene: deleting(), happens: map[int]trouble{2: twice}, status: apply.Applied, reason: apply.ReasonApplied, says: "arrived twice", writes: 1},
	{name: "delete, gone before the read", scene: deleting(), meanwhile: map[int]func(*account){1: dropRole("ops")}, status: apply.Applied, reason: apply.ReasonApplied, says: "already gone", writes: 0},
	{name: "delete, gone after the read", scene: deleting(), meanwhile: map[int]func(*account){2: dropRole("ops")}, status: apply.Applied, reason: apply.ReasonApplied, says: "already gone when the delete arrived", writes: 1},
	{name: "delete, edited before the read", scene: deleting(), meanwhile: map[int]func(*account){1: editRole("ops")}, status: apply.Failed, reason: apply.ReasonStale, says: "description", writes: 0},
	{name: "delete, edited after a lost send", scene: deleting(), happens: map[int]trouble{2: lostBefore}, meanwhile: map[int]func(*account){3: editRole("ops")}, status: apply.Failed, reason: apply.ReasonPartial, says: "description", writes: 1},
	{name: "delete, made anew before the read", scene: deleting(), meanwhile: map[int]func(*account){1: remakeRole("ops")}, status: apply.Failed, reason: apply.ReasonStale, says: "made it anew", writes: 0},
	{name: "delete, made anew after a lost send", scene: deleting(), happens: map[int]trouble{2: lostAfter}, meanwhile: map[int]func(*account){3: makeRole(otherOps)}, status: apply.Failed, reason: apply.ReasonPartial, says: "made it anew", writes: 1},
	{name: "delete, held before the read", scene: deleting(), meanwhile: map[int]func(*account){1: holdRole("ops")}, status: apply.Failed, reason: apply.ReasonStale, says: "held by 2 members and 1 team", writes: 0},
	{name: "delete, held after the read", scene: deleting(), meanwhile: map[int]func(*account){2: holdRole("ops")}, status: apply.Failed, reason: apply.ReasonFailed, says: "held by 2 members", hint: "take the role", writes: 1},
	{name: "delete, in use by somebody unseen", scene: deleting(), happens: map[int]trouble{2: clash}, status: apply.Failed, reason: apply.ReasonFailed, says: "refused to delete it: 409", hint: "access tokens", writes: 1},
	{name: "delete, conflict and gone", scene: deleting(), happens: map[int]trouble{2: clash}, meanwhile: map[int]func(*account){3: dropRole("ops")}, status: apply.Applied, reason: apply.ReasonApplied, says: "conflict, and the role is gone", writes: 1},
	{name: "delete, denied", scene: deleting(), happens: map[int]trouble{2: denied}, status: apply.Failed, reason: apply.ReasonAuth, says: "401", writes: 1},
	{name: "delete, limited", scene: deleting(), happens: map[int]trouble{2: limited}, status: apply.Failed, reason: apply.ReasonFailed, says: "429", writes: 1},
	{name: "delete, not sent", scene: deleting(), happens: map[int]trouble{2: notSent}, status: apply.Failed, reason: apply.ReasonFailed, says: "connection refused", writes: 1},
	{name: "delete, given after a lost send", scene: deleting(), happens: map[int]trouble{2: lostBefore}, meanwhile: map[int]func(*account){5: holdRole("ops")}, status: apply.Failed, reason: apply.ReasonPartial, says: "somebody else gave it meanwhile: it is held by 2 members and 1 team", writes: 1},
	{name: "delete, three times lost", scene: deleting(), happens: map[int]trouble{2: lostBefore, 8: lostBefore, 14: lostBefore}, status: apply.Unknown, reason: apply.ReasonPartial, says: "sent 3 times", writes: 3},
}

func TestFaults(t *testing.T) {
	for _, tt := range faultTable {
		t.Run(tt.name, func(t *testing.T) {
			a := newAccount(tt.scene.actual...)
			for n, what := range tt.happens {
				a.happens[n] = what
			}
			for n, act := range tt.meanwhile {
				a.meanwhile[n] = act
			}
			if tt.setup != nil {
				tt.setup(a)
			}
			p := tt.scene.plan()
			res, _ := play(t, a, p, apply.Options{})
			o := res.Changes[0]
			if o.Status != tt.status || res.ExitReason != tt.reason {
				t.Errorf("ended %s, %s (note %q, error %q), want %s, %s", o.Status, res.ExitReason, o.Note, res.Error, tt.status, tt.reason)
			}
			if said := o.Note + o.Error; !strings.Contains(said, tt.says) {
				t.Errorf("says %q, want %q in it", said, tt.says)
			}
			if !strings.Contains(res.Hint, tt.hint) {
				t.Errorf("hint %q, want %q in it", res.Hint, tt.hint)
			}
			if got := len(a.writes()); got != tt.writes {
				t.Errorf("%d writes, want %d: %q", got, tt.writes, a.calls)
			}
			checkResult(t, p, res)
			checkOutside(t, a, tt.scene, p)
		})
	}
}

// takeName gives another role the name that the wanted one is to have.
func takeName(a *account) {
	r := a.roles["other"]
	r.Name = "Role ops"
	a.roles["other"] = r
	a.foreign["other"] = true
	a.names = true
}

// TestAlreadyThere: of the changes that count as applied, those are marked that somebody else had
// made; one whose reply was lost is ours.
func TestAlreadyThere(t *testing.T) {
	marked := map[string]bool{}
	for _, tt := range faultTable {
		a := newAccount(tt.scene.actual...)
		for n, what := range tt.happens {
			a.happens[n] = what
		}
		for n, act := range tt.meanwhile {
			a.meanwhile[n] = act
		}
		if tt.setup != nil {
			tt.setup(a)
		}
		res, _ := play(t, a, tt.scene.plan(), apply.Options{})
		if o := res.Changes[0]; o.AlreadyThere {
			marked[tt.name] = true
			if o.Status != apply.Applied || o.Note == "" {
				t.Errorf("%s: already there, %s, note %q", tt.name, o.Status, o.Note)
			}
		}
	}
	want := map[string]bool{}
	for _, name := range []string{
		"create, arrived twice", "create, same made by another",
		"update, arrived twice", "update, same edit after the read",
		"delete, arrived twice", "delete, gone before the read", "delete, gone after the read", "delete, conflict and gone",
	} {
		want[name] = true
	}
	if diff := cmp.Diff(want, marked); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// reporter is told of what is wrong: a test, or a list.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

// checkResult checks that a result is whole and does not contradict itself.
func checkResult(t reporter, p *plan.Plan, res *apply.Result) {
	t.Helper()
	count := map[apply.Status]int{}
	for i, o := range res.Changes {
		count[o.Status]++
		c := p.Changes[i]
		if o.ID != c.ID || o.Key != c.Key || o.Action != c.Action || o.Kind != c.Kind {
			t.Errorf("outcome %d is of %q, want %q", i, o.ID, c.ID)
		}
		if bad := o.Status == apply.Failed || o.Status == apply.Unknown; bad && o.Error == "" {
			t.Errorf("%s is %s without an error", o.ID, o.Status)
		}
		if o.Status == apply.Applied && o.Error != "" {
			t.Errorf("%s is applied with the error %q", o.ID, o.Error)
		}
		if sent := o.Status == apply.Applied && o.Note == "" && o.Action == plan.Delete; sent && o.Before == nil {
			t.Errorf("%s is deleted and its role not kept", o.ID)
		}
	}
	s := apply.Summary{
		Applied: count[apply.Applied], Failed: count[apply.Failed],
		Unknown: count[apply.Unknown], NotAttempted: count[apply.NotAttempted],
	}
	if len(res.Changes) != len(p.Changes) || res.Summary != s {
		t.Errorf("summary %+v, outcomes %+v of %d", res.Summary, s, len(p.Changes))
	}
	if res.Complete != (res.Error == "") || res.Complete != (res.Hint == "") {
		t.Errorf("complete %t with error %q and hint %q", res.Complete, res.Error, res.Hint)
	}
	whole := s.Applied == len(p.Changes)
	if res.Verified != (res.ExitReason == apply.ReasonApplied) || res.Verified && !whole {
		t.Errorf("verified %t, %s, %+v", res.Verified, res.ExitReason, s)
	}
	touched := s.Applied+s.Unknown > 0
	switch res.ExitReason {
	case apply.ReasonApplied, apply.ReasonInterrupted:
	case apply.ReasonStale, apply.ReasonAuth, apply.ReasonFailed, plan.Blocked:
		if touched {
			t.Errorf("%s promises that nothing was changed: %+v", res.ExitReason, s)
		}
	case apply.ReasonPartial: // see TestFaults for when a failed change counts as written
		if s.Applied+s.Unknown+s.Failed == 0 {
			t.Errorf("partial, and nothing was sent: %+v", s)
		}
	default:
		t.Errorf("exit reason %q is none of an apply", res.ExitReason)
	}
}

// checkOutside checks that roles of which the plan does not speak are as they were.
func checkOutside(t reporter, a *account, s scene, p *plan.Plan) {
	t.Helper()
	planned := map[string]bool{}
	for _, c := range p.Changes {
		planned[c.Key] = true
	}
	for _, was := range s.actual {
		now, there := a.roles[was.Key]
		if planned[was.Key] || a.foreign[was.Key] {
			continue
		}
		if !there || !role.Equal(now.Role, was.Role) {
			t.Errorf("role %q is not in the plan and was changed", was.Key)
		}
	}
}
