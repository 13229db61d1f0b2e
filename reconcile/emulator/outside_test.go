package emulator

import (
	"bytes"
	"os"
	"testing"
)

// ids returns the ids of these members, in the order of the list.
func ids(e *Emulator) (list []string) {
	for _, m := range e.Members() {
		list = append(list, m.Email+" "+m.ID)
	}
	return list
}

// TestInviteFromOutside: who is not there becomes a member without rights, once, whatever the letter
// case, and who is there stays as they are.
func TestInviteFromOutside(t *testing.T) {
	f := peopled(t, Options{})
	before := ids(f.Emulator)
	was := asText(t, f.Members())
	f.must(f.Invite())
	f.must(f.Invite(bo, "BO@EXAMPLE.COM"))
	if asText(t, f.Members()) != was {
		t.Errorf("%v was %v", f.Members(), was)
	}
	f.must(f.Invite("New@example.com", bo, "new@EXAMPLE.com", "Second@example.com"))
	f.must(f.Invite("NEW@example.com"))
	after := f.Members()
	if len(after) != len(before)+2 || f.Writes() != 0 {
		t.Fatalf("%d members, %d writes", len(after), f.Writes())
	}
	for i, email := range []string{"New@example.com", "Second@example.com"} {
		m := after[len(before)+i]
		if m.Email != email || m.Role != "no_access" || m.ID == "" || len(m.CustomRoles) != 0 || f.member(email) != m.ID {
			t.Errorf("%+v", m)
		}
	}
	f.consistent()
}

// TestInviteToNewAccount: the ids are those of the next account that is made in the same way, also
// where somebody only reads it, and where it is opened again.
func TestInviteToNewAccount(t *testing.T) {
	emails := []string{"ana@example.com", "Bo@example.com"}
	name := scratch(t)
	made := func(o Options) []string {
		e := start(t, o)
		e.must(e.Invite(emails...))
		list := ids(e.Emulator)
		e.must(e.Close())
		return list
	}
	want := made(Options{File: name, NoSync: true})
	opened := start(t, Options{File: name, ReadOnly: true})
	for what, got := range map[string][]string{
		"another file": made(Options{File: scratch(t), NoSync: true}), "in memory": made(Options{}), "opened again": ids(opened.Emulator),
	} {
		if asText(t, got) != asText(t, want) || len(got) < 2 {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	opened.must(opened.Close())
}

// TestInviteToReadOnly: on data that is open for reading only they are members until it is closed,
// with the ids that they get for good later, and the file stays as it is. Writes are refused as ever.
func TestInviteToReadOnly(t *testing.T) {
	name := scratch(t)
	writer := peopled(t, Options{File: name, NoSync: true})
	stored := ids(writer.Emulator)
	writer.must(writer.Close())
	before, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	emails := []string{"x@example.com", "y@example.com"}
	reader := start(t, Options{File: name, ReadOnly: true})
	reader.must(reader.Invite(emails...))
	reader.must(reader.Invite("X@example.com"))
	invited := ids(reader.Emulator)
	if len(invited) != len(stored)+2 {
		t.Errorf("%v", invited)
	}
	reader.want(403, "PATCH", memberHref(reader.member("x@example.com")), `[{"op":"replace","path":"/role","value":"admin"}]`)
	if reader.AddMember(Member{Email: "z@example.com"}) == nil {
		t.Error("a member was added for good")
	}
	reader.consistent()
	reader.must(reader.Close())
	again := start(t, Options{File: name, ReadOnly: true})
	if got := ids(again.Emulator); asText(t, got) != asText(t, stored) {
		t.Errorf("opened again: %v", got)
	}
	again.must(again.Close())
	if after, err := os.ReadFile(name); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was written to (%v)", err)
	}
	last := start(t, Options{File: name, NoSync: true})
	last.must(last.Invite(emails...))
	if got := ids(last.Emulator); asText(t, got) != asText(t, invited) {
		t.Errorf("for good %v, before %v", got, invited)
	}
}

// TestInviteFails: nobody is a member who could not be stored, and none of several is if one cannot.
func TestInviteFails(t *testing.T) {
	f := peopled(t, Options{})
	was := asText(t, f.Members())
	f.store.disk = brokenDisk{}
	if err := f.Invite("x@example.com", "y@example.com"); err == nil {
		t.Error("no error")
	}
	if asText(t, f.Members()) != was {
		t.Errorf("%+v", f.Members())
	}
	f.consistent()
	closed := start(t, Options{File: scratch(t), NoSync: true})
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	if err := closed.Invite("x@example.com"); err == nil {
		t.Error("a closed file took a member")
	}
}

// TestVersion: every change of the account counts, whoever makes it, and nothing else does.
func TestVersion(t *testing.T) {
	e := start(t, Options{})
	steps := []struct {
		name    string
		changes int
		do      func()
	}{
		{"made outside", 1, func() { e.must(e.Add(Role{Key: "kept"})) }},
		{"refused outside", 0, func() { _ = e.Add(Role{Key: "kept"}) }},
		{"read", 0, func() { e.do("GET", rolesPath, "") }},
		{"made", 1, func() { e.do("POST", rolesPath, newOps) }},
	}
	for _, step := range steps {
		before := e.Version()
		step.do()
		if n := e.Version() - before; n != step.changes {
			t.Errorf("%s: %d changes, want %d", step.name, n, step.changes)
		}
	}
}
