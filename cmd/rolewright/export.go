package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
	"github.com/rolewright/rolewright/reconcile/role"
)

type exportOptions struct {
	workspace string
	snapshot  string
	keys      []string
	overwrite bool
}

func newExportCmd(a *app) *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export [PATH]",
		Short: "Write the account's roles as files",
		Long: `Write each role of the account as a file below PATH/roles, so that planning PATH changes nothing.
In an empty folder a workspace is started, with the target that the roles came from; in a workspace
only the roles that it does not declare yet are added. Nothing is overwritten without --overwrite.`,
		Example: "  rolewright export access/\n  rolewright export --key 'team-*'\n  rolewright export --snapshot account.json",
		Args:    onePath,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runExport(cmd.Context(), pathArg(args), o)
		},
	}
	a.accountFlags(cmd.Flags())
	cmd.Flags().StringVar(&o.workspace, "workspace", "", "the `FOLDER` whose rolewright.yaml names the target (default: PATH, or where you are)")
	cmd.Flags().StringVar(&o.snapshot, "snapshot", "", "write the raw state of the account to `FILE` and no role files")
	cmd.Flags().StringSliceVar(&o.keys, "key", nil, "only roles whose key matches `GLOB`")
	cmd.Flags().BoolVar(&o.overwrite, "overwrite", false, "overwrite files that are there already, as when roles changed since the last export")
	return cmd
}

func (a *app) runExport(ctx context.Context, path string, o exportOptions) error {
	ctx, cancel := a.limit(ctx)
	defer cancel()
	source, err := a.exportSource(path, o)
	if err != nil {
		return err
	}
	conn, err := a.connect(source, readOnly)
	if err != nil {
		return err
	}
	defer conn.close()
	scope := reconcile.ScopeOf(source)
	if len(o.keys) > 0 {
		scope.Teams, scope.Members = nil, nil // only these roles are asked for
	}
	snap, err := reconcile.Take(ctx, conn.Account, conn.target, scope, a.now())
	if err != nil {
		return accountFailure(err)
	}
	if o.snapshot != "" {
		return a.writeSnapshot(snap, o)
	}
	return a.exportFiles(snap, source, conn, path, scope, o)
}

// exportSource returns the workspace whose target is exported: the one named, the one at path, the
// one where we are, or the defaults where there is none at all.
func (a *app) exportSource(path string, o exportOptions) (*manifest.Workspace, error) {
	candidates := []string{path, "."}
	if o.workspace != "" {
		candidates = []string{o.workspace}
	}
	for _, c := range candidates {
		if _, err := manifest.Find(c); err == nil {
			return a.loadValid(c)
		}
	}
	if o.workspace != "" {
		_, err := findWorkspace(o.workspace)
		return nil, err
	}
	return a.implicitWorkspace(path), nil
}

// implicitWorkspace is what export assumes in a folder without rolewright.yaml: the account that
// the environment names, on LaunchDarkly's commercial host unless it says otherwise.
func (a *app) implicitWorkspace(path string) *manifest.Workspace {
	host := a.hostFromEnv()
	if host == "" {
		host = "app.launchdarkly.com"
	}
	return &manifest.Workspace{Root: path, Config: manifest.Config{
		Targets: map[string]manifest.Target{"production": {Host: host}},
		Manage:  manifest.Manage{Roles: role.Scope{Include: []string{"*"}}},
	}}
}

func (a *app) writeSnapshot(snap *reconcile.Snapshot, o exportOptions) error {
	data, err := snap.Encode()
	if err != nil {
		return err
	}
	if exists(o.snapshot) && !o.overwrite {
		return usage("--overwrite overwrites it", "%q is there already", o.snapshot)
	}
	if err := saveJSON(o.snapshot, data); err != nil {
		return &failure{reason: reconcile.ReasonUsage, err: fmt.Errorf("save the snapshot: %w", err)}
	}
	fmt.Fprintf(a.err, "wrote %s: %s of account %s\n", report.Terminal(o.snapshot), count(len(snap.Live), "role"), report.Terminal(snap.Target.AccountID))
	return nil
}

// exportFiles writes the files: those of a new workspace too, where path belongs to none.
func (a *app) exportFiles(snap *reconcile.Snapshot, source *manifest.Workspace, conn *connection, path string, scope plan.Scope, o exportOptions) error {
	dest, err := a.destination(path)
	if err != nil {
		return err
	}
	exported := reconcile.Export(snap.Live, a.omit(source, dest, o))
	if len(o.keys) > 0 && len(exported.Files)+len(exported.Unfit) == 0 {
		return usage("rolewright plan -v lists the roles that no file declares", "no role to export matches --key %s", strings.Join(o.keys, ","))
	}
	people := reconcile.ExportHolders(snap.People, scope, holderOmit(dest))
	exported.Unfit = append(exported.Unfit, people.Unfit...)
	files, root := append(exported.Files, people.Files...), path
	if dest != nil {
		root = dest.Root
	} else {
		start, err := reconcile.StartExport(conn.target.Name, source.Config.Targets[conn.target.Name], scope)
		if err != nil {
			return err
		}
		files = append(start, files...)
	}
	if err := a.writeAll(root, files, o); err != nil {
		return err
	}
	report.Notes(a.err, "left out", exported.Left, a.errOptions())
	if a.verbose {
		report.Notes(a.err, "left out", people.Left, a.errOptions())
	}
	if dest == nil {
		if err := a.copyEmulator(source, conn, root); err != nil {
			return err
		}
	}
	return a.reportUnfit(exported.Unfit)
}

// reportUnfit ends an export that could not write every role.
func (a *app) reportUnfit(unfit []plan.Note) error {
	if len(unfit) == 0 {
		return nil
	}
	report.Notes(a.err, "cannot be written as files", unfit, a.errOptions())
	noun := "role"
	if slices.ContainsFunc(unfit, func(n plan.Note) bool { return n.Kind != plan.KindRole }) {
		noun = "document"
	}
	return &failure{
		reason: reconcile.ReasonInvalid, err: fmt.Errorf("not everything was exported: no file can hold %s", count(len(unfit), noun)),
		hints: []string{"edit them in LaunchDarkly, or leave them out with manage.roles.ignore"},
	}
}

// writeAll writes every file, or none if one is there already and may not be overwritten.
func (a *app) writeAll(root string, files []reconcile.File, o exportOptions) error {
	if err := refuseOverwrite(root, files, o); err != nil {
		return err
	}
	for _, f := range files {
		if err := writeFile(root, f.Path, f.Data); err != nil {
			return &failure{reason: reconcile.ReasonUsage, err: err}
		}
		fmt.Fprintln(a.out, report.Terminal(filepath.Join(root, filepath.FromSlash(f.Path))))
	}
	return nil
}

// destination returns the workspace that path belongs to, or nil if there is none yet. A folder
// that is still to be made belongs where the folder above it does.
func (a *app) destination(path string) (*manifest.Workspace, error) {
	at := nearest(path)
	if _, err := manifest.Find(at); err != nil {
		return nil, nil
	}
	return a.loadValid(at)
}

// omit says which roles are not written: outside the scope, not asked for, or declared already.
func (a *app) omit(source, dest *manifest.Workspace, o exportOptions) func(string) string {
	declared, roles := map[string]string{}, map[string]int{} // the file of each role, and how many it has
	if dest != nil {
		for _, d := range dest.Roles {
			declared[d.Key] = d.Source.File
			roles[d.Source.File]++
		}
	}
	return func(key string) string {
		if ok, why := source.Config.Manage.Roles.Covers(key); !ok {
			return why
		}
		if len(o.keys) > 0 && !matchesAny(o.keys, key) {
			return "not asked for by --key"
		}
		file, ok := declared[key]
		switch ours := file == reconcile.RoleFile(key) && roles[file] == 1; {
		case !ok || ours && o.overwrite:
			return ""
		case o.overwrite:
			return "declared in a file that export did not write"
		}
		return "declared already"
	}
}

// holderOmit leaves out the teams and members that a file declares already.
func holderOmit(dest *manifest.Workspace) func(kind, key string) string {
	declared := map[string]bool{}
	if dest != nil {
		for _, d := range dest.Teams {
			declared[plan.KindTeam+"/"+d.Key] = true
		}
		for _, d := range dest.Members {
			declared[plan.KindMember+"/"+role.FoldEmail(d.Email)] = true
		}
	}
	return func(kind, key string) string {
		if declared[kind+"/"+key] || declared[kind+"/"+role.FoldEmail(key)] {
			return "declared already"
		}
		return ""
	}
}

func matchesAny(globs []string, key string) bool {
	for _, g := range globs {
		if role.Glob(g, key) {
			return true
		}
	}
	return false
}

func refuseOverwrite(root string, files []reconcile.File, o exportOptions) error {
	if o.overwrite {
		return nil
	}
	for _, f := range files {
		full := filepath.Join(root, filepath.FromSlash(f.Path))
		if exists(full) {
			return usage("--overwrite overwrites it; nothing was written", "%q is there already", full)
		}
	}
	return nil
}

// copyEmulator gives a workspace that was exported from an emulator its own copy of the data: its
// rolewright.yaml may name only files inside itself.
func (a *app) copyEmulator(source *manifest.Workspace, conn *connection, root string) error {
	file := source.Config.Targets[conn.target.Name].Emulator
	if file == "" {
		return nil
	}
	if err := conn.close(); err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(source.Root, filepath.FromSlash(file)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return writeFile(root, file, data)
}
