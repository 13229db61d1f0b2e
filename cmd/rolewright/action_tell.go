package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/github"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
)

// end takes what the command returned: how the run ends, and what is wrong with the files.
func (s *step) end(err error) {
	if err == nil {
		return
	}
	s.failed = asFailure(err)
	if s.failed.findings != nil {
		s.findings = s.failed.findings
	}
}

// tell shows what came of the run where people look: the log, the pull request, the summary and the
// SARIF file. What cannot be told is a warning.
func (s *step) tell(ctx context.Context) {
	if s.failed != nil {
		s.printError(s.failed)
		s.failed.shown = true
	}
	if err := s.comment(ctx); err != nil {
		s.warn("the pull request got no comment", err)
	}
	if err := s.summarize(); err != nil {
		s.warn("the job got no summary", err)
	}
	if err := s.writeSARIF(); err != nil {
		s.warn("the SARIF file was not written", err)
	}
}

func (s *step) warn(what string, err error) {
	f := hinted("", fmt.Errorf("%s: %w", what, err))
	for _, hint := range f.hints {
		f.err = fmt.Errorf("%w (%s)", f.err, hint)
	}
	s.warnings = append(s.warnings, f)
	_ = report.Warning(s.err, f.Error(), s.errOptions()) // a log that nobody can write to is noticed at the end
}

// publish writes what the runner reads: annotations and outputs. It returns how the run ends.
func (s *step) publish() error {
	if s.in.annotations {
		if err := s.annotate(); err != nil {
			return err
		}
	}
	if err := s.writeOutputs(); err != nil {
		return &failure{reason: reconcile.ReasonUsage, err: fmt.Errorf("the outputs of the step: %w", err)}
	}
	if s.failed == nil {
		return nil
	}
	return s.failed
}

// folder is that of the workspace in the repository.
func (s *step) folder() string { return s.folderOf(s.in.path) }

// page is where comment and summary stand.
func (s *step) page() report.Page {
	pg := report.Page{Folder: s.folder(), Head: s.head()}
	if s.plan != nil {
		pg.Base = s.plan.Source.Base
	}
	if e := s.event; e != nil {
		pg.ServerURL, pg.Repository, pg.RunURL = e.ServerURL, e.Repository, e.RunURL()
		pg.Untrusted = s.in.command == actionComment && e.WorkflowRun != nil
	}
	return pg
}

// draw draws what came of the run, within a number of bytes.
func (s *step) draw(budget int) string {
	switch pg := s.page(); {
	case s.tests != nil:
		return report.TestsComment(*s.tests, pg, budget)
	case s.result != nil:
		return report.ResultComment(s.plan, s.result, pg, budget)
	case s.plan != nil && s.explained():
		return report.Comment(s.plan, pg, budget)
	default:
		return report.FailureComment(s.failure(), pg, budget)
	}
}

// explained reports whether the plan itself says how the run ended.
func (s *step) explained() bool {
	return s.failed == nil || s.failed.reason == s.plan.ExitReason || s.failed.reason == reconcile.ReasonRisk
}

// failure is why there is neither plan nor result.
func (s *step) failure() report.Failure {
	f := report.Failure{Target: s.in.target, Findings: s.findings}
	if s.failed != nil {
		f.Error, f.Hints = s.failed.Error(), s.failed.hints
	}
	return f
}

// state is the run in one word, for the comment's machine-readable line.
func (s *step) state() string {
	switch {
	case s.result != nil:
		return string(s.result.ExitReason)
	case s.failed != nil:
		return string(s.failed.reason)
	case s.plan != nil:
		return string(s.plan.ExitReason)
	}
	return string(reconcile.ReasonOK)
}

// comment puts the drawing into the pull request, if there is one and it is wanted.
func (s *step) comment(ctx context.Context) error {
	if s.in.when == commentNever || s.in.command == actionValidate || s.in.command == actionTest {
		return nil
	}
	if s.noEvent != nil {
		return s.noPullRequest(s.noEvent)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commentTimeout)
	defer cancel()
	c, err := s.gitHub(s.event)
	if err != nil {
		return err
	}
	pr, err := s.pullRequest(ctx, c)
	if err != nil || pr == nil {
		return s.noPullRequest(err)
	}
	s.posted, err = c.Upsert(ctx, s.event.Repository, pr.Number, s.toPost())
	for _, w := range s.posted.Warnings {
		s.warn("the pull request's comment", errors.New(w))
	}
	return err
}

// commentTimeout limits the posting of a comment. It is granted to a run that was interrupted too:
// the pull request must not go on showing what is no longer so.
const commentTimeout = 2 * time.Minute

// noPullRequest ends a comment that has no place to stand. That is an error only if one was asked
// for in any case.
func (s *step) noPullRequest(err error) error {
	if s.in.when != commentAlways {
		return err
	}
	if err == nil {
		err = errors.New("the event belongs to no pull request")
	}
	if s.failed == nil {
		s.failed = hinted(reconcile.ReasonUsage, fmt.Errorf("input comment is \"always\": %w", err))
		s.printError(s.failed)
		s.failed.shown = true
	}
	return nil
}

// pullRequest finds the pull request that the run is about; nil if there is none.
func (s *step) pullRequest(ctx context.Context, c *github.Client) (*github.PullRequest, error) {
	switch e := s.event; {
	case e.PullRequest != nil:
		return e.PullRequest, nil
	case e.WorkflowRun != nil:
		return c.PullRequestOf(ctx, e.Repository, e.WorkflowRun)
	case s.in.command == actionApply:
		return c.PullRequestForCommit(ctx, e.Repository, e.SHA)
	}
	return nil, nil
}

func (s *step) toPost() github.Comment {
	cm := github.Comment{
		Target: s.in.target, Config: s.folder(), ID: s.in.id,
		State: s.state(), Head: s.head(), Mode: modes[s.in.mode], Render: s.draw,
		Order:  github.Order{Seq: s.now(), Run: s.event.RunID, Attempt: s.event.RunAttempt},
		Create: s.in.when != commentChanges || s.failed != nil || s.plan == nil || s.plan.ExitReason != plan.NoChanges,
	}
	if s.plan != nil {
		cm.PlanHash = s.plan.PlanHash
	}
	return cm
}

// summarize writes the job's summary: the comment without its limit, and what went wrong besides.
func (s *step) summarize() error {
	path := s.getenv("GITHUB_STEP_SUMMARY")
	if path == "" || !s.in.summary {
		return nil
	}
	return appendTo(path, func(f *os.File) error {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return github.WriteSummary(f, info.Size(), s.drawSummary)
	})
}

// appendTo opens a file that the runner reads after the step, to write at its end.
func appendTo(path string, write func(*os.File) error) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// drawSummary is the comment, and what went wrong besides.
func (s *step) drawSummary(budget int) string {
	var extra strings.Builder
	for _, w := range s.warnings {
		fmt.Fprintf(&extra, "\n> [!WARNING]\n> %s\n", report.MarkdownSpan(w.Error()))
	}
	return s.draw(budget-extra.Len()) + extra.String()
}

func (s *step) writeSARIF() error {
	if s.in.sarif == "" {
		return nil
	}
	var data bytes.Buffer
	if err := report.FindingsSARIF(&data, s.marked(), report.SARIFOptions{Prefix: s.folder(), Version: version()}); err != nil {
		return err
	}
	return saveJSON(s.in.sarif, data.Bytes())
}

// marked is what is wrong with lines of the files: what they are, what their tests say, and what of
// that refuses a plan.
func (s *step) marked() []diag.Finding {
	found := slices.Clone(s.findings)
	if s.tests != nil {
		found = append(found, report.TestFindings(s.tests.Results)...)
	}
	if s.plan != nil {
		found = append(found, report.GateFindings(s.plan)...)
	}
	return found
}

// annotate prints the workflow commands that mark lines of the pull request's files.
func (s *step) annotate() error {
	findings := s.marked()
	if s.failed != nil && !diag.HasErrors(findings) {
		findings = append(findings, diag.Finding{Severity: diag.Error, Message: s.failed.Error()})
	}
	for _, w := range s.warnings {
		findings = append(findings, diag.Finding{Severity: diag.Warning, Message: w.Error()})
	}
	if s.plan != nil && s.result == nil {
		findings = append(findings, report.RiskFindings(s.plan)...)
	}
	return report.Annotations(s.out, findings, report.AnnotationOptions{Prefix: s.folder()})
}

// writeOutputs writes the step's outputs: counts, digests, names of files that are ours. None of
// them holds a word of a role.
func (s *step) writeOutputs() error {
	path := s.getenv("GITHUB_OUTPUT")
	if path == "" {
		return nil
	}
	var list []github.Output
	add := func(name, value string) { list = append(list, github.Output{Name: name, Value: value}) }
	code := reconcile.ExitOK
	if s.failed != nil {
		code = exitCode(s.failed)
		add("failure-reason", string(s.failed.reason))
	}
	add("exit-code", strconv.Itoa(code))
	if s.plan != nil {
		s.planOutputs(add)
	}
	if s.tests != nil {
		add("failed", strconv.Itoa(report.FailedTests(s.tests.Results)))
	}
	if s.result != nil {
		add("applied", strconv.Itoa(s.result.Summary.Applied))
		add("failed", strconv.Itoa(s.result.Summary.Failed+s.result.Summary.Unknown))
	}
	if s.posted.ID != 0 {
		add("comment-id", strconv.FormatInt(s.posted.ID, 10))
		add("comment-url", s.posted.URL)
	}
	return appendTo(path, func(f *os.File) error { return github.WriteOutputs(f, rand.Reader, list) })
}

func (s *step) planOutputs(add func(name, value string)) {
	p := s.plan
	add("changes", strconv.FormatBool(p.Summary.Total() > 0))
	add("to-create", strconv.Itoa(p.Summary.Create))
	add("to-update", strconv.Itoa(p.Summary.Update))
	add("to-delete", strconv.Itoa(p.Summary.Delete))
	add("to-replace", strconv.Itoa(p.Summary.Replace))
	add("unmanaged", strconv.Itoa(len(p.Unmanaged)))
	add("risk", riskOf(p))
	add("plan-hash", p.PlanHash)
	if s.planPath != "" {
		add("plan-path", s.planPath)
	}
}
