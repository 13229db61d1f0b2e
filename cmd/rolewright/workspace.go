package main

import (
	"os"
	"path/filepath"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
)

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

// load reads the workspace that path belongs to, with everything that is wrong in it.
func (a *app) load(path string) (*manifest.Workspace, []diag.Finding, error) {
	root, err := findWorkspace(path)
	if err != nil {
		return nil, nil, err
	}
	ws, findings, err := reconcile.Load(root, manifest.Options{AllowHost: a.getenv("ROLEWRIGHT_ALLOW_HOST")})
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

// writeFile writes a file of the workspace, making its folder where there is none.
func writeFile(root, path string, data []byte) error {
	full := filepath.Join(root, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return err
	}
	return os.WriteFile(full, data, 0o644)
}
