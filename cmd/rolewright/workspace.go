package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
)

// onePath allows one path at most, and none that is empty: a variable that is not set is not ".".
func onePath(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usage("", "one path at most, not %d", len(args))
	}
	return somePaths(nil, args)
}

// somePaths refuses an empty path.
func somePaths(_ *cobra.Command, args []string) error {
	if slices.Contains(args, "") {
		return usage("name a folder, or leave the argument out for the one where you are", "the path is empty")
	}
	return nil
}

// pathArg returns the one optional path argument, "." by default.
func pathArg(args []string) string {
	if len(args) == 0 {
		return "."
	}
	return args[0]
}

// findWorkspace returns the folder of the workspace that path belongs to.
func findWorkspace(path string) (string, error) {
	root, err := manifest.Find(path)
	if err != nil {
		return "", hinted(reconcile.ReasonInvalid, err)
	}
	return root, nil
}

func (a *app) manifestOptions() manifest.Options {
	return manifest.Options{AllowHost: a.getenv("ROLEWRIGHT_ALLOW_HOST"), Today: a.now()}
}

// load reads the workspace that path belongs to, with everything that is wrong in it.
func (a *app) load(path string) (*manifest.Workspace, []diag.Finding, error) {
	root, err := findWorkspace(path)
	if err != nil {
		return nil, nil, err
	}
	ws, findings, err := reconcile.Load(root, a.manifestOptions())
	if err != nil {
		return nil, nil, &failure{reason: reconcile.ReasonInvalid, err: err}
	}
	return ws, findings, nil
}

// loadValid is load for commands that go on to an account: files with errors end the run.
func (a *app) loadValid(path string) (*manifest.Workspace, error) {
	ws, findings, err := a.load(path)
	if err != nil {
		return nil, err
	}
	if diag.HasErrors(findings) {
		return nil, refused(findings)
	}
	a.printFindings(a.err, findings)
	return ws, nil
}
