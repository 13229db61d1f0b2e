package manifest

import (
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
	"github.com/rolewright/rolewright/schema"
)

// The third layer: the JSON Schema. It speaks in pointers; here they become places in the file.

// kinds are the kinds of document that a file may hold.
var kinds = []string{"Role", "Team", "Member", "AccessTest"}

// kind returns the kind of a document that this version reads; otherwise it says what is wrong
// and returns "".
func (d *document) kind() string {
	top := resolve(d.root)
	at := d.text.posOf(d.root)
	if top.Kind != yaml.MappingNode {
		d.out.errorAt(at, 1, "schema/type", "the document is not a mapping", "begin it with \"kind: Role\"")
		return ""
	}
	key, value := pair(top, "kind")
	if key == nil {
		d.missingKind(top, at)
		return ""
	}
	value = resolve(value)
	switch {
	case value.Kind != yaml.ScalarNode:
		d.out.errorAt(d.text.posOf(value), 1, "schema/type", "\"kind\" is not text", "write \"kind: Role\"")
	case !slices.Contains(kinds, value.Value):
		hint := "the kinds are " + strings.Join(kinds, ", ")
		if near := diag.Nearest(value.Value, kinds); near != "" {
			hint = "did you mean " + strconv.Quote(near) + "?"
		}
		d.wrongKind(value, "kind/unknown", "unknown kind "+strconv.Quote(value.Value), hint)
	default:
		return value.Value
	}
	return ""
}

func (d *document) wrongKind(value *yaml.Node, code, message, hint string) {
	d.out.errorAt(d.text.posOf(value), d.text.span(value), code, message, hint)
}

// missingKind reports a mapping without kind, unless a finding has taken its keys away.
func (d *document) missingKind(top *yaml.Node, at role.Pos) {
	if d.broken[top] {
		return
	}
	hint := "begin it with \"kind: Role\"; a file that is none of ours belongs outside the workspace or in a hidden folder"
	for i := 0; i+1 < len(top.Content); i += 2 {
		if key := top.Content[i]; diag.Nearest(key.Value, []string{"kind"}) != "" {
			at, hint = d.text.posOf(key), "did you mean \"kind\" by "+strconv.Quote(key.Value)+"?"
		}
	}
	d.out.errorAt(at, 1, "kind/missing", "the document does not say its kind", hint)
}

// judgeSchema runs the third layer.
func (d *document) judgeSchema(name string) {
	for _, v := range schema.Validate(name, d.value) {
		d.violation(name, v)
	}
	d.out.seal()
}

// codes maps the schema's keywords to finding codes.
var codes = map[string]string{
	"type": "schema/type", "enum": "schema/enum", "required": "schema/required", "oneOf": "schema/exclusive",
	"additionalProperties": "schema/unknown-key", "pattern": "schema/pattern",
	"minItems": "schema/empty", "minProperties": "schema/empty", "minLength": "schema/empty",
	"maxItems": "schema/size", "maxProperties": "schema/size", "maxLength": "schema/size",
	"minimum": "schema/range", "maximum": "schema/range", "internal": "schema/internal",
}

func (d *document) violation(name string, v schema.Violation) {
	if judgedByMeaning(v) {
		return
	}
	p := d.locate(v.Pointer)
	if v.Keyword == "required" && p.value != nil && d.broken[resolve(p.value)] {
		return
	}
	code, message, hint := codes[v.Keyword], v.Message, v.Hint
	switch {
	case v.Keyword == "additionalProperties" && serverOwned(v.Property):
		code, message, hint = readOnly(name), strconv.Quote(v.Property)+" belongs to LaunchDarkly and cannot be set", "remove it"
	case v.Keyword == "additionalProperties" && name == "team" && v.Property == "members":
		message, hint = "who is in a team is not decided in files", "remove \"members\"; put people into teams in LaunchDarkly or in the identity provider"
	case v.Keyword == "enum" && name == "member" && v.Got == "owner":
		code, message, hint = "member/owner", "\"owner\" cannot be given in a file: an account has one owner, who hands the account over in LaunchDarkly",
			"leave \"role\" out to leave the owner as it is"
	case v.Keyword == "type" && hint == "":
		hint = d.typeHint(p, v)
	}
	at, length := d.place(p, v)
	d.out.errorAt(at, length, code, message, hint)
}

// judgedByMeaning reports whether the last layer says the same in better words: the schema has
// the form of keys, addresses and dates only for editors.
func judgedByMeaning(v schema.Violation) bool {
	if v.Keyword != "pattern" && v.Keyword != "minLength" && v.Keyword != "maxLength" {
		return false
	}
	if v.Pointer == "/key" || v.Pointer == "/email" || strings.HasPrefix(v.Pointer, "/lint/allow/") && strings.HasSuffix(v.Pointer, "/until") {
		return true
	}
	return slices.ContainsFunc([]string{"/previously/", "/customRoles/", "/roleAttributes", "/as/", "/within", "/equals", "/except/"}, func(list string) bool {
		return strings.HasPrefix(v.Pointer, list)
	})
}

// readOnly returns the code for a field that LaunchDarkly adds.
func readOnly(name string) string {
	if name == "config" {
		name = "role"
	}
	return name + "/read-only"
}

// serverOwned reports whether a key is one of the fields that LaunchDarkly adds to what it holds.
func serverOwned(key string) bool { return strings.HasPrefix(key, "_") || key == "assignedTo" }

// typeHint says how to make text of a value that YAML takes for something else.
func (d *document) typeHint(p located, v schema.Violation) string {
	n := p.value
	if n == nil || !strings.Contains(v.Message, ", want text") {
		return ""
	}
	switch {
	case isEmpty(n):
		return "write a value"
	case n.Kind == yaml.ScalarNode:
		return "quote it: " + strconv.Quote(n.Value)
	}
	return ""
}

// located is what a pointer leads to.
type located struct {
	key    *yaml.Node // of the value, if it is in a mapping
	value  *yaml.Node // as written: may be an alias
	parent *yaml.Node
}

// locate follows a pointer through the nodes; where it leads nowhere it stops at the last node.
func (d *document) locate(pointer string) located {
	p := located{value: d.root}
	for _, token := range schema.Tokens(pointer) {
		parent := resolve(p.value)
		next := located{parent: parent}
		switch parent.Kind {
		case yaml.MappingNode:
			next.key, next.value = pair(parent, token)
		case yaml.SequenceNode:
			if i, err := strconv.Atoi(token); err == nil && i < len(parent.Content) {
				next.value = parent.Content[i]
			}
		}
		if next.value == nil {
			return p
		}
		p = next
	}
	return p
}

// place returns where a violation is shown, and how many runes of it are meant.
func (d *document) place(p located, v schema.Violation) (role.Pos, int) {
	whole := v.Keyword == "required" // the value lacks something: no part of it is wrong
	switch {
	case p.key != nil && (v.OnKey || isEmpty(p.value) || whole):
		return d.text.posOf(p.key), d.text.span(p.key)
	case whole && p.parent != nil:
		return d.text.elementPos(p.parent, p.value), 1
	}
	return d.text.posOf(p.value), d.text.span(p.value)
}

// elementPos returns where an element of a list begins: at its dash in a block list.
func (t *text) elementPos(list, element *yaml.Node) role.Pos {
	dash := role.Pos{Line: element.Line, Column: list.Column}
	if list.Style&yaml.FlowStyle == 0 && t.at(dash, '-') {
		return dash
	}
	return t.posOf(element)
}

// resolve returns the node that an alias stands for, or the node itself.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// pair returns the first key of that name in a mapping, and its value; nil if there is none.
func pair(mapping *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if k := mapping.Content[i]; k.Kind == yaml.ScalarNode && k.Value == name {
			return k, mapping.Content[i+1]
		}
	}
	return nil, nil
}
