package git

import (
	"errors"
	"io/fs"
	"iter"
	"strconv"
	"strings"
)

// Versions gives the contents that files of the folder had before the commit of that full hash,
// going back along first parents, that is along the line of the branch itself: newest first, each
// content once, those that the commit still has not at all. wanted says by its path in the folder
// whether a file counts; with a slash at the end it is asked about a folder. Links and submodules
// do not count.
//
// It ends quietly with the first commit, or after 1,000 commits that changed the folder, 10,000
// files or 100,000 folders. If it cannot go on before, it gives an error last: a [*ShallowError]
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
	repo           *Repository
	wanted         func(name string) bool
	seen           map[string]bool // hashes of trees and files
	files, folders int
}

// walk asks git which commits changed the folder, since it looks through thousands that did not
// faster than they can be asked for.
func (h *history) walk(id string, yield func([]byte, error) bool) error {
	if err := h.commit(id, nil); err != nil { // its own files are only to be passed over
		return err
	}
	most := h.repo.limits.versions
	out, err := h.repo.output("rev-list", "--first-parent", "--max-count="+strconv.Itoa(most), id, "--", ".")
	if err != nil {
		return err
	}
	changed := strings.Fields(out)
	for _, id := range changed {
		if err := h.commit(id, yield); err != nil {
			return err
		}
	}
	if h.repo.shallow && len(changed) < most {
		return &ShallowError{}
	}
	return nil
}

// commit looks through the folder as one commit has it. There may be none.
func (h *history) commit(id string, give func([]byte, error) bool) error {
	root, err := h.repo.folderAt(id)
	if _, none := errors.AsType[*NoFolderError](err); none {
		return nil
	}
	if err != nil {
		return err
	}
	return h.folder(root.id, "", give)
}

// folder gives the files of a tree that were not seen yet.
func (h *history) folder(id, prefix string, give func([]byte, error) bool) error {
	if h.seen[id] {
		return nil
	}
	h.seen[id] = true
	if h.folders++; h.folders > h.repo.limits.folders {
		return errEnough
	}
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
