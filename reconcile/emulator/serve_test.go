package emulator

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// served serves the emulator for the length of a test and returns its address.
func served(t *testing.T, h http.Handler) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	addr, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- Serve(ctx, "127.0.0.1:0", h, func(a string) { addr <- a }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	select {
	case a := <-addr:
		return a
	case err := <-done:
		done <- nil
		t.Fatal(err)
		return ""
	}
}

func TestServeGuards(t *testing.T) {
	e := start(t, Options{})
	addr := served(t, e)
	_, port, _ := net.SplitHostPort(addr)
	tests := []struct {
		host, origin string
		status       int
	}{
		{addr, "", 200},
		{"localhost:" + port, "", 200},
		{"[::1]:" + port, "", 200},
		{"127.1.2.3:" + port, "", 200},
		{"127.0.0.1", "", 403},
		{"[::1]", "", 403},
		{"localhost:1", "", 403},
		{"emulator.example.com:" + port, "", 403},
		{"localhost.example.com:" + port, "", 403},
		{"10.0.0.1:" + port, "", 403},
		{"app.launchdarkly.com", "", 403},
		{addr, "http://" + addr, 403},
		{addr, "https://example.com", 403},
		{addr, "null", 403},
	}
	for _, test := range tests {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+addr+rolesPath, nil)
		r.Host = test.host
		r.Header.Set("Authorization", "token")
		if test.origin != "" {
			r.Header.Set("Origin", test.origin)
		}
		reply, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		reply.Body.Close()
		if reply.StatusCode != test.status || reply.Header.Get(Header) != "1" || reply.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("Host %q Origin %q: %d %v", test.host, test.origin, reply.StatusCode, reply.Header)
		}
	}
	if n := len(e.Requests()); n != 4 {
		t.Errorf("%d requests reached the emulator, want 4", n)
	}
}

func TestIsSelfOnPort80(t *testing.T) {
	for host, want := range map[string]bool{"localhost": true, "127.0.0.1": true, "[::1]": true, "::1": true, "example.com": false, "localhost:8080": false, "": false} {
		if got := isSelf(host, 80); got != want {
			t.Errorf("%q: %v", host, got)
		}
	}
}

func TestServeRefusesOtherAddresses(t *testing.T) {
	for _, listen := range []string{"", "127.0.0.1", ":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.com:0", "127.0.0.1:x"} {
		err := Serve(t.Context(), listen, http.NotFoundHandler(), func(addr string) { t.Errorf("%q listens on %s", listen, addr) })
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("listen on %q", listen)) {
			t.Errorf("%q: %v", listen, err)
		}
	}
}

func TestServeAddressTaken(t *testing.T) {
	addr := served(t, http.NotFoundHandler())
	if err := Serve(t.Context(), addr, http.NotFoundHandler(), nil); err == nil {
		t.Error("served twice on one address")
	}
}

// TestServeFinishesWhatIsInFlight: ending the context lets a request that has begun be answered.
func TestServeFinishesWhatIsInFlight(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	entered, release := make(chan bool), make(chan bool)
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		entered <- true
		<-release
		fmt.Fprint(w, "finished")
	})
	addr, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- Serve(ctx, "localhost:0", h, func(a string) { addr <- a }) }()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", <-addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", conn.RemoteAddr())
	<-entered
	cancel()
	time.Sleep(10 * time.Millisecond) // let the shutdown begin; the order matters to nothing else
	close(release)
	reply, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || reply.StatusCode != 200 {
		t.Errorf("%v %v", reply, err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestServeTheWholeThing(t *testing.T) {
	e := start(t, Options{})
	e.base, e.rt = "http://"+served(t, e), http.DefaultTransport
	e.want(201, "POST", rolesPath, opsRole)
	e.want(200, "GET", rolesPath+"/ops", "")
}
