package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A reach is what a statement that allows may be about, as far as its words and the values of role
// attributes say.
type reach struct {
	any      bool
	segments []step
	actions  []span
}

// A step is one segment of a specifier.
type step struct {
	typ   string
	names []span
}

// heard is a role with the role attributes of a place: what its statements reach there is read once.
type heard struct {
	policy.Held
	*words
	pass    *Pass
	reaches [][]reach // by index of the statement
	// Of what rules about members ask: what may pull a lever and what looks at what it moves, by lever;
	// what allows an action of a kind; what denies of the files are about.
	pulling, selecting map[access.Lever][]reach
	allowing           map[[2]string][]reach
	refusing           map[deny][]reach
	// undoing are requests that a deny of the role refuses and that somebody may make, see breaks.
	undoing map[deny][]policy.Request
	sees    *bool // see viewsEverything
	// alone and usable read the role by itself, once that was asked; see byItself and counts.
	alone, usable *policy.Evaluator
}

// heardKey tells roles in places apart.
type heardKey struct {
	words            *words
	base, attributes string
}

// hearing returns what a role says where it is held.
func (p *Pass) hearing(h policy.Held) *heard {
	key := heardKey{words: p.words(h.Role), base: h.Role.BasePermissions}
	if len(h.Attributes) > 0 {
		key.attributes = fmt.Sprintf("%q", h.Attributes)
	}
	l := p.hearings[key]
	if l == nil {
		l = &heard{
			Held: h, words: key.words, pass: p, reaches: make([][]reach, len(h.Role.Policy)),
			pulling: map[access.Lever][]reach{}, selecting: map[access.Lever][]reach{}, allowing: map[[2]string][]reach{}, refusing: map[deny][]reach{},
			undoing: map[deny][]policy.Request{},
		}
		if p.hearings == nil {
			p.hearings = map[heardKey]*heard{}
		}
		p.hearings[key] = l
	}
	return l
}

// viewsEverything is [Pass.viewsEverything] of the role.
func (l *heard) viewsEverything() bool {
	if l.sees == nil {
		l.sees = new(l.pass.viewsEverything(l.Role))
	}
	return *l.sees
}

// reach returns what a statement of the role may be about.
func (l *heard) reach(n int) []reach {
	if l.reaches[n] == nil {
		l.reaches[n] = l.pass.reachesOf(l.Role.Policy[n], l.Attributes)
	}
	return l.reaches[n]
}

// some returns what those statements reach that allow and pass the test.
func (l *heard) some(is func(spoken) bool) (list []reach) {
	for _, s := range l.statements {
		if is(s) {
			list = append(list, l.reach(s.n)...)
		}
	}
	return list
}

// byItself reads the role wherever projects may be viewed: what it says and no more.
func (l *heard) byItself() *policy.Evaluator {
	if l.alone == nil {
		l.alone = l.reading(l.pass.alone())
	}
	return l.alone
}

// counts reads the role as one of several that somebody holds: of a request that they may make, it says
// whether this role allows it.
func (l *heard) counts() *policy.Evaluator {
	if l.pass.Semantics.ViewFrom != policy.SameRole {
		return l.byItself() // some role lets the project be viewed
	}
	if l.usable == nil {
		l.usable = l.reading(l.pass.Semantics)
	}
	return l.usable
}

func (l *heard) reading(sem policy.Semantics) *policy.Evaluator {
	held := []policy.Held{l.Held}
	return policy.Together(held, []*policy.Evaluator{l.pass.evaluator(held)}, sem)
}

// why returns the first statement of the role that allows a request, which it does, as that of somebody
// who holds the role by that index.
func (l *heard) why(index int, request policy.Request) policy.Reason {
	for _, reason := range l.counts().Evaluate(request).Deciding() {
		if reason.Effect == role.Allow && reason.Request.Action == request.Action {
			reason.Held = index
			return reason
		}
	}
	panic("lint: what allows a request has a reason")
}

// memoised returns what is known by a key, or finds it.
func memoised[K comparable, V any](known map[K]V, key K, find func() V) V {
	v, done := known[key]
	if !done {
		v = find()
		known[key] = v
	}
	return v
}

func (p *Pass) reachesOf(s role.Statement, attributes map[string][]string) (list []reach) {
	var actions []span
	for _, a := range s.Actions {
		actions = append(actions, spanOf(a))
	}
	if len(s.NotResources) > 0 || p.Semantics.GlobCrossesColon {
		return []reach{{any: true, actions: actions}}
	}
	for _, text := range s.Resources {
		r := p.read(text)
		one := reach{any: r.Err != nil || text == "*", actions: actions}
		for _, seg := range r.Specifier.Segments {
			one.segments = append(one.segments, step{seg.Type, spansOf(seg.Name, attributes)})
		}
		list = append(list, one)
	}
	return list
}

// A span is what a text may be: how it begins and ends, in lower case, since letter case may not count.
type span struct {
	head, tail string
	whole      bool // it is head
}

func spanOf(pattern string) span {
	text := strings.ToLower(pattern)
	i := strings.IndexByte(text, '*')
	if i < 0 {
		return span{head: text, whole: true}
	}
	return span{head: text[:i], tail: text[strings.LastIndexByte(text, '*')+1:]}
}

// spansOf returns what a name may be where it is held: one role attribute is put in, several may mean
// anything.
func spansOf(name policy.Pattern, attributes map[string][]string) (list []span) {
	var named []policy.Piece
	parts := name.Parts()
	for _, part := range parts {
		if part.Kind == policy.Attribute {
			named = append(named, part)
		}
	}
	values := []string{"*"}
	if len(named) == 1 && len(attributes[named[0].Text]) > 0 {
		values = attributes[named[0].Text]
	}
	for _, value := range values {
		text := ""
		for _, part := range parts {
			text += map[policy.PieceKind]string{policy.Literal: part.Text, policy.Wildcard: "*", policy.Attribute: value}[part.Kind]
		}
		list = append(list, spanOf(text))
	}
	return list
}

func (s span) meets(o span) bool {
	switch {
	case s.whole && o.whole:
		return s.head == o.head
	case o.whole:
		return o.meets(s)
	case s.whole:
		return strings.HasPrefix(s.head, o.head) && strings.HasSuffix(s.head, o.tail)
	}
	return (strings.HasPrefix(s.head, o.head) || strings.HasPrefix(o.head, s.head)) &&
		(strings.HasSuffix(s.tail, o.tail) || strings.HasSuffix(o.tail, s.tail))
}

// someMeet reports whether some spans can be the same.
func someMeet(some, others []span) bool {
	return slices.ContainsFunc(some, func(a span) bool { return slices.ContainsFunc(others, a.meets) })
}

// near reports whether two statements can be about the same, or about what lies in the same: segment by
// segment as long as both have the same type. Environments are told apart if that is asked; an action
// that counts in all of them only is put together from several.
func (r reach) near(o reach, environments bool) bool {
	for i := range min(len(r.segments), len(o.segments)) {
		a, b := r.segments[i], o.segments[i]
		if r.any || o.any || a.typ != b.typ {
			break
		}
		if (a.typ != "env" || environments) && !someMeet(a.names, b.names) {
			return false
		}
	}
	return true
}

// someNear is [reach.near] for some of several.
func someNear(some, others []reach, environments bool) bool {
	return slices.ContainsFunc(some, func(a reach) bool {
		return slices.ContainsFunc(others, func(b reach) bool { return a.near(b, environments) })
	})
}

// same reports whether two statements can be about the same action on the same kind of resource.
func (r reach) same(o reach) bool {
	kinds := r.any || o.any || slices.EqualFunc(r.segments, o.segments, func(a, b step) bool { return a.typ == b.typ })
	return kinds && (len(r.actions) == 0 || len(o.actions) == 0 || someMeet(r.actions, o.actions)) && r.near(o, false)
}
