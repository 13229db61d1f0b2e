// Package journal keeps what an apply did, step by step, in a file that outlives the process: one JSON
// line per event, each with a checksum over itself and the line before.
//
// Invariant: a journal makes messages better and is needed for nothing. A run that was cut off is
// finished by planning again, with the journal or without. What cannot be written down is not sent,
// and what a reader cannot trust it does not guess at: only the last line may be torn.
//
// The package must not open files, print or read the clock: those are passed in. No token ever comes
// near it.
package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/diag"
)

// Line is one event as it stands in the file. The checksum follows it, as the field "sum".
type Line struct {
	Seq  int    `json:"seq"`  // counts the lines of the file from 1
	Time string `json:"time"` // RFC 3339, UTC
	apply.Event
}

// Journal is a journal that was read.
type Journal struct {
	Lines []Line
	// Good is how many bytes of the file are whole lines; Torn is set if something follows them, as a
	// process leaves it that was killed while it wrote.
	Good int
	Torn bool

	sum string // of the last line
}

// DamagedError says that a file is no journal, or not any more.
type DamagedError struct {
	Line   int
	Reason string
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("not a journal of rolewright, or damaged: line %d %s", e.Line, e.Reason)
}

const (
	opening = `{"seq":1,"time":"` // of every journal
	sumName = `,"sum":"`
	sumHex  = 32 // digits of a checksum
	// tail is how many bytes the checksum takes at the end of a line.
	tail = len(sumName) + sumHex + len(`"}`)
)

// Read reads a journal, which may be empty. The last line may be torn; anything else that is not as
// it was written is a *DamagedError.
func Read(data []byte) (*Journal, error) {
	j := &Journal{}
	for rest := data; len(rest) > 0; rest = data[j.Good:] {
		text, _, whole := bytes.Cut(rest, []byte("\n"))
		reason := "has no end"
		if whole {
			reason = j.take(text)
		}
		if reason == "" {
			continue
		}
		last := !whole || len(text)+1 == len(rest)
		if !last || len(j.Lines) == 0 && !begins(rest) {
			return nil, &DamagedError{len(j.Lines) + 1, reason}
		}
		j.Torn = true
		break
	}
	return j, nil
}

// begins reports whether data could be the first line of a journal, cut off anywhere. A file of
// somebody else's is not to be taken for one.
func begins(data []byte) bool {
	return strings.HasPrefix(opening, string(data)) || bytes.HasPrefix(data, []byte(opening))
}

// take adds a line, or says what is wrong with it.
func (j *Journal) take(text []byte) string {
	if len(text) < tail {
		return "is too short"
	}
	body, sum := text[:len(text)-tail], text[len(text)-tail:]
	if want := sumOf(j.sum, body); string(sum) != sumName+want+`"}` {
		return "does not match its checksum"
	}
	var l Line
	event := append(bytes.Clone(body), '}')
	dec := json.NewDecoder(bytes.NewReader(event))
	dec.DisallowUnknownFields()
	switch err := dec.Decode(&l); {
	case err != nil:
		return "is not an event: " + strings.TrimPrefix(err.Error(), "json: ")
	case !json.Valid(event):
		return "is more than one event"
	case l.Seq != len(j.Lines)+1:
		return fmt.Sprintf("counts itself as %d", l.Seq)
	case l.Kind == apply.Begun && l.Target == nil:
		return "begins a run of no account"
	}
	j.Lines = append(j.Lines, l)
	j.Good += len(text) + 1
	j.sum = sumOf(j.sum, body)
	return ""
}

// sumOf is the checksum of a line after one with the checksum before.
func sumOf(before string, body []byte) string {
	sum := sha256.Sum256(append([]byte(before+"\n"), body...))
	return hex.EncodeToString(sum[:])[:sumHex]
}

// File is what a journal is written to. Each write goes to the end, and Sync returns once it would
// outlast a loss of power.
type File interface {
	Write(p []byte) (int, error)
	Sync() error
}

// Writer adds to a journal.
type Writer struct {
	file File
	now  func() time.Time
	seq  int
	sum  string
	err  error
}

// Continue returns a writer that adds to j, whose whole lines are in file.
func (j *Journal) Continue(file File, now func() time.Time) *Writer {
	return &Writer{file: file, now: now, seq: len(j.Lines), sum: j.sum}
}

// Note writes an event and returns once it is safe. After the first error it writes nothing more and
// returns that error again: what was half written is the last line, which may be torn.
func (w *Writer) Note(e apply.Event) error {
	if w.err != nil {
		return w.err
	}
	body, err := json.Marshal(Line{Seq: w.seq + 1, Time: w.now().UTC().Format(time.RFC3339Nano), Event: e})
	if err != nil {
		w.err = fmt.Errorf("journal: %w", err)
		return w.err
	}
	body = diag.InertJSON(body[:len(body)-1]) // somebody will look at it in a terminal
	sum := sumOf(w.sum, body)
	if _, err = w.file.Write([]byte(string(body) + sumName + sum + "\"}\n")); err == nil {
		err = w.file.Sync()
	}
	if err != nil {
		w.err = fmt.Errorf("journal: %w", err)
		return w.err
	}
	w.seq, w.sum = w.seq+1, sum
	return nil
}

// Err returns what kept an event from being written, if anything did.
func (w *Writer) Err() error { return w.err }
