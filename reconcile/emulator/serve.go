package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Limits of the server, so that a client that hangs holds nothing for ever.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 30 * time.Second
	idleTimeout   = 2 * time.Minute
	grace         = 5 * time.Second
	maxHeader     = 64 << 10
)

// Serve serves h on a loopback address ("127.0.0.1:0") until the context ends, and then lets
// requests in flight finish for up to five seconds. Once it listens it calls ready, if not nil,
// with the address. It refuses addresses that others could reach, requests for another host than
// itself (a name that was pointed here) and requests from web pages (with an Origin): 403.
func Serve(ctx context.Context, listen string, h http.Handler, ready func(addr string)) error {
	l, err := listenLoopback(ctx, listen)
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           guard(h, l.Addr().(*net.TCPAddr).Port),
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: log.New(io.Discard, "", 0),
	}
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { stopped <- shutdown(server) })
	if ready != nil {
		ready(l.Addr().String())
	}
	err = server.Serve(l)
	if stop() { // it failed by itself
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
	return <-stopped
}

func shutdown(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("stop serving: %w", err), server.Close())
	}
	return nil
}

// listenLoopback listens on the address if it is this machine's own.
func listenLoopback(ctx context.Context, listen string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: want host:port, for example 127.0.0.1:0: %w", listen, err)
	}
	if !isLoopback(host) {
		return nil, fmt.Errorf("listen on %q: the emulator serves this machine only (use 127.0.0.1, [::1] or localhost)", listen)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("listen on %q: %w", listen, err)
	}
	if !isLoopback(l.Addr().(*net.TCPAddr).IP.String()) { // the name leads elsewhere
		return nil, errors.Join(fmt.Errorf("listen on %q: %s is not a loopback address", listen, l.Addr()), l.Close())
	}
	return l, nil
}

// isLoopback reports whether the host of an address is this machine: "localhost" or an address
// that never leaves it.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// guardID stands in the error bodies of requests that never reached the emulator.
const guardID = "not-served"

// guard lets through only what a program on this machine asks of this very server.
func guard(h http.Handler, port int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !isSelf(r.Host, port):
			refusal(refuse(403, "This emulator answers for localhost only, not for %q", r.Host), guardID).write(w, time.Now)
		case len(r.Header.Values("Origin")) > 0:
			refusal(refuse(403, "This emulator does not answer web pages"), guardID).write(w, time.Now)
		default:
			h.ServeHTTP(w, r)
		}
	})
}

// isSelf reports whether a Host header names the server on that port of this machine.
func isSelf(header string, port int) bool {
	host, text, err := net.SplitHostPort(header)
	if err != nil { // without a port it is HTTP's own
		host, text = strings.Trim(header, "[]"), "80"
	}
	return isLoopback(host) && text == strconv.Itoa(port)
}
