package lint

import (
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// What members come by with roles of which none does it alone: by one they move what another looks at.

func tagBypassByMembers(p *Pass) []watch {
	return []watch{p.detoursOfMembers(access.ByTags, isTag)}
}

func viewBypassByMembers(p *Pass) []watch {
	return []watch{p.detoursOfMembers(access.ByViews, isView), p.detoursOfMembers(access.ByCritical, isProperty)}
}

// detoursOfMembers reports what members come by with roles of which none does it alone.
func (p *Pass) detoursOfMembers(by access.Lever, is func(policy.Selector) bool) watch {
	said, open := once{}, unsure{}
	return watch{
		concerns: func(c *joint) bool {
			return p.slowly || slices.ContainsFunc(c.heard, func(h *heard) bool { return h.selects(by, is) }) && p.pullsForOther(c, by, is)
		},
		look: func(g *group) {
			list, questions := g.grants().Detours(by)
			for _, d := range worst(list) {
				p.reportDetourOf(g, d, by, said)
			}
			if g.open || len(questions) > 0 {
				open.add(p, g)
			}
		},
		end: func() { open.report(p) },
	}
}

// reportDetourOf reports what members come by, unless one of their roles does it by itself.
func (p *Pass) reportDetourOf(g *group, d access.Detour, by access.Lever, said once) {
	lever, pulled := g.first(d.Changes[0])
	target, allowed := g.first(d.Allowed)
	if !pulled || !allowed || g.byOneRole(d) {
		return
	}
	first, second := pathText(g.Paths[lever.Held]), pathText(g.Paths[target.Held])
	if said.first(first + second + d.Changes[0].Action + d.Changes[0].Kind()) {
		p.reportAt(severityOf(d), g.at(d.Changes[0]),
			fmt.Sprintf("%s of %s and %s together refuse %s", first, whom(g.Members), second, inWords(d)), detourHint(by, d))
	}
}

// pullsForOther reports whether a role may pull a lever for what another one allows: for a statement of
// the other that looks at what the lever moves. Where what lets the project be viewed looks at it, any
// statement may do.
func (p *Pass) pullsForOther(c *joint, by access.Lever, is func(policy.Selector) bool) bool {
	looking := make([][]reach, len(c.heard))
	for i, h := range c.heard {
		looking[i] = h.lookers(by, is)
	}
	bySight := len(c.heard) > 1 && p.viewSelects(c, by, is)
	for i, h := range c.heard {
		levers := h.levers(by)
		if len(levers) == 0 {
			continue
		}
		if bySight {
			return true
		}
		for j := range c.heard {
			if c.pair(i, j) && (i != j || p.Semantics.ViewPrecondition && !h.viewsEverything()) && someNear(levers, looking[j], false) {
				return true
			}
		}
	}
	return false
}

// levers returns what the statements are about that may allow what a lever needs.
func (l *heard) levers(by access.Lever) []reach {
	return memoised(l.pulling, by, func() []reach {
		if !l.pass.pulls(l.Role, by) {
			return nil
		}
		return l.some(l.pass.pulling(by))
	})
}

// selects reports whether a role looks at selectors of the sort that a lever moves.
func (l *heard) selects(by access.Lever, is func(policy.Selector) bool) bool {
	return len(l.lookers(by, is)) > 0
}

// lookers returns what the statements of a role are about that look at selectors of a sort, that which a
// lever moves.
func (l *heard) lookers(by access.Lever, is func(policy.Selector) bool) []reach {
	return memoised(l.selecting, by, func() (list []reach) {
		if !l.pass.selects(l.Role, is) {
			return nil
		}
		for n, s := range l.Role.Policy {
			if slices.ContainsFunc(slices.Concat(s.Resources, s.NotResources), func(text string) bool {
				return slices.ContainsFunc(l.pass.read(text).Specifier.Segments, func(seg policy.Segment) bool { return slices.ContainsFunc(seg.Selectors, is) })
			}) {
				list = append(list, l.reach(n)...)
			}
		}
		return list
	})
}

// viewSelects reports whether what lets projects be viewed may look at selectors of a sort.
func (p *Pass) viewSelects(c *joint, by access.Lever, is func(policy.Selector) bool) bool {
	return p.Semantics.ViewPrecondition && slices.ContainsFunc(c.heard, func(h *heard) bool {
		return !h.viewsEverything() && slices.ContainsFunc(h.lookers(by, is), func(r reach) bool { return r.any || len(r.segments) == 1 })
	})
}

// pulling says of a statement whether it may allow what a lever needs.
func (p *Pass) pulling(by access.Lever) func(spoken) bool {
	levers := leversOf(by)
	return func(s spoken) bool {
		return slices.ContainsFunc(levers, func(l lever) bool { return s.about(l.kind) && s.lists(l.action) })
	}
}

// A lever is an action on a kind.
type lever struct{ kind, action string }

// leversOf returns the actions that a lever is.
func leversOf(by access.Lever) (list []lever) {
	switch by {
	case access.ByViews:
		return []lever{{"proj:view", "linkFlagToView"}, {"proj:view", "unlinkFlagFromView"}}
	case access.ByCritical:
		return []lever{{"proj:env", "updateCritical"}}
	}
	for _, t := range policy.DefaultCatalogue().Types() {
		for _, a := range t.Actions {
			if t.Tags && policy.MatchAction("update*Tags", a.Name) {
				list = append(list, lever{t.Kinds[0], a.Name})
			}
		}
	}
	return list
}

// pulls reports whether a role may allow what a lever needs.
func (p *Pass) pulls(r role.Role, by access.Lever) bool {
	return slices.ContainsFunc(leversOf(by), func(l lever) bool { return p.mayAllow(r, l.kind, l.action) })
}

// byOneRole reports whether one of somebody's roles makes a detour by itself: that is reported of the
// role.
func (g *group) byOneRole(d access.Detour) bool {
	return slices.ContainsFunc(g.heard, func(h *heard) bool {
		alone := h.byItself()
		refuses := func(r policy.Request) bool { return !alone.Allows(r) }
		return alone.Allows(d.Allowed) && refuses(d.Refused.Request) && !slices.ContainsFunc(d.Changes, refuses)
	})
}
