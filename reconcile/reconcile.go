// Package reconcile is rolewright on one page: load → validate → plan → apply.
//
//	files ──manifest──▶ what is wanted ──lint──▶ findings
//	                          │
//	account ──Account──▶ what is there ──plan.MakeAll──▶ plan ──apply.Run──▶ result
//
// What comes back (findings, a plan, a result) is plain data; package report draws it and package
// cmd prints it. Data flows one way: nothing below knows who called it.
//
// Invariant: only [Apply] writes, and it writes what a plan says, to the account that the plan was
// made for, or nothing.
//
// The package must not know LaunchDarkly's client, the emulator or GitHub: whoever calls passes in
// an [Account]. It must not print, read the environment or look at the clock.
package reconcile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/lint"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Account is a LaunchDarkly account, or something that stands in for one. One that knows teams and
// members too is an [apply.People], and one that knows whose token is in use a [Knower].
type Account interface {
	apply.Store
	// AccountID identifies the account, so that a plan made for one is never applied to another.
	AccountID(ctx context.Context) (string, error)
}

// Knower is an account that can say whose token is in use, and what that may do.
type Knower interface {
	Caller(ctx context.Context) (role.Caller, error)
}

// Load reads the workspace at root and returns it with everything that is wrong in its form and its
// words, sorted. The workspace may be planned only if no finding is an error. What its policies mean
// is judged by [Check], and by [Plan] as far as it changes. The error is for a workspace that could
// not be read at all.
func Load(root string, o manifest.Options) (*manifest.Workspace, []diag.Finding, error) {
	ws, findings, err := manifest.Load(root, o)
	if err != nil {
		return nil, nil, err
	}
	return ws, judge(ws, findings, lint.Input{}, lint.Meaning()).Findings, nil
}

// unsaid returns the lint findings on lines where nothing was wrong before, and what they say of the
// meaning of whole policies only for files in which nothing was: lint judges what a statement means,
// and one that is malformed would be reported twice.
func unsaid(linted, before []diag.Finding) []diag.Finding {
	type line struct {
		file string
		n    int
	}
	said := map[line]bool{}
	for _, f := range before {
		if f.Severity == diag.Error {
			said[line{f.Pos.File, f.Pos.Line}], said[line{f.Pos.File, 0}] = true, true
		}
	}
	return slices.DeleteFunc(linted, func(f diag.Finding) bool {
		return said[line{f.Pos.File, f.Pos.Line}] || lint.AboutMeaning(f.Code) && said[line{f.Pos.File, 0}]
	})
}

// Options are what a plan is made with, beside the files and the account.
type Options struct {
	Target plan.Target // AccountID is filled in from the account
	Prune  bool        // prune although rolewright.yaml does not say so
	Lift   plan.Lift
	Commit string // of the files, "" if not known
	Base   *Base  // by which causes are told; nil tells none
	// Semantics is what a policy means, for what the plan says of access; nil says nothing of it.
	Semantics *policy.Semantics
	Tool      string
	Now       time.Time
	// Cache remembers what lint proved of roles; nil is none.
	Cache *lint.Cache
	// brief asks for what a plan does and whether it may, and not for what it means.
	brief bool
}

// Plan reads the account and returns what it would take to make it hold what ws wants, and what
// refuses that: guards, lint rules and access tests.
func Plan(ctx context.Context, ws *manifest.Workspace, account Account, o Options) (*plan.Plan, error) {
	made := planOptions(ws, o)
	found, err := read(ctx, account, made.Scope)
	if err != nil {
		return nil, err
	}
	live := found.Actual
	o.Target.AccountID, made.Target.AccountID = found.id, found.id
	p := plan.MakeAll(desired(ws), live, made)
	if o.Base != nil {
		o.Base.attribute(p, live, o)
	}
	if o.Semantics == nil {
		return p, ctx.Err()
	}
	after := p.Walk(live, nil)
	gate(p, ws, found.world(after), o)
	if !o.brief && live.People && len(p.Changes) > 0 {
		p.Concern(concerned(live.Account(), after.Account(), *o.Semantics))
	}
	return p, ctx.Err()
}

// Apply carries out a plan of ws that was just made, or one that [Verify] found to hold still. At the
// end it plans anew, and has succeeded only if that plan is empty.
func Apply(ctx context.Context, p *plan.Plan, ws *manifest.Workspace, account Account, o apply.Options) *apply.Result {
	o.Left = func(live plan.Actual) []plan.Change {
		return plan.MakeAll(desired(ws), live, plan.Options{Target: p.Target, Scope: p.Scope}).Changes
	}
	return apply.Run(ctx, p, account, o)
}

// Verify returns nil if a saved plan still says what planning anew would say: same files, same
// account, nothing moved, guards passed. Otherwise its error is a *plan.StaleError, or what kept it
// from finding out. It writes nothing.
func Verify(ctx context.Context, saved *plan.Plan, ws *manifest.Workspace, account Account, o Options) error {
	if err := saved.CheckAge(o.Now, MaxPlanAge); err != nil {
		return err
	}
	o.brief, o.Base = true, nil // the question is only whether the changes are the same, and the guards let them through
	o.Prune, o.Lift = saved.Scope.Roles.Prune, saved.Lift
	fresh, err := Plan(ctx, ws, account, o)
	if err != nil {
		return err
	}
	return saved.Same(fresh)
}

// MaxPlanAge is how long after it was made a saved plan may be applied.
const MaxPlanAge = 24 * time.Hour

// reading is all that was asked of an account.
type reading struct {
	plan.Actual
	id    string
	stock *role.Inventory // nil if it is not known; then stockErr may say why
	// stockErr is that the inventory may not be read.
	stockErr error
}

// read asks for everything that a plan within scope needs. People are read wherever that can be: what
// a change means for them does not depend on who manages them. Where it is refused and the scope has
// no use for them, the plan says what it does not know.
func read(ctx context.Context, account Account, scope plan.Scope) (*reading, error) {
	if _, known := account.(apply.People); !known && scope.People() {
		return nil, errors.New("the workspace manages teams or members, and this account knows roles alone")
	}
	r := &reading{}
	var caller *role.Caller
	whose := func() (err error) {
		caller, r.id, err = identify(ctx, account)
		return err
	}
	what := func() (err error) {
		r.stock, err = Inventory(ctx, account)
		return unless(err, &r.stockErr)
	}
	live, err := gather(ctx, account, whose, what)
	live.Caller = caller
	if err == nil && scope.People() && !live.People {
		err = live.PeopleErr
	}
	if err != nil {
		return nil, err
	}
	r.Actual = live
	return r, nil
}

// identify asks for the account's id, and for the caller where the account can say it.
func identify(ctx context.Context, account Account) (*role.Caller, string, error) {
	if k, can := account.(Knower); can {
		caller, err := k.Caller(ctx)
		return &caller, caller.AccountID, err
	}
	id, err := account.AccountID(ctx)
	return nil, id, err
}

// gather reads the roles of an account and its people, and asks whatever else: several questions at
// the same time, one wait. That people may not be read is no error of its own.
func gather(ctx context.Context, account Account, more ...func() error) (live plan.Actual, err error) {
	questions := []func() error{
		func() (err error) { live.Roles, err = account.Roles(ctx); return err },
	}
	var refused [2]error
	if people, known := account.(apply.People); known {
		live.People = true
		questions = append(questions,
			func() (err error) { live.Teams, err = people.Teams(ctx); return unless(err, &refused[0]) },
			func() (err error) { live.Members, err = people.Members(ctx); return unless(err, &refused[1]) })
	}
	questions = append(questions, more...)
	for _, err := range atOnce(questions) {
		if err != nil {
			return plan.Actual{}, err
		}
	}
	if live.PeopleErr = cmp.Or(refused[0], refused[1]); live.PeopleErr != nil {
		live.People, live.Teams, live.Members = false, nil, nil
	}
	live.Members = plan.NameRoles(live.Members, live.Roles)
	return live, nil
}

// atOnce asks all questions at the same time and returns what each of them says. A panic is passed on
// to the caller: in a goroutine of its own it would end the process.
func atOnce(questions []func() error) []error {
	errs, bugs := make([]error, len(questions)), make([]any, len(questions))
	var wait sync.WaitGroup
	for i, question := range questions {
		wait.Go(func() {
			defer func() { bugs[i] = recover() }()
			errs[i] = question()
		})
	}
	wait.Wait()
	for _, bug := range bugs {
		if bug != nil {
			panic(bug)
		}
	}
	return errs
}

// unless keeps an error that says that people are not to be known, and returns any other.
func unless(err error, refused *error) error {
	if errors.Is(err, role.ErrDenied) || errors.Is(err, errPeopleNotTaken) {
		*refused = err
		return nil
	}
	return err
}

// desired is what the files of a workspace want.
func desired(ws *manifest.Workspace) plan.Desired {
	return plan.Desired{Roles: ws.Roles, Teams: ws.Teams, Members: ws.Members}
}

// managed returns a scope, or nil where that kind is not managed at all.
func managed(s role.Scope) *role.Scope {
	if len(s.Include) == 0 {
		return nil
	}
	return &s
}

// ScopeOf returns what the files of a workspace may touch.
func ScopeOf(ws *manifest.Workspace) plan.Scope {
	m := ws.Config.Manage
	return plan.Scope{Roles: m.Roles, Teams: managed(m.Teams), Members: managed(m.Members)}
}

func planOptions(ws *manifest.Workspace, o Options) plan.Options {
	scope := ScopeOf(ws)
	scope.Roles.Prune = scope.Roles.Prune || o.Prune
	return plan.Options{
		Target: o.Target,
		Source: plan.Source{Commit: o.Commit, ConfigDigest: ws.Digest},
		Scope:  scope,
		Guards: plan.Guards{
			MaxDeletes:       ws.Config.Guards.MaxDeletes,
			MaxDeletePercent: ws.Config.Guards.MaxDeletePercent,
			Protect:          ws.Config.Guards.Protect,
			MinAdmins:        ws.Config.Guards.MinAdmins,
			AllowEscalation:  ws.Config.Guards.AllowEscalation,
		},
		Lift:        o.Lift,
		Expired:     expired(ws),
		Semantics:   o.Semantics,
		Brief:       o.brief,
		Tool:        o.Tool,
		GeneratedAt: o.Now.UTC().Format(time.RFC3339),
	}
}

// expired are notes of the assignments that files still list and no longer ask for.
func expired(ws *manifest.Workspace) (notes []plan.Note) {
	for _, e := range ws.Expired {
		notes = append(notes, plan.Note{
			Kind: e.Kind, Key: e.Holder, Reason: fmt.Sprintf("role %q is no longer asked for: its last day was %s", e.Role, e.Expires),
			Declared: &plan.Declared{File: e.File, Line: e.Line},
		})
	}
	return notes
}
