// Package policy holds LaunchDarkly's statement language: resource specifiers, patterns, the
// catalogue of known resource types and actions, and what a policy answers to one request
// ([Evaluate]).
//
// Invariant: text is never changed. A specifier that parses prints as the very text it came from,
// and two specifiers are the same exactly if their texts are. What LaunchDarkly leaves open is an
// option with a name ([Options], [Semantics]), never a silent choice.
//
// The package must not know files, positions or accounts, and must not refuse a type or an action
// for being unknown: LaunchDarkly adds some every month. It imports role and diag only.
package policy

import "strings"

// Specifier names resources of one kind, as "proj/web:env/*;{critical:true}:flag/pay-*". It names
// nothing above or below: "proj/web" is the project's own settings and no flag in it.
type Specifier struct {
	Segments []Segment // from the outermost; never empty
}

// Segment is one step of a specifier: "flag/pay-*;beta,view:checkout".
type Segment struct {
	Type string
	// HasName tells "acct" from "proj/*".
	HasName   bool
	Name      Pattern
	Selectors []Selector // all of them must hold
}

// Selector narrows a segment to the resources that have something: a [Tag], a [Property] or a
// [View].
type Selector interface {
	String() string
	selector()
}

// Tag selects resources that have a tag matching the pattern.
type Tag Pattern

// Property selects resources by a property, as "{critical:true}". Only critical, on
// environments, is documented; others are kept as they are.
type Property struct{ Name, Value string }

// View selects flags that are linked to a view whose key matches the pattern.
type View Pattern

func (Tag) selector()      {}
func (Property) selector() {}
func (View) selector()     {}

// String returns the tag as written.
func (t Tag) String() string { return string(t) }

// String returns "{name:value}".
func (p Property) String() string { return "{" + p.Name + ":" + p.Value + "}" }

// String returns "view:" and the key as written.
func (v View) String() string { return viewPrefix + string(v) }

// String returns the text that s was parsed from.
func (s Specifier) String() string {
	var b strings.Builder
	for i, seg := range s.Segments {
		if i > 0 {
			b.WriteByte(':')
		}
		seg.write(&b)
	}
	return b.String()
}

func (s Segment) write(b *strings.Builder) {
	b.WriteString(s.Type)
	if s.HasName {
		b.WriteByte('/')
		b.WriteString(string(s.Name))
	}
	for i, sel := range s.Selectors {
		b.WriteByte(";,"[min(i, 1)])
		b.WriteString(sel.String())
	}
}

// Kind returns the chain of types, as "proj:env:flag". All specifiers of one statement must be of
// one kind.
func (s Specifier) Kind() string {
	types := make([]string, len(s.Segments))
	for i, seg := range s.Segments {
		types[i] = seg.Type
	}
	return strings.Join(types, ":")
}

// Type returns the type of what s names: that of its last segment.
func (s Specifier) Type() string { return s.Segments[len(s.Segments)-1].Type }

// Known reports whether the catalogue has every type in s.
func (s Specifier) Known() bool {
	for _, seg := range s.Segments {
		if DefaultCatalogue().lookup(seg.Type) == nil {
			return false
		}
	}
	return true
}
