package git

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
)

// Tree is the repository's folder as a commit holds it, as a file system. Nothing outside the
// folder is reached, whatever its links say. Files have no time.
type Tree struct {
	repo *Repository
	root entry

	mu      sync.Mutex
	folders map[string][]entry // by hash
	files   map[string]object  // by hash
	listed  int                // entries that were given, the same ones each time they were
}

// Tree returns the folder as the commit of that full hash holds it. The error is a
// [*NoFolderError] if the commit has no such folder.
func (r *Repository) Tree(commit string) (*Tree, error) {
	root, err := r.folderAt(commit)
	if err != nil {
		return nil, err
	}
	return &Tree{repo: r, root: root, folders: map[string][]entry{}, files: map[string]object{}}, nil
}

// folderAt returns the repository's folder as it is in a commit.
func (r *Repository) folderAt(id string) (entry, error) {
	c, err := r.commit(id)
	if err != nil {
		return entry{}, err
	}
	return r.folderIn(c.tree, id)
}

// folderIn returns the repository's folder as it is in the tree of a commit.
func (r *Repository) folderIn(tree, commit string) (entry, error) {
	at := entry{name: ".", id: tree, mode: fs.ModeDir | 0o555}
	for part := range strings.SplitSeq(strings.TrimSuffix(r.folder, "/"), "/") {
		if part == "" {
			break
		}
		entries, err := r.tree(at.id)
		if err != nil {
			return entry{}, err
		}
		next, found := named(entries, part)
		if !found || !next.mode.IsDir() || next.module {
			return entry{}, &NoFolderError{Folder: r.folder, Commit: commit}
		}
		at.id = next.id
	}
	return at, nil
}

func named(entries []entry, name string) (entry, bool) {
	i, found := slices.BinarySearchFunc(entries, name, func(e entry, name string) int { return strings.Compare(e.name, name) })
	if !found {
		return entry{}, false
	}
	return entries[i], true
}

// maxLinks is how many links one name may lead through.
const maxLinks = 40

var (
	errEscapes = errors.New("the path leaves the folder")
	errLinks   = errors.New("too many links")
	errModule  = errors.New("a submodule: its files are in another repository")
	errLarge   = errors.New("the file is too large")
	errFolder  = errors.New("it is a folder")
	errFile    = errors.New("it is not a folder")
	errMany    = errors.New("the folders hold too many entries")
)

// find returns what stands at a name. Links on the way are followed; the last one only with follow.
func (t *Tree) find(name string, follow bool) (entry, error) {
	if !fs.ValidPath(strings.ToValidUTF8(name, "?")) {
		return entry{}, fs.ErrInvalid
	}
	trail, links := []entry{t.root}, 0
	for todo := strings.Split(name, "/"); len(todo) > 0; {
		part := todo[0]
		todo = todo[1:]
		next, err := t.step(trail, part)
		switch {
		case err != nil:
			return entry{}, err
		case part == "." || part == "":
		case part == "..":
			trail = trail[:len(trail)-1]
		case next.mode.Type() == fs.ModeSymlink && (follow || len(todo) > 0):
			if links++; links > maxLinks {
				return entry{}, errLinks
			}
			target, err := t.target(next)
			if err != nil {
				return entry{}, err
			}
			todo = append(strings.Split(target, "/"), todo...)
		default:
			trail = append(trail, next)
		}
	}
	return trail[len(trail)-1], nil
}

// step returns the entry that part leads to from the end of a trail.
func (t *Tree) step(trail []entry, part string) (entry, error) {
	at := trail[len(trail)-1]
	entries, err := t.list(at)
	switch {
	case err != nil:
		return entry{}, err
	case part == ".." && len(trail) == 1:
		return entry{}, errEscapes
	case part == "." || part == ".." || part == "":
		return entry{}, nil
	}
	next, found := named(entries, part)
	if !found {
		return entry{}, fs.ErrNotExist
	}
	return next, nil
}

// maxTarget is the longest target of a link, in bytes.
const maxTarget = 4096

// target returns where a link leads.
func (t *Tree) target(link entry) (string, error) {
	data, err := t.content(link)
	if err == nil && len(data) > maxTarget {
		err = errLinks
	}
	if err == nil && bytes.HasPrefix(data, []byte("/")) {
		err = errEscapes
	}
	return string(data), err
}

// list returns the entries of a folder.
func (t *Tree) list(e entry) ([]entry, error) {
	switch {
	case !e.mode.IsDir():
		return nil, errFile
	case e.module:
		return nil, errModule
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if entries, known := t.folders[e.id]; known {
		return entries, nil
	}
	entries, err := t.repo.tree(e.id)
	if err == nil {
		t.folders[e.id] = entries
	}
	return entries, err
}

// blob returns a file or link, read once.
func (t *Tree) blob(e entry) (object, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if o, known := t.files[e.id]; known {
		return o, nil
	}
	o, err := t.repo.read(e.id, "blob", t.repo.limits.blob)
	if err == nil {
		t.files[e.id] = o
	}
	return o, err
}

func (t *Tree) content(e entry) ([]byte, error) {
	o, err := t.blob(e)
	if err == nil && o.data == nil {
		err = fmt.Errorf("%w: %d bytes", errLarge, o.size)
	}
	return o.data, err
}

// Stat describes what stands at a name, or where the link there leads.
func (t *Tree) Stat(name string) (fs.FileInfo, error) { return t.stat(name, true) }

// Lstat describes what stands at a name, be it a link.
func (t *Tree) Lstat(name string) (fs.FileInfo, error) { return t.stat(name, false) }

func (t *Tree) stat(name string, follow bool) (fs.FileInfo, error) {
	e, err := t.find(name, follow)
	if err != nil {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	return t.info(e, path.Base(name))
}

func (t *Tree) info(e entry, name string) (fs.FileInfo, error) {
	i := info{name: name, mode: e.mode}
	if e.mode.IsDir() {
		return i, nil
	}
	o, err := t.blob(e)
	i.size = o.size
	return i, err
}

// ReadLink returns where the link at a name leads.
func (t *Tree) ReadLink(name string) (string, error) {
	e, err := t.find(name, false)
	if err == nil && e.mode.Type() != fs.ModeSymlink {
		err = fs.ErrInvalid
	}
	var data []byte
	if err == nil {
		data, err = t.content(e)
	}
	if err != nil {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: err}
	}
	return string(data), nil
}

// ReadDir lists a folder.
func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := t.find(name, true)
	var entries []entry
	if err == nil {
		entries, err = t.list(e)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	if !t.count(len(entries)) {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errMany}
	}
	listed := make([]fs.DirEntry, len(entries))
	for i, e := range entries {
		listed[i] = dirEntry{t, e}
	}
	return listed, nil
}

// count reports whether n more entries may be given. A few small trees that hold each other many
// times over would otherwise be folders without end.
func (t *Tree) count(n int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.listed += n
	return t.listed <= t.repo.limits.entries
}

// Open opens a file or a folder.
func (t *Tree) Open(name string) (fs.File, error) {
	e, err := t.find(name, true)
	if err == nil && e.mode.IsDir() {
		return t.openFolder(e, name)
	}
	var data []byte
	if err == nil {
		data, err = t.content(e)
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &openFile{bytes.NewReader(data), info{name: path.Base(name), mode: e.mode, size: int64(len(data))}}, nil
}

func (t *Tree) openFolder(e entry, name string) (fs.File, error) {
	listed, err := t.ReadDir(name)
	if err != nil {
		return nil, err
	}
	return &openFolder{info: info{name: path.Base(name), mode: e.mode}, left: listed}, nil
}

// info describes an entry.
type info struct {
	name string
	mode fs.FileMode
	size int64
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }

// dirEntry is an entry of a listing.
type dirEntry struct {
	tree *Tree
	entry
}

func (d dirEntry) Name() string               { return d.name }
func (d dirEntry) IsDir() bool                { return d.mode.IsDir() }
func (d dirEntry) Type() fs.FileMode          { return d.mode.Type() }
func (d dirEntry) Info() (fs.FileInfo, error) { return d.tree.info(d.entry, d.name) }

// openFile is a file being read.
type openFile struct {
	*bytes.Reader
	info info
}

func (f *openFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFile) Close() error               { return nil }

// openFolder is a folder being listed.
type openFolder struct {
	info info
	left []fs.DirEntry
}

func (f *openFolder) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *openFolder) Close() error               { return nil }

func (f *openFolder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.info.name, Err: errFolder}
}

// ReadDir returns the next n entries, or all that are left if n is not above 0.
func (f *openFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(f.left) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(f.left) {
		n = len(f.left)
	}
	next := f.left[:n]
	f.left = f.left[n:]
	return next, nil
}
