//go:build linux

package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCanaryInProcess runs the real program where only a process can leak: what net/http logs by
// itself, and the environment of the programs that it starts.
func TestCanaryInProcess(t *testing.T) {
	b := newBirds(t, canaryToken, canaryGitHub)
	tokens := []string{"LAUNCHDARKLY_ACCESS_TOKEN=" + canaryToken, "GITHUB_TOKEN=" + canaryGitHub, "ROLEWRIGHT_INPUTS={\"access-token\":\"" + canaryToken + "\"}"}
	t.Run("what a server sends out of turn", func(t *testing.T) {
		addr, served := outOfTurn(t)
		got, _ := child(t, append(tokens, "LAUNCHDARKLY_API_HOST="+addr), "plan", "--verbose", "--timeout", "2s", townFiles(t))
		b.searchRun(t.Name(), got)
		if got.code != 1 || served() < 2 {
			t.Errorf("%d connections, %+v", served(), got)
		}
	})
	for _, debug := range []string{"http2debug=1", "http2debug=2", "http2debug=2,netdns=9,tlsdebug=1"} {
		t.Run(debug, func(t *testing.T) {
			proxy, root, seen := secureAccount(t)
			got, _ := child(t, append(tokens, "GODEBUG="+debug, "HTTPS_PROXY="+proxy, "SSL_CERT_FILE="+root, "SSL_CERT_DIR="+t.TempDir()), "plan", "--verbose", townFiles(t))
			b.searchRun(t.Name(), got)
			if got.code != 1 || !strings.Contains(got.err, "401 Unauthorized") || seen() != "HTTP/2.0 "+canaryToken {
				t.Errorf("it saw %q: %+v", seen(), got)
			}
		})
	}
	t.Run("git", func(t *testing.T) {
		bin, dir := t.TempDir(), townFiles(t)
		script := "#!/bin/sh\nprintf '%s ' \"$@\" >> " + bin + "/args; env >> " + bin + "/env; cat /proc/self/environ >> " + bin + "/env\nexit 128\n"
		if err := os.WriteFile(filepath.Join(bin, "git"), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
		got, _ := child(t, append(tokens, "PATH="+bin+":"+os.Getenv("PATH"), "LAUNCHDARKLY_API_HOST=127.0.0.1:1"), "plan", "--base", "HEAD", dir)
		env, err := os.ReadFile(filepath.Join(bin, "env"))
		if err != nil || !strings.Contains(string(env), "GIT_TERMINAL_PROMPT=0") {
			t.Errorf("git was not started: %v, %+v", err, got)
		}
		b.searchRun(t.Name(), got, bin)
	})
	t.Log(b.tally())
}

// outOfTurn answers every request with no content, and then sends more, the token in it.
func outOfTurn(t *testing.T) (addr string, served func() int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	count := make(chan int, 1)
	count <- 0
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			count <- <-count + 1
			head := make([]byte, 4096)
			_, _ = conn.Read(head)
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 204 No Content\r\nContent-Type: application/json\r\n\r\n%s", head)
			time.Sleep(20 * time.Millisecond)
			_ = conn.Close()
		}
	}()
	return l.Addr().String(), func() int {
		n := <-count
		count <- n
		return n
	}
}

// secureAccount is app.launchdarkly.com as a proxy sees it: what leads to it, the file of the
// certificate that vouches for it, and the protocol and token of the last request. It refuses
// everybody and repeats the token.
func secureAccount(t *testing.T) (proxy, root string, seen func() string) {
	t.Helper()
	last := make(chan string, 1)
	last <- ""
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-last
		last <- r.Proto + " " + r.Header.Get("Authorization")
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Echo", r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprintf(w, `{"message":%q}`, r.Header.Get("Authorization"))
	}))
	certificate, root := certificateFor(t, "app.launchdarkly.com")
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	tunnel := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Host != "app.launchdarkly.com:443" || strings.Contains(fmt.Sprint(r.Header), canaryToken) {
			t.Errorf("the proxy was asked for %s %s with %v", r.Method, r.Host, r.Header)
		}
		far, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			t.Error(err)
			return
		}
		near, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(near, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(far, near); _ = far.Close() }()
		go func() { _, _ = io.Copy(near, far); _ = near.Close() }()
	}))
	t.Cleanup(tunnel.Close)
	return tunnel.URL, root, func() string {
		s := <-last
		last <- s
		return s
	}
}

// certificateFor makes a certificate for a host, and the file of its own root.
func certificateFor(t *testing.T, host string) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}
