package simulation_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/launchdarkly"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// raceLimits is an account that limits requests, and a client whose clock is wrong.
type raceLimits struct {
	limits   emulator.Limits
	headers  string
	faults   []emulator.Fault
	latency  time.Duration
	account  time.Duration // by which the account's clock is wrong
	local    time.Duration // by which the client's is
	jump     time.Duration // by which the client's clock jumps
	jumps    time.Duration // when it does, from the start
	parallel int
	planFor  time.Duration // the deadlines of planning and of applying
	applyFor time.Duration
	jitter   float64
	hasty    bool // the client does not wait, so that the laws have something to find
}

// raceDemand is an answer 429: when it came, and before when nothing may be sent.
type raceDemand struct{ came, until time.Time }

// raceWatch is the transport between the client and the account. It knows what time it really is.
type raceWatch struct {
	next     http.RoundTripper
	account  time.Duration
	deadline time.Time // of what runs now; zero for none

	mu       sync.Mutex
	requests int
	first    time.Time // of the first 429
	demands  []raceDemand
	long     bool // a demand was longer than anybody waits
	late     int  // how many requests under way were begun after the first 429
	wrong    []string
}

func (w *raceWatch) tell(format string, args ...any) {
	w.wrong = append(w.wrong, fmt.Sprintf(format, args...))
}

// RoundTrip implements http.RoundTripper.
func (w *raceWatch) RoundTrip(r *http.Request) (*http.Response, error) {
	late := w.sent(r)
	reply, err := w.next.RoundTrip(r)
	w.mu.Lock()
	defer w.mu.Unlock()
	if late {
		w.late--
	}
	if err == nil && reply.StatusCode == http.StatusTooManyRequests {
		w.refused(reply.Header)
	}
	return reply, err
}

// sent judges the moment at which a request is sent, and reports whether that is after the first 429.
func (w *raceWatch) sent(r *http.Request) (late bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	w.requests++
	for _, d := range w.demands {
		if now.After(d.came) && now.Before(d.until) {
			w.tell("%s %s is sent %v before the reset", r.Method, r.URL.Path, d.until.Sub(now))
		}
	}
	if !w.deadline.IsZero() && now.After(w.deadline) {
		w.tell("%s %s is sent %v after the deadline", r.Method, r.URL.Path, now.Sub(w.deadline))
	}
	if late = !w.first.IsZero() && now.After(w.first); late {
		if w.late++; w.late > 1 {
			w.tell("%d requests at a time after a 429", w.late)
		}
	}
	return late
}

// refused takes down what a 429 demands, by the account's clock. What is past, or more than a day away, is
// a mistake in somebody's units and demands nothing.
func (w *raceWatch) refused(h http.Header) {
	now := time.Now()
	if w.first.IsZero() {
		w.first = now
	}
	longest := now
	for _, until := range []time.Time{raceAfter(h.Get("Retry-After"), now, w.account), raceReset(h.Get("X-Ratelimit-Reset"), w.account)} {
		if until.After(longest) && until.Sub(now) <= 24*time.Hour {
			longest = until
		}
	}
	w.demands = append(w.demands, raceDemand{now, longest})
	w.long = w.long || longest.Sub(now) > time.Minute+time.Second // the account's date has no fractions
}

func raceAfter(text string, now time.Time, account time.Duration) time.Time {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n <= 24*60*60 {
		return now.Add(time.Duration(n) * time.Second)
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return time.Time{}
	}
	return date.Add(-account)
}

func raceReset(text string, account time.Duration) time.Time {
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil || ms < 0 || ms > 1<<50 {
		return time.Time{}
	}
	return time.UnixMilli(ms).Add(-account)
}

// sleep is how the client and the apply wait: at most a minute at a time.
func (w *raceWatch) sleep(ctx context.Context, d time.Duration) error {
	if d > time.Minute {
		w.mu.Lock()
		w.tell("a wait of %v", d)
		w.mu.Unlock()
	}
	return idleSleep(ctx, d)
}

// raceTown is an account with several pages of everything, and files that change some of it.
func raceTown(t testing.TB, l raceLimits) (*emulator.Emulator, *manifest.Workspace) {
	t.Helper()
	o := emulator.Options{
		Limits: l.limits, Behaviour: emulator.Behaviour{RateHeaders: l.headers}, Faults: l.faults, Latency: l.latency,
		Now: func() time.Time { return time.Now().Add(l.account) }, Rand: strings.NewReader(strings.Repeat("l", 16)),
	}
	var files []string
	for i := range 9 {
		key := fmt.Sprintf("r%d", i)
		switch {
		case i < 4:
			files = append(files, raceFile(key, "new", "updateOn"))
		case i < 6:
			files = append(files, "kind: Role\nkey: "+key+"\nstate: absent\n")
		}
		if i > 0 {
			o.Seed = append(o.Seed, raceRole(key, "old", "updateOn"))
		}
	}
	emu, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 7 {
		if err := emu.AddMember(emulator.Member{Email: fmt.Sprintf("m%d@example.com", i), Role: "reader", CustomRoles: []string{"r8"}}); err != nil {
			t.Fatal(err)
		}
		if err := emu.AddTeam(emulator.Team{Key: fmt.Sprintf("t%d", i), Name: fmt.Sprint("Team ", i), CustomRoles: []string{"r8"}}); err != nil {
			t.Fatal(err)
		}
	}
	return emu, raceWorkspace(t, strings.Join(files, "---\n"))
}

// connect returns a client whose clock is wrong.
func (l raceLimits) connect(t testing.TB, w *raceWatch) raceAccount {
	t.Helper()
	start, sleep := time.Now(), w.sleep
	if l.hasty {
		sleep = func(ctx context.Context, _ time.Duration) error { return idleSleep(ctx, time.Millisecond) }
	}
	c, err := launchdarkly.New(launchdarkly.Options{
		Host: "localhost", Token: "emulator", Transport: w, Parallelism: l.parallel, PageSize: 3, Sleep: sleep,
		Jitter: func() float64 { return l.jitter },
		Now: func() time.Time {
			now := time.Now().Add(l.local)
			if time.Since(start) > l.jumps {
				now = now.Add(l.jump)
			}
			return now.Round(0)
		},
		Elapsed: func() time.Duration { return time.Since(start) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return raceAccount{c}
}

// run plans and applies, and returns how that ended, and what was wrong with it. It has to run in a bubble.
func (l raceLimits) run(t testing.TB) (end string, w *raceWatch) {
	t.Helper()
	emu, ws := raceTown(t, l)
	w = &raceWatch{next: emulator.Transport(emu), account: l.account}
	account := l.connect(t, w)
	begun := time.Now()
	ctx, cancel := l.within(t, w, l.planFor)
	defer cancel()
	p, err := reconcile.Plan(ctx, ws, account, reconcile.Options{Target: plan.Target{Name: "t", Host: "h"}, Now: raceNow})
	if took := time.Since(begun); l.planFor > 0 && took > l.planFor {
		w.tell("planning takes %v of %v", took, l.planFor)
	}
	if err != nil {
		return w.ended("plan", reconcile.Reason(err) == apply.ReasonInterrupted, err.Error(), ctx), w
	}
	begun = time.Now()
	ctx, cancel = l.within(t, w, l.applyFor)
	defer cancel()
	res := reconcile.Apply(ctx, p, ws, account, apply.Options{Parallelism: l.parallel, Sleep: w.sleep, Limited: account.Limited})
	if took := time.Since(begun); l.applyFor > 0 && took > l.applyFor+l.latency {
		w.tell("applying takes %v of %v", took, l.applyFor)
	}
	w.told(emu, res)
	if res.ExitReason == apply.ReasonApplied {
		return "applied", w
	}
	return w.ended("apply", res.ExitReason == apply.ReasonInterrupted, res.Error, ctx), w
}

// within gives what follows a deadline; 0 is none.
func (l raceLimits) within(t testing.TB, w *raceWatch, d time.Duration) (context.Context, context.CancelFunc) {
	t.Helper()
	if w.deadline = (time.Time{}); d == 0 {
		return context.WithCancel(context.Background())
	}
	w.deadline = time.Now().Add(d)
	return context.WithDeadline(context.Background(), w.deadline)
}

// ended says in a word how a run ended that did not succeed, which it may for three reasons.
func (w *raceWatch) ended(what string, interrupted bool, message string, ctx context.Context) string {
	switch {
	case interrupted:
		w.tell("%s: interrupted: %s", what, message)
	case ctx.Err() != nil:
		return what + " out of time"
	case strings.Contains(message, "run again after") && w.long:
		return what + " asked to wait too long"
	case strings.Contains(message, "429"):
		return what + " refused too often"
	default:
		w.tell("%s: %s", what, message)
	}
	return what + " failed"
}

// told checks that an apply tells what it has written, no change being left half made.
func (w *raceWatch) told(emu *emulator.Emulator, res *apply.Result) {
	if res.Summary.Unknown > 0 || res.Summary.Applied != emu.Writes() {
		w.tell("%+v after %d writes", res.Summary, emu.Writes())
	}
	if partial := res.Summary.Applied > 0 && res.ExitReason != apply.ReasonApplied; partial != (res.ExitReason == apply.ReasonPartial) {
		w.tell("%s after %d writes: %s", res.ExitReason, emu.Writes(), res.Error)
	}
}

// raceAbsurd are values of headers that cannot be meant, and harmless ones.
var raceAbsurd = []string{"-1", "1.5", "9300000000", "9223372036854775807", "99999999999999999999", "soon", "0", "Mon, 01 Jan 2001 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"}

func raceDrawFault(r *rand.Rand) emulator.Fault {
	f := emulator.Fault{First: 1 + r.IntN(40)}
	f.Last = f.First + r.IntN(3)
	switch r.IntN(5) {
	case 0:
		f.Kind, f.Value = emulator.LimitRetryAfter, strconv.Itoa(r.IntN(61))
	case 1:
		f.Kind, f.Value = emulator.LimitReset, fmt.Sprintf("+%dms", 1+r.IntN(59_000))
	case 2:
		f.Kind = emulator.LimitNone
	case 3:
		f.Kind, f.Value = []emulator.Kind{emulator.LimitRetryAfter, emulator.LimitReset}[r.IntN(2)], raceAbsurd[r.IntN(len(raceAbsurd))]
	default:
		f.Kind, f.Value = emulator.LimitRetryAfter, strconv.Itoa(r.IntN(20))
		if r.IntN(4) == 0 {
			f.Value = strconv.Itoa(61 + r.IntN(7200))
		}
	}
	return f
}

// raceDrawLimits draws limits of an account, and clocks.
func raceDrawLimits(r *rand.Rand) raceLimits {
	skew := func() time.Duration { return time.Duration(r.IntN(3)-1) * time.Duration(r.IntN(24*3600)) * time.Second }
	l := raceLimits{
		headers: []string{"all", "route", "none"}[r.IntN(3)], latency: time.Duration(r.IntN(4)) * 70 * time.Millisecond,
		account: skew() + time.Duration(r.IntN(1000))*time.Millisecond, local: skew(), jump: skew(), jumps: time.Duration(r.IntN(60_000)) * time.Millisecond,
		parallel: 1 + r.IntN(6), jitter: r.Float64(),
	}
	if r.IntN(2) == 0 {
		l.limits = emulator.Limits{Global: r.IntN(4) * 5, Route: r.IntN(4) * 2, Window: time.Duration(1+r.IntN(25)) * time.Second}
	}
	for range r.IntN(4) {
		l.faults = append(l.faults, raceDrawFault(r))
	}
	if r.IntN(3) == 0 {
		l.planFor, l.applyFor = time.Duration(1+r.IntN(90_000))*time.Millisecond, time.Duration(1+r.IntN(120_000))*time.Millisecond
	}
	return l
}
