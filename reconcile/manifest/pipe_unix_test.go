//go:build unix

package manifest

import (
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPipe: a pipe under the name of a role file is refused, and nothing waits for a writer.
func TestPipe(t *testing.T) {
	root := tempWorkspace(t, nil)
	if err := syscall.Mkfifo(filepath.Join(root, "x.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, findings, err := Load(root, Options{})
	if diff := cmp.Diff([]string{"x.yaml file/type"}, rules(findings)); diff != "" || err != nil {
		t.Errorf("%v -want +got:\n%s", err, diff)
	}
	f := readFile(mustOpen(t, root), "x.yaml", Options{limits: defaultLimits})
	if len(f.findings) != 1 || f.findings[0].Code != "file/type" {
		t.Errorf("read all the same: %v", f.findings)
	}
}
