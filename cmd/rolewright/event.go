package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/github"
	"github.com/rolewright/rolewright/reconcile/manifest"
)

// inActions reports whether the program runs as part of a GitHub Actions workflow.
func (a *app) inActions() bool { return a.getenv("GITHUB_ACTIONS") == "true" }

// event reads what started the workflow run.
func (a *app) event() (*github.Event, error) { return github.ReadEvent(a.getenv, readRegular) }

// commit returns the commit that the files are from: for a pull request its head, which outlives
// the merge commit that Actions checks out; "" if not known.
func (a *app) commit() string {
	if !a.inActions() {
		return a.getenv("GITHUB_SHA")
	}
	e, err := a.event()
	switch {
	case err != nil:
		return a.getenv("GITHUB_SHA")
	case e.PullRequest != nil:
		return e.PullRequest.Head
	}
	return e.SHA
}

// gitHub returns the client for the API that the event names, GitHub's own by default.
func (a *app) gitHub(e *github.Event) (*github.Client, error) {
	o := github.Options{
		Token: a.getenv("GITHUB_TOKEN"), APIURL: a.getenv("GITHUB_API_URL"), GraphQLURL: a.getenv("GITHUB_GRAPHQL_URL"),
		UserAgent: "rolewright/" + version(), Now: a.now, Sleep: sleep,
	}
	if e != nil && e.APIURL != "" {
		o.APIURL, o.GraphQLURL = e.APIURL, e.GraphQLURL
	}
	c, err := github.New(o)
	if err != nil {
		return nil, hinted(reconcile.ReasonUsage, err)
	}
	return c, nil
}

// mayApply refuses to write to a real account on behalf of an event that anybody can cause, and
// from a commit that is no longer the newest: a job that is run again must not bring old files back.
func (a *app) mayApply(ctx context.Context, rollback bool) error {
	if !a.inActions() {
		return nil
	}
	e, err := a.event()
	if err == nil {
		err = e.MayApply()
	}
	if err != nil {
		return hinted(reconcile.ReasonRefused, err)
	}
	if rollback {
		return nil
	}
	c, err := a.gitHub(e)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := c.CheckTip(ctx, e); err != nil {
		return hinted(reconcile.ReasonRefused, err)
	}
	return nil
}

// folderOf returns the folder, in its repository, of the workspace that path belongs to. A job that
// checks nothing out has only the path's own word for it.
func (a *app) folderOf(path string) string {
	if root, err := manifest.Find(path); err == nil {
		return a.folderInRepository(root)
	}
	if folder := filepath.ToSlash(filepath.Clean(path)); filepath.IsLocal(path) && folder != "." {
		return folder
	}
	return ""
}
