package launchdarkly

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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
	maxWeight   = 80 << 20
	valueWeight = 200 // of one value, its place in a list or a map that grows included
	mapWeight   = 800 // of a map, however little it holds
)

// errTooMuch is JSON that would take more memory than we give one answer.
var errTooMuch = errors.New("too much for one answer")

// errCut is a text that ends before its JSON does.
var errCut = errors.New("unexpected end of JSON")

// value is one JSON value: its text, and what it holds.
type value struct {
	raw    []byte // as sent, without the white space around it
	scalar any    // string, json.Number, bool; nil for null and for the two below
	fields map[string]value
	items  []value
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
	p := parser{data: data}
	p.next()
	return p.value(0)
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
}

func (p *parser) value(depth int) (v value, err error) {
	if depth > maxDepth {
		return v, fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	if p.weight += valueWeight; p.data[p.at] == '{' {
		p.weight += mapWeight
	}
	if p.weight > maxWeight {
		return v, fmt.Errorf("%w: it holds more than %d MiB of objects and values", errTooMuch, maxWeight>>20)
	}
	start := p.at
	switch p.data[p.at] {
	case '{':
		v.fields, err = p.fields(depth)
	case '[':
		v.items, err = p.items(depth)
	case '"':
		v.scalar, err = p.text()
	default:
		v.scalar = p.literal()
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

func (p *parser) fields(depth int) (map[string]value, error) {
	fields := map[string]value{}
	for p.at++; p.next() != '}'; {
		name, err := p.text()
		if err != nil {
			return nil, err
		}
		if _, twice := fields[name]; twice {
			return nil, fmt.Errorf("the key %s stands twice in one object", quote(name))
		}
		p.next()
		if fields[name], err = p.value(depth + 1); err != nil {
			return nil, err
		}
	}
	p.at++
	return fields, nil
}

func (p *parser) items(depth int) ([]value, error) {
	items := []value{}
	for p.at++; p.next() != ']'; {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
	p.at++
	return items, nil
}

// text reads a string; encoding/json undoes its escapes, where it has any.
func (p *parser) text() (string, error) {
	start, plain := p.at, true
	for p.at++; p.data[p.at] != '"'; p.at++ {
		if p.data[p.at] == '\\' {
			plain = false
			p.at++
		}
	}
	p.at++
	quoted := p.data[start:p.at]
	if plain {
		return string(quoted[1 : len(quoted)-1]), nil
	}
	var s string
	err := json.Unmarshal(quoted, &s)
	return s, err
}

// literal reads a number, true, false or null.
func (p *parser) literal() any {
	start := p.at
	for p.at < len(p.data) && strings.IndexByte(" \t\r\n,]}", p.data[p.at]) < 0 {
		p.at++
	}
	switch word := string(p.data[start:p.at]); word {
	case "true", "false":
		return word == "true"
	case "null":
		return nil
	default:
		return json.Number(word)
	}
}

// kind names what v is, for messages.
func (v value) kind() string {
	switch v.scalar.(type) {
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "true or false"
	}
	switch {
	case v.fields != nil:
		return "an object"
	case v.items != nil:
		return "an array"
	}
	return "null"
}

func (v value) null() bool { return v.scalar == nil && v.fields == nil && v.items == nil }

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
