package policy

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMatchAction(t *testing.T) {
	for _, c := range []struct {
		pattern, action string
		want            bool
	}{
		{"updateOn", "updateOn", true},
		{"updateOn", "updateon", false},
		{"updateOn", "updateOnX", false},
		{"update*", "updateOn", true},
		{"update*", "update", true},
		{"*", "anything", true},
		{"*", "", true},
		{"", "", true},
		{"", "x", false},
		{"*Tags", "updateTags", true},
		{"*Tags", "updateTagsX", false},
		{"up*e*s", "updateRules", true},
		{"a*b*c", "abbbbc", true},
		{"a*b*c", "acb", false},
		{"**", "x", true},
	} {
		if got := MatchAction(c.pattern, c.action); got != c.want {
			t.Errorf("MatchAction(%q, %q) = %v", c.pattern, c.action, got)
		}
		if got := Pattern(c.pattern).Match(c.action); got != c.want {
			t.Errorf("Pattern(%q).Match(%q) = %v", c.pattern, c.action, got)
		}
	}
}

// TestMatchIsNotExponential would not end if every wildcard were tried at every place.
func TestMatchIsNotExponential(t *testing.T) {
	if MatchAction(strings.Repeat("*a", 500)+"b", strings.Repeat("a", 5000)) {
		t.Error("matches")
	}
}

func TestParts(t *testing.T) {
	for _, c := range []struct {
		pattern Pattern
		want    []Piece
	}{
		{"", nil},
		{"web", []Piece{{Literal, "web"}}},
		{"*", []Piece{{Kind: Wildcard}}},
		{"a*b", []Piece{{Literal, "a"}, {Kind: Wildcard}, {Literal, "b"}}},
		{"a-${roleAttribute/x}*", []Piece{{Literal, "a-"}, {Attribute, "x"}, {Kind: Wildcard}}},
		{"${roleAttribute/x}${roleAttribute/y}", []Piece{{Attribute, "x"}, {Attribute, "y"}}},
		// What no parser lets through is still taken apart without harm.
		{"${roleAttribute/x", []Piece{{Attribute, "x"}}},
		{"$x", []Piece{{Literal, "$x"}}},
	} {
		if diff := cmp.Diff(c.want, c.pattern.Parts()); diff != "" {
			t.Errorf("%q: %s", c.pattern, diff)
		}
	}
}

func TestAttributeMatchesNothing(t *testing.T) {
	for _, key := range []string{"", "x", "roleAttribute", "a-"} {
		if Pattern("${roleAttribute/x}").Match(key) || Pattern("*${roleAttribute/x}*").Match(key) {
			t.Errorf("matches %q", key)
		}
	}
}
