package schema

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v5"
	"gopkg.in/yaml.v3"
)

// valueOf reads YAML into the types that Validate takes.
func valueOf(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// line draws a violation as the tables below write it.
func line(v Violation) string {
	place := v.Pointer
	if v.OnKey {
		place += "^"
	}
	out := fmt.Sprintf("%s %s: %s", place, v.Keyword, v.Message)
	if v.Hint != "" {
		out += " | " + v.Hint
	}
	return out
}

func lines(violations []Violation) []string {
	out := []string{}
	for _, v := range violations {
		out = append(out, line(v))
	}
	return out
}

const goodRole = `
kind: Role
key: qa
name: QA
basePermissions: no_access
`

func TestValidateRole(t *testing.T) {
	policy := "policy: [{effect: allow, actions: [a], resources: [r]}]\n"
	tests := map[string]struct {
		text string
		want []string
	}{
		"good":           {goodRole + policy, []string{}},
		"empty policy":   {goodRole + "policy: []", []string{}},
		"all fields":     {goodRole + policy + "description: d\nresourceCategory: any\nstate: present\nprotected: true\npreviously: [old]", []string{}},
		"tombstone":      {"kind: Role\nkey: qa\nstate: absent", []string{}},
		"full tombstone": {goodRole + policy + "state: absent", []string{}},
		"tombstone without key": {"kind: Role\nstate: absent", []string{
			` required: "key" is missing | add "key"`,
		}},
		"nothing": {"kind: Role", []string{
			` required: "basePermissions" is missing | add "basePermissions"`,
			` required: "key" is missing | add "key"`,
			` required: "name" is missing | add "name"`,
			` required: "policy" is missing | add "policy"`,
		}},
		"not a mapping": {"[1]", []string{` type: the document is a list, want a mapping`}},
		"wrong kind":    {strings.Replace(goodRole, "Role", "role", 1) + policy, []string{`/kind enum: "kind" is "role", want "Role" | did you mean "Role"?`}},
		"misspelt field": {goodRole + "polcy: []", []string{
			`/polcy^ additionalProperties: unknown key "polcy" | did you mean "policy"?`,
		}},
		"wrong case of a field": {strings.Replace(goodRole, "key", "Key", 1) + policy, []string{
			`/Key^ additionalProperties: unknown key "Key" | did you mean "key"?`,
		}},
		"two unknown fields": {goodRole + policy + "aaaaaaaa: 1\n\"b/~\": 2", []string{
			`/aaaaaaaa^ additionalProperties: unknown key "aaaaaaaa" | known keys are "basePermissions", "description", "key", "kind", "name", "policy", "previously", "protected", "resourceCategory", "state"`,
			`/b~1~0^ additionalProperties: unknown key "b/~" | known keys are "basePermissions", "description", "key", "kind", "name", "policy", "previously", "protected", "resourceCategory", "state"`,
		}},
		"number as text": {strings.Replace(goodRole, "QA", "12", 1) + policy, []string{`/name type: "name" is a number, want text`}},
		"null":           {goodRole + "policy:", []string{`/policy type: "policy" is empty, want a list`}},
		"wrong enum": {strings.Replace(goodRole, "no_access", "admin", 1) + policy, []string{
			`/basePermissions enum: "basePermissions" is "admin", want "no_access" or "reader"`,
		}},
		"enum of another type": {strings.Replace(goodRole, "no_access", "[reader]", 1) + policy, []string{
			`/basePermissions type: "basePermissions" is a list, want text`,
		}},
		"three alternatives": {goodRole + policy + "resourceCategory: projects", []string{
			`/resourceCategory enum: "resourceCategory" is "projects", want "organization", "project" or "any" | did you mean "project"?`,
		}},
		"long name":       {strings.Replace(goodRole, "QA", strings.Repeat("é", 257), 1) + policy, []string{`/name maxLength: "name" is 257 characters long, at most 256 are allowed`}},
		"empty name":      {strings.Replace(goodRole, "QA", `""`, 1) + policy, []string{`/name minLength: "name" is empty`}},
		"bad key":         {strings.Replace(goodRole, "qa", "../x", 1) + policy, []string{`/key pattern: "key": "../x" is not of the form ^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`}},
		"not a statement": {goodRole + "policy: [x]", []string{`/policy/0 type: an element of "policy" is text, want a mapping`}},
		"neither list": {goodRole + "policy: [{effect: allow, resources: [r]}]", []string{
			`/policy/0 required: one of "actions" and "notActions" is missing | write exactly one of them`,
		}},
		"both lists": {goodRole + "policy: [{effect: allow, actions: [a], notActions: [b], resources: [r]}]", []string{
			`/policy/0/notActions^ oneOf: "actions" and "notActions" exclude each other | keep one of them`,
		}},
		"both lists and neither": {goodRole + "policy: [{effect: allow, actions: [a], notActions: [b]}]", []string{
			`/policy/0 required: one of "resources" and "notResources" is missing | write exactly one of them`,
			`/policy/0/notActions^ oneOf: "actions" and "notActions" exclude each other | keep one of them`,
		}},
		"empty statement": {goodRole + "policy: [{}]", []string{
			`/policy/0 required: one of "actions" and "notActions" is missing | write exactly one of them`,
			`/policy/0 required: "effect" is missing | add "effect"`,
			`/policy/0 required: one of "resources" and "notResources" is missing | write exactly one of them`,
		}},
		"unknown key and neither": {goodRole + "policy: [{effect: allow, actions: [a], xxxxxx: [b]}]", []string{
			`/policy/0 required: one of "resources" and "notResources" is missing | write exactly one of them`,
			`/policy/0/xxxxxx^ additionalProperties: unknown key "xxxxxx" | known keys are "actions", "effect", "notActions", "notResources", "resources"`,
		}},
		"misspelt list": {goodRole + "policy: [{effect: allow, action: [a], resources: [r]}]", []string{
			`/policy/0/action^ additionalProperties: unknown key "action" | did you mean "actions"?`,
		}},
		"misspelt negated list": {goodRole + "policy: [{effect: allow, notAction: [a], resources: [r]}]", []string{
			`/policy/0/notAction^ additionalProperties: unknown key "notAction" | did you mean "notActions"?`,
		}},
		"three mistakes in one statement": {goodRole + "policy: [{effect: alow, actions: [], notResources: [1, '']}]", []string{
			`/policy/0/actions minItems: "actions" is empty`,
			`/policy/0/effect enum: "effect" is "alow", want "allow" or "deny" | did you mean "allow"?`,
			`/policy/0/notResources/0 type: an element of "notResources" is a number, want text`,
			`/policy/0/notResources/1 minLength: an element of "notResources" is empty`,
		}},
		"list wanted":    {goodRole + "policy: [{effect: allow, actions: {updateOn: true}, resources: r}]", []string{`/policy/0/actions type: "actions" is a mapping, want a list`, `/policy/0/resources type: "resources" is text, want a list`}},
		"boolean wanted": {goodRole + policy + "protected: 'yes'", []string{`/protected type: "protected" is text, want true or false`}},
		"many statements": {goodRole + "policy: [" + strings.Repeat("{effect: allow, actions: [a], resources: [r]},", 1001) + "]", []string{
			`/policy^ maxItems: "policy" has 1001 elements, at most 1000 are allowed`,
		}},
		"bad old key": {goodRole + policy + "previously: [ok, 'a b']", []string{`/previously/1 pattern: an element of "previously": "a b" is not of the form ^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := lines(Validate("role", valueOf(t, test.text)))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestValidateConfig(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string
	}{
		"smallest": {"version: 1", []string{}},
		"full": {`
version: 1
targets: {local: {emulator: .rolewright/local.db}, production: {host: app.launchdarkly.com}}
defaultTarget: local
manage:
  roles: {include: ["*"], ignore: ["legacy-*"], prune: false}
  teams: {include: [], ignore: []}
  members: {include: []}
guards: {maxDeletes: 3, maxDeletePercent: 20, protect: [], minAdmins: 2}
lint: {disable: [LD003]}
`, []string{}},
		"version": {"version: 2", []string{`/version enum: "version" is 2, want 1`}},
		"target of both sorts": {"version: 1\ntargets: {a: {host: h, emulator: e}}", []string{
			`/targets/a/host^ oneOf: "emulator" and "host" exclude each other | keep one of them`,
		}},
		"target of no sort": {"version: 1\ntargets: {a: {}}", []string{
			`/targets/a required: one of "emulator" and "host" is missing | write exactly one of them`,
		}},
		"target's name": {"version: 1\ntargets: {'a b': {host: h}}", []string{
			`/targets/a b^ pattern: "a b": "a b" is not of the form ^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`,
		}},
		"no targets": {"version: 1\ntargets: {}", []string{`/targets minProperties: "targets" is empty`}},
		"numbers": {"version: 1\nguards: {maxDeletes: -1, maxDeletePercent: 101, minAdmins: 1.5}", []string{
			`/guards/maxDeletePercent maximum: "maxDeletePercent" is 101, want 100 or less`,
			`/guards/maxDeletes minimum: "maxDeletes" is -1, want 0 or more`,
			`/guards/minAdmins type: "minAdmins" is a number, want a whole number`,
		}},
		"lint code": {"version: 1\nlint: {disable: [ld3]}", []string{`/lint/disable/0 pattern: an element of "disable": "ld3" is not of the form ^LD[0-9]{3}$`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := lines(Validate("config", valueOf(t, test.text)))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestValidatePlanNullable checks the only anyOf: "before" is null or a role, and a mistake in the
// role is reported where it is, once.
func TestValidatePlanNullable(t *testing.T) {
	var plan map[string]any
	source, _ := Source("plan")
	var text map[string]any
	if err := json.Unmarshal(source, &text); err != nil {
		t.Fatal(err)
	}
	change := lookup(text, "/definitions/change/examples/0").(map[string]any)
	plan = map[string]any{"changes": []any{change}}
	if got := under(Validate("plan", plan), "/changes"); len(got) != 0 {
		t.Errorf("the example of a change is refused: %q", got)
	}
	change["before"] = map[string]any{"key": 1.0}
	change["after"] = "x"
	got := under(Validate("plan", plan), "/changes")
	want := []string{
		`/changes/0/after type: "after" is text, want nothing or a mapping`,
		`/changes/0/before required: "_id" is missing | add "_id"`,
		`/changes/0/before required: "assignedTo" is missing | add "assignedTo"`,
		`/changes/0/before required: "basePermissions" is missing | add "basePermissions"`,
		`/changes/0/before required: "description" is missing | add "description"`,
		`/changes/0/before required: "name" is missing | add "name"`,
		`/changes/0/before required: "policy" is missing | add "policy"`,
		`/changes/0/before/key type: "key" is a number, want text`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func under(violations []Violation, prefix string) []string {
	out := []string{}
	for _, v := range violations {
		if strings.HasPrefix(v.Pointer, prefix) {
			out = append(out, line(v))
		}
	}
	return out
}

func TestMaxViolations(t *testing.T) {
	var list []any
	for range 20000 {
		list = append(list, 1.0)
	}
	got := Validate("role", map[string]any{"kind": "Role", "key": "k", "state": "absent", "policy": list[:900], "previously": list[:90]})
	if len(got) != MaxViolations {
		t.Errorf("%d violations, want %d", len(got), MaxViolations)
	}
}

// TestBoundary: what can be no document of ours is refused and never panics.
func TestBoundary(t *testing.T) {
	for name, value := range map[string]any{
		"NaN":               map[string]any{"version": math.NaN()},
		"infinity":          map[string]any{"version": math.Inf(1)},
		"another Go type":   map[string]any{"version": struct{}{}},
		"keys of any type":  map[string]any{"version": map[any]any{}},
		"a whole other one": make(chan int),
	} {
		if got := Validate("config", value); len(got) == 0 {
			t.Errorf("%s is accepted", name)
		}
	}
	if got := Validate("group", nil); len(got) != 1 || got[0].Keyword != "internal" {
		t.Errorf("an unknown schema gives %v", got)
	}
}

func compileSource(url string, source []byte) (*jsonschema.Schema, error) {
	c, err := compiler(url, source)
	if err != nil {
		return nil, err
	}
	return c.Compile(url)
}

// TestReferencesStayInside: a schema that refers to a file or a URL does not compile, and nothing
// is opened.
func TestReferencesStayInside(t *testing.T) {
	for _, ref := range []string{"file:///etc/passwd", "https://example.com/x.json", "other.json"} {
		source := `{"$ref": ` + strconv.Quote(ref) + `}`
		_, err := compileSource("https://example.org/a.json", []byte(source))
		if err == nil || !strings.Contains(err.Error(), "leaves the embedded schemas") {
			t.Errorf("%s: %v", ref, err)
		}
	}
	if _, err := compileSource("https://example.org/a.json", []byte("{")); err == nil {
		t.Error("a broken schema compiles")
	}
}

func TestSource(t *testing.T) {
	for _, name := range Names() {
		text, err := Source(name)
		if err != nil || !json.Valid(text) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Source("../schema.go"); err == nil {
		t.Error("a path is taken for a name")
	}
}

// TestChecked: at run time nothing checks the embedded schemas themselves, so this
// does: each is of draft-07 and is found at its address. What is no schema is refused still.
func TestChecked(t *testing.T) {
	for _, name := range Names() {
		Validate(name, nil) // compiles it, unchecked
		source, _ := Source(name)
		var text map[string]any
		if err := json.Unmarshal(source, &text); err != nil {
			t.Fatal(err)
		}
		if text["$schema"] != "http://json-schema.org/draft-07/schema#" || text["$id"] != home+File(name) {
			t.Errorf("%s is of %v and at %v", name, text["$schema"], text["$id"])
		}
		if _, err := compileSource(home+File(name), source); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		text["properties"].(map[string]any)["none"] = map[string]any{"type": "text"}
		broken, _ := json.Marshal(text)
		if _, err := compileSource(home+File(name), broken); err == nil {
			t.Errorf("%s: a type that there is not compiles", name)
		}
	}
}

// TestDescribed: an editor's hover teaches, so every property has a description and examples;
// and every object is closed. The examples satisfy the schema of their property.
func TestDescribed(t *testing.T) {
	for _, name := range Names() {
		source, _ := Source(name)
		var text map[string]any
		if err := json.Unmarshal(source, &text); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(source), "$defs") {
			t.Errorf("%s: draft-07 calls them definitions", name)
		}
		walkSchema(t, name, text, text)
	}
}

func walkSchema(t *testing.T, where string, root, node map[string]any) {
	if node["type"] == "object" {
		if _, ok := node["additionalProperties"]; !ok {
			t.Errorf("%s: the object is open", where)
		}
	}
	for _, group := range []string{"properties", "definitions"} {
		children, _ := node[group].(map[string]any)
		for _, key := range sortedKeys(children) {
			child := children[key].(map[string]any)
			place := where + "/" + group + "/" + key
			if strings.Contains(where, "/if") {
				continue
			}
			checkDescribed(t, place, root, child)
			walkSchema(t, place, root, child)
		}
	}
	inFiles := strings.HasPrefix(where, "role/") // people write those by hand
	if items, ok := node["items"].(map[string]any); ok {
		if items["properties"] != nil || inFiles && items["anyOf"] == nil {
			checkDescribed(t, where+"/items", root, items)
		}
		walkSchema(t, where+"/items", root, items)
	}
	if more, ok := node["additionalProperties"].(map[string]any); ok && more["$ref"] == nil {
		checkDescribed(t, where+"/additionalProperties", root, more)
	}
	branches, _ := node["anyOf"].([]any)
	for i, branch := range branches {
		place := fmt.Sprintf("%s/anyOf/%d", where, i)
		if inFiles {
			checkDescribed(t, place, root, branch.(map[string]any))
		}
		walkSchema(t, place, root, branch.(map[string]any))
	}
}

func checkDescribed(t *testing.T, where string, root, node map[string]any) {
	if d, _ := node["description"].(string); d == "" {
		t.Errorf("%s has no description", where)
	}
	examples, _ := node["examples"].([]any)
	if len(examples) == 0 {
		t.Errorf("%s has no examples", where)
	}
	wrapped := map[string]any{"$schema": root["$schema"], "allOf": []any{node}}
	if d, ok := root["definitions"]; ok {
		wrapped["definitions"] = d
	}
	source, err := json.Marshal(wrapped)
	if err != nil {
		t.Fatal(err)
	}
	s, err := compileSource("https://example.org/part.json", source)
	if err != nil {
		t.Fatalf("%s: %v", where, err)
	}
	for _, example := range examples {
		if err := s.Validate(example); err != nil {
			t.Errorf("%s: example %v: %v", where, example, err)
		}
	}
}

func ExampleValidate() {
	role := map[string]any{"kind": "Role", "key": "qa", "name": "QA", "basePermissions": "no_acess", "polcy": []any{}}
	for _, v := range Validate("role", role) {
		fmt.Println(v.Pointer+":", v.Message+";", v.Hint)
	}
	// Output:
	// /basePermissions: "basePermissions" is "no_acess", want "no_access" or "reader"; did you mean "no_access"?
	// /polcy: unknown key "polcy"; did you mean "policy"?
}

func BenchmarkValidateRole(b *testing.B) {
	var statements []any
	for range 5 {
		statements = append(statements, map[string]any{"effect": "allow", "actions": []any{"updateOn", "updateTargets"}, "resources": []any{"proj/*:env/*:flag/*"}})
	}
	value := map[string]any{"kind": "Role", "key": "k", "name": "n", "basePermissions": "no_access", "policy": statements}
	b.ReportAllocs()
	for b.Loop() {
		if v := Validate("role", value); v != nil {
			b.Fatal(v)
		}
	}
}
