package layout

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/rolewright/rolewright/reconcile/role"
	"gopkg.in/yaml.v3"
)

// source is a file as it was read: its text with LF line ends, yaml.v3's nodes, and the comments,
// which are found in the text and not taken from the nodes.
type source struct {
	text     []byte
	lines    []int // offset of each line's first byte
	docs     []*yaml.Node
	spans    []span
	places   map[*yaml.Node]place
	comments []comment
	bare     []byte // text with every comment blanked out
}

// span is the part of the text that one document takes: from its "---", or the start of the file,
// to the next "---".
type span struct{ from, to int }

// place says where a node stands: the offset of its first byte (anchor included), that of its
// content behind the anchor, and for a collection in brackets that of the closing bracket.
type place struct{ start, content, end int }

// comment is one comment: its text from "#" on, without trailing blanks.
type comment struct {
	off  int
	text string
	own  bool // nothing but blanks before it on its line
}

var utf8BOM = []byte("\uFEFF")

// parse reads src and refuses what the layout could not keep.
func parse(src []byte) (*source, error) {
	text := bytes.ReplaceAll(bytes.TrimPrefix(src, utf8BOM), []byte("\r\n"), []byte("\n"))
	s := &source{text: text, lines: lineStarts(text), places: map[*yaml.Node]place{}}
	if err := s.checkCharacters(); err != nil {
		return nil, err
	}
	var err error
	if s.docs, err = decode(text); err != nil {
		return nil, fmt.Errorf("layout: %w", err)
	}
	if err := s.scan(); err != nil {
		return nil, err
	}
	return s, s.split()
}

// decode returns every document of text. yaml.v3 reports some bad input by panicking.
func decode(text []byte) (docs []*yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			docs, err = nil, fmt.Errorf("yaml: %v", r)
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var n yaml.Node
		err := dec.Decode(&n)
		if errors.Is(err, io.EOF) {
			return docs, nil
		}
		if err != nil {
			return nil, err
		}
		docs = append(docs, &n)
	}
}

// checkCharacters refuses what yaml.v3 takes for a line end and people do not: positions and
// comments would be off.
func (s *source) checkCharacters() error {
	if !utf8.Valid(s.text) {
		return &Error{Message: "the file is not UTF-8"}
	}
	i := bytes.IndexAny(s.text, "\r\u0085\u2028\u2029\uFEFF")
	if i < 0 {
		return nil
	}
	r, _ := utf8.DecodeRune(s.text[i:])
	return &Error{Pos: s.pos(i), Message: fmt.Sprintf("%U is a line end or mark that editors do not show", r), Hint: "remove it"}
}

// split finds where the documents begin and end, and refuses marks that would be lost.
func (s *source) split() error {
	at := span{}
	var marks []span
	for _, from := range s.lines {
		line := s.bare[from:]
		switch {
		case isMark(line, "---"):
			at.to = from
			marks = append(marks, at)
			at = span{from: from}
		case isMark(line, "..."):
			return &Error{s.pos(from), "a document end marker (...)", "remove it; --- separates documents"}
		case bytes.HasPrefix(line, []byte("%")):
			return &Error{s.pos(from), "a YAML directive", "remove it"}
		}
	}
	at.to = len(s.text)
	s.spans = append(marks, at)
	s.dropPrelude()
	if len(s.spans) != len(s.docs) {
		return &Error{Message: fmt.Sprintf("%d documents where %d are marked", len(s.docs), len(s.spans))}
	}
	return nil
}

// dropPrelude joins what comes before the first "---" to the first document if it is no document
// of its own, that is if it holds nothing but comments.
func (s *source) dropPrelude() {
	first := s.spans[0]
	if len(bytes.Trim(s.bare[first.from:first.to], " \t\n")) > 0 {
		return
	}
	s.spans = s.spans[1:]
	if len(s.spans) > 0 {
		s.spans[0].from = first.from
	}
}

func isMark(line []byte, mark string) bool {
	return bytes.HasPrefix(line, []byte(mark)) && (len(line) == len(mark) || strings.IndexByte(" \t\n", line[len(mark)]) >= 0)
}

func lineStarts(text []byte) []int {
	lines := []int{0}
	for i, c := range text {
		if c == '\n' && i+1 < len(text) {
			lines = append(lines, i+1)
		}
	}
	return lines
}

// line returns the index of the line that holds off.
func (s *source) line(off int) int {
	lo, hi := 0, len(s.lines)
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; s.lines[mid] <= off {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// column returns how many runes stand before off on its line.
func (s *source) column(off int) int {
	return utf8.RuneCount(s.text[s.lines[s.line(off)]:off])
}

func (s *source) pos(off int) role.Pos {
	return role.Pos{Line: s.line(off) + 1, Column: s.column(off) + 1}
}

// opensLine reports whether only blanks stand before off on its line.
func (s *source) opensLine(off int) bool {
	return len(bytes.TrimLeft(s.text[s.lines[s.line(off)]:off], " \t")) == 0
}

// blankBefore reports whether off opens a line and the line above is blank.
func (s *source) blankBefore(off int) bool {
	n := s.line(off)
	return n > 0 && s.opensLine(off) && len(bytes.Trim(s.text[s.lines[n-1]:s.lines[n]], " \t\n")) == 0
}
