package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/report"
)

type explainOptions struct {
	roleFlags
	format formatFlag
}

func newExplainCmd(a *app) *cobra.Command {
	o := explainOptions{format: newFormat(report.Text, report.JSON)}
	cmd := &cobra.Command{
		Use:   "explain ROLE",
		Short: "Say in words what a role allows",
		Long: `Print everything that a role allows: denies taken away, overlaps removed, in the words of its policy.
Role attributes without a value stand as they are.`,
		Example: "  rolewright explain developer\n  rolewright explain developer --attribute projects=web --live",
		Args:    oneRole,
		RunE:    func(cmd *cobra.Command, args []string) error { return a.runExplain(cmd.Context(), args[0], o) },
	}
	a.accountFlags(cmd.Flags())
	o.add(cmd.Flags())
	cmd.Flags().Var(&o.format, "format", o.format.usage())
	return cmd
}

func oneRole(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage("rolewright explain developer", "want the key of one role")
	}
	return nil
}

func (a *app) runExplain(ctx context.Context, key string, o explainOptions) error {
	attributes, err := parseAttributes(o.attributes)
	if err != nil {
		return err
	}
	asked, err := a.asked(ctx, o.roleFlags)
	if err != nil {
		return err
	}
	d, err := asked.Find(key)
	if err != nil {
		return hinted(reconcile.ReasonUsage, err)
	}
	allows, open := reconcile.Explain(d, attributes, policy.DefaultSemantics())
	return report.Explain(a.out, d.Role, allows, open, o.format.value, a.outOptions())
}
