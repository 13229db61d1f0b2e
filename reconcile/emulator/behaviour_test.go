package emulator

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSwitches(t *testing.T) {
	var b strings.Builder
	for _, s := range Switches() {
		fmt.Fprintf(&b, "%s=%s\n    %s\n", s.Name, s.Default, s.Doc)
	}
	golden(t, "switches.txt", b.String())
}

// TestEveryFieldIsASwitch: nothing in Behaviour goes without a name and a line in the log.
func TestEveryFieldIsASwitch(t *testing.T) {
	names := []string{}
	for _, s := range Switches() {
		names = append(names, s.Name)
	}
	fields := reflect.VisibleFields(reflect.TypeFor[Behaviour]())
	for _, f := range fields {
		if name := strings.ToLower(f.Name[:1]) + f.Name[1:]; !slices.Contains(names, name) {
			t.Errorf("field %s has no switch %s", f.Name, name)
		}
	}
	if len(fields) != len(names) {
		t.Errorf("%d fields, %d switches", len(fields), len(names))
	}
}

func TestParseBehaviourRefuses(t *testing.T) {
	for _, text := range []string{"", "testOp", "testop=ignored", "testOp=", "testOp=maybe", "uniqueNames=perhaps", "readLag=5", "maxLimit=x", "readLag=-1s", "maxRoles=-1", "help=x"} {
		if b, err := ParseBehaviour([]string{text}); err == nil || !strings.Contains(err.Error(), "behaviour ") {
			t.Errorf("%q: %+v %v", text, b, err)
		}
	}
}

// TestBehaviourRoundTrip: what Describe says sets the same switches again.
func TestBehaviourRoundTrip(t *testing.T) {
	settings := []string{
		"testOp=ignored", "testFailed=409", "uniqueNames=true", "readLag=1m30s", "assignLag=2s", "maxLimit=7", "maxRoles=0",
		"bearer=accept", "defaultVersion=20160426", "omitDescription=false", "unknownType=refuse",
	}
	rapid.Check(t, func(t *rapid.T) {
		chosen := rapid.SliceOf(rapid.SampledFrom(settings)).Draw(t, "settings")
		b, err := ParseBehaviour(chosen)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range chosen {
			if !slices.Contains(b.Describe(), s) {
				t.Fatalf("%s is not in %q", s, b.Describe())
			}
		}
		if again, err := ParseBehaviour(b.Describe()); err != nil || again != b {
			t.Fatalf("%+v %v, want %+v", again, err, b)
		}
	})
}

func TestZeroBehaviourIsTheDefault(t *testing.T) {
	b, err := ParseBehaviour(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := (Behaviour{}).Describe(), b.Describe(); !slices.Equal(got, want) {
		t.Errorf("zero %q, default %q", got, want)
	}
}

func role1(key, name, statements string) string {
	return fmt.Sprintf(`{"key":%q,"name":%q,"policy":[%s]}`, key, name, statements)
}

func allow(resource, action string) string {
	return fmt.Sprintf(`{"effect":"allow","actions":[%q],"resources":[%q]}`, action, resource)
}

// TestCreateSwitches: each switch of create, off and on, against a body that it decides on.
func TestCreateSwitches(t *testing.T) {
	tests := []struct {
		setting string
		body    string
		off, on int
	}{
		{"uniqueNames=true", role1("b", "taken", ""), 201, 409},
		{"reuseKey=refuse", role1("deleted", "n", ""), 201, 409},
		{"allowBareStar=true", role1("b", "n", allow("*", "*")), 400, 201},
		{"lenientTypos=true", role1("b", "n", allow("proj/*:env/*;qa_*:/flag/*", "*")), 400, 201},
		{"unknownProperty=accept", role1("b", "n", allow("proj/*:env/*;{shared:true}", "*")), 400, 201},
		{"unknownType=refuse", role1("b", "n", allow("proj/*:spaceship/*", "*")), 201, 400},
		{"rejectUnknownAction=true", role1("b", "n", allow("proj/*", "paintFlag")), 201, 400},
		{"rejectUnknownAction=true", role1("b", "n", allow("proj/*", "view*")), 201, 201},
		{"checkCategory=true", `{"key":"b","name":"n","resourceCategory":"organization","policy":[` + allow("proj/*;a", "*") + `]}`, 201, 400},
		{"checkCategory=true", `{"key":"b","name":"n","resourceCategory":"project","policy":[` + allow("proj/*:env/*", "*") + `]}`, 201, 201},
		{"checkCategory=true", `{"key":"b","name":"n","resourceCategory":"project","policy":[` + allow("acct", "*") + `]}`, 201, 400},
		{"checkCategory=true", `{"key":"b","name":"n","resourceCategory":"any","policy":[` + allow("acct", "*") + `]}`, 201, 201},
		{"emptyPolicy=refuse", `{"key":"b","name":"n","policy":null}`, 201, 400},
		{"maxKeyLength=3", role1("long", "n", ""), 201, 400},
		{"maxStatements=1", role1("b", "n", allow("acct", "*")+","+allow("proj/*", "*")), 201, 400},
		{"maxRoles=1", role1("b", "n", ""), 201, 400},
	}
	for _, test := range tests {
		for status, settings := range map[string][]string{fmt.Sprint("off ", test.off): nil, fmt.Sprint("on ", test.on): {test.setting}} {
			t.Run(test.setting+" "+status, func(t *testing.T) {
				b, err := ParseBehaviour(settings)
				if err != nil {
					t.Fatal(err)
				}
				e := start(t, Options{Seed: []Role{{Key: "a", Name: "taken"}, {Key: "deleted", Name: "x"}}, Behaviour: b})
				e.want(204, "DELETE", rolesPath+"/deleted", "")
				want := map[bool]int{false: test.off, true: test.on}[settings != nil]
				if a := e.want(want, "POST", rolesPath, test.body); want != 201 && a.code(t) != codes[want] {
					t.Errorf("answered %s", a.body)
				}
			})
		}
	}
}

func TestUniqueNamesOnPatch(t *testing.T) {
	e := start(t, Options{Behaviour: Behaviour{UniqueNames: true}})
	e.post("a")
	e.post("b")
	e.want(409, "PATCH", rolesPath+"/a", `[{"op":"replace","path":"/name","value":"b"}]`)
	e.want(200, "PATCH", rolesPath+"/a", `[{"op":"replace","path":"/name","value":"a"}]`)
}

func TestDuplicateKeyBody(t *testing.T) {
	for _, code := range []string{"optimistic_locking_error", "invalid_request"} {
		e := behaving(t, "duplicateKeyBody="+code)
		e.post("a")
		if a := e.want(409, "POST", rolesPath, role1("a", "other", "")); a.code(t) != code {
			t.Errorf("answered %s, want %s", a.body, code)
		}
	}
}

func TestOmittedFields(t *testing.T) {
	e := behaving(t, "omitBasePermissions=true", "omitDescription=true")
	e.want(201, "POST", rolesPath, `{"key":"r","name":"n","policy":[],"basePermissions":"reader"}`)
	e.want(201, "POST", rolesPath, `{"key":"n","name":"n","policy":[],"basePermissions":"no_access","description":"d"}`)
	for key, want := range map[string]bool{"r": false, "n": true} {
		body := e.want(200, "GET", rolesPath+"/"+key, "").body
		if strings.Contains(body, "basePermissions") != want || strings.Contains(body, "description") != want {
			t.Errorf("%s: %s", key, body)
		}
	}
	e.want(200, "PATCH", rolesPath+"/r", `{"merge":{"name":"renamed"}}`)
	e.want(200, "PATCH", rolesPath+"/r", `[{"op":"replace","path":"/description","value":"now"}]`)
	if r := e.Roles()[0]; r.BasePermissions != "reader" || r.Name != "renamed" || r.Description != "now" {
		t.Errorf("a patch of other fields left %+v", r)
	}
}

func TestNormalise(t *testing.T) {
	e := behaving(t, "normalise=true")
	const sent = `{"effect":"deny","actions":["b","a","b"],"resources":["acct"]},{"effect":"allow","notActions":["z"],"notResources":["proj/b","proj/a"]}`
	const want = `"policy":[{"effect":"allow","notResources":["proj/a","proj/b"],"notActions":["z"]},{"effect":"deny","resources":["acct"],"actions":["a","b"]}]`
	if a := e.want(201, "POST", rolesPath, role1("k", "n", sent+","+sent)); !strings.Contains(a.body, want) {
		t.Errorf("answered %s", a.body)
	}
}
