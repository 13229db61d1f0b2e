package launchdarkly

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/role"
)

// ana is the member of the tests of SetMember, as the account holds and as a caller names her.
const anaText = `{"_id":"57be1db38b75bf0772d11384","email":"ana@example.com","role":"reader","customRoles":["0000000000000000000000b2","0000000000000000000000a1"],"roleAttributes": {"p":["x"]} }`

const anaPath = "/members/57be1db38b75bf0772d11384"

var anaIDs = map[string]string{"ra": "0000000000000000000000a1", "rb": "0000000000000000000000b2", "rc": "0000000000000000000000c3"}

func ana() role.LiveMember {
	return role.LiveMember{ID: "57be1db38b75bf0772d11384", Member: role.Member{
		Email: "ana@example.com", Role: "reader", CustomRoles: []string{"ra", "rb"}, RoleAttributes: role.Attributes{"p": {"x"}},
	}}
}

func TestSetMember(t *testing.T) {
	tests := []struct {
		name    string
		held    string // "" is anaText
		before  func(*role.LiveMember)
		after   func(*role.Member)
		comment string
		want    string // "" means that nothing is asked
	}{
		{name: "nothing", after: func(*role.Member) {}},
		{name: "order and repetition", after: func(m *role.Member) {
			m.CustomRoles, m.RoleAttributes = []string{"rb", "ra", "rb"}, role.Attributes{"p": {"x", "x"}, "q": nil}
		}},
		{name: "letter case of the address", after: func(m *role.Member) { m.Email = "Ana@Example.com" }},
		{name: "roles not named yet", before: func(m *role.LiveMember) { m.CustomRoles = []string{anaIDs["rb"], anaIDs["ra"]} }, after: func(*role.Member) {}},
		{
			name: "base role", after: func(m *role.Member) { m.Role = "no_access" },
			want: `[{"op":"test","path":"/role","value":"reader"},{"op":"replace","path":"/role","value":"no_access"}]`,
		},
		{
			name: "base role and comment", comment: "why", after: func(m *role.Member) { m.Role = "admin" },
			want: `{"comment":"why","patch":[{"op":"test","path":"/role","value":"reader"},{"op":"replace","path":"/role","value":"admin"}]}`,
		},
		{
			name: "one role more", after: func(m *role.Member) { m.CustomRoles = []string{"rc", "ra", "rb"} },
			want: `[{"op":"test","path":"/customRoles","value":["0000000000000000000000b2","0000000000000000000000a1"]},{"op":"replace","path":"/customRoles","value":["0000000000000000000000a1","0000000000000000000000b2","0000000000000000000000c3"]}]`,
		},
		{
			name: "no role", after: func(m *role.Member) { m.CustomRoles = nil },
			want: `[{"op":"test","path":"/customRoles","value":["0000000000000000000000b2","0000000000000000000000a1"]},{"op":"replace","path":"/customRoles","value":[]}]`,
		},
		{
			name: "keys from the account", held: strings.Replace(anaText, `["0000000000000000000000b2","0000000000000000000000a1"]`, `["rb","ra"]`, 1),
			after: func(m *role.Member) { m.CustomRoles = []string{"ra"} },
			want:  `[{"op":"test","path":"/customRoles","value":["rb","ra"]},{"op":"replace","path":"/customRoles","value":["0000000000000000000000a1"]}]`,
		},
		{
			name: "strangers stay", held: strings.Replace(anaText, `["0000000000000000000000b2",`, `["0000000000000000000000ff","0000000000000000000000b2",`, 1),
			before: func(m *role.LiveMember) { m.Strangers = []string{"0000000000000000000000ff"} },
			after:  func(m *role.Member) { m.CustomRoles = []string{"ra"} },
			want:   `[{"op":"test","path":"/customRoles","value":["0000000000000000000000ff","0000000000000000000000b2","0000000000000000000000a1"]},{"op":"replace","path":"/customRoles","value":["0000000000000000000000a1","0000000000000000000000ff"]}]`,
		},
		{
			name: "unlisted key stays", held: strings.Replace(anaText, `"0000000000000000000000b2"`, `"odd"`, 1),
			before: func(m *role.LiveMember) { m.CustomRoles = []string{"odd", "ra"} },
			after:  func(m *role.Member) { m.CustomRoles = []string{"odd"} },
			want:   `[{"op":"test","path":"/customRoles","value":["odd","0000000000000000000000a1"]},{"op":"replace","path":"/customRoles","value":["odd"]}]`,
		},
		{
			name: "attributes", after: func(m *role.Member) { m.RoleAttributes = role.Attributes{"p": {"z", "y"}} },
			want: `[{"op":"test","path":"/roleAttributes","value":{"p":["x"]}},{"op":"replace","path":"/roleAttributes","value":{"p":["y","z"]}}]`,
		},
		{
			name: "attributes cleared", after: func(m *role.Member) { m.RoleAttributes = nil },
			want: `[{"op":"test","path":"/roleAttributes","value":{"p":["x"]}},{"op":"replace","path":"/roleAttributes","value":{}}]`,
		},
		{
			name: "several values come in any order", held: strings.Replace(anaText, `["x"]`, `["y","x"]`, 1),
			before: func(m *role.LiveMember) { m.RoleAttributes = role.Attributes{"p": {"x", "y"}} },
			after:  func(m *role.Member) { m.RoleAttributes = role.Attributes{"p": {"z"}} },
			want:   `[{"op":"replace","path":"/roleAttributes","value":{"p":["z"]}}]`,
		},
		{
			name: "attributes that were not there", held: strings.Replace(anaText, `,"roleAttributes": {"p":["x"]} `, "", 1),
			before: func(m *role.LiveMember) { m.RoleAttributes = nil },
			after:  func(m *role.Member) { m.RoleAttributes = role.Attributes{"p": {"z"}} },
			want:   `[{"op":"replace","path":"/roleAttributes","value":{"p":["z"]}}]`,
		},
		{
			name: "everything", after: func(m *role.Member) { m.Role, m.CustomRoles, m.RoleAttributes = "writer", nil, nil },
			want: `[{"op":"test","path":"/role","value":"reader"},{"op":"test","path":"/customRoles","value":["0000000000000000000000b2","0000000000000000000000a1"]},{"op":"test","path":"/roleAttributes","value":{"p":["x"]}},` +
				`{"op":"replace","path":"/role","value":"writer"},{"op":"replace","path":"/customRoles","value":[]},{"op":"replace","path":"/roleAttributes","value":{}}]`,
		},
		{
			name: "the owner's roles", held: strings.Replace(anaText, "reader", "owner", 1),
			before: func(m *role.LiveMember) { m.Role = "owner" },
			after:  func(m *role.Member) { m.RoleAttributes = nil },
			want:   `[{"op":"test","path":"/roleAttributes","value":{"p":["x"]}},{"op":"replace","path":"/roleAttributes","value":{}}]`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			held := orElse(test.held, anaText)
			s := &script{replies: map[string][]http.HandlerFunc{"GET " + anaPath: replies(held), "PATCH " + anaPath: {patched(held)}}}
			before := ana()
			if test.before != nil {
				test.before(&before)
			}
			after := before.Member
			test.after(&after)
			got, err := client(t, s).SetMember(t.Context(), before, after, anaIDs, test.comment)
			if err != nil {
				t.Fatal(err)
			}
			if test.want == "" {
				if len(s.asked) != 0 || !cmp.Equal(got, before) {
					t.Errorf("asked %q and gave %+v", s.asked, got)
				}
				return
			}
			want := []string{"GET " + anaPath + "?expand=customRoles%2CroleAttributes", "PATCH " + anaPath + " " + test.want}
			if diff := cmp.Diff(want, s.asked); diff != "" {
				t.Error(diff)
			}
			if !slices.Equal(s.kinds, []string{"PATCH application/json"}) {
				t.Errorf("sent as %q", s.kinds)
			}
			wanted := slices.Concat(translated(after.CustomRoles, anaIDs), before.Strangers)
			if !slices.Equal(got.CustomRoles, sortedSet(wanted)) || got.Role != after.Role || !got.RoleAttributes.Equal(after.RoleAttributes) {
				t.Errorf("not the answer: %+v", got)
			}
		})
	}
}

func TestSetMemberRefuses(t *testing.T) {
	for _, test := range []struct {
		name  string
		after func(*role.Member)
		want  string
	}{
		{"address", func(m *role.Member) { m.Email = "bo@example.com" }, `update member "ana@example.com": the e-mail address cannot be changed to "bo@example.com"`},
		{"no base role", func(m *role.Member) { m.Role = "" }, `"" is not a base role: give one of reader, writer, admin, owner, no_access`},
		{"other base role", func(m *role.Member) { m.Role = "ops" }, `"ops" is not a base role`},
		{"owner", func(m *role.Member) { m.Role = "owner" }, `an account is not handed over through its API`},
		{"unknown role", func(m *role.Member) { m.CustomRoles = []string{"ra", "rz"} }, `update member "ana@example.com": the account has no role "rz"`},
		{"unknown id", func(m *role.Member) { m.CustomRoles = []string{"0000000000000000000000d4"} }, `the account has no role "0000000000000000000000d4"`},
	} {
		s := &script{}
		after := ana().Member
		test.after(&after)
		_, err := client(t, s).SetMember(t.Context(), ana(), after, anaIDs, "")
		check(t, err, test.want)
		if classes(err) != "not-sent refused" || len(s.asked) != 0 {
			t.Errorf("%s: %s, asked %q", test.name, classes(err), s.asked)
		}
	}
}

func TestSetMemberMoved(t *testing.T) {
	for name, edit := range map[string][2]string{
		"role":           {`"role":"reader"`, `"role":"writer"`},
		"customRoles":    {`"0000000000000000000000b2",`, ""},
		"roleAttributes": {`["x"]`, `["y"]`},
		"email":          {"ana@", "anna@"},
		"_idpSynced":     {`"role":`, `"_idpSynced":true,"role":`},
		"something that this version does not know": {`"role":`, `"powers":1,"role":`},
	} {
		s := &script{replies: map[string][]http.HandlerFunc{"GET " + anaPath: replies(strings.Replace(anaText, edit[0], edit[1], 1)), "PATCH " + anaPath: replies(anaText)}}
		after := ana().Member
		after.Role = "admin"
		_, err := client(t, s).SetMember(t.Context(), ana(), after, anaIDs, "")
		check(t, err, `member "ana@example.com" has been edited meanwhile: `+name)
		moved, ok := errors.AsType[*MovedError](err)
		if !ok || classes(err) != "conflict" || moved.Hint() == "" || len(s.writesAsked()) != 0 {
			t.Errorf("%s: %s, asked %q", name, classes(err), s.asked)
		}
	}
	// An order that moved is no edit, nor is a login or a team.
	s := &script{replies: map[string][]http.HandlerFunc{
		"GET " + anaPath:   replies(`{"_id":"57be1db38b75bf0772d11384","email":"ana@example.com","role":"reader","customRoles":["0000000000000000000000a1","0000000000000000000000b2"],"roleAttributes":{"p":["x"]},"_lastSeen":9,"version":8,"teams":[{"key":"t"}]}`),
		"PATCH " + anaPath: {patched(anaText)},
	}}
	after := ana().Member
	after.Role = "admin"
	if _, err := client(t, s).SetMember(t.Context(), ana(), after, anaIDs, ""); err != nil || len(s.writesAsked()) != 1 {
		t.Errorf("%v, asked %q", err, s.asked)
	}
}

// TestSetMemberFails: what a caller is told when the read before the write, the write, or the
// reading back goes wrong. The write leaves once.
func TestSetMemberFails(t *testing.T) {
	ok, done := jsonReply(200, anaText), patched(anaText)
	silent := jsonReply(200, `{"_id":"57be1db38b75bf0772d11384","email":"ana@example.com","role":"admin","customRoles":[]}`)
	other := jsonReply(200, strings.Replace(anaText, "reader", "admin", 1))
	for _, test := range []struct {
		name       string
		get, patch []http.HandlerFunc
		want       string // classes
		text       string
		writes     int
	}{
		{"gone before", nil, nil, "not-found not-sent", `not sent: read member "ana@example.com" before the change: GET https://app.launchdarkly.test/api/v2/members/57be1db38b75bf0772d11384: 404`, 0},
		{"unreadable before", []http.HandlerFunc{jsonReply(503, `{}`)}, nil, "not-sent", "503", 0},
		{"page before", []http.HandlerFunc{reply(200, "text/html", "<html>")}, nil, "not-sent", "captive portal", 0},
		{"conflict", []http.HandlerFunc{ok}, []http.HandlerFunc{jsonReply(409, `{}`)}, "conflict", "409", 1},
		{"a test failed", []http.HandlerFunc{ok}, []http.HandlerFunc{jsonReply(422, `{"code":"patch_failed"}`)}, "conflict", "422", 1},
		{"denied", []http.HandlerFunc{ok}, []http.HandlerFunc{jsonReply(403, `{}`)}, "denied", "403", 1},
		{"refused", []http.HandlerFunc{ok}, []http.HandlerFunc{jsonReply(400, `{}`)}, "refused", "400", 1},
		{"lost", []http.HandlerFunc{ok}, []http.HandlerFunc{jsonReply(500, `{}`)}, "unknown", "500", 1},
		{"cut", []http.HandlerFunc{ok}, []http.HandlerFunc{jsonReply(200, anaText[:50])}, "unknown", "cut short", 1},
		{"HTML", []http.HandlerFunc{ok}, []http.HandlerFunc{reply(200, "text/html", "<html>")}, "unknown", "captive portal", 1},
		{"another member", []http.HandlerFunc{ok}, []http.HandlerFunc{jsonReply(200, oneMember("x"))}, "unknown", "instead of", 1},
		{"limited twice", []http.HandlerFunc{ok}, []http.HandlerFunc{jsonReply(429, `{}`), jsonReply(429, `{}`), done}, "", "", 3},
		{"read back", []http.HandlerFunc{ok, other}, []http.HandlerFunc{silent}, "", "", 1},
		{"gone afterwards", []http.HandlerFunc{ok, jsonReply(404, `{}`)}, []http.HandlerFunc{silent}, "unknown", "outcome unknown: the account took the change; reading it back: GET", 1},
		{"denied afterwards", []http.HandlerFunc{ok, jsonReply(403, `{}`)}, []http.HandlerFunc{silent}, "denied unknown", "403", 1},
	} {
		s := &script{replies: map[string][]http.HandlerFunc{"GET " + anaPath: test.get, "PATCH " + anaPath: test.patch}}
		after := ana().Member
		after.Role = "admin"
		got, err := client(t, s).SetMember(t.Context(), ana(), after, anaIDs, "")
		check(t, err, test.text)
		if classes(err) != test.want || len(s.writesAsked()) != test.writes {
			t.Errorf("%s: %q, asked %q", test.name, classes(err), s.asked)
		}
		if err == nil && (got.Role != "admin" || !got.RoleAttributes.Equal(role.Attributes{"p": {"x"}})) {
			t.Errorf("%s: %+v", test.name, got)
		}
	}
}

// TestCommentRefused: an account that takes no comments with members is asked without, and no more
// than once with.
func TestCommentRefused(t *testing.T) {
	const patch = `[{"op":"test","path":"/role","value":"reader"},{"op":"replace","path":"/role","value":"admin"}]`
	const with = "PATCH " + anaPath + ` {"comment":"why","patch":` + patch + "}"
	const without = "PATCH " + anaPath + " " + patch
	const ask = "PATCH " + anaPath + ` {"comment":"why","patch":[{"op":"test","path":"/email","value":"ana@example.com"}]}`
	refuse, ok := jsonReply(400, `{"message":"no"}`), patched(anaText)
	after := ana().Member
	after.Role = "admin"
	for _, test := range []struct {
		name        string
		patch       []http.HandlerFunc
		want, again []string
		classes     string
	}{
		{"taken", []http.HandlerFunc{ok}, []string{with}, []string{with}, ""},
		{"refused with", []http.HandlerFunc{refuse, ok}, []string{with, without}, []string{without}, ""},
		{"refused both", []http.HandlerFunc{refuse, refuse, refuse, ok}, []string{with, without}, []string{with, without}, "refused"},
		{"conflict", []http.HandlerFunc{jsonReply(409, `{}`), ok}, []string{with}, []string{ask, with}, "conflict"},
		{"lost", []http.HandlerFunc{jsonReply(500, `{}`), ok}, []string{with}, []string{with}, "unknown"},
		{"lost without", []http.HandlerFunc{refuse, jsonReply(500, `{}`), ok}, []string{with, without}, []string{with}, "unknown"},
	} {
		s := &script{replies: map[string][]http.HandlerFunc{"GET " + anaPath: replies(anaText), "PATCH " + anaPath: test.patch}}
		c := client(t, s)
		_, err := c.SetMember(t.Context(), ana(), after, anaIDs, "why")
		if classes(err) != test.classes || !slices.Equal(s.writesAsked(), test.want) {
			t.Errorf("%s: %v, asked %q", test.name, err, s.writesAsked())
		}
		s.asked = nil
		if _, err := c.SetMember(t.Context(), ana(), after, anaIDs, "why"); err != nil || !slices.Equal(s.writesAsked(), test.again) {
			t.Errorf("%s, again: %v, asked %q", test.name, err, s.writesAsked())
		}
	}
}

func TestSetMemberReadOnly(t *testing.T) {
	s := &script{replies: map[string][]http.HandlerFunc{"GET " + anaPath: replies(anaText)}}
	after := ana().Member
	after.Role = "admin"
	_, err := client(t, s, func(o *Options) { o.ReadOnly = true }).SetMember(t.Context(), ana(), after, anaIDs, "")
	if classes(err) != "not-sent read-only" || len(s.writesAsked()) != 0 {
		t.Errorf("%v, asked %q", err, s.asked)
	}
}

// TestMemberPatchLaw: applied to the member, the patch gives the wanted one, and nothing else is
// touched.
func TestMemberPatchLaw(t *testing.T) {
	some := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3)
	member := rapid.Custom(func(r *rapid.T) role.Member {
		return role.Member{
			Role:           rapid.SampledFrom(baseRoles).Draw(r, "role"),
			CustomRoles:    some.Draw(r, "roles"),
			RoleAttributes: rapid.MapOfN(rapid.SampledFrom([]string{"p", "q"}), some, 0, 2).Draw(r, "attributes"),
		}.Normal()
	})
	rapid.Check(t, func(r *rapid.T) {
		held, wanted := member.Draw(r, "held"), member.Draw(r, "wanted")
		got := held
		for _, op := range memberPatch(held, wanted, value{}) {
			switch op.Path {
			case "/role":
				got.Role = op.Value.(string)
			case "/customRoles":
				got.CustomRoles = op.Value.([]string)
			case "/roleAttributes":
				got.RoleAttributes = op.Value.(role.Attributes)
			}
			if op.Op != "replace" {
				r.Fatalf("%+v", op)
			}
		}
		if got.Digest() != wanted.Digest() {
			r.Fatalf("%+v instead of %+v", got, wanted)
		}
		if held.Digest() == wanted.Digest() && len(memberPatch(held, wanted, value{})) != 0 {
			r.Fatal("something is sent for nothing")
		}
	})
}
