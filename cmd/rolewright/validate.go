package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
)

func newValidateCmd(a *app) *cobra.Command {
	format := newFormat(report.Text, report.JSON)
	cmd := &cobra.Command{
		Use:   "validate [PATH…]",
		Short: "Check role files, offline",
		Long: `Check the workspace that each PATH belongs to: bytes, YAML, schema, meaning. No network, no token.
Files are accepted as well as folders, for pre-commit; the whole workspace is checked either way,
since a key may be taken in another file.`,
		Example: "  rolewright validate\n  rolewright validate roles/flag-operator.yaml",
		Args:    somePaths,
		RunE:    func(_ *cobra.Command, args []string) error { return a.runValidate(args, format) },
	}
	cmd.Flags().Var(&format, "format", format.usage())
	return cmd
}

func (a *app) runValidate(paths []string, format formatFlag) error {
	roots, err := workspacesOf(paths)
	if err != nil {
		return err
	}
	var findings []diag.Finding
	roles, files := 0, 0
	for _, root := range roots {
		ws, found, err := a.load(root)
		if err != nil {
			return err
		}
		findings = append(findings, found...)
		roles, files = roles+len(ws.Roles), files+len(ws.Files)
	}
	return a.showFindings(findings, format, roles, files)
}

// workspacesOf returns the workspaces that the paths belong to, each once.
func workspacesOf(paths []string) ([]string, error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var roots []string
	for _, path := range paths {
		root, err := findWorkspace(path)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(roots, root) {
			roots = append(roots, root)
		}
	}
	return roots, nil
}

func (a *app) showFindings(findings []diag.Finding, format formatFlag, roles, files int) error {
	reason := validity(findings)
	if format.value == report.JSON {
		if err := report.FindingsJSON(a.out, findings, reason); err != nil {
			return err
		}
		return outcome(reason, false)
	}
	a.printFindings(a.out, findings)
	if len(findings) == 0 {
		fmt.Fprintf(a.out, "Valid: %s in %s.\n", count(roles, "role"), count(files, "file"))
	}
	return outcome(reason, false)
}

func validity(findings []diag.Finding) plan.ExitReason {
	if diag.HasErrors(findings) {
		return reconcile.ReasonInvalid
	}
	return reconcile.ReasonOK
}
