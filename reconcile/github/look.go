package github

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/go-github/v60/github"
)

const (
	pageSize = 100 // GitHub's largest
	maxPages = 100 // GitHub stops at 2,500 comments; a list that goes on is not to be believed
)

// look returns the comments that are ours, the lowest number first.
func (u *upsert) look(ctx context.Context) ([]found, error) {
	all, err := u.comments(ctx)
	if err != nil {
		return nil, err
	}
	var mine []found
	for _, c := range all {
		f, ok, err := u.judge(ctx, c)
		if err != nil {
			return nil, err
		}
		if ok {
			mine = append(mine, f)
		}
	}
	slices.SortFunc(mine, func(a, b found) int { return cmp.Compare(a.id, b.id) })
	mine = slices.CompactFunc(mine, func(a, b found) bool { return a.id == b.id })
	return u.withCreated(ctx, mine)
}

// withCreated adds the comment that we made where the list does not show it yet. Otherwise we would
// make it again.
func (u *upsert) withCreated(ctx context.Context, mine []found) ([]found, error) {
	if u.created == 0 || slices.ContainsFunc(mine, func(f found) bool { return f.id == u.created }) {
		return mine, nil
	}
	f, ok, err := u.get(ctx, u.created)
	if err != nil {
		return nil, err
	}
	if ok { // neither deleted nor spoiled since we made it
		mine = append(mine, f)
	}
	return mine, nil
}

// comments returns every comment of the pull request.
func (u *upsert) comments(ctx context.Context) ([]*github.IssueComment, error) {
	opts := &github.IssueListCommentsOptions{}
	return pages(ctx, u.session, &opts.ListOptions, func() ([]*github.IssueComment, *github.Response, error) {
		return u.rest.Issues.ListComments(ctx, u.owner, u.repo, u.number, opts)
	})
}

// pages collects all pages of a list, or fails.
func pages[T any](ctx context.Context, s *session, opts *github.ListOptions, list func() ([]*T, *github.Response, error)) ([]*T, error) {
	var all []*T
	opts.PerPage = pageSize
	for range maxPages {
		var page []*T
		var reply *github.Response
		err := s.read(ctx, func() (err error) {
			page, reply, err = list()
			return err
		})
		if err != nil {
			return nil, err
		}
		if page == nil || slices.Contains(page, nil) {
			return nil, odd(reply, "the answer is null, or has null in it, instead of a list")
		}
		all = append(all, page...)
		if reply.NextPage == 0 && reply.NextPageToken == "" {
			return all, nil
		}
		if reply.NextPage != max(opts.Page, 1)+1 {
			return nil, odd(reply, fmt.Sprintf("after page %d comes page %d%s", max(opts.Page, 1), reply.NextPage, reply.NextPageToken))
		}
		opts.Page = reply.NextPage
	}
	return nil, fmt.Errorf("list of %s: more than %d pages", s.repository, maxPages)
}

func odd(reply *github.Response, what string) error {
	return &AnswerError{Call{
		Method: http.MethodGet, URL: withoutQuery(reply.Request.URL), Status: reply.StatusCode, Message: clean(what, ""),
	}}
}

// judge reports whether a comment is ours. Who we are is asked for only where a comment says that it
// is ours; a comment by anybody else is none of our business, whatever it says.
func (u *upsert) judge(ctx context.Context, c *github.IssueComment) (found, bool, error) {
	if !marked(c.GetBody(), u.marker) {
		return found{}, false, nil
	}
	if err := u.whoami(ctx); err != nil {
		return found{}, false, fmt.Errorf("find out who wrote a comment: %w", err)
	}
	f := found{
		id: c.GetID(), node: c.GetNodeID(), url: u.clean(c.GetHTMLURL()), body: c.GetBody(), order: orderOf(c.GetBody(), u.now()),
	}
	return f, f.id > 0 && u.self.wrote(c.GetUser()), nil
}

// get reads one comment; ok is false if it is gone or no longer ours.
func (u *upsert) get(ctx context.Context, id int64) (f found, ok bool, err error) {
	var c *github.IssueComment
	err = u.read(ctx, func() (err error) {
		c, _, err = u.rest.Issues.GetComment(ctx, u.owner, u.repo, id)
		return err
	})
	if _, gone := errors.AsType[*GoneError](err); gone {
		return found{}, false, nil
	}
	if err != nil {
		return found{}, false, err
	}
	f, ok, err = u.judge(ctx, c)
	return f, ok && f.id == id, err
}
