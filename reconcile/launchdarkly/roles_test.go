package launchdarkly

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/role"
)

func TestRole(t *testing.T) {
	allow := role.Statement{Effect: role.Allow, Actions: []string{"*"}, Resources: []string{"proj/*"}}
	base := func(change func(*role.Live)) role.Live {
		l := role.Live{ID: "1", Role: role.Role{Key: "ops", Name: "Ops", BasePermissions: "reader", Policy: []role.Statement{}}}
		change(&l)
		return l
	}
	tests := []struct {
		name, body string
		want       role.Live
		err        string
	}{
		{"least", `{"_id":"1","key":"ops","name":"Ops","policy":[]}`, base(func(*role.Live) {}), ""},
		{"null policy", `{"_id":"1","key":"ops","name":"Ops","policy":null,"description":null,"basePermissions":null}`, base(func(*role.Live) {}), ""},
		{"null name", `{"_id":"1","key":"ops","name":null,"policy":[]}`, base(func(l *role.Live) { l.Name = "" }), ""},
		{
			"all fields", ` {"_id":"1","key":"ops","name":"Ops","description":"d","basePermissions":"no_access","resourceCategory":"project",
			"policy":[{"effect":"allow","actions":["*"],"resources":["proj/*"],"notActions":null,"notResources":[]}],
			"assignedTo":{"membersCount":3,"teamsCount":4},"_presetBundleVersion":5,
			"_presetStatements":[{"effect":"allow","actions":["*"],"resources":["proj/*"]}],
			"_access":{"denied":[]},"_links":{}} `,
			base(func(l *role.Live) {
				l.Description, l.BasePermissions, l.ResourceCategory = "d", "no_access", "project"
				l.Policy, l.PresetStatements = []role.Statement{allow}, []role.Statement{allow}
				l.Assigned, l.PresetVersion = role.Assigned{Members: 3, Teams: 4}, 5
			}), "",
		},
		{
			"null lists", `{"_id":"1","key":"ops","name":"Ops","policy":[{"effect":"deny","actions":["a"],"notActions":null,"resources":null,"notResources":["proj/*"]}],"_presetStatements":null,"_presetBundleVersion":null,"assignedTo":null}`,
			base(func(l *role.Live) {
				l.Policy = []role.Statement{{Effect: role.Deny, Actions: []string{"a"}, NotResources: []string{"proj/*"}}}
			}), "",
		},
		{
			"other letters", `{"_id":"1","key":"ops","Key":"x","\u212aey":"y","name":"Ops","policy":[]}`,
			base(func(l *role.Live) { l.Extra = raw(`{"Key":"\"x\"","Key":"\"y\""}`) }), "",
		},
		{
			"unknown fields", `{"_id":"1","key":"ops","name":"Ops","policy":[{"effect":"allow","actions":["*"],"resources":["proj/*"],"when": {"b":1, "a":1.50}}],"tags": [ "x" ]}`,
			base(func(l *role.Live) {
				l.Policy = []role.Statement{allow}
				l.Extra = raw(`{"tags":"[\"x\"]","policy[0].when":"{\"a\":1.50,\"b\":1}"}`)
			}), "",
		},
		{"other role", `{"_id":"1","key":"dev","name":"Ops","policy":[]}`, role.Live{}, `the answer holds role "dev" instead of "ops"`},
		{"no id", `{"key":"ops","name":"Ops","policy":[]}`, role.Live{}, `"_id" is missing`},
		{"no key", `{"_id":"1","name":"Ops","policy":[]}`, role.Live{}, `"key" is missing`},
		{"no name", `{"_id":"1","key":"ops","policy":[]}`, role.Live{}, `role "ops": "name" is missing`},
		{"no policy", `{"_id":"1","key":"ops","name":"Ops"}`, role.Live{}, `role "ops": "policy" is missing`},
		{"no effect", `{"_id":"1","key":"ops","name":"Ops","policy":[{"actions":[]}]}`, role.Live{}, `role "ops": policy[0]: "effect" is missing`},
		{"policy object", `{"_id":"1","key":"ops","name":"Ops","policy":{}}`, role.Live{}, `"policy": found an object, want an array`},
		{"statement null", `{"_id":"1","key":"ops","name":"Ops","policy":[null]}`, role.Live{}, `policy[0]: found null, want an object`},
		{"actions string", `{"_id":"1","key":"ops","name":"Ops","policy":[{"effect":"allow","actions":"*"}]}`, role.Live{}, `"actions": found a string, want an array`},
		{"action number", `{"_id":"1","key":"ops","name":"Ops","policy":[{"effect":"allow","actions":[1]}]}`, role.Live{}, `"actions": found a number, want an array of strings`},
		{"count text", `{"_id":"1","key":"ops","name":"Ops","policy":[],"assignedTo":{"teamsCount":"2"}}`, role.Live{}, `"assignedTo": "teamsCount": found a string, want a whole number`},
		{"count negative", `{"_id":"1","key":"ops","name":"Ops","policy":[],"assignedTo":{"teamsCount":-2}}`, role.Live{}, `want a whole number`},
		{"count broken", `{"_id":"1","key":"ops","name":"Ops","policy":[],"_presetBundleVersion":1.5}`, role.Live{}, `want a whole number`},
		{"null", `null`, role.Live{}, `role: found null, want an object`},
		{"true", `true`, role.Live{}, `role: found true or false, want an object`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := client(t, jsonReply(200, test.body))
			got, err := c.Role(t.Context(), "ops")
			check(t, err, test.err)
			if err != nil {
				if s := classes(err); s != "" {
					t.Errorf("a read has outcome %s", s)
				}
				return
			}
			if string(got.Raw) != strings.TrimSpace(test.body) {
				t.Errorf("raw is %s", got.Raw)
			}
			got.Raw = nil
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// raw takes names and texts; the doubled "Key" stands for one that has the Kelvin sign.
func raw(text string) map[string]json.RawMessage {
	v := map[string]string{}
	if err := json.Unmarshal([]byte(strings.Replace(text, `,"Key"`, `,"\u212aey"`, 1)), &v); err != nil {
		panic(err)
	}
	out := map[string]json.RawMessage{}
	for name, s := range v {
		out[name] = json.RawMessage(s)
	}
	return out
}

func TestKeysInAddresses(t *testing.T) {
	sent := 0
	c := client(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { sent++ }))
	for _, key := range []string{"", ".", "..", "../members/x", "a/b", "a?b", "a b", "ä", "57be1db38b75bf0772d11384", "reader", "%2e%2e", strings.Repeat("k", 1<<20)} {
		live := role.Live{Role: role.Role{Key: key, BasePermissions: role.NoAccess}, Raw: []byte(`{}`)}
		after := live.Role
		after.Name = "x"
		_, get := c.Role(t.Context(), key)
		_, create := c.CreateRole(t.Context(), live.Role)
		_, update := c.UpdateRole(t.Context(), live, after, "")
		for _, err := range []error{get, create, update, c.DeleteRole(t.Context(), key)} {
			if classes(err) != "not-sent refused" {
				t.Errorf("%.40q: %v", key, err)
			}
		}
	}
	if sent != 0 {
		t.Errorf("%d requests were sent", sent)
	}
}

// record keeps the last request and answers with a role.
type record struct {
	method, path, query, body string
	count                     int
	status                    int
	answer                    string
}

func (r *record) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.method, r.path, r.query, r.body = req.Method, req.URL.Path, req.URL.RawQuery, string(body)
	r.count++
	jsonReply(orElse(r.status, 200), orElse(r.answer, oneRole("ops")))(w, req)
}

func TestCreateRole(t *testing.T) {
	statements := []role.Statement{
		{Effect: role.Deny, NotActions: []string{"b", "a"}, NotResources: []string{"proj/x"}},
		{Effect: role.Allow, Actions: []string{"*"}, Resources: []string{"proj/*;a<b"}},
	}
	tests := []struct {
		name string
		role role.Role
		want string
	}{
		{
			"least",
			role.Role{Key: "ops", Name: "Ops", BasePermissions: "no_access"},
			`{"key":"ops","name":"Ops","description":"","basePermissions":"no_access","policy":[]}`,
		},
		{
			"all",
			role.Role{Key: "ops", Name: "Ops", Description: "d", BasePermissions: "reader", ResourceCategory: "project", Policy: statements},
			`{"key":"ops","name":"Ops","description":"d","basePermissions":"reader","resourceCategory":"project","policy":[{"effect":"deny","notActions":["b","a"],"notResources":["proj/x"]},{"effect":"allow","actions":["*"],"resources":["proj/*;a\u003cb"]}]}`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := &record{status: 201}
			got, err := client(t, r).CreateRole(t.Context(), test.role)
			if err != nil {
				t.Fatal(err)
			}
			if r.method != "POST" || r.path != "/api/v2/roles" || r.query != "" || r.count != 1 {
				t.Errorf("sent %+v", r)
			}
			if diff := cmp.Diff(test.want, r.body); diff != "" {
				t.Error(diff)
			}
			if got.Key != "ops" || got.ID == "" || string(got.Raw) != oneRole("ops") {
				t.Errorf("got %+v", got)
			}
		})
	}
	_, err := client(t, &record{}).CreateRole(t.Context(), role.Role{Key: "ops"})
	check(t, err, `create role "ops": basePermissions is empty`)
}

func TestUpdateRole(t *testing.T) {
	const start = `{"_id":"1", "key":"ops", "name":"Ops", "policy": [ {"effect":"allow","resources":["proj/*"],"actions":["b","a"],"notActions":[]} ], "basePermissions":"no_access"}`
	tests := []struct {
		name   string
		raw    string
		change func(*role.Role)
		want   string // "" means that nothing is sent
	}{
		{"nothing", start, func(*role.Role) {}, ""},
		{"order", start, func(r *role.Role) { r.Policy[0].Actions = []string{"a", "b", "a"} }, ""},
		{"category not said", `{"_id":"1","key":"ops","name":"Ops","policy":[],"resourceCategory":"project"}`, func(r *role.Role) { r.ResourceCategory = "" }, ""},
		{
			"name", start, func(r *role.Role) { r.Name = "New" },
			`{"comment":"why","patch":[{"op":"test","path":"/name","value":"Ops"},{"op":"replace","path":"/name","value":"New"}]}`,
		},
		{
			"description that was not there", start, func(r *role.Role) { r.Description = "d" },
			`{"comment":"why","patch":[{"op":"test","path":"/description","value":""},{"op":"replace","path":"/description","value":"d"}]}`,
		},
		{
			"base permissions that were not there", `{"_id":"1","key":"ops","name":"Ops","policy":[]}`, func(r *role.Role) { r.BasePermissions = "no_access" },
			`{"comment":"why","patch":[{"op":"test","path":"/basePermissions","value":"reader"},{"op":"replace","path":"/basePermissions","value":"no_access"}]}`,
		},
		{
			"policy as sent", start, func(r *role.Role) { r.Policy = nil },
			`{"comment":"why","patch":[{"op":"test","path":"/policy","value":[{"effect":"allow","resources":["proj/*"],"actions":["b","a"],"notActions":[]}]},{"op":"replace","path":"/policy","value":[]}]}`,
		},
		{"null policy", `{"_id":"1","key":"ops","name":"Ops","policy":null}`, func(r *role.Role) {
			r.Policy = []role.Statement{{Effect: role.Deny, Actions: []string{"z", "a"}, Resources: []string{"proj/*"}}}
		}, `{"comment":"why","patch":[{"op":"test","path":"/policy","value":null},{"op":"replace","path":"/policy","value":[{"effect":"deny","actions":["z","a"],"resources":["proj/*"]}]}]}`},
		{"everything", start, func(r *role.Role) {
			r.Name, r.Description, r.BasePermissions, r.Policy = "N", "D", "reader", nil
		}, `{"comment":"why","patch":[{"op":"test","path":"/name","value":"Ops"},{"op":"test","path":"/description","value":""},{"op":"test","path":"/basePermissions","value":"no_access"},` +
			`{"op":"test","path":"/policy","value":[{"effect":"allow","resources":["proj/*"],"actions":["b","a"],"notActions":[]}]},` +
			`{"op":"replace","path":"/name","value":"N"},{"op":"replace","path":"/description","value":"D"},` +
			`{"op":"replace","path":"/basePermissions","value":"reader"},{"op":"replace","path":"/policy","value":[]}]}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := &record{answer: test.raw}
			c := client(t, r)
			before, err := c.Role(t.Context(), "ops")
			if err != nil {
				t.Fatal(err)
			}
			after := before.Role.Clone()
			test.change(&after)
			r.count, r.body = 0, ""
			if _, err := c.UpdateRole(t.Context(), before, after, "why"); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, r.body); diff != "" {
				t.Error(diff)
			}
			if test.want == "" {
				if r.count != 0 {
					t.Error("a request was sent")
				}
			} else if r.method != "PATCH" || r.path != "/api/v2/roles/ops" || r.query != "" || r.count != 1 {
				t.Errorf("sent %+v", r)
			}
		})
	}
}

func TestUpdateRoleRefuses(t *testing.T) {
	live := role.Live{Role: role.Role{Key: "ops", Name: "Ops", BasePermissions: "reader", ResourceCategory: "project"}, Raw: []byte(`{}`)}
	tests := []struct {
		name   string
		change func(before *role.Live, after *role.Role)
		want   string
	}{
		{"key", func(_ *role.Live, a *role.Role) { a.Key = "dev" }, `update role "ops": the key cannot be changed to "dev"`},
		{"category", func(_ *role.Live, a *role.Role) { a.ResourceCategory = "any" }, `resourceCategory cannot be changed from "project" to "any"`},
		{"base", func(_ *role.Live, a *role.Role) { a.BasePermissions = "" }, `basePermissions is empty`},
		{"not read", func(b *role.Live, a *role.Role) { b.Raw, a.Name = nil, "x" }, `role "ops" was not read from the account before its update`},
		{"unknown statement fields", func(b *role.Live, a *role.Role) {
			b.Extra = raw(`{"policy[0].when":"1"}`)
			a.Policy = []role.Statement{{Effect: role.Allow}}
		}, `its statements hold fields that this version does not know`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := &record{}
			before, after := live, live.Role
			test.change(&before, &after)
			_, err := client(t, r).UpdateRole(t.Context(), before, after, "")
			check(t, err, test.want)
			if classes(err) != "not-sent refused" || r.count != 0 {
				t.Errorf("%v, %d sent", err, r.count)
			}
		})
	}
	r := &record{}
	live.Extra = raw(`{"policy[0].when":"1"}`)
	after := live.Role
	after.Name = "New"
	if _, err := client(t, r).UpdateRole(t.Context(), live, after, ""); err != nil || r.count != 1 {
		t.Errorf("a name beside unknown statement fields: %v, %d sent", err, r.count)
	}
	if strings.Contains(r.body, "comment") {
		t.Errorf("an empty comment is sent: %s", r.body)
	}
}

func TestDeleteRole(t *testing.T) {
	tests := []struct {
		name  string
		reply http.HandlerFunc
		want  string // class
	}{
		{"204", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, ""},
		{"200 empty", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200) }, ""},
		{"200 JSON", jsonReply(200, `{"ok":true}`), ""},
		{"204 JSON type", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(204)
		}, ""},
		{"200 HTML", reply(200, "text/html", "<html>log in</html>"), "unknown"},
		{"404", jsonReply(404, `{"code":"not_found","message":"Invalid resource identifier"}`), "not-found"},
		{"409", jsonReply(409, `{"code":"optimistic_locking_error","message":"in use"}`), "conflict"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sent := ""
			err := client(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				body, _ := io.ReadAll(req.Body)
				sent += fmt.Sprintf("%s %s %q", req.Method, req.URL, body)
				test.reply(w, req)
			})).DeleteRole(t.Context(), "ops")
			if classes(err) != test.want || (err == nil) != (test.want == "") {
				t.Errorf("%v is %q", err, classes(err))
			}
			if sent != `DELETE https://app.launchdarkly.test/api/v2/roles/ops ""` {
				t.Errorf("sent %s", sent)
			}
		})
	}
}
