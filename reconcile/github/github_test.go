package github

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/github/githubtest"
)

func TestAddresses(t *testing.T) {
	for _, test := range []struct{ api, graphql, wantAPI, wantGraphQL string }{
		{"", "", "https://api.github.com/", "https://api.github.com/graphql"},
		{"https://api.github.com", "https://api.github.com/graphql", "https://api.github.com/", "https://api.github.com/graphql"},
		{"https://ghe.example.com/api/v3", "https://ghe.example.com/api/graphql", "https://ghe.example.com/api/v3/", "https://ghe.example.com/api/graphql"},
		{"https://ghe.example.com/api/v3/", "", "https://ghe.example.com/api/v3/", "https://ghe.example.com/api/graphql"},
		{"https://ghe.example.com", "", "https://ghe.example.com/api/v3/", "https://ghe.example.com/api/graphql"},
		{"https://ghe.example.com:8443/api/v3", "", "https://ghe.example.com:8443/api/v3/", "https://ghe.example.com:8443/api/graphql"},
		{"https://api.acme.ghe.com", "", "https://api.acme.ghe.com/", "https://api.acme.ghe.com/graphql"},
		{"http://127.0.0.1:8080", "", "http://127.0.0.1:8080/api/v3/", "http://127.0.0.1:8080/api/graphql"},
		{"http://localhost", "", "http://localhost/api/v3/", "http://localhost/api/graphql"},
		{"http://[::1]:80/api/v3", "", "http://[::1]:80/api/v3/", "http://[::1]:80/api/graphql"},
	} {
		c, err := New(Options{Token: canary, APIURL: test.api, GraphQLURL: test.graphql})
		if err != nil {
			t.Errorf("%q: %v", test.api, err)
			continue
		}
		if c.rest.BaseURL.String() != test.wantAPI || c.graphql != test.wantGraphQL {
			t.Errorf("%q: %s and %s, want %s and %s", test.api, c.rest.BaseURL, c.graphql, test.wantAPI, test.wantGraphQL)
		}
	}
}

func TestAddressesRefused(t *testing.T) {
	for _, test := range []struct{ api, graphql string }{
		{"http://api.github.com", ""},
		{"http://127.0.0.1.evil.example", ""},
		{"http://localhost.evil.example", ""},
		{"ftp://api.github.com", ""},
		{"api.github.com", ""},
		{"//api.github.com", ""},
		{"https://", ""},
		{"https://:443", ""},
		{"https:api.github.com", ""},
		{"https://user:" + canary + "@api.github.com", ""},
		{"https://api.github.com?token=1", ""},
		{"https://api.github.com#x", ""},
		{"https://api.github.com/\x7f", ""},
		{"https://api.github.com", "https://evil.example/graphql"},
		{"https://api.github.com", "http://api.github.com/graphql"},
		{"https://api.github.com", "https://api.github.com:444/graphql"},
		{"https://api.github.com", ":"},
		{"http://127.0.0.1:1", "https://127.0.0.1:1/graphql"},
	} {
		if _, err := New(Options{Token: canary, APIURL: test.api, GraphQLURL: test.graphql}); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%q, %q: %v", test.api, test.graphql, err)
		}
	}
}

func TestTokensRefused(t *testing.T) {
	for _, token := range []string{"", "ghs_x\n", " ghs_x", "ghs_\u00e9", "\x00"} {
		if _, err := New(Options{Token: token}); err == nil || token != "" && strings.Contains(err.Error(), token) {
			t.Errorf("%q: %v", token, err)
		}
	}
}

func TestDefaults(t *testing.T) {
	o := withDefaults(Options{Token: canary})
	if o.Now().IsZero() || o.Sleep == nil {
		t.Error("no clock")
	}
	o.Log("GET", "https://api.github.com", 200, 0)
	transport := o.Transport.(*http.Transport)
	if transport.TLSClientConfig.MinVersion == 0 || transport.TLSHandshakeTimeout == 0 || transport.TLSClientConfig.InsecureSkipVerify {
		t.Errorf("transport %+v", transport)
	}
}

// TestEnterprise talks to the addresses of a GitHub Enterprise Server, GraphQL included.
func TestEnterprise(t *testing.T) {
	w := newWorld(t)
	w.AddComment(pull, githubtest.Login, stored(comment(90, "old")))
	c := w.client(t, func(o *Options) { o.APIURL, o.GraphQLURL = w.url+"/api/v3", w.url+"/api/graphql" })
	if p, err := c.Upsert(t.Context(), repository, pull, comment(100, "new")); err != nil || p.Did != DidUpdate {
		t.Errorf("posted %+v, %v", p, err)
	}
	for _, r := range w.Requests() {
		if r.Full != "/api/graphql" && !strings.HasPrefix(r.Full, "/api/v3/repos/") {
			t.Errorf("asked for %s", r.Full)
		}
	}
}

func TestRepositoryNames(t *testing.T) {
	for _, name := range []string{"acme/access", "a/b", "ACME-1/.github", "user_corp/x.y_z-1"} {
		if owner, repo, err := splitRepository(name); err != nil || owner+"/"+repo != name {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"", "acme", "acme/", "/x", "acme/..", "acme/.", "../x", "a/b/c", "a b/c", "acme/x?y", "acme/%2e%2e", "acme/x\n", "acme/" + strings.Repeat("x", 101)} {
		if _, _, err := splitRepository(name); err == nil || len(err.Error()) > 300 {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestCommits(t *testing.T) {
	for sha, ok := range map[string]bool{
		headSHA: true, strings.Repeat("a", 64): true,
		"": false, "HEAD": false, headSHA[:39]: false, strings.Repeat("A", 40): false, "-" + headSHA: false, headSHA + "\n": false,
	} {
		if err := checkCommit(sha); (err == nil) != ok {
			t.Errorf("%q: %v", sha, err)
		}
	}
}

func TestBranches(t *testing.T) {
	for _, name := range []string{"main", "release/2026.1", "a#b", "feature/ä", "x-", "@"} {
		if err := checkBranch(name); err != nil {
			t.Error(err)
		}
	}
	long := strings.Repeat("x/../", 50)
	for _, name := range []string{"", "..", "a/../b", "a b", "a\nb", "/a", "a/", "a//b", "a..b", ".a", "a/.b", "a?b", "a*", `a\b`, "a\u202eb", "a\xffb", long} {
		if err := checkBranch(name); err == nil || strings.ContainsAny(err.Error(), "\n\u202e") || len(err.Error()) > 200 {
			t.Errorf("%q: %v", name, err)
		}
	}
}
