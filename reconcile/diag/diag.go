// Package diag holds findings: what is wrong, or worth knowing, at a place in a file.
//
// Invariant: a finding is data. It is made where the mistake is seen, sorted here, and drawn by
// package report; nothing in between prints or stops. `error` is for "could not finish", a
// finding for "finished, and this is what I saw".
//
// The package must not read files or format for a terminal. It imports nothing of ours.
package diag

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity orders findings by weight: an Error refuses the files, the others do not.
type Severity int

// The severities, heaviest first.
const (
	Error Severity = iota
	Warning
	Info
)

// String returns "error", "warning" or "info".
func (s Severity) String() string { return [...]string{"error", "warning", "info"}[s] }

// MarshalText writes the severity's name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText writes, and nothing else.
func (s *Severity) UnmarshalText(text []byte) error {
	for _, known := range []Severity{Error, Warning, Info} {
		if known.String() == string(text) {
			*s = known
			return nil
		}
	}
	return fmt.Errorf("%q is no severity", text)
}

// Position is a place in a file. Line and Column count from 1, columns in runes; a line ends at
// LF only, as for git. Zero means that the finding is about more than one line or column.
type Position struct {
	File   string `json:"file,omitempty"` // slash-separated, relative to the workspace
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// String returns "file:line:column" without the parts that are zero.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Finding is one diagnostic. Message follows the house's grammar: lower case, no full stop, what
// was found and where the other side is; values in it are quoted with %q and so printable.
type Finding struct {
	Severity Severity `json:"severity"`
	// Code is stable and names the check: "yaml/duplicate-key", "LD003".
	Code    string `json:"code"`
	Message string `json:"message"`
	// Hint says what to do about it; may be empty.
	Hint string   `json:"hint,omitempty"`
	Pos  Position `json:"position"`
	// Length is how many runes are meant, from Pos.Column on; 0 means one.
	Length int `json:"length,omitempty"`
	// Source is the text of the line, for drawing; may be empty.
	Source  string    `json:"source,omitempty"`
	Related []Related `json:"related,omitempty"`
	// Fix is an edit that puts it right; nil if none is known.
	Fix *Fix `json:"fix,omitempty"`
}

// Related is another place that a finding speaks of, as the first of two duplicates.
type Related struct {
	Pos     Position `json:"position"`
	Message string   `json:"message"`
}

// Sort orders findings by file, line, column, severity, code and message.
func Sort(findings []Finding) {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Pos.File, b.Pos.File),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column),
			cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.Code, b.Code),
			cmp.Compare(a.Message, b.Message),
		)
	})
}

// Count returns how many findings have severity s.
func Count(findings []Finding, s Severity) int {
	n := 0
	for _, f := range findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// HasErrors reports whether some finding refuses the files.
func HasErrors(findings []Finding) bool { return Count(findings, Error) > 0 }
