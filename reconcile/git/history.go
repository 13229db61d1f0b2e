package git

import (
	"errors"
	"io/fs"
	"iter"
)

// Versions gives the contents that files of the folder had before the commit of that full hash,
// going back along first parents, that is along the line of the branch itself: newest first, each
// content once, those that the commit still has not at all. wanted says by its path in the folder
// whether a file counts; with a slash at the end it is asked about a folder. Links and submodules
// do not count.
//
// It ends quietly with the first commit, or after 1,000 commits that changed the folder, 10,000
// commits or 10,000 files. If it cannot go on before, it gives an error last: a [*ShallowError]
// where the clone ends.
func (r *Repository) Versions(commit string, wanted func(name string) bool) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		h := &history{repo: r, wanted: wanted, seen: map[string]bool{}}
		if err := h.walk(commit, yield); err != nil && !errors.Is(err, errEnough) {
			yield(nil, err)
		}
	}
}

// errEnough ends a walk on which nothing is wrong.
var errEnough = errors.New("enough")

// history is one walk.
type history struct {
	repo            *Repository
	wanted          func(name string) bool
	seen            map[string]bool // hashes of trees and files
	versions, files int
}

func (h *history) walk(id string, yield func([]byte, error) bool) error {
	for n := range h.repo.limits.commits {
		c, err := h.repo.commit(id)
		if h.repo.shallow && isMissing(err) {
			return &ShallowError{}
		}
		if err != nil {
			return err
		}
		give := yield
		if n == 0 {
			give = nil // the files of the commit itself are only to be passed over
		}
		if err := h.commit(c, id, give); err != nil {
			return err
		}
		if c.parent == "" {
			return nil
		}
		id = c.parent
	}
	return nil
}

func isMissing(err error) bool {
	_, missing := errors.AsType[*MissingError](err)
	return missing
}

// commit looks through the folder as one commit has it. There may be none.
func (h *history) commit(c commit, id string, give func([]byte, error) bool) error {
	root, err := h.repo.folderIn(c.tree, id)
	if _, none := errors.AsType[*NoFolderError](err); none || h.seen[root.id] {
		return nil
	}
	if err != nil {
		return err
	}
	if h.versions++; h.versions > h.repo.limits.versions {
		return errEnough
	}
	return h.folder(root.id, "", give)
}

// folder gives the files of a tree that were not seen yet.
func (h *history) folder(id, prefix string, give func([]byte, error) bool) error {
	if h.seen[id] {
		return nil
	}
	h.seen[id] = true
	entries, err := h.repo.tree(id)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := prefix + e.name
		switch {
		case e.module || e.mode.Type() == fs.ModeSymlink:
		case e.mode.IsDir() && h.wanted(name+"/"):
			err = h.folder(e.id, name+"/", give)
		case !e.mode.IsDir() && h.wanted(name):
			err = h.file(e.id, give)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// file gives one file, unless it was seen. What is too large to be read is passed over: nobody
// could have applied it.
func (h *history) file(id string, give func([]byte, error) bool) error {
	if h.seen[id] {
		return nil
	}
	h.seen[id] = true
	if give == nil {
		return nil
	}
	if h.files++; h.files > h.repo.limits.files {
		return errEnough
	}
	o, err := h.repo.read(id, "blob", h.repo.limits.blob)
	if err != nil {
		return err
	}
	if o.data != nil && !give(o.data, nil) {
		return errEnough
	}
	return nil
}
