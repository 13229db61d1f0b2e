package manifest

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

// The first layer: bytes. YAML ends a line at five characters, git at one: a comment that git
// shows on one line can hold a whole policy for YAML. Other characters show as nothing, or turn
// the text around on the screen. None of them has a place in a role file, comments included, so
// they are refused before anything is parsed.

// maxByteFindings is how many findings of this layer one file gives at most.
const maxByteFindings = 50

// judgeBytes returns what is wrong with the characters of a file. stop is true if the file must
// not be parsed, because YAML would see other lines in it than everybody else, or refuse it.
func judgeBytes(t *text) (findings []diag.Finding, stop bool) {
	if f, ok := utf16(t); ok {
		return []diag.Finding{f}, true
	}
	line, start := 1, 0
	for i := 0; i < len(t.data); {
		b := t.data[i]
		if b >= ' ' && b < 0x7f || b == '\t' {
			i++
			continue
		}
		if b == '\n' {
			i++
			line, start = line+1, i
			continue
		}
		c, size := examine(t.data[i:])
		if c.what != "" {
			p := role.Pos{Line: line, Column: 1 + utf8.RuneCount(t.data[start:i])}
			findings = append(findings, t.finding(diag.Error, c.code, p, 1, c.what, c.hint))
			stop = stop || c.stop
		}
		i += size
		if len(findings) == maxByteFindings {
			break
		}
	}
	return findings, stop
}

// offence is what is wrong with a character; what is "" if nothing is.
type offence struct {
	code, what, hint string
	stop             bool
}

// examine judges the first character of data, which is neither printable ASCII, LF nor TAB, and
// returns its size in bytes.
func examine(data []byte) (offence, int) {
	r, size := utf8.DecodeRune(data)
	switch {
	case r == utf8.RuneError && size == 1:
		return offence{"bytes/encoding", fmt.Sprintf("byte 0x%02X is not UTF-8", data[0]), "save the file as UTF-8", true}, 1
	case r == '\r' && bytes.HasPrefix(data, []byte("\r\n")):
		return offence{}, 1 // the LF is counted by the caller
	case r == '\r' || r == 0x85 || r == 0x2028 || r == 0x2029:
		return offence{
			"bytes/line-break", fmt.Sprintf("%U ends a line for YAML but not for git: what follows it is hidden from a reviewer", r),
			"remove it; only LF and CR LF end a line", true,
		}, size
	}
	what := denied(r)
	if what == "" {
		return offence{}, size
	}
	return offence{"bytes/character", fmt.Sprintf("%U is %s", r, what), "remove it", unicode.IsControl(r)}, size
}

// utf16 recognises the byte-order marks of UTF-16, which yaml.v3 reads and reviewers' tools do not.
func utf16(t *text) (diag.Finding, bool) {
	if !bytes.HasPrefix(t.data, []byte{0xff, 0xfe}) && !bytes.HasPrefix(t.data, []byte{0xfe, 0xff}) {
		return diag.Finding{}, false
	}
	return t.finding(diag.Error, "bytes/encoding", role.Pos{Line: 1, Column: 1}, 1, "the file is UTF-16", "save it as UTF-8"), true
}

// denied names what is wrong with a character other than LF, CR and TAB; "" if nothing is. It is
// the rule for every character of a file and for every character that an escape makes.
func denied(r rune) string {
	switch {
	case r >= ' ' && r < 0x7f || r == '\n' || r == '\t':
		return ""
	case unicode.IsControl(r):
		return "a control character"
	case unicode.Is(unicode.Bidi_Control, r):
		return "a character that turns the direction of the text"
	case r >= 0xe0000 && r <= 0xe007f:
		return "an invisible tag character"
	case unicode.Is(diag.Unseen, r), unicode.Is(unicode.Cf, r):
		return "an invisible character"
	case r == 0x2028, r == 0x2029:
		return "a line separator"
	case unicode.Is(unicode.Co, r):
		return "a private-use character"
	case !unicode.IsGraphic(r):
		return "an unassigned character"
	}
	return ""
}
