package emulator

import (
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares text with a file of testdata, or rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs, -want +got (rewrite with -update):\n%s", path, diff)
	}
}

// clock is a time that moves only when it is told to.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.UnixMilli(1_700_000_000_000)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fixture is an emulator with a client of it.
type fixture struct {
	*Emulator
	t       testing.TB
	rt      http.RoundTripper
	base    string
	token   string
	version string
}

// start returns an emulator with the options, whose ids are the same in every run.
func start(t testing.TB, opts Options) *fixture {
	t.Helper()
	if opts.Rand == nil {
		opts.Rand = strings.NewReader("0123456789abcdef")
	}
	e, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return &fixture{e, t, Transport(e), "http://emulator", "token", "20240415"}
}

func behaving(t testing.TB, settings ...string) *fixture {
	t.Helper()
	b, err := ParseBehaviour(settings)
	if err != nil {
		t.Fatal(err)
	}
	return start(t, Options{Behaviour: b})
}

// answer is a reply as a test looks at it.
type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) role(t testing.TB) (r wireRole) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &r); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
	return r
}

func (a answer) code(t testing.TB) string {
	t.Helper()
	var e errorBody
	if err := json.Unmarshal([]byte(a.body), &e); err != nil {
		t.Fatalf("%v in %q", err, a.body)
	}
	if e.Message == "" || e.ID == "" {
		t.Errorf("an error body lacks message or id: %s", a.body)
	}
	return e.Code
}

func (f *fixture) request(method, path, body string) *http.Request {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), method, f.base+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	if f.token != "" {
		r.Header.Set("Authorization", f.token)
	}
	if f.version != "" {
		r.Header.Set(versionHeader, f.version)
	}
	return r
}

// try sends a request and reads the whole reply.
func (f *fixture) try(r *http.Request) (answer, error) {
	reply, err := f.rt.RoundTrip(r)
	if err != nil {
		return answer{}, err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	return answer{reply.StatusCode, reply.Header, string(body)}, err
}

func (f *fixture) do(method, path, body string) answer {
	f.t.Helper()
	a, err := f.try(f.request(method, path, body))
	if err != nil {
		f.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// want sends a request and insists on its status.
func (f *fixture) want(status int, method, path, body string) answer {
	f.t.Helper()
	a := f.do(method, path, body)
	if a.status != status {
		f.t.Fatalf("%s %s: %d %s, want %d", method, path, a.status, a.body, status)
	}
	return a
}

// post creates a role without statements.
func (f *fixture) post(key string) answer {
	f.t.Helper()
	return f.want(201, "POST", rolesPath, `{"key":"`+key+`","name":"`+key+`","policy":[]}`)
}

func (f *fixture) keys() []string {
	var keys []string
	for _, r := range f.Roles() {
		keys = append(keys, r.Key)
	}
	return keys
}

const opsRole = `{"key":"ops","name":"Ops","description":"d","basePermissions":"no_access","policy":[
  {"effect":"allow","actions":["viewProject"],"resources":["proj/*"],"notActions":[],"notResources":null},
  {"effect":"deny","notActions":["updateOn"],"notResources":["proj/*:env/*;{critical:true}:flag/*;pci,eu"]}]}`
