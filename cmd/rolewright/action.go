package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/github"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
)

func newActionCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:    "action",
		Short:  "Run as a step of GitHub Actions; action.yml calls it",
		Long:   "Run as a step of GitHub Actions. The inputs of action.yml come as one JSON object in ROLEWRIGHT_INPUTS.",
		Args:   cobra.NoArgs,
		Hidden: true,
		RunE:   func(cmd *cobra.Command, _ []string) error { return a.runAction(cmd.Context()) },
	}
}

// step is one run of the Action: what it was asked, what came of it, and where that is told.
type step struct {
	*app
	in    *inputs
	event *github.Event
	// noEvent is why event is nil.
	noEvent error

	findings []diag.Finding
	tests    *report.TestRun
	plan     *plan.Plan
	planPath string
	result   *apply.Result
	failed   *failure
	posted   github.Posted
	// warnings are what went wrong besides; none of it fails the job.
	warnings []error
}

// runAction runs one step. Whatever happens, the log shows it without obeying a word of it, and the
// summary, the annotations and the outputs are written.
func (a *app) runAction(ctx context.Context) error {
	in, err := parseInputs(a.getenv("ROLEWRIGHT_INPUTS"))
	s := &step{app: a, in: in}
	a.timeout, a.parallelism, a.target = in.timeout, in.parallelism, in.target
	a.getenv = in.over(a.getenv)
	for _, name := range []string{"LAUNCHDARKLY_ACCESS_TOKEN", "LD_ACCESS_TOKEN", "GITHUB_TOKEN"} {
		if err := github.Mask(a.out, a.getenv(name)); err != nil {
			return err
		}
	}
	resume, stopped := github.StopCommands(a.out, rand.Reader)
	if stopped != nil {
		return stopped
	}
	s.event, s.noEvent = a.event()
	if err == nil {
		err = s.safely(ctx)
	}
	s.end(err)
	s.tell(ctx)
	return errors.Join(resume(), s.publish())
}

// over returns the environment with the tokens that the inputs give.
func (in *inputs) over(getenv func(string) string) func(string) string {
	given := map[string]string{"LAUNCHDARKLY_ACCESS_TOKEN": in.accessToken, "GITHUB_TOKEN": in.githubToken}
	return func(name string) string {
		if value := given[name]; value != "" {
			return value
		}
		return getenv(name)
	}
}

// safely runs the command; a panic is a failure like others, so that it is told like others.
func (s *step) safely(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = bug(r)
		}
	}()
	switch s.in.command {
	case actionApply:
		return s.apply(ctx)
	case actionValidate:
		return s.validate()
	case actionTest:
		return s.test(ctx)
	case actionComment:
		return s.show()
	}
	return s.makePlan(ctx)
}

// makePlan plans, and saves the plan for later steps.
func (s *step) makePlan(ctx context.Context) error {
	if err := s.choosePath(); err != nil {
		return err
	}
	p, err := s.makeAndSave(ctx, s.in.path, planOptions{planFlags: s.in.planFlags, from: s.base(), out: s.planPath})
	s.plan = p
	if err != nil {
		return err
	}
	if err := report.Plan(s.out, p, report.Text, s.outOptions()); err != nil {
		return err
	}
	return s.judge(p)
}

// choosePath decides where the plan is saved: where the inputs say, or in the runner's folder for
// things that live as long as the job.
func (s *step) choosePath() error {
	s.planPath = s.in.planFile
	if s.planPath != "" {
		return nil
	}
	folder, err := os.MkdirTemp(s.getenv("RUNNER_TEMP"), "rolewright-")
	if err != nil {
		return &failure{reason: reconcile.ReasonUsage, err: fmt.Errorf("a folder for the plan: %w", err)}
	}
	s.planPath = filepath.Join(folder, "plan.json")
	return nil
}

// base returns what to compare with: what the inputs say, or the pull request's base.
func (s *step) base() baseFlags {
	f := baseFlags{ref: s.in.base, given: s.in.base != "", offline: s.in.offline}
	if !f.given && s.event != nil && s.event.PullRequest != nil {
		f.ref, f.guessed = s.event.PullRequest.Base, true
	}
	return f
}

// judge ends a plan as fail-on asks.
func (s *step) judge(p *plan.Plan) error {
	switch {
	case p.ExitReason == plan.Changes && s.in.failOn == failOnChanges:
		return outcome(p.ExitReason, true)
	case p.ExitReason == plan.Changes && s.in.failOn == failOnHighRisk && riskOf(p) == string(plan.High):
		return &failure{
			reason: reconcile.ReasonRisk, err: errors.New("the plan has changes of high risk, and fail-on is risk-high"),
			hints: []string{"have the changes marked HIGH reviewed by somebody who may approve them"},
		}
	}
	return outcome(p.ExitReason, false)
}

// apply applies: a saved plan as it was reviewed, or what the files say.
func (s *step) apply(ctx context.Context) error {
	run := applying{app: s.app, o: applyOptions{
		planFlags: s.in.planFlags, autoApprove: true, rollback: s.in.rollback, workspace: s.in.path,
		format: newFormat(report.Text), given: s.in.given,
	}}
	path := s.in.path
	if s.in.planFile != "" {
		path, s.planPath = s.in.planFile, s.in.planFile
	}
	err := run.do(ctx, path)
	s.plan, s.result = run.plan, run.result
	return err
}

// validate checks the files, offline.
func (s *step) validate() error {
	root, err := findWorkspace(s.in.path)
	if err != nil {
		return err
	}
	var v verdict
	if err := s.judgeFiles(&v, root, newFormat(report.Text)); err != nil {
		return err
	}
	s.findings = v.findings
	return s.showFindings(v, newFormat(report.Text))
}

// test judges the access tests on the files, offline; a plan judges them on the account.
func (s *step) test(ctx context.Context) error {
	ws, findings, err := s.load(s.in.path)
	if err != nil {
		return err
	}
	s.findings = findings
	if diag.HasErrors(findings) {
		return refused(findings)
	}
	s.printFindings(s.err, findings)
	run := s.judgeTests(ctx, ws, reconcile.World{}, testOptions{}, nil)
	s.tests = &run
	return s.showTests(ws, run, newFormat(report.Text))
}

// show takes a plan that another job made. It may come from a stranger's pull request: it is only
// drawn, and only if it speaks of the commit that the event names.
func (s *step) show() error {
	p, err := readPlan(s.in.planFile)
	if err != nil {
		return err
	}
	if head := s.head(); s.event != nil && p.Source.Commit != head {
		return usage("download the artifact of the run that the event names (run-id), and let that run check out the pull request's head",
			"%s is a plan of commit %q, and this run is about %q", s.in.planFile, p.Source.Commit, head)
	}
	s.plan, s.planPath = p, s.in.planFile
	return report.Plan(s.out, p, report.Text, s.outOptions())
}

// head is the commit that the run is about.
func (s *step) head() string {
	switch e := s.event; {
	case e == nil:
		return ""
	case e.WorkflowRun != nil:
		return e.WorkflowRun.HeadSHA // the pull request may have moved on since
	case e.PullRequest != nil:
		return e.PullRequest.Head
	default:
		return e.SHA
	}
}

// riskOf is the highest risk of a plan's changes: "high", "medium" or "none".
func riskOf(p *plan.Plan) string {
	level := "none"
	for _, c := range p.Changes {
		for _, r := range c.Risk {
			if r.Level == plan.High {
				return string(plan.High)
			}
			level = string(r.Level)
		}
	}
	return level
}
