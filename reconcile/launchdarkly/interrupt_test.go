package launchdarkly

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rolewright/rolewright/reconcile/role"
)

// interrupted returns a context for requests, and its interrupt, which comes after d.
func interrupted(t *testing.T, d time.Duration) context.Context {
	interrupt, cancel := context.WithCancel(t.Context())
	time.AfterFunc(d, cancel)
	return role.WithInterrupt(t.Context(), interrupt)
}

// realTime makes a client wait on the clock of the bubble.
func realTime(o *Options) { o.Sleep, o.Now = nil, nil }

// TestInterruptEndsTheWait: the request was answered with 429, so nothing is under way while the
// client waits, and nothing is to be waited for.
func TestInterruptEndsTheWait(t *testing.T) {
	for _, wait := range []string{"1", "30"} { // seconds: less and more than what is left
		synctest.Test(t, func(t *testing.T) {
			sent := 0
			c := client(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				sent++
				limits(1, http.Header{"Retry-After": {wait}})(w, req)
			}), realTime)
			begun := time.Now()
			err := c.DeleteRole(interrupted(t, 500*time.Millisecond), "ops")
			if classes(err) != "not-sent" || !errors.Is(err, context.Canceled) || sent != 1 {
				t.Errorf("%v after %d requests", err, sent)
			}
			if took := time.Since(begun); took != 500*time.Millisecond {
				t.Errorf("waited %v", took)
			}
		})
	}
}

// TestInterruptLetsARequestEnd: one that is under way is answered, and after a refusal it is not
// sent again.
func TestInterruptLetsARequestEnd(t *testing.T) {
	for status, want := range map[int]string{200: "", 429: "not-sent"} {
		synctest.Test(t, func(t *testing.T) {
			sent := 0
			c := client(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				sent++
				time.Sleep(2 * time.Second)
				jsonReply(status, oneRole("ops"))(w, req)
			}), realTime)
			begun := time.Now()
			err := c.DeleteRole(interrupted(t, time.Second), "ops")
			if classes(err) != want || sent != 1 || time.Since(begun) != 2*time.Second {
				t.Errorf("%d: %v after %d requests in %v", status, err, sent, time.Since(begun))
			}
		})
	}
}

func TestInterruptKeepsFromSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		c := client(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { sent++ }), realTime)
		ctx := interrupted(t, time.Second)
		c.brake.said = &APIError{Status: 429}
		c.turn <- struct{}{}
		begun := time.Now()
		if err := c.DeleteRole(ctx, "ops"); classes(err) != "not-sent" || time.Since(begun) != time.Second {
			t.Errorf("while another call has the turn: %v after %v", err, time.Since(begun))
		}
		<-c.turn
		c.brake.said = nil
		if err := c.DeleteRole(ctx, "ops"); classes(err) != "not-sent" || sent != 0 {
			t.Errorf("after the interrupt: %v, %d sent", err, sent)
		}
	})
}
