package reconcile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/lint"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/manifest/layout"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Fixed is what the safe fixes of a workspace's findings do to its files. Nothing is written: that
// is left to the caller.
type Fixed struct {
	// Checked is the workspace as it would be.
	*Checked
	// Before and After hold the bytes of the files that change, by name.
	Before, After map[string][]byte
	Done          []Repair // by file and line
	Left          []Repair // safe fixes that were not made, and why
}

// Repair is one finding that was put right, or not.
type Repair struct {
	Code string
	// Pos is the finding's place in the file as it was before any fix.
	Pos diag.Position
	Why string // why it was not put right; "" if it was
}

// maxRounds bounds how often a workspace is judged anew. Each round that does anything takes
// something out of a file, so that there is an end in any case.
const maxRounds = 2_000

// Fix makes the safe fixes of the findings in src until there are none left. One fix in a document
// may be the reason not to make the next, so each round makes one in each document and judges anew.
//
// A fix is made only if the file still loads, says exactly what it said but for the edit, and
// the role is proved to grant what it granted.
func Fix(src manifest.Source, o manifest.Options) (*Fixed, error) {
	f := &fixing{
		src: src, options: o, cache: lint.NewCache(), lines: map[string][]int{},
		Fixed: Fixed{Before: map[string][]byte{}, After: map[string][]byte{}},
	}
	for range maxRounds {
		if err := f.check(); err != nil {
			return nil, err
		}
		if !f.round() {
			return f.end(), nil
		}
	}
	return nil, fmt.Errorf("after %d rounds of fixes there is still something to fix", maxRounds)
}

// fixing is a run of Fix.
type fixing struct {
	Fixed
	src     manifest.Source
	options manifest.Options
	cache   *lint.Cache
	lines   map[string][]int // of each file that changed: the line that each of its lines was before
}

// end returns what was done.
func (f *fixing) end() *Fixed {
	f.QuoteFrom(manifest.With(f.src, f.After), f.Findings)
	for _, list := range [][]Repair{f.Done, f.Left} {
		slices.SortStableFunc(list, func(a, b Repair) int {
			return cmp.Or(cmp.Compare(a.Pos.File, b.Pos.File), a.Pos.Line-b.Pos.Line, a.Pos.Column-b.Pos.Column)
		})
	}
	return &f.Fixed
}

// check judges the workspace as it is by now.
func (f *fixing) check() error {
	ws, findings, err := manifest.LoadFrom(manifest.With(f.src, f.After), f.options)
	if err != nil {
		return err
	}
	f.Checked = Judge(ws, findings, lint.Input{Cache: f.cache})
	return nil
}

// round makes one fix in each document that has any, and reports whether there was one. It begins
// with the last document of a file: a fix moves only what is below it.
func (f *fixing) round() (made bool) {
	f.Left = nil
	for _, findings := range slices.Backward(f.byDocument()) {
		made = f.first(findings) || made
	}
	return made
}

// byDocument returns the findings that have a safe fix, document by document.
func (f *fixing) byDocument() (groups [][]diag.Finding) {
	safe := slices.DeleteFunc(slices.Clone(f.Findings), func(d diag.Finding) bool { return d.Fix == nil || !d.Fix.Safe })
	slices.SortStableFunc(safe, func(a, b diag.Finding) int {
		return cmp.Or(cmp.Compare(a.Fix.Document.File, b.Fix.Document.File), a.Fix.Document.Line-b.Fix.Document.Line)
	})
	for i, d := range safe {
		if i == 0 || d.Fix.Document != safe[i-1].Fix.Document {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], d)
	}
	return groups
}

// first makes the first of the fixes that can be made.
func (f *fixing) first(findings []diag.Finding) bool {
	for _, d := range findings {
		r := Repair{Code: d.Code, Pos: f.original(d.Pos)}
		err := f.make(*d.Fix)
		if err == nil {
			f.Done = append(f.Done, r)
			return true
		}
		r.Why = err.Error()
		f.Left = append(f.Left, r)
	}
	return false
}

func documentOf(d role.Desired) diag.Position {
	return diag.Position{File: d.Source.File, Line: d.Source.Line, Column: d.Source.Column}
}

// make carries out one fix, or says why not.
func (f *fixing) make(fix diag.Fix) error {
	before, i, err := f.find(fix.Document)
	if err != nil {
		return err
	}
	data, err := f.bytes(fix.Document.File)
	if err != nil {
		return err
	}
	out, want := data, before.Roles[i].Role
	for _, e := range fix.Edits {
		if e.Op != diag.Remove {
			return fmt.Errorf("%q is not made without asking", e.Op)
		}
		if want, err = without(want, e.Pointer); err != nil {
			return err
		}
		if out, err = layout.Remove(out, role.Pos{Line: fix.Document.Line, Column: fix.Document.Column}, e.Pointer); err != nil {
			return err
		}
	}
	if err := proveFix(fix.Document.File, before, i, want, out); err != nil {
		return err
	}
	f.take(fix.Document.File, data, out)
	return nil
}

// find returns what a file declares, and which of its roles begins at a place.
func (f *fixing) find(at diag.Position) (manifest.Declared, int, error) {
	data, err := f.bytes(at.File)
	if err != nil {
		return manifest.Declared{}, 0, err
	}
	declared, findings := manifest.Read(at.File, data)
	i := slices.IndexFunc(declared.Roles, func(d role.Desired) bool { return documentOf(d) == at })
	switch {
	case diag.HasErrors(findings):
		return declared, 0, errors.New("the file has errors")
	case i < 0:
		return declared, 0, errors.New("no role begins where the finding says")
	}
	return declared, i, nil
}

// bytes returns what a file holds by now.
func (f *fixing) bytes(file string) ([]byte, error) {
	if data, changed := f.After[file]; changed {
		return data, nil
	}
	in, err := f.src.Open(file)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return io.ReadAll(in)
}

// take keeps the new bytes of a file.
func (f *fixing) take(file string, data, out []byte) {
	if f.After[file] == nil {
		f.Before[file] = data
		f.lines[file] = numbers(1 + bytes.Count(data, []byte("\n")))
	}
	f.lines[file] = moved(f.lines[file], data, out)
	f.After[file] = out
}

// numbers returns 1 to n.
func numbers(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i + 1
	}
	return list
}

// moved returns lines, which run parallel to those of data, for the lines of out: the same text but
// for one place.
func moved(lines []int, data, out []byte) []int {
	a, b := bytes.SplitAfter(data, []byte("\n")), bytes.SplitAfter(out, []byte("\n"))
	head := 0
	for head < min(len(a), len(b)) && bytes.Equal(a[head], b[head]) {
		head++
	}
	tail := 0
	for tail < min(len(a), len(b))-head && bytes.Equal(a[len(a)-1-tail], b[len(b)-1-tail]) {
		tail++
	}
	changed := slices.Clone(lines[head:min(head+len(b)-head-tail, len(lines)-tail)])
	return slices.Concat(lines[:head], changed, lines[len(lines)-tail:])
}

// original returns where a place was before any fix.
func (f *fixing) original(p diag.Position) diag.Position {
	if lines := f.lines[p.File]; p.Line >= 1 && p.Line <= len(lines) {
		p.Line = lines[p.Line-1]
	}
	return p
}

// without returns r without the statement, or the element of one, that a pointer leads to.
func without(r role.Role, pointer string) (role.Role, error) {
	r = r.Clone()
	parts := strings.Split(strings.TrimPrefix(pointer, "/policy/"), "/")
	n, err := strconv.Atoi(parts[0])
	if !strings.HasPrefix(pointer, "/policy/") || err != nil || n < 0 || n >= len(r.Policy) {
		return r, fmt.Errorf("%s leads to no statement", pointer)
	}
	if len(parts) == 1 {
		r.Policy = slices.Delete(r.Policy, n, n+1)
		return r, nil
	}
	s := &r.Policy[n]
	list := map[string]*[]string{"actions": &s.Actions, "notActions": &s.NotActions, "resources": &s.Resources, "notResources": &s.NotResources}[parts[1]]
	if list == nil || len(parts) != 3 {
		return r, fmt.Errorf("%s leads to no element of a statement", pointer)
	}
	k, err := strconv.Atoi(parts[2])
	if err != nil || k < 0 || k >= len(*list) {
		return r, fmt.Errorf("%s leads to no element of a statement", pointer)
	}
	*list = slices.Delete(*list, k, k+1)
	return r, nil
}

// proveFix returns an error unless out declares what before did, but for role i, which is want and
// grants what it granted.
func proveFix(file string, before manifest.Declared, i int, want role.Role, out []byte) error {
	after, findings := manifest.Read(file, out)
	if diag.HasErrors(findings) {
		return fmt.Errorf("without it the file has errors: %s", findings[0].Message)
	}
	held := before.Roles[i].Role
	expected := slices.Clone(before.Roles)
	expected[i].Role = want
	if !slices.EqualFunc(expected, after.Roles, sayTheSame) || len(before.Teams) != len(after.Teams) || len(before.Members) != len(after.Members) {
		return errors.New("the file would say something else")
	}
	sem := policy.DefaultSemantics()
	sem.ViewPrecondition = false // equal without it is equal whatever else somebody holds
	d := access.New(sem, access.Budget{}).Compare(alone(held), alone(want))
	if v := d.Verdict(); v != access.None {
		return fmt.Errorf("it is not proved that the role grants the same: %s", v)
	}
	return nil
}

// sayTheSame reports whether two documents declare the same role in the same words.
func sayTheSame(a, b role.Desired) bool {
	return reflect.DeepEqual(a.Clone(), b.Clone()) && a.Absent == b.Absent && a.Protected == b.Protected && slices.Equal(a.Previously, b.Previously)
}

// alone is somebody who holds nothing but a role, whatever its role attributes stand for.
func alone(r role.Role) access.Subject {
	return access.Subject{Symbolic: true, Held: []policy.Held{{Role: r}}}
}
