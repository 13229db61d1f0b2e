package role

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestGlob(t *testing.T) {
	tests := []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"*", "anything at all", true},
		{"legacy-*", "legacy-ops", true},
		{"legacy-*", "legacy-", true},
		{"legacy-*", "old-legacy-ops", false},
		{"*-ops", "legacy-ops", true},
		{"*-ops", "legacy-ops-2", false},
		{"a*b*c", "a--b--b--c", true},
		{"a*b*c", "acb", false},
		{"A", "a", false},
		{"a?c", "abc", false},
		{"[ab]", "a", false},
		{"**", "x", true},
		{"*é*", "café au lait", true},
		{strings.Repeat("*a", 50) + "b", strings.Repeat("a", 5000), false},
	}
	for _, test := range tests {
		if got := Glob(test.pattern, test.text); got != test.want {
			t.Errorf("Glob(%.20q, %.20q) = %v", test.pattern, test.text, got)
		}
	}
}

// TestGlobIsARegularExpression: a glob means what the regular expression says that has ".*" for
// every star.
func TestGlobIsARegularExpression(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pattern := rapid.StringMatching(`[ab*]{0,8}`).Draw(t, "pattern")
		text := rapid.StringMatching(`[ab]{0,8}`).Draw(t, "text")
		want := regexp.MustCompile(`^` + strings.ReplaceAll(pattern, "*", ".*") + `$`).MatchString(text)
		if got := Glob(pattern, text); got != want {
			t.Fatalf("Glob(%q, %q) = %v", pattern, text, got)
		}
	})
}
