package simulation_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing/fstest"
	"time"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/launchdarkly"
	"github.com/rolewright/rolewright/reconcile/lint"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A scene is an account and files that want something else of it: where schedules are played.
type scene struct {
	name        string
	fill        func(*emulator.Emulator) error // with what the account holds
	files       map[string]string
	behaviour   emulator.Behaviour
	skew        time.Duration // of the clock here, before the account's
	pageSize    int
	parallelism int
	// semantics orders changes by what they mean; nil where that plays no part.
	semantics *policy.Semantics
	sampled   bool // who may do what is looked at after each write
	lift      plan.Lift
	cache     *lint.Cache

	// What follows is found out once, by a run that nothing disturbs.
	ws       *manifest.Workspace
	plan     *plan.Plan
	quiet    []*entry // its requests
	planning int      // how many of them are the plan's
	goal     map[string]string
	*rights
}

// today is the day on which files are read. No assignment of a scene ends.
var today = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// inMemory is a folder in memory.
type inMemory struct{ fstest.MapFS }

func (m inMemory) Lstat(name string) (fs.FileInfo, error) { return m.Stat(name) }

// load reads the files of the scene.
func (s *scene) load() error {
	src := inMemory{fstest.MapFS{}}
	for name, text := range s.files {
		src.MapFS[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	ws, findings, err := manifest.LoadFrom(src, manifest.Options{Today: today})
	if err != nil || diag.HasErrors(findings) {
		return fmt.Errorf("%s: %w, %v", s.name, err, findings)
	}
	ws.Config.Lint.Disable = lint.Meaning() // what policies mean is not what is tried here
	s.ws, s.cache = ws, lint.NewCache()
	return nil
}

// open makes the world of the scene anew: always the same account.
func (s *scene) open() (*world, error) {
	emu, err := emulator.New(emulator.Options{Rand: strings.NewReader("0123456789abcdef"), Behaviour: s.behaviour})
	if err != nil {
		return nil, err
	}
	if err := s.fill(emu); err != nil {
		return nil, err
	}
	time.Sleep(between) // whoever reads late sees all of it
	w := &world{
		scene: s, emu: emu, to: emulator.Transport(emu), armed: true, made: map[string]int{},
	}
	w.things = maps.Clone(w.holds().things())
	for _, r := range w.holds().roles {
		w.made[r.ID] = 1
	}
	return w, nil
}

// liveAccount is the account behind the real client.
type liveAccount struct{ *launchdarkly.Client }

func (c liveAccount) AccountID(ctx context.Context) (string, error) {
	id, err := c.Identity(ctx)
	return id.AccountID, err
}

func (c liveAccount) Inventory(ctx context.Context) (role.Inventory, error) {
	return c.Client.Inventory(ctx, launchdarkly.InventoryWant{})
}

var (
	_ apply.People     = liveAccount{}
	_ reconcile.Knower = liveAccount{}
	_ reconcile.Stock  = liveAccount{}
)

// connect opens the account through a transport. Waits are noted by the line, if there is one.
func (s *scene) connect(carries http.RoundTripper, log *bytes.Buffer, skew time.Duration) liveAccount {
	o := launchdarkly.Options{
		Host: "localhost", Token: canary, Transport: carries, PageSize: s.pageSize,
		Now: func() time.Time { return time.Now().Add(skew) }, Sleep: noted(carries), Jitter: jitter,
	}
	if log != nil {
		o.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	c, err := launchdarkly.New(o)
	if err != nil {
		panic(err)
	}
	return liveAccount{c}
}

// jitter depends on the time alone.
func jitter() float64 {
	_, fraction := math.Modf(float64(time.Now().UnixMilli()%1_000_003) * math.Phi)
	return fraction
}

// noted returns a sleep that the line knows of; without a line it takes no time.
func noted(carries http.RoundTripper) func(context.Context, time.Duration) error {
	return func(ctx context.Context, d time.Duration) error {
		l, is := carries.(*line)
		if !is {
			return ctx.Err()
		}
		turn := l.sleeps(d)
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
		}
		if !l.dead.Load() {
			l.gate.enter(turn) // of several that wake at once, one goes on at a time
		}
		return nil
	}
}

func (s *scene) planOptions() reconcile.Options {
	return reconcile.Options{
		Target: plan.Target{Name: "t", Host: "localhost", APIVersion: launchdarkly.APIVersion}, Tool: "rolewright simulation",
		Now: today, Semantics: s.semantics, Lift: s.lift, Cache: s.cache,
	}
}

func (s *scene) applyOptions(account liveAccount, l *line) apply.Options {
	return apply.Options{
		Comment: "simulated", Parallelism: s.parallelism, Limited: account.Limited, Sleep: noted(l), Grace: grace, Observe: l.observe,
	}
}

// makePlan plans. What guards ask to be said on the command line is said.
func (s *scene) makePlan(ctx context.Context, account reconcile.Account) (*plan.Plan, error) {
	o := s.planOptions()
	for {
		p, err := reconcile.Plan(ctx, s.ws, account, o)
		if err != nil || !permit(&o.Lift, p.Blocks) {
			return p, err
		}
	}
}

// permit lets through what blocks refuse and flags may permit, and reports whether there was something.
func permit(l *plan.Lift, blocks []plan.Block) (more bool) {
	for _, b := range blocks {
		list := map[plan.Guard]*[]string{
			plan.GuardEscalation: &l.AllowEscalation, plan.GuardGap: &l.AllowTransient, plan.GuardLockout: &l.AllowLockout,
			plan.GuardChanges: &l.AllowRisk,
		}[b.Guard]
		if list == nil || b.Flag == "" {
			continue
		}
		for _, key := range b.Keys {
			if !slices.Contains(*list, key) {
				*list, more = append(*list, key), true
			}
		}
	}
	return more
}

// prepare plans and applies once without disturbance, and keeps what schedules start from.
func (s *scene) prepare() error { return s.prepareWith(real) }

func (s *scene) prepareWith(with applier) error {
	if err := s.load(); err != nil {
		return err
	}
	w, err := s.open()
	if err != nil {
		return err
	}
	s.rights = newRights(s, w.holds())
	p, err := s.makePlan(context.Background(), s.connect(w.to, nil, 0))
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	s.lift, w.armed = p.Lift, false
	ran := w.run(nil, with)
	if ran.err != nil || len(ran.plan.Changes) == 0 {
		return fmt.Errorf("%s: undisturbed: no change, %w", s.name, ran.err)
	}
	s.plan, s.quiet, s.planning = ran.plan, w.log, ran.line.applying
	// What shows later than anybody waits for it takes more than one run.
	for again := 0; ran.res.ExitReason == apply.ReasonPartial && s.behaviour.ReadLag > patience && again < 2; again++ {
		time.Sleep(between)
		if ran = w.run(nil, with); ran.err != nil {
			return fmt.Errorf("%s: undisturbed, again: %w", s.name, ran.err)
		}
	}
	if why := ran.res.ExitReason; why != apply.ReasonApplied && (why != plan.NoChanges || ran.plan == s.plan) {
		return fmt.Errorf("%s: undisturbed: %s: %s", s.name, why, ran.res.Error)
	}
	s.goal = w.holds().facts()
	s.rights.end(w.holds())
	return nil
}
