package emulator

import (
	"encoding/json"
	"fmt"
	"testing"
)

// holderList is a list of members or teams as a client reads it.
type holderList struct {
	Links map[string]link `json:"_links"`
	Items []holder        `json:"items"`
	Total *int            `json:"totalCount"`
}

// holder is a member or a team as a client reads it.
type holder struct {
	ID             string              `json:"_id"`
	Links          map[string]link     `json:"_links"`
	Email          string              `json:"email"`
	Role           string              `json:"role"`
	FirstName      string              `json:"firstName"`
	Pending        bool                `json:"_pendingInvite"`
	Verified       bool                `json:"_verified"`
	Version        int                 `json:"version"`
	CustomRoles    []string            `json:"customRoles"`
	RoleAttributes map[string][]string `json:"roleAttributes"`
	Integration    map[string]any      `json:"_integrationMetadata"`
	Teams          []struct {
		Key, Name      string
		CustomRoleKeys []string        `json:"customRoleKeys"`
		Links          map[string]link `json:"_links"`
	} `json:"teams"`

	Key         string      `json:"key"`
	Name        string      `json:"name"`
	Description string      `json:"description"`
	Synced      bool        `json:"_idpSynced"`
	TeamVersion int         `json:"_version"`
	Members     *holderList `json:"members"`
	Roles       *teamParts  `json:"roles"`
	Maintainers *teamParts  `json:"maintainers"`
	Projects    *teamParts  `json:"projects"`
}

// teamParts is a list that belongs to a team.
type teamParts struct {
	Links map[string]link `json:"_links"`
	Total *int            `json:"totalCount"`
	Items []struct {
		Key, Name string
		AppliedOn int64  `json:"appliedOn"`
		ID        string `json:"_id"`
		Email     string
	}
}

func (l *teamParts) keys() []string {
	keys := []string{}
	for _, item := range l.Items {
		keys = append(keys, item.Key+item.Email)
	}
	return keys
}

// names are what tells the items apart.
func (l holderList) names() []string {
	names := []string{}
	for _, item := range l.Items {
		names = append(names, item.Email+item.Key)
	}
	return names
}

// readAs decodes a body.
func readAs[T any](t testing.TB, body string) (value T) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return value
}

func (f *fixture) holders(path string) holderList {
	f.t.Helper()
	return readAs[holderList](f.t, f.want(200, "GET", path, "").body)
}

func (f *fixture) holder(path string) holder {
	f.t.Helper()
	return readAs[holder](f.t, f.want(200, "GET", path, "").body)
}

// member is the id of the member of that e-mail address.
func (f *fixture) member(email string) string {
	f.t.Helper()
	for _, m := range f.Members() {
		if m.Email == email {
			return m.ID
		}
	}
	f.t.Fatalf("no member %s", email)
	return ""
}

// role is the id of the role of that key.
func (f *fixture) role(key string) string {
	f.t.Helper()
	return f.want(200, "GET", rolePath(key), "").role(f.t).ID
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// peopled is an account of three roles, four members and two teams.
func peopled(t testing.TB, opts Options) *fixture {
	t.Helper()
	opts.Seed = []Role{{Key: "ops", Name: "Ops"}, {Key: "dev", Name: "Dev"}, {Key: "idle", Name: "Idle"}}
	f := start(t, opts)
	for _, m := range []Member{
		{Email: "Ana@example.com", FirstName: "Ana", LastName: "Zu", Role: "owner", LastSeen: 30},
		{Email: "bo@example.com", CustomRoles: []string{"ops", "dev"}, RoleAttributes: map[string][]string{"projects": {"web", "app", "api"}}, LastSeen: 20},
		{Email: "cy@example.com", Role: "writer", Pending: true},
		{Email: "di@other.test", Role: "admin", CustomRoles: []string{"dev"}, FirstName: "Di", LastSeen: 10},
	} {
		f.must(f.AddMember(m))
	}
	f.must(f.AddTeam(Team{
		Key: "checkout", Name: "Checkout", CustomRoles: []string{"ops"}, Members: []string{"bo@example.com", "di@other.test"},
		RoleAttributes: map[string][]string{"projects": {"web", "app", "api"}},
		Grants:         []Grant{{ActionSet: maintains, Members: []string{"ana@example.com"}}},
	}))
	f.must(f.AddTeam(Team{Key: "empty", Name: "Nobody"}))
	return f
}

// crowd is an account of n members with three roles each, in 50 teams.
func crowd(b testing.TB, n int, opts Options) *fixture {
	f := start(b, opts)
	for i := range 100 {
		f.must(f.Add(Role{Key: fmt.Sprintf("role-%d", i), Name: "n"}))
	}
	teams := make([]Team, 50)
	for i := range n {
		m := Member{Email: fmt.Sprintf("member-%d@example.com", i), FirstName: "First", LastName: "Last", RoleAttributes: map[string][]string{"projects": {"a", "b", "c"}}}
		for j := range 3 {
			m.CustomRoles = append(m.CustomRoles, fmt.Sprintf("role-%d", (i+j*7)%100))
		}
		f.must(f.AddMember(m))
		t := &teams[i%len(teams)]
		t.Members = append(t.Members, m.Email)
	}
	for i, t := range teams {
		t.Key, t.Name, t.CustomRoles = fmt.Sprintf("team-%d", i), "Team", []string{"role-1", "role-2"}
		f.must(f.AddTeam(t))
	}
	return f
}

// BenchmarkMembersPage is one page of 1,000 of 5,000 members with three roles each.
func BenchmarkMembersPage(b *testing.B) {
	for _, query := range []string{"", "&expand=customRoles,roleAttributes", "&filter=role:role-1|role-2&sort=-displayName"} {
		b.Run(query, func(b *testing.B) {
			f := crowd(b, 5000, Options{})
			b.ReportAllocs()
			for b.Loop() {
				f.want(200, "GET", membersPath+"?limit=1000&offset=2000"+query, "")
			}
		})
	}
}

// BenchmarkTeamsPage is one page of 50 teams, all expanded.
func BenchmarkTeamsPage(b *testing.B) {
	f := crowd(b, 5000, Options{})
	for b.Loop() {
		f.want(200, "GET", teamsPath+"?limit=100&expand=members,roles,roleAttributes,projects,maintainers", "")
	}
}

// BenchmarkBulkPatch gives 5,000 members a role.
func BenchmarkBulkPatch(b *testing.B) {
	f := crowd(b, 5000, Options{})
	for b.Loop() {
		f.want(200, "PATCH", membersPath, `{"instructions":[{"kind":"replaceAllMembersCustomRoles","values":["role-1","role-2"]}]}`)
	}
}
