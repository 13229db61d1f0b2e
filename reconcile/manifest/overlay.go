package manifest

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"time"

	"github.com/rolewright/rolewright/reconcile/diag"
)

// OpenFolder returns the files of a folder. Close it in the end.
func OpenFolder(root string) (interface {
	Source
	io.Closer
}, error,
) {
	dir, err := os.OpenRoot(root)
	if err != nil {
		return nil, fmt.Errorf("open workspace: %w", err)
	}
	return folder{dir}, nil
}

// With returns src as it would be if some of its files held other bytes. The files have to be there.
func With(src Source, files map[string][]byte) Source { return overlay{src, files} }

// overlay is a source of which some files hold other bytes.
type overlay struct {
	Source
	files map[string][]byte
}

// Open opens a file for reading.
func (o overlay) Open(name string) (fs.File, error) {
	data, held := o.files[name]
	if !held {
		return o.Source.Open(name)
	}
	return &memoryFile{Reader: bytes.NewReader(data), info: memoryInfo{path.Base(name), int64(len(data))}}, nil
}

type memoryFile struct {
	*bytes.Reader
	info memoryInfo
}

func (f *memoryFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *memoryFile) Close() error               { return nil }

type memoryInfo struct {
	name string
	size int64
}

func (i memoryInfo) Name() string     { return i.name }
func (i memoryInfo) Size() int64      { return i.size }
func (memoryInfo) Mode() fs.FileMode  { return 0o644 }
func (memoryInfo) ModTime() time.Time { return time.Time{} }
func (memoryInfo) IsDir() bool        { return false }
func (memoryInfo) Sys() any           { return nil }

// QuoteFrom is [Workspace.Quote] for files of a source.
func (w *Workspace) QuoteFrom(src Source, findings []diag.Finding) {
	texts := map[string]*text{}
	for i, f := range findings {
		if f.Source != "" || f.Pos.Line == 0 || !slices.Contains(w.Files, f.Pos.File) {
			continue
		}
		if texts[f.Pos.File] == nil {
			data, _ := slurp(src, f.Pos.File, defaultLimits.file)
			texts[f.Pos.File] = newText(f.Pos.File, data)
		}
		findings[i].Source = texts[f.Pos.File].shown(f.Pos.Line)
	}
}
