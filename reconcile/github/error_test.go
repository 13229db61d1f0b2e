package github

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile/github/githubtest"
)

// canary is a token that must not come out anywhere but in one header.
const canary = "ghs_CANARYcanaryCANARYcanaryCANARY123456"

// kind is the name of an error's type.
func kind(err error) string {
	for name, is := range map[string]func() bool{
		"denied":    func() bool { _, ok := errors.AsType[*DeniedError](err); return ok },
		"locked":    func() bool { _, ok := errors.AsType[*LockedError](err); return ok },
		"gone":      func() bool { _, ok := errors.AsType[*GoneError](err); return ok },
		"limited":   func() bool { _, ok := errors.AsType[*LimitedError](err); return ok },
		"rejected":  func() bool { _, ok := errors.AsType[*RejectedError](err); return ok },
		"no answer": func() bool { _, ok := errors.AsType[*NoAnswerError](err); return ok },
		"answer":    func() bool { _, ok := errors.AsType[*AnswerError](err); return ok },
	} {
		if is() {
			return name
		}
	}
	return fmt.Sprintf("%T", err)
}

func hint(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

// echo is an error answer that repeats the token, as a debugging proxy might.
const echo = `{"message":"` + canary + ` is refused\u001b[2J"}`

func TestErrorTable(t *testing.T) {
	list, create := "GET /repos/acme/access/issues/7/comments", "POST /repos/acme/access/issues/7/comments"
	message := func(text string) string { return `{"message":"` + text + `"}` }
	for name, test := range map[string]struct {
		match  string
		fault  githubtest.Fault
		kind   string
		hint   string
		tries  int // how often the request was sent in the end
		waited time.Duration
	}{
		"bad token":                {list, githubtest.Fault{Status: 401, Body: echo}, "denied", "${{ github.token }}", 1, 0},
		"no rights to write":       {create, githubtest.Fault{Status: 403, Body: message("Resource not accessible by integration")}, "denied", "permissions: pull-requests: write", 1, 0},
		"no rights, fine token":    {create, githubtest.Fault{Status: 403, Body: message("Resource not accessible by personal access token")}, "denied", "workflow_run", 1, 0},
		"no rights to read":        {list, githubtest.Fault{Status: 403, Body: echo}, "denied", "permissions: pull-requests: read", 1, 0},
		"the last of the budget":   {create, githubtest.Fault{Status: 403, Body: message("Resource not accessible by integration"), Header: map[string]string{"X-RateLimit-Remaining": "0"}}, "denied", "write", 1, 0},
		"single sign-on":           {list, githubtest.Fault{Status: 403, Body: message("Resource protected by organization SAML enforcement.")}, "denied", "single sign-on", 1, 0},
		"blocked user":             {create, githubtest.Fault{Status: 403, Body: message("User is blocked")}, "denied", "write", 1, 0},
		"locked":                   {create, githubtest.Fault{Status: 403, Body: message("Unable to create comment because issue is locked.")}, "locked", "unlock", 1, 0},
		"locked, by status":        {create, githubtest.Fault{Status: 423}, "locked", "unlock", 1, 0},
		"no such pull request":     {list, githubtest.Fault{Status: 404, Body: message("Not Found")}, "gone", "permissions: pull-requests: read", 1, 0},
		"may not create":           {create, githubtest.Fault{Status: 404, Body: message("Not Found")}, "gone", "permissions: pull-requests: write", 1, 0},
		"gone":                     {list, githubtest.Fault{Status: 410, Body: message("Issues are disabled for this repo")}, "gone", "exist", 1, 0},
		"invalid":                  {create, githubtest.Fault{Status: 422, Body: `{"message":"Validation Failed","errors":["spammed"]}`}, "rejected", "", 1, 0},
		"odd error list":           {create, githubtest.Fault{Status: 422, Body: `{"message":"Validation Failed","errors":[5,{"message":"x"}]}`}, "rejected", "", 1, 0},
		"conflict":                 {create, githubtest.Fault{Status: 409, Body: echo}, "rejected", "", 1, 0},
		"too large":                {create, githubtest.Fault{Status: 413, Body: "<html>"}, "rejected", "job summary", len(budgets), 0},
		"error without words":      {create, githubtest.Fault{Status: 400, Body: "<html>"}, "rejected", "", 1, 0},
		"primary limit":            {list, githubtest.Fault{Status: 403, Body: message("API rate limit exceeded for installation ID 1."), Header: map[string]string{"Date": noon.Format(http.TimeFormat), "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(noon.Add(3000 * time.Second).Unix())}}, "limited", "after that time", 1, 0},
		"primary limit, soon over": {list, githubtest.Fault{Status: 403, Body: message("API rate limit exceeded"), Header: map[string]string{"Date": noon.Format(http.TimeFormat), "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(noon.Add(40 * time.Second).Unix())}}, "limited", "", 5, 160 * time.Second},
		"limit by header alone":    {list, githubtest.Fault{Status: 403, Header: map[string]string{"X-RateLimit-Remaining": "0"}}, "limited", "", 4, 180 * time.Second},
		"limit, retry after":       {list, githubtest.Fault{Status: 429, Header: map[string]string{"Retry-After": "7"}}, "limited", "", 5, 28 * time.Second},
		"limit, retry at once":     {list, githubtest.Fault{Status: 429, Header: map[string]string{"Retry-After": "-5"}}, "limited", "", 5, 4 * time.Second},
		"limit for long":           {list, githubtest.Fault{Status: 429, Header: map[string]string{"Retry-After": "61"}}, "limited", "", 1, 0},
		"limit for a day":          {list, githubtest.Fault{Status: 429, Header: map[string]string{"Retry-After": "86400"}}, "limited", "", 1, 0},
		"limit beyond numbers":     {list, githubtest.Fault{Status: 429, Header: map[string]string{"Retry-After": "99999999999999999999"}}, "limited", "", 4, 180 * time.Second},
		"secondary limit":          {create, githubtest.Fault{Status: 403, Body: message("You have exceeded a secondary rate limit and have been temporarily blocked from content creation.")}, "limited", "", 4, 180 * time.Second},
		"secondary limit, a while": {create, githubtest.Fault{Status: 403, Header: map[string]string{"Retry-After": "30"}}, "limited", "", 4, 90 * time.Second},
		"abuse detection":          {list, githubtest.Fault{Status: 403, Body: message("You have triggered an abuse detection mechanism.")}, "limited", "", 4, 180 * time.Second},
		"too quickly":              {create, githubtest.Fault{Status: 422, Body: `{"message":"Validation Failed","errors":[{"message":"was submitted too quickly"}]}`}, "limited", "", 4, 180 * time.Second},
		"server error":             {list, githubtest.Fault{Status: 503, Body: echo}, "no answer", "githubstatus", 5, 15 * time.Second},
		"request timeout":          {list, githubtest.Fault{Status: 408}, "no answer", "githubstatus", 5, 15 * time.Second},
		"dropped":                  {list, githubtest.Fault{Drop: true}, "no answer", "run the job again", 5, 15 * time.Second},
		"cut":                      {list, githubtest.Fault{Status: 200, Body: "[", Cut: true}, "no answer", "", 5, 15 * time.Second},
		"HTML":                     {list, githubtest.Fault{Status: 200, Body: "<html>" + canary, Header: map[string]string{"Content-Type": "text/html"}}, "answer", "proxy", 1, 0},
		"plain text":               {list, githubtest.Fault{Status: 200, Body: "[]", Header: map[string]string{"Content-Type": "text/plain"}}, "answer", "proxy", 1, 0},
		"no media type":            {list, githubtest.Fault{Status: 200, Body: "[]", Header: map[string]string{"Content-Type": ";"}}, "answer", "proxy", 1, 0},
		"not JSON":                 {list, githubtest.Fault{Status: 200, Body: canary}, "answer", "", 1, 0},
		"empty":                    {list, githubtest.Fault{Status: 200}, "answer", "", 1, 0},
		"two values":               {list, githubtest.Fault{Status: 200, Body: "[][]"}, "answer", "", 1, 0},
		"null":                     {list, githubtest.Fault{Status: 200, Body: "null"}, "answer", "", 1, 0},
		"null inside":              {list, githubtest.Fault{Status: 200, Body: "[null]"}, "answer", "", 1, 0},
		"an object":                {list, githubtest.Fault{Status: 200, Body: `{"a":"` + canary + `"}`}, "answer", "", 1, 0},
		"accepted":                 {list, githubtest.Fault{Status: 202, Body: "[]"}, "answer", "", 1, 0},
		"too much":                 {list, githubtest.Fault{Status: 200, Body: "[" + strings.Repeat(" ", maxBody) + "]"}, "answer", "", 1, 0},
		"a long error":             {list, githubtest.Fault{Status: 404, Body: message("long") + strings.Repeat(" ", 2*maxErrorBody)}, "gone", "", 1, 0},
		"a long message":           {list, githubtest.Fault{Status: 404, Body: message(strings.Repeat("x", 2*maxMessage))}, "gone", "", 1, 0},
		"pages in a circle":        {list, githubtest.Fault{Status: 200, Body: "[]", Header: map[string]string{"Link": `<%s/x?page=1>; rel="next"`}}, "answer", "", 1, 0},
		"pages skipped":            {list, githubtest.Fault{Status: 200, Body: "[]", Header: map[string]string{"Link": `<%s/x?page=5>; rel="next"`}}, "answer", "", 1, 0},
		"no page number":           {list, githubtest.Fault{Status: 200, Body: "[]", Header: map[string]string{"Link": `<%s/x?page=two>; rel="next"`}}, "answer", "", 1, 0},
		"pages elsewhere":          {list, githubtest.Fault{Status: 200, Body: "[]", Header: map[string]string{"Link": `<https://evil.example/x?page=2>; rel="next"`}}, "answer", "", 1, 0},
		"pages by plain text":      {list, githubtest.Fault{Status: 200, Body: "[]", Header: map[string]string{"Link": "nonsense"}}, "answer", "", 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.AddAccount(canary, githubtest.Account{Login: githubtest.Login, ID: githubtest.ID, Bot: true})
			test.fault.Match = test.match
			if link := test.fault.Header["Link"]; strings.Contains(link, "%s") {
				test.fault.Header["Link"] = fmt.Sprintf(link, w.url)
			}
			w.Plan(test.fault)
			c := w.client(t, func(o *Options) { o.Token = canary })
			_, err := c.Upsert(t.Context(), repository, pull, comment(100, "text"))
			if kind(err) != test.kind || !strings.Contains(hint(err), test.hint) {
				t.Errorf("error %v, a %s with hint %q; want a %s, %q", err, kind(err), hint(err), test.kind, test.hint)
			}
			if n := w.Count(test.match); n != test.tries {
				t.Errorf("%d requests, want %d", n, test.tries)
			}
			var waited time.Duration
			for _, d := range w.slept {
				waited += d
			}
			if waited != test.waited || len(w.slept) > 0 && slices.Max(w.slept) > maxWait {
				t.Errorf("waited %v, want %v in all", w.slept, test.waited)
			}
			wantClean(t, err, w.logged)
		})
	}
}

// wantClean fails if the canary, or what moves a terminal, is in an error or a log line.
func wantClean(t *testing.T, err error, logged []string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, text := range append(logged, err.Error(), fmt.Sprintf("%+v %#v", err, err), hint(err)) {
		if strings.Contains(text, canary) || strings.ContainsAny(text, "\x1b\n\r") {
			t.Errorf("not clean: %q", text)
		}
		if len(text) > 8<<10 {
			t.Errorf("%d bytes", len(text))
		}
	}
}

func TestRedirectsAreRefused(t *testing.T) {
	elsewhere := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	t.Cleanup(other.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, match := range []string{"GET /repos/", "POST /repos/", "PATCH /repos/", "DELETE /repos/", "POST /graphql"} {
			for where, location := range map[string]string{`host "` + strings.TrimPrefix(other.URL, "http://"): other.URL + "/?t=" + canary, "the same host": "/elsewhere", "no host": ""} {
				w := newWorld(t)
				w.AddAccount(githubtest.Token, githubtest.Account{Login: githubtest.Login, ID: githubtest.ID, NoMinimize: true})
				if match != "POST /repos/" {
					w.AddComment(pull, githubtest.Login, stored(comment(100, "twin")))
					w.AddComment(pull, githubtest.Login, stored(comment(100, "twin")))
				}
				w.Plan(githubtest.Fault{Match: match, Status: status, Header: map[string]string{"Location": location}})
				p, err := w.client(t).Upsert(t.Context(), repository, pull, comment(101, "text"))
				text := fmt.Sprint(p.Warnings, err)
				if match == "POST /graphql" {
					continue // the other way to find out who we are is taken, and the fold is a warning
				}
				if !strings.Contains(text, "redirect to "+where) || strings.Contains(text, canary) {
					t.Errorf("%s %d to %s: %s", match, status, location, text)
				}
				if w.Count(match) != 1 && match != "DELETE /repos/" {
					t.Errorf("%s %d: %d requests", match, status, w.Count(match))
				}
				if err != nil && !strings.Contains(hint(err), "renamed") {
					t.Errorf("hint %q", hint(err))
				}
			}
		}
	}
	if elsewhere != 0 {
		t.Errorf("%d requests followed", elsewhere)
	}
}

func TestTimeout(t *testing.T) {
	w := newWorld(t)
	c := w.client(t, func(o *Options) {
		o.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
			deadline, ok := r.Context().Deadline()
			if left := time.Until(deadline); !ok || left > timeout || left < timeout/2 {
				t.Errorf("deadline %v %v", left, ok)
			}
			return nil, context.DeadlineExceeded
		})
	})
	err := c.CheckTip(t.Context(), &Event{Repository: repository, SHA: headSHA, DefaultBranch: "main"})
	if !errors.Is(err, context.DeadlineExceeded) || kind(err) != "no answer" {
		t.Errorf("error %v", err)
	}
}

func TestCancelled(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.Before(2, cancel)
	_, err := w.client(t).Upsert(ctx, repository, pull, comment(100, "text"))
	if !errors.Is(err, context.Canceled) || len(w.slept) != 0 {
		t.Errorf("error %v after %v", err, w.slept)
	}
	w.Plan(githubtest.Fault{Match: "GET ", Status: 500})
	ctx, cancel = context.WithCancel(t.Context())
	c := w.client(t, func(o *Options) {
		o.Sleep = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
	})
	if _, err := c.Upsert(ctx, repository, pull, comment(100, "text")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestSleep(t *testing.T) {
	if err := sleep(t.Context(), time.Millisecond); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestEndlessPages(t *testing.T) {
	w := newWorld(t)
	c := w.client(t, func(o *Options) {
		o.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
			page := 1
			_, _ = fmt.Sscan(r.URL.Query().Get("page"), &page)
			return &http.Response{
				StatusCode: 200, Request: r, Body: io.NopCloser(strings.NewReader("[]")),
				Header: http.Header{
					"Content-Type": {"application/json"}, "Link": {fmt.Sprintf(`<%s/x?page=%d>; rel="next"`, w.url, page+1)},
				},
			}, nil
		})
	})
	_, err := c.Upsert(t.Context(), repository, pull, comment(100, "text"))
	if err == nil || !strings.Contains(err.Error(), "more than 100 pages") {
		t.Errorf("error %v", err)
	}
}

// TestTokenStaysHere sends the transport a request for another host.
func TestTokenStaysHere(t *testing.T) {
	g := &guard{
		scheme: "https", host: "api.github.com", token: func() string { return canary },
		next: roundTripper(func(r *http.Request) (*http.Response, error) {
			t.Errorf("%s was sent", r.URL)
			return nil, errors.New("sent")
		}),
	}
	for _, url := range []string{"https://evil.example/", "http://api.github.com/", "https://api.github.com:8443/", "https://api.github.com.evil.example/"} {
		req, err := http.NewRequest(http.MethodPost, url, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.RoundTrip(req); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", url, err)
		}
	}
	req, _ := http.NewRequest(http.MethodGet, "https://evil.example/", nil)
	if _, err := g.RoundTrip(req); err == nil {
		t.Error("went through")
	}
}

func TestTokenIsInOneHeader(t *testing.T) {
	w := newWorld(t)
	w.upsert(t, comment(100, "text"))
	for _, r := range w.Requests() {
		if r.Token != githubtest.Token || strings.Contains(r.Path+r.Query+r.Body, githubtest.Token) || r.UserAgent != DefaultUserAgent {
			t.Errorf("%+v", r)
		}
	}
	if want := []string{
		"GET /api/v3/repos/acme/access/issues/7/comments 200",
		"POST /api/v3/repos/acme/access/issues/7/comments 201",
		"GET /api/v3/repos/acme/access/issues/7/comments 200",
	}; !slices.Equal(w.logged, want) {
		t.Errorf("logged %q", w.logged)
	}
	if text := fmt.Sprintf("%+v %#v", w.client(t), w.client(t)); strings.Contains(text, githubtest.Token) {
		t.Error("the client prints its token")
	}
}

// TestCaps: no more of an answer is read than an answer needs.
func TestCaps(t *testing.T) {
	w := newWorld(t)
	w.Plan(githubtest.Fault{Match: "GET ", Times: 1, Status: 404, Body: `{"message":"long"` + strings.Repeat(" ", maxErrorBody) + `}`})
	_, err := w.client(t).Upsert(t.Context(), repository, pull, comment(100, "text"))
	if kind(err) != "gone" || strings.Contains(err.Error(), "long") {
		t.Errorf("error %v", err)
	}
	w.Plan(githubtest.Fault{Match: "GET ", Status: 200, Body: "[" + strings.Repeat(" ", maxBody) + "]"})
	_, err = w.client(t).Upsert(t.Context(), repository, pull, comment(100, "text"))
	if kind(err) != "answer" || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("error %v", err)
	}
}

// TestLastOfTheBudget: an answer that says "none left" is an answer. go-github would send nothing more.
func TestLastOfTheBudget(t *testing.T) {
	w := newWorld(t)
	w.Plan(githubtest.Fault{Match: "GET ", Times: 1, Status: 200, Body: "[]", Header: map[string]string{
		"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4000000000",
	}})
	if p := w.upsert(t, comment(100, "text")); p.Did != DidCreate {
		t.Errorf("posted %+v", p)
	}
}

func TestShapeOfOneAnswer(t *testing.T) {
	w := newWorld(t)
	w.AddComment(pull, githubtest.Login, stored(comment(90, "old")))
	w.Plan(githubtest.Fault{Match: "GET /repos/acme/access/issues/comments/", Status: 200, Body: `[1]`})
	_, err := w.client(t).Upsert(t.Context(), repository, pull, comment(100, "text"))
	if kind(err) != "answer" || !strings.Contains(err.Error(), "another form") {
		t.Errorf("error %v", err)
	}
}

func TestDemandPrefersGitHubsClock(t *testing.T) {
	for _, test := range []struct {
		header http.Header
		want   time.Duration
	}{
		{http.Header{"Date": {noon.Add(time.Hour).Format(http.TimeFormat)}, "Retry-After": {noon.Add(time.Hour + 9*time.Second).Format(http.TimeFormat)}}, 9 * time.Second},
		{http.Header{"Retry-After": {noon.Add(8 * time.Second).Format(http.TimeFormat)}}, 8 * time.Second},
		{http.Header{"Retry-After": {noon.Add(-time.Hour).Format(http.TimeFormat)}}, minWait},
		{http.Header{"X-Ratelimit-Reset": {fmt.Sprint(noon.Add(5 * time.Second).Unix())}}, defaultWait}, // something remains
		{http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {"soon"}}, defaultWait},
		{nil, defaultWait},
	} {
		if got, until := demand(test.header, noon); got != test.want || until.Sub(noon).Truncate(time.Hour) > time.Hour {
			t.Errorf("%v: %v until %v, want %v", test.header, got, until, test.want)
		}
	}
}
