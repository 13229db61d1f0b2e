package launchdarkly

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/role"
)

// warehouse is an account with projects: lists of JSON objects by path, archived flags under
// path + " archived".
type warehouse struct {
	mu       sync.Mutex
	lists    map[string][]string
	status   map[string]int // of a path that is refused
	most     int            // the largest page
	untotal  bool
	requests []string
}

func (w *warehouse) ServeHTTP(out http.ResponseWriter, req *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	query := req.URL.Query()
	w.requests = append(w.requests, req.URL.RequestURI())
	path := req.URL.Path
	if query.Get("filter") == "state:archived" {
		path += " archived"
	}
	limit, _ := strconv.Atoi(query.Get("limit"))
	offset, _ := strconv.Atoi(query.Get("offset"))
	list, found := w.lists[path]
	status := w.status[path]
	switch {
	case status == 0 && w.most > 0 && limit > w.most:
		status = 400
	case status == 0 && !found && !strings.HasSuffix(path, " archived"):
		status = 404
	}
	if status != 0 {
		jsonReply(status, `{"message":"no"}`)(out, req)
		return
	}
	from := min(offset, len(list))
	items := list[from:min(from+limit, len(list))]
	total := fmt.Sprintf(`,"totalCount":%d`, len(list))
	if w.untotal {
		total = ""
	}
	jsonReply(200, `{"items":[`+strings.Join(items, ",")+`]`+total+`}`)(out, req)
}

// project is a project as the list has it, with as many environments in it as it says to have.
func project(key, tags string, environments ...string) string {
	return fmt.Sprintf(`{"_id":"x","key":%q,"tags":[%s],"environments":{"items":[%s],"totalCount":%d}}`, key, tags, strings.Join(environments, ","), len(environments))
}

func environment(key string, critical bool) string {
	return fmt.Sprintf(`{"key":%q,"tags":[],"critical":%v,"apiKey":"sdk-x"}`, key, critical)
}

func flag(key, rest string) string {
	return fmt.Sprintf(`{"key":%q,"tags":["t"],"archived":false%s}`, key, rest)
}

func shop() *warehouse {
	return &warehouse{status: map[string]int{}, lists: map[string][]string{
		projectsPath: {
			project("web", `"eu","b"`, environment("test", false), environment("production", true)),
			project("app", ``),
			`{"key":"large","tags":[],"environments":{"items":[` + environment("one", false) + `],"totalCount":3}}`,
		},
		projectsPath + "/large/environments": {environment("one", false), environment("two", false), environment("three", true)},
		flagsPath + "/web":                   {flag("search", ""), flag("cart", "")},
		flagsPath + "/web archived":          {`{"key":"old","tags":[],"archived":true}`, `{"key":"cart","tags":["t"],"archived":true}`},
		flagsPath + "/app":                   {flag("boot", `,"viewKeys":["mobile"]`)},
		flagsPath + "/large":                 {},
	}}
}

func TestInventory(t *testing.T) {
	w := shop()
	got, err := client(t, w).Inventory(t.Context(), InventoryWant{Flags: []string{"web", "gone", "a*"}})
	check(t, err, "")
	tags := []string{"t"}
	want := role.Inventory{Projects: []role.Project{
		{Key: "app", Environments: []role.Environment{}, Flags: []role.Flag{{Key: "boot", Tags: tags, Views: []string{"mobile"}}}},
		{Key: "large", Environments: []role.Environment{{Key: "one"}, {Key: "three", Critical: true}, {Key: "two"}}, Flags: []role.Flag{}, FlagsLeft: true},
		{
			Key: "web", Tags: []string{"b", "eu"}, Environments: []role.Environment{{Key: "production", Critical: true}, {Key: "test"}},
			Flags: []role.Flag{{Key: "cart", Tags: tags, Archived: true}, {Key: "old", Archived: true}, {Key: "search", Tags: tags}}, ViewsLeft: true,
		},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := len(w.requests); n != 8 { // projects, one list of environments, flags twice of web, gone and app
		t.Errorf("%d requests: %q", n, w.requests)
	}
	if all, err := client(t, shop()).Inventory(t.Context(), InventoryWant{Flags: []string{"*"}}); err != nil || all.Projects[1].FlagsLeft {
		t.Errorf("all flags: %+v %v", all, err)
	}
}

// TestInventoryRounds: naming projects costs no round trip of its own.
func TestInventoryRounds(t *testing.T) {
	arrived, served := make(chan string, 3), shop()
	c := client(t, http.HandlerFunc(func(out http.ResponseWriter, req *http.Request) {
		if !strings.HasSuffix(req.URL.Path, "/environments") {
			arrived <- req.URL.Path
			for began := time.Now(); len(arrived) < cap(arrived); { // nobody is answered before all have asked
				time.Sleep(time.Millisecond)
				if time.Since(began) > 10*time.Second {
					t.Errorf("%s was asked for alone", req.URL.Path)
					return
				}
			}
		}
		served.ServeHTTP(out, req)
	}))
	if _, err := c.Inventory(t.Context(), InventoryWant{Flags: []string{"web"}}); err != nil {
		t.Fatal(err)
	}
}

// TestFlagsLeft: flags that cannot be read, or are too many, are left and said to be.
func TestFlagsLeft(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*warehouse)
		want   InventoryWant
		flags  int
	}{
		"denied":      {func(w *warehouse) { w.status[flagsPath+"/web"] = 403 }, InventoryWant{}, 2},
		"unknown":     {func(w *warehouse) { w.status[flagsPath+"/web"] = 401 }, InventoryWant{}, 2},
		"hidden":      {func(w *warehouse) { w.status[flagsPath+"/web"] = 404 }, InventoryWant{}, 2},
		"no archived": {func(w *warehouse) { w.status[flagsPath+"/web archived"] = 400 }, InventoryWant{}, 2},
		"too many":    {func(*warehouse) {}, InventoryWant{MaxFlags: 1}, 3},
		"too many, one page": {func(w *warehouse) {
			for i := range 150 {
				w.lists[flagsPath+"/web"] = append(w.lists[flagsPath+"/web"], flag(fmt.Sprint("f", i), ""))
			}
		}, InventoryWant{MaxFlags: 151}, 101},
	} {
		w := shop()
		test.change(w)
		test.want.Flags = []string{"web"}
		got, err := client(t, w).Inventory(t.Context(), test.want)
		check(t, err, "")
		web := got.Projects[len(got.Projects)-1]
		if !web.FlagsLeft || len(web.Flags) != test.flags {
			t.Errorf("%s: %d flags, left %v", name, len(web.Flags), web.FlagsLeft)
		}
	}
	w := shop()
	for i := range 150 {
		w.lists[flagsPath+"/web"] = append(w.lists[flagsPath+"/web"], flag(fmt.Sprint("f", i), ""))
	}
	w.most = 60
	for _, untotal := range []bool{false, true} {
		w.untotal = untotal
		got, err := client(t, w).Inventory(t.Context(), InventoryWant{Flags: []string{"web"}, MaxFlags: 152})
		check(t, err, "")
		if web := got.Projects[2]; web.FlagsLeft || len(web.Flags) != 153 {
			t.Errorf("%d flags, left %v", len(web.Flags), web.FlagsLeft)
		}
	}
}

func TestInventoryErrors(t *testing.T) {
	refusing := func(path string, status int) func(*warehouse) {
		return func(w *warehouse) { w.status[path] = status }
	}
	listing := func(path string, items ...string) func(*warehouse) {
		return func(w *warehouse) { w.lists[path] = items }
	}
	for want, change := range map[string]func(*warehouse){
		"list projects: GET https://" + host + projectsPath + ": 403": refusing(projectsPath, 403),
		"list the flags of project \"web\": GET":                      refusing(flagsPath+"/web", 400),
		"list the environments of project \"large\": GET":             refusing(projectsPath+"/large/environments", 403),
		"project \"large\" is gone since it was listed (4 walks)":     refusing(projectsPath+"/large/environments", 404),
		`project: "key" is missing`:                                   listing(projectsPath, `{"tags":[]}`),
		`project "a": "tags" is missing`:                              listing(projectsPath, `{"key":"a"}`),
		`project "a": environment "e": "critical" is missing`:         listing(projectsPath, project("a", ``, `{"key":"e","tags":[]}`)),
		`project "a": environment: "key" is missing`:                  listing(projectsPath, project("a", ``, `{"key":"","tags":[],"critical":true}`)),
		`environment "e" stands in it twice`:                          listing(projectsPath, project("a", ``, environment("e", false), environment("e", true))),
		`"critical": found a string`:                                  listing(projectsPath+"/large/environments", `{"key":"e","tags":[],"critical":"no"}`),
		`"environments": found an array`:                              listing(projectsPath, `{"key":"a","tags":[],"environments":[]}`),
		`"totalCount": found a string`:                                listing(projectsPath, `{"key":"a","tags":[],"environments":{"totalCount":"1"}}`),
		`flag: "key" is missing`:                                      listing(flagsPath+"/web", `{"tags":[],"archived":false}`),
		`flag "f": "tags" is missing`:                                 listing(flagsPath+"/web", `{"key":"f","archived":false}`),
		`flag "f": "archived" is missing`:                             listing(flagsPath+"/web archived", `{"key":"f","tags":[]}`),
		`flag "f": "tags": found a number, want an array of strings`:  listing(flagsPath+"/web", `{"key":"f","archived":false,"tags":[1]}`),
		`project "../x": a key has`:                                   listing(projectsPath, `{"key":"../x","tags":[]}`),
	} {
		w := shop()
		change(w)
		_, err := client(t, w).Inventory(t.Context(), InventoryWant{Flags: []string{"web"}})
		check(t, err, want)
		for _, r := range w.requests {
			if strings.Contains(r, "..") {
				t.Errorf("sent %s", r)
			}
		}
	}
	w := shop()
	for _, bad := range []string{"", "a/b", "..", strings.Repeat("x", role.MaxKey+1), "${roleAttribute/p}"} {
		_, err := client(t, w).Inventory(t.Context(), InventoryWant{Flags: []string{bad}})
		check(t, err, "is not the key of a project")
		if !errors.Is(err, role.ErrNotSent) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if len(w.requests) > 0 {
		t.Errorf("sent %q", w.requests)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := client(t, w).Inventory(stopped, InventoryWant{}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	refusing(flagsPath+"/app", 400)(w)
	_, err := client(t, w).Inventory(t.Context(), InventoryWant{Flags: []string{"*"}})
	check(t, err, `list the flags of project "app"`)
}

// TestInventoryKeepsLooking: a list that moves while it is read is read again.
func TestInventoryKeepsLooking(t *testing.T) {
	w, moved := shop(), false
	for i := range 250 {
		w.lists[flagsPath+"/app"] = append(w.lists[flagsPath+"/app"], flag(fmt.Sprint("f", i), ""))
	}
	c := client(t, http.HandlerFunc(func(out http.ResponseWriter, req *http.Request) {
		if req.URL.Path == flagsPath+"/app" && req.URL.Query().Get("offset") != "0" && !moved {
			moved = true
			w.mu.Lock()
			w.lists[flagsPath+"/app"] = slices.Delete(w.lists[flagsPath+"/app"], 0, 1)
			w.mu.Unlock()
		}
		w.ServeHTTP(out, req)
	}), func(o *Options) { o.Parallelism = 1 })
	got, err := c.Inventory(t.Context(), InventoryWant{Flags: []string{"app"}})
	check(t, err, "")
	if !moved || len(got.Projects[0].Flags) != 250 {
		t.Errorf("moved %v, %d flags", moved, len(got.Projects[0].Flags))
	}
}
