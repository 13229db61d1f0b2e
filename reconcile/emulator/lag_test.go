package emulator

import (
	"slices"
	"testing"
	"time"
)

// TestReadLag: reads, and nothing else, see the state from before a write until the lag is over.
func TestReadLag(t *testing.T) {
	c := newClock()
	e := start(t, Options{Seed: seeded(2), Now: c.Now, Behaviour: Behaviour{ReadLag: 5 * time.Second}})
	c.advance(time.Minute)
	see := func(want ...string) {
		t.Helper()
		if got := e.list(rolesPath).keys(); !slices.Equal(got, want) {
			t.Errorf("sees %q, want %q", got, want)
		}
	}
	id := e.post("new").role(t).ID
	e.want(404, "GET", rolesPath+"/new", "")
	e.want(409, "POST", rolesPath, role1("new", "n", "")) // the write itself knows better
	c.advance(2 * time.Second)
	e.want(200, "PATCH", rolesPath+"/new", `[{"op":"replace","path":"/name","value":"second"}]`)
	e.want(204, "DELETE", rolesPath+"/r0000", "")
	see("r0000", "r0001")
	c.advance(3 * time.Second) // five after the create, three after the rest
	see("r0000", "r0001", "new")
	if r := e.want(200, "GET", rolesPath+"/"+id, "").role(t); r.Name != "new" {
		t.Errorf("sees %q too early", r.Name)
	}
	e.want(200, "GET", rolesPath+"/r0000", "")
	c.advance(2 * time.Second)
	see("r0001", "new")
	e.want(404, "GET", rolesPath+"/r0000", "")
	if r := e.want(200, "GET", rolesPath+"/new", "").role(t); r.Name != "second" {
		t.Errorf("still sees %q", r.Name)
	}
	e.post("last")
	if n := len(e.store.now.roles.recent); n != 1 {
		t.Errorf("%d changes are remembered, want 1", n)
	}
	if got := e.keys(); !slices.Equal(got, []string{"r0001", "new", "last"}) {
		t.Errorf("Roles lags: %q", got)
	}
}

// TestDeletedAndMadeAgainUnderLag: two roles of one key never show at once.
func TestDeletedAndMadeAgainUnderLag(t *testing.T) {
	c := newClock()
	e := start(t, Options{Seed: seeded(1), Now: c.Now, Behaviour: Behaviour{ReadLag: time.Second}})
	c.advance(time.Minute)
	old := e.want(200, "GET", rolesPath+"/r0000", "").body
	e.want(204, "DELETE", rolesPath+"/r0000", "")
	e.post("r0000")
	if got := e.want(200, "GET", rolesPath+"/r0000", "").body; got != old || len(e.list(rolesPath).Items) != 1 {
		t.Errorf("sees %s", got)
	}
	c.advance(time.Second)
	if got := e.want(200, "GET", rolesPath+"/r0000", "").body; got == old || len(e.list(rolesPath).Items) != 1 {
		t.Errorf("still sees %s", got)
	}
}

// TestAssignLag: a delete keeps seeing holders that are gone.
func TestAssignLag(t *testing.T) {
	c := newClock()
	e := start(t, Options{Now: c.Now, Behaviour: Behaviour{AssignLag: 5 * time.Second}})
	e.post("ops")
	for _, n := range []int{2, 0} {
		if err := e.SetAssigned("ops", 0, n); err != nil {
			t.Fatal(err)
		}
	}
	e.want(409, "DELETE", rolesPath+"/ops", "")
	c.advance(4 * time.Second)
	e.want(409, "DELETE", rolesPath+"/ops", "")
	if r := e.want(200, "GET", rolesPath+"/ops", "").role(t); r.AssignedTo.Teams != 0 {
		t.Errorf("reads lag too: %+v", r.AssignedTo)
	}
	c.advance(time.Second)
	e.want(204, "DELETE", rolesPath+"/ops", "")
}
