package launchdarkly

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
	"github.com/rolewright/rolewright/reconcile/role"
)

func TestNameRoles(t *testing.T) {
	const known, unknown = "0000000000000000000000a1", "0000000000000000000000ff"
	roles := []role.Live{
		{ID: known, Role: role.Role{Key: "ra"}},
		{ID: "0000000000000000000000b2", Role: role.Role{Key: "rb"}},
		{ID: "0000000000000000000000c3", Role: role.Role{Key: known}}, // a key that looks like another's id
	}
	member := func(id string, roles, strangers, teams []string) role.LiveMember {
		return role.LiveMember{ID: id, Member: role.Member{Email: id, CustomRoles: roles}, Strangers: strangers, Teams: teams}
	}
	team := func(key string, roles, members []string) role.LiveTeam {
		return role.LiveTeam{Team: role.Team{Key: key, CustomRoles: roles}, Members: members}
	}
	none := []string{}
	members, teams := NameRoles(
		[]role.LiveMember{
			member("1", []string{unknown, "0000000000000000000000b2", known, "rb", "odd"}, nil, []string{"web", "gone"}),
			member("2", nil, []string{unknown, known}, []string{"web", "app"}),
			member("3", []string{"0000000000000000000000c3"}, nil, nil),
		},
		[]role.LiveTeam{team("web", []string{"rb", "ra", "odd"}, nil), team("app", nil, []string{"9"}), team("empty", []string{"0000000000000000000000b2", "rb"}, nil)},
		roles,
	)
	wantMembers := []role.LiveMember{
		member("1", []string{"odd", "ra", "rb"}, []string{unknown}, []string{"web", "gone"}),
		member("2", []string{"ra"}, []string{unknown}, []string{"web", "app"}),
		member("3", []string{known}, nil, nil),
	}
	wantTeams := []role.LiveTeam{team("web", []string{"odd", "ra", "rb"}, []string{"1", "2"}), team("app", none, []string{"9"}), team("empty", []string{"rb"}, none)}
	if diff := cmp.Diff(wantMembers, members) + cmp.Diff(wantTeams, teams); diff != "" {
		t.Error(diff)
	}
	if members, teams := NameRoles(nil, []role.LiveTeam{team("web", nil, nil)}, nil); members != nil || teams[0].Members != nil {
		t.Error("members that were not read are none")
	}
	if _, teams := NameRoles([]role.LiveMember{}, []role.LiveTeam{team("web", nil, nil)}, nil); teams[0].Members == nil {
		t.Error("an account without members leaves them open")
	}
}

// TestNameRolesLaw: named twice is named once; no role is lost, and the arguments stay as they are.
func TestNameRolesLaw(t *testing.T) {
	ids := []string{"0000000000000000000000a1", "0000000000000000000000b2", "0000000000000000000000c3"}
	keys := []string{"ra", "rb", "rc"}
	some := rapid.SliceOfN(rapid.SampledFrom(slices.Concat(ids, keys)), 0, 6)
	rapid.Check(t, func(r *rapid.T) {
		var members []role.LiveMember
		var teams []role.LiveTeam
		var roles []role.Live
		for i := range rapid.IntRange(0, 3).Draw(r, "roles") {
			roles = append(roles, role.Live{ID: ids[i], Role: role.Role{Key: keys[i]}})
		}
		for i := range rapid.IntRange(0, 3).Draw(r, "members") {
			members = append(members, role.LiveMember{ID: fmt.Sprint(i), Member: role.Member{CustomRoles: some.Draw(r, "held")}, Strangers: some.Draw(r, "strangers"), Teams: []string{"t"}})
		}
		teams = append(teams, role.LiveTeam{Team: role.Team{Key: "t", CustomRoles: some.Draw(r, "given")}})
		before := fmt.Sprint(members, teams, roles)
		m, n := NameRoles(members, teams, roles)
		if fmt.Sprint(members, teams, roles) != before {
			r.Fatal("an argument has changed")
		}
		m2, n2 := NameRoles(m, n, roles)
		if diff := cmp.Diff(m, m2) + cmp.Diff(n, n2); diff != "" {
			r.Fatal(diff)
		}
		words := map[string]string{}
		for _, l := range roles {
			words[l.Key] = l.ID
		}
		for i := range m {
			if cmp.Diff(inIDs(members[i], words).CustomRoles, inIDs(m[i], words).CustomRoles) != "" {
				r.Fatalf("%+v is named %+v", members[i], m[i])
			}
		}
	})
}

// TestHolderErrorsPrint: names from an account cannot drive a terminal.
func TestHolderErrorsPrint(t *testing.T) {
	for _, err := range []error{
		&MovedError{"team " + quote("\x1b[31m"), []string{"name"}},
		&NotAddedError{"\x1b[31m", []string{"\u202e"}},
		readBack(errors.New("x")),
	} {
		if strings.ContainsAny(err.Error(), "\x1b\u202e") {
			t.Errorf("%q", err.Error())
		}
	}
	if readBack(nil) != nil {
		t.Error("a good reading is an error")
	}
}

// lists are the ways in which holders are read, each with an answer that is good.
var lists = []struct {
	name, path string
	good       string
	call       func(c *Client, ctx context.Context) (int, error)
}{
	{"members", membersPath, `{"items":[` + oneMember("a") + `,` + oneMember("b") + `],"totalCount":2,"_links":{"self":{"href":"/api/v2/members"}}}`, func(c *Client, ctx context.Context) (int, error) {
		m, err := c.Members(ctx)
		return len(m), err
	}},
	{"teams", teamsPath, `{"items":[` + oneTeam("a", 1, "x") + `,` + oneTeam("b", 0) + `],"totalCount":2}`, func(c *Client, ctx context.Context) (int, error) {
		t, err := c.Teams(ctx)
		return len(t), err
	}},
	{"roles of a team", teamsPath + "/t/roles", teamRoles(2, "a", "b"), func(c *Client, ctx context.Context) (int, error) {
		t, err := c.withAllRoles(ctx, teamRead{LiveTeam: role.LiveTeam{Team: role.Team{Key: "t"}}})
		return len(t.CustomRoles), err
	}},
	{"a member", membersPath + "/57be1db38b75bf0772d11384", anaText, func(c *Client, ctx context.Context) (int, error) {
		m, err := c.Member(ctx, "57be1db38b75bf0772d11384")
		return len(m.CustomRoles), err
	}},
	{"a team", teamsPath + "/web", webText("a", "b"), func(c *Client, ctx context.Context) (int, error) {
		t, err := c.Team(ctx, "web")
		return len(t.CustomRoles), err
	}},
}

// TestHoldersCutAnywhere cuts each answer at each byte, and lets the tries after that give nothing.
func TestHoldersCutAnywhere(t *testing.T) {
	cases := 0
	for _, list := range lists {
		for at := range len(list.good) {
			tries := 0
			c := client(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				if tries++; tries > 1 {
					jsonReply(200, "")(w, req)
					return
				}
				jsonReply(200, list.good[:at])(w, req)
			}))
			n, err := list.call(c, t.Context())
			if err == nil || n != 0 || tries != 7 || !strings.Contains(err.Error(), "cut short") {
				t.Fatalf("%s cut at %d: %d after %d tries: %v", list.name, at, n, tries, err)
			}
			cases++
		}
	}
	t.Logf("%d cuts", cases)
}

// TestHostileHolders answers each reading with what is not its answer.
func TestHostileHolders(t *testing.T) {
	for _, list := range lists {
		if n, err := list.call(client(t, jsonReply(200, list.good)), t.Context()); n != 2 || err != nil {
			t.Errorf("%s: %d, %v", list.name, n, err)
		}
		for name, hostile := range map[string]struct {
			reply http.HandlerFunc
			want  string
		}{
			"page":          {reply(200, "text/html", "<html>log in</html>"), "captive portal"},
			"text":          {reply(200, "text/plain", list.good), "captive portal"},
			"nothing":       {jsonReply(200, "null"), "found null, want an object"},
			"array":         {jsonReply(200, "["+list.good+"]"), "found an array, want an object"},
			"message":       {jsonReply(200, `{"message":"x"}`), "not LaunchDarkly's answer"},
			"two values":    {jsonReply(200, list.good+list.good), "invalid character"},
			"key twice":     {jsonReply(200, `{"items":[],`+list.good[1:len(list.good)-1]+`,"items":[],"key":"web","_id":"x","key":"web"}`), "stands twice"},
			"other letters": {jsonReply(200, strings.NewReplacer(`"items"`, `"Items"`, `"email"`, `"Email"`, `"name"`, `"Name"`).Replace(list.good)), "not LaunchDarkly's answer"},
			"surrogate":     {jsonReply(200, strings.Replace(list.good, `"a`, `"\ud800`, 1)), "half a surrogate pair"},
			"not UTF-8":     {jsonReply(200, strings.Replace(list.good, `"a`, "\"\xff", 1)), "not UTF-8"},
			"deep":          {jsonReply(200, `{"items":`+strings.Repeat("[", 100)+strings.Repeat("]", 100)+`}`), "nested deeper than 64 levels"},
			"huge":          {jsonReply(200, strings.Repeat(" ", maxBody+1)), "larger than 32 MiB"},
			"denied":        {jsonReply(403, `{"message":"no"}`), "403 Forbidden: no"},
			"missing":       {jsonReply(404, `{"message":"no"}`), "404 Not Found: no"},
			"elsewhere":     {jsonReply(302, ``), "redirect to no host refused"},
		} {
			n, err := list.call(client(t, hostile.reply), t.Context())
			check(t, err, hostile.want)
			if n != 0 {
				t.Errorf("%s, %s: %d", list.name, name, n)
			}
		}
	}
}

// TestHolderPages answers the lists with pages that do not belong together.
func TestHolderPages(t *testing.T) {
	item := map[string]func(string) string{
		membersPath:            oneMember,
		teamsPath:              func(key string) string { return oneTeam(key, 1, "x") },
		teamsPath + "/t/roles": func(key string) string { return `{"key":"` + key + `"}` },
	}
	for _, list := range lists[:3] {
		one := item[list.path]
		for _, test := range []struct {
			name   string
			change func(page map[string]any)
			before func(a *account, n int)
			items  string
			want   string
			n      int
		}{
			{name: "quiet", items: "abcd", n: 4},
			{name: "total too large", items: "abcd", change: func(p map[string]any) { p["totalCount"] = 5 }, want: "the account is changing"},
			{name: "total too small", items: "abcd", change: func(p map[string]any) { p["totalCount"] = 3 }, want: "the account is changing"},
			{name: "absurd total", items: "abcd", change: func(p map[string]any) { p["totalCount"] = 100_001 }, want: "rolewright reads at most 100000"},
			{name: "next elsewhere", items: "abcd", change: func(p map[string]any) {
				p["_links"] = map[string]any{"next": map[string]any{"href": "/api/v2/tokens?offset=2"}}
			}, want: `the next page is said to be at "/api/v2/tokens"`},
			{name: "next on another host", items: "abcd", change: func(p map[string]any) {
				p["_links"] = map[string]any{"next": map[string]any{"href": "https://evil.test" + list.path + "?offset=2"}}
			}, want: `the next page is said to be on host "evil.test"`},
			{name: "twice", items: "abcb", want: "the account is changing"},
			{name: "shuffled for each page", items: "abcd", before: func(a *account, n int) {
				if n%2 == 0 {
					slices.Reverse(a.roles)
				}
			}, want: "the account is changing"},
			{name: "shuffled once", items: "abcd", before: func(a *account, n int) {
				if n == 2 {
					slices.Reverse(a.roles)
				}
			}, n: 4},
			{name: "one gone in front and one added behind", items: "abcd", before: func(a *account, n int) {
				if n == 2 {
					a.roles = append(a.roles[1:], one("e"))
				}
			}, n: 4},
		} {
			a := &account{path: list.path, largest: 2, change: test.change, before: test.before}
			for _, key := range test.items {
				a.roles = append(a.roles, one(string(key)))
			}
			n, err := list.call(client(t, a, func(o *Options) { o.Parallelism = 1 }), t.Context())
			check(t, err, test.want)
			if n != test.n {
				t.Errorf("%s, %s: %d", list.name, test.name, n)
			}
		}
	}
}

// TestNoHolderIsMissed: while others come and go, who is there all the time is in the list, or the
// list is an error.
func TestNoHolderIsMissed(t *testing.T) {
	done, errs := 0, 0
	for seed := range uint64(120) {
		random := rand.New(rand.NewPCG(seed, 3))
		a := manyMembers(2 + random.IntN(12))
		a.largest, a.noTotal = 2+random.IntN(4), random.IntN(4) == 0
		start, gone := slices.Clone(a.roles), map[string]bool{}
		chance := random.Float64() / 2
		a.before = func(a *account, n int) {
			for n > 1 && random.Float64() < chance {
				if at := random.IntN(len(a.roles) + 1); at < len(a.roles) && random.IntN(2) == 0 {
					gone[a.roles[at]] = true
					a.roles = slices.Delete(a.roles, at, at+1)
				} else {
					a.roles = slices.Insert(a.roles, at, oneMember(fmt.Sprintf("n%d", random.Uint32())))
				}
			}
		}
		members, err := client(t, a).Members(t.Context())
		if err != nil {
			if !errors.Is(err, role.ErrChanging) {
				t.Fatal(err)
			}
			errs++
			continue
		}
		done++
		for i, text := range start {
			if name := fmt.Sprintf("m%05d", i); !gone[text] && !slices.Contains(emails(members), name) {
				t.Fatalf("seed %d: %s was there all the time and is not in %v", seed, name, emails(members))
			}
		}
	}
	t.Logf("%d lists, %d given up", done, errs)
	if done < 30 || errs == 0 {
		t.Error("the changes are too few or too many to show anything")
	}
}

// TestRoundTripsOfAnAccount: 5,000 members, 300 teams and 1,000 roles are read in 4 round trips in
// sequence, and never more pages at a time than the client may.
func TestRoundTripsOfAnAccount(t *testing.T) {
	parts := map[string]*account{rolesPath: newAccount(1000), membersPath: manyMembers(5000), teamsPath: manyTeams(300)}
	var mu sync.Mutex
	now, most := 0, 0
	gauge := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		now += by
		most = max(most, now)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { parts[req.URL.Path].ServeHTTP(w, req) })
	var members []role.LiveMember
	var teams []role.LiveTeam
	rounds := inRounds(t, handler, func(t *testing.T, c *Client) {
		next := c.http.Transport.(*guard).next
		c.http.Transport.(*guard).next = transportFunc(func(req *http.Request) (*http.Response, error) {
			gauge(1)
			defer gauge(-1)
			return next.RoundTrip(req)
		})
		var roles []role.Live
		var errs [3]error
		var wg sync.WaitGroup
		wg.Go(func() { members, errs[0] = c.Members(t.Context()) })
		wg.Go(func() { teams, errs[1] = c.Teams(t.Context()) })
		wg.Go(func() { roles, errs[2] = c.Roles(t.Context()) })
		wg.Wait()
		if err := errors.Join(errs[:]...); err != nil {
			t.Error(err)
		}
		members, teams = NameRoles(members, teams, roles)
	})
	requests := 0
	for _, a := range parts {
		requests += len(a.requests)
	}
	t.Logf("%d requests, %d round trips in sequence, at most %d at a time", requests, rounds, most)
	if rounds > 4 || requests != 1+6+4 || most > DefaultParallelism || len(members) != 5000 || len(teams) != 300 {
		t.Errorf("%d members, %d teams", len(members), len(teams))
	}
}

func FuzzMember(f *testing.F) {
	f.Add(anaText)
	f.Add(oneMember("a"))
	f.Add(`{"_id":"57be1db38b75bf0772d11384","email":"a","role":"reader","customRoles":null,"x":{"y":1}}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, body string) {
		defer fuzzing.Timed(t)()
		m, err := client(t, jsonReply(200, body)).Member(t.Context(), "57be1db38b75bf0772d11384")
		if err != nil {
			sealed(t, err)
			return
		}
		if m.ID != "57be1db38b75bf0772d11384" || m.Email == "" || !slices.Contains(baseRoles, m.Role) || !utf8.ValidString(m.Email) ||
			m.CustomRoles == nil || m.RoleAttributes == nil || m.Teams == nil || m.Digest() == "" {
			t.Fatalf("%+v", m)
		}
	})
}

func FuzzTeam(f *testing.F) {
	f.Add(webText("a", "b"))
	f.Add(oneTeam("web", 1, "a"))
	f.Add(`{"key":"web","name":null,"roles":{"items":[],"totalCount":3}}`)
	f.Add(`{"items":[],"key":"web","name":""}`)
	f.Fuzz(func(t *testing.T, body string) {
		defer fuzzing.Timed(t)()
		tm, err := client(t, jsonReply(200, body)).Team(t.Context(), "web")
		if err != nil {
			sealed(t, err)
			return
		}
		if tm.Key != "web" || tm.CustomRoles == nil || tm.RoleAttributes == nil || tm.Members != nil || tm.Digest() == "" {
			t.Fatalf("%+v", tm)
		}
		if _, err := json.Marshal(tm); err != nil {
			t.Fatal(err)
		}
	})
}
