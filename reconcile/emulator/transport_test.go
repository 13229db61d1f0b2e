package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

func roundTrip(t *testing.T, h http.HandlerFunc, r *http.Request) (answer, error) {
	t.Helper()
	return (&fixture{t: t, rt: Transport(h)}).try(r)
}

func TestTransportAnswers(t *testing.T) {
	tests := map[string]struct {
		handler http.HandlerFunc
		status  int
		body    string
	}{
		"nothing written": {func(http.ResponseWriter, *http.Request) {}, 200, ""},
		"body only":       {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "x") }, 200, "x"},
		"second status": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(418)
			w.WriteHeader(500)
			w.Header().Set("Late", "x")
		}, 418, ""},
		"flushed": {func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush(); fmt.Fprint(w, "x") }, 200, "x"},
		"what the server sees": {func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %s %s %s %q", r.Method, r.Host, r.RequestURI, r.Proto, body)
		}, 200, `POST example.test /a?b=c HTTP/1.1 "sent"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, ctx := range []context.Context{t.Context(), context.WithoutCancel(t.Context())} {
				r, _ := http.NewRequestWithContext(ctx, "POST", "http://example.test/a?b=c", strings.NewReader("sent"))
				a, err := roundTrip(t, test.handler, r)
				if err != nil || a.status != test.status || a.body != test.body || a.header.Get("Late") != "" {
					t.Errorf("%+v %v, want %d %q", a, err, test.status, test.body)
				}
			}
		})
	}
}

func TestTransportWithoutBodyOrHost(t *testing.T) {
	r, _ := http.NewRequestWithContext(context.WithoutCancel(t.Context()), "GET", "http://example.test/", nil) // nobody can give up
	r.Host = ""
	a, err := roundTrip(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Host, r.Body == nil) }, r)
	if err != nil || a.body != "example.testfalse" {
		t.Errorf("%+v %v", a, err)
	}
}

func TestTransportPanic(t *testing.T) {
	r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://example.test/x", nil)
	_, err := roundTrip(t, func(http.ResponseWriter, *http.Request) { panic("a bug") }, r)
	if err == nil || !strings.Contains(err.Error(), "a bug") || broke(err) {
		t.Errorf("error %v", err)
	}
}

// watchedBody tells when it was closed.
type watchedBody struct {
	io.Reader
	closed chan struct{}
}

func (b watchedBody) Close() error { close(b.closed); return nil }

// TestTransportContext: the caller gets away at once, the handler finishes, the body is closed.
func TestTransportContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	entered, release, finished := make(chan bool), make(chan bool), make(chan bool)
	body := watchedBody{strings.NewReader("x"), make(chan struct{})}
	r, _ := http.NewRequestWithContext(ctx, "POST", "http://example.test/", body)
	rt := Transport(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		entered <- true
		<-r.Context().Done()
		<-release
		close(finished)
	}))
	go func() { <-entered; cancel() }()
	if reply, err := rt.RoundTrip(r); !errors.Is(err, context.Canceled) {
		t.Errorf("%v %v", reply, err)
	}
	close(release)
	<-finished
	<-body.closed
	again := r.Clone(ctx)
	again.Body = watchedBody{strings.NewReader("x"), make(chan struct{})}
	if reply, err := rt.RoundTrip(again); !errors.Is(err, context.Canceled) {
		t.Errorf("%v %v", reply, err)
	}
	<-again.Body.(watchedBody).closed
}

// TestClientTimeout: a client's deadline cuts a wait short, and what it cut has no effect.
func TestClientTimeout(t *testing.T) {
	e := start(t, Options{Latency: time.Hour})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if _, err := e.try(e.request("POST", rolesPath, newOps).WithContext(ctx)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if len(e.Roles()) != 0 {
		t.Error("the request had an effect")
	}
}

func TestHTTPClientOverTransport(t *testing.T) {
	e := start(t, Options{Seed: seeded(30)})
	client := &http.Client{Transport: Transport(e)}
	var wait sync.WaitGroup
	for range 16 {
		wait.Go(func() {
			reply, err := client.Do(e.request("GET", rolesPath, ""))
			if err != nil {
				t.Error(err)
				return
			}
			defer reply.Body.Close()
			if n, err := io.Copy(io.Discard, reply.Body); err != nil || n != reply.ContentLength {
				t.Errorf("%d bytes of %d, %v", n, reply.ContentLength, err)
			}
		})
	}
	wait.Wait()
}
