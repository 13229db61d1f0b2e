package githubtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// do asks the server and returns the status, the body and the Link header.
func do(t *testing.T, url, method, path, bearer, body string) (int, string, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "token "+bearer)
	reply, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error(), ""
	}
	defer reply.Body.Close()
	data, err := io.ReadAll(reply.Body)
	if err != nil {
		return reply.StatusCode, err.Error(), ""
	}
	return reply.StatusCode, string(data), reply.Header.Get("Link")
}

func serve(t *testing.T) (*Server, string) {
	t.Helper()
	s := New("acme/access")
	s.AddPullRequest(PullRequest{Number: 7, State: "open", HeadRepository: "acme/access", HeadRef: "roles", HeadSHA: "abc"})
	url, stop := s.Start()
	t.Cleanup(stop)
	return s, url
}

const comments = "/repos/acme/access/issues/7/comments"

func TestAnswers(t *testing.T) {
	s, url := serve(t)
	s.AddAccount("reader", Account{Login: "reader[bot]", ReadOnly: true})
	s.AddAccount("person", Account{Login: "ana", ID: 5})
	s.MaxBody = 10
	s.SetTip("main", "abc")
	id := s.AddComment(7, "ana", "hello")
	one := fmt.Sprintf("/repos/acme/access/issues/comments/%d", id)
	s.AddPullRequest(PullRequest{Number: 8, State: "open", Locked: true})
	for _, test := range []struct {
		method, path, token, body string
		status                    int
		want                      string
	}{
		{"GET", comments, "nobody", "", 401, "Bad credentials"},
		{"GET", comments, "reader", "", 200, `"login":"ana"`},
		{"GET", "/api/v3" + comments, Token, "", 200, "hello"},
		{"POST", comments, "reader", `{"body":"x"}`, 403, "Resource not accessible by integration"},
		{"POST", comments, Token, `{"body":"x"}`, 201, `"login":"github-actions[bot]"`},
		{"POST", comments, Token, `{"body":"12345678901"}`, 422, "too long (maximum is 10 characters)"},
		{"POST", comments, Token, `{"body":"ééééééééé"}`, 201, "ééé"},
		{"POST", comments, Token, `{}`, 422, "blank"},
		{"POST", comments, Token, `{`, 400, "Problems parsing JSON"},
		{"POST", "/repos/acme/access/issues/8/comments", Token, `{"body":"x"}`, 403, "locked"},
		{"POST", "/repos/acme/access/issues/9/comments", Token, `{"body":"x"}`, 404, "Not Found"},
		{"GET", "/repos/acme/access/issues/9/comments", Token, "", 404, "Not Found"},
		{"GET", "/repos/acme/other/issues/7/comments", Token, "", 404, "Not Found"},
		{"GET", "/nowhere", Token, "", 404, "Not Found"},
		{"GET", one, Token, "", 200, "hello"},
		{"PATCH", one, Token, `{"body":"edited"}`, 200, "edited"},
		{"PATCH", one, Token, `{"body":""}`, 422, "blank"},
		{"DELETE", one, Token, "", 204, ""},
		{"DELETE", one, Token, "", 404, "Not Found"},
		{"PATCH", one, Token, `{"body":"x"}`, 404, "Not Found"},
		{"GET", one, Token, "", 404, "Not Found"},
		{"GET", "/user", Token, "", 403, "not accessible"},
		{"GET", "/user", "person", "", 200, `"login":"ana"`},
		{"GET", "/repos/acme/access/git/ref/heads/main", Token, "", 200, `"sha":"abc"`},
		{"GET", "/repos/acme/access/git/ref/heads/gone", Token, "", 404, "Not Found"},
		{"GET", "/repos/acme/access/pulls?head=acme:roles", Token, "", 200, `"number":7`},
		{"GET", "/repos/acme/access/pulls?head=acme:other", Token, "", 200, "[]"},
		{"GET", "/repos/acme/access/pulls?state=closed", Token, "", 200, "[]"},
		{"GET", "/repos/acme/access/commits/abc/pulls", Token, "", 200, `"number":7`},
		{"POST", "/graphql", Token, `{"query":"{ viewer { login } }"}`, 200, `"login":"github-actions[bot]"`},
		{"POST", "/api/graphql", Token, `{"query":"{ viewer { login } }"}`, 200, `"databaseId":41898282`},
		{"POST", "/graphql", Token, `{"query":"{ else }"}`, 200, "not known here"},
		{"POST", "/graphql", Token, `{`, 400, "Problems parsing JSON"},
		{"POST", "/graphql", Token, `{"query":"nodes(ids: $ids)","variables":{"ids":["IC_1"]}}`, 200, `[null]`},
	} {
		status, body, _ := do(t, url, test.method, test.path, test.token, test.body)
		if status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s %s as %s: %d %s, want %d %s", test.method, test.path, test.token, status, body, test.status, test.want)
		}
	}
	if n := s.Count("DELETE "); n != 2 {
		t.Errorf("%d deletes counted", n)
	}
}

func TestPullRequests(t *testing.T) {
	s, url := serve(t)
	s.AddPullRequest(PullRequest{Number: 8, State: "closed", HeadRepository: "ana/access", HeadSHA: "def", MergedAs: "123"})
	s.AddPullRequest(PullRequest{Number: 9, State: "open", HeadSHA: "def"})
	for commit, want := range map[string][]string{
		"123": {`"number":8`, `"merge_commit_sha":"123"`, `"full_name":"ana/access"`, `"merged_at":"20`},
		"def": {`"number":8`, `"number":9`, `"repo":null`},
		"abc": {`"number":7`, `"merged_at":null`, `"id":7`},
	} {
		_, body, _ := do(t, url, "GET", "/repos/acme/access/commits/"+commit+"/pulls", Token, "")
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("%s: %s is not in %s", commit, w, body)
			}
		}
	}
}

func TestMinimize(t *testing.T) {
	s, url := serve(t)
	s.AddAccount("shy", Account{Login: "shy[bot]", ID: 9, NoViewer: true, NoMinimize: true})
	s.AddAccount("plain", Account{Login: "plain[bot]", ID: 9, GraphQLLogin: "plain", NoDatabaseID: true})
	id := s.AddComment(7, "ana", "hello")
	fold := func(node string) string {
		return fmt.Sprintf(`{"query":"mutation { m0: minimizeComment(input: {subjectId: $a, classifier: $r}) }","variables":{"a":%q,"r":"OUTDATED"}}`, node)
	}
	for _, test := range []struct{ token, body, want string }{
		{"shy", fold(node(id)), "FORBIDDEN"},
		{"shy", `{"query":"{ viewer }"}`, "FORBIDDEN"},
		{"plain", `{"query":"{ viewer }"}`, `{"databaseId":null,"login":"plain"}`},
		{Token, fold("IC_0"), "NOT_FOUND"},
		{Token, fold(node(id)), `"m0":{"clientMutationId":null}`},
		{Token, `{"query":"nodes(ids: $ids)","variables":{"ids":["` + node(id) + `"]}}`, `"isMinimized":true`},
	} {
		if _, body, _ := do(t, url, "POST", "/graphql", test.token, test.body); !strings.Contains(body, test.want) {
			t.Errorf("%s: %s, want %s", test.body, body, test.want)
		}
	}
	if c := s.Comments(7)[0]; c.Minimized != "OUTDATED" {
		t.Errorf("%+v", c)
	}
}

// TestPages follows the links as a client would.
func TestPages(t *testing.T) {
	s, url := serve(t)
	for i := range 250 {
		s.AddComment(7, "ana", fmt.Sprint(i))
	}
	for per, want := range map[string][]int{"": {30, 30, 30, 30, 30, 30, 30, 30, 10}, "?per_page=100": {100, 100, 50}, "?per_page=500": {100, 100, 50}} {
		var sizes []int
		for path := comments + per; path != ""; {
			_, body, link := do(t, url, "GET", path, Token, "")
			var page []commentWire
			if err := json.Unmarshal([]byte(body), &page); err != nil {
				t.Fatal(err)
			}
			sizes = append(sizes, len(page))
			path = strings.Replace(next(link), url+"/repositories/7", "/repos/acme/access", 1)
		}
		if fmt.Sprint(sizes) != fmt.Sprint(want) {
			t.Errorf("%q: %v, want %v", per, sizes, want)
		}
	}
	s.LinkBase = "https://elsewhere.example"
	if _, _, link := do(t, url, "GET", comments, Token, ""); !strings.HasPrefix(link, "<https://elsewhere.example/") {
		t.Errorf("link %s", link)
	}
	if status, body, _ := do(t, url, "GET", comments+"?page=99", Token, ""); status != 200 || strings.TrimSpace(body) != "[]" {
		t.Errorf("%d %s", status, body)
	}
}

func next(link string) string {
	for part := range strings.SplitSeq(link, ", ") {
		if target, ok := strings.CutSuffix(part, `>; rel="next"`); ok {
			return target[1:]
		}
	}
	return ""
}

func TestHelpers(t *testing.T) {
	s, _ := serve(t)
	s.Rewrite = func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }
	id := s.AddComment(7, "ana", "a\nb")
	s.MinimizeComment(id, "SPAM")
	if c := s.Comments(7)[0]; c.Body != "a\r\nb" || c.Minimized != "SPAM" || c.Author != "ana" {
		t.Errorf("%+v", c)
	}
	s.EditComment(id, "c")
	s.EditComment(id+1, "nothing")
	s.MinimizeComment(id+1, "nothing")
	s.DeleteComment(id + 1)
	if c := s.Comments(7); len(c) != 1 || c[0].Body != "c" {
		t.Errorf("%+v", c)
	}
	s.DeleteComment(id)
	if n := len(s.Comments(7)); n != 0 {
		t.Errorf("%d comments", n)
	}
}

func TestFaults(t *testing.T) {
	s, url := serve(t)
	s.Plan(Fault{Match: "POST /repos/", Skip: 1, Times: 1, Done: true, Drop: true})
	s.Plan(Fault{Match: "GET /user", Times: 1, Status: 429, Header: map[string]string{"Retry-After": "1"}, Body: "slow", Delay: time.Millisecond})
	s.Plan(Fault{Match: "GET /cut", Status: 200, Body: "[", Cut: true})
	for i, want := range []int{201, 0, 201} {
		if status, body, _ := do(t, url, "POST", comments, Token, `{"body":"x"}`); status != want {
			t.Errorf("request %d: %d %s", i, status, body)
		}
	}
	if n := len(s.Comments(7)); n != 3 {
		t.Errorf("%d comments, want 3: the dropped one was done", n)
	}
	if status, body, _ := do(t, url, "GET", "/user", Token, ""); status != 429 || body != "slow" {
		t.Errorf("%d %s", status, body)
	}
	if status, _, _ := do(t, url, "GET", "/user", Token, ""); status != 403 {
		t.Errorf("%d after the fault", status)
	}
	if _, body, _ := do(t, url, "GET", "/cut", Token, ""); !strings.Contains(body, "unexpected EOF") {
		t.Errorf("cut: %s", body)
	}
}

func TestHooks(t *testing.T) {
	s, url := serve(t)
	var seen []int
	for _, n := range []int{1, 3} {
		s.Before(n, func() { seen = append(seen, len(s.Requests())) })
	}
	for range 4 {
		do(t, url, "GET", comments, Token, "")
	}
	if fmt.Sprint(seen) != "[1 3]" {
		t.Errorf("hooks ran at %v", seen)
	}
	log := s.Requests()
	if len(log) != 4 || log[0].Path != comments || log[0].Token != Token || log[0].Method != "GET" {
		t.Errorf("log %+v", log)
	}
}

// TestWithoutNetwork: a client's own request has no body at all.
func TestWithoutNetwork(t *testing.T) {
	s, url := serve(t)
	req, _ := http.NewRequest("GET", url+comments, nil)
	req.Header.Set("Authorization", "Bearer "+Token)
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, req)
	if recorder.Code != 200 || strings.TrimSpace(recorder.Body.String()) != "[]" {
		t.Errorf("%d %s", recorder.Code, recorder.Body)
	}
}

// TestClientGoesAway: a body that never ends is no reason to answer.
func TestClientGoesAway(t *testing.T) {
	s, _ := serve(t)
	req, _ := http.NewRequest("POST", comments, io.MultiReader(strings.NewReader("{"), broken{}))
	s.ServeHTTP(nil, req)
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("gone") }

// TestOwnWireTypes holds the package to its promise not to know the code that it tests.
func TestOwnWireTypes(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range parsed.Imports {
			if strings.Contains(i.Path.Value, ".") {
				t.Errorf("%s imports %s", file, i.Path.Value)
			}
		}
	}
}
