package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/report"
)

func newVerifyCmd(a *app) *cobra.Command {
	o := applyOptions{format: newFormat(report.Text, report.JSON)}
	cmd := &cobra.Command{
		Use:   "verify PLAN",
		Short: "Say whether a saved plan would still apply",
		Long: `Ask of a plan that plan -o saved what apply asks of it before it writes: is it as it was saved, and
not too old; are the files, the account and what the plan touches there as they were; do the guards
let it through. Nothing is written: the connection refuses everything but reading.

Exit code: 0 it would apply, 1 error, 3 blocked by a guard, 4 stale (and why).`,
		Example: "  rolewright verify plan.json\n  rolewright verify --workspace roles/ --format json plan.json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.given = givenOf(cmd.Flags())
			run := applying{app: a, o: o}
			return run.verify(cmd.Context(), args[0])
		},
	}
	a.accountFlags(cmd.Flags())
	cmd.Flags().StringVar(&o.workspace, "workspace", ".", "the `FOLDER` of the files that the plan was made from")
	cmd.Flags().Var(&o.format, "format", o.format.usage())
	return cmd
}

// verify does what apply does with a saved plan, up to where it would write.
func (r *applying) verify(ctx context.Context, path string) error {
	saved, err := readPlan(path)
	if err != nil {
		return err
	}
	if err := r.fits(saved); err != nil {
		return err
	}
	ws, err := r.loadValid(r.o.workspace)
	if err != nil {
		return inWorkspace(err, saved)
	}
	conn, err := r.connect(ws, readOnly)
	if err != nil {
		return err
	}
	defer conn.close()
	ctx, cancel := r.limit(ctx)
	defer cancel()
	if err := reconcile.Verify(ctx, saved, ws, conn.Account, r.options(conn, r.o.planFlags)); err != nil {
		f := accountFailure(err)
		f.hints = append(f.hints, "make the plan again and review it")
		return f
	}
	return report.Holds(r.out, saved, r.o.format.value, r.outOptions())
}
