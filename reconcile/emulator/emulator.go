// Package emulator is LaunchDarkly's API of roles, members and teams, and of the projects that they
// speak of, as one http.Handler: what the embedded target of a workspace runs on, what `rolewright emulator` serves, and what the tests of everything else
// write to.
//
// Invariant: a request either changes the account as a whole and durably, or not at all; a killed
// emulator leaves the last committed state. Whatever LaunchDarkly does not document is a named
// switch of [Behaviour], never a silent choice, so that a test can be repeated under each reading.
//
// The package must not import the client: with shared wire types a wrong name on the wire would
// be invisible. It must not listen on anything but loopback, print, or take a token that looks
// like a real one. Time and randomness can be passed in.
package emulator

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Header is set to "1" on every reply, so that a client can tell the emulator from LaunchDarkly.
const Header = "X-Rolewright-Emulator"

// MaxBody is the largest request body in bytes; above it the answer is 413.
const MaxBody = 1 << 20

// maxRecords bounds what [Emulator.Requests] remembers: the newest requests are kept.
const maxRecords = 10_000

// Options say what an emulator starts from and how it behaves. The zero value is an empty account
// in memory, with every switch at its default and without faults.
type Options struct {
	// File keeps the account in a bbolt file of that name, made with mode 0600 in a folder made
	// with mode 0700; "" keeps it in memory.
	File string
	// ReadOnly opens File without the right to write to it: the file has to be there and may be of
	// mode 0444, any number of readers may have it open at once, and every write is refused (403).
	// A file that holds no account yet is an account in memory, as it would be made there. Without
	// File it means nothing.
	ReadOnly bool
	// Timeout is how long New waits for a file that another process has open; 0 means a second.
	Timeout time.Duration
	// NoSync leaves out the fsync after each write to File. A crash of the machine, though not of
	// the process, may then lose writes.
	NoSync bool
	// Seed are the roles of a new account; a File that holds an account already ignores them.
	// They are taken as they are, so that a test can plant what the API would refuse; only an
	// empty id is filled in, and empty base permissions are no_access.
	Seed []Role
	// Tokens are the tokens that are let in; nil lets in every token that is not a real one.
	Tokens []Token
	// AllowRealToken accepts tokens of LaunchDarkly's own form ("api-" and a UUID). They are
	// refused otherwise: a real token has no business here.
	AllowRealToken bool
	// Limits are the rate limits; the zero value limits nothing.
	Limits Limits
	// Elsewhere are the e-mail addresses of members of other accounts, which cannot be invited.
	Elsewhere []string
	Behaviour Behaviour
	Faults    []Fault
	// Latency delays every reply, as a network does.
	Latency time.Duration
	// Now is the clock, Sleep waits for a time or for the end of the context, Rand gives the 16
	// bytes that all ids of a new account come from. Nil means the real ones.
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
	Rand  io.Reader
	// Log gets the switches at start, and each request at debug level; nil logs nothing.
	Log *slog.Logger
}

// RequestRecord is what the emulator remembers of one request. Tokens and bodies are not kept.
type RequestRecord struct {
	Number int // from 1, in the order of arrival
	Method string
	Path   string
	Query  string
	// APIVersion holds the values of LD-API-Version as they came.
	APIVersion []string
	UserAgent  string
	// Comment is the comment of a PATCH, which LaunchDarkly keeps in the audit log.
	Comment string
	// Status is what the handler answered, before a fault spoiled it; 0 if it was not reached.
	Status int
	// Wrote is true if the request changed the account.
	Wrote bool
	// Fault names what was injected; "" if nothing was.
	Fault string
}

// Emulator is one account of LaunchDarkly. It is safe for use by several goroutines.
type Emulator struct {
	opts  Options
	store *store
	limit *limiter

	mu       sync.Mutex // guards what follows
	tokens   []Token
	faults   []armedFault
	requests []RequestRecord
	arrived  int
	writes   int
}

// New returns an emulator. It fails if a switch has no such value, a token cannot be, or the file cannot be opened,
// is in use by another process ([ErrInUse]) or is not one of ours.
func New(opts Options) (*Emulator, error) {
	if err := opts.Behaviour.fill(); err != nil {
		return nil, err
	}
	for _, t := range opts.Tokens {
		if err := t.check(); err != nil {
			return nil, err
		}
	}
	opts = opts.withDefaults()
	s, err := openStore(opts)
	if err != nil {
		return nil, err
	}
	e := &Emulator{opts: opts, store: s, limit: newLimiter(opts), tokens: slices.Clone(opts.Tokens)}
	if err := e.SetFaults(opts.Faults...); err != nil {
		return nil, errors.Join(err, s.close())
	}
	if ctx := context.Background(); opts.Log.Enabled(ctx, slog.LevelInfo) { // the description takes long
		opts.Log.InfoContext(ctx, "emulator", "account", s.account, "roles", len(s.now.roles.order), "members", len(s.now.members.order), "teams", len(s.now.teams.order), "projects", len(s.now.projects.order), "behaviour", opts.Behaviour.Describe())
	}
	return e, nil
}

func (o Options) withDefaults() Options {
	o.Timeout = cmp.Or(o.Timeout, time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// sleep waits for d or for the end of the context, whichever comes first.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Close releases the file. Nothing is lost without it: every write is committed before it is
// answered.
func (e *Emulator) Close() error { return e.store.close() }

// ServeHTTP answers one request: it waits as told, injects the fault that is due, and otherwise
// does what LaunchDarkly would.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, fault := e.arrive(r)
	if e.wait(r.Context(), e.opts.Latency+fault.delay) != nil {
		panic(http.ErrAbortHandler)
	}
	fault.serve(w, e.opts.Now, func() reply { return e.answer(n, r) })
}

func (e *Emulator) wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	return e.opts.Sleep(ctx, d)
}

// arrive numbers and records the request and picks the fault that is due, all in one step, so
// that request numbers and faults agree however many requests run at once.
func (e *Emulator) arrive(r *http.Request) (int, injection) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.arrived++
	due := dueFaults(e.faults, r)
	if len(e.requests) == maxRecords {
		e.requests = slices.Delete(e.requests, 0, maxRecords/10)
	}
	e.requests = append(e.requests, RequestRecord{
		Number: e.arrived, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Fault: due.name,
		APIVersion: slices.Clone(r.Header.Values(versionHeader)), UserAgent: r.UserAgent(),
	})
	return e.arrived, due
}

// note adds to the record of request n, if it is still remembered.
func (e *Emulator) note(n int, change func(*RequestRecord)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i, found := slices.BinarySearchFunc(e.requests, n, func(r RequestRecord, n int) int { return cmp.Compare(r.Number, n) })
	if found {
		change(&e.requests[i])
	}
}

// wrote counts a request that changed the account.
func (e *Emulator) wrote(n int) {
	e.mu.Lock()
	e.writes++
	e.mu.Unlock()
	e.note(n, func(r *RequestRecord) { r.Wrote = true })
}

// Writes returns how many requests changed the account. A PATCH that sets what is set already
// counts too: whoever may not write must not send it. [Emulator.Edit] and its like do not count.
func (e *Emulator) Writes() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.writes
}

// Requests returns the newest requests (ten thousand at most) in the order of arrival.
func (e *Emulator) Requests() []RequestRecord {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.requests)
}

// SetFaults replaces the faults and starts counting their requests anew. It refuses faults that
// [ParseFault] would.
func (e *Emulator) SetFaults(faults ...Fault) error {
	armed, err := arm(faults)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults = armed
	return nil
}

// SetTokens replaces the tokens that are let in, as when one is revoked; none lets in every token. They
// are taken unchecked.
func (e *Emulator) SetTokens(tokens ...Token) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.tokens = slices.Clone(tokens)
}

// AccountID returns the account's id (24 hexadecimal digits), which stays with the file.
func (e *Emulator) AccountID() string { return e.store.account }
