package launchdarkly

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rolewright/rolewright/reconcile/role"
)

// object reads the fields of one JSON object and remembers the first thing wrong.
type object struct {
	what string // for messages: `role "ops"`
	v    value
	err  error
}

func newObject(what string, v value) *object {
	o := &object{what: what, v: v}
	if !v.isObject() {
		o.fail("", "an object", v)
	}
	return o
}

func (o *object) fail(name, want string, got value) {
	if o.err != nil {
		return
	}
	place := o.what
	if name != "" {
		place = fmt.Sprintf("%s: %q", o.what, name)
	}
	o.err = fmt.Errorf("%s: found %s, want %s", place, got.kind(), want)
}

// get returns the field if it is there and not null.
func (o *object) get(name string) (value, bool) {
	v, ok := o.v.field(name)
	return v, ok && !v.null()
}

// require fails if the field is not there; null will do.
func (o *object) require(name string) {
	if _, ok := o.v.field(name); !ok && o.err == nil {
		o.err = fmt.Errorf("%s: %q is missing", o.what, name)
	}
}

// text returns a string; absent and null are "".
func (o *object) text(name string) string {
	v, ok := o.get(name)
	if !ok {
		return ""
	}
	s, ok := v.text()
	if !ok {
		o.fail(name, "a string", v)
	}
	return s
}

// mustText returns a string that has to be there and not be empty.
func (o *object) mustText(name string) string {
	s := o.text(name)
	if s == "" && o.err == nil {
		o.err = fmt.Errorf("%s: %q is missing", o.what, name)
	}
	return s
}

// count returns a number of things; absent and null are otherwise.
func (o *object) count(name string, otherwise int) int {
	v, ok := o.get(name)
	if !ok {
		return otherwise
	}
	i, err := strconv.ParseInt(string(v.raw), 10, 32)
	if err != nil || i < 0 {
		o.fail(name, "a whole number", v)
	}
	return int(i)
}

func (o *object) flag(name string) bool {
	v, ok := o.get(name)
	if !ok {
		return false
	}
	if v.kind() != "true or false" {
		o.fail(name, "true or false", v)
	}
	return v.first() == 't'
}

// list returns the elements of an array; absent and null are none.
func (o *object) list(name string) []part {
	v, ok := o.get(name)
	switch {
	case !ok:
		return nil
	case !v.isArray():
		o.fail(name, "an array", v)
		return nil
	}
	return v.parts
}

func (o *object) texts(name string) []string {
	v, ok := o.get(name)
	if !ok {
		return nil
	}
	return o.textsIn(name, v)
}

// textsIn returns the elements of the array v, which stands in a field of that name.
func (o *object) textsIn(name string, v value) []string {
	if !v.isArray() {
		o.fail(name, "an array", v)
		return nil
	}
	var texts []string
	for _, part := range v.parts {
		s, ok := part.text()
		if !ok {
			o.fail(name, "an array of strings", part.value)
		}
		texts = append(texts, s)
	}
	return texts
}

// object returns the object in a field, or one without fields.
func (o *object) object(name string) *object {
	v, ok := o.get(name)
	if !ok {
		return &object{what: o.what}
	}
	return o.adopt(newObject(o.what+": "+strconv.Quote(name), v))
}

// adopt takes over what is wrong with a part.
func (o *object) adopt(part *object) *object {
	o.err = cmp.Or(o.err, part.err)
	return part
}

// roleFields are the fields without a leading underscore that a role is known to have.
var roleFields = []string{"key", "name", "description", "policy", "basePermissions", "resourceCategory", "assignedTo"}

// statementFields are those of a statement.
var statementFields = []string{"effect", "actions", "notActions", "resources", "notResources"}

// readRole reads one role of an answer. It keeps no reference to the answer's bytes.
func readRole(v value) (role.Live, error) {
	o := newObject("role", v)
	l := role.Live{ID: o.mustText("_id")}
	l.Key = o.mustText("key")
	o.what = "role " + quote(l.Key)
	o.require("name")
	o.require("policy")
	l.Name = o.text("name")
	l.Description = o.text("description")
	l.BasePermissions = orElse(o.text("basePermissions"), DefaultBasePermissions)
	l.ResourceCategory = o.text("resourceCategory")
	l.PresetVersion = o.count("_presetBundleVersion", 0)
	l.Extra = o.unknown("", roleFields, nil)
	l.Policy, l.Extra = o.statements("policy", l.Extra)
	l.PresetStatements, l.Extra = o.statements("_presetStatements", l.Extra)
	if len(l.PresetStatements) == 0 {
		l.PresetStatements = nil
	}
	holders := o.object("assignedTo")
	l.Assigned = role.Assigned{Members: holders.count("membersCount", 0), Teams: holders.count("teamsCount", 0)}
	o.adopt(holders)
	return l, o.err
}

// statements reads a policy. What a statement holds beyond what we know goes into extra, by its
// place, so that it takes part in the digest and is not thrown away unseen.
func (o *object) statements(name string, extra map[string]json.RawMessage) ([]role.Statement, map[string]json.RawMessage) {
	list := []role.Statement{}
	for i, v := range o.list(name) {
		place := name + "[" + strconv.Itoa(i) + "]"
		s := newObject(o.what+": "+place, v.value)
		s.require("effect")
		list = append(list, role.Statement{
			Effect:  role.Effect(s.text("effect")),
			Actions: s.texts("actions"), NotActions: s.texts("notActions"),
			Resources: s.texts("resources"), NotResources: s.texts("notResources"),
		})
		extra = s.unknown(place+".", statementFields, extra)
		o.adopt(s)
	}
	return list, extra
}

// unknown adds the fields to extra that are neither known nor the server's own ("_links").
func (o *object) unknown(prefix string, known []string, extra map[string]json.RawMessage) map[string]json.RawMessage {
	for _, v := range o.v.parts {
		name := string(v.name)
		if strings.HasPrefix(name, "_") || slices.Contains(known, name) {
			continue
		}
		if extra == nil {
			extra = map[string]json.RawMessage{}
		}
		extra[prefix+name] = v.canonical()
	}
	return extra
}

// hasUnknownStatementFields reports whether a policy says more than we can write back.
func hasUnknownStatementFields(l role.Live) bool {
	for name := range l.Extra {
		if strings.HasPrefix(name, "policy[") {
			return true
		}
	}
	return false
}

// opTest is the operation that holds the others to a value.
const opTest = "test"

// operation is one step of a JSON Patch (RFC 6902).
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// patchBody is the body of an update: the comment for the audit log, and the patch.
type patchBody struct {
	Comment string      `json:"comment,omitempty"`
	Patch   []operation `json:"patch"`
}

// leftOut is what it stands for that an account leaves a field out of its answers.
var leftOut = map[string]string{"description": "", "basePermissions": role.Reader}

// patch returns what turns before into after: first a test of each value that is about to be
// replaced, as the account sent it, then the replacements. Whole fields only: repeated by
// accident, they do no harm. It is empty if nothing differs. Of a field that the account left out the
// value that this stands for is tested too, if supposing.
func patch(before role.Live, after role.Role, supposing bool) ([]operation, error) {
	sent, err := parse(before.Raw)
	if err != nil {
		return nil, fmt.Errorf("role %q was not read from the account before its update: %w", before.Key, err)
	}
	var tests, replacements []operation
	replace := func(field string, differs bool, wanted any) {
		if !differs {
			return
		}
		if v, ok := sent.field(field); ok {
			tests = append(tests, operation{opTest, "/" + field, json.RawMessage(v.raw)})
		} else if value, known := leftOut[field]; known && supposing {
			tests = append(tests, operation{opTest, "/" + field, value})
		}
		replacements = append(replacements, operation{"replace", "/" + field, wanted})
	}
	replace("name", before.Name != after.Name, after.Name)
	replace("description", before.Description != after.Description, after.Description)
	replace("basePermissions", before.BasePermissions != after.BasePermissions, after.BasePermissions)
	replace("policy", !role.EqualPolicy(before.Policy, after.Policy), written(after.Policy))
	return append(tests, replacements...), nil
}

// written returns a policy as it is sent: in the order given, never null.
func written(policy []role.Statement) []role.Statement {
	if policy == nil {
		return []role.Statement{}
	}
	return policy
}
