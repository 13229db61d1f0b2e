package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// maxFile is the largest plan or snapshot that is read, in bytes.
const maxFile = 64 << 20

// readRegular reads a whole regular file of at most maxFile bytes: no link, pipe or device, which
// could be something else by the time it is read, or never end.
func readRegular(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("no file %q", path)
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%q is not a regular file", path)
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%q is larger than %d MiB", path, maxFile>>20)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxFile))
}

// saveJSON puts a document that a flag named into its file. It never overwrites what is not JSON by
// name, or no plain file: a slip of the finger must not cost a role file.
func saveJSON(path string, data []byte) error {
	if isYAML(path) {
		return fmt.Errorf("%q has the name of a role file; give it one that ends in .json", path)
	}
	if path == "-" {
		return errors.New("\"-\" is no file; --format json prints to standard output")
	}
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%q is not a regular file", path)
	}
	return replaceFile(path, data, 0o600)
}

func isYAML(path string) bool {
	return strings.HasSuffix(path, ".yaml") || strings.HasSuffix(path, ".yml")
}

// replaceFile puts data in the place of a file in one step, so that nobody ever reads half of it.
func replaceFile(file string, data []byte, mode fs.FileMode) error {
	temp, err := os.CreateTemp(filepath.Dir(file), ".rolewright-*")
	if err != nil {
		return err
	}
	_, werr := temp.Write(data)
	err = errors.Join(werr, temp.Chmod(mode), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	return nil
}

// writeFile writes a file of a workspace, making its folder where there is none.
func writeFile(root, path string, data []byte) error {
	full := filepath.Join(root, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return err
	}
	return os.WriteFile(full, data, 0o644)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
