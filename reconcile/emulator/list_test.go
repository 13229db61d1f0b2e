package emulator

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// wireList is a list as a client reads it.
type wireList struct {
	Links map[string]link `json:"_links"`
	Items []wireRole      `json:"items"`
	Total *int            `json:"totalCount"`
}

func (l wireList) keys() []string {
	keys := []string{}
	for _, r := range l.Items {
		keys = append(keys, r.Key)
	}
	return keys
}

func (f *fixture) list(path string) (l wireList) {
	f.t.Helper()
	a := f.want(200, "GET", path, "")
	if err := json.Unmarshal([]byte(a.body), &l); err != nil || l.Items == nil {
		f.t.Fatalf("%v in %s", err, a.body)
	}
	return l
}

func seeded(n int) []Role {
	roles := make([]Role, n)
	for i := range roles {
		roles[i] = Role{Key: fmt.Sprintf("r%04d", i), Name: fmt.Sprintf("Role %d", i), BasePermissions: "no_access"}
	}
	return roles
}

func TestPages(t *testing.T) {
	at := func(limit, offset int) string { return fmt.Sprintf("limit=%d&offset=%d", limit, offset) }
	tests := []struct {
		total         int
		query         string
		first, n      int
		self          string
		next, prev    string
		lastOfAccount string
	}{
		{0, "", 0, 0, at(20, 0), "", "", ""},
		{1, "", 0, 1, at(20, 0), "", "", at(20, 0)},
		{20, "", 0, 20, at(20, 0), "", "", at(20, 0)},
		{21, "", 0, 20, at(20, 0), at(20, 20), "", at(20, 20)},
		{21, "?offset=20", 20, 1, at(20, 20), "", at(20, 0), at(20, 20)},
		{45, "?limit=20&offset=20", 20, 20, at(20, 20), at(20, 40), at(20, 0), at(20, 40)},
		{45, "?limit=10&offset=5", 5, 10, at(10, 5), at(10, 15), at(10, 0), at(10, 40)},
		{45, "?limit=10&offset=45", 45, 0, at(10, 45), "", at(10, 35), at(10, 40)},
		{45, "?limit=10&offset=1000", 45, 0, at(10, 1000), "", at(10, 990), at(10, 40)},
		{45, "?limit=1000", 0, 45, at(1000, 0), "", "", at(1000, 0)},
		{45, "?limit=0&sort=name&filter=x", 0, 20, at(20, 0), at(20, 20), "", at(20, 40)},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.total, test.query), func(t *testing.T) {
			e := start(t, Options{Seed: seeded(test.total)})
			got := e.list(rolesPath + test.query)
			if want := e.keys()[test.first : test.first+test.n]; !slices.Equal(got.keys(), want) {
				t.Errorf("items %q, want %q", got.keys(), want)
			}
			want := map[string]link{"self": linkTo(rolesPath + "?" + test.self)}
			for name, query := range map[string]string{"next": test.next, "prev": test.prev, "last": test.lastOfAccount} {
				if query != "" {
					want[name] = linkTo(rolesPath + "?" + query)
				}
			}
			if test.total > 0 {
				limit, _, _ := strings.Cut(test.self, "&")
				want["first"] = linkTo(rolesPath + "?" + limit + "&offset=0")
			}
			if diff := cmp.Diff(want, got.Links); diff != "" || *got.Total != test.total {
				t.Errorf("total %d, links -want +got:\n%s", *got.Total, diff)
			}
		})
	}
}

func TestPageRefusals(t *testing.T) {
	for _, query := range []string{"limit=-1", "limit=x", "limit=1.5", "offset=-1", "offset=x", "limit=99999999999999999999", "limit=1001"} {
		if a := start(t, Options{}).want(400, "GET", rolesPath+"?"+query, ""); a.code(t) != "invalid_request" {
			t.Errorf("%s: %s", query, a.body)
		}
	}
}

// TestFollowingNext: whoever follows the links sees each role once, whatever order and page size.
func TestFollowingNext(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		order := rapid.SampledFrom([]string{"creation", "key", "shuffled"}).Draw(rt, "order")
		n := rapid.IntRange(0, 60).Draw(rt, "roles")
		limit := rapid.IntRange(1, 70).Draw(rt, "limit")
		e := start(t, Options{Seed: seeded(n), Behaviour: Behaviour{ItemOrder: order}})
		seen := []string{}
		next := fmt.Sprintf("%s?limit=%d", rolesPath, limit)
		for next != "" {
			page := e.list(next)
			seen = append(seen, page.keys()...)
			next = page.Links["next"].Href
		}
		slices.Sort(seen)
		if !slices.Equal(seen, append([]string{}, e.keys()...)) {
			rt.Fatalf("saw %q", seen)
		}
	})
}

func TestListBeforePaging(t *testing.T) {
	e := start(t, Options{Seed: seeded(50)})
	e.version = "20220603"
	got := e.list(rolesPath + "?limit=3&offset=2")
	if len(got.Items) != 50 || *got.Total != 50 || len(got.Links) != 1 {
		t.Errorf("%d items, links %v", len(got.Items), got.Links)
	}
}

func TestListSwitches(t *testing.T) {
	seed := []Role{{Key: "b", Name: "1"}, {Key: "c", Name: "2"}, {Key: "a", Name: "3"}}
	tests := []struct {
		setting, query string
		want           []string
	}{
		{"itemOrder=creation", "", []string{"b", "c", "a"}},
		{"itemOrder=key", "", []string{"a", "b", "c"}},
		{"itemOrder=shuffled", "", []string{"c", "a", "b"}},
		{"maxLimit=2", "", []string{"b", "c"}},
		{"aboveMaxLimit=clamp", "?limit=100000", []string{"b", "c", "a"}},
	}
	for _, test := range tests {
		b, err := ParseBehaviour([]string{test.setting})
		if err != nil {
			t.Fatal(err)
		}
		if got := start(t, Options{Seed: seed, Behaviour: b}).list(rolesPath + test.query); !slices.Equal(got.keys(), test.want) {
			t.Errorf("%s: %q, want %q", test.setting, got.keys(), test.want)
		}
	}
	clamped := start(t, Options{Seed: seed, Behaviour: Behaviour{MaxLimit: 2, AboveMaxLimit: "clamp"}}).list(rolesPath + "?limit=1000")
	if want := rolesPath + "?limit=2&offset=2"; len(clamped.Items) != 2 || clamped.Links["next"].Href != want {
		t.Errorf("clamped to %d items, next %v", len(clamped.Items), clamped.Links["next"])
	}
	if got := start(t, Options{Seed: seed, Behaviour: Behaviour{OmitTotalCount: true}}).list(rolesPath); got.Total != nil {
		t.Errorf("total %d", *got.Total)
	}
}

func TestHrefsAreRelativeAndEscaped(t *testing.T) {
	e := start(t, Options{Seed: []Role{{Key: "a/b c?", Name: "odd"}}})
	href := e.list(rolesPath).Items[0].Links["self"].Href
	if _, err := url.Parse(href); err != nil || href != rolesPath+"/a%2Fb%20c%3F" {
		t.Errorf("href %q %v", href, err)
	}
	e.want(200, "GET", href, "")
}
