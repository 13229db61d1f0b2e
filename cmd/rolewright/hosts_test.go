package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// hostForms are ways to write a host, and what it is: the host that gets the token, or "" where none
// may. What begins with a scheme may do so in the environment only.
var hostForms = []struct{ text, goes string }{
	{"app.launchdarkly.com", "app.launchdarkly.com:443"},
	{"app.eu.launchdarkly.com", "app.eu.launchdarkly.com:443"},
	{"app.launchdarkly.us", "app.launchdarkly.us:443"},
	{"app.launchdarkly.com:443", "app.launchdarkly.com:443"},
	{"https://app.launchdarkly.com", "app.launchdarkly.com:443"},
	{"https://app.launchdarkly.com/", "app.launchdarkly.com:443"},
	{"localhost:8", "localhost:8"},
	{"127.0.0.1:8", "127.0.0.1:8"},
	{"127.9.9.9:8", "127.9.9.9:8"},
	{"[::1]:8", "[::1]:8"},
	{"http://127.0.0.1:8", "127.0.0.1:8"},

	{"evil.example", ""},
	{"evil.example:443", ""},
	{"http://app.launchdarkly.com", ""},
	{"http://evil.example", ""},
	{"https://evil.example", ""},
	{"ftp://app.launchdarkly.com", ""},
	{"file:///etc/passwd", ""},
	{"//app.launchdarkly.com", ""},
	{"https://https://app.launchdarkly.com", ""},
	{"HTTPS://app.launchdarkly.com", ""},
	{"app.launchdarkly.com@evil.example", ""},
	{"user:password@app.launchdarkly.com", ""},
	{"https://app.launchdarkly.com@evil.example", ""},
	{"app.launchdarkly.com:443@evil.example", ""},
	{"evil.example#app.launchdarkly.com", ""},
	{"https://evil.example#@app.launchdarkly.com", ""},
	{`evil.example\@app.launchdarkly.com`, ""},
	{`evil.example\.launchdarkly.com`, ""},
	{`app.launchdarkly.com\evil.example`, ""},
	{"evil.example?app.launchdarkly.com", ""},
	{"app.launchdarkly.com?x", ""},
	{"app.launchdarkly.com/api", ""},
	{"app.launchdarkly.com//", ""},
	{"app.launchdarkly.com;evil.example", ""},
	{"app.launchdarkly.com,evil.example", ""},
	{"app.launchdarkly.com evil.example", ""},
	{"app.launchdarkly.com\tevil.example", ""},
	{"app.launchdarkly.com\nevil.example", ""},
	{"app.launchdarkly.com\r\nHost: evil.example", ""},
	{"app.launchdarkly.com\x00.evil.example", ""},
	{"app.launchdarkly.com.", ""},
	{"app.launchdarkly.com:", ""},
	{"app.launchdarkly.com:80", ""},
	{"app.launchdarkly.com:8443", ""},
	{"app.launchdarkly.com:0443", ""},
	{"App.LaunchDarkly.com", ""},
	{"xapp.launchdarkly.com", ""},
	{"evil.launchdarkly.com", ""},
	{"launchdarkly.com", ""},
	{"app.launchdarkly.com.evil.example", ""},
	{"xn--pp-launchdarkly-x4d.com", ""},
	{"xn--80ak6aa92e.com", ""},
	{"аpp.launchdarkly.com", ""}, // Cyrillic
	{"app\u3002launchdarkly\u3002com", ""},
	{"app\uff0elaunchdarkly.com", ""},
	{"app.launchdarkly.com\u200b", ""},
	{"\u202eapp.launchdarkly.com", ""},
	{"app%2elaunchdarkly.com", ""},
	{"evil.example%23.launchdarkly.com", ""},
	{"app.launchdarkly.com%00.evil.example", ""},
	{"127.1:8", ""},
	{"0x7f.1:8", ""},
	{"0x7f000001:8", ""},
	{"0177.0.0.1:8", ""},
	{"2130706433:8", ""},
	{"0:8", ""},
	{"0.0.0.0:8", ""},
	{"10.0.0.1:8", ""},
	{"169.254.169.254", ""},
	{"[::]:8", ""},
	{"::1", ""},
	{"[::ffff:127.0.0.1]:8", ""},
	{"[::ffff:7f00:1]:8", ""},
	{"[::ffff:10.0.0.1]:8", ""},
	{"[0:0:0:0:0:0:0:1]:8", ""},
	{"[fe80::1%25lo]:8", ""},
	{"[::1", ""},
	{"localhost.:8", ""},
	{"localhost.evil.example:8", ""},
	{"LOCALHOST:8", ""},
	{"127.0.0.1.nip.io:8", ""},
	{"127.0.0.1:0", ""},
	{"127.0.0.1:65536", ""},
	{"127.0.0.1:8:8", ""},
	{"/tmp/socket", ""},
	{"unix:/tmp/socket", ""},
}

// decoy is what every name resolves to: it counts what comes, and keeps the token that came last.
type decoy struct {
	asked atomic.Int32 // connections
	to    atomic.Value // string: the address that was last asked for
}

// network returns a transport that connects to the decoy whatever the address.
func (d *decoy) network(t *testing.T) http.RoundTripper {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(server.Close)
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		d.asked.Add(1)
		d.to.Store(addr)
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}}
	transport.DialTLSContext = transport.DialContext // so that what goes to https gets an answer too
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// TestHosts writes each form of a host into the environment, in both names, and into rolewright.yaml.
// Whatever is refused, nobody is asked; whatever is not, the host is asked that a person reads there.
func TestHosts(t *testing.T) {
	refused, allowed := 0, 0
	for _, form := range hostForms {
		for _, where := range []string{"LAUNCHDARKLY_API_HOST", "LD_BASE_URI", "rolewright.yaml", "ROLEWRIGHT_TARGET"} {
			d, dir := &decoy{}, townFiles(t)
			env := map[string]string{"LAUNCHDARKLY_ACCESS_TOKEN": "a-token"}
			goes := form.goes
			switch where {
			case "rolewright.yaml":
				writeTarget(t, dir, form.text)
				if strings.Contains(form.text, "//") {
					goes = "" // no scheme in a file
				}
			case "ROLEWRIGHT_TARGET":
				env[where], goes = form.text, "" // a target has a name, and is no host
			default:
				env[where] = form.text
			}
			got := runWith(t, env, func() time.Time { return bubbleStart }, d.network(t), "plan", dir)
			asked, _ := d.to.Load().(string)
			switch {
			case got.code != 1:
				t.Errorf("%s %q: exit code %d", where, form.text, got.code)
			case goes == "" && d.asked.Load() > 0:
				t.Errorf("%s %q: %s was asked", where, form.text, asked)
			case goes != "" && asked != goes:
				t.Errorf("%s %q: %q was asked and not %s\n%s", where, form.text, asked, goes, got.err)
			case goes != "" && !strings.Contains(got.err, "401 Unauthorized"):
				t.Errorf("%s %q: %s", where, form.text, got.err)
			}
			if goes == "" {
				refused++
			} else {
				allowed++
			}
		}
	}
	t.Logf("figure: hosts: %d forms, %d refused and %d allowed, 0 requests to what is refused", len(hostForms), refused, allowed)
}

func writeTarget(t *testing.T, dir, host string) {
	t.Helper()
	quoted := fmt.Sprintf("%q", host) // Go's escapes of these are YAML's
	text := strings.Replace(townConfig, "app.launchdarkly.com", quoted, 1)
	if err := os.WriteFile(filepath.Join(dir, "rolewright.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAllowedHost: ROLEWRIGHT_ALLOW_HOST allows exactly the host that it names, wherever that stands,
// and nothing but the environment can say it.
func TestAllowedHost(t *testing.T) {
	for _, test := range []struct {
		allow, host string
		ok          bool
	}{
		{"ld.example", "ld.example", true},
		{"ld.example:8443", "ld.example:8443", true},
		{"ld.example", "ld.example:8443", false},
		{"ld.example", "sub.ld.example", false},
		{"ld.example", "ld.example.", false},
		{"*", "ld.example", false},
		{"", "ld.example", false},
		{"ld.example,evil.example", "evil.example", false},
		{"evil.example#ld.example", "evil.example#ld.example", false},
		{"https://ld.example", "ld.example", false},
		{"user@ld.example", "user@ld.example", false},
	} {
		for _, where := range []string{"LAUNCHDARKLY_API_HOST", "rolewright.yaml"} {
			d, dir := &decoy{}, townFiles(t)
			env := map[string]string{"LAUNCHDARKLY_ACCESS_TOKEN": "a-token", "ROLEWRIGHT_ALLOW_HOST": test.allow}
			if where == "rolewright.yaml" {
				writeTarget(t, dir, test.host)
			} else {
				env[where] = test.host
			}
			got := runWith(t, env, func() time.Time { return bubbleStart }, d.network(t), "plan", dir)
			if got.code != 1 || (d.asked.Load() > 0) != test.ok {
				t.Errorf("%s %q with %q: %d requests, %+v", where, test.host, test.allow, d.asked.Load(), got)
			}
		}
	}
}
