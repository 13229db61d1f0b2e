package access

import (
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// maxExpansions bounds the patterns that one pattern with several attributes stands for.
const maxExpansions = 4096

// pattern returns the formula "the key (tag, view) matches p" with the role attributes put in:
// the values where they are known, nothing or everything where there are none, and a free atom
// where nobody knows.
func (e *Engine) pattern(level int32, p policy.Pattern, in scope) ref {
	if !strings.Contains(string(p), "${") {
		return e.word(level, e.fold(string(p)))
	}
	texts := []string{""}
	for _, piece := range p.Parts() {
		values := e.valuesOf(level, piece, in)
		if len(texts)*len(values) > maxExpansions {
			e.overflow = true
			return no
		}
		var longer []string
		for _, text := range texts {
			for _, value := range values {
				longer = append(longer, text+value)
			}
		}
		texts = longer
	}
	var matches []ref
	for _, text := range texts {
		if strings.Contains(text, "${") {
			matches = append(matches, e.freeAtom(level, text, in.Through))
		} else {
			matches = append(matches, e.word(level, text))
		}
	}
	return e.or(matches...)
}

// valuesOf returns what a piece of a pattern stands for. An attribute of a symbolic subject that
// has no value stays as it is.
func (e *Engine) valuesOf(level int32, piece policy.Piece, in scope) []string {
	switch piece.Kind {
	case policy.Literal:
		return []string{e.fold(piece.Text)}
	case policy.Wildcard:
		return []string{"*"}
	}
	given, listed := in.Attributes[piece.Text]
	switch {
	case in.symbolic && !listed:
		return []string{"${roleAttribute/" + piece.Text + "}"}
	case len(given) == 0 && e.sem.UnsetAttribute == policy.Everything:
		return []string{"*"}
	}
	var values []string
	for _, value := range given {
		text := e.fold(value)
		plain := text
		if e.sem.AttributeGlobs == policy.AttributeGlob {
			plain = strings.ReplaceAll(text, "*", "")
		}
		if e.alphabetOf(level).has(plain) { // no key has other characters
			values = append(values, text)
		}
	}
	return values
}

// freeAtom returns the formula "the word is what the pattern stands for, whatever the attributes
// are": an atom that can be true or false for any word that fits around the attributes. Where an
// attribute without values matches everything, having none is a case of its own.
func (e *Engine) freeAtom(level int32, text, place string) ref {
	freeLevel := level
	if _, which := segmentOf(level); which == levelKey {
		freeLevel += levelFree
	}
	a, fresh := e.atomFor(freeLevel, true, text, place)
	if fresh {
		a.words = e.language(starred(text))
	}
	if e.sem.UnsetAttribute != policy.Everything {
		return a.self
	}
	var unset []ref
	for _, piece := range policy.Pattern(text).Parts() {
		if piece.Kind == policy.Attribute {
			u, _ := e.atomFor(levelUnset, false, piece.Text, place)
			unset = append(unset, u.self)
		}
	}
	none := e.and(unset...)
	return e.or(e.and(none, e.word(level, starred(text))), e.and(none.not(), a.self))
}

// starred returns the pattern with "*" for each role attribute. Stars that touch are kept: they
// make for examples in which each has something to match.
func starred(pattern string) string {
	var b strings.Builder
	for _, p := range policy.Pattern(pattern).Parts() {
		if p.Kind == policy.Literal {
			b.WriteString(p.Text)
		} else {
			b.WriteByte('*')
		}
	}
	return b.String()
}

// valuesFor returns values of the attributes in pattern with which it matches the word. The text
// between two literals is shared by what stands between them.
func valuesFor(pattern, word string) (values map[string][]string, fits bool) {
	values = map[string][]string{}
	pieces := policy.Pattern(pattern).Parts()
	for len(pieces) > 0 {
		n := slices.IndexFunc(pieces, func(p policy.Piece) bool { return p.Kind == policy.Literal })
		end := len(word)
		switch {
		case n < 0:
			n = len(pieces)
		case n == len(pieces)-1 && n > 0:
			end = len(word) - len(pieces[n].Text)
		default:
			end = strings.Index(word, pieces[n].Text)
		}
		if end < 0 || n == 0 && end > 0 {
			return nil, false
		}
		share(pieces[:n], word[:end], values)
		word = word[end:]
		if n < len(pieces) {
			rest, found := strings.CutPrefix(word, pieces[n].Text)
			if !found {
				return nil, false
			}
			word, n = rest, n+1
		}
		pieces = pieces[n:]
	}
	return values, word == ""
}

// share cuts the text, one byte for each piece and what is more for the first attribute. Where it
// is too short, attributes come before wildcards. So a pattern gets a value that it needs all of
// itself for, and "${x}*" another than "${x}".
func share(pieces []policy.Piece, text string, values map[string][]string) {
	for i, p := range pieces {
		n, later := 0, len(pieces)-i-1
		switch {
		case later == 0:
			n = len(text)
		case p.Kind == policy.Attribute:
			n = min(max(len(text)-later, 1), len(text))
		case len(text) > later:
			n = 1
		}
		if p.Kind == policy.Attribute {
			values[p.Text] = append(values[p.Text], text[:n])
		}
		text = text[n:]
	}
}
