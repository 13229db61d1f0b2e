package access

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A compiled subject is its roles as formulas, kind by kind.
type compiled struct {
	subject   Subject
	roles     []*compiledRole
	kinds     []string // that a specifier names, sorted
	everyKind bool     // something reaches kinds that no specifier names
	problems  []Question
	at        map[string]*kindPolicy
}

// A compiledRole is one role as it is held, whoever holds it.
type compiledRole struct {
	statements []statement
	kinds      []string // that a specifier names
	everyKind  bool     // something reaches kinds that no specifier names
	problems   []Question
	at         map[string]roleKind
	// view is the projects that the role lets be viewed, once that was asked.
	view   ref
	viewed bool
}

// A roleKind is what one role says of resources of one kind.
type roleKind struct {
	parts   []part
	allowed ref
}

// A statement is one statement of a policy, or what base permissions grant.
type statement struct {
	allow   bool
	actions ref
	// among is, for each kind that a specifier names, what the specifiers match; elsewhere they
	// match nothing. bare says that one is "*".
	among []kindFormula
	bare  bool
	// except turns the resources around: the statement is about what the specifiers do not match.
	except, sameKind bool
}

type kindFormula struct {
	kind string
	ref
}

// resources returns the resources of a kind that s is about.
func (s *statement) resources(kind string) ref {
	match, named := no, false
	for _, k := range s.among {
		if k.kind == kind {
			match, named = k.ref, true
		}
	}
	switch {
	case s.except && (s.bare || s.sameKind && !named):
		return no
	case s.except:
		return match.not()
	case s.bare:
		return yes
	}
	return match
}

func (e *Engine) compile(s Subject) *compiled {
	c := &compiled{subject: s, roles: make([]*compiledRole, 0, len(s.Held)), at: map[string]*kindPolicy{}}
	for i, held := range s.Held {
		r := e.roleOf(held, s.Symbolic)
		c.roles = append(c.roles, r)
		c.everyKind = c.everyKind || r.everyKind
		c.kinds = append(c.kinds, r.kinds...)
		for _, q := range r.problems {
			q.Held = i
			c.problems = append(c.problems, q)
		}
	}
	slices.Sort(c.kinds)
	c.kinds = slices.Compact(c.kinds)
	return c
}

// roleOf returns a role as formulas, which are made once.
func (e *Engine) roleOf(held policy.Held, symbolic bool) *compiledRole {
	name := e.heldSignature(held, symbolic)
	if e.roles[name] == nil {
		e.roles[name] = e.compileRole(held, symbolic)
	}
	return e.roles[name]
}

func (e *Engine) compileRole(held policy.Held, symbolic bool) *compiledRole {
	r := &compiledRole{at: map[string]roleKind{}}
	for i, s := range held.Role.Policy {
		problem := func(why string) {
			r.problems = append(r.problems, Question{Statement: i, Why: why})
		}
		if !wellFormed(s) {
			problem("the statement is malformed")
			continue
		}
		r.statements = append(r.statements, e.compileStatement(s, scope{held, symbolic}, problem))
	}
	if held.Role.BasePermissions == role.Reader {
		views := e.actionsIn(e.sem.ReaderPatterns())
		r.statements = append(r.statements, statement{allow: true, actions: views, bare: true})
	}
	for _, s := range r.statements {
		r.everyKind = r.everyKind || s.bare && !s.except || s.except && !s.sameKind && !s.bare
		for _, k := range s.among {
			if !slices.Contains(r.kinds, k.kind) {
				r.kinds = append(r.kinds, k.kind)
			}
		}
	}
	return r
}

// wellFormed: one of each pair of lists is there, and the effect is one of the two.
func wellFormed(s role.Statement) bool {
	return (s.Effect == role.Allow || s.Effect == role.Deny) &&
		(len(s.Actions) > 0) != (len(s.NotActions) > 0) && (len(s.Resources) > 0) != (len(s.NotResources) > 0)
}

func (e *Engine) compileStatement(s role.Statement, in scope, problem func(string)) statement {
	c := statement{
		allow: s.Effect == role.Allow, actions: e.actionsIn(s.Actions),
		except: len(s.NotResources) > 0, sameKind: e.sem.NotResources == policy.SameKind,
	}
	if len(s.NotActions) > 0 {
		c.actions = e.actionsIn(s.NotActions).not()
	}
	kinds, matches := []string{}, map[string][]ref{}
	for _, text := range slices.Concat(s.Resources, s.NotResources) {
		spec := e.specifier(text, in)
		switch {
		case spec.problem != "":
			problem(spec.problem)
			if spec.kind == "" {
				continue
			}
		case spec.kind == "*":
			c.bare = true
			continue
		}
		if _, found := matches[spec.kind]; !found {
			kinds = append(kinds, spec.kind)
		}
		matches[spec.kind] = append(matches[spec.kind], spec.ref)
	}
	for _, kind := range kinds {
		c.among = append(c.among, kindFormula{kind, e.or(matches[kind]...)})
	}
	return c
}

// A scope says what the role attributes of a role stand for.
type scope struct {
	policy.Held
	symbolic bool
}

// A specEntry is a specifier as a formula about resources of its kind.
type specEntry struct {
	kind string
	ref
	problem string
	spec    policy.Specifier // empty if it cannot be read
}

// specifier reads a specifier and makes a formula of it.
func (e *Engine) specifier(text string, in scope) specEntry {
	if entry, found := e.specs[text]; found {
		return entry
	}
	spec, err := e.parse(text)
	if err != nil {
		entry := specEntry{problem: fmt.Sprintf("the specifier %q cannot be read, and is taken to match nothing: %v", text, err)}
		e.specs[text] = entry
		return entry
	}
	entry := e.formulaOf(spec, in)
	if !strings.Contains(text, "${") {
		e.specs[text] = entry
	}
	return entry
}

func (e *Engine) formulaOf(spec policy.Specifier, in scope) specEntry {
	entry := specEntry{kind: spec.Kind(), spec: spec}
	var parts []ref
	for i, seg := range spec.Segments {
		if seg.HasName {
			parts = append(parts, e.pattern(levelOf(i, levelKey), seg.Name, in))
		}
		for _, sel := range seg.Selectors {
			parts = append(parts, e.selector(i, seg.Type, sel, in))
		}
	}
	entry.ref = e.and(parts...)
	if e.overflow {
		entry.problem = fmt.Sprintf("the specifier %q stands for more than %d patterns, and is taken to match nothing", spec, maxExpansions)
		e.overflow = false
	}
	return entry
}

// selector returns what a selector asks of the segment. A type that the catalogue does not have
// may have tags and views; properties that it does not have match nothing.
func (e *Engine) selector(segment int, typ string, sel policy.Selector, in scope) ref {
	t, found := policy.DefaultCatalogue().Type(typ)
	switch sel := sel.(type) {
	case policy.Tag:
		if !found || t.Tags {
			return e.pattern(levelOf(segment, levelTag), policy.Pattern(sel), in)
		}
	case policy.View:
		if !found || t.Views {
			return e.pattern(levelOf(segment, levelView), policy.Pattern(sel), in)
		}
	case policy.Property:
		return e.property(segment, t.Properties, sel)
	}
	return no
}

// property: a property is "true" or, without anybody's doing, "false".
func (e *Engine) property(segment int, known []string, sel policy.Property) ref {
	for _, name := range known {
		if e.fold(name) != e.fold(sel.Name) {
			continue
		}
		a, _ := e.atomFor(levelOf(segment, levelProp), false, name, "")
		switch e.fold(sel.Value) {
		case "true":
			return a.self
		case "false":
			return a.self.not()
		}
	}
	return no
}

// A kindPolicy is what a subject may do to resources of one kind.
type kindPolicy struct {
	formula    ref
	statements [][]part // of which formula is made, by role, and the project's if it must be visible
	views      ref      // the projects that may be viewed; yes if that does not matter
	projects   []ref    // the same for each role
	roles      []ref    // what each role allows, with its own view of the project where that counts
}

// A part is a statement's share in a kindPolicy.
type part struct {
	allow bool
	whole ref // the requests that the statement matches
	// actions is the action half of it.
	actions ref
}

// kind returns what the subject may do to resources of a kind. Kinds that no specifier names have
// the same policy but for the project that they may lie in.
func (e *Engine) kind(c *compiled, kind string) *kindPolicy {
	_, named := slices.BinarySearch(c.kinds, kind)
	switch {
	case named || kind == "proj":
	case inProject(kind):
		kind = otherInProject
	default:
		kind = otherKind
	}
	if c.at[kind] == nil {
		c.at[kind] = e.policyAt(c, kind)
	}
	return c.at[kind]
}

// The kinds that stand for all that neither the catalogue nor a policy names.
const (
	otherKind      = "*"
	otherInProject = "proj:*"
)

func inProject(kind string) bool { return strings.HasPrefix(kind, "proj:") }

func (e *Engine) policyAt(c *compiled, kind string) *kindPolicy {
	n := len(c.roles)
	p := &kindPolicy{views: yes, statements: make([][]part, 0, n), roles: make([]ref, 0, n)}
	needsView := e.sem.ViewPrecondition && (inProject(kind) || kind == "proj")
	if needsView {
		p.projects = make([]ref, 0, n)
	}
	for _, r := range c.roles {
		at := e.roleAt(r, kind)
		p.statements = append(p.statements, at.parts)
		p.roles = append(p.roles, at.allowed)
		if needsView {
			p.projects = append(p.projects, e.viewProject(r))
		}
	}
	if needsView {
		e.needView(p)
	}
	p.formula = e.and(e.or(p.roles...), p.views)
	return p
}

// needView makes the view of the project a condition of everything. That of the view itself is
// no condition: it is the same thing.
func (e *Engine) needView(p *kindPolicy) {
	if e.sem.ViewFrom != policy.SameRole {
		p.views = e.or(p.projects...)
		return
	}
	for i := range p.roles {
		p.roles[i] = e.and(p.roles[i], p.projects[i])
	}
}

// roleAt returns what one role allows on resources of a kind: some allow matches, and no deny.
func (e *Engine) roleAt(r *compiledRole, kind string) roleKind {
	if known, done := r.at[kind]; done {
		return known
	}
	var k roleKind
	var allows, rest []ref
	for i := range r.statements {
		s := &r.statements[i]
		whole := e.and(s.actions, s.resources(kind))
		if whole == no {
			continue
		}
		k.parts = append(k.parts, part{allow: s.allow, whole: whole, actions: s.actions})
		if s.allow {
			allows = append(allows, whole)
		} else {
			rest = append(rest, whole.not())
		}
	}
	k.allowed = e.and(append(rest, e.or(allows...))...)
	r.at[kind] = k
	return k
}

// viewProject returns the projects that a role lets be viewed.
func (e *Engine) viewProject(r *compiledRole) ref {
	if !r.viewed {
		allowed := e.roleAt(r, "proj").allowed
		atoms := e.actionAtoms(allowed)
		name := e.fold("viewProject")
		r.view, r.viewed = e.forAction(allowed, atoms, actionWord{text: name, index: e.indexOf(name)}), true
	}
	return r.view
}

// kindsOf returns the kinds to look at, sorted: those that a specifier names and, where something
// reaches further, those of the catalogue and the two that stand for all others.
func kindsOf(list ...*compiled) (kinds []string) {
	every := false
	for _, c := range list {
		kinds = append(kinds, c.kinds...)
		every = every || c.everyKind
	}
	if every {
		kinds = slices.AppendSeq(kinds, maps.Keys(everyKind()))
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// everyKind returns the kinds of the catalogue and those that stand for all others. Do not change
// it.
var everyKind = sync.OnceValue(func() map[string]bool {
	kinds := map[string]bool{otherKind: true, otherInProject: true}
	for _, t := range policy.DefaultCatalogue().Types() {
		for _, kind := range t.Kinds {
			kinds[kind] = true
		}
	}
	return kinds
})
