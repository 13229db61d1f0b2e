package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/role"
)

// NearMiss is the allow that comes nearest to a request that is denied: the one that the fewest
// changes, to the request or to the role, would make it match.
type NearMiss struct {
	// Request is what is not allowed: what was asked, the same in another environment that it
	// touches, or viewProject on the project.
	Request Request
	// Held is the index of the held role, Role and Through what it says of itself.
	Held          int
	Role, Through string
	Statement     int // index in the role's policy; -1 for base permissions
	// Fails says in words what does not match, as: would match if the flag were tagged "pci".
	Fails []string
	// Stops are the statements of the same role that deny the request. Where Fails is empty,
	// they are all that stands in the way.
	Stops []int
}

// String says the whole in one line; statements count from 1.
func (n NearMiss) String() string {
	var words []string
	words = append(words, n.Fails...)
	if len(n.Fails) == 0 {
		words = append(words, "would match")
	}
	for _, s := range n.Stops {
		words = append(words, fmt.Sprintf("is stopped by statement %d, which denies it", s+1))
	}
	source := "base permissions"
	if n.Statement >= 0 {
		source = fmt.Sprintf("statement %d", n.Statement+1)
	}
	return fmt.Sprintf("nearest to %q is %s, %s: %s", n.Request, holder(n.Role, n.Through), source, strings.Join(words, "; "))
}

// NearestMiss returns the near miss of a request that is denied: of all allows the one that fails
// the fewest predicates, a deny counting as one; of equals one that is about the action, else the
// first. There is none if the request is allowed, if no role could allow it, or if nothing allows
// anything.
func NearestMiss(held []Held, req Request, sem Semantics) (NearMiss, bool) {
	return NewEvaluator(held, sem).NearestMiss(req)
}

// NearestMiss is the function [NearestMiss] for roles that have been read.
func (e *Evaluator) NearestMiss(req Request) (NearMiss, bool) {
	v := e.ask(req, (*heldRole).answer)
	if v.allowed() || v.foreign {
		return NearMiss{}, false
	}
	var best miss
	for i, r := range e.roles {
		for _, m := range r.misses(v.wanted(i)) {
			m.Held, m.Role, m.Through = i, r.Role.Key, r.Through
			if best.cost == 0 || m.nearerThan(best) {
				best = m
			}
		}
	}
	return best.NearMiss, best.cost > 0
}

// wanted returns what role i would have to allow for the whole to come nearer, if it could help.
func (v verdicts) wanted(i int) (Request, bool) {
	switch missing := v.missing()[0]; {
	case missing.Kind == ReasonNoOneRole:
		return v.firstUnmet(i), true
	case missing.Kind == ReasonViewMissing && v.sem.ViewFrom == SameRole:
		return missing.Request, v.allowsOne(i) && !v.views[i].allowed
	default:
		return missing.Request, true
	}
}

// firstUnmet returns the first request that role i does not allow, viewProject last.
func (v verdicts) firstUnmet(i int) Request {
	for n, r := range v.requests {
		if !v.answers[n][i].allowed {
			return r
		}
	}
	return v.project
}

// allowsOne reports whether role i allows what was asked, in some environment.
func (v verdicts) allowsOne(i int) bool {
	return slices.ContainsFunc(v.answers, func(answers []answer) bool { return answers[i].allowed })
}

// miss is a candidate; cost, at least 1, is how many predicates fail, and action says that the
// action is one of them.
type miss struct {
	NearMiss
	cost   int
	action bool
}

// nearerThan compares candidates. Of two that are equally far, the one that is about the action in
// question says more.
func (m miss) nearerThan(other miss) bool {
	if m.cost != other.cost {
		return m.cost < other.cost
	}
	return other.action && !m.action
}

// misses returns a candidate for every allow of the role, its base permissions first.
func (r heldRole) misses(req Request, useful bool) []miss {
	if !useful {
		return nil
	}
	var stops []int
	for i, s := range r.statements {
		if _, _, matches := r.statement(&s, req); matches && s.Effect == role.Deny {
			stops = append(stops, i)
		}
	}
	var all []miss
	if _, granted := r.base(req); granted {
		all = append(all, newMiss(req, -1, nil, stops))
	}
	for i, s := range r.statements {
		if s.Effect == role.Allow && !s.malformed {
			all = append(all, newMiss(req, i, r.fails(s, req), stops))
		}
	}
	return all
}

func newMiss(req Request, statement int, fails []failing, stops []int) miss {
	m := miss{NearMiss: NearMiss{Request: req, Statement: statement, Stops: stops}, cost: len(stops)}
	for _, f := range fails {
		m.Fails = append(m.Fails, f.words)
		m.cost += f.cost
		m.action = m.action || f.action
	}
	return m
}

// failing is something that does not match: in words, and as how many predicates it counts.
type failing struct {
	words  string
	cost   int
	action bool
}

func failf(format string, args ...any) failing {
	return failing{words: fmt.Sprintf(format, args...), cost: 1}
}

func (f failing) ofAction() failing {
	f.action = true
	return f
}

// fails returns what keeps the statement, which is well-formed, from matching; nothing if it
// matches.
func (m *matcher) fails(s statement, req Request) []failing {
	fails := m.actionFails(s.Statement, req.Action)
	if _, matches := m.resources(&s, req); matches {
		return fails
	}
	if len(s.NotResources) > 0 {
		return append(fails, m.leftOut(s, req)...)
	}
	return append(fails, m.resourceFails(s, req)...)
}

func (m *matcher) actionFails(s role.Statement, action string) []failing {
	if _, matches := m.actions(&s, action); matches {
		return nil
	}
	if len(s.Actions) > 0 {
		return []failing{failf("would match the action %s, not %q", anyOf(s.Actions), action).ofAction()}
	}
	var fails []failing
	for _, pattern := range s.NotActions {
		if _, listed := m.listed([]string{pattern}, action); listed {
			fails = append(fails, failf("would match but for %q in notActions", pattern).ofAction())
		}
	}
	return fails
}

// mostWords is how many elements of a list are written out where two or more follow.
const mostWords = 4

func anyOf(words []string) string {
	if len(words) > mostWords+1 {
		return fmt.Sprintf("%s or %d others", quoteList(words[:mostWords]), len(words)-mostWords)
	}
	return strings.Join(strings.Split(quoteList(words), ", "), " or ")
}

// leftOut says by what notResources leaves the request out.
func (m *matcher) leftOut(s statement, req Request) []failing {
	var fails []failing
	for _, spec := range s.specifiers {
		if m.specifier(spec.Specifier, req.Resource) {
			fails = append(fails, failf("would match but for %q in notResources", spec.text))
		}
	}
	if len(fails) == 0 {
		fails = append(fails, otherKind("a kind that notResources lists", req))
	}
	return fails
}

// resourceFails says what is wrong with the specifier that comes nearest.
func (m *matcher) resourceFails(s statement, req Request) []failing {
	best := []failing{otherKind("nothing that can be read", req)}
	for i, spec := range s.specifiers {
		fails := m.specifierFails(spec.Specifier, req)
		if i == 0 || total(fails) < total(best) {
			best = fails
		}
	}
	return best
}

func total(fails []failing) int {
	sum := 0
	for _, f := range fails {
		sum += f.cost
	}
	return sum
}

// otherKind counts as one more than a specifier of the right kind can fail by name.
func otherKind(named string, req Request) failing {
	return failing{words: fmt.Sprintf("would match %s, not %q", named, req.Kind()), cost: len(req.Resource) + 1}
}

func (m *matcher) specifierFails(spec Specifier, req Request) []failing {
	if m.fold(spec.Kind()) != m.fold(req.Kind()) {
		return []failing{otherKind(fmt.Sprintf("resources of kind %q", spec.Kind()), req)}
	}
	var fails []failing
	for i, seg := range spec.Segments {
		part := req.Resource[i]
		if !m.name(seg, req.Resource[i:i+1]) {
			fails = append(fails, m.nameFails(seg, part, i+1 == len(spec.Segments)))
		}
		for _, sel := range seg.Selectors {
			if !m.selector(sel, part) {
				fails = append(fails, m.selectorFails(sel, part))
			}
		}
	}
	return fails
}

func (m *matcher) nameFails(seg Segment, part Part, last bool) failing {
	if parts := seg.Name.Parts(); len(parts) == 1 && parts[0].Kind == Attribute {
		return m.attributeFails(parts[0].Text, part.Key)
	}
	in := "in "
	if last {
		in = ""
	}
	return failf("would match %s%q, not %q", in, seg.Type+"/"+string(seg.Name), part.Type+"/"+part.Key)
}

func (m *matcher) attributeFails(name, want string) failing {
	has := "no value"
	if values := m.attributes[name]; len(values) > 0 {
		has = anyOf(values)
	}
	return failf("would match if role attribute %q had the value %q; it has %s", name, want, has)
}

func (m *matcher) selectorFails(sel Selector, part Part) failing {
	t := DefaultCatalogue().lookup(m.fold(part.Type))
	switch sel := sel.(type) {
	case Tag:
		if t != nil && !t.Tags {
			return failf("never matches by the tag %q: type %q has no tags", string(sel), part.Type)
		}
		return failf("would match if the %s were tagged %q", part.Type, string(sel))
	case View:
		if t != nil && !t.Views {
			return failf("never matches by %q: type %q is not in views", sel.String(), part.Type)
		}
		return failf("would match if the %s were linked to the view %q", part.Type, string(sel))
	}
	p := sel.(Property)
	if t == nil || !slices.Contains(t.Properties, m.fold(p.Name)) {
		return failf("never matches by %q: type %q is not known to have that property", p.String(), part.Type)
	}
	return failf("would match if the %s had %q, not %q", part.Type, p.String(), propertyOf(part, m.fold(p.Name)))
}
