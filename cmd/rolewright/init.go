package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/reconcile"
)

func newInitCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "init [PATH]",
		Short: "Start a workspace",
		Long: `Start a workspace in a folder: rolewright.yaml, one example role, the schemas that let an editor
complete and explain, and a workflow. Files that are there already are left alone.`,
		Example: "  rolewright init\n  rolewright init access/",
		Args:    cobra.MaximumNArgs(1),
		RunE:    func(_ *cobra.Command, args []string) error { return a.runInit(pathArg(args)) },
	}
}

func (a *app) runInit(path string) error {
	if _, err := os.Stat(filepath.Join(path, "rolewright.yaml")); err == nil {
		return usage("", "%s is a workspace already", path)
	}
	files, err := reconcile.Scaffold(released())
	if err != nil {
		return err
	}
	for _, f := range files {
		kept, err := writeNew(path, f)
		if err != nil {
			return &failure{reason: reconcile.ReasonUsage, err: err}
		}
		if kept {
			fmt.Fprintf(a.out, "kept    %s\n", f.Path)
			continue
		}
		fmt.Fprintf(a.out, "created %s\n", f.Path)
	}
	fmt.Fprintf(a.err, "\nNext: rolewright plan %s\n", path)
	return nil
}

// writeNew writes a file that is not there yet, and reports whether one was.
func writeNew(root string, f reconcile.File) (kept bool, err error) {
	_, err = os.Lstat(filepath.Join(root, filepath.FromSlash(f.Path)))
	if err == nil {
		return true, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return false, writeFile(root, f.Path, f.Data)
}
