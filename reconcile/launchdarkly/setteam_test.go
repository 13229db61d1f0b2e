package launchdarkly

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/role"
)

func web() role.LiveTeam {
	return role.LiveTeam{Team: role.Team{Key: "web", Name: "Web", CustomRoles: []string{"a", "b"}, RoleAttributes: role.Attributes{"p": {"x", "y"}}}, Members: []string{"1"}, Version: 3}
}

// webText is web as an account gives it, with the roles that are named.
func webText(roles ...string) string {
	return `{"key":"web","name":"Web","_version":4,"roles":` + teamRoles(len(roles), roles...) + `,"roleAttributes":{"p":["y","x"]}}`
}

const webExpanded = "/teams/web?expand=roles%2CroleAttributes"

func TestSetTeam(t *testing.T) {
	tests := []struct {
		name    string
		after   func(*role.Team)
		comment string
		want    string // "" means that nothing is asked
	}{
		{name: "nothing", after: func(*role.Team) {}},
		{name: "order and repetition", after: func(t *role.Team) {
			t.CustomRoles, t.RoleAttributes = []string{"b", "a", "b"}, role.Attributes{"p": {"y", "x", "y"}, "q": {}}
		}},
		{name: "name", after: func(t *role.Team) { t.Name = "New" }, comment: "why", want: `{"comment":"why","instructions":[{"kind":"updateName","value":"New"}]}`},
		{name: "description", after: func(t *role.Team) { t.Description = "d" }, want: `{"instructions":[{"kind":"updateDescription","value":"d"}]}`},
		{name: "a role more", after: func(t *role.Team) { t.CustomRoles = []string{"d", "c", "b", "a"} }, want: `{"instructions":[{"kind":"addCustomRoles","values":["c","d"]}]}`},
		{name: "a role less", after: func(t *role.Team) { t.CustomRoles = []string{"b"} }, want: `{"instructions":[{"kind":"removeCustomRoles","values":["a"]}]}`},
		{name: "attributes", after: func(t *role.Team) { t.RoleAttributes = role.Attributes{"p": {"z", "x"}, "q": {"1"}} }, want: `{"instructions":[{"kind":"replaceRoleAttributes","value":{"p":["x","z"],"q":["1"]}}]}`},
		{name: "no attributes", after: func(t *role.Team) { t.RoleAttributes = nil }, want: `{"instructions":[{"kind":"replaceRoleAttributes","value":{}}]}`},
		{
			name: "everything", after: func(t *role.Team) {
				*t = role.Team{Key: "web", Name: "N", Description: "D", CustomRoles: []string{"c"}}
			},
			want: `{"instructions":[{"kind":"updateName","value":"N"},{"kind":"updateDescription","value":"D"},{"kind":"addCustomRoles","values":["c"]},{"kind":"removeCustomRoles","values":["a","b"]},{"kind":"replaceRoleAttributes","value":{}}]}`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := &script{replies: map[string][]http.HandlerFunc{"GET /teams/web": replies(webText("a", "b")), "PATCH /teams/web": replies(webText("a", "b", "c", "d"))}}
			before := web()
			after := before.Team
			test.after(&after)
			got, err := client(t, s).SetTeam(t.Context(), before, after, test.comment)
			if err != nil {
				t.Fatal(err)
			}
			if test.want == "" {
				if len(s.asked) != 0 || !cmp.Equal(got, before) {
					t.Errorf("asked %q and gave %+v", s.asked, got)
				}
				return
			}
			if diff := cmp.Diff([]string{"GET " + webExpanded, "PATCH " + webExpanded + " " + test.want}, s.asked); diff != "" {
				t.Error(diff)
			}
			if !slices.Equal(s.kinds, []string{"PATCH application/json; domain-model=launchdarkly.semanticpatch"}) {
				t.Errorf("sent as %q", s.kinds)
			}
			if !slices.Equal(got.CustomRoles, []string{"a", "b", "c", "d"}) {
				t.Errorf("not the answer: %+v", got)
			}
		})
	}
	// An empty description is a value.
	s := &script{replies: map[string][]http.HandlerFunc{
		"GET /teams/web":   replies(strings.Replace(webText("a", "b"), `"name"`, `"description":"d","name"`, 1)),
		"PATCH /teams/web": replies(webText("a", "b")),
	}}
	before := web()
	before.Description = "d"
	after := before.Team
	after.Description = ""
	if _, err := client(t, s).SetTeam(t.Context(), before, after, ""); err != nil || !strings.HasSuffix(s.asked[1], `[{"kind":"updateDescription","value":""}]}`) {
		t.Errorf("%v, asked %q", err, s.asked)
	}
}

func TestSetTeamRefuses(t *testing.T) {
	for want, edit := range map[string]func(*role.Team){
		`update team "web": the key cannot be changed to "app"`: func(t *role.Team) { t.Key = "app" },
		`update team "web": the name is empty`:                  func(t *role.Team) { t.Name = "" },
	} {
		s := &script{}
		after := web().Team
		edit(&after)
		_, err := client(t, s).SetTeam(t.Context(), web(), after, "")
		check(t, err, want)
		if classes(err) != "not-sent refused" || len(s.asked) != 0 {
			t.Errorf("%q, asked %q", classes(err), s.asked)
		}
	}
}

func TestSetTeamMoved(t *testing.T) {
	for name, now := range map[string]string{
		"name":           strings.Replace(webText("a", "b"), `"Web"`, `"Web!"`, 1),
		"description":    strings.Replace(webText("a", "b"), `"name"`, `"description":"d","name"`, 1),
		"customRoles":    webText("a", "c"),
		"roleAttributes": strings.Replace(webText("a", "b"), `["y","x"]`, `["y"]`, 1),
		"_idpSynced":     strings.Replace(webText("a", "b"), `"name"`, `"_idpSynced":true,"name"`, 1),
		"something that this version does not know": strings.Replace(webText("a", "b"), `"name"`, `"powers":1,"name"`, 1),
	} {
		s := &script{replies: map[string][]http.HandlerFunc{"GET /teams/web": replies(now), "PATCH /teams/web": replies(webText())}}
		after := web().Team
		after.Name = "New"
		_, err := client(t, s).SetTeam(t.Context(), web(), after, "")
		check(t, err, `team "web" has been edited meanwhile: `+name)
		if _, ok := errors.AsType[*MovedError](err); !ok || classes(err) != "conflict" || len(s.writesAsked()) != 0 {
			t.Errorf("%s: %q, asked %q", name, classes(err), s.asked)
		}
	}
}

// TestTeamWrites: what a caller is told of a create or an update, in all the ways in which the
// account may take it. The write leaves once.
func TestTeamWrites(t *testing.T) {
	ok := jsonReply(200, webText("a", "b"))
	done := jsonReply(200, webText("a", "b", "c"))
	plain := jsonReply(200, `{"key":"web","name":"Web"}`)
	halfSaid := jsonReply(200, `{"key":"web","name":"Web","roles":`+teamRoles(3, "a", "b", "c")+`}`)
	for _, test := range []struct {
		name    string
		reads   []http.HandlerFunc // after the write
		write   []http.HandlerFunc
		want    string // classes
		text    string
		asked   int // reads after the write
		roles   string
		written int
	}{
		{"answered in full", nil, []http.HandlerFunc{done}, "", "", 0, "a b c", 1},
		{"answered without roles", []http.HandlerFunc{done}, []http.HandlerFunc{plain}, "", "", 1, "a b c", 1},
		{"answered without attributes", []http.HandlerFunc{done}, []http.HandlerFunc{halfSaid}, "", "", 1, "a b c", 1},
		{"shown late", []http.HandlerFunc{ok, done}, []http.HandlerFunc{ok}, "", "", 2, "a b c", 1},
		{"passed over", []http.HandlerFunc{ok}, []http.HandlerFunc{ok}, "", `team "web": the account took the change and did not add "c"`, settleReads, "a b", 1},
		{"gone afterwards", []http.HandlerFunc{jsonReply(403, `{}`)}, []http.HandlerFunc{plain}, "denied unknown", "outcome unknown: the account took the change; reading it back: GET https", 1, "", 1},
		{"limited", nil, []http.HandlerFunc{jsonReply(429, `{}`), done}, "", "", 0, "a b c", 2},
		{"conflict", nil, []http.HandlerFunc{jsonReply(409, `{}`)}, "conflict", "409", 0, "", 1},
		{"denied", nil, []http.HandlerFunc{jsonReply(403, `{"message":"teams are managed by your IdP"}`)}, "denied", "403 Forbidden: teams are managed by your IdP", 0, "", 1},
		{"lost", nil, []http.HandlerFunc{jsonReply(502, `{}`)}, "unknown", "502", 0, "", 1},
		{"HTML", nil, []http.HandlerFunc{reply(200, "text/html", "<html>")}, "unknown", "captive portal", 0, "", 1},
		{"cut", nil, []http.HandlerFunc{jsonReply(200, webText("a")[:40])}, "unknown", "cut short", 0, "", 1},
		{"another team", nil, []http.HandlerFunc{jsonReply(200, oneTeam("app", 0))}, "unknown", `team "app" instead of "web"`, 0, "", 1},
	} {
		for method, path := range map[string]string{"PATCH": "/teams/web", "POST": "/teams"} {
			s := &script{replies: map[string][]http.HandlerFunc{"GET /teams/web": test.reads, method + " " + path: test.write}}
			c := client(t, s)
			after := web().Team
			after.CustomRoles = []string{"a", "b", "c"}
			var got role.LiveTeam
			var err error
			reads := test.asked
			if method == "PATCH" {
				reads++
				s.replies["GET /teams/web"] = append([]http.HandlerFunc{ok}, test.reads...)
				got, err = c.SetTeam(t.Context(), web(), after, "")
			} else {
				got, err = c.CreateTeam(t.Context(), after, "")
			}
			check(t, err, test.text)
			if classes(err) != test.want || strings.Join(got.CustomRoles, " ") != test.roles {
				t.Errorf("%s %s: %q, %+v", method, test.name, classes(err), got)
			}
			if len(s.writesAsked()) != test.written || len(s.asked)-len(s.writesAsked()) != reads {
				t.Errorf("%s %s: asked\n%s", method, test.name, strings.Join(s.asked, "\n"))
			}
			if e, ok := errors.AsType[*NotAddedError](err); ok != (test.name == "passed over") || ok && (e.Hint() == "" || !slices.Equal(e.Roles, []string{"c"})) {
				t.Errorf("%s %s: %v", method, test.name, err)
			}
		}
	}
}

func TestSetTeamUnread(t *testing.T) {
	for status, want := range map[int]string{404: "not-found not-sent", 403: "denied not-sent", 500: "not-sent"} {
		s := &script{replies: map[string][]http.HandlerFunc{"GET /teams/web": {jsonReply(status, `{}`)}}}
		after := web().Team
		after.Name = "New"
		_, err := client(t, s).SetTeam(t.Context(), web(), after, "")
		check(t, err, `not sent: read team "web" before the change: `)
		if classes(err) != want || len(s.writesAsked()) != 0 {
			t.Errorf("%d: %q, asked %q", status, classes(err), s.asked)
		}
	}
}

func TestCreateTeam(t *testing.T) {
	for _, test := range []struct {
		name string
		team role.Team
		want string
	}{
		{"least", role.Team{Key: "web", Name: "Web"}, `{"key":"web","name":"Web"}`},
		{
			"all",
			role.Team{Key: "web", Name: "Web", Description: "d", CustomRoles: []string{"b", "a", "b"}, RoleAttributes: role.Attributes{"p": {"y", "x"}, "q": nil}},
			`{"key":"web","name":"Web","description":"d","customRoleKeys":["a","b"],"roleAttributes":{"p":["x","y"]}}`,
		},
	} {
		s := &script{replies: map[string][]http.HandlerFunc{"POST /teams": {jsonReply(201, webText("a", "b"))}}}
		if _, err := client(t, s).CreateTeam(t.Context(), test.team, "why"); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"POST /teams?expand=roles%2CroleAttributes " + test.want}, s.asked); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
		if !slices.Equal(s.kinds, []string{"POST application/json"}) {
			t.Errorf("sent as %q", s.kinds)
		}
	}
	s := &script{}
	_, err := client(t, s).CreateTeam(t.Context(), role.Team{Key: "web"}, "")
	check(t, err, `create team "web": the name is empty`)
	if classes(err) != "not-sent refused" || len(s.asked) != 0 {
		t.Errorf("asked %q", s.asked)
	}
}

func TestTeamsReadOnly(t *testing.T) {
	s := &script{replies: map[string][]http.HandlerFunc{"GET /teams/web": replies(webText("a", "b"))}}
	c := client(t, s, func(o *Options) { o.ReadOnly = true })
	after := web().Team
	after.Name = "New"
	_, set := c.SetTeam(t.Context(), web(), after, "")
	_, create := c.CreateTeam(t.Context(), after, "")
	if classes(set) != "not-sent read-only" || classes(create) != "not-sent read-only" || len(s.writesAsked()) != 0 {
		t.Errorf("%v, %v, asked %q", set, create, s.asked)
	}
}

// TestNewTeam: a team that this client has just made may be shown with a delay. Nobody waits for any
// other, nor for ever.
func TestNewTeam(t *testing.T) {
	gone := jsonReply(404, `{}`)
	late := []http.HandlerFunc{gone, gone, gone, jsonReply(200, webText("a", "b"))}
	made := role.Team{Key: "web", Name: "Web"}
	s := &script{replies: map[string][]http.HandlerFunc{"POST /teams": {jsonReply(201, `{"key":"web","name":"Web"}`)}, "GET /teams/web": slices.Clone(late)}}
	w := newWatch()
	c := client(t, s, func(o *Options) { o.Sleep, o.Now = w.Sleep, w.Now })
	if _, err := c.Team(t.Context(), "web"); classes(err) != "not-found" || len(s.asked) != 1 {
		t.Errorf("a team that is not new: %v after %d reads", err, len(s.asked))
	}
	s.replies["GET /teams/web"] = slices.Clone(late)
	live, err := c.CreateTeam(t.Context(), made, "")
	if err != nil || live.Name != "Web" || len(w.slept) != 3 {
		t.Errorf("%v after %v", err, w.slept)
	}
	s.replies["GET /teams/web"], s.replies["PATCH /teams/web"] = slices.Clone(late), replies(webText("a", "b"))
	after := web().Team
	after.Name = "New"
	if _, err := c.SetTeam(t.Context(), web(), after, ""); err != nil {
		t.Errorf("an update soon after: %v", err)
	}
	s.replies["GET /teams/web"], s.asked = []http.HandlerFunc{gone}, nil
	before := w.total()
	if _, err := c.Team(t.Context(), "web"); classes(err) != "not-found" || len(s.asked) > newTeamReads || w.total()-before > newTeam {
		t.Errorf("%v after %d reads and %v", err, len(s.asked), w.total()-before)
	}
	_ = w.Sleep(t.Context(), newTeam)
	s.asked = nil
	if _, err := c.Team(t.Context(), "web"); classes(err) != "not-found" || len(s.asked) != 1 {
		t.Errorf("no longer new: %v after %d reads", err, len(s.asked))
	}
	s.asked = nil
	if _, err := c.CreateTeam(t.Context(), made, ""); classes(err) != "unknown" || len(s.asked) > 1+newTeamReads {
		t.Errorf("never shown: %v after %d requests", err, len(s.asked))
	}
}

// TestTeamPerhapsMade: after a create whose reply was lost, the team is waited for as a new one.
func TestTeamPerhapsMade(t *testing.T) {
	gone := jsonReply(404, `{}`)
	for status, want := range map[int]int{500: 3, 409: 1, 403: 1} {
		s := &script{replies: map[string][]http.HandlerFunc{"POST /teams": {jsonReply(status, `{}`)}, "GET /teams/web": {gone, gone, jsonReply(200, webText("a"))}}}
		c := client(t, s)
		if _, err := c.CreateTeam(t.Context(), role.Team{Key: "web", Name: "Web"}, ""); err == nil {
			t.Errorf("%d is no error", status)
		}
		s.asked = nil
		if _, err := c.Team(t.Context(), "web"); len(s.asked) != want || (err == nil) != (want == 3) {
			t.Errorf("%d: %d reads, %v", status, len(s.asked), err)
		}
	}
}

func TestNewTeamInterrupted(t *testing.T) {
	gone := jsonReply(404, `{}`)
	s := &script{replies: map[string][]http.HandlerFunc{"POST /teams": {jsonReply(201, webText("a"))}, "GET /teams/web": {gone}}}
	interrupt, stop := context.WithCancel(t.Context())
	w := newWatch()
	c := client(t, s, func(o *Options) {
		o.Now = w.Now
		o.Sleep = func(ctx context.Context, d time.Duration) error { stop(); return ctx.Err() }
	})
	if _, err := c.CreateTeam(t.Context(), role.Team{Key: "web", Name: "Web"}, ""); err != nil {
		t.Fatal(err)
	}
	_, err := c.Team(role.WithInterrupt(t.Context(), interrupt), "web")
	check(t, err, `read the new team "web": context canceled`)
	if len(s.asked) != 2 {
		t.Errorf("asked %q", s.asked)
	}
	// In the middle of waiting for roles to show, what is known is told.
	s.replies["GET /teams/web"] = replies(webText("a"))
	ctx, cancel := context.WithCancel(t.Context())
	c = client(t, s, func(o *Options) {
		o.Sleep = func(ctx context.Context, d time.Duration) error { cancel(); return ctx.Err() }
	})
	live, err := c.CreateTeam(ctx, role.Team{Key: "web", Name: "Web", CustomRoles: []string{"a", "z"}}, "")
	check(t, err, `did not add "z"`)
	if live.Key != "web" {
		t.Errorf("%+v", live)
	}
}

// TestTeamInstructionsLaw: carried out, the instructions turn one team into the other.
func TestTeamInstructionsLaw(t *testing.T) {
	some := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 4)
	team := rapid.Custom(func(r *rapid.T) role.Team {
		return role.Team{
			Name:           rapid.SampledFrom([]string{"X", "Y"}).Draw(r, "name"),
			Description:    rapid.SampledFrom([]string{"", "d"}).Draw(r, "description"),
			CustomRoles:    some.Draw(r, "roles"),
			RoleAttributes: rapid.MapOfN(rapid.SampledFrom([]string{"p", "q"}), some, 0, 2).Draw(r, "attributes"),
		}.Normal()
	})
	rapid.Check(t, func(r *rapid.T) {
		before, after := team.Draw(r, "before"), team.Draw(r, "after")
		got := before
		list := teamInstructions(before, after)
		for _, step := range list {
			switch step.Kind {
			case "updateName":
				got.Name = step.Value.(string)
			case "updateDescription":
				got.Description = step.Value.(string)
			case "addCustomRoles":
				got.CustomRoles = slices.Concat(got.CustomRoles, step.Values)
			case "removeCustomRoles":
				got.CustomRoles = missing(got.CustomRoles, step.Values)
			case "replaceRoleAttributes":
				got.RoleAttributes = step.Value.(role.Attributes)
			default:
				r.Fatalf("%+v", step)
			}
		}
		if got.Digest() != after.Digest() || (len(list) == 0) != (before.Digest() == after.Digest()) {
			r.Fatalf("%+v gives %+v instead of %+v", list, got, after)
		}
	})
}
