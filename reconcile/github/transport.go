package github

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	timeout      = 10 * time.Second // of one request, from dialling to the last byte
	maxBody      = 32 << 20         // of an answer, in bytes, after decompression
	maxErrorBody = 64 << 10         // of an answer that is an error
)

// guard is the last of our own code that a request passes and the first that sees an answer. What
// must never happen is refused here, where no caller and no library above can forget it: a token on
// its way to another host, a redirect (which go-github follows by itself in places), a page of
// another host, a body without end, an answer that is not JSON. It sends each request once: whether
// one may be sent again depends on what it does, which is known above.
type guard struct {
	scheme, host string
	token        func() string // a function, since fmt prints the text of a hidden field
	next         http.RoundTripper
	now          func() time.Time
	log          func(method, url string, status int, d time.Duration)
}

// RoundTrip sends req with the token. A reply is complete JSON with a status of success, or it is
// one of this package's errors.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != g.scheme || req.URL.Host != g.host {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, fmt.Errorf("the token is for %s://%s and not for %q", g.scheme, g.host, req.URL.Host)
	}
	ctx, cancel := context.WithTimeout(req.Context(), timeout)
	defer cancel()
	defer func() {
		if why := recover(); why != nil {
			panic(g.clean(fmt.Sprint(why))) // whoever reports it does not know the token
		}
	}()
	started := g.now()
	reply, body, err := g.send(req.Clone(ctx))
	status := 0
	if reply != nil {
		status = reply.StatusCode
	}
	g.log(req.Method, withoutQuery(req.URL), status, g.now().Sub(started))
	call := Call{Method: req.Method, URL: withoutQuery(req.URL), Status: status}
	if err != nil {
		call.Message = g.clean(withoutURL(err).Error())
		return nil, &NoAnswerError{Call: call, Cause: withoutURL(err)}
	}
	if err := g.judge(call, reply, body); err != nil {
		return nil, err
	}
	return sealed(reply, body), nil
}

// send sends req and reads the whole answer.
func (g *guard) send(req *http.Request) (*http.Response, []byte, error) {
	req.Header.Set("Authorization", "Bearer "+g.token())
	reply, err := g.next.RoundTrip(req)
	if err != nil {
		return nil, nil, err
	}
	defer reply.Body.Close()
	limit := int64(maxBody)
	if reply.StatusCode >= 300 {
		limit = maxErrorBody
	}
	body, err := io.ReadAll(io.LimitReader(reply.Body, limit+1))
	return reply, body, err
}

// sealed returns the reply for go-github: with a body that was read already, and without the headers
// by which the library would keep limits of its own and refuse later requests unsent.
func sealed(reply *http.Response, body []byte) *http.Response {
	for name := range reply.Header {
		if strings.HasPrefix(name, "X-Ratelimit-") || name == "Retry-After" {
			delete(reply.Header, name)
		}
	}
	reply.Body = io.NopCloser(bytes.NewReader(body))
	reply.ContentLength = int64(len(body))
	return reply
}

func (g *guard) clean(text string) string { return clean(text, g.token()) }

// judge returns what is wrong with an answer, or nil.
func (g *guard) judge(call Call, reply *http.Response, body []byte) error {
	wrong := func(format string, args ...any) error {
		call.Message = g.clean(fmt.Sprintf(format, args...))
		return &AnswerError{call}
	}
	switch s := call.Status; {
	case s >= 300 && s < 400:
		return wrong("redirect to %s refused", whither(reply))
	case s >= 400:
		return g.refusal(call, reply, body)
	case s == http.StatusNoContent:
		return nil
	case s != http.StatusOK && s != http.StatusCreated:
		return wrong("an answer of this kind was not expected")
	case len(body) > maxBody:
		return wrong("the answer is larger than %d bytes", maxBody)
	}
	if kind, _, err := mime.ParseMediaType(reply.Header.Get("Content-Type")); err != nil || !strings.HasSuffix(kind, "json") {
		return wrong("the answer is %s and not JSON", quote(reply.Header.Get("Content-Type")))
	}
	if !json.Valid(body) {
		return wrong("the answer is not JSON: it begins %s", quote(string(body[:min(len(body), 40)])))
	}
	if host, ok := g.strayed(reply); ok {
		return wrong("the next page is on host %s: refused", quote(host))
	}
	return nil
}

// strayed returns the first host of the links to other pages that is not the API's. go-github takes
// only the page number from there, but an answer that points elsewhere is not GitHub's.
func (g *guard) strayed(reply *http.Response) (string, bool) {
	for _, header := range reply.Header.Values("Link") {
		for link := range strings.SplitSeq(header, ",") {
			target, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(link), "<"), ">")
			u, err := url.Parse(target)
			if err != nil || u.Scheme != g.scheme || !strings.EqualFold(u.Host, g.host) {
				return target, true
			}
		}
	}
	return "", false
}

// refusal returns the typed error that an answer of 400 and above stands for.
func (g *guard) refusal(call Call, reply *http.Response, body []byte) error {
	message := messageOf(body)
	call.Message = g.clean(message)
	low := strings.ToLower(message)
	switch s := call.Status; {
	case limited(s, low, reply.Header):
		wait, until := demand(reply.Header, g.now())
		return &LimitedError{Call: call, Until: until, wait: wait}
	case s == http.StatusLocked, s == http.StatusForbidden && strings.Contains(low, " locked"):
		return &LockedError{call}
	case s == http.StatusUnauthorized, s == http.StatusForbidden:
		return &DeniedError{call}
	case s == http.StatusNotFound, s == http.StatusGone:
		return &GoneError{call}
	case s >= 500, s == http.StatusRequestTimeout:
		return &NoAnswerError{Call: call}
	}
	return &RejectedError{Call: call, TooLong: call.Status == http.StatusRequestEntityTooLarge || strings.Contains(low, "too long")}
}

// messageOf returns the words of an error answer: its message, and those of the errors in its list.
func messageOf(body []byte) string {
	var answer struct {
		Message string            `json:"message"`
		Errors  []json.RawMessage `json:"errors"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return ""
	}
	parts := []string{answer.Message}
	for _, raw := range answer.Errors {
		var one struct {
			Message string `json:"message"`
		}
		if json.Unmarshal(raw, &one) != nil {
			_ = json.Unmarshal(raw, &one.Message) // some answers list bare strings
		}
		if one.Message != "" {
			parts = append(parts, one.Message)
		}
	}
	return strings.Join(parts, ": ")
}

// whither names the host that a redirect points at and nothing else of the address, which may hold
// anything.
func whither(reply *http.Response) string {
	u, err := url.Parse(reply.Header.Get("Location"))
	switch {
	case err != nil || u.Host == "" && u.Path == "":
		return "no host"
	case u.Host == "":
		return "the same host"
	}
	return "host " + quote(u.Host)
}

func withoutQuery(u *url.URL) string { return u.Scheme + "://" + u.Host + u.EscapedPath() }

// withoutURL unwraps the *url.Error of net/http, which repeats the address, query included.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
