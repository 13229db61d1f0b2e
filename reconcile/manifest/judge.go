package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

// maxFindings is how many findings one file gives at most.
const maxFindings = 100

// Check judges one file that holds these bytes, apart from any other: bytes, nodes, schema and the
// meaning that shows in it alone. It returns the roles that it declares and what is wrong with it.
func Check(name string, data []byte) ([]role.Desired, []diag.Finding) {
	d, findings := Read(name, data)
	return d.Roles, findings
}

// Declared is what a file declares, kind by kind, each in the order of its documents.
type Declared struct {
	Roles   []role.Desired
	Teams   []role.DesiredTeam
	Members []role.DesiredMember
	Tests   []role.AccessTest
}

// Read is [Check] for documents of every kind. No assignment has expired for it.
func Read(name string, data []byte) (Declared, []diag.Finding) {
	f := &file{name: name}
	f.judge(data, Options{})
	w := &Workspace{Roles: []role.Desired{}}
	w.take(f)
	return Declared{w.Roles, w.Teams, w.Members, w.Tests}, f.findings
}

// judge runs the layers over one file.
func (f *file) judge(data []byte, opts Options) {
	t := newText(f.name, data)
	r := newReport(t)
	defer func() {
		if p := recover(); p != nil { // yaml.v3 has panicked before on hostile input
			r.list = append(r.list, fileFinding(f.name, "file/internal", fmt.Sprintf("the file cannot be checked: %v", p), "report this file as a bug"))
		}
		f.findings = clip(r.list, maxFindings)
	}()
	found, stop := judgeBytes(t)
	r.takeBytes(found)
	if stop {
		return
	}
	for _, d := range parse(t, r) {
		f.documents++
		f.take(d, opts)
	}
	f.allows = t.allows(r, opts.today())
}

// take judges one document and keeps what it declares.
func (f *file) take(d *document, opts Options) {
	if d.unsound {
		return
	}
	if f.name == ConfigFile {
		f.takeConfig(d, opts)
		return
	}
	switch kind := d.kind(); kind {
	case "Role":
		d.judgeSchema("role")
		f.roles = append(f.roles, d.role())
	case "Team", "Member":
		kind = strings.ToLower(kind)
		d.judgeSchema(kind)
		f.holdings = append(f.holdings, d.holding(kind, opts.today()))
	case "AccessTest":
		d.judgeSchema("accessTest")
		f.tests = append(f.tests, d.accessTest())
	}
}

// takeConfig judges a document of rolewright.yaml, which holds only one.
func (f *file) takeConfig(d *document, opts Options) {
	if f.config != nil {
		d.out.errorAt(role.Pos{Line: d.root.Line, Column: d.root.Column}, 1, "config/documents",
			ConfigFile+" holds more than one document", "keep the first")
		return
	}
	d.judgeSchema("config")
	f.config = d.config(opts)
}

// report collects the findings of one file, so that a mistake seen by an early layer is not told
// again by a later one.
type report struct {
	text *text
	list []diag.Finding
	// lines holds the lines that the byte layer refused, places where earlier layers found errors.
	lines  map[int]bool
	places map[role.Pos]bool
}

func newReport(t *text) *report {
	return &report{text: t, lines: map[int]bool{}, places: map[role.Pos]bool{}}
}

func (r *report) takeBytes(found []diag.Finding) {
	r.list = append(r.list, found...)
	for _, f := range found {
		r.lines[f.Pos.Line] = true
	}
}

// full reports whether enough was found: what is beyond the cap is not worth computing.
func (r *report) full() bool { return len(r.list) > maxFindings }

// seal ends a layer: what it found hides what later layers find at the same place.
func (r *report) seal() {
	for _, f := range r.list {
		if f.Severity == diag.Error {
			r.places[role.Pos{Line: f.Pos.Line, Column: f.Pos.Column}] = true
		}
	}
}

func (r *report) errorAt(p role.Pos, length int, code, message, hint string) *diag.Finding {
	return r.add(diag.Error, p, length, code, message, hint)
}

// add adds a finding unless an earlier layer has spoken about the place. It returns the finding,
// or a spare one, for the caller to add related places.
func (r *report) add(s diag.Severity, p role.Pos, length int, code, message, hint string) *diag.Finding {
	if r.full() || r.lines[p.Line] || r.places[p] {
		return &diag.Finding{}
	}
	r.list = append(r.list, r.text.finding(s, code, p, length, message, hint))
	return &r.list[len(r.list)-1]
}

// relate adds a second place of the same file to a finding.
func (r *report) relate(f *diag.Finding, p role.Pos, message string) {
	f.Related = append(f.Related, diag.Related{Pos: r.text.position(p), Message: message})
}

// parse returns the documents of a file as nodes, checked and converted to values.
func parse(t *text, r *report) []*document {
	if !prejudge(t, r) {
		return nil
	}
	w := newWalker(t, r)
	dec := yaml.NewDecoder(bytes.NewReader(t.data))
	var documents []*document
	for !w.over {
		var node yaml.Node
		err := dec.Decode(&node)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			reportSyntax(t, r, err)
			break
		}
		documents = append(documents, w.document(&node))
	}
	if len(documents) == 0 && len(r.list) == 0 {
		r.errorAt(role.Pos{Line: 1}, 0, "file/empty", "the file holds no document", emptyHint(t.name))
	}
	r.seal()
	return documents
}

// emptyHint says what an empty file is missing. The configuration marks the workspace: without it
// there is none.
func emptyHint(name string) string {
	if name == ConfigFile {
		return `write at least "version: 1"`
	}
	return "write a role or remove the file"
}

// maxMarks bounds the characters that can begin a node, before memory is spent on nodes.
const maxMarks = 200_000

// prejudge refuses what has to be seen in the text, because the nodes no longer show it or cost
// too much memory to look at.
func prejudge(t *text, r *report) (ok bool) {
	marks, ok := 0, true
	for i := range t.lines {
		line := t.line(i + 1)
		if len(line) > 0 && line[0] == '%' {
			ok = false
			r.errorAt(role.Pos{Line: i + 1, Column: 1}, len(line), "yaml/directive", "a line begins with \"%\", which YAML takes for a directive",
				"remove the directive; indent the line if it is text")
		}
		for _, b := range line {
			if b == ',' || b == ':' || b == '[' || b == '{' {
				marks++
			}
		}
		marks++
	}
	if marks > maxMarks {
		ok = false
		r.errorAt(role.Pos{Line: 1}, 0, "yaml/nodes", fmt.Sprintf("the file has more than %d lines, commas, colons and brackets", maxMarks), "split it into several files")
	}
	return ok
}
