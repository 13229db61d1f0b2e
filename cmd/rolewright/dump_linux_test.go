package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestNoCoreDump crashes the program while it waits for an answer, with the token in its memory, where
// core dumps are wanted: none is written, and what it prints of its goroutines has no token in it.
func TestNoCoreDump(t *testing.T) {
	if control := crashed(t, exec.Command("sleep", "60"), func(p *os.Process) { _ = p.Signal(syscall.SIGABRT) }); !control.CoreDump() {
		t.Skip("SKIPPED: no process leaves a core dump on this machine, so that ours leaves none says nothing")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"rolewright.yaml": killConfig, "roles.yaml": killStill} {
		if err := writeFile(dir, name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	asked := make(chan struct{}, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	program, err := exec.LookPath("rolewright")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "plan", "--target", "production", dir)
	cmd.Env = []string{
		"GOTRACEBACK=crash", "HOME=" + dir, "LAUNCHDARKLY_ACCESS_TOKEN=" + killToken,
		"LAUNCHDARKLY_API_HOST=" + strings.TrimPrefix(server.URL, "http://"),
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	status := crashed(t, cmd, func(p *os.Process) {
		<-asked
		_ = p.Signal(syscall.SIGABRT)
	})
	if cores, _ := filepath.Glob(filepath.Join(cmd.Dir, "core*")); status.CoreDump() || len(cores) > 0 {
		t.Errorf("a core dump was left: %v %v", status.CoreDump(), cores)
	}
	if !strings.Contains(out.String(), "goroutine ") || strings.Contains(out.String(), killCanary) {
		t.Errorf("no goroutines, or a token:\n%s", &out)
	}
}

// crashed runs a program where core dumps are wanted, has it crash, and returns how it ended.
func crashed(t *testing.T, cmd *exec.Cmd, crash func(*os.Process)) syscall.WaitStatus {
	t.Helper()
	cmd.Dir = t.TempDir()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &before); err != nil {
		t.Fatal(err)
	}
	// The limit is inherited, and this is the only test at this time.
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{Cur: before.Max, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Setrlimit(syscall.RLIMIT_CORE, &before) }()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	crash(cmd.Process)
	_ = cmd.Wait() // the state of the process says it
	status, is := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !is || !status.Signaled() {
		t.Fatalf("it ended with %v", cmd.ProcessState)
	}
	return status
}
