package lint

import (
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Most questions about a role have the answer "no, all is well", and one request shows it. This file
// looks for such a request among the actions of the catalogue, which costs little; only where none
// turns up does a rule ask package access, which looks at all requests and has the last word. So a
// fault here can hide a finding, and never invent one.

// mask is a set of actions of one type: bit i is action i of the catalogue.
type mask [2]uint64

func (m mask) has(i int) bool   { return m[i/64]>>(i%64)&1 == 1 }
func (m *mask) add(i int)       { m[i/64] |= 1 << (i % 64) }
func (m mask) less(o mask) mask { return mask{m[0] &^ o[0], m[1] &^ o[1]} }
func (m mask) or(o mask) mask   { return mask{m[0] | o[0], m[1] | o[1]} }
func (m mask) empty() bool      { return m == mask{} }

// maxActions is how many actions a mask has room for. Those of a type beyond are left to the proof.
const maxActions = 128

// share is what one statement is about on one kind of resource.
type share struct {
	n       int // of the statement, -1 for base permissions
	allow   bool
	actions mask
	set     access.Set
}

// quick reports whether this file may be used: it takes patterns literally.
func (p *Pass) quick() bool { return p.Semantics.CaseSensitive && !p.Semantics.BareStar && !p.slowly }

type masked struct{ typ, pattern string }

// actionsOf returns the actions of a type that some pattern matches.
func (p *Pass) actionsOf(typ string, patterns []string) (m mask) {
	for _, pattern := range patterns {
		m = m.or(p.matching(typ, pattern))
	}
	return m
}

func (p *Pass) matching(typ, pattern string) (m mask) {
	key := masked{typ, pattern}
	if known, found := p.masks[key]; found {
		return known
	}
	t, _ := p.Catalogue.Type(typ)
	for i, a := range t.Actions[:min(len(t.Actions), maxActions)] {
		if policy.MatchAction(pattern, a.Name) {
			m.add(i)
		}
	}
	p.masks[key] = m
	return m
}

// actionsAt returns the actions of a type that a statement is about.
func (p *Pass) actionsAt(typ string, s role.Statement) mask {
	if len(s.NotActions) > 0 {
		return p.matching(typ, "*").less(p.actionsOf(typ, s.NotActions))
	}
	return p.actionsOf(typ, s.Actions)
}

// kinds returns the kinds of resources that the role names, sorted.
func (q *Proof) kinds() []string {
	var kinds []string
	for i := range q.Statements {
		for _, r := range q.Statements[i].Resources {
			kinds = append(kinds, r.Specifier.Kind())
		}
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// at returns what the statements of the role are about on resources of a kind. Those that are about
// nothing of it are left out.
func (q *Proof) at(kind string) []share {
	if list, known := q.shares[kind]; known {
		return list
	}
	var list []share
	for n := range q.now {
		if s, some := q.share(n, kind); some && !q.gone[n] {
			list = append(list, s)
		}
	}
	if q.BasePermissions == role.Reader {
		views := q.pass.actionsOf(typeOf(kind), q.pass.Semantics.ReaderPatterns())
		list = append(list, share{-1, true, views, q.Engine.Whole(kind)})
	}
	q.shares[kind] = list
	return list
}

func (q *Proof) share(n int, kind string) (share, bool) {
	s := q.now[n]
	of := share{n: n, allow: s.Effect == role.Allow, actions: q.pass.actionsAt(typeOf(kind), s)}
	list := slices.Concat(s.Resources, s.NotResources)
	set, named := q.union(kind, list, -1)
	switch {
	case len(s.NotResources) > 0 && named:
		of.set = q.Engine.Whole(kind).Minus(set)
	case len(s.NotResources) > 0:
		of.set = q.Engine.Whole(kind)
		return of, q.pass.Semantics.NotResources == policy.EveryKind && !of.actions.empty()
	default:
		of.set = set
	}
	return of, (named || len(s.NotResources) > 0) && !of.actions.empty()
}

// union returns what the specifiers of a kind match together, but for the one at index except.
func (q *Proof) union(kind string, texts []string, except int) (set access.Set, named bool) {
	for i, text := range texts {
		spec := q.pass.read(text).Specifier
		if i == except || spec.Kind() != kind {
			continue
		}
		one := q.Engine.Set(spec)
		if named {
			one = one.Or(set)
		}
		set, named = one, true
	}
	return set, named
}

// matters reports whether some request shows that it makes a difference to what the role grants
// whether statement n is about the set and the actions, of resources of the kind. Not finding one
// says nothing.
func (q *Proof) matters(n int, kind string, set access.Set, actions mask) bool {
	shares := q.at(kind)
	allow := q.now[n].Effect == role.Allow
	var seen []mask
	for i := range maxActions {
		if !actions.has(i) {
			continue
		}
		of := signature(shares, i)
		if slices.Contains(seen, of) {
			continue
		}
		seen = append(seen, of)
		if q.visits -= len(shares) * (1 + len(shares)/32); q.visits < 0 { // the work grows faster than the list
			return false
		}
		if q.differs(n, kind, shares, i, set, allow) {
			return true
		}
	}
	return false
}

// signature says which of the shares include action i. Those beyond the first 128 are told apart by
// nothing.
func signature(shares []share, i int) (m mask) {
	for k, s := range shares[:min(len(shares), maxActions)] {
		if s.actions.has(i) {
			m.add(k)
		}
	}
	return m
}

func (q *Proof) differs(n int, kind string, shares []share, action int, left access.Set, allow bool) bool {
	granted, some := access.Set{}, false
	for _, s := range shares {
		switch {
		case s.n == n || !s.actions.has(action):
		case s.allow == allow || allow:
			left = left.Minus(s.set)
		case !allow && some:
			granted = granted.Or(s.set)
		case !allow:
			granted, some = s.set, true
		}
	}
	if !allow {
		if !some {
			return false
		}
		left = left.And(granted)
	}
	return left.Empty() == access.No
}

func typeOf(kind string) string { return kind[strings.LastIndex(kind, ":")+1:] }

// kindsOf returns the kinds of specifiers, each once.
func (q *Proof) kindsOf(texts []string) (kinds []string) {
	for _, text := range texts {
		if kind := q.pass.read(text).Specifier.Kind(); !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}
