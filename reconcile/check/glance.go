package check

import (
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A glance tells what cannot matter: it may say that a role meets a box that it does not meet, and
// never the other way round.

// glanceKey is a role and the text of a box.
type glanceKey struct {
	id  int
	box string
}

// able returns the roles that may allow something of the box, whatever lets projects be viewed.
func (p *prover) able(list []held, b box) (able []held) {
	for _, h := range list {
		if k := p.find(h); k != nil && p.mayAllow(k, b) {
			able = append(able, h)
		}
	}
	return able
}

func (p *prover) mayAllow(k *known, b box) bool {
	key := glanceKey{k.id, b.text}
	may, found := p.glances[key]
	if !found {
		may = p.sem[asIs].GlobCrossesColon || k.mayAllow(b, p.sem[asIs])
		p.glances[key] = may
	}
	return may
}

func (k *known) mayAllow(b box, sem policy.Semantics) bool {
	for _, part := range b.parts {
		kind := part.Specifier.Kind()
		if k.BasePermissions == role.Reader && anyTouches(sem.ReaderPatterns(), part.Actions) {
			return true
		}
		for i := range k.Policy {
			if k.reads[i].allow && k.reads[i].mayMeet(&k.Policy[i], part, kind, sem.CaseSensitive) {
				return true
			}
		}
	}
	return false
}

// mayMeet reports whether a statement may match a request of a box, which is of the kind.
func (r *reading) mayMeet(s *role.Statement, b access.Box, kind string, caseSensitive bool) bool {
	if !r.any && kind != "*" && !slices.Contains(r.kinds, kind) {
		return false
	}
	if !caseSensitive {
		return true
	}
	if !r.not && !anyTouches(s.Actions, b.Actions) {
		return false
	}
	return r.any || kind == "*" || slices.ContainsFunc(r.specs, func(spec policy.Specifier) bool { return specsTouch(spec, b.Specifier) })
}

func (r *reading) speaksOf(kinds []string) bool {
	return r.any || slices.ContainsFunc(kinds, func(kind string) bool { return slices.Contains(r.kinds, kind) })
}

func anyTouches(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool {
		return slices.ContainsFunc(b, func(y string) bool { return touches(x, y) })
	})
}

// touches reports whether two patterns may match the same word, by what stands before and behind
// their stars and role attributes.
func touches(a, b string) bool {
	if !strings.ContainsAny(a, "*$") && !strings.ContainsAny(b, "*$") {
		return a == b
	}
	headA, tailA := ends(a)
	headB, tailB := ends(b)
	return (strings.HasPrefix(headA, headB) || strings.HasPrefix(headB, headA)) &&
		(strings.HasSuffix(tailA, tailB) || strings.HasSuffix(tailB, tailA))
}

// ends returns what a word that matches the pattern must begin and end with.
func ends(pattern string) (head, tail string) {
	i := strings.IndexAny(pattern, "*$")
	if i < 0 {
		return pattern, pattern
	}
	j := strings.LastIndexAny(pattern, "*}")
	return pattern[:i], pattern[j+1:]
}

// specsTouch reports whether two specifiers may match the same resource.
func specsTouch(a, b policy.Specifier) bool {
	if len(a.Segments) != len(b.Segments) {
		return false
	}
	for i := range a.Segments {
		x, y := a.Segments[i], b.Segments[i]
		if x.Type != y.Type || x.HasName && y.HasName && !touches(string(x.Name), string(y.Name)) || propertiesClash(x, y) {
			return false
		}
	}
	return true
}

// propertiesClash reports whether one asks for another value of a property than the other.
func propertiesClash(x, y policy.Segment) bool {
	for _, a := range x.Selectors {
		for _, b := range y.Selectors {
			p, isP := a.(policy.Property)
			q, isQ := b.(policy.Property)
			if isP && isQ && p.Name == q.Name && p.Value != q.Value {
				return true
			}
		}
	}
	return false
}
