package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/aymanbagabas/go-udiff"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/report"
)

// fixFlags are what validate does beside judging.
type fixFlags struct{ fix, diff bool }

// check refuses flags that say nothing together.
func (o fixFlags) check() error {
	if o.diff && !o.fix {
		return usage("write --fix --diff to see what --fix would change", "--diff goes with --fix")
	}
	return nil
}

// fixFiles makes the safe fixes in the workspaces, or shows them. What is told of them goes to w.
func (a *app) fixFiles(roots []string, o fixFlags, w io.Writer) (left []diag.Finding, err error) {
	for _, root := range roots {
		src, err := manifest.OpenFolder(root)
		if err != nil {
			return nil, &failure{reason: reconcile.ReasonInvalid, err: err}
		}
		fixed, err := reconcile.Fix(src, a.manifestOptions())
		if err = cmp.Or(err, src.Close()); err != nil {
			return nil, &failure{reason: reconcile.ReasonInvalid, err: err}
		}
		left = append(left, fixed.Findings...)
		if o.diff {
			a.showFixes(fixed)
			continue
		}
		if err := writeFixes(root, fixed); err != nil {
			return nil, &failure{reason: reconcile.ReasonUsage, err: err}
		}
		tellFixes(w, fixed)
	}
	return left, nil
}

// writeFixes puts the new files in the place of the old, which must not have changed meanwhile.
func writeFixes(root string, fixed *reconcile.Fixed) error {
	for _, name := range slices.Sorted(maps.Keys(fixed.After)) {
		path := filepath.Join(root, filepath.FromSlash(name))
		data, err := readRegular(path)
		if err != nil {
			return err
		}
		if !bytes.Equal(data, fixed.Before[name]) {
			return fmt.Errorf("%q has changed while it was being fixed; it was left as it is", path)
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if err := replaceFile(path, fixed.After[name], info.Mode().Perm()); err != nil {
			return err
		}
	}
	return nil
}

// tellFixes says what was put right, by the lines that the files had, and what was not and why.
func tellFixes(w io.Writer, fixed *reconcile.Fixed) {
	say := func(format string, args ...any) {
		fmt.Fprintln(w, report.Inert(report.Terminal(fmt.Sprintf(format, args...))))
	}
	for _, r := range fixed.Done {
		say("fixed %s in %s:%d", r.Code, r.Pos.File, r.Pos.Line)
	}
	for _, r := range fixed.Left {
		say("not fixed %s in %s:%d: %s", r.Code, r.Pos.File, r.Pos.Line, r.Why)
	}
}

// showFixes prints what would change, and writes nothing.
func (a *app) showFixes(fixed *reconcile.Fixed) {
	for _, name := range slices.Sorted(maps.Keys(fixed.After)) {
		shown := report.Terminal(name)
		diff := udiff.Unified(shown, shown+" (fixed)", string(fixed.Before[name]), string(fixed.After[name]))
		if a.getenv("GITHUB_ACTIONS") == "true" {
			diff = report.Inert(diff) // a line of a file is no command to the runner
		}
		fmt.Fprint(a.out, diff)
	}
	tellFixes(a.err, fixed)
}

// diffOutcome ends a run that only showed fixes: what is left is told on the side.
func (a *app) diffOutcome(left []diag.Finding) error {
	a.printFindings(a.err, left)
	return outcome(validity(left), false)
}
