package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/aymanbagabas/go-udiff"
	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/manifest/layout"
	"github.com/rolewright/rolewright/reconcile/report"
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
		Args:    somePaths,
		RunE:    func(_ *cobra.Command, args []string) error { return a.runFmt(args, o) },
	}
	cmd.Flags().BoolVar(&o.check, "check", false, "write nothing; list what is not formatted and exit with 1")
	cmd.Flags().BoolVar(&o.diff, "diff", false, "write nothing; show what would change")
	return cmd
}

func (a *app) runFmt(paths []string, o fmtOptions) error {
	if slices.Contains(paths, "-") {
		if len(paths) > 1 {
			return usage("", "\"-\" stands alone")
		}
		return a.fmtStdin(o)
	}
	files, err := a.filesToFormat(paths)
	if err != nil {
		return err
	}
	changed := 0
	var findings []diag.Finding
	for _, file := range files {
		did, found, err := a.fmtFile(file, o)
		if err != nil {
			return &failure{reason: reconcile.ReasonUsage, err: err}
		}
		findings = append(findings, found...)
		if did {
			changed++
		}
	}
	if len(findings) > 0 {
		return refused(findings)
	}
	return unformatted(changed, len(files), o)
}

// unformatted ends a check that found files to format.
func unformatted(changed, files int, o fmtOptions) error {
	if !o.check || changed == 0 {
		return nil
	}
	verb := "are"
	if changed == 1 {
		verb = "is"
	}
	return &failure{
		reason: reconcile.ReasonInvalid, err: fmt.Errorf("%d of %s %s not formatted", changed, count(files, "file"), verb),
		hints: []string{"rolewright fmt formats them"},
	}
}

func (a *app) fmtStdin(o fmtOptions) error {
	src, err := io.ReadAll(a.in)
	if err != nil {
		return &failure{reason: reconcile.ReasonUsage, err: fmt.Errorf("standard input: %w", err)}
	}
	const name = "standard input"
	out, findings := formatted(name, src)
	switch {
	case findings != nil:
		return refused(findings)
	case bytes.Equal(src, out) && (o.check || o.diff):
		return nil
	case o.diff:
		a.printDiff(name, src, out)
	case !o.check:
		_, err = a.out.Write(out)
		return err
	}
	return unformatted(1, 1, o)
}

// fmtFile formats one file, unless it only looks, and reports whether it was, or would be, changed.
// The findings say why it could not.
func (a *app) fmtFile(file string, o fmtOptions) (bool, []diag.Finding, error) {
	src, err := readRegular(file)
	if err != nil {
		return false, nil, err
	}
	out, findings := formatted(file, src)
	if findings != nil || bytes.Equal(src, out) {
		return false, findings, nil
	}
	if !o.check && !o.diff {
		info, err := os.Stat(file)
		if err != nil {
			return false, nil, err
		}
		if err := replaceFile(file, out, info.Mode().Perm()); err != nil {
			return false, nil, err
		}
	}
	if o.diff {
		a.printDiff(file, src, out)
	} else {
		fmt.Fprintln(a.out, report.Inert(report.Terminal(file)))
	}
	return true, nil, nil
}

func (a *app) printDiff(name string, src, out []byte) {
	name = report.Terminal(name)
	diff := udiff.Unified(name, name+" (formatted)", string(src), string(out))
	if a.getenv("GITHUB_ACTIONS") == "true" {
		diff = report.Inert(diff) // a line of a file is no command to the runner
	}
	fmt.Fprint(a.out, diff)
}

// formatted returns src in the canonical layout, or what keeps it from being formatted: what is
// wrong with the file or, where nothing is, what the layout cannot keep.
func formatted(name string, src []byte) ([]byte, []diag.Finding) {
	out, err := layout.Format(src)
	if err == nil {
		return out, nil
	}
	_, findings := manifest.Check(filepath.ToSlash(name), src)
	if diag.HasErrors(findings) {
		return nil, findings
	}
	f := diag.Finding{Code: "fmt", Message: err.Error(), Pos: diag.Position{File: filepath.ToSlash(name)}}
	var refusal *layout.Error
	if errors.As(err, &refusal) {
		f.Message, f.Hint = refusal.Message, refusal.Hint
		f.Pos.Line, f.Pos.Column = refusal.Line, refusal.Column
	}
	return nil, []diag.Finding{f}
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
			if err := mayFormat(path); err != nil {
				return nil, err
			}
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

// mayFormat refuses files that are none of ours: fmt rewrites any YAML, and JSON is YAML.
func mayFormat(path string) error {
	if !isYAML(path) {
		return usage("", "%q is no YAML file by its name", path)
	}
	root, err := findWorkspace(path)
	if err != nil {
		return err
	}
	return staysInside(root, path)
}

// staysInside refuses a file to whose folder a link leads out of the workspace: no repository has us
// rewrite what is elsewhere.
func staysInside(root, path string) error {
	rel, err := relative(root, path)
	if err != nil {
		return &failure{reason: reconcile.ReasonUsage, err: err}
	}
	dir, err := os.OpenRoot(root)
	if err != nil {
		return &failure{reason: reconcile.ReasonUsage, err: err}
	}
	defer dir.Close()
	if _, err := dir.Stat(filepath.Dir(rel)); err != nil {
		return usage("name the file by the folder that it is in", "%q is not in the workspace %q: a link leads elsewhere", path, root)
	}
	return nil
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
