package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/github"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
)

type commentOptions struct {
	commentFlags
	repository string
	number     int
	folder     string
}

func newCommentCmd(a *app) *cobra.Command {
	var o commentOptions
	cmd := &cobra.Command{
		Use:   "comment PLAN",
		Short: "Create or update a pull request's comment",
		Long: `Draw a plan that plan -o saved as a comment of a pull request on GitHub. There is one comment for
each target: a later run updates it, an older run never does.

In GitHub Actions the pull request is the event's; elsewhere name it. The token comes from
GITHUB_TOKEN and needs "pull-requests: write".`,
		Example: "  rolewright comment plan.json\n  rolewright comment plan.json --repo acme/access --pr 12",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.runComment(cmd.Context(), args[0], o) },
	}
	flags := cmd.Flags()
	o.add(flags)
	flags.StringVar(&o.repository, "repo", "", "the repository as `OWNER/NAME` (default: the event's)")
	flags.IntVar(&o.number, "pr", 0, "the pull request's `NUMBER` (default: the event's)")
	flags.StringVar(&o.folder, "workspace", ".", "the `FOLDER` of the files that the plan was made from")
	return cmd
}

func (a *app) runComment(ctx context.Context, path string, o commentOptions) error {
	p, err := readPlan(path)
	if err != nil {
		return err
	}
	e, err := a.commentEvent(&o)
	if err != nil || o.when == commentNever {
		return err
	}
	if o.number == 0 {
		if o.when == commentAlways {
			return usage("name it with --pr NUMBER", "the event belongs to no pull request")
		}
		fmt.Fprintln(a.out, "No comment: the event belongs to no pull request.")
		return nil
	}
	if e.PullRequest != nil && e.PullRequest.Number == o.number && p.Source.Commit != e.PullRequest.Head {
		return usage("make the plan in the same run", "%s is a plan of commit %q, and the pull request's head is %q",
			path, p.Source.Commit, e.PullRequest.Head)
	}
	return a.postPlan(ctx, p, e, o)
}

// commentEvent returns the event of the run, and fills in the pull request that it names where the
// command line names none. Outside of GitHub Actions the event is empty.
func (a *app) commentEvent(o *commentOptions) (*github.Event, error) {
	e := &github.Event{ServerURL: "https://github.com"}
	if a.inActions() {
		var err error
		if e, err = a.event(); err != nil {
			return nil, hinted(reconcile.ReasonUsage, err)
		}
	}
	if o.repository == "" {
		o.repository = e.Repository
	}
	if o.number == 0 && e.PullRequest != nil && o.repository == e.Repository {
		o.number = e.PullRequest.Number
	}
	switch owner, name, found := strings.Cut(o.repository, "/"); {
	case o.repository == "":
		return nil, usage("say which: --repo OWNER/NAME", "no repository")
	case !found || owner == "" || name == "" || strings.Contains(name, "/"):
		return nil, usage("", "--repo %q: want OWNER/NAME", o.repository)
	case o.number < 0:
		return nil, usage("", "--pr %d: want the number of a pull request", o.number)
	}
	return e, nil
}

// postPlan posts the plan. What the token may not do is a warning in a workflow, where forks never
// may, and an error for a person.
func (a *app) postPlan(ctx context.Context, p *plan.Plan, e *github.Event, o commentOptions) error {
	ctx, cancel := context.WithTimeout(ctx, commentTimeout)
	defer cancel()
	c, err := a.gitHub(e)
	if err != nil {
		return err
	}
	posted, err := c.Upsert(ctx, o.repository, o.number, a.planComment(p, e, o))
	for _, w := range posted.Warnings {
		_ = report.Warning(a.err, w, a.errOptions())
	}
	var denied *github.DeniedError
	switch {
	case errors.As(err, &denied) && a.inActions():
		return report.Warning(a.err, err.Error()+"; "+denied.Hint(), a.errOptions())
	case err != nil:
		return hinted(reconcile.ReasonNetwork, err)
	}
	fmt.Fprintf(a.out, "Comment %s: %s\n", posted.Did, report.Terminal(posted.URL))
	return nil
}

func (a *app) planComment(p *plan.Plan, e *github.Event, o commentOptions) github.Comment {
	folder := a.folderOf(o.folder)
	pg := report.Page{
		ServerURL: e.ServerURL, Repository: o.repository, Head: p.Source.Commit, Base: p.Source.Base,
		Folder: folder, RunURL: e.RunURL(),
	}
	made, err := time.Parse(time.RFC3339, p.GeneratedAt)
	if err != nil {
		made = a.now()
	}
	return github.Comment{
		Target: p.Target.Name, Config: folder, ID: o.id,
		State: string(p.ExitReason), PlanHash: p.PlanHash, Head: p.Source.Commit,
		Order:  github.Order{Seq: made, Run: e.RunID, Attempt: e.RunAttempt},
		Mode:   modes[o.mode],
		Create: o.when != commentChanges || p.ExitReason != plan.NoChanges,
		Render: func(budget int) string { return report.Comment(p, pg, budget) },
	}
}
