package layout

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Finding the comments. A "#" is a comment unless it lies inside a scalar, and where scalars lie
// follows from where yaml.v3 says they start: a quoted one ends at its closing quote, a block
// scalar where the indentation falls, and a plain one cannot hold a "#" with a blank before it.
// So one pass over the text, stepping over quoted and block scalars, finds every comment.

// scanner walks over the text of a source once.
type scanner struct {
	*source
	starts map[int]*yaml.Node // scalars to step over and collections in brackets, by their content
	open   []*yaml.Node       // brackets that are open
	at     int
	// token says that a token just ended, so that "#" starts a comment even with no blank before.
	token bool
}

// scan fills in places, comments and bare.
func (s *source) scan() error {
	sc := &scanner{source: s, starts: map[int]*yaml.Node{}}
	loc := &locator{source: s}
	for _, d := range s.docs {
		for _, n := range d.Content {
			if err := sc.locate(n, loc, 0); err != nil {
				return err
			}
		}
	}
	for sc.at < len(s.text) {
		sc.step()
	}
	s.bare = bytes.Clone(s.text)
	for _, c := range s.comments {
		for i := range len(c.text) {
			s.bare[c.off+i] = ' '
		}
	}
	return nil
}

// locate notes the places of n and of all below it.
func (sc *scanner) locate(n *yaml.Node, loc *locator, depth int) error {
	start := loc.offset(n.Line, n.Column)
	if depth >= MaxDepth && len(n.Content) > 0 {
		return &Error{sc.pos(start), fmt.Sprintf("more than %d levels", MaxDepth), "flatten the file"}
	}
	content, tagged := sc.skipProperties(start)
	if tagged {
		return &Error{sc.pos(content), "an explicit tag", "remove the tag; quote the value if it is text"}
	}
	if isEmpty(n) {
		content = start
	} else if n.Kind == yaml.ScalarNode || n.Style&yaml.FlowStyle != 0 {
		sc.starts[content] = n
	}
	sc.places[n] = place{start: start, content: content}
	for _, child := range n.Content {
		if err := sc.locate(child, loc, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// isEmpty reports whether n is a value that is not written at all, as after "key:".
func isEmpty(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Value == "" && n.Style == 0
}

// skipProperties steps over an anchor at off and what separates it from the content; tagged says
// that a tag stands there.
func (s *source) skipProperties(off int) (content int, tagged bool) {
	if off < len(s.text) && s.text[off] == '&' {
		for off < len(s.text) && strings.IndexByte(" \t\n,]}", s.text[off]) < 0 {
			off++
		}
		off = s.skipBlanks(off)
	}
	return off, off < len(s.text) && s.text[off] == '!'
}

// skipBlanks steps over blanks, line ends and comments.
func (s *source) skipBlanks(off int) int {
	for off < len(s.text) {
		switch s.text[off] {
		case ' ', '\t', '\n':
			off++
		case '#':
			off = s.lineEnd(off)
		default:
			return off
		}
	}
	return off
}

// lineEnd returns the offset of the line end at or behind off.
func (s *source) lineEnd(off int) int {
	if i := bytes.IndexByte(s.text[off:], '\n'); i >= 0 {
		return off + i
	}
	return len(s.text)
}

// step reads one character, scalar or comment.
func (sc *scanner) step() {
	c := sc.text[sc.at]
	n := sc.starts[sc.at]
	switch {
	case n != nil && n.Kind == yaml.ScalarNode:
		sc.scalar(n)
	case n != nil && (c == '[' || c == '{'):
		sc.open = append(sc.open, n)
		sc.advance(true)
	case len(sc.open) > 0 && (c == ']' || c == '}'):
		sc.close()
	case c == '#' && (sc.token || sc.afterBlank()):
		sc.comment()
	case c == ' ' || c == '\t' || c == '\n' || c == ':' && sc.token:
		sc.at++
	default:
		sc.advance(c == ',' && len(sc.open) > 0)
	}
}

func (sc *scanner) advance(token bool) { sc.at, sc.token = sc.at+1, token }

func (sc *scanner) afterBlank() bool {
	return sc.at == 0 || strings.IndexByte(" \t\n", sc.text[sc.at-1]) >= 0
}

// close notes where the innermost open bracket ends.
func (sc *scanner) close() {
	last := len(sc.open) - 1
	p := sc.places[sc.open[last]]
	p.end = sc.at
	sc.places[sc.open[last]] = p
	sc.open = sc.open[:last]
	sc.advance(true)
}

func (sc *scanner) comment() {
	end := sc.lineEnd(sc.at)
	sc.comments = append(sc.comments, comment{
		off: sc.at, text: strings.TrimRight(string(sc.text[sc.at:end]), " \t"), own: sc.opensLine(sc.at),
	})
	sc.at = end
}

// scalar steps over a quoted scalar or, for a block scalar, over its header; a plain one is left
// to be read like any text.
func (sc *scanner) scalar(n *yaml.Node) {
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		sc.at, sc.token = sc.quoteEnd(sc.at+1, '"'), true
	case n.Style&yaml.SingleQuotedStyle != 0:
		sc.at, sc.token = sc.quoteEnd(sc.at+1, '\''), true
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		sc.block(n)
	default:
		sc.advance(false)
	}
}

// quoteEnd returns the offset behind the quote that closes a scalar. A backslash escapes within
// double quotes, and a quote doubled stands for itself within single ones.
func (sc *scanner) quoteEnd(off int, quote byte) int {
	for ; off < len(sc.text); off++ {
		switch {
		case quote == '"' && sc.text[off] == '\\':
			off++
		case sc.text[off] != quote:
		case quote == '\'' && off+1 < len(sc.text) && sc.text[off+1] == quote:
			off++
		default:
			return off + 1
		}
	}
	return len(sc.text)
}

// block steps over a block scalar. How deep its text is indented follows from its first line,
// whose blanks beyond the indentation belong to the value.
func (sc *scanner) block(n *yaml.Node) {
	end := sc.lineEnd(sc.at)
	if i := bytes.IndexByte(sc.text[sc.at:end], '#'); i >= 0 {
		sc.at += i
		sc.comment()
	}
	sc.at, sc.token = end, false
	first, ok := firstLine(n.Value)
	if !ok {
		return
	}
	indent := -1
	for sc.at < len(sc.text) {
		from := sc.at + 1
		to := sc.lineEnd(min(from, len(sc.text)))
		line := string(sc.text[min(from, to):to])
		if strings.Trim(line, " ") != "" {
			if indent < 0 {
				indent = leadingSpaces(line) - leadingSpaces(first)
			}
			if leadingSpaces(line) < indent {
				return
			}
		}
		sc.at = to
	}
}

// firstLine returns the first line of a block scalar's value that is not all spaces.
func firstLine(value string) (string, bool) {
	for line := range strings.Lines(value) {
		line = strings.TrimSuffix(line, "\n")
		if strings.Trim(line, " ") != "" {
			return line, true
		}
	}
	return "", false
}

func leadingSpaces(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// locator turns yaml.v3's lines and columns (runes, from 1) into offsets. It remembers its last
// answer, so that a long line is walked over once and not once per node.
type locator struct {
	*source
	line, column, off int
}

func (l *locator) offset(line, column int) int {
	if line < 1 || line > len(l.lines) { // an empty value behind the last line
		return len(l.text)
	}
	if line != l.line || column < l.column {
		l.line, l.column, l.off = line, 1, l.lines[line-1]
	}
	for ; l.column < column && l.off < len(l.text); l.column++ {
		_, size := utf8.DecodeRune(l.text[l.off:])
		l.off += size
	}
	return l.off
}
