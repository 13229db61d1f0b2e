package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/journal"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
)

// journalFile is the journal that --journal names.
type journalFile struct {
	path string
	file *os.File
	size int64 // as this process left it
	last *journal.Last
	*journal.Writer
}

// openJournal opens a journal to add to it, or makes one. It follows no link, and what is there and is
// not a journal stays as it is.
func (a *app) openJournal(path string) (*journalFile, error) {
	f := &journalFile{path: path}
	data, err := f.open()
	if err != nil {
		return nil, f.refused(err)
	}
	j, err := journal.Read(data)
	if err == nil && j.Torn {
		err = f.file.Truncate(int64(j.Good))
		_ = report.Warning(a.err, fmt.Sprintf("journal %q: its last line was cut off and is left out", path), a.errOptions())
	}
	if err == nil {
		err = f.file.Chmod(0o600)
	}
	if err != nil {
		return nil, f.refused(errors.Join(err, f.file.Close()))
	}
	f.size, f.last = int64(j.Good), j.Last()
	f.Writer = j.Continue(f, a.now)
	if story := f.last.Story(); story != "" {
		_ = report.Warning(a.err, fmt.Sprintf("journal %q: %s", path, story), a.errOptions())
	}
	return f, nil
}

func (f *journalFile) refused(err error) error {
	return usage("a journal is made where there is no file, and added to where there is one of ours; name another file, or move this one away",
		"journal %q: %w", f.path, err)
}

// open opens the file and reads what is in it.
func (f *journalFile) open() (data []byte, err error) {
	switch {
	case f.path == "-":
		return nil, errors.New("that is no file")
	case isYAML(f.path):
		return nil, errors.New("that is the name of a role file")
	}
	f.file, err = os.OpenFile(f.path, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
	if !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	named, err := os.Lstat(f.path)
	if err != nil {
		return nil, err
	}
	if !named.Mode().IsRegular() {
		return nil, errors.New("that is not a regular file")
	}
	if named.Size() > maxFile {
		return nil, fmt.Errorf("it is larger than %d MiB", maxFile>>20)
	}
	if f.file, err = os.OpenFile(f.path, os.O_RDWR|os.O_APPEND, 0); err != nil {
		return nil, err
	}
	opened, err := f.file.Stat()
	if err == nil && !os.SameFile(named, opened) {
		err = errors.New("somebody put another file in its place")
	}
	if err == nil {
		data, err = io.ReadAll(io.LimitReader(f.file, maxFile+1))
	}
	if err != nil {
		return nil, errors.Join(err, f.file.Close())
	}
	return data, nil
}

// Write adds to the file, if nobody else has meanwhile.
func (f *journalFile) Write(p []byte) (int, error) {
	info, err := f.file.Stat()
	if err != nil {
		return 0, err
	}
	if info.Size() != f.size {
		return 0, fmt.Errorf("%q has %d bytes and not %d: somebody else writes to it", f.path, info.Size(), f.size)
	}
	n, err := f.file.Write(p)
	f.size += int64(n)
	return n, err
}

// Sync returns once what was written would outlast a loss of power.
func (f *journalFile) Sync() error { return f.file.Sync() }

// fits refuses a plan for another account than the one that the journal is about.
func (f *journalFile) fits(p *plan.Plan) error {
	if f.last == nil || f.last.Target.AccountID == p.Target.AccountID && f.last.Target.Host == p.Target.Host {
		return nil
	}
	was, is := f.last.Target, p.Target
	return &failure{
		reason: apply.ReasonStale,
		err:    fmt.Errorf("journal %q is about account %q at %q, the plan is for %q at %q", f.path, was.AccountID, was.Host, is.AccountID, is.Host),
		hints:  []string{"nothing was written; name another file"},
	}
}

// journaled runs do with the journal that --journal names, if it names one, at hand.
func (r *applying) journaled(do func() error) error {
	if r.o.journal == "" {
		return do()
	}
	f, err := r.openJournal(r.o.journal)
	if err != nil {
		return err
	}
	r.journal = f
	err = do()
	if lost := errors.Join(f.Err(), f.file.Close()); lost != nil {
		_ = report.Warning(r.err, fmt.Sprintf("the journal is incomplete: %v", lost), r.errOptions())
	}
	return err
}

// observer is who is told of the steps of an apply; nil where nobody is.
func (r *applying) observer() func(apply.Event) error {
	if r.journal == nil {
		return nil
	}
	return r.journal.Note
}
