package role

import (
	"fmt"
	"slices"
)

// Scope selects objects of one kind by globs over their keys; "*" runs over any characters. It is
// what the files may touch: what is outside is never read as absent.
type Scope struct {
	Include []string `json:"include"` // nothing is managed where it is empty
	Ignore  []string `json:"ignore"`  // what matches is left alone whatever Include says
	Prune   bool     `json:"prune"`   // delete what is in scope and not declared
}

// Covers reports whether an object with that key is in scope, and if not, why, in the words of
// rolewright.yaml.
func (s Scope) Covers(key string) (covered bool, reason string) {
	if i := slices.IndexFunc(s.Ignore, func(glob string) bool { return Glob(glob, key) }); i >= 0 {
		return false, fmt.Sprintf("%q of \"ignore\" matches it", s.Ignore[i])
	}
	if slices.ContainsFunc(s.Include, func(glob string) bool { return Glob(glob, key) }) {
		return true, ""
	}
	return false, "nothing in \"include\" matches it"
}
