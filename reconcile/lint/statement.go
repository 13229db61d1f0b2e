package lint

import (
	"errors"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Statement is one statement of a role, with its elements read. An element's list is that of
// actions and notActions together, or of resources and notResources: a word that is wrong is
// wrong in both.
type Statement struct {
	role.Statement
	Pos       diag.Position
	Actions   []Action
	Resources []Resource
	// types are what the specifiers that parse are about, each once.
	types []string
	key   string // types, joined
}

// Action is one element of actions or notActions.
type Action struct {
	Text string
	Pos  diag.Position
}

// Resource is one element of resources or notResources.
type Resource struct {
	Text string
	Pos  diag.Position
	reading
}

// reading is what a specifier's text says. It is made once for each distinct text.
type reading struct {
	Specifier policy.Specifier
	Err       *policy.SyntaxError // if not nil, Specifier is empty
	// Unknown is the first type that the catalogue lacks, or "". Meant is the specifier that was
	// probably meant, if that type or a later one is nearly a known one.
	Unknown, Meant string
}

func (p *Pass) statement(r *role.Desired, n int) Statement {
	in := r.Policy[n]
	var src role.StatementSource
	if n < len(r.Source.Policy) {
		src = r.Source.Policy[n]
	}
	fallback := firstKnown(src.Pos, r.Source.Pos)
	s := Statement{Statement: in, Pos: position(r, fallback)}
	each := func(list []string, at []role.Pos, add func(string, diag.Position)) {
		for i, text := range list {
			pos := fallback
			if i < len(at) {
				pos = firstKnown(at[i], fallback)
			}
			add(text, position(r, pos))
		}
	}
	addAction := func(text string, pos diag.Position) { s.Actions = append(s.Actions, Action{text, pos}) }
	each(in.Actions, src.Actions, addAction)
	each(in.NotActions, src.NotActions, addAction)
	addResource := func(text string, pos diag.Position) {
		s.Resources = append(s.Resources, Resource{text, pos, p.read(text)})
	}
	each(in.Resources, src.Resources, addResource)
	each(in.NotResources, src.NotResources, addResource)
	s.addTypes()
	return s
}

func firstKnown(a, b role.Pos) role.Pos {
	if a != (role.Pos{}) {
		return a
	}
	return b
}

func position(r *role.Desired, pos role.Pos) diag.Position {
	return diag.Position{File: r.Source.File, Line: pos.Line, Column: pos.Column}
}

func (s *Statement) addTypes() {
	for _, r := range s.Resources {
		if r.Err == nil && !slices.Contains(s.types, r.Specifier.Type()) {
			s.types = append(s.types, r.Specifier.Type())
		}
	}
	s.key = strings.Join(s.types, " ")
}

// read parses a specifier, or remembers having done so.
func (p *Pass) read(text string) reading {
	r, found := p.resources[text]
	if found {
		return r
	}
	spec, err := policy.Parse(text)
	if errors.As(err, &r.Err) {
		p.resources[text] = r
		return r
	}
	r.Specifier = spec
	r.Unknown, r.Meant = p.unknownTypes(spec)
	p.resources[text] = r
	return r
}

// unknownTypes returns the first type in spec that the catalogue lacks, and the specifier that
// was probably meant, if there is one.
func (p *Pass) unknownTypes(spec policy.Specifier) (unknown, meant string) {
	fixed := policy.Specifier{Segments: slices.Clone(spec.Segments)}
	near := false
	for i, seg := range spec.Segments {
		if _, known := p.Catalogue.Type(seg.Type); known {
			continue
		}
		if unknown == "" {
			unknown = seg.Type
		}
		if typ := p.Catalogue.NearestType(seg.Type); typ != "" {
			fixed.Segments[i].Type, near = typ, true
		}
	}
	if !near {
		return unknown, ""
	}
	return unknown, wellFormed(fixed.String())
}

// wellFormed returns text if it is a specifier, else what it was probably meant to be, else text
// all the same.
func wellFormed(text string) string {
	var syntax *policy.SyntaxError
	if _, err := policy.Parse(text); errors.As(err, &syntax) && syntax.Suggestion != "" {
		return syntax.Suggestion
	}
	return text
}
