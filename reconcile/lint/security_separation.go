package lint

import (
	"fmt"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
)

// Who asks by one role and answers by another.

func separationOfMembers(p *Pass) []watch {
	said, open := once{}, unsure{}
	return []watch{{
		concerns: func(c *joint) bool { return len(p.pairs(c)) > 0 },
		look: func(g *group) {
			g.grants()
			decided := !g.open
			for _, pair := range p.pairs(g.joint) {
				decided = p.separationOf(g, pair[0], pair[1], said) && decided
			}
			if !decided {
				open.add(p, g)
			}
		},
		end: func() { open.report(p) },
	}}
}

// pairs returns the kinds and the answers for which one role may ask and another answer, and one of them
// names it.
func (p *Pass) pairs(c *joint) [][2]string {
	if c.pairs == nil {
		c.pairs = new(p.findPairs(c))
	}
	return *c.pairs
}

func (p *Pass) findPairs(c *joint) (list [][2]string) {
	if len(c.Held) < 2 {
		return nil
	}
	for _, kind := range approvable {
		for _, answer := range answers {
			if p.asksAndAnswers(c, kind, answer) {
				list = append(list, [2]string{kind, answer})
			}
		}
	}
	return list
}

func (p *Pass) asksAndAnswers(c *joint, kind, answer string) bool {
	for i, a := range c.heard {
		if !a.allow(kind, asks) {
			continue
		}
		for j, b := range c.heard {
			if i != j && c.pair(i, j) && b.allow(kind, answer) && (a.names(kind, asks) || b.names(kind, answer)) &&
				(p.slowly || mayMeet(a.heads, b.heads, true) && someNear(a.speaks(kind, asks), b.speaks(kind, answer), !p.counts(kind, answer))) {
				return true
			}
		}
	}
	return false
}

// speaks returns what the statements are about that may allow an action of a kind.
func (l *heard) speaks(kind, action string) []reach {
	return memoised(l.allowing, [2]string{kind, action}, func() []reach {
		return l.some(func(s spoken) bool { return s.about(kind) && s.lists(action) })
	})
}

// counts reports whether asking or answering counts in all environments together only.
func (p *Pass) counts(kind, answer string) bool {
	typ := kind[strings.LastIndex(kind, ":")+1:]
	return p.Semantics.NeedsEveryEnvironment(typ, asks) || p.Semantics.NeedsEveryEnvironment(typ, answer)
}

// separationOf reports whoever asks by one role and answers by another. It returns false if that could
// not be decided.
func (p *Pass) separationOf(g *group, kind, answer string, said once) bool {
	critical := (&Proof{Engine: g.engine}).critical(kind)
	granted := g.grants()
	both := granted.Of(kind, asks).And(granted.Of(kind, answer)).And(critical)
	for _, alone := range g.alone() { // what one role does is a matter of that role
		both = both.Minus(alone.Of(kind, asks).And(alone.Of(kind, answer)))
	}
	example, found := granted.ExampleOf(answer, both)
	if found != access.Yes {
		return found == access.No
	}
	x := example.Request
	asked := x
	asked.Action = asks
	asker, some := g.first(asked)
	answerer, others := g.first(x)
	if !some || !others {
		return true // base permissions of a role: they name nothing
	}
	first, second := pathText(g.Paths[asker.Held]), pathText(g.Paths[answerer.Held])
	if said.first(first + second) {
		p.reportAt(diag.Warning, g.at(x),
			fmt.Sprintf("%s may ask for a change through %s and allow it through %s: %q", whom(g.Members), first, second, x),
			"take one of the two from them")
	}
	return true
}
