package launchdarkly

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rolewright/rolewright/reconcile/role"
)

func TestDemand(t *testing.T) {
	date := time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC)
	ms := func(d time.Duration) string { return strconv.FormatInt(date.Add(d).UnixMilli(), 10) }
	on := func(d time.Duration) string { return date.Add(d).Format(http.TimeFormat) }
	tests := []struct {
		after, reset []string
		want         time.Duration // -1: none
	}{
		{nil, nil, -1},
		{[]string{"0"}, nil, 0},
		{[]string{"1"}, nil, time.Second},
		{[]string{"60"}, nil, time.Minute},
		{[]string{"3600"}, nil, time.Hour},
		{[]string{"-1"}, nil, -1},
		{[]string{"1.5"}, nil, -1},
		{[]string{"9300000000"}, nil, -1},
		{[]string{"9223372036854775807"}, nil, -1},
		{[]string{"99999999999999999999"}, nil, -1},
		{[]string{"soon"}, nil, -1},
		{[]string{""}, nil, -1},
		{[]string{on(7 * time.Second)}, nil, 7 * time.Second},
		{[]string{on(-time.Hour)}, nil, -1},
		{[]string{on(80 * 365 * 24 * time.Hour)}, nil, -1},
		{[]string{"2", "5"}, nil, 5 * time.Second},
		{[]string{"x", "5"}, nil, 5 * time.Second},
		{nil, []string{ms(2500 * time.Millisecond)}, 2500 * time.Millisecond},
		{nil, []string{ms(5 * time.Minute)}, 5 * time.Minute},
		{nil, []string{ms(0)}, -1},
		{nil, []string{ms(-time.Second)}, -1},
		{nil, []string{strconv.FormatInt(date.Add(time.Minute).Unix(), 10)}, -1}, // seconds
		{nil, []string{"-5"}, -1},
		{nil, []string{"0"}, -1},
		{nil, []string{"9223372036854775807"}, -1},
		{nil, []string{"in a moment"}, -1},
		{[]string{"3"}, []string{ms(time.Second)}, 3 * time.Second},
		{[]string{"x"}, []string{ms(time.Second)}, time.Second},
	}
	for _, test := range tests {
		for _, skew := range []time.Duration{0, 24 * time.Hour, -24 * time.Hour} {
			h := http.Header{"Retry-After": test.after, "X-Ratelimit-Reset": test.reset, "Date": {date.Format(http.TimeFormat)}}
			wait, at, ok := demand(h, date.Add(skew))
			if want := max(test.want, 0); wait != want || ok != (test.want >= 0) || ok && !at.Equal(date.Add(want)) {
				t.Errorf("%q %q, clock %v off: %v at %v, %v", test.after, test.reset, skew, wait, at, ok)
			}
		}
		wait, _, ok := demand(http.Header{"Retry-After": test.after, "X-Ratelimit-Reset": test.reset}, date)
		if wait != max(test.want, 0) || ok != (test.want >= 0) {
			t.Errorf("%q %q without a date: %v, %v", test.after, test.reset, wait, ok)
		}
	}
	t.Logf("%d demands", len(tests))
}

func TestPause(t *testing.T) {
	asks := func(d time.Duration) *APIError {
		return &APIError{Status: 429, wait: d, RetryAt: time.Unix(1, 0)}
	}
	tests := []struct {
		name     string
		err      *APIError
		try      int
		from, to time.Duration
	}{
		{"demand", asks(10 * time.Second), 0, 10 * time.Second, 12 * time.Second},
		{"none at all", asks(0), 3, 100 * time.Millisecond, 120 * time.Millisecond},
		{"longest", asks(time.Minute), 0, time.Minute, time.Minute},
		{"nearly longest", asks(58 * time.Second), 0, 58 * time.Second, time.Minute},
		{"429", &APIError{Status: 429}, 0, time.Second, 1200 * time.Millisecond},
		{"429 again", &APIError{Status: 429}, 5, 32 * time.Second, 38400 * time.Millisecond},
		{"429 for ever", &APIError{Status: 429}, 50, time.Minute, time.Minute},
		{"failed", nil, 0, 250 * time.Millisecond, 500 * time.Millisecond},
		{"failed again", nil, 2, 250 * time.Millisecond, 2 * time.Second},
		{"failed for ever", nil, 5000, 250 * time.Millisecond, 10 * time.Second},
		{"500", &APIError{Status: 500}, 1, 250 * time.Millisecond, time.Second},
		{"503 that says", &APIError{Status: 503, wait: 3 * time.Second, RetryAt: time.Unix(1, 0)}, 0, 3 * time.Second, 3600 * time.Millisecond},
	}
	for _, test := range tests {
		if from, to := pause(test.err, test.try, 0), pause(test.err, test.try, 1); from != test.from || to != test.to {
			t.Errorf("%s: %v to %v, want %v to %v", test.name, from, to, test.from, test.to)
		}
	}
}

// limits answers 429 with the headers given n times and then a role.
func limits(n int, h http.Header) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		if n--; n >= 0 {
			for name, values := range h {
				w.Header()[name] = values
			}
			jsonReply(429, `{"code":"rate_limited","message":"Slow down"}`)(w, req)
			return
		}
		jsonReply(200, oneRole("ops"))(w, req)
	}
}

func TestLimitIsWaitedFor(t *testing.T) {
	w := newWatch()
	date := w.now.Add(-24 * time.Hour) // the account's clock is a day late
	for _, method := range []string{"GET", "POST", "PATCH", "DELETE"} {
		w.slept = nil
		c := client(t, limits(2, http.Header{
			"Date": {date.Format(http.TimeFormat)}, "X-Ratelimit-Reset": {strconv.FormatInt(date.Add(4*time.Second).UnixMilli(), 10)},
		}), func(o *Options) { o.Sleep, o.Now = w.Sleep, w.Now })
		if c.Limited() {
			t.Error("limited before the first request")
		}
		if err := calls(c)[method](t); err != nil || !c.Limited() {
			t.Errorf("%s: %v, limited %v", method, err, c.Limited())
		}
		if len(w.slept) != 2 || w.total() != 8*time.Second {
			t.Errorf("%s: slept %v", method, w.slept)
		}
	}
}

func TestLongDemandEndsTheCall(t *testing.T) {
	w := newWatch()
	for _, status := range []int{429, 503} {
		sent := 0
		c := client(t, http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
			sent++
			rw.Header().Set("Date", w.now.Format(http.TimeFormat))
			rw.Header().Set("Retry-After", "300")
			jsonReply(status, `{"message":"Slow down"}`)(rw, req)
		}), func(o *Options) { o.Sleep, o.Now = w.Sleep, w.Now })
		_, err := c.Role(t.Context(), "ops")
		check(t, err, "Slow down: run again after 2026-11-23T11:05:00Z (in 5m0s)")
		if sent != 1 || len(w.slept) != 0 {
			t.Errorf("%d: %d sent, slept %v", status, sent, w.slept)
		}
		if e, ok := errors.AsType[*APIError](err); !ok || !e.RetryAt.Equal(w.now.Add(5*time.Minute)) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// TestOneAtATimeAfterLimit: from the first 429 on, at most one request is under way, and none is
// sent before the account allows it.
func TestOneAtATimeAfterLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(60)
		a.largest = 5
		var mu sync.Mutex
		n, under, most := 0, 0, 0
		var until time.Time
		c := client(t, nil, func(o *Options) {
			o.Sleep, o.Now = nil, nil
			o.Transport = transportFunc(func(req *http.Request) (*http.Response, error) {
				mu.Lock()
				n++
				number, start := n, time.Now()
				under++
				if !until.IsZero() && start.After(until.Add(-3*time.Second)) {
					most = max(most, under)
					if start.Before(until) {
						t.Errorf("request %d comes %v too early", number, until.Sub(start))
					}
				}
				mu.Unlock()
				time.Sleep(50 * time.Millisecond)
				mu.Lock()
				defer mu.Unlock()
				under--
				if number == 3 || number == 4 { // two of the four that run together
					until = time.Now().Add(4 * time.Second)
					return answers(func(w http.ResponseWriter, req *http.Request) {
						w.Header().Set("Retry-After", "4")
						jsonReply(429, "{}")(w, req)
					})(req)
				}
				return inProcess{a}.RoundTrip(req)
			})
		})
		roles, err := c.Roles(t.Context())
		if err != nil || len(roles) != 60 {
			t.Fatal(len(roles), err)
		}
		if most != 1 || !c.Limited() {
			t.Errorf("%d requests at a time after the limit", most)
		}
		start := time.Now()
		if _, err := c.Roles(t.Context()); err != nil {
			t.Fatal(err)
		}
		if pages := 2 * 15; time.Since(start) != time.Duration(pages)*50*time.Millisecond {
			t.Errorf("the next list takes %v", time.Since(start))
		}
	})
}

func TestStopping(t *testing.T) {
	stopped, stop := context.WithCancel(t.Context())
	stop()
	sent := 0
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { sent++ }))
	if err := c.DeleteRole(stopped, "ops"); classes(err) != "not-sent" || !errors.Is(err, context.Canceled) || sent != 0 {
		t.Errorf("before: %v, %d sent", err, sent)
	}
	if _, err := c.Roles(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("listing: %v", err)
	}
	// While it waits for a limit to pass: nothing was done.
	ctx, cancel := context.WithCancel(t.Context())
	c = client(t, limits(9, nil), func(o *Options) {
		o.Sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
	})
	if err := c.DeleteRole(ctx, "ops"); classes(err) != "not-sent" || !errors.Is(err, context.Canceled) {
		t.Errorf("while waiting: %v", err)
	}
	// While the answer is awaited: not known.
	ctx, cancel = context.WithCancel(t.Context())
	c = client(t, nil, func(o *Options) {
		o.Transport = transportFunc(func(req *http.Request) (*http.Response, error) {
			cancel()
			return nil, req.Context().Err()
		})
	})
	if err := c.DeleteRole(ctx, "ops"); classes(err) != "unknown" || !errors.Is(err, context.Canceled) {
		t.Errorf("under way: %v", err)
	}
	// While another call has the turn.
	c = client(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { sent++ }))
	c.brake.said = &APIError{Status: 429}
	c.turn <- struct{}{}
	if err := c.DeleteRole(stopped, "ops"); classes(err) != "not-sent" || sent != 0 {
		t.Errorf("without the turn: %v", err)
	}
	<-c.turn
	// A 429 while another call has the turn.
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := client(t, nil)
		c.http.Transport.(*guard).next = transportFunc(func(req *http.Request) (*http.Response, error) {
			c.turn <- struct{}{}
			time.AfterFunc(time.Second, cancel)
			return answers(jsonReply(429, ""))(req)
		})
		if err := c.DeleteRole(ctx, "ops"); classes(err) != "not-sent" || !errors.Is(err, context.Canceled) {
			t.Errorf("a 429 without the turn: %v", err)
		}
	})
}

// TestSlowAccount: every attempt has its limit, on the head and on the body.
func TestSlowAccount(t *testing.T) {
	for _, slow := range []string{"head", "body"} {
		synctest.Test(t, func(t *testing.T) {
			sent := 0
			c := client(t, nil, func(o *Options) {
				o.Sleep, o.Now = nil, nil
				o.Transport = transportFunc(func(req *http.Request) (*http.Response, error) {
					sent++
					if slow == "head" {
						<-req.Context().Done()
						return nil, req.Context().Err()
					}
					reply, _ := answers(jsonReply(200, ""))(req)
					reply.Body = io.NopCloser(slowReader{req.Context()})
					return reply, nil
				})
			})
			start := time.Now()
			_, err := c.Role(t.Context(), "ops")
			if sent != 7 || err == nil || time.Since(start) > 7*31*time.Second {
				t.Errorf("%s: GET sent %d times in %v: %v", slow, sent, time.Since(start), err)
			}
			sent = 0
			start = time.Now()
			_, err = c.CreateRole(t.Context(), role.Role{Key: "ops", BasePermissions: "reader"})
			if sent != 1 || classes(err) != "unknown" || time.Since(start) != DefaultRequestTimeout {
				t.Errorf("%s: POST sent %d times in %v: %v", slow, sent, time.Since(start), err)
			}
		})
	}
}

// slowReader gives one byte a second until its request ends.
type slowReader struct{ ctx context.Context }

func (r slowReader) Read(p []byte) (int, error) {
	if err := sleep(r.ctx, time.Second); err != nil {
		return 0, err
	}
	p[0] = ' '
	return 1, nil
}

// TestShutMeanwhile: a read that is to be tried again is not, where another was told meanwhile to stay away.
func TestShutMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := []string{}
		c := client(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			sent = append(sent, req.URL.Path)
			if strings.HasSuffix(req.URL.Path, "one") {
				jsonReply(500, `{}`)(w, req)
				return
			}
			w.Header().Set("Retry-After", "120")
			jsonReply(429, `{}`)(w, req)
		}), func(o *Options) { o.Sleep, o.Now = nil, nil })
		ended := make(chan error)
		go func() {
			_, err := c.Role(t.Context(), "one")
			ended <- err
		}()
		synctest.Wait() // it waits to try again
		_, _ = c.Role(t.Context(), "two")
		if err := <-ended; classes(err) != "limited" || len(sent) != 2 {
			t.Errorf("sent %q: %v", sent, err)
		}
	})
}

// TestShutLonger: of two demands that come at once the longer one counts.
func TestShutLonger(t *testing.T) {
	for _, demands := range [][2]string{{"120", "2"}, {"2", "120"}} {
		c := client(t, nil)
		a := &call{Client: c, ctx: t.Context(), method: http.MethodGet}
		for _, d := range demands {
			_ = a.refusal(&http.Response{StatusCode: 429, Header: http.Header{"Retry-After": {d}}, Body: http.NoBody})
		}
		if err := a.ready(); !strings.Contains(classes(err), "limited") {
			t.Errorf("%q: %v", demands, err)
		}
	}
}

// TestShut: what one call was told of the limits holds for every other call of the client, also after
// that call has ended.
func TestShut(t *testing.T) {
	for _, tt := range []struct {
		after string
		sent  int // of the second call's requests in the first minute
	}{{"120", 0}, {"90", 0}, {"45", 1}} {
		synctest.Test(t, func(t *testing.T) {
			start, sent := time.Now(), []time.Duration{}
			c := client(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				sent = append(sent, time.Since(start))
				w.Header().Set("Retry-After", tt.after)
				jsonReply(429, `{}`)(w, req)
			}), func(o *Options) { o.Sleep, o.Now = nil, nil })
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, _ = c.Role(ctx, "one")
			ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := c.Role(ctx, "two")
			if len(sent) != 1+tt.sent || tt.sent == 1 && sent[1] < 45*time.Second || tt.sent == 0 && !strings.Contains(classes(err), "limited") {
				t.Errorf("%s s: sent at %v: %v", tt.after, sent, err)
			}
		})
	}
}
