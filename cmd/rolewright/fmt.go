package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aymanbagabas/go-udiff"
	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/manifest/layout"
)

type fmtOptions struct{ check, diff bool }

func newFmtCmd(a *app) *cobra.Command {
	var o fmtOptions
	cmd := &cobra.Command{
		Use:   "fmt [PATH…]",
		Short: "Rewrite role files in the canonical layout",
		Long: `Rewrite files in the canonical layout: order of keys, quotes, lists. Comments are kept, and the
meaning never changes: a file that could not be kept whole is left alone and reported.
A folder stands for every file of its workspace below it; "-" formats standard input to standard output.`,
		Example: "  rolewright fmt\n  rolewright fmt --check roles/qa.yaml\n  rolewright fmt - < role.yaml",
		RunE:    func(_ *cobra.Command, args []string) error { return a.runFmt(args, o) },
	}
	cmd.Flags().BoolVar(&o.check, "check", false, "write nothing; list what is not formatted and exit with 1")
	cmd.Flags().BoolVar(&o.diff, "diff", false, "write nothing; show what would change")
	return cmd
}

func (a *app) runFmt(paths []string, o fmtOptions) error {
	if len(paths) == 1 && paths[0] == "-" {
		return a.fmtStdin()
	}
	files, err := a.filesToFormat(paths)
	if err != nil {
		return err
	}
	var failed error
	changed := 0
	for _, file := range files {
		did, err := a.fmtFile(file, o)
		if err != nil {
			a.printError(&failure{err: err})
			failed = err
		}
		if did {
			changed++
		}
	}
	switch {
	case failed != nil:
		return &failure{reason: reconcile.ReasonInvalid, err: failed, shown: true}
	case o.check && changed > 0:
		return &failure{
			reason: reconcile.ReasonInvalid, err: fmt.Errorf("%d of %d files are not formatted", changed, len(files)),
			hints: []string{"rolewright fmt formats them"},
		}
	}
	return nil
}

func (a *app) fmtStdin() error {
	src, err := io.ReadAll(a.in)
	if err != nil {
		return err
	}
	out, err := layout.Format(src)
	if err != nil {
		return &failure{reason: reconcile.ReasonInvalid, err: fmt.Errorf("standard input: %w", err)}
	}
	_, err = a.out.Write(out)
	return err
}

// fmtFile formats one file and reports whether it was, or would be, changed.
func (a *app) fmtFile(file string, o fmtOptions) (bool, error) {
	src, err := readRegular(file, maxPlanFile)
	if err != nil {
		return false, err
	}
	out, err := layout.Format(src)
	if err != nil {
		return false, fmt.Errorf("%s: %w", file, err)
	}
	if bytes.Equal(src, out) {
		return false, nil
	}
	if o.diff {
		fmt.Fprint(a.out, udiff.Unified(file, file+" (formatted)", string(src), string(out)))
	} else {
		fmt.Fprintln(a.out, file)
	}
	if o.check || o.diff {
		return true, nil
	}
	return true, replaceFile(file, out)
}

// replaceFile puts data in the place of a file in one step, so that nobody ever reads half of it.
func replaceFile(file string, data []byte) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(file), ".rolewright-*")
	if err != nil {
		return err
	}
	_, werr := temp.Write(data)
	err = errors.Join(werr, temp.Chmod(info.Mode().Perm()), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}

// filesToFormat returns the files that the paths stand for: a file itself, a folder every file of
// its workspace that lies below it.
func (a *app) filesToFormat(paths []string) ([]string, error) {
	if len(paths) == 0 {
		paths = []string{"."}
	}
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, &failure{reason: reconcile.ReasonUsage, err: err}
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		below, err := a.filesBelow(path)
		if err != nil {
			return nil, err
		}
		files = append(files, below...)
	}
	return files, nil
}

// filesBelow lists the workspace's files below a folder. Whether they are valid does not matter.
func (a *app) filesBelow(folder string) ([]string, error) {
	ws, _, err := a.load(folder)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, f := range ws.Files {
		rel, err := relative(folder, filepath.Join(ws.Root, filepath.FromSlash(f)))
		if err != nil {
			return nil, err
		}
		if filepath.IsLocal(rel) {
			files = append(files, filepath.Join(folder, rel))
		}
	}
	return files, nil
}

// relative is filepath.Rel for two paths of which one may be absolute.
func relative(base, target string) (string, error) {
	base, err := filepath.Abs(base)
	if err != nil {
		return "", err
	}
	if target, err = filepath.Abs(target); err != nil {
		return "", err
	}
	return filepath.Rel(base, target)
}
