package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestReadme runs every command of README's console blocks, in order, in one folder that holds
// examples/ and nothing else, and compares what they print. With -update it writes what they print
// into README. A "#" line in such a block is a comment, and a file is edited by a "sed -i" command.
// A command that a reader need not see stands in a comment of its own, "<!-- run: … -->", and "fresh"
// there brings examples/ back to what it was.
func TestReadme(t *testing.T) {
	readme, err := filepath.Abs("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	examples, err := filepath.Abs("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	r := replayer{t: t, examples: examples}
	t.Chdir(t.TempDir())
	r.fresh()
	got, commands := r.replay(string(old))
	if commands < 4 {
		t.Fatalf("only %d commands found in README", commands)
	}
	t.Logf("%d commands replayed", commands)
	if got == string(old) {
		return
	}
	if !*update {
		t.Fatalf("README does not show what the program prints; run with -update and look at the difference\n%s", got)
	}
	if err := os.WriteFile(readme, []byte(got), 0o644); err != nil {
		t.Fatal(err)
	}
}

// replayer runs README's commands in the current folder.
type replayer struct {
	t        *testing.T
	examples string // the folder that "fresh" copies
}

func (r replayer) fresh() {
	r.t.Helper()
	if err := os.RemoveAll("examples"); err != nil {
		r.t.Fatal(err)
	}
	if err := os.CopyFS("examples", withoutData{os.DirFS(r.examples)}); err != nil {
		r.t.Fatal(err)
	}
}

// replay returns the document with the output in its console blocks renewed, and how many commands
// it ran.
func (r replayer) replay(doc string) (string, int) {
	var out strings.Builder
	commands, inside := 0, false
	for line := range strings.Lines(doc) {
		hidden, isHidden := strings.CutPrefix(strings.TrimSuffix(line, " -->\n"), "<!-- run: ")
		switch {
		case isHidden:
			r.command(hidden)
		case strings.HasPrefix(line, "```console"):
			inside = true
		case strings.HasPrefix(line, "```"):
			inside = false
		case inside && strings.HasPrefix(line, "$ "):
			commands++
			out.WriteString(line)
			out.WriteString(r.command(strings.TrimSpace(line[2:])))
			continue
		case inside && !strings.HasPrefix(line, "#"):
			continue // output of the last time
		}
		out.WriteString(line)
	}
	return out.String(), commands
}

// command runs one command of README and returns what it prints on stdout: the program, an edit of a
// file, or "fresh".
func (r replayer) command(line string) string {
	r.t.Helper()
	if line == "fresh" {
		r.fresh()
		return ""
	}
	if rest, ok := strings.CutPrefix(line, "sed -i "); ok {
		r.edit(rest)
		return ""
	}
	for _, prefix := range []string{"go run ./cmd/rolewright ", "rolewright "} {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			var out bytes.Buffer
			run(r.t.Context(), stdio{
				in: strings.NewReader(""), out: &out, err: new(bytes.Buffer),
				getenv: func(string) string { return "" }, now: time.Now,
			}, strings.Fields(rest))
			return out.String()
		}
	}
	r.t.Fatalf("README: %q is not a command that this test can run", line)
	return ""
}

// edit does "'s/PATTERN/NEW/' FILE" as sed does: the first match of every line.
func (r replayer) edit(args string) {
	r.t.Helper()
	script, file, _ := strings.Cut(strings.TrimPrefix(args, "'"), "' ")
	parts := strings.Split(script, "/")
	if len(parts) != 4 || parts[0] != "s" {
		r.t.Fatalf("README: cannot do sed -i %s", args)
	}
	pattern, err := regexp.Compile(parts[1])
	if err != nil {
		r.t.Fatal(err)
	}
	src, err := os.ReadFile(file)
	if err != nil {
		r.t.Fatal(err)
	}
	var edited strings.Builder
	for line := range strings.Lines(string(src)) {
		if at := pattern.FindStringIndex(line); at != nil {
			line = line[:at[0]] + parts[2] + line[at[1]:]
		}
		edited.WriteString(line)
	}
	if edited.String() == string(src) {
		r.t.Fatalf("README: sed -i %s changes nothing", args)
	}
	if err := os.WriteFile(file, []byte(edited.String()), 0o644); err != nil {
		r.t.Fatal(err)
	}
}
