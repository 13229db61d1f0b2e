package policy

import (
	"fmt"
	"slices"
	"strings"
)

// The grammar (names, tags and views are patterns):
//
//	specifier = segment *( ":" segment )
//	segment   = type [ "/" name ] [ ";" selector *( "," selector ) ]
//	type      = lower-case word with hyphens
//	selector  = tag | "{" property ":" value "}" | "view:" view
//	pattern   = 1*( literal | "*" | "${roleAttribute/" attribute "}" )
//
// Nothing may be empty, nothing may be blank, and no two wildcards may touch.

// Options says what is accepted where LaunchDarkly's own parser is not known. The zero value is
// for our files: it takes what can be meant, and what LaunchDarkly may have added since.
type Options struct {
	// AllowBareStar accepts "*" as a specifier of every resource of every kind. A correction to
	// LaunchDarkly's documentation says that it is answered with 400; the page on private
	// projects (2026) still prints it.
	AllowBareStar bool
	// LenientTypos accepts, and lets match nothing, the slips that stand in LaunchDarkly's own
	// material: "proj/*:env/*;qa_*:/flag/*" (API examples), "proj/*:env/:flag/*" (Terraform
	// provider's pages), "proj/sandbox:env/segment/*" (a sample). The answer to them is unknown.
	LenientTypos bool
	// RefuseUnknownProperty refuses properties other than "critical" on an environment. The
	// answer to others is unknown.
	RefuseUnknownProperty bool
	// RefuseUnknownType refuses types that are not in the catalogue. LaunchDarkly refused
	// "ai-config" when probed (2026-08), but also "ai-model-config", which it documents.
	RefuseUnknownType bool
}

// Parse reads a resource specifier. Types and properties that the catalogue does not have are
// accepted, as LaunchDarkly may have added them; a known type must stand below its parents. The
// error is a [*SyntaxError]. For what is accepted, Parse(text).String() is text.
func Parse(text string) (Specifier, error) { return ParseWith(text, Options{}) }

// ParseWith is Parse with another answer to what is not known of LaunchDarkly's parser.
func ParseWith(text string, o Options) (Specifier, error) {
	s, f := parse(text, o)
	if f == nil {
		return s, nil
	}
	return Specifier{}, &SyntaxError{Text: text, Offset: f.offset, Message: f.message, Suggestion: repair(f.repaired, o)}
}

// SyntaxError says where and why a text is no resource specifier.
type SyntaxError struct {
	Text    string
	Offset  int // bytes from the start of Text, from 0
	Message string
	// Suggestion is what was probably meant: a text that parses. Empty where nobody can know.
	Suggestion string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("resource specifier %q, byte %d: %s", e.Text, e.Offset, e.Message)
}

// fault is the first mistake in a text. Its repaired text is the whole text with this mistake put
// right; it may hold others. Empty where no repair is known.
type fault struct {
	offset            int
	message, repaired string
}

// maxRepairs bounds how many mistakes a suggestion puts right: a text with more is not a slip.
const maxRepairs = 12

// repair puts right one mistake after another until text parses, and returns it, or "".
func repair(text string, o Options) string {
	o.AllowBareStar, o.LenientTypos = false, false
	for range maxRepairs {
		if text == "" {
			return ""
		}
		_, f := parse(text, o)
		if f == nil {
			return text
		}
		text = f.repaired
	}
	return ""
}

// usualSegments is the length of the longest chain of types that is known, with room for a property.
const usualSegments = 4

func parse(text string, o Options) (Specifier, *fault) {
	if text == "*" && o.AllowBareStar {
		return Specifier{Segments: []Segment{{Type: "*"}}}, nil
	}
	p := parser{text: text, Options: o, segments: make([]Segment, 0, min(1+strings.Count(text, ":"), usualSegments))}
	for {
		if f := p.segment(); f != nil {
			return Specifier{}, f
		}
		if p.at == len(text) {
			return Specifier{Segments: p.segments}, nil
		}
		p.at++ // the ":"
	}
}

// parser reads text from left to right; at is the next byte.
type parser struct {
	Options
	text     string
	at       int
	segments []Segment
	kind     string // of the segments so far
}

// next returns the next byte, or 0 at the end.
func (p *parser) next() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

// eat moves past c if it comes next.
func (p *parser) eat(c byte) bool {
	if p.next() != c {
		return false
	}
	p.at++
	return true
}

// run moves past the bytes that is accepts, and returns them.
func (p *parser) run(is func(byte) bool) string {
	start := p.at
	for p.at < len(p.text) && is(p.text[p.at]) {
		p.at++
	}
	return p.text[start:p.at]
}

// ended reports whether nothing more can belong to the segment.
func (p *parser) ended() bool { return p.at == len(p.text) || p.text[p.at] == ':' }

// faultf is a mistake at offset; in the repaired text, drop bytes from there on give way to put.
func (p *parser) faultf(offset, drop int, put, format string, args ...any) *fault {
	repaired := p.text[:offset] + put + p.text[offset+drop:]
	return &fault{offset, fmt.Sprintf(format, args...), repaired}
}

// hopeless is a mistake that nobody can put right without knowing what was meant.
func (p *parser) hopeless(offset int, format string, args ...any) *fault {
	return &fault{offset: offset, message: fmt.Sprintf(format, args...)}
}

func (p *parser) segment() *fault {
	start := p.at
	var seg Segment
	f := p.typeName(&seg)
	if f == nil && p.eat('/') {
		seg.HasName = true
		f = p.name(&seg)
	}
	if f == nil {
		f = p.place(start, seg)
	}
	if f == nil && p.eat(';') {
		f = p.selectors(&seg)
	}
	if f == nil && !p.ended() {
		f = p.unexpected("resource specifier")
	}
	p.segments = append(p.segments, seg)
	return f
}

func (p *parser) typeName(seg *Segment) *fault {
	start := p.at
	seg.Type = p.run(isWord)
	switch c := p.next(); {
	case seg.Type == "" && p.ended():
		return p.emptySegment()
	case seg.Type == "" && c == '/' && p.LenientTypos:
	case seg.Type == "" && c == '/':
		return p.faultf(start, 1, "", "there is a \"/\" where a resource type must stand")
	case seg.Type == "" && c == ';':
		return p.hopeless(start, "there is no resource type before \";\"")
	case seg.Type == "":
		return p.unexpected("resource type")
	case seg.Type == "*":
		return p.anyType(start)
	case !isType(seg.Type):
		return p.badType(start, seg.Type)
	}
	return nil
}

func (p *parser) emptySegment() *fault {
	switch {
	case p.text == "":
		return p.hopeless(0, "the resource specifier is empty")
	case p.at == len(p.text):
		return p.faultf(p.at-1, 1, "", "nothing follows the \":\" at the end")
	}
	return p.faultf(p.at, 1, "", "there is no resource type before \":\"")
}

// anyType is the mistake of "*" for a type. People mean "everything" or "everything below".
func (p *parser) anyType(start int) *fault {
	const why = "a specifier names one kind of resource and \"*\" is no resource type: write one specifier for each type"
	put := map[string]string{"": "proj", "proj": "flag", "proj:env": "flag", "member": "token"}[p.kind]
	switch {
	case put == "":
		return p.hopeless(start, why)
	case p.next() != '/':
		put += "/*"
	}
	return p.faultf(start, 1, put, why)
}

func (p *parser) badType(start int, word string) *fault {
	put := DefaultCatalogue().NearestType(word)
	if put == "" {
		put = strings.ToLower(strings.ReplaceAll(word, "_", "-"))
	}
	if !isType(put) {
		return p.hopeless(start, "%q is no resource type: types are lower-case words with hyphens", word)
	}
	return p.faultf(start, len(word), put, "%q is no resource type: types are lower-case words with hyphens", word)
}

func (p *parser) name(seg *Segment) *fault {
	start := p.at
	f := p.pattern("name", isNameByte)
	seg.Name = Pattern(p.text[start:p.at])
	switch c := p.next(); {
	case f != nil:
		return f
	case c == '/' && p.LenientTypos:
		p.run(func(c byte) bool { return c == '/' || c == '*' || isNameByte(c) })
		seg.Name = Pattern(p.text[start:p.at])
	case c == '/':
		return p.slashInName(start - 1 - len(seg.Type))
	case seg.Name == "" && (p.ended() || c == ';' || c == ',') && !p.LenientTypos:
		return p.faultf(start, 0, "*", "the name after \"%s/\" is empty", seg.Type)
	case c == ',':
		return p.faultf(p.at, 1, ";", "selectors begin with \";\", not with \",\"")
	case c == '{':
		return p.faultf(p.at, 0, ";", "there is no \";\" before the selector")
	}
	return nil
}

// slashInName is the mistake of "/" for ":", as in "env/production/flag/*". The repair begins a
// segment with every known type.
func (p *parser) slashInName(start int) *fault {
	const why = "a name cannot hold \"/\": segments are joined with \":\""
	end := start + strings.IndexAny(p.text[start:]+":", ":;,")
	if strings.Contains(p.text[start:end], "$") {
		return p.hopeless(p.at, why)
	}
	words := strings.Split(p.text[start:end], "/")
	var segments []string
	for i := 0; i < len(words); i++ {
		segment := words[i] + "/*"
		if i+1 < len(words) && DefaultCatalogue().lookup(words[i+1]) == nil {
			segment = words[i] + "/" + words[i+1]
			i++
		}
		segments = append(segments, segment)
	}
	f := p.faultf(start, end-start, strings.Join(segments, ":"), why)
	f.offset = p.at
	return f
}

func (p *parser) selectors(seg *Segment) *fault {
	for {
		sel, f := p.selector()
		if f != nil {
			return f
		}
		seg.Selectors = append(seg.Selectors, sel)
		switch {
		case p.next() == ';':
			return p.faultf(p.at, 1, ",", "selectors are joined with \",\", not with \";\"")
		case !p.eat(','):
			return nil
		}
	}
}

const viewPrefix = "view:"

func (p *parser) selector() (Selector, *fault) {
	start := p.at
	switch c := p.next(); {
	case p.ended() || c == ',' || c == ';':
		return nil, p.faultf(start-1, 1, "", "there is no selector after %q", p.text[start-1:start])
	case c == '{':
		return p.property()
	case strings.HasPrefix(p.text[start:], viewPrefix):
		return p.view()
	}
	f := p.pattern("tag", isKeyByte)
	switch {
	case f == nil && p.at == start:
		f = p.unexpected("tag")
	case f == nil:
		f = p.bareProperty(start)
	}
	return Tag(p.text[start:p.at]), f
}

// bareProperty is the mistake of "critical:true" without its braces, which reads as a tag and then
// as a type. No type is called true or false.
func (p *parser) bareProperty(start int) *fault {
	t, name := DefaultCatalogue().lookup(lastType(p.kind)), p.text[start:p.at]
	if t == nil || !slices.Contains(t.Properties, name) {
		return nil
	}
	for _, value := range []string{":true", ":false"} {
		rest, found := strings.CutPrefix(p.text[p.at:], value)
		if found && (rest == "" || strings.IndexByte(":,", rest[0]) >= 0) {
			put := Property{name, value[1:]}.String()
			return p.faultf(start, len(name)+len(value), put, "a property is written in braces, %q", put)
		}
	}
	return nil
}

func (p *parser) view() (Selector, *fault) {
	p.at += len(viewPrefix)
	start := p.at
	f := p.pattern("view", isKeyByte)
	switch {
	case f != nil:
	case p.next() == '/':
		f = p.hopeless(p.at, "%q selects a view, and a view's key cannot hold \"/\"; it is no tag", viewPrefix)
	case p.at == start:
		f = p.hopeless(start, "there is no view after %q", viewPrefix)
	}
	return View(p.text[start:p.at]), f
}

func (p *parser) property() (Selector, *fault) {
	open := p.at
	p.at++
	name := p.run(isKeyByte)
	switch c := p.next(); {
	case name == "":
		return nil, p.hopeless(p.at, "there is no property after \"{\"")
	case c == '=':
		return nil, p.faultf(p.at, 1, ":", "a property and its value are joined with \":\", not with \"=\"")
	case c != ':':
		return nil, p.faultf(p.at, 0, ":true", "property %q has no value", name)
	}
	p.at++
	value := p.run(isKeyByte)
	switch {
	case value == "":
		return nil, p.faultf(p.at, 0, "true", "property %q has no value", name)
	case !p.eat('}'):
		f := p.faultf(p.at, 0, "}", "the selector that begins with \"{\" is not closed")
		f.offset = open
		return nil, f
	}
	return Property{name, value}, p.allowed(open, Property{name, value})
}

// pattern moves past literal bytes, wildcards and role attributes; it may find none.
func (p *parser) pattern(what string, literal func(byte) bool) *fault {
	for {
		p.run(literal)
		switch {
		case p.next() == '$':
			if f := p.attribute(); f != nil {
				return f
			}
		case !p.eat('*'):
			return p.stop(what)
		case p.next() == '*':
			return p.faultf(p.at, 1, "", "\"**\" means no more than \"*\"")
		}
	}
}

// stop is where a pattern ends: nil if the next byte has a meaning of its own.
func (p *parser) stop(what string) *fault {
	if p.ended() || strings.IndexByte(";,/{", p.next()) >= 0 {
		return nil
	}
	return p.unexpected(what)
}

func (p *parser) attribute() *fault {
	start := p.at
	switch rest := p.text[start:]; {
	case strings.HasPrefix(rest, "$${"):
		return p.faultf(start, 1, "", "\"$$\" is how Terraform writes \"$\"; here it is written once")
	case !strings.HasPrefix(rest, "${"):
		return p.hopeless(start, "\"$\" can only begin a role attribute, %q", attributePrefix+"name}")
	}
	p.at += len("${")
	body := p.run(func(c byte) bool { return isKeyByte(c) || c == '/' })
	name, found := strings.CutPrefix("${"+body, attributePrefix)
	switch {
	case !found || name == "" || strings.Contains(name, "/"):
		return p.badAttribute(start, body)
	case !p.eat('}'):
		f := p.faultf(p.at, 0, "}", "the role attribute that begins with \"${\" is not closed")
		f.offset = start
		return f
	}
	return nil
}

// badAttribute is the mistake of "${projects}" or "${role/projects}" for a role attribute.
func (p *parser) badAttribute(start int, body string) *fault {
	const why = "a role attribute is written %q"
	name := body[strings.LastIndex(body, "/")+1:]
	if name == "" {
		return p.hopeless(start, why, attributePrefix+"name}")
	}
	return p.faultf(start, len("${")+len(body), attributePrefix+name, why, attributePrefix+name+"}")
}
