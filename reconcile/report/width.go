package report

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// columns returns how many terminal columns s takes; s has been through [Terminal].
func columns(s string) int {
	if plain(s) {
		return len(s)
	}
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

// runeColumns returns 0 for a mark that joins the character before it, 2 for the wide characters
// of East Asian text and emoji, 1 for all others.
func runeColumns(r rune) int {
	switch {
	case r < utf8.RuneSelf:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// pad returns s with spaces after it up to n columns.
func pad(s string, n int) string {
	return s + strings.Repeat(" ", max(0, n-columns(s)))
}

// wrap joins words with sep into lines of at most n columns. A word that is longer has a line to
// itself. sep without its spaces stays at the end of a line that is continued.
func wrap(words []string, sep string, n int) []string {
	var lines []string
	var line strings.Builder
	used := 0
	for i, word := range words {
		if i < len(words)-1 {
			word += strings.TrimRight(sep, " ")
		}
		need := columns(word)
		gap := columns(sep) - columns(strings.TrimRight(sep, " "))
		if i > 0 && used+gap+need > n {
			lines = append(lines, line.String())
			line.Reset()
			used = 0
		} else if i > 0 {
			line.WriteString(strings.Repeat(" ", gap))
			used += gap
		}
		line.WriteString(word)
		used += need
	}
	return append(lines, line.String())
}
