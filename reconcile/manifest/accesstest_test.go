package manifest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/role"
)

// TestAccessTestPositions reads tests of every form: all values and places.
func TestAccessTestPositions(t *testing.T) {
	w, findings := loadOn(t, time.Time{}, map[string]string{"tests/a.yaml": `# what must hold
kind: AccessTest
name: "développeurs"
because: contrats
as:
  role: developer
  roleAttributes: {projects: [web, 'app']}
can: updateOn on proj/web:env/*:flag/*
canSome:
  - "createFlag on proj/web:env/*:flag/*"
  - >-
    deleteFlag on
    proj/web:env/*:flag/*
cannot: [&all "* on role/*", *all]
within: staff
equals: 'other'
---
kind: AccessTest
name: nobody
nobody: ["* on role/*"]
except:
  roles: [admin, role-admin]
  teams: [web]
  members: [Ana@example.com]
---
{kind: AccessTest, name: somebody, somebody: "* on role/*", atLeast: 2}
---
kind: AccessTest
name: two
noOneBoth: [a, "b, c"]
resources: ["proj/*", "proj/web"]
---
kind: AccessTest
name: up
noEscalation: "* on role/*"
---
kind: AccessTest
name: gates
changes:
  - {when: "gain on role/*", require: fail}
  - require: allow-risk
    when: loss on role/*
---
kind: AccessTest
name: team
as: {team: web}
within: staff
---
kind: AccessTest
name: member
as: {member: ana@example.com}
equals: staff
`})
	if diff := cmp.Diff([]string{"test/duplicate 14:15"}, shorts(findings)); diff != "" {
		t.Fatal(diff)
	}
	at := func(line, column int) role.Pos { return role.Pos{Line: line, Column: column} }
	text := func(s string, line, column int) role.TestText { return role.TestText{Text: s, Pos: at(line, column)} }
	ref := func(t role.TestText) *role.TestText { return &t }
	source := func(doc, line, column int) role.TestSource {
		return role.TestSource{File: "tests/a.yaml", Pos: at(doc, 1), Name: at(line, column)}
	}
	boxes := []role.TestText{text("* on role/*", 14, 15), text("* on role/*", 14, 15)}
	want := []role.AccessTest{{
		Name: "développeurs", Because: "contrats", AtLeast: 1, Source: source(2, 3, 7),
		As: &role.TestSubject{
			Role: "developer", Pos: at(6, 9), RoleAttributes: role.Attributes{"projects": {"web", "app"}},
			Attributes: map[string][]role.Pos{"projects": {at(7, 31), at(7, 36)}},
		},
		Can:     []role.TestText{text("updateOn on proj/web:env/*:flag/*", 8, 6)},
		CanSome: []role.TestText{text("createFlag on proj/web:env/*:flag/*", 10, 5), text("deleteFlag on proj/web:env/*:flag/*", 11, 5)},
		Cannot:  boxes, Within: ref(text("staff", 15, 9)), Equals: ref(text("other", 16, 9)),
	}, {
		Name: "nobody", AtLeast: 1, Source: source(18, 19, 7), Nobody: []role.TestText{text("* on role/*", 20, 10)},
		Except: role.TestExcept{
			Roles: []role.TestText{text("admin", 22, 11), text("role-admin", 22, 18)},
			Teams: []role.TestText{text("web", 23, 11)}, Members: []role.TestText{text("Ana@example.com", 24, 13)},
		},
	}, {
		Name: "somebody", AtLeast: 2, AtLeastPos: at(26, 70), Somebody: []role.TestText{text("* on role/*", 26, 46)}, Source: source(26, 26, 26),
	}, {
		Name: "two", AtLeast: 1, NoOneBoth: []role.TestText{text("a", 30, 13), text("b, c", 30, 16)},
		Resources: []role.TestText{text("proj/*", 31, 13), text("proj/web", 31, 23)}, Source: source(28, 29, 7),
	}, {
		Name: "up", AtLeast: 1, NoEscalation: []role.TestText{text("* on role/*", 35, 15)}, Source: source(33, 34, 7),
	}, {
		Name: "gates", AtLeast: 1, Changes: []role.TestGate{
			{When: text("gain on role/*", 40, 12), Require: text("fail", 40, 39)},
			{When: text("loss on role/*", 42, 11), Require: text("allow-risk", 41, 14)},
		}, Source: source(37, 38, 7),
	}, {
		Name: "team", AtLeast: 1, As: &role.TestSubject{Team: "web", Pos: at(46, 12)}, Within: ref(text("staff", 47, 9)), Source: source(44, 45, 7),
	}, {
		Name: "member", AtLeast: 1, As: &role.TestSubject{Member: "ana@example.com", Pos: at(51, 14)}, Equals: ref(text("staff", 52, 9)), Source: source(49, 50, 7),
	}}
	if diff := cmp.Diff(want, w.Tests); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if w.Documents != 8 || len(w.Roles)+len(w.Teams)+len(w.Members) != 0 {
		t.Errorf("%d documents, %d roles", w.Documents, len(w.Roles))
	}
}

// TestBadAccessTests: each mistake is one finding, at its place.
func TestBadAccessTests(t *testing.T) {
	const head, can = "kind: AccessTest\nname: t1\n", "can: '* on role/*'\n"
	for text, want := range map[string]string{
		"kind: AccessTest\nas: {role: a}\n" + can: `schema/required 1:1 "name" is missing | add "name"`,
		head: `schema/required 1:1 one of "as" and "nobody" and "somebody" and "noOneBoth" and "noEscalation" and "changes" is missing | write exactly one of them`,
		head + "as: {role: a}\nnobody: '* on role/*'\n" + can:                          `schema/exclusive 4:1 "as" and "nobody" exclude each other | keep one of them`,
		head + "as: {role: a}\n":                                                       `test/nothing 3:1 "as" asserts nothing: one of "can", "canSome", "cannot", "within" and "equals" is missing | say what must hold`,
		head + "nobody: '* on role/*'\n" + can:                                         `test/form 4:1 "can" says nothing without "as" | write "as" too, or remove it`,
		head + "nobody: '* on role/*'\natLeast: 1\n":                                   `test/form 4:1 "atLeast" says nothing without "somebody" | write "somebody" too, or remove it`,
		head + "nobody: '* on role/*'\nresources: 'role/*'\n":                          `test/form 4:1 "resources" says nothing without "noOneBoth" | write "noOneBoth" too, or remove it`,
		head + "as: {role: a}\nexcept: {roles: [a]}\n" + can:                           `test/form 4:1 "except" says nothing without "nobody" | write "nobody" too, or remove it`,
		head + "noOneBoth: [a, b]\n":                                                   `test/nothing 3:1 "noOneBoth" asserts nothing: "resources" is missing | say what must hold`,
		head + "noOneBoth: [a]\nresources: [b]\n":                                      `schema/empty 3:12 "noOneBoth" has 1 of 2 elements | `,
		head + "noOneBoth: [a, b, c]\nresources: [b]\n":                                `schema/size 3:1 "noOneBoth" has 3 elements, at most 2 are allowed | `,
		head + "as: {}\n" + can:                                                        `schema/required 3:1 one of "role" and "member" and "team" is missing | write exactly one of them`,
		head + "as: {role: a, team: b}\n" + can:                                        `schema/exclusive 3:15 "role" and "team" exclude each other | keep one of them`,
		head + "as: {rol: a}\n" + can:                                                  `schema/unknown-key 3:6 unknown key "rol" | did you mean "role"?`,
		head + "as: a\n" + can:                                                         `schema/type 3:5 "as" is text, want a mapping | `,
		head + "as: {role: 1}\n" + can:                                                 `schema/type 3:12 "role" is a number, want text | quote it: "1"`,
		head + "as: {role: 'a b'}\n" + can:                                             `test/role 3:12 key "a b": use letters, digits, "_", "." and "-", and start with a letter or digit | `,
		head + "as: {role: аdmin}\n" + can:                                             `role/ascii 3:12 U+0430 ('а') in "аdmin": keys, actions and resources are printable ASCII without spaces | look-alikes of ASCII characters are other characters to LaunchDarkly`,
		head + "as: {role: admin}\n" + can:                                             `test/role 3:12 key "admin" is the name of a base role of LaunchDarkly | `,
		head + "as: {team: 'a/b'}\n" + can:                                             `test/team 3:12 key "a/b": use letters, digits, "_", "." and "-", and start with a letter or digit | `,
		head + "as: {member: ana}\n" + can:                                             `test/member 3:14 "ana" is no e-mail address: it has no "@" | `,
		head + "as: {member: 'mailto:ana@example.com'}\n" + can:                        `test/member 3:14 "mailto:ana@example.com" is no e-mail address: "mailto:ana" before the "@" is not a mailbox | did you mean "ana@example.com"?`,
		head + "as: {team: a, roleAttributes: {p: [q]}}\n" + can:                       `test/attributes 3:15 role attributes are given, and the test is about no role | remove them: a member or a team has its own`,
		head + "as: {role: a, roleAttributes: {p: ['*']}}\n" + can:                     `attribute/value 3:37`,
		head + "as: {role: a}\ncan: []\n":                                              `schema/empty 4:6 "can" is empty | `,
		head + "as: {role: a}\ncan: ''\n":                                              `schema/empty 4:6 "can" is empty | `,
		head + "as: {role: a}\ncan: {a: b}\n":                                          `schema/type 4:6 "can" is a mapping, want text or a list | `,
		head + "as: {role: a}\ncan: [1]\n":                                             `schema/type 4:7 an element of "can" is a number, want text | quote it: "1"`,
		head + "as: {role: a}\ncan: 'updateОn on role/*'\n":                            `role/ascii 4:13`,
		head + "as: {role: a}\nwithin: a/b\n":                                          `test/role 4:9`,
		head + "as: {role: a}\nwithin: [a]\n":                                          `schema/type 4:9 "within" is a list, want text | `,
		head + "somebody: '* on role/*'\natLeast: 0\n":                                 `schema/range 4:10 "atLeast" is 0, want 1 or more | `,
		head + "somebody: '* on role/*'\natLeast: two\n":                               `schema/type 4:10 "atLeast" is text, want a whole number | `,
		head + "nobody: '* on role/*'\nexcept: {}\n":                                   `schema/empty 4:9 "except" is empty | `,
		head + "nobody: '* on role/*'\nexcept: a\n":                                    `schema/type 4:9 "except" is text, want a mapping | `,
		head + "nobody: '* on role/*'\nexcept: {roles: []}\n":                          `schema/empty 4:17 "roles" is empty | `,
		head + "nobody: '* on role/*'\nexcept: {roles: a}\n":                           `schema/type 4:17 "roles" is text, want a list | `,
		head + "nobody: '* on role/*'\nexcept: {roles: [a/b]}\n":                       `test/role 4:18`,
		head + "nobody: '* on role/*'\nexcept: {teams: [a/b]}\n":                       `test/team 4:18`,
		head + "nobody: '* on role/*'\nexcept: {members: [ana]}\n":                     `test/member 4:20`,
		head + "nobody: '* on role/*'\nexcept: {role: [a]}\n":                          `schema/unknown-key 4:10 unknown key "role" | did you mean "roles"?`,
		head + "changes: [{when: gain on role/*}]\n":                                   `schema/required 3:11 "require" is missing | add "require"`,
		head + "changes: [{when: gain on role/*, require: allow-risks}]\n":             `schema/enum 3:43 "require" is "allow-risks", want "allow-risk" or "fail" | did you mean "allow-risk"?`,
		head + "changes: [a]\n":                                                        `schema/type 3:11 an element of "changes" is text, want a mapping | `,
		head + "changes: a\n":                                                          `schema/type 3:10 "changes" is text, want a list | `,
		"kind: AccessTest\nname: ' n'\nnobody: '* on role/*'\n":                        `role/name 2:7`,
		"kind: AccessTest\nname: ''\nnobody: '* on role/*'\n":                          `schema/empty 2:7 "name" is empty | `,
		head + "because: e\u0301\nnobody: '* on role/*'\n":                             `bytes/character 3:10`,
		head + "nobody: '* on role/*'\n---\n" + head + "noEscalation: '* on role/*'\n": `test/duplicate-name 6:7 two access tests have the name "t1" | give one of them another name`,
		head + "on: 'role/*'\nnoOneBoth: [a, b]\nresources: [role/*]\n":                `yaml/key 3:1`,
		"kind: accessTest\nname: t1\n":                                                 `kind/unknown 1:7 unknown kind "accessTest" | did you mean "AccessTest"?`,
	} {
		_, findings := loadOn(t, time.Time{}, map[string]string{"tests/a.yaml": text})
		got := []string{}
		for i, f := range findings {
			got = append(got, shorts(findings)[i]+" "+f.Message+" | "+f.Hint)
		}
		if len(got) != 1 || !strings.HasPrefix(got[0], want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
