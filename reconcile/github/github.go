// Package github is rolewright's side of GitHub: the event that started a workflow run, whether that
// event may write to an account, the one comment on a pull request that is kept up to date, and the
// files and commands of the runner.
//
// Invariants: a comment is touched only if its whole first line is our marker and its author is the
// account of the token. A run never overwrites what a newer run wrote, as far as an API without
// compare-and-swap can tell: the comment is read right before each write and again after it. A
// request that creates something is never repeated before the comments were listed again. The token
// goes to the configured API and nowhere else, and is in no error and no log line. What cannot be
// read in full is an error and never an empty list.
//
// The package must not decide what the comment says, nor whether a refusal fails the job: it returns
// typed errors, each with a hint, and the caller decides. It must not print, read a file or the
// environment (but for the proxy settings that net/http knows), or wait and tell the time by other
// means than those it was given.
package github

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/rolewright/rolewright/reconcile/internal/pattern"
)

// What Options stand for where they are zero.
const (
	DefaultAPIURL    = "https://api.github.com"
	DefaultUserAgent = "rolewright"
)

// Options say which GitHub to talk to and how. Only Token is required.
type Options struct {
	// Token is a GitHub token of any kind. It is sent to the host of APIURL alone.
	Token string
	// APIURL is the REST API, GITHUB_API_URL on a runner; see DefaultAPIURL. A server's bare address
	// gets "/api/v3" appended, as GitHub Enterprise Server wants it.
	APIURL string
	// GraphQLURL is GITHUB_GRAPHQL_URL on a runner; "" derives it from APIURL. It has to be on the
	// same host.
	GraphQLURL string
	// Login is the account that the token writes as, as the comments show it ("github-actions[bot]").
	// "" asks GitHub, which every token but an unusual one may.
	Login string
	// UserAgent names the program; see DefaultUserAgent.
	UserAgent string
	// Transport carries the requests; nil means one of our own (TLS 1.2 or later, 10 s for a
	// connection, 10 s for the head of an answer, the proxy of the environment).
	Transport http.RoundTripper
	// Now tells the time; nil is the real one.
	Now func() time.Time
	// Sleep waits for d or until ctx ends, which it then returns the error of. Nil really waits.
	Sleep func(ctx context.Context, d time.Duration) error
	// Log is told of every request that was sent: method, address without query, status (0 if no
	// answer came) and duration. Nil means nobody is told.
	Log func(method, url string, status int, d time.Duration)
}

// Client is GitHub seen through one token. Its methods may not be called at the same time.
type Client struct {
	rest    *github.Client
	graphql string
	self    account // who the token is, as far as it is known
	clean   func(string) string
	now     func() time.Time
	sleep   func(context.Context, time.Duration) error
}

// New returns a client, or an error if an address or the token cannot be one. Nothing is sent.
func New(o Options) (*Client, error) {
	if err := checkToken(o.Token); err != nil {
		return nil, err
	}
	o = withDefaults(o)
	base, err := baseURL("API", o.APIURL)
	if err != nil {
		return nil, err
	}
	g := &guard{
		scheme: base.Scheme, host: base.Host, token: func() string { return o.Token },
		next: o.Transport, now: o.Now, log: o.Log,
	}
	rest, err := github.NewClient(&http.Client{Transport: g}).WithEnterpriseURLs(base.String(), base.String())
	var graphql string
	if err == nil {
		graphql, err = graphqlURL(o.GraphQLURL, rest.BaseURL)
	}
	if err != nil {
		return nil, err
	}
	rest.UserAgent = o.UserAgent
	return &Client{
		rest: rest, graphql: graphql, self: account{login: o.Login}, clean: g.clean, now: o.Now, sleep: o.Sleep,
	}, nil
}

func withDefaults(o Options) Options {
	if o.APIURL == "" {
		o.APIURL = DefaultAPIURL
	}
	if o.UserAgent == "" {
		o.UserAgent = DefaultUserAgent
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Log == nil {
		o.Log = func(string, string, int, time.Duration) {}
	}
	return o
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

// newTransport returns net/http's transport with limits on everything that it would wait for.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: timeout}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    timeout,
		ResponseHeaderTimeout:  timeout,
		MaxResponseHeaderBytes: 1 << 20,
		ForceAttemptHTTP2:      true,
		IdleConnTimeout:        90 * time.Second,
	}
}

// checkToken refuses what cannot stand in a header, as a line end left over from a file.
func checkToken(token string) error {
	if token == "" {
		return errors.New("there is no GitHub token")
	}
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return fmt.Errorf("the GitHub token holds a character that no token has, at position %d of %d", i+1, len(token))
		}
	}
	return nil
}

// baseURL checks an address that the token will be sent to. The text is not repeated in errors where
// it may hold a password.
func baseURL(what, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "":
		return nil, fmt.Errorf("the %s address is not a URL: give one as %s", what, DefaultAPIURL)
	case u.User != nil:
		return nil, fmt.Errorf("the %s address holds a user name or password: give one as %s", what, DefaultAPIURL)
	case u.RawQuery != "" || u.Fragment != "" || u.Opaque != "":
		return nil, fmt.Errorf("the %s address %q holds more than a host and a path", what, u.Redacted())
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return u, nil
	}
	return nil, fmt.Errorf("the %s address %q is not https: the token would be sent in the clear", what, text)
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// graphqlURL returns where GraphQL is spoken, derived from the REST base where it is not given.
func graphqlURL(text string, rest *url.URL) (string, error) {
	if text == "" {
		derived := *rest
		derived.Path = strings.TrimSuffix(strings.TrimSuffix(rest.Path, "/"), "/v3") + "/graphql"
		return derived.String(), nil
	}
	u, err := baseURL("GraphQL", text)
	if err != nil {
		return "", err
	}
	if u.Scheme != rest.Scheme || u.Host != rest.Host {
		return "", fmt.Errorf("the GraphQL address is on %q and the API on %q: the token is for one of them only", u.Host, rest.Host)
	}
	return u.String(), nil
}

var repositoryName = pattern.Lazy(`^[A-Za-z0-9_-]{1,100}/[A-Za-z0-9._-]{1,100}$`)

// splitRepository returns owner and name of "acme/access". Both become part of a path, so that dots
// alone cannot be a name.
func splitRepository(repository string) (owner, name string, err error) {
	owner, name, _ = strings.Cut(repository, "/")
	if !repositoryName().MatchString(repository) || name == "." || name == ".." {
		return "", "", fmt.Errorf("repository %s is not an owner and a name, as acme/access", quote(repository))
	}
	return owner, name, nil
}

// checkBranch refuses what git does not take for a branch and what a path would be read otherwise for.
// go-github escapes the rest.
func checkBranch(name string) error {
	if name == "" || strings.Contains(name, "..") || strings.ContainsAny(name, " ~^:?*[\\") || clean(name, "") != name ||
		slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return part == "" || part[0] == '.' }) {
		return fmt.Errorf("%s is not the name of a branch", quote(name))
	}
	return nil
}

var commitName = pattern.Lazy(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

func checkCommit(sha string) error {
	if !commitName().MatchString(sha) {
		return fmt.Errorf("commit %s is not 40 or 64 hexadecimal digits", quote(sha))
	}
	return nil
}
