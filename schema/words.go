package schema

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// wants names the JSON types as a message asks for them.
var wants = map[string]string{
	"string": "text", "array": "a list", "object": "a mapping", "boolean": "true or false",
	"integer": "a whole number", "number": "a number", "null": "nothing",
}

// gots names the JSON types as a message reports them.
var gots = map[string]string{
	"string": "text", "array": "a list", "object": "a mapping", "boolean": "true or false",
	"number": "a number", "null": "empty",
}

// wrongValue explains a keyword that refuses the value itself. want is the keyword's value in the
// schema.
func wrongValue(keyword, pointer string, want, got any) Violation {
	v := Violation{Pointer: pointer, Keyword: keyword, Got: typeOf(got)}
	if text, ok := got.(string); ok && keyword != "type" {
		v.Got = text
	}
	subject := subjectOf(pointer)
	switch keyword {
	case "type":
		v.Message = fmt.Sprintf("%s is %s, want %s", subject, gots[v.Got], wants[fmt.Sprint(want)])
	case "const":
		v.Keyword = "enum"
		return oneOf(v, subject, []any{want}, got)
	case "enum":
		list, _ := want.([]any)
		return oneOf(v, subject, list, got)
	case "minItems", "minProperties", "minLength":
		v.Message = subject + " is empty"
		if size(got) > 0 {
			v.Message = fmt.Sprintf("%s has %d of %v elements", subject, size(got), want)
		}
	case "maxItems", "maxProperties":
		v.OnKey = true
		v.Message = fmt.Sprintf("%s has %d elements, at most %v are allowed", subject, size(got), want)
	case "maxLength":
		v.Message = fmt.Sprintf("%s is %d characters long, at most %v are allowed", subject, size(got), want)
	case "minimum":
		v.Message = fmt.Sprintf("%s is %v, want %v or more", subject, got, want)
	case "maximum":
		v.Message = fmt.Sprintf("%s is %v, want %v or less", subject, got, want)
	case "pattern":
		v.Message = fmt.Sprintf("%s: %q is not of the form %v", subject, got, want)
	default:
		v.Message = fmt.Sprintf("%s is refused by %q", subject, keyword)
	}
	return v
}

// oneOf explains a value that is none of those wanted.
func oneOf(v Violation, subject string, list []any, got any) Violation {
	words := texts(list)
	v.Message = fmt.Sprintf("%s is %s, want %s", subject, show(got), wanted(list))
	if text, ok := got.(string); ok {
		if best := nearest(text, words); best != "" {
			v.Hint = "did you mean " + strconv.Quote(best) + "?"
		}
	}
	return v
}

// wanted lists alternatives: "a", "b" or "c".
func wanted(list []any) string {
	out := ""
	for i, item := range list {
		switch {
		case i > 0 && i == len(list)-1:
			out += " or "
		case i > 0:
			out += ", "
		}
		out += show(item)
	}
	return out
}

// show writes a value for a message: text quoted, lists and mappings by their kind only.
func show(value any) string {
	switch value := value.(type) {
	case string:
		return strconv.Quote(value)
	case []any, map[string]any, nil:
		return gots[typeOf(value)]
	}
	return fmt.Sprint(value)
}

// subjectOf names what a pointer points at: "key", an element of "actions", the document.
func subjectOf(pointer string) string {
	if pointer == "" {
		return "the document"
	}
	last := lastToken(pointer)
	if _, err := strconv.Atoi(last); err != nil {
		return strconv.Quote(last)
	}
	return "an element of " + strconv.Quote(lastToken(parentOf(pointer)))
}

// typeOf returns the JSON type of a value.
func typeOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	case int, int64, float64, json.Number:
		return "number"
	}
	return fmt.Sprintf("%T", value)
}

// size returns how many elements, properties or characters a value has.
func size(value any) int {
	switch value := value.(type) {
	case []any:
		return len(value)
	case map[string]any:
		return len(value)
	case string:
		return len([]rune(value))
	}
	return 0
}
