package manifest

import (
	"errors"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// mapSource is a workspace in memory.
type mapSource struct{ fstest.MapFS }

func (m mapSource) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(m.MapFS, name) }

// TestLoadFrom: the same files give the same workspace and the same findings wherever they stand.
func TestLoadFrom(t *testing.T) {
	files := map[string]string{
		ConfigFile: "version: 1\n", "roles/a.yaml": simple("a"), "roles/b.yaml": simple("a"), "sub/x.YAML": "x",
		".hidden/c.yaml": "x: [", "roles/broken.yaml": "kind: Role\nkey: [\n", "note.txt": "x",
	}
	source := mapSource{fstest.MapFS{}}
	for name, data := range files {
		source.MapFS[name] = &fstest.MapFile{Data: []byte(data)}
	}
	got, findings, err := LoadFrom(source, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want, wanted, err := Load(tempWorkspace(t, files), Options{})
	if err != nil || len(wanted) < 3 {
		t.Fatalf("%v, %v", wanted, err)
	}
	if got.Root != "" {
		t.Errorf("root %q", got.Root)
	}
	got.Root = want.Root
	if diff := cmp.Diff(want, got) + cmp.Diff(wanted, findings); diff != "" {
		t.Errorf("-folder +source:\n%s", diff)
	}
	got.Root = ""
	got.Quote(findings) // reads nothing, since there is no folder
}

func TestLoadFromNoConfig(t *testing.T) {
	_, _, err := LoadFrom(mapSource{fstest.MapFS{"a.yaml": &fstest.MapFile{}}}, Options{})
	if _, ok := errors.AsType[*NoWorkspaceError](err); !ok {
		t.Errorf("%v", err)
	}
}

// blind is a source that cannot even say what it holds.
type blind struct{ mapSource }

var errBlind = errors.New("blind")

func (blind) Lstat(string) (fs.FileInfo, error) { return nil, errBlind }

// TestLoadFromUnreadable: what cannot be looked at is not taken for what is not there.
func TestLoadFromUnreadable(t *testing.T) {
	if _, _, err := LoadFrom(blind{}, Options{}); !errors.Is(err, errBlind) {
		t.Errorf("%v", err)
	}
}

func TestMayHold(t *testing.T) {
	for name, want := range map[string]bool{
		"a.yaml": true, "roles/a.yml": true, "roles/": true, "a b/c\nd.yaml": true,
		"a.txt": false, "a.YAML": false, ".a.yaml": false, ".git/": false, "a/.b/c.yaml": false, "a/.b/": false,
		ConfigFile: false, "sub/" + ConfigFile: false,
	} {
		if got := MayHold(name); got != want {
			t.Errorf("%q: %t", name, got)
		}
	}
}
