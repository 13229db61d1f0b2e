package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// RequestError says where and why a text is no "ACTION on SPECIFIER".
type RequestError struct {
	Text       string
	Offset     int // bytes from the start of Text, from 0
	Message    string
	Suggestion string // what was probably meant: the whole text put right; or ""
}

// Error returns the message, and where it applies.
func (e *RequestError) Error() string {
	return fmt.Sprintf("request %q, byte %d: %s", e.Text, e.Offset, e.Message)
}

const on = " on "

// ParseRequest reads "ACTION on SPECIFIER", a question about every request that it stands for.
// Actions are separated by commas and may hold "*"; the specifier is one of [Parse]. An action
// that the catalogue does not have is accepted, unless it is nearly one that it has. The error is
// a [*RequestError].
func ParseRequest(text string) (actions []string, resource Specifier, err error) {
	return parseRequest(text, maxRepairs)
}

// parseRequest reads text; to suggest another, it puts right so many mistakes at most.
func parseRequest(text string, repairs int) (actions []string, resource Specifier, err error) {
	list, rest, found := strings.Cut(text, on)
	if !found {
		return nil, Specifier{}, withoutOn(text, repairs)
	}
	start := len(list) + len(on) + leadingBlanks(rest)
	resource, err = Parse(strings.Trim(rest, blanks))
	if err != nil {
		return nil, Specifier{}, badResource(text, start, err, repairs)
	}
	at := 0
	for _, word := range strings.Split(list, ",") {
		action := strings.Trim(word, blanks)
		from := at + leadingBlanks(word)
		if err := checkAction(text, from, action, resource.Type(), repairs); err != nil {
			return nil, Specifier{}, err
		}
		actions = append(actions, action)
		at += len(word) + len(",")
	}
	return actions, resource, nil
}

// blanks may stand around actions and specifiers.
const blanks = " \t\r\n"

func leadingBlanks(text string) int { return len(text) - len(strings.TrimLeft(text, blanks)) }

// withoutOn is the mistake of a text without " on ". Where the words stand without it, or with
// another letter case, it can be put in.
func withoutOn(text string, repairs int) error {
	e := &RequestError{Text: text, Offset: len(text), Message: "want \"ACTION on SPECIFIER\""}
	words := strings.Fields(text)
	if len(words) > 2 && strings.EqualFold(words[len(words)-2], "on") {
		words = append(words[:len(words)-2], words[len(words)-1])
	}
	if len(words) < 2 || slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, "on") }) {
		return e
	}
	last := len(words) - 1
	e.Offset = strings.LastIndex(text, words[last])
	e.Suggestion = readable(strings.Join(words[:last], " ")+on+words[last], repairs)
	return e
}

func badResource(text string, start int, err error, repairs int) error {
	var syntax *SyntaxError
	errors.As(err, &syntax)
	e := &RequestError{Text: text, Offset: start + syntax.Offset, Message: syntax.Message}
	if syntax.Suggestion != "" {
		e.Suggestion = readable(text[:start]+syntax.Suggestion, repairs)
	}
	return e
}

// checkAction returns what is wrong with an action that begins at offset from.
func checkAction(text string, from int, action, typ string, repairs int) error {
	fail := func(message, put string) error {
		e := &RequestError{Text: text, Offset: from, Message: message}
		if put != "" {
			e.Suggestion = readable(text[:from]+put+text[from+len(action):], repairs)
		}
		return e
	}
	switch i := strings.IndexFunc(action, isNoActionRune); {
	case action == "":
		return fail("there is no action", "")
	case i >= 0:
		from += i
		return fail(fmt.Sprintf("%q cannot stand in an action", action[i:i+runeLength(action[i:])]), "")
	case strings.Contains(action, "*"):
		return nil
	}
	c := DefaultCatalogue()
	if len(c.ActionTypes(action)) > 0 || c.ActionKnown(typ, action) {
		return nil
	}
	if near := c.NearestAction(typ, action); near != "" {
		return fail(fmt.Sprintf("unknown action %q, did you mean %q", action, near), near)
	}
	return nil
}

func isNoActionRune(r rune) bool {
	return r >= 0x80 || r != '*' && !isKeyByte(byte(r))
}

func runeLength(text string) int {
	for i := range text {
		if i > 0 {
			return i
		}
	}
	return len(text)
}

// readable returns text, from which one mistake is gone, if it can be read, or else the
// suggestion for it; "" where there is none.
func readable(text string, repairs int) string {
	if repairs == 0 {
		return ""
	}
	_, _, err := parseRequest(text, repairs-1)
	var request *RequestError
	if errors.As(err, &request) {
		return request.Suggestion
	}
	return text
}

// NewRequest returns the one request that the action and the specifier name: its names, tags and
// views become those of the resource. It is an error if either is a pattern and so stands for
// many, or holds a role attribute.
func NewRequest(action string, resource Specifier) (Request, error) {
	if strings.Contains(action, "*") {
		return Request{}, fmt.Errorf("action %q stands for many: name one", action)
	}
	req := Request{Action: action}
	for _, seg := range resource.Segments {
		for _, p := range seg.patterns() {
			if strings.ContainsAny(string(p), "*$") {
				return Request{}, fmt.Errorf("%q in %q stands for many: name one", p, resource)
			}
		}
		req.Resource = append(req.Resource, seg.part())
	}
	return req, nil
}

// patterns returns what stands for names, tags and views in the segment.
func (s Segment) patterns() []Pattern {
	patterns := []Pattern{s.Name}
	for _, sel := range s.Selectors {
		switch sel := sel.(type) {
		case Tag:
			patterns = append(patterns, Pattern(sel))
		case View:
			patterns = append(patterns, Pattern(sel))
		}
	}
	return patterns
}

// part returns the resource that the segment names, taken at its word.
func (s Segment) part() Part {
	p := Part{Type: s.Type, Key: string(s.Name)}
	for _, sel := range s.Selectors {
		switch sel := sel.(type) {
		case Tag:
			p.Tags = append(p.Tags, string(sel))
		case View:
			p.Views = append(p.Views, string(sel))
		case Property:
			if p.Properties == nil {
				p.Properties = map[string]string{}
			}
			p.Properties[sel.Name] = sel.Value
		}
	}
	return p
}
