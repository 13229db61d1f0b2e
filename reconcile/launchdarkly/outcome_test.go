package launchdarkly

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// outcome is what a transport does with one request.
type outcome struct {
	name string
	do   transportFunc
}

func answers(h http.HandlerFunc) transportFunc { return inProcess{h}.RoundTrip }

func fails(err error) transportFunc {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// cut gives an answer whose body ends with an error.
func cut(status int, err error) transportFunc {
	return func(req *http.Request) (*http.Response, error) {
		reply, _ := answers(jsonReply(status, ""))(req)
		reply.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"_id":"1",`), failingReader{err}))
		return reply, nil
	}
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// TestOutcomes is the fault table: for each fault and method, how often the request is sent when
// the fault lasts, and what the caller is told.
func TestOutcomes(t *testing.T) {
	dial := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	html := reply(200, "text/html", "<html>log in to the wireless network</html>")
	tests := []struct {
		name string
		do   transportFunc
		want string // GET, POST, PATCH, DELETE: sends and classes
	}{
		{"dial", fails(dial), "7 | 7 not-sent | 7 not-sent | 7 not-sent"},
		{"certificate", fails(&tls.CertificateVerificationError{Err: errors.New("expired")}), "1 | 1 unknown | 1 unknown | 1 unknown"},
		{"reset", fails(errors.New("connection reset by peer")), "7 | 1 unknown | 1 unknown | 1 unknown"},
		{"reset while reading", fails(&net.OpError{Op: "read", Err: errors.New("reset")}), "7 | 1 unknown | 1 unknown | 1 unknown"},
		{"EOF", fails(io.ErrUnexpectedEOF), "7 | 1 unknown | 1 unknown | 1 unknown"},
		{"timeout", fails(context.DeadlineExceeded), "7 | 1 unknown | 1 unknown | 1 unknown"},
		{"cut body", cut(200, io.ErrUnexpectedEOF), "7 | 1 unknown | 1 unknown | 1"},
		{"cut 201", cut(201, io.ErrUnexpectedEOF), "7 | 1 unknown | 1 unknown | 1"},
		{"cut 500", cut(500, io.ErrUnexpectedEOF), "7 | 1 unknown | 1 unknown | 1 unknown"},
		{"empty body", answers(jsonReply(200, "")), "7 | 1 unknown | 1 unknown | 1"},
		{"half a body", answers(jsonReply(200, oneRole("ops")[:40])), "7 | 1 unknown | 1 unknown | 1"},
		{"HTML", answers(html), "1 | 1 unknown | 1 unknown | 1 unknown"},
		{"other JSON", answers(jsonReply(200, `{"message":"x"}`)), "1 | 1 unknown | 1 unknown | 1"},
		{"null", answers(jsonReply(200, `null`)), "1 | 1 unknown | 1 unknown | 1"},
		{"another role", answers(jsonReply(200, oneRole("dev"))), "1 | 1 unknown | 1 unknown | 1"},
		{"204", answers(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(204)
		}), "7 | 1 unknown | 1 unknown | 1"},
		{"301", answers(jsonReply(301, "")), "1 refused | 1 refused | 1 refused | 1 refused"},
		{"304", answers(jsonReply(304, "")), "1 refused | 1 refused | 1 refused | 1 refused"},
		{"400", answers(jsonReply(400, `{}`)), "1 refused | 1 refused | 1 refused | 1 refused"},
		{"401", answers(jsonReply(401, `{}`)), "1 denied | 1 denied | 1 denied | 1 denied"},
		{"403", answers(jsonReply(403, `{}`)), "1 denied | 1 denied | 1 denied | 1 denied"},
		{"404", answers(jsonReply(404, `{}`)), "1 not-found | 1 not-found | 1 not-found | 1 not-found"},
		{"405", answers(jsonReply(405, `{}`)), "1 refused | 1 refused | 1 refused | 1 refused"},
		{"407", answers(jsonReply(407, `{}`)), "1 refused | 1 refused | 1 refused | 1 refused"},
		{"408", answers(jsonReply(408, `{}`)), "7 | 1 unknown | 1 unknown | 1 unknown"},
		{"409", answers(jsonReply(409, `{}`)), "1 conflict | 1 conflict | 1 conflict | 1 conflict"},
		{"412", answers(jsonReply(412, `{}`)), "1 conflict | 1 conflict | 1 conflict | 1 conflict"},
		{"422", answers(jsonReply(422, `{}`)), "1 conflict | 1 conflict | 1 conflict | 1 conflict"},
		{"429", answers(jsonReply(429, `{}`)), "7 limited | 7 limited | 7 limited | 7 limited"},
		{"500", answers(jsonReply(500, `{}`)), "7 | 1 unknown | 1 unknown | 1 unknown"},
		{"501", answers(jsonReply(501, `{}`)), "1 refused | 1 refused | 1 refused | 1 refused"},
		{"502", answers(reply(502, "text/html", "<h1>Bad Gateway</h1>")), "7 | 1 unknown | 1 unknown | 1 unknown"},
		{"503", answers(jsonReply(503, `{}`)), "7 | 1 unknown | 1 unknown | 1 unknown"},
		{"504", answers(jsonReply(504, `{}`)), "7 | 1 unknown | 1 unknown | 1 unknown"},
		{"999", answers(jsonReply(999, `{}`)), "7 | 1 unknown | 1 unknown | 1 unknown"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, method := range []string{"GET", "POST", "PATCH", "DELETE"} {
				sent := 0
				c := client(t, nil, func(o *Options) {
					o.Transport = transportFunc(func(req *http.Request) (*http.Response, error) {
						sent++
						return test.do(req)
					})
				})
				err := calls(c)[method](t)
				sealed(t, err)
				if err != nil && !strings.HasPrefix(err.Error(), method+" https://"+host+"/api/v2/roles") {
					t.Errorf("%s: the error does not say so: %v", method, err)
				}
				if err == nil && method != "DELETE" {
					t.Errorf("%s: no error", method)
				}
				got = append(got, strings.TrimSpace(fmt.Sprint(sent, " ", classes(err))))
			}
			if s := strings.Join(got, " | "); s != test.want {
				t.Errorf("got  %s\nwant %s", s, test.want)
			}
		})
	}
	t.Logf("%d faults for 4 methods", len(tests))
}

func TestRedirects(t *testing.T) {
	count := 0
	for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308, 399} {
		for _, where := range []string{"https://evil.example/x?" + canary, "/api/v2/other", "//evil.example:1/", "", "http://[::1", "?x"} {
			var sent atomic.Int32
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				sent.Add(1)
				if where != "" {
					w.Header().Set("Location", where)
				}
				w.WriteHeader(status)
			}))
			c := client(t, nil, func(o *Options) { o.Host, o.Transport = strings.TrimPrefix(server.URL, "http://"), nil })
			for method, call := range calls(c) {
				sent.Store(0)
				err := call(t)
				sealed(t, err)
				count++
				if sent.Load() != 1 || classes(err) != "refused" {
					t.Errorf("%d %s to %q: %d requests, %v", status, method, where, sent.Load(), err)
				}
				if e, ok := errors.AsType[*APIError](err); !ok || e.Status != status {
					t.Errorf("%d %s to %q: %v", status, method, where, err)
				}
				if strings.Contains(err.Error(), "/x") || strings.Contains(err.Error(), "/other") {
					t.Errorf("more than the host is shown: %v", err)
				}
			}
			c.Close()
			server.Close()
		}
	}
	t.Logf("%d redirects", count)
}

func TestRedirectNamesTheHost(t *testing.T) {
	for where, want := range map[string]string{
		"https://evil.example/x": `301 Moved Permanently: redirect to host "evil.example" refused`,
		"/x":                     "redirect to the same host refused",
		"":                       "redirect to no host refused",
	} {
		_, err := client(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", where)
			w.WriteHeader(301)
		})).Role(t.Context(), "ops")
		check(t, err, want)
	}
}

// TestSecondTry: after each fault that allows it, the next answer counts.
func TestSecondTry(t *testing.T) {
	dial := fails(&net.OpError{Op: "dial", Err: errors.New("connection refused")})
	limit := answers(jsonReply(429, `{}`))
	for _, fault := range []outcome{
		{"dial", dial}, {"429", limit}, {"cut", cut(200, io.ErrUnexpectedEOF)}, {"500", answers(jsonReply(500, ""))}, {"reset", fails(errors.New("reset"))},
	} {
		for _, method := range []string{"GET", "POST", "PATCH", "DELETE"} {
			sent := 0
			var bodies []string
			c := client(t, nil, func(o *Options) {
				o.Transport = transportFunc(func(req *http.Request) (*http.Response, error) {
					body, err := io.ReadAll(orElse(req.Body, io.ReadCloser(http.NoBody)))
					if err != nil {
						t.Error(err)
					}
					bodies = append(bodies, string(body))
					if sent++; sent == 1 {
						return fault.do(req)
					}
					return answers(jsonReply(200, oneRole("ops")))(req)
				})
			})
			err := calls(c)[method](t)
			again := method == "GET" || fault.name == "dial" || fault.name == "429"
			if again && (err != nil || sent != 2 || bodies[0] != bodies[1]) {
				t.Errorf("%s after %s: %d sent, %q, %v", method, fault.name, sent, bodies, err)
			}
			if !again && sent != 1 {
				t.Errorf("%s after %s: %d sent", method, fault.name, sent)
			}
		}
	}
}

// TestNothingSent: real connections that do not come about. The proof is net/http's own report.
func TestNothingSent(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	c := client(t, nil, func(o *Options) { o.Host, o.Transport = closed, nil })
	for method, write := range writes(c) {
		if err := write(t); classes(err) != "not-sent" {
			t.Errorf("%s to a closed port: %v", method, err)
		}
	}
	if _, err := c.Role(t.Context(), "ops"); classes(err) != "" || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("reading from a closed port: %v", err)
	}
	// TLS that fails in the middle of the handshake, which has no error type of its own.
	deaf, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	tries := 0
	var done sync.WaitGroup
	done.Go(func() {
		for {
			conn, err := deaf.Accept()
			if err != nil {
				return
			}
			tries++
			_ = conn.Close()
		}
	})
	secure := newTransport(1)
	secure.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", deaf.Addr().String())
	}
	c = client(t, nil, func(o *Options) { o.Transport = secure })
	if err := c.DeleteRole(t.Context(), "ops"); classes(err) != "not-sent" {
		t.Errorf("DELETE without a handshake: %v", err)
	}
	_ = deaf.Close()
	done.Wait()
	if tries != 7 {
		t.Errorf("%d handshakes", tries)
	}
}

func TestBadCertificate(t *testing.T) {
	var sent atomic.Int32
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { sent.Add(1) }))
	defer server.Close()
	server.Config.ErrorLog = discardLog()
	var dials atomic.Int32
	secure := newTransport(1)
	secure.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
		dials.Add(1)
		return (&net.Dialer{}).DialContext(ctx, "tcp", server.Listener.Addr().String())
	}
	c := client(t, nil, func(o *Options) { o.Transport = secure })
	if err := c.DeleteRole(t.Context(), "ops"); classes(err) != "not-sent" {
		t.Errorf("%v", err)
	}
	if _, err := c.Role(t.Context(), "ops"); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%v", err)
	}
	if sent.Load() != 0 || dials.Load() != 2 {
		t.Errorf("%d requests, %d connections", sent.Load(), dials.Load())
	}
}

// TestLostConnection: the account hangs up after it has the request.
func TestLostConnection(t *testing.T) {
	for _, method := range []string{"GET", "POST", "PATCH", "DELETE"} {
		var sent atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			sent.Add(1)
			panic(http.ErrAbortHandler)
		}))
		c := client(t, nil, func(o *Options) { o.Host, o.Transport = strings.TrimPrefix(server.URL, "http://"), nil })
		err := calls(c)[method](t)
		if method == "GET" {
			if classes(err) != "" || sent.Load() != 7 {
				t.Errorf("GET: %d sent, %v", sent.Load(), err)
			}
		} else if classes(err) != "unknown" || sent.Load() != 1 {
			t.Errorf("%s: %d sent, %v", method, sent.Load(), err)
		}
		c.Close()
		server.Close()
	}
}

// TestNothingSentAfterLimit: a connection of an earlier try, which did nothing, proves nothing
// about the last one.
func TestNothingSentAfterLimit(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Connection", "close")
		jsonReply(429, `{}`)(w, req)
	}))
	defer server.Close()
	dials := 0
	network := newTransport(1)
	network.DialContext = func(ctx context.Context, _, address string) (net.Conn, error) {
		if dials++; dials > 1 {
			return nil, errors.New("the network is gone")
		}
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
	c := client(t, nil, func(o *Options) { o.Host, o.Transport = strings.TrimPrefix(server.URL, "http://"), network })
	if err := c.DeleteRole(t.Context(), "ops"); classes(err) != "not-sent" {
		t.Errorf("%v", err)
	}
}
