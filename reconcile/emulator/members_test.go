package emulator

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const ana, bo, cy, di = "Ana@example.com", "bo@example.com", "cy@example.com", "di@other.test"

func TestMemberAnswer(t *testing.T) {
	f := peopled(t, Options{Now: newClock().Now})
	golden(t, "member.json", indent(t, f.want(200, "GET", memberHref(f.member(bo))+"?expand=customRoles,roleAttributes", "").body))
	plain := f.want(200, "GET", memberHref(f.member(bo)), "").body
	if strings.Contains(plain, "roleAttributes") {
		t.Errorf("expanded unasked: %s", plain)
	}
	for _, field := range []string{"_links", "_id", "role", "email", "_pendingInvite", "_verified", "customRoles", "mfa", "_lastSeen", "creationDate"} {
		if !strings.Contains(f.want(200, "GET", memberHref(f.member(cy)), "").body, `"`+field+`":`) {
			t.Errorf("lacks %s, which the vendor's client requires", field)
		}
	}
}

func TestMemberFilters(t *testing.T) {
	f := peopled(t, Options{})
	tests := map[string][]string{
		"":                                     {ana, bo, cy, di},
		"?filter=query:EXAMPLE":                {ana, bo, cy},
		"?filter=query:ana%20z":                {ana},
		"?filter=role:admin":                   {ana, di}, // an owner counts as one
		"?filter=role:owner":                   {ana},
		"?filter=role:ops|writer":              {bo, cy},
		"?filter=role:" + f.role("dev"):        {bo, di},
		"?filter=role:none":                    {},
		"?filter=id:" + f.member(cy) + "|x":    {cy},
		"?filter=email:ANA@example.com|" + bo:  {ana, bo},
		"?filter=email:ana":                    {},
		"?filter=team:CHECKOUT":                {bo, di},
		"?filter=team:empty":                   {},
		"?filter=noteam:true":                  {ana, cy},
		"?filter=noteam:false,query:bo":        {bo},
		"?filter=lastSeen:{%22never%22:true}":  {cy},
		"?filter=lastSeen:{%22noData%22:true}": {cy},
		"?filter=lastSeen:{%22before%22:20}":   {cy, di},
		"?sort=displayName":                    {ana, bo, cy, di},
		"?sort=-displayName":                   {di, cy, bo, ana},
		"?sort=lastSeen":                       {cy, di, bo, ana},
		"?sort=-lastSeen,displayName":          {ana, bo, di, cy},
		"?limit=2&offset=1":                    {bo, cy},
	}
	for query, want := range tests {
		got := f.holders(membersPath + query)
		if !slices.Equal(got.names(), want) {
			t.Errorf("%s: %q, want %q", query, got.names(), want)
		}
		if !strings.Contains(query, "limit") && *got.Total != len(want) {
			t.Errorf("%s: total %d", query, *got.Total)
		}
	}
	for _, query := range []string{
		"filter=colour:red", "filter=,", "filter=noteam:perhaps", "filter=lastSeen:soon", "sort=email", "sort=,", "limit=1001", "limit=x",
		"filter=accessCheck:viewProject:proj/x",
	} {
		f.want(400, "GET", membersPath+"?"+query, "")
	}
	lenient := peopled(t, Options{Behaviour: Behaviour{UnknownFilter: "ignore"}})
	if got := lenient.holders(membersPath + "?filter=colour:red,query:bo").names(); !slices.Equal(got, []string{bo}) {
		t.Errorf("ignoring: %q", got)
	}
}

// TestSortIsStable: of equal members the order stays, and the second field decides.
func TestSortIsStable(t *testing.T) {
	f := start(t, Options{})
	want := []string{"last@example.com"}
	for i := range 40 {
		want = append(want, fmt.Sprintf("m%d@example.com", i))
		f.must(f.AddMember(Member{Email: want[i+1], FirstName: "Same", LastSeen: 5}))
	}
	f.must(f.AddMember(Member{Email: "last@example.com", FirstName: "Same", LastSeen: 1}))
	if got := f.holders(membersPath + "?limit=50&sort=displayName,lastSeen").names(); !slices.Equal(got, want) {
		t.Errorf("sorted %q", got)
	}
}

func TestMemberPagesKeepTheQuestion(t *testing.T) {
	f := peopled(t, Options{})
	var seen []string
	next := membersPath + "?limit=1&filter=query:example&sort=-displayName&expand=roleAttributes&colour=red"
	for next != "" {
		page := f.holders(next)
		seen = append(seen, page.names()...)
		next = page.Links["next"].Href
		if strings.Contains(next, "colour") {
			t.Errorf("repeats what it does not know: %s", next)
		}
	}
	if !slices.Equal(seen, []string{cy, bo, ana}) {
		t.Errorf("saw %q", seen)
	}
}

func TestMemberSwitches(t *testing.T) {
	tests := map[string]struct {
		query string
		want  []string
	}{
		"memberRoles=always":   {"", []string{"ops", "dev"}},
		"memberRoles=expanded": {"", []string{}},
		"memberRoleForm=ids":   {"", []string{"ops", "dev"}},
		"memberRoleForm=keys":  {"", []string{"ops", "dev"}},
	}
	for setting, test := range tests {
		b, err := ParseBehaviour([]string{setting})
		if err != nil {
			t.Fatal(err)
		}
		f := peopled(t, Options{Behaviour: b})
		want := []string{}
		for _, key := range test.want {
			if setting != "memberRoleForm=keys" {
				key = f.role(key)
			}
			want = append(want, key)
		}
		if got := f.holder(memberHref(f.member(bo)) + test.query).CustomRoles; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", setting, got, want)
		}
		if got := f.holder(memberHref(f.member(bo)) + "?expand=customRoles").CustomRoles; len(got) != 2 {
			t.Errorf("%s, expanded: %q", setting, got)
		}
	}
	for setting, want := range map[string]string{"sent": "web app api", "sorted": "api app web", "shuffled": "api web app"} {
		f := peopled(t, Options{Behaviour: Behaviour{AttributeOrder: setting}})
		m, team := f.holder(memberHref(f.member(bo))+"?expand=roleAttributes"), f.holder(teamHref("checkout")+"?expand=roleAttributes")
		if got := strings.Join(m.RoleAttributes["projects"], " "); got != want || !slices.Equal(team.RoleAttributes["projects"], m.RoleAttributes["projects"]) {
			t.Errorf("%s: %q and %q", setting, got, team.RoleAttributes)
		}
		if f.Members()[1].RoleAttributes["projects"][0] != "web" {
			t.Errorf("%s: what is kept was sorted", setting)
		}
	}
	f := peopled(t, Options{Behaviour: Behaviour{OmitVersions: true}})
	if m, team := f.holder(memberHref(f.member(bo))), f.holder(teamHref("checkout")); m.Version != 0 || team.TeamVersion != 0 {
		t.Errorf("versions %d and %d", m.Version, team.TeamVersion)
	}
}

func TestMe(t *testing.T) {
	f := peopled(t, Options{Tokens: []Token{{Secret: "token", Member: "ANA@example.com"}, {Secret: "nobody"}, {Secret: "stranger", Member: "x"}}})
	if m := f.holder(membersPath + "/me"); m.Email != ana {
		t.Errorf("I am %s", m.Email)
	}
	if body := f.want(200, "GET", apiPath+"/caller-identity", "").body; !strings.Contains(body, f.member(ana)) {
		t.Errorf("identity %s", body)
	}
	for _, token := range []string{"nobody", "stranger"} {
		f.token = token
		f.want(404, "GET", membersPath+"/me", "")
	}
}

func TestInvite(t *testing.T) {
	f := peopled(t, Options{})
	made := readAs[holderList](t, f.want(201, "POST", membersPath, `[
		{"email":"new@example.com","customRoles":["ops","`+f.role("dev")+`","ops"],"teamKeys":["checkout","empty","checkout"],"roleAttributes":{"p":["x"]},"firstName":"N"},
		{"email":"plain@example.com","role":"no_access","password":"ignored"}]`).body)
	one, two := made.Items[0], made.Items[1]
	if !one.Pending || one.Verified || one.Role != "reader" || one.FirstName != "N" || one.RoleAttributes["p"][0] != "x" || len(one.Teams) != 2 {
		t.Errorf("made %+v", one)
	}
	if want := []string{f.role("ops"), f.role("dev")}; !slices.Equal(one.CustomRoles, want) {
		t.Errorf("holds %q, want %q", one.CustomRoles, want)
	}
	if two.Role != "no_access" || len(two.CustomRoles) != 0 {
		t.Errorf("made %+v", two)
	}
	if f.Writes() != 1 || len(f.Members()) != 6 {
		t.Errorf("%d writes, %d members", f.Writes(), len(f.Members()))
	}
	if got := f.holder(memberHref(one.ID)); cmp.Diff(got.Teams, one.Teams) != "" || got.Teams[0].CustomRoleKeys[0] != "ops" {
		t.Errorf("reads %+v", got)
	}
}

func TestInviteRefusals(t *testing.T) {
	many := strings.Repeat(`{"email":"x@example.com","role":"reader"},`, 51)
	tests := map[string]struct {
		body   string
		status int
		code   string
		emails []string
	}{
		"empty":        {"", 400, "invalid_request", nil},
		"null":         {"null", 400, "invalid_request", nil},
		"none":         {"[]", 400, "invalid_request", nil},
		"object":       {`{"email":"a@example.com"}`, 400, "invalid_request", nil},
		"of null":      {"[null]", 400, "invalid_request", nil},
		"too many":     {"[" + strings.TrimSuffix(many, ",") + "]", 400, "invalid_request", nil},
		"no email":     {`[{"role":"reader"}]`, 400, "invalid_request", nil},
		"bad email":    {`[{"email":"nobody","role":"reader"}]`, 400, "invalid_request", nil},
		"named email":  {`[{"email":"A <a@example.com>","role":"reader"}]`, 400, "invalid_request", nil},
		"email number": {`[{"email":1}]`, 400, "invalid_request", nil},
		"no role":      {`[{"email":"a@example.com","customRoles":[]}]`, 400, "invalid_request", nil},
		"owner":        {`[{"email":"a@example.com","role":"owner"}]`, 400, "invalid_request", nil},
		"roles text":   {`[{"email":"a@example.com","customRoles":"ops"}]`, 400, "invalid_request", nil},
		"attributes":   {`[{"email":"a@example.com","role":"reader","roleAttributes":{"p":"x"}}]`, 400, "invalid_request", nil},
		"unknown role": {`[{"email":"a@example.com","customRoles":["none"]}]`, 400, "invalid_request", nil},
		"unknown team": {`[{"email":"b@example.com","role":"reader"},{"email":"a@example.com","role":"reader","teamKeys":["empty","none"]}]`, 400, "invalid_request", nil},
		"twice":        {`[{"email":"A@example.com","role":"reader"},{"email":"a@example.com","role":"reader"}]`, 400, "duplicate_emails", []string{"a@example.com"}},
		"here":         {`[{"email":"a@example.com","role":"reader"},{"email":"BO@example.com","role":"reader"}]`, 400, "email_already_exists_in_account", []string{"BO@example.com"}},
		"elsewhere":    {`[{"email":"Far@example.com","role":"reader"}]`, 400, "email_taken_in_different_account", []string{"Far@example.com"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := peopled(t, Options{Elsewhere: []string{"far@example.com"}})
			teams := f.Teams()
			a := f.want(test.status, "POST", membersPath, test.body)
			if got := readAs[errorBody](t, a.body); a.code(t) != test.code || !slices.Equal(got.InvalidEmails, test.emails) {
				t.Errorf("answered %s", a.body)
			}
			if f.Writes() != 0 || len(f.Members()) != 4 || cmp.Diff(teams, f.Teams()) != "" {
				t.Error("a refused invitation wrote")
			}
		})
	}
}

// TestRefusedIsUndone: what a refused request had changed before it was refused leaves no trace, not
// even a number.
func TestRefusedIsUndone(t *testing.T) {
	f := peopled(t, Options{})
	before := f.want(200, "GET", membersPath, "").body + f.want(200, "GET", teamsPath+"?expand=members", "").body + f.want(200, "GET", rolesPath, "").body
	f.want(400, "POST", membersPath, `[{"email":"b@example.com","customRoles":["ops"],"teamKeys":["empty"]},{"email":"a@example.com","role":"reader","teamKeys":["none"]}]`)
	f.want(400, "PATCH", membersPath, `{"instructions":[{"kind":"replaceAllMembersRoles","value":"reader"},{"kind":"none"}]}`)
	after := f.want(200, "GET", membersPath, "").body + f.want(200, "GET", teamsPath+"?expand=members", "").body + f.want(200, "GET", rolesPath, "").body
	if before != after {
		t.Errorf("left\n%s\nwant\n%s", after, before)
	}
	other := peopled(t, Options{})
	const body = `[{"email":"z@example.com","role":"reader"}]`
	f.want(201, "POST", membersPath, body)
	other.want(201, "POST", membersPath, body)
	if f.member("z@example.com") != other.member("z@example.com") {
		t.Error("a refused request used up a number")
	}
}

func TestPatchMember(t *testing.T) {
	tests := map[string]struct {
		body       string
		role       string
		roles      []string
		attributes map[string][]string
	}{
		"terraform": {
			`[{"op":"replace","path":"/role","value":"no_access"},{"op":"replace","path":"/customRoles","value":["idle","ops"]},{"op":"replace","path":"/roleAttributes","value":{"p":["x"]}}]`,
			"no_access",
			[]string{"idle", "ops"},
			map[string][]string{"p": {"x"}},
		},
		"attributes cleared": {`[{"op":"replace","path":"/roleAttributes","value":{}}]`, "reader", []string{"ops", "dev"}, map[string][]string{}},
		"role added":         {`[{"op":"add","path":"/customRoles/0","value":"idle"}]`, "reader", []string{"idle", "ops", "dev"}, nil},
		"role removed":       {`{"comment":"c","patch":[{"op":"remove","path":"/customRoles/0"}]}`, "reader", []string{"dev"}, nil},
		"role twice":         {`[{"op":"add","path":"/customRoles/-","value":"ops"}]`, "reader", []string{"ops", "dev"}, nil},
		"roles null":         {`[{"op":"replace","path":"/customRoles","value":null}]`, "reader", []string{}, nil},
		"test":               {`[{"op":"test","path":"/role","value":"reader"},{"op":"test","path":"/email","value":"bo@example.com"},{"op":"replace","path":"/role","value":"admin"}]`, "admin", []string{"ops", "dev"}, nil},
		"nothing":            {`[]`, "reader", []string{"ops", "dev"}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := peopled(t, Options{})
			path := memberHref(f.member(bo)) + "?expand=roleAttributes"
			was := f.holder(path)
			got := readAs[holder](t, f.want(200, "PATCH", path, test.body).body)
			want := []string{}
			for _, key := range test.roles {
				want = append(want, f.role(key))
			}
			if test.attributes == nil {
				test.attributes = was.RoleAttributes
			}
			if got.Role != test.role || !slices.Equal(got.CustomRoles, want) || cmp.Diff(got.RoleAttributes, test.attributes) != "" || got.Version != was.Version+1 {
				t.Errorf("patched to %+v", got)
			}
			if now := f.holder(path); cmp.Diff(now, got) != "" {
				t.Errorf("answered %+v, holds %+v", got, now)
			}
		})
	}
}

func TestPatchMemberRefusals(t *testing.T) {
	tests := map[string]struct {
		body   string
		status int
	}{
		"empty":          {"", 400},
		"object":         {`{"role":"reader"}`, 400},
		"merge":          {`{"merge":{"role":"writer"}}`, 400},
		"email":          {`[{"op":"replace","path":"/email","value":"x@example.com"}]`, 400},
		"version":        {`[{"op":"replace","path":"/version","value":1}]`, 400},
		"teams":          {`[{"op":"add","path":"/teams/0","value":{}}]`, 400},
		"owner":          {`[{"op":"replace","path":"/role","value":"owner"}]`, 400},
		"role null":      {`[{"op":"replace","path":"/role","value":null}]`, 400},
		"role a number":  {`[{"op":"replace","path":"/role","value":1}]`, 400},
		"unknown role":   {`[{"op":"add","path":"/customRoles/-","value":"none"}]`, 400},
		"roles of no id": {`[{"op":"replace","path":"/customRoles","value":[1]}]`, 400},
		"attributes":     {`[{"op":"replace","path":"/roleAttributes","value":["x"]}]`, 400},
		"test fails":     {`[{"op":"replace","path":"/role","value":"admin"},{"op":"test","path":"/role","value":"reader"}]`, 422},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := peopled(t, Options{})
			before := f.Members()
			if a := f.want(test.status, "PATCH", memberHref(f.member(bo)), test.body); a.code(t) != codes[test.status] {
				t.Errorf("answered %s", a.body)
			}
			if diff := cmp.Diff(before, f.Members()); diff != "" || f.Writes() != 0 {
				t.Errorf("a refused patch changed %s", diff)
			}
		})
	}
	f := peopled(t, Options{})
	f.want(404, "PATCH", memberHref("none"), `[]`)
	f.want(404, "PATCH", memberHref("me"), `[]`)
	f.want(200, "PATCH", memberHref(f.member(ana)), `[{"op":"replace","path":"/role","value":"owner"}]`) // stays what it is
}

// TestStrangers: an id of a role that is gone stays with the member, and can be kept or dropped, but
// not given.
func TestStrangers(t *testing.T) {
	f := peopled(t, Options{})
	id, path := f.role("dev"), memberHref(f.member(bo))
	f.must(f.Remove("dev"))
	if got := f.holder(path).CustomRoles; !slices.Contains(got, id) || len(got) != 2 {
		t.Errorf("holds %q", got)
	}
	f.want(200, "PATCH", path, `[{"op":"add","path":"/customRoles/-","value":"idle"}]`)
	f.want(400, "PATCH", memberHref(f.member(cy)), `[{"op":"add","path":"/customRoles/-","value":"`+id+`"}]`)
	f.want(200, "PATCH", path, `[{"op":"replace","path":"/customRoles","value":["ops"]}]`)
	f.want(400, "PATCH", path, `[{"op":"add","path":"/customRoles/-","value":"`+id+`"}]`)
}

func TestDeleteMember(t *testing.T) {
	f := peopled(t, Options{})
	path := memberHref(f.member(ana))
	f.want(204, "DELETE", path, "")
	f.want(404, "GET", path, "")
	f.want(404, "DELETE", path, "")
	f.want(204, "DELETE", memberHref(f.member(bo)), "")
	team := f.holder(teamHref("checkout") + "?expand=members,maintainers")
	if *team.Members.Total != 1 || *team.Maintainers.Total != 0 {
		t.Errorf("the team still has %d members, %d maintainers", *team.Members.Total, *team.Maintainers.Total)
	}
	if left := f.Teams()[0]; len(left.Grants) != 0 || left.Version != 3 {
		t.Errorf("the team keeps %+v", left)
	}
	if empty := f.Teams()[1]; empty.Version != 1 {
		t.Errorf("a team without the member changed: %+v", empty)
	}
	f.want(201, "POST", membersPath, `[{"email":"bo@example.com","role":"reader"}]`) // may come back
}

func TestMemberTeams(t *testing.T) {
	f := peopled(t, Options{})
	path := memberHref(f.member(cy))
	got := readAs[holder](t, f.want(201, "POST", path+"/teams", `{"teamKeys":["empty","checkout","empty"]}`).body)
	if len(got.Teams) != 2 || got.Teams[0].Key != "checkout" || got.Teams[1].Name != "Nobody" {
		t.Errorf("in %+v", got.Teams)
	}
	f.want(200, "GET", got.Teams[0].Links["self"].Href, "")
	version := f.Teams()[0].Version
	f.want(201, "POST", path+"/teams", `{"teamKeys":["checkout"]}`)
	if now := f.Teams()[0].Version; now != version {
		t.Errorf("joining again changed the team from version %d to %d", version, now)
	}
	for body, status := range map[string]int{``: 400, `{}`: 400, `{"teamKeys":[]}`: 400, `{"teamKeys":"x"}`: 400, `{"teamKeys":["empty","none"]}`: 400} {
		f.want(status, "POST", path+"/teams", body)
	}
	f.want(404, "POST", memberHref("none")+"/teams", `{"teamKeys":["empty"]}`)
}
