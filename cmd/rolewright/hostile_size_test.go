//go:build linux

package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// most is how much memory a run may take at its peak, in KiB.
const most = 256 << 10

// child runs the program in a process of its own and returns what it left behind and its peak memory
// in KiB. That counts the moment before the program is loaded, too, in which it has the memory of the
// test.
func child(t *testing.T, env []string, args ...string) (told, int64) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Args[0] = "rolewright" // see TestMain
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "NO_COLOR=1"}, env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return told{cmd.ProcessState.ExitCode(), out.String(), errs.String()}, usage.Maxrss
}

// TestServerRepliesSize: answers of 1 GB, deep ones and packed ones take little memory.
func TestServerRepliesSize(t *testing.T) {
	if raceReads != "" {
		t.Skip("SKIPPED: the race detector takes several times the memory")
	}
	head := `{"items":[`
	tests := []struct {
		what, says string
		status     int
		body       func(io.Writer)
	}{
		{"H23 an error of 1 GB", "403 Forbidden", 403, func(w io.Writer) { repeat(w, "<html>\x1b[31m", 1<<30) }},
		{"H23 a list of 1 GB", "the answer is larger than 32 MiB", 200, func(w io.Writer) { repeat(w, head+strings.Repeat(" ", 1000), 1<<30) }},
		{"H13 16 million deep", "not LaunchDarkly JSON", 200, func(w io.Writer) { repeat(w, "[", 16<<20) }},
		{"H13 a wide list of 31 MB", "not LaunchDarkly", 200, func(w io.Writer) {
			_, _ = io.WriteString(w, head)
			repeat(w, `{"key":"a"},`, 31_000_000)
			_, _ = io.WriteString(w, `{}]}`)
		}},
		{"H02 numbers, 31 MB", "not LaunchDarkly", 200, func(w io.Writer) {
			_, _ = io.WriteString(w, head)
			repeat(w, `1,`, 31_000_000)
			_, _ = io.WriteString(w, `1]}`)
		}},
		{"H10 a key of 31 MB", "", 200, func(w io.Writer) {
			_, _ = io.WriteString(w, head+`{"_id":"0123456789abcdef01234567","name":"x","basePermissions":"no_access","policy":[],"key":"`)
			repeat(w, "k", 31_000_000)
			_, _ = io.WriteString(w, `"}],"totalCount":1}`)
		}},
	}
	for i, test := range tests {
		for _, how := range []string{"", " packed", " everywhere"} {
			packed := how == " packed"
			if testing.Short() && i%3 > 0 || how == " everywhere" && test.says == "" { // four keys of 31 MB are an account
				continue
			}
			t.Run(test.what+how, func(t *testing.T) {
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "application/json")
					if r.URL.Path != "/api/v2/roles" && how != " everywhere" {
						_, _ = io.WriteString(w, `{"items":[],"totalCount":0,"accountId":"0123456789abcdef01234567"}`)
						return
					}
					if packed {
						w.Header().Set("Content-Encoding", "gzip")
					}
					w.WriteHeader(test.status)
					if !packed {
						test.body(w)
						return
					}
					z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
					test.body(z)
					_ = z.Close()
				}))
				defer server.Close()
				got, peak := child(t, []string{
					"LAUNCHDARKLY_API_HOST=" + strings.TrimPrefix(server.URL, "http://"), "LAUNCHDARKLY_ACCESS_TOKEN=a-token", "GOMEMLIMIT=160MiB",
				}, "plan", townFiles(t))
				if test.says != "" && got.code != 1 || !strings.Contains(got.err, test.says) {
					t.Errorf("exit code %d, want %q\n%.500s\n%.500s", got.code, test.says, got.out, got.err)
				}
				t.Logf("peak %d MiB, exit code %d", peak>>10, got.code)
				if peak > most {
					t.Errorf("%d MiB at the peak", peak>>10)
				}
			})
		}
	}
}

// repeat writes text again and again, so many bytes or until nobody reads them.
func repeat(w io.Writer, text string, bytes int) {
	text = strings.Repeat(text, 1+(64<<10)/len(text))
	for n := 0; n < bytes; n += len(text) {
		if _, err := io.WriteString(w, text); err != nil {
			return
		}
	}
}
