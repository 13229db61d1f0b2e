package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestTerraformSequence is what the vendor's acceptance tests send, step by step.
func TestTerraformSequence(t *testing.T) {
	e := start(t, Options{})
	created := e.want(201, "POST", rolesPath, opsRole).role(t)
	byKey := e.want(200, "GET", rolesPath+"/ops", "")
	byID := e.want(200, "GET", rolesPath+"/"+created.ID, "")
	if byKey.body != byID.body {
		t.Errorf("by key and by id differ:\n%s\n%s", byKey.body, byID.body)
	}
	patched := e.want(200, "PATCH", rolesPath+"/ops", `{"comment":"Terraform","patch":[
		{"op":"replace","path":"/name","value":"Operators"},
		{"op":"replace","path":"/description","value":""},
		{"op":"replace","path":"/policy","value":null},
		{"op":"replace","path":"/basePermissions","value":"reader"}]}`).role(t)
	if patched.Name != "Operators" || *patched.Description != "" || len(patched.Policy) != 0 || patched.BasePermissions != "reader" {
		t.Errorf("patched to %+v", patched)
	}
	if again := e.want(200, "GET", rolesPath+"/ops", ""); !strings.Contains(again.body, `"policy":[]`) {
		t.Errorf("an empty policy is not []: %s", again.body)
	}
	e.want(204, "DELETE", rolesPath+"/ops", "")
	e.want(404, "GET", rolesPath+"/ops", "")
	e.want(404, "GET", rolesPath+"/"+created.ID, "")
	e.want(404, "DELETE", rolesPath+"/ops", "")
	if again := e.want(201, "POST", rolesPath, opsRole).role(t); again.ID == created.ID {
		t.Errorf("made again under the same id %s", again.ID)
	}
	if e.Writes() != 4 {
		t.Errorf("%d writes counted, want 4", e.Writes())
	}
}

func TestAnswerOfCreate(t *testing.T) {
	a := start(t, Options{}).want(201, "POST", rolesPath, opsRole)
	golden(t, "role.json", indent(t, a.body))
	if a.header.Get("Content-Type") != "application/json" || a.header.Get(Header) != "1" {
		t.Errorf("headers %v", a.header)
	}
}

func indent(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(text), "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.String() + "\n"
}

func TestCreateRefusals(t *testing.T) {
	body := func(fields string) string { return `{"key":"k","name":"n","policy":[],` + fields + `}` }
	statement := func(s string) string { return `{"key":"k","name":"n","policy":[` + s + `]}` }
	tests := map[string]struct {
		body    string
		status  int
		message string
	}{
		"empty body":          {"", 400, "Invalid request body"},
		"null":                {"null", 400, "Invalid request body"},
		"array":               {"[]", 400, "Invalid request body"},
		"cut":                 {`{"key":"k"`, 400, "Invalid request body"},
		"trailing":            {`{"key":"k","name":"n","policy":[]} x`, 400, "Invalid request body"},
		"not UTF-8":           {"{\"key\":\"k\",\"name\":\"\xff\",\"policy\":[]}", 400, "Invalid request body"},
		"no key":              {`{"name":"n","policy":[]}`, 400, "key is required"},
		"key in other case":   {`{"Key":"k","name":"n","policy":[]}`, 400, "key is required"},
		"bad key":             {`{"key":"a b","name":"n","policy":[]}`, 400, `key "a b"`},
		"key starts with dot": {`{"key":".a","name":"n","policy":[]}`, 400, `key ".a"`},
		"key is a number":     {`{"key":1,"name":"n","policy":[]}`, 400, `field "key"`},
		"no name":             {`{"key":"k","policy":[]}`, 400, "name is required"},
		"no policy":           {`{"key":"k","name":"n"}`, 400, "policy is required"},
		"policy is text":      {`{"key":"k","name":"n","policy":"x"}`, 400, `field "policy"`},
		"name is a list":      {`{"key":"k","name":[],"policy":[]}`, 400, `field "name"`},
		"base":                {body(`"basePermissions":"writer"`), 400, `basePermissions "writer"`},
		"category":            {body(`"resourceCategory":"all"`), 400, `resourceCategory "all"`},
		"null statement":      {statement("null"), 400, "effect"},
		"effect":              {statement(`{"effect":"Allow","actions":["*"],"resources":["proj/*"]}`), 400, "effect"},
		"both lists":          {statement(`{"effect":"allow","actions":["*"],"notActions":["*"],"resources":["proj/*"]}`), 400, "actions"},
		"no resources":        {statement(`{"effect":"allow","actions":["*"],"resources":[]}`), 400, "resources"},
		"specifier":           {statement(`{"effect":"allow","actions":["*"],"resources":["proj/x:*"]}`), 400, `Error parsing resource specifier "proj/x:*"`},
		"bare star":           {statement(`{"effect":"allow","actions":["*"],"resources":["*"]}`), 400, `Error parsing resource specifier "*"`},
		"kinds":               {statement(`{"effect":"allow","actions":["*"],"resources":["proj/*","acct"]}`), 400, "must represent the same kind of resource."},
		"too large":           {`{"key":"k","name":"` + strings.Repeat("n", MaxBody) + `","policy":[]}`, 413, "larger than"},
		"too deep":            {strings.Repeat("[", 20_000), 400, "Invalid request body"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := start(t, Options{})
			a := e.want(test.status, "POST", rolesPath, test.body)
			if a.code(t) != "invalid_request" || !strings.Contains(unescaped(a.body), test.message) {
				t.Errorf("answered %s, want %q", a.body, test.message)
			}
			if e.Writes() != 0 || len(e.Roles()) != 0 {
				t.Errorf("a refused request wrote")
			}
		})
	}
}

func unescaped(body string) string {
	var e errorBody
	_ = json.Unmarshal([]byte(body), &e)
	return e.Message
}

func TestCreateAccepts(t *testing.T) {
	tests := map[string]struct{ body, base string }{
		"null policy":       {`{"key":"k","name":"n","policy":null}`, "no_access"},
		"null description":  {`{"key":"k","name":"n","policy":[],"description":null}`, "no_access"},
		"unknown field":     {`{"key":"k","name":"n","policy":[],"colour":"red"}`, "no_access"},
		"reader":            {`{"key":"k","name":"n","policy":[],"basePermissions":"reader"}`, "reader"},
		"both negations":    {`{"key":"k","name":"n","policy":[{"effect":"allow","notActions":["*"],"notResources":["proj/*:env/production"]}]}`, "no_access"},
		"action off kind":   {`{"key":"k","name":"n","policy":[{"effect":"allow","actions":["updateOn"],"notResources":["proj/*:env/production"]}]}`, "no_access"},
		"unknown action":    {`{"key":"k","name":"n","policy":[{"effect":"allow","actions":["paintFlag"],"resources":["proj/*"]}]}`, "no_access"},
		"role attribute":    {`{"key":"k","name":"n","policy":[{"effect":"allow","actions":["*"],"resources":["proj/${roleAttribute/none}"]}]}`, "no_access"},
		"resource category": {`{"key":"k","name":"n","policy":[],"resourceCategory":"any"}`, "no_access"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := start(t, Options{})
			if r := e.want(201, "POST", rolesPath, test.body).role(t); r.BasePermissions != test.base {
				t.Errorf("made %+v", r)
			}
		})
	}
}

func TestOrderIsKept(t *testing.T) {
	e := start(t, Options{})
	policy := `[{"effect":"deny","resources":["proj/b","proj/a","proj/b"],"actions":["z*","a*"]},{"effect":"allow","resources":["acct"],"actions":["*"]}]`
	a := e.want(201, "POST", rolesPath, `{"key":"k","name":"n","policy":`+policy+`}`)
	if !strings.Contains(a.body, `"policy":`+policy) {
		t.Errorf("sent %s, got %s", policy, a.body)
	}
}

func TestAccount(t *testing.T) {
	e := start(t, Options{})
	golden(t, "identity.json", indent(t, e.want(200, "GET", "/api/v2/caller-identity", "").body))
	golden(t, "versions.json", indent(t, e.want(200, "GET", "/api/v2/versions", "").body))
	golden(t, "root.json", indent(t, e.want(200, "GET", "/api/v2", "").body))
	if !regexp.MustCompile(`^[0-9a-f]{24}$`).MatchString(e.AccountID()) {
		t.Errorf("account id %q", e.AccountID())
	}
	if other := start(t, Options{Rand: strings.NewReader("fedcba9876543210")}); other.AccountID() == e.AccountID() {
		t.Errorf("two accounts of one id")
	}
}

func TestDeleteInUse(t *testing.T) {
	tests := map[string]struct {
		settings       []string
		members, teams int
		status         int
	}{
		"free":                   {nil, 0, 0, 204},
		"members":                {nil, 1, 0, 409},
		"teams":                  {nil, 0, 2, 409},
		"members allowed":        {[]string{"deleteHeldByMembers=allow"}, 1, 0, 204},
		"members allowed, teams": {[]string{"deleteHeldByMembers=allow"}, 1, 1, 409},
		"teams allowed":          {[]string{"deleteHeldByTeams=allow"}, 0, 1, 204},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := behaving(t, test.settings...)
			e.post("ops")
			if err := e.SetAssigned("ops", test.members, test.teams); err != nil {
				t.Fatal(err)
			}
			if r := e.want(200, "GET", rolesPath+"/ops", "").role(t); *r.AssignedTo != (assignedTo{test.members, test.teams}) {
				t.Errorf("assigned to %+v", r.AssignedTo)
			}
			e.want(test.status, "DELETE", rolesPath+"/ops", "")
			if err := e.SetAssigned("ops", 0, 0); (err == nil) != (test.status == 409) {
				t.Errorf("after the delete: %v", err)
			}
		})
	}
}

func TestOutsideEdits(t *testing.T) {
	e := start(t, Options{})
	id := e.post("ops").role(t).ID
	rename := func(r *Role) { r.Name, r.ID = "Renamed in the pages", "" }
	if err := e.Edit("ops", rename); err != nil {
		t.Fatal(err)
	}
	if r := e.want(200, "GET", rolesPath+"/"+id, "").role(t); r.Name != "Renamed in the pages" {
		t.Errorf("read %+v", r)
	}
	if err := e.Add(Role{Key: "odd key", Name: "\x1b[31m"}); err != nil {
		t.Fatal(err)
	}
	e.want(200, "GET", rolesPath+"/odd%20key", "")
	failures := map[string]error{
		"edit of none":     e.Edit("none", rename),
		"key taken":        e.Edit("ops", func(r *Role) { r.Key = "odd key" }),
		"add of taken key": e.Add(Role{Key: "ops"}),
		"remove of none":   e.Remove("none"),
		"assign none":      e.SetAssigned("none", 1, 1),
	}
	for name, err := range failures {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := e.Remove("ops"); err != nil {
		t.Fatal(err)
	}
	if e.Writes() != 1 || !slices.Equal(e.keys(), []string{"odd key"}) {
		t.Errorf("%d writes, roles %q", e.Writes(), e.keys())
	}
}

func TestRolesAreCopies(t *testing.T) {
	seed := []Role{{Key: "a", Policy: []Statement{{Effect: "allow", Actions: []string{"x"}, Resources: []string{"acct"}}}}}
	e := start(t, Options{Seed: seed})
	e.Roles()[0].Policy[0].Actions[0] = "changed"
	seed[0].Policy[0].Actions[0] = "changed"
	if got := e.Roles()[0].Policy[0].Actions[0]; got != "x" {
		t.Errorf("the account holds %q", got)
	}
}

func TestPresets(t *testing.T) {
	e := start(t, Options{Seed: Presets()})
	if n := len(e.Roles()); n != 9 {
		t.Errorf("%d presets", n)
	}
	r := e.want(200, "GET", rolesPath+"/launchdarkly-developer", "").role(t)
	if r.PresetVersion != 1 || len(r.PresetStatements) != 3 || len(r.Policy) != 0 {
		t.Errorf("read %+v", r)
	}
	for _, preset := range Presets() {
		for _, s := range preset.PresetStatements {
			if err := (Behaviour{UnknownProperty: "refuse", UnknownType: "refuse"}).checkStatement(s, preset.ResourceCategory); err != nil {
				t.Errorf("%s: %v", preset.Key, err)
			}
		}
	}
	patched := e.want(200, "PATCH", rolesPath+"/launchdarkly-developer", `[{"op":"add","path":"/policy/-","value":{"effect":"allow","actions":["*"],"resources":["proj/x:metric/*"]}}]`).role(t)
	if len(patched.Policy) != 1 || len(patched.PresetStatements) != 3 {
		t.Errorf("patched to %+v", patched)
	}
	e.want(400, "PATCH", rolesPath+"/launchdarkly-developer", `[{"op":"replace","path":"/_presetStatements","value":[]}]`)
	e.want(204, "DELETE", rolesPath+"/launchdarkly-developer", "")
}

func TestRequests(t *testing.T) {
	e := start(t, Options{})
	e.post("ops")
	e.do("PATCH", rolesPath+"/ops?x=1", `{"comment":"why","patch":[]}`)
	e.do("GET", rolesPath+"/none", "")
	want := []RequestRecord{
		{Number: 1, Method: "POST", Path: rolesPath, APIVersion: []string{"20240415"}, Status: 201, Wrote: true},
		{Number: 2, Method: "PATCH", Path: rolesPath + "/ops", Query: "x=1", APIVersion: []string{"20240415"}, Comment: "why", Status: 200, Wrote: true},
		{Number: 3, Method: "GET", Path: rolesPath + "/none", APIVersion: []string{"20240415"}, Status: 404},
	}
	if diff := cmp.Diff(want, e.Requests()); diff != "" {
		t.Error(diff)
	}
}

func TestRequestsAreBounded(t *testing.T) {
	e := start(t, Options{})
	e.post("ops")
	for range maxRecords {
		e.do("GET", rolesPath+"/ops", "")
	}
	list := e.Requests()
	if len(list) > maxRecords || list[len(list)-1].Number != maxRecords+1 || list[0].Number == 1 {
		t.Errorf("%d records from %d to %d", len(list), list[0].Number, list[len(list)-1].Number)
	}
	e.note(1, func(*RequestRecord) { t.Error("a forgotten record was found") })
}

func TestLogNamesEverySwitchAndNoToken(t *testing.T) {
	var b bytes.Buffer
	e := start(t, Options{Log: slog.New(slog.NewTextHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	e.token = "secret-canary"
	e.post("ops")
	for _, want := range append(Behaviour{}.Describe(), "status=201") {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the log lacks %s", want)
		}
	}
	if strings.Contains(b.String(), e.token) {
		t.Error("the log holds the token")
	}
}

func TestNewRefuses(t *testing.T) {
	tests := map[string]Options{
		"switch":    {Behaviour: Behaviour{TestOp: "perhaps"}},
		"below 0":   {Behaviour: Behaviour{MaxLimit: -1}},
		"fault":     {Faults: []Fault{{Kind: "rain"}}},
		"seed":      {Seed: []Role{{Key: "a"}, {Key: "a"}}},
		"no random": {Rand: iotest.ErrReader(io.ErrClosedPipe)},
	}
	for name, opts := range tests {
		if _, err := New(opts); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestDefaultRandomnessAndTime(t *testing.T) {
	a, err := New(Options{Latency: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if a.AccountID() == b.AccountID() {
		t.Error("two new accounts have one id")
	}
	f := &fixture{a, t, Transport(a), "http://emulator", "token", ""}
	date, err := http.ParseTime(f.want(200, "GET", rolesPath, "").header.Get("Date"))
	if err != nil || time.Since(date) > time.Minute {
		t.Errorf("Date %v %v", date, err)
	}
}

func TestFailingDiskIsAnError(t *testing.T) {
	e := start(t, Options{})
	e.post("ops")
	e.store.disk = brokenDisk{}
	for _, a := range []answer{
		e.want(500, "POST", rolesPath, `{"key":"k","name":"n","policy":[]}`),
		e.want(500, "PATCH", rolesPath+"/ops", `[{"op":"replace","path":"/name","value":"x"}]`),
		e.want(500, "DELETE", rolesPath+"/ops", ""),
	} {
		if a.code(t) != "internal_service_error" {
			t.Errorf("answered %s", a.body)
		}
	}
	if r := e.Roles(); len(r) != 1 || r[0].Name != "ops" {
		t.Errorf("what was not stored is seen: %+v", r)
	}
}

// TestFailingDiskUndoes: what several things in one request had become is taken back.
func TestFailingDiskUndoes(t *testing.T) {
	f := peopled(t, Options{})
	members, teams, roles := asText(t, f.Members()), asText(t, f.Teams()), asText(t, f.Roles())
	f.store.disk = brokenDisk{}
	person := memberHref(f.member(bo))
	f.want(500, "POST", membersPath, `[{"email":"x@example.com","customRoles":["ops"],"teamKeys":["empty","checkout"]}]`)
	f.want(500, "PATCH", membersPath, `{"instructions":[{"kind":"replaceAllMembersRoles","value":"admin"},{"kind":"replaceAllMembersCustomRoles","values":["idle"]}]}`)
	f.want(500, "DELETE", person, "")
	f.want(500, "PATCH", person, `[{"op":"replace","path":"/role","value":"admin"}]`)
	f.want(500, "POST", teamsPath, `{"key":"new","name":"n"}`)
	f.want(500, "PATCH", teamHref("checkout"), `{"instructions":[{"kind":"replaceMembers","values":[]}]}`)
	f.want(500, "DELETE", teamHref("empty"), "")
	if f.Remove("ops") == nil || f.Sync() != nil { // there is nothing to sync
		t.Error("a write succeeded, or a sync of nothing failed")
	}
	if asText(t, f.Members()) != members || asText(t, f.Teams()) != teams || asText(t, f.Roles()) != roles {
		t.Errorf("what was not stored is seen: %+v %+v", f.Members(), f.Teams())
	}
	f.consistent()
}

type brokenDisk struct{}

func (brokenDisk) commit([]entry) error { return errors.New("disk full") }
func (brokenDisk) close() error         { return nil }

// TestImports keeps the emulator apart from the client, whose wire types must not be its own.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	const ours = "github.com/rolewright/rolewright/reconcile/"
	allowed := []string{ours + "internal/pattern", "github.com/evanphx/json-patch/v5", "go.etcd.io/bbolt", "go.etcd.io/bbolt/errors", ours + "people", ours + "policy", ours + "role"}
	for path := range strings.Lines(string(out)) {
		path = strings.TrimSpace(path)
		if strings.Contains(path, ".") && !slices.Contains(allowed, path) {
			t.Errorf("imports %s", path)
		}
	}
}
