package emulator

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// assigned is what the role of that key says of its holders.
func (f *fixture) assigned(key string) assignedTo {
	f.t.Helper()
	return *f.want(200, "GET", rolePath(key), "").role(f.t).AssignedTo
}

// TestDeleteHeldRole: a role goes once nobody holds it.
func TestDeleteHeldRole(t *testing.T) {
	f := peopled(t, Options{})
	if got := f.assigned("dev"); got != (assignedTo{Members: 2}) {
		t.Errorf("dev is held by %+v", got)
	}
	if got := f.assigned("ops"); got != (assignedTo{Members: 1, Teams: 1}) {
		t.Errorf("ops is held by %+v", got)
	}
	a := f.want(409, "DELETE", rolePath("ops"), "")
	if !strings.Contains(a.body, "members (1) or teams (1)") {
		t.Errorf("refused as %s", a.body)
	}
	f.want(200, "PATCH", memberHref(f.member(bo)), `[{"op":"replace","path":"/customRoles","value":[]}]`)
	f.want(409, "DELETE", rolePath("ops"), "")
	f.want(200, "PATCH", teamHref("checkout"), `{"instructions":[{"kind":"removeCustomRoles","values":["ops"]}]}`)
	f.want(204, "DELETE", rolePath("ops"), "")
	f.want(409, "DELETE", rolePath("dev"), "")
	f.want(204, "DELETE", memberHref(f.member(di)), "")
	f.want(204, "DELETE", rolePath("dev"), "")
	f.want(204, "DELETE", rolePath("idle"), "")
}

// TestAssignedIsAddedUp: what a test says of a role's holders counts besides those that it has.
func TestAssignedIsAddedUp(t *testing.T) {
	f := peopled(t, Options{})
	f.must(f.SetAssigned("ops", 10, 20))
	if got := f.assigned("ops"); got != (assignedTo{11, 21}) {
		t.Errorf("ops is held by %+v", got)
	}
	f.want(400, "PATCH", rolePath("ops"), `[{"op":"replace","path":"/assignedTo/membersCount","value":0}]`)
	f.want(200, "PATCH", rolePath("ops"), `[{"op":"test","path":"/assignedTo/membersCount","value":11}]`)
}

// TestAssignLagOfHolders: a delete sees those who lost a role, and no holder twice.
func TestAssignLagOfHolders(t *testing.T) {
	c := newClock()
	f := peopled(t, Options{Now: c.Now, Behaviour: Behaviour{AssignLag: 5 * time.Second}})
	c.advance(time.Minute)
	f.want(200, "PATCH", memberHref(f.member(bo)), `[{"op":"replace","path":"/role","value":"writer"}]`)
	f.want(200, "PATCH", memberHref(f.member(bo)), `[{"op":"replace","path":"/customRoles","value":[]}]`)
	f.want(200, "PATCH", teamHref("checkout"), `{"instructions":[{"kind":"updateName","value":"x"}]}`)
	f.want(200, "PATCH", teamHref("checkout"), `{"instructions":[{"kind":"removeCustomRoles","values":["ops"]}]}`)
	if got := f.assigned("ops"); got != (assignedTo{}) {
		t.Errorf("reads lag too: %+v", got)
	}
	if a := f.want(409, "DELETE", rolePath("ops"), ""); !strings.Contains(a.body, "members (1) or teams (1)") {
		t.Errorf("refused as %s", a.body)
	}
	if a := f.want(409, "DELETE", rolePath("dev"), ""); !strings.Contains(a.body, "members (2) or teams (0)") {
		t.Errorf("refused as %s", a.body)
	}
	c.advance(5 * time.Second)
	f.want(204, "DELETE", rolePath("ops"), "")
	if a := f.want(409, "DELETE", rolePath("dev"), ""); !strings.Contains(a.body, "members (1) or teams (0)") {
		t.Errorf("refused as %s", a.body)
	}
}

// TestReadLagOfHolders: members, teams and the counts of roles are seen as they were at one time.
func TestReadLagOfHolders(t *testing.T) {
	c := newClock()
	f := peopled(t, Options{Now: c.Now, Behaviour: Behaviour{ReadLag: 5 * time.Second}})
	c.advance(time.Minute)
	see := func() string {
		return f.want(200, "GET", membersPath+"?expand=roleAttributes", "").body + f.want(200, "GET", teamsPath+allParts, "").body + f.want(200, "GET", rolesPath, "").body
	}
	before := see()
	f.want(204, "DELETE", memberHref(f.member(di)), "")
	f.want(201, "POST", membersPath, `[{"email":"new@example.com","customRoles":["idle"],"teamKeys":["empty"]}]`)
	c.advance(2 * time.Second)
	f.want(200, "PATCH", teamHref("checkout"), `{"instructions":[{"kind":"addCustomRoles","values":["idle"]}]}`)
	f.want(200, "PATCH", memberHref(f.member(bo)), `[{"op":"replace","path":"/customRoles","value":[]}]`)
	f.want(204, "DELETE", rolePath("dev"), "")
	if now := see(); now != before {
		t.Errorf("sees\n%s\nwant\n%s", now, before)
	}
	c.advance(3 * time.Second)
	if got := f.holders(membersPath).names(); !slices.Equal(got, []string{ana, bo, cy, "new@example.com"}) {
		t.Errorf("sees %q", got)
	}
	if got := f.assigned("idle"); got != (assignedTo{Members: 1}) {
		t.Errorf("sees idle held by %+v", got)
	}
	c.advance(2 * time.Second)
	if got := f.assigned("idle"); got != (assignedTo{1, 1}) {
		t.Errorf("sees idle held by %+v", got)
	}
	f.want(404, "GET", rolePath("dev"), "")
}

// TestReadLagOfOneKind: a change of one kind alone is hidden too.
func TestReadLagOfOneKind(t *testing.T) {
	for path, body := range map[string]string{
		membersPath:       `{"instructions":[{"kind":"replaceAllMembersCustomRoles","values":["idle"]}]}`,
		teamHref("empty"): `{"instructions":[{"kind":"addCustomRoles","values":["idle"]}]}`,
		rolePath("idle"):  `{"merge":{"name":"Renamed"}}`,
	} {
		c := newClock()
		f := peopled(t, Options{Now: c.Now, Behaviour: Behaviour{ReadLag: time.Second}})
		c.advance(time.Minute)
		see := func() string {
			return f.want(200, "GET", membersPath, "").body + f.want(200, "GET", teamsPath+allParts, "").body + f.want(200, "GET", rolesPath, "").body
		}
		before := see()
		f.want(200, "PATCH", path, body)
		if see() != before {
			t.Errorf("%s: seen at once", path)
		}
		c.advance(time.Second)
		if see() == before {
			t.Errorf("%s: never seen", path)
		}
	}
}

func TestDeletedRole(t *testing.T) {
	for setting, left := range map[string]int{"keep": 1, "drop": 0} {
		f := peopled(t, Options{Behaviour: Behaviour{DeletedRole: setting}})
		id := f.role("ops")
		version := f.Members()[3].Version
		f.must(f.Remove("ops"))
		m, team := f.Members()[1], f.Teams()[0]
		if len(m.CustomRoles) != 1+left || slices.Contains(m.CustomRoles, id) != (left == 1) || len(team.CustomRoles) != left {
			t.Errorf("%s: left %q and %q", setting, m.CustomRoles, team.CustomRoles)
		}
		if f.Members()[3].Version != version {
			t.Errorf("%s: a member without the role changed", setting)
		}
		if got := f.holder(teamHref("checkout") + allParts); *got.Roles.Total != 0 {
			t.Errorf("%s: the team lists %q", setting, got.Roles.keys())
		}
		f.want(201, "POST", rolesPath, role1("ops", "again", ""))
		if got := f.assigned("ops"); got != (assignedTo{}) {
			t.Errorf("%s: the new role is held by %+v", setting, got)
		}
		f.consistent()
	}
}

// TestSync: what an identity provider gave comes back, for members that it owns.
func TestSync(t *testing.T) {
	f := peopled(t, Options{})
	f.must(f.AddMember(Member{Email: "synced@example.com", Synced: true, CustomRoles: []string{"ops"}, RoleAttributes: map[string][]string{"p": {"x"}}}))
	path := memberHref(f.member("synced@example.com"))
	if got := f.holder(path); len(got.Integration) == 0 {
		t.Errorf("does not say so: %+v", got)
	}
	if got := f.holder(memberHref(f.member(bo))); got.Integration != nil {
		t.Errorf("says so of %+v", got)
	}
	was := f.Members()[4]
	f.want(200, "PATCH", path, `[{"op":"replace","path":"/customRoles","value":["dev"]},{"op":"replace","path":"/roleAttributes","value":{}}]`)
	f.bulk(`{"kind":"replaceAllMembersRoles","value":"writer"}`)
	if got := f.Members()[4]; got.Role != "writer" || len(got.CustomRoles) != 0 {
		t.Errorf("the change did not succeed: %+v", got)
	}
	f.must(f.Sync())
	got := f.Members()[4]
	if got.Role != was.Role || cmp.Diff(got.CustomRoles, was.CustomRoles) != "" || cmp.Diff(got.RoleAttributes, was.RoleAttributes) != "" || got.Given != nil {
		t.Errorf("came back as %+v, was %+v", got, was)
	}
	if f.Members()[2].Role != "writer" || f.Members()[1].Role != "writer" {
		t.Errorf("others came back too: %+v", f.Members())
	}
	f.bulk(`{"kind":"replaceAllMembersRoles","value":"writer"}`)
	f.must(f.Sync())
	if got := f.Members()[4]; got.Role != was.Role || cmp.Diff(got.CustomRoles, was.CustomRoles) != "" {
		t.Errorf("after a patch of all it came back as %+v, was %+v", got, was)
	}
	f.want(200, "PATCH", path, `[{"op":"replace","path":"/role","value":"admin"}]`)
	f.must(f.EditMember("synced@example.com", func(m *Member) { m.Role = "no_access" })) // what the provider gives now
	f.must(f.Sync())
	if got := f.Members()[4]; got.Role != "no_access" {
		t.Errorf("came back as %+v", got)
	}
	f.consistent()
}

func TestSyncedTeamSaysSo(t *testing.T) {
	f := start(t, Options{})
	f.must(f.AddTeam(Team{Key: "s", Synced: true}))
	if !f.holder(teamHref("s")).Synced {
		t.Error("does not say so")
	}
}

func TestOutsideEditsOfHolders(t *testing.T) {
	f := peopled(t, Options{})
	id := f.member(bo)
	f.must(f.EditMember(strings.ToUpper(bo), func(m *Member) {
		m.Email, m.ID, m.CustomRoles = "Renamed@example.com", "", []string{"idle", "stranger"}
	}))
	if m := f.holder(memberHref(id)); m.Email != "Renamed@example.com" || !slices.Equal(m.CustomRoles, []string{f.role("idle"), "stranger"}) || m.Version != 2 {
		t.Errorf("reads %+v", m)
	}
	f.must(f.EditTeam("checkout", func(team *Team) { team.Members, team.CustomRoles = []string{cy, "stranger"}, nil }))
	if got := f.Teams()[0]; !slices.Equal(got.Members, []string{f.member(cy), "stranger"}) || len(got.Applied) != 0 {
		t.Errorf("holds %+v", got)
	}
	for name, err := range map[string]error{
		"member there":   f.AddMember(Member{Email: "ANA@EXAMPLE.COM"}),
		"id there":       f.AddMember(Member{Email: "x@example.com", ID: id}),
		"team there":     f.AddTeam(Team{Key: "empty"}),
		"edit none":      f.EditMember("none", func(*Member) { t.Error("called") }),
		"edit no team":   f.EditTeam("none", func(*Team) { t.Error("called") }),
		"remove none":    f.RemoveMember("none"),
		"remove no team": f.RemoveTeam("none"),
		"address taken":  f.EditMember(cy, func(m *Member) { m.Email = ana }),
		"key taken":      f.EditTeam("empty", func(team *Team) { team.Key = "checkout" }),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	f.must(f.RemoveTeam("checkout"))
	f.must(f.RemoveMember(id))
	if f.Writes() != 0 || len(f.Members()) != 3 || len(f.Teams()) != 1 {
		t.Errorf("%d writes, %d members, %d teams", f.Writes(), len(f.Members()), len(f.Teams()))
	}
	f.must(f.AddMember(Member{Email: "odd@example.com", ID: "An Id"}))
	f.must(f.EditMember("An Id", func(m *Member) { m.Role = "admin" }))
	f.must(f.RemoveMember("An Id"))
}

func TestHoldersAreCopies(t *testing.T) {
	attributes := map[string][]string{"p": {"x"}}
	grants := []Grant{{Actions: []string{"a"}, Members: []string{"m"}}}
	f := start(t, Options{})
	f.must(f.AddMember(Member{Email: "a", RoleAttributes: attributes, CustomRoles: []string{"r"}, Given: &Given{CustomRoles: []string{"r"}, RoleAttributes: attributes}}))
	f.must(f.AddTeam(Team{Key: "a", RoleAttributes: attributes, CustomRoles: []string{"r"}, Members: []string{"m"}, Grants: grants}))
	members, teams := asText(t, f.Members()), asText(t, f.Teams())
	attributes["p"][0], grants[0].Actions[0], grants[0].Members[0] = "changed", "changed", "changed"
	m, team := f.Members()[0], f.Teams()[0]
	m.CustomRoles[0], m.RoleAttributes["p"][0], m.Given.CustomRoles[0], m.Given.RoleAttributes["p"][0] = "c", "c", "c", "c"
	team.CustomRoles[0], team.Members[0], team.RoleAttributes["p"][0], team.Grants[0].Actions[0], team.Applied["r"] = "c", "c", "c", "c", 1
	if asText(t, f.Members()) != members || asText(t, f.Teams()) != teams {
		t.Error("the account shares memory with its user")
	}
}

// TestNoLostMembership: of members that join and leave at once each is where it was put.
func TestNoLostMembership(t *testing.T) {
	const n = 40
	f := start(t, Options{})
	f.must(f.Add(Role{Key: "r", Name: "n"}))
	f.must(f.AddTeam(Team{Key: "t", Name: "n"}))
	for i := range n {
		f.must(f.AddMember(Member{Email: fmt.Sprintf("m%d@example.com", i)}))
	}
	members := f.Members()
	var made atomic.Int32
	parallel(n, func(i int) {
		id := members[i].ID
		f.want(200, "PATCH", teamHref("t"), fmt.Sprintf(`{"instructions":[{"kind":"addMembers","values":[%q]}]}`, id))
		f.want(200, "PATCH", memberHref(id), `[{"op":"add","path":"/customRoles/-","value":"r"}]`)
		if f.do("POST", membersPath, `[{"email":"same@example.com","role":"reader"},{"email":"other`+fmt.Sprint(i)+`@example.com","role":"reader"}]`).status == 201 {
			made.Add(1)
		}
		if f.do("POST", teamsPath, `{"key":"same","name":"n"}`).status == 201 {
			made.Add(1)
		}
		_ = f.holders(membersPath + "?limit=1000")
		_ = f.holders(teamsPath + allParts)
	})
	if made.Load() != 2 || len(f.Members()) != n+2 || len(f.Teams()[0].Members) != n || f.assigned("r").Members != n {
		t.Errorf("%d made, %d members, %d in the team, %+v hold the role", made.Load(), len(f.Members()), len(f.Teams()[0].Members), f.assigned("r"))
	}
	f.consistent()
}

// TestAnyHistory: whatever is done in whatever order, the account agrees with itself, and is the same
// when it is opened again.
func TestAnyHistory(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		file := scratch(t)
		deleted := rapid.SampledFrom([]string{"keep", "drop"}).Draw(rt, "deleted")
		opts := Options{File: file, NoSync: true, Now: newClock().Now, Rand: strings.NewReader("0123456789abcdef"), Behaviour: Behaviour{
			DeletedRole: deleted, DeleteHeldByMembers: "allow", DeleteHeldByTeams: "allow", DeleteTeamWithMembers: "allow", UnknownMember: "ignore",
		}}
		e, err := New(opts)
		if err != nil {
			rt.Fatal(err)
		}
		f := &fixture{e, t, Transport(e), "http://emulator", "token", "20240415"}
		word := func(kind string) string { return fmt.Sprintf("%s%d", kind, rapid.IntRange(0, 3).Draw(rt, kind)) }
		id := func() string {
			if list := f.Members(); len(list) > 0 {
				return rapid.SampledFrom(list).Draw(rt, "member").ID
			}
			return "none"
		}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			var a answer
			switch rapid.IntRange(0, 8).Draw(rt, "step") {
			case 0:
				a = f.do("POST", rolesPath, role1(word("r"), "n", ""))
			case 1:
				a = f.do("DELETE", rolePath(word("r")), "")
			case 2:
				a = f.do("POST", membersPath, fmt.Sprintf(`[{"email":"%s@example.com","role":"reader","customRoles":[%q],"teamKeys":[%q]}]`, word("m"), word("r"), word("t")))
			case 3:
				a = f.do("DELETE", memberHref(id()), "")
			case 4:
				a = f.do("PATCH", memberHref(id()), fmt.Sprintf(`[{"op":"add","path":"/customRoles/-","value":%q}]`, word("r")))
			case 5:
				a = f.do("POST", teamsPath, fmt.Sprintf(`{"key":%q,"name":"n","customRoleKeys":[%q],"memberIDs":[%q]}`, word("t"), word("r"), id()))
			case 6:
				a = f.do("DELETE", teamHref(word("t")), "")
			case 7:
				kind := rapid.SampledFrom([]string{"addMembers", "removeMembers", "replaceMembers"}).Draw(rt, "kind")
				a = f.do("PATCH", teamHref(word("t")), fmt.Sprintf(`{"instructions":[{"kind":%q,"values":[%q]},{"kind":"addCustomRoles","values":[%q]}]}`, kind, id(), word("r")))
			case 8:
				a = f.do("PATCH", membersPath, fmt.Sprintf(`{"instructions":[{"kind":"replaceAllMembersCustomRoles","values":[%q]}]}`, word("r")))
			}
			if a.status >= 500 {
				rt.Fatalf("%+v", a)
			}
			f.consistent()
		}
		see := func(f *fixture) string {
			return f.want(200, "GET", membersPath+"?limit=100&expand=roleAttributes", "").body + f.want(200, "GET", teamsPath+allParts, "").body + f.want(200, "GET", rolesPath, "").body
		}
		before := see(f)
		if err := e.Close(); err != nil {
			rt.Fatal(err)
		}
		again, err := New(opts)
		if err != nil {
			rt.Fatal(err)
		}
		defer again.Close()
		if after := see(&fixture{again, t, Transport(again), "http://emulator", "token", "20240415"}); after != before {
			rt.Fatalf("reopened\n%s\nwant\n%s", after, before)
		}
	})
}
