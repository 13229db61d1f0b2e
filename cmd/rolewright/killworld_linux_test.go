package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/github/githubtest"
	"github.com/rolewright/rolewright/reconcile/journal"
)

// The tokens of every killed run. They look like nothing, so that nothing can be said to mask them by
// their form.
const (
	killToken    = "canary5token7of8the9account"
	killHubToken = "canary5token7of8the9hub"
	killCanary   = "canary5token7of8the9"
	mergedSHA    = "3333333333333333333333333333333333333333"
)

// killWorld is the account that a plan changes, the GitHub that an Action tells of it, and the folder of
// the files. It serves one process at a time.
type killWorld struct {
	t       *testing.T
	plan    killPlan
	program string
	dir     string // of the workspace
	log     string // of what the program writes besides: the journal, the summary, the outputs
	host    string // of the account
	hubURL  string

	start    tokenAccount      // what the account holds at first
	file     []byte            // the same, for an account in a file
	original map[string]string // everything in it at first
	took     time.Duration     // a run that nobody kills
	allowed  map[string]map[string]bool
	wanted   map[string]string // what the plan changes, as it is to be
	planned  map[string]int    // how often an account came about in the end

	story string // that the journal tells of the killed run
	torn  bool

	mu      sync.Mutex
	idle    *sync.Cond // a request was answered, a connection closed
	open    int        // connections
	point   string     // at which the run of now is killed, for messages
	emu     *emulator.Emulator
	hub     *githubtest.Server
	now     *killRun
	held    func(*killRun) // what happens to a request that is never answered
	overdue func()         // the effect of a request that has not come yet
	dueAt   int            // the request before which it comes
}

func newKillWorld(t *testing.T, p killPlan, program string) *killWorld {
	t.Helper()
	w := &killWorld{t: t, plan: p, program: program, dir: t.TempDir(), log: t.TempDir(), allowed: map[string]map[string]bool{}, planned: map[string]int{}}
	w.idle = sync.NewCond(&w.mu)
	w.host = strings.TrimPrefix(w.listen(func() http.Handler { return w.emu }), "http://")
	w.hubURL = w.listen(func() http.Handler { return w.hub })
	w.files(p.before)
	w.reset()
	w.wantExit(w.run(killPoint{moment: "never", width: 1}, "apply", "--auto-approve", "--target", w.target(), w.dir), 0)
	w.start = tokenAccount{roles: w.emu.Roles(), members: w.emu.Members(), teams: w.emu.Teams()}
	if p.local {
		file, err := os.ReadFile(w.local())
		w.ok(err)
		w.file = file
	}
	w.files(p.after)
	return w
}

// listen serves what next returns at the time, and counts the connections. It returns the address.
func (w *killWorld) listen(next func() http.Handler) string {
	server := httptest.NewUnstartedServer(w.front(next))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		w.mu.Lock()
		defer w.mu.Unlock()
		switch state {
		case http.StateNew:
			w.open++
		case http.StateClosed:
			w.open--
			w.idle.Broadcast()
		}
	}
	server.Start()
	w.t.Cleanup(server.Close)
	return server.URL
}

func (w *killWorld) local() string { return filepath.Join(w.dir, ".rolewright", "local.db") }

func (w *killWorld) target() string {
	if w.plan.local {
		return "local"
	}
	return "production"
}

// resetLocal puts the file of the account back, or makes it.
func (w *killWorld) resetLocal() {
	w.t.Helper()
	if w.file != nil {
		w.ok(os.WriteFile(w.local(), w.file, 0o600))
		w.ok(w.load())
		return
	}
	emu, err := emulator.New(emulator.Options{File: w.local(), Rand: strings.NewReader("0123456789abcdef")})
	w.ok(err)
	w.strangers(emu)
	w.ok(emu.Close())
	w.ok(w.load())
}

// load reads a copy of the account's file, as the process left it.
func (w *killWorld) load() error {
	data, err := os.ReadFile(w.local())
	if err != nil {
		return err
	}
	if err := os.WriteFile(w.path("copy.db"), data, 0o600); err != nil {
		return err
	}
	if w.emu != nil {
		err = w.emu.Close()
	}
	emu, opened := emulator.New(emulator.Options{File: w.path("copy.db"), ReadOnly: true})
	w.emu = emu
	return errors.Join(err, opened)
}

func (w *killWorld) files(docs string) {
	w.t.Helper()
	for name, text := range map[string]string{"rolewright.yaml": killConfig, "roles.yaml": docs} {
		if err := writeFile(w.dir, name, []byte(text)); err != nil {
			w.t.Fatal(err)
		}
	}
}

// reset makes the account and the GitHub anew, as they are before the plan is applied.
func (w *killWorld) reset() {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ok(os.RemoveAll(w.log))
	w.ok(os.MkdirAll(w.log, 0o700))
	if w.plan.local {
		w.resetLocal()
	} else {
		w.resetServed()
	}
	w.hub = githubtest.New("acme/access")
	w.hub.AddAccount(killHubToken, githubtest.Account{Login: githubtest.Login, ID: githubtest.ID, Bot: true, NoUser: true})
	w.hub.AddPullRequest(githubtest.PullRequest{
		Number: pull, State: "closed", HeadRepository: "acme/access", HeadRef: "change", HeadSHA: headSHA, BaseRef: "main", BaseSHA: baseSHA, MergedAs: mergedSHA,
	})
	w.hub.SetTip("main", mergedSHA)
	w.overdue, w.story, w.torn, w.original = nil, "", false, w.things()
}

func (w *killWorld) resetServed() {
	w.t.Helper()
	emu, err := emulator.New(emulator.Options{Seed: w.start.roles, Rand: strings.NewReader("0123456789abcdef")})
	w.ok(err)
	if len(w.start.roles) == 0 {
		w.strangers(emu)
	}
	for _, m := range w.start.members {
		w.ok(emu.AddMember(m))
	}
	for _, team := range w.start.teams {
		w.ok(emu.AddTeam(team))
	}
	w.emu = emu
}

// strangers are what the files do not speak of.
func (w *killWorld) strangers(emu *emulator.Emulator) {
	w.t.Helper()
	w.ok(emu.Add(emulator.Role{Key: "legacy-ops", Name: "Of earlier days", Policy: []emulator.Statement{
		{Effect: "allow", Actions: []string{"updateOn"}, Resources: []string{"proj/*:env/*:flag/*"}},
	}}))
	w.ok(emu.AddMember(emulator.Member{Email: "root@elsewhere.example", Role: "owner"}))
	w.ok(emu.AddMember(emulator.Member{Email: "stranger@elsewhere.example", CustomRoles: []string{"legacy-ops"}}))
	for _, name := range []string{"ana", "bo"} {
		w.ok(emu.AddMember(emulator.Member{Email: name + "@example.com", Role: "no_access"}))
	}
	w.ok(emu.AddTeam(emulator.Team{Key: "legacy-team", Name: "Of earlier days", CustomRoles: []string{"legacy-ops"}}))
}

// wrong fails the test and names the point.
func (w *killWorld) wrong(format string, args ...any) {
	w.t.Helper()
	w.t.Errorf("%s: %s", w.point, fmt.Sprintf(format, args...))
}

func (w *killWorld) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// things are the roles, teams and members of the account, each as text, without what differs from run to
// run: ids, counters and times.
func (w *killWorld) things() map[string]string {
	all := map[string]string{}
	put := func(name string, thing any) {
		text, err := json.Marshal(thing)
		w.ok(err)
		all[name] = string(text)
	}
	keys := map[string]string{}
	for _, r := range w.emu.Roles() {
		keys[r.ID] = r.Key
		r.ID = ""
		put("role "+r.Key, r)
	}
	named := func(ids []string) (list []string) {
		for _, id := range ids {
			list = append(list, keys[id])
		}
		slices.Sort(list)
		return list
	}
	for _, m := range w.emu.Members() {
		if len(m.RoleAttributes) == 0 {
			m.RoleAttributes = nil // a file keeps none and an answer may be empty
		}
		put("member "+m.Email, []any{m.Role, named(m.CustomRoles), m.RoleAttributes})
	}
	for _, t := range w.emu.Teams() {
		put("team "+t.Key, []any{t.Name, t.Description, named(t.CustomRoles), t.RoleAttributes, len(t.Members)})
	}
	return all
}

// watch checks the account against what it may hold at any time: what the plan does not change is as it
// was, and what it changes is in a state that a run goes through which nobody kills.
func (w *killWorld) watch() {
	now := w.things()
	for name := range maps.Keys(w.original) {
		if _, there := now[name]; !there {
			now[name] = ""
		}
	}
	for name, state := range now {
		switch {
		case w.wanted == nil: // it is being learned
			if w.allowed[name] == nil {
				w.allowed[name] = map[string]bool{w.original[name]: true}
			}
			w.allowed[name][state] = true
		case !w.allowed[name][state]:
			w.wrong("%s is %s, which no run that goes well makes of it", name, state)
		}
	}
}

// learn runs the plan once undisturbed. It returns the points at which a run can be killed by their moment,
// shuffled.
func (w *killWorld) learn(rng *rand.Rand) map[string][]killPoint {
	w.t.Helper()
	w.allowed = map[string]map[string]bool{}
	if w.plan.local { // whose states nobody sees: they are those of an account that is served
		w.plan.local = false
		w.reset()
		w.wantExit(w.run(killPoint{moment: "never"}, w.args(killPoint{fate: "none", width: 1})...), 0)
		w.plan.local = true
	}
	w.reset()
	w.prepare()
	begun := time.Now()
	r := w.run(killPoint{moment: "never", fate: "kept", width: 1}, w.args(killPoint{fate: "kept", width: 1})...)
	w.took = time.Since(begun)
	w.wantExit(r, 0)
	w.wanted = map[string]string{}
	for name, states := range w.allowed {
		if len(states) > 1 {
			w.wanted[name] = w.things()[name]
		}
	}
	if len(w.wanted) < 2 || len(w.wanted) == len(w.allowed) {
		w.t.Fatalf("the plan changes %d of %d things", len(w.wanted), len(w.allowed))
	}
	points := map[string][]killPoint{}
	add := func(p killPoint) { points[p.moment] = append(points[p.moment], p) }
	for n := range r.requests {
		for _, moment := range requestMoments {
			add(killPoint{moment: moment, n: n + 1})
		}
	}
	for n := range 10 * outputPoints {
		add(killPoint{moment: "time", n: n + 1, of: 10 * outputPoints})
	}
	for n := range strings.Count(w.read("journal"), "\n") {
		add(killPoint{moment: "journal", n: n + 1})
	}
	for moment, text := range map[string]string{"stdout": r.out, "stderr": r.err, "summary": w.read("summary"), "outputs": w.read("outputs")} {
		for i := range min(len(text)-1, outputPoints) {
			add(killPoint{moment: moment, n: 1 + i*(len(text)-1)/outputPoints, of: len(text) - 1})
		}
	}
	for _, moment := range w.plan.moments() {
		some := points[moment]
		rng.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
	}
	return points
}

// comments are ours on the pull request.
func (w *killWorld) comments() []githubtest.Comment {
	return slices.DeleteFunc(w.hub.Comments(pull), func(c githubtest.Comment) bool { return c.Author != githubtest.Login })
}

// shown is how many of them are not folded: one of two is, once a run has seen both.
func (w *killWorld) shown() (n int) {
	for _, c := range w.comments() {
		if c.Minimized == "" {
			n++
		}
	}
	return n
}

// meddle does to the journal what became of it, and notes what it tells.
func (w *killWorld) meddle(p killPoint) {
	data := []byte(w.read("journal"))
	if len(data) == 0 {
		return
	}
	if info, err := os.Stat(w.path("journal")); err != nil || info.Mode().Perm() != 0o600 {
		w.wrong("the journal's mode is %v, %v", info.Mode(), err)
	}
	switch p.fate {
	case "lost":
		w.ok(os.Remove(w.path("journal")))
		return
	case "torn":
		line := data[1+bytes.LastIndexByte(data[:len(data)-1], '\n'):]
		data = data[:len(data)-1-p.late*(len(line)-2)/12]
		w.ok(os.WriteFile(w.path("journal"), data, 0o600))
	}
	j, err := journal.Read(data)
	if err != nil {
		w.t.Fatalf("the journal of a killed run: %v\n%s", err, data)
	}
	w.torn, w.story = j.Torn, j.Last().Story()
}

// front is a server of the world, which knows whom it serves and when to kill it.
func (w *killWorld) front(next func() http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return // whoever asked is gone
		}
		req = req.Clone(context.Background())
		req.Body = io.NopCloser(bytes.NewReader(body))
		w.mu.Lock()
		r, h := w.now, next()
		r.busy++
		w.mu.Unlock()
		defer w.answered(r)
		if text := req.URL.String() + string(body); strings.Contains(text, killCanary) {
			w.wrong("a token is sent along: %s", text)
		}
		w.serve(rw, req, h, r)
	})
}

func (w *killWorld) answered(r *killRun) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r.busy--
	w.idle.Broadcast()
}

// serve answers one request, unless its moment has come.
func (w *killWorld) serve(rw http.ResponseWriter, req *http.Request, h http.Handler, r *killRun) {
	n := w.arrive(r, req)
	moment := ""
	if n == r.point.n {
		moment = r.point.moment
	}
	switch moment {
	case "late":
		w.postpone(r.point.late, func() { h.ServeHTTP(httptest.NewRecorder(), req) })
		fallthrough
	case "before":
		r.kill()
		panic(http.ErrAbortHandler)
	case "held":
		w.held(r)
		panic(http.ErrAbortHandler)
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, req)
	w.look(r, answer.Code)
	if moment == "after" {
		r.kill()
		panic(http.ErrAbortHandler)
	}
	maps.Copy(rw.Header(), answer.Header())
	text := answer.Body.Bytes()
	rw.Header().Set("Content-Length", strconv.Itoa(len(text)))
	rw.WriteHeader(answer.Code)
	if moment == "half" {
		text = text[:len(text)/2]
	}
	_, _ = rw.Write(text) // whoever reads it may be gone
	if moment == "half" || moment == "answered" {
		_ = http.NewResponseController(rw).Flush()
		r.kill()
		panic(http.ErrAbortHandler)
	}
}

// arrive numbers a request, and lets an effect that is overdue come before it.
func (w *killWorld) arrive(r *killRun, req *http.Request) int {
	w.mu.Lock()
	r.requests++
	n := r.requests
	if req.Method != http.MethodGet {
		r.writes = append(r.writes, n)
	}
	var effect func()
	if w.overdue != nil && r.point.moment == "never" && n >= w.dueAt {
		effect, w.overdue = w.overdue, nil
	}
	w.mu.Unlock()
	if effect != nil {
		effect()
	}
	return n
}

func (w *killWorld) postpone(until int, effect func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.overdue, w.dueAt = effect, until
}

func (w *killWorld) look(r *killRun, status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if status == http.StatusConflict || status == http.StatusUnprocessableEntity {
		r.conflicts++
	}
	w.watch()
}
