package emulator

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"strconv"
	"syscall"
)

// Transport returns a RoundTripper that hands requests to h within the process, without a socket.
//
// It behaves as a server on the other end of a connection does. A request whose context ends
// returns at once while h may still finish it. A handler that panics with http.ErrAbortHandler
// breaks the connection: without a byte sent that is an error for which
// errors.Is(err, syscall.ECONNRESET) holds, else a body that ends in io.ErrUnexpectedEOF. Any
// other panic is an error too. It is safe for use by several goroutines if h is.
func Transport(h http.Handler) http.RoundTripper { return transport{h} }

type transport struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	body := r.Body
	if body == nil {
		body = http.NoBody
	}
	if err := r.Context().Err(); err != nil {
		return nil, errors.Join(err, body.Close())
	}
	in := inbound(r, body)
	if r.Context().Done() == nil {
		return t.run(in).response(r) // nobody can give up
	}
	done := make(chan *exchange, 1)
	go func() { done <- t.run(in) }()
	select {
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case x := <-done:
		return x.response(r)
	}
}

// inbound is the request as a server sees it.
func inbound(r *http.Request, body io.ReadCloser) *http.Request {
	in := r.WithContext(r.Context())
	in.Body, in.RequestURI = body, r.URL.RequestURI()
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	return in
}

// run calls the handler and collects what it sends.
func (t transport) run(r *http.Request) (x *exchange) {
	x = &exchange{header: http.Header{}}
	body := r.Body // the handler may put another in its place
	defer func() {
		x.panicked = recover()
		_ = body.Close() // a body that was read has nothing left to say
	}()
	t.handler.ServeHTTP(x, r)
	return x
}

// exchange is the ResponseWriter of a request within the process.
type exchange struct {
	header   http.Header
	sent     http.Header // as it was when the status line went out
	status   int
	body     bytes.Buffer
	flushed  bool
	panicked any
}

// Header implements http.ResponseWriter.
func (x *exchange) Header() http.Header { return x.header }

// WriteHeader implements http.ResponseWriter.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 {
		x.status, x.sent = status, maps.Clone(x.header)
	}
}

// Write implements http.ResponseWriter.
func (x *exchange) Write(p []byte) (int, error) {
	x.WriteHeader(http.StatusOK)
	return x.body.Write(p)
}

// Flush implements http.Flusher: what is written before goes out even if the handler panics after.
func (x *exchange) Flush() {
	x.WriteHeader(http.StatusOK)
	x.flushed = true
}

// errReset is what a client sees of a connection that breaks before an answer.
func errReset() error {
	return &net.OpError{Op: "read", Net: "emulator", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
}

// response is what the client gets.
func (x *exchange) response(r *http.Request) (*http.Response, error) {
	switch {
	case x.panicked == nil:
		x.WriteHeader(http.StatusOK)
		return x.reply(r, io.NopCloser(&x.body)), nil
	case x.panicked != http.ErrAbortHandler:
		return nil, fmt.Errorf("%s %s: the handler panicked: %v", r.Method, r.URL.Path, x.panicked)
	case !x.flushed:
		return nil, errReset()
	}
	return x.reply(r, io.NopCloser(io.MultiReader(&x.body, broken{}))), nil
}

func (x *exchange) reply(r *http.Request, body io.ReadCloser) *http.Response {
	length, err := strconv.ParseInt(x.sent.Get("Content-Length"), 10, 64)
	if err != nil {
		length = int64(x.body.Len())
	}
	return &http.Response{
		Status:     fmt.Sprintf("%d %s", x.status, http.StatusText(x.status)),
		StatusCode: x.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: x.sent, Body: body, ContentLength: length, Request: r,
	}
}

// broken is the end of a body whose connection broke.
type broken struct{}

// Read implements io.Reader.
func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
