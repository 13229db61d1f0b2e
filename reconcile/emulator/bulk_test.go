package emulator

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
)

// bulkAnswer is what a patch of many members answers.
type bulkAnswer struct {
	Members []string
	Errors  []map[string]string
}

func (f *fixture) bulk(body string) bulkAnswer {
	f.t.Helper()
	return readAs[bulkAnswer](f.t, f.want(200, "PATCH", membersPath, `{"comment":"c","instructions":[`+body+`]}`).body)
}

// emails turns ids into e-mail addresses.
func (f *fixture) emails(ids []string) []string {
	emails := []string{}
	for _, m := range f.Members() {
		if slices.Contains(ids, m.ID) {
			emails = append(emails, m.Email)
		}
	}
	return emails
}

func TestBulkSelection(t *testing.T) {
	tests := map[string]struct {
		in   string // the rest of a replaceAllMembersRoles
		want []string
	}{
		"all":          {``, []string{bo, cy, di}}, // not the owner
		"query":        {`,"filterQuery":"EXAMPLE"`, []string{di}},
		"roles":        {`,"filterRoles":"admin|ops"`, []string{cy}},
		"team":         {`,"filterTeamKey":"Checkout"`, []string{cy}},
		"ignored":      {`,"ignoredMemberIDs":["BO"]`, []string{cy, di}},
		"never seen":   {`,"filterLastSeen":{"never":true}`, []string{bo, di}},
		"seen before":  {`,"filterLastSeen":{"before":15}`, []string{bo}},
		"seen, null":   {`,"filterLastSeen":null,"filterQuery":null`, []string{bo, cy, di}},
		"any excludes": {`,"filterQuery":"other","filterRoles":"writer"`, []string{bo}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := peopled(t, Options{})
			in := strings.ReplaceAll(test.in, "BO", f.member(bo))
			got := f.bulk(`{"kind":"replaceAllMembersRoles","value":"no_access"` + in + `}`)
			if !slices.Equal(f.emails(got.Members), test.want) {
				t.Errorf("changed %q, want %q", f.emails(got.Members), test.want)
			}
			for _, m := range f.Members() {
				if (m.Role == "no_access") != slices.Contains(test.want, m.Email) {
					t.Errorf("%s is %s", m.Email, m.Role)
				}
			}
		})
	}
}

func TestBulkInstructions(t *testing.T) {
	f := peopled(t, Options{})
	ids := fmt.Sprintf(`"memberIDs":[%q,%q,%q,"nobody",%q]`, f.member(bo), f.member(cy), f.member(ana), f.member(bo))
	got := f.bulk(`{"kind":"replaceMembersRoles","value":"admin",` + ids + `}`)
	if !slices.Equal(f.emails(got.Members), []string{bo, cy}) || len(got.Errors) != 2 || got.Errors[0][f.member(ana)] == "" || got.Errors[1]["nobody"] == "" {
		t.Errorf("answered %+v", got)
	}
	if m := f.Members()[1]; m.Role != "admin" || len(m.CustomRoles) != 0 {
		t.Errorf("custom roles stay: %+v", m)
	}
	got = f.bulk(`{"kind":"replaceMembersCustomRoles","values":["dev","` + f.role("idle") + `"],"memberIDs":["` + f.member(cy) + `"]},
		{"kind":"replaceMembersRoleAttributes","value":{"p":["1","2"]},"memberIDs":["` + f.member(cy) + `"]}`)
	m := f.Members()[2]
	if len(got.Members) != 1 || len(got.Errors) != 0 || m.Role != "admin" || !slices.Equal(m.CustomRoles, []string{f.role("dev"), f.role("idle")}) || len(m.RoleAttributes["p"]) != 2 {
		t.Errorf("answered %+v, left %+v", got, m)
	}
	f.bulk(`{"kind":"replaceAllMembersCustomRoles","values":[]}`)
	for _, m := range f.Members() {
		if len(m.CustomRoles) != 0 {
			t.Errorf("%s still holds %q", m.Email, m.CustomRoles)
		}
	}
	if f.Writes() != 3 || f.Requests()[0].Comment != "c" {
		t.Errorf("%d writes, %+v", f.Writes(), f.Requests()[0])
	}
}

func TestBulkRefusals(t *testing.T) {
	tests := []string{
		``, `null`, `[]`, `{}`, `{"instructions":[]}`, `{"instructions":{}}`, `{"comment":1,"instructions":[{}]}`, `{"instructions":[{}]}`,
		`{"instructions":[null]}`, `{"instructions":[{"kind":1}]}`, `{"instructions":[{"kind":"addMembers"}]}`,
	}
	one := `{"kind":"replaceAllMembersRoles","value":"reader"}`
	tests = append(tests, `{"instructions":[`+strings.Repeat(one+",", maxInstructions)+one+`]}`)
	for _, in := range []string{
		`"kind":"replaceMembersRoles","memberIDs":[]`, `"kind":"replaceMembersRoles","value":"owner","memberIDs":[]`,
		`"kind":"replaceMembersRoles","value":"reader"`, `"kind":"replaceMembersRoles","value":"reader","memberIDs":"x"`,
		`"kind":"replaceMembersCustomRoles","memberIDs":[]`, `"kind":"replaceMembersCustomRoles","values":["none"],"memberIDs":[]`,
		`"kind":"replaceMembersRoleAttributes","memberIDs":[]`, `"kind":"replaceMembersRoleAttributes","value":{"a":1},"memberIDs":[]`,
		`"kind":"replaceAllMembersRoles","value":"reader","filterQuery":1`, `"kind":"replaceAllMembersRoles","value":"reader","filterLastSeen":"x"`,
		`"kind":"replaceAllMembersRoles","value":"reader","ignoredMemberIDs":"x"`,
	} {
		tests = append(tests, `{"instructions":[{"kind":"replaceAllMembersRoles","value":"reader"},{`+in+`}]}`)
	}
	for _, body := range tests {
		f := peopled(t, Options{})
		if a := f.want(400, "PATCH", membersPath, body); a.code(t) != "invalid_request" || f.Writes() != 0 || f.Members()[3].Role != "admin" {
			t.Errorf("%s: answered %s, left %+v", body, a.body, f.Members()[3])
		}
	}
}

// TestOwnRole: nobody changes the own roles, unless the switch allows it.
func TestOwnRole(t *testing.T) {
	for setting, want := range map[string]int{"refuse": 403, "allow": 200} {
		f := peopled(t, Options{Behaviour: Behaviour{OwnRole: setting}, Tokens: []Token{{Secret: "token", Member: di}}})
		f.want(want, "PATCH", memberHref("me"), `[{"op":"replace","path":"/role","value":"writer"}]`)
		got := f.bulk(`{"kind":"replaceAllMembersRoles","value":"no_access"}`)
		if slices.Contains(f.emails(got.Members), di) != (setting == "allow") {
			t.Errorf("%s: answered %+v", setting, got)
		}
		if setting == "refuse" && got.Errors[1][f.member(di)] != ownRoleText {
			t.Errorf("errors %v", got.Errors)
		}
	}
}

func TestBulkBeta(t *testing.T) {
	const body = `{"instructions":[{"kind":"replaceAllMembersRoles","value":"reader"}]}`
	f := peopled(t, Options{Behaviour: Behaviour{BulkBeta: "refuse"}})
	if a := f.want(403, "PATCH", membersPath, body); a.code(t) != "forbidden" {
		t.Errorf("answered %s", a.body)
	}
	f.version = "beta"
	f.want(200, "PATCH", membersPath, body)
}

// FuzzMembers: no body of an invitation or a bulk patch breaks the emulator or leaves it at odds with
// itself.
func FuzzMembers(f *testing.F) {
	f.Add("POST", "", `[{"email":"x@example.com","role":"reader","customRoles":["ops",null],"teamKeys":["empty","checkout"],"roleAttributes":{"p":null}}]`)
	f.Add("PATCH", "", `{"instructions":[{"kind":"replaceAllMembersCustomRoles","values":["ops"],"filterLastSeen":{"before":1e3}}]}`)
	f.Add("PATCH", "", `{"instructions":[{"kind":"replaceMembersRoleAttributes","value":{"":[""]},"memberIDs":[""]}]}`)
	f.Add("PATCH", "/me", `[{"op":"copy","from":"/customRoles","path":"/customRoles/0"}]`)
	f.Add("PATCH", "/me", `{"merge":{"customRoles":["ops"],"roleAttributes":{"a":null,"b":["x"]}}}`)
	f.Add("POST", "/me/teams", `{"teamKeys":["empty"]}`)
	f.Fuzz(func(t *testing.T, method, path, body string) {
		defer fuzzing.Timed(t)()
		if !slices.Contains([]string{"POST", "PATCH"}, method) || !slices.Contains([]string{"", "/me", "/me/teams"}, path) {
			t.Skip()
		}
		e := peopled(t, Options{Tokens: []Token{{Secret: "token", Member: bo}}, Behaviour: Behaviour{OwnRole: "allow"}})
		if a := e.do(method, membersPath+path, body); a.status >= 500 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		e.consistent()
	})
}

// consistent holds what the account counts against what it has.
func (f *fixture) consistent() {
	f.t.Helper()
	held := map[string]assignedTo{}
	teams := map[string][]string{}
	for _, m := range f.Members() {
		teams[m.ID] = nil
		for _, id := range m.CustomRoles {
			held[id] = assignedTo{held[id].Members + 1, held[id].Teams}
		}
	}
	for _, t := range f.Teams() {
		for _, id := range t.CustomRoles {
			held[id] = assignedTo{held[id].Members, held[id].Teams + 1}
		}
		for _, id := range t.Members {
			teams[id] = append(teams[id], t.Key)
		}
	}
	for _, r := range f.list(rolesPath + "?limit=1000").Items {
		if *r.AssignedTo != held[r.ID] {
			f.t.Errorf("role %s says %+v, is held by %+v", r.Key, *r.AssignedTo, held[r.ID])
		}
	}
	for _, m := range f.holders(membersPath + "?limit=1000").Items {
		var keys []string
		for _, t := range m.Teams {
			keys = append(keys, t.Key)
		}
		if !slices.Equal(keys, teams[m.ID]) {
			f.t.Errorf("member %s says it is in %q, is in %q", m.Email, keys, teams[m.ID])
		}
		delete(teams, m.ID)
	}
	if len(teams) != 0 {
		f.t.Errorf("in teams and not in the account: %q", slices.Collect(maps.Keys(teams)))
	}
}
