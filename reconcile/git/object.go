package git

import (
	"bytes"
	"encoding/hex"
	"io/fs"
	"slices"
	"strings"
)

// isHash reports whether s is a full hash, SHA-1 or SHA-256.
func isHash(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && (len(raw) == 20 || len(raw) == 32)
}

// read returns the object of that hash and kind, which must be there; its data may be missing if
// it is larger than limit.
func (r *Repository) read(id, kind string, limit int64) (object, error) {
	o, err := r.batch.object(id, limit)
	switch {
	case err != nil:
		return object{}, err
	case o.missing:
		return object{}, &MissingError{ID: id}
	case o.kind != kind:
		return object{}, &CorruptError{ID: id, What: "it is a " + o.kind + ", not a " + kind}
	}
	return o, nil
}

// whole is read for what cannot be done without its data.
func (r *Repository) whole(id, kind string) (object, error) {
	o, err := r.read(id, kind, r.limits.object)
	if err == nil && o.data == nil {
		err = &CorruptError{ID: id, What: "it is too large"}
	}
	return o, err
}

// commit is what is of interest in a commit: its tree and its first parent, if it has one.
type commit struct{ tree, parent string }

func (r *Repository) commit(id string) (commit, error) {
	if !isHash(id) {
		return commit{}, &UnknownRefError{Ref: id, Reason: "it is not a full hash"}
	}
	o, err := r.whole(id, "commit")
	if err != nil {
		return commit{}, err
	}
	c := commit{}
	for line := range strings.Lines(string(o.data)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch {
		case name == "tree" && c.tree == "":
			c.tree = value
		case name == "parent" && c.parent == "":
			c.parent = value
		case name != "parent":
			return c.checked(id)
		}
	}
	return c.checked(id)
}

func (c commit) checked(id string) (commit, error) {
	if !isHash(c.tree) || c.parent != "" && !isHash(c.parent) {
		return commit{}, &CorruptError{ID: id, What: "it is not a commit as git writes it"}
	}
	return c, nil
}

// entry is one line of a tree.
type entry struct {
	name, id string
	mode     fs.FileMode
	module   bool // a submodule: its files are in another repository
}

// modes are the kinds of entries that git writes.
var modes = map[string]entry{
	"40000":  {mode: fs.ModeDir | 0o555},
	"100644": {mode: 0o444},
	"100664": {mode: 0o444},
	"100755": {mode: 0o555},
	"120000": {mode: fs.ModeSymlink | 0o777},
	"160000": {mode: fs.ModeDir | 0o555, module: true},
}

// tree returns the entries of a tree, sorted by name.
func (r *Repository) tree(id string) ([]entry, error) {
	o, err := r.whole(id, "tree")
	if err != nil {
		return nil, err
	}
	entries, ok := parseTree(o.data, len(id)/2)
	if !ok {
		return nil, &CorruptError{ID: id, What: "it is not a tree as git writes it"}
	}
	return entries, nil
}

// parseTree reads the entries "MODE NAME\0HASH" of a tree, in which a hash takes up size bytes. A
// name that git never writes, or one that comes twice, would let two readers see two things.
func parseTree(data []byte, size int) ([]entry, bool) {
	var entries []entry
	for len(data) > 0 {
		head, rest, found := bytes.Cut(data, []byte{0})
		mode, name, spaced := strings.Cut(string(head), " ")
		e, known := modes[mode]
		if !found || !spaced || !known || len(rest) < size || !properName(name) {
			return nil, false
		}
		e.name, e.id = name, hex.EncodeToString(rest[:size])
		entries, data = append(entries, e), rest[size:]
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	for i := 1; i < len(entries); i++ {
		if entries[i].name == entries[i-1].name {
			return nil, false
		}
	}
	return entries, true
}

func properName(name string) bool {
	return name != "" && name != "." && name != ".." && !strings.Contains(name, "/")
}
