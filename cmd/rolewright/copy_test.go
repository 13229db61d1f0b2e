package main

import (
	"io/fs"
	"slices"
	"strings"
)

// withoutData is a file system without the emulator's data, which a run by hand may have left in
// examples/.
type withoutData struct{ fs.FS }

// ReadDir lists a folder without data files.
func (w withoutData) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(w.FS, name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return strings.HasSuffix(e.Name(), ".db") }), err
}
