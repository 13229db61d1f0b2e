package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
)

type applyOptions struct {
	planFlags
	autoApprove bool
	workspace   string
	format      formatFlag
}

func newApplyCmd(a *app) *cobra.Command {
	o := applyOptions{format: newFormat(report.Text, report.JSON, report.Markdown)}
	cmd := &cobra.Command{
		Use:   "apply [PLAN|PATH]",
		Short: "Make the account hold what the files say",
		Long: `Plan, ask, and apply; or apply a plan that plan -o saved, exactly as it was reviewed or not at all.

Without a terminal to ask on, apply wants a saved plan or --auto-approve.

Exit code: 0 done, 1 error, 3 blocked by a guard (nothing written), 4 stale (the plan no longer
matches the account or the files), 5 partly applied, 130 interrupted.`,
		Example: "  rolewright apply\n  rolewright apply plan.json\n  rolewright apply --target production --auto-approve roles/",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runApply(cmd.Context(), pathArg(args), o)
		},
	}
	a.accountFlags(cmd.Flags())
	o.add(cmd.Flags())
	cmd.Flags().BoolVar(&o.autoApprove, "auto-approve", false, "apply without asking")
	cmd.Flags().StringVar(&o.workspace, "workspace", ".", "with a saved plan: the `FOLDER` of the files it was made from")
	cmd.Flags().Var(&o.format, "format", o.format.usage())
	return cmd
}

func (a *app) runApply(ctx context.Context, path string, o applyOptions) error {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	err := a.applyPath(ctx, path, o)
	if err != nil {
		return a.fail(err, o.format, "")
	}
	return nil
}

func (a *app) applyPath(ctx context.Context, path string, o applyOptions) error {
	saved, err := a.savedPlan(path)
	if err != nil {
		return err
	}
	if saved != nil {
		path = o.workspace
		a.target = saved.Target.Name
	}
	ws, err := a.loadValid(path)
	if err != nil {
		return err
	}
	conn, err := a.connect(ws, readWrite)
	if err != nil {
		return err
	}
	defer conn.close()
	if saved != nil {
		return a.applySaved(ctx, saved, ws, conn, o)
	}
	return a.applyNow(ctx, ws, conn, o)
}

// savedPlan returns the plan that path names, or nil if path is a folder: the workspace.
func (a *app) savedPlan(path string) (*plan.Plan, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, nil
	}
	return readPlan(path)
}

// applySaved applies a reviewed plan if nothing that it was made from has moved.
func (a *app) applySaved(ctx context.Context, p *plan.Plan, ws *manifest.Workspace, conn *connection, o applyOptions) error {
	if err := reconcile.Verify(ctx, p, ws, conn, a.options(conn, o.planFlags)); err != nil {
		f := accountFailure(err)
		f.hints = append(f.hints, "nothing was written; make the plan again and review it")
		return f
	}
	return a.carryOut(ctx, p, ws, conn, o)
}

// applyNow plans, shows the plan, asks, and applies.
func (a *app) applyNow(ctx context.Context, ws *manifest.Workspace, conn *connection, o applyOptions) error {
	p, err := reconcile.Plan(ctx, ws, conn, a.options(conn, o.planFlags))
	if err != nil {
		return accountFailure(err)
	}
	if o.format.value == report.Text {
		if err := report.Plan(a.out, p, report.Text, a.outOptions()); err != nil {
			return err
		}
	}
	if p.ExitReason != plan.Changes {
		return a.nothingApplied(p, o)
	}
	if err := a.approve(ctx, p, o); err != nil {
		return err
	}
	return a.carryOut(ctx, p, ws, conn, o)
}

// nothingApplied ends an apply whose plan has no changes or is blocked.
func (a *app) nothingApplied(p *plan.Plan, o applyOptions) error {
	if o.format.value != report.Text {
		if err := report.Plan(a.out, p, o.format.value, a.outOptions()); err != nil {
			return err
		}
	}
	return outcome(p.ExitReason, false)
}

// approve asks on the terminal; only "yes" is a yes.
func (a *app) approve(ctx context.Context, p *plan.Plan, o applyOptions) error {
	if o.autoApprove {
		return nil
	}
	if !a.inTTY || a.getenv("CI") != "" {
		return usage("save a plan with rolewright plan -o plan.json, have it reviewed, and apply that file; or say --auto-approve",
			"there is nobody to ask: apply needs a saved plan or --auto-approve")
	}
	fmt.Fprintf(a.err, "\nApply this plan to target %q (%s)? Only \"yes\" is a yes: ", p.Target.Name, p.Target.Host)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(a.in).ReadString('\n')
		answer <- strings.TrimSpace(line)
	}()
	select {
	case <-ctx.Done():
		return accountFailure(ctx.Err())
	case line := <-answer:
		if line != "yes" {
			return usage("", "not applied: the answer was %q", line)
		}
	}
	return nil
}

func (a *app) carryOut(ctx context.Context, p *plan.Plan, ws *manifest.Workspace, conn *connection, o applyOptions) error {
	result := reconcile.Apply(ctx, p, ws, conn, apply.Options{
		Parallelism: a.parallelism,
		Comment:     comment(p),
		Limited:     conn.limited,
		Sleep:       sleep,
		Progress: func(out apply.Outcome, done, total int) {
			report.Progress(a.err, out, done, total, a.errOptions())
		},
	})
	if err := report.Result(a.out, result, o.format.value, a.outOptions()); err != nil {
		return err
	}
	return outcome(result.ExitReason, false)
}

// comment is what LaunchDarkly's audit log shows beside a change.
func comment(p *plan.Plan) string {
	text := p.Tool + ", plan " + p.PlanHash
	if p.Source.Commit != "" {
		text += ", commit " + p.Source.Commit
	}
	return text
}

// sleep waits, or returns why it did not.
func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
