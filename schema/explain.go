package schema

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/santhosh-tekuri/jsonschema/v5"
)

// The library reports a tree of failures: every branch of a oneOf, every wrapper of a $ref, and
// unknown properties at their parent. The explainer turns that tree into one violation per
// mistake. It takes from the library only where a keyword failed and on which value, and words
// the rest from the schema and the value, so that messages do not depend on the library's.

// explainer collects the violations of one value.
type explainer struct {
	text  map[string]any // the schema
	value any
	found []Violation
	// paired holds the objects whose exclusive properties have been looked at.
	paired map[string]bool
}

// collect walks the tree of failures down to its leaves.
func (e *explainer) collect(failure *jsonschema.ValidationError) {
	if len(e.found) > 4*MaxViolations { // sorted and cut later; this only bounds the work
		return
	}
	keyword := lastToken(failure.AbsoluteKeywordLocation)
	switch {
	case keyword == "oneOf" && e.requiredBranches(failure) != nil:
		e.alternatives(failure)
	case keyword == "anyOf" || keyword == "oneOf":
		e.branches(failure)
	case len(failure.Causes) > 0:
		for _, cause := range failure.Causes {
			e.collect(cause)
		}
	default:
		e.leaf(keyword, failure)
	}
}

// branches follows the branches that got further than refusing the value's type; if all of them
// refuse it, that is the one mistake.
func (e *explainer) branches(failure *jsonschema.ValidationError) {
	var types []string
	for _, cause := range failure.Causes {
		if leaf := onlyLeaf(cause); leaf != nil && leaf.InstanceLocation == failure.InstanceLocation && lastToken(leaf.AbsoluteKeywordLocation) == "type" {
			types = append(types, wants[fmt.Sprint(e.schemaAt(leaf))])
			continue
		}
		e.collect(cause)
	}
	if len(types) == len(failure.Causes) {
		pointer := pointerOf(failure)
		got := typeOf(lookup(e.value, pointer))
		e.add(Violation{
			Pointer: pointer, Keyword: "type", Got: got,
			Message: fmt.Sprintf("%s is %s, want %s", subjectOf(pointer), gots[got], strings.Join(types, " or ")),
		})
	}
}

// onlyLeaf returns the failure's one leaf, or nil if there are several.
func onlyLeaf(failure *jsonschema.ValidationError) *jsonschema.ValidationError {
	for len(failure.Causes) == 1 {
		failure = failure.Causes[0]
	}
	if len(failure.Causes) > 0 {
		return nil
	}
	return failure
}

// requiredBranches returns the property that each branch of a oneOf asks for, or nil if the oneOf
// is of another kind.
func (e *explainer) requiredBranches(failure *jsonschema.ValidationError) []string {
	list, _ := e.schemaAt(failure).([]any)
	var properties []string
	for _, branch := range list {
		m, _ := branch.(map[string]any)
		required, _ := m["required"].([]any)
		if len(m) != 1 || len(required) != 1 {
			return nil
		}
		properties = append(properties, required[0].(string))
	}
	return properties
}

// alternatives explains a oneOf of required properties: none of them is there, or several are.
func (e *explainer) alternatives(failure *jsonschema.ValidationError) {
	properties := e.requiredBranches(failure)
	pointer := pointerOf(failure)
	object, _ := lookup(e.value, pointer).(map[string]any)
	var present []string
	for _, p := range properties {
		if _, ok := object[p]; ok {
			present = append(present, p)
		}
	}
	if len(present) == 0 {
		e.add(neither(pointer, properties))
		return
	}
	e.add(Violation{
		Pointer: pointer + "/" + present[1], OnKey: true, Keyword: "oneOf", Property: present[1],
		Message: quoted(present, " and ") + " exclude each other", Hint: "keep one of them",
	})
}

// leaf explains a keyword that failed by itself.
func (e *explainer) leaf(keyword string, failure *jsonschema.ValidationError) {
	pointer := pointerOf(failure)
	want, got := e.schemaAt(failure), lookup(e.value, pointer)
	if strings.HasSuffix(parentOf(failure.KeywordLocation), "/propertyNames") {
		v := wrongValue(keyword, pointer, want, lastToken(pointer))
		v.OnKey = true
		e.add(v)
		return
	}
	switch keyword {
	case "required":
		e.missing(pointer, want, got)
	case "additionalProperties":
		e.unknown(pointer, failure, got)
	case "minProperties":
		parent := lookup(e.text, parentOf(fragment(failure.AbsoluteKeywordLocation))).(map[string]any)
		if parent["dependencies"] == nil { // else pairs says what is missing
			e.add(wrongValue(keyword, pointer, want, got))
		}
	default:
		if want == false { // a property that another one excludes
			e.excluded(pointer, failure)
			return
		}
		e.add(wrongValue(keyword, pointer, want, got))
		return
	}
	e.pairs(pointer, parentOf(fragment(failure.AbsoluteKeywordLocation)))
}

// A pair of properties of which exactly one has to be there is written in the schema as a
// dependency of the first that forbids the second, and as a least number of properties. That is
// much cheaper to check than a oneOf, whose failing branch builds an error for every good
// statement; the price is paid here, for bad ones.

// excluded explains a property that must not stand beside another one.
func (e *explainer) excluded(pointer string, failure *jsonschema.ValidationError) {
	second := lastToken(pointer)
	first := lastToken(parentOf(parentOf(fragment(failure.AbsoluteKeywordLocation))))
	e.add(Violation{
		Pointer: pointer, OnKey: true, Keyword: "oneOf", Property: second,
		Message: quoted([]string{first, second}, " and ") + " exclude each other", Hint: "keep one of them",
	})
	path, _, _ := strings.Cut(fragment(failure.AbsoluteKeywordLocation), "/dependencies/")
	e.pairs(parentOf(pointer), path)
}

// pairs adds a violation for each pair of which the object at pointer has neither; path leads to
// the object's schema.
func (e *explainer) pairs(pointer, path string) {
	schema, _ := lookup(e.text, path).(map[string]any)
	dependencies, _ := schema["dependencies"].(map[string]any)
	if e.paired[pointer] || len(dependencies) == 0 {
		return
	}
	if e.paired == nil {
		e.paired = map[string]bool{}
	}
	e.paired[pointer] = true
	object, _ := lookup(e.value, pointer).(map[string]any)
	for _, first := range sortedKeys(dependencies) {
		forbidden, _ := lookup(dependencies[first], "/properties").(map[string]any)
		pair := append([]string{first}, sortedKeys(forbidden)...)
		if !slices.ContainsFunc(pair, func(p string) bool { _, ok := object[p]; return ok }) {
			e.add(neither(pointer, pair))
		}
	}
}

func neither(pointer string, properties []string) Violation {
	return Violation{
		Pointer: pointer, Keyword: "required", Property: strings.Join(properties, " "),
		Message: "one of " + quoted(properties, " and ") + " is missing", Hint: "write exactly one of them",
	}
}

// missing adds a violation for each required property that is not there.
func (e *explainer) missing(pointer string, want, got any) {
	object, _ := got.(map[string]any)
	for _, name := range texts(want) {
		if _, ok := object[name]; !ok {
			e.add(Violation{
				Pointer: pointer, Keyword: "required", Property: name,
				Message: strconv.Quote(name) + " is missing", Hint: "add " + strconv.Quote(name),
			})
		}
	}
}

// unknown adds a violation for each property that the schema does not know, at its key.
func (e *explainer) unknown(pointer string, failure *jsonschema.ValidationError, got any) {
	path := strings.TrimSuffix(fragment(failure.AbsoluteKeywordLocation), "/additionalProperties")
	object, _ := lookup(e.text, path).(map[string]any)
	properties, _ := object["properties"].(map[string]any)
	known := sortedKeys(properties)
	value, _ := got.(map[string]any)
	for _, name := range sortedKeys(value) {
		if _, ok := properties[name]; ok {
			continue
		}
		e.add(Violation{
			Pointer: pointer + "/" + escapeToken(name), OnKey: true, Keyword: "additionalProperties",
			Property: name, Message: "unknown key " + strconv.Quote(name), Hint: suggestion(name, known, "known keys are "), Got: name,
		})
	}
}

func (e *explainer) add(v Violation) { e.found = append(e.found, v) }

// result sorts what was found, drops what follows from another mistake, and cuts the rest.
func (e *explainer) result() []Violation {
	slices.SortStableFunc(e.found, func(a, b Violation) int {
		return cmp.Or(comparePointers(a.Pointer, b.Pointer), cmp.Compare(a.Keyword, b.Keyword), cmp.Compare(a.Property, b.Property))
	})
	kept := slices.DeleteFunc(e.found, func(v Violation) bool { return v.Keyword == "required" && e.misspelt(v) })
	return kept[:min(len(kept), MaxViolations)]
}

// misspelt reports whether a missing property is there under a misspelt name: "polcy" is one
// mistake and not an unknown key and a missing one.
func (e *explainer) misspelt(missing Violation) bool {
	wanted := strings.Fields(missing.Property)
	return slices.ContainsFunc(e.found, func(v Violation) bool {
		return v.Keyword == "additionalProperties" && parentOf(v.Pointer) == missing.Pointer && nearest(v.Property, wanted) != ""
	})
}

// schemaAt returns the part of the schema that a failure points at.
func (e *explainer) schemaAt(failure *jsonschema.ValidationError) any {
	return lookup(e.text, fragment(failure.AbsoluteKeywordLocation))
}

// suggestion returns "did you mean …" if one of the candidates is near, else the prefix and all
// of them.
func suggestion(word string, candidates []string, prefix string) string {
	if best := nearest(word, candidates); best != "" {
		return "did you mean " + strconv.Quote(best) + "?"
	}
	if len(candidates) == 0 {
		return ""
	}
	return prefix + quoted(candidates, ", ")
}

// nearest returns the candidate within two edits and a third of the word's length, letter case
// aside, or "".
func nearest(word string, candidates []string) string {
	best, least := "", min(2, max(1, len(word)/3))+1
	for _, c := range candidates {
		if abs(len(word)-len(c)) >= least { // distance is at least the difference in length
			continue
		}
		if d := levenshtein.Distance(strings.ToLower(word), strings.ToLower(c), nil); d < least {
			best, least = c, d
		}
	}
	return best
}

func abs(n int) int { return max(n, -n) }

func quoted(list []string, separator string) string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strconv.Quote(s)
	}
	return strings.Join(out, separator)
}

// pointerOf returns the RFC 6901 pointer of a failure's value; the library escapes tokens for
// URLs on top.
func pointerOf(failure *jsonschema.ValidationError) string {
	return unescapeURL(failure.InstanceLocation)
}

// fragment returns the pointer behind the "#" of a keyword's location.
func fragment(location string) string {
	_, pointer, _ := strings.Cut(location, "#")
	return unescapeURL(pointer)
}

func unescapeURL(pointer string) string {
	if s, err := url.PathUnescape(pointer); err == nil {
		return s
	}
	return pointer
}
