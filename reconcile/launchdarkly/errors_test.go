package launchdarkly

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
	"github.com/rolewright/rolewright/reconcile/role"
)

func readyRole() role.Role {
	return role.Role{Key: "ops", Name: "Ops", BasePermissions: role.NoAccess}
}

func TestAPIError(t *testing.T) {
	const url = "https://app.launchdarkly.com/api/v2/roles/ops"
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.FixedZone("", 3600))
	tests := []struct {
		err  APIError
		want string
	}{
		{APIError{Method: "PATCH", URL: url, Status: 409, Message: "Conflict. Try again later."}, "PATCH " + url + ": 409 Conflict: Conflict. Try again later."},
		{APIError{Method: "GET", URL: url, Status: 404}, "GET " + url + ": 404 Not Found"},
		{APIError{Method: "GET", URL: url, Status: 599, Message: "x"}, "GET " + url + ": 599: x"},
		{APIError{Method: "GET", URL: url, Status: 429, RetryAt: at, wait: time.Minute}, "GET " + url + ": 429 Too Many Requests"},
		{APIError{Method: "GET", URL: url, Status: 429, RetryAt: at, wait: 90 * time.Second}, "GET " + url + ": 429 Too Many Requests: run again after 2026-11-23T11:00:00Z (in 1m30s)"},
	}
	for _, test := range tests {
		if got := test.err.Error(); got != test.want {
			t.Errorf("%s\nwant %s", got, test.want)
		}
	}
}

func TestAPIErrorFromReply(t *testing.T) {
	_, err := client(t, jsonReply(409, `{"code":"optimistic_locking_error","message":"Optimistic lock error","id":"req-7"}`)).CreateRole(t.Context(), readyRole())
	e, ok := errors.AsType[*APIError](err)
	if !ok {
		t.Fatal(err)
	}
	want := APIError{Method: "POST", URL: "https://" + host + "/api/v2/roles", Status: 409, Code: "optimistic_locking_error", Message: "Optimistic lock error", RequestID: "req-7"}
	if *e != want {
		t.Errorf("got %+v", *e)
	}
}

func TestErrorText(t *testing.T) {
	tests := []struct{ body, code, message, id string }{
		{`{"code":"a","message":"b","id":"c"}`, "a", "b", "c"},
		{`{"code":"a"}`, "a", "a", ""},
		{`{"message":"b"}`, "", "b", ""},
		{`{"id":"c"}`, "", `{"id":"c"}`, "c"},
		{`{"message":7}`, "", `{"message":7}`, ""},
		{`["x"]`, "", `["x"]`, ""},
		{" plain \n", "", "plain", ""},
		{"", "", "", ""},
	}
	for _, test := range tests {
		if code, message, id := errorText([]byte(test.body)); code != test.code || message != test.message || id != test.id {
			t.Errorf("%q: %q %q %q", test.body, code, message, id)
		}
	}
}

func TestEscape(t *testing.T) {
	tests := []struct{ text, want string }{
		{"plain – ünïcode 角色", "plain – ünïcode 角色"},
		{"a\x1b[31m\r\n\t\x00\x7f", `a\u{1b}[31m\u{d}\u{a}\u{9}\u{0}\u{7f}`},
		{"\u0085\u2028\u2029\u202e\u200b\ufeff\u00ad", `\u{85}\u{2028}\u{2029}\u{202e}\u{200b}\u{feff}\u{ad}`},
		{"\u3164\u115f\u1160\uffa0\u2800\ufe0f\U000e0100\u034f\u17b4", `\u{3164}\u{115f}\u{1160}\u{ffa0}\u{2800}\u{fe0f}\u{e0100}\u{34f}\u{17b4}`},
		{"\xff\xc3", `\u{fffd}\u{fffd}`},
		{"\u00a0\u3000", `\u{a0}\u{3000}`},
		{"", ""},
	}
	for _, test := range tests {
		if got := escape(test.text, 1000); got != test.want {
			t.Errorf("%q: %s, want %s", test.text, got, test.want)
		}
	}
	if got := escape(strings.Repeat("é", 100), 20); got != strings.Repeat("é", 8)+"…" {
		t.Errorf("cut to %q", got)
	}
	if got := quote(strings.Repeat("é", 100)); got != `"`+strings.Repeat("é", 60)+`"… (200 bytes)` {
		t.Errorf("quoted as %s", got)
	}
	if got := quote("a" + strings.Repeat("é", 100)); !utf8.ValidString(got) || strings.Contains(got, `\x`) {
		t.Errorf("quoted as %s", got)
	}
}

func TestCallError(t *testing.T) {
	reset := errors.New("connection reset")
	_, err := client(t, nil, func(o *Options) { o.Transport = fails(reset) }).CreateRole(t.Context(), readyRole())
	check(t, err, "POST https://app.launchdarkly.test/api/v2/roles: outcome unknown: connection reset")
	if !errors.Is(err, reset) || !errors.Is(err, role.ErrUnknown) {
		t.Error("the cause is not wrapped")
	}
	_, err = client(t, nil, func(o *Options) { o.Transport = fails(reset) }).Role(t.Context(), "ops")
	if err == nil || err.Error() != "GET https://app.launchdarkly.test/api/v2/roles/ops: connection reset" || !errors.Is(err, reset) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = client(t, nil).DeleteRole(ctx, "ops")
	if err == nil || err.Error() != "DELETE https://app.launchdarkly.test/api/v2/roles/ops: not sent: context canceled" {
		t.Error(err)
	}
	_, err = client(t, nil, func(o *Options) { o.ReadOnly = true }).CreateRole(t.Context(), readyRole())
	if err == nil || err.Error() != "POST https://app.launchdarkly.test/api/v2/roles: not sent: read-only: POST is not for a client that may only read" {
		t.Error(err)
	}
}

func FuzzAPIError(f *testing.F) {
	for _, s := range []string{`{"code":"a","message":"b","id":"c"}`, "<html>", "", "\x1b[31m", canary, `{"message":"\ud800"}`, strings.Repeat("\u202e", 3000)} {
		f.Add(409, s)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		defer fuzzing.Timed(t)()
		if status < 200 || status > 999 {
			return
		}
		c := client(t, nil, func(o *Options) {
			o.Transport = transportFunc(func(req *http.Request) (*http.Response, error) {
				return &http.Response{
					StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}},
					Body: io.NopCloser(strings.NewReader(body)), Request: req,
				}, nil
			})
		})
		_, err := c.CreateRole(t.Context(), readyRole())
		if err == nil {
			return
		}
		sealed(t, err)
		text := err.Error()
		if !utf8.ValidString(text) || len(text) > maxMessage+300 {
			t.Fatalf("%d bytes: %q", len(text), text)
		}
		for _, r := range text {
			if !printable(r) {
				t.Fatalf("%U is in %q", r, text)
			}
		}
		if classes(err) == "" {
			t.Fatalf("a failed write has no class: %v", err)
		}
	})
}

func FuzzAPIList(f *testing.F) {
	f.Add(`{"items":[` + oneRole("a") + `],"totalCount":1}`)
	f.Add(`{"items":[],"totalCount":0,"_links":{"next":{"href":"/api/v2/roles?offset=1"}}}`)
	f.Add(`{"items":[{"_id":"1","key":"a","name":"","policy":null,"x":{"y":1}}]}`)
	f.Add(`{"message":"x"}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, body string) {
		defer fuzzing.Timed(t)()
		c := client(t, jsonReply(200, body))
		roles, err := c.Roles(t.Context())
		if err != nil {
			if roles != nil {
				t.Fatal("roles and an error")
			}
			return
		}
		if !strings.Contains(body, "items") && !strings.Contains(body, `\u`) {
			t.Fatalf("%q is a list", body)
		}
		for _, r := range roles {
			if r.Key == "" || r.ID == "" || r.Policy == nil || r.BasePermissions == "" || !utf8.ValidString(r.Key) {
				t.Fatalf("%+v", r)
			}
			if r.Digest() == "" {
				t.Fatal("no digest")
			}
		}
	})
}

// TestOnlyLongTokensAreMasked: a token of a few letters is part of words.
func TestOnlyLongTokensAreMasked(t *testing.T) {
	for token, want := range map[Secret]string{
		"e": "the server has 1234567 and 12345678", "1234567": "the server has 1234567 and 12345678", "12345678": "the server has 1234567 and ***",
	} {
		c := client(t, jsonReply(400, `{"message":"the server has 1234567 and 12345678"}`), func(o *Options) { o.Token = token })
		_, err := c.Role(t.Context(), "ops")
		check(t, err, "400 Bad Request: "+want)
	}
}

// TestEmulatorIsNoAccount: behind the name of an account, an answer of the emulator is an error,
// whatever it says; on loopback and through a given transport it is what was asked for.
func TestEmulatorIsNoAccount(t *testing.T) {
	emulator := inProcess{http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("X-Rolewright-Emulator", "1")
		status, body := 200, oneRole("ops")
		if strings.HasSuffix(req.URL.Path, "/none") {
			status, body = 404, `{}`
		}
		jsonReply(status, body)(w, req)
	})}
	sent := 0
	behind := func(name string) *Client {
		c := client(t, nil, func(o *Options) { o.Host, o.Transport = name, nil })
		c.http.Transport.(*guard).next = transportFunc(func(req *http.Request) (*http.Response, error) {
			sent++
			return emulator.RoundTrip(req)
		})
		return c
	}
	for method, call := range calls(behind("app.launchdarkly.com")) {
		sent = 0
		err := call(t)
		check(t, err, "this is the emulator, not LaunchDarkly")
		if want := map[bool]string{true: "", false: "unknown"}[method == "GET"]; classes(err) != want || sent != 1 {
			t.Errorf("%s: %q, %d sent", method, classes(err), sent)
		}
	}
	_, err := behind("app.launchdarkly.com").Role(t.Context(), "none")
	check(t, err, "this is the emulator, not LaunchDarkly")
	for _, c := range []*Client{behind("localhost:1"), behind("127.0.0.1"), client(t, emulator.handler)} {
		if _, err := c.Role(t.Context(), "ops"); err != nil {
			t.Error(err)
		}
	}
}
