package main

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/check"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/report"
)

type testOptions struct {
	world            worldFlags
	run              string
	coverage, mutate bool
	sample           int
	init             bool
	format           formatFlag
}

func newTestCmd(a *app) *cobra.Command {
	o := testOptions{format: newFormat(report.Text, report.JSON, report.JUnitFormat, report.GitHub, report.SARIF)}
	cmd := &cobra.Command{
		Use:   "test [PATH…]",
		Short: "Run access tests, offline",
		Long: `Judge the access tests of the workspace (documents of kind AccessTest): what roles, teams and members
must and must not be able to do. A test passes only if what it says is proved; one that could not be
decided fails. No network, no token. Files are accepted as well as folders, for pre-commit; all tests
of their workspace are run either way, since a role may break a test in another file.

With --live the tests are judged on the account as the files leave it, and on the projects and
environments that exist in it; with --snapshot on those of a snapshot.

--coverage says which statements no assertion depends on. --mutate makes small mistakes in the roles,
leaves out those that change no access, and says which of the rest no test notices. --init writes
tests from what each role grants today, into tests/, for roles that no test is about yet.

Exit code: 0 all passed, 1 error, 3 a test failed.`,
		Example: "  rolewright test\n  rolewright test --run 'production' -v\n  rolewright test --live --target production\n  rolewright test --format junit > tests.xml\n  rolewright test --mutate",
		Args:    somePaths,
		RunE:    func(cmd *cobra.Command, args []string) error { return a.runTest(cmd.Context(), args, o) },
	}
	a.accountFlags(cmd.Flags())
	o.world.add(cmd.Flags())
	cmd.Flags().StringVar(&o.run, "run", "", "run only the tests whose name matches `REGEXP`")
	cmd.Flags().BoolVar(&o.coverage, "coverage", false, "say which statements no assertion depends on")
	cmd.Flags().BoolVar(&o.mutate, "mutate", false, "say which small mistakes in roles no test notices")
	cmd.Flags().IntVar(&o.sample, "mutate-sample", 0, "with --mutate: try `N` mistakes only, always the same ones")
	cmd.Flags().BoolVar(&o.init, "init", false, "write tests of what each role grants today")
	cmd.Flags().Var(&o.format, "format", o.format.usage())
	return cmd
}

// check refuses flags that make no sense together.
func (o testOptions) check() (only func(string) bool, err error) {
	switch {
	case o.init && (o.run != "" || o.coverage || o.mutate || o.world.asked() || o.format.value != report.Text):
		return nil, usage("", "--init goes with no other flag of test")
	case o.sample < 0 || o.sample > 0 && !o.mutate:
		return nil, usage("", "--mutate-sample goes with --mutate and wants 1 or more")
	case (o.coverage || o.mutate) && o.format.value != report.Text && o.format.value != report.JSON:
		return nil, usage("", "--coverage and --mutate are told as text or json")
	case o.run == "":
		return nil, o.world.check()
	}
	pattern, err := regexp.Compile(o.run)
	if err != nil {
		return nil, usage("", "--run: %w", err)
	}
	return pattern.MatchString, o.world.check()
}

// runTest runs the tests of each workspace that the paths belong to. A test that fails does not keep
// those of the next workspace from being run.
func (a *app) runTest(ctx context.Context, paths []string, o testOptions) error {
	only, err := o.check()
	if err != nil {
		return err
	}
	roots, err := workspacesOf(paths)
	if err != nil {
		return err
	}
	if len(roots) > 1 && o.format.value != report.Text {
		return usage("run it once for each", "--format %s is for one workspace, and the paths belong to %d", o.format.value, len(roots))
	}
	var failed error
	for _, root := range roots {
		err := a.testWorkspace(ctx, root, o, only)
		if err != nil && asFailure(err).reason != plan.Blocked {
			return err
		}
		failed = cmp.Or(failed, err)
	}
	return failed
}

func (a *app) testWorkspace(ctx context.Context, root string, o testOptions, only func(string) bool) error {
	ws, err := a.loadValid(root)
	if err != nil {
		return err
	}
	if o.init {
		return a.writeTests(ws)
	}
	if o.run != "" && !someTest(ws, only) {
		return usage("rolewright test -v lists the names", "no test has a name that matches %q", o.run)
	}
	ctx, cancel := a.limit(ctx)
	defer cancel()
	world, err := a.readWorld(ctx, ws, o.world)
	if err != nil {
		return err
	}
	return a.showTests(ws, a.judgeTests(ctx, ws, world, o, only), o.format)
}

func someTest(ws *manifest.Workspace, only func(string) bool) bool {
	for _, t := range ws.Tests {
		if only(t.Name) {
			return true
		}
	}
	return false
}

// judgeTests runs the tests, and what was asked about them beside.
func (a *app) judgeTests(ctx context.Context, ws *manifest.Workspace, world reconcile.World, o testOptions, only func(string) bool) report.TestRun {
	how := reconcile.TestOptions{Semantics: policy.DefaultSemantics(), Only: only}
	run := report.TestRun{Results: reconcile.Tests(ws, world, how), Unknown: world.Unknown}
	if o.coverage || o.mutate {
		judges := reconcile.Judges(ws, world, how)
		if o.coverage {
			run.Coverage = new(check.Coverage(ctx, ws.Roles, judges))
		}
		if o.mutate {
			run.Mutation = new(check.Score(ctx, ws.Roles, judges, check.ScoreOptions{Semantics: how.Semantics, Sample: o.sample}))
		}
	}
	return run
}

func (a *app) showTests(ws *manifest.Workspace, run report.TestRun, format formatFlag) error {
	reason := reconcile.ReasonOK
	if !run.Passed() {
		reason = plan.Blocked
	}
	var err error
	switch format.value {
	case report.JSON:
		err = report.TestsJSON(a.out, run, reason)
	case report.JUnitFormat:
		err = report.JUnit(a.out, run.Results, report.JUnitOptions{Prefix: a.folderInRepository(ws.Root)})
	case report.SARIF:
		err = report.FindingsSARIF(a.out, report.TestFindings(run.Results), report.SARIFOptions{Version: version(), Prefix: a.folderInRepository(ws.Root)})
	case report.GitHub:
		findings := under(report.TestFindings(run.Results), a.folderInRepository(ws.Root))
		if err = report.Annotations(a.out, findings, report.AnnotationOptions{}); err == nil {
			err = report.Tests(a.err, run, a.errOptions()) // GitHub shows few of the annotations
		}
	default:
		err = report.Tests(a.out, run, a.outOptions())
	}
	if err != nil {
		return err
	}
	return outcome(reason, false)
}

// writeTests writes a file of tests for each role that no test is about, and overwrites none.
func (a *app) writeTests(ws *manifest.Workspace) error {
	tested := map[string]bool{}
	for _, t := range ws.Tests {
		if t.As != nil {
			tested[t.As.Role] = true
		}
	}
	written := 0
	for _, r := range ws.Roles {
		name := path.Join("tests", r.Key+".yaml")
		if r.Absent || tested[r.Key] {
			continue
		}
		data, err := check.Write(r, check.WriteOptions{Semantics: policy.DefaultSemantics()})
		if err != nil {
			fmt.Fprintf(a.err, "%s: %v\n", r.Key, err)
			continue
		}
		switch kept, err := writeNew(ws.Root, reconcile.File{Path: name, Data: data}); {
		case err != nil:
			return &failure{reason: reconcile.ReasonUsage, err: fmt.Errorf("write %s: %w", name, err)}
		case kept:
			fmt.Fprintf(a.err, "%s is there and stays as it is\n", name)
			continue
		}
		fmt.Fprintln(a.out, name)
		written++
	}
	fmt.Fprintf(a.err, "%s written; read them and keep what has to stay so.\n", count(written, "file"))
	return nil
}
