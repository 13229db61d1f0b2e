package launchdarkly

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestBrakeIsForAllCalls: what one call was told holds for every other, until it is over.
func TestBrakeIsForAllCalls(t *testing.T) {
	for _, test := range []struct {
		name   string
		header http.Header
		wait   time.Duration // of another call; -1 is not sent
		error  string
	}{
		{"seconds", http.Header{"Retry-After": {"7"}}, 7 * time.Second, ""},
		{"the longest", http.Header{"Retry-After": {"60"}}, time.Minute, ""},
		{"nothing", nil, time.Second, ""},
		{"no time at all", http.Header{"Retry-After": {"0"}}, 100 * time.Millisecond, ""},
		{"absurd", http.Header{"Retry-After": {"9300000000"}}, time.Second, ""},
		{"too long", http.Header{"Retry-After": {"61"}}, -1, "GET https://app.launchdarkly.test/api/v2/caller-identity: not sent: the account allows no requests now: 429 Too Many Requests: Slow down: run again after "},
	} {
		synctest.Test(t, func(t *testing.T) {
			sent := 0
			c := client(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				sent++
				jsonReply(200, `{"accountId":"a"}`)(w, req)
			}), realTime)
			c.refused(test.header)
			begun := time.Now()
			_, err := c.Identity(t.Context())
			check(t, err, test.error)
			if test.wait < 0 {
				if classes(err) != "limited not-sent" || sent != 0 || time.Since(begun) != 0 {
					t.Errorf("%s: %s, %d sent after %v", test.name, classes(err), sent, time.Since(begun))
				}
				time.Sleep(61 * time.Second)
			} else if sent != 1 || time.Since(begun) != test.wait {
				t.Errorf("%s: %d sent after %v", test.name, sent, time.Since(begun))
			}
			begun, sent = time.Now(), 0
			if _, err := c.Identity(t.Context()); err != nil || sent != 1 || time.Since(begun) != 0 {
				t.Errorf("%s: afterwards: %v, %d sent after %v", test.name, err, sent, time.Since(begun))
			}
		})
	}
}

// refused is what happens to a client that is answered 429.
func (c *Client) refused(h http.Header) {
	e := &APIError{Method: http.MethodGet, URL: c.base, Status: http.StatusTooManyRequests, Message: "Slow down"}
	(&call{Client: c}).limits(e, h)
}

// TestLongestDemandCounts: a later demand lengthens a wait that is under way, a shorter one does not
// shorten it.
func TestLongestDemandCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := client(t, jsonReply(200, `{"accountId":"a"}`), realTime)
		begun := time.Now()
		c.refused(http.Header{"Retry-After": {"5"}})
		c.refused(http.Header{"Retry-After": {"2"}})
		time.AfterFunc(3*time.Second, func() { c.refused(http.Header{"Retry-After": {"30"}}) })
		if _, err := c.Identity(t.Context()); err != nil || time.Since(begun) != 33*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}
