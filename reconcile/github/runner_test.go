package github

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var errDisk = errors.New("disk full")

type failing struct{ after int }

func (f *failing) Write(p []byte) (int, error) {
	if f.after--; f.after < 0 {
		return 0, errDisk
	}
	return len(p), nil
}

// runnerReads is how the runner reads GITHUB_OUTPUT: "name=value" lines and "name<<delimiter" blocks.
func runnerReads(t interface{ Fatalf(string, ...any) }, file string) []Output {
	var outputs []Output
	lines := strings.Split(file, "\n")
	for i := 0; i < len(lines); i++ {
		if lines[i] == "" {
			continue
		}
		name, delimiter, block := strings.Cut(lines[i], "<<")
		if !block || strings.Contains(name, "=") {
			name, value, _ := strings.Cut(lines[i], "=")
			outputs = append(outputs, Output{name, value})
			continue
		}
		from := i + 1
		for i++; i < len(lines) && lines[i] != delimiter; i++ {
		}
		if i == len(lines) {
			t.Fatalf("no end of %s", delimiter)
		}
		outputs = append(outputs, Output{name, strings.Join(lines[from:i], "\n")})
	}
	return outputs
}

func TestOutputs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			"", "\n", "a=b", "x<<EOF\nevil=1\nEOF", "rolewright_\nadmin=true", "a\r\nb", "\n\n\nEOF\n",
		}))
		want := []Output{{"changes", value.Draw(t, "a")}, {"plan-hash", value.Draw(t, "b")}}
		var b bytes.Buffer
		if err := WriteOutputs(&b, rand.Reader, want); err != nil {
			t.Fatalf("%v", err)
		}
		if diff := cmp.Diff(want, runnerReads(t, b.String())); diff != "" {
			t.Fatalf("%q\n%s", b.String(), diff)
		}
	})
}

func TestOutputDelimiters(t *testing.T) {
	var b bytes.Buffer
	if err := WriteOutputs(&b, rand.Reader, []Output{{"a", "1"}, {"b", "2"}}); err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`<<(rolewright_[0-9a-f]{32})\n`).FindAllStringSubmatch(b.String(), -1)
	if len(found) != 2 || found[0][1] == found[1][1] {
		t.Errorf("delimiters %v", found)
	}
}

func TestOutputsRefused(t *testing.T) {
	zeros := "rolewright_" + strings.Repeat("0", 32)
	for name, test := range map[string]struct {
		rand    io.Reader
		outputs []Output
	}{
		"forged end":      {bytes.NewReader(make([]byte, 64)), []Output{{"a", "1"}, {"b", "x\n" + zeros + "\nevil=1"}}},
		"within a line":   {bytes.NewReader(make([]byte, 64)), []Output{{"a", "x" + zeros + "y"}}},
		"no randomness":   {bytes.NewReader(make([]byte, 15)), []Output{{"a", "1"}}},
		"name with space": {rand.Reader, []Output{{"a b", "1"}}},
		"name with line":  {rand.Reader, []Output{{"a\nb", "1"}}},
		"name with <<":    {rand.Reader, []Output{{"a<<b", "1"}}},
		"name with =":     {rand.Reader, []Output{{"a=b", "1"}}},
		"no name":         {rand.Reader, []Output{{"", "1"}}},
		"twice":           {rand.Reader, []Output{{"a", "1"}, {"A", "2"}}},
	} {
		var b bytes.Buffer
		if err := WriteOutputs(&b, test.rand, test.outputs); err == nil || b.Len() != 0 {
			t.Errorf("%s: wrote %q, %v", name, b.String(), err)
		}
	}
	if err := WriteOutputs(&failing{}, rand.Reader, []Output{{"a", "1"}}); !errors.Is(err, errDisk) {
		t.Errorf("error %v", err)
	}
}

func TestMask(t *testing.T) {
	for secret, want := range map[string]string{
		"":              "",
		"\n\n":          "",
		"  \r\n\t":      "",
		"api-1":         "::add-mask::api-1\n",
		"50%25\r\nb\nc": "::add-mask::50%2525\n::add-mask::b\n::add-mask::c\n",
		"a\rb":          "::add-mask::a\n::add-mask::b\n",
	} {
		var b strings.Builder
		if err := Mask(&b, secret); err != nil || b.String() != want {
			t.Errorf("%q: %q, %v", secret, b.String(), err)
		}
	}
	if err := Mask(&failing{}, ""); err != nil {
		t.Error("something was written for nothing")
	}
	if err := Mask(&failing{}, "x"); !errors.Is(err, errDisk) {
		t.Errorf("error %v", err)
	}
}

func TestStopCommands(t *testing.T) {
	var b strings.Builder
	resume, err := StopCommands(&b, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b.WriteString("::error::not ours\n")
	if err := resume(); err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`^::stop-commands::(rolewright_[0-9a-f]{32})\n::error::not ours\n::(rolewright_[0-9a-f]{32})::\n$`).FindStringSubmatch(b.String())
	if found == nil || found[1] != found[2] {
		t.Errorf("wrote %q", b.String())
	}
	if _, err := StopCommands(&b, bytes.NewReader(nil)); err == nil {
		t.Error("stopped without randomness")
	}
	if _, err := StopCommands(&failing{}, rand.Reader); !errors.Is(err, errDisk) {
		t.Errorf("error %v", err)
	}
	resume, err = StopCommands(&failing{after: 1}, rand.Reader)
	if err != nil || !errors.Is(resume(), errDisk) {
		t.Errorf("error %v", err)
	}
}

func TestSummary(t *testing.T) {
	fill := func(budget int) string { return strings.Repeat("x", budget) }
	for _, test := range []struct {
		existing int64
		render   func(int) string
		wrote    int // bytes, -1 for none
	}{
		{0, func(int) string { return "text" }, 5},
		{9, func(int) string { return "text\n" }, 6},
		{0, fill, 1_000_001},
		{400_000, fill, 600_002},
		{1_000_000, fill, 2},
		{SummaryLimit - 2, fill, 2},
		{SummaryLimit - 1, fill, -1},
		{SummaryLimit + 5, fill, -1},
		{0, func(int) string { return strings.Repeat("é", SummaryLimit/2) }, -1}, // with the line end, in bytes
		{0, func(int) string { return strings.Repeat("é", SummaryLimit/2-1) }, SummaryLimit - 1},
	} {
		var b strings.Builder
		err := WriteSummary(&b, test.existing, test.render)
		if test.wrote < 0 && (!errors.Is(err, ErrSummaryFull) || b.Len() != 0) || test.wrote >= 0 && (err != nil || b.Len() != test.wrote) {
			t.Errorf("beside %d: wrote %d bytes, %v; want %d", test.existing, b.Len(), err, test.wrote)
		}
	}
	if err := WriteSummary(&failing{}, 0, fill); !errors.Is(err, errDisk) {
		t.Errorf("error %v", err)
	}
}
