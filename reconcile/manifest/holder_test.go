package manifest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
	"github.com/rolewright/rolewright/reconcile/manifest/layout"
	"github.com/rolewright/rolewright/reconcile/role"
)

// everybody manages every team and member.
const everybody = "version: 1\nmanage: {teams: {include: [\"*\"]}, members: {include: [\"*\"]}}\n"

// loadOn loads a workspace on a day.
func loadOn(t testing.TB, today time.Time, files map[string]string) (*Workspace, []diag.Finding) {
	t.Helper()
	if files[ConfigFile] == "" {
		files[ConfigFile] = everybody
	}
	w, findings, err := Load(tempWorkspace(t, files), Options{Today: today})
	if err != nil {
		t.Fatal(err)
	}
	return w, findings
}

func refer[T any](v T) *T { return &v }

// TestHolderPositions reads a team and a member written in every style: all values and places.
func TestHolderPositions(t *testing.T) {
	w, findings := loadOn(t, time.Date(2026, 6, 15, 0, 0, 0, 0, time.UTC), map[string]string{"people/checkout.yaml": `# who
kind: Team
key: "checkout"
name: Équipe
description: d
create: true
customRoles:
  - a
  - {role: "é-free", expires: 2027-01-31}
  - role: gone
    expires: "2026-06-14"
roleAttributes:
  projects: [web, "app"]
  views:
    - v
---
email: Ana@example.com
kind: Member
role: no_access
customRoles: []
roleAttributes: {}
---
kind: Member
email: bob@example.com
role: reader
---
kind: Team
key: rest
create: false
customRoles: [a]
`})
	if diff := cmp.Diff([]string{"role/ascii 9:13", "assign/expired 11:14"}, shorts(findings)); diff != "" {
		t.Fatal(diff)
	}
	at := func(line, column int) role.Pos { return role.Pos{Line: line, Column: column} }
	file := "people/checkout.yaml"
	wantTeams := []role.DesiredTeam{{
		Key: "checkout", Name: refer("Équipe"), Description: refer("d"), Create: true,
		CustomRoles:    &[]role.Assignment{{Role: "a", Pos: at(8, 5)}, {Role: "é-free", Expires: "2027-01-31", Pos: at(9, 12), ExpiresPos: at(9, 31)}},
		RoleAttributes: &role.Attributes{"projects": {"web", "app"}, "views": {"v"}},
		Source: role.HolderSource{
			File: file, Pos: at(2, 1), Key: at(3, 6), Name: at(4, 7),
			Attributes: map[string][]role.Pos{"projects": {at(13, 14), at(13, 19)}, "views": {at(15, 7)}},
		},
	}, {
		Key: "rest", CustomRoles: &[]role.Assignment{{Role: "a", Pos: at(30, 15)}},
		Source: role.HolderSource{File: file, Pos: at(27, 1), Key: at(28, 6)},
	}}
	if diff := cmp.Diff(wantTeams, w.Teams); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	wantMembers := []role.DesiredMember{{
		Email: "Ana@example.com", Role: refer("no_access"), CustomRoles: &[]role.Assignment{}, RoleAttributes: &role.Attributes{},
		Source: role.HolderSource{File: file, Pos: at(17, 1), Key: at(17, 8), Role: at(19, 7), Attributes: map[string][]role.Pos{}},
	}, {
		Email: "bob@example.com", Role: refer("reader"),
		Source: role.HolderSource{File: file, Pos: at(23, 1), Key: at(24, 8), Role: at(25, 7)},
	}}
	if diff := cmp.Diff(wantMembers, w.Members); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	wantExpired := []Expired{{Kind: "team", Holder: "checkout", File: file, Assignment: role.Assignment{Role: "gone", Expires: "2026-06-14", Pos: at(10, 11), ExpiresPos: at(11, 14)}}}
	if diff := cmp.Diff(wantExpired, w.Expired); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if w.Documents != 4 || len(w.Roles) != 0 {
		t.Errorf("%d documents, %d roles", w.Documents, len(w.Roles))
	}
}

// TestToday: the day is that of UTC, and without one nothing expires.
func TestToday(t *testing.T) {
	text := "kind: Member\nemail: ana@example.com\ncustomRoles: [{role: a, expires: 2026-06-14}]\n"
	zone := time.FixedZone("", -5*3600)
	for name, test := range map[string]struct {
		today time.Time
		want  []string
		kept  int
	}{
		"no day":            {time.Time{}, []string{}, 1},
		"the last day":      {time.Date(2026, 6, 14, 23, 59, 59, 0, time.UTC), []string{"assign/expires-soon 3:34"}, 1},
		"the day after":     {time.Date(2026, 6, 15, 0, 0, 0, 0, time.UTC), []string{"assign/expired 3:34"}, 0},
		"the day after UTC": {time.Date(2026, 6, 14, 20, 0, 0, 0, zone), []string{"assign/expired 3:34"}, 0},
		"long before":       {time.Date(2026, 5, 30, 0, 0, 0, 0, time.UTC), []string{}, 1},
	} {
		w, findings := loadOn(t, test.today, map[string]string{"a.yaml": text})
		if diff := cmp.Diff(test.want, shorts(findings)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if n := len(*w.Members[0].CustomRoles); n != test.kept || n+len(w.Expired) != 1 {
			t.Errorf("%s: %d kept, %v expired", name, n, w.Expired)
		}
	}
}

// TestHolderWords holds what people read: message and hint.
func TestHolderWords(t *testing.T) {
	head := "kind: Member\nemail: ana@example.com\n"
	for text, want := range map[string]string{
		head + "customRoles: [{role: a, expires: 2026-02-30}]":                         `there is no day 2026-02-30 in the calendar | the last day of that month is 2026-02-28`,
		head + "customRoles: [{role: a, expires: 2026-14-30}]":                         `there is no day 2026-14-30 in the calendar | write the year, the month and the day, as 2026-12-31`,
		head + "customRoles: [{role: a, expires: 31.12.2026}]":                         `"31.12.2026" is not a date of the form YYYY-MM-DD | write 2026-12-31`,
		head + "customRoles: [{role: a, expires: \"Dec 31, 2026\"}]":                   `"Dec 31, 2026" is not a date of the form YYYY-MM-DD | write 2026-12-31`,
		head + "customRoles: [{role: a, expires: 01/02/2026}]":                         `"01/02/2026" is not a date of the form YYYY-MM-DD | write the year, the month and the day, as 2026-12-31`,
		head + "customRoles: [{role: a, expires: 2026-06-20}]":                         `role "a" is given until 2026-06-20, which is in 5 days | write a later day if it is needed for longer`,
		head + "customRoles: [{role: a, expires: 2026-06-16}]":                         `role "a" is given until 2026-06-16, which is tomorrow | write a later day if it is needed for longer`,
		head + "customRoles: [{role: a, expires: 2026-06-15}]":                         `role "a" is given until 2026-06-15, which is today | write a later day if it is needed for longer`,
		head + "customRoles: [{role: a, expires: 2020-01-01}]":                         `role "a" was given until 2020-01-01: it is no longer asked for | remove the element, or write a later day`,
		head + "customRoles: [a, {role: a, expires: 2027-01-01}]":                      `role "a" is given twice, for ever and until 2027-01-01 | keep the one that is meant`,
		head + "customRoles: [writer]":                                                 `key "writer" is the name of a base role of LaunchDarkly | the base role of a member is written "role: writer"`,
		head + "customRoles: [12]":                                                     `an element of "customRoles" is a number, want text or a mapping | quote it: "12"`,
		head + "role: owner":                                                           `"owner" cannot be given in a file: an account has one owner, who hands the account over in LaunchDarkly | leave "role" out to leave the owner as it is`,
		head + "roleAttributes: {\"${roleAttribute/x}\": [a]}":                         `role attribute "${roleAttribute/x}": write its name alone | did you mean "x"?`,
		head + "roleAttributes: {a: [proj/web]}":                                       `value "proj/web" of a role attribute has a "/": a value is a key alone, without the type of the resource | did you mean "web"?`,
		"kind: Member\nemail: Ana <ana@example.com>\nrole: reader":                     `"Ana <ana@example.com>" is no e-mail address: write the address alone, without a name or brackets | did you mean "ana@example.com"?`,
		"kind: Member\nemail: mailto:ana@example.com\nrole: reader":                    `"mailto:ana@example.com" is no e-mail address: "mailto:ana" before the "@" is not a mailbox | did you mean "ana@example.com"?`,
		"kind: Member\nemail: ana\nrole: reader":                                       `"ana" is no e-mail address: it has no "@" | `,
		"kind: Team\nkey: a\nmembers: []\ncustomRoles: []":                             `who is in a team is not decided in files | remove "members"; put people into teams in LaunchDarkly or in the identity provider`,
		"kind: team\nkey: a":                                                           `unknown kind "team" | did you mean "Team"?`,
		head + "role: reader\n---\nkind: Member\nemail: ANA@example.com\nrole: reader": `member "ANA@example.com" is declared twice: it is known as "ana@example.com", and letter case does not count in addresses | join the two documents`,
		head + "customRoles: [flag-opreator]\n---\n" + simple("flag-operator"):         `no file declares role "flag-opreator" | did you mean "flag-operator"?`,
	} {
		_, findings := loadOn(t, corpusDay, map[string]string{"a.yaml": text + "\n"})
		if len(findings) != 1 {
			t.Errorf("%q: %v", text, findings)
			continue
		}
		if got := findings[0].Message + " | " + findings[0].Hint; got != want {
			t.Errorf("%q:\n got %s\nwant %s", text, got, want)
		}
	}
}

// TestHolderScope: what rolewright.yaml says of teams and members holds for the documents.
func TestHolderScope(t *testing.T) {
	docs := map[string]string{
		"team":    "kind: Team\nkey: checkout\ncustomRoles: []\n",
		"member":  "kind: Member\nemail: Ana@Example.com\ncustomRoles: []\n",
		"broken":  "kind: Member\nemail: ana@localhost\ncustomRoles: []\n",
		"members": "kind: Member\nemail: ana@example.com\ncustomRoles: []\n---\nkind: Member\nemail: bob@example.com\ncustomRoles: []\n",
		"teams":   "kind: Team\nkey: a\ncustomRoles: []\n---\nkind: Team\nkey: b\ncustomRoles: []\n",
	}
	for name, test := range map[string]struct{ doc, manage, want string }{
		"no team":           {"team", "{}", `team/unmanaged 2:6 team "checkout" is declared, and rolewright.yaml manages no team | write what is managed into rolewright.yaml: manage: {teams: {include: ["checkout"]}}`},
		"two teams":         {"teams", "{}", `team/unmanaged 2:6 2 teams are declared, the first is "a", and rolewright.yaml manages no team | write what is managed into rolewright.yaml: manage: {teams: {include: ["*"]}}`},
		"empty include":     {"team", "{teams: {include: []}}", `team/unmanaged 2:6 team "checkout" is declared, and rolewright.yaml manages no team | write what is managed into rolewright.yaml: manage: {teams: {include: ["checkout"]}}`},
		"other kind":        {"team", "{members: {include: [\"*\"]}}", `team/unmanaged 2:6 team "checkout" is declared, and rolewright.yaml manages no team | write what is managed into rolewright.yaml: manage: {teams: {include: ["checkout"]}}`},
		"no member":         {"members", "{teams: {include: [\"*\"]}}", `member/unmanaged 2:8 2 members are declared, the first is "ana@example.com", and rolewright.yaml manages no member | write what is managed into rolewright.yaml: manage: {members: {include: ["*@example.com"]}}`},
		"not included":      {"team", "{teams: {include: [web]}}", `team/out-of-scope 2:6 team "checkout" is declared but not managed: nothing in "include" matches it | change manage.teams in rolewright.yaml, or remove the document`},
		"letter case":       {"team", "{teams: {include: [Checkout]}}", `team/out-of-scope 2:6 team "checkout" is declared but not managed: nothing in "include" matches it | change manage.teams in rolewright.yaml, or remove the document`},
		"ignored":           {"member", "{members: {include: [\"*\"], ignore: [\"ana@*\"]}}", `member/out-of-scope 2:8 member "Ana@Example.com" is declared but not managed: "ana@*" of "ignore" matches it | change manage.members in rolewright.yaml, or remove the document`},
		"malformed":         {"broken", "{members: {include: [\"*@example.com\"]}}", `member/email 2:8 "ana@localhost" is no e-mail address: "localhost" behind the "@" is not a domain | `},
		"included":          {"member", "{members: {include: [\"*@example.com\"]}}", ""},
		"included team":     {"team", "{teams: {include: [\"check*\"]}}", ""},
		"prune is no word":  {"team", "{teams: {include: [\"*\"], prune: true}}", `schema/unknown-key 2:34 unknown key "prune" | known keys are "ignore", "include"`},
		"one mistake, once": {"team", "{teams: {inclde: [\"*\"]}}", `schema/unknown-key 2:18 unknown key "inclde" | did you mean "include"?`},
	} {
		_, findings := loadOn(t, corpusDay, map[string]string{"a.yaml": docs[test.doc], ConfigFile: "version: 1\nmanage: " + test.manage + "\n"})
		var got []string
		for _, f := range findings {
			got = append(got, short(f)+" "+f.Message+" | "+f.Hint)
		}
		if diff := cmp.Diff(test.want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
	_, findings := loadOn(t, corpusDay, map[string]string{"a.yaml": docs["team"], ConfigFile: "version: 1\nmanage: [\n"})
	if got := rules(findings); !slices.Equal(got, []string{ConfigFile + " yaml/syntax"}) {
		t.Errorf("a broken configuration: %v", got)
	}
}

// TestHolderRelated: the other side of a conflict is pointed at, across files.
func TestHolderRelated(t *testing.T) {
	_, findings := loadOn(t, corpusDay, map[string]string{
		"a.yaml": "kind: Team\nkey: x\ncustomRoles: [a, a, gone, old]\n",
		"b.yaml": "kind: Team\nkey: x\ncustomRoles: [nwe]\n",
		"c.yaml": "kind: Role\nkey: gone\nstate: absent\n---\n" + strings.Replace(simple("new"), "policy", "previously: [old]\npolicy", 1),
	})
	var got []string
	for _, f := range findings {
		line := f.Pos.String() + " " + f.Code
		for _, r := range f.Related {
			line += " < " + r.Pos.String()
		}
		got = append(got, line)
	}
	want := []string{
		"a.yaml:3:18 assign/duplicate < a.yaml:3:15", "a.yaml:3:21 assign/absent < c.yaml:2:6", "a.yaml:3:27 assign/renamed < c.yaml:6:6",
		"b.yaml:2:6 team/duplicate < a.yaml:2:6",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAssigned(t *testing.T) {
	w, _ := loadOn(t, corpusDay, map[string]string{
		"a.yaml": "kind: Member\nemail: ana@example.com\ncustomRoles: [z, declared, {role: over, expires: 2020-01-01}]\n",
		"b.yaml": "kind: Team\nkey: x\ncustomRoles: [gone, z]\n---\nkind: Team\nkey: silent\nname: n\n",
		"c.yaml": simple("declared") + "---\nkind: Role\nkey: gone\nstate: absent\n",
	})
	at := func(file string, column int) diag.Position {
		return diag.Position{File: file, Line: 3, Column: column}
	}
	want := []AssignedRole{
		{"declared", true, []diag.Position{at("a.yaml", 18)}},
		{"gone", false, []diag.Position{at("b.yaml", 15)}},
		{"z", false, []diag.Position{at("b.yaml", 21), at("a.yaml", 15)}},
	}
	if diff := cmp.Diff(want, w.Assigned()); diff != "" {
		t.Error(diff)
	}
	if got := (&Workspace{}).Assigned(); got == nil || len(got) != 0 {
		t.Errorf("nobody is given %v", got)
	}
}

// TestSuggestBounded: beyond the bound no role is suggested, and what was answered is remembered.
func TestSuggestBounded(t *testing.T) {
	r := newRoleKeys([]declaration{{Desired: role.Desired{Role: role.Role{Key: "flag-operator"}}}, {outOfOrder: true}})
	for range 2 {
		if got := r.suggest("flag-operater"); got != "flag-operator" {
			t.Fatalf("suggested %q", got)
		}
	}
	for i := range maxSuggested {
		r.suggest(fmt.Sprint("role-", i))
	}
	if got := r.suggest("flag-operetor"); got != "" || len(r.asked) != maxSuggested {
		t.Errorf("suggested %q after %d", got, len(r.asked))
	}
	if got := r.suggest("flag-operater"); got != "flag-operator" {
		t.Errorf("forgot, and says %q", got)
	}
}

// anyHeld draws the roles and role attributes of a holder.
func anyHeld(rt *rapid.T) ([]string, role.Attributes) {
	key := rapid.StringMatching(`r[a-z0-9_.-]{0,12}`)
	value := rapid.StringMatching(`[a-zA-Z0-9_.-]{1,12}`)
	attributes := rapid.MapOfN(rapid.StringMatching(`[a-zA-Z0-9_.-]{1,8}`), rapid.SliceOfNDistinct(value, 1, 4, rapid.ID[string]), 0, 4)
	return rapid.SliceOfNDistinct(key, 0, 5, rapid.ID[string]).Draw(rt, "roles"), attributes.Draw(rt, "attributes")
}

// TestHoldersWritten: what export writes of a team or a member reads back the same, and stands in
// canonical layout.
func TestHoldersWritten(t *testing.T) {
	text := rapid.StringMatching(`[a-zA-Z0-9"'#:*&!%@\[\]{},.?-]([ a-zA-Z0-9"'#:*&!%@\[\]{}|>,.?~-]{0,20}[a-z])?`)
	rapid.Check(t, func(rt *rapid.T) {
		roles, attributes := anyHeld(rt)
		wantTeam := role.Team{Key: rapid.StringMatching(`[a-zA-Z0-9][a-zA-Z0-9_.-]{0,10}`).Draw(rt, "key"), Name: text.Draw(rt, "name"), Description: text.Draw(rt, "description"), CustomRoles: roles, RoleAttributes: attributes}
		wantMember := role.Member{Email: rapid.StringMatching(`[a-zA-Z0-9#'!&{}~-]{1,8}@[a-z0-9]{1,5}\.[a-z]{2}`).Draw(rt, "email"), Role: rapid.SampledFrom([]string{"reader", "writer", "admin", "no_access"}).Draw(rt, "role"), CustomRoles: roles, RoleAttributes: attributes}
		data := slices.Concat(layout.WriteTeam(wantTeam, "../x.json"), []byte("---\n"), layout.WriteMember(wantMember, ""))
		again, err := layout.Format(data)
		if err != nil || string(again) != string(data) {
			rt.Fatalf("not in canonical layout: %v\n%s", err, cmp.Diff(string(data), string(again)))
		}
		got, findings := Read("a.yaml", data)
		if diag.HasErrors(findings) || len(got.Teams) != 1 || len(got.Members) != 1 {
			rt.Fatalf("%s\n%v", data, findings)
		}
		if read := asTeam(got.Teams[0]); read.Digest() != wantTeam.Digest() {
			rt.Fatalf("%s\n%s", data, cmp.Diff(wantTeam.Normal(), read.Normal()))
		}
		if read := asMember(got.Members[0]); read.Digest() != wantMember.Digest() {
			rt.Fatalf("%s\n%s", data, cmp.Diff(wantMember.Normal(), read.Normal()))
		}
	})
}

func asTeam(d role.DesiredTeam) role.Team {
	return role.Team{Key: d.Key, Name: *d.Name, Description: *d.Description, CustomRoles: keysOf(*d.CustomRoles), RoleAttributes: *d.RoleAttributes}
}

func asMember(d role.DesiredMember) role.Member {
	return role.Member{Email: d.Email, Role: *d.Role, CustomRoles: keysOf(*d.CustomRoles), RoleAttributes: *d.RoleAttributes}
}

func keysOf(list []role.Assignment) []string {
	keys := []string{}
	for _, a := range list {
		keys = append(keys, a.Role)
	}
	return keys
}

// FuzzHolders feeds the parts of a team and of a member: places are inside the file, and what is
// accepted is well formed.
func FuzzHolders(f *testing.F) {
	f.Add("checkout", "ana@example.com", "flag-operator", "2026-12-31", "projects", "web")
	f.Add("\"a b\"", "Ana <ana@example.com>", "reader", "2026-02-30", "${roleAttribute/x}", "proj/*:env/*")
	f.Add("&a x", "*a", "!!str", "<<", "no", "{{x}}")
	f.Fuzz(func(t *testing.T, key, email, assigned, day, name, value string) {
		defer fuzzing.Timed(t)()
		held := "customRoles:\n  - " + assigned + "\n  - {role: " + assigned + "2, expires: " + day + "}\nroleAttributes:\n  " + name + ": [" + value + "]\n"
		data := []byte("kind: Team\nkey: " + key + "\n" + held + "---\nkind: Member\nemail: " + email + "\n" + held)
		judged := &file{name: "a.yaml"}
		judged.judge(data, Options{Today: corpusDay})
		checkPlaces(t, judged, data)
		if diag.HasErrors(judged.findings) {
			return
		}
		for _, h := range judged.holdings {
			checkHolding(t, h)
		}
	})
}

func checkHolding(t *testing.T, h holding) {
	t.Helper()
	if h.kind == team && role.CheckTeamKey(h.id) != nil || h.kind == member && role.CheckEmail(h.id) != nil {
		t.Errorf("accepted %s %q", h.kind, h.id)
	}
	for _, a := range deref(h.customRoles) {
		if role.CheckKey(a.Role) != nil || a.Expires != "" && role.CheckDate(a.Expires) != nil || a.Expired("2026-06-15") {
			t.Errorf("accepted %+v", a)
		}
	}
	if h.attributes == nil {
		return
	}
	for name, values := range *h.attributes {
		if role.CheckAttributeName(name) != nil || slices.ContainsFunc(values, func(v string) bool { return role.CheckAttributeValue(v) != nil }) {
			t.Errorf("accepted %q: %q", name, values)
		}
	}
}
