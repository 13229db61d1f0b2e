package access

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// finish proves the lines and puts them in order. Lines that cannot be proved are left out.
func (d *describer) finish(r Region) Description {
	result := Description{Lines: []Line{}, Exact: true}
	var proved []draft
	for _, l := range d.lines {
		if d.proved(r, &l) {
			proved = append(proved, l)
			result.Lines = append(result.Lines, d.shown(r, &l))
		}
	}
	result.Exact = len(proved) == len(d.lines)
	d.lines = proved
	slices.SortStableFunc(result.Lines, func(a, b Line) int { return a.rank.compare(b.rank) })
	for _, kind := range d.kinds {
		rest := d.minus(r.at(kind), d.said(kind))
		if d.holdsNothing(kind, rest) == Yes {
			continue
		}
		result.Exact = false
		if x, a := d.exampleOf(kind, rest, d.proof); a == Yes && result.Rest == "" {
			result.Rest = x.Request.String()
		}
	}
	return result
}

// reached returns the kinds that a line may have requests on.
func (d *describer) reached(l *draft) []string {
	if kind := l.kinds[0]; kind == otherKind || kind == otherInProject {
		return d.kinds
	}
	return l.kinds
}

// proved reports whether all requests of a line are in the region.
func (d *describer) proved(r Region, l *draft) bool {
	return !slices.ContainsFunc(d.reached(l), func(kind string) bool {
		return d.holdsNothing(kind, d.minus(d.at(l, kind), r.at(kind))) != Yes
	})
}

// shown makes a line of a draft.
func (d *describer) shown(r Region, l *draft) Line {
	line := Line{
		Actions: l.actions, AllBut: l.allBut,
		Resources: termTexts(l.terms), Also: termTexts(l.also), Except: termTexts(l.less),
		Because: []Blame{},
	}
	slices.Sort(line.Except)
	line.region = d.newRegion(d.inLine(l))
	kinds := slices.Clone(d.reached(l))
	for _, kind := range kinds {
		line.region.formulas[kind] = d.at(l, kind)
	}
	slices.SortFunc(kinds, compareKinds)
	line.Critical = slices.ContainsFunc(kinds, func(kind string) bool {
		return d.holdsNothing(kind, d.and(line.region.at(kind), d.critical(kind))) == No
	})
	line.NewActions = slices.ContainsFunc(kinds, func(kind string) bool { return d.hasNew(kind, line.region.at(kind)) })
	d.exemplify(r, kinds, &line)
	line.rank = rank{
		kind: kindWeight(kinds[0]), critical: b2i(!line.Critical),
		deletes: b2i(!slices.ContainsFunc(l.actions, isDelete) && !d.deletes(kinds, l)), text: line.String(),
	}
	return line
}

// critical returns the condition that a resource lies in a critical environment.
func (e *Engine) critical(kind string) ref {
	for i, typ := range strings.Split(kind, ":") {
		if typ == "env" {
			return e.selector(i, typ, policy.Property{Name: "critical", Value: "true"}, scope{})
		}
	}
	return no
}

// hasNew reports whether a formula holds for some action that the catalogue does not know.
func (d *describer) hasNew(kind string, f ref) bool {
	u := d.universe(kind, f)
	return slices.ContainsFunc(u.words, func(w actionWord) bool {
		return w.class != "" && d.holdsNothing(kind, d.forAction(f, u.atoms, w)) == No
	})
}

// exemplify finds an example, in a critical environment if there is one.
func (d *describer) exemplify(r Region, kinds []string, line *Line) {
	for _, kind := range kinds {
		f := line.region.at(kind)
		for _, f := range []ref{d.and(f, d.critical(kind)), f} {
			x, a := d.exampleOf(kind, f, line.region.proof.and(r.proof))
			if a == Yes {
				line.Example, line.Where = x.Request.String(), whereText(x)
				return
			}
		}
	}
}

// whereText writes the values of role attributes: "projects=web, teams=a".
func whereText(x Example) string {
	var list []string
	for _, values := range x.Attributes {
		for name, value := range values {
			list = append(list, name+"="+strings.Join(value, "|"))
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// inLine proves that a request is in a line.
func (d *describer) inLine(l *draft) proof {
	all := policy.Specifier{Segments: []policy.Segment{{Type: "*"}}}
	in := proof(d.isRequest).and(d.inTerms(l.terms, l.actions)).and(d.inTerms(l.less, []string{"*"}).not())
	for _, t := range l.also {
		in = in.and(d.inTerms([]term{t}, []string{"*"}))
	}
	if len(l.allBut) > 0 {
		in = in.and(d.inBox(Box{l.allBut, all}).not())
	}
	return in
}

func (d *describer) inTerms(terms []term, actions []string) proof {
	out := proof(func(Example) bool { return true })
	for _, t := range terms {
		in := d.inBox(Box{actions, t.spec})
		switch t.kind {
		case otherKind:
			in = d.inBox(Box{actions, policy.Specifier{Segments: []policy.Segment{{Type: "*"}}}})
		case otherInProject:
			in = inside(in)
		}
		out = out.and(in.not())
	}
	return out.not()
}

// inside asks of the project that a resource lies in what p asks of the resource.
func inside(p proof) proof {
	return func(x Example) bool {
		if len(x.Request.Resource) < 2 {
			return false
		}
		x.Request.Resource = x.Request.Resource[:1]
		return p(x)
	}
}

// deletes reports whether a line has an action that deletes.
func (d *describer) deletes(kinds []string, l *draft) bool {
	actions := d.actionsOf(l)
	atoms := d.actionAtoms(actions)
	for _, name := range d.known {
		if isDelete(name) && d.forAction(actions, atoms, actionWord{text: name, index: d.indexOf(name)}) == yes {
			return slices.ContainsFunc(kinds, func(kind string) bool { return d.has(kind, name) })
		}
	}
	return false
}

func (d *describer) has(kind, action string) bool {
	return policy.DefaultCatalogue().ActionKnown(typeOf(kind), action)
}

// A rank orders lines by what they put at risk: account administration before projects, critical
// environments before others, deleting before the rest.
type rank struct {
	kind, critical, deletes int
	text                    string
}

func (a rank) compare(b rank) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.critical, b.critical),
		cmp.Compare(a.deletes, b.deletes), cmp.Compare(a.text, b.text))
}

// kindWeight: who can change roles, members, teams or the account can give themselves the rest.
func kindWeight(kind string) int {
	switch {
	case slices.Contains([]string{otherKind, "role", "member", "team", "acct"}, kind):
		return 0
	case inProject(kind) || kind == "proj":
		return 2
	}
	return 1
}

// compareKinds orders kinds by weight. The stand-in for unnamed kinds makes the poorest example.
func compareKinds(a, b string) int {
	unnamed := func(kind string) int { return b2i(strings.Contains(kind, "*")) }
	return cmp.Or(cmp.Compare(unnamed(a), unnamed(b)), cmp.Compare(kindWeight(a), kindWeight(b)), -cmp.Compare(a, b))
}
