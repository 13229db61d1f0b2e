package manifest

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/rolewright/rolewright/reconcile/internal/pattern"
	"github.com/rolewright/rolewright/reconcile/role"
)

// What a scalar without quotes means depends on who reads it: YAML 1.1 takes "no" for a boolean,
// "012" for ten and "22:22" for 1342; YAML 1.2 does not; yaml.v3 is in between. Whatever is not
// plainly text, true, false, null or a decimal number has to be quoted.

// The forms that some reader takes for something else than text.
var (
	jsonNumber  = pattern.Lazy(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
	otherNumber = pattern.Lazy(`^[-+]?(\.[0-9_]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?$|^[-+]?0[xX][0-9a-fA-F_]+$|^[-+]?0[oO]?[0-7_]+$|^[-+]?0[bB][01_]+$|^[-+]?\.(inf|Inf|INF)$|^\.(nan|NaN|NAN)$`)
	sexagesimal = pattern.Lazy(`^[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?$`)
	timestamp   = pattern.Lazy(`^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?$`)
)

// What misread returns.
const (
	asBoolean = "a boolean"
	asNumber  = "a number"
	asTime    = "a date"
)

// instead completes the hint for what a file may hold beside text.
var instead = map[string]string{asBoolean: ", or write true or false", asNumber: ", or write a plain decimal number"}

// oldBooleans are the words that YAML 1.1 takes for booleans and YAML 1.2 does not.
var oldBooleans = []string{
	"y", "Y", "yes", "Yes", "YES", "n", "N", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF",
}

// misread says what some reader takes a plain scalar for, if readers disagree; else "".
func misread(s string) string {
	if len(s) <= 3 && slices.Contains(oldBooleans, s) {
		return asBoolean
	}
	if s == "" || !strings.Contains("+-.0123456789", s[:1]) {
		return ""
	}
	switch {
	case jsonNumber().MatchString(s):
		return tooLarge(s)
	case otherNumber().MatchString(s), sexagesimal().MatchString(s):
		return asNumber
	case timestamp().MatchString(s):
		return asTime
	}
	return ""
}

// tooLarge is misread for JSON numbers: those that lose digits or overflow mean different things
// to different readers.
func tooLarge(s string) string {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) || len(s) > 15 {
		return asNumber
	}
	return ""
}

// escapes refuses escapes that hide what they write: "\x2a" is a "*" that no search finds, and
// "\e" a command to the terminal.
func (w *walker) escapes(n *yaml.Node) {
	if !w.text.backslash || n.Style&yaml.DoubleQuotedStyle == 0 {
		return
	}
	p := w.text.posOf(n)
	rest := w.text.from(p)
	if len(rest) == 0 || rest[0] != '"' {
		return
	}
	for i, column := 1, p.Column+1; i < len(rest) && rest[i] != '"'; {
		switch {
		case rest[i] == '\n':
			p.Line, column = p.Line+1, 1
			i++
		case rest[i] == '\\':
			size := w.escape(rest[i:], role.Pos{Line: p.Line, Column: column})
			i, column = i+size, column+size
		default:
			_, size := utf8.DecodeRune(rest[i:])
			i, column = i+size, column+1
		}
	}
}

// hexDigits says how many digits follow the letter of an escape.
var hexDigits = map[byte]int{'x': 2, 'u': 4, 'U': 8}

// named are the escapes by letter that write something other than themselves.
var named = map[byte]rune{'0': 0, 'a': 7, 'b': 8, 'v': 11, 'f': 12, 'r': 13, 'e': 27, 'N': 0x85, '_': 0xa0, 'L': 0x2028, 'P': 0x2029}

// escape judges the escape at the beginning of rest and returns its length in bytes. An escaped
// line end has the length 1: the line end is counted by the caller.
func (w *walker) escape(rest []byte, p role.Pos) int {
	if len(rest) < 2 || rest[1] == '\n' || rest[1] == '\r' {
		return 1
	}
	letter := rest[1]
	r, isNamed := named[letter]
	size := 2
	if digits, isHex := hexDigits[letter]; isHex && len(rest) >= 2+digits {
		size += digits
		code, _ := strconv.ParseUint(string(rest[2:size]), 16, 32) // yaml.v3 has checked the digits
		r = rune(code)
	} else if !isNamed {
		if letter == '\'' {
			w.out.errorAt(p, 2, "yaml/escape", `the escape \' is not YAML`, "write ' alone")
		}
		return size
	}
	what := denied(r)
	if isPrintable := r >= ' ' && r < 0x7f; isPrintable || r == '\n' || r == '\t' {
		what = strconv.QuoteRune(r)
	}
	if what != "" {
		w.out.errorAt(p, size, "yaml/escape", fmt.Sprintf("the escape %s hides %s", rest[:size], what), "write the character itself, or remove it")
	}
	return size
}
