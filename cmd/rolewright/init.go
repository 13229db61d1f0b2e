package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/report"
)

func newInitCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "init [PATH]",
		Short: "Start a workspace",
		Long: `Start a workspace in a folder: rolewright.yaml, one example role, the schemas that let an editor
complete and explain, and a workflow. Files that are there already are left alone.`,
		Example: "  rolewright init\n  rolewright init access/",
		Args:    onePath,
		RunE:    func(_ *cobra.Command, args []string) error { return a.runInit(pathArg(args)) },
	}
}

func (a *app) runInit(path string) error {
	if root, err := manifest.Find(nearest(path)); err == nil {
		return usage("", "%q is a workspace already", root)
	}
	info, _ := debug.ReadBuildInfo()
	pin := actionPin(info)
	files, err := reconcile.Scaffold(pin)
	if err != nil {
		return err
	}
	repository := repositoryOf(path)
	for _, f := range files {
		if strings.HasPrefix(f.Path, ".github/") && repository != "" {
			fmt.Fprintf(a.err, "left out %s: GitHub reads workflows at the root of the repository only, which is %s\n", f.Path, report.Terminal(repository))
			continue
		}
		kept, err := writeNew(path, f)
		if err != nil {
			return &failure{reason: reconcile.ReasonUsage, err: err}
		}
		if kept {
			fmt.Fprintf(a.out, "kept    %s\n", f.Path)
			continue
		}
		fmt.Fprintf(a.out, "created %s\n", f.Path)
		if pin == "" && bytes.Contains(f.Data, []byte(reconcile.ActionPlaceholder)) {
			fmt.Fprintf(a.err, "in %s, put the commit of a release behind rolewright/rolewright@: this build does not know its own\n", f.Path)
		}
	}
	fmt.Fprintf(a.err, "\nNext: rolewright plan %s\n", report.Terminal(path))
	return nil
}

// releaseTag is a version that is a tag too, unlike those that the Go tool makes up.
var releaseTag = regexp.MustCompile(`^v\d+\.\d+\.\d+$`)

// actionPin returns what a workflow puts behind "rolewright/rolewright@" to use the action as this
// program is: the commit that it was built from, or the tag that it was installed by, or "".
func actionPin(info *debug.BuildInfo) string {
	if info == nil {
		return ""
	}
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	commit, tag := settings["vcs.revision"], releaseTag.FindString(info.Main.Version)
	switch {
	case commit != "" && settings["vcs.modified"] == "false":
		return strings.TrimSuffix(commit+" # "+tag, " # ")
	case commit == "" && tag != "":
		return tag + " # better: the commit of this tag"
	}
	return ""
}

// repositoryOf returns the root of the git repository that path lies in, or "" if path is that root
// or lies in none.
func repositoryOf(path string) string {
	start, err := filepath.Abs(path)
	if err != nil || exists(filepath.Join(start, ".git")) {
		return ""
	}
	for at := filepath.Dir(start); ; at = filepath.Dir(at) {
		if exists(filepath.Join(at, ".git")) {
			return at
		}
		if at == filepath.Dir(at) {
			return ""
		}
	}
}

// nearest returns path, or the nearest folder above it that is there.
func nearest(path string) string {
	at, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	for !exists(at) {
		at = filepath.Dir(at)
	}
	return at
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
