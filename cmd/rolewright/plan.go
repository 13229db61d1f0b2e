package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/report"
)

// planFlags are the flags that decide what a plan says; plan and apply share them.
type planFlags struct {
	prune bool
	lift  plan.Lift
	// base is what --base names, once it was read; apply has none.
	base *reconcile.Base
}

func (f *planFlags) add(flags *pflag.FlagSet) {
	flags.BoolVar(&f.prune, "prune", false, "delete the roles in scope that no file declares")
	flags.IntVar(&f.lift.AllowDeletes, "allow-deletes", 0, "let a plan with up to `N` deletions through")
	flags.StringSliceVar(&f.lift.Unprotect, "unprotect", nil, "let changes to the protected role `KEY` through")
	flags.StringSliceVar(&f.lift.AllowPreset, "allow-preset", nil, "let changes to `KEY`, a preset of LaunchDarkly, through")
	flags.StringSliceVar(&f.lift.AllowEscalation, "allow-escalation", nil, "let the change of `KEY` through although somebody may then change who may do what")
	flags.StringSliceVar(&f.lift.AllowLockout, "allow-lockout", nil, "let member `EMAIL`, or the \"token\" in use, lose the right to edit roles and members")
	flags.StringSliceVar(&f.lift.AllowTransient, "allow-transient", nil,
		"let a change of `KEY`, a role, a team or a member's address, leave somebody with too much or too little for a moment")
	flags.StringSliceVar(&f.lift.AllowRisk, "allow-risk", nil, "let the change of role `KEY` through where an access test asks for a word")
	flags.BoolVar(&f.lift.AllowEmpty, "allow-empty", false, "let a plan through although no file declares a role")
}

// check refuses values that cannot be meant.
func (f *planFlags) check() error {
	if f.lift.AllowDeletes < 0 {
		return usage("", "--allow-deletes %d: want 0 or more", f.lift.AllowDeletes)
	}
	return nil
}

type planOptions struct {
	planFlags
	from     baseFlags
	out      string
	snapshot string
	detailed bool
	format   formatFlag
}

func newPlanCmd(a *app) *cobra.Command {
	o := planOptions{format: newFormat(report.Text, report.JSON, report.Markdown)}
	cmd := &cobra.Command{
		Use:   "plan [PATH]",
		Short: "Show what apply would change",
		Long: `Compare the role files with the account and show what apply would create, update and delete.
Nothing is written: the connection refuses everything but reading.

With --base REF the plan says of each change where it comes from: "this change" (made in the files
since HEAD and REF parted), "already pending" (REF asks for it too, and the account still is as
earlier files said), or "drift" (the account is as no file said). With --offline too, no account is
read: the files of REF stand in for it, and the plan cannot be applied.

Exit code: 0 done, 1 error, 3 blocked by a guard; with --detailed-exitcode 2 if there are changes.`,
		Example: "  rolewright plan\n  rolewright plan --target production -o plan.json\n  rolewright plan --snapshot account.json --format markdown\n  rolewright plan --base origin/main",
		Args:    onePath,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.from.given = cmd.Flags().Changed("base")
			return a.runPlan(cmd.Context(), pathArg(args), o)
		},
	}
	a.accountFlags(cmd.Flags())
	o.add(cmd.Flags())
	o.from.add(cmd.Flags())
	cmd.Flags().StringVarP(&o.out, "out", "o", "", "save the plan to `FILE`, for show and apply")
	cmd.Flags().StringVar(&o.snapshot, "snapshot", "", "plan offline against `FILE`, made by export --snapshot")
	cmd.Flags().BoolVar(&o.detailed, "detailed-exitcode", false, "exit with 2 if there are changes")
	cmd.Flags().Var(&o.format, "format", o.format.usage())
	return cmd
}

func (a *app) runPlan(ctx context.Context, path string, o planOptions) error {
	p, err := a.makeAndSave(ctx, path, o)
	if err != nil {
		return err
	}
	if p.Source.BaseNote != "" && o.format.value != report.Text {
		report.Warning(a.err, p.Source.BaseNote, a.errOptions())
	}
	if err := report.Plan(a.out, p, o.format.value, a.outOptions()); err != nil {
		return err
	}
	return outcome(p.ExitReason, o.detailed)
}

// makeAndSave plans, and saves the plan if that is asked for, or else why there is none. A plan that
// could not be saved is returned with the error.
func (a *app) makeAndSave(ctx context.Context, path string, o planOptions) (*plan.Plan, error) {
	p, err := a.makePlan(ctx, path, o)
	if err != nil {
		return nil, a.savedFailure(asFailure(err), o.out)
	}
	if o.out != "" {
		if err := saveJSON(o.out, plan.Encode(p)); err != nil {
			return p, &failure{reason: reconcile.ReasonUsage, err: fmt.Errorf("save the plan: %w", err)}
		}
	}
	return p, nil
}

// savedFailure writes a failure into the file that a plan was to go to, lest an older plan lie there.
func (a *app) savedFailure(f *failure, file string) error {
	if file == "" {
		return f
	}
	if err := saveJSON(file, report.FailureJSON(f.reason, f.err, f.hints, f.findings)); err != nil {
		f.hints = append(f.hints, "and this could not be saved: "+err.Error())
	}
	return f
}

func (a *app) makePlan(ctx context.Context, path string, o planOptions) (*plan.Plan, error) {
	if err := errors.Join(o.check(), o.from.check(o.snapshot)); err != nil {
		return nil, err
	}
	ws, err := a.loadValid(path)
	if err != nil {
		return nil, err
	}
	ctx, cancel := a.limit(ctx)
	defer cancel()
	if o.from.ref != "" {
		base, leave, err := a.loadBase(ctx, ws, o.from)
		if err != nil {
			return nil, err
		}
		defer leave()
		o.base = base
	}
	if o.from.offline {
		return a.planOffline(ws, o.planFlags)
	}
	conn, err := a.planAgainst(ws, o.snapshot)
	if err != nil {
		return nil, err
	}
	defer conn.close()
	return a.planNow(ctx, ws, conn, o.planFlags)
}

// planNow reads the account and plans, within the time limit.
func (a *app) planNow(ctx context.Context, ws *manifest.Workspace, conn *connection, f planFlags) (*plan.Plan, error) {
	ctx, cancel := a.limit(ctx)
	defer cancel()
	p, err := reconcile.Plan(ctx, ws, conn.Account, a.options(conn, f))
	if err != nil {
		return nil, accountFailure(err)
	}
	a.printFindings(a.err, remarks(p.Findings))
	return p, nil
}

// remarks are the findings that do not block a plan.
func remarks(findings []diag.Finding) []diag.Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f diag.Finding) bool { return f.Severity == diag.Error })
}

// limit is ctx with the time limit of --timeout.
func (a *app) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, a.timeout)
}

// planAgainst opens what the files are compared with: the account, or a snapshot of it.
func (a *app) planAgainst(ws *manifest.Workspace, snapshot string) (*connection, error) {
	if snapshot == "" {
		return a.connect(ws, readOnly)
	}
	data, err := readRegular(snapshot)
	if err != nil {
		return nil, &failure{reason: reconcile.ReasonUsage, err: err}
	}
	s, err := reconcile.DecodeSnapshot(data)
	if err != nil {
		return nil, usage("rolewright export --snapshot FILE makes one", "%s: %w", snapshot, err)
	}
	return &connection{Account: s, target: s.Target, close: func() error { return nil }}, nil
}

func (a *app) options(conn *connection, f planFlags) reconcile.Options {
	return reconcile.Options{
		Target: conn.target, Prune: f.prune, Lift: f.lift,
		Semantics: new(policy.DefaultSemantics()), Base: f.base,
		Cache: &a.cache, Commit: a.commit(), Tool: "rolewright " + version(), Now: a.now(),
	}
}
