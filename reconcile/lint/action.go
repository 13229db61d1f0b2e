package lint

import (
	"slices"
	"strings"
)

// class says how an action's text stands to the statement that holds it. Every text is of one
// class, and every class is the business of at most one rule: that makes one finding of one
// mistake.
type class int

const (
	fits     class = iota
	noAction       // no action can have that name: LD001
	unknown        // no action of any type: LD003
	idleGlob       // a pattern that matches no action of the statement's types: LD004
	foreign        // an action of other types only: LD005
)

type verdict struct {
	class
	near  string   // if unknown: what was probably meant, or ""
	types []string // if foreign: the types that have it
}

type actionKey struct{ types, text string }

// judge classifies one action of s, or remembers having done so for the same types.
func (p *Pass) judge(s *Statement, text string) verdict {
	key := actionKey{s.key, text}
	v, found := p.actions[key]
	if !found {
		v = p.classify(s.types, text)
		p.actions[key] = v
	}
	return v
}

// classify judges text for a statement about types. Where nothing is known of the types, every
// action of any type fits.
func (p *Pass) classify(types []string, text string) verdict {
	glob := strings.Contains(text, "*")
	switch {
	case text == "" || strings.ContainsFunc(text, notInActions):
		return verdict{class: noAction}
	case p.fitsSome(types, text, glob):
		return verdict{class: fits}
	case glob:
		return verdict{class: idleGlob}
	}
	if owners := p.Catalogue.ActionTypes(text); len(owners) > 0 {
		return verdict{class: foreign, types: owners}
	}
	return verdict{class: unknown, near: p.Catalogue.NearestAction(first(types), text)}
}

func (p *Pass) fitsSome(types []string, text string, glob bool) bool {
	has := p.Catalogue.ActionKnown
	if glob {
		has = p.Catalogue.MatchesAction
	}
	if len(types) > 0 {
		return slices.ContainsFunc(types, func(typ string) bool { return has(typ, text) })
	}
	for _, typ := range p.Catalogue.Types() {
		if len(typ.Actions) > 0 && has(typ.Name, text) {
			return true
		}
	}
	return false
}

// notInActions reports whether no action's name holds r, and no pattern of names.
func notInActions(r rune) bool {
	letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	return !letter && !('0' <= r && r <= '9') && r != '*'
}

// eachAction calls report for the actions of a class, in all statements.
func (p *Pass) eachAction(c class, report func(s *Statement, a Action, v verdict)) {
	for i := range p.Statements {
		s := &p.Statements[i]
		for _, a := range s.Actions {
			if v := p.judge(s, a.Text); v.class == c {
				report(s, a, v)
			}
		}
	}
}

// eachResource calls report for every element of resources and notResources.
func (p *Pass) eachResource(report func(r Resource)) {
	for i := range p.Statements {
		for _, r := range p.Statements[i].Resources {
			report(r)
		}
	}
}

func first(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return words[0]
}

// quoteList returns the words quoted and joined with commas, at most three of them.
func quoteList(words []string) string {
	text := `"` + strings.Join(words[:min(3, len(words))], `", "`) + `"`
	if len(words) > 3 {
		text += ", …"
	}
	return text
}
