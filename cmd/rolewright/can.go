package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/report"
)

// roleFlags say which roles a question is about.
type roleFlags struct {
	workspace  string
	live       bool
	snapshot   string
	attributes []string
}

func (f *roleFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.workspace, "workspace", ".", "the `FOLDER` of the role files")
	flags.BoolVar(&f.live, "live", false, "ask the roles of the account instead of the files")
	flags.StringVar(&f.snapshot, "snapshot", "", "ask the roles of `FILE`, made by export --snapshot")
	flags.StringArrayVar(&f.attributes, "attribute", nil, "a role attribute: `NAME=VALUE[,VALUE…]`")
}

type canOptions struct {
	roleFlags
	role   string
	member string
	team   string
	format formatFlag
}

func newCanCmd(a *app) *cobra.Command {
	o := canOptions{format: newFormat(report.Text, report.JSON)}
	cmd := &cobra.Command{
		Use:   `can "ACTION on SPECIFIER" (--role KEY | --member EMAIL | --team KEY)`,
		Short: "Say whether a role, a member or a team may do something, and why",
		Long: `Answer yes, no or partly, with the statement that decides, or what comes nearest. The question
may hold patterns: then yes means every request that they stand for, and partly comes with examples.

Roles are taken from the files, from the account with --live, or from a snapshot. Members and teams
are those of the account: a member has the roles that they hold and those of their teams, a team
stands for what it gives to its members.`,
		Example: `  rolewright can "updateOn on proj/web:env/production:flag/checkout" --role developer --attribute projects=web
  rolewright can "* on proj/*:env/*;{critical:true}:flag/*" --role qa-engineer --live
  rolewright can "updatePolicy on role/*" --member ana@example.com`,
		Args: oneQuestion,
		RunE: func(cmd *cobra.Command, args []string) error { return a.runCan(cmd.Context(), args[0], o) },
	}
	a.accountFlags(cmd.Flags())
	o.add(cmd.Flags())
	cmd.Flags().StringVar(&o.role, "role", "", "the role that is asked, by `KEY`")
	cmd.Flags().StringVar(&o.member, "member", "", "the member that is asked, by `EMAIL`")
	cmd.Flags().StringVar(&o.team, "team", "", "the team that is asked, by `KEY`")
	cmd.Flags().Var(&o.format, "format", o.format.usage())
	return cmd
}

func oneQuestion(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usage(`rolewright can "updateOn on proj/web:env/production:flag/checkout" --role developer`,
			"want one question in quotes, not %d words", len(args))
	}
	return nil
}

func (a *app) runCan(ctx context.Context, question string, o canOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	if o.role == "" {
		return a.canHolder(ctx, question, o)
	}
	attributes, err := parseAttributes(o.attributes)
	if err != nil {
		return err
	}
	asked, err := a.asked(ctx, o.roleFlags)
	if err != nil {
		return err
	}
	d, err := asked.Find(o.role)
	if err != nil {
		return hinted(reconcile.ReasonUsage, err)
	}
	replies, err := reconcile.Can(d, attributes, question, policy.DefaultSemantics())
	if err != nil {
		return badQuestion(err)
	}
	return report.Replies(a.out, replies, o.format.value, a.outOptions())
}

// check refuses a question about nobody, about several, or about somebody whose roles or attributes the
// command line cannot choose.
func (o *canOptions) check() error {
	asked := 0
	for _, who := range []string{o.role, o.member, o.team} {
		if who != "" {
			asked++
		}
	}
	switch {
	case asked == 0:
		return usage("", "who? say --role KEY, --member EMAIL or --team KEY")
	case asked > 1:
		return usage("", "--role, --member and --team exclude each other")
	case o.role == "" && (len(o.attributes) > 0 || o.snapshot != ""):
		return usage("a member and a team are those of the account, with the role attributes that they have there",
			"--attribute and --snapshot go with --role")
	}
	return nil
}

func badQuestion(err error) error {
	f := &failure{reason: reconcile.ReasonUsage, err: err}
	var bad *policy.RequestError
	if errors.As(err, &bad) && bad.Suggestion != "" {
		f.hints = []string{fmt.Sprintf("did you mean %q?", bad.Suggestion)}
	}
	return f
}

// asked returns the roles that the flags name.
func (a *app) asked(ctx context.Context, f roleFlags) (reconcile.Asked, error) {
	if f.live && f.snapshot != "" {
		return nil, usage("", "--live and --snapshot exclude each other")
	}
	ws, err := a.loadValid(f.workspace)
	if err != nil {
		return nil, err
	}
	if !f.live && f.snapshot == "" {
		return reconcile.FromFiles(ws), nil
	}
	conn, err := a.planAgainst(ws, f.snapshot)
	if err != nil {
		return nil, err
	}
	defer conn.close()
	ctx, cancel := a.limit(ctx)
	defer cancel()
	asked, err := reconcile.FromAccount(ctx, conn.Account)
	if err != nil {
		return nil, accountFailure(err)
	}
	return asked, nil
}

// parseAttributes reads NAME=VALUE[,VALUE…], which may come several times for one name.
func parseAttributes(texts []string) (map[string][]string, error) {
	attributes := map[string][]string{}
	for _, text := range texts {
		name, values, ok := strings.Cut(text, "=")
		if !ok || name == "" || values == "" {
			return nil, usage("", "--attribute %q: want NAME=VALUE", text)
		}
		attributes[name] = append(attributes[name], strings.Split(values, ",")...)
	}
	return attributes, nil
}
