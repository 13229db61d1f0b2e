package apply_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

func liveTeam(key string, roles ...string) role.LiveTeam {
	return role.LiveTeam{Team: role.Team{Key: key, Name: "Team " + key, CustomRoles: roles}}
}

func liveMember(n int, roles ...string) role.LiveMember {
	return role.LiveMember{ID: fmt.Sprintf("%024x", n), Member: role.Member{Email: fmt.Sprintf("m%d@x", n), Role: role.NoAccess, CustomRoles: roles}}
}

func given(roles ...string) *[]role.Assignment {
	list := []role.Assignment{}
	for _, r := range roles {
		list = append(list, role.Assignment{Role: r})
	}
	return &list
}

func wantTeam(key string, roles ...string) role.DesiredTeam {
	return role.DesiredTeam{Key: key, CustomRoles: given(roles...), Source: role.HolderSource{File: key + ".yaml"}}
}

func wantMember(n int, roles ...string) role.DesiredMember {
	email := fmt.Sprintf("m%d@x", n)
	return role.DesiredMember{Email: email, CustomRoles: given(roles...), Source: role.HolderSource{File: email + ".yaml"}}
}

// Cities of one change each.

func twoRoles() scene {
	return scene{
		actual:  []role.Live{live(makeOf("dev")), live(makeOf("ops"))},
		desired: []role.Desired{want(makeOf("dev")), want(makeOf("ops"))},
	}
}

func giving() city {
	return city{scene: twoRoles(), members: []role.LiveMember{liveMember(1, "dev")}, wantM: []role.DesiredMember{wantMember(1, "dev", "ops")}}
}

func givingTeam() city {
	return city{scene: twoRoles(), teams: []role.LiveTeam{liveTeam("t", "dev")}, wantT: []role.DesiredTeam{wantTeam("t", "dev", "ops")}}
}

func describing() city {
	c := givingTeam()
	c.wantT[0].Description = new("new")
	return c
}

func makingTeam() city {
	made := wantTeam("t", "dev")
	made.Create, made.Name = true, new("T")
	return city{scene: twoRoles(), wantT: []role.DesiredTeam{made}}
}

// busy has every phase, and a role that is deleted once it is taken from those who hold it.
func busy() city {
	c := city{scene: mixed()}
	made := wantTeam("made", "a-new")
	made.Create, made.Name = true, new("Made")
	c.teams = []role.LiveTeam{liveTeam("t", "f-drop", "y-same"), liveTeam("u", "c-wide")}
	c.members = []role.LiveMember{liveMember(1, "f-drop"), liveMember(2, "c-wide", "z-free"), liveMember(3, "y-same")}
	c.members[2].RoleAttributes = role.Attributes{"p": {"a"}}
	swap := wantMember(3, "c-wide")
	swap.RoleAttributes = &role.Attributes{"p": {"b"}}
	c.wantT = []role.DesiredTeam{made, wantTeam("t", "y-same"), wantTeam("u", "a-new")}
	c.wantM = []role.DesiredMember{wantMember(1, "a-new"), wantMember(2, "c-wide"), swap}
	return c
}

// play applies p in a bubble of virtual time.
func (t *town) play(tt *testing.T, p *plan.Plan, opts apply.Options) (res *apply.Result) {
	tt.Helper()
	synctest.Test(tt, func(tt *testing.T) {
		ctx, cancel := context.WithCancel(tt.Context())
		defer cancel()
		t.cancel = cancel
		opts.Sleep, opts.Limited = sleep, t.isThrottled
		res = apply.Run(ctx, p, t, opts)
		time.Sleep(time.Minute) // what is late arrives
		synctest.Wait()
	})
	return res
}

// holderFaults say what happens to the requests of one change of a holder, and how it ends. Calls 0
// to 2 list; a create writes in call 3; an update reads in 3 and writes in 4.
var holderFaults = []struct {
	name      string
	city      city
	happens   map[int]trouble
	meanwhile map[int]func(*town)
	setup     func(*town)
	status    apply.Status
	reason    plan.ExitReason
	says      string
	writes    int
}{
	{name: "member", city: giving(), status: apply.Applied, reason: apply.ReasonApplied, writes: 1},
	{name: "team", city: givingTeam(), status: apply.Applied, reason: apply.ReasonApplied, writes: 1},
	{name: "new team", city: makingTeam(), status: apply.Applied, reason: apply.ReasonApplied, writes: 1},
	{name: "cannot list teams", city: giving(), happens: map[int]trouble{1: oddAfter}, status: apply.NotAttempted, reason: apply.ReasonFailed, says: "its teams: something odd"},
	{name: "cannot list members", city: giving(), happens: map[int]trouble{2: denied}, status: apply.NotAttempted, reason: apply.ReasonAuth, says: "its members: 401"},
	{name: "member edited before the list", city: giving(), meanwhile: map[int]func(*town){0: editMember(liveMember(1).ID)}, status: apply.NotAttempted, reason: apply.ReasonStale, says: "somebody else edited it since the plan was made: roleAttributes"},
	{name: "member gone before the list", city: giving(), meanwhile: map[int]func(*town){0: dropMember(liveMember(1).ID)}, status: apply.NotAttempted, reason: apply.ReasonStale, says: "somebody else deleted it"},
	{name: "member done before the list", city: giving(), meanwhile: map[int]func(*town){0: setMember(liveMember(1).ID, role.Member{Email: "m1@x", Role: role.NoAccess, CustomRoles: []string{"dev", "ops"}})}, status: apply.NotAttempted, reason: apply.ReasonStale, says: "already as the plan wants it"},
	{name: "team made before the list", city: makingTeam(), meanwhile: map[int]func(*town){0: setTeam(role.Team{Key: "t", Name: "Other"})}, status: apply.NotAttempted, reason: apply.ReasonStale, says: "somebody else made it since"},
	{name: "same team made before the list", city: makingTeam(), meanwhile: map[int]func(*town){0: setTeam(role.Team{Key: "t", Name: "T", CustomRoles: []string{"dev"}})}, status: apply.NotAttempted, reason: apply.ReasonStale, says: "the plan was applied before"},
	{name: "member edited before the read", city: giving(), meanwhile: map[int]func(*town){3: editMember(liveMember(1).ID)}, status: apply.Failed, reason: apply.ReasonStale, says: "roleAttributes"},
	{name: "team edited before the read", city: givingTeam(), meanwhile: map[int]func(*town){3: editTeam("t")}, status: apply.Failed, reason: apply.ReasonStale, says: "description"},
	{name: "team edited after the read", city: givingTeam(), meanwhile: map[int]func(*town){4: editTeam("t")}, status: apply.Failed, reason: apply.ReasonStale, says: "description", writes: 1},
	{name: "team gone after the read", city: givingTeam(), meanwhile: map[int]func(*town){4: dropTeam("t")}, status: apply.Failed, reason: apply.ReasonStale, says: "not made again", writes: 1},
	{name: "member, lost before", city: giving(), happens: map[int]trouble{4: lostBefore}, status: apply.Applied, reason: apply.ReasonApplied, says: "sent 2 times", writes: 2},
	{name: "member, lost after", city: giving(), happens: map[int]trouble{4: lostAfter}, status: apply.Applied, reason: apply.ReasonApplied, says: "the reply was lost, the member reads back as wanted", writes: 1},
	{name: "team, effect comes late", city: givingTeam(), happens: map[int]trouble{4: late}, status: apply.Applied, reason: apply.ReasonApplied, says: "the reply was lost, the team reads back", writes: 1},
	{name: "team, arrived twice", city: givingTeam(), happens: map[int]trouble{4: twice}, status: apply.Applied, reason: apply.ReasonApplied, says: "holds exactly the wanted team", writes: 1},
	{name: "new team, arrived twice", city: makingTeam(), happens: map[int]trouble{3: twice}, status: apply.Applied, reason: apply.ReasonApplied, says: "holds exactly the wanted team", writes: 1},
	{name: "new team, made by another", city: makingTeam(), meanwhile: map[int]func(*town){3: setTeam(role.Team{Key: "t", Name: "Other"})}, status: apply.Failed, reason: apply.ReasonStale, says: "with another name, customRoles", writes: 1},
	{name: "member, changed by the account", city: giving(), happens: map[int]trouble{4: changed}, status: apply.Failed, reason: apply.ReasonPartial, says: "something else than was sent: role", writes: 1},
	{name: "team, other reply", city: givingTeam(), happens: map[int]trouble{4: otherReply}, status: apply.Applied, reason: apply.ReasonApplied, says: "the team reads back as wanted", writes: 1},
	{name: "member, three conflicts", city: giving(), happens: map[int]trouble{4: clash, 10: clash, 16: clash}, status: apply.Failed, reason: apply.ReasonFailed, says: "though the member reads as before", writes: 3},
	{name: "team, three times lost", city: givingTeam(), happens: map[int]trouble{4: lostBefore, 10: lostBefore, 16: lostBefore}, status: apply.Unknown, reason: apply.ReasonPartial, says: "sent 3 times, the team reads as before", writes: 3},
	{name: "member, seen late", city: giving(), setup: func(t *town) { t.lag = 5 * time.Second }, status: apply.Applied, reason: apply.ReasonApplied, writes: 1},
	{name: "member, never seen", city: giving(), setup: func(t *town) { t.lag = time.Minute }, status: apply.Applied, reason: apply.ReasonPartial, says: `member "m1@x": its change is not visible yet`, writes: 1},
	{name: "role not added", city: describing(), meanwhile: map[int]func(*town){3: func(t *town) { dropRole("ops")(t.account) }}, status: apply.Failed, reason: apply.ReasonPartial, says: `something else than was sent: customRoles: the account took the change and did not add "ops"`, writes: 1},
	{name: "nothing but a role, not added", city: givingTeam(), meanwhile: map[int]func(*town){3: func(t *town) { dropRole("ops")(t.account) }}, status: apply.Unknown, reason: apply.ReasonPartial, says: `the account took the change and did not add "ops"`, writes: 3},
	{name: "member, bug", city: giving(), happens: map[int]trouble{4: explode}, status: apply.Unknown, reason: apply.ReasonPartial, says: "internal error: boom", writes: 1},
}

func TestHolderFaults(t *testing.T) {
	for _, tt := range holderFaults {
		t.Run(tt.name, func(t *testing.T) {
			a := tt.city.town()
			p := tt.city.make(a)
			for n, what := range tt.happens {
				a.happens[n] = what
			}
			for n, act := range tt.meanwhile {
				a.account.meanwhile[n] = func(*account) { act(a) }
			}
			if tt.setup != nil {
				tt.setup(a)
			}
			res := a.play(t, p, apply.Options{})
			o := res.Changes[0]
			if o.Status != tt.status || res.ExitReason != tt.reason {
				t.Errorf("ended %s, %s (note %q, error %q), want %s, %s", o.Status, res.ExitReason, o.Note, res.Error, tt.status, tt.reason)
			}
			if said := o.Note + o.Error + res.Error; !strings.Contains(said, tt.says) {
				t.Errorf("says %q, want %q in it", said, tt.says)
			}
			if got := a.writes(); len(got) != tt.writes {
				t.Errorf("%d writes, want %d: %q", len(got), tt.writes, a.calls)
			}
			checkResult(t, p, res)
		})
	}
}

// TestEveryPhase applies a plan in every phase but the one for what would come too late elsewhere, with teams, members and roles, one after the other and at once.
func TestEveryPhase(t *testing.T) {
	for _, parallelism := range []int{1, 4} {
		c := busy()
		a := c.town()
		p := c.make(a)
		var phases []plan.Phase
		for _, change := range p.Changes {
			phases = append(phases, change.Phase)
		}
		want := slices.DeleteFunc(plan.Phases(), func(p plan.Phase) bool { return p == plan.PhaseFirst })
		if got := slices.Compact(phases); !slices.Equal(got, want) {
			t.Fatalf("phases %v", got)
		}
		res := a.play(t, p, apply.Options{Parallelism: parallelism, Comment: "why", Left: func(live plan.Actual) []plan.Change {
			if len(live.Teams) == 0 || len(live.Members) == 0 {
				t.Error("is not told of people")
			}
			return nil
		}})
		checkResult(t, p, res)
		if res.ExitReason != apply.ReasonApplied || len(c.make(a).Changes) > 0 {
			t.Errorf("%s: %s; left %d", res.ExitReason, res.Error, len(c.make(a).Changes))
		}
		if slices.Contains(a.comments, "") {
			t.Error("a write without a comment")
		}
	}
}

// TestNothingForAMoment: between the writes nobody is without a role that they hold before and after,
// or with one that they hold neither before nor after.
func TestNothingForAMoment(t *testing.T) {
	c := busy()
	a := c.town()
	a.remember()
	a.play(t, c.make(a), apply.Options{Parallelism: 1})
	first, last := a.states[0], a.states[len(a.states)-1]
	for _, state := range a.states {
		for id := range state.members {
			was, is, will := first.held(id), state.held(id), last.held(id)
			for r := range was {
				if will[r] && !is[r] {
					t.Errorf("%s is without %s", id, r)
				}
			}
			for r := range is {
				if !was[r] && !will[r] {
					t.Errorf("%s has %s", id, r)
				}
			}
		}
	}
	if len(a.states) < 10 {
		t.Errorf("only %d states", len(a.states))
	}
}

// held are the keys of the roles of a member, with what fills their attributes.
func (p people) held(id string) map[string]bool {
	m := p.members[id]
	held := map[string]bool{}
	for _, r := range m.CustomRoles {
		held[fmt.Sprint(p.roles[r], m.RoleAttributes)] = true
	}
	return held
}

// TestRoleTakenLate: a delete waits until the account shows, and knows, that nobody holds the role.
func TestRoleTakenLate(t *testing.T) {
	for _, tt := range []struct {
		name   string
		setup  func(*town)
		reason plan.ExitReason
		says   string
	}{
		{"at once", func(*town) {}, apply.ReasonApplied, ""},
		{"seen late", func(t *town) { t.lag = 5 * time.Second }, apply.ReasonApplied, ""},
		{"never seen", func(t *town) { t.lag = time.Hour }, apply.ReasonPartial, "does not show yet"},
		{"known late", func(t *town) { t.refuse = 2 }, apply.ReasonApplied, ""},
		{"held by somebody unseen", func(t *town) { t.refuse = 9 }, apply.ReasonPartial, "the account refused to delete it"},
		{"given again", func(t *town) {
			t.account.meanwhile[5] = func(*account) { setTeam(role.Team{Key: "other", CustomRoles: []string{"ops"}})(t) }
		}, apply.ReasonPartial, "still held by 1 team: somebody else gave it"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := city{scene: twoRoles(), teams: []role.LiveTeam{liveTeam("t", "dev", "ops")}, wantT: []role.DesiredTeam{wantTeam("t", "dev")}}
			c.desired[1].Absent = true
			a := c.town()
			p := c.make(a)
			if len(p.Changes) != 2 {
				t.Fatalf("%d changes", len(p.Changes))
			}
			tt.setup(a)
			res := a.play(t, p, apply.Options{})
			checkResult(t, p, res)
			if res.ExitReason != tt.reason || !strings.Contains(res.Error, tt.says) {
				t.Errorf("%s: %s after %q", res.ExitReason, res.Error, a.calls)
			}
		})
	}
}

// TestHeldByMore: a role that more hold than when the plan was made is not deleted, and nobody loses it.
func TestHeldByMore(t *testing.T) {
	c := city{scene: twoRoles(), teams: []role.LiveTeam{liveTeam("t", "ops")}, wantT: []role.DesiredTeam{wantTeam("t")}}
	c.desired[1].Absent = true
	a := c.town()
	p := c.make(a)
	setTeam(role.Team{Key: "other", CustomRoles: []string{"ops"}})(a)
	res := a.play(t, p, apply.Options{})
	if res.ExitReason != apply.ReasonStale || !strings.Contains(res.Error, "held by 2 teams now, and by 1 team when") || len(a.writes()) > 0 {
		t.Errorf("%s: %s", res.ExitReason, res.Error)
	}
}

// TestSecondStepSeenLate: the second step waits until the first shows.
func TestSecondStepSeenLate(t *testing.T) {
	for lag, reason := range map[time.Duration]plan.ExitReason{0: apply.ReasonApplied, 5 * time.Second: apply.ReasonApplied, time.Hour: apply.ReasonPartial} {
		c := city{scene: twoRoles(), members: []role.LiveMember{liveMember(1, "dev")}, wantM: []role.DesiredMember{wantMember(1, "ops")}}
		a := c.town()
		a.lag = lag
		p := c.make(a)
		res := a.play(t, p, apply.Options{})
		checkResult(t, p, res)
		if len(p.Changes) != 2 || res.ExitReason != reason || (reason == apply.ReasonPartial) != strings.Contains(res.Error, "first step was made and does not show") {
			t.Errorf("lag %s: %s: %s", lag, res.ExitReason, res.Error)
		}
	}
}

// TestOnlyRoles: an account that knows roles alone is not written to by a plan that speaks of people.
func TestOnlyRoles(t *testing.T) {
	c := giving()
	a := c.town()
	res, _ := play(t, a.account, c.make(a), apply.Options{})
	if res.ExitReason != apply.ReasonFailed || !strings.Contains(res.Error, "knows roles alone") || len(a.calls) > 0 {
		t.Errorf("%s: %s after %q", res.ExitReason, res.Error, a.calls)
	}
}

// TestMalformedHolders: a plan that was never checked is refused before anything is read.
func TestMalformedHolders(t *testing.T) {
	for name, break_ := range map[string]func(c *plan.Change){
		"what changes of the member is missing": func(c *plan.Change) { c.Holder = nil },
		"what changes of the team is missing":   func(c *plan.Change) { c.Kind = plan.KindTeam },
		`action "delete" is none`:               func(c *plan.Change) { c.Action = plan.Delete },
		`action "create" is none`:               func(c *plan.Change) { c.Action = plan.Create },
		`phase "soon" is unknown`:               func(c *plan.Change) { c.Phase = "soon" },
		"as it was is missing":                  func(c *plan.Change) { c.BeforeDigest = "" },
		"and not the first":                     func(c *plan.Change) { c.Holder.Step = 2 },
	} {
		c := giving()
		a := c.town()
		p := c.make(a)
		break_(&p.Changes[0])
		res := a.play(t, p, apply.Options{})
		if res.ExitReason != apply.ReasonFailed || !strings.Contains(res.Error, name) || len(a.calls) > 0 {
			t.Errorf("%s: %s: %s", name, res.ExitReason, res.Error)
		}
	}
}

// TestSecondStepFlickers: a reader that has seen the first step may be shown the account from before it
// again. That is nobody's edit, and what is sent again starts from the first step all the same.
func TestSecondStepFlickers(t *testing.T) {
	c := city{scene: twoRoles(), members: []role.LiveMember{liveMember(1, "dev")}, wantM: []role.DesiredMember{wantMember(1, "ops")}}
	a := c.town()
	a.lag = time.Nanosecond
	a.happens[7] = lostBefore
	a.account.meanwhile[8] = func(*account) { a.lag = time.Hour }
	a.account.meanwhile[13] = func(*account) { a.lag = 0 }
	p := c.make(a)
	res := a.play(t, p, apply.Options{})
	checkResult(t, p, res)
	if res.ExitReason != apply.ReasonApplied || res.Changes[1].Note != "sent 2 times: the sends before had no effect" {
		t.Errorf("%s: %s; %q after %q", res.ExitReason, res.Error, res.Changes[1].Note, a.calls)
	}
}
