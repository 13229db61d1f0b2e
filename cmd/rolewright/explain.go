package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/report"
)

type explainOptions struct {
	roleFlags
	member, team string
	role         bool // the argument is a role's key whatever it looks like
	format       formatFlag
}

func newExplainCmd(a *app) *cobra.Command {
	o := explainOptions{format: newFormat(report.Text, report.JSON)}
	cmd := &cobra.Command{
		Use:   "explain (ROLE | CODE | --member EMAIL | --team KEY)",
		Short: "Say in words what a role allows, what somebody may do, or what a lint rule finds",
		Long: `Print everything that a role allows: denies taken away, overlaps removed, in the words of its policy.
Role attributes without a value stand as they are.

A member or a team of the account is explained by all roles that they hold, with the role attributes
that they have there.

A word of the form LD105 is the code of a lint rule, and its page is printed: why it matters, an example,
and what to do. A role with such a key is asked for with --role.`,
		Example: "  rolewright explain developer\n  rolewright explain developer --attribute projects=web --live\n  rolewright explain --member ana@example.com\n  rolewright explain LD105",
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.member != "" || o.team != "" {
				return a.explainHolder(cmd.Context(), args, o)
			}
			if len(args) == 1 && !o.role && ruleCode.MatchString(args[0]) {
				return a.explainRule(args[0], o)
			}
			if err := oneRole(cmd, args); err != nil {
				return err
			}
			return a.runExplain(cmd.Context(), args[0], o)
		},
	}
	a.accountFlags(cmd.Flags())
	o.add(cmd.Flags())
	cmd.Flags().StringVar(&o.member, "member", "", "explain the member of the account with this `EMAIL`")
	cmd.Flags().StringVar(&o.team, "team", "", "explain the team of the account with this `KEY`")
	cmd.Flags().BoolVar(&o.role, "role", false, "the argument is the key of a role, even if it looks like the code of a lint rule")
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

// explainHolder explains a member or a team of the account.
func (a *app) explainHolder(ctx context.Context, args []string, o explainOptions) error {
	switch {
	case len(args) > 0 || o.role || o.member != "" && o.team != "":
		return usage("", "a role, --member and --team exclude each other")
	case len(o.attributes) > 0 || o.snapshot != "":
		return usage("a member and a team are those of the account, with the role attributes that they have there",
			"--attribute and --snapshot go with a role")
	}
	c, err := a.crowd(ctx, o.workspace)
	if err != nil {
		return err
	}
	who := people.Who{Email: o.member, Team: o.team}
	effect, err := reconcile.ExplainHolder(c.account, who, policy.DefaultSemantics())
	if err != nil {
		return c.nobody(err, who)
	}
	return report.ExplainHolder(a.out, who, effect, o.format.value, a.outOptions())
}
