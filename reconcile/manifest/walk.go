package manifest

import (
	"errors"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rolewright/rolewright/reconcile/diag"
)

// maxDepth bounds both folders in folders and nodes in nodes.
const maxDepth = 32

// tree is what a workspace holds.
type tree struct {
	source   Source
	limits   limits
	files    []string // the YAML files, sorted, slash-separated
	size     int64
	folded   map[string]string // names in lower case, to find those that differ by case alone
	findings []diag.Finding
	full     bool
}

// walk lists the YAML files of src. Hidden folders and files are none of ours; whatever else
// looks as if it held a role and does not count is an error, never passed over in silence.
func walk(src Source, l limits) (*tree, error) {
	t := &tree{source: src, limits: l, folded: map[string]string{}}
	err := t.folder(".", 0)
	return t, err
}

func (t *tree) folder(name string, depth int) error {
	if depth > maxDepth {
		t.fail(name, "file/depth", "folders are nested more than "+strconv.Itoa(maxDepth)+" deep", "")
		return nil
	}
	entries, err := t.source.ReadDir(name)
	if err != nil {
		if depth == 0 {
			return err
		}
		t.fail(name, "file/read", "the folder cannot be read: "+cause(err), "as long as a folder cannot be read, nothing is planned: a role might be in it")
		return nil
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || t.full {
			continue
		}
		if err := t.entry(path.Join(name, e.Name()), e, depth); err != nil {
			return err
		}
	}
	return nil
}

// entry takes in one entry of a folder.
func (t *tree) entry(name string, e fs.DirEntry, depth int) error {
	yaml := isYAML(name)
	switch mode := e.Type(); {
	case mode&fs.ModeSymlink != 0:
		t.link(name)
	case mode.IsDir() && yaml:
		t.fail(name, "file/type", "a folder has the name of a YAML file", "rename the folder")
	case mode.IsDir():
		return t.folder(name, depth+1)
	case !yaml && looksLikeYAML(name):
		t.fail(name, "file/name", "the file looks like YAML but its name does not end in .yaml or .yml, so it would be ignored",
			"rename it, or move it out of the workspace")
	case !yaml:
	case !mode.IsRegular():
		t.fail(name, "file/type", "not a regular file", "put the file itself here")
	default:
		t.file(name, e)
	}
	return nil
}

// link judges a symbolic link. Links are not followed: a reviewer sees the link and not what it
// leads to. One that leads to a plain file of another sort inside the workspace is no matter.
func (t *tree) link(name string) {
	info, err := t.source.Stat(name)
	if err == nil && info.Mode().IsRegular() && !isYAML(name) && !looksLikeYAML(name) {
		return
	}
	message := "a symbolic link"
	if err != nil {
		message += " that leaves the workspace or leads nowhere"
	}
	t.fail(name, "file/link", message, "put the file or folder itself here")
}

// file takes in a regular file with the name of a YAML file.
func (t *tree) file(name string, e fs.DirEntry) {
	if info, err := e.Info(); err == nil {
		t.size += min(info.Size(), t.limits.file)
	}
	switch base := path.Base(name); {
	case len(t.files) >= t.limits.files:
		t.full = true
		t.fail(name, "file/count", "the workspace has more than "+strconv.Itoa(t.limits.files)+" files", "")
		return
	case t.size > t.limits.total:
		t.full = true
		t.fail(name, "file/size", "the files of the workspace are larger than "+strconv.FormatInt(t.limits.total, 10)+" bytes together", "")
		return
	case base == ConfigFile && name != ConfigFile:
		t.fail(name, "file/nested-workspace", "a workspace inside a workspace: its roles would belong to both", "move one of the two folders out of the other")
		return
	case base != ConfigFile && isConfigName(base):
		t.fail(name, "file/name", "the configuration of a workspace is called "+ConfigFile, "rename it")
		return
	case !printable(name):
		t.fail(name, "file/name", "the file's name has invisible or control characters", "rename it")
	}
	if other, ok := t.folded[strings.ToLower(name)]; ok {
		t.fail(name, "file/case", "the name differs from "+strconv.Quote(other)+" by letter case alone, so one of them is lost on other systems", "rename one of them")
	}
	t.folded[strings.ToLower(name)] = name
	t.files = append(t.files, name)
}

func (t *tree) fail(name, code, message, hint string) {
	t.findings = append(t.findings, fileFinding(name, code, message, hint))
}

func isYAML(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

func isConfigName(base string) bool {
	return strings.EqualFold(base, ConfigFile) || strings.EqualFold(base, "rolewright.yml")
}

// looksLikeYAML reports whether a name has a YAML ending somewhere, in any case, with something
// behind it that is not a letter: x.YAML, x.yml.txt, "x.yaml ", x.yaml~.
func looksLikeYAML(name string) bool {
	base := strings.ToLower(path.Base(name))
	for _, ending := range []string{".yaml", ".yml"} {
		_, rest, found := strings.Cut(base, ending)
		if found && (rest == "" || rest[0] < 'a' || rest[0] > 'z') {
			return true
		}
	}
	return false
}

// printable reports whether a name can be shown as it is.
func printable(name string) bool {
	for _, r := range name {
		if r == utf8.RuneError || denied(r) != "" || r == '\n' || r == '\t' {
			return false
		}
	}
	return true
}

// shownName returns a name for a position: as it is, or escaped where it holds what must not
// reach a terminal.
func shownName(name string) string {
	if printable(name) {
		return name
	}
	quoted := strconv.QuoteToASCII(name)
	return quoted[1 : len(quoted)-1]
}

// cause returns the reason of a path error without the operation and the path, which the finding
// names already.
func cause(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err.Error()
	}
	return err.Error()
}
