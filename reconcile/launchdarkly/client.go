// Package launchdarkly talks to LaunchDarkly's REST API about custom roles and about who holds them:
// list, read, create, update and delete roles; list, read and update members and teams; list the
// projects that roles speak of; and whose token it is.
//
// Invariants: a list is complete or it is an error. A reply is LaunchDarkly's JSON, read strictly,
// or it is an error. A write leaves this package once per call; it is sent again only where the
// account said that nothing was done (429, or 400 to a comment) or where no connection came about.
// A change to a member or a team begins by reading it. The access token goes to the configured host
// and nowhere else, and is in no error, log line or URL. A read-only client cannot write: its
// transport refuses.
//
// The package must not decide what to do about an outcome: it says which one it was, in the
// errors of package role, and the caller reads back, stops or goes on. It must not print, read
// the environment (but for the proxy settings that net/http knows) or import the emulator.
package launchdarkly

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rolewright/rolewright/reconcile/internal/pattern"
	"github.com/rolewright/rolewright/reconcile/role"
)

// APIVersion is the version of the REST API that every request names. A token's own default may
// be older and then means other page sizes and other base permissions.
const APIVersion = "20240415"

// DefaultBasePermissions is what a role has whose answer does not say. LaunchDarkly's Terraform
// provider reads it so (readIntoModel); it has not been tried on an account.
const DefaultBasePermissions = role.Reader

// What Options stand for where they are zero.
const (
	DefaultParallelism    = 4                // page reads at a time
	DefaultPageSize       = 1000             // roles or members asked for in one page
	DefaultRequestTimeout = 30 * time.Second // one attempt of one request
	DefaultUserAgent      = "rolewright"
)

// Options say which account to talk to and how. Host and Token are required.
type Options struct {
	// Host is a name or an address with an optional port and without a scheme. It is spoken to
	// over https, a loopback host over http.
	Host  string
	Token Secret
	// Transport carries the requests; nil means one of our own (TLS 1.2 or later, 10 s for a
	// connection, 10 s for the head of an answer, the proxy of the environment).
	Transport http.RoundTripper
	// ReadOnly refuses every method but GET inside the transport.
	ReadOnly bool
	// UserAgent names the program; see DefaultUserAgent.
	UserAgent string
	// Parallelism is how many pages are read at a time, of all lists together; see
	// DefaultParallelism.
	Parallelism int
	// PageSize is the size of page asked for first; see DefaultPageSize. Of teams, and of what
	// projects hold, it is 100 at most.
	PageSize int
	// RequestTimeout limits one attempt, body included; see DefaultRequestTimeout.
	RequestTimeout time.Duration
	// Sleep waits for d or until ctx ends, which it then returns the error of. Nil really waits.
	Sleep func(ctx context.Context, d time.Duration) error
	// Now tells the time, by which demands of an account that sends no date are read.
	Now func() time.Time
	// Elapsed tells how long it is since some moment, whatever becomes of the clock on the wall: waits
	// are measured by it. Nil takes differences of Now, which is right for the one of package time.
	Elapsed func() time.Duration
	// Jitter returns a random number in [0, 1).
	Jitter func() float64
	// Log receives one debug record per attempt, and one at level info before each wait for another
	// one, with the method, the path and the cause; nil means none.
	Log *slog.Logger
}

// Client is one account seen through one token. Its methods may be called at the same time.
type Client struct {
	base        string            // "https://app.launchdarkly.com"
	token       func() string     // a function, since fmt prints the text of a hidden field
	transport   http.RoundTripper // as given or made, below the guard
	http        *http.Client
	parallelism int
	reading     chan struct{} // holds one entry for each page that is being read
	large       chan struct{} // holds one entry while a large answer is read or parsed
	// The sizes of a page of each list, which fall where the account refuses them.
	pageSize, memberSize, teamSize, projectSize, environmentSize, flagSize atomic.Int64
	made                                                                   sync.Map    // when a team was made, by its key
	bare                                                                   atomic.Bool // the account takes no comments with members
	brake                                                                  brake
	roleTests, memberTests                                                 tests
	turn                                                                   chan struct{}
	genuine                                                                bool // an answer has to be LaunchDarkly's: the host is not loopback, the transport ours
	sleep                                                                  func(context.Context, time.Duration) error
	now                                                                    func() time.Time
	elapsed                                                                func() time.Duration
	jitter                                                                 func() float64
	log                                                                    *slog.Logger
}

// New returns a client, or an error if the host or the token cannot be one. Nothing is sent.
func New(opts Options) (*Client, error) {
	base, err := baseURL(opts.Host)
	if err != nil {
		return nil, err
	}
	if err := opts.Token.check(); err != nil {
		return nil, err
	}
	genuine := opts.Transport == nil && strings.HasPrefix(base, "https:")
	opts = withDefaults(opts)
	c := &Client{
		base: base, token: opts.Token.reveal, transport: opts.Transport, parallelism: opts.Parallelism, genuine: genuine,
		reading: make(chan struct{}, opts.Parallelism), turn: make(chan struct{}, 1), large: make(chan struct{}, 1), sleep: opts.Sleep, now: opts.Now, elapsed: opts.Elapsed, jitter: opts.Jitter, log: opts.Log,
	}
	c.pageSize.Store(int64(opts.PageSize))
	c.memberSize.Store(int64(opts.PageSize))
	c.teamSize.Store(int64(min(opts.PageSize, maxTeams)))
	for _, size := range []*atomic.Int64{&c.projectSize, &c.environmentSize, &c.flagSize} {
		size.Store(int64(min(opts.PageSize, maxStock)))
	}
	c.http = &http.Client{
		Timeout: opts.RequestTimeout,
		Transport: &guard{
			base: base, token: opts.Token.reveal, readOnly: opts.ReadOnly, userAgent: opts.UserAgent, next: opts.Transport,
		},
	}
	return c, nil
}

func withDefaults(o Options) Options {
	o.UserAgent = orElse(o.UserAgent, DefaultUserAgent)
	o.Parallelism = orElse(max(0, o.Parallelism), DefaultParallelism)
	o.PageSize = orElse(max(0, o.PageSize), DefaultPageSize)
	o.RequestTimeout = orElse(max(0, o.RequestTimeout), DefaultRequestTimeout)
	if o.Transport == nil {
		o.Transport = newTransport(o.Parallelism)
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Elapsed == nil {
		start := o.Now()
		o.Elapsed = func() time.Duration { return o.Now().Sub(start) }
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

func orElse[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

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

// Limited reports whether the account has ever answered 429 to this client. From then on the
// client sends one request at a time; a caller that works in parallel should stop doing so.
func (c *Client) Limited() bool { return c.brake.limited() }

// Close drops the connections that are kept open for later requests.
func (c *Client) Close() {
	if t, ok := c.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

var hostName = pattern.Lazy(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)

// baseURL returns scheme and host of the account. It takes a bare host or host:port and nothing
// that a URL parser might read differently from a person.
func baseURL(host string) (string, error) {
	host = strings.ToLower(host)
	u, err := url.Parse("https://" + host)
	if err != nil || u.Host != host || u.Hostname() == "" || strings.HasSuffix(host, ":") {
		return "", fmt.Errorf("host %q: give a host name with an optional port and nothing else, as app.launchdarkly.com", host)
	}
	addr, addrErr := netip.ParseAddr(u.Hostname())
	if addrErr != nil && !hostName().MatchString(u.Hostname()) {
		return "", fmt.Errorf("host %q: %q is not a host name", host, u.Hostname())
	}
	if port, err := strconv.Atoi(u.Port()); u.Port() != "" && (err != nil || port < 1 || port > 65535) {
		return "", fmt.Errorf("host %q: the port has to be between 1 and 65535", host)
	}
	if u.Hostname() == "localhost" || addrErr == nil && addr.IsLoopback() {
		return "http://" + host, nil
	}
	return "https://" + host, nil
}

var errNoToken = errors.New("there is no access token")
