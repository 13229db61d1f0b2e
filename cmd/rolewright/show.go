package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
)

func newShowCmd(a *app) *cobra.Command {
	format := newFormat(report.Text, report.JSON, report.Markdown)
	cmd := &cobra.Command{
		Use:     "show PLAN",
		Short:   "Draw a saved plan",
		Long:    "Draw a plan that plan -o saved. No network, no files but that one.",
		Example: "  rolewright show plan.json\n  rolewright show --format markdown plan.json",
		Args:    cobra.ExactArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return a.runShow(args[0], format) },
	}
	cmd.Flags().Var(&format, "format", format.usage())
	return cmd
}

func (a *app) runShow(path string, format formatFlag) error {
	p, err := readPlan(path)
	if err != nil {
		return err
	}
	return report.Plan(a.out, p, format.value, a.outOptions())
}

// readPlan reads a saved plan: a regular file of bearable size that decodes and was not altered.
func readPlan(path string) (*plan.Plan, error) {
	data, err := readRegular(path)
	if err != nil {
		return nil, &failure{reason: reconcile.ReasonUsage, err: err}
	}
	p, err := plan.Decode(data)
	if err != nil {
		f := &failure{reason: reconcile.ReasonUsage, err: fmt.Errorf("%q: %w", path, err)}
		var altered *plan.AlteredError
		if errors.As(err, &altered) {
			f.reason = reconcile.Reason(err)
		}
		f.hints = []string{"rolewright plan -o FILE makes a plan"}
		return nil, f
	}
	return p, nil
}
