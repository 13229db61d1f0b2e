package manifest

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

// text is the content of a file, addressed by lines and columns. Lines end at LF only, as for
// git; columns count runes. yaml.v3 counts columns the same way, and lines too once the byte
// layer has refused the other line ends.
type text struct {
	name  string // for positions
	data  []byte // without the byte-order mark
	lines []int  // where each line begins
	// bang and backslash say whether the file has such a byte at all: most have none, and then
	// no node has to be looked at for tags or escapes.
	bang, backslash bool
}

func newText(name string, data []byte) *text {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	t := &text{
		name: shownName(name), data: data,
		lines: make([]int, 1, 1+bytes.Count(data, []byte{'\n'})),
		bang:  bytes.IndexByte(data, '!') >= 0, backslash: bytes.IndexByte(data, '\\') >= 0,
	}
	for i, b := range data {
		if b == '\n' {
			t.lines = append(t.lines, i+1)
		}
	}
	return t
}

// line returns the bytes of line n, from 1, without its end.
func (t *text) line(n int) []byte {
	if n < 1 || n > len(t.lines) {
		return nil
	}
	end := len(t.data)
	if n < len(t.lines) {
		end = t.lines[n] - 1
	}
	return bytes.TrimSuffix(t.data[t.lines[n-1]:end], []byte{'\r'})
}

// from returns the bytes of the file from a place on.
func (t *text) from(p role.Pos) []byte {
	if p.Line < 1 || p.Line > len(t.lines) {
		return nil
	}
	offset := t.lines[p.Line-1]
	for range p.Column - 1 {
		if offset >= len(t.data) {
			return nil
		}
		_, size := utf8.DecodeRune(t.data[offset:])
		offset += size
	}
	return t.data[offset:]
}

// at reports whether byte b stands at a place.
func (t *text) at(p role.Pos, b byte) bool {
	rest := t.from(p)
	return len(rest) > 0 && rest[0] == b
}

// shown returns line n for drawing; "" if it is very long, or holds what must not reach a
// terminal.
func (t *text) shown(n int) string {
	line := t.line(n)
	if len(line) > maxShown || !utf8.Valid(line) {
		return ""
	}
	s := string(line)
	if strings.ContainsFunc(s, func(r rune) bool { return r != '\t' && denied(r) != "" }) {
		return ""
	}
	return s
}

// maxShown is how long a line may be to be drawn beside a finding, in bytes.
const maxShown = 400

// finding makes a finding at a place in the file.
func (t *text) finding(s diag.Severity, code string, p role.Pos, length int, message, hint string) diag.Finding {
	return diag.Finding{
		Severity: s, Code: code, Message: message, Hint: hint,
		Pos: t.position(p), Length: length, Source: t.shown(p.Line),
	}
}

func (t *text) position(p role.Pos) diag.Position {
	return diag.Position{File: t.name, Line: p.Line, Column: p.Column}
}

// posOf returns where a node begins. An anchor before it is no part of it.
func (t *text) posOf(n *yaml.Node) role.Pos {
	p := role.Pos{Line: n.Line, Column: n.Column}
	if n.Anchor == "" || n.Kind == yaml.MappingNode && n.Style&yaml.FlowStyle == 0 {
		return p
	}
	anchor := "&" + n.Anchor
	rest, found := bytes.CutPrefix(t.from(p), []byte(anchor))
	trimmed := bytes.TrimLeft(rest, " \t")
	if !found || len(trimmed) == 0 || trimmed[0] == '\n' || trimmed[0] == '\r' {
		return p
	}
	p.Column += utf8.RuneCountInString(anchor) + len(rest) - len(trimmed)
	return p
}

// span returns how many runes a scalar takes up on its first line, quotes included.
func (t *text) span(n *yaml.Node) int {
	rest := t.from(t.posOf(n))
	value := []byte(n.Value)
	quotes := 0
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 && len(rest) > 0 {
		rest, quotes = rest[1:], 2
	}
	if n.Kind != yaml.ScalarNode || !bytes.HasPrefix(rest, value) {
		return 1
	}
	return max(1, utf8.RuneCount(value)+quotes)
}

// runePos returns where the rune at byte offset i of a scalar's value stands. Where the value is
// written otherwise than it reads (escapes, several lines) that is the scalar itself.
func (t *text) runePos(n *yaml.Node, i int) role.Pos {
	p := t.posOf(n)
	rest := t.from(p)
	skip := 0
	if n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0 && len(rest) > 0 {
		rest, skip = rest[1:], 1
	}
	if !bytes.HasPrefix(rest, []byte(n.Value)) {
		return p
	}
	p.Column += skip + utf8.RuneCountInString(n.Value[:i])
	return p
}
