package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/report"
)

// app is what every command shares: the outside world and the global flags.
type app struct {
	stdio
	noColor     bool
	verbose     bool
	target      string
	timeout     time.Duration
	parallelism int
}

// run executes one command line and returns the exit code. A panic is a bug of ours: it is
// reported as one, with exit code 1, since Go's own 2 would read as "changes present".
func run(ctx context.Context, io stdio, args []string) (code int) {
	a := &app{stdio: io}
	defer func() {
		if r := recover(); r != nil {
			a.printError(&failure{
				reason: reconcile.ReasonInternal,
				err:    fmt.Errorf("this is a bug in rolewright: %v", r),
				hints:  []string{"nothing more is written; please report it with these lines:\n" + string(debug.Stack())},
			})
			code = reconcile.ExitError
		}
	}()
	root := newRootCmd(a)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil {
		a.printError(asFailure(err))
	}
	return exitCode(err)
}

func newRootCmd(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "rolewright",
		Short: "LaunchDarkly roles as code",
		Long: `rolewright keeps LaunchDarkly roles as code: it validates role files, compares them
with an account, shows the difference as a plan, and applies it.

Every flag can be given in the environment: --max-age as ROLEWRIGHT_MAX_AGE.
The token comes from LAUNCHDARKLY_ACCESS_TOKEN (or LD_ACCESS_TOKEN).`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.flagsFromEnv(cmd) },
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	flags := root.PersistentFlags()
	flags.BoolVar(&a.noColor, "no-color", false, "no colour (NO_COLOR does the same)")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "list everything, and log requests to stderr")
	root.AddCommand(
		newInitCmd(a), newValidateCmd(a), newFmtCmd(a), newPlanCmd(a), newShowCmd(a), newApplyCmd(a),
		newExportCmd(a), newEmulatorCmd(a), newSchemaCmd(a), newVersionCmd(a),
	)
	return root
}

// accountFlags adds the flags of the commands that talk to an account.
func (a *app) accountFlags(flags *pflag.FlagSet) {
	flags.StringVar(&a.target, "target", "", "which target of rolewright.yaml (default: its defaultTarget)")
	flags.DurationVar(&a.timeout, "timeout", 10*time.Minute, "limit for the whole run")
	flags.IntVar(&a.parallelism, "parallelism", 4, "requests at a time; one after the account asks to slow down")
}

// flagsFromEnv sets each flag that was not given from ROLEWRIGHT_<FLAG>.
func (a *app) flagsFromEnv(cmd *cobra.Command) (err error) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := envName(f.Name)
		value := a.getenv(name)
		if err != nil || f.Changed || value == "" || f.Name == "help" {
			return
		}
		if bad := cmd.Flags().Set(f.Name, value); bad != nil {
			err = usage("", "%s: %w", name, bad)
		}
	})
	if err == nil && a.parallelism < 1 && cmd.Flags().Lookup("parallelism") != nil {
		err = usage("", "--parallelism %d: at least 1", a.parallelism)
	}
	return err
}

func envName(flag string) string {
	return "ROLEWRIGHT_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// outOptions are for what goes to stdout, errOptions for stderr.
func (a *app) outOptions() report.Options {
	return report.Options{Color: a.colour(a.outTTY, a.noColor), Width: a.width, Verbose: a.verbose}
}

func (a *app) errOptions() report.Options {
	return report.Options{Color: a.colour(a.errTTY, a.noColor), Width: a.width, Verbose: a.verbose}
}

func (a *app) printError(f *failure) {
	switch {
	case f.shown:
		return
	case f.findings != nil:
		a.printFindings(a.err, f.findings)
		return
	}
	report.Error(a.err, f.err, a.errOptions(), f.hints...)
}
