package layout

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/rolewright/rolewright/reconcile/internal/pattern"
)

// inline returns a scalar or alias as it stands on one line; inFlow says that it stands inside
// brackets.
func (n *node) inline(inFlow bool) string {
	switch {
	case n.kind == alias:
		return "*" + n.text
	case !n.str && n.text == "" && inFlow:
		return "null"
	case !n.str, n.plain && ambiguous(n.text) && !strings.HasSuffix(n.text, ":"):
		return n.text
	case !n.quoted && plainSafe(n.text, inFlow):
		return n.text
	}
	return quote(n.text)
}

// numeric is wider than any YAML version's numbers and dates: such text is read as something
// else by some parser, or looks to a reader as if it were.
var numeric = pattern.Lazy(`^[-+.0-9][-+.:_0-9a-fA-FxXoOtTzZ ]*$`)

var words = map[string]bool{
	"": true, "~": true, "<<": true, "=": true,
	"null": true, "true": true, "false": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true,
	".inf": true, "-.inf": true, "+.inf": true, ".nan": true,
}

// ambiguous reports whether text without quotes could be read as something else than text. Such
// text keeps the quotes that it has and gets none that it has not: which is right is not a
// question of layout.
func ambiguous(text string) bool {
	return words[strings.ToLower(text)] || numeric().MatchString(text) ||
		(&yaml.Node{Kind: yaml.ScalarNode, Value: text}).ShortTag() != "!!str"
}

// plainSafe reports whether text needs no quotes and nobody could think that it does.
func plainSafe(text string, inFlow bool) bool {
	if ambiguous(text) || strings.HasSuffix(text, " ") {
		return false
	}
	marks := "_-./()'+=!?%@&<>,^ "
	if inFlow {
		marks = "_-./()'+=!%@&<>^ "
	}
	for i, r := range text {
		word := unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_'
		if i == 0 && !word && r != '.' && r != '/' && r != '(' {
			return false
		}
		if !word && !strings.ContainsRune(marks, r) && (r < utf8.RuneSelf || !unicode.IsPrint(r)) {
			return false
		}
	}
	return true
}

// quote returns text in double quotes. What does not print is escaped.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		b.WriteString(escape(r))
	}
	b.WriteByte('"')
	return b.String()
}

func escape(r rune) string {
	switch {
	case r == '"' || r == '\\':
		return `\` + string(r)
	case r == '\n':
		return `\n`
	case r == '\t':
		return `\t`
	case unicode.IsPrint(r):
		return string(r)
	case r < 0x100:
		return fmt.Sprintf(`\x%02X`, r)
	case r < 0x10000:
		return fmt.Sprintf(`\u%04X`, r)
	}
	return fmt.Sprintf(`\U%08X`, r)
}

// blockText returns a scalar as a block, header first and then the lines without their
// indentation, if that is how it should stand behind a key: room is how many columns are left on
// the key's line, width how many a line of the block has. It returns nil if the scalar belongs on
// the key's line.
func (n *node) blockText(room, width int) []string {
	if n.kind != scalar || !n.str || !blockSafe(n.text) {
		return nil
	}
	body, header := n.text, "-"
	if strings.HasSuffix(body, "\n") {
		body, header = strings.TrimSuffix(body, "\n"), ""
	}
	switch {
	case strings.Contains(n.text, "\n") && (!n.folded || !foldable(body)):
		return append([]string{"|" + header}, strings.Split(body, "\n")...)
	case strings.Contains(n.text, "\n"), foldable(body) && utf8.RuneCountInString(n.inline(false)) > room:
		if lines := fold(body, width); len(lines) > 1 || n.text != body {
			return append([]string{">" + header}, lines...)
		}
	}
	return nil
}

// blockSafe reports whether text can stand in a block: every character prints, the first line
// tells the indentation, no line ends in a blank that nobody sees, at most one line end at the end.
func blockSafe(text string) bool {
	body := strings.TrimSuffix(text, "\n")
	if body == "" || strings.HasSuffix(body, "\n") || strings.IndexByte(" \t\n", body[0]) >= 0 {
		return false
	}
	for line := range strings.SplitSeq(body, "\n") {
		if line != strings.TrimRight(line, " \t") {
			return false
		}
	}
	return strings.IndexFunc(body, func(r rune) bool { return r != '\n' && r != '\t' && !unicode.IsPrint(r) }) < 0
}

// foldable reports whether a folded block can hold body: no line starts with a blank, which would
// keep its line end.
func foldable(body string) bool {
	for line := range strings.SplitSeq(body, "\n") {
		if line != strings.TrimLeft(line, " \t") {
			return false
		}
	}
	return true
}

// fold breaks body into lines of at most width columns at single spaces. A line end of body
// becomes a blank line, as folding asks for.
func fold(body string, width int) []string {
	var lines []string
	for i, line := range strings.Split(body, "\n") {
		if i > 0 {
			lines = append(lines, "")
		}
		if line != "" {
			lines = append(lines, foldLine(line, width)...)
		}
	}
	return lines
}

func foldLine(line string, width int) []string {
	var lines []string
	from, space, column := 0, -1, 0 // of the line being filled; offset of its last break
	for i, r := range line {
		if r == ' ' && canBreak(line, i) {
			space = i
		}
		if column++; column > width && space > from {
			lines = append(lines, line[from:space])
			from, space = space+1, -1
			column = utf8.RuneCountInString(line[from : i+utf8.RuneLen(r)])
		}
	}
	return append(lines, line[from:])
}

// canBreak reports whether the space at i stands alone between two words.
func canBreak(line string, i int) bool {
	return i > 0 && i+1 < len(line) && strings.IndexByte(" \t", line[i-1]) < 0 && strings.IndexByte(" \t", line[i+1]) < 0
}
