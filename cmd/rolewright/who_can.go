package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/report"
)

type whoCanOptions struct {
	workspace string
	format    formatFlag
}

func newWhoCanCmd(a *app) *cobra.Command {
	o := whoCanOptions{format: newFormat(report.Text, report.JSON)}
	cmd := &cobra.Command{
		Use:   `who-can "ACTION on SPECIFIER"`,
		Short: "List who may do something, and how they come to it",
		Long: `List the members and teams of the account that may do all or part of what the question stands for,
with the role, the team, the role attributes and the statement by which they may. A team stands for
what it gives to its members.

Everybody who is not listed may do none of it; --verbose lists them too.`,
		Example: `  rolewright who-can "updateOn on proj/web:env/production:flag/*" --target production
  rolewright who-can "* on role/*" --format json`,
		Args: oneQuestion,
		RunE: func(cmd *cobra.Command, args []string) error { return a.runWhoCan(cmd.Context(), args[0], o) },
	}
	a.accountFlags(cmd.Flags())
	cmd.Flags().StringVar(&o.workspace, "workspace", ".", "the `FOLDER` of the role files")
	cmd.Flags().Var(&o.format, "format", o.format.usage())
	return cmd
}

func (a *app) runWhoCan(ctx context.Context, question string, o whoCanOptions) error {
	boxes, err := boxesOf(question, o.format)
	if err != nil {
		return err
	}
	c, err := a.crowd(ctx, o.workspace)
	if err != nil {
		return err
	}
	options := people.Options{Semantics: policy.DefaultSemantics()}
	for _, box := range boxes {
		if err := report.WhoCan(a.out, c.answers(box, people.WhoCan(c.account, box, options)), o.format.value, a.outOptions()); err != nil {
			return err
		}
	}
	return nil
}

// crowd is what a question about people is answered from.
type crowd struct {
	ws      *manifest.Workspace
	account people.Account
}

// boxesOf reads a question, which may name several actions. As JSON each would be a document of its
// own, which no reader expects.
func boxesOf(question string, format formatFlag) ([]access.Box, error) {
	boxes, err := reconcile.ParseBoxes(question)
	if err != nil {
		return nil, badQuestion(err)
	}
	if len(boxes) > 1 && format.value == report.JSON {
		return nil, usage("ask once for each action", "--format json answers for one action at a time, not for %d", len(boxes))
	}
	return boxes, nil
}

// crowd reads the account that a question is about. Who is in a team only the account knows, so files
// alone cannot answer.
func (a *app) crowd(ctx context.Context, workspace string) (*crowd, error) {
	ws, err := a.loadValid(workspace)
	if err != nil {
		return nil, err
	}
	conn, err := a.connect(ws, readOnly)
	if err != nil {
		return nil, err
	}
	defer conn.close()
	ctx, cancel := a.limit(ctx)
	defer cancel()
	account, err := reconcile.Crowd(ctx, conn.Account)
	if err != nil {
		return nil, accountFailure(err)
	}
	return &crowd{ws, account}, nil
}

func (c *crowd) answers(box access.Box, list []people.Answer) report.Answers {
	return report.Answers{
		Question: fmt.Sprintf("%s on %s", box.Actions[0], box.Specifier), Answers: list,
		Source: reconcile.InFiles(c.ws, c.account.Roles),
	}
}

// canHolder answers for one member or one team of the account.
func (a *app) canHolder(ctx context.Context, question string, o canOptions) error {
	boxes, err := boxesOf(question, o.format)
	if err != nil {
		return err
	}
	c, err := a.crowd(ctx, o.workspace)
	if err != nil {
		return err
	}
	who := people.Who{Email: o.member, Team: o.team}
	for _, box := range boxes {
		answer, err := people.Can(c.account, who, box, people.Options{Semantics: policy.DefaultSemantics()})
		if err != nil {
			return c.nobody(err, who)
		}
		if err := report.PersonAnswer(a.out, c.answers(box, []people.Answer{answer}), o.format.value, a.outOptions()); err != nil {
			return err
		}
	}
	return nil
}

// nobody is the failure of a question about somebody who is not there.
func (c *crowd) nobody(err error, who people.Who) error {
	var none *people.NobodyError
	if !errors.As(err, &none) {
		return err
	}
	name, names := who.Email, []string{}
	if who.Team != "" {
		name = who.Team
	}
	for _, m := range c.account.Members {
		if who.Team == "" {
			names = append(names, m.Email)
		}
	}
	for _, t := range c.account.Teams {
		if who.Team != "" {
			names = append(names, t.Key)
		}
	}
	hint := ""
	if near := diag.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return usage(hint, "%w", err)
}
