package simulation_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rolewright/rolewright/reconcile/emulator"
)

// An event happens to the account just before a request, or to the request, or both.
type event struct {
	name   string
	reads  bool // it may meet a read
	writes bool // it may meet a write
	// before is what somebody else does.
	before func(*world, *entry)
	// carry delivers the request, or does not.
	carry func(*line, *http.Request, *entry) (*http.Response, error)
	// costly events are left out where every pair is tried.
	costly bool
	// kills is set for the end of the run.
	kills bool
}

func (ev event) fits(e *entry) bool { return ev.reads && !e.writes() || ev.writes && e.writes() }

// canary is the token of every run. It is found nowhere.
const canary = "canary-5d1f0c77e3b84a92"

// errKilled is what the remains of a killed run see. Nobody looks at what they make of it.
var errKilled = errors.New("the run was killed")

func fails(op string, why syscall.Errno) error {
	return &net.OpError{Op: op, Net: "tcp", Err: os.NewSyscallError(op, why)}
}

// closed lets a request take effect and drops its answer.
func (l *line) closed(r *http.Request, e *entry) {
	if reply, err := l.deliver(r, e); err == nil {
		_ = reply.Body.Close()
	}
	e.status = 0
}

// hang waits until whoever asked gives up.
func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// reply is an answer that the account did not give.
func reply(r *http.Request, e *entry, status int, header map[string]string, body string) *http.Response {
	e.status = status
	h := http.Header{"Content-Type": {"application/json"}, "Date": {time.Now().UTC().Format(http.TimeFormat)}}
	for name, value := range header {
		h.Set(name, value)
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", status, http.StatusText(status)), StatusCode: status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: h, Request: r,
		Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// refusal is an error body that says back what it was sent.
func refusal(code string) string {
	return fmt.Sprintf(`{"code":%q,"message":"refused for token %s","id":"1f0c"}`, code, canary)
}

// rotate chooses one of several forms of a fault by the number of the request.
func rotate[T any](l *line, forms ...T) T { return forms[l.size()%len(forms)] }

// instead answers in place of the account with one of several statuses.
func instead(statuses ...int) func(*line, *http.Request, *entry) (*http.Response, error) {
	return func(l *line, r *http.Request, e *entry) (*http.Response, error) {
		return reply(r, e, rotate(l, statuses...), nil, refusal("injected")), nil
	}
}

// limited is a 429 with one of several headers; it allows no request before wait is over.
func limited(wait time.Duration, headers ...func() (name, value string)) func(*line, *http.Request, *entry) (*http.Response, error) {
	return func(l *line, r *http.Request, e *entry) (*http.Response, error) {
		name, value := rotate(l, headers...)()
		header := map[string]string{}
		if name != "" {
			header[name] = value
		}
		if wait > 0 {
			// The account's dates are whole seconds, and so is what they allow.
			e.until = time.Now().Add(wait)
		}
		return reply(r, e, http.StatusTooManyRequests, header, refusal("rate_limited")), nil
	}
}

func fixed(name, value string) func() (string, string) {
	return func() (string, string) { return name, value }
}

func resetIn(d time.Duration) func() (string, string) {
	return func() (string, string) {
		return "X-Ratelimit-Reset", strconv.FormatInt(time.Now().Add(d).UnixMilli(), 10)
	}
}

// spoil delivers a request and spoils its answer.
func spoil(how func(*line, *http.Response, []byte)) func(*line, *http.Request, *entry) (*http.Response, error) {
	return func(l *line, r *http.Request, e *entry) (*http.Response, error) {
		answer, err := l.deliver(r, e)
		if err != nil {
			return nil, err
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		how(l, answer, text)
		return answer, nil
	}
}

func setBody(answer *http.Response, body io.Reader, length int) {
	answer.Body, answer.ContentLength = io.NopCloser(body), int64(length)
	answer.Header.Set("Content-Length", strconv.Itoa(length))
}

func setText(answer *http.Response, text string) {
	setBody(answer, strings.NewReader(text), len(text))
}

// torn is half of a body, and then a broken connection.
func torn(text []byte) io.Reader {
	return io.MultiReader(bytes.NewReader(text[:len(text)/2]), failing{fails("read", syscall.ECONNRESET)})
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// drip gives a byte each second.
type drip struct {
	ctx  context.Context
	text []byte
}

func (d *drip) Read(p []byte) (int, error) {
	select {
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	case <-time.After(time.Second):
	}
	if len(d.text) == 0 {
		return 0, io.EOF
	}
	n := copy(p[:1], d.text)
	d.text = d.text[n:]
	return n, nil
}

// endless is a body of blanks, so long.
type endless int

func (n *endless) Read(p []byte) (int, error) {
	if *n <= 0 {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = ' '
	}
	*n -= endless(len(p))
	return len(p), nil
}

const page = "<!doctype html><title>Sign in</title><p>" + canary

// faults are the rows of the table of what may become of a request.
var faults = slices.Concat(silences, statuses, spoiled, strange)

// silences are faults without an answer.
var silences = []event{
	{name: "timeout before", reads: true, writes: true, carry: func(_ *line, r *http.Request, _ *entry) (*http.Response, error) { return hang(r) }},
	{name: "timeout after", writes: true, carry: func(l *line, r *http.Request, e *entry) (*http.Response, error) {
		l.closed(r, e)
		return hang(r)
	}},
	{name: "refused connection", reads: true, writes: true, carry: func(*line, *http.Request, *entry) (*http.Response, error) {
		return nil, fails("dial", syscall.ECONNREFUSED)
	}},
	{name: "reset before", reads: true, writes: true, carry: func(*line, *http.Request, *entry) (*http.Response, error) {
		return nil, fails("read", syscall.ECONNRESET)
	}},
	{name: "reset after", writes: true, carry: func(l *line, r *http.Request, e *entry) (*http.Response, error) {
		l.closed(r, e)
		return nil, fails("read", syscall.ECONNRESET)
	}},
	{name: "kill before", reads: true, writes: true, kills: true, carry: func(l *line, _ *http.Request, _ *entry) (*http.Response, error) {
		return l.die()
	}},
	{name: "kill after", writes: true, kills: true, carry: func(l *line, r *http.Request, e *entry) (*http.Response, error) {
		l.closed(r, e)
		return l.die()
	}},
}

// die ends the run where it stands: nothing that it does from now on reaches anybody.
func (l *line) die() (*http.Response, error) {
	l.dead.Store(true)
	l.kill()
	return nil, errKilled
}

// statuses are answers that are not success.
var statuses = []event{
	{name: "5xx before", reads: true, writes: true, carry: instead(500, 502, 503, 504)},
	{name: "5xx after", writes: true, carry: func(l *line, r *http.Request, e *entry) (*http.Response, error) {
		l.closed(r, e)
		return instead(500, 502, 503, 504)(l, r, e)
	}},
	{name: "not offered", reads: true, writes: true, carry: instead(501, 405)},
	{name: "429 with Retry-After", reads: true, writes: true, carry: limited(2*time.Second, fixed("Retry-After", "2"))},
	{name: "429 with reset", reads: true, writes: true, carry: limited(3*time.Second, resetIn(3*time.Second))},
	{name: "429 with neither", reads: true, writes: true, carry: limited(0, fixed("", ""))},
	{name: "429 with an absurd value", reads: true, writes: true, carry: limited(
		0, fixed("Retry-After", "9300000000"), fixed("Retry-After", "-5"), fixed("Retry-After", "soon"), resetIn(-time.Hour), fixed("X-Ratelimit-Reset", "99999999999999999999"),
	)},
	{name: "429 over 60 s", reads: true, writes: true, carry: limited(120*time.Second, fixed("Retry-After", "120"), resetIn(120*time.Second))},
	{name: "400", reads: true, writes: true, carry: instead(400)},
	{name: "422", writes: true, carry: instead(422)},
	{name: "401", reads: true, writes: true, carry: instead(401)},
	{name: "403", reads: true, writes: true, carry: instead(403)},
	{name: "token revoked", reads: true, writes: true, carry: func(l *line, r *http.Request, e *entry) (*http.Response, error) {
		l.emu.SetTokens(emulator.Token{Secret: "another"})
		return l.deliver(r, e)
	}},
	{name: "404", reads: true, writes: true, carry: instead(404)},
	{name: "409", writes: true, carry: instead(409)},
	{name: "redirect", reads: true, writes: true, carry: func(l *line, r *http.Request, e *entry) (*http.Response, error) {
		to := map[string]string{"Location": rotate(l, "https://elsewhere.example/?token="+canary, r.URL.String(), "/login")}
		return reply(r, e, rotate(l, 301, 302, 303, 307, 308), to, page), nil
	}},
}

// spoiled are good answers that something happened to.
var spoiled = []event{
	{name: "cut amid the body", reads: true, writes: true, carry: spoil(func(_ *line, a *http.Response, text []byte) { setBody(a, torn(text), len(text)) })},
	{name: "truncated JSON", reads: true, writes: true, carry: spoil(func(_ *line, a *http.Response, text []byte) { setText(a, string(text[:len(text)/2])) })},
	{name: "slow loris", reads: true, writes: true, carry: spoil(func(_ *line, a *http.Response, text []byte) {
		setBody(a, &drip{a.Request.Context(), text}, len(text))
	})},
	{name: "oversize body", reads: true, writes: true, costly: true, carry: spoil(func(_ *line, a *http.Response, text []byte) {
		size := endless(33 << 20)
		setBody(a, io.MultiReader(bytes.NewReader(text), &size), len(text)+33<<20)
	})},
	{name: "other JSON", reads: true, writes: true, carry: spoil(func(l *line, a *http.Response, _ []byte) {
		setText(a, rotate(l, `null`, `{}`, `{"items":null,"totalCount":0}`, `[]`, `{"code":"ok"}`, `""`))
	})},
	{name: "web page after", writes: true, carry: spoil(func(_ *line, a *http.Response, _ []byte) {
		a.StatusCode = http.StatusOK
		a.Header.Set("Content-Type", "text/html; charset=utf-8")
		setText(a, page)
	})},
	{name: "another value in the answer", writes: true, carry: spoil(func(_ *line, a *http.Response, text []byte) {
		setText(a, strings.NewReplacer(`"name":"`, `"name":"not `, `"role":"`, `"role":"writer","was":"`).Replace(string(text)))
	})},
}

// twiceName is a fault of which the run sees the second answer alone: that something was in the way.
const twiceName = "delivered twice"

// strange are the other ways in which a request may travel.
var strange = []event{
	{name: "web page", reads: true, writes: true, carry: func(_ *line, r *http.Request, e *entry) (*http.Response, error) {
		return reply(r, e, http.StatusOK, map[string]string{"Content-Type": "text/html"}, page), nil
	}},
	{name: twiceName, writes: true, carry: func(l *line, r *http.Request, e *entry) (*http.Response, error) {
		l.closed(r, e)
		return l.deliver(r, e)
	}},
	{name: "delivered late", writes: true, carry: func(l *line, r *http.Request, _ *entry) (*http.Response, error) {
		l.late = append(l.late, again(r))
		return nil, fails("read", syscall.ECONNRESET)
	}},
}
