package launchdarkly

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// encoding/json is generous: of two equal keys the last one wins, "KEY" fills the field "key", a
// lone surrogate becomes U+FFFD, and a missing list is an empty one. Each of these lets a server,
// or a proxy that plays one, say something else than what a person reads in its answer. So answers
// are read into a value first, which keeps names exactly as they are sent and refuses the rest.

// maxDepth is how deep an answer may nest. A role needs six levels.
const maxDepth = 64

// maxWeight is how much memory a value may take, in bytes as estimated below: an answer of nothing but
// small objects takes eighty times its length. A page of 1,000 roles with 20 statements each takes
// two thirds of it.
const (
	maxWeight    = 80 << 20
	valueWeight  = 240 // of one value, its place in a list that grows included
	objectWeight = 400 // of an object besides, and of what is made of it, however little it holds
)

// errTooMuch is JSON that would take more memory than we give one answer.
var errTooMuch = errors.New("too much for one answer")

// errCut is a text that ends before its JSON does.
var errCut = errors.New("unexpected end of JSON")

// value is one JSON value: its text, and what it holds. The zero value is null.
type value struct {
	raw   []byte // as sent, without the white space around it
	parts []part // the fields of an object or the items of an array, as they were sent
}

// part is a field, or an item, which has no name.
type part struct {
	name []byte
	value
}

// parse reads data as exactly one JSON value: valid UTF-8, no lone surrogates, no repeated keys,
// not nested deeper than maxDepth or heavier than maxWeight. A text that ends too early gives errCut.
func parse(data []byte) (value, error) {
	if err := checkSyntax(data); err != nil {
		return value{}, err
	}
	if !utf8.Valid(data) {
		return value{}, errors.New("a byte that is not UTF-8")
	}
	if at := loneSurrogate(data); at >= 0 {
		return value{}, fmt.Errorf("half a surrogate pair at byte %d", at+1)
	}
	p := parser{data: data, open: roomFor(data)}
	p.next()
	return p.value(0)
}

// roomFor makes room for all parts of a large text at once: a list that grows leaves behind what it was before,
// until it is collected.
func roomFor(data []byte) []part {
	const large = 8 << 20
	if len(data) < large {
		return nil
	}
	return make([]part, 0, min(bytes.Count(data, []byte{','})+1, maxWeight/valueWeight))
}

func checkSyntax(data []byte) error {
	if json.Valid(data) {
		return nil
	}
	err := json.Unmarshal(data, new(any)) // says what is wrong
	if endsEarly(err, data) {
		return errCut
	}
	return err
}

// endsEarly tells a text that stops too soon from one that is wrong. At the end of its input the
// scanner steps once more with a blank, which is how it finds half a word or number.
func endsEarly(err error, data []byte) bool {
	if err.Error() == "unexpected end of JSON input" {
		return true
	}
	return strings.HasPrefix(err.Error(), "invalid character ' ' in ") && !bytes.HasSuffix(data, []byte(" "))
}

// loneSurrogate returns where an escape \ud800 to \udfff stands that is not half of a pair, or -1.
// In valid JSON a backslash occurs in strings only.
func loneSurrogate(data []byte) int {
	for i := 0; i < len(data); i++ {
		if data[i] != '\\' {
			continue
		}
		unit := utf16At(data, i)
		switch {
		case unit < 0:
			i++ // a short escape, perhaps \\
		case unit >= 0xd800 && unit < 0xdc00 && utf16At(data, i+6)>>10 == 0xdc00>>10:
			i += 11
		case unit >= 0xd800 && unit < 0xe000:
			return i
		default:
			i += 5
		}
	}
	return -1
}

// utf16At returns the unit that the escape \uXXXX at i stands for, or -1 if there is none.
func utf16At(data []byte, i int) int {
	if i+6 > len(data) || data[i] != '\\' || data[i+1] != 'u' {
		return -1
	}
	unit, err := strconv.ParseUint(string(data[i+2:i+6]), 16, 32)
	if err != nil {
		return -1
	}
	return int(unit)
}

// parser walks over a text whose syntax is known to be right.
type parser struct {
	data   []byte
	at     int
	weight int
	open   []part // parts of the objects and arrays that have not ended, the innermost last
}

func (p *parser) value(depth int) (v value, err error) {
	if depth > maxDepth {
		return v, fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	if p.weight += valueWeight; p.data[p.at] == '{' {
		p.weight += objectWeight
	}
	if p.weight > maxWeight {
		return v, fmt.Errorf("%w: it holds more than %d MiB of objects and values", errTooMuch, maxWeight>>20)
	}
	start := p.at
	switch p.data[p.at] {
	case '{':
		v.parts, err = p.fields(depth)
	case '[':
		v.parts, err = p.items(depth)
	case '"':
		p.text()
	default:
		p.literal()
	}
	v.raw = p.data[start:p.at]
	return v, err
}

// next steps to the first byte that is neither white space nor a separator, and returns it.
func (p *parser) next() byte {
	for p.at < len(p.data) && strings.IndexByte(" \t\r\n,:", p.data[p.at]) >= 0 {
		p.at++
	}
	return p.data[p.at]
}

func (p *parser) fields(depth int) ([]part, error) {
	first := len(p.open)
	for p.at++; p.next() != '}'; {
		name := unquoted(p.text())
		p.next()
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		p.open = append(p.open, part{name, v})
	}
	fields := p.close(first)
	if name := repeated(fields); name != nil {
		return nil, fmt.Errorf("the key %s stands twice in one object", quote(string(name)))
	}
	return fields, nil
}

func (p *parser) items(depth int) ([]part, error) {
	first := len(p.open)
	for p.at++; p.next() != ']'; {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		p.open = append(p.open, part{nil, v})
	}
	return p.close(first), nil
}

// close ends what has its parts from first on.
func (p *parser) close(first int) []part {
	p.at++
	parts := slices.Clone(p.open[first:])
	p.open = p.open[:first]
	return parts
}

// repeated returns the first name that another field before it has, nil if there is none.
func repeated(fields []part) []byte {
	const few = 16 // are compared sooner than looked up
	if len(fields) > few {
		return repeatedOfMany(fields)
	}
	for i, f := range fields {
		for _, before := range fields[:i] {
			if bytes.Equal(before.name, f.name) {
				return f.name
			}
		}
	}
	return nil
}

func repeatedOfMany(fields []part) []byte {
	seen := make(map[string]bool, len(fields))
	for _, f := range fields {
		if seen[string(f.name)] {
			return f.name
		}
		seen[string(f.name)] = true
	}
	return nil
}

// text steps over a string, and returns it with its quotation marks.
func (p *parser) text() []byte {
	start := p.at
	for p.at++; p.data[p.at] != '"'; p.at++ {
		if p.data[p.at] == '\\' {
			p.at++
		}
	}
	p.at++
	return p.data[start:p.at]
}

// unquoted is what a string of JSON says; encoding/json undoes its escapes, where it has any.
func unquoted(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // its syntax has been looked at
	return []byte(s)
}

// literal steps over a number, true, false or null.
func (p *parser) literal() {
	for p.at < len(p.data) && strings.IndexByte(" \t\r\n,]}", p.data[p.at]) < 0 {
		p.at++
	}
}

// first is the first byte of the text, which tells what v is.
func (v value) first() byte {
	if len(v.raw) == 0 {
		return 'n'
	}
	return v.raw[0]
}

// kind names what v is, for messages.
func (v value) kind() string {
	switch v.first() {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "true or false"
	case 'n':
		return "null"
	}
	return "a number"
}

func (v value) null() bool { return v.first() == 'n' }

func (v value) isObject() bool { return v.first() == '{' }

func (v value) isArray() bool { return v.first() == '[' }

// field returns a field of an object.
func (v value) field(name string) (value, bool) {
	for _, f := range v.parts {
		if string(f.name) == name && f.name != nil {
			return f.value, true
		}
	}
	return value{}, false
}

// text returns what a string says. It keeps nothing of the answer.
func (v value) text() (string, bool) {
	if v.first() != '"' {
		return "", false
	}
	return string(unquoted(v.raw)), true
}

// canonical returns v's text without white space and with its keys in order, so that two answers
// that say the same are the same.
func (v value) canonical() json.RawMessage {
	dec := json.NewDecoder(bytes.NewReader(v.raw))
	dec.UseNumber()
	var plain any
	if err := dec.Decode(&plain); err != nil {
		return v.raw // cannot be: it has been parsed
	}
	text, err := json.Marshal(plain)
	if err != nil {
		return v.raw // nor this
	}
	return text
}
