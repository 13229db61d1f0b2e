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
	// Verdict is Pass for a change that was allowed; changes without access that the gate is about
	// have no result.
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

// region returns the requests that a gate is about.
func (g gate) region(e *access.Engine, kinds []string) access.Region {
	var boxes []access.Box
	for _, part := range g.parts {
		boxes = append(boxes, part.boxes(kinds)...)
	}
	return box{parts: boxes}.region(e)
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

// Gate judges changes of roles by the gates of the tests. A gate that cannot be read is an error of
// its test, see [Run], and lets nothing pass.
func Gate(changes []Change, tests []role.AccessTest, o GateOptions) []GateResult {
	results := []GateResult{}
	for i := range tests {
		for _, g := range tests[i].Changes {
			results = append(results, judgeGate(changes, &tests[i], g, o)...)
		}
	}
	return results
}

func judgeGate(changes []Change, t *role.AccessTest, g role.TestGate, o GateOptions) (results []GateResult) {
	read, wrong := readGate(g)
	for _, c := range changes {
		r := GateResult{
			Test: t.Name, Because: t.Because, When: g.When.Text, Require: g.Require.Text, Role: c.Key, Lines: []string{},
			Pos: diag.Position{File: t.Source.File, Line: g.When.Line, Column: g.When.Column},
		}
		if wrong != nil {
			r.Verdict, r.Message = Error, wrong.message
		} else if !read.concerns(c, o, &r) {
			continue
		}
		if r.Verdict == "" {
			r.decide(o.Allow)
		}
		results = append(results, r)
	}
	return results
}

// decide says whether the change may pass.
func (r *GateResult) decide(allow []string) {
	word := "gains"
	if strings.HasPrefix(strings.TrimSpace(r.When), "loss") {
		word = "loses"
	}
	switch {
	case r.Require == role.RequireFail:
		r.Verdict, r.Message = Fail, fmt.Sprintf("role %q %s access that no change may touch", r.Role, word)
	case slices.Contains(allow, r.Role):
		r.Verdict, r.Message = Pass, fmt.Sprintf("role %q %s access, as it was allowed to", r.Role, word)
	default:
		r.Verdict, r.Message = Fail, fmt.Sprintf("role %q %s access that has to be allowed: --allow-risk %s", r.Role, word, r.Role)
	}
}

// concerns reports whether a change gains or loses what the gate is about, for somebody who holds the
// role alone or beside one that lets every project be viewed.
func (g gate) concerns(c Change, o GateOptions, r *GateResult) bool {
	raw := o.Semantics
	raw.ViewPrecondition = false
	for _, sem := range []policy.Semantics{o.Semantics, raw} {
		if g.concernsUnder(c, access.New(sem, o.Budget), o.Budget, r) {
			r.NeedsView = !sem.ViewPrecondition && o.Semantics.ViewPrecondition
			return true
		}
	}
	return false
}

func (g gate) concernsUnder(c Change, e *access.Engine, budget access.Budget, r *GateResult) bool {
	before, after := c.subjects()
	d := e.Compare(before, after)
	moved := d.Gained
	if g.loss {
		moved = d.Lost
	}
	both := moved.And(g.region(e, c.kinds()))
	x, answer := both.Example()
	switch {
	case answer == access.Yes:
		r.Example, r.Where = x.Request.String(), whereText(x.Attributes)
		for _, l := range e.Describe(both, budget, after, before).Lines {
			r.Lines = append(r.Lines, l.String())
		}
		return true
	case answer == access.Undecided || len(d.Undecided) > 0:
		r.Verdict, r.Message = Undecided, fmt.Sprintf("what the change of role %q does could not be found out", r.Role)
		return true
	}
	return false
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
