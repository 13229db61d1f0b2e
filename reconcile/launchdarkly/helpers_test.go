package launchdarkly

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rolewright/rolewright/reconcile/role"
)

// canary is the token of every test. It must be in no error and in no log line.
const canary = "api-canary-0f1e2d3c"

// host is where in-process accounts pretend to be.
const host = "app.launchdarkly.test"

// spy is where every client of the tests logs to.
type spy struct {
	mu    sync.Mutex
	lines int
	leaks int
}

func (s *spy) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines++
	if bytes.Contains(p, []byte(canary)) {
		s.leaks++
	}
	return len(p), nil
}

var logged spy

// TestMain fails if a test leaves a goroutine behind, or logs the token.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if logged.leaks > 0 {
			fmt.Fprintf(os.Stderr, "the token is in %d of %d log lines\n", logged.leaks, logged.lines)
			code = 1
		}
		os.Exit(code)
	}))
}

// sealed fails the test if the token can be got out of an error.
func sealed(t testing.TB, err error) {
	t.Helper()
	if err == nil {
		return
	}
	texts := []string{err.Error(), fmt.Sprintf("%v", err), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err), fmt.Sprintf("%q", err)}
	for _, text := range append(texts, within(err)...) {
		if strings.Contains(text, canary) || strings.Contains(text, canary[len(canary)-8:]) {
			t.Errorf("the token is in the error: %s", text)
		}
	}
}

// watch is a clock that only sleeping moves.
type watch struct {
	mu    sync.Mutex
	now   time.Time
	slept []time.Duration
}

func newWatch() *watch { return &watch{now: time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC)} }

func (w *watch) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *watch) Sleep(ctx context.Context, d time.Duration) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slept = append(w.slept, d)
	w.now = w.now.Add(d)
	return ctx.Err()
}

func (w *watch) total() time.Duration {
	var sum time.Duration
	for _, d := range w.slept {
		sum += d
	}
	return sum
}

// inProcess carries requests to a handler without a network.
type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body == nil {
		req.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, req)
	reply := w.Result()
	reply.Request = req
	return reply, nil
}

// transportFunc is a transport in one function.
type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// client returns a client for a handler, with a clock of its own and no jitter.
func client(t testing.TB, handler http.Handler, change ...func(*Options)) *Client {
	t.Helper()
	w := newWatch()
	opts := Options{
		Host: host, Token: canary, Transport: inProcess{handler}, Sleep: w.Sleep, Now: w.Now,
		Jitter: func() float64 { return 0 },
		Log:    slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range change {
		f(&opts)
	}
	c, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// reply answers every request in the same way.
func reply(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func jsonReply(status int, body string) http.HandlerFunc {
	return reply(status, "application/json", body)
}

// oneRole is the JSON of a role as an account sends it.
func oneRole(key string) string {
	return fmt.Sprintf(`{"_id":%q,"key":%q,"name":%q,"basePermissions":"no_access","policy":[{"effect":"allow","actions":["updateOn"],"resources":["proj/%s:env/*:flag/*"]}],"assignedTo":{"membersCount":1,"teamsCount":2},"_links":{"self":{"href":"/api/v2/roles/%s"}}}`,
		id(key), key, "Role "+key, key, key)
}

func id(key string) string { return fmt.Sprintf("%024x", []byte(key))[:24] }

// account is a list of roles behind LaunchDarkly's paging.
type account struct {
	mu       sync.Mutex
	path     string   // "" means rolesPath
	roles    []string // JSON texts
	largest  int      // page size; 0 means any
	refuses  bool     // a larger page is answered with 400 instead of fewer roles
	noTotal  bool
	noLinks  bool
	requests []string                  // queries, in order
	before   func(a *account, n int)   // called with the lock held before request n (from 1)
	change   func(page map[string]any) // edits an answer
}

func newAccount(n int) *account {
	a := &account{}
	for i := range n {
		a.roles = append(a.roles, oneRole(fmt.Sprintf("r%05d", i)))
	}
	return a
}

func (a *account) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests = append(a.requests, req.URL.RawQuery)
	if a.before != nil {
		a.before(a, len(a.requests))
	}
	limit, _ := strconv.Atoi(req.URL.Query().Get("limit"))
	offset, _ := strconv.Atoi(req.URL.Query().Get("offset"))
	if a.largest > 0 && limit > a.largest {
		if a.refuses {
			jsonReply(400, `{"code":"invalid_request","message":"limit is too large"}`)(w, req)
			return
		}
		limit = a.largest
	}
	a.page(limit, offset)(w, req)
}

func (a *account) page(limit, offset int) http.HandlerFunc {
	from, to := min(offset, len(a.roles)), min(offset+limit, len(a.roles))
	body := `{"items":[` + strings.Join(a.roles[from:to], ",") + `]`
	if !a.noTotal {
		body += fmt.Sprintf(`,"totalCount":%d`, len(a.roles))
	}
	if !a.noLinks {
		body += `,"_links":{"self":{"href":"` + orElse(a.path, rolesPath) + `"}`
		if to < len(a.roles) {
			body += fmt.Sprintf(`,"next":{"href":"%s?limit=%d&offset=%d"}`, orElse(a.path, rolesPath), limit, to)
		}
		body += "}"
	}
	return jsonReply(200, a.changed(body+"}"))
}

func (a *account) changed(body string) string {
	if a.change == nil {
		return body
	}
	var page map[string]any
	if err := json.Unmarshal([]byte(body), &page); err != nil {
		panic(err)
	}
	a.change(page)
	out, err := json.Marshal(page)
	if err != nil {
		panic(err)
	}
	return string(out)
}

func keys(roles []role.Live) []string {
	var keys []string
	for _, r := range roles {
		keys = append(keys, r.Key)
	}
	return keys
}

// classes names the errors of package role that err wraps.
func classes(err error) string {
	var names []string
	for name, class := range map[string]error{
		"not-found": role.ErrNotFound, "conflict": role.ErrConflict, "denied": role.ErrDenied,
		"refused": role.ErrRefused, "limited": role.ErrLimited, "not-sent": role.ErrNotSent,
		"unknown": role.ErrUnknown, "read-only": role.ErrReadOnly, "changing": role.ErrChanging,
	} {
		if errors.Is(err, class) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }
