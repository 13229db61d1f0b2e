package diag

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Shown reports whether r is drawn as itself. unicode.IsPrint leaves out control, format (bidi,
// zero-width, tag), surrogate, private and unassigned characters and every space but U+0020.
func Shown(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= ' ' && r != 0x7f
	}
	return unicode.IsPrint(r) && !unicode.Is(Unseen, r)
}

// InertJSON returns JSON text with every character that is not [Shown], and may only stand in strings,
// written as \uXXXX: the value is the same, and somebody who looks at it in a terminal is safe. So is
// the bracket of "##[", a command to GitHub's runner wherever it stands.
func InertJSON(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == '\n' || Shown(r) {
			out = append(out, text[i:i+size]...)
		} else {
			out = appendUTF16(out, r)
		}
		i += size
	}
	return bytes.ReplaceAll(out, []byte("##["), []byte(`##\u005b`))
}

func appendUTF16(out []byte, r rune) []byte {
	for _, unit := range utf16.AppendRune(nil, r) {
		out = fmt.Appendf(out, `\u%04x`, unit)
	}
	return out
}

// Unseen are characters that Unicode calls printable and that show as nothing, or as a blank:
// files may not hold them, and what is printed shows them as escapes.
var Unseen = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x034f, Hi: 0x034f, Stride: 1}, // combining grapheme joiner
		{Lo: 0x115f, Hi: 0x1160, Stride: 1}, // Hangul fillers
		{Lo: 0x17b4, Hi: 0x17b5, Stride: 1}, // Khmer inherent vowels
		{Lo: 0x180b, Hi: 0x180f, Stride: 1}, // Mongolian variation selectors
		{Lo: 0x2800, Hi: 0x2800, Stride: 1}, // blank Braille pattern
		{Lo: 0x3164, Hi: 0x3164, Stride: 1}, // Hangul filler
		{Lo: 0xfe00, Hi: 0xfe0f, Stride: 1}, // variation selectors
		{Lo: 0xffa0, Hi: 0xffa0, Stride: 1}, // halfwidth Hangul filler
		{Lo: 0xfffc, Hi: 0xfffc, Stride: 1}, // object replacement
	},
	R32: []unicode.Range32{
		{Lo: 0x1d159, Hi: 0x1d159, Stride: 1}, // musical null notehead
		{Lo: 0xe0100, Hi: 0xe01ef, Stride: 1}, // variation selectors supplement
	},
}
