package launchdarkly

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

// maxMessage is how much of a server's message is kept, in bytes, and maxErrorBody how much of
// its answer is read for it.
const (
	maxMessage   = 4 << 10
	maxErrorBody = 64 << 10
)

// APIError is an answer with a status that is not success. It matches (errors.Is) the error of
// package role that its status stands for.
type APIError struct {
	Method string
	URL    string // without the query
	Status int
	// Code, Message and RequestID are the account's own words ("code", "message" and "id" of its
	// answer), with unprintable characters written as \u{..}, cut at 4 KiB.
	Code, Message, RequestID string
	// RetryAt is when the account wants to be asked again; zero if it does not say, or says
	// something that cannot be meant.
	RetryAt time.Time
	// wait is the time from the answer until RetryAt.
	wait time.Duration
}

// Error returns "PATCH https://host/api/v2/roles/ops: 409 Conflict: message".
func (e *APIError) Error() string {
	return e.Method + " " + e.URL + ": " + e.reason()
}

// reason is the error without the request: "409 Conflict: message".
func (e *APIError) reason() string {
	text := strconv.Itoa(e.Status)
	if name := http.StatusText(e.Status); name != "" {
		text += " " + name
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.wait > maxWait {
		text += fmt.Sprintf(": run again after %s (in %s)", e.RetryAt.UTC().Format(time.RFC3339), e.wait.Round(time.Second))
	}
	return text
}

// Is reports whether target is the error of package role that the status stands for. A 409 does
// not say what is in the way, nor a 401 whether the token is unknown or may not do this.
func (e *APIError) Is(target error) bool { return target == e.class() }

func (e *APIError) class() error {
	switch s := e.Status; {
	case s == http.StatusNotFound:
		return role.ErrNotFound
	case s == http.StatusConflict, s == http.StatusPreconditionFailed, s == http.StatusUnprocessableEntity:
		return role.ErrConflict
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		return role.ErrDenied
	case s == http.StatusTooManyRequests:
		return role.ErrLimited
	case !e.transient():
		return role.ErrRefused
	case e.Method != http.MethodGet:
		return role.ErrUnknown
	}
	return nil
}

// transient reports whether the same request may be answered otherwise the next time.
func (e *APIError) transient() bool {
	switch e.Status {
	case http.StatusNotImplemented:
		return false
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	}
	return e.Status >= 500
}

// callError is a call without a usable answer: none came, or it was not LaunchDarkly's JSON.
type callError struct {
	method, url string
	outcome     error // role.ErrNotSent, role.ErrUnknown, or nil where there was nothing to do
	cause       error
	text        string // of the cause, made safe to print
	cut         bool   // the answer ended too early: a read may be tried again
}

func (e *callError) Error() string {
	text := e.method + " " + e.url + ": "
	if e.outcome != nil && !strings.HasPrefix(e.text, e.outcome.Error()) {
		text += e.outcome.Error() + ": "
	}
	return text + e.text
}

func (e *callError) Unwrap() []error {
	if e.outcome == nil {
		return []error{e.cause}
	}
	return []error{e.outcome, e.cause}
}

// hiddenError stands for an error whose text holds the token. It matches what that matches.
type hiddenError struct {
	text string
	is   func(target error) bool
}

func (e *hiddenError) Error() string        { return e.text }
func (e *hiddenError) Is(target error) bool { return e.is(target) }

// reason returns what is wrong by err alone, without the request that its text may begin with.
func reason(err error) string {
	if e, ok := errors.AsType[*APIError](err); ok {
		return e.reason()
	}
	if e, ok := errors.AsType[*callError](err); ok {
		return e.text
	}
	return withoutURL(err).Error()
}

// withoutURL unwraps the *url.Error of net/http, which repeats method and address, query included.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// clean returns text with the token masked, everything that does not print written as \u{..}, and
// no longer than maxMessage bytes.
func clean(text, token string) string { return escape(diag.Mask(text, token), maxMessage) }

func (c *Client) clean(text string) string { return clean(text, c.token()) }

func escape(text string, most int) string {
	const ellipsis = "…"
	var b strings.Builder
	for _, r := range text {
		piece := string(r)
		if !printable(r) {
			piece = fmt.Sprintf(`\u{%x}`, r)
		}
		if b.Len()+len(piece)+len(ellipsis) > most {
			return b.String() + ellipsis
		}
		b.WriteString(piece)
	}
	return b.String()
}

func printable(r rune) bool {
	return r != utf8.RuneError && diag.Shown(r)
}

// quote is %q for values of any length.
func quote(text string) string {
	const most = 120
	if len(text) > most {
		return fmt.Sprintf("%q… (%d bytes)", strings.ToValidUTF8(text[:most], ""), len(text))
	}
	return fmt.Sprintf("%q", text)
}
