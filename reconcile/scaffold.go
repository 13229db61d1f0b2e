package reconcile

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/rolewright/rolewright/schema"
)

//go:embed all:scaffold
var scaffold embed.FS

// ActionPlaceholder stands in the workflow of a new workspace where the action is pinned, unless the
// program knows what to pin it to. It is no commit of anything: a run with it fails at once.
const ActionPlaceholder = "0000000000000000000000000000000000000000 # put the commit of a release here"

// Scaffold returns the files of a new workspace: rolewright.yaml, one example role, the schemas for
// the editor, and a workflow that uses the action at the given commit or tag ("" leaves
// ActionPlaceholder, for builds that know neither).
func Scaffold(pin string) ([]File, error) {
	if pin == "" {
		pin = ActionPlaceholder
	}
	var files []File
	err := fs.WalkDir(scaffold, "scaffold", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := scaffold.ReadFile(path)
		files = append(files, File{Path: strings.TrimPrefix(path, "scaffold/"), Data: bytes.ReplaceAll(data, []byte(ActionPlaceholder), []byte(pin))})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read scaffold: %w", err)
	}
	schemas, err := EditorSchemas()
	return append(files, schemas...), err
}

// EditorSchemas returns the schemas that a workspace keeps beside its files, so that an editor
// completes and explains them without a network.
func EditorSchemas() ([]File, error) {
	var files []File
	for _, name := range []string{"role", "config"} {
		data, err := schema.Source(name)
		if err != nil {
			return nil, err
		}
		files = append(files, File{Path: ".rolewright/" + name + ".schema.json", Data: data})
	}
	return files, nil
}
