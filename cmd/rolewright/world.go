package main

import (
	"context"

	"github.com/spf13/pflag"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/manifest"
)

// worldFlags say whether more than files is looked at: an account, or a snapshot of one.
type worldFlags struct {
	live     bool
	snapshot string
}

func (f *worldFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.live, "live", false, "judge on the account as the files leave it, and on what exists in it")
	flags.StringVar(&f.snapshot, "snapshot", "", "judge on the account in `FILE`, made by export --snapshot")
}

func (f worldFlags) asked() bool { return f.live || f.snapshot != "" }

func (f worldFlags) check() error {
	if f.live && f.snapshot != "" {
		return usage("", "--live and --snapshot exclude each other")
	}
	return nil
}

// readWorld reads what is asked for; without it nothing but files is known, and no account is opened.
func (a *app) readWorld(ctx context.Context, ws *manifest.Workspace, f worldFlags) (reconcile.World, error) {
	if !f.asked() {
		return reconcile.World{}, nil
	}
	conn, err := a.planAgainst(ws, f.snapshot)
	if err != nil {
		return reconcile.World{}, err
	}
	defer conn.close()
	world, err := reconcile.ReadWorld(ctx, ws, conn.Account)
	if err != nil {
		return reconcile.World{}, accountFailure(err)
	}
	return world, nil
}
