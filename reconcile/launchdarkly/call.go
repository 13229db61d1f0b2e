package launchdarkly

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

// emulatorHeader stands on every answer of the emulator, so that it is not taken for an account.
const emulatorHeader = "X-Rolewright-Emulator"

const (
	// maxBody is the largest answer that is read, in bytes after decompression.
	maxBody = 32 << 20
	// maxFree and maxLight are the largest answers, in bytes, that are read and parsed beside others.
	maxFree  = 2 << 20
	maxLight = 64 << 10
)

// content is what a request carries, and its content type.
type content struct {
	kind string
	text []byte
}

// call is one method of the client on its way: one request, sent as often as its outcome allows.
//
// go-retryablehttp drives the tries. It tells its retry policy neither method nor address once a
// connection has failed, so each call brings its own policy (methods of call). The policy sees
// errors only: respond reads the whole answer within the try and turns whatever is not success
// into an error, so that one function, again, decides for everything.
type call struct {
	*Client
	ctx    context.Context
	method string
	url    string // without the query
	reply  *value // the JSON of a successful answer; nil after a DELETE
	tries  int
	until  time.Duration // the next try must not start before, on the client's elapsed clock
	idle   bool          // between two tries: the last one did nothing, where this is a write
	turned bool          // this call holds the turn
	last   *APIError     // of the last try; nil if no answer came
	why    string        // what was wrong with the last try, made safe to print
	// asked and connected say what net/http did in this try: it looked for a connection, it had one.
	asked, connected atomic.Bool
}

// do sends one request and returns the JSON of the answer, nil for a DELETE. Its error is an
// *APIError or a *callError.
func (c *Client) do(ctx context.Context, method, path string, query url.Values, body *content) (*value, error) {
	a := &call{Client: c, ctx: ctx, method: method, url: c.base + path}
	defer c.maskPanic()
	defer a.leave()
	if err := a.ready(); err != nil {
		return nil, a.unsent(err)
	}
	req, err := a.request(query, body)
	if err != nil {
		return nil, a.fail(role.ErrNotSent, err)
	}
	library := &retryablehttp.Client{
		HTTPClient: c.http, RetryMax: maxRetries, CheckRetry: a.check, Backoff: a.backoff,
		PrepareRetry: a.prepare, ErrorHandler: retryablehttp.PassthroughErrorHandler,
	}
	if _, err := library.Do(req); err != nil { //nolint:bodyclose // respond closes it
		return nil, a.outcome(err)
	}
	a.log.DebugContext(ctx, "request done", "method", method, "url", a.url, "try", a.tries+1)
	return a.reply, nil
}

// maskPanic passes a panic on without the token: whoever reports it does not know that.
func (c *Client) maskPanic() {
	if why := recover(); why != nil {
		panic(c.clean(fmt.Sprint(why)))
	}
}

func (a *call) request(query url.Values, body *content) (*retryablehttp.Request, error) {
	address := a.url
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	var text any // a nil []byte would be sent as an empty body
	if body != nil {
		text = body.text
	}
	req, err := retryablehttp.NewRequestWithContext(a.trace(), a.method, address, text)
	if err != nil {
		return nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", body.kind)
	}
	req.SetResponseHandler(a.respond)
	return req, nil
}

// trace lets net/http report how far a try came: without a connection, nothing was sent. Another
// transport reports nothing, and then nothing is concluded.
func (a *call) trace() context.Context {
	return httptrace.WithClientTrace(a.ctx, &httptrace.ClientTrace{
		GetConn: func(string) { a.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { a.connected.Store(true) },
	})
}

// respond reads an answer to its end. It returns an error for everything but success.
func (a *call) respond(reply *http.Response) error {
	defer reply.Body.Close()
	if a.genuine && reply.Header.Get(emulatorHeader) != "" {
		return a.unusable(errors.New("this is the emulator, not LaunchDarkly"))
	}
	if reply.StatusCode < 200 || reply.StatusCode > 299 {
		return a.refusal(reply)
	}
	if err := a.checkType(reply); err != nil {
		return err
	}
	if a.method == http.MethodDelete {
		return nil // the status says it all
	}
	body, err := a.read(reply)
	if err != nil {
		return a.cutShort(err)
	}
	if len(body) > maxBody {
		return a.unusable(fmt.Errorf("the answer is larger than %d MiB", maxBody>>20))
	}
	return a.parse(body)
}

// read reads a body to its end, or further than any body may go. Answers come several at a time: of the
// large ones only one is read at once, so that they do not take several times the memory.
func (a *call) read(reply *http.Response) ([]byte, error) {
	var text bytes.Buffer
	if n := reply.ContentLength; n > 0 {
		text.Grow(int(min(n, maxFree)) + bytes.MinRead) // what is announced, and room to find its end
	}
	n, err := text.ReadFrom(io.LimitReader(reply.Body, maxFree))
	if err != nil || n < maxFree {
		return text.Bytes(), err
	}
	defer a.oneLarge()()
	_, err = text.ReadFrom(io.LimitReader(reply.Body, maxBody+1-maxFree))
	return text.Bytes(), err
}

// oneLarge waits until nobody else deals with a large answer. What it returns lets the next one.
func (c *Client) oneLarge() func() {
	c.large <- struct{}{}
	return func() { <-c.large }
}

func (a *call) checkType(reply *http.Response) error {
	sent := reply.Header.Get("Content-Type")
	if a.method == http.MethodDelete && sent == "" {
		return nil
	}
	kind, _, _ := mime.ParseMediaType(sent)
	if kind == "application/json" || strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json") {
		return nil
	}
	return a.unusable(fmt.Errorf("not LaunchDarkly JSON but %s: captive portal or proxy?", quote(sent)))
}

func (a *call) parse(body []byte) error {
	if len(body) > maxLight {
		defer a.oneLarge()()
	}
	v, err := parse(body)
	if errors.Is(err, errCut) {
		return a.cutShort(err)
	}
	if err != nil {
		return a.unusable(fmt.Errorf("not LaunchDarkly JSON: %w", err))
	}
	a.reply = &v
	return nil
}

// refusal makes an error of an answer that is not success.
func (a *call) refusal(reply *http.Response) error {
	e := &APIError{Method: a.method, URL: a.url, Status: reply.StatusCode}
	body, _ := io.ReadAll(io.LimitReader(reply.Body, maxErrorBody)) // what came is worth showing
	e.Code, e.Message, e.RequestID = errorText(body)
	e.Code, e.Message, e.RequestID = a.clean(e.Code), a.clean(e.Message), a.clean(e.RequestID)
	a.limits(e, reply.Header)
	return e
}

// errorText returns the parts of LaunchDarkly's error body, or any other body as the message.
func errorText(body []byte) (code, message, id string) {
	var wire struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		ID      string `json:"id"`
	}
	if json.Unmarshal(body, &wire) != nil || wire.Message == "" && wire.Code == "" {
		return "", strings.TrimSpace(string(body)), wire.ID
	}
	return wire.Code, orElse(wire.Message, wire.Code), wire.ID
}

// check is the retry policy. Without an error it says no, which is the library's cue to hand the
// answer to respond first, and to end the second time.
func (a *call) check(ctx context.Context, _ *http.Response, err error) (bool, error) {
	if err == nil {
		return false, nil
	}
	a.tries++
	a.last, _ = errors.AsType[*APIError](err)
	a.why = a.clean(reason(err))
	a.log.DebugContext(ctx, "request failed", "method", a.method, "url", a.url, "try", a.tries, "error", a.why)
	return ctx.Err() == nil && a.again(err), nil
}

// again decides whether the request is sent once more. A read is, whenever that can help. A write
// is, only if the account did nothing or never heard of it.
func (a *call) again(err error) bool {
	if e, ok := errors.AsType[*APIError](err); ok {
		return e.wait <= maxWait && e.transient() && (a.reads() || e.Status == http.StatusTooManyRequests)
	}
	if e, ok := errors.AsType[*callError](err); ok {
		return e.cut && a.reads()
	}
	if _, bad := errors.AsType[*tls.CertificateVerificationError](err); bad || errors.Is(err, role.ErrNotSent) {
		return false // refused by us, or a certificate that will be as bad the next time
	}
	return a.reads() || a.notSent(err)
}

func (a *call) reads() bool { return a.method == http.MethodGet }

// notSent reports whether it is certain that nothing reached the account.
func (a *call) notSent(err error) bool {
	if errors.Is(err, role.ErrNotSent) || a.asked.Load() && !a.connected.Load() {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// backoff sets when the next try may start and lets the library go on at once: prepare does the
// waiting, on a clock that tests can set.
func (a *call) backoff(_, _ time.Duration, i int, _ *http.Response) time.Duration {
	a.idle = true
	a.until = a.elapsed() + pause(a.last, i, a.jitter())
	return 0
}

// prepare waits for the next try.
func (a *call) prepare(*http.Request) error {
	if err := a.ready(); err != nil {
		return err
	}
	a.idle = false
	a.asked.Store(false)
	a.connected.Store(false)
	return nil
}

// pauseFor waits and says so: a command that stands still for seconds has to tell why.
func (c *Client) pauseFor(ctx context.Context, d time.Duration, method, path, cause string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c.log.InfoContext(ctx, "waiting "+inWords(d)+" before trying again", "method", method, "path", path, "cause", cause)
	return c.sleep(ctx, d)
}

func (a *call) enter() error {
	if a.turned {
		return nil
	}
	select {
	case a.turn <- struct{}{}:
		a.turned = true
		return nil
	case <-role.Interrupt(a.ctx).Done():
		return role.Interrupt(a.ctx).Err()
	}
}

func (a *call) leave() {
	if a.turned {
		<-a.turn
	}
}

// outcome turns what the library returns into an error of ours.
func (a *call) outcome(err error) error {
	if e, ok := errors.AsType[*APIError](err); ok {
		return e
	}
	if e, ok := errors.AsType[*callError](err); ok {
		return e
	}
	switch {
	case a.reads():
		return a.fail(nil, err)
	case a.idle, a.notSent(err):
		return a.fail(role.ErrNotSent, err)
	}
	return a.fail(role.ErrUnknown, err)
}

// unsent is the end of a call that was not even begun.
func (a *call) unsent(err error) error {
	if e, ok := errors.AsType[*callError](err); ok {
		return e
	}
	return a.fail(role.ErrNotSent, err)
}

// unusable is an answer that came and cannot be read: of a write, the outcome is not known.
func (a *call) unusable(cause error) *callError {
	if a.reads() {
		return a.fail(nil, cause)
	}
	return a.fail(role.ErrUnknown, cause)
}

// cutShort is an answer that ended too early.
func (a *call) cutShort(cause error) *callError {
	e := a.unusable(fmt.Errorf("the answer was cut short: %w", cause))
	e.cut = true
	return e
}

func (a *call) fail(outcome, cause error) *callError {
	cause = withoutURL(cause)
	e := &callError{method: a.method, url: a.url, outcome: outcome, cause: cause, text: a.clean(cause.Error())}
	if said := cause.Error(); diag.Mask(said, a.token()) != said {
		e.cause = &hiddenError{e.text, func(target error) bool { return errors.Is(cause, target) }}
	}
	return e
}
