package check

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// How a question about a subject is answered. A box is a small part of what roles speak of. So roles
// that cannot meet it, as one look tells (glance.go), are left out, and of the others the statements
// about other kinds; what is left is compiled once and kept. The example that comes back is put to
// the evaluator with the whole roles: if it disagrees, the answer is undecided.

// A prover answers questions about subjects of a world.
type prover struct {
	*world
	budget access.Budget
	// Each is there twice: for the semantics as they are, and for those where projects may be viewed
	// whatever the roles say.
	sem     [2]policy.Semantics
	engines [2]*access.Engine
	grants  [2]map[string]granted
	boxes   [2]map[string]access.Region
	glances map[glanceKey]bool
	// single are answers about one role alone where views are given; deadEnds are holdings from which
	// no way leads up, by what merger.sign says of them and the box.
	single   map[string]single
	deadEnds map[string]bool
}

// single is what was found about one role.
type single struct {
	answer access.Answer
	finding
}

// granted is what some roles allow.
type granted struct {
	access.Region
	open []access.Question
}

func newProver(w *world, in Input) *prover {
	p := &prover{world: w, budget: in.Budget, glances: map[glanceKey]bool{}, single: map[string]single{}, deadEnds: map[string]bool{}}
	p.sem[asIs], p.sem[whenGiven] = in.Semantics, in.Semantics
	p.sem[whenGiven].ViewPrecondition = false
	p.renew(asIs)
	p.renew(whenGiven)
	return p
}

// The two semantics of a prover.
const (
	asIs = iota
	whenGiven
)

func side(given bool) int {
	if given {
		return whenGiven
	}
	return asIs
}

// maxGrants is how many policies an engine reads before a new one takes its place: an engine only
// grows.
const maxGrants = 20_000

func (p *prover) renew(side int) {
	p.engines[side] = access.New(p.sem[side], p.budget)
	p.grants[side], p.boxes[side] = map[string]granted{}, map[string]access.Region{}
}

// refresh renews the engines that have grown large. No region may be in use.
func (p *prover) refresh() {
	for side := range p.engines {
		if len(p.grants[side]) > maxGrants {
			p.renew(side)
		}
	}
	if len(p.glances) > 100*maxGrants {
		clear(p.glances)
	}
	if len(p.single) > 10*maxGrants {
		clear(p.single)
	}
}

func (p *prover) box(side int, b box) access.Region {
	r, found := p.boxes[side][b.text]
	if !found {
		r = b.region(p.engines[side])
		p.boxes[side][b.text] = r
	}
	return r
}

// write appends a name for a held role to name: the same for the same policy.
func (p *prover) write(name *strings.Builder, h held, symbolic bool) {
	k := p.find(h)
	name.WriteByte(0)
	name.WriteString(strconv.Itoa(k.id))
	if h.view {
		name.WriteByte('v')
	}
	for _, attribute := range k.uses {
		if values, listed := h.attributes[attribute]; listed {
			fmt.Fprintf(name, "\x01%q%q", attribute, values)
		}
	}
	if symbolic && len(k.uses) > 0 {
		name.WriteString(h.team)
	}
}

// allowed returns what roles that are held allow of the kinds.
func (p *prover) allowed(side int, list []held, symbolic bool, kinds []string) granted {
	var name strings.Builder
	fmt.Fprint(&name, symbolic, kinds)
	for _, h := range list {
		p.write(&name, h, symbolic)
	}
	g, found := p.grants[side][name.String()]
	if !found {
		s := access.Subject{Symbolic: symbolic}
		for _, h := range list {
			s.Held = append(s.Held, p.policyHeld(h, kinds))
		}
		g.Region, g.open = p.engines[side].Grants(s)
		p.grants[side][name.String()] = g
	}
	return g
}

// policyHeld returns what a held role says of the kinds; nil is all.
func (p *prover) policyHeld(h held, kinds []string) policy.Held {
	k := p.find(h)
	r := role.Role{Key: k.Key, BasePermissions: k.BasePermissions}
	switch {
	case h.view:
		r = k.viewing()
	case kinds == nil:
		r.Policy = k.Policy
	default:
		r.Policy = k.about(kinds)
	}
	return policy.Held{Role: r, Attributes: h.attributes, Through: h.through()}
}

// about returns the statements that may speak of one of the kinds.
func (k *known) about(kinds []string) (list []role.Statement) {
	for i, s := range k.Policy {
		if k.reads[i].speaksOf(kinds) {
			list = append(list, s)
		}
	}
	return list
}

// viewing returns what of the role lets projects be viewed.
func (k *known) viewing() role.Role {
	r := role.Role{Key: k.Key, BasePermissions: role.NoAccess}
	for _, s := range k.about([]string{"proj"}) {
		listed := slices.ContainsFunc(slices.Concat(s.Actions, s.NotActions), func(p string) bool { return policy.MatchAction(p, viewProject) })
		if listed == (len(s.NotActions) == 0) {
			s.Actions, s.NotActions = []string{viewProject}, nil
			r.Policy = append(r.Policy, s)
		}
	}
	if k.BasePermissions == role.Reader {
		r.Policy = append(r.Policy, viewAll)
	}
	return r
}

const viewProject = "viewProject"

var viewAll = role.Statement{Effect: role.Allow, Actions: []string{viewProject}, Resources: []string{"proj/*"}}

// viewBox is viewProject on every project.
var viewBox = sync.OnceValue(func() box {
	b, _ := readBox(viewProject + " on proj/*")
	return b
})

// kindsOf returns the kinds that matter to a box; nil is all.
func (b box) kindsOf(given bool) []string {
	var kinds []string
	for _, part := range b.parts {
		if part.Specifier.Kind() == "*" {
			return nil
		}
		kinds = append(kinds, part.Specifier.Kind())
	}
	if !given && b.inProjects() {
		kinds = append(kinds, "proj")
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// A finding is a request that answers a question, and how.
type finding struct {
	request, second *policy.Request // second: of noOneBoth
	// attributes are those for which it does, by place and name.
	attributes map[string]map[string][]string
	given      bool // the view of projects is taken as given
	why        string
	turned     bool     // of equals: it is what the other role is allowed and the subject is not
	steps      []string // of a way up
	holds      []held   // at its end
}

// some answers whether a subject may do something of the box.
func (p *prover) some(s *subject, b box) (access.Answer, finding) {
	alone := s.given || !b.inProjects() || !p.sem[asIs].ViewPrecondition
	able, answer, f := p.singly(s, b, alone)
	switch {
	case len(able) == 0 || alone:
	case len(s.outside) == 0:
		answer, f = p.someOf(asIs, append(able, p.others(s, able)...), s.symbolic, b, nil)
	default:
		answer, f = p.beside(s, able, b)
	}
	if answer == access.No && len(p.unknown(s)) > 0 {
		return access.Undecided, finding{why: strings.Join(p.unknown(s), " and ") + " may allow it: nothing is known of that here"}
	}
	return answer, f
}

// singly asks each role alone, with views given: as roles only ever add up, the others do not matter.
// It returns those that allow something of the box, or may, and an answer; one that does is enough
// where only the first is wanted.
func (p *prover) singly(s *subject, b box, first bool) (able []held, answer access.Answer, f finding) {
	answer = access.No
	for _, h := range s.held {
		if k := p.find(h); k == nil || !p.mayAllow(k, b) {
			continue
		}
		one := p.alone(h, s.symbolic, b)
		if one.answer == access.No {
			continue
		}
		able = append(able, h)
		if answer != access.Yes && (answer == access.No || one.answer == access.Yes) {
			answer, f = one.answer, one.finding
		}
		if first && answer == access.Yes {
			break
		}
	}
	return able, answer, f
}

func (p *prover) alone(h held, symbolic bool, b box) single {
	var name strings.Builder
	fmt.Fprint(&name, symbolic, b.text)
	p.write(&name, h, symbolic)
	one, found := p.single[name.String()]
	if !found {
		one.answer, one.finding = p.someOf(whenGiven, []held{h}, symbolic, b, nil)
		p.single[name.String()] = one
	}
	return one
}

// beside is some where what lies outside counts in that it lets projects be viewed.
func (p *prover) beside(s *subject, able []held, b box) (access.Answer, finding) {
	all := append(able, p.others(s, able)...)
	for _, h := range s.outside {
		if p.find(h) != nil {
			h.view = true
			all = append(all, h)
		}
	}
	answer, f := p.someOf(asIs, all, s.symbolic, b, func(r access.Region) access.Region { return r.Minus(p.box(asIs, viewBox())) })
	if answer != access.No {
		return answer, f
	}
	return p.someOf(whenGiven, able, s.symbolic, b, func(r access.Region) access.Region { return r.And(p.box(whenGiven, viewBox())) })
}

// others returns what is held beside and may let projects be viewed.
func (p *prover) others(s *subject, able []held) (list []held) {
	for _, h := range s.held {
		if k := p.find(h); k != nil && !slices.ContainsFunc(able, h.same) && len(k.viewing().Policy) > 0 {
			list = append(list, h)
		}
	}
	return list
}

func (h held) same(other held) bool {
	return h.key == other.key && h.base == other.base && h.team == other.team
}

// someOf looks for a request of the box that is allowed.
func (p *prover) someOf(side int, list []held, symbolic bool, b box, narrow func(access.Region) access.Region) (access.Answer, finding) {
	g := p.allowed(side, list, symbolic, b.kindsOf(side == whenGiven))
	r := p.box(side, b).And(g.Region)
	if narrow != nil {
		r = narrow(r)
	}
	x, answer := r.Example()
	if answer == access.Yes {
		return p.replay(side, list, symbolic, x, true)
	}
	return settle(answer, g.open)
}

// settle is the answer where no example was found.
func settle(answer access.Answer, open []access.Question) (access.Answer, finding) {
	switch {
	case answer == access.Undecided:
		return answer, finding{why: "the budget for reasoning ran out"}
	case len(open) > 0:
		return access.Undecided, finding{why: open[0].Why}
	}
	return access.No, finding{}
}

// all answers whether a subject may do everything of the box; the finding is a request that it may
// not.
func (p *prover) all(s *subject, b box) (access.Answer, finding) {
	list := slices.DeleteFunc(slices.Clone(s.held), func(h held) bool { return p.find(h) == nil })
	g := p.allowed(asIs, list, s.symbolic, b.kindsOf(false))
	x, answer := p.box(asIs, b).Minus(g.Region).Example()
	if answer != access.Yes {
		answer, f := settle(answer, g.open)
		return [...]access.Answer{access.Undecided, access.Yes, access.No}[answer], f
	}
	if unknown := p.unknown(s); len(unknown) > 0 {
		return access.Undecided, finding{why: strings.Join(unknown, " and ") + " may allow it: nothing is known of that here"}
	}
	answer, f := p.replay(asIs, list, s.symbolic, x, false)
	if answer == access.Yes {
		answer = access.No
	}
	return answer, f
}

// replay puts an example to the evaluator, with the whole roles.
func (p *prover) replay(side int, list []held, symbolic bool, x access.Example, want bool) (access.Answer, finding) {
	f := finding{request: &x.Request, given: side == whenGiven}
	if symbolic {
		f.attributes = x.Attributes
	}
	if p.evaluator(side, list, f.attributes).Allows(x.Request) != want {
		return access.Undecided, finding{why: fmt.Sprintf("reasoning and evaluation disagree about %q", x.Request)}
	}
	return access.Yes, f
}

// evaluator holds the whole roles, with what the attributes fill in that they leave open.
func (p *prover) evaluator(side int, list []held, attributes map[string]map[string][]string) *policy.Evaluator {
	full := make([]policy.Held, len(list))
	for i, h := range list {
		full[i] = p.policyHeld(h, nil)
		if open := attributes[h.through()]; len(open) > 0 {
			filled := maps.Clone(open)
			maps.Copy(filled, h.attributes)
			full[i].Attributes = filled
		}
	}
	return policy.NewEvaluator(full, p.sem[side])
}
