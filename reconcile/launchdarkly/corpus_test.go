package launchdarkly

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestCorpusH answers the client with every hostile or broken reply of testdata/H. Each file says
// which call is made ("call:"), what must come of it ("want: ok" and the keys, or a part of the
// error) and how many requests that takes ("requests:"). Its parts are replies: status, content
// type ("-" for none), and which offset they are for.
func TestCorpusH(t *testing.T) {
	files, err := filepath.Glob("testdata/H/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			replay(t, archive)
		})
	}
	t.Logf("%d replies", len(files))
}

func replay(t *testing.T, archive *txtar.Archive) {
	says := map[string]string{}
	for line := range strings.Lines(string(archive.Comment)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			says[name] = value
		}
	}
	requests := 0
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		requests++
		for _, part := range archive.Files {
			if play(t, part, w, req) {
				return
			}
		}
		t.Errorf("no reply for %s", req.URL)
	}), func(o *Options) { o.Parallelism = 1 })
	got, err := call1(t, c, says["call"])
	sealed(t, err)
	want := says["want"]
	if err == nil {
		got = strings.TrimSpace("ok " + got)
	}
	if strings.HasPrefix(want, "ok") != (err == nil) || err == nil && got != want || err != nil && !strings.Contains(err.Error(), want) {
		t.Errorf("got  %s, %v\nwant %s", got, err, want)
	}
	if n, _ := strconv.Atoi(says["requests"]); n != 0 && n != requests {
		t.Errorf("%d requests, want %d", requests, n)
	}
}

// call1 makes the call that a file names; it returns the keys of the roles it gives.
func call1(t *testing.T, c *Client, name string) (string, error) {
	switch name {
	case "list":
		roles, err := c.Roles(t.Context())
		return strings.Join(keys(roles), ","), err
	case "get":
		r, err := c.Role(t.Context(), "a")
		return r.Key, err
	case "patch":
		v, err := parse([]byte(oneRole("a")))
		if err != nil {
			t.Fatal(err)
		}
		before, err := readRole(v)
		if err != nil {
			t.Fatal(err)
		}
		before.Raw = v.raw
		after := before.Role
		after.Name = "New"
		r, err := c.UpdateRole(t.Context(), before, after, "")
		return r.Key, err
	case "delete":
		return "", c.DeleteRole(t.Context(), "a")
	}
	t.Fatalf("no call %q", name)
	return "", nil
}

// play answers with one part of a file if it is for this request.
func play(t *testing.T, part txtar.File, w http.ResponseWriter, req *http.Request) bool {
	head, body := part.Name, strings.TrimSuffix(string(part.Data), "\n")
	if rest, quoted := strings.CutSuffix(head, " quoted"); quoted {
		text, err := strconv.Unquote(body)
		if err != nil {
			t.Fatal(err)
		}
		head, body = rest, text
	}
	head, offset, paged := strings.Cut(head, " offset=")
	if paged && offset != req.URL.Query().Get("offset") {
		return false
	}
	status, contentType, _ := strings.Cut(head, " ")
	if contentType != "-" {
		w.Header().Set("Content-Type", contentType)
	} else {
		w.Header()["Content-Type"] = nil
	}
	code, err := strconv.Atoi(status)
	if err != nil {
		t.Fatal(err)
	}
	w.WriteHeader(code)
	_, _ = io.WriteString(w, body)
	return true
}

// TestH04CutAnywhere cuts a list of 3 KiB at each byte so that only the text shows it, and at one in
// sixteen so that the connection does. The tries after that give nothing. Never is there a list.
func TestH04CutAnywhere(t *testing.T) {
	a := newAccount(11)
	w := httptest.NewRecorder()
	a.page(1000, 0)(w, httptest.NewRequest(http.MethodGet, "/", nil))
	whole := w.Body.Bytes()
	if len(whole) < 3<<10 {
		t.Fatalf("the list is only %d bytes", len(whole))
	}
	whole = bytes.TrimSuffix(whole, []byte("\n"))
	cases := 0
	for at := range len(whole) {
		var body io.Reader = bytes.NewReader(whole[:at])
		if at%16 == 15 {
			body = io.MultiReader(body, failingReader{io.ErrUnexpectedEOF})
		}
		tries := 0
		c := client(t, nil, func(o *Options) {
			o.Transport = transportFunc(func(req *http.Request) (*http.Response, error) {
				tries++
				reply, err := answers(jsonReply(200, ""))(req)
				if tries == 1 {
					reply.Body = io.NopCloser(body)
				}
				return reply, err
			})
		})
		roles, err := c.Roles(t.Context())
		if err == nil || roles != nil || tries != 7 || !strings.Contains(err.Error(), "cut short") {
			t.Fatalf("cut at %d: %d roles after %d tries: %v", at, len(roles), tries, err)
		}
		cases++
	}
	t.Logf("%d cuts of a list of %d bytes", cases, len(whole))
}

// TestH04CutOnTheWire does the same over a real connection, at some bytes.
func TestH04CutOnTheWire(t *testing.T) {
	body := `{"items":[` + oneRole("a") + `],"totalCount":1}`
	for _, how := range []string{"length", "chunks", "gzip"} {
		var tries atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			first := tries.Add(1) == 1
			text := []byte(body)
			if how == "gzip" {
				var packed bytes.Buffer
				z := gzip.NewWriter(&packed)
				_, _ = z.Write(text)
				_ = z.Close()
				text = packed.Bytes()
				w.Header().Set("Content-Encoding", "gzip")
			}
			if !first {
				_, _ = w.Write(text)
				return
			}
			if how != "chunks" {
				w.Header().Set("Content-Length", strconv.Itoa(len(text)))
			}
			_, _ = w.Write(text[:len(text)/2])
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}))
		c := client(t, nil, func(o *Options) { o.Host, o.Transport = strings.TrimPrefix(server.URL, "http://"), nil })
		if roles, err := c.Roles(t.Context()); err != nil || len(roles) != 1 || tries.Load() != 2 {
			t.Errorf("%s: %d roles after %d tries: %v", how, len(roles), tries.Load(), err)
		}
		c.Close()
		server.Close()
	}
}

func TestH10LongKey(t *testing.T) {
	long := strings.Repeat("k", 1<<20)
	roles, err := client(t, jsonReply(200, `{"items":[`+oneRole(long)+`],"totalCount":1}`)).Roles(t.Context())
	if err != nil || roles[0].Key != long {
		t.Errorf("%v", err)
	}
	_, err = client(t, jsonReply(200, `{"items":[{"_id":"1","key":"`+long+`"}],"totalCount":1}`)).Roles(t.Context())
	check(t, err, `kkk"… (1048576 bytes): "name" is missing`)
	if len(err.Error()) > 1000 {
		t.Errorf("an error of %d bytes", len(err.Error()))
	}
}

func TestH13Deep(t *testing.T) {
	for _, depth := range []int{maxDepth, 10_001, 1_000_000} {
		for _, pair := range []string{"[]", "{}"} {
			left, right := pair[:1], pair[1:]
			if pair == "{}" {
				left, right = `{"a":`, "}"
			}
			_, err := client(t, jsonReply(200, strings.Repeat(left, depth)+`1`+strings.Repeat(right, depth))).Roles(t.Context())
			if depth > maxDepth {
				check(t, err, "not LaunchDarkly JSON: ")
			} else {
				check(t, err, "not LaunchDarkly's answer: ")
			}
		}
	}
}

// TestH19H20 sends each broken demand for a pause, seven times: the call ends, without a hot loop
// and without a long sleep.
func TestH19H20(t *testing.T) {
	start := newWatch().now
	seconds := strconv.FormatInt(start.Add(5*time.Second).Unix(), 10)
	cases := map[string]http.Header{
		"H19 negative":  {"Retry-After": {"-1"}},
		"H19 fraction":  {"Retry-After": {"1.5"}},
		"H19 overflow":  {"Retry-After": {"9300000000"}},
		"H19 largest":   {"Retry-After": {"9223372036854775807"}},
		"H19 old date":  {"Retry-After": {start.Add(-99 * time.Hour).Format(http.TimeFormat)}},
		"H19 far date":  {"Retry-After": {start.AddDate(80, 0, 0).Format(http.TimeFormat)}},
		"H19 two":       {"Retry-After": {"1", "2"}},
		"H19 zero":      {"Retry-After": {"0"}},
		"H20 seconds":   {"X-Ratelimit-Reset": {seconds}},
		"H20 past":      {"X-Ratelimit-Reset": {strconv.FormatInt(start.Add(-time.Hour).UnixMilli(), 10)}},
		"H20 text":      {"X-Ratelimit-Reset": {"soon"}},
		"H20 empty":     {"X-Ratelimit-Reset": {""}},
		"neither":       {},
		"bad own clock": {"Date": {"yesterday"}, "X-Ratelimit-Reset": {"soon"}},
	}
	for name, header := range cases {
		w, sent := newWatch(), 0
		c := client(t, http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
			sent++
			limits(1, header)(rw, req)
		}), func(o *Options) { o.Sleep, o.Now = w.Sleep, w.Now })
		_, err := c.Role(t.Context(), "ops")
		if classes(err) != "limited" || sent != 7 || len(w.slept) != 6 {
			t.Errorf("%s: %d sent, slept %v: %v", name, sent, w.slept, err)
		}
		for _, d := range w.slept {
			if d < minWait || d > maxWait {
				t.Errorf("%s: slept %v", name, d)
			}
		}
	}
	t.Logf("%d demands", len(cases))
}

// endless is a body without end that counts what is read of it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.read += len(p)
	return len(p), nil
}

func (e *endless) Close() error { return nil }

// TestH23HugeBodies: of an error at most 64 KiB are read and 4 KiB shown, of an answer 32 MiB.
func TestH23HugeBodies(t *testing.T) {
	for _, test := range []struct {
		status, most int
		want         string
	}{
		{400, maxErrorBody, "400 Bad Request"},
		{200, maxBody + 1, "the answer is larger than 32 MiB"},
	} {
		body := &endless{}
		c := client(t, nil, func(o *Options) {
			o.Transport = transportFunc(func(req *http.Request) (*http.Response, error) {
				reply, err := answers(jsonReply(test.status, ""))(req)
				reply.Body = body
				return reply, err
			})
		})
		_, err := c.Role(t.Context(), "ops")
		check(t, err, test.want)
		if body.read < test.most || body.read > 2*test.most+1024 {
			t.Errorf("%d: %d bytes were read", test.status, body.read)
		}
	}
	_, err := client(t, reply(500, "text/plain", strings.Repeat("\x1b", 1<<20))).CreateRole(t.Context(), readyRole())
	if e, ok := errors.AsType[*APIError](err); !ok || len(e.Message) > maxMessage || !strings.HasSuffix(e.Message, `\u{1b}…`) {
		t.Errorf("%.200v", err)
	}
}

// TestGzipBomb: the cap counts bytes after decompression, and memory stays near it.
func TestGzipBomb(t *testing.T) {
	var member bytes.Buffer
	z := gzip.NewWriter(&member)
	_, _ = z.Write(bytes.Repeat([]byte(" "), 1<<20))
	_ = z.Close()
	packed := bytes.Repeat(member.Bytes(), 2048) // members in a row are one stream, of 2 GiB
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed)
	}))
	defer server.Close()
	c := client(t, nil, func(o *Options) { o.Host, o.Transport = strings.TrimPrefix(server.URL, "http://"), nil })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := c.Roles(t.Context())
	runtime.ReadMemStats(&after)
	check(t, err, "the answer is larger than 32 MiB")
	// The buffer is allocated anew as it grows, under the race detector twice. Unpacked it were 64 times maxBody.
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 16*maxBody {
		t.Errorf("%d MiB were allocated for a bomb of %d KiB", grown>>20, len(packed)>>10)
	}
}

// TestCanary has the account repeat the token wherever it can.
func TestCanary(t *testing.T) {
	replies := []string{
		"HTTP/1.1 401 " + canary + "\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + `{"code":"` + canary + `","message":"` + canary + `","id":"` + canary + `"}`,
		"HTTP/1.1 302 x\r\nLocation: https://" + canary + "/" + canary + "\r\nConnection: close\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: text/" + canary + "\r\nConnection: close\r\n\r\n" + canary,
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + canary,
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + `{"` + canary + `":1,"` + canary + `":2}`,
		"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" + `{"items":[{"_id":"1","key":"` + canary + `"}],"_id":"1","key":"` + canary + `"}`,
		"HTTP/1.1 " + canary + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\n" + canary + "\r\n\r\n",
		canary + " HTTP\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: " + canary + "\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + canary + "\r\n\r\n",
	}
	count := 0
	for _, text := range replies {
		server := rawServer(t, text)
		c := client(t, nil, func(o *Options) { o.Host, o.Transport = server, nil })
		for method, call := range calls(c) {
			err := call(t)
			if err == nil && method != http.MethodDelete {
				t.Errorf("%s took %q", method, text)
			}
			sealed(t, err)
			count++
		}
		_, err := c.Roles(t.Context())
		sealed(t, err)
		c.Close()
	}
	if logged.lines == 0 {
		t.Error("nothing was logged: the canary cannot be found there")
	}
	t.Logf("%d errors, %d log lines", count, logged.lines)
}

// rawServer answers every connection with text and returns its host.
func rawServer(t *testing.T, text string) string {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = fmt.Fprint(conn, text)
		_ = conn.Close()
	}))
	server.Start()
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}
