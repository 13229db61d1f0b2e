package policy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// nameExtra is what a name can hold beside the characters of a key: members may be named by
// e-mail address, so it is RFC 5322's atom characters less those with a meaning here.
const nameExtra = "@+'%=~&!#^|"

// isKeyByte reports whether LaunchDarkly's keys and tags can hold c.
func isKeyByte(c byte) bool {
	return isWord(c) && c != '*' || c == '.'
}

func isNameByte(c byte) bool { return isKeyByte(c) || strings.IndexByte(nameExtra, c) >= 0 }

// isWord reports whether c may stand in what people write for a type.
func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '*'
}

// isType reports whether word has the form of a type: a lower-case word with hyphens.
func isType(word string) bool {
	for i := range len(word) {
		c := word[i]
		if !('a' <= c && c <= 'z') && (i == 0 || !('0' <= c && c <= '9' || c == '-')) {
			return false
		}
	}
	return word != ""
}

// lookalikes are characters that read like one of the grammar's own.
var lookalikes = []struct{ glyphs, meant string }{
	{"\u2217\u204e\u2731", "*"},
	{"\u2215\u2044\u2571\u29f8", "/"},
	{"\u2236\ua789\u02d0", ":"},
	{"\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"},
}

// unexpected is the mistake of a character that cannot stand where the parser is.
func (p *parser) unexpected(what string) *fault {
	r, size := utf8.DecodeRuneInString(p.text[p.at:])
	switch {
	case r == ' ' || r == '\t':
		return p.faultf(p.at, size, "", "there is a blank in the %s", what)
	case r == utf8.RuneError && size <= 1:
		return p.hopeless(p.at, "the text is not UTF-8")
	case r >= utf8.RuneSelf:
		return p.foreign(r, size)
	case unicode.IsControl(r):
		return p.faultf(p.at, size, "", "there is a control character (%U) in the %s", r, what)
	case r == '?':
		return p.faultf(p.at, size, "*", "\"?\" is no wildcard: \"*\" is the only one")
	case r == '"' || r == '\'' || r == '`':
		return p.faultf(p.at, size, "", "there is a quote in the %s", what)
	}
	return p.hopeless(p.at, "%q cannot stand in a %s", p.text[p.at:p.at+size], what)
}

// foreign is the mistake of a character outside ASCII.
func (p *parser) foreign(r rune, size int) *fault {
	put := meant(r)
	if put == "" {
		return p.hopeless(p.at, "%U %q is not ASCII, and no key or tag can hold it", r, string(r))
	}
	return p.faultf(p.at, size, put, "%U %q is not ASCII; it only looks like %q", r, string(r), put)
}

// meant returns the ASCII character that r looks like, or "".
func meant(r rune) string {
	if first, last := '\uff01', '\uff5e'; first <= r && r <= last { // fullwidth forms are ASCII, moved
		return string(r - first + '!')
	}
	for _, l := range lookalikes {
		if strings.ContainsRune(l.glyphs, r) {
			return l.meant
		}
	}
	return ""
}
