package github

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rolewright/rolewright/reconcile/diag"
)

// Call is the request that an error is about.
type Call struct {
	Method string
	URL    string // without the query
	Status int    // 0 if no answer came
	// Message is GitHub's own, or ours about its answer, with unprintable characters written as \u{..}
	// and the token masked, cut at 1 KiB.
	Message string
}

// Error returns "PATCH https://host/path: 403 Forbidden: message".
func (c Call) Error() string {
	text := c.Method + " " + c.URL
	if c.Status != 0 {
		text += strings.TrimRight(": "+strconv.Itoa(c.Status)+" "+http.StatusText(c.Status), " ")
	}
	if c.Message != "" {
		text += ": " + c.Message
	}
	return text
}

// DeniedError says that the token may not do this (401, 403): usual for a pull request from a fork,
// whose token can only read. It is no reason to fail a job.
type DeniedError struct{ Call }

// Hint names what to change in the workflow.
func (e *DeniedError) Hint() string {
	switch {
	case e.Status == http.StatusUnauthorized:
		return "the GitHub token is unknown or has expired: pass the token of this run, ${{ github.token }}"
	case strings.Contains(e.Message, "SAML"):
		return "authorize the token for the organization's single sign-on, or pass the token of this run, ${{ github.token }}"
	case strings.HasSuffix(e.URL, "/user"), strings.HasSuffix(e.URL, "/graphql"):
		return `name the account that writes the comments, as "github-actions[bot]": this token may not ask whose it is`
	}
	return fmt.Sprintf("give the job \"permissions: %s\"; a pull request from a fork gets a token that only reads, whatever the workflow says: "+
		"comment from a workflow_run job there", permission(e.Method, e.URL))
}

// permission is what a job has to be given for a request to this address.
func permission(method, url string) string {
	switch {
	case strings.Contains(url, "/git/"), strings.Contains(url, "/commits/"):
		return "contents: read"
	case method == http.MethodGet:
		return "pull-requests: read"
	}
	return "pull-requests: write"
}

// LockedError says that the conversation is locked for this token.
type LockedError struct{ Call }

// Hint says what to do about it.
func (e *LockedError) Hint() string {
	return "unlock the conversation of the pull request; the job summary holds the same text"
}

// GoneError says that something is not there, or not for this token (404, 410).
type GoneError struct{ Call }

// Hint says what to look at.
func (e *GoneError) Hint() string {
	return fmt.Sprintf("look whether the repository and the pull request exist; GitHub answers the same if the token may not see them: "+
		"give the job \"permissions: %s\"", permission(e.Method, e.URL))
}

// LimitedError says that GitHub takes no more requests from this token for a time that is too long
// to wait for.
type LimitedError struct {
	Call
	// Until is when GitHub wants to be asked again.
	Until time.Time
	wait  time.Duration
}

// Error adds when to come back.
func (e *LimitedError) Error() string {
	return fmt.Sprintf("%s: the limit ends at %s", e.Call.Error(), e.Until.UTC().Format(time.RFC3339))
}

// Hint says what to do about it.
func (e *LimitedError) Hint() string {
	return "run the job again after that time; the limit is shared by everything that uses this token"
}

// RejectedError says that GitHub understood the request and does not take it (400, 409, 422, …).
type RejectedError struct {
	Call
	// TooLong is set if the text is what GitHub does not take, for its length.
	TooLong bool
}

// Hint says what to do about it.
func (e *RejectedError) Hint() string {
	if e.TooLong {
		return "the plan does not fit into a comment in any form; the job summary holds it"
	}
	return ""
}

// NoAnswerError says that no usable answer came: none at all, one that broke off, or a server error.
// Whether a write was done is then unknown.
type NoAnswerError struct {
	Call
	Cause error // nil for a server error
}

// Unwrap returns the cause.
func (e *NoAnswerError) Unwrap() error { return e.Cause }

// Hint says what to do about it.
func (e *NoAnswerError) Hint() string { return "run the job again; see https://www.githubstatus.com" }

// AnswerError says that an answer is not one of GitHub's API: a redirect, another media type, too
// much of it, no JSON, pages on another host.
type AnswerError struct{ Call }

// Hint says what to look at.
func (e *AnswerError) Hint() string {
	if e.Status >= 300 && e.Status < 400 {
		return "the repository may have been renamed: use its new name, and check GITHUB_API_URL"
	}
	return "check GITHUB_API_URL and any proxy in between"
}

// RefusedError says that this run may not write to an account.
type RefusedError struct {
	Reason string
	hint   string
}

// Error returns the reason.
func (e *RefusedError) Error() string { return "apply refused: " + e.Reason }

// Hint names the run that may, or the option that lets this one.
func (e *RefusedError) Hint() string { return e.hint }

// EventError says that the event of the workflow run cannot be read.
type EventError struct {
	What   string // the variable or file
	Reason string
	Cause  error // of a file that cannot be read
	hint   string
}

// Error returns "GITHUB_EVENT_PATH: reason".
func (e *EventError) Error() string { return e.What + ": " + e.Reason }

// Unwrap returns the cause.
func (e *EventError) Unwrap() error { return e.Cause }

// Hint says what to do about it.
func (e *EventError) Hint() string { return e.hint }

// NoPullRequestError says that no single open pull request belongs to a workflow run.
type NoPullRequestError struct{ Reason string }

// Error returns the reason.
func (e *NoPullRequestError) Error() string { return "no pull request found: " + e.Reason }

// Hint says why that is usual.
func (e *NoPullRequestError) Hint() string {
	return "nothing to do if the pull request was closed or got new commits meanwhile: a newer run comments on those"
}

const (
	maxMessage = 1 << 10 // of a server's words in an error, in bytes
	maxQuoted  = 120     // of a value in an error, in bytes
)

// clean returns text with the token masked and everything that does not print written as \u{..}, no
// longer than maxMessage bytes.
func clean(text, token string) string {
	text = diag.Mask(text, token)
	const ellipsis = "…"
	var b strings.Builder
	for _, r := range text {
		piece := string(r)
		if r == utf8.RuneError || !diag.Shown(r) {
			piece = fmt.Sprintf(`\u{%x}`, r)
		}
		if b.Len()+len(piece)+len(ellipsis) > maxMessage {
			return b.String() + ellipsis
		}
		b.WriteString(piece)
	}
	return b.String()
}

// quote is %q for values of any length.
func quote(text string) string {
	if len(text) > maxQuoted {
		return fmt.Sprintf("%q… (%d bytes)", strings.ToValidUTF8(text[:maxQuoted], ""), len(text))
	}
	return fmt.Sprintf("%q", text)
}
