package launchdarkly

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/role"
)

func TestBaseURL(t *testing.T) {
	good := map[string]string{
		"app.launchdarkly.com":    "https://app.launchdarkly.com",
		"App.LaunchDarkly.COM":    "https://app.launchdarkly.com",
		"app.eu.launchdarkly.com": "https://app.eu.launchdarkly.com",
		"example.com:8443":        "https://example.com:8443",
		"10.1.2.3":                "https://10.1.2.3",
		"[2001:db8::1]:443":       "https://[2001:db8::1]:443",
		"xn--bcher-kva.example":   "https://xn--bcher-kva.example",
		"localhost":               "http://localhost",
		"localhost:8030":          "http://localhost:8030",
		"127.0.0.1:1":             "http://127.0.0.1:1",
		"127.9.9.9":               "http://127.9.9.9",
		"[::1]:65535":             "http://[::1]:65535",
		"localhost.evil.example":  "https://localhost.evil.example",
		"2130706433":              "https://2130706433",
		"127.0.0.1.evil.example":  "https://127.0.0.1.evil.example",
	}
	for host, want := range good {
		if got, err := baseURL(host); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", host, got, err, want)
		}
	}
	bad := []string{
		"", " ", "https://app.launchdarkly.com", "//app.launchdarkly.com", "app.launchdarkly.com/", "app.launchdarkly.com/api/v2",
		"app.launchdarkly.com?x", "app.launchdarkly.com#x", "evil.example#app.launchdarkly.com", "user@app.launchdarkly.com",
		"app.launchdarkly.com@evil.example", "user:pw@host", `evil.example\@app.launchdarkly.com`, "app.launchdarkly.com.",
		"app..launchdarkly.com", "-a.example", "a-.example", "host:", "host:0", "host:65536", "host:http", ":443", "host:1:2",
		"bücher.example", "app.launchdarkly.com\n", "app.launchdarkly.com\t", "app launchdarkly.com", "app.launchdarkly%2ecom",
		"[::1", "::1", "[fe80::1%25en0]x", "a_b.example", "app.launchdarkly.com:443/",
	}
	for _, host := range bad {
		if got, err := baseURL(host); err == nil {
			t.Errorf("%q: taken as %q", host, got)
		}
	}
	t.Logf("%d good and %d bad hosts", len(good), len(bad))
}

func TestNewRefuses(t *testing.T) {
	for _, opts := range []Options{
		{Host: "a b", Token: canary},
		{Host: host},
		{Host: host, Token: canary + "\n"},
		{Host: host, Token: canary + "é"},
		{Host: host, Token: "two " + canary},
	} {
		c, err := New(opts)
		if err == nil || c != nil {
			t.Errorf("%+v: no error", opts)
		}
		sealed(t, err)
	}
}

func TestDefaults(t *testing.T) {
	c, err := New(Options{Host: host, Token: canary})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	transport := c.transport.(*http.Transport)
	if transport.TLSClientConfig.MinVersion < 0x0303 || transport.ResponseHeaderTimeout == 0 || transport.TLSHandshakeTimeout == 0 {
		t.Error("the transport has no limits")
	}
	if c.http.Timeout != DefaultRequestTimeout || c.parallelism != DefaultParallelism || c.pageSize.Load() != DefaultPageSize {
		t.Error("wrong defaults")
	}
	if j := c.jitter(); j < 0 || j >= 1 || c.now().IsZero() {
		t.Error("no clock or no jitter")
	}
}

func TestSecret(t *testing.T) {
	s := Secret(canary)
	opts := Options{Host: host, Token: s}
	c := client(t, http.NotFoundHandler())
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", s, "opts", opts, "client", c)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", s, "opts", []Secret{s})
	encoded, err := json.Marshal(struct {
		S Secret
		M map[string]Secret
	}{s, map[string]Secret{"token": s}})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := s.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{log.String(), string(encoded), s.String(), s.GoString(), string(plain)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s"} {
		texts = append(texts, fmt.Sprintf(verb, s), fmt.Sprintf(verb, opts), fmt.Sprintf(verb, &opts), fmt.Sprintf(verb, c),
			fmt.Sprintf(verb, c.http), fmt.Sprintf(verb, c.http.Transport))
	}
	hex := fmt.Sprintf("%x", canary)
	for _, text := range texts {
		if strings.Contains(text, canary) || strings.Contains(strings.ToLower(text), hex) {
			t.Errorf("the token is in %s", text)
		}
	}
	if !strings.Contains(texts[0], mask) || texts[2] != mask {
		t.Error("nothing stands for the token")
	}
}

// writes are the methods of the client that write.
func writes(c *Client) map[string]func(t *testing.T) error {
	live := func() role.Live {
		v, err := parse([]byte(oneRole("ops")))
		if err != nil {
			panic(err)
		}
		l, err := readRole(v)
		if err != nil {
			panic(err)
		}
		l.Raw = []byte(oneRole("ops"))
		return l
	}
	return map[string]func(t *testing.T) error{
		http.MethodPost: func(t *testing.T) error {
			_, err := c.CreateRole(t.Context(), live().Role)
			return err
		},
		http.MethodPatch: func(t *testing.T) error {
			after := live().Role
			after.Name = "Other"
			_, err := c.UpdateRole(t.Context(), live(), after, "")
			return err
		},
		http.MethodDelete: func(t *testing.T) error { return c.DeleteRole(t.Context(), "ops") },
	}
}

// calls are the methods of the client by HTTP method.
func calls(c *Client) map[string]func(t *testing.T) error {
	all := writes(c)
	all[http.MethodGet] = func(t *testing.T) error {
		_, err := c.Role(t.Context(), "ops")
		return err
	}
	return all
}

func TestReadOnly(t *testing.T) {
	sent := 0
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		sent++
		jsonReply(200, oneRole("ops"))(w, req)
	}), func(o *Options) { o.ReadOnly = true })
	for method, write := range writes(c) {
		err := write(t)
		if !errors.Is(err, role.ErrReadOnly) || !errors.Is(err, role.ErrNotSent) {
			t.Errorf("%s: %v", method, err)
		}
		sealed(t, err)
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE", "get", ""} {
		req := httptest.NewRequest(http.MethodPost, c.base+rolesPath, strings.NewReader("{}"))
		req.Method = method
		if _, err := c.http.Transport.RoundTrip(req); !errors.Is(err, role.ErrReadOnly) { //nolint:bodyclose // refused
			t.Errorf("%q through the transport: %v", method, err)
		}
	}
	if sent != 0 {
		t.Errorf("%d requests were sent", sent)
	}
	if _, err := c.Role(t.Context(), "ops"); err != nil || sent != 1 {
		t.Errorf("reading: %v, %d sent", err, sent)
	}
}

func TestTokenStaysHome(t *testing.T) {
	sent := 0
	c := client(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { sent++ }))
	for _, url := range []string{
		"http://" + host, "https://" + host + ":8443", "https://evil.example", "https://" + host + ".evil.example", "https://x." + host,
	} {
		req := httptest.NewRequest(http.MethodGet, url+rolesPath, nil)
		_, err := c.http.Transport.RoundTrip(req) //nolint:bodyclose // refused
		if !errors.Is(err, role.ErrNotSent) {
			t.Errorf("%s: %v", url, err)
		}
		sealed(t, err)
	}
	if sent != 0 {
		t.Errorf("%d requests were sent", sent)
	}
}

func TestHeaders(t *testing.T) {
	for _, agent := range []string{"", "rolewright/1.2.3"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			want := map[string]string{
				"Authorization": canary, "Ld-Api-Version": "20240415", "Accept": "application/json",
				"User-Agent": orElse(agent, DefaultUserAgent),
			}
			if req.Method == http.MethodPost || req.Method == http.MethodPatch {
				want["Content-Type"] = "application/json"
			}
			for name, value := range want {
				if got := req.Header.Values(name); len(got) != 1 || got[0] != value {
					t.Errorf("%s: %s is %q, want %q once", req.Method, name, got, value)
				}
			}
			for name := range req.Header {
				if _, ok := want[name]; !ok && name != "Accept-Encoding" && name != "Content-Length" {
					t.Errorf("%s: header %s was not expected", req.Method, name)
				}
			}
			if strings.Contains(req.URL.String(), canary) {
				t.Errorf("the token is in the address %s", req.URL)
			}
			jsonReply(200, oneRole("ops"))(w, req)
		}))
		c := client(t, nil, func(o *Options) {
			o.Host, o.Transport, o.UserAgent = strings.TrimPrefix(server.URL, "http://"), nil, agent
		})
		for method, call := range calls(c) {
			if err := call(t); err != nil {
				t.Errorf("%s: %v", method, err)
			}
		}
		c.Close()
		server.Close()
	}
}

func TestIdentity(t *testing.T) {
	tests := []struct {
		name, body string
		want       Identity
		err        string
	}{
		{
			"personal", `{"accountId":"a1","tokenId":"t1","tokenName":"ci","memberId":"m1","authKind":"token"}`,
			Identity{AccountID: "a1", TokenID: "t1", TokenName: "ci", MemberID: "m1"},
			"",
		},
		{"service", `{"accountId":"a1","serviceToken":true,"memberId":null}`, Identity{AccountID: "a1", ServiceToken: true}, ""},
		{"no account", `{"tokenId":"t1"}`, Identity{}, `not LaunchDarkly's answer: the caller's identity: "accountId" is missing`},
		{"other letters", `{"accountid":"a1"}`, Identity{}, `"accountId" is missing`},
		{"wrong kind", `{"accountId":7}`, Identity{}, `"accountId": found a number, want a string`},
		{"wrong flag", `{"accountId":"a","serviceToken":"yes"}`, Identity{}, `"serviceToken": found a string, want true or false`},
		{"a list", `[]`, Identity{}, `found an array, want an object`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := client(t, jsonReply(200, test.body)).Identity(t.Context())
			check(t, err, test.err)
			if got != test.want {
				t.Errorf("got %+v", got)
			}
		})
	}
	_, err := client(t, jsonReply(401, `{"code":"unauthorized","message":"Invalid access token"}`)).Identity(t.Context())
	check(t, err, "GET https://app.launchdarkly.test/api/v2/caller-identity: 401 Unauthorized: Invalid access token")
	if !errors.Is(err, role.ErrDenied) {
		t.Error("not denied")
	}
}

// check compares an error with a part of its text; "" means no error.
func check(t *testing.T, err error, want string) {
	t.Helper()
	sealed(t, err)
	switch {
	case want == "" && err != nil:
		t.Errorf("error: %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("error is %v\nwant one with %s", err, want)
	}
}

func TestDebugLog(t *testing.T) {
	var log bytes.Buffer
	n := 0
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if n++; n == 1 {
			jsonReply(503, `{"message":"token `+canary+` \u001b[31m"}`)(w, req)
			return
		}
		jsonReply(200, oneRole("ops"))(w, req)
	}), func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(io.MultiWriter(&log, &logged), &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	if _, err := c.Role(t.Context(), "ops"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"503 Service Unavailable", "try=1", "try=2", "request done"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("%q is not in the log\n%s", want, log.String())
		}
	}
	if strings.Contains(log.String(), canary) || strings.Contains(log.String(), "\x1b") {
		t.Errorf("the log says too much\n%s", log.String())
	}
}
