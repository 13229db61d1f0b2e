package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// What members hold together can be more than each of their roles. The rules here look at every
// different set of holdings once, and say how many members have it.

// group is members who hold the same, and what can be proved of it.
type group struct {
	*joint
	engine  *access.Engine
	granted access.Region
	open    bool // something of it is not certain
	// evaluator is made when it is first asked.
	evaluator *policy.Evaluator
}

// eachGroup calls look for the holdings that pass the test, those of most members first. Engines are
// shared by few, since they only grow.
func (p *Pass) eachGroup(concerns func(*joint) bool, look func(*group)) {
	var engine *access.Engine
	n := 0
	for _, c := range p.cases() {
		if len(c.Held) == 0 || !c.some() {
			continue
		}
		if p.listen(c); !concerns(c) {
			continue
		}
		if n%perEngine == 0 {
			engine = p.jointEngine()
		}
		n++
		g := &group{joint: c, engine: engine}
		granted, open := engine.Grants(access.Subject{Held: c.Held})
		g.granted, g.open = granted, len(open) > 0
		look(g)
	}
}

// listen reads what members hold.
func (p *Pass) listen(c *joint) {
	if c.heard != nil {
		return
	}
	for _, h := range c.Held {
		c.heard = append(c.heard, p.hearing(h))
	}
}

// jointEngine returns a new engine for what members hold together.
func (p *Pass) jointEngine() *access.Engine {
	if p.together == nil {
		p.together = access.New(p.Semantics, access.Budget{Steps: steps}).Steady()
	} else {
		p.together = p.together.Anew(access.Budget{Steps: steps})
	}
	return p.together
}

// cases returns the different holdings, those of most members first.
func (p *Pass) cases() []*joint {
	if p.holding != nil {
		return p.holding
	}
	read := p.readPeople()
	list := people.Cases(*p.People, people.Options{Semantics: p.Semantics})
	slices.SortStableFunc(list, func(a, b people.Case) int {
		return cmp.Or(cmp.Compare(len(b.Members), len(a.Members)), cmp.Compare(a.Members[0].Email, b.Members[0].Email))
	})
	for _, c := range list {
		p.holding = append(p.holding, p.joint(c, read))
	}
	return p.holding
}

func (p *Pass) readPeople() people.Reader {
	return people.Read(*p.People, people.Options{Semantics: p.Semantics})
}

// whom names the members of some holdings: "ana@example.com" or "ana@example.com and 3 more".
func whom(members []role.LiveMember) string {
	emails := make([]string, len(members))
	for i, m := range members {
		emails[i] = m.Email
	}
	slices.Sort(emails)
	text := fmt.Sprintf("%q", emails[0])
	if len(emails) > 1 {
		text += fmt.Sprintf(" and %d more", len(emails)-1)
	}
	return text
}

// allowing returns which of the holdings allow a request, by index, and the first statement of each.
func (g *group) allowing(p *Pass, request policy.Request) (list []policy.Reason) {
	if g.evaluator == nil {
		g.evaluator = p.evaluator(g.Held)
	}
	for _, reason := range g.evaluator.Evaluate(request).Deciding() {
		if reason.Held >= 0 && reason.Effect == role.Allow && reason.Request.Action == request.Action {
			list = append(list, reason)
		}
	}
	return list
}

// evaluator reads what somebody holds.
func (p *Pass) evaluator(held []policy.Held) *policy.Evaluator {
	if p.together == nil {
		p.jointEngine()
	}
	return p.together.Evaluator(held)
}

// through names what allows a request: the role and, where a team gives it, the team.
func (g *group) through(p *Pass, request policy.Request) string {
	for _, reason := range g.allowing(p, request) {
		return pathText(g.Paths[reason.Held])
	}
	return "base permissions"
}

func pathText(path people.Path) string {
	text := fmt.Sprintf("role %q", path.Role)
	if path.Base {
		text = fmt.Sprintf("base role %q", path.Role)
	}
	if path.Team != "" {
		text += fmt.Sprintf(" of team %q", path.Team)
	}
	return text
}

// at returns where a request is allowed: in the files if one of the roles is there.
func (g *group) at(p *Pass, request policy.Request) spot {
	for _, reason := range g.allowing(p, request) {
		if r := p.roleNamed(g.Paths[reason.Held]); r != nil {
			return r.find(g.Held[reason.Held].Role, reason.Statement, reason.Specifier)
		}
	}
	for _, path := range g.Paths {
		if r := p.roleNamed(path); r != nil {
			return spot{r.Pos(), r.Key}
		}
	}
	return spot{}
}

// roleNamed returns the role of the files by which somebody holds something, or nil.
func (p *Pass) roleNamed(path people.Path) *Role {
	if path.Base {
		return nil
	}
	if p.found == nil {
		p.found = map[string]*Role{}
		if p.focus != nil {
			p.find(p.aroundRoles())
		}
		p.find(p.Roles)
	}
	return p.found[path.Role]
}

// find enters roles by key, the first of each.
func (p *Pass) find(roles []*Role) {
	for _, r := range slices.Backward(roles) {
		p.found[r.Key] = r
	}
}

// aroundRoles are the roles of the files that do not change.
func (p *Pass) aroundRoles() (list []*Role) {
	for i := range p.focus.Around {
		r := &Role{Desired: &p.focus.Around[i], index: -1}
		for n := range r.Policy {
			r.Statements = append(r.Statements, p.statement(r.Desired, n))
		}
		list = append(list, r)
	}
	return list
}

// find returns where the file has a statement of the role as an account holds it.
func (r *Role) find(live role.Role, n int, specifier string) spot {
	if n >= 0 {
		for i, s := range r.Policy {
			if role.EqualStatement(s, live.Policy[n]) {
				return r.spot(i, specifier)
			}
		}
	}
	return spot{r.Pos(), r.Key}
}

// once reports whether a message has not been said yet: many holdings differ in what does not matter.
type once map[string]bool

func (o once) first(message string) bool {
	seen := o[message]
	o[message] = true
	return !seen
}

func tagBypassByMembers(p *Pass) { p.detoursOfMembers(access.ByTags, isTag) }

func viewBypassByMembers(p *Pass) {
	p.detoursOfMembers(access.ByViews, isView)
	p.detoursOfMembers(access.ByCritical, isProperty)
}

// detoursOfMembers reports what members come by with roles of which none does it alone.
func (p *Pass) detoursOfMembers(by access.Lever, is func(policy.Selector) bool) {
	concerns := func(c *joint) bool {
		return p.slowly || slices.ContainsFunc(c.heard, func(h *heard) bool { return h.selects(by, is) }) && p.pullsForOther(c, by, is)
	}
	said, open := once{}, unsure{}
	p.eachGroup(concerns, func(g *group) {
		list, questions := g.granted.Detours(by)
		for _, d := range worst(list) {
			lever, target := g.allowing(p, d.Changes[0]), g.allowing(p, d.Allowed)
			if len(lever) == 0 || len(target) == 0 || p.byOneRole(g, d) {
				continue
			}
			first, second := pathText(g.Paths[lever[0].Held]), pathText(g.Paths[target[0].Held])
			if said.first(first + second + d.Changes[0].Action + d.Changes[0].Kind()) {
				p.reportAt(severityOf(d), g.at(p, d.Changes[0]),
					fmt.Sprintf("%s of %s and %s together refuse %s", first, whom(g.Members), second, inWords(d)), detourHint(by, d))
			}
		}
		if g.open || len(questions) > 0 {
			open.add(p, g)
		}
	})
	open.report(p)
}

// pullsForOther reports whether a role may pull a lever for what another one allows: for a statement of
// the other that looks at what the lever moves. Where what lets the project be viewed looks at it, any
// statement may do.
func (p *Pass) pullsForOther(c *joint, by access.Lever, is func(policy.Selector) bool) bool {
	for i, h := range c.heard {
		levers := h.levers(by)
		if len(levers) == 0 {
			continue
		}
		for j, other := range c.heard {
			if c.pair(i, j) && (i != j || p.Semantics.ViewPrecondition && !p.viewsEverything(h.Role)) && someNear(levers, other.lookers(by, is), false) {
				return true
			}
		}
		if len(c.heard) > 1 && p.viewSelects(c, by, is) {
			return true
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
		return !p.viewsEverything(h.Role) && slices.ContainsFunc(h.lookers(by, is), func(r reach) bool { return r.any || len(r.segments) == 1 })
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
func (p *Pass) byOneRole(g *group, d access.Detour) bool {
	return slices.ContainsFunc(g.Held, func(h policy.Held) bool {
		e := policy.Together([]policy.Held{h}, []*policy.Evaluator{p.evaluator([]policy.Held{h})}, p.alone())
		refuses := func(r policy.Request) bool { return !e.Allows(r) }
		return e.Allows(d.Allowed) && refuses(d.Refused.Request) && !slices.ContainsFunc(d.Changes, refuses)
	})
}

// unsure collects the holdings of which something could not be decided.
type unsure struct {
	members []role.LiveMember
	at      spot
}

func (u *unsure) add(p *Pass, g *group) {
	for _, path := range g.Paths {
		if r := p.roleNamed(path); r != nil && len(u.members) == 0 {
			u.at = spot{r.Pos(), r.Key}
		}
	}
	u.members = append(u.members, g.Members...)
}

// report says once of whom something could not be decided.
func (u *unsure) report(p *Pass) {
	if len(u.members) == 0 {
		return
	}
	p.reportAt(diag.Info, u.at, fmt.Sprintf("%s could not be decided for all that %s hold: the budget for reasoning ran out, or a role cannot be read", p.rule.Title, whom(u.members)),
		"check by hand what their roles allow together")
}

func separationOfMembers(p *Pass) {
	said, open := once{}, unsure{}
	p.eachGroup(func(c *joint) bool { return len(p.pairs(c)) > 0 }, func(g *group) {
		decided := !g.open
		for _, pair := range p.pairs(g.joint) {
			decided = p.separationOf(g, pair[0], pair[1], said) && decided
		}
		if !decided {
			open.add(p, g)
		}
	})
	open.report(p)
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
	both := g.granted.Of(kind, asks).And(g.granted.Of(kind, answer)).And(critical)
	for _, h := range g.Held { // what one role does is a matter of that role
		alone := g.engine.Alone(h)
		both = both.Minus(alone.Of(kind, asks).And(alone.Of(kind, answer)))
	}
	example, found := exampleIn(g.granted, kind, answer, both)
	if found != access.Yes {
		return found == access.No
	}
	x := example.Request
	asked := x
	asked.Action = asks
	askers, answerers := g.allowing(p, asked), g.allowing(p, x)
	if len(askers) == 0 || len(answerers) == 0 {
		return true // base permissions of a role: they name nothing
	}
	first, second := pathText(g.Paths[askers[0].Held]), pathText(g.Paths[answerers[0].Held])
	if said.first(first + second) {
		p.reportAt(diag.Warning, g.at(p, x),
			fmt.Sprintf("%s may ask for a change through %s and allow it through %s: %q", whom(g.Members), first, second, x),
			"take one of the two from them")
	}
	return true
}

// exampleIn returns a request for an action on one of the resources, if there is one.
func exampleIn(r access.Region, kind, action string, s access.Set) (access.Example, access.Answer) {
	result := access.No
	cells, open := r.Cells()
	if len(open) > 0 {
		result = access.Undecided
	}
	for _, c := range cells {
		at := slices.IndexFunc(c.Actions, func(a access.Action) bool { return a.Name == action })
		if c.Kind != kind || at < 0 {
			continue
		}
		c.Actions = c.Actions[at : at+1]
		x, a := c.Within(s).Example()
		if a == access.Yes {
			return x, a
		}
		if a == access.Undecided {
			result = a
		}
	}
	return access.Example{}, result
}
