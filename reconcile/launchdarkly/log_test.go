package launchdarkly

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
)

// records returns an option that logs what an ordinary log shows, without times, and the text of it.
func records() (func(*Options), *bytes.Buffer) {
	var text bytes.Buffer
	return func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			},
		}))
	}, &text
}

// TestWaitsAreLogged: whoever watches can see what the client waits for, and for how long; and
// nothing else.
func TestWaitsAreLogged(t *testing.T) {
	line := func(wait, method, path, cause string) string {
		return fmt.Sprintf("level=INFO msg=\"waiting %s before trying again\" method=%s path=%s cause=%q\n", wait, method, path, cause)
	}
	const path = rolesPath + "/ops"
	tests := []struct {
		name, method string
		handler      http.Handler
		want         string
	}{
		{"no trouble", "GET", limits(0, nil), ""},
		{
			"429", "DELETE", limits(2, http.Header{"Retry-After": {"2"}}),
			strings.Repeat(line("2s", "DELETE", path, "429 Too Many Requests: Slow down"), 2),
		},
		{
			"an error that holds the token", "GET", failsOnce(jsonReply(502, `{"message":"no `+canary+` here"}`)),
			line("300ms", "GET", path, "502 Bad Gateway: no *** here"),
		},
		{
			"half an answer", "GET", failsOnce(jsonReply(200, `{"_id":"1"`)),
			line("300ms", "GET", path, "the answer was cut short: unexpected end of JSON"),
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			record, text := records()
			if err := calls(client(t, test.handler, record))[test.method](t); err != nil {
				t.Fatal(err)
			}
			if text.String() != test.want {
				t.Errorf("got  %swant %s", text, test.want)
			}
		})
	}
}

// failsOnce answers the first request by h, and then with a role.
func failsOnce(h http.HandlerFunc) http.HandlerFunc {
	first := true
	return func(w http.ResponseWriter, req *http.Request) {
		if first {
			first = false
			h(w, req)
			return
		}
		jsonReply(200, oneRole("ops"))(w, req)
	}
}

func TestWaitForAConnectionIsLogged(t *testing.T) {
	record, text := records()
	c := client(t, nil, record, func(o *Options) {
		o.Transport = fails(&net.OpError{Op: "dial", Err: errors.New("connection refused")})
	})
	if err := c.DeleteRole(t.Context(), "ops"); classes(err) != "not-sent" {
		t.Fatal(err)
	}
	if got := strings.Count(text.String(), `method=DELETE path=/api/v2/roles/ops cause="dial: connection refused"`); got != maxRetries {
		t.Errorf("%d waits are logged:\n%s", got, text)
	}
}

// TestWaitForAQuietAccountIsLogged: a list that is torn is read again, after a wait like any other.
func TestWaitForAQuietAccountIsLogged(t *testing.T) {
	record, text := records()
	a := newAccount(6)
	a.largest = 2
	a.before = func(a *account, n int) {
		if n == 2 {
			a.roles = a.roles[1:]
		}
	}
	if _, err := client(t, a, record).Roles(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(text.String(), `before trying again" method=GET path=/api/v2/roles cause=`); got != 1 {
		t.Errorf("%d waits are logged:\n%s", got, text)
	}
}
