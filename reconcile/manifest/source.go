package manifest

import (
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
)

// Source is where the files of a workspace are read: a folder, or something that is listed like
// one, as the tree of a commit is. Names are slash-separated and relative to the workspace, which
// is ".". ReadDir returns entries sorted by name, of the type that they have themselves; Stat
// follows links, but none that leaves the workspace; Lstat follows none.
//
// Files are opened from several goroutines at a time.
type Source interface {
	fs.ReadDirFS
	fs.StatFS
	Lstat(name string) (fs.FileInfo, error)
}

// folder is a folder of the file system. os.Root opens nothing outside it.
type folder struct{ *os.Root }

// nonBlocking keeps opening a pipe from waiting for a writer.
const nonBlocking = syscall.O_NONBLOCK

// Open opens a file for reading.
func (f folder) Open(name string) (fs.File, error) {
	return f.OpenFile(name, os.O_RDONLY|nonBlocking, 0)
}

// ReadDir lists a folder.
func (f folder) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(f.FS(), name) }

// MayHold reports whether what stands at name can hold roles, going by the name alone: a file with
// the name of a YAML file other than rolewright.yaml, or with a slash at the end a folder, none of
// it hidden.
func MayHold(name string) bool {
	dir, isDir := strings.CutSuffix(name, "/")
	for part := range strings.SplitSeq(dir, "/") {
		if strings.HasPrefix(part, ".") {
			return false
		}
	}
	return isDir || isYAML(name) && path.Base(name) != ConfigFile
}
