package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/lint"
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
	cache       lint.Cache // of what was proved of roles, for all plans of one process
}

// run executes one command line and returns the exit code. A panic is a bug of ours: it is
// reported as one, with exit code 1, since Go's own 2 would read as "changes present".
func run(ctx context.Context, io stdio, args []string) (code int) {
	out := &output{w: io.out}
	io.out, io.err = out, &turns{w: io.err}
	a := &app{stdio: io}
	defer func() {
		if r := recover(); r != nil {
			a.printError(bug(r))
			code = reconcile.ExitError
		}
	}()
	root := newRootCmd(a)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err != nil {
		a.end(asFailure(err), a.wantsJSON(cmd, args))
	}
	return a.closing(out, exitCode(err))
}

// bug is the failure of a panic, with the stack that led to it.
func bug(r any) *failure {
	return &failure{
		reason: reconcile.ReasonInternal,
		err:    fmt.Errorf("this is a bug in rolewright: %v", r),
		hints:  []string{"nothing more is written; please report it with these lines:\n" + string(debug.Stack())},
	}
}

// end says why a run failed: as text on stderr, and where JSON was asked for as JSON on stdout too,
// so that a program that reads it never mistakes silence for success.
func (a *app) end(f *failure, asJSON bool) {
	if asJSON && !f.shown {
		_, _ = a.out.Write(report.FailureJSON(f.reason, f.err, f.hints, f.findings)) // see closing
	}
	a.printError(f)
}

// wantsJSON reports whether a command line asks for JSON, even one that could not be parsed.
func (a *app) wantsJSON(cmd *cobra.Command, args []string) bool {
	flag := cmd.Flags().Lookup("format")
	if flag == nil {
		return false
	}
	for i, arg := range args {
		if arg == "--format=json" || arg == "json" && i > 0 && args[i-1] == "--format" {
			return true
		}
	}
	return flag.Value.String() == "json" || !flag.Changed && a.getenv(envName("format")) == "json"
}

// closing turns output that could not be written into a failure. A reader who has gone away needs
// no message.
func (a *app) closing(out *output, code int) int {
	if out.err == nil {
		return code
	}
	if !errors.Is(out.err, syscall.EPIPE) {
		a.printError(&failure{err: fmt.Errorf("standard output: %w", out.err)})
	}
	return max(code, reconcile.ExitError)
}

func newRootCmd(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "rolewright",
		Short: "LaunchDarkly roles as code",
		Long: `rolewright keeps LaunchDarkly roles as code: it validates role files, compares them
with an account, shows the difference as a plan, and applies it.

Every flag can be given in the environment: --detailed-exitcode as ROLEWRIGHT_DETAILED_EXITCODE.
The token comes from LAUNCHDARKLY_ACCESS_TOKEN (or LD_ACCESS_TOKEN).`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.flagsFromEnv(cmd) },
		Args:              cobra.ArbitraryArgs,
		RunE:              runParent,
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	flags := root.PersistentFlags()
	flags.BoolVar(&a.noColor, "no-color", false, "no colour (NO_COLOR does the same)")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "list everything, and log requests to stderr")
	root.AddCommand(
		newInitCmd(a), newValidateCmd(a), newTestCmd(a), newFmtCmd(a), newPlanCmd(a), newShowCmd(a), newVerifyCmd(a), newApplyCmd(a), newRestoreCmd(a),
		newExportCmd(a), newCanCmd(a), newWhoCanCmd(a), newExplainCmd(a), newCommentCmd(a), newActionCmd(a),
		newEmulatorCmd(a), newSchemaCmd(a), newVersionCmd(a),
	)
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		completion.Args, completion.RunE = cobra.ArbitraryArgs, runParent
	}
	return root
}

// runParent is a command that only has commands below it: its help, or a word that is none of them.
func runParent(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	hint := cmd.CommandPath() + " --help lists the commands"
	if near := diag.Nearest(args[0], names); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return usage(hint, "unknown command %q", args[0])
}

// What the commands that talk to an account do unless told otherwise.
const (
	defaultTimeout     = 10 * time.Minute
	defaultParallelism = 4
)

// accountFlags adds the flags of the commands that talk to an account.
func (a *app) accountFlags(flags *pflag.FlagSet) {
	flags.StringVar(&a.target, "target", "", "which target of rolewright.yaml (default: its defaultTarget)")
	flags.DurationVar(&a.timeout, "timeout", defaultTimeout, "limit for planning, and again for applying")
	flags.IntVar(&a.parallelism, "parallelism", defaultParallelism, "requests at a time; one after the account asks to slow down")
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
			err = usage("", "%s: %q is no value of --%s: %w", name, value, f.Name, plainly(bad))
		}
	})
	if err != nil || cmd.Flags().Lookup("timeout") == nil {
		return err
	}
	if a.parallelism < 1 {
		return usage("", "--parallelism %d: want at least 1", a.parallelism)
	}
	if a.timeout <= 0 {
		return usage("", "--timeout %s: want more than 0", a.timeout)
	}
	return nil
}

// plainly returns the reason of an error of parsing without the name of the function.
func plainly(err error) error {
	var number *strconv.NumError
	if errors.As(err, &number) {
		return number.Err
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
