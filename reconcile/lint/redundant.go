package lint

import (
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// What a role could do without. The rules LD101, LD102, LD103 and LD105 share this search.
//
// All that is found may be removed at once. For that, a statement is compared with those of its own
// effect that are still there, the last first, and with all that have the other effect, whether they
// are found needless or not: an allow that is denied and the deny of it are not both to go, the one
// for want of the other. An element of notActions or notResources, whose removal lets the statement
// cover more, is needless only if the rest of its list covers it: otherwise two statements could each
// stand for the other.

type uselessness int

const (
	overridden uselessness = iota // an allow that denies take away
	shadowed                      // an allow that other allows cover
	idle                          // a deny of what is not allowed, or denied elsewhere
)

// useless is a statement that the role could do without.
type useless struct {
	n    int
	kind uselessness
	by   []int // a smallest list of statements that cause it
}

// redundant is an element that a statement could do without.
type redundant struct {
	n, element int    // index in the list
	list       string // "actions"
	// rest says that the other elements of the list cover it. Otherwise it is the other statements in
	// by, as few as do; or if there are none, it is of a deny of what is not allowed.
	rest bool
	by   []int
}

// useless returns the statements that the role could do without, the last first: nothing if it grants
// nothing at all, which LD104 says.
func (q *Proof) useless() []useless {
	q.once(&q.settled, q.search)
	return q.found
}

// redundant returns the elements that the other statements could do without.
func (q *Proof) redundant() []redundant {
	q.once(&q.settled, q.search)
	return q.elements
}

func (q *Proof) search() {
	if q.vain() {
		return
	}
	for n := len(q.now) - 1; n >= 0; n-- {
		if !q.pass.spoken(&q.Statements[n]) {
			q.tryStatement(n)
		}
	}
	for n := len(q.now) - 1; n >= 0; n-- {
		if !q.gone[n] && !q.pass.spoken(&q.Statements[n]) {
			q.tryElements(n)
		}
	}
}

// vain reports whether it is proved that the role grants nothing, or not known that it does.
func (q *Proof) vain() bool {
	if q.pass.quick() && q.someAllowMatters() {
		return false
	}
	_, answer := q.example(q.Grants())
	return answer != access.Yes
}

func (q *Proof) someAllowMatters() bool {
	for _, kind := range q.kinds() {
		for _, s := range q.at(kind) {
			if s.allow && s.n >= 0 && q.matters(s.n, kind, s.set, s.actions) {
				return true
			}
		}
	}
	return false
}

// tryStatement finds out whether the role could do without statement n.
func (q *Proof) tryStatement(n int) {
	q.Engine.Refill()
	if q.exhausted() || q.statementMatters(n) || !q.needless(n, q.Matches(n)) {
		return
	}
	u := useless{n: n, kind: idle}
	switch {
	case q.now[n].Effect == role.Deny:
		u.by = q.cause(q.others(n, role.Deny), func(denies access.Region) bool {
			return q.within(q.Matches(n).And(q.all(role.Allow)), denies)
		})
	case q.within(q.Matches(n), q.all(role.Deny)):
		u.kind = overridden
		u.by = q.cause(q.others(n, role.Deny), func(denies access.Region) bool { return q.within(q.Matches(n), denies) })
	default:
		u.kind = shadowed
		left := q.Matches(n).Minus(q.all(role.Deny))
		u.by = q.cause(q.others(n, role.Allow), func(allows access.Region) bool { return q.within(left, allows) })
	}
	q.gone[n] = true
	clear(q.shares)
	q.found = append(q.found, u)
}

func (q *Proof) statementMatters(n int) bool {
	if !q.pass.quick() {
		return false
	}
	for _, kind := range q.kinds() {
		for _, s := range q.at(kind) {
			if s.n == n && q.matters(n, kind, s.set, s.actions) {
				return true
			}
		}
	}
	return false
}

// needless reports whether it is proved to make no difference whether statement n is about a region,
// which it is.
func (q *Proof) needless(n int, about access.Region) bool {
	effect := q.now[n].Effect
	left := about.Minus(q.of(q.others(n, effect), effect))
	if effect == role.Deny {
		return q.empty(left.And(q.all(role.Allow)))
	}
	return q.empty(left.Minus(q.all(role.Deny)))
}

// others returns the statements with an effect, but for n and for those of n's effect that are gone.
func (q *Proof) others(n int, effect role.Effect) (list []int) {
	for i, s := range q.now {
		if i != n && s.Effect == effect && !(q.gone[i] && q.now[n].Effect == effect) {
			list = append(list, i)
		}
	}
	return list
}

// having returns the statements with an effect.
func (q *Proof) having(effect role.Effect) (list []int) {
	for i, s := range q.Policy {
		if s.Effect == effect {
			list = append(list, i)
		}
	}
	return list
}

// all returns what all statements with an effect are about, and for allow what base permissions grant.
func (q *Proof) all(effect role.Effect) access.Region {
	return q.unionOf(q.having(effect), effect, q.Policy)
}

// of is the same of some of them, as they are now.
func (q *Proof) of(list []int, effect role.Effect) access.Region {
	return q.unionOf(list, effect, q.now)
}

func (q *Proof) unionOf(list []int, effect role.Effect, from []role.Statement) access.Region {
	base := role.NoAccess
	if effect == role.Allow {
		base = q.BasePermissions
	}
	statements := make([]role.Statement, len(list))
	for i, n := range list {
		statements[i] = from[n]
		statements[i].Effect = role.Allow
	}
	return q.region(base, statements...)
}

// cause returns the statements of a list without which it does not hold any more: none of them can
// be left out. It holds with all of them.
func (q *Proof) cause(list []int, holds func(access.Region) bool) []int {
	if len(list) == 0 {
		return nil
	}
	effect := q.now[list[0]].Effect
	for size := (len(list) + 1) / 2; ; size /= 2 { // many at once, then one at a time
		size = max(size, 1)
		for i := (len(list) - 1) / size * size; i >= 0; i -= size {
			less := slices.Delete(slices.Clone(list), i, min(i+size, len(list)))
			if holds(q.of(less, effect)) {
				list = less
			}
		}
		if size == 1 {
			return list
		}
	}
}

// tryElements takes away what statement n could do without.
func (q *Proof) tryElements(n int) {
	q.Engine.Refill()
	for _, name := range []string{"resources", "notResources", "actions", "notActions"} {
		for i := len(*q.now[n].List(name)) - 1; i >= 0; i-- {
			q.tryElement(n, name, i)
		}
	}
}

func (q *Proof) tryElement(n int, name string, i int) {
	if q.exhausted() {
		return
	}
	s := q.now[n].Clone()
	list := s.List(name)
	if len(*list) < 2 || q.elementMatters(n, name, i) {
		return
	}
	before := q.about(q.now[n])
	*list = slices.Delete(*list, i, i+1)
	after := q.about(s)
	found := redundant{n: n, element: i, list: name} // all before it are still there
	if found.rest = q.empty(before.Minus(after)) && q.empty(after.Minus(before)); !found.rest {
		if isNot(name) || !q.needless(n, before.Minus(after)) {
			return
		}
		found.by = q.cover(n, before.Minus(after))
	}
	q.elements = append(q.elements, found)
	q.now[n] = s
	clear(q.shares)
}

// cover returns the statements that make it needless for statement n to be about a region.
func (q *Proof) cover(n int, about access.Region) []int {
	effect := q.now[n].Effect
	if effect == role.Deny {
		about = about.And(q.all(role.Allow))
	}
	same := q.others(n, effect)
	if q.within(about, q.of(same, effect)) {
		return q.cause(same, func(r access.Region) bool { return q.within(about, r) })
	}
	about = about.Minus(q.of(same, effect))
	return q.cause(q.others(n, role.Deny), func(r access.Region) bool { return q.within(about, r) })
}

// isNot reports whether a list says what a statement is not about.
func isNot(list string) bool { return strings.HasPrefix(list, "not") }

// elementMatters reports whether some request shows that an element makes a difference.
func (q *Proof) elementMatters(n int, name string, i int) bool {
	if !q.pass.quick() {
		return false
	}
	s := q.now[n]
	list := *s.List(name)
	if name == "actions" || name == "notActions" {
		return q.actionMatters(n, list, i, isNot(name))
	}
	kind := q.pass.read(list[i]).Specifier.Kind()
	set := q.Engine.Set(q.pass.read(list[i]).Specifier)
	rest, some := q.union(kind, list, i)
	switch {
	case some:
		set = set.Minus(rest)
	case isNot(name) && q.pass.Semantics.NotResources == policy.SameKind:
		return false
	}
	return q.partMatters(n, kind, set, q.pass.actionsAt(typeOf(kind), s), isNot(name))
}

func (q *Proof) actionMatters(n int, list []string, i int, not bool) bool {
	siblings := slices.Delete(slices.Clone(list), i, i+1)
	for _, kind := range q.kinds() {
		actions := q.pass.matching(typeOf(kind), list[i]).less(q.pass.actionsOf(typeOf(kind), siblings))
		if set, some := q.resourcesAt(n, kind); some && q.partMatters(n, kind, set, actions, not) {
			return true
		}
	}
	return false
}

// partMatters reports whether some request shows that a part of statement n makes a difference. Of
// one that the statement is not about it is enough that there is a request.
func (q *Proof) partMatters(n int, kind string, set access.Set, actions mask, not bool) bool {
	if not {
		return !actions.empty() && set.Empty() == access.No
	}
	return q.matters(n, kind, set, actions)
}

// resourcesAt returns the resources of a kind that statement n is about.
func (q *Proof) resourcesAt(n int, kind string) (access.Set, bool) {
	for _, s := range q.at(kind) {
		if s.n == n {
			return s.set, true
		}
	}
	return access.Set{}, false
}
