package manifest

import (
	"os"
	"slices"

	"github.com/rolewright/rolewright/reconcile/diag"
)

// Quote fills in the text of the line for findings that others made about the files of w. A file
// that cannot be read any more is left without.
func (w *Workspace) Quote(findings []diag.Finding) {
	dir, err := os.OpenRoot(w.Root)
	if err != nil {
		return
	}
	defer dir.Close()
	texts := map[string]*text{}
	for i, f := range findings {
		if f.Source != "" || f.Pos.Line == 0 || !slices.Contains(w.Files, f.Pos.File) {
			continue
		}
		if texts[f.Pos.File] == nil {
			data, _ := slurp(folder{dir}, f.Pos.File, defaultLimits.file)
			texts[f.Pos.File] = newText(f.Pos.File, data)
		}
		findings[i].Source = texts[f.Pos.File].shown(f.Pos.Line)
	}
}
