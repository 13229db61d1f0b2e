package role_test

import (
	"encoding/json"
	"testing"

	"github.com/rolewright/rolewright/reconcile/role"
)

func TestAttributes(t *testing.T) {
	a := role.Attributes{"projects": {"web", "app", "web"}, "empty": {}}
	b := role.Attributes{"projects": {"app", "web"}}
	if !a.Equal(b) || !b.Equal(a) || !role.Attributes(nil).Equal(role.Attributes{"x": nil}) {
		t.Error("order, repetition and emptiness carry no meaning")
	}
	if a.Equal(role.Attributes{"projects": {"app"}}) || a.Equal(role.Attributes{"project": {"app", "web"}}) {
		t.Error("other values or another name are something else")
	}
	a.Normal()["projects"][0] = "changed"
	if a["projects"][0] != "web" {
		t.Error("the normal form shares memory")
	}
}

func TestHolderDigests(t *testing.T) {
	team := role.LiveTeam{Team: role.Team{Key: "web", CustomRoles: []string{"b", "a"}, RoleAttributes: role.Attributes{"p": {"y", "x"}}}, Members: []string{"1"}}
	same := role.LiveTeam{Team: role.Team{Key: "web", CustomRoles: []string{"a", "b", "b"}, RoleAttributes: role.Attributes{"p": {"x", "y"}}}, Version: 3}
	if team.Digest() != same.Digest() || team.Team.Digest() != same.Team.Digest() {
		t.Error("order, members and version carry no meaning")
	}
	member := role.LiveMember{ID: "1", Member: role.Member{Email: "ana@example.com", Role: role.Reader, CustomRoles: []string{"b", "a"}}, Teams: []string{"web"}}
	moved := member
	moved.CustomRoles, moved.Teams, moved.Version = []string{"a", "b"}, nil, 9
	if member.Digest() != moved.Digest() || member.Member.Digest() != moved.Member.Digest() {
		t.Error("order, teams and version carry no meaning")
	}
	for name, other := range map[string]func() string{
		"role":     func() string { m := member; m.Role = role.NoAccess; return m.Digest() },
		"held":     func() string { m := member; m.CustomRoles = []string{"a"}; return m.Digest() },
		"id":       func() string { m := member; m.ID = "2"; return m.Digest() },
		"stranger": func() string { m := member; m.Strangers = []string{"x"}; return m.Digest() },
		"new": func() string {
			m := member
			m.Extra = map[string]json.RawMessage{"x": json.RawMessage("1")}
			return m.Digest()
		},
		"synced": func() string { m := member; m.Synced = true; return m.Digest() },
	} {
		if other() == member.Digest() {
			t.Errorf("%s: the digest does not see it", name)
		}
	}
	if role.CompareMembers(member, role.LiveMember{Member: role.Member{Email: "bo@example.com"}}) >= 0 {
		t.Error("members go by their e-mail address")
	}
	if data, err := json.Marshal((role.Team{Key: "web"}).Normal()); err != nil || string(data) != `{"key":"web","name":"","description":"","customRoles":[],"roleAttributes":{}}` {
		t.Errorf("%s %v", data, err)
	}
}
