package layout

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every file of the example is in canonical layout; -update puts it there.
func TestAcmeIsFormatted(t *testing.T) {
	const root = "../../../examples/acme"
	files := 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".yaml") {
			return err
		}
		files++
		src := read(t, name)
		out := mustFormat(t, src)
		if *update {
			return os.WriteFile(name, out, 0o644)
		}
		if diff := cmp.Diff(string(out), string(src)); diff != "" {
			t.Errorf("%s is not formatted (-canonical +file)\n%s", name, diff)
		}
		return nil
	})
	if err != nil || files < 10 {
		t.Errorf("saw %d files, %v; want at least 10", files, err)
	}
}
