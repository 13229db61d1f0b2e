// Package report draws findings, plans and results: as text, JSON and Markdown, findings also as
// annotations and SARIF. The Markdown is that of a pull request's comment, see comment.go.
//
// Invariant: everything that comes from data (a key, a name, a path, an answer of a server) goes
// through the one escaping function of its sink, all of which stand in escape.go. Whatever a role
// holds, a terminal gets no control sequence but our own colours, a Markdown page gets no link,
// image, mention or HTML but our own, and GitHub's runner gets no command but our own.
//
// The package must not compute what belongs to a plan, read files, know the terminal or keep
// state: each function is a pure function of its arguments and writes once, to the writer it gets.
package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
)

// Options say how text is drawn. The zero value is plain text, 100 columns wide, long lists folded.
type Options struct {
	// Color marks up text with terminal colours. Every colour repeats what a symbol or a word says.
	Color bool
	// Width is the number of columns that lists are wrapped to; 0 means 100, and less than 40 is
	// taken as 40. A single word that is longer is never broken, so that it can be copied.
	Width int
	// Verbose shows in full what is folded or only counted otherwise.
	Verbose bool
}

const (
	defaultWidth = 100
	leastWidth   = 40
	// folded is how many entries of a list that needs no action are shown without Verbose.
	folded = 10
)

func (o Options) width() int {
	if o.Width == 0 {
		return defaultWidth
	}
	return max(o.Width, leastWidth)
}

// fold returns how many of n entries to show.
func (o Options) fold(n int) int {
	if o.Verbose {
		return n
	}
	return min(n, folded)
}

// Format is how something is drawn.
type Format string

// The formats that this package draws. The last two are for findings.
const (
	Text     Format = "text"
	JSON     Format = "json"
	Markdown Format = "markdown"
	GitHub   Format = "github" // annotations, as commands to the runner of GitHub Actions
	SARIF    Format = "sarif"
)

// Formats lists the formats of plans and results.
func Formats() []Format { return []Format{Text, JSON, Markdown} }

// ParseFormat returns the format that is named s. The error lists those that are allowed: the ones
// given, or all of [Formats].
func ParseFormat(s string, allowed ...Format) (Format, error) {
	if len(allowed) == 0 {
		allowed = Formats()
	}
	if slices.Contains(allowed, Format(s)) {
		return Format(s), nil
	}
	return "", fmt.Errorf("format %q is not known here (want %s)%s", s, alternatives(allowed), meant(s, allowed))
}

func alternatives(formats []Format) string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = fmt.Sprintf("%q", f)
	}
	if len(names) == 1 {
		return names[0]
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

func meant(s string, formats []Format) string {
	names := make([]string, len(formats))
	for i, f := range formats {
		names[i] = string(f)
	}
	if best := diag.Nearest(s, names); best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return ""
}

// unknownFormat says that f is none of the allowed formats; with none named, of any.
func unknownFormat(f Format, allowed ...Format) error {
	_, err := ParseFormat(string(f), allowed...)
	return err
}

// page collects a drawing, so that a writer gets all of it in one piece.
type page struct {
	strings.Builder
	o     Options
	paint palette
}

func newPage(o Options) *page { return &page{o: o, paint: newPalette(o.Color)} }

// line writes its parts and ends the line.
func (p *page) line(parts ...string) {
	for _, part := range parts {
		p.WriteString(part)
	}
	p.WriteByte('\n')
}

func (p *page) writeTo(w io.Writer) error {
	_, err := io.WriteString(w, inert(p.String()))
	return err
}

// tally is a number of something: "3", "unchanged".
type tally struct {
	n    int
	what string
}

// tallied joins the tallies that are not zero: "1 added, 3 unchanged".
func tallied(all ...tally) string {
	var parts []string
	for _, t := range all {
		if t.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", t.n, t.what))
		}
	}
	return strings.Join(parts, ", ")
}

// plural returns noun as n of it are called.
func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// count returns "1 role" or "3 roles".
func count(n int, noun string) string { return fmt.Sprintf("%d %s", n, plural(n, noun)) }
