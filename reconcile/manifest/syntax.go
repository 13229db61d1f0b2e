package manifest

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/rolewright/rolewright/reconcile/internal/pattern"
	"github.com/rolewright/rolewright/reconcile/role"
)

// yaml.v3 reports a syntax error with a line that is sometimes that of the context, sometimes one
// too small, sometimes missing, and never with a column. The place is found from the kind of the
// message and, where that does not tell, from how far the parser had to read.

var yamlError = pattern.Lazy(`^yaml: (?:line (\d+): )?(.*)$`)

// reportSyntax adds the finding for an error of yaml.v3.
func reportSyntax(t *text, r *report, err error) {
	line, message := 0, err.Error()
	if m := yamlError().FindStringSubmatch(message); m != nil {
		message = m[2]
		line, _ = strconv.Atoi(m[1]) // 0 where yaml.v3 leaves out the first line
	}
	code, hint := "yaml/syntax", ""
	p := role.Pos{Line: max(1, line)}
	switch {
	case strings.HasPrefix(message, "exceeded max depth"):
		code, message = "yaml/depth", "nodes are nested too deep"
	case strings.HasPrefix(message, "unknown anchor"):
		code, p = "yaml/alias", t.find(aliasIn(message))
	case strings.Contains(message, "undefined tag handle"):
		code, hint = "yaml/tag", "remove the tag"
		p = t.find(`(?:^|[\s\[{,])(!)`)
	case strings.Contains(message, "tab character"), strings.Contains(message, "cannot start any token"):
		p = t.badStart(t.reached())
		hint = "indent with spaces, and quote values that begin with a special character"
	case strings.Contains(message, "unknown escape"):
		p = t.find(`(\\[^0abtnvfreNLPxuU_ "'\\\t])`)
		hint = "write \\\\ for a backslash, or put the text in single quotes"
	case strings.Contains(message, "end of stream"):
		message, hint = "a quote is opened and never closed", "close the quote"
	case strings.HasPrefix(message, "did not find expected ',' or"):
		p = t.openBracket(line+1, 1)
		hint = "close the bracket"
	case strings.HasPrefix(message, "did not find expected"):
		p = t.reached()
		hint = "check the indentation"
	}
	if p.Column == 0 {
		p = t.first(p.Line)
	}
	if quote, ok := t.strayQuote(p.Line); ok {
		p, message, hint = quote, "a quote is opened and not closed", "close the quote"
	}
	if conflict(t.line(p.Line)) {
		hint = "resolve the merge conflict"
	}
	r.errorAt(p, 1, code, message, hint)
}

// first returns the place of the first character of a line that is not white space.
func (t *text) first(line int) role.Pos {
	text := t.line(line)
	return role.Pos{Line: line, Column: 1 + len(text) - len(bytes.TrimLeft(text, " \t"))}
}

// reached parses again, giving out one byte at a time, and returns the line that the parser had
// come to when it gave up.
func (t *text) reached() role.Pos {
	in := &dribble{data: t.data}
	dec := yaml.NewDecoder(in)
	for {
		var n yaml.Node
		if err := dec.Decode(&n); err != nil {
			break
		}
	}
	read := bytes.TrimRight(t.data[:in.read], "\r\n")
	return t.first(1 + bytes.Count(read, []byte{'\n'}))
}

// dribble is a reader that gives out one byte at a time.
type dribble struct {
	data []byte
	read int
}

func (d *dribble) Read(p []byte) (int, error) {
	if d.read == len(d.data) || len(p) == 0 {
		return 0, io.EOF
	}
	p[0] = d.data[d.read]
	d.read++
	return 1, nil
}

// badStart returns the place in a line of the tab in its indentation, or of the character that
// no plain scalar begins with.
func (t *text) badStart(p role.Pos) role.Pos {
	line := t.line(p.Line)
	indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
	if i := bytes.IndexByte(indent, '\t'); i >= 0 {
		return role.Pos{Line: p.Line, Column: i + 1}
	}
	if m := badToken().FindIndex(line); m != nil {
		return role.Pos{Line: p.Line, Column: utf8.RuneCount(line[:m[1]])}
	}
	return p
}

// badToken finds a character that begins no value, behind what a value can follow.
var badToken = pattern.Lazy("(^|[ \t\\[{,])[@`%]")

// opened returns the place, in runes from 0, of the quote that a line opens and does not close,
// and of the bracket; -1 where there is none.
func opened(line []byte) (quote, bracket int, mark rune) {
	quote = -1
	var brackets []int
	before, n := ' ', 0
	for _, r := range string(line) {
		switch {
		case quote >= 0 && r == mark && before != '\\':
			quote = -1
		case quote >= 0:
		case (r == '"' || r == '\'') && strings.ContainsRune(" \t[{,:", before):
			quote, mark = n, r
		case r == '[' || r == '{':
			brackets = append(brackets, n)
		case (r == ']' || r == '}') && len(brackets) > 0:
			brackets = brackets[:len(brackets)-1]
		case r == '#' && (before == ' ' || before == '\t'):
			return quote, append(brackets, -1)[0], mark
		}
		before = r
		n++
	}
	return quote, append(brackets, -1)[0], mark
}

// openBracket returns the bracket that the first of the lines leaves open which leaves one open.
// yaml.v3 counts the line of that bracket from 0, and where it is the first of the file names
// another one instead.
func (t *text) openBracket(lines ...int) role.Pos {
	for _, n := range lines {
		if _, bracket, _ := opened(t.line(n)); bracket >= 0 {
			return role.Pos{Line: n, Column: bracket + 1}
		}
	}
	return t.reached()
}

// strayQuote returns the first quote, up to a line, that is not closed on its own line, provided
// that the file parses once it is. Such a quote swallows the lines up to the next one, and the
// parser stumbles only there.
func (t *text) strayQuote(line int) (role.Pos, bool) {
	for n := 1; n <= min(line, len(t.lines)); n++ {
		column, _, mark := opened(t.line(n))
		if column < 0 {
			continue
		}
		end := t.lines[n-1] + len(t.line(n))
		mended := slices.Concat(t.data[:end], []byte(string(mark)), t.data[end:])
		return role.Pos{Line: n, Column: column + 1}, parses(mended)
	}
	return role.Pos{}, false
}

func parses(data []byte) bool {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var n yaml.Node
		if err := dec.Decode(&n); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

// aliasIn returns the pattern of the alias that a message of yaml.v3 speaks of.
func aliasIn(message string) string {
	_, name, _ := strings.Cut(message, "'")
	name, _, _ = strings.Cut(name, "'")
	return `(` + regexp.QuoteMeta("*"+name) + `)(?:[\s,\]}]|$)`
}

// find returns the first place in the file that the group of a pattern matches.
func (t *text) find(pattern string) role.Pos {
	expr := regexp.MustCompile(pattern)
	for i := range t.lines {
		line := t.line(i + 1)
		if m := expr.FindSubmatchIndex(line); m != nil {
			return role.Pos{Line: i + 1, Column: 1 + utf8.RuneCount(line[:m[2]])}
		}
	}
	return role.Pos{Line: 1, Column: 1}
}

// conflict reports whether a line is a marker that git left in a conflict.
func conflict(line []byte) bool {
	for _, mark := range []string{"<<<<<<<", "=======", ">>>>>>>"} {
		if bytes.HasPrefix(line, []byte(mark)) {
			return true
		}
	}
	return false
}
