package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/git"
	"github.com/rolewright/rolewright/reconcile/launchdarkly"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// baseFlags say which earlier state of the files a plan looks at, and whether at nothing else.
type baseFlags struct {
	ref     string
	given   bool // even if it is empty
	offline bool
	// guessed says that nobody named ref: a base that cannot be read then costs the causes, not the
	// plan.
	guessed bool
}

func (f *baseFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.ref, "base", "", "say of each change if it is made since `REF`, pending there, or drift")
	flags.BoolVar(&f.offline, "offline", false, "with --base: compare with its files, not with an account")
}

// check refuses what cannot be meant.
func (f *baseFlags) check(snapshot string) error {
	switch {
	case f.given && f.ref == "":
		return usage("name a branch, a tag or a commit, such as origin/main, or leave --base out", "--base is empty")
	case f.offline && f.ref == "":
		return usage("--base origin/main says what the files are compared with", "--offline needs --base")
	case f.offline && snapshot != "":
		return usage("leave one of them out", "--offline and --snapshot both stand in for the account")
	}
	return nil
}

// loadBase reads what the files of a workspace were where ref and HEAD parted. What it returns
// reads on as it is asked: leave it with the function that comes along.
func (a *app) loadBase(ctx context.Context, ws *manifest.Workspace, f baseFlags) (*reconcile.Base, func(), error) {
	base, leave, err := a.openBase(ctx, ws, f.ref)
	if err == nil || !f.guessed || f.offline || ctx.Err() != nil {
		return base, leave, err
	}
	why := asFailure(err)
	unread := why.Error()
	for _, hint := range why.hints {
		unread += " (" + hint + ")"
	}
	return &reconcile.Base{Commit: f.ref, Unread: unread}, func() {}, nil
}

func (a *app) openBase(ctx context.Context, ws *manifest.Workspace, ref string) (*reconcile.Base, func(), error) {
	repo, err := git.Open(ctx, ws.Root, git.Options{Getenv: a.getenv})
	if err != nil {
		return nil, nil, baseFailure(ref, err)
	}
	leave := func() { _ = repo.Close() } // all that was asked has been answered
	base, err := a.readBase(repo, ref)
	if ctx.Err() != nil {
		err = ctx.Err() // what it kept from being read is nobody's mistake
	}
	if err != nil {
		leave()
		return nil, nil, baseFailure(ref, err)
	}
	return base, leave, nil
}

func (a *app) readBase(repo *git.Repository, ref string) (*reconcile.Base, error) {
	commit, err := repo.Base(ref)
	if err != nil {
		return nil, err
	}
	tree, err := repo.Tree(commit)
	if _, none := errors.AsType[*git.NoFolderError](err); none {
		return &reconcile.Base{Commit: commit}, nil
	}
	if err != nil {
		return nil, err
	}
	base, err := reconcile.LoadBase(commit, tree, a.manifestOptions())
	if err != nil {
		return nil, err
	}
	base.Earlier = repo.Versions(commit, manifest.MayHold)
	return base, nil
}

// baseFailure says which flag could not be followed, unless it was time or a person that ended it.
func baseFailure(ref string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return accountFailure(err)
	}
	return hinted(reconcile.ReasonUsage, fmt.Errorf("--base %q: %w", ref, err))
}

// planOffline plans against the base's files alone: no account is opened and no token is needed.
func (a *app) planOffline(ws *manifest.Workspace, f planFlags) (*plan.Plan, error) {
	name, target, err := a.chooseTarget(ws)
	if err != nil {
		return nil, err
	}
	to := plan.Target{Name: name, Host: target.Host, APIVersion: launchdarkly.APIVersion}
	if target.Emulator != "" {
		to.Host = "emulator"
	}
	p, err := reconcile.PlanOffline(ws, f.base, a.options(&connection{target: to}, f))
	if err != nil {
		return nil, &failure{reason: reconcile.ReasonInvalid, err: err}
	}
	return p, nil
}
