package gencatalogue

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden file")

func TestConvert(t *testing.T) {
	in, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := Convert(in)
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/catalogue.golden.json"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

func TestConvertRefuses(t *testing.T) {
	_, err := Convert([]byte(`{"resourceTypes": 1}`))
	if err == nil || !strings.HasPrefix(err.Error(), "read the reference: ") {
		t.Errorf("error %v", err)
	}
}
