package emulator

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
)

func TestPatch(t *testing.T) {
	const (
		view = `{"effect":"allow","resources":["proj/*"],"actions":["viewProject"]}`
		deny = `{"effect":"deny","notResources":["proj/*:env/*;{critical:true}:flag/*;pci,eu"],"notActions":["updateOn"]}`
		acct = `{"effect":"allow","resources":["acct"],"actions":["*"]}`
	)
	type state struct {
		Name, Description, Base string
		Policy                  string
	}
	before := state{"Ops", "d", "no_access", "[" + view + "," + deny + "]"}
	set := func(f func(*state)) state { s := before; f(&s); return s }
	tests := map[string]struct {
		body string
		want state
	}{
		"nothing":               {`[]`, before},
		"bare array":            {`[{"op":"replace","path":"/name","value":"N"}]`, set(func(s *state) { s.Name = "N" })},
		"wrapper":               {`{"comment":"c","patch":[{"op":"replace","path":"/name","value":"N"}]}`, set(func(s *state) { s.Name = "N" })},
		"wrapper, no comment":   {`{"patch":[{"op":"replace","path":"/name","value":"N"}]}`, set(func(s *state) { s.Name = "N" })},
		"several":               {`[{"op":"replace","path":"/name","value":"N"},{"op":"replace","path":"/basePermissions","value":"reader"}]`, set(func(s *state) { s.Name, s.Base = "N", "reader" })},
		"policy whole":          {`[{"op":"replace","path":"/policy","value":[` + acct + `]}]`, set(func(s *state) { s.Policy = "[" + acct + "]" })},
		"policy null":           {`[{"op":"replace","path":"/policy","value":null}]`, set(func(s *state) { s.Policy = "[]" })},
		"description empty":     {`[{"op":"replace","path":"/description","value":""}]`, set(func(s *state) { s.Description = "" })},
		"description null":      {`[{"op":"replace","path":"/description","value":null}]`, set(func(s *state) { s.Description = "" })},
		"description removed":   {`[{"op":"remove","path":"/description"}]`, set(func(s *state) { s.Description = "" })},
		"removed, replaced":     {`[{"op":"remove","path":"/description"},{"op":"replace","path":"/description","value":"e"}]`, set(func(s *state) { s.Description = "e" })},
		"base null stays":       {`[{"op":"replace","path":"/basePermissions","value":null}]`, before},
		"statement first":       {`[{"op":"add","path":"/policy/0","value":` + acct + `}]`, set(func(s *state) { s.Policy = "[" + acct + "," + view + "," + deny + "]" })},
		"statement last":        {`[{"op":"add","path":"/policy/-","value":` + acct + `}]`, set(func(s *state) { s.Policy = "[" + view + "," + deny + "," + acct + "]" })},
		"statement removed":     {`[{"op":"remove","path":"/policy/0"}]`, set(func(s *state) { s.Policy = "[" + deny + "]" })},
		"list replaced":         {`[{"op":"replace","path":"/policy/0/actions","value":["*"]}]`, set(func(s *state) { s.Policy = strings.Replace(before.Policy, `["viewProject"]`, `["*"]`, 1) })},
		"element added":         {`[{"op":"add","path":"/policy/0/actions/-","value":"x"}]`, set(func(s *state) { s.Policy = strings.Replace(before.Policy, `["viewProject"]`, `["viewProject","x"]`, 1) })},
		"statement moved":       {`[{"op":"move","from":"/policy/1","path":"/policy/0"}]`, set(func(s *state) { s.Policy = "[" + deny + "," + view + "]" })},
		"copied":                {`[{"op":"copy","from":"/key","path":"/description"}]`, set(func(s *state) { s.Description = "ops" })},
		"test holds":            {`[{"op":"test","path":"/name","value":"Ops"},{"op":"replace","path":"/name","value":"N"}]`, set(func(s *state) { s.Name = "N" })},
		"test of policy":        {`[{"op":"test","path":"/policy","value":` + before.Policy + `},{"op":"replace","path":"/name","value":"N"}]`, set(func(s *state) { s.Name = "N" })},
		"test, members shuffle": {`[{"op":"test","path":"/policy/0","value":{"actions":["viewProject"],"effect":"allow","resources":["proj/*"]}}]`, before},
		"test of key":           {`[{"op":"test","path":"/key","value":"ops"}]`, before},
		"merge":                 {`{"comment":"c","merge":{"name":"N","description":null}}`, set(func(s *state) { s.Name, s.Description = "N", "" })},
		"merge policy":          {`{"merge":{"policy":[` + acct + `]}}`, set(func(s *state) { s.Policy = "[" + acct + "]" })},
		"merge policy null":     {`{"merge":{"policy":null}}`, set(func(s *state) { s.Policy = "[]" })},
		"merge nothing":         {`{"merge":{}}`, before},
		"markup":                {`{"merge":{"name":"<b>&\u2028"}}`, set(func(s *state) { s.Name = "<b>&\u2028" })},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := start(t, Options{})
			e.want(201, "POST", rolesPath, opsRole)
			r := e.want(200, "PATCH", rolesPath+"/ops", test.body).role(t)
			got := state{r.Name, *r.Description, r.BasePermissions, encoded(t, r.Policy)}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if now := e.want(200, "GET", rolesPath+"/ops", "").role(t); cmp.Diff(now, r) != "" {
				t.Errorf("answered %+v, holds %+v", r, now)
			}
		})
	}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestPatchRefusals(t *testing.T) {
	op := func(kind, path, value string) string {
		return fmt.Sprintf(`[{"op":%q,"path":%q,"value":%s}]`, kind, path, value)
	}
	tests := map[string]struct {
		body   string
		status int
	}{
		"empty":                {``, 400},
		"null":                 {`null`, 400},
		"text":                 {`"x"`, 400},
		"neither":              {`{"comment":"c"}`, 400},
		"both":                 {`{"patch":[],"merge":{}}`, 400},
		"patch null":           {`{"patch":null}`, 400},
		"merge null":           {`{"merge":null}`, 400},
		"merge list":           {`{"merge":[]}`, 400},
		"comment a number":     {`{"comment":1,"patch":[]}`, 400},
		"bare merge":           {`{"name":"N"}`, 400},
		"null operation":       {`[null]`, 400},
		"no operation":         {`[{}]`, 400},
		"unknown operation":    {`[{"op":"increment","path":"/name","value":1}]`, 400},
		"no path":              {`[{"op":"replace","value":"N"}]`, 400},
		"path null":            {`[{"op":"replace","path":null,"value":"N"}]`, 400},
		"path a number":        {`[{"op":"replace","path":1,"value":"N"}]`, 400},
		"no slash":             {`[{"op":"replace","path":"name","value":"N"}]`, 400},
		"no value":             {`[{"op":"replace","path":"/name"}]`, 400},
		"test without value":   {`[{"op":"test","path":"/name"}]`, 400},
		"copy without from":    {`[{"op":"copy","path":"/name"}]`, 400},
		"whole document":       {op("replace", "", `{}`), 400},
		"slash only":           {op("replace", "/", `{}`), 400},
		"id":                   {op("replace", "/_id", `"x"`), 400},
		"id removed":           {`[{"op":"remove","path":"/_id"}]`, 400},
		"links":                {op("add", "/_links/x", `{}`), 400},
		"key":                  {op("replace", "/key", `"x"`), 400},
		"category":             {op("add", "/resourceCategory", `"any"`), 400},
		"assigned":             {op("replace", "/assignedTo/membersCount", `0`), 400},
		"unknown field":        {op("add", "/colour", `"red"`), 400},
		"field in other case":  {op("replace", "/Name", `"N"`), 400},
		"escaped":              {op("replace", "/~0name", `"N"`), 400},
		"move out of key":      {`[{"op":"move","from":"/key","path":"/name"}]`, 400},
		"merge key":            {`{"merge":{"key":"x"}}`, 400},
		"merge id":             {`{"merge":{"_id":"x"}}`, 400},
		"merge unknown":        {`{"merge":{"colour":"red"}}`, 400},
		"name empty":           {op("replace", "/name", `""`), 400},
		"name null":            {op("replace", "/name", `null`), 400},
		"name a number":        {op("replace", "/name", `1`), 400},
		"name removed":         {`[{"op":"remove","path":"/name"}]`, 400},
		"base":                 {op("replace", "/basePermissions", `"writer"`), 400},
		"policy text":          {op("replace", "/policy", `"x"`), 400},
		"policy of nulls":      {op("replace", "/policy", `[null]`), 400},
		"specifier":            {op("replace", "/policy/0/resources", `["proj/x:*"]`), 400},
		"list emptied":         {op("replace", "/policy/0/resources", `[]`), 400},
		"merge specifier":      {`{"merge":{"policy":[{"effect":"allow","actions":["*"],"resources":["*"]}]}}`, 400},
		"missing element":      {`[{"op":"remove","path":"/policy/7"}]`, 422},
		"missing member":       {`[{"op":"remove","path":"/policy/0/notActions"}]`, 422},
		"negative index":       {`[{"op":"remove","path":"/policy/-1"}]`, 422},
		"replace of missing":   {op("replace", "/policy/9", `{}`), 422},
		"into text":            {op("add", "/name/0", `"x"`), 422},
		"test fails":           {`[{"op":"replace","path":"/name","value":"N"},{"op":"test","path":"/name","value":"Ops"}]`, 422},
		"test without slash":   {op("test", "name", `"Ops"`), 422},
		"test of missing":      {op("test", "/nothing", `"x"`), 422},
		"test of policy order": {op("test", "/policy", `[]`), 422},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := start(t, Options{})
			before := e.want(201, "POST", rolesPath, opsRole).body
			a := e.want(test.status, "PATCH", rolesPath+"/ops", test.body)
			if want := codes[test.status]; a.code(t) != want {
				t.Errorf("answered %s, want %s", a.body, want)
			}
			if now := e.want(200, "GET", rolesPath+"/ops", "").body; now != before || e.Writes() != 1 {
				t.Errorf("a refused patch changed the role to %s", now)
			}
		})
	}
}

func TestPatchDoublingItselfIsRefused(t *testing.T) {
	e := start(t, Options{})
	e.want(201, "POST", rolesPath, opsRole)
	doubling := strings.TrimSuffix(strings.Repeat(`{"op":"copy","from":"/policy","path":"/policy/-"},`, 60), ",")
	e.want(422, "PATCH", rolesPath+"/ops", "["+doubling+"]")
}

func TestTestSwitches(t *testing.T) {
	const holds, fails = `[{"op":"test","path":"/name","value":"Ops"},{"op":"replace","path":"/name","value":"N"}]`,
		`[{"op":"test","path":"/name","value":"X"},{"op":"replace","path":"/name","value":"N"}]`
	tests := []struct {
		settings     []string
		holds, fails int
	}{
		{nil, 200, 422},
		{[]string{"testFailed=409"}, 200, 409},
		{[]string{"testOp=ignored"}, 200, 200},
		{[]string{"testOp=refused409"}, 409, 409},
		{[]string{"testOp=refused422"}, 422, 422},
	}
	for _, test := range tests {
		for body, status := range map[string]int{holds: test.holds, fails: test.fails} {
			e := behaving(t, test.settings...)
			e.want(201, "POST", rolesPath, opsRole)
			a := e.want(status, "PATCH", rolesPath+"/ops", body)
			if status != 200 && a.code(t) != codes[status] {
				t.Errorf("%q: %s", test.settings, a.body)
			}
			e.want(200, "PATCH", rolesPath+"/ops", `[{"op":"replace","path":"/name","value":"N"}]`)
		}
	}
}

// FuzzPatch: no body breaks the emulator, and what it accepts can be read back and sent again.
func FuzzPatch(f *testing.F) {
	f.Add(`[{"op":"test","path":"/name","value":null},{"op":"add","path":"/policy/-","value":{}}]`)
	f.Add(`{"comment":"c","patch":[{"op":"move","from":"/policy/0","path":"/policy/1"},{"op":"copy","from":"/_id","path":"/name"}]}`)
	f.Add(`{"merge":{"policy":[{"effect":"allow","actions":["*"],"resources":["acct"]}],"description":null}}`)
	f.Add(`[{"op":"add","path":"/policy/0/resources/0","value":{"a":[1e400]}}]`)
	e, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body string) {
		defer fuzzing.Timed(t)()
		client := &fixture{e, t, Transport(e), "http://emulator", "token", "20240415"}
		_ = e.Remove("ops")
		client.want(201, "POST", rolesPath, opsRole)
		a := client.do("PATCH", rolesPath+"/ops", body)
		if a.status >= 500 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		if a.status != 200 {
			return
		}
		r := a.role(t)
		again := fmt.Sprintf(`{"merge":{"name":%s,"policy":%s}}`, encoded(t, r.Name), encoded(t, r.Policy))
		client.want(200, "PATCH", rolesPath+"/ops", again)
	})
}
