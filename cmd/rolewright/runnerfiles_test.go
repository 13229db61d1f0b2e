package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runnerFiles are the files that a step writes for the runner, by the variable that names each.
// Every step gets its own.
type runnerFiles map[string]string

var runnerFileNames = []string{"GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STEP_SUMMARY", "GITHUB_STATE"}

func newRunnerFiles(t *testing.T) runnerFiles {
	t.Helper()
	dir, files := t.TempDir(), runnerFiles{}
	for _, name := range runnerFileNames {
		files[name] = filepath.Join(dir, strings.ToLower(name))
		if err := os.WriteFile(files[name], nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// text returns a file's content, "" where the step took it away.
func (f runnerFiles) text(name string) string {
	data, err := os.ReadFile(f[name])
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(string(data), "\ufeff")
}

// maxStepSummary is the size of a step's summary above which the runner drops all of it.
const maxStepSummary = 1 << 20

// summary returns the step's summary, or an error if it is too large to be kept.
func (f runnerFiles) summary() (string, error) {
	text := f.text("GITHUB_STEP_SUMMARY")
	if len(text) > maxStepSummary {
		return "", fmt.Errorf("$GITHUB_STEP_SUMMARY supports content up a size of %dk got %dk", maxStepSummary>>10, len(text)>>10)
	}
	return text, nil
}

// parsePairs reads NAME=VALUE lines and NAME<<DELIMITER … DELIMITER blocks as the runner reads
// GITHUB_OUTPUT and GITHUB_ENV.
func parsePairs(text string) (map[string]string, error) {
	pairs := map[string]string{}
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if line == "" {
			continue
		}
		equals, heredoc := strings.Index(line, "="), strings.Index(line, "<<")
		switch {
		case equals >= 0 && (heredoc < 0 || equals < heredoc):
			if equals == 0 {
				return nil, fmt.Errorf("invalid format %q: the name is empty", line)
			}
			pairs[line[:equals]] = line[equals+1:]
		case heredoc > 0 && len(line) > heredoc+2:
			value, rest, err := untilDelimiter(text, line[heredoc+2:])
			if err != nil {
				return nil, err
			}
			pairs[line[:heredoc]], text = value, rest
		default:
			return nil, fmt.Errorf("invalid format %q", line)
		}
	}
	return pairs, nil
}

// untilDelimiter returns the lines before the delimiter's, and what comes after it.
func untilDelimiter(text, delimiter string) (value, rest string, err error) {
	for at := 0; at < len(text); {
		line, _, more := strings.Cut(text[at:], "\n")
		if line == delimiter {
			return strings.TrimSuffix(text[:at], "\n"), text[min(len(text), at+len(line)+1):], nil
		}
		if !more {
			break
		}
		at += len(line) + 1
	}
	return "", "", fmt.Errorf("matching delimiter not found %q", delimiter)
}

// lines returns the lines of GITHUB_PATH.
func (f runnerFiles) path() []string {
	return strings.FieldsFunc(f.text("GITHUB_PATH"), func(r rune) bool { return r == '\n' || r == '\r' })
}
