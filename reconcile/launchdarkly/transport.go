package launchdarkly

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/rolewright/rolewright/reconcile/role"
)

// guard is the last of our own code that a request passes. What must never happen is refused
// here, where no caller can forget it: a write through a read-only client, a token on its way to
// another host, a redirect (net/http would turn a redirected write into a read that succeeds).
type guard struct {
	base      string
	token     func() string
	readOnly  bool
	userAgent string
	next      http.RoundTripper
}

// RoundTrip sends req with our headers, or refuses.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := g.refuse(req); err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	reply, err := g.next.RoundTrip(g.dress(req))
	if err != nil {
		return nil, err
	}
	if reply.StatusCode >= 300 && reply.StatusCode < 400 {
		_ = reply.Body.Close()
		return nil, g.redirected(req, reply)
	}
	return reply, nil
}

func (g *guard) refuse(req *http.Request) error {
	if g.readOnly && req.Method != http.MethodGet {
		return fmt.Errorf("%w: %w: %s is not for a client that may only read", role.ErrNotSent, role.ErrReadOnly, req.Method)
	}
	if to := req.URL.Scheme + "://" + req.URL.Host; to != g.base {
		return fmt.Errorf("%w: the token is for %s and not for %q", role.ErrNotSent, g.base, to)
	}
	if err := role.Interrupt(req.Context()).Err(); err != nil {
		return fmt.Errorf("%w: %w", role.ErrNotSent, err)
	}
	return nil
}

// dress returns a copy of req with the headers that every request has. The token is on the copy
// alone, so that nothing above this transport can log it.
func (g *guard) dress(req *http.Request) *http.Request {
	kind := req.Header.Get("Content-Type")
	req = req.WithContext(req.Context())
	req.Header = http.Header{
		"Accept":         {"application/json"},
		"Authorization":  {g.token()},
		"Ld-Api-Version": {APIVersion},
		"User-Agent":     {g.userAgent},
	}
	if req.Body != nil {
		req.Header.Set("Content-Type", kind)
	}
	return req
}

// redirected names the host that the account pointed at and nothing else of the address, which may
// hold anything.
func (g *guard) redirected(req *http.Request, reply *http.Response) error {
	where := "no host"
	if u, err := url.Parse(reply.Header.Get("Location")); err == nil && u.Host != "" {
		where = fmt.Sprintf("host %q", u.Host)
	} else if err == nil && u.Path != "" {
		where = "the same host"
	}
	return &APIError{
		Method: req.Method, URL: withoutQuery(req.URL), Status: reply.StatusCode,
		Message: clean("redirect to "+where+" refused", g.token()),
	}
}

func withoutQuery(u *url.URL) string { return u.Scheme + "://" + u.Host + u.Path }

// newTransport returns net/http's transport with limits on everything that it would wait for.
func newTransport(parallelism int) *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 10 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  10 * time.Second,
		MaxResponseHeaderBytes: 1 << 20,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    2 * parallelism,
		IdleConnTimeout:        90 * time.Second,
	}
}
