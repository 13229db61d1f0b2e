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
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/role"
)

func TestMembers(t *testing.T) {
	tests := []struct {
		name     string
		n        int
		account  *account
		requests int
		rounds   int
	}{
		{"none", 0, &account{}, 1, 1},
		{"a page", 1000, &account{}, 1, 1},
		{"5,000", 5000, &account{}, 6, 3},
		{"100 granted", 1000, &account{largest: 100, refuses: true}, 5 + 10, 2 + 3},
		{"fewer than asked", 1000, &account{largest: 20}, 53, 14},
		{"no total, no links", 250, &account{largest: 100, noTotal: true, noLinks: true}, 4, 4},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := test.account
			a.path, a.roles = membersPath, manyMembers(test.n).roles
			slices.Reverse(a.roles)
			var members []role.LiveMember
			rounds := inRounds(t, a, func(t *testing.T, c *Client) {
				var err error
				if members, err = c.Members(t.Context()); err != nil {
					t.Error(err)
				}
			})
			if len(members) != test.n || !slices.IsSorted(emails(members)) {
				t.Errorf("%d of %d members", len(members), test.n)
			}
			if len(a.requests) != test.requests || rounds != test.rounds {
				t.Errorf("%d requests in %d rounds\n%s", len(a.requests), rounds, strings.Join(a.requests, "\n"))
			}
			for _, r := range a.requests {
				if !strings.Contains(r, "expand=customRoles%2CroleAttributes") {
					t.Errorf("asked %s", r)
				}
			}
		})
	}
}

func TestMembersSortedByAddress(t *testing.T) {
	texts := []string{
		strings.Replace(oneMember("a"), "a@example.com", "z@example.com", 1),
		strings.Replace(oneMember("b"), "b@example.com", "Y@example.com", 1),
		oneMember("c"),
	}
	members, err := client(t, &account{path: membersPath, roles: texts}).Members(t.Context())
	if err != nil || !slices.Equal(emails(members), []string{"Y", "c", "z"}) {
		t.Errorf("%v %v", emails(members), err)
	}
}

func TestReadMember(t *testing.T) {
	const me = "57be1db38b75bf0772d11384"
	least := func(change func(*role.LiveMember)) role.LiveMember {
		m := role.LiveMember{
			ID: me, Teams: []string{},
			Member: role.Member{Email: "Ana@Example.com", Role: "reader", CustomRoles: []string{}, RoleAttributes: role.Attributes{}},
		}
		change(&m)
		return m
	}
	with := func(fields string) string {
		return `{"_id":"` + me + `","email":"Ana@Example.com","role":"reader","customRoles":[]` + fields + `}`
	}
	tests := []struct {
		name, body string
		want       role.LiveMember
		err        string
	}{
		{"least", with(""), least(func(*role.LiveMember) {}), ""},
		{"nulls", with(`,"roleAttributes":null,"teams":null,"_pendingInvite":null,"version":null,"_idpSynced":null`), least(func(*role.LiveMember) {}), ""},
		{"null roles", `{"_id":"` + me + `","email":"Ana@Example.com","role":"reader","customRoles":null}`, least(func(*role.LiveMember) {}), ""},
		{
			"all", `{"_id":"` + me + `","email":"Ana@Example.com","role":"no_access","customRoles":["b","a","b"],"roleAttributes":{"p":["y","x","y"],"none":[],"null":null},
			"teams":[{"key":"t2"},{"key":"t1","customRoleKeys":[]},{"key":"t1"}],"_pendingInvite":true,"_idpSynced":true,"version":7,
			"_lastSeen":1,"_lastSeenMetadata":{"tokenId":"x"},"_integrationMetadata":{},"_verified":false,"_links":{},"_access":{},"mfa":"enabled",
			"firstName":"A","lastName":"B","creationDate":5,"oauthProviders":["x"],"excludedDashboards":[],"permissionGrants":[{"resource":"team/x"}]}`,
			least(func(m *role.LiveMember) {
				m.Role, m.CustomRoles, m.Teams = "no_access", []string{"a", "b"}, []string{"t1", "t2"}
				m.RoleAttributes = role.Attributes{"p": {"x", "y"}}
				m.Pending, m.Synced, m.Version = true, true, 7
			}), "",
		},
		{"version with an underscore", with(`,"_version":4`), least(func(m *role.LiveMember) { m.Version = 4 }), ""},
		{"unknown field", with(`,"powers":{"b":1, "a":2}`), least(func(m *role.LiveMember) {
			m.Extra = map[string]json.RawMessage{"powers": json.RawMessage(`{"a":2,"b":1}`)}
		}), ""},
		{"no id", `{"email":"a@b.c","role":"reader","customRoles":[]}`, role.LiveMember{}, `member: "_id" is missing`},
		{"other id", strings.Replace(with(""), "57be", "57bf", 1), role.LiveMember{}, `the answer holds member "57bf1db38b75bf0772d11384" instead of "57be1db38b75bf0772d11384"`},
		{"no address", `{"_id":"` + me + `","role":"reader","customRoles":[]}`, role.LiveMember{}, `"email" is missing`},
		{"no roles", `{"_id":"` + me + `","email":"a@b.c","role":"reader"}`, role.LiveMember{}, `member "a@b.c": "customRoles" is missing`},
		{"no base role", `{"_id":"` + me + `","email":"a@b.c","customRoles":[]}`, role.LiveMember{}, `"role" is missing`},
		{"other base role", strings.Replace(with(""), `"reader"`, `"god"`, 1), role.LiveMember{}, `member "Ana@Example.com": "role" is "god", which is not a base role that this version knows (reader, writer, admin, owner, no_access)`},
		{"base role in capitals", strings.Replace(with(""), `"reader"`, `"Reader"`, 1), role.LiveMember{}, `not a base role`},
		{"role number", strings.Replace(with(""), `"reader"`, `7`, 1), role.LiveMember{}, `"role": found a number, want a string`},
		{"roles text", strings.Replace(with(""), `[]`, `"ops"`, 1), role.LiveMember{}, `"customRoles": found a string, want an array`},
		{"roles objects", strings.Replace(with(""), `[]`, `[{"key":"ops"}]`, 1), role.LiveMember{}, `want an array of strings`},
		{"attributes array", with(`,"roleAttributes":[]`), role.LiveMember{}, `"roleAttributes": found an array, want an object`},
		{"attribute text", with(`,"roleAttributes":{"p":"web"}`), role.LiveMember{}, `"p": found a string, want an array`},
		{"attribute numbers", with(`,"roleAttributes":{"p":[1]}`), role.LiveMember{}, `"p": found a number, want an array of strings`},
		{"attribute twice", with(`,"roleAttributes":{"p":["a"],"p":["b"]}`), role.LiveMember{}, `the key "p" stands twice`},
		{"teams texts", with(`,"teams":["t"]`), role.LiveMember{}, `"teams": found a string, want an object`},
		{"team without key", with(`,"teams":[{"name":"t"}]`), role.LiveMember{}, `"teams": "key" is missing`},
		{"pending text", with(`,"_pendingInvite":"yes"`), role.LiveMember{}, `want true or false`},
		{"version fraction", with(`,"version":1.5`), role.LiveMember{}, `want a whole number`},
		{"array", `[]`, role.LiveMember{}, `member: found an array, want an object`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := &script{replies: map[string][]http.HandlerFunc{"GET /members/" + me: replies(test.body)}}
			got, err := client(t, s).Member(t.Context(), me)
			check(t, err, test.err)
			if s.asked[0] != "GET /members/"+me+"?expand=customRoles%2CroleAttributes" {
				t.Errorf("asked %s", s.asked)
			}
			if err != nil {
				if c := classes(err); c != "" {
					t.Errorf("a read has outcome %s", c)
				}
				return
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestMemberDigestKeepsStill: what moves by itself is not in the digest.
func TestMemberDigestKeepsStill(t *testing.T) {
	read := func(text string) role.LiveMember {
		v, err := parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		m, err := readMember(v)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	a := read(oneMember("a"))
	b := read(strings.NewReplacer("1608260796147", "1708260796147", `"mfa":"disabled"`, `"mfa":"enabled","_access":{"allowed":[]},"_new":1`, `"web","app"`, `"app","web"`, `"version":3`, `"version":4`).Replace(oneMember("a")))
	if a.Digest() != b.Digest() {
		t.Error("a login is an edit")
	}
	if c := read(strings.Replace(oneMember("a"), `"web"`, `"mobile"`, 1)); c.Digest() == a.Digest() {
		t.Error("an attribute is no edit")
	}
}

func TestMemberIDsInAddresses(t *testing.T) {
	s := &script{}
	c := client(t, s)
	for _, id := range []string{"", "me", "..", "57be1db38b75bf0772d1138", "57be1db38b75bf0772d113844", "57BE1DB38B75BF0772D11384", "57be1db38b75bf0772d1138/", "57be1db38b75bf0772d11384\n", "../../../roles/ops000000000", strings.Repeat("a", 1<<20)} {
		before := role.LiveMember{ID: id, Member: role.Member{Email: "a@b.c", Role: "reader"}}
		after := before.Member
		after.Role = "writer"
		_, get := c.Member(t.Context(), id)
		_, set := c.SetMember(t.Context(), before, after, nil, "")
		for _, err := range []error{get, set} {
			if classes(err) != "not-sent refused" || len(err.Error()) > 500 {
				t.Errorf("%.40q: %.200v", id, err)
			}
		}
	}
	if len(s.asked) != 0 {
		t.Errorf("asked %q", s.asked)
	}
}

func TestTwoOfOneAddress(t *testing.T) {
	twin := strings.Replace(oneMember("b"), "b@example.com", "A@Example.com", 1)
	a := &account{path: membersPath, roles: []string{oneMember("a"), twin}}
	members, err := client(t, a).Members(t.Context())
	check(t, err, `list members: the account is changing while it is read: two members have the e-mail address "A@Example.com" (4 walks)`)
	if classes(err) != "changing" || members != nil || len(a.requests) != maxWalks {
		t.Errorf("%d members after %d requests", len(members), len(a.requests))
	}
	// Removed and invited again between two reads: the next walk is fine.
	a.requests = nil
	a.before = func(a *account, n int) {
		if n == 2 {
			a.roles = a.roles[1:]
		}
	}
	if members, err := client(t, a).Members(t.Context()); err != nil || len(members) != 1 {
		t.Errorf("%d members, %v", len(members), err)
	}
}

func TestMembersStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a := manyMembers(50)
	a.largest = 2
	a.before = func(_ *account, n int) {
		if n == 3 {
			cancel()
		}
	}
	members, err := client(t, a).Members(ctx)
	if members != nil || !errors.Is(err, context.Canceled) || len(a.requests) > 3+DefaultParallelism {
		t.Errorf("%d members after %d requests: %v", len(members), len(a.requests), err)
	}
	// Between two walks, and while waiting there.
	for _, where := range []string{"before", "within"} {
		ctx, cancel := context.WithCancel(t.Context())
		a := manyMembers(3)
		a.change = func(p map[string]any) {
			p["totalCount"] = 2
			if where == "before" {
				cancel()
			}
		}
		slept := 0
		_, err := client(t, a, func(o *Options) {
			o.Sleep = func(ctx context.Context, _ time.Duration) error { slept++; cancel(); return ctx.Err() }
		}).Members(ctx)
		check(t, err, "list members: context canceled")
		if want := map[string]int{"before": 0, "within": 1}[where]; len(a.requests) != 1 || slept != want {
			t.Errorf("stopped %s a wait: %d requests, %d waits", where, len(a.requests), slept)
		}
		cancel()
	}
}

func BenchmarkMembers(b *testing.B) {
	pages := map[string]string{}
	a := manyMembers(5000)
	c := client(b, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if body, known := pages[req.URL.RawQuery]; known {
			jsonReply(200, body)(w, req)
			return
		}
		a.ServeHTTP(w, req)
	}))
	record := client(b, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		var limit, offset int
		_, _ = fmt.Sscan(req.URL.Query().Get("limit"), &limit)
		_, _ = fmt.Sscan(req.URL.Query().Get("offset"), &offset)
		items := a.roles[offset:min(offset+limit, len(a.roles))]
		body := fmt.Sprintf(`{"items":[%s],"totalCount":%d}`, strings.Join(items, ","), len(a.roles))
		pages[req.URL.RawQuery] = body
		jsonReply(200, body)(w, req)
	}), func(o *Options) { o.Parallelism = 1 })
	if _, err := record.Members(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Members(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
