package access

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// How a detour is found
//
// A policy that looks at something which its holder may change does not bind him: what is refused on a
// flag with one tag he makes allowed by another tag. The question has two copies of the tags, as they
// are and as they become. It is answered with one: let U be what the holder may change the tags of and
// A what he may do. "Some tags make it allowed" is A with the tags forgotten (forget.go), a formula
// that no longer looks at them. What he comes by is U and that, without A.
//
// It takes for granted that whoever may change the tags of a resource may give it any tags.

// A Lever is something that selectors look at and that an action changes.
type Lever int

// The levers.
const (
	// ByTags is to change the tags of the resource or of one around it.
	ByTags Lever = iota
	// ByViews is to link the resource to views and to unlink it.
	ByViews
	// ByCritical is to make the environment critical, or to end that.
	ByCritical
)

// A Detour is how somebody comes by a request that is refused: by changes that are allowed.
type Detour struct {
	Refused Example
	Changes []policy.Request // at least one
	Allowed policy.Request   // Refused once the changes are made
	// Critical says that the request is in a critical environment, when it is refused or when it is
	// allowed.
	Critical bool
}

// Detours returns what whoever may do no more than the region can come by: for each kind of resource
// one example in a critical environment or else one outside, by each type of resource that is changed.
// What is not among them and not in the questions cannot be come by.
func (r Region) Detours(by Lever) ([]Detour, []Question) {
	s := &detours{Region: r, by: by}
	for _, kind := range kindsIn(r) {
		if kind != otherKind {
			s.of(kind)
		}
	}
	return s.list, s.open
}

// detours is one search under way.
type detours struct {
	Region
	by   Lever
	list []Detour
	open []Question
}

// of looks at one kind, and at each segment of it that can be changed.
func (d *detours) of(kind string) {
	types := strings.Split(kind, ":")
	for segment, typ := range types {
		t, _ := policy.DefaultCatalogue().Type(typ)
		where := place{kind: kind, types: types, segment: segment, which: levelTag}
		switch {
		case d.by == ByTags && t.Tags:
			where.levers = tagActions(t)
		case d.by == ByCritical && slices.Contains(t.Properties, "critical"):
			where.which, where.levers = levelProp, []string{"updateCritical"}
		case d.by == ByViews && typ == "flag":
			where.which, where.levers = levelView, []string{linkFlag, unlinkFlag}
		}
		if len(where.levers) > 0 {
			d.at(where)
		}
	}
}

// tagActions returns the actions of a type that change tags: updateTags, updateMetricGroupTags. The
// catalogue names none for some types that have tags, and those are left alone.
func tagActions(t policy.ResourceType) (names []string) {
	for _, a := range t.Actions {
		if policy.MatchAction("update*Tags", a.Name) {
			names = append(names, a.Name)
		}
	}
	return names
}

// A place is a segment of a kind, and what of it can be changed.
type place struct {
	kind    string
	types   []string
	segment int
	which   int32
	levers  []string // the actions that do it
}

// Views are linked to by actions on the view.
const (
	viewKind   = "proj:view"
	linkFlag   = "linkFlagToView"
	unlinkFlag = "unlinkFlagFromView"
)

func (p place) level() int32 { return levelOf(p.segment, p.which) }

// changed is the kind of the resource that the action is on.
func (p place) changed() string {
	if p.which == levelView {
		return viewKind
	}
	return strings.Join(p.types[:p.segment+1], ":")
}

// makes reports whether an action makes the very resource that is changed: what does not exist yet
// cannot be changed first. createFlag makes a flag, and createTriggers does not.
func (p place) makes(action string) bool {
	made, creates := strings.CutPrefix(strings.ToLower(action), "create")
	full := map[string]string{"proj": "project", "env": "environment"}
	typ := p.types[len(p.types)-1]
	if full[typ] != "" {
		typ = full[typ]
	}
	return creates && p.segment == len(p.types)-1 && made == strings.ReplaceAll(typ, "-", "")
}

// at looks for a detour by one segment of a kind: in a critical environment, or else anywhere.
func (d *detours) at(where place) {
	d.e.Refill()
	gains := d.gains(where)
	open := map[string]Question{}
	for _, only := range criticalFirst(where) {
		for g := range gains.all() {
			x, answer := d.detour(where, g, only)
			switch answer {
			case Yes:
				d.list = append(d.list, x)
				d.leave(open)
				return
			case Undecided:
				open[g.group.one().name] = d.e.exhausted(where.kind, actionsOf(g.group.words()))
			}
		}
	}
	if d.e.steps <= 0 { // some may be missing
		open[""] = d.e.exhausted(where.kind, nil)
	}
	d.leave(open)
}

func (d *detours) leave(open map[string]Question) {
	for _, name := range slices.Sorted(maps.Keys(open)) {
		d.open = append(d.open, open[name])
	}
}

// criticalFirst says whether to look at critical environments alone: first so, then not.
func criticalFirst(where place) []bool {
	if where.which != levelProp && slices.Contains(where.types, "env") {
		return []bool{true, false}
	}
	return []bool{false}
}

// A gain is some actions, where they are allowed, and where they can be come by.
type gain struct {
	group         wordGroup
	allowed, come ref
	change        change
}

// gaining is what can be come by, action by action. It is worked out as it is looked at: mostly one
// of the first is all that is asked for.
type gaining struct {
	change
	formula ref // what is allowed
	atoms   []*atom
	groups  []wordGroup // of the actions that were not looked at yet
	known   []gain
}

// gains returns what can be come by, actions that have a name first.
func (d *detours) gains(where place) *gaining {
	changed, possible := d.change(where)
	if !possible {
		return &gaining{}
	}
	f := d.Region.at(where.kind)
	atoms := d.e.actionAtoms(f)
	exists := func(w actionWord) bool { return !where.makes(w.name) }
	groups := d.e.groups(where.kind, atoms, exists)
	slices.SortStableFunc(groups, func(a, b wordGroup) int { return strings.Compare(a.one().class, b.one().class) })
	return &gaining{change: changed, formula: f, atoms: atoms, groups: groups}
}

// all yields all of them, those first that are known.
func (g *gaining) all() iter.Seq[gain] {
	return func(yield func(gain) bool) {
		for _, one := range g.known {
			if !yield(one) {
				return
			}
		}
		for len(g.groups) > 0 {
			group := g.groups[0]
			g.groups = g.groups[1:]
			allowed := g.e.forAction(g.formula, g.atoms, group.one())
			come := g.e.minus(g.after(allowed), allowed)
			if come == no {
				continue
			}
			g.known = append(g.known, gain{group, allowed, come, g.change})
			if !yield(g.known[len(g.known)-1]) {
				return
			}
		}
	}
}

// detour looks for an example of a gain, in critical environments only or anywhere, that the evaluator
// confirms; see [Engine.example].
func (d *detours) detour(where place, g gain, critical bool) (Detour, Answer) {
	e, f := d.e, g.come
	if critical {
		f = e.and(f, e.critical(where.kind))
	}
	defer func() { e.attempt = 0 }()
	for e.attempt = 0; e.attempt < maxAttempts; e.attempt++ {
		s := solver{Engine: e, typ: typeOf(where.kind)}
		if a := s.solve(f); a != Yes {
			if e.attempt == 0 {
				return Detour{}, a
			}
			break
		}
		action := actionsOf([]actionWord{g.group.one()})[0]
		x := e.exampleFrom(where.kind, s.trail, &action)
		if found, ok := g.change.confirmed(x, s.trail, g.allowed); ok {
			return found, Yes
		}
		if e.attempt > 0 {
			f = e.and(f, e.sameKeys(x.Request.Resource).not())
		}
	}
	return Detour{}, Undecided
}

// mergeAttributes adds the values of b to a.
func mergeAttributes(a, b map[string]map[string][]string) map[string]map[string][]string {
	sum := map[string]map[string][]string{}
	for _, from := range []map[string]map[string][]string{a, b} {
		for place, values := range from {
			if sum[place] == nil {
				sum[place] = map[string][]string{}
			}
			for name, list := range values {
				sum[place][name] = sortedSet(slices.Concat(sum[place][name], list))
			}
		}
	}
	return sum
}

// copyPart returns a part that shares no memory with p.
func copyPart(p policy.Part) policy.Part {
	p.Tags, p.Views, p.Properties = slices.Clone(p.Tags), slices.Clone(p.Views), maps.Clone(p.Properties)
	return p
}

// Under returns the resources of a kind that lie in one of the resources of s, whose kind the other
// begins with.
func (s Set) Under(kind string) Set { return Set{s.e, kind, s.f} }

// Of returns the resources of a kind on which the region has an action.
func (r Region) Of(kind, action string) Set {
	f, text := r.at(kind), r.e.fold(action)
	if r.e.sem.Foreign(typeOf(kind), text) {
		return Set{r.e, kind, no}
	}
	return Set{r.e, kind, r.e.forAction(f, r.e.actionAtoms(f), actionWord{name: action, text: text, index: r.e.indexOf(text)})}
}

// ExampleOf returns a request of the region for an action on one of the resources, if there is one.
func (r Region) ExampleOf(action string, s Set) (Example, Answer) {
	r.e.Refill()
	return r.e.example(s.kind, r.Of(s.kind, action).And(s).f, r.proof, &Action{Name: action})
}

// Alone returns what a role allows by itself, wherever projects may be viewed: what the statements say
// and no more.
func (e *Engine) Alone(h policy.Held) Region {
	s := Subject{Held: []policy.Held{h}}
	sem := e.sem
	sem.ViewPrecondition = false
	c, r := e.compile(s), e.newRegion(e.allowedUnder(s, sem))
	for _, kind := range kindsOf(c) {
		r.formulas[kind] = e.roleAt(c.roles[0], kind).allowed
	}
	return r
}

// Meets returns a request that is in both regions, if there is one, as [Region.And] and
// [Region.Example] would, and looks only at what r speaks of.
func (r Region) Meets(other Region) (Example, Answer) {
	r.e.Refill()
	result, both := No, r.proof.and(other.proof)
	for _, kind := range kindsIn(r) {
		if r.at(kind) == no {
			continue
		}
		x, a := r.e.example(kind, r.e.and(r.at(kind), other.at(kind)), both, nil)
		if a == Yes {
			return x, Yes
		}
		if a == Undecided {
			result = Undecided
		}
	}
	return Example{}, result
}
