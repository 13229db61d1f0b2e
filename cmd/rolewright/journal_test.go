package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/journal"
	"github.com/rolewright/rolewright/reconcile/plan"
)

func journalApp() (*app, *bytes.Buffer) {
	var said bytes.Buffer
	return &app{stdio: stdio{err: &said, getenv: func(string) string { return "" }, now: time.Now}}, &said
}

// TestJournalOfTwo: two processes that write to one journal notice, and stop before they send.
func TestJournalOfTwo(t *testing.T) {
	a, said := journalApp()
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	first, err := a.openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := a.openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	event := apply.Event{Kind: apply.Begun, Target: &plan.Target{AccountID: "5f"}}
	if err := first.Note(event); err != nil {
		t.Fatal(err)
	}
	if err := second.Note(event); err == nil || !strings.Contains(err.Error(), "somebody else writes to it") {
		t.Errorf("the second: %v", err)
	}
	if err := first.Note(event); err != nil {
		t.Errorf("the first: %v", err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if j, err := journal.Read(data); err != nil || len(j.Lines) != 2 || said.Len() > 0 {
		t.Errorf("%+v, %v, %q", j, err, said)
	}
	first.file.Close()
	if err := first.Note(event); err == nil {
		t.Error("noted in a file that is closed")
	}
}

// TestJournalMode: nobody else may read it, whoever made it how.
func TestJournalMode(t *testing.T) {
	a, _ := journalApp()
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := a.openJournal(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.file.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// TestJournalIncomplete: a run whose journal could not be written to its end says so.
func TestJournalIncomplete(t *testing.T) {
	a, said := journalApp()
	r := &applying{app: a, o: applyOptions{journal: filepath.Join(t.TempDir(), "journal.jsonl")}}
	err := r.journaled(func() error {
		r.journal.file.Close()
		return r.observer()(apply.Event{Kind: apply.Finished})
	})
	if err == nil || !strings.Contains(said.String(), "warning: the journal is incomplete: journal: ") {
		t.Errorf("%v, said %q", err, said)
	}
}
