package manifest

import (
	"fmt"
	"os"
	"path/filepath"
)

// NoWorkspaceError says that no folder from Start upward holds rolewright.yaml.
type NoWorkspaceError struct {
	Start string // the folder where the search began
	Last  string // the folder where it ended
	Near  string // a file that is probably the one meant, or ""
}

// Error says what was looked for and where.
func (e *NoWorkspaceError) Error() string {
	return fmt.Sprintf("no %s in %q or a folder above it, up to %q", ConfigFile, e.Start, e.Last)
}

// Hint says what to do.
func (e *NoWorkspaceError) Hint() string {
	if e.Near != "" {
		return fmt.Sprintf("rename %q to %s", e.Near, ConfigFile)
	}
	return "run rolewright init to start a workspace, or name its folder"
}

// Find returns the folder of the workspace that start, a file or a folder, belongs to: the
// nearest one upward that holds rolewright.yaml. The search ends at the folder of a git
// repository. The error is a [*NoWorkspaceError] or says why start cannot be read.
func Find(start string) (root string, err error) {
	dir, err := filepath.Abs(start)
	if err != nil {
		return "", fmt.Errorf("find workspace: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return "", fmt.Errorf("find workspace: %w", err)
	}
	if !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	missing := &NoWorkspaceError{Start: dir}
	for {
		if exists(filepath.Join(dir, ConfigFile)) {
			return dir, nil
		}
		if near := filepath.Join(dir, "rolewright.yml"); missing.Near == "" && exists(near) {
			missing.Near = near
		}
		parent := filepath.Dir(dir)
		if parent == dir || exists(filepath.Join(dir, ".git")) {
			missing.Last = dir
			return "", missing
		}
		dir = parent
	}
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}
