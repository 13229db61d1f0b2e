package emulator

import (
	"testing"
	"time"
)

func TestLimits(t *testing.T) {
	c := newClock() // at the start of a window
	e := start(t, Options{Now: c.Now, Limits: Limits{Global: 5, Route: 3}})
	end := millis(c.now.Add(10 * time.Second))
	steps := []struct {
		wait          time.Duration
		method, path  string
		status        int
		global, route string
	}{
		{0, "GET", rolesPath, 200, "4", "2"},
		{time.Second, "GET", rolesPath, 200, "3", "1"},
		{0, "GET", rolesPath + "?offset=9", 200, "2", "0"},
		{0, "GET", rolesPath, 429, "2", "0"},
		{0, "GET", rolesPath + "/a", 404, "1", "2"},
		{0, "GET", rolesPath + "/b", 404, "0", "1"}, // the route of every key
		{8 * time.Second, "GET", apiPath, 429, "0", "3"},
		{time.Second, "GET", rolesPath, 200, "4", "2"},
	}
	for i, step := range steps {
		c.advance(step.wait)
		if i == len(steps)-1 {
			end = millis(c.now.Add(10 * time.Second))
		}
		a := e.want(step.status, step.method, step.path, "")
		if a.header.Get(globalHeader) != step.global || a.header.Get(routeHeader) != step.route || a.header.Get(resetHeader) != end {
			t.Errorf("step %d: headers %v", i+1, a.header)
		}
		if step.status == 429 && a.code(t) != "rate_limited" {
			t.Errorf("step %d: %s", i+1, a.body)
		}
	}
}

func TestLimitedWriteHasNoEffect(t *testing.T) {
	e := start(t, Options{Now: newClock().Now, Limits: Limits{Global: 1}})
	e.post("a")
	e.want(429, "POST", rolesPath, role1("b", "n", ""))
	if e.Writes() != 1 || len(e.Roles()) != 1 {
		t.Errorf("%d writes", e.Writes())
	}
}

func TestRateHeaders(t *testing.T) {
	tests := map[string]struct{ global, route string }{"all": {"10000", "10000"}, "route": {"", "10000"}, "none": {"", ""}}
	for setting, want := range tests {
		a := behaving(t, "rateHeaders="+setting).want(200, "GET", rolesPath, "")
		if a.header.Get(globalHeader) != want.global || a.header.Get(routeHeader) != want.route || (a.header.Get(resetHeader) != "") != (want.route != "") {
			t.Errorf("%s: %v", setting, a.header)
		}
	}
}

// TestLimitsOfHolders: each route of members and teams has a limit of its own, whatever id or key.
func TestLimitsOfHolders(t *testing.T) {
	f := peopled(t, Options{Now: newClock().Now, Limits: Limits{Route: 1}})
	person := memberHref(f.member(bo))
	for _, path := range []string{membersPath, person, teamsPath, teamHref("checkout"), teamHref("checkout") + "/roles", teamHref("checkout") + "/maintainers"} {
		f.want(200, "GET", path, "")
		f.want(429, "GET", path, "")
	}
	f.want(429, "GET", teamHref("empty"), "")
	f.want(200, "PATCH", person, `[]`)
	f.want(429, "PATCH", person, `[{"op":"replace","path":"/role","value":"admin"}]`)
	if m := f.Members()[1]; m.Role != "reader" || f.Writes() != 1 {
		t.Errorf("a limited write had an effect: %+v", m)
	}
}
