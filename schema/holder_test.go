package schema

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValidateTeam(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
	}{
		"smallest": {"kind: Team\nkey: a", []string{}},
		"full": {`
kind: Team
key: checkout
name: Checkout
description: d
create: true
customRoles: [a, {role: b, expires: "2026-12-31"}, {role: c}]
roleAttributes: {projects: [web]}
`, []string{}},
		"empty":          {"kind: Team\nkey: a\ncustomRoles: []\nroleAttributes: {}", []string{}},
		"create: false":  {"kind: Team\nkey: a\ncreate: false", []string{}},
		"nothing":        {"kind: Team", []string{` required: "key" is missing | add "key"`}},
		"create no name": {"kind: Team\nkey: a\ncreate: true", []string{` required: "name" is missing | add "name"`}},
		"another kind":   {"kind: Member\nkey: a", []string{`/kind enum: "kind" is "Member", want "Team"`}},
		"e-mail of a team": {"kind: Team\nkey: a\nemail: a@example.com", []string{
			`/email^ additionalProperties: unknown key "email" | known keys are "create", "customRoles", "description", "key", "kind", "name", "roleAttributes"`,
		}},
		"misspelt": {"kind: Team\nkey: a\ncustomRole: []", []string{`/customRole^ additionalProperties: unknown key "customRole" | did you mean "customRoles"?`}},
		"text as list": {"kind: Team\nkey: a\ncustomRoles: b\nroleAttributes: [a]", []string{
			`/customRoles type: "customRoles" is text, want a list`,
			`/roleAttributes type: "roleAttributes" is a list, want a mapping`,
		}},
		"items": {"kind: Team\nkey: a\ncustomRoles: [1, {}, {role: b, expire: c}, {role: 2}]", []string{
			`/customRoles/0 type: an element of "customRoles" is a number, want text or a mapping`,
			`/customRoles/1 required: "role" is missing | add "role"`,
			`/customRoles/2/expire^ additionalProperties: unknown key "expire" | did you mean "expires"?`,
			`/customRoles/3/role type: "role" is a number, want text`,
		}},
		"values": {"kind: Team\nkey: a\nroleAttributes: {p: web, q: [], r: [1]}", []string{
			`/roleAttributes/p type: "p" is text, want a list`,
			`/roleAttributes/q minItems: "q" is empty`,
			`/roleAttributes/r/0 type: an element of "r" is a number, want text`,
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, lines(Validate("team", valueOf(t, test.text)))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestValidateMember(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
	}{
		"smallest": {"kind: Member\nemail: a@example.com", []string{}},
		"full":     {"kind: Member\nemail: a@example.com\nrole: no_access\ncustomRoles: [a]\nroleAttributes: {p: [web]}", []string{}},
		"nothing":  {"kind: Member", []string{` required: "email" is missing | add "email"`}},
		"key":      {"kind: Member\nemail: a@example.com\nkey: a", []string{`/key^ additionalProperties: unknown key "key" | known keys are "customRoles", "email", "kind", "role", "roleAttributes"`}},
		"role": {"kind: Member\nemail: a@example.com\nrole: writter", []string{
			`/role enum: "role" is "writter", want "reader", "writer", "admin" or "no_access" | did you mean "writer"?`,
		}},
		"create": {"kind: Member\nemail: a@example.com\ncreate: true", []string{`/create^ additionalProperties: unknown key "create" | known keys are "customRoles", "email", "kind", "role", "roleAttributes"`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, lines(Validate("member", valueOf(t, test.text)))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestEditorPicksTheKind: an editor has one schema for every kind of document, which agrees with
// the one that the document is judged by.
func TestEditorPicksTheKind(t *testing.T) {
	source, err := Source("role")
	if err != nil {
		t.Fatal(err)
	}
	whole, err := compileSource("https://example.org/whole.json", source)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		goodRole + "policy: []", goodRole, "kind: Role\nkey: a\nstate: absent", "kind: Role\nemail: a@example.com",
		"kind: Team\nkey: a", "kind: Team", "kind: Team\nkey: a\npolicy: []", "kind: Team\nkey: a\ncustomRoles: [{role: a, expires: tomorrow}]",
		"kind: Team\nkey: a\nroleAttributes: {p: ['*']}", "kind: Team\nkey: a\nroleAttributes: {'a b': [c]}",
		"kind: Member\nemail: a@example.com", "kind: Member\nkey: a", "kind: Member\nemail: ana", "kind: Member\nemail: a@example.com\nrole: owner",
		"kind: AccessTest\nname: x\nnobody: a", "kind: AccessTest\nname: x", "kind: AccessTest\nname: x\nas: {role: a, team: b}\ncan: c",
	} {
		value := valueOf(t, text)
		kind := value.(map[string]any)["kind"].(string)
		kind = strings.ToLower(kind[:1]) + kind[1:]
		if alone, both := len(Validate(kind, value)) == 0, whole.Validate(value) == nil; alone != both {
			t.Errorf("%q: by its kind %v, by the whole schema %v", text, alone, both)
		}
	}
	for _, text := range []string{"kind: Rolle\nkey: a", "key: a", "[]"} {
		if whole.Validate(valueOf(t, text)) == nil {
			t.Errorf("%q is accepted", text)
		}
	}
	var kinds struct {
		Properties struct{ Kind struct{ Enum []string } }
	}
	if err := json.Unmarshal(source, &kinds); err != nil || len(kinds.Properties.Kind.Enum) != 4 {
		t.Errorf("an editor offers the kinds %v (%v)", kinds.Properties.Kind.Enum, err)
	}
}

func TestValidateAccessTest(t *testing.T) {
	const head = "kind: AccessTest\nname: x\n"
	tests := map[string]struct {
		text string
		want []string
	}{
		"as a role":  {head + "because: y\nas: {role: a, roleAttributes: {p: [q]}}\ncan: [a, b]\ncanSome: a\ncannot: [a]\nwithin: b\nequals: c", []string{}},
		"member":     {head + "as: {member: ana@example.com}\ncan: a", []string{}},
		"team":       {head + "as: {team: a}\ncan: a", []string{}},
		"nobody":     {head + "nobody: a\nexcept: {roles: [a], teams: [b], members: [a@b.c]}", []string{}},
		"somebody":   {head + "somebody: [a]\natLeast: 2", []string{}},
		"two":        {head + "noOneBoth: [a, b]\nresources: c", []string{}},
		"up":         {head + "noEscalation: a", []string{}},
		"gates":      {head + "changes: [{when: a, require: fail}, {when: b, require: allow-risk}]", []string{}},
		"two forms":  {head + "nobody: a\nsomebody: b", []string{`/somebody^ oneOf: "nobody" and "somebody" exclude each other | keep one of them`}},
		"misspelt":   {head + "nobdy: a", []string{`/nobdy^ additionalProperties: unknown key "nobdy" | did you mean "nobody"?`}},
		"one of two": {head + "noOneBoth: [a]\nresources: c", []string{`/noOneBoth minItems: "noOneBoth" has 1 of 2 elements`}},
		"items":      {head + "nobody: [1, '']", []string{`/nobody/0 type: an element of "nobody" is a number, want text`, `/nobody/1 minLength: an element of "nobody" is empty`}},
		"gate":       {head + "changes: [{when: a, requires: fail}]", []string{`/changes/0/requires^ additionalProperties: unknown key "requires" | did you mean "require"?`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, lines(Validate("accessTest", valueOf(t, test.text)))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
