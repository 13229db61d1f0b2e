package manifest

import (
	"os"

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
	w.QuoteFrom(folder{dir}, findings)
}
