package layout

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestFormatGolden(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*.in.yaml")
	if err != nil || len(inputs) < 25 {
		t.Fatalf("found %d golden pairs (%v), want at least 25", len(inputs), err)
	}
	for _, in := range inputs {
		golden := strings.TrimSuffix(in, ".in.yaml") + ".out.yaml"
		t.Run(strings.TrimSuffix(filepath.Base(in), ".in.yaml"), func(t *testing.T) {
			got := mustFormat(t, read(t, in))
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(read(t, golden)), string(got)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if again := mustFormat(t, got); !bytes.Equal(again, got) {
				t.Errorf("not a fixed point (-once +twice)\n%s", cmp.Diff(string(got), string(again)))
			}
		})
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func mustFormat(t *testing.T, src []byte) []byte {
	t.Helper()
	out, err := Format(src)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	return out
}
