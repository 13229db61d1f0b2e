//go:build unix

package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/rolewright/rolewright/reconcile/emulator"
)

// BenchmarkEndToEnd runs the real binary over a workspace of 1,000 roles of five statements, against
// an account that answers each request after 50 ms, and prints a table. Beside the times, which
// depend on the machine, it counts what does not: requests, and the longest chain of requests of
// which each was sent after the one before was answered (round trips).
func BenchmarkEndToEnd(b *testing.B) {
	binary := buildStripped(b)
	account := startTimed(b, 50*time.Millisecond)
	dir := b.TempDir()
	writeWorkspace(b, dir, account.addr, 1000)
	steps := []struct{ name, args string }{
		{"version", "version"},
		{"validate", "validate"},
		{"plan, all new", "plan"},
		{"apply, 1,000 creates", "apply --auto-approve"},
		{"plan, no changes", "plan --detailed-exitcode"},
		{"apply, no changes", "apply --auto-approve"},
	}
	for b.Loop() {
		account.reset()
		var table strings.Builder
		w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(w, "step\twall ms\tcpu ms\tpeak MiB\trequests\tround trips\t")
		for _, step := range steps {
			account.forget()
			m := measure(b, dir, account.addr, binary, strings.Fields(step.args))
			fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t\n", step.name,
				m.wall.Milliseconds(), m.cpu.Milliseconds(), m.peak>>20, len(account.spans), account.chain())
		}
		w.Flush()
		b.Logf("\n%s", table.String())
	}
	info, err := os.Stat(binary)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/1e6, "MB-stripped")
}

// buildStripped builds the program as a release has it and returns its path.
func buildStripped(b testing.TB) string {
	b.Helper()
	binary := filepath.Join(b.TempDir(), "rolewright")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

type measured struct {
	wall, cpu time.Duration
	peak      int64 // bytes
}

func measure(b *testing.B, dir, addr, binary string, args []string) measured {
	b.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Dir = dir
	cmd.Env = []string{"LAUNCHDARKLY_API_HOST=" + addr, "LAUNCHDARKLY_ACCESS_TOKEN=a-token"}
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %v\n%s", args, err, tail(out))
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return measured{
		wall: time.Since(start),
		cpu:  cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		peak: usage.Maxrss << 10,
	}
}

func tail(out []byte) []byte { return out[max(0, len(out)-2000):] }

func writeWorkspace(b *testing.B, dir, addr string, n int) {
	b.Helper()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "roles"), 0o755); err != nil {
		b.Fatal(err)
	}
	write("rolewright.yaml", "version: 1\ntargets:\n  bench: {host: \""+addr+"\"}\n")
	for i := range n {
		var text strings.Builder
		fmt.Fprintf(&text, "kind: Role\nkey: role-%04[1]d\nname: Role %[1]d\ndescription: The role of team %[1]d.\nbasePermissions: no_access\npolicy:\n", i)
		for s := range 5 {
			fmt.Fprintf(&text, "  - effect: allow\n    actions: [updateOn, updateTargets, updateRules]\n    resources: [\"proj/p%d:env/e%d:flag/*;team-%d\"]\n", i, s, i)
		}
		write(fmt.Sprintf("roles/role-%04d.yaml", i), text.String())
	}
}

// timed is an emulator that notes when each request came and when it was answered.
type timed struct {
	addr    string
	latency time.Duration
	mu      sync.Mutex
	emu     *emulator.Emulator
	spans   []span
}

type span struct{ from, to time.Time }

func startTimed(b *testing.B, latency time.Duration) *timed {
	b.Helper()
	t := &timed{latency: latency}
	t.reset()
	ctx, cancel := context.WithCancel(context.Background())
	addr, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- emulator.Serve(ctx, "127.0.0.1:0", t, func(a string) { addr <- a }) }()
	b.Cleanup(func() {
		cancel()
		<-done
	})
	t.addr = <-addr
	return t
}

func (t *timed) reset() {
	emu, err := emulator.New(emulator.Options{Latency: t.latency})
	if err != nil {
		panic(err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.emu = emu
}

func (t *timed) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.spans = nil
}

// ServeHTTP hands the request to the emulator and notes its span.
func (t *timed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	emu := t.emu
	t.mu.Unlock()
	from := time.Now()
	emu.ServeHTTP(w, r)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.spans = append(t.spans, span{from, time.Now()})
}

// chain returns the length of the longest sequence of requests that do not overlap.
func (t *timed) chain() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.SortFunc(t.spans, func(a, b span) int { return cmp.Compare(a.to.UnixNano(), b.to.UnixNano()) })
	n, last := 0, time.Time{}
	for _, s := range t.spans {
		if s.from.After(last) {
			n, last = n+1, s.to
		}
	}
	return n
}
