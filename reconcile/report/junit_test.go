package report_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/check"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/report"
)

func junitResults() []check.Result {
	at := func(file string, line int) diag.Position { return diag.Position{File: file, Line: line, Column: 5} }
	return []check.Result{
		{Test: "developers stay out", Assertion: check.Cannot, Text: "* on proj/*", Pos: at("tests/a.yaml", 3), Verdict: check.Pass, Notes: []string{"asked of what exists", "in 3 projects"}},
		{
			Test: "developers stay out", Because: "production is <locked> & \"sealed\"", Assertion: check.Cannot, Text: "updateOn on proj/web:env/*:flag/*",
			Subject: "role developer", Pos: at("tests/a.yaml", 4), Verdict: check.Fail, Message: "it can", Hint: "add a deny",
			Counterexample: "updateOn on proj/web:env/p:flag/f", Who: "ana@example.com", Where: "projects=web",
			Involved: []check.Involved{
				{Role: "developer", Statement: 1, Text: `role "developer", statement 2, allows "updateOn"`, Pos: at("roles/developer.yaml", 9)},
				{Statement: -1, Text: "base permissions"},
			},
			Fix:   &check.Fix{Role: "developer", Pos: at("roles/developer.yaml", 9), Text: "remove statement 2"},
			Notes: []string{"a note"},
		},
		{Test: "developers stay out", Assertion: check.Cannot, Text: "* on proj/*", Pos: at("tests/a.yaml", 5), Verdict: check.Undecided, Message: "the budget ran out"},
		{Test: "pipeline", Assertion: check.Can, Text: "updatPolicy on role/*", Pos: at("tests/b.yaml", 2), Verdict: check.Error, Message: "no such action", Hint: `did you mean "updatePolicy"?`},
		{Test: "nowhere", Assertion: check.Nobody, Text: "x", Verdict: check.Pass},
	}
}

func TestJUnit(t *testing.T) {
	golden(t, "junit.xml", func(w io.Writer) error {
		var b bytes.Buffer
		err := report.JUnit(io.MultiWriter(w, &b), junitResults(), report.JUnitOptions{Prefix: "access"})
		checkJUnit(t, b.Bytes())
		return err
	})
}

func TestJUnitOfNothing(t *testing.T) {
	var b bytes.Buffer
	if err := report.JUnit(&b, nil, report.JUnitOptions{}); err != nil {
		t.Fatal(err)
	}
	checkJUnit(t, b.Bytes())
	if !strings.Contains(b.String(), `tests="0"`) {
		t.Error(b.String())
	}
}

// A writer that is full is told of.
func TestJUnitWriteFails(t *testing.T) {
	full := errors.New("disk full")
	if err := report.JUnit(failingWriter{full}, junitResults(), report.JUnitOptions{}); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

// Whatever the names are, the document is one that readers take, each assertion is one case of its
// own name, nothing but a pass looks like one, and what is read back is what a terminal shows.
func TestJUnitLaw(t *testing.T) {
	hostile := rapid.SampledFrom([]string{
		"", "a", "]]>", "<failure/>", `"><testcase name="x"/>`, "&amp;", "\x00", "\x1b[31m", "a\nb", "\r", "\u202e", "\ufffe", "\xff", "&#0;", "<![CDATA[",
		"</system-out>", " (2)", " (3)", "😀", " ", "\t", "--", "<?xml ?>", "##[error]",
	})
	text := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(hostile, 0, 3).Draw(t, "parts"), "") })
	rapid.Check(t, func(t *rapid.T) {
		results := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) check.Result {
			pos := diag.Position{File: text.Draw(t, "file"), Line: rapid.IntRange(0, 9).Draw(t, "line")}
			return check.Result{
				Test: text.Draw(t, "test"), Because: text.Draw(t, "because"), Assertion: check.Can, Text: text.Draw(t, "text"), Subject: text.Draw(t, "subject"),
				Pos: pos, Verdict: rapid.SampledFrom([]check.Verdict{check.Pass, check.Fail, check.Undecided, check.Error}).Draw(t, "verdict"),
				Message: text.Draw(t, "message"), Hint: text.Draw(t, "hint"), Notes: []string{text.Draw(t, "note")},
				Counterexample: text.Draw(t, "request"), Involved: []check.Involved{{Text: text.Draw(t, "involved"), Pos: pos}},
			}
		}), 0, 6).Draw(t, "results")
		var b bytes.Buffer
		if err := report.JUnit(&b, results, report.JUnitOptions{}); err != nil {
			t.Fatal(err)
		}
		root := checkJUnit(t, b.Bytes())
		var passed, wanted int
		names := map[string]bool{}
		for _, suite := range root.children {
			for _, c := range suite.children {
				key := suite.attributes["name"] + "\x00" + c.attributes["classname"] + "\x00" + c.attributes["name"]
				if names[key] {
					t.Fatalf("two cases are named %q", key)
				}
				names[key] = true
				if c.find("failure") == nil && c.find("error") == nil {
					passed++
				}
			}
		}
		for _, r := range results {
			if r.Verdict == check.Pass {
				wanted++
			} else if !strings.Contains(b.String(), escapedXML(report.Terminal(r.Message))) {
				t.Fatalf("message %q is not in\n%s", r.Message, b.String())
			}
		}
		if len(names) != len(results) || passed != wanted {
			t.Fatalf("%d cases, %d passed; of %d, %d", len(names), passed, len(results), wanted)
		}
	})
}

func escapedXML(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err)
	}
	return b.String()
}

// xmlNode is an element as it is read back.
type xmlNode struct {
	name       string
	attributes map[string]string
	children   []*xmlNode
	text       string
}

func (n *xmlNode) find(name string) *xmlNode {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

func (n *xmlNode) int(name string) int {
	value, err := strconv.Atoi(n.attributes[name])
	if err != nil {
		return -1
	}
	return value
}

// junitShape is Jenkins' schema, as far as it has what is written, with "file" and "line": what each
// element must have, may have, and holds.
var junitShape = map[string]struct{ must, may, holds []string }{
	"testsuites": {[]string{"name", "tests", "failures", "errors"}, nil, []string{"testsuite"}},
	"testsuite":  {[]string{"name", "tests", "failures", "errors", "skipped"}, nil, []string{"testcase"}},
	"testcase":   {[]string{"name", "classname"}, []string{"file", "line"}, []string{"failure", "error", "system-out"}},
	"failure":    {[]string{"message", "type"}, nil, nil},
	"error":      {[]string{"message", "type"}, nil, nil},
	"system-out": {nil, nil, nil},
}

// checkJUnit fails unless the text is well-formed, has the shape, and counts right.
func checkJUnit(t interface{ Fatalf(string, ...any) }, text []byte) *xmlNode {
	root, err := readXML(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if root.name != "testsuites" {
		t.Fatalf("root is %s", root.name)
	}
	if why := misshapen(root); why != "" {
		t.Fatalf("%s\n%s", why, text)
	}
	tests, failures, failed := 0, 0, 0
	for _, suite := range root.children {
		f, e := 0, 0
		for _, c := range suite.children {
			if c.find("failure") != nil {
				f++
			}
			if c.find("error") != nil {
				e++
			}
		}
		if suite.int("tests") != len(suite.children) || suite.int("failures") != f || suite.int("errors") != e || suite.int("skipped") != 0 {
			t.Fatalf("suite %s counts wrong\n%s", suite.attributes["name"], text)
		}
		tests, failures, failed = tests+len(suite.children), failures+f, failed+e
	}
	if root.int("tests") != tests || root.int("failures") != failures || root.int("errors") != failed {
		t.Fatalf("the document counts wrong\n%s", text)
	}
	return root
}

func misshapen(n *xmlNode) string {
	shape, known := junitShape[n.name]
	if !known {
		return "unknown element " + n.name
	}
	for _, name := range shape.must {
		if _, has := n.attributes[name]; !has {
			return n.name + " lacks " + name
		}
	}
	for name := range n.attributes {
		if !slices.Contains(shape.must, name) && !slices.Contains(shape.may, name) {
			return n.name + " has " + name
		}
	}
	for _, c := range n.children {
		if !slices.Contains(shape.holds, c.name) {
			return n.name + " holds " + c.name
		}
		if why := misshapen(c); why != "" {
			return why
		}
	}
	if len(shape.holds) > 0 && strings.TrimSpace(n.text) != "" {
		return n.name + " holds text"
	}
	return ""
}

// readXML reads a document strictly.
func readXML(text []byte) (*xmlNode, error) {
	d := xml.NewDecoder(bytes.NewReader(text))
	top := &xmlNode{}
	stack := []*xmlNode{top}
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		last := stack[len(stack)-1]
		switch token := token.(type) {
		case xml.StartElement:
			n := &xmlNode{name: token.Name.Local, attributes: map[string]string{}}
			for _, a := range token.Attr {
				n.attributes[a.Name.Local] = a.Value
			}
			last.children = append(last.children, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			last.text += string(token)
		}
	}
	if len(top.children) != 1 {
		return nil, fmt.Errorf("%d roots", len(top.children))
	}
	return top.children[0], nil
}
