package github

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"
)

// PullRequestOf returns the open pull request that a workflow run was for. A run for a fork does not
// name it; it is the one from the same branch of the same repository whose head is the same commit.
// The number never comes from an artifact, which the fork wrote.
func (c *Client) PullRequestOf(ctx context.Context, repository string, w *WorkflowRun) (*PullRequest, error) {
	s, err := c.session(repository)
	if err != nil {
		return nil, err
	}
	if w == nil || w.HeadBranch == "" {
		return nil, &NoPullRequestError{"the event names no workflow run with a branch"}
	}
	owner, _, err := splitRepository(w.HeadRepository)
	if err != nil {
		return nil, &NoPullRequestError{"the repository that the run was for is gone"}
	}
	opts := &github.PullRequestListOptions{State: "open", Head: owner + ":" + w.HeadBranch}
	all, err := pages(ctx, s, &opts.ListOptions, func() ([]*github.PullRequest, *github.Response, error) {
		return c.rest.PullRequests.List(ctx, s.owner, s.repo, opts)
	})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(p *github.PullRequest) bool {
		return p.GetState() != "open" || p.GetHead().GetRef() != w.HeadBranch || p.GetHead().GetSHA() != w.HeadSHA ||
			!strings.EqualFold(p.GetHead().GetRepo().GetFullName(), w.HeadRepository) ||
			!strings.EqualFold(p.GetBase().GetRepo().GetFullName(), repository)
	})
	if len(all) != 1 {
		return nil, &NoPullRequestError{fmt.Sprintf(
			"%d open pull requests of %s come from branch %s of %s at commit %s, and it has to be one",
			len(all), repository, quote(w.HeadBranch), w.HeadRepository, quote(w.HeadSHA))}
	}
	return pullRequest(all[0]), nil
}

// PullRequestForCommit returns the pull request whose merge made this commit, or nil if none did.
func (c *Client) PullRequestForCommit(ctx context.Context, repository, sha string) (*PullRequest, error) {
	s, err := c.session(repository)
	if err != nil {
		return nil, err
	}
	if err := checkCommit(sha); err != nil {
		return nil, err
	}
	opts := &github.ListOptions{}
	all, err := pages(ctx, s, opts, func() ([]*github.PullRequest, *github.Response, error) {
		return c.rest.PullRequests.ListPullRequestsWithCommit(ctx, s.owner, s.repo, sha, opts)
	})
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if p.MergedAt != nil && p.GetMergeCommitSHA() == sha && strings.EqualFold(p.GetBase().GetRepo().GetFullName(), repository) {
			return pullRequest(p), nil
		}
	}
	return nil, nil
}

func pullRequest(p *github.PullRequest) *PullRequest {
	head, base := p.GetHead(), p.GetBase()
	return &PullRequest{
		Number: p.GetNumber(), Head: head.GetSHA(), Base: base.GetSHA(), BaseRef: base.GetRef(), HeadRef: head.GetRef(),
		HeadRepository: head.GetRepo().GetFullName(),
		Fork:           head.GetRepo().GetID() == 0 || head.GetRepo().GetID() != base.GetRepo().GetID(),
	}
}

// CheckTip makes sure that the commit of the event is still the tip of the default branch: an old run
// that is started again would take the account back to what its commit says.
func (c *Client) CheckTip(ctx context.Context, e *Event) error {
	s, err := c.session(e.Repository)
	if err != nil {
		return err
	}
	if err := checkCommit(e.SHA); err != nil {
		return err
	}
	if e.DefaultBranch == "" {
		return refuse("the event does not say which branch is the default one", pushHint)
	}
	if err := checkBranch(e.DefaultBranch); err != nil {
		return err
	}
	var ref *github.Reference
	err = s.read(ctx, func() (err error) {
		ref, _, err = c.rest.Git.GetRef(ctx, s.owner, s.repo, "heads/"+e.DefaultBranch)
		return err
	})
	if err != nil {
		return fmt.Errorf("read the tip of %s: %w", quote(e.DefaultBranch), err)
	}
	if tip := ref.GetObject().GetSHA(); tip != e.SHA || ref.GetRef() != "refs/heads/"+e.DefaultBranch {
		return refuse(
			fmt.Sprintf("commit %.12s is not the tip of %s, which is %s", e.SHA, quote(e.DefaultBranch), quote(fmt.Sprintf("%.12s", tip))),
			"let the newest run of the workflow apply; to go back to an older commit on purpose, use --allow-rollback")
	}
	return nil
}
