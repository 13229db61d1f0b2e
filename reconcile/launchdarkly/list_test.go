package launchdarkly

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/role"
)

func TestRoles(t *testing.T) {
	tests := []struct {
		name     string
		n        int
		account  *account // its roles are made from n
		requests int
		rounds   int // in sequence, four at a time
	}{
		{"none", 0, &account{}, 1, 1},
		{"one", 1, &account{}, 1, 1},
		{"a page", 1000, &account{}, 1, 1},
		{"a page and one", 1001, &account{}, 2 + 2, 2 + 1}, // two walks over what has several pages
		{"ten pages", 10_000, &account{}, 11 + 11, 4 + 3},
		{"fewer granted than asked", 1000, &account{largest: 100}, 11 + 11, 4 + 3},
		{"500 granted", 1000, &account{largest: 500, refuses: true}, 5 + 2 + 3, 3 + 1},
		{"100 granted", 1000, &account{largest: 100, refuses: true}, 5 + 10 + 11, 2 + 3 + 3},
		{"20 granted", 100, &account{largest: 20, refuses: true}, 5 + 5 + 6, 2 + 2 + 2},
		{"10,000 by 100", 10_000, &account{largest: 100, refuses: true}, 5 + 100 + 101, 2 + 25 + 26},
		{"one a page", 5, &account{largest: 1}, 5 + 5, 2 + 2},
		{"two a page", 5, &account{largest: 2}, 4 + 4, 2 + 1},
		{"no links", 250, &account{largest: 100, noLinks: true}, 3 + 3, 2 + 1},
		{"no total, none", 0, &account{noTotal: true}, 1, 1},
		{"no total, one", 1, &account{noTotal: true}, 2, 2},
		{"no total", 250, &account{largest: 100, noTotal: true}, 4 + 4, 4 + 4},
		{"no total, no links", 250, &account{largest: 100, noTotal: true, noLinks: true}, 4 + 4, 4 + 4},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a := test.account
			a.roles = newAccount(test.n).roles
			roles, rounds := timedList(t, a)
			if len(roles) != test.n || !slices.IsSorted(keys(roles)) {
				t.Errorf("%d of %d roles", len(roles), test.n)
			}
			if len(a.requests) != test.requests || rounds != test.rounds {
				t.Errorf("%d requests in %d rounds, want %d in %d\n%s", len(a.requests), rounds, test.requests, test.rounds, strings.Join(a.requests, "\n"))
			}
		})
	}
}

// timedList lists with 50 ms for each request and returns how many of them passed in sequence.
func timedList(t testing.TB, a *account) (roles []role.Live, rounds int) {
	const latency = 50 * time.Millisecond
	synctest.Test(t.(*testing.T), func(t *testing.T) {
		c := client(t, nil, func(o *Options) {
			o.Sleep, o.Now = nil, nil
			o.Transport = transportFunc(func(req *http.Request) (*http.Response, error) {
				time.Sleep(latency)
				return inProcess{a}.RoundTrip(req)
			})
		})
		start := time.Now()
		var err error
		if roles, err = c.Roles(t.Context()); err != nil {
			t.Fatal(err)
		}
		rounds = int(time.Since(start) / latency)
	})
	return roles, rounds
}

// TestRoundTrips holds the figures: a list of 1,000 roles takes at most 3 round trips in sequence,
// and any other at most pages/parallelism + 3, whatever size of page is granted.
func TestRoundTrips(t *testing.T) {
	for _, n := range []int{1000, 10_000} {
		for _, largest := range []int{1000, 500, 200, 100, 20} {
			if n > 1000 && largest == 20 {
				continue // 500 pages show no more than 50
			}
			a := newAccount(n)
			a.largest, a.refuses = largest, true
			_, rounds := timedList(t, a)
			pages := len(a.requests)
			t.Logf("%6d roles, pages of %4d: %3d requests, %3d in sequence", n, largest, pages, rounds)
			if rounds > pages/DefaultParallelism+3 || n == 1000 && largest == 1000 && rounds > 3 {
				t.Errorf("%d round trips for %d pages", rounds, pages)
			}
		}
	}
}

func TestPageSizeIsRemembered(t *testing.T) {
	a := newAccount(150)
	a.largest, a.refuses = 100, true
	c := client(t, a)
	for range 2 {
		a.requests = nil
		if roles, err := c.Roles(t.Context()); err != nil || len(roles) != 150 {
			t.Fatal(len(roles), err)
		}
	}
	slices.Sort(a.requests) // the second walk reads its pages at the same time
	if !slices.Equal(a.requests, []string{"limit=100&offset=0", "limit=100&offset=0", "limit=100&offset=99", "limit=100&offset=99"}) {
		t.Errorf("the second list asks %q", a.requests)
	}
}

func TestNoPageSizeGranted(t *testing.T) {
	a := newAccount(10)
	a.largest, a.refuses = 5, true
	_, err := client(t, a).Roles(t.Context())
	check(t, err, "list roles: GET https://app.launchdarkly.test/api/v2/roles: 400 Bad Request: limit is too large")
	if len(a.requests) != 5 {
		t.Errorf("%d requests", len(a.requests))
	}
	_, err = client(t, a, func(o *Options) { o.PageSize = 10 }).Roles(t.Context())
	if classes(err) != "refused" {
		t.Errorf("%v", err)
	}
}

// TestStopWhileProbing: a size that was not asked for must not be taken for an empty account.
func TestStopWhileProbing(t *testing.T) {
	for stop := 1; stop <= 5; stop++ {
		ctx, cancel := context.WithCancel(t.Context())
		a := newAccount(10)
		a.largest, a.refuses = 20, true
		a.before = func(_ *account, n int) {
			if n == stop {
				cancel()
			}
		}
		roles, err := client(t, a, func(o *Options) { o.Parallelism = 1 }).Roles(ctx)
		if len(roles) != 10 && (err == nil || !errors.Is(err, context.Canceled)) {
			t.Errorf("stopped at request %d: %d roles, %v", stop, len(roles), err)
		}
		cancel()
	}
}

func TestTornLists(t *testing.T) {
	insert := func(a *account, at int, key string) { a.roles = slices.Insert(a.roles, at, oneRole(key)) }
	remove := func(a *account, at int) { a.roles = slices.Delete(a.roles, at, at+1) }
	tests := []struct {
		name   string
		before func(a *account) // done between the first page and the second, once
		always bool             // before every request instead
		change func(page map[string]any)
		want   []string
		err    string
	}{
		{name: "quiet", want: []string{"r00000", "r00001", "r00002", "r00003"}},
		{name: "one added in front", before: func(a *account) { insert(a, 0, "a") }, want: []string{"a", "r00000", "r00001", "r00002", "r00003"}},
		{name: "one added behind", before: func(a *account) { insert(a, 4, "z") }, want: []string{"r00000", "r00001", "r00002", "r00003", "z"}},
		{name: "one deleted in front", before: func(a *account) { remove(a, 0) }, want: []string{"r00001", "r00002", "r00003"}},
		{name: "all deleted", before: func(a *account) { a.roles = nil }, want: nil},
		{
			name:   "one deleted in front and one added behind", // the count stays: r00002 would be missed
			before: func(a *account) { remove(a, 0); insert(a, 3, "z") },
			want:   []string{"r00001", "r00002", "r00003", "z"},
		},
		{
			name: "order reversed", before: func(a *account) { slices.Reverse(a.roles) },
			want: []string{"r00000", "r00001", "r00002", "r00003"},
		},
		{
			name:   "edited at the seam",
			before: func(a *account) { a.roles[1] = strings.Replace(a.roles[1], "updateOn", "*", 1) },
			want:   []string{"r00000", "r00001", "r00002", "r00003"},
		},
		{
			name: "total too large", change: func(p map[string]any) { p["totalCount"] = 5 },
			err: "list roles: the account is changing while it is read: the page at offset 3 holds 1 roles instead of 2 (4 walks)",
		},
		{
			name: "total too small", change: func(p map[string]any) { p["totalCount"] = 3 },
			err: "the account names a next page after the last one",
		},
		{
			name: "total below the first page", change: func(p map[string]any) { p["totalCount"] = 1; delete(p, "_links") },
			err: "the total is 1 and 2 roles were seen",
		},
		{
			name: "empty with a total", change: func(p map[string]any) { p["items"] = []any{}; p["_links"] = nil },
			err: "the first page is empty, the total is 4",
		},
		{
			name: "absurd total", change: func(p map[string]any) { p["totalCount"] = 2_000_000_000 },
			err: "the account says it holds 2000000000 roles; rolewright reads at most 100000",
		},
		{name: "never still", before: func(a *account) { insert(a, 0, fmt.Sprintf("n%d", len(a.roles))) }, always: true, err: "the account is changing while it is read"},
	}
	for _, noTotal := range []bool{false, true} {
		for _, test := range tests {
			if noTotal && test.change != nil {
				continue
			}
			t.Run(fmt.Sprintf("%s/noTotal=%v", test.name, noTotal), func(t *testing.T) {
				a := newAccount(4)
				a.largest, a.noTotal, a.change = 2, noTotal, test.change
				a.before = func(a *account, n int) {
					if test.before != nil && (test.always || n == 2) {
						test.before(a)
					}
				}
				roles, err := client(t, a, func(o *Options) { o.Parallelism = 1 }).Roles(t.Context())
				check(t, err, test.err)
				if !slices.Equal(keys(roles), test.want) {
					t.Errorf("got %v\nwant %v\n%s", keys(roles), test.want, strings.Join(a.requests, "\n"))
				}
			})
		}
	}
}

func TestSameKeyTwice(t *testing.T) {
	twin := strings.Replace(oneRole("r00003"), "updateOn", "*", 1)
	a := newAccount(4)
	a.roles = append(a.roles, twin)
	_, err := client(t, a).Roles(t.Context())
	check(t, err, `role "r00003" is in the list twice and differs`)
	if classes(err) != "changing" || len(a.requests) != maxWalks {
		t.Errorf("%v after %d requests", err, len(a.requests))
	}
	a = newAccount(4)
	a.roles = append(a.roles, a.roles[3])
	a.change = func(p map[string]any) { p["totalCount"] = 4 }
	if roles, err := client(t, a, func(o *Options) { o.PageSize = 10 }).Roles(t.Context()); err != nil || len(roles) != 4 {
		t.Errorf("identical twins: %d roles, %v", len(roles), err)
	}
}

func TestNoEnd(t *testing.T) {
	for _, length := range []int{2, 20} {
		a := newAccount(20)
		a.noTotal = true
		n := 0
		endless := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			n++
			a.page(length, 0)(w, req)
		})
		a.change = func(p map[string]any) { delete(p, "_links"); slices.Reverse(a.roles[:length]) }
		_, err := client(t, endless).Roles(t.Context())
		check(t, err, "list roles: ")
		if n > maxWalks*maxPages {
			t.Errorf("%d requests", n)
		}
	}
	// Always the same two roles, turned round so that each page fits to the one before.
	flip := 0
	_, err := client(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		first, second := oneRole("a"), oneRole("b")
		if flip++; flip%2 == 0 {
			first, second = second, first
		}
		jsonReply(200, `{"items":[`+first+`,`+second+`]}`)(w, req)
	})).Roles(t.Context())
	check(t, err, "list roles: the list has no end after 200 pages")
	if flip != maxPages+1 {
		t.Errorf("%d requests", flip)
	}
}

func TestListFails(t *testing.T) {
	a := newAccount(10)
	a.largest = 2
	c := client(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.Contains(req.URL.RawQuery, "offset=5") {
			jsonReply(403, `{"message":"no"}`)(w, req)
			return
		}
		a.ServeHTTP(w, req)
	}))
	roles, err := c.Roles(t.Context())
	check(t, err, "list roles: GET https://app.launchdarkly.test/api/v2/roles: 403 Forbidden: no")
	if classes(err) != "denied" || roles != nil {
		t.Errorf("%d roles, %v", len(roles), err)
	}
	a.noTotal = true
	if _, err := c.Roles(t.Context()); classes(err) != "denied" {
		t.Errorf("without a total: %v", err)
	}
	stopped, cancel := context.WithCancel(t.Context())
	a = newAccount(4)
	a.change = func(p map[string]any) { p["totalCount"] = 9; cancel() }
	if _, err := client(t, a).Roles(stopped); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped between two walks: %v", err)
	}
}

// TestNothingIsMissed: while other people add and delete roles between any two requests, a role
// that is there all the time is in the list, or the list is an error.
func TestNothingIsMissed(t *testing.T) {
	const runs = 250
	lists, errs := 0, 0
	for seed := range uint64(runs) {
		random := rand.New(rand.NewPCG(seed, 2))
		a := newAccount(2 + random.IntN(12))
		a.largest, a.noTotal, a.noLinks = 2+random.IntN(4), random.IntN(4) == 0, random.IntN(2) == 0
		deleted := map[string]bool{}
		start := slices.Clone(a.roles)
		chance := random.Float64()
		a.before = func(a *account, n int) {
			for n > 1 && random.Float64() < chance {
				shake(a, random, deleted)
			}
		}
		roles, err := client(t, a).Roles(t.Context())
		if err != nil {
			if !errors.Is(err, role.ErrChanging) {
				t.Fatalf("seed %d: %v", seed, err)
			}
			errs++
			continue
		}
		lists++
		for _, text := range start {
			if key := keyOf(text); !deleted[key] && !slices.Contains(keys(roles), key) {
				t.Fatalf("seed %d: %s was there all the time and is not in %v\n%s", seed, key, keys(roles), strings.Join(a.requests, "\n"))
			}
		}
	}
	t.Logf("%d lists, %d given up", lists, errs)
	if lists < runs/4 || errs == 0 {
		t.Error("the changes are too few or too many to show anything")
	}
}

// shake adds or deletes one role. Order among those that stay is kept.
func shake(a *account, random *rand.Rand, deleted map[string]bool) {
	if len(a.roles) > 0 && random.IntN(2) == 0 {
		at := random.IntN(len(a.roles))
		deleted[keyOf(a.roles[at])] = true
		a.roles = slices.Delete(a.roles, at, at+1)
		return
	}
	at := random.IntN(len(a.roles) + 1)
	a.roles = slices.Insert(a.roles, at, oneRole(fmt.Sprintf("new%d", random.Uint32())))
}

func keyOf(text string) string {
	v, err := parse([]byte(text))
	if err != nil {
		panic(err)
	}
	key, _ := fieldOf(v, "key").text()
	return key
}

// TestListLaw: whatever the size of account and page, the list is the account.
func TestListLaw(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		a := newAccount(rapid.IntRange(0, 60).Draw(r, "roles"))
		a.largest = rapid.IntRange(2, 70).Draw(r, "largest")
		a.noTotal = rapid.Bool().Draw(r, "noTotal")
		a.noLinks = rapid.Bool().Draw(r, "noLinks")
		size := rapid.IntRange(1, 80).Draw(r, "size")
		parallel := rapid.IntRange(1, 6).Draw(r, "parallel")
		roles, err := client(t, a, func(o *Options) { o.PageSize, o.Parallelism = size, parallel }).Roles(t.Context())
		if err != nil {
			r.Fatal(err)
		}
		if len(roles) != len(a.roles) {
			r.Fatalf("%d of %d roles", len(roles), len(a.roles))
		}
	})
}
