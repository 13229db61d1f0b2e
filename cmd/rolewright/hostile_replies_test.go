package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile/emulator"
)

// hostileReply is a row of TestServerReplies: what is answered, and what has to come of it.
type hostileReply struct {
	id, what string
	roles    int             // in the account; 3 unless it says
	more     []emulator.Role // and these
	files    map[string]string
	lie      func() lie // made anew for each command
	plan     int        // exit codes
	apply    int
	says     string // on stderr or stdout, in both commands where they fail
	// goesOn is set where the answer is no surprise, or one that reading the account explains.
	goesOn bool
}

// answer is a lie about everything that selects.
func answer(which string, status int, kind, body string) lie {
	return func(w http.ResponseWriter, r *http.Request, _ func() *httptest.ResponseRecorder) bool {
		if r.Method+" "+r.URL.Path != which && which != r.Method {
			return false
		}
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return true
	}
}

// edited lies about the list of roles by changing the text of what the account says.
func edited(change func(body string) string) lie {
	return func(w http.ResponseWriter, r *http.Request, truth func() *httptest.ResponseRecorder) bool {
		if r.Method+" "+r.URL.Path != listPath {
			return false
		}
		reply := truth()
		maps.Copy(w.Header(), reply.Header())
		w.Header().Del("Content-Length")
		w.WriteHeader(reply.Code)
		_, _ = io.WriteString(w, change(reply.Body.String()))
		return true
	}
}

// swap changes the first of one text to another, which has to be there.
func swap(old, new string) lie {
	return edited(func(body string) string {
		if !strings.Contains(body, old) {
			panic("no " + old + " in " + body)
		}
		return strings.Replace(body, old, new, 1)
	})
}

// paged changes the answer for one offset, as data.
func paged(change func(offset int, page map[string]any)) lie {
	return func(w http.ResponseWriter, r *http.Request, truth func() *httptest.ResponseRecorder) bool {
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		return edited(func(body string) string {
			var page map[string]any
			if err := json.Unmarshal([]byte(body), &page); err != nil {
				panic(err)
			}
			change(offset, page)
			text, err := json.Marshal(page)
			if err != nil {
				panic(err)
			}
			return string(text)
		})(w, r, truth)
	}
}

// limitedOnce refuses the first reading of the roles with a demand for a pause.
func limitedOnce(header, value string) func() lie {
	return func() lie {
		said := false
		return func(w http.ResponseWriter, r *http.Request, truth func() *httptest.ResponseRecorder) bool {
			if said || r.Method+" "+r.URL.Path != listPath {
				return false
			}
			said = true
			for v := range strings.SplitSeq(value, " & ") {
				w.Header().Add(header, v)
			}
			return answer(listPath, http.StatusTooManyRequests, aJSON, `{"code":"rate_limited","message":"slow down"}`)(w, r, truth)
		}
	}
}

func always(l lie) func() lie { return func() lie { return l } }

// done is a lie about a write that the account has made.
func done(method string, status int, kind, body string) lie {
	return func(w http.ResponseWriter, r *http.Request, truth func() *httptest.ResponseRecorder) bool {
		if r.Method != method {
			return false
		}
		truth()
		return answer(method, status, kind, body)(w, r, truth)
	}
}

// unheard answers an update with the role as it was, and does nothing.
func unheard(w http.ResponseWriter, r *http.Request, truth func() *httptest.ResponseRecorder) bool {
	if r.Method != http.MethodPatch {
		return false
	}
	r.Method, r.Body = http.MethodGet, http.NoBody
	reply := truth()
	r.Method = http.MethodPatch
	return answer(http.MethodPatch, http.StatusOK, "application/json", reply.Body.String())(w, r, nil)
}

// endless is a list without a total whose every page names another.
func endless(w http.ResponseWriter, r *http.Request, _ func() *httptest.ResponseRecorder) bool {
	if r.Method+" "+r.URL.Path != listPath {
		return false
	}
	offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
	items := make([]string, 2)
	for i := range items {
		items[i] = fmt.Sprintf(`{"_id":"%024x","key":"r%d","name":"r%[1]d","basePermissions":"no_access","policy":[]}`, offset+i, offset+i)
	}
	body := fmt.Sprintf(`{"items":[%s],"_links":{"next":{"href":"/api/v2/roles?limit=2&offset=%d"}}}`, strings.Join(items, ","), offset+2)
	return answer("GET", http.StatusOK, "application/json", body)(w, r, nil)
}

const (
	listPath = "GET /api/v2/roles"
	aJSON    = "application/json"
	hostile  = "a\x1b[31m\u202e<!-- | ``` \n::error::x ##[error]\u3164\u200b@team"
)

func hostileReplies() []hostileReply {
	next := func(href string) lie {
		return paged(func(_ int, page map[string]any) {
			page["_links"] = map[string]any{"next": map[string]any{"href": href}}
		})
	}
	total := func(n any) lie { return paged(func(_ int, page map[string]any) { page["totalCount"] = n }) }
	item := func(page map[string]any, i int) map[string]any { return page["items"].([]any)[i].(map[string]any) }
	again := func(name string) lie {
		return paged(func(offset int, page map[string]any) {
			if offset > 0 && name != "" { // the first of a page is the last of the page before
				item(page, 0)["name"] = name
			}
		})
	}
	null := paged(func(_ int, page map[string]any) {
		for i := range page["items"].([]any) {
			if role := item(page, i); role["key"] == "quiet" {
				role["policy"] = nil
			} else {
				for _, s := range role["policy"].([]any) {
					s.(map[string]any)["notActions"], s.(map[string]any)["notResources"] = nil, nil
				}
			}
		}
	})
	named := func(key, name string) emulator.Role {
		r := townRole(key)
		r.Name = name
		return r
	}
	rows := []hostileReply{
		{id: "H01", what: "a login page", lie: always(answer(listPath, 200, "text/html", "<html>Sign in</html>")), plan: 1, apply: 1, says: "/api/v2/roles: not LaunchDarkly JSON but"},
		{id: "H01", what: "a login page for everything", lie: always(answer("GET", 200, "text/html", "<html>")), plan: 1, apply: 1, says: "not LaunchDarkly JSON but"},
		{id: "H01", what: "a login page for a create", lie: always(answer("POST", 200, "text/html", "<html>")), apply: 5, says: `create role "fresh": the outcome is not known: sent 3 times`, goesOn: true},
		{id: "H02", what: "a message", lie: always(answer(listPath, 200, aJSON, `{"message":"x"}`)), plan: 1, apply: 1, says: `the list has no "items"`},
		{id: "H02", what: "nothing", lie: always(answer(listPath, 200, aJSON, `{}`)), plan: 1, apply: 1, says: `the list has no "items"`},
		{id: "H02", what: "null", lie: always(answer(listPath, 200, aJSON, `{"items":null,"totalCount":0}`)), plan: 1, apply: 1, says: `the list has no "items"`},
		{id: "H05", what: "text after the JSON", lie: always(edited(func(b string) string { return b + "x" })), plan: 1, apply: 1, says: "not LaunchDarkly JSON"},
		{id: "H05", what: "a second list", lie: always(edited(func(b string) string { return b + b })), plan: 1, apply: 1, says: "not LaunchDarkly JSON"},
		{id: "H07", what: "identical on two pages", roles: 25, lie: always(again("")), plan: 0, apply: 0, goesOn: true},
		{id: "H07", what: "different on two pages", roles: 25, lie: always(again("Other")), plan: 1, apply: 1, says: "the account is changing while it is read"},
		{id: "H08", what: "a larger total", lie: always(total(7)), plan: 1, apply: 1, says: "the account is changing while it is read"},
		{id: "H08", what: "a smaller total", lie: always(total(1)), plan: 1, apply: 1, says: "the account is changing while it is read"},
		{id: "H08", what: "no number", lie: always(total("3")), plan: 1, apply: 1, says: "totalCount"},
		{id: "H10", what: "keys for other paths", more: []emulator.Role{named("../members/x", "X"), named("a/b", "Y"), named("a?b#c%2e", "Z")}, goesOn: true},
		{id: "H10", what: "a key of 1 MB", more: []emulator.Role{named(strings.Repeat("k", 1<<20), "Long")}, goesOn: true},
		{id: "H11", what: "a hostile name", more: []emulator.Role{named("odd", hostile)}, goesOn: true},
		{id: "H13", what: "10,001 deep", lie: always(answer(listPath, 200, aJSON, strings.Repeat("[", 10_001)+strings.Repeat("]", 10_001))), plan: 1, apply: 1, says: "not LaunchDarkly JSON"},
		{id: "H14", what: "null lists", lie: always(null), more: []emulator.Role{{Key: "quiet", Name: "Quiet", BasePermissions: "no_access"}}, files: map[string]string{"quiet.yaml": "kind: Role\nkey: quiet\nname: Quiet\nbasePermissions: no_access\npolicy: []\n"}, goesOn: true},
		{id: "H16", what: "bytes that are no UTF-8", lie: always(swap("As it is.", "As it \xff\xfe.")), plan: 1, apply: 1, says: "not LaunchDarkly JSON"},
		{id: "H16", what: "half a character", lie: always(swap("As it is.", `As it \ud800.`)), plan: 1, apply: 1, says: "not LaunchDarkly JSON"},
		{id: "H17", what: "the next page on another host", roles: 25, lie: always(next("https://evil.example/api/v2/roles?limit=20&offset=20")), plan: 1, apply: 1, says: `the next page is said to be on host "evil.example"`},
		{id: "H17", what: "the next page is this one", roles: 25, lie: always(next("/api/v2/roles?limit=20&offset=0")), plan: 1, apply: 1, says: "does not lead on"},
		{id: "H17", what: "no end", lie: always(endless), plan: 1, apply: 1, says: "list roles: "},
		{id: "H22", what: "the role as it was", lie: always(unheard), apply: 5, says: `update role "ops"`},
		{id: "H23", what: "an error of 4 MiB", lie: always(answer("PATCH", 400, "text/html", "<html>"+hostile+strings.Repeat("x", 4<<20))), apply: 5, says: `\u{1b}[31m\u{202e}`},
		{id: "H23", what: "an error of 4 MiB to the list", lie: always(answer(listPath, 403, "text/html", hostile+strings.Repeat("x", 4<<20))), plan: 1, apply: 1, says: `\u{1b}[31m\u{202e}`},
		{id: "H25", what: "204 with a body", lie: always(done("DELETE", 204, aJSON, `{"x":1}`)), goesOn: true},
		{id: "H25", what: "200 to a delete", lie: always(done("DELETE", 200, aJSON, `{}`)), goesOn: true},
		{id: "H25", what: "200 to a delete that was not done", lie: always(answer("DELETE", 200, aJSON, `{}`)), apply: 5, says: `role "old": its deletion is not visible yet`, goesOn: true},
	}
	return append(rows, hostilePauses()...)
}

// hostilePauses are the demands of H19 and H20.
func hostilePauses() (rows []hostileReply) {
	for _, value := range []string{"-1", "1.5", "9300000000", "9223372036854775807", "Mon, 01 Jan 1990 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT", "1 & 2", "0"} {
		rows = append(rows, hostileReply{id: "H19", what: value, lie: limitedOnce("Retry-After", value), goesOn: true})
	}
	for _, value := range []string{strconv.FormatInt(time.Now().Unix(), 10), "1", "soon", ""} {
		rows = append(rows, hostileReply{id: "H20", what: value, lie: limitedOnce("X-Ratelimit-Reset", value), goesOn: true})
	}
	return rows
}

// TestServerReplies gives every reply of H01 to H25 to plan, to apply, and to the apply of a plan that
// was saved while the account was honest. H04 has a test of its own, and what is large too.
func TestServerReplies(t *testing.T) {
	rows := hostileReplies()
	for _, row := range rows {
		t.Run(row.id+" "+row.what, row.test)
	}
	ids := map[string]bool{}
	for _, row := range rows {
		ids[row.id] = true
	}
	t.Logf("%d replies of %s", len(rows), strings.Join(slices.Sorted(maps.Keys(ids)), ", "))
}

func (row hostileReply) town(t *testing.T) *town {
	var tell lie
	if row.lie != nil {
		tell = row.lie()
	}
	s := newTown(t, max(3, row.roles), tell, row.more...)
	for name, text := range row.files {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (row hostileReply) test(t *testing.T) {
	s := row.town(t)
	row.judge(s, s.run("plan", "--format", "json", s.dir), row.plan)
	if s.emu.Writes() != 0 {
		t.Errorf("plan wrote: %q", s.requests)
	}
	s = row.town(t)
	row.judge(s, s.run("apply", "--auto-approve", s.dir), row.apply)
	if row.plan == 0 && s.lies == 0 && row.lie != nil {
		t.Error("there was no lie")
	}

	s = row.town(t)
	s.turn(true)
	file := filepath.Join(t.TempDir(), "plan.json")
	if honest := s.run("plan", "-o", file, s.dir); honest.code != 0 {
		t.Fatalf("%+v", honest)
	}
	s.turn(false)
	row.judge(s, s.run("apply", "--workspace", s.dir, file), row.apply)
}

// judge looks at one command.
func (row hostileReply) judge(s *town, got told, code int) {
	s.t.Helper()
	if got.code != code {
		s.t.Errorf("exit code %d, want %d\n%.2000s\n%.2000s", got.code, code, got.out, got.err)
	}
	if !row.goesOn && s.after > 0 {
		s.t.Errorf("%d writes after the first lie: %q", s.after, s.requests)
	}
	all := got.out + got.err
	if code != 0 && !strings.Contains(all, row.says) {
		s.t.Errorf("nothing says %q:\n%.2000s", row.says, all)
	}
	if code == 1 && strings.HasPrefix(got.out, "{") && !strings.Contains(got.out, `"complete": false`) {
		s.t.Errorf("the JSON does not say that it is incomplete: %.2000s", got.out)
	}
	if strings.ContainsAny(all, "\x1b\u202e\u3164\u200b") || strings.Contains(all, "\n::error") || strings.Contains(all, "##[error]") {
		s.t.Errorf("printed as it came: %.2000q", all)
	}
	if len(got.err) > 64<<10 {
		s.t.Errorf("%d bytes on stderr", len(got.err))
	}
	for _, r := range s.requests {
		if strings.Contains(r, "..") || strings.Contains(r, "a/b") || len(r) > 100 {
			s.t.Errorf("a key made a path: %.200s", r)
		}
	}
	if code == 0 {
		s.reached(got)
	}
}

// reached checks that a run that calls itself a success left what the files say: a plan shows the
// three changes, and an apply made them.
func (s *town) reached(got told) {
	s.t.Helper()
	keys := map[string]bool{}
	for _, r := range s.emu.Roles() {
		keys[r.Key] = true
	}
	switch made := s.emu.Writes() > 0; {
	case made != (keys["fresh"] && !keys["old"]):
		s.t.Errorf("after %d writes the account has %v", s.emu.Writes(), keys)
	case !made && !strings.Contains(got.out, `"create": 1`):
		s.t.Errorf("the plan is not that of an honest account: %.2000s", got.out)
	}
}

var cutStep = flag.Int("cut-step", 7, "TestServerRepliesCut: bytes between two cuts")

// TestServerRepliesCut is H04: the list of roles is cut anywhere, so that only its text shows it. The
// client's own test of it (TestH04CutAnywhere) cuts at every byte.
func TestServerRepliesCut(t *testing.T) {
	at, length := 0, 2
	tell := edited(func(body string) string {
		length = len(body)
		return body[:at]
	})
	cuts := 0
	for ; at < length-1; at += *cutStep { // the last byte is a line feed
		s := newTown(t, 3, tell)
		got := s.run("plan", s.dir)
		if cuts%16 == 0 {
			got = s.run("apply", "--auto-approve", s.dir)
		}
		if got.code != 1 || got.out != "" || s.emu.Writes() > 0 || !strings.Contains(got.err, "/api/v2/roles: the answer was cut short") {
			t.Fatalf("cut at %d of %d: %+v", at, length, got)
		}
		cuts++
	}
	t.Logf("%d cuts of a list of %d bytes", cuts, length)
}
