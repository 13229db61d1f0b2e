package access

import (
	"slices"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// A change is what the holder may change about a segment.
type change struct {
	*detours
	place
	// able says of each of place.levers where it is allowed.
	able []ref
}

// change returns what can be changed at a place, and whether anything can.
func (d *detours) change(where place) (change, bool) {
	c := change{d, where, nil}
	f, possible := d.Region.at(where.changed()), false
	atoms := d.e.actionAtoms(f)
	for _, name := range where.levers {
		text := d.e.fold(name)
		able := d.e.forAction(f, atoms, actionWord{name: name, text: text, index: d.e.indexOf(text)})
		c.able = append(c.able, able)
		possible = possible || able != no
	}
	return c, possible
}

// after returns what is allowed once the changes are made, as a formula about what was before them.
func (c change) after(allowed ref) ref {
	s := solver{Engine: c.e, typ: typeOf(c.kind)}
	if c.which != levelView {
		return c.e.and(c.e.or(c.able...), s.forgetLevel(allowed, c.segment, c.which))
	}
	for _, o := range slices.Clone(s.between(allowed, c.level(), c.level())) {
		linked, unlinked := c.reach(0, o.atom), c.reach(1, o.atom)
		with, without := s.restrictBy(allowed, o.atom, true), s.restrictBy(allowed, o.atom, false)
		allowed = s.or(s.and(s.or(o.self, linked), with), s.and(s.or(o.self.not(), unlinked), without))
	}
	return allowed
}

// reach returns where the holder may link to, or unlink from, some view that the atom is true for. It
// asks for one such view, whatever other atoms it makes true: what comes of that is confirmed later.
func (c change) reach(lever int, a *atom) ref {
	s := solver{Engine: c.e, typ: "view"}
	return s.forgetSegment(c.e.and(c.able[lever], c.e.asKey(a)), 1)
}

// asKey returns the formula "the view's own key is what the atom asks of the flag's views".
func (e *Engine) asKey(a *atom) ref {
	level := levelOf(1, levelKey)
	if a.free {
		return e.freeAtom(level, a.text, a.place)
	}
	return e.word(level, a.text)
}

// confirmed makes a detour of an example that is refused, if the evaluator agrees with every step.
func (c change) confirmed(x Example, trail []choice, allowed ref) (Detour, bool) {
	for _, steps := range c.steps(x, trail, allowed) {
		list := []map[string]map[string][]string{mergeAttributes(x.Attributes, steps.attributes), steps.attributes, x.Attributes}
		for _, attributes := range list {
			d := Detour{Refused: Example{x.Request, attributes}, Changes: steps.changes, Allowed: steps.allowed}
			if c.holds(d) {
				d.Critical = isCritical(d.Refused.Request) || isCritical(d.Allowed)
				return d, true
			}
		}
	}
	return Detour{}, false
}

// holds puts a detour to the evaluator.
func (c change) holds(d Detour) bool {
	may := func(r policy.Request) bool { return c.proof(Example{r, d.Refused.Attributes}) }
	return !may(d.Refused.Request) && may(d.Allowed) &&
		!slices.ContainsFunc(d.Changes, func(r policy.Request) bool { return !may(r) })
}

func isCritical(r policy.Request) bool {
	return slices.ContainsFunc(r.Resource, func(p policy.Part) bool { return p.Properties["critical"] == "true" })
}

// steps are changes, and what they make of a request.
type steps struct {
	changes    []policy.Request
	allowed    policy.Request
	attributes map[string]map[string][]string
}

// steps returns what to try, the shortest first.
func (c change) steps(x Example, trail []choice, allowed ref) []steps {
	if c.which == levelView {
		return c.relinkings(x, trail, allowed)
	}
	s := solver{Engine: c.e, typ: typeOf(c.kind)}
	c.e.attempt++ // words that the request does not have yet
	answer := s.solve(c.e.settled(allowed, x.Request.Resource, trail, c.level()))
	c.e.attempt--
	if answer != Yes {
		return nil
	}
	made := steps{allowed: clone(x.Request)}
	part, as := &made.allowed.Resource[c.segment], c.e.exampleFrom(c.kind, s.trail, nil).Request.Resource[c.segment]
	if c.which == levelTag {
		part.Tags = as.Tags
	} else {
		part.Properties = as.Properties
	}
	made.attributes = attributesFrom(made.allowed, s.trail)
	for i, name := range c.levers {
		if c.able[i] != no {
			made.changes = []policy.Request{{Action: name, Resource: x.Request.Resource[:c.segment+1]}}
		}
	}
	return []steps{made}
}

// settled returns what f says of a resource whose atoms of one level are open: all others have the
// values that the resource gives them, or the trail where the values of a role attribute do.
func (e *Engine) settled(f ref, resource []policy.Part, trail []choice, open int32) ref {
	found := slices.Clone(e.atomsIn(f, never-1))
	for _, o := range found {
		if o.level >= firstLevel && o.level != open && !o.free {
			e.values[o.index] = valueOf(o.matches(resource))
			continue
		}
		for _, c := range trail {
			if c.atom == o.atom && o.level != open {
				e.values[o.index] = valueOf(c.value)
			}
		}
	}
	g := e.restrict(f, never-1)
	for _, o := range found {
		e.values[o.index] = unknown
	}
	return g
}

// matches reports whether an atom that no role attribute is in is true for a resource.
func (a *atom) matches(resource []policy.Part) bool {
	segment, which := segmentOf(a.level)
	if segment >= len(resource) {
		return false
	}
	part := resource[segment]
	switch which {
	case levelKey:
		return a.words.matches(part.Key)
	case levelTag:
		return slices.ContainsFunc(part.Tags, a.words.matches)
	case levelView:
		return slices.ContainsFunc(part.Views, a.words.matches)
	}
	return part.Properties[a.text] == "true"
}

// relinkings returns links and unlinkings to try: each alone, and then all.
func (c change) relinkings(x Example, trail []choice, allowed ref) (list []steps) {
	all := steps{allowed: clone(x.Request)}
	s := solver{Engine: c.e, typ: typeOf(c.kind)}
	found := slices.Clone(s.between(allowed, c.level(), c.level()))
	for _, o := range found {
		for _, one := range c.relink(x, trail, o, found) {
			single := steps{allowed: clone(x.Request)}
			single.add(one, c.segment)
			all.add(one, c.segment)
			list = append(list, single)
		}
	}
	if len(list) > 1 {
		list = append(list, all)
	}
	return list
}

// add makes one more change of the views.
func (t *steps) add(one Example, segment int) {
	view, part := one.Request.Resource[1].Key, &t.allowed.Resource[segment]
	if one.Request.Action == linkFlag {
		part.Views = append(part.Views, view)
	} else {
		part.Views = slices.DeleteFunc(part.Views, func(v string) bool { return v == view })
	}
	t.changes = append(t.changes, one.Request)
	t.attributes = mergeAttributes(t.attributes, one.Attributes)
}

// relink returns the changes that give one of the atoms the value which it lacks.
func (c change) relink(x Example, trail []choice, o occurrence, among []occurrence) (list []Example) {
	project := x.Request.Resource[:1]
	if o.positive {
		wanted, want := c.able[0], c.e.asKey(o.atom)
		for _, n := range among {
			if !n.positive {
				wanted = c.e.and(wanted, c.e.asKey(n.atom).not())
			}
		}
		list = append(list, c.request(linkFlag, c.e.and(wanted, want), project, trail)...)
	}
	if !o.negative {
		return list
	}
	for _, view := range x.Request.Resource[c.segment].Views {
		if o.words.matches(view) {
			is := c.e.word(levelOf(1, levelKey), view)
			list = append(list, c.request(unlinkFlag, c.e.and(c.able[1], is), project, trail)...)
		}
	}
	return list
}

// request returns an example of an action on views of a project, if there is one.
func (c change) request(action string, f ref, project []policy.Part, trail []choice) []Example {
	early := slices.DeleteFunc(slices.Clone(trail), func(c choice) bool { return c.level >= levelOf(1, levelKey) })
	f = c.e.settledProject(f, project, early)
	s := solver{Engine: c.e, typ: "view"}
	if s.solve(f) != Yes {
		return nil
	}
	one := c.e.exampleFrom(viewKind, s.trail, &Action{Name: action})
	one.Request.Resource[0] = copyPart(project[0])
	one.Attributes = attributesFrom(one.Request, slices.Concat(early, s.trail))
	return []Example{one}
}

// settledProject returns what f says of views in a project.
func (e *Engine) settledProject(f ref, project []policy.Part, trail []choice) ref {
	found := slices.Clone(e.atomsIn(f, levelOf(1, levelKey)-1))
	for _, o := range found {
		switch {
		case o.level >= firstLevel && !o.free:
			e.values[o.index] = valueOf(o.matches(project))
		default:
			for _, c := range trail {
				if c.atom == o.atom {
					e.values[o.index] = valueOf(c.value)
				}
			}
		}
	}
	g := e.restrict(f, levelOf(1, levelKey)-1)
	for _, o := range found {
		e.values[o.index] = unknown
	}
	return g
}

func clone(r policy.Request) policy.Request {
	resource := make([]policy.Part, len(r.Resource))
	for i, p := range r.Resource {
		resource[i] = copyPart(p)
	}
	r.Resource = resource
	return r
}
