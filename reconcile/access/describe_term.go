package access

import (
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// A term names resources in a line: a specifier, everything, or everything in some projects.
type term struct {
	// kind is the kind of the specifier, "*" for everything, "proj:*" for everything in the
	// projects that the specifier names.
	kind string
	spec policy.Specifier
	// scope says what role attributes in the specifier are.
	scope scope
	// actions are those of the statements that it stands in.
	actions []ref
	// known says that formula is what the specifier means.
	known   bool
	formula ref
}

// insideSuffix makes of a project's specifier one for everything in the project. LaunchDarkly has no
// such specifier.
const insideSuffix = ":*/*"

func (t term) String() string {
	switch t.kind {
	case otherKind:
		return "*"
	case otherInProject:
		return t.spec.String() + insideSuffix
	}
	return t.spec.String()
}

func termTexts(list []term) []string {
	texts := make([]string, 0, len(list))
	for _, t := range list {
		if text := t.String(); !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return texts
}

// resourcesOf returns the resources that a term of a specifier's kind names.
func (e *Engine) resourcesOf(t term) ref {
	if t.known {
		return t.formula
	}
	return e.formulaOf(t.spec, t.scope).ref
}

// termAt returns the resources of a kind that a term names.
func (e *Engine) termAt(t term, kind string) ref {
	switch {
	case t.kind == otherKind:
		return yes
	case t.kind == otherInProject && inProject(kind) || t.kind == kind:
		return e.resourcesOf(t)
	}
	return no
}

// wholeOf names all resources of a kind.
func wholeOf(kind string) term {
	t := term{kind: kind}
	for _, typ := range strings.Split(kind, ":") {
		if typ != "*" {
			t.spec.Segments = append(t.spec.Segments, wholeSegment(typ))
		}
	}
	return t
}

func wholeSegment(typ string) policy.Segment {
	t, _ := policy.DefaultCatalogue().Type(typ)
	if t.Naming == policy.NeverNamed {
		return policy.Segment{Type: typ}
	}
	return policy.Segment{Type: typ, HasName: true, Name: "*"}
}

// lift names what lies in the projects of a term of kind "proj".
func (t term) lift(kind string) term {
	up := wholeOf(kind)
	up.spec.Segments[0] = t.spec.Segments[0]
	up.scope = t.scope
	return up
}

// variants returns the term, and each that differs from it in one property being true or false:
// "critical" is said better than "not those that are not critical".
func (t term) variants() []term {
	list := []term{t}
	for i, seg := range t.spec.Segments {
		for j, sel := range seg.Selectors {
			p, _ := sel.(policy.Property)
			opposite := map[string]string{"true": "false", "false": "true"}[p.Value]
			if opposite == "" {
				continue
			}
			u := t
			u.known = false
			u.spec.Segments = slices.Clone(t.spec.Segments)
			u.spec.Segments[i].Selectors = slices.Clone(seg.Selectors)
			u.spec.Segments[i].Selectors[j] = policy.Property{Name: p.Name, Value: opposite}
			list = append(list, u)
		}
	}
	return list
}

// vocabulary returns the specifiers that the policies use, with role attributes put in that have
// values, each once.
func (e *Engine) vocabulary(subjects []Subject) []term {
	v := lexicon{Engine: e, texts: map[string][]int{}, index: map[string]int{}}
	for _, subject := range subjects {
		for _, held := range subject.Held {
			in := scope{held, subject.Symbolic}
			for _, s := range held.Role.Policy {
				actions := e.actionsIn(s.Actions)
				if len(s.NotActions) > 0 {
					actions = e.actionsIn(s.NotActions).not()
				}
				for _, text := range slices.Concat(s.Resources, s.NotResources) {
					v.add(text, in, actions)
				}
			}
		}
	}
	return v.terms
}

// A lexicon collects terms.
type lexicon struct {
	*Engine
	terms []term
	texts map[string][]int // which terms a specifier that was read became
	index map[string]int   // of the terms
}

func (v *lexicon) add(text string, in scope, actions ref) {
	found, known := v.texts[text]
	if !known {
		found = v.read(text, in)
		if !strings.Contains(text, "${") { // else it stands for something else elsewhere
			v.texts[text] = found
		}
	}
	for _, at := range found {
		if t := &v.terms[at]; !slices.Contains(t.actions, actions) {
			t.actions = append(t.actions, actions)
		}
	}
}

func (v *lexicon) read(text string, in scope) (found []int) {
	for _, t := range v.termsFor(text, in) {
		name := text // of a specifier without role attributes
		if !t.known {
			name = t.String() + "\x00" + t.scope.Through
		}
		at, known := v.index[name]
		if !known {
			at = len(v.terms)
			v.index[name] = at
			v.terms = append(v.terms, t)
		}
		found = append(found, at)
	}
	return found
}

// termsFor reads a specifier: one term for each combination of values of its role attributes.
func (e *Engine) termsFor(text string, in scope) []term {
	if !strings.Contains(text, "${") {
		entry := e.specifier(text, in)
		if entry.kind == "" || entry.kind == "*" {
			return nil
		}
		return []term{{kind: entry.kind, spec: entry.spec, known: true, formula: entry.ref}}
	}
	spec, err := policy.ParseWith(text, policy.Options{})
	if err != nil {
		return nil
	}
	list := []policy.Specifier{{}}
	for i, seg := range spec.Segments {
		var longer []policy.Specifier
		for _, s := range list {
			for _, seg := range e.segmentsFor(i, seg, in) {
				longer = append(longer, policy.Specifier{Segments: append(slices.Clone(s.Segments), seg)})
			}
		}
		list = longer
		if len(list) > maxExpansions {
			return nil
		}
	}
	terms := make([]term, len(list))
	for i, s := range list {
		terms[i] = term{kind: spec.Kind(), spec: s, scope: in}
	}
	return terms
}

// segmentsFor puts the values of role attributes into a segment.
func (e *Engine) segmentsFor(at int, seg policy.Segment, in scope) []policy.Segment {
	list := []policy.Segment{{Type: seg.Type, HasName: seg.HasName}}
	if seg.HasName {
		list = nil
		for _, name := range e.textsFor(levelOf(at, levelKey), seg.Name, in) {
			list = append(list, policy.Segment{Type: seg.Type, HasName: true, Name: policy.Pattern(name)})
		}
	}
	for _, sel := range seg.Selectors {
		var longer []policy.Segment
		for _, s := range list {
			for _, sel := range e.selectorsFor(at, sel, in) {
				s.Selectors = append(slices.Clone(s.Selectors), sel)
				longer = append(longer, s)
				s.Selectors = s.Selectors[:len(s.Selectors)-1]
			}
		}
		list = longer
	}
	return list
}

func (e *Engine) selectorsFor(at int, sel policy.Selector, in scope) (list []policy.Selector) {
	switch sel := sel.(type) {
	case policy.Tag:
		for _, text := range e.textsFor(levelOf(at, levelTag), policy.Pattern(sel), in) {
			list = append(list, policy.Tag(text))
		}
	case policy.View:
		for _, text := range e.textsFor(levelOf(at, levelView), policy.Pattern(sel), in) {
			list = append(list, policy.View(text))
		}
	default:
		list = append(list, sel)
	}
	return list
}

// textsFor puts the values of role attributes into a pattern.
func (e *Engine) textsFor(level int32, p policy.Pattern, in scope) []string {
	if !strings.Contains(string(p), "${") {
		return []string{string(p)}
	}
	texts := []string{""}
	for _, piece := range p.Parts() {
		var longer []string
		for _, value := range e.valuesOf(level, piece, in) {
			for _, text := range texts {
				longer = append(longer, text+value)
			}
		}
		if texts = longer; len(texts) > maxExpansions {
			return nil
		}
	}
	return texts
}

// width orders specifiers by how much they name, as far as that can be seen: the smaller the
// wider.
func (t term) width() (n int) {
	for _, seg := range t.spec.Segments {
		switch {
		case !seg.HasName || seg.Name == "*":
		case strings.Contains(string(seg.Name), "*"):
			n += 2
		default:
			n += 3
		}
		n += 2 * len(seg.Selectors)
	}
	return n
}

// meet writes what two specifiers of one kind both match as specifiers: none if their patterns
// cannot be written as one.
func (t term) meet(u term) ([]term, bool) {
	list := []policy.Specifier{{}}
	for i, seg := range t.spec.Segments {
		segments, ok := meetSegments(seg, u.spec.Segments[i])
		if !ok {
			return nil, false
		}
		var longer []policy.Specifier
		for _, s := range list {
			for _, seg := range segments {
				longer = append(longer, policy.Specifier{Segments: append(slices.Clone(s.Segments), seg)})
			}
		}
		list = longer
	}
	terms := make([]term, len(list))
	for i, s := range list {
		terms[i] = term{kind: t.kind, spec: s, scope: t.scope}
		if !strings.Contains(t.spec.String(), "${") {
			terms[i].scope = u.scope
		}
	}
	return terms, true
}

func meetSegments(a, b policy.Segment) ([]policy.Segment, bool) {
	if !a.HasName {
		a.HasName, a.Name = b.HasName, b.Name
	}
	if !b.HasName {
		b.Name = a.Name
	}
	selectors := slices.Clone(a.Selectors)
	for _, s := range b.Selectors {
		if !slices.Contains(selectors, s) {
			selectors = append(selectors, s)
		}
	}
	var list []policy.Segment
	names, ok := meetPatterns(string(a.Name), string(b.Name))
	for _, name := range names {
		list = append(list, policy.Segment{Type: a.Type, HasName: a.HasName, Name: policy.Pattern(name), Selectors: selectors})
	}
	return list, ok
}
