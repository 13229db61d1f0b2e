package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rolewright/rolewright/reconcile/emulator"
)

// A liar is an account behind a server, or a proxy, that answers some requests otherwise than the
// account does. It counts what is written after its first lie.
type liar struct {
	emu *emulator.Emulator
	lie lie

	mu       sync.Mutex
	off      bool // tell the truth
	lies     int
	after    int // writes that came after the first lie
	requests []string
}

// A lie answers a request in the account's stead and returns true, or leaves it to the account. truth
// asks the account.
type lie func(w http.ResponseWriter, r *http.Request, truth func() *httptest.ResponseRecorder) bool

// ServeHTTP implements http.Handler.
func (l *liar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = append(l.requests, r.Method+" "+r.URL.Path)
	if r.Method != http.MethodGet && l.lies > 0 {
		l.after++
	}
	truth := func() *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		l.emu.ServeHTTP(rec, r)
		return rec
	}
	if !l.off && l.lie != nil && l.lie(w, r, truth) {
		l.lies++
		return
	}
	l.emu.ServeHTTP(w, r)
}

// turn makes the liar honest, or a liar again, and forgets what it saw.
func (l *liar) turn(honest bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.off, l.lies, l.after, l.requests = honest, 0, 0, nil
}

// town is a workspace and the account that it is about. The account has 25 roles, on two pages. The
// files change ops, make fresh and delete old; the rest is nobody's.
type town struct {
	*liar
	t   *testing.T
	dir string
	env map[string]string
	// ahead is how far the program's clock is ahead of the bubble's.
	ahead time.Duration
}

func townRole(key string) emulator.Role {
	return emulator.Role{
		Key: key, Name: "Role " + key, Description: "As it is.", BasePermissions: "no_access",
		Policy: []emulator.Statement{{Effect: "allow", Actions: []string{"viewProject"}, Resources: []string{"proj/*"}}},
	}
}

func townFile(key, description string) string {
	return "kind: Role\nkey: " + key + "\nname: Role " + key + "\ndescription: " + description + "\nbasePermissions: no_access\n" +
		"policy:\n  - effect: allow\n    actions: [viewProject]\n    resources: [\"proj/*\"]\n"
}

const townConfig = "version: 1\ntargets:\n  production: {host: app.launchdarkly.com}\ndefaultTarget: production\n"

// bubbleStart is when the clock of each bubble starts.
var bubbleStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// newTown serves an account of so many roles and some more, and lies about it.
func newTown(t *testing.T, roles int, tell lie, more ...emulator.Role) *town {
	t.Helper()
	l := &liar{emu: newAccountOf(t, roles, "0123456789abcdef", more...), lie: tell}
	return &town{
		liar: l, t: t, dir: townFiles(t),
		env: map[string]string{"LAUNCHDARKLY_API_HOST": "localhost", "LAUNCHDARKLY_ACCESS_TOKEN": "a-token"},
	}
}

// newAccountOf makes an account of so many roles and some more; its ids come from a text of 16 bytes.
func newAccountOf(t *testing.T, roles int, ids string, more ...emulator.Role) *emulator.Emulator {
	t.Helper()
	seed := []emulator.Role{townRole("old"), townRole("ops")}
	for i := len(seed); i < roles; i++ {
		seed = append(seed, townRole("team-"+string(rune('a'+i))))
	}
	seed = append(seed, more...)
	emu, err := emulator.New(emulator.Options{
		Seed: seed, Rand: strings.NewReader(ids), AllowRealToken: true,
		Behaviour: emulator.Behaviour{MaxLimit: 20, AboveMaxLimit: "clamp"}, Now: func() time.Time { return bubbleStart },
	})
	if err != nil {
		t.Fatal(err)
	}
	return emu
}

func townFiles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"rolewright.yaml": townConfig,
		"fresh.yaml":      townFile("fresh", "New."),
		"old.yaml":        "kind: Role\nkey: old\nstate: absent\n",
		"ops.yaml":        townFile("ops", "Changed."),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// told is what a command left behind.
type told struct {
	code     int
	out, err string
}

// run runs the program in a bubble, where waiting takes no time.
func (s *town) run(args ...string) (got told) {
	s.t.Helper()
	synctest.Test(s.t, func(t *testing.T) {
		now := func() time.Time { return time.Now().Add(s.ahead) }
		got = runWith(t, s.env, now, emulator.Transport(s.liar), args...)
	})
	return got
}

// runWith runs the program with an environment and a clock and without a terminal. Its requests go to
// network.
func runWith(t *testing.T, env map[string]string, now func() time.Time, network http.RoundTripper, args ...string) told {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), stdio{
		in: strings.NewReader(""), out: &out, err: &errs,
		getenv: func(name string) string { return env[name] }, now: now, transport: network,
	}, args)
	if strings.Contains(errs.String(), "a bug in rolewright") {
		t.Fatalf("%q: %s", args, errs.String())
	}
	return told{code, out.String(), errs.String()}
}
