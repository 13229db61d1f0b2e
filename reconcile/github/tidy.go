package github

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The reasons for folding a comment, in GraphQL's words.
const (
	duplicate = "DUPLICATE"
	outdated  = "OUTDATED"
)

const (
	maxAsked  = 100 // comments in one question
	maxFolded = 50  // comments in one mutation
)

// tidy does to our other comments what the mode says. One with the same text as the one that stays
// came from a create that was done twice.
func (u *upsert) tidy(ctx context.Context, stays found, mine []found) {
	others := slices.DeleteFunc(slices.Clone(mine), func(f found) bool { return f.id == stays.id })
	if u.want.Mode == DeleteAndNew {
		u.remove(ctx, others)
		return
	}
	var twins, older []found
	for _, f := range u.shown(ctx, others) {
		if sameText(f.body, stays.body) {
			twins = append(twins, f)
		} else {
			older = append(older, f)
		}
	}
	u.fold(ctx, twins, duplicate)
	u.fold(ctx, older, outdated)
}

// shown returns the comments that are not folded yet. Where GitHub does not say, all count as shown.
func (u *upsert) shown(ctx context.Context, fs []found) []found {
	if len(fs) == 0 || len(fs) == 1 && u.want.Mode == Update {
		return fs
	}
	hidden := map[string]bool{}
	for chunk := range slices.Chunk(fs, maxAsked) {
		var answer struct {
			Nodes []struct {
				ID          string `json:"id"`
				IsMinimized bool   `json:"isMinimized"`
			} `json:"nodes"`
		}
		ids := map[string]any{"ids": nodesOf(chunk)}
		_, _ = u.graphqlCall(ctx, "query($ids: [ID!]!) { nodes(ids: $ids) { ... on IssueComment { id isMinimized } } }", ids, &answer)
		for _, n := range answer.Nodes {
			hidden[n.ID] = n.IsMinimized
		}
	}
	return slices.DeleteFunc(slices.Clone(fs), func(f found) bool { return hidden[f.node] })
}

func nodesOf(fs []found) []string {
	ids := make([]string, len(fs))
	for i, f := range fs {
		ids[i] = f.node
	}
	return ids
}

// fold hides comments for that reason. A duplicate that may not be hidden is deleted: it says nothing
// that the other one does not.
func (u *upsert) fold(ctx context.Context, fs []found, reason string) {
	for chunk := range slices.Chunk(fs, maxFolded) {
		failures, err := u.minimize(ctx, chunk, reason)
		var refusedOnes []found
		for i, f := range chunk {
			failure := err
			if err == nil {
				failure = failures[alias(i)]
			}
			switch {
			case failure == nil:
			case reason == duplicate && denied(failure):
				refusedOnes = append(refusedOnes, f)
			default:
				u.warn("fold", f, failure)
			}
		}
		u.remove(ctx, refusedOnes)
	}
}

func denied(err error) bool {
	_, no := errors.AsType[*DeniedError](err)
	_, rejected := errors.AsType[*RejectedError](err)
	return no || rejected
}

func alias(i int) string { return fmt.Sprintf("m%d", i) }

// minimize folds comments in one request and returns what failed by alias.
func (u *upsert) minimize(ctx context.Context, fs []found, reason string) (map[string]error, error) {
	var params, fields strings.Builder
	variables := map[string]any{"reason": reason}
	for i, f := range fs {
		variables[alias(i)] = f.node
		fmt.Fprintf(&params, ", $%s: ID!", alias(i))
		fmt.Fprintf(&fields, " %[1]s: minimizeComment(input: {subjectId: $%[1]s, classifier: $reason}) { clientMutationId }", alias(i))
	}
	text := "mutation($reason: ReportedContentClassifiers!" + params.String() + ") {" + fields.String() + " }"
	errs, err := u.graphqlCall(ctx, text, variables, &struct{}{})
	if err != nil {
		return nil, err
	}
	failures := map[string]error{}
	for _, e := range errs {
		if e.field() == "" {
			return nil, u.graphqlFailure(e) // about the whole request
		}
		if e.Type != "NOT_FOUND" { // deleted meanwhile: as good as folded
			failures[e.field()] = u.graphqlFailure(e)
		}
	}
	return failures, nil
}

// remove deletes comments; one that is gone already is no failure.
func (u *upsert) remove(ctx context.Context, fs []found) {
	for _, f := range fs {
		_, err := u.rest.Issues.DeleteComment(ctx, u.owner, u.repo, f.id)
		if _, gone := errors.AsType[*GoneError](err); err != nil && !gone {
			u.warn("delete", f, u.plain(err))
		}
	}
}

func (u *upsert) warn(what string, f found, err error) {
	u.posted.Warnings = append(u.posted.Warnings, fmt.Sprintf("%s the older comment %d: %v", what, f.id, err))
}
