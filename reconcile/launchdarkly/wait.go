package launchdarkly

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

const (
	maxRetries  = 6                      // after the first try
	minWait     = 100 * time.Millisecond // between a 429 and the next request
	maxWait     = 60 * time.Second       // a longer demand ends the call
	minBackoff  = 250 * time.Millisecond // after a failed read
	maxBackoff  = 10 * time.Second
	limitedWait = time.Second // after a 429 that does not say
	// believable is the longest demand that is taken for one: LaunchDarkly counts in windows of
	// ten seconds, and a reset in the year 2300 is a mistake in somebody's units.
	believable = 24 * time.Hour
)

// demand returns how long the answer asks to wait, by the account's own clock where it sends a
// date; local is the time here. It knows Retry-After (seconds or a date) and X-Ratelimit-Reset
// (epoch milliseconds) and takes the longest. Values that are past, negative, no number or beyond
// belief do not count; ok is false if none does.
func demand(h http.Header, local time.Time) (wait time.Duration, at time.Time, ok bool) {
	now := local
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	for _, text := range h.Values("Retry-After") {
		if d, good := retryAfter(text, now); good {
			wait, ok = max(wait, d), true
		}
	}
	for _, text := range h.Values("X-Ratelimit-Reset") {
		if d, good := untilReset(text, now); good {
			wait, ok = max(wait, d), true
		}
	}
	return wait, now.Add(wait), ok
}

func retryAfter(text string, now time.Time) (time.Duration, bool) {
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Duration(seconds) * time.Second, seconds >= 0 && seconds <= int64(believable/time.Second)
	}
	date, err := http.ParseTime(text)
	wait := date.Sub(now)
	return wait, err == nil && wait > 0 && wait <= believable
}

func untilReset(text string, now time.Time) (time.Duration, bool) {
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil || ms < 0 {
		return 0, false
	}
	wait := time.UnixMilli(ms).Sub(now)
	return wait, wait > 0 && wait <= believable
}

// pause is the wait before try number i (from 0) is followed by the next one. What the account
// asked for is never cut short, and spread by up to a fifth, so that several clients do not come
// back together; without a demand it is exponential back-off.
func pause(e *APIError, i int, jitter float64) time.Duration {
	switch {
	case e != nil && !e.RetryAt.IsZero():
		return spread(max(e.wait, minWait), jitter)
	case e != nil && e.Status == http.StatusTooManyRequests:
		return spread(doubled(limitedWait, i, maxWait), jitter)
	}
	return minBackoff + time.Duration(jitter*float64(doubled(2*minBackoff, i, maxBackoff)-minBackoff))
}

// inWords returns a wait as people read it: "2s", "1.3s", never zero.
func inWords(d time.Duration) string {
	const tenth = 100 * time.Millisecond
	return max(d.Round(tenth), tenth).String()
}

func spread(d time.Duration, jitter float64) time.Duration {
	return min(d+time.Duration(jitter*float64(d)/5), maxWait)
}

func doubled(d time.Duration, i int, most time.Duration) time.Duration {
	return time.Duration(min(float64(d)*math.Pow(2, float64(i)), float64(most)))
}
