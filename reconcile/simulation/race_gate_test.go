package simulation_test

import (
	"bytes"
	"cmp"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing/synctest"

	"github.com/rolewright/rolewright/reconcile/emulator"
)

// raceGate holds every request of every applier until it is let go, so that the order in which requests
// reach the account is chosen and not left to chance.
type raceGate struct {
	emu     *emulator.Emulator
	history *raceHistory

	mu      sync.Mutex
	waiting []*raceRequest
}

// raceRequest is a request at the gate.
type raceRequest struct {
	actor int
	name  string // method and address: requests of one actor wait in this order
	open  chan struct{}
}

// raceLine is the transport of one applier.
type raceLine struct {
	gate  *raceGate
	actor int
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (l raceLine) RoundTrip(r *http.Request) (*http.Response, error) {
	sent, err := raceDrain(&r.Body)
	if err != nil {
		return nil, err
	}
	op := l.gate.history.begin(l.actor, r.Method, r.URL.Path, sent)
	l.gate.wait(l.actor, r.Method+" "+r.URL.String())
	if r.Method == http.MethodDelete {
		op.was = l.gate.history.account()
	}
	reply, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := raceDrain(&reply.Body)
	l.gate.history.end(op, reply.StatusCode, body)
	return reply, err
}

// raceDrain reads a body and puts it back.
func raceDrain(body *io.ReadCloser) ([]byte, error) {
	if *body == nil {
		return nil, nil
	}
	text, err := io.ReadAll(*body)
	*body = io.NopCloser(bytes.NewReader(text))
	return text, err
}

func (g *raceGate) wait(actor int, name string) {
	r := &raceRequest{actor, name, make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, r)
	g.mu.Unlock()
	<-r.open
}

// atGate returns what waits, always in the same order.
func (g *raceGate) atGate() []*raceRequest {
	g.mu.Lock()
	defer g.mu.Unlock()
	slices.SortFunc(g.waiting, func(a, b *raceRequest) int {
		return cmp.Or(cmp.Compare(a.actor, b.actor), strings.Compare(a.name, b.name))
	})
	return slices.Clone(g.waiting)
}

func (g *raceGate) letGo(r *raceRequest) {
	g.mu.Lock()
	g.waiting = slices.DeleteFunc(g.waiting, func(w *raceRequest) bool { return w == r })
	g.mu.Unlock()
	close(r.open)
}

// conduct lets one request go after another, or one of the edits that somebody makes in a browser, as
// choose says, until nobody waits any more. It has to run in a bubble, where it can be told that everybody
// waits.
func (g *raceGate) conduct(edits []raceEdit, choose func(n int) int) {
	for {
		synctest.Wait()
		waiting := g.atGate()
		if len(waiting) == 0 {
			return
		}
		options := len(waiting)
		if len(edits) > 0 {
			options++
		}
		i := choose(options)
		if i < len(waiting) {
			g.letGo(waiting[i])
			continue
		}
		g.history.edit(edits[0])
		edits = edits[1:]
	}
}

// raceEvery goes through all sequences of choices, one run at a time.
type raceEvery struct{ path, widths []int }

// choices returns what chooses in the next run.
func (e *raceEvery) choices() func(int) int {
	at := 0
	return func(n int) int {
		if at == len(e.path) {
			e.path, e.widths = append(e.path, 0), append(e.widths, n)
		}
		if e.widths[at] != n {
			panic("the same choices did not lead to the same place")
		}
		at++
		return e.path[at-1]
	}
}

// next prepares the run after this one, and reports whether there is one.
func (e *raceEvery) next() bool {
	for i := len(e.path) - 1; i >= 0; i-- {
		if e.path[i]+1 < e.widths[i] {
			e.path[i]++
			e.path, e.widths = e.path[:i+1], e.widths[:i+1]
			return true
		}
	}
	return false
}

// raceAny chooses at random.
func raceAny(seed uint64) func(int) int {
	return rand.New(rand.NewPCG(seed, 36)).IntN
}
