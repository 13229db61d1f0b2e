package emulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/role"
)

// shop is an inventory of three projects: one with everything, one whose flags nobody gets, one empty.
func shop() role.Inventory {
	return role.Inventory{Projects: []role.Project{
		{
			Key: "web", Tags: []string{"shop", "eu"},
			Environments: []role.Environment{{Key: "test"}, {Key: "production", Critical: true, Tags: []string{"pci"}}},
			Flags: []role.Flag{
				{Key: "search", Tags: []string{"ux"}, Views: []string{"checkout"}}, {Key: "old", Archived: true}, {Key: "cart"},
			},
		},
		{Key: "private", FlagsLeft: true, Environments: []role.Environment{{Key: "one"}}},
		{Key: "empty"},
	}}
}

// stocked is an emulator that has the inventory.
func stocked(t testing.TB, inv role.Inventory, settings ...string) *fixture {
	t.Helper()
	f := behaving(t, settings...)
	f.must(f.Seed(inv))
	return f
}

// items are the keys in a list, in its order, and what it says of their number.
func (f *fixture) items(path string) (keys []string, total int) {
	f.t.Helper()
	var list struct {
		Items []struct{ Key string }
		Total *int `json:"totalCount"`
	}
	f.must(json.Unmarshal([]byte(f.want(200, "GET", path, "").body), &list))
	for _, item := range list.Items {
		keys = append(keys, item.Key)
	}
	if list.Total == nil {
		return keys, -1
	}
	return keys, *list.Total
}

func TestInventoryAnswers(t *testing.T) {
	f := start(t, Options{Now: newClock().Now, Behaviour: Behaviour{FlagViews: "always"}})
	f.must(f.Seed(shop()))
	var b strings.Builder
	for _, path := range []string{
		projectsPath + "?expand=environments&limit=2", projectsPath + "/web", projectsPath + "/web?expand=environments",
		projectsPath + "/web/environments?offset=1", flagsPath + "/web?summary=0", flagsPath + "/web?filter=state:archived",
	} {
		fmt.Fprintf(&b, "GET %s\n%s\n", path, indent(t, f.want(200, "GET", path, "").body))
	}
	golden(t, "inventory.txt", b.String())
}

func TestInventoryLists(t *testing.T) {
	inv := shop()
	for i := range 30 {
		inv.Projects[2].Environments = append(inv.Projects[2].Environments, role.Environment{Key: fmt.Sprintf("e%02d", i)})
		inv.Projects[2].Flags = append(inv.Projects[2].Flags, role.Flag{Key: fmt.Sprintf("f%02d", i)})
	}
	f := stocked(t, inv)
	for path, want := range map[string]struct {
		keys  string
		n     int
		total int
	}{
		projectsPath:                               {"empty private web", 3, 3},
		projectsPath + "?limit=1&offset=1":         {"private", 1, 3},
		projectsPath + "?filter=query:RI":          {"private", 1, 1},
		projectsPath + "?filter=tags:eu%2Bshop":    {"web", 1, 1},
		projectsPath + "?filter=tags:eu%2Bother":   {"", 0, 0},
		projectsPath + "?filter=keys:WEB%7Cempty":  {"empty web", 2, 2},
		projectsPath + "/web/environments":         {"production test", 2, 2},
		projectsPath + "/empty/environments":       {"e00", 20, 30},
		flagsPath + "/web":                         {"cart search", 2, 2},
		flagsPath + "/web?filter=state:live":       {"cart search", 2, 2},
		flagsPath + "/web?filter=state:archived":   {"old", 1, 1},
		flagsPath + "/web?archived=true":           {"old", 1, 1},
		flagsPath + "/web?filter=state:deprecated": {"", 0, 0},
		flagsPath + "/empty":                       {"f00", 30, 30},
		flagsPath + "/empty?limit=7&offset=28":     {"f28 f29", 2, 30},
	} {
		keys, total := f.items(path)
		if got := strings.Join(keys, " "); !strings.HasPrefix(got, want.keys) || len(keys) != want.n || total != want.total {
			t.Errorf("%s: %d of %d: %s", path, len(keys), total, got)
		}
	}
	next := f.want(200, "GET", flagsPath+"/web?archived=false&summary=0&limit=1", "").body
	if !strings.Contains(next, `offset=1\u0026archived=false\u0026summary=0"`) {
		t.Errorf("the next page is another list: %s", next)
	}
	for path, status := range map[string]int{
		projectsPath + "/none": 404, projectsPath + "/none/environments": 404, flagsPath + "/none": 404, flagsPath: 404,
		flagsPath + "/private": 403, projectsPath + "?limit=1001": 400, flagsPath + "/web?limit=101": 400, flagsPath + "/web?limit=x": 400,
		projectsPath + "/web/environments?limit=x": 400, projectsPath + "?filter=maintainer:me": 400,
		flagsPath + "/web?filter=tags:x": 400, flagsPath + "/web?filter=state:odd": 400, projectsPath + "/web/environments?filter=tags:x": 400,
	} {
		f.want(status, "GET", path, "")
	}
	for _, method := range []string{"POST", "PATCH", "DELETE", "PUT"} {
		for _, path := range []string{projectsPath, projectsPath + "/web", flagsPath + "/web"} {
			f.want(405, method, path, `{}`)
		}
	}
}

func TestInventorySwitches(t *testing.T) {
	f := stocked(t, shop(), "expandedEnvironments=1", "flagsUnasked=page", "maxFlagLimit=1", "unknownFilter=ignore", "omitTotalCount=true")
	if keys, total := f.items(flagsPath + "/web"); len(keys) != 1 || total != -1 {
		t.Errorf("flags %q of %d", keys, total)
	}
	if keys, _ := f.items(projectsPath + "/web/environments?filter=odd:x"); len(keys) != 2 {
		t.Errorf("environments %q", keys)
	}
	if keys, _ := f.items(flagsPath + "/web?filter=odd:archived"); !slices.Equal(keys, []string{"cart"}) {
		t.Errorf("flags under a filter that is ignored: %q", keys)
	}
	body := f.want(200, "GET", projectsPath+"/web?expand=environments", "").body
	if strings.Count(body, `"critical"`) != 1 || strings.Contains(body, "totalCount") || !strings.Contains(body, `"next"`) {
		t.Errorf("expanded: %s", body)
	}
	if body := f.want(200, "GET", flagsPath+"/web", "").body; strings.Contains(body, "viewKeys") {
		t.Errorf("tells views: %s", body)
	}
}

// TestSeed: seeding again replaces, and what stays is still the same thing.
func TestSeed(t *testing.T) {
	c := newClock()
	f := start(t, Options{Now: c.Now})
	f.must(f.Seed(shop()))
	flags := f.want(200, "GET", flagsPath+"/web", "").body
	c.advance(time.Hour)
	f.must(f.Seed(shop()))
	if again := f.want(200, "GET", flagsPath+"/web", "").body; again != flags {
		t.Errorf("seeded again:\n%s\nwas\n%s", again, flags)
	}
	if diff := cmp.Diff(shop().Normal(), f.Inventory()); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	id := f.want(200, "GET", projectsPath+"/web", "").role(t).ID
	next := role.Inventory{Projects: []role.Project{{Key: "new"}, {Key: "web", Tags: []string{"b", "a", "a"}}}}
	f.must(f.Seed(next))
	if keys, _ := f.items(projectsPath); !slices.Equal(keys, []string{"web", "new"}) {
		t.Errorf("projects %q", keys)
	}
	if got := f.want(200, "GET", projectsPath+"/web", "").role(t).ID; got != id || id == "" {
		t.Errorf("web was %s and is %s", id, got)
	}
	if f.Writes() != 0 {
		t.Error("seeding counts as a write of the API")
	}
	for want, bad := range map[string]role.Inventory{
		`"web" stands in it twice`:        {Projects: []role.Project{{Key: "web"}, {Key: "web"}}},
		"project number 1 has no key":     {Projects: []role.Project{{}}},
		`key "a/b" in project "p"`:        {Projects: []role.Project{{Key: "p", Flags: []role.Flag{{Key: "a/b"}}}}},
		`key ".." in project "p"`:         {Projects: []role.Project{{Key: "p", Environments: []role.Environment{{Key: ".."}}}}},
		`flag "x" stands in it twice`:     {Projects: []role.Project{{Key: "p", Flags: []role.Flag{{Key: "x"}, {Key: "x"}}}}},
		`key "p:q" in project "p:q"`:      {Projects: []role.Project{{Key: "p:q"}}},
		"environment number 1 has no key": {Projects: []role.Project{{Key: "p", Environments: make([]role.Environment, 1)}}},
	} {
		if err := f.Seed(bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: want one with %s", err, want)
		}
	}
	if len(f.Inventory().Projects) != 2 {
		t.Error("a seed that was refused changed the account")
	}
}

// TestInventoryIsKept: it is in the file, and who only reads it sees it and cannot change it.
func TestInventoryIsKept(t *testing.T) {
	name := scratch(t)
	f := start(t, Options{File: name, NoSync: true})
	f.must(f.Seed(shop()))
	f.must(f.Seed(role.Inventory{Projects: shop().Projects[:1]}))
	body := f.want(200, "GET", projectsPath+"?expand=environments", "").body
	f.must(f.Close())
	again := start(t, Options{File: name, ReadOnly: true})
	if got := again.want(200, "GET", projectsPath+"?expand=environments", "").body; got != body || len(again.Inventory().Projects) != 1 {
		t.Errorf("reopened:\n%s\nwant\n%s", got, body)
	}
	if err := again.Seed(shop()); err == nil || !strings.Contains(err.Error(), "reading only") {
		t.Errorf("seeded what is read only: %v", err)
	}
}

// TestInventoryLags: a reader that lags sees the projects of before.
func TestInventoryLags(t *testing.T) {
	c := newClock()
	f := start(t, Options{Now: c.Now, Behaviour: Behaviour{ReadLag: time.Second}})
	c.advance(time.Minute)
	f.must(f.Seed(shop()))
	if keys, _ := f.items(projectsPath); len(keys) != 0 || len(f.Inventory().Projects) != 3 {
		t.Errorf("seen at once: %q", keys)
	}
	c.advance(2 * time.Second)
	if keys, _ := f.items(projectsPath); len(keys) != 3 {
		t.Errorf("never seen: %q", keys)
	}
}
