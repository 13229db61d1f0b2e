package main

import (
	"bufio"
	"context"
	"errors"
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
	// given are the flags that decide what a plan says, as far as they were set.
	given []string
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
		Args:    onePath,
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, name := range []string{"target", "prune", "allow-deletes", "allow-empty", "allow-preset", "unprotect"} {
				if cmd.Flags().Changed(name) {
					o.given = append(o.given, name)
				}
			}
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
	if err := o.check(); err != nil {
		return err
	}
	saved, err := a.savedPlan(path)
	if err != nil {
		return err
	}
	if saved != nil {
		if err := a.fits(saved, o); err != nil {
			return err
		}
		path = o.workspace
	}
	ws, err := a.loadValid(path)
	if err != nil {
		return inWorkspace(err, saved)
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

// inWorkspace says, where a saved plan's files were not found, how to name their folder.
func inWorkspace(err error, saved *plan.Plan) error {
	var missing *manifest.NoWorkspaceError
	f := asFailure(err)
	if saved != nil && errors.As(err, &missing) {
		f.hints = []string{"name the folder of the files that the plan was made from: --workspace FOLDER"}
	}
	return f
}

// savedPlan returns the plan that path names, or nil if path is a folder or a role file: then it
// names a workspace.
func (a *app) savedPlan(path string) (*plan.Plan, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() || isYAML(path) {
		return nil, nil
	}
	return readPlan(path)
}

// fits refuses flags that would change what a saved plan says: it is applied as it was reviewed.
func (a *app) fits(p *plan.Plan, o applyOptions) error {
	for _, flag := range o.given {
		if flag == "target" && a.target == p.Target.Name {
			continue
		}
		return usage("what a saved plan does and permits was decided when it was made; plan again with the flag",
			"--%s does not go with a saved plan", flag)
	}
	if err := p.Appliable(); errors.Is(err, plan.ErrBlocked) {
		f := &failure{reason: plan.Blocked, err: err}
		for _, b := range p.Blocks {
			if b.Flag != "" {
				f.hints = append(f.hints, "plan again with "+b.Flag+" to let it through")
			}
		}
		return f
	} else if err != nil {
		return &failure{reason: reconcile.ReasonUsage, err: err}
	}
	a.target = p.Target.Name
	return nil
}

// applySaved applies a reviewed plan if nothing that it was made from has moved.
func (a *app) applySaved(ctx context.Context, p *plan.Plan, ws *manifest.Workspace, conn *connection, o applyOptions) error {
	limited, cancel := a.limit(ctx)
	defer cancel()
	if err := reconcile.Verify(limited, p, ws, conn, a.options(conn, o.planFlags)); err != nil {
		f := accountFailure(err)
		f.hints = append(f.hints, "nothing was written; make the plan again and review it")
		return f
	}
	return a.carryOut(ctx, p, ws, conn, o)
}

// applyNow plans, shows the plan, asks, and applies.
func (a *app) applyNow(ctx context.Context, ws *manifest.Workspace, conn *connection, o applyOptions) error {
	p, err := a.planNow(ctx, ws, conn, o.planFlags)
	if err != nil {
		return err
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

// approve asks on the terminal; only "yes" is a yes. Nobody is asked about a plan that they cannot
// see.
func (a *app) approve(ctx context.Context, p *plan.Plan, o applyOptions) error {
	if o.autoApprove {
		return nil
	}
	if !a.inTTY || a.getenv("CI") != "" {
		return usage("save a plan with rolewright plan -o plan.json, have it reviewed, and apply that file; or say --auto-approve",
			"there is nobody to ask: apply needs a saved plan or --auto-approve")
	}
	if o.format.value != report.Text || !a.outTTY {
		if err := report.Plan(a.err, p, report.Text, a.errOptions()); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.err, "\nApply this plan to target %q (%s)? Only \"yes\" is a yes: ", p.Target.Name, report.Terminal(p.Target.Host))
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(a.in).ReadString('\n')
		answer <- line
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.err)
		return &failure{reason: apply.ReasonInterrupted, err: errors.New("interrupted; nothing was written")}
	case line := <-answer:
		return a.answered(line)
	}
}

// answered judges the answer. One without a line end is the end of the input.
func (a *app) answered(line string) error {
	word := strings.TrimSpace(line)
	switch {
	case word == "yes":
		return nil
	case line == "":
		fmt.Fprintln(a.err)
		return usage("", "not applied: there was no answer")
	}
	return usage("", "not applied: the answer was %q", word)
}

// carryOut applies the plan and shows what became of it. How the run ends is the result's to say,
// even if it could not be shown.
func (a *app) carryOut(ctx context.Context, p *plan.Plan, ws *manifest.Workspace, conn *connection, o applyOptions) error {
	ctx, cancel := a.limit(ctx)
	defer cancel()
	result := reconcile.Apply(ctx, p, ws, conn, apply.Options{
		Parallelism: a.parallelism,
		Comment:     comment(p),
		Limited:     conn.limited,
		Sleep:       sleep,
		Progress: func(out apply.Outcome, done, total int) {
			_ = report.Progress(a.err, out, done, total, a.errOptions()) // what was done is in the result
		},
	})
	if err := report.Result(a.out, result, o.format.value, a.outOptions()); err != nil {
		_ = report.Result(a.err, result, report.Text, a.errOptions())
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
