package report

// JUnit XML, the form in which Jenkins, GitLab, Azure and the actions of GitHub's marketplace take
// test results. Nobody owns the format; what is written here is what Jenkins' schema has, and beside
// it "file" and "line", which GitLab and others make links of.

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/rolewright/rolewright/reconcile/check"
	"github.com/rolewright/rolewright/reconcile/diag"
)

// JUnitOptions are what a document says beside the results.
type JUnitOptions struct {
	// Prefix is the folder of the workspace in the repository, slash-separated; "" is its root.
	Prefix string
}

type junitSuites struct {
	XMLName  xml.Name `xml:"testsuites"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Suites   []*junitSuite
}

type junitSuite struct {
	XMLName  xml.Name `xml:"testsuite"`
	Name     string   `xml:"name,attr"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Cases    []junitCase
	names    map[string]bool
}

type junitCase struct {
	XMLName xml.Name     `xml:"testcase"`
	Name    string       `xml:"name,attr"`
	Class   string       `xml:"classname,attr"`
	File    string       `xml:"file,attr,omitempty"`
	Line    int          `xml:"line,attr,omitempty"`
	Failure *junitReason `xml:"failure"`
	Error   *junitReason `xml:"error"`
	Out     string       `xml:"system-out,omitempty"`
}

type junitReason struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"` // the verdict
	Text    string `xml:",innerxml"` // escaped; as character data, line breaks would be written "&#xA;"
}

// JUnit writes results of access tests as JUnit XML: a suite for each file, a class for each test, a
// case for each assertion. What could not be decided is a failure, and what cannot be meant as it is
// written an error, so nothing but a pass looks like one. XML has no way to write most control
// characters; like all that cannot be seen they are drawn as on a terminal.
func JUnit(w io.Writer, results []check.Result, o JUnitOptions) error {
	all := junitSuites{Name: "rolewright", Suites: []*junitSuite{}}
	byFile := map[string]*junitSuite{}
	for _, r := range results {
		suite := byFile[r.Pos.File]
		if suite == nil {
			suite = &junitSuite{Name: junitFile(r.Pos, o), names: map[string]bool{}}
			byFile[r.Pos.File] = suite
			all.Suites = append(all.Suites, suite)
		}
		suite.add(r, o)
	}
	for _, s := range all.Suites {
		all.Tests, all.Failures, all.Errors = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors
	}
	var text bytes.Buffer
	text.WriteString(xml.Header)
	encoder := xml.NewEncoder(&text)
	encoder.Indent("", "  ")
	err := encoder.Encode(all)
	text.WriteByte('\n')
	_, failed := w.Write(text.Bytes())
	return errors.Join(err, failed)
}

func junitFile(p diag.Position, o JUnitOptions) string {
	if p.File == "" {
		return "access tests"
	}
	return Terminal(path.Join(o.Prefix, p.File))
}

// add adds the case of one assertion.
func (s *junitSuite) add(r check.Result, o JUnitOptions) {
	c := junitCase{Name: s.unique(r), Class: Terminal(r.Test), Line: r.Pos.Line}
	if r.Pos.File != "" {
		c.File = junitFile(r.Pos, o)
	}
	reason := &junitReason{Message: Terminal(r.Message), Type: string(r.Verdict), Text: junitText(junitLines(r))}
	s.Tests++
	switch r.Verdict {
	case check.Pass:
		c.Out = Terminal(strings.Join(r.Notes, "; "))
	case check.Error:
		s.Errors++
		c.Error = reason
	default:
		s.Failures++
		c.Failure = reason
	}
	s.Cases = append(s.Cases, c)
}

// unique returns the name of a case: readers take cases of one class with one name for one.
func (s *junitSuite) unique(r check.Result) string {
	name := Terminal(r.Assertion + ": " + r.Text)
	free := name
	for n := 2; s.names[Terminal(r.Test)+"\n"+free]; n++ {
		free = fmt.Sprintf("%s (%d)", name, n)
	}
	s.names[Terminal(r.Test)+"\n"+free] = true
	return free
}

// junitText is lines as the text of an element.
func junitText(lines []string) string {
	var b bytes.Buffer
	for i, line := range lines {
		if i > 0 {
			b.WriteByte('\n')
		}
		_ = xml.EscapeText(&b, []byte(line)) // a buffer takes everything
	}
	return b.String()
}

// junitLines says all that is known of a failure.
func junitLines(r check.Result) (lines []string) {
	say := func(head, text string) {
		if text != "" {
			lines = append(lines, head+Terminal(text))
		}
	}
	say("", r.Message)
	say("subject: ", r.Subject)
	say("for example: ", r.Counterexample)
	say("by: ", r.Who)
	say("with: ", r.Where)
	for _, in := range r.Involved {
		say("because: ", junitPlace(in.Pos)+in.Text)
	}
	if r.Fix != nil {
		say("fix: ", junitPlace(r.Fix.Pos)+r.Fix.Text)
	}
	say("hint: ", r.Hint)
	for _, note := range r.Notes {
		say("note: ", note)
	}
	say("why this must hold: ", r.Because)
	return lines
}

// junitPlace is "file:line: ", or "" where there is none.
func junitPlace(p diag.Position) string {
	if p.File == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d: ", p.File, p.Line)
}
