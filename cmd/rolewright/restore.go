package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
)

func newRestoreCmd(a *app) *cobra.Command {
	o := applyOptions{format: newFormat(report.Text, report.JSON, report.Markdown)}
	from := ""
	cmd := &cobra.Command{
		Use:   "restore KEY --from RESULT",
		Short: "Make a role again that an apply deleted",
		Long: `Make a role again as it was just before an apply deleted it. An apply keeps what it deletes in its
result: apply --format json prints that.

Show what would be created, ask, and create it; nothing else is touched. The guards look at it as they
would at a role in a file. Nobody holds the role then: members, teams and tokens have to be given it
again. A role that is in the account, and not as it was, is left alone.

Exit code: 0 done, or it is there as it was; 1 error; 3 blocked by a guard, or by a role of that key;
4 the role was deleted from another account; 130 interrupted.`,
		Example: "  rolewright apply --format json plan.json > result.json\n  rolewright restore flag-operator --from result.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			run := applying{app: a, o: o}
			return run.restore(cmd.Context(), args[0], from)
		},
	}
	a.accountFlags(cmd.Flags())
	cmd.Flags().StringVar(&from, "from", "", "the `RESULT` of the apply that deleted the role, as JSON")
	cmd.Flags().BoolVar(&o.autoApprove, "auto-approve", false, "restore without asking")
	cmd.Flags().StringSliceVar(&o.lift.AllowEscalation, "allow-escalation", nil, "let the role `KEY` through although somebody may then change who may do what")
	cmd.Flags().StringVar(&o.workspace, "workspace", ".", "the `FOLDER` of the files, for its targets and guards")
	cmd.Flags().Var(&o.format, "format", o.format.usage())
	return cmd
}

func (r *applying) restore(ctx context.Context, key, from string) error {
	kept, err := readKept(key, from)
	if err != nil {
		return err
	}
	ws, err := r.loadValid(r.o.workspace)
	if err != nil {
		return err
	}
	if _, known := ws.Config.Targets[kept.Target.Name]; known && r.target == "" {
		r.target = kept.Target.Name
	}
	conn, err := r.connect(ws, readWrite)
	if err != nil {
		return err
	}
	defer conn.close()
	if !conn.embedded {
		if err := r.mayApply(ctx, false); err != nil {
			return err
		}
	}
	return r.restoreTo(ctx, kept, ws, conn)
}

// readKept reads the role from the result that --from names.
func readKept(key, from string) (*reconcile.Kept, error) {
	if from == "" {
		return nil, usage("rolewright apply --format json prints the result that keeps what it deleted", "--from is missing")
	}
	data, err := readRegular(from)
	if err != nil {
		return nil, &failure{reason: reconcile.ReasonUsage, err: err}
	}
	kept, err := reconcile.DecodeKept(data, key)
	if err != nil {
		return nil, &failure{reason: reconcile.ReasonUsage, err: fmt.Errorf("%q: %w", from, err)}
	}
	kept.File = from
	return kept, nil
}

// restoreTo plans the role and nothing else, shows that, asks, and creates it.
func (r *applying) restoreTo(ctx context.Context, kept *reconcile.Kept, ws *manifest.Workspace, conn *connection) error {
	only := kept.Only(ws)
	p, err := r.planNow(ctx, only, conn, r.o.planFlags)
	if err != nil {
		return err
	}
	if err := kept.Refusal(p); err != nil {
		return unrestored(err)
	}
	r.plan = p
	if len(p.Changes) > 0 {
		for _, remark := range kept.Remarks(ws) {
			_ = report.Warning(r.err, remark, r.errOptions()) // stderr is for hints
		}
	}
	if done, err := r.shownAndApproved(ctx, p); done || err != nil {
		return err
	}
	if err := r.write(ctx, p, only, conn); err != nil {
		return err
	}
	if r.o.format.value == report.Text && r.result.ExitReason == apply.ReasonApplied {
		_, err := fmt.Fprintf(r.out, "Restored role %q. Nobody holds it yet.\n", kept.Key)
		return err
	}
	return r.showResult()
}

// unrestored is the failure of a role that stays as it is.
func unrestored(err error) error {
	f := accountFailure(err)
	f.hints = append(f.hints, "nothing was written")
	if errors.Is(err, plan.ErrBlocked) {
		f.reason = plan.Blocked
		f.hints = append(f.hints, "rolewright export shows what the account holds; to have the old policy back, put it into the role's file")
	}
	return f
}
