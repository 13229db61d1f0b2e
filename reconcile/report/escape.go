package report

// One function per sink. Data reaches a sink through its function and in no other way:
//
//	terminal, fence        Terminal      what cannot be seen, or acts, becomes \u{…}
//	Markdown text          MarkdownSpan  Terminal, in a code span: nothing in it is markup
//	Markdown table cell    MarkdownCell  the same, with "|" kept from ending the cell
//	Markdown block         Fence         a code fence longer than any run of backticks in it
//	inside our own HTML    htmlCode      Terminal, entities for markup, in <code>
//	a log, as it is        Inert         nothing that GitHub's runner acts on
//	JSON                   encodeJSON    unseen characters as \uXXXX, so nothing is lost
//
// The rules come from what was seen to break other tools: a fixed fence is closed by the data, a
// name with "|" shifts a table's columns, a newline forges a line of a diff, a bidi control shows
// text in another order than it has, and "@team" in plain Markdown calls a team.

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/internal/pattern"
)

// glyph returns how the first character of s is drawn, and how many bytes of s it takes. A line
// feed is "⏎"; a byte that is not UTF-8 is \x{…}.
func glyph(s string) (drawn string, size int) {
	r, size := utf8.DecodeRuneInString(s)
	switch {
	case r == utf8.RuneError && size == 1:
		return `\x{` + strconv.FormatInt(int64(s[0]), 16) + `}`, 1
	case r == '\n':
		return "⏎", 1
	case diag.Shown(r):
		return s[:size], size
	}
	return `\u{` + strconv.FormatInt(int64(r), 16) + `}`, size
}

// Terminal returns s on one line and free of anything that acts on a terminal or cannot be seen, or
// that GitHub's runner takes for a command wherever it stands ("##["). It leaves its own output as
// it is.
func Terminal(s string) string {
	s = strings.ReplaceAll(s, "##[", `##\u{5b}`)
	if plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(2 * len(s))
	for i := 0; i < len(s); {
		if printable(s[i]) {
			b.WriteByte(s[i])
			i++
			continue
		}
		drawn, size := glyph(s[i:])
		if i == 0 && isMark(drawn) { // it would join whatever we print before it
			drawn = escapeFirst(drawn)
		}
		b.WriteString(drawn)
		i += size
	}
	return b.String()
}

// plain reports whether s is printable ASCII, as almost everything is.
func plain(s string) bool {
	for i := range len(s) {
		if !printable(s[i]) {
			return false
		}
	}
	return true
}

func printable(c byte) bool { return ' ' <= c && c < 0x7f }

func isMark(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.Is(unicode.M, r)
}

func escapeFirst(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	return fmt.Sprintf(`\u{%x}`, r) + s[size:]
}

// MarkdownSpan returns s as a code span, for Markdown text outside tables. An empty s is shown as
// a pair of quotes, since a code span cannot be empty.
func MarkdownSpan(s string) string {
	t := Terminal(s)
	if t == "" {
		t = `""`
	}
	delimiter := strings.Repeat("`", longestRun(t)+1)
	if needsPadding(t) {
		t = " " + t + " "
	}
	return delimiter + t + delimiter
}

// needsPadding reports whether a code span of t must be padded: a backtick at an end would join
// the delimiter, and one space at both ends would be stripped by the reader, unless t is nothing
// but spaces.
func needsPadding(t string) bool {
	if strings.Trim(t, " ") == "" {
		return false
	}
	return strings.HasPrefix(t, "`") || strings.HasSuffix(t, "`") ||
		strings.HasPrefix(t, " ") && strings.HasSuffix(t, " ")
}

// MarkdownCell returns s as a code span for a cell of a table. "|" is written "\|", which readers
// of tables take back even inside code; after a backslash, where they differ, it is \u{7c}.
func MarkdownCell(s string) string {
	s = strings.ReplaceAll(Terminal(s), `\|`, `\\u{7c}`)
	return strings.ReplaceAll(MarkdownSpan(s), "|", `\|`)
}

// Fence returns lines as a fenced code block that none of them can end. Each stays one line.
func Fence(info string, lines []string) string {
	var body strings.Builder
	longest := 0
	for _, l := range lines {
		l = Terminal(l)
		longest = max(longest, longestRun(l))
		body.WriteString(strings.TrimRight(l, " ") + "\n")
	}
	fence := strings.Repeat("`", max(3, longest+1))
	return fence + info + "\n" + body.String() + fence + "\n"
}

// longestRun returns the length of the longest run of backticks in s.
func longestRun(s string) int {
	longest, run := 0, 0
	for i := range len(s) {
		if s[i] != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// entities are for what means something between HTML tags.
var entities = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// htmlCode returns s for use inside our own HTML elements, where Markdown is not read and GitHub
// still links mentions and numbers, except in code.
func htmlCode(s string) string { return "<code>" + entities.Replace(Terminal(s)) + "</code>" }

// command finds what GitHub's runner takes for a command: "::" at the beginning of a line, spaces
// and our own colours aside.
var command = pattern.Lazy(`(?m)^((?: |\x1b\[[0-9;]*m)*)::`)

// inert keeps the lines of an output from being commands. A line that wraps, or that begins with a
// path, begins with data.
func inert(output string) string {
	if !strings.Contains(output, "::") {
		return output
	}
	return command().ReplaceAllString(output, `${1}\u{3a}:`)
}

// foreign finds the same in text that is not ours, with any space before it, and the old form of a
// command, which may stand anywhere.
var foreign = pattern.Lazy(`(?m)((?:^|\r)[\s\pZ\x{85}]*):(:)|##\[`)

// Inert returns text that is printed as it is, as a diff of a file is, with nothing in it that
// GitHub's runner takes for a command. Elsewhere such text needs no change.
func Inert(text string) string {
	return foreign().ReplaceAllStringFunc(text, func(found string) string {
		if found == "##[" {
			return `##\u{5b}`
		}
		return strings.TrimSuffix(found, "::") + `\u{3a}:`
	})
}

// quote returns s in double quotes, with quotes and backslashes in it escaped, so that its end is
// plain to see. The result still has to go through a sink's function.
func quote(s string) string { return `"` + quotes.Replace(s) + `"` }

var quotes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// item returns s as an element of a list that is joined by commas: as it is, or quoted where it
// could be taken for two elements or for none.
func item(s string) string {
	if s == "" || strings.ContainsAny(s, " ,\"\n") {
		return quote(s)
	}
	return s
}
