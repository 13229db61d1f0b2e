package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/lint"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
)

func newValidateCmd(a *app) *cobra.Command {
	format := newFormat(report.Text, report.JSON, report.Markdown, report.GitHub, report.SARIF)
	var o fixFlags
	var f worldFlags
	cmd := &cobra.Command{
		Use:   "validate [PATH…]",
		Short: "Check role files, offline",
		Long: `Check the workspace that each PATH belongs to: bytes, YAML, schema, meaning. No network, no token.
Files are accepted as well as folders, for pre-commit; the whole workspace is checked either way,
since a key may be taken in another file.

With --live the rules that have to know more than files run too: on who is in the account once the
files are applied, and on the projects and environments that exist in it; with --snapshot on those of
a snapshot. Files with errors are told without asking the account.

--fix puts right what can be put right without a change of access, such as an element that another one
covers, and judges what is left. Each fix is proved; comments and layout stay. With --diff it writes
nothing and shows what it would change.

--format github writes annotations for the lines of a pull request, to be printed by a workflow;
--format sarif is for code scanning. Their paths are relative to the repository.`,
		Example: "  rolewright validate\n  rolewright validate roles/flag-operator.yaml\n  rolewright validate --fix --diff\n  rolewright validate --format sarif > findings.sarif\n  rolewright validate --live --target production",
		Args:    somePaths,
		RunE:    func(cmd *cobra.Command, args []string) error { return a.runValidate(cmd.Context(), args, format, o, f) },
	}
	a.accountFlags(cmd.Flags())
	f.add(cmd.Flags())
	cmd.Flags().Var(&format, "format", format.usage())
	cmd.Flags().BoolVar(&o.fix, "fix", false, "put right what changes no access, then judge the files")
	cmd.Flags().BoolVar(&o.diff, "diff", false, "with --fix: write nothing; show what would change")
	return cmd
}

// verdict is what validate says of all workspaces together.
type verdict struct {
	findings     []diag.Finding
	allowed      []lint.Allowed
	roles, files int
}

func (a *app) runValidate(ctx context.Context, paths []string, format formatFlag, o fixFlags, f worldFlags) error {
	if o.fix && f.asked() {
		return usage("fix first, then judge on the account", "--fix works on files: it goes neither with --live nor with --snapshot")
	}
	if err := cmp.Or(o.check(), f.check()); err != nil {
		return err
	}
	roots, err := workspacesOf(paths)
	if err != nil {
		return err
	}
	if o.fix {
		told := a.err
		if format.value == report.Text {
			told = a.out
		}
		left, err := a.fixFiles(roots, o, told)
		if err != nil {
			return err
		}
		if o.diff {
			return a.diffOutcome(left)
		}
	}
	ctx, cancel := a.limit(ctx)
	defer cancel()
	var v verdict
	for _, root := range roots {
		c, err := a.checkWorkspace(ctx, root, f)
		if err != nil {
			return err
		}
		a.add(&v, c, root, format)
	}
	return a.showFindings(v, format)
}

// judgeFiles adds what is said of the files of one workspace.
func (a *app) judgeFiles(v *verdict, root string, format formatFlag) error {
	c, err := a.checkWorkspace(context.Background(), root, worldFlags{})
	if err != nil {
		return err
	}
	a.add(v, c, root, format)
	return nil
}

// add adds what is said of one workspace.
func (a *app) add(v *verdict, c *reconcile.Checked, root string, format formatFlag) {
	if format.value == report.GitHub || format.value == report.SARIF {
		folder := a.folderInRepository(root)
		c.Findings = under(c.Findings, folder)
		for i := range c.Allowed {
			c.Allowed[i].Finding = under([]diag.Finding{c.Allowed[i].Finding}, folder)[0]
			c.Allowed[i].By.Pos.File = path.Join(folder, c.Allowed[i].By.Pos.File)
		}
	}
	v.findings, v.allowed = append(v.findings, c.Findings...), append(v.allowed, c.Allowed...)
	v.roles, v.files = v.roles+len(c.Roles), v.files+len(c.Files)
}

// checkWorkspace judges one workspace, on an account if that is asked for and the files can be read.
func (a *app) checkWorkspace(ctx context.Context, root string, f worldFlags) (*reconcile.Checked, error) {
	ws, before, err := manifest.Load(root, a.manifestOptions())
	if err != nil {
		return nil, &failure{reason: reconcile.ReasonInvalid, err: err}
	}
	var in lint.Input
	if !diag.HasErrors(before) {
		world, err := a.readWorld(ctx, ws, f)
		if err != nil {
			return nil, err
		}
		for _, what := range world.Unknown {
			fmt.Fprintln(a.err, "Not checked:", report.Terminal(what))
		}
		in.People, in.Inventory = world.People, world.Inventory
	}
	return reconcile.Judge(ws, before, in), nil
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

func (a *app) showFindings(v verdict, format formatFlag) error {
	reason := validity(v.findings)
	var err error
	switch format.value {
	case report.JSON:
		err = report.FindingsJSON(a.out, v.findings, reason, v.allowed...)
	case report.Markdown:
		err = report.FindingsMarkdown(a.out, v.findings, a.outOptions())
	case report.SARIF:
		err = report.FindingsSARIF(a.out, v.findings, report.SARIFOptions{Version: version(), Allowed: v.allowed})
	case report.GitHub:
		err = report.Annotations(a.out, v.findings, report.AnnotationOptions{})
		a.printFindings(a.err, v.findings) // GitHub shows few of the annotations
	default:
		a.printFindings(a.out, v.findings)
		if len(v.findings) == 0 {
			fmt.Fprintf(a.out, "Valid: %s in %s.\n", count(v.roles, "role"), count(v.files, "file"))
		}
		err = report.Allowed(a.out, v.allowed, a.outOptions())
	}
	if err != nil {
		return err
	}
	return outcome(reason, false)
}

// under returns findings with their files in folder, slash-separated.
func under(findings []diag.Finding, folder string) []diag.Finding {
	inside := func(file string) string {
		if file == "" {
			return ""
		}
		return path.Join(folder, file)
	}
	moved := slices.Clone(findings)
	for i := range moved {
		moved[i].Pos.File = inside(moved[i].Pos.File)
		moved[i].Related = slices.Clone(moved[i].Related)
		for k := range moved[i].Related {
			moved[i].Related[k].Pos.File = inside(moved[i].Related[k].Pos.File)
		}
	}
	return moved
}

// folderInRepository returns where the workspace at root stands in its git repository, or, outside
// of any, in the folder that the run began in: slash-separated, "" for the top.
func (a *app) folderInRepository(root string) string {
	abs, err := filepath.Abs(root)
	if err != nil {
		return ""
	}
	top := topOf(abs)
	if top == "" {
		top, _ = filepath.Abs(cmp.Or(a.getenv("GITHUB_WORKSPACE"), "."))
	}
	folder, err := filepath.Rel(top, abs)
	if err != nil || !filepath.IsLocal(folder) || folder == "." {
		return ""
	}
	return filepath.ToSlash(folder)
}

// topOf returns the nearest folder, from dir upwards, that is a git repository; "" if none is.
func topOf(dir string) string {
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

func validity(findings []diag.Finding) plan.ExitReason {
	if diag.HasErrors(findings) {
		return reconcile.ReasonInvalid
	}
	return reconcile.ReasonOK
}
