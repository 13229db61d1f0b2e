package main

import (
	"errors"
	"io"
	"os"

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
		return a.fail(err, format, "")
	}
	return report.Plan(a.out, p, format.value, a.outOptions())
}

// maxPlanFile is the largest plan file that is read, in bytes.
const maxPlanFile = 64 << 20

// readPlan reads a saved plan: a regular file of bearable size that decodes and was not altered.
func readPlan(path string) (*plan.Plan, error) {
	data, err := readRegular(path, maxPlanFile)
	if err != nil {
		return nil, &failure{reason: reconcile.ReasonUsage, err: err}
	}
	p, err := plan.Decode(data)
	if err != nil {
		f := &failure{reason: reconcile.ReasonUsage, err: err}
		var altered *plan.AlteredError
		if errors.As(err, &altered) {
			f.reason = reconcile.Reason(err)
			f.hints = []string{"make the plan again: rolewright plan -o " + path}
		}
		return nil, f
	}
	return p, nil
}

// readRegular reads a whole regular file of at most limit bytes: no link, pipe or device, which
// could be something else by the time it is read, or never end.
func readRegular(path string, limit int64) ([]byte, error) {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &os.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	case info.Size() > limit:
		return nil, &os.PathError{Op: "read", Path: path, Err: errors.New("too large to be a plan")}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, limit))
}
