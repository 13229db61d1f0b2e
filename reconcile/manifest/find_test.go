package manifest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// realTemp is a temporary folder without symbolic links in its name.
func realTemp(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFind(t *testing.T) {
	root := realTemp(t)
	write(t, root, "ws/rolewright.yaml", "version: 1\n")
	write(t, root, "ws/roles/deep/a.yaml", "")
	write(t, root, "ws/inner/rolewright.yaml", "version: 1\n")
	ws := filepath.Join(root, "ws")
	for start, want := range map[string]string{
		"ws":                   ws,
		"ws/roles":             ws,
		"ws/roles/deep":        ws,
		"ws/roles/deep/a.yaml": ws,
		"ws/rolewright.yaml":   ws,
		"ws/inner":             filepath.Join(ws, "inner"),
	} {
		got, err := Find(filepath.Join(root, filepath.FromSlash(start)))
		if err != nil || got != want {
			t.Errorf("Find(%s) = %q, %v", start, got, err)
		}
	}
}

func TestFindRelative(t *testing.T) {
	root := realTemp(t)
	write(t, root, "rolewright.yaml", "version: 1\n")
	write(t, root, "roles/a.yaml", "")
	t.Chdir(filepath.Join(root, "roles"))
	if got, err := Find("."); err != nil || got != root {
		t.Errorf("%q, %v", got, err)
	}
}

// TestFindStopsAtRepository: a repository is not part of a workspace that lies around it.
func TestFindStopsAtRepository(t *testing.T) {
	root := realTemp(t)
	write(t, root, "rolewright.yaml", "version: 1\n")
	write(t, root, "repo/.git/HEAD", "")
	write(t, root, "repo/roles/a.yaml", "")
	_, err := Find(filepath.Join(root, "repo", "roles", "a.yaml"))
	missing, ok := errors.AsType[*NoWorkspaceError](err)
	if !ok || missing.Start != filepath.Join(root, "repo", "roles") || missing.Last != filepath.Join(root, "repo") {
		t.Fatalf("%v", err)
	}
	if !strings.Contains(err.Error(), "rolewright.yaml") || !strings.Contains(missing.Hint(), "rolewright init") {
		t.Errorf("%v, hint %q", err, missing.Hint())
	}
}

func TestFindNames(t *testing.T) {
	root := realTemp(t)
	write(t, root, ".git/HEAD", "")
	write(t, root, "rolewright.yml", "version: 1\n")
	_, err := Find(root)
	missing, ok := errors.AsType[*NoWorkspaceError](err)
	if !ok || !strings.Contains(missing.Hint(), "rename") {
		t.Errorf("%v", err)
	}
	if _, err := Find(filepath.Join(root, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestLoadNoFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, root := range []string{file, file + "-none"} {
		if _, _, err := Load(root, Options{}); err == nil || !strings.HasPrefix(err.Error(), "open workspace: ") {
			t.Errorf("%s: %v", root, err)
		}
	}
}
