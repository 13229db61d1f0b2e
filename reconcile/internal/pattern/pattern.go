// Package pattern compiles a regular expression when it is first used: the program has many, each run few
// of them, and starts at every commit.
//
// Invariant: an expression is compiled once, and what does not compile panics. It imports nothing of ours.
package pattern

import (
	"regexp"
	"sync"
)

// Lazy returns what compiles expr at its first call and returns the same ever after.
func Lazy(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
