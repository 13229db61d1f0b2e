package manifest

import (
	"strconv"

	"gopkg.in/yaml.v3"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Documents of kind AccessTest: what somebody must or must not be able to do. Which roles, teams and
// actions there are, and whether a box has anything in it, is the business of package check.

// testDoc is an access test with what the checks across files need to point at it.
type testDoc struct {
	role.AccessTest
	text     *text
	nameSpan int
}

// accessTest reads a document of kind AccessTest. Like role it takes what is there.
func (d *document) accessTest() testDoc {
	t := testDoc{AccessTest: role.AccessTest{AtLeast: 1}, text: d.text}
	t.Source.File = d.text.name
	t.Source.Pos = d.text.posOf(d.root)
	r := testReader{d, meaning{out: d.out, text: d.text}}
	top := resolve(d.root)
	for i := 0; i+1 < len(top.Content); i += 2 {
		r.field(&t, top.Content[i].Value, resolve(top.Content[i+1]))
	}
	r.belongs(top)
	return t
}

// testReader reads the parts of one access test.
type testReader struct {
	*document
	m meaning
}

// field reads one field of an access test.
func (r testReader) field(t *testDoc, name string, value *yaml.Node) {
	if list := boxesOf(&t.AccessTest, name); list != nil {
		*list = r.boxes(value)
		return
	}
	switch name {
	case "name":
		t.Name, t.Source.Name, t.nameSpan = scalarText(value), r.text.posOf(value), r.text.span(value)
		r.m.name(value)
	case "because":
		t.Because = scalarText(value)
		r.m.normalised(value)
	case "as":
		t.As = r.subject(value)
	case "within":
		t.Within = r.key(value)
	case "equals":
		t.Equals = r.key(value)
	case "atLeast":
		n, err := strconv.Atoi(scalarText(value))
		if err == nil {
			t.AtLeast = n
		}
		t.AtLeastPos = r.text.posOf(value)
	case "except":
		t.Except = r.except(value)
	case "changes":
		t.Changes = r.gates(value)
	}
}

// boxesOf returns the list of boxes that a field holds; nil for a field of another sort.
func boxesOf(t *role.AccessTest, name string) *[]role.TestText {
	switch name {
	case "can":
		return &t.Can
	case "canSome":
		return &t.CanSome
	case "cannot":
		return &t.Cannot
	case "nobody":
		return &t.Nobody
	case "somebody":
		return &t.Somebody
	case "noOneBoth":
		return &t.NoOneBoth
	case "noEscalation":
		return &t.NoEscalation
	case "resources":
		return &t.Resources
	}
	return nil
}

// boxes reads one box or a list of them.
func (r testReader) boxes(n *yaml.Node) []role.TestText {
	if n.Kind == yaml.ScalarNode {
		n = &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{n}}
	}
	return r.texts(n, "box", func(n *yaml.Node) { r.printable(n) })
}

// texts reads a list of texts, each of which is checked, and warns of repetition.
func (r testReader) texts(list *yaml.Node, what string, check func(*yaml.Node)) (texts []role.TestText) {
	if list.Kind != yaml.SequenceNode {
		return nil
	}
	for i, n := range list.Content {
		if n = resolve(n); scalarText(n) == "" || !isText(n) {
			continue
		}
		check(n)
		if first := sameBefore(list.Content, i); first != nil {
			f := r.m.out.add(diag.Warning, r.text.posOf(n), r.text.span(n), "test/duplicate", "the "+what+" "+strconv.Quote(n.Value)+" is listed twice", "remove one")
			r.m.out.relate(f, r.text.posOf(first), "it is listed here already")
		}
		texts = append(texts, role.TestText{Text: n.Value, Pos: r.text.posOf(n)})
	}
	return texts
}

// box reads a text as boxes consist of.
func (r testReader) box(n *yaml.Node) *role.TestText {
	if scalarText(n) == "" || !isText(n) {
		return nil
	}
	r.printable(n)
	return &role.TestText{Text: n.Value, Pos: r.text.posOf(n)}
}

// printable refuses what no action and no specifier has. Blanks may stand between them.
func (r testReader) printable(n *yaml.Node) {
	r.m.ascii(n, func(c rune) bool { return graph(c) || c == ' ' || c == '\n' })
}

// key reads the key of a role.
func (r testReader) key(n *yaml.Node) *role.TestText {
	if scalarText(n) == "" || !isText(n) {
		return nil
	}
	r.roleKey(n)
	return &role.TestText{Text: n.Value, Pos: r.text.posOf(n)}
}

func (r testReader) roleKey(n *yaml.Node) {
	r.checked(n, "test/role", role.CheckKey)
}

// checked refuses a text that a check does not take.
func (r testReader) checked(n *yaml.Node, code string, check func(string) error) {
	if !isText(n) || !r.m.ascii(n, func(c rune) bool { return c < 0x80 }) {
		return
	}
	if err := check(n.Value); err != nil {
		r.m.out.errorAt(r.text.posOf(n), r.text.span(n), code, err.Error(), idHint(n.Value))
	}
}

// subject reads who a test is about.
func (r testReader) subject(n *yaml.Node) *role.TestSubject {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	s := &role.TestSubject{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], resolve(n.Content[i+1])
		switch key.Value {
		case "role":
			s.Role, s.Pos = scalarText(value), r.text.posOf(value)
			r.roleKey(value)
		case "member":
			s.Member, s.Pos = scalarText(value), r.text.posOf(value)
			r.checked(value, "test/member", role.CheckEmail)
		case "team":
			s.Team, s.Pos = scalarText(value), r.text.posOf(value)
			r.checked(value, "test/team", role.CheckTeamKey)
		case "roleAttributes":
			if values, at := r.attributes(r.m, value); values != nil {
				s.RoleAttributes, s.Attributes = *values, at
			}
		}
	}
	if key, _ := pair(n, "roleAttributes"); key != nil && s.Role == "" && s.Member+s.Team != "" {
		r.m.out.errorAt(r.text.posOf(key), r.text.span(key), "test/attributes", "role attributes are given, and the test is about no role",
			"remove them: a member or a team has its own")
	}
	return s
}

// except reads who is left out.
func (r testReader) except(n *yaml.Node) (e role.TestExcept) {
	if n.Kind != yaml.MappingNode {
		return e
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		list := resolve(n.Content[i+1])
		switch n.Content[i].Value {
		case "roles":
			e.Roles = r.texts(list, "role", func(n *yaml.Node) { r.checked(n, "test/role", role.CheckTeamKey) }) // base roles too
		case "teams":
			e.Teams = r.texts(list, "team", func(n *yaml.Node) { r.checked(n, "test/team", role.CheckTeamKey) })
		case "members":
			e.Members = r.texts(list, "member", func(n *yaml.Node) { r.checked(n, "test/member", role.CheckEmail) })
		}
	}
	return e
}

// gates reads what changes need.
func (r testReader) gates(list *yaml.Node) (gates []role.TestGate) {
	if list.Kind != yaml.SequenceNode {
		return nil
	}
	for _, n := range list.Content {
		var g role.TestGate
		n = resolve(n)
		for name, to := range map[string]*role.TestText{"when": &g.When, "require": &g.Require} {
			if _, value := pair(n, name); n.Kind == yaml.MappingNode && value != nil {
				if t := r.box(resolve(value)); t != nil {
					*to = *t
				}
			}
		}
		if g.When.Text != "" && g.Require.Text != "" {
			gates = append(gates, g)
		}
	}
	return gates
}

// partners are the fields of an access test that stand with one of the forms only. The first form
// is the one that a hint offers.
var partners = map[string][]string{
	"can": {"as"}, "canSome": {"as"}, "cannot": {"as"}, "within": {"as"}, "equals": {"as"},
	"atLeast": {"somebody"}, "resources": {"noOneBoth"}, "except": {"nobody", "noOneBoth", "noEscalation"},
}

// belongs checks that the fields of a test fit together.
func (r testReader) belongs(top *yaml.Node) {
	for i := 0; i+1 < len(top.Content); i += 2 {
		key := top.Content[i]
		forms, is := partners[key.Value]
		if !is || hasAny(top, forms) {
			continue
		}
		r.m.out.errorAt(r.text.posOf(key), r.text.span(key), "test/form", strconv.Quote(key.Value)+" says nothing without "+strconv.Quote(forms[0]),
			"write "+strconv.Quote(forms[0])+" too, or remove it")
	}
	r.complete(top, "as", "one of \"can\", \"canSome\", \"cannot\", \"within\" and \"equals\"", "can", "canSome", "cannot", "within", "equals")
	r.complete(top, "noOneBoth", "\"resources\"", "resources")
}

// complete asks for one of the fields where the form stands.
func (r testReader) complete(top *yaml.Node, form, wanted string, fields ...string) {
	if key, _ := pair(top, form); key != nil && !hasAny(top, fields) {
		r.m.out.errorAt(r.text.posOf(key), r.text.span(key), "test/nothing", strconv.Quote(form)+" asserts nothing: "+wanted+" is missing", "say what must hold")
	}
}

func hasAny(top *yaml.Node, names []string) bool {
	for _, name := range names {
		if key, _ := pair(top, name); key != nil {
			return true
		}
	}
	return false
}

// testNames checks that no two tests have the same name: results are known by it.
func testNames(tests []testDoc) (findings []diag.Finding) {
	first := map[string]*testDoc{}
	for i := range tests {
		t := &tests[i]
		other, taken := first[t.Name]
		switch {
		case t.Name == "":
		case !taken:
			first[t.Name] = t
		default:
			f := t.text.finding(diag.Error, "test/duplicate-name", t.Source.Name, t.nameSpan, "two access tests have the name "+strconv.Quote(t.Name), "give one of them another name")
			f.Related = []diag.Related{{Pos: other.text.position(other.Source.Name), Message: "the first one is here"}}
			findings = append(findings, f)
		}
	}
	return findings
}
