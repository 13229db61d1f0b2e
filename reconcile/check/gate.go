package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Change is a role before and after a change; nil where there is none.
type Change struct {
	Key           string
	Before, After *role.Role
	Fixed         []role.Statement // of its preset, on both sides
}

// GateOptions say how gates are judged.
type GateOptions struct {
	// Allow are the keys of roles that may pass gates that require allow-risk.
	Allow     []string
	Semantics policy.Semantics
	Budget    access.Budget
}

// GateResult is a change that a gate is about.
type GateResult struct {
	Test    string        `json:"test"`
	Because string        `json:"because,omitempty"`
	When    string        `json:"when"`
	Require string        `json:"require"`
	Pos     diag.Position `json:"position"` // of the gate
	Role    string        `json:"role"`
	// Verdict is Pass for a change that was allowed.
	Verdict Verdict `json:"verdict"`
	Message string  `json:"message"`
	// Example is a request that is gained or lost, Where for which role attributes; Lines say what is,
	// in words.
	Example string   `json:"example,omitempty"`
	Where   string   `json:"where,omitempty"`
	Lines   []string `json:"lines"`
	// NeedsView says that it counts only for those who may view the project through another role.
	NeedsView bool `json:"needsView,omitempty"`
}

// A gate is a gate that was read.
type gate struct {
	loss  bool
	parts []gatePart
}

// gatePart is actions on a specifier, or on all that lies below it.
type gatePart struct {
	actions []string
	spec    policy.Specifier
	below   bool
}

// readGate reads "gain [of ACTIONS] on SPECIFIERS", or "loss".
func readGate(g role.TestGate) (gate, *mistake) {
	flat := strings.Join(strings.Fields(g.When.Text), " ")
	word, rest, _ := strings.Cut(flat, " ")
	if word != "gain" && word != "loss" {
		return gate{}, mistakef(didYouMean(diag.Nearest(word, []string{"gain", "loss"})), "%q: want \"gain on SPECIFIERS\" or \"gain of ACTIONS on SPECIFIERS\", or the same with \"loss\"", flat)
	}
	if g.Require.Text != role.RequireAllowRisk && g.Require.Text != role.RequireFail {
		return gate{}, mistakef("write \"allow-risk\" or \"fail\"", "\"require\" is %q", g.Require.Text)
	}
	actions := "*"
	if of, found := strings.CutPrefix(rest, "of "); found {
		actions, rest, _ = strings.Cut(of, onWord)
		rest = "on " + rest
	}
	specifiers, found := strings.CutPrefix(rest, "on ")
	if !found {
		return gate{}, mistakef("write \"on\" and a specifier", "%q does not say on what", flat)
	}
	return readGateParts(gate{loss: word == "loss"}, actions, specifiers)
}

func readGateParts(g gate, actions, specifiers string) (gate, *mistake) {
	for _, text := range strings.Split(specifiers, ", ") {
		prefix, below := cutBelow(text)
		part, wrong := readPart(actions, prefix)
		if wrong != nil {
			return g, wrong
		}
		p := gatePart{part.Actions, part.Specifier, below}
		for _, b := range p.boxes(nil) {
			if wrong = (box{parts: []access.Box{b}}).suit(); wrong == nil {
				break
			}
		}
		if wrong != nil {
			return g, wrong
		}
		g.parts = append(g.parts, p)
	}
	return g, nil
}

// cutBelow takes off what stands for whatever lies below: ":*", or ":*/*".
func cutBelow(text string) (prefix string, below bool) {
	for _, suffix := range []string{":*", ":*/*"} {
		if prefix, below = strings.CutSuffix(text, suffix); below {
			return prefix, true
		}
	}
	return text, false
}

// box returns the requests that a gate is about.
func (g gate) box(kinds []string) (b box) {
	for _, part := range g.parts {
		b.parts = append(b.parts, part.boxes(kinds)...)
	}
	return b
}

// boxes returns a box for each kind that lies below, of the catalogue and of others that are named.
func (p gatePart) boxes(named []string) []access.Box {
	if !p.below {
		return []access.Box{{Actions: p.actions, Specifier: p.spec}}
	}
	var list []access.Box
	for _, kind := range kindsBelow(p.spec.Kind(), named) {
		spec := p.spec
		for _, typ := range strings.Split(strings.TrimPrefix(kind, p.spec.Kind()+":"), ":") {
			seg := policy.Segment{Type: typ}
			if t, found := policy.DefaultCatalogue().Type(typ); !found || t.Naming == policy.Named {
				seg.HasName, seg.Name = true, "*"
			}
			spec.Segments = append(slices.Clip(spec.Segments), seg)
		}
		list = append(list, access.Box{Actions: p.actions, Specifier: spec})
	}
	return list
}

// kindsBelow returns the kinds that lie below one.
func kindsBelow(kind string, named []string) (list []string) {
	all := slices.Clone(named)
	for _, t := range policy.DefaultCatalogue().Types() {
		all = append(all, t.Kinds...)
	}
	for _, k := range all {
		if strings.HasPrefix(k, kind+":") {
			list = append(list, k)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Gate judges changes of roles by the gates of the tests: one result for each change that a gate is
// about, in the order of the gates. A gate that cannot be read is an error of its test, see [Run], and
// lets no change pass. Who holds a role is not asked: gates are about what roles allow.
func Gate(changes []Change, tests []role.AccessTest, o GateOptions) []GateResult {
	gates := gatesOf(tests)
	w := newWeights(o)
	for i, c := range changes {
		if i%perEngine == 0 {
			w.renew()
		}
		w.take(c)
		for _, g := range gates {
			if r := w.judge(g); r.Verdict != "" {
				g.results = append(g.results, r)
			}
		}
	}
	results := []GateResult{}
	for _, g := range gates {
		results = append(results, g.results...)
	}
	return results
}

// perEngine is how many changes are judged with the same engines, which only grow.
const perEngine = 64

// A declaredGate is a gate where it is declared.
type declaredGate struct {
	gate
	*mistake
	test    *role.AccessTest
	text    role.TestGate
	results []GateResult
}

func gatesOf(tests []role.AccessTest) (list []*declaredGate) {
	for i := range tests {
		for _, text := range tests[i].Changes {
			g := &declaredGate{test: &tests[i], text: text}
			g.gate, g.mistake = readGate(text)
			list = append(list, g)
		}
	}
	return list
}

// weights finds out what changes do, for somebody who holds the role alone and for somebody who can
// view every project.
type weights struct {
	GateOptions
	sem     [2]policy.Semantics
	engines [2]*access.Engine
	change  Change
	effects [2]access.Difference
}

func newWeights(o GateOptions) *weights {
	w := &weights{GateOptions: o, sem: [2]policy.Semantics{o.Semantics, o.Semantics}}
	w.sem[whenGiven].ViewPrecondition = false
	return w
}

func (w *weights) renew() {
	for i := range w.engines {
		w.engines[i] = access.New(w.sem[i], w.Budget)
	}
}

// take compares both sides of a change.
func (w *weights) take(c Change) {
	w.change = c
	before, after := c.subjects()
	for i := range w.engines {
		w.effects[i] = w.engines[i].Compare(before, after)
	}
}

// judge judges the change by a gate; the result has no verdict if the gate is not about it.
func (w *weights) judge(g *declaredGate) GateResult {
	r := GateResult{
		Test: g.test.Name, Because: g.test.Because, When: g.text.When.Text, Require: g.text.Require.Text, Role: w.change.Key, Lines: []string{},
		Pos: diag.Position{File: g.test.Source.File, Line: g.text.When.Line, Column: g.text.When.Column},
	}
	if g.mistake != nil {
		r.Verdict, r.Message = Error, g.message
		return r
	}
	for i := range w.engines {
		if answer := w.meets(i, g, &r); answer != access.No {
			r.NeedsView = answer == access.Yes && i == whenGiven && w.Semantics.ViewPrecondition
			r.decide(answer, g.loss, slices.Contains(w.Allow, r.Role))
			break
		}
	}
	return r
}

// meets answers whether the change gains or loses something that the gate is about.
func (w *weights) meets(side int, g *declaredGate, r *GateResult) access.Answer {
	e, d := w.engines[side], w.effects[side]
	moved := d.Gained
	if g.loss {
		moved = d.Lost
	}
	gate := g.box(w.change.kinds())
	both := moved.And(gate.region(e))
	x, answer := both.Example()
	if answer == access.No && len(d.Undecided) > 0 {
		return access.Undecided
	}
	if answer == access.Yes {
		before, after := w.change.subjects()
		r.Example, r.Where = x.Request.String(), whereText(x.Attributes)
		for _, l := range e.Describe(both, w.Budget, after, before, gate.words()).Lines {
			r.Lines = append(r.Lines, l.String())
		}
	}
	return answer
}

// decide says whether the change may pass.
func (r *GateResult) decide(answer access.Answer, loss, allowed bool) {
	what := "gains"
	if loss {
		what = "loses"
	}
	if answer == access.Undecided {
		what = "perhaps " + what
	}
	r.Verdict = Fail
	switch {
	case r.Require == role.RequireAllowRisk && allowed:
		r.Verdict, r.Message = Pass, fmt.Sprintf("role %q %s such access, and is allowed to", r.Role, what)
	case r.Require == role.RequireAllowRisk:
		r.Message = fmt.Sprintf("role %q %s access that has to be allowed: --allow-risk %s", r.Role, what, r.Role)
	default:
		r.Message = fmt.Sprintf("role %q %s access that no change may touch", r.Role, what)
	}
	if answer == access.Undecided && r.Verdict == Fail {
		r.Verdict = Undecided
	}
}

// subjects returns who holds the role alone, before and after.
func (c Change) subjects() (before, after access.Subject) {
	of := func(r *role.Role) access.Subject {
		if r == nil {
			return access.Subject{Symbolic: true}
		}
		whole := role.Role{BasePermissions: r.BasePermissions, Policy: slices.Concat(r.Policy, c.Fixed)}
		return access.Subject{Symbolic: true, Held: []policy.Held{{Role: whole}}}
	}
	return of(c.Before), of(c.After)
}

// kinds returns the kinds that the role names, on both sides.
func (c Change) kinds() (list []string) {
	for _, r := range []*role.Role{c.Before, c.After} {
		if r == nil {
			continue
		}
		for _, s := range r.Policy {
			list = append(list, read(s).kinds...)
		}
	}
	return list
}

// whereText writes the role attributes of an example: "projects=web".
func whereText(attributes map[string]map[string][]string) string {
	var parts []string
	for _, place := range sortedKeys(attributes) {
		if text := attributeText(attributes[place]); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, " ")
}
