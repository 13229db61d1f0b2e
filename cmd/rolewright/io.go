package main

import (
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// stdio is the outside world of a command: streams, environment, clock, network.
type stdio struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	now      func() time.Time
	// transport carries requests to a host; nil is the network.
	transport http.RoundTripper
	// inTTY, outTTY and errTTY say whether a person sits at that stream; width is the terminal's
	// in columns, 0 where there is none.
	inTTY, outTTY, errTTY bool
	width                 int
}

func processIO() stdio {
	s := stdio{
		in: os.Stdin, out: os.Stdout, err: os.Stderr,
		getenv: os.Getenv, now: time.Now,
		inTTY:  term.IsTerminal(int(os.Stdin.Fd())),
		outTTY: term.IsTerminal(int(os.Stdout.Fd())),
		errTTY: term.IsTerminal(int(os.Stderr.Fd())),
	}
	if s.outTTY {
		if w, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
			s.width = w
		}
	}
	return s
}

// output is a stream that remembers its first error, so that a command may print without looking
// and the run still ends as a failure when nobody could read it.
type output struct {
	w   io.Writer
	err error
}

// Write writes to the stream, and nothing more once that failed.
func (o *output) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(p)
	o.err = err
	return n, err
}

// turns is a stream to which several goroutines write: what happens at the account is told by whoever
// asked it.
type turns struct {
	mu sync.Mutex
	w  io.Writer
}

// Write writes to the stream when nobody else does.
func (t *turns) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.w.Write(p)
}

// colour decides for one stream: NO_COLOR and --no-color win, then FORCE_COLOR, then whether it is
// a terminal that can.
func (s stdio) colour(tty, off bool) bool {
	switch {
	case off || s.getenv("NO_COLOR") != "":
		return false
	case s.getenv("FORCE_COLOR") != "" && s.getenv("FORCE_COLOR") != "0":
		return true
	}
	return tty && s.getenv("TERM") != "dumb"
}
