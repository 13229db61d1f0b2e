package github

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	maxTries    = 5                // of one read
	maxWait     = 60 * time.Second // for one limit; a longer demand ends the call
	maxWaited   = 3 * time.Minute  // in one call of this package
	minWait     = time.Second
	defaultWait = 60 * time.Second // GitHub's own advice where an answer names no time
)

// limited reports whether an answer of this status says "not so fast". GitHub uses 403 and 429 for
// its limits and 403 for missing rights; the words tell them apart, then the headers.
func limited(status int, message string, h http.Header) bool {
	switch {
	case status == http.StatusTooManyRequests, strings.Contains(message, "submitted too quickly"):
		return true
	case status != http.StatusForbidden || strings.Contains(message, "resource not accessible"):
		return false
	case strings.Contains(message, "rate limit"), strings.Contains(message, "abuse detection"):
		return true
	}
	return h.Get("Retry-After") != "" || h.Get("X-Ratelimit-Remaining") == "0"
}

// demand returns how long an answer asks to wait, by GitHub's own clock where it sends a date; local
// is the time here. Retry-After comes before X-Ratelimit-Reset (epoch seconds), which counts only if
// nothing remains.
func demand(h http.Header, local time.Time) (time.Duration, time.Time) {
	now := local
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	wait := defaultWait
	if seconds, err := strconv.ParseInt(h.Get("Retry-After"), 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(h.Get("Retry-After")); err == nil {
		wait = date.Sub(now)
	} else if reset, err := strconv.ParseInt(h.Get("X-Ratelimit-Reset"), 10, 64); err == nil && h.Get("X-Ratelimit-Remaining") == "0" {
		wait = time.Unix(reset, 0).Sub(now)
	}
	wait = max(wait, minWait)
	return wait, now.Add(wait)
}

// session is one call of this package: a repository, and how long was waited so far.
type session struct {
	*Client
	repository  string // "acme/access"
	owner, repo string
	waited      time.Duration
}

func (c *Client) session(repository string) (*session, error) {
	owner, repo, err := splitRepository(repository)
	if err != nil {
		return nil, err
	}
	return &session{Client: c, repository: repository, owner: owner, repo: repo}, nil
}

// read calls what may be called any number of times until it is answered.
func (s *session) read(ctx context.Context, call func() error) error {
	for try := 1; ; try++ {
		err := call()
		if err == nil || try == maxTries {
			return s.plain(err)
		}
		if err := s.pause(ctx, err, try); err != nil {
			return s.plain(err)
		}
	}
}

// pause waits after the failure number try, or returns the error that ends the call: err itself
// where waiting does not help or takes too long.
func (s *session) pause(ctx context.Context, err error, try int) error {
	wait := time.Second << (try - 1)
	if limit, ok := errors.AsType[*LimitedError](err); ok {
		wait = limit.wait
	} else if _, ok := errors.AsType[*NoAnswerError](err); !ok {
		return err
	}
	if wait > maxWait || s.waited+wait > maxWaited {
		return err
	}
	s.waited += wait
	return s.sleep(ctx, wait)
}

// plain returns one of this package's errors, without what net/http and go-github wrap around it.
func (s *session) plain(err error) error {
	if err == nil {
		return nil
	}
	if shape, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return &AnswerError{Call{
			Method: http.MethodGet, URL: s.rest.BaseURL.String(), Message: s.clean("the answer is of another form: " + shape.Error()),
		}}
	}
	return withoutURL(err)
}
