package diag

import (
	"strings"

	"github.com/agext/levenshtein"
)

// Nearest returns the candidate that word was probably meant to be, or "" if none is near. Near
// means at most two edits and at most a third of the word, letter case aside. Ties go to the
// first candidate.
func Nearest(word string, candidates []string) string {
	best, least := "", min(2, len(word)/3)+1
	for _, c := range candidates {
		d := levenshtein.Distance(strings.ToLower(word), strings.ToLower(c), nil)
		if d < least {
			best, least = c, d
		}
	}
	return best
}
