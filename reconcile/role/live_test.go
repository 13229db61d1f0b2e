package role_test

import (
	"encoding/json"
	"testing"

	"github.com/rolewright/rolewright/reconcile/role"
)

func TestLiveDigest(t *testing.T) {
	t.Parallel()
	statement := role.Statement{Effect: role.Allow, Actions: []string{"b", "a"}, Resources: []string{"proj/*"}}
	base := func() role.Live {
		return role.Live{
			Role:             role.Role{Key: "qa", Policy: []role.Statement{statement}},
			ID:               "507f1f77bcf86cd799439011",
			PresetStatements: []role.Statement{statement},
			Extra:            map[string]json.RawMessage{"x": json.RawMessage(`1`)},
		}
	}
	for _, test := range []struct {
		name string
		same bool
		edit func(*role.Live)
	}{
		{"who holds it", true, func(l *role.Live) { l.Assigned = role.Assigned{Members: 3, Teams: 1} }},
		{"the server's text", true, func(l *role.Live) { l.Raw = json.RawMessage(`{}`) }},
		{"order in a preset statement", true, func(l *role.Live) {
			l.PresetStatements = []role.Statement{{Effect: role.Allow, Actions: []string{"a", "b"}, Resources: []string{"proj/*"}}}
		}},
		{"white space in an unknown field", true, func(l *role.Live) { l.Extra["x"] = json.RawMessage(" 1\n") }},
		{"id", false, func(l *role.Live) { l.ID = "507f1f77bcf86cd799439012" }},
		{"name", false, func(l *role.Live) { l.Name = "other" }},
		{"preset version", false, func(l *role.Live) { l.PresetVersion = 1 }},
		{"preset statements", false, func(l *role.Live) { l.PresetStatements = nil }},
		{"unknown field", false, func(l *role.Live) { l.Extra["x"] = json.RawMessage(`2`) }},
		{"no unknown field", false, func(l *role.Live) { l.Extra = nil }},
	} {
		l := base()
		test.edit(&l)
		if same := l.Digest() == base().Digest(); same != test.same {
			t.Errorf("%s: same digest: %v, want %v", test.name, same, test.same)
		}
	}
}

func TestDigestOfBrokenJSON(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a live role with broken JSON has a digest")
		}
	}()
	_ = role.Live{Extra: map[string]json.RawMessage{"x": json.RawMessage(`{`)}}.Digest()
}

func TestPreset(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		live role.Live
		want bool
	}{
		{role.Live{}, false},
		{role.Live{PresetVersion: 1}, true},
		{role.Live{PresetStatements: []role.Statement{{Effect: role.Allow}}}, true},
	} {
		if got := test.live.Preset(); got != test.want {
			t.Errorf("%+v: preset %v, want %v", test.live, got, test.want)
		}
	}
}

func TestAssignedNone(t *testing.T) {
	t.Parallel()
	for a, want := range map[role.Assigned]bool{{}: true, {Members: 1}: false, {Teams: 1}: false} {
		if got := a.None(); got != want {
			t.Errorf("%+v: none %v, want %v", a, got, want)
		}
	}
}
