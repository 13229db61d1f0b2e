package simulation_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing/synctest"
	"time"

	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// A world is one account on the emulator, and a line to it on which each request has a number, counted
// over all runs, and may meet an event. One request goes at a time, and which one does not depend on
// the scheduler: so a schedule is always the same run.
type world struct {
	*scene
	emu   *emulator.Emulator
	to    http.RoundTripper
	gate  gate
	at    map[int]event
	armed bool // events happen
	first int  // the number of the first request
	log   []*entry
	late  []*http.Request // written by a run, and still on their way
	fired int             // how many events have happened
	often bool            // look at everything that a run leaves behind
	shown []string        // what runs left behind, if it is to be told

	mu     sync.Mutex
	base   map[string]string // the facts as they were when the run began
	things map[string]string // as they should be, but for what the plan changes; see I1
	edits  []*edit
	wrong  violations
	made   map[string]int // roles made by the runs, by key

	reading sync.Mutex
	read    *contents // see holds
}

// An entry is one request.
type entry struct {
	line         *line
	method, path string
	// arrived is how many requests had been let go when this one came.
	arrived int
	event   string
	status  int // 0 if no answer came
	wrote   bool
	makes   string // the key of what a POST makes
	asks    bool   // only whether tests are taken
	late    bool
	// until is the time before which a 429 allows no request; zero if it says nothing.
	until time.Time
	at    time.Time
}

func (e *entry) writes() bool { return e.method != http.MethodGet }

func (e *entry) String() string {
	text := e.method + " " + e.path
	if e.wrote {
		text += " wrote"
	}
	if e.late {
		text += " late"
	}
	if e.event != "" {
		text += " [" + e.event + "]"
	}
	return fmt.Sprintf("%s %d", text, e.status)
}

// gate lets one request go, or one that has waited, when everything else stands still: the first by name.
type gate struct {
	mu      sync.Mutex
	waiting []*ticket
	wake    chan struct{}
	done    chan struct{}
	ended   chan struct{}
}

type ticket struct {
	name string
	pass chan struct{}
}

func (g *gate) open() {
	g.wake, g.done, g.ended = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(g.ended)
		for {
			select {
			case <-g.done:
				return
			case <-g.wake:
			}
			for synctest.Wait(); g.next(); synctest.Wait() {
			}
		}
	}()
}

// close ends the gate; it lets go whoever is at it.
func (g *gate) close() {
	close(g.done)
	<-g.ended
	for g.next() {
	}
}

// next lets one go, and reports whether there was one.
func (g *gate) next() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		return false
	}
	least := 0
	for i, t := range g.waiting {
		if t.name < g.waiting[least].name {
			least = i
		}
	}
	close(g.waiting[least].pass)
	g.waiting = append(g.waiting[:least], g.waiting[least+1:]...)
	return true
}

func (g *gate) enter(name string) {
	t := &ticket{name, make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, t)
	g.mu.Unlock()
	select {
	case g.wake <- struct{}{}:
	default:
	}
	<-t.pass
}

// A line is the transport of one run.
type line struct {
	*world
	of       *plan.Plan      // what the run applies; nil while it plans
	touched  map[string]bool // what that changes, by kind and key
	planning bool
	lost     map[string]int // edits that went, by the moment in which they did
	dead     atomic.Bool    // the run was killed: nothing of it reaches the account any more
	kill     context.CancelFunc
	from     int             // where the run begins in the log
	applying int             // where its apply does
	inFlight map[string]bool // changes begun and not ended, as apply tells
	stopped  *stop           // that the run has to write no more
	longest  time.Duration
	waits    int                // begun
	sent     map[string]sending // the change of each thing that was sent last
}

// sending is when a change was sent, and when for the last time: entries of the log.
type sending struct{ first, last int }

// stop is why and since when a run may write no more.
type stop struct {
	since int // entries of the log at that time
	why   string
}

// RoundTrip implements http.RoundTripper.
func (l *line) RoundTrip(r *http.Request) (*http.Response, error) {
	if l.dead.Load() {
		return nil, errKilled
	}
	arrived := l.size()
	l.gate.enter(r.Method + " " + r.URL.RequestURI())
	if l.dead.Load() {
		return nil, errKilled
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if err := hold(r); err != nil {
		return nil, err
	}
	e, number := l.enter(r, arrived)
	e.asks, e.makes = onlyTests(r), makes(r)
	l.checkAllowed(e)
	ev, happens := l.at[number]
	if !happens || !l.armed || !ev.fits(e) {
		return l.deliver(r, e)
	}
	e.event = ev.name
	l.fired++
	if ev.before != nil {
		ev.before(l.world, e)
	}
	if ev.carry == nil {
		return l.deliver(r, e)
	}
	return ev.carry(l, r, e)
}

// sleeps notes a wait, and returns the name by which it passes the gate when it is over: before every
// request, in the order in which waits began.
func (l *line) sleeps(d time.Duration) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.dead.Load() {
		l.longest = max(l.longest, d)
	}
	l.waits++
	return fmt.Sprintf("!%06d", l.waits)
}

func (w *world) size() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.log)
}

func (l *line) enter(r *http.Request, arrived int) (*entry, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &entry{line: l, method: r.Method, path: r.URL.Path, arrived: arrived, at: time.Now()}
	number := l.first + len(l.log)
	l.log = append(l.log, e)
	return e, number
}

// hold reads the body of a request, so that it can be delivered again.
func hold(r *http.Request) error {
	if r.Body == nil || r.GetBody != nil {
		return nil
	}
	text, err := io.ReadAll(r.Body)
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }
	return err
}

// again is the request as it may be delivered once more, whatever became of who sent it.
func again(r *http.Request) *http.Request {
	c := r.WithContext(context.WithoutCancel(r.Context()))
	if r.GetBody != nil {
		c.Body, _ = r.GetBody()
	}
	return c
}

// deliver brings a request to the account, and looks at what it does there.
func (l *line) deliver(r *http.Request, e *entry) (*http.Response, error) {
	reply, err := l.world.bring(again(r), e)
	if err == nil {
		reply.Request = r
	}
	if e.wrote {
		for _, r := range l.late {
			l.arrive(r)
		}
		l.late = nil
	}
	return reply, err
}

// arrive brings a request that comes late.
func (w *world) arrive(r *http.Request) {
	e := &entry{method: r.Method, path: r.URL.Path, late: true, at: time.Now(), event: "arrives late"}
	w.mu.Lock()
	e.line = w.log[len(w.log)-1].line
	w.log = append(w.log, e)
	w.first-- // it has no number
	w.mu.Unlock()
	if reply, err := w.bring(r, e); err == nil {
		_ = reply.Body.Close()
	}
}

func (w *world) bring(r *http.Request, e *entry) (*http.Response, error) {
	before := w.emu.Writes()
	reply, err := w.to.RoundTrip(r)
	if err == nil {
		e.status = reply.StatusCode
	}
	switch {
	case w.emu.Writes() == before:
	case e.asks:
		w.things = maps.Clone(w.holds().things()) // it is counted as a version, and nothing else
	default:
		e.wrote = true
		w.checkWrite(e)
	}
	return reply, err
}

// makes is the key of what a request is to make; "" if it makes nothing.
func makes(r *http.Request) string {
	var thing struct{ Key string }
	if r.Method == http.MethodPost && r.GetBody != nil {
		if body, err := r.GetBody(); err == nil {
			_ = json.NewDecoder(body).Decode(&thing)
		}
	}
	return thing.Key
}

// onlyTests reports whether a patch changes nothing, and only asks whether the account takes tests.
func onlyTests(r *http.Request) bool {
	if r.Method != http.MethodPatch {
		return false
	}
	body, err := r.GetBody()
	if err != nil {
		return false
	}
	text, err := io.ReadAll(body)
	return err == nil && !bytes.Contains(text, []byte(`"replace"`)) && !bytes.Contains(text, []byte(`"instructions"`))
}

// subject is what a request is about: "role alpha", or a kind alone for a list.
func (e *entry) subject() (kind, id string) {
	parts := strings.Split(strings.TrimPrefix(e.path, "/api/v2/"), "/")
	kind = strings.TrimSuffix(parts[0], "s")
	if len(parts) > 1 {
		id = parts[1]
	}
	return kind, id
}

// thing is what a request is about, "role alpha", be it made by it.
func (e *entry) thing() string {
	kind, id := e.subject()
	return kind + " " + id + e.makes
}
