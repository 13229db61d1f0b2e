package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/diag"
)

// The corpus holds one file per case, a directory per letter. The first letters and numbers are
// those of the project's table of bad input, whose files begin with the key; here "kind: Role"
// comes first, so every line is one more. From 50 on the cases are our own.
//
// Where the format decides otherwise than the table did, the case says what the format says:
//   - B07: a file may hold several documents; what follows "..." is judged as a document.
//   - B14: anchors are allowed, so the finding is at the alias that makes too many nodes.
//   - B16: anchors and aliases are allowed inside one document.
//   - B11: the finding is at the first character behind the wrong indentation.
//   - C01 to C05: the finding is at the value, as for every other value of a wrong type.
//   - C17, E10, E11: an empty policy and repetition change nothing, so they only warn; the
//     finding is at the second of two.
//
// Cases E01 to E08 and E13 to E23 are about what a policy means and belong to package lint.

// The cases H are about teams and members; for them it is the 15th of June 2026.

var corpusDay = time.Date(2026, 6, 15, 23, 0, 0, 0, time.UTC)

// corpusCase is one file of the corpus: lines "want code line:column" (or "want ok", or
// "want ..." for any more), then the file, one Go string per line, "* n" behind it repeats it.
type corpusCase struct {
	want []string
	any  bool
	data []byte
}

func readCase(t *testing.T, name string) corpusCase {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	c := corpusCase{want: []string{}}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		want, isWant := strings.CutPrefix(line, "want ")
		switch {
		case strings.HasPrefix(line, "#"), want == "ok":
		case want == "...":
			c.any = true
		case isWant:
			c.want = append(c.want, want)
		default:
			c.data = append(c.data, unquote(t, name, line)...)
		}
	}
	return c
}

func unquote(t *testing.T, name, line string) string {
	t.Helper()
	quoted, err := strconv.QuotedPrefix(line)
	if err != nil {
		t.Fatalf("%s: %q: %v", name, line, err)
	}
	n := 1
	if times, ok := strings.CutPrefix(line[len(quoted):], " * "); ok {
		if n, err = strconv.Atoi(times); err != nil {
			t.Fatal(err)
		}
	}
	s, err := strconv.Unquote(quoted)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Repeat(s, n)
}

// short draws a finding as the corpus writes it.
func short(f diag.Finding) string {
	place := strconv.Itoa(f.Pos.Line)
	if f.Pos.Column > 0 {
		place += ":" + strconv.Itoa(f.Pos.Column)
	}
	return f.Code + " " + place
}

func TestCorpus(t *testing.T) {
	names, err := filepath.Glob("testdata/corpus/*/*.txt")
	if err != nil || len(names) < 140 {
		t.Fatalf("%d cases, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) { checkCase(t, readCase(t, name)) })
	}
	fmt.Printf("corpus: %d cases\n", len(names))
}

func checkCase(t *testing.T, c corpusCase) {
	root := tempWorkspace(t, map[string]string{
		"roles/qa.yaml": string(c.data),
		ConfigFile:      "version: 1\nmanage: {teams: {include: [\"*\"]}, members: {include: [\"*\"]}}\n",
	})
	_, findings, err := Load(root, Options{Today: corpusDay})
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, f := range findings {
		got = append(got, short(f))
		checkFinding(t, f, c.data)
	}
	if c.any {
		got = got[:min(len(got), len(c.want))]
	}
	if diff := cmp.Diff(c.want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
		for _, f := range findings[:min(len(findings), 5)] {
			t.Logf("%s: %s (%s)", f.Pos, f.Message, f.Hint)
		}
	}
}

// checkFinding checks what holds for every finding about a file of that content.
func checkFinding(t *testing.T, f diag.Finding, data []byte) {
	t.Helper()
	if lines := strings.Count(string(data), "\n") + 1; f.Pos.Line < 1 || f.Pos.Line > lines {
		t.Errorf("%s: line %d of %d", f.Code, f.Pos.Line, lines)
	}
	if f.Message == "" || strings.HasSuffix(f.Message, ".") || f.Pos.File == "" {
		t.Errorf("%s: message %q in file %q", f.Code, f.Message, f.Pos.File)
	}
	for _, s := range []string{f.Message, f.Hint, f.Source} {
		for _, r := range s {
			if r < ' ' && r != '\t' || denied(r) != "" {
				t.Errorf("%s: %q holds %U", f.Code, s, r)
			}
		}
	}
}

// load writes a workspace and loads it.
func load(t testing.TB, files map[string]string) (*Workspace, []diag.Finding) {
	t.Helper()
	w, findings, err := Load(tempWorkspace(t, files), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return w, findings
}

// tempWorkspace writes files below a new folder; rolewright.yaml is added if it is not among them.
func tempWorkspace(t testing.TB, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	if _, ok := files[ConfigFile]; !ok {
		write(t, root, ConfigFile, "version: 1\n")
	}
	for name, content := range files {
		write(t, root, name, content)
	}
	return root
}

func write(t testing.TB, root, name, content string) {
	t.Helper()
	full := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
