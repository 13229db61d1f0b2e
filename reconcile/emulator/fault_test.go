package emulator

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseFault(t *testing.T) {
	tests := map[string]Fault{
		"*:cut-before":                     {Kind: CutBefore},
		"3:cut-after":                      {First: 3, Last: 3, Kind: CutAfter},
		"2-5:html":                         {First: 2, Last: 5, Kind: HTML},
		"7-:twice":                         {First: 7, Kind: Twice},
		"PATCH:500-after":                  {Method: "PATCH", Kind: StatusAfter, Status: 500},
		"/api/v2/roles/ops:503-before":     {Path: "/api/v2/roles/ops", Kind: StatusBefore, Status: 503},
		"PATCH /api/v2/roles 1:409-before": {Method: "PATCH", Path: "/api/v2/roles", First: 1, Last: 1, Kind: StatusBefore, Status: 409},
		"*:latency=50ms":                   {Kind: Latency, Delay: 50 * time.Millisecond},
		"*:429-retry-after=9300000000":     {Kind: LimitRetryAfter, Value: "9300000000"},
		"*:429-reset":                      {Kind: LimitReset},
		"*:429-reset=-5s":                  {Kind: LimitReset, Value: "-5s"},
		"*:429-none":                       {Kind: LimitNone},
		"*:truncate":                       {Kind: Truncate},
		"*:truncate=17":                    {Kind: Truncate, Bytes: 17},
		"*:302-redirect=/login":            {Kind: Redirect, Status: 302, Value: "/login"},
		"*:307-redirect=https://example.com/?a=b": {Kind: Redirect, Status: 307, Value: "https://example.com/?a=b"},
	}
	for text, want := range tests {
		got, err := ParseFault(text)
		if err != nil || got != want {
			t.Errorf("%s: %+v %v, want %+v", text, got, err, want)
		}
		if got.String() != text {
			t.Errorf("%s prints as %s", text, got)
		}
	}
	for short, long := range map[string]string{
		"*:429":                "*:429-retry-after",
		"1-1:redirect":         "1:302-redirect=/login",
		"GET  2-2:redirect=/x": "GET 2:302-redirect=/x",
	} {
		if got, err := ParseFault(short); err != nil || got.String() != long {
			t.Errorf("%s: %s %v, want %s", short, got, err, long)
		}
	}
}

func TestParseFaultRefuses(t *testing.T) {
	for _, text := range []string{
		"", "cut-after", ":cut-after", "0:html", "-1:html", "x:html", "5-2:html", "1-x:html", "1 2:html", "1 GET:html", "* GET:html",
		"*:", "*:rain", "*:html=x", "*:cut-after=3", "*:latency", "*:latency=soon", "*:latency=-1s", "*:truncate=x", "*:truncate=-1",
		"*:before", "*:200-before", "*:600-after", "*:500-cut-after", "*:400-redirect", "*:5xx-before", "*:429-latency=1s",
	} {
		if f, err := ParseFault(text); err == nil || !strings.Contains(err.Error(), "fault ") {
			t.Errorf("%q: %+v %v", text, f, err)
		}
	}
}

func TestFaultRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Fault{
			Method: rapid.SampledFrom([]string{"", "GET", "DELETE"}).Draw(t, "method"),
			Path:   rapid.SampledFrom([]string{"", "/", "/api/v2/roles/a-b"}).Draw(t, "path"),
			First:  rapid.IntRange(0, 3).Draw(t, "first"),
			Kind: rapid.SampledFrom([]Kind{
				Latency, LimitRetryAfter, LimitReset, LimitNone, StatusBefore, StatusAfter, CutBefore, CutAfter, Truncate, HTML, Redirect, Twice,
			}).Draw(t, "kind"),
		}
		if f.First > 0 {
			f.Last = f.First + rapid.IntRange(0, 2).Draw(t, "more")
		}
		switch f.Kind {
		case StatusBefore, StatusAfter:
			f.Status = rapid.SampledFrom([]int{400, 409, 429, 500, 599}).Draw(t, "status")
		case Redirect:
			f.Status, f.Value = rapid.IntRange(301, 308).Draw(t, "status"), "/x"
		case Latency:
			f.Delay = time.Duration(rapid.Int64Range(0, 1<<40).Draw(t, "delay"))
		case Truncate:
			f.Bytes = rapid.IntRange(0, 9).Draw(t, "bytes")
		}
		if f.Status == 429 { // is one of the kinds of its own
			f.Status = 500
		}
		if got, err := ParseFault(f.String()); err != nil || got != f {
			t.Fatalf("%s reads as %+v %v", f, got, err)
		}
	})
}

// servers runs a test on the emulator in the process and behind a real server: both must show
// the same to a client.
func servers(t *testing.T, opts Options, test func(*testing.T, *fixture)) {
	t.Helper()
	t.Run("process", func(t *testing.T) { test(t, start(t, opts)) })
	t.Run("socket", func(t *testing.T) {
		f := start(t, opts)
		server := httptest.NewServer(f.Emulator)
		t.Cleanup(server.Close)
		f.base, f.rt = server.URL, &http.Transport{DisableKeepAlives: true}
		test(t, f)
	})
}

const newOps = `{"key":"ops","name":"Ops","policy":[]}`

func TestFaults(t *testing.T) {
	c := newClock()
	ms := func(d time.Duration) string { return strconv.FormatInt(c.now.Add(d).UnixMilli(), 10) }
	tests := []struct {
		fault  string
		status int // 0: no answer
		body   string
		cut    bool // the body breaks off
		header map[string]string
		wrote  bool
	}{
		{"1:latency=1h", 201, `"_id"`, false, nil, true},
		{"1:429", 429, "rate_limited", false, map[string]string{"Retry-After": "1", resetHeader: ""}, false},
		{"1:429-retry-after=-1", 429, "rate_limited", false, map[string]string{"Retry-After": "-1"}, false},
		{"1:429-reset", 429, "rate_limited", false, map[string]string{"Retry-After": "", resetHeader: ms(time.Second)}, false},
		{"1:429-reset=-5s", 429, "rate_limited", false, map[string]string{resetHeader: ms(-5 * time.Second)}, false},
		{"1:429-reset=-5x", 429, "rate_limited", false, map[string]string{resetHeader: "-5x"}, false},
		{"1:429-reset=soon", 429, "rate_limited", false, map[string]string{resetHeader: "soon"}, false},
		{"1:429-none", 429, "rate_limited", false, map[string]string{"Retry-After": "", resetHeader: ""}, false},
		{"1:503-before", 503, "Service Unavailable", false, nil, false},
		{"1:409-before", 409, "optimistic_locking_error", false, nil, false},
		{"1:500-after", 500, "Internal Server Error", false, nil, true},
		{"1:cut-before", 0, "", false, nil, false},
		{"1:cut-after", 0, "", false, nil, true},
		{"1:truncate", 201, `{"_id":`, true, nil, true},
		{"1:truncate=5", 201, `{"_id`, true, nil, true},
		{"1:truncate=100000", 201, `"_id"`, false, nil, true},
		{"1:html", 200, "<title>Sign in</title>", false, map[string]string{"Content-Type": "text/html; charset=utf-8", Header: ""}, false},
		{"1:redirect", 302, "", false, map[string]string{"Location": "/login"}, false},
		{"1:307-redirect=https://example.com/", 307, "", false, map[string]string{"Location": "https://example.com/"}, false},
		{"1:twice", 409, "optimistic_locking_error", false, nil, true},
	}
	for _, test := range tests {
		t.Run(test.fault, func(t *testing.T) {
			fault, err := ParseFault(test.fault)
			if err != nil {
				t.Fatal(err)
			}
			opts := Options{Faults: []Fault{fault}, Now: c.Now, Sleep: func(context.Context, time.Duration) error { return nil }}
			servers(t, opts, func(t *testing.T, e *fixture) {
				a, err := e.try(e.request("POST", rolesPath, newOps))
				if a.status != test.status || !strings.Contains(a.body, test.body) {
					t.Errorf("%d %q, want %d %q", a.status, a.body, test.status, test.body)
				}
				if test.status == 0 && !broke(err) {
					t.Errorf("the connection did not break: %v", err)
				}
				if test.cut != errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("the body ended with %v", err)
				}
				for name, want := range test.header {
					if got := a.header.Get(name); got != want {
						t.Errorf("%s is %q, want %q", name, got, want)
					}
				}
				if wrote := len(e.Roles()) == 1; wrote != test.wrote || e.Writes() != len(e.Roles()) || e.Requests()[0].Wrote != wrote {
					t.Errorf("%d roles, %d writes, want effect %v", len(e.Roles()), e.Writes(), test.wrote)
				}
				e.want(map[bool]int{true: 409, false: 201}[test.wrote], "POST", rolesPath, newOps) // only the first request is hit
			})
		})
	}
}

// broke reports whether err is what a client sees of a connection that breaks before an answer.
func broke(err error) bool { return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) }

func TestFaultsHitWhatTheySelect(t *testing.T) {
	tests := []struct {
		faults []string
		hit    []int // numbers of the requests, from 1
	}{
		{[]string{"*:html"}, []int{1, 2, 3, 4, 5, 6}},
		{[]string{"2:html"}, []int{2}},
		{[]string{"2-3:html"}, []int{2, 3}},
		{[]string{"5-:html"}, []int{5, 6}},
		{[]string{"GET:html"}, []int{1, 3, 5}},
		{[]string{"DELETE 2:html"}, []int{4}},
		{[]string{"/api/v2/roles/b:html"}, []int{3, 4}},
		{[]string{"GET /api/v2/roles 2-:html"}, []int{3, 5}},
		{[]string{"6:html", "1:html", "1:cut-before"}, []int{1, 6}},
	}
	for _, test := range tests {
		var opts Options
		for _, text := range test.faults {
			f, err := ParseFault(text)
			if err != nil {
				t.Fatal(err)
			}
			opts.Faults = append(opts.Faults, f)
		}
		e := start(t, opts)
		var hit []int
		for i, path := range []string{"a", "b", "c"} {
			for j, method := range []string{"GET", "DELETE"} {
				if e.do(method, rolesPath+"/"+path, "").status == 200 {
					hit = append(hit, 2*i+j+1)
				}
			}
		}
		if !slices.Equal(hit, test.hit) {
			t.Errorf("%q hit %v, want %v", test.faults, hit, test.hit)
		}
		for _, r := range e.Requests() {
			if (r.Fault != "") != slices.Contains(test.hit, r.Number) {
				t.Errorf("request %d recorded with fault %q", r.Number, r.Fault)
			}
		}
	}
}

func TestSetFaults(t *testing.T) {
	e := start(t, Options{})
	e.want(200, "GET", rolesPath, "")
	if err := e.SetFaults(Fault{First: 1, Last: 1, Kind: StatusBefore, Status: 500}); err != nil {
		t.Fatal(err)
	}
	e.want(500, "GET", rolesPath, "")
	e.want(200, "GET", rolesPath, "")
	if err := e.SetFaults(Fault{Kind: StatusBefore}); err == nil {
		t.Error("a fault without status was taken")
	}
}

// TestLatency: delays add up, pass through the injected sleeper and end with the request.
func TestLatency(t *testing.T) {
	var mu sync.Mutex
	var slept []time.Duration
	e := start(t, Options{
		Latency: time.Second,
		Faults:  []Fault{{First: 2, Last: 2, Kind: Latency, Delay: time.Minute}, {First: 2, Last: 3, Kind: Latency, Delay: time.Hour}, {First: 3, Last: 3, Kind: CutBefore}},
		Sleep: func(ctx context.Context, d time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			slept = append(slept, d)
			return ctx.Err()
		},
	})
	e.want(200, "GET", rolesPath, "")
	e.want(200, "GET", rolesPath, "")
	if _, err := e.try(e.request("GET", rolesPath, "")); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("third request: %v", err)
	}
	if want := []time.Duration{time.Second, time.Hour + time.Minute + time.Second, time.Hour + time.Second}; !slices.Equal(slept, want) {
		t.Errorf("slept %v, want %v", slept, want)
	}
}

func TestRealSleeper(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	if err := sleep(ctx, time.Nanosecond); err != nil {
		t.Error(err)
	}
	cancel()
	if err := sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestUnknownFaultNamesTheKinds: each kind that is named is one, and none is left out.
func TestUnknownFaultNamesTheKinds(t *testing.T) {
	_, err := ParseFault("3:cut")
	if err == nil || !strings.Contains(err.Error(), `"cut" is no kind of fault (want `) {
		t.Fatalf("error %v", err)
	}
	named := map[Kind]bool{}
	for _, form := range strings.Split(strings.Replace(kinds, " or ", ", ", 1), ", ") {
		f, err := ParseFault("*:" + strings.NewReplacer("NNN", "503", "TIME", "1s").Replace(form))
		if err != nil {
			t.Errorf("%s is no kind of fault: %v", form, err)
		}
		named[f.Kind] = true
	}
	for _, kind := range []Kind{
		Latency, LimitRetryAfter, LimitReset, LimitNone, StatusBefore, StatusAfter, CutBefore, CutAfter, Truncate, HTML, Redirect, Twice,
	} {
		if !named[kind] {
			t.Errorf("%s is not named", kind)
		}
	}
}

// TestFaultsOfHolders: faults reach the routes of members and teams, before and after the effect.
func TestFaultsOfHolders(t *testing.T) {
	f := peopled(t, Options{})
	team, person := teamHref("empty"), memberHref(f.member(bo))
	for fault, effect := range map[string]bool{"PATCH:500-before": false, "PATCH:500-after": true, "PATCH:cut-before": false, "PATCH:cut-after": true, "PATCH:truncate": true} {
		for path, body := range map[string]string{
			team:        `{"instructions":[{"kind":"updateName","value":"WORD"}]}`,
			person:      `[{"op":"replace","path":"/roleAttributes","value":{"word":["WORD"]}}]`,
			membersPath: `{"instructions":[{"kind":"replaceMembersRoleAttributes","value":{"word":["WORD"]},"memberIDs":["` + f.member(cy) + `"]}]}`,
		} {
			parsed, err := ParseFault(fault)
			if err != nil {
				t.Fatal(err)
			}
			f.must(f.SetFaults(parsed))
			word := fault + path
			_, _ = f.try(f.request("PATCH", path, strings.ReplaceAll(body, "WORD", word)))
			if got := strings.Contains(asText(t, f.Teams())+asText(t, f.Members()), word); got != effect {
				t.Errorf("%s on %s: effect %t", fault, path, got)
			}
		}
	}
	twice, err := ParseFault("POST:twice")
	f.must(err)
	f.must(f.SetFaults(twice))
	f.want(409, "POST", teamsPath, `{"key":"twice","name":"n"}`)
	f.want(400, "POST", membersPath, `[{"email":"twice@example.com","role":"reader"}]`)
	if len(f.Teams()) != 3 || len(f.Members()) != 5 {
		t.Errorf("%d teams, %d members", len(f.Teams()), len(f.Members()))
	}
}
