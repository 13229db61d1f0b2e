package emulator

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestReadOnly: two readers have a file of mode 0444 open at once, see the same account, and cannot
// change it, whichever way they try.
func TestReadOnly(t *testing.T) {
	name := scratch(t)
	writer, err := New(Options{File: name, NoSync: true, Seed: seeded(3)})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(writer.Close(), os.Chmod(name, 0o444), os.Chmod(filepath.Dir(name), 0o555)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Dir(name), 0o755) })
	before, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	one := start(t, Options{File: name, ReadOnly: true})
	two := start(t, Options{File: name, ReadOnly: true})
	if a, b := one.want(200, "GET", rolesPath, "").body, two.want(200, "GET", rolesPath, "").body; a != b || len(one.keys()) != 3 {
		t.Errorf("one reads\n%s\nthe other\n%s", a, b)
	}
	if one.AccountID() != writer.AccountID() {
		t.Errorf("account %s, want %s", one.AccountID(), writer.AccountID())
	}
	refusesWrites(t, one)
	if after, err := os.ReadFile(name); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was written to (%v)", err)
	}
}

// refusesWrites tries every write on an account of at least one role.
func refusesWrites(t *testing.T, e *fixture) {
	t.Helper()
	key, was := e.keys()[0], len(e.keys())
	for _, reply := range []string{
		e.want(403, "POST", rolesPath, role1("new", "n", "")).body,
		e.want(403, "PATCH", rolePath(key), `{"merge":{"name":"Renamed"}}`).body,
		e.want(403, "DELETE", rolePath(key), "").body,
	} {
		if !strings.Contains(reply, "reading only") {
			t.Errorf("refused without a reason: %s", reply)
		}
	}
	for what, err := range map[string]error{
		"add": e.Add(Role{Key: "new"}), "remove": e.Remove(key), "edit": e.Edit(key, func(r *Role) { r.Name = "x" }),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if len(e.keys()) != was || e.Writes() != 0 {
		t.Errorf("%d roles, %d writes", len(e.keys()), e.Writes())
	}
}

// TestReadOnlyHolders: what is refused for roles is refused for members and teams, also in a file of
// an older version.
func TestReadOnlyHolders(t *testing.T) {
	name := scratch(t)
	writer := peopled(t, Options{File: name, NoSync: true})
	members, teams, roles := asText(t, writer.Members()), asText(t, writer.Teams()), asText(t, writer.Roles())
	writer.must(writer.Close())
	before, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, Options{File: name, ReadOnly: true})
	person, team := memberHref(f.member(bo)), teamHref("empty")
	for _, w := range [][3]string{
		{"POST", membersPath, `[{"email":"x@example.com","role":"reader","teamKeys":["empty"]}]`},
		{"PATCH", membersPath, `{"instructions":[{"kind":"replaceAllMembersRoles","value":"admin"}]}`},
		{"PATCH", person, `[{"op":"replace","path":"/role","value":"admin"}]`},
		{"DELETE", person, ""},
		{"POST", person + "/teams", `{"teamKeys":["empty"]}`},
		{"POST", teamsPath, `{"key":"new","name":"n"}`},
		{"PATCH", team, `{"instructions":[{"kind":"updateName","value":"x"}]}`},
		{"DELETE", team, ""},
	} {
		if a := f.want(403, w[0], w[1], w[2]); !strings.Contains(a.body, "reading only") {
			t.Errorf("refused without a reason: %s", a.body)
		}
	}
	for what, err := range map[string]error{
		"add member": f.AddMember(Member{Email: "x"}), "add team": f.AddTeam(Team{Key: "x"}), "remove member": f.RemoveMember(bo),
		"edit member": f.EditMember(bo, func(m *Member) { m.Role = "admin" }), "edit team": f.EditTeam("empty", func(t *Team) { t.Name = "x" }),
		"remove team": f.RemoveTeam("empty"), "remove role": f.Remove("ops"),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if asText(t, f.Members()) != members || asText(t, f.Teams()) != teams || asText(t, f.Roles()) != roles || f.Writes() != 0 {
		t.Errorf("%d writes, holds %+v %+v", f.Writes(), f.Members(), f.Teams())
	}
	f.consistent()
	if after, err := os.ReadFile(name); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was written to (%v)", err)
	}
	old := start(t, Options{File: oldFile(t), ReadOnly: true})
	if len(old.Roles()) != 3 || old.AddTeam(Team{Key: "x"}) == nil {
		t.Errorf("an old file: %d roles", len(old.Roles()))
	}
}

// TestReadOnlyWithoutAccount: a file that was made and never written holds the account of the
// options, and keeps its size.
func TestReadOnlyWithoutAccount(t *testing.T) {
	for what, content := range map[string][]byte{"nothing": nil, "an empty database": emptyDatabase(t)} {
		name := filepath.Join(t.TempDir(), "x.db")
		if err := os.WriteFile(name, content, 0o444); err != nil {
			t.Fatal(err)
		}
		e := start(t, Options{File: name, ReadOnly: true, Seed: seeded(2)})
		refusesWrites(t, e)
		if now, err := os.ReadFile(name); err != nil || !bytes.Equal(now, content) {
			t.Errorf("%s: %d bytes became %d (%v)", what, len(content), len(now), err)
		}
	}
}

// emptyDatabase is a bbolt file as it is before the account is written.
func emptyDatabase(t *testing.T) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "empty.db")
	// Ids cannot be made from nothing, so this stops between the file and the account.
	if _, err := New(Options{File: name, Rand: strings.NewReader("")}); err == nil {
		t.Fatal("made an account without a source of ids")
	}
	data, err := os.ReadFile(name)
	if err != nil || len(data) == 0 {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	return data
}

func TestReadOnlyRefuses(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "folder", "x.db")
	if _, err := New(Options{File: missing, ReadOnly: true}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := os.Stat(filepath.Dir(missing)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its folder was made (%v)", err)
	}
	name := scratch(t)
	start(t, Options{File: name, NoSync: true})
	if _, err := New(Options{File: name, ReadOnly: true, Timeout: 60 * time.Millisecond}); !errors.Is(err, ErrInUse) {
		t.Errorf("beside a writer: %v", err)
	}
	bad := filepath.Join(t.TempDir(), "x.db")
	if err := os.WriteFile(bad, bytes.Repeat([]byte("not a database\n"), 1000), 0o444); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{File: bad, ReadOnly: true}); err == nil || !strings.Contains(err.Error(), "invalid database") {
		t.Errorf("a text: %v", err)
	}
}
