package emulator

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

const (
	globalHeader = "X-Ratelimit-Global-Remaining"
	routeHeader  = "X-Ratelimit-Route-Remaining"
	resetHeader  = "X-Ratelimit-Reset"
)

// Limits are rate limits in requests per window, shared by all tokens. 0 limits nothing.
type Limits struct {
	// Global is for all requests of the account, Route for each method and path pattern.
	Global, Route int
	// Window is how long a window lasts; 0 means LaunchDarkly's ten seconds.
	Window time.Duration
}

// unlimited is what the headers say remains where there is no limit.
const unlimited = 10_000

// limiter counts requests in windows that begin at multiples of the window's length.
type limiter struct {
	limits  Limits
	now     func() time.Time
	headers string

	mu     sync.Mutex
	start  time.Time
	global int
	routes map[string]int
}

func newLimiter(opts Options) *limiter {
	if opts.Limits.Window <= 0 {
		opts.Limits.Window = 10 * time.Second
	}
	return &limiter{limits: opts.Limits, now: opts.Now, headers: opts.Behaviour.RateHeaders}
}

// admit counts a request for the route. It returns the headers to send, and whether the request
// is within the limits; one that is not is not counted.
func (l *limiter) admit(route string) (http.Header, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turn()
	ok := within(l.limits.Global, l.global) && within(l.limits.Route, l.routes[route])
	if ok {
		l.global++
		l.routes[route]++
	}
	return l.header(route), ok
}

// turn starts a new window if the last one is over.
func (l *limiter) turn() {
	start := l.now().Truncate(l.limits.Window)
	if l.routes == nil || !start.Equal(l.start) {
		l.start, l.global, l.routes = start, 0, map[string]int{}
	}
}

func within(limit, used int) bool { return limit == 0 || used < limit }

func remaining(limit, used int) string {
	if limit == 0 {
		return strconv.Itoa(unlimited)
	}
	return strconv.Itoa(limit - used)
}

func (l *limiter) header(route string) http.Header {
	h := http.Header{}
	if l.headers == "none" {
		return h
	}
	h[routeHeader] = []string{remaining(l.limits.Route, l.routes[route])}
	h[resetHeader] = []string{millis(l.start.Add(l.limits.Window))}
	if l.headers == "all" {
		h[globalHeader] = []string{remaining(l.limits.Global, l.global)}
	}
	return h
}
