package emulator

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
)

func scratch(t testing.TB) string { return filepath.Join(t.TempDir(), "made", "local.db") }

// TestFileKeepsTheAccount: everything that a client can see is the same after reopening.
func TestFileKeepsTheAccount(t *testing.T) {
	opts := Options{File: scratch(t), Seed: Presets(), NoSync: true}
	before, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	e := &fixture{before, t, Transport(before), "http://emulator", "token", "20240415"}
	e.want(201, "POST", rolesPath, opsRole)
	e.want(200, "PATCH", rolesPath+"/ops", `{"merge":{"name":"Renamed"}}`)
	newest := e.post("newest").role(t).ID
	e.want(204, "DELETE", rolesPath+"/newest", "")
	e.want(204, "DELETE", rolesPath+"/launchdarkly-member", "")
	if err := e.SetAssigned("ops", 1, 2); err != nil {
		t.Fatal(err)
	}
	list, identity := e.want(200, "GET", rolesPath, "").body, e.want(200, "GET", apiPath+"/caller-identity", "").body
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	opts.Seed, opts.Behaviour.ReuseKey = seeded(3), "refuse"
	again := start(t, opts)
	if got := again.want(200, "GET", rolesPath, "").body; got != list {
		t.Errorf("reopened:\n%s\nwant:\n%s", got, list)
	}
	if got := again.want(200, "GET", apiPath+"/caller-identity", "").body; got != identity {
		t.Errorf("reopened as %s, want %s", got, identity)
	}
	again.want(409, "POST", rolesPath, role1("newest", "n", "")) // it is still known as deleted
	if id := again.post("later").role(t).ID; id == newest {
		t.Errorf("an id was used twice: %s", id)
	}
}

func TestFileModes(t *testing.T) {
	name := scratch(t)
	start(t, Options{File: name, NoSync: true})
	for path, want := range map[string]os.FileMode{name: 0o600, filepath.Dir(name): 0o700} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: mode %v %v, want %v", path, info.Mode().Perm(), err, want)
		}
	}
}

func TestFileInUse(t *testing.T) {
	name := scratch(t)
	start(t, Options{File: name, NoSync: true})
	began := time.Now()
	_, err := New(Options{File: name, Timeout: 60 * time.Millisecond})
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), name) {
		t.Errorf("opened twice: %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("waited %v", took)
	}
}

func TestFileRefuses(t *testing.T) {
	bolt := func(change func(*bbolt.Tx) error) func(string) error {
		return func(name string) error {
			db, err := bbolt.Open(name, 0o600, nil)
			if err != nil {
				return err
			}
			return errors.Join(db.Update(change), db.Close())
		}
	}
	account := func(change func(meta, roles *bbolt.Bucket) error) func(string) error {
		return func(name string) error {
			e, err := New(Options{File: name, NoSync: true, Seed: seeded(1)})
			if err != nil {
				return err
			}
			return errors.Join(e.Close(), bolt(func(tx *bbolt.Tx) error { return change(tx.Bucket(bucketMeta), tx.Bucket(bucketRoles)) })(name))
		}
	}
	beside := func(bucket string, key []byte, value string) func(string) error {
		return account(func(meta, _ *bbolt.Bucket) error {
			b, err := meta.Tx().CreateBucket([]byte(bucket))
			if err != nil {
				return err
			}
			return b.Put(key, []byte(value))
		})
	}
	tests := map[string]struct {
		make func(name string) error
		want string
	}{
		"text": {func(name string) error {
			return os.WriteFile(name, []byte(strings.Repeat("not a database\n", 1000)), 0o600)
		}, "invalid database"},
		"folder":          {func(name string) error { return os.Mkdir(name, 0o700) }, "is a directory"},
		"other database":  {bolt(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket(bucketMeta); return err }), "format"},
		"later format":    {account(func(meta, _ *bbolt.Bucket) error { return meta.Put(keyFormat, []byte("3")) }), `format "3" is not known`},
		"damaged role":    {account(func(_, roles *bbolt.Bucket) error { return roles.Put(number(1), []byte("{")) }), "role number 1"},
		"damaged member":  {beside("members", number(1), "{"), "member number 1"},
		"damaged team":    {beside("teams", number(7), "[]"), "team number 7"},
		"member's number": {beside("members", []byte("x"), "{}"), "the file is damaged"},
		"damaged number":  {account(func(_, roles *bbolt.Bucket) error { return roles.Put([]byte("x"), []byte("{}")) }), "the file is damaged"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.db")
			if err := test.make(path); err != nil {
				t.Fatal(err)
			}
			_, err := New(Options{File: path, Timeout: 100 * time.Millisecond})
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if _, err := New(Options{File: path, Timeout: 60 * time.Millisecond}); errors.Is(err, ErrInUse) {
				t.Error("a file that was refused stayed open")
			}
		})
	}
	if _, err := New(Options{File: filepath.Join(os.DevNull, "x.db")}); err == nil {
		t.Error("made a file below a file")
	}
	if _, err := New(Options{File: filepath.Join(t.TempDir(), "x.db"), Seed: []Role{{Key: "a"}, {Key: "a"}}}); err == nil {
		t.Error("took two seed roles of one key")
	}
}

// oldFile is a file as the versions of this program made it that knew roles only: two presets, a role
// "ops" said to be held by two members and a team, and a deleted role "gone".
func oldFile(t *testing.T) string {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "format1.db.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "old.db")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// formatOf reads the format of a file that nobody has open.
func formatOf(t *testing.T, name string) (format string) {
	t.Helper()
	db, err := bbolt.Open(name, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bbolt.Tx) error {
		format = string(tx.Bucket(bucketMeta).Get(keyFormat))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return format
}

// TestOldFile: a file of roles only is read and written as it is, and takes members and teams, from
// when on it says so.
func TestOldFile(t *testing.T) {
	name := oldFile(t)
	session := func(f func(*fixture)) {
		e, err := New(Options{File: name, NoSync: true, Behaviour: Behaviour{ReuseKey: "refuse"}})
		if err != nil {
			t.Fatal(err)
		}
		f(&fixture{e, t, Transport(e), "http://emulator", "token", "20240415"})
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	var newest string
	session(func(e *fixture) {
		if len(e.keys()) != 3 || e.assigned("ops") != (assignedTo{2, 1}) || len(e.Members()) != 0 {
			t.Errorf("holds %q, ops is held by %+v", e.keys(), e.assigned("ops"))
		}
		e.want(409, "POST", rolesPath, role1("gone", "n", ""))
		newest = e.post("new").role(t).ID
		e.want(200, "GET", membersPath, "")
	})
	if got := formatOf(t, name); got != formatRoles {
		t.Errorf("with roles only it is of format %s", got)
	}
	session(func(e *fixture) {
		e.must(e.SetAssigned("ops", 0, 0))
		e.must(e.AddTeam(Team{Key: "t", CustomRoles: []string{"new"}}))
		e.want(201, "POST", membersPath, `[{"email":"a@example.com","customRoles":["new"],"teamKeys":["t"]}]`)
		e.must(e.AddTeam(Team{Key: "gone"}))
		e.want(204, "DELETE", teamHref("gone"), "")
	})
	if got := formatOf(t, name); got != formatAll {
		t.Errorf("with members it is of format %s", got)
	}
	session(func(e *fixture) {
		if e.role("new") != newest || e.assigned("new") != (assignedTo{1, 1}) || len(e.Teams()[0].Members) != 1 {
			t.Errorf("new is held by %+v", e.assigned("new"))
		}
		e.want(409, "POST", teamsPath, `{"key":"gone","name":"n"}`)
		e.want(201, "POST", teamsPath, `{"key":"ops","name":"n"}`)
		e.consistent()
	})
}

// TestFileKeepsHolders: everything of members and teams is the same after reopening, and numbers are
// not used twice.
func TestFileKeepsHolders(t *testing.T) {
	opts := Options{File: scratch(t), NoSync: true}
	before := peopled(t, opts)
	before.must(before.AddMember(Member{Email: "s@example.com", Synced: true, CustomRoles: []string{"ops"}}))
	before.want(200, "PATCH", memberHref(before.member("s@example.com")), `[{"op":"replace","path":"/role","value":"admin"}]`)
	id := before.member("s@example.com")
	members, teams := asText(t, before.Members()), asText(t, before.Teams())
	before.must(before.AddMember(Member{Email: "gone@example.com"}))
	gone := before.member("gone@example.com")
	before.want(204, "DELETE", memberHref(gone), "")
	before.must(before.Close())
	again := start(t, opts)
	if got := asText(t, again.Members()); got != members {
		t.Errorf("members\n%s\nwant\n%s", got, members)
	}
	if got := asText(t, again.Teams()); got != teams {
		t.Errorf("teams\n%s\nwant\n%s", got, teams)
	}
	again.must(again.AddMember(Member{Email: "next@example.com"}))
	if next := again.member("next@example.com"); next == gone || next == id {
		t.Errorf("an id was used twice: %s", next)
	}
	again.must(again.Sync())
	if m := again.Members()[4]; m.Role != "reader" || len(m.CustomRoles) != 1 {
		t.Errorf("came back as %+v", m)
	}
	again.consistent()
}

func TestClosedFileIsAnError(t *testing.T) {
	e := start(t, Options{File: scratch(t), NoSync: true})
	e.post("ops")
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e.want(500, "POST", rolesPath, role1("k", "n", ""))
	e.want(500, "DELETE", rolesPath+"/ops", "")
	e.want(200, "GET", rolesPath+"/ops", "")
}

// TestKill: a process that dies without a word leaves every write that it had answered.
func TestKill(t *testing.T) {
	if name := os.Getenv("EMULATOR_TEST_FILE"); name != "" {
		writeUntilKilled(t, name)
	}
	name := scratch(t)
	cmd := exec.Command(os.Args[0], "-test.run=^TestKill$", "-test.v")
	cmd.Env = append(os.Environ(), "EMULATOR_TEST_FILE="+name)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var answered []string
	for lines := bufio.NewScanner(out); len(answered) < 25 && lines.Scan(); {
		if key, ok := strings.CutPrefix(lines.Text(), "answered "); ok {
			answered = append(answered, key)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it says that it was killed
	if len(answered) != 25 {
		t.Fatalf("the process ended after %d writes", len(answered))
	}
	keys := start(t, Options{File: name}).keys()
	if len(keys) < len(answered) {
		t.Fatalf("%d roles are left of %d", len(keys), len(answered))
	}
	if diff := cmp.Diff(answered, keys[:len(answered)]); diff != "" {
		t.Error(diff)
	}
}

func writeUntilKilled(t *testing.T, name string) {
	e := start(t, Options{File: name})
	for i := 0; ; i++ {
		key := fmt.Sprintf("k%d", i)
		e.post(key)
		fmt.Println("answered", key)
	}
}
