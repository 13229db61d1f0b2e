// Package gencatalogue trims LaunchDarkly's published resource types and actions, as collected
// in one reference file, to the catalogue that package policy embeds.
//
// Invariant: it drops and renames, and adds nothing but the two facts that the reference states
// in prose only (see optionalName and withViews). The same input gives the same bytes.
//
// The package must not be imported by anything but the generator program (gen.go in policy).
package gencatalogue

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// optionalName lists the types that may stand with and without a name. The reference says so in
// a note: "Exact specifier (ip-allowlist vs ip-allowlist/*) not confirmed; accept both."
var optionalName = []string{"ip-allowlist"}

// viewSelector is how the reference marks a type that can be selected by view.
const viewSelector = "view:<viewKey>"

// reference is the part of the input that is kept.
type reference struct {
	Generated    string            `json:"generated"`
	SourceLegend map[string]string `json:"sourceLegend"`
	Types        []struct {
		Type       string   `json:"type"`
		Specifier  string   `json:"specifier"`
		Alternates []string `json:"alternateSpecifiers"`
		Category   string   `json:"category"`
		Tags       bool     `json:"supportsTags"`
		HasName    bool     `json:"hasName"`
		Selectors  []string `json:"selectors"`
		Properties []string `json:"properties"`
		Confidence string   `json:"confidence"`
		Sources    []string `json:"sources"`
		Note       string   `json:"note"`
		Deprecated bool     `json:"deprecated"`
		Actions    []action `json:"actions"`
	} `json:"resourceTypes"`
}

type catalogue struct {
	Date    string            `json:"date"`
	Sources map[string]string `json:"sources"`
	Types   []resourceType    `json:"types"`
}

type resourceType struct {
	Name       string   `json:"name"`
	Kinds      []string `json:"kinds"`
	Category   string   `json:"category"`
	Naming     string   `json:"naming"`
	Tags       bool     `json:"tags,omitempty"`
	Views      bool     `json:"views,omitempty"`
	Properties []string `json:"properties,omitempty"`
	Deprecated bool     `json:"deprecated,omitempty"`
	Confidence string   `json:"confidence"`
	Sources    []string `json:"sources"`
	Note       string   `json:"note,omitempty"`
	Actions    []action `json:"actions"`
}

type action struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Scope       string `json:"scope,omitempty"`
	Since       string `json:"since,omitempty"`
	Confidence  string `json:"confidence,omitempty"`
	Note        string `json:"note,omitempty"`
}

// Convert returns the catalogue of the reference file ref as JSON, one value a line so that a new
// edition reads well as a diff.
func Convert(ref []byte) ([]byte, error) {
	var in reference
	if err := json.Unmarshal(ref, &in); err != nil {
		return nil, fmt.Errorf("read the reference: %w", err)
	}
	out := catalogue{Date: in.Generated, Sources: in.SourceLegend}
	for _, t := range in.Types {
		slices.SortFunc(t.Actions, func(a, b action) int { return strings.Compare(a.Name, b.Name) })
		out.Types = append(out.Types, resourceType{
			Name: t.Type, Kinds: kinds(append([]string{t.Specifier}, t.Alternates...)),
			Category: t.Category, Naming: naming(t.Type, t.HasName),
			Tags: t.Tags, Views: slices.Contains(t.Selectors, viewSelector), Properties: t.Properties,
			Deprecated: t.Deprecated, Confidence: t.Confidence, Sources: t.Sources, Note: t.Note, Actions: t.Actions,
		})
	}
	text, err := json.MarshalIndent(out, "", " ")
	return append(text, '\n'), err
}

// kinds turns specifiers such as "proj/*:env/*" into type chains such as "proj:env".
func kinds(specifiers []string) []string {
	out := make([]string, len(specifiers))
	for i, s := range specifiers {
		out[i] = strings.ReplaceAll(s, "/*", "")
	}
	return out
}

func naming(typ string, hasName bool) string {
	switch {
	case slices.Contains(optionalName, typ):
		return "optional"
	case hasName:
		return "required"
	}
	return "none"
}
