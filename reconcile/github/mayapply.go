package github

import (
	"slices"
	"strings"
)

const (
	pushHint = "run apply in a workflow that is started by a push to the default branch"
	prHint   = "run plan here, and apply after the merge: in a workflow that is started by a push to the default branch"
)

// trusted are the events that run the workflow of a branch that its maintainers chose, and whose
// commit is then compared with the default branch. Everything else is refused: whoever can open a
// pull request, comment or press a button of another kind must not reach the token that writes.
//
// A run may follow one of these as well, but not one that itself followed another: that one says
// nothing any more about where the first came from.
var trusted = []string{"push", "schedule", "workflow_dispatch", "repository_dispatch"}

// MayApply returns a *RefusedError if what started this run is not to be trusted with a write.
func (e *Event) MayApply() error {
	switch {
	case strings.HasPrefix(e.Name, "pull_request"), e.Name == "merge_group":
		return refuse("this run was started by "+e.Name+", before anything was merged", prHint)
	case e.Name == "issue_comment", e.Name == "discussion_comment", e.Name == "commit_comment":
		return refuse("this run was started by a comment, which anybody may write", prHint)
	case !slices.Contains(trusted, e.Name) && e.Name != "workflow_run":
		return refuse("this run was started by "+quote(e.Name)+", which is not an event to apply on", pushHint)
	case e.DefaultBranch == "":
		return refuse("the event does not say which branch is the default one", pushHint)
	case e.Ref != "refs/heads/"+e.DefaultBranch:
		return refuse("this run is for "+quote(e.Ref)+" and not for the default branch "+quote(e.DefaultBranch), pushHint)
	case e.Name == "workflow_run":
		return e.mayFollow()
	}
	return nil
}

// mayFollow judges a run by the one that it follows. It has the secrets of the default branch, and
// everything that it follows, artifacts included, may come from a fork.
func (e *Event) mayFollow() error {
	w := e.WorkflowRun
	switch {
	case w == nil:
		return refuse("the event does not say which workflow run this one follows", pushHint)
	case w.Fork:
		return refuse("the workflow run before this one was for a fork", prHint)
	case !slices.Contains(trusted, w.Event):
		return refuse("the workflow run before this one was started by "+quote(w.Event), prHint)
	case w.HeadBranch != e.DefaultBranch:
		return refuse("the workflow run before this one was for branch "+quote(w.HeadBranch)+" and not for "+quote(e.DefaultBranch), pushHint)
	case w.HeadSHA != e.SHA:
		return refuse("the workflow run before this one was for another commit than this one", "let the run apply that follows the newest commit")
	case w.Conclusion == "":
		return refuse("the workflow run before this one has not ended", "start this workflow with types: [completed]")
	case w.Conclusion != "success":
		return refuse("the workflow run before this one ended with "+quote(w.Conclusion), "let it succeed first")
	}
	return nil
}

func refuse(reason, hint string) *RefusedError { return &RefusedError{Reason: reason, hint: hint} }
