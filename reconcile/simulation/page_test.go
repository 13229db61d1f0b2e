package simulation_test

import (
	"context"
	"errors"
	"flag"
	"runtime/debug"
	"testing"

	"github.com/rolewright/rolewright/reconcile/launchdarkly"
	"github.com/rolewright/rolewright/reconcile/role"
)

var pagings = flag.Int("pagings", 200, "random changes of an account amid the pages of a list")

// pageRead lists what the account holds through the real client, and returns the names.
func pageRead(t testing.TB, s *pageServer, parallelism int) (names []string, err error) {
	t.Helper()
	account := raceConnect(t, launchdarkly.Options{Transport: s, ReadOnly: true, Parallelism: parallelism})
	ctx := context.Background()
	switch s.kind.path {
	case pageMembers.path:
		return pageNames(func(m role.LiveMember) string { return m.Email })(account.Members(ctx))
	case pageTeams.path:
		return pageNames(func(l role.LiveTeam) string { return l.Key })(account.Teams(ctx))
	}
	return pageNames(func(l role.Live) string { return l.Key })(account.Roles(ctx))
}

func pageNames[T any](name func(T) string) func([]T, error) ([]string, error) {
	return func(list []T, err error) (names []string, _ error) {
		for _, item := range list {
			names = append(names, name(item))
		}
		return names, err
	}
}

// pageScene draws what is listed: most often 1,000 roles, or fewer members or teams.
func pageScene(seed uint64) (s *pageServer, n, parallelism int) {
	kind, n := pageRoles, 1000
	switch seed % 8 {
	case 4, 5:
		n = 12 + int(seed/8%60)
	case 6:
		kind, n = pageMembers, 12+int(seed/8%300)
	case 7:
		kind, n = pageTeams, 12+int(seed/8%300)
	}
	if seed%16 < 4 {
		return pageDraw(kind, n, seed), n, 4
	}
	return pageDraw(kind, n, seed), n, 1
}

// TestPagings lists while things come, go and change their order between any two requests: what is there
// all the time is in the list, once; or the list is an error that says that the account is changing.
func TestPagings(t *testing.T) {
	n := *pagings
	if testing.Short() {
		n = (n + 2) / 3
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // lists are made and forgotten: collect less often
	absent, doubles, given, requests := 0, 0, 0, 0
	for seed := range uint64(n) {
		s, start, parallelism := pageScene(seed)
		names, err := pageRead(t, s, parallelism)
		requests += s.requests
		if err != nil {
			if given++; !errors.Is(err, role.ErrChanging) {
				t.Fatalf("seed %d: %v", seed, err)
			}
			continue
		}
		lost, doubled := s.lost(start, names)
		if absent, doubles = absent+len(lost), doubles+len(doubled); len(lost)+len(doubled) > 0 {
			t.Errorf("seed %d, %d of %s in pages of %d, %d at a time, no total %t: absent %q, twice %q", seed, start, s.kind.path, s.largest, parallelism, s.noTotal, lost, doubled)
		}
	}
	t.Logf("figure: paging: %d interleavings, %d requests, %d called absent, %d doubled, %d given up as changing", n, requests, absent, doubles, given)
	if n >= 200 && given > n/2 {
		t.Errorf("%d of %d lists are given up: too many to show anything", given, n)
	}
}

// TestPagingsBite: a reader that walks once, and believes what it sees, calls absent what is there.
func TestPagingsBite(t *testing.T) {
	absent, doubles, n := 0, 0, 100
	for seed := range uint64(n) {
		s, start, _ := pageScene(seed)
		names, err := pageNaive(s)
		if err != nil {
			t.Fatal(err)
		}
		lost, doubled := s.lost(start, names)
		absent, doubles = absent+min(1, len(lost)), doubles+min(1, len(doubled))
	}
	t.Logf("who reads once calls something absent in %d of %d lists, and doubles something in %d", absent, n, doubles)
	if absent < n/20 || doubles < n/20 {
		t.Error("the changes are too few to show anything")
	}
}
