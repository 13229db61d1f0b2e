package lint

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// What members hold together can be more than each of their roles. The rules here look at every
// different set of holdings once, and say how many members have it.

// A watch is what a rule looks for in what members hold together.
type watch struct {
	rule     Rule
	concerns func(*joint) bool // whether something may be found, as far as the words say
	look     func(*group)
	end      func() // after the last
}

// group is members who hold the same, and what can be proved of it. All rules look at one before the
// next, so that what one of them has proved the others need not prove again.
type group struct {
	*joint
	pass *Pass
	// engine, granted and open are known once a rule asks what is granted; open says that something of
	// it is not certain.
	engine  *access.Engine
	granted access.Region
	open    bool
	parts   []access.Region // see alone
	// evaluator is made when it is first asked.
	evaluator *policy.Evaluator
}

// watchMembers lets the watches look at the holdings that concern them, those of most members first.
func (p *Pass) watchMembers(list []watch) {
	for _, c := range p.cases() {
		if len(c.Held) == 0 || !c.some() {
			continue
		}
		g := p.group(c)
		for _, w := range list {
			if p.rule = w.rule; w.concerns(c) {
				w.look(g)
			}
		}
	}
	for _, w := range list {
		p.rule = w.rule
		w.end()
	}
}

// group reads what members hold.
func (p *Pass) group(c *joint) *group {
	p.listen(c)
	return &group{joint: c, pass: p}
}

// grants returns everything that the members may do, as far as it is certain. Engines are shared by few
// groups, since they only grow.
func (g *group) grants() access.Region {
	if g.engine == nil {
		g.engine = g.pass.groupEngine()
		granted, open := g.engine.Grants(access.Subject{Held: g.Held})
		g.granted, g.open = granted, len(open) > 0
	}
	return g.granted
}

// alone returns what each of the holdings allows by itself, [access.Engine.Alone].
func (g *group) alone() []access.Region {
	if g.parts == nil {
		g.grants()
		for _, h := range g.Held {
			g.parts = append(g.parts, g.engine.Alone(h))
		}
	}
	return g.parts
}

// groupEngine returns the engine for one more group. Roles that several groups hold are read once in an
// engine, and what was proved of the groups before takes memory.
func (p *Pass) groupEngine() *access.Engine {
	if p.together == nil || p.together.Full() {
		p.jointEngine()
	}
	return p.together
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
	list := read.Cases(p.People.Members)
	slices.SortStableFunc(list, func(a, b people.Case) int {
		return cmp.Or(cmp.Compare(len(b.Members), len(a.Members)), cmp.Compare(a.Members[0].Email, b.Members[0].Email))
	})
	for _, c := range list {
		p.holding = append(p.holding, p.joint(c, read))
	}
	return p.holding
}

// readPeople returns the reader of the account, which reads it once for all rules.
func (p *Pass) readPeople() people.Reader {
	if p.reader == nil {
		p.reader = new(people.Read(*p.People, people.Options{Semantics: p.Semantics}))
	}
	return *p.reader
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

// allowing yields which of the holdings allow a request that the members may make, by index, with the
// first statement of each that does.
func (g *group) allowing(request policy.Request) iter.Seq[policy.Reason] {
	return func(yield func(policy.Reason) bool) {
		for i, h := range g.heard {
			if h.counts().Allows(request) && !yield(h.why(i, request)) {
				return
			}
		}
	}
}

// first returns the first of them.
func (g *group) first(request policy.Request) (policy.Reason, bool) {
	for reason := range g.allowing(request) {
		return reason, true
	}
	return policy.Reason{}, false
}

// may reports whether the members may make a request.
func (g *group) may(request policy.Request) bool {
	if g.evaluator == nil {
		g.evaluator = g.pass.evaluator(g.Held)
	}
	return g.evaluator.Allows(request)
}

// evaluator reads what somebody holds.
func (p *Pass) evaluator(held []policy.Held) *policy.Evaluator {
	if p.together == nil {
		p.jointEngine()
	}
	return p.together.Evaluator(held)
}

// through names what allows a request: the role and, where a team gives it, the team.
func (g *group) through(request policy.Request) string {
	if reason, some := g.first(request); some {
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
func (g *group) at(request policy.Request) spot {
	for reason := range g.allowing(request) {
		if r := g.pass.roleNamed(g.Paths[reason.Held]); r != nil {
			return r.find(g.Held[reason.Held].Role, reason.Statement, reason.Specifier)
		}
	}
	for _, path := range g.Paths {
		if r := g.pass.roleNamed(path); r != nil {
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
