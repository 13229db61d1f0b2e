package policy

import "strings"

// Pattern is what stands for a key, a tag or a view: literal text, "*" for any run of characters,
// and role attributes, as "a-${roleAttribute/team}-*". It keeps the text as written, so patterns
// compare with ==.
type Pattern string

// Piece is a part of a pattern.
type Piece struct {
	Kind PieceKind
	Text string // of a literal, or the name of a role attribute; empty for a wildcard
}

// PieceKind tells the pieces of a pattern apart.
type PieceKind int

// The kinds of piece.
const (
	Literal   PieceKind = iota
	Wildcard            // any run of characters, the empty one too
	Attribute           // the values that the role attribute has where the role is assigned
)

const attributePrefix = "${roleAttribute/"

// Parts returns the pieces of p from left to right, with no two literals next to each other.
func (p Pattern) Parts() []Piece {
	var parts []Piece
	for rest := string(p); rest != ""; {
		part, n := nextPart(rest)
		parts, rest = append(parts, part), rest[n:]
	}
	return parts
}

// nextPart returns the first piece of text, which is not empty, and its length in bytes.
func nextPart(text string) (Piece, int) {
	if text[0] == '*' {
		return Piece{Kind: Wildcard}, 1
	}
	if name, found := strings.CutPrefix(text, attributePrefix); found {
		name, _, _ = strings.Cut(name, "}")
		return Piece{Attribute, name}, min(len(text), len(attributePrefix)+len(name)+1)
	}
	n := strings.IndexAny(text[1:], "*$") + 1
	if n == 0 {
		n = len(text)
	}
	return Piece{Literal, text[:n]}, n
}

// Match reports whether p matches the whole of text. Letter case counts. A role attribute matches
// nothing, as where it is not set: put its values in first.
func (p Pattern) Match(text string) bool { return glob(string(p), text) }

// MatchAction reports whether pattern, an element of actions or notActions such as "update*",
// matches action. Letter case counts.
func MatchAction(pattern, action string) bool { return glob(pattern, action) }

// glob reports whether pattern matches the whole of text, "*" standing for any run of characters.
// Where a "*" took too little it takes one more: only the last one passed needs to, so the work
// is at most the product of both lengths.
func glob(pattern, text string) bool {
	p, t, star, resume := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, resume = p, t
			p++
		case p < len(pattern) && pattern[p] == text[t]:
			p++
			t++
		case star >= 0:
			resume++
			p, t = star+1, resume
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
