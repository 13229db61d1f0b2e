// Package manifest reads a workspace: the folder that holds rolewright.yaml, and every YAML file
// below it. Load turns those files into roles, into the teams and members that they are given to,
// and into access tests, with a position for every value, and says all that is wrong with them in
// one run.
//
// Invariant: what you see is what is applied. A file is judged in four layers, each stricter about
// what the one before let through: its bytes (bytes.go), its YAML nodes (nodes.go), the JSON
// Schema (violation.go) and its meaning (meaning.go, unique.go; of holders holdermeaning.go,
// holders.go; of access tests accesstest.go). yaml.v3 is asked for nodes only:
// decoding to anything else panics, drops documents and invents values. One mistake gives one
// finding, so a finding of an earlier layer hides those of later layers at the same place. A file
// that looks like ours is never ignored, and none outside the folder is opened.
//
// The package must not write files, know the account, read the environment, or judge what a
// policy grants: the grammar of actions and resources belongs to package lint.
package manifest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

// ConfigFile is the name of the file that makes a folder a workspace.
const ConfigFile = "rolewright.yaml"

// Workspace is what the files of a workspace say. Where Load found errors it holds what could be
// read all the same, for further checks: nobody may plan from it.
type Workspace struct {
	Root   string // as it was given to Load; "" for LoadFrom
	Config Config
	// Roles, Teams, Members and Tests stand in the order of their files' names, and in a file in the order
	// of documents.
	Roles   []role.Desired
	Teams   []role.DesiredTeam
	Members []role.DesiredMember
	Tests   []role.AccessTest
	// Expired are the assignments whose last day has passed: Teams and Members ask no longer for
	// them.
	Expired []Expired
	// Allows are the lint findings that files say are meant: by comments, in the order of the files'
	// names, and then by lint.allow of rolewright.yaml.
	Allows []Allow
	// Digest is "sha256:" and 64 hexadecimal digits over the names and bytes of all files.
	Digest string
	// Files are the files that were read, rolewright.yaml included: sorted, slash-separated,
	// relative to Root.
	Files []string
	// Documents counts the documents of all files but rolewright.yaml.
	Documents int
}

// Options are what Load is told beside the folder. The zero value is strict.
type Options struct {
	// AllowHost is a host that rolewright.yaml may name beside LaunchDarkly's; see CheckHost.
	AllowHost string
	// Today is the time whose day, UTC, decides which assignments have expired. For zero none has,
	// and none is about to.
	Today time.Time

	limits limits // zero: the defaults; tests make them smaller
}

// today returns the day of o as files write days; "" if it is not known.
func (o Options) today() string {
	if o.Today.IsZero() {
		return ""
	}
	return o.Today.UTC().Format(role.DateForm)
}

// limits bound what a workspace may hold, so that no file exhausts the machine that checks it.
type limits struct {
	file  int64 // bytes of one file
	total int64 // bytes of all files
	files int   // how many files
}

var defaultLimits = limits{file: 1 << 20, total: 128 << 20, files: 20_000}

// Load reads the workspace at root and returns it with everything that is wrong with it, sorted.
// The error is about what kept Load from finishing: no such folder, one that cannot be listed, or
// one without rolewright.yaml ([*NoWorkspaceError]).
// With a finding of severity Error ([diag.HasErrors]) nothing may be planned.
func Load(root string, opts Options) (*Workspace, []diag.Finding, error) {
	dir, err := os.OpenRoot(root)
	if err != nil {
		return nil, nil, fmt.Errorf("open workspace: %w", err)
	}
	defer dir.Close()
	return collect(folder{dir}, root, opts)
}

// LoadFrom is [Load] for files that stand elsewhere than in a folder: the same rules, the same
// findings. Root of what it returns is "".
func LoadFrom(src Source, opts Options) (*Workspace, []diag.Finding, error) {
	return collect(src, "", opts)
}

// collect reads the workspace of src, which is called root.
func collect(src Source, root string, opts Options) (*Workspace, []diag.Finding, error) {
	opts.limits = cmp.Or(opts.limits, defaultLimits)
	switch _, err := src.Lstat(ConfigFile); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, &NoWorkspaceError{Start: root, Last: root}
	case err != nil:
		return nil, nil, fmt.Errorf("open workspace: %w", err)
	}
	tree, err := walk(src, opts.limits)
	if err != nil {
		return nil, nil, fmt.Errorf("list workspace %s: %w", root, err)
	}
	files := readAll(src, tree.files, opts)
	w := &Workspace{Root: root, Config: defaultConfig()}
	return w, w.assemble(files, tree.findings), nil
}

// assemble joins the files, in their order, and checks what they say together.
func (w *Workspace) assemble(files []*file, findings []diag.Finding) []diag.Finding {
	var declared []declaration
	var holdings []holding
	var tests []testDoc
	var scope *Manage // as far as it is known
	for _, f := range files {
		w.Files = append(w.Files, f.name)
		w.Allows = append(w.Allows, f.allows...)
		findings = append(findings, f.findings...)
		if f.config != nil {
			w.Config = *f.config
			if !diag.HasErrors(f.findings) {
				scope = &w.Config.Manage
			}
			continue
		}
		w.Documents += f.documents
		declared = append(declared, f.roles...)
		holdings = append(holdings, f.holdings...)
		tests = append(tests, f.tests...)
		w.take(f)
	}
	w.Allows = append(w.Allows, w.Config.Lint.Allow...)
	w.Digest = digest(files)
	findings = append(findings, together(declared, w.Config)...)
	findings = append(findings, holdTogether(holdings, declared, scope)...)
	findings = append(findings, testNames(tests)...)
	diag.Sort(findings)
	return findings
}

// take adds what a file declares.
func (w *Workspace) take(f *file) {
	for _, d := range f.roles {
		w.Roles = append(w.Roles, d.Desired)
	}
	for _, t := range f.tests {
		w.Tests = append(w.Tests, t.AccessTest)
	}
	for _, h := range f.holdings {
		if h.kind == team {
			w.Teams = append(w.Teams, h.team())
		} else {
			w.Members = append(w.Members, h.member())
		}
		for _, a := range h.expired {
			w.Expired = append(w.Expired, Expired{Kind: h.kind, Holder: h.id, File: h.source.File, Assignment: a})
		}
	}
}

// digest is over the name and the bytes of every file, in the order of names. A file that cannot
// be read counts by its name alone; such a workspace is never planned from.
func digest(files []*file) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%d:%s%x", len(f.name), f.name, f.sum)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// readAll reads and judges the files, several at a time; the result stands in the order of names.
func readAll(src Source, names []string, opts Options) []*file {
	files := make([]*file, len(names))
	work := make(chan int)
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(names)) {
		group.Go(func() {
			for i := range work {
				files[i] = readFile(src, names[i], opts)
			}
		})
	}
	for i := range names {
		work <- i
	}
	close(work)
	group.Wait()
	return files
}

// file is one file after all checks that need no other file.
type file struct {
	name      string // as in the file system, slash-separated
	sum       [sha256.Size]byte
	documents int
	config    *Config // of rolewright.yaml
	roles     []declaration
	holdings  []holding
	tests     []testDoc
	allows    []Allow
	findings  []diag.Finding
}

// readFile reads one file, once: the bytes that are judged are the bytes that are used.
func readFile(src Source, name string, opts Options) *file {
	f := &file{name: name}
	data, problem := slurp(src, name, opts.limits.file)
	if problem != nil {
		f.findings = []diag.Finding{*problem}
		return f
	}
	f.sum = sha256.Sum256(data)
	f.judge(data, opts)
	return f
}

// slurp returns the bytes of a regular file of at most limit bytes.
func slurp(src Source, name string, limit int64) ([]byte, *diag.Finding) {
	fail := func(code, message, hint string) *diag.Finding {
		f := fileFinding(name, code, message, hint)
		return &f
	}
	in, err := src.Open(name)
	if err != nil {
		return nil, fail("file/read", "the file cannot be read: "+cause(err), "as long as a file cannot be read, nothing is planned: a role might be in it")
	}
	defer in.Close()
	info, err := in.Stat()
	if err == nil && !info.Mode().IsRegular() {
		return nil, fail("file/type", "not a regular file", "put the file itself here")
	}
	if err != nil {
		return nil, fail("file/read", "the file cannot be read: "+cause(err), "")
	}
	data, err := io.ReadAll(io.LimitReader(in, limit+1))
	switch {
	case err != nil:
		return nil, fail("file/read", "the file cannot be read: "+cause(err), "")
	case int64(len(data)) > limit:
		return nil, fail("file/size", fmt.Sprintf("the file is larger than %d bytes", limit), "split it into several files")
	}
	return data, nil
}

// fileFinding is an error about a file as a whole.
func fileFinding(name, code, message, hint string) diag.Finding {
	return diag.Finding{
		Severity: diag.Error, Code: code, Message: message, Hint: hint,
		Pos: diag.Position{File: shownName(name), Line: 1},
	}
}

// clip cuts a list of findings that would drown the reader.
func clip(findings []diag.Finding, limit int) []diag.Finding {
	if len(findings) <= limit {
		return findings
	}
	last := findings[limit-1]
	left := len(findings) - limit + 1
	return append(slices.Clip(findings[:limit-1]), diag.Finding{
		Severity: diag.Error, Code: "file/findings",
		Message: fmt.Sprintf("%d more findings in this file are left out", left), Hint: "correct the first ones", Pos: last.Pos,
	})
}
