package launchdarkly

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/role"
)

func TestTeams(t *testing.T) {
	tests := []struct {
		name     string
		n        int
		account  *account
		requests int
		rounds   int
	}{
		{"none", 0, &account{}, 1, 1},
		{"a page", 100, &account{}, 1, 1},
		{"300", 300, &account{}, 4, 2},
		{"more granted than documented", 150, &account{largest: 1000}, 2, 2},
		{"20 granted", 100, &account{largest: 20, refuses: true}, 2 + 5, 2 + 2},
		{"no total, no links", 150, &account{noTotal: true, noLinks: true}, 3, 3},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := test.account
			a.path, a.largest, a.roles = teamsPath, orElse(a.largest, maxTeams), manyTeams(test.n).roles
			slices.Reverse(a.roles)
			var teams []role.LiveTeam
			rounds := inRounds(t, a, func(t *testing.T, c *Client) {
				var err error
				if teams, err = c.Teams(t.Context()); err != nil {
					t.Error(err)
				}
			})
			if len(teams) != test.n || !slices.IsSorted(teamKeys(teams)) {
				t.Errorf("%d of %d teams", len(teams), test.n)
			}
			if len(a.requests) != test.requests || rounds != test.rounds {
				t.Errorf("%d requests in %d rounds\n%s", len(a.requests), rounds, strings.Join(a.requests, "\n"))
			}
			for _, r := range a.requests {
				if !strings.Contains(r, "expand=roles%2CroleAttributes") {
					t.Errorf("asked %s", r)
				}
			}
		})
	}
}

// TestTeamsWithManyRoles: what an answer does not show is read from where it is.
func TestTeamsWithManyRoles(t *testing.T) {
	all := keyNames("r", 130)
	pagesOf := func(w http.ResponseWriter, req *http.Request) {
		from, to := 0, 100
		if req.URL.Query().Get("offset") == "99" {
			from, to = 99, 130
		}
		jsonReply(200, teamRoles(130, all[from:to]...))(w, req)
	}
	unexpanded := `{"key":"many","name":"Many"}`
	for _, test := range []struct {
		name   string
		listed string
		alone  string
		want   int // requests
		shown  int // roles that the team then has
	}{
		{"all shown", oneTeam("many", 25, all[:25]...), "", 1, 25},
		{"cut", oneTeam("many", 130, all[:25]...), "", 5, 130},
		{"cut without a total", oneTeam("many", -1, all[:25]...), "", 5, 130},
		{"few without a total", oneTeam("many", -1, all[:24]...), "", 1, 24},
		{"a next page", strings.Replace(oneTeam("many", -1, all[:3]...), `"roles":{`, `"roles":{"_links":{"next":{"href":"/x"}},`, 1), "", 5, 130},
		{"one shown twice", oneTeam("many", 2, all[0], all[0]), "", 5, 130},
		{"not expanded", unexpanded, oneTeam("many", 3, all[:3]...), 2, 3},
		{"not expanded, cut", unexpanded, oneTeam("many", 130, all[:25]...), 6, 130},
		{"never expanded", unexpanded, unexpanded, 6, 130},
		{"a number alone", strings.Replace(oneTeam("many", 0), `"items":[],`, "", 1), oneTeam("many", 1, all[:1]...), 2, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &script{replies: map[string][]http.HandlerFunc{
				"GET /teams":            replies(`{"items":[` + test.listed + `],"totalCount":1}`),
				"GET /teams/many":       replies(test.alone),
				"GET /teams/many/roles": {pagesOf, pagesOf, pagesOf, pagesOf},
			}}
			teams, err := client(t, s).Teams(t.Context())
			if err != nil || len(teams) != 1 {
				t.Fatalf("%d teams, %v", len(teams), err)
			}
			if !slices.Equal(teams[0].CustomRoles, all[:test.shown]) || len(s.asked) != test.want {
				t.Errorf("%d roles after\n%s", len(teams[0].CustomRoles), strings.Join(s.asked, "\n"))
			}
			if test.shown == 130 && !slices.Contains(s.asked, "GET /teams/many/roles?limit=100&offset=99") {
				t.Errorf("asked %q", s.asked)
			}
		})
	}
}

func TestTeamsFail(t *testing.T) {
	cut := `{"items":[` + oneTeam("many", 30, "a") + `,` + oneTeam("few", 1, "a") + `],"totalCount":2}`
	for _, test := range []struct {
		name  string
		roles []http.HandlerFunc
		list  string
		want  string // classes
		text  string
		asked int
	}{
		{"denied", []http.HandlerFunc{jsonReply(403, `{}`)}, cut, "denied", `list teams: list the roles of team "many": GET https://app.launchdarkly.test/api/v2/teams/many/roles: 403`, 2},
		{"gone each time", nil, cut, "changing", `list teams: the account is changing while it is read: team "many" is gone since it was listed (4 walks)`, 8},
		{"back again", []http.HandlerFunc{jsonReply(404, `{}`), jsonReply(200, teamRoles(1, "a"))}, cut, "", "", 4},
		{"never all of them", []http.HandlerFunc{jsonReply(200, teamRoles(30, "a"))}, cut, "changing", `list teams: list the roles of team "many": the account is changing while it is read: the total is 30 and 1 roles were seen (4 walks)`, 1 + maxWalks*30},
		{"HTML", []http.HandlerFunc{reply(200, "text/html", "<html>")}, cut, "", "captive portal", 2},
		{"no key", []http.HandlerFunc{jsonReply(200, `{"items":[{"name":"x"}],"totalCount":1}`)}, cut, "", `role of the team: "key" is missing`, 2},
		{"odd key", nil, `{"items":[` + oneTeam("../x", 30, "a") + `],"totalCount":1}`, "not-sent refused", `key "../x"`, 1},
		{"odd key unexpanded", nil, `{"items":[{"key":"a b","name":""}],"totalCount":1}`, "not-sent refused", `key "a b"`, 1},
	} {
		s := &script{replies: map[string][]http.HandlerFunc{"GET /teams": replies(test.list), "GET /teams/many/roles": test.roles}}
		teams, err := client(t, s, func(o *Options) { o.Parallelism = 1 }).Teams(t.Context())
		check(t, err, test.text)
		if classes(err) != test.want || err != nil && teams != nil || test.asked > 0 && len(s.asked) != test.asked {
			t.Errorf("%s: %q, %d teams, asked\n%s", test.name, classes(err), len(teams), strings.Join(s.asked, "\n"))
		}
	}
	// A key that cannot stand in a URL is no obstacle where nothing is missing.
	s := &script{replies: map[string][]http.HandlerFunc{"GET /teams": replies(`{"items":[` + oneTeam("a b", 1, "x") + `],"totalCount":1}`)}}
	if teams, err := client(t, s).Teams(t.Context()); err != nil || teams[0].Key != "a b" {
		t.Errorf("%v", err)
	}
}

func TestReadTeam(t *testing.T) {
	least := func(change func(*role.LiveTeam)) role.LiveTeam {
		l := role.LiveTeam{Team: role.Team{Key: "web", Name: "Web", CustomRoles: []string{}, RoleAttributes: role.Attributes{}}}
		change(&l)
		return l
	}
	with := func(fields string) string {
		return `{"key":"web","name":"Web","roles":{"items":[],"totalCount":0}` + fields + `}`
	}
	tests := []struct {
		name, body string
		want       role.LiveTeam
		err        string
	}{
		{"least", with(""), least(func(*role.LiveTeam) {}), ""},
		{"nulls", with(`,"description":null,"roleAttributes":null,"_version":null,"_idpSynced":null`), least(func(*role.LiveTeam) {}), ""},
		{
			"all", `{"key":"web","name":"Web","description":"d","_version":5,"_idpSynced":true,"_links":{},"_access":{},"_creationDate":1,"_lastModified":2,
			"roles":{"items":[{"key":"b"},{"key":"a"}],"totalCount":2,"_links":{"self":{"href":"/x"}}},"roleAttributes":{"p":["y","x"]},
			"members":{"totalCount":9},"projects":{"totalCount":1,"items":[{}]},"maintainers":{"totalCount":1}}`,
			least(func(l *role.LiveTeam) {
				l.Description, l.Version, l.Synced = "d", 5, true
				l.CustomRoles, l.RoleAttributes = []string{"a", "b"}, role.Attributes{"p": {"x", "y"}}
			}), "",
		},
		{"unknown field", with(`,"powers":[ 1 ]`), least(func(l *role.LiveTeam) {
			l.Extra = map[string]json.RawMessage{"powers": json.RawMessage(`[1]`)}
		}), ""},
		{"other team", strings.Replace(with(""), `"web"`, `"app"`, 1), role.LiveTeam{}, `the answer holds team "app" instead of "web"`},
		{"no key", `{"name":"Web"}`, role.LiveTeam{}, `team: "key" is missing`},
		{"no name", `{"key":"web"}`, role.LiveTeam{}, `team "web": "name" is missing`},
		{"roles array", `{"key":"web","name":"Web","roles":["a"]}`, role.LiveTeam{}, `"roles": found an array, want an object`},
		{"role text", strings.Replace(with(""), `[]`, `["a"]`, 1), role.LiveTeam{}, `"items": found a string, want an object`},
		{"role without key", strings.Replace(with(""), `[]`, `[{}]`, 1), role.LiveTeam{}, `"items": "key" is missing`},
		{"total text", strings.Replace(with(""), `:0`, `:"0"`, 1), role.LiveTeam{}, `"totalCount": found a string`},
		{"attributes text", with(`,"roleAttributes":"x"`), role.LiveTeam{}, `"roleAttributes": found a string, want an object`},
		{"synced text", with(`,"_idpSynced":"no"`), role.LiveTeam{}, `want true or false`},
		{"null", `null`, role.LiveTeam{}, `team: found null, want an object`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := &script{replies: map[string][]http.HandlerFunc{"GET /teams/web": replies(test.body)}}
			got, err := client(t, s).Team(t.Context(), "web")
			check(t, err, test.err)
			if s.asked[0] != "GET /teams/web?expand=roles%2CroleAttributes" {
				t.Errorf("asked %s", s.asked)
			}
			if err != nil {
				if c := classes(err); c != "" {
					t.Errorf("a read has outcome %s", c)
				}
			} else if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTeamKeysInAddresses(t *testing.T) {
	s := &script{}
	c := client(t, s)
	for _, key := range []string{"", ".", "..", "../roles/x", "a/b", "a?b", "a b", "ä", "%2e%2e", "-x", strings.Repeat("k", role.MaxKey+1)} {
		before := role.LiveTeam{Team: role.Team{Key: key, Name: "X"}}
		after := before.Team
		after.Description = "d"
		_, get := c.Team(t.Context(), key)
		_, create := c.CreateTeam(t.Context(), before.Team, "")
		_, set := c.SetTeam(t.Context(), before, after, "")
		for _, err := range []error{get, create, set} {
			if classes(err) != "not-sent refused" {
				t.Errorf("%.40q: %v", key, err)
			}
		}
	}
	if len(s.asked) != 0 {
		t.Errorf("asked %q", s.asked)
	}
	for _, key := range []string{"reader", "57be1db38b75bf0772d11384", strings.Repeat("k", role.MaxKey)} {
		s.replies = map[string][]http.HandlerFunc{"GET /teams/" + key: replies(oneTeam(key, 0))}
		if _, err := c.Team(t.Context(), key); err != nil {
			t.Errorf("%v", err)
		}
	}
}

func TestTeamsStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var list []string
	for i := range 40 {
		list = append(list, fmt.Sprintf(`{"key":"t%02d","name":"T"}`, i))
	}
	s := &script{replies: map[string][]http.HandlerFunc{
		"GET /teams":     replies(`{"items":[` + strings.Join(list, ",") + `],"totalCount":40}`),
		"GET /teams/t03": {func(w http.ResponseWriter, req *http.Request) { cancel(); jsonReply(200, oneTeam("t03", 0))(w, req) }},
	}}
	for i := range 40 {
		if i != 3 {
			s.replies[fmt.Sprintf("GET /teams/t%02d", i)] = replies(oneTeam(fmt.Sprintf("t%02d", i), 0))
		}
	}
	teams, err := client(t, s, func(o *Options) { o.Parallelism = 1 }).Teams(ctx)
	if teams != nil || !errors.Is(err, context.Canceled) || len(s.asked) != 1+4 {
		t.Errorf("%d teams after %d requests: %v", len(teams), len(s.asked), err)
	}
}
