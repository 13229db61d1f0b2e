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
	"github.com/spf13/pflag"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
)

type applyOptions struct {
	planFlags
	autoApprove bool
	rollback    bool
	workspace   string
	journal     string // the file that --journal names
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

In GitHub Actions apply refuses to write to an account for a pull request, a comment or anything from
a fork, and for a commit that is not the newest of the default branch (--allow-rollback); the embedded
emulator is nobody's account.

Exit code: 0 done, 1 error, 3 blocked by a guard (nothing written), 4 stale (the plan no longer
matches the account or the files), 5 partly applied, 130 interrupted.`,
		Example: "  rolewright apply\n  rolewright apply plan.json\n  rolewright apply --target production --auto-approve roles/",
		Args:    onePath,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.given = givenOf(cmd.Flags())
			run := applying{app: a, o: o}
			return run.journaled(func() error { return run.do(cmd.Context(), pathArg(args)) })
		},
	}
	a.accountFlags(cmd.Flags())
	o.add(cmd.Flags())
	cmd.Flags().BoolVar(&o.autoApprove, "auto-approve", false, "apply without asking")
	cmd.Flags().BoolVar(&o.rollback, "allow-rollback", false, "in GitHub Actions: apply a commit that is no longer the newest")
	cmd.Flags().StringVar(&o.workspace, "workspace", ".", "with a saved plan: the `FOLDER` of the files it was made from")
	cmd.Flags().StringVar(&o.journal, "journal", "", "note each step in `FILE` before and after it; a later apply says what was cut off")
	cmd.Flags().Var(&o.format, "format", o.format.usage())
	return cmd
}

// givenOf returns the flags that decide what a plan says, as far as they were set.
func givenOf(flags *pflag.FlagSet) (given []string) {
	for _, name := range []string{"target", "prune", "allow-deletes", "allow-empty", "allow-preset", "unprotect", "allow-escalation", "allow-lockout", "allow-transient", "allow-risk"} {
		if flags.Changed(name) {
			given = append(given, name)
		}
	}
	return given
}

// applying is one apply: what was asked for and, as far as it came, the plan and what became of it.
type applying struct {
	*app
	o       applyOptions
	plan    *plan.Plan
	result  *apply.Result
	journal *journalFile // nil without --journal
}

func (r *applying) do(ctx context.Context, path string) error {
	if err := r.o.check(); err != nil {
		return err
	}
	saved, err := r.savedPlan(path)
	if err != nil {
		return err
	}
	if saved != nil {
		if err := r.fits(saved); err != nil {
			return err
		}
		path = r.o.workspace
	}
	ws, err := r.loadValid(path)
	if err != nil {
		return inWorkspace(err, saved)
	}
	return r.connected(ctx, ws, saved)
}

// connected goes on with the account at hand, if the event that started the run may write to it.
func (r *applying) connected(ctx context.Context, ws *manifest.Workspace, saved *plan.Plan) error {
	conn, err := r.connect(ws, readWrite)
	if err != nil {
		return err
	}
	defer conn.close()
	if !conn.embedded {
		if err := r.mayApply(ctx, r.o.rollback); err != nil {
			return err
		}
	}
	if saved != nil {
		return r.applySaved(ctx, saved, ws, conn)
	}
	return r.applyNow(ctx, ws, conn)
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
func (r *applying) fits(p *plan.Plan) error {
	for _, flag := range r.o.given {
		if flag == "target" && r.target == p.Target.Name {
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
	r.target, r.plan = p.Target.Name, p
	return nil
}

// applySaved applies a reviewed plan if nothing that it was made from has moved.
func (r *applying) applySaved(ctx context.Context, p *plan.Plan, ws *manifest.Workspace, conn *connection) error {
	limited, cancel := r.limit(ctx)
	defer cancel()
	if err := reconcile.Verify(limited, p, ws, conn.Account, r.options(conn, r.o.planFlags)); err != nil {
		f := accountFailure(err)
		f.hints = append(f.hints, "nothing was written; make the plan again and review it")
		return f
	}
	return r.carryOut(ctx, p, ws, conn)
}

// applyNow plans, shows the plan, asks, and applies.
func (r *applying) applyNow(ctx context.Context, ws *manifest.Workspace, conn *connection) error {
	p, err := r.planNow(ctx, ws, conn, r.o.planFlags)
	if err != nil {
		return err
	}
	r.plan = p
	if done, err := r.shownAndApproved(ctx, p); done || err != nil {
		return err
	}
	return r.carryOut(ctx, p, ws, conn)
}

// shownAndApproved shows the plan and asks; done says that there is nothing to carry out.
func (r *applying) shownAndApproved(ctx context.Context, p *plan.Plan) (done bool, err error) {
	if r.o.format.value == report.Text {
		if err := report.Plan(r.out, p, report.Text, r.outOptions()); err != nil {
			return true, err
		}
	}
	if p.ExitReason != plan.Changes {
		return true, r.nothingApplied(p, r.o)
	}
	return false, r.approve(ctx, p, r.o)
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
func (r *applying) carryOut(ctx context.Context, p *plan.Plan, ws *manifest.Workspace, conn *connection) error {
	if err := r.write(ctx, p, ws, conn); err != nil {
		return err
	}
	return r.showResult()
}

// write applies the plan, unless the journal is about another account.
func (r *applying) write(ctx context.Context, p *plan.Plan, ws *manifest.Workspace, conn *connection) error {
	if r.journal != nil {
		if err := r.journal.fits(p); err != nil {
			return err
		}
	}
	ctx, cancel := r.limit(ctx)
	defer cancel()
	r.result = reconcile.Apply(ctx, p, ws, conn.Account, apply.Options{
		Parallelism: r.parallelism,
		Comment:     comment(p),
		Limited:     conn.limited,
		Sleep:       sleep,
		Observe:     r.observer(),
		Progress: func(out apply.Outcome, done, total int) {
			_ = report.Progress(r.err, out, done, total, r.errOptions()) // what was done is in the result
		},
	})
	return nil
}

func (r *applying) showResult() error {
	if err := report.Result(r.out, r.result, r.o.format.value, r.outOptions()); err != nil {
		_ = report.Result(r.err, r.result, report.Text, r.errOptions())
	}
	return outcome(r.result.ExitReason, false)
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
