package github

import (
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/rolewright/rolewright/reconcile/github/githubtest"
)

func TestWrote(t *testing.T) {
	for _, test := range []struct {
		self  account
		login string
		id    int64
		kind  string
		want  bool
	}{
		{account{"github-actions[bot]", 5, true}, "github-actions[bot]", 5, "Bot", true},
		{account{"github-actions", 5, true}, "github-actions[bot]", 5, "Bot", true},
		{account{"renamed", 5, true}, "earlier-name", 5, "User", true},
		{account{"ana", 5, true}, "ana", 6, "User", false}, // the name was taken over
		{account{"my-app", 5, true}, "my-app", 6, "User", false},
		{account{"my-app", 0, true}, "my-app[bot]", 6, "Bot", true},
		{account{"my-app", 0, true}, "my-app[bot]", 6, "User", false},
		{account{"my-app[bot]", 0, true}, "my-app", 6, "User", false},
		{account{"Ana", 0, true}, "ana", 6, "User", true},
		{account{"ana", 0, true}, "anabel", 6, "User", false},
		{account{"ana", 0, false}, "ana[bot]", 6, "Bot", false}, // a login that was given is taken as it is
		{account{"my-app[bot]", 0, false}, "My-App[bot]", 6, "Bot", true},
		{account{"ana", 5, true}, "", 5, "User", false}, // a deleted account
		{account{}, "ana", 5, "User", false},
		{account{}, "", 0, "", false},
	} {
		u := &github.User{Login: &test.login, ID: &test.id, Type: &test.kind}
		if got := test.self.wrote(u); got != test.want {
			t.Errorf("%+v wrote what %s %d (%s) wrote: %v", test.self, test.login, test.id, test.kind, got)
		}
	}
	if (account{"ana", 5, true}).wrote(nil) {
		t.Error("nobody is ana")
	}
}

// TestWhoami updates an old comment with tokens that may ask in one way, the other, or none.
func TestWhoami(t *testing.T) {
	person := githubtest.Account{Login: "ci-user", ID: 77}
	app := githubtest.Account{Login: "my-app[bot]", ID: 78, Bot: true, NoUser: true}
	for name, test := range map[string]struct {
		account githubtest.Account
		change  func(*githubtest.Account)
		login   string
		did     string
		asked   int
	}{
		"person":                {person, func(*githubtest.Account) {}, "", DidUpdate, 1},
		"person by REST":        {person, func(a *githubtest.Account) { a.NoViewer = true }, "", DidUpdate, 2},
		"app":                   {app, func(*githubtest.Account) {}, "", DidUpdate, 1},
		"app by another name":   {app, func(a *githubtest.Account) { a.GraphQLLogin = "my-app" }, "", DidUpdate, 1},
		"app without a number":  {app, func(a *githubtest.Account) { a.GraphQLLogin, a.NoDatabaseID = "my-app", true }, "", DidUpdate, 1},
		"app that may not ask":  {app, func(a *githubtest.Account) { a.NoViewer = true }, "", "", 2},
		"app whose name we got": {app, func(a *githubtest.Account) { a.NoViewer = true }, "my-app[bot]", DidUpdate, 0},
		// Our comment is made, its author tells who we are, and the old one is found after all.
		"somebody else": {person, func(*githubtest.Account) {}, "ana", DidCreate, 2},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			test.change(&test.account)
			w.AddAccount(canary, test.account)
			id := w.AddComment(pull, test.account.Login, stored(comment(90, "old")))
			c := w.client(t, func(o *Options) { o.Token, o.Login = canary, test.login })
			p, err := c.Upsert(t.Context(), repository, pull, comment(100, "new"))
			if test.did == "" {
				if kind(err) != "denied" || !strings.Contains(hint(err), "name the account") || len(w.Comments(pull)) != 1 {
					t.Errorf("posted %+v, %v", p, err)
				}
			} else if err != nil || p.Did != test.did || p.ID != id {
				t.Errorf("posted %+v, %v", p, err)
			}
			if (test.did == DidCreate) != strings.Contains(strings.Join(p.Warnings, ""), `writes as "ci-user" and not as "ana"`) {
				t.Errorf("warnings %q", p.Warnings)
			}
			if n := w.Count("POST /repos/"); n > 1 {
				t.Errorf("%d comments made", n)
			}
			if n := w.Count("POST /graphql") + w.Count("GET /user"); n != test.asked {
				t.Errorf("asked %d times, want %d", n, test.asked)
			}
			wantSilent(t, err)
		})
	}
}

func wantSilent(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		wantClean(t, err, nil)
	}
}

// TestCreateNeedsNoName: who may not ask who it is can still comment, once.
func TestCreateNeedsNoName(t *testing.T) {
	w := newWorld(t)
	w.AddAccount(canary, githubtest.Account{Login: "my-app[bot]", ID: 78, Bot: true, NoUser: true, NoViewer: true})
	c := w.client(t, func(o *Options) { o.Token = canary })
	for run, did := range []string{DidCreate, DidUpdate} { // the same client knows who it is by then
		if p, err := c.Upsert(t.Context(), repository, pull, comment(int64(100+run), "text")); err != nil || p.Did != did {
			t.Errorf("posted %+v, %v", p, err)
		}
	}
}

// TestLimitOverGraphQL: GraphQL says in its own way that it wants to be asked later, and then answers.
func TestLimitOverGraphQL(t *testing.T) {
	w := newWorld(t)
	w.AddComment(pull, githubtest.Login, stored(comment(90, "old")))
	w.Plan(githubtest.Fault{Match: "POST /graphql", Times: 1, Status: 200, Body: `{"errors":[{"type":"RATE_LIMITED","message":"slow down"}]}`})
	if p := w.upsert(t, comment(100, "new")); p.Did != DidUpdate || len(w.slept) != 1 || w.slept[0] != defaultWait {
		t.Errorf("posted %+v after %v", p, w.slept)
	}
	if n := w.Count("GET /user"); n != 0 {
		t.Error("the other way was taken")
	}
}

func TestWhoamiAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		graphql, rest githubtest.Fault
		kind          string
	}{
		"no login anywhere":    {githubtest.Fault{Status: 200, Body: `{"data":{"viewer":null}}`}, githubtest.Fault{Status: 200, Body: `{}`}, "answer"},
		"no GraphQL here":      {githubtest.Fault{Status: 404}, githubtest.Fault{Status: 200, Body: `{"login":"github-actions[bot]","id":41898282}`}, "<nil>"},
		"HTML, then a person":  {githubtest.Fault{Status: 200, Body: "<html>"}, githubtest.Fault{Status: 200, Body: `{"login":"ana"}`}, "<nil>"},
		"GraphQL does not run": {githubtest.Fault{Status: 503}, githubtest.Fault{Status: 200, Body: `{}`}, "no answer"},
		"limited over GraphQL": {githubtest.Fault{Status: 200, Body: `{"errors":[{"type":"RATE_LIMIT","message":"` + canary + `"}]}`}, githubtest.Fault{Status: 200, Body: `{}`}, "limited"},
		"GraphQL finds nobody": {githubtest.Fault{Status: 200, Body: `{"errors":[{"type":"NOT_FOUND"}]}`}, githubtest.Fault{Status: 401}, "denied"},
		"GraphQL says no":      {githubtest.Fault{Status: 200, Body: `{"errors":[{"type":"INSUFFICIENT_SCOPES"}]}`}, githubtest.Fault{Status: 500}, "no answer"},
	} {
		w := newWorld(t)
		w.AddComment(pull, githubtest.Login, stored(comment(90, "old")))
		test.graphql.Match, test.rest.Match = "POST /graphql", "GET /user"
		w.AddAccount(canary, githubtest.Account{Login: githubtest.Login, ID: githubtest.ID, Bot: true})
		w.Plan(test.graphql)
		w.Plan(test.rest)
		_, err := w.client(t, func(o *Options) { o.Token = canary }).Upsert(t.Context(), repository, pull, comment(100, "new"))
		if kind(err) != test.kind {
			t.Errorf("%s: %s: %v, want %s", name, kind(err), err, test.kind)
		}
		wantSilent(t, err)
	}
}
