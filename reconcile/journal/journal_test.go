package journal_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
	"github.com/rolewright/rolewright/reconcile/journal"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// disk is a file in memory, which may be full.
type disk struct {
	bytes.Buffer
	room   int // bytes that still fit; less than 0 is no limit
	broken error
	syncs  int
}

func (d *disk) Write(p []byte) (int, error) {
	if d.room >= 0 && len(p) > d.room {
		n, _ := d.Buffer.Write(p[:d.room])
		d.room = 0
		return n, errors.New("no space left on device")
	}
	d.room -= len(p)
	return d.Buffer.Write(p)
}

func (d *disk) Sync() error {
	d.syncs++
	return d.broken
}

func clock() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC) }

func target(account string) *plan.Target {
	return &plan.Target{Name: "production", Host: "app.launchdarkly.com", AccountID: account}
}

// steps are the events of one run.
func steps() []apply.Event {
	return []apply.Event{
		{Kind: apply.Begun, PlanHash: "sha256:ab", Target: target("5f"), Changes: 2},
		{Kind: apply.Sending, ID: "update/role/a", Send: 1, BeforeDigest: "sha256:1", AfterDigest: "sha256:2"},
		{Kind: apply.Sending, ID: "delete/role/b", Send: 1, Before: &role.Live{Role: role.Role{Key: "b", Policy: []role.Statement{}}, ID: "5f"}},
		{Kind: apply.Replied, ID: "delete/role/b", Send: 1, Error: "lost <&>\n\"\u2028\x1b"},
		{Kind: apply.Ended, ID: "delete/role/b", Status: apply.Applied},
		{Kind: apply.Replied, ID: "update/role/a", Send: 1},
		{Kind: apply.Ended, ID: "update/role/a", Status: apply.Failed, Error: "no"},
		{Kind: apply.Finished, ExitReason: apply.ReasonPartial, Error: "no"},
	}
}

func written(t interface{ Fatal(...any) }, events ...apply.Event) []byte {
	file := &disk{room: -1}
	w := (&journal.Journal{}).Continue(file, clock)
	for _, e := range events {
		if err := w.Note(e); err != nil {
			t.Fatal(err)
		}
	}
	if file.syncs != len(events) {
		t.Fatal("an event was not synced")
	}
	return file.Bytes()
}

func read(t *testing.T, data []byte) *journal.Journal {
	t.Helper()
	j, err := journal.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestReadGivesWhatWasNoted(t *testing.T) {
	data := written(t, steps()...)
	j := read(t, data)
	if j.Torn || j.Good != len(data) || len(j.Lines) != len(steps()) || bytes.Count(data, []byte("\n")) != len(steps()) {
		t.Fatalf("%+v", j)
	}
	for i, e := range steps() {
		l := j.Lines[i]
		if !reflect.DeepEqual(l.Event, e) || l.Seq != i+1 || l.Time != "2026-01-02T03:04:05.000000006Z" {
			t.Errorf("line %d: %+v, want %+v", i+1, l, e)
		}
	}
	if j := read(t, nil); len(j.Lines) != 0 || j.Torn || j.Last() != nil {
		t.Errorf("of nothing: %+v", j)
	}
}

// TestTorn: cut off anywhere, the whole lines are read, and the rest is written on from there.
func TestTorn(t *testing.T) {
	data := written(t, steps()...)
	for cut := range len(data) {
		j := read(t, data[:cut])
		whole := bytes.Count(data[:cut], []byte("\n"))
		if len(j.Lines) != whole || j.Torn != (cut > 0 && data[cut-1] != '\n') {
			t.Fatalf("cut at %d: %d lines, torn %v", cut, len(j.Lines), j.Torn)
		}
		file := &disk{room: -1}
		file.Buffer.Write(data[:j.Good])
		w := j.Continue(file, clock)
		for _, e := range steps()[whole:] {
			if err := w.Note(e); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(file.Bytes(), data) {
			t.Fatalf("cut at %d: not the same journal afterwards", cut)
		}
	}
	zeros := append(bytes.Clone(data), make([]byte, 512)...)
	if j := read(t, zeros); !j.Torn || j.Good != len(data) {
		t.Errorf("zeros at the end: %+v", j)
	}
}

// TestOneByteChanged: nothing but the last line may be anything else than what was written.
func TestOneByteChanged(t *testing.T) {
	data := written(t, steps()...)
	last := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
	for i := range data {
		if i == last-1 {
			continue // without the line end before it, the last line is a longer one
		}
		bad := bytes.Clone(data)
		bad[i] ^= 1
		j, err := journal.Read(bad)
		var damaged *journal.DamagedError
		switch {
		case i < last && !errors.As(err, &damaged):
			t.Fatalf("byte %d: %v", i, err)
		case i < last && damaged.Line > 1+bytes.Count(data[:i], []byte("\n")):
			t.Fatalf("byte %d: %v", i, err)
		case i >= last && (err != nil || !j.Torn || j.Good != last):
			t.Fatalf("byte %d of the last line: %+v, %v", i, j, err)
		}
	}
}

// forged puts a checksum at a line, after one with the checksum before.
func forged(before, body string) string {
	sum := sha256.Sum256([]byte(before + "\n" + body))
	return body + `,"sum":"` + hex.EncodeToString(sum[:])[:32] + "\"}\n"
}

func TestDamaged(t *testing.T) {
	lines := strings.SplitAfter(string(written(t, steps()...)), "\n")
	first := forged("", `{"seq":1,"time":"x","event":"ended"`)
	for name, test := range map[string]struct{ text, want string }{
		"a role file":        {"kind: Role\nkey: ops\n", "line 1 is too short"},
		"one line of text":   {"hello", "line 1 has no end"},
		"a JSON object":      {`{"seq":2}` + "\n", "line 1"},
		"zeros":              {"\x00\x00", "line 1"},
		"a line left out":    {lines[0] + lines[2] + lines[3], "line 2 does not match its checksum"},
		"a line twice":       {lines[0] + lines[0] + lines[1], "line 2 does not match its checksum"},
		"lines swapped":      {lines[0] + lines[2] + lines[1], "line 2"},
		"a journal behind":   {lines[0] + lines[1] + lines[0] + lines[1], "line 3"},
		"merge conflict":     {lines[0] + "<<<<<<< HEAD\n" + lines[1], "line 2 is too short"},
		"an empty line":      {lines[0] + "\n" + lines[1], "line 2 is too short"},
		"no JSON":            {forged("", `{"seq":1,"time":`) + lines[1], "line 1 is not an event"},
		"an unknown field":   {forged("", `{"seq":1,"time":"x","event":"ended","x":1`) + lines[1], `unknown field "x"`},
		"another count":      {forged("", `{"seq":2,"time":"x","event":"ended"`) + lines[1], "line 1 counts itself as 2"},
		"no account":         {forged("", `{"seq":1,"time":"x","event":"begun"`) + lines[1], "begins a run of no account"},
		"two events in one":  {forged("", `{"seq":1,"time":"x","event":"ended"}`) + lines[1], "line 1 is more than one event"},
		"the first, then no": {first + "x\n" + lines[1], "line 2"},
	} {
		if j, err := journal.Read([]byte(test.text)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %+v, %v, want %q", name, j, err, test.want)
		}
	}
}

// TestFull: after the first event that could not be written, none is.
func TestFull(t *testing.T) {
	whole := len(written(t, steps()[0]))
	file := &disk{room: whole + 40}
	w := (&journal.Journal{}).Continue(file, clock)
	if err := w.Note(steps()[0]); err != nil || w.Err() != nil {
		t.Fatal(err)
	}
	first := w.Note(steps()[1])
	file.room = -1
	if again := w.Note(steps()[2]); first == nil || again != first || w.Err() != first {
		t.Errorf("%v, then %v", first, again)
	}
	if j := read(t, file.Bytes()); len(j.Lines) != 1 || !j.Torn {
		t.Errorf("%+v", j)
	}
	w = (&journal.Journal{}).Continue(&disk{room: -1, broken: errors.New("I/O error")}, clock)
	if err := w.Note(steps()[0]); err == nil || !strings.Contains(err.Error(), "I/O error") {
		t.Errorf("an event that is not synced counts as noted: %v", err)
	}
	bad := steps()[2]
	bad.Before = &role.Live{Extra: map[string]json.RawMessage{"x": json.RawMessage("{")}}
	w = (&journal.Journal{}).Continue(&disk{room: -1}, clock)
	if err := w.Note(bad); err == nil || w.Err() == nil {
		t.Error("what has no JSON form counts as noted")
	}
}

func TestStory(t *testing.T) {
	begun := "an earlier run, begun at 2026-01-02T03:04:05.000000006Z with plan sha256:ab, was cut off"
	for n, want := range []string{
		"",
		begun + " with nothing in flight",
		begun + " with this in flight, made or not: update/role/a; a plan shows what is left to do",
		begun + " with this in flight, made or not: update/role/a, delete/role/b; a plan shows what is left to do",
		begun + " with this in flight, made or not: update/role/a; answered, and not looked into to the end: delete/role/b; a plan shows what is left to do",
		begun + " with this in flight, made or not: update/role/a; a plan shows what is left to do",
		begun + "; answered, and not looked into to the end: update/role/a; a plan shows what is left to do",
		begun + " with nothing in flight",
		"",
	} {
		if got := read(t, written(t, steps()[:n]...)).Last().Story(); got != want {
			t.Errorf("after %d steps: %q, want %q", n, got, want)
		}
		if n == 0 {
			continue // only the last run counts
		}
		if got := read(t, written(t, append(steps()[:3:3], steps()[:n]...)...)).Last().Story(); got != want {
			t.Errorf("in a second run after %d steps: %q, want %q", n, got, want)
		}
	}
}

// TestLaws: what is noted in any number of runs is read back, from any cut.
func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String()
		event := rapid.Custom(func(t *rapid.T) apply.Event {
			e := apply.Event{
				Kind: rapid.SampledFrom([]apply.EventKind{apply.Begun, apply.Sending, apply.Replied, apply.Ended, apply.Finished}).Draw(t, "kind"),
				ID:   text.Draw(t, "id"), Send: rapid.IntRange(0, 3).Draw(t, "send"), Error: text.Draw(t, "error"),
			}
			if e.Kind == apply.Begun {
				e.Target = target(text.Draw(t, "account"))
			}
			return e
		})
		events := rapid.SliceOfN(event, 1, 8).Draw(t, "events")
		data := written(t, events...)
		cut := rapid.IntRange(0, len(data)).Draw(t, "cut")
		j, err := journal.Read(data[:cut])
		if err != nil {
			t.Fatal(err)
		}
		if len(j.Lines) != bytes.Count(data[:cut], []byte("\n")) {
			t.Fatalf("%d lines", len(j.Lines))
		}
		for i, l := range j.Lines {
			if fmt.Sprintf("%+v", l.Event.Kind) != fmt.Sprintf("%+v", events[i].Kind) || l.Send != events[i].Send {
				t.Fatalf("line %d: %+v", i, l)
			}
		}
	})
}

// FuzzRead: whatever a file holds, what is read of it is its beginning, and can be added to.
func FuzzRead(f *testing.F) {
	data := written(f, steps()...)
	f.Add(data)
	f.Add(data[:100])
	f.Add([]byte("kind: Role\n"))
	f.Add([]byte(forged("", `{"seq":1,"time":"x","event":"begun"`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		defer fuzzing.Timed(t)()
		j, err := journal.Read(data)
		if err != nil {
			return
		}
		if j.Good > len(data) || j.Torn != (j.Good < len(data)) || bytes.Count(data[:j.Good], []byte("\n")) != len(j.Lines) {
			t.Fatalf("%d of %d bytes, %d lines, torn %v", j.Good, len(data), len(j.Lines), j.Torn)
		}
		_ = j.Last().Story()
		file := &disk{room: -1}
		file.Buffer.Write(data[:j.Good])
		if err := j.Continue(file, clock).Note(steps()[0]); err != nil {
			t.Fatal(err)
		}
		again, err := journal.Read(file.Bytes())
		if err != nil || again.Torn || len(again.Lines) != len(j.Lines)+1 || again.Last().Story() == "" {
			t.Fatalf("added to: %+v, %v", again, err)
		}
	})
}
