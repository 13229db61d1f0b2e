package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/plan"
)

// hostileFile is a row of TestPlanFiles: what is done to a plan, to what it is about, or to a file of
// another kind, and how the command that gets it has to end.
type hostileFile struct {
	id, what string
	// do returns the command.
	do   func(f *filesCase) []string
	code int
	says string
	// asks is set where the account has to be read to see that something is wrong.
	asks bool
}

// filesCase is one row at work: a town whose plan was saved.
type filesCase struct {
	*town
	t    *testing.T
	temp string
	plan string // the file
}

func (f *filesCase) path(name string) string { return filepath.Join(f.temp, name) }

func (f *filesCase) write(name, text string) string {
	f.t.Helper()
	if err := os.WriteFile(f.path(name), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	return f.path(name)
}

func (f *filesCase) read(path string) string {
	f.t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		f.t.Fatal(err)
	}
	return string(data)
}

// apply applies a plan file of the town's workspace.
func (f *filesCase) apply(path string) []string { return []string{"apply", "--workspace", f.dir, path} }

// journaled applies the town's plan with a journal.
func (f *filesCase) journaled(path string) []string {
	return []string{"apply", "--workspace", f.dir, "--journal", path, f.plan}
}

// restored restores what the result in a file keeps.
func (f *filesCase) restored(path string) []string {
	return []string{"restore", "old", "--auto-approve", "--workspace", f.dir, "--from", path}
}

// huge makes a file of 1 GB that takes no room.
func (f *filesCase) huge() string {
	f.t.Helper()
	if err := os.Truncate(f.write("huge.json", "{"), 1<<30); err != nil {
		f.t.Fatal(err)
	}
	return f.path("huge.json")
}

func (f *filesCase) link(to string) string {
	f.t.Helper()
	if err := os.Symlink(to, f.path("link.json")); err != nil {
		f.t.Fatal(err)
	}
	return f.path("link.json")
}

// result applies the plan honestly, and returns the file of the result.
func (f *filesCase) result() string {
	f.t.Helper()
	got := f.run("apply", "--format", "json", "--workspace", f.dir, f.plan)
	if got.code != 0 {
		f.t.Fatalf("%+v", got)
	}
	return f.write("result.json", got.out)
}

// elsewhere makes the town's account another one.
func (f *filesCase) elsewhere() {
	other := newTown(f.t, 3, nil)
	other.emu = newAccountOf(f.t, 3, "another account!")
	f.town.liar = other.liar
}

// forged is the town's plan with the changes of another, and every sum made anew: what somebody can
// make who may write the file.
func (f *filesCase) forged(others *plan.Plan) string {
	f.t.Helper()
	mine, err := plan.Decode([]byte(f.read(f.plan)))
	if err != nil {
		f.t.Fatal(err)
	}
	others.Source, others.Target, others.FileDigest = mine.Source, mine.Target, ""
	sum := sha256.Sum256(plan.Encode(others))
	others.FileDigest = "sha256:" + hex.EncodeToString(sum[:])
	return f.write("forged.json", string(plan.Encode(others)))
}

// withoutTeamC is a good plan, of other files, that deletes a role which the town's files do not speak of.
func (f *filesCase) withoutTeamC() *plan.Plan {
	f.t.Helper()
	other := *f.town
	other.dir = townFiles(f.t)
	if err := os.WriteFile(filepath.Join(other.dir, "c.yaml"), []byte("kind: Role\nkey: team-c\nstate: absent\n"), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if got := other.run("plan", "-o", f.path("other.json"), other.dir); got.code != 0 {
		f.t.Fatalf("%+v", got)
	}
	p, err := plan.Decode([]byte(f.read(f.path("other.json"))))
	if err != nil {
		f.t.Fatal(err)
	}
	return p
}

const conflict = "<<<<<<< HEAD\n{}\n=======\n[]\n>>>>>>> other\n"

func hostileFiles() []hostileFile {
	return []hostileFile{
		{"P01", "a changed word", func(f *filesCase) []string {
			return f.apply(f.write("p.json", strings.Replace(f.read(f.plan), "New.", "Old.", 1)))
		}, 4, "was altered", false},
		{"P02", "another account", func(f *filesCase) []string { f.elsewhere(); return f.apply(f.plan) }, 4, "it was made for account", true},
		{"P02", "another host", func(f *filesCase) []string {
			f.env["LAUNCHDARKLY_API_HOST"] = "127.0.0.1"
			return f.apply(f.plan)
		}, 4, "it was made for host", true},
		{"P04", "older than the limit", func(f *filesCase) []string { f.ahead = 24*time.Hour + 2*time.Second; return f.apply(f.plan) }, 4, "more than 24h0m0s ago", false},
		{"P04", "from the future", func(f *filesCase) []string { f.ahead = -time.Hour; return f.apply(f.plan) }, 4, "which is in the future", false},
		{"P05", "twice", func(f *filesCase) []string { f.result(); return f.apply(f.plan) }, 4, "is no longer to do", true},
		{"P07", "a link", func(f *filesCase) []string { return f.apply(f.link(f.plan)) }, 1, "is not a regular file", false},
		{"P07", "a folder", func(f *filesCase) []string { return []string{"verify", f.temp} }, 1, "is not a regular file", false},
		{"P07", "1 GB", func(f *filesCase) []string { return f.apply(f.huge()) }, 1, "is larger than 64 MiB", false},
		{"P07", "a device", func(f *filesCase) []string { return f.apply("/dev/zero") }, 1, "is not a regular file", false},
		{"P07", "a link to a snapshot", func(f *filesCase) []string { return []string{"plan", "--snapshot", f.link(f.plan), f.dir} }, 1, "is not a regular file", false},
		{"P07", "a snapshot of 1 GB", func(f *filesCase) []string { return []string{"plan", "--snapshot", f.huge(), f.dir} }, 1, "is larger than 64 MiB", false},
		{"P07", "a link to a result", func(f *filesCase) []string { return f.restored(f.link(f.result())) }, 1, "is not a regular file", false},
		{"P07", "a result of 1 GB", func(f *filesCase) []string { return f.restored(f.huge()) }, 1, "is larger than 64 MiB", false},
		{"P07", "a link to a journal", func(f *filesCase) []string { return f.journaled(f.link(f.path("j"))) }, 1, "not a regular file", false},
		{"P07", "a journal of 1 GB", func(f *filesCase) []string { return f.journaled(f.huge()) }, 1, "larger than 64 MiB", false},
		{"P08", "a change added by hand", func(f *filesCase) []string { return f.apply(f.forged(f.withoutTeamC())) }, 4, "role \"team-c\"", true},
		{"P08", "a protected role", func(f *filesCase) []string {
			if err := os.WriteFile(filepath.Join(f.dir, "rolewright.yaml"), []byte(townConfig+"guards: {protect: [ops]}\n"), 0o600); err != nil {
				f.t.Fatal(err)
			}
			return f.apply(f.plan)
		}, 4, "the files have changed since it was made", true},
		{"P10", "a journal of another account", func(f *filesCase) []string {
			if got := f.run(f.journaled(f.path("j"))...); got.code != 0 {
				f.t.Fatalf("%+v", got)
			}
			f.elsewhere()
			if got := f.run("plan", "-o", f.plan, f.dir); got.code != 0 {
				f.t.Fatalf("%+v", got)
			}
			return f.journaled(f.path("j"))
		}, 4, "is about account", true},
		{"P10", "a result of another account", func(f *filesCase) []string {
			from := f.result()
			f.elsewhere()
			return f.restored(from)
		}, 4, "was deleted from account", true},
		{"P11", "merge conflict in a plan", func(f *filesCase) []string { return f.apply(f.write("p.json", conflict)) }, 1, "it is not JSON", false},
		{"P11", "merge conflict in a journal", func(f *filesCase) []string { return f.journaled(f.write("j", conflict)) }, 1, "not a journal of rolewright, or damaged", false},
		{"P11", "merge conflict in a result", func(f *filesCase) []string { return f.restored(f.write("r.json", conflict)) }, 1, "not the result of an apply", false},
		{"P11", "merge conflict in rolewright.yaml", func(f *filesCase) []string {
			if err := os.WriteFile(filepath.Join(f.dir, "rolewright.yaml"), []byte(conflict+townConfig), 0o600); err != nil {
				f.t.Fatal(err)
			}
			return []string{"plan", f.dir}
		}, 1, "rolewright.yaml:", false},
	}
}

// TestPlanFiles gives every file of P01 to P11 to the command that reads it: the exit code is that of
// its row, something says what is wrong, and the account is as it was.
func TestPlanFiles(t *testing.T) {
	rows := append(hostileFiles(), hostilePipes...)
	for _, row := range rows {
		t.Run(row.id+" "+row.what, row.test)
	}
	t.Logf("%d files", len(rows))
}

func newFilesCase(t *testing.T) *filesCase {
	f := &filesCase{town: newTown(t, 3, nil), t: t, temp: t.TempDir()}
	f.plan = f.path("plan.json")
	if got := f.run("plan", "-o", f.plan, f.dir); got.code != 0 {
		t.Fatalf("%+v", got)
	}
	return f
}

func (row hostileFile) test(t *testing.T) {
	f := newFilesCase(t)
	args := row.do(f)
	f.turn(true)
	before := f.state()
	got := f.run(args...)
	if got.code != row.code || !strings.Contains(got.err, row.says) {
		t.Errorf("exit code %d, want %d and %q\n%s%s", got.code, row.code, row.says, got.out, got.err)
	}
	if diff := cmp.Diff(before, f.state()); diff != "" {
		t.Error(diff)
	}
	for _, r := range f.requests {
		if !strings.HasPrefix(r, "GET ") || !row.asks {
			t.Errorf("it sent %s", r)
		}
	}
}

// TestPlanFileOneByte changes every byte of a plan: none of them is taken. Some go through the program.
func TestPlanFileOneByte(t *testing.T) {
	f := newFilesCase(t)
	f.turn(true)
	data := []byte(f.read(f.plan))
	step := 1
	if testing.Short() {
		step = 5
	}
	for i := 0; i < len(data); i += step {
		bad := bytes.Clone(data)
		bad[i] ^= 1
		_, err := plan.Decode(bad)
		altered, _ := errors.AsType[*plan.AlteredError](err)
		if _, format := errors.AsType[*plan.FormatError](err); altered == nil && !format {
			t.Fatalf("byte %d of %d: %v", i, len(data), err)
		}
		if i%95 != 0 {
			continue
		}
		want := 1
		if altered != nil {
			want = 4
		}
		if got := f.run(f.apply(f.write("p.json", string(bad)))...); got.code != want || len(f.requests) > 0 {
			t.Fatalf("byte %d: %+v, %q", i, got, f.requests)
		}
	}
	t.Logf("%d bytes", len(data))
}
