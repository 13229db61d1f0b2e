package access

import (
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// Some actions change a flag in every environment of its project, and count only if they are
// allowed in all of them. What a line says of such an action in one environment has consequences in
// others, which this file finds: it looks at two environments of a project at once, the second as
// one more segment behind the resource.

// A Wide is what a line means for those of its actions that must be allowed in every environment of
// the project.
type Wide struct {
	Actions []string `json:"actions"` // by name, sorted
	Reach   Reach    `json:"reach"`
	// Example is the same request as Line.Example would be in another environment of the project,
	// to which the line has a consequence; empty if it has none or none was found.
	Example string `json:"example,omitempty"`
}

// Reach is what a line has to do with other environments of the project than those that it names.
type Reach string

// The reaches. Of several the first that holds for some request of the line.
const (
	// Stops: the actions are lost here, and although they are still allowed in another
	// environment, they stop there too: in the whole project.
	Stops Reach = "stops"
	// Blocked: the actions are gained here, but another environment refuses them still. In a
	// project that has it they work nowhere.
	Blocked Reach = "blocked"
	// Starts: the actions are gained here, every environment allows them now, and another one did
	// so before. There they begin to work too.
	Starts Reach = "starts"
	// Alone: what the line says is all.
	Alone Reach = "alone"
	// Unclear: it could not be found out.
	Unclear Reach = "undecided"
)

// A widener finds the reach of the lines of one side of a change.
type widener struct {
	prover
	// queries are tried in turn: what must be allowed, or refused, in another environment.
	queries []wideQuery
	// vague says that one role must allow an action in all environments, and there are several.
	vague bool
}

type wideQuery struct {
	reach Reach
	other func(kind string) ref
	proof proof
}

// wideners returns those for what a change gains and loses, if it does.
func (e *Engine) wideners(d Difference) (gained, lost *widener) {
	had, has := d.before, d.after
	allowed := func(c *compiled) func(string) ref {
		return func(kind string) ref { return e.kind(c, kind).formula }
	}
	refused := func(kind string) ref { return e.kind(has, kind).formula.not() }
	vague := e.sem.EnvironmentWide == policy.PerRole && len(has.subject.Held) > 1
	p := newProver(e)
	gained = &widener{p, []wideQuery{
		{Blocked, refused, d.has.not()},
		{Starts, allowed(had), d.had},
	}, vague}
	lost = &widener{p, []wideQuery{{Stops, allowed(has), d.has}}, vague}
	return gained, lost
}

// widen fills in what the lines mean for other environments, with a quarter of the budget of their
// description.
func (w *widener) widen(lines []Line, budget Budget) {
	w.steps = budget.forDescription() / 4
	for i := range lines {
		lines[i].Wide = w.wide(lines[i].region)
	}
}

// wide returns nil for a line without actions that must be allowed in every environment.
func (w *widener) wide(r Region) *Wide {
	result := &Wide{Actions: []string{}, Reach: Alone}
	var parts []widePart
	all := true
	for _, kind := range kindsIn(r) {
		list, complete := w.parts(kind, r)
		parts, all = append(parts, list...), all && complete
	}
	if len(parts) == 0 && all {
		return nil
	}
	for _, p := range parts {
		result.Actions = append(result.Actions, p.actions...)
	}
	slices.Sort(result.Actions)
	if result.Reach, result.Example = w.reach(parts, r.proof); !all && result.Example == "" {
		result.Reach = Unclear
	}
	return result
}

// A widePart is some actions of a line on one kind, for the same resources.
type widePart struct {
	kind    string
	words   []actionWord
	actions []string
	f       ref
}

// parts returns the actions of a region on a kind that must be allowed in every environment. If the
// budget ends, some are missing.
func (w *widener) parts(kind string, r Region) (list []widePart, complete bool) {
	f := r.at(kind)
	if f == no || envIn(kind) < 0 {
		return nil, true
	}
	complete = true
	u := w.universe(kind, f)
	for _, group := range u.groups {
		p := widePart{kind: kind}
		for _, word := range group.words() {
			if word.class == "" && w.sem.NeedsEveryEnvironment(typeOf(kind), word.name) {
				p.words, p.actions = append(p.words, word), append(p.actions, word.name)
			}
		}
		if len(p.words) == 0 {
			continue
		}
		p.f = w.forAction(f, u.atoms, p.words[0])
		s := solver{Engine: w.Engine, typ: typeOf(kind)}
		switch s.solve(p.f) {
		case Yes:
			list = append(list, p)
		case Undecided:
			complete = false
		}
	}
	return list, complete && w.steps > 0
}

// envIn returns the segment of a kind that is an environment, or -1.
func envIn(kind string) int { return slices.Index(strings.Split(kind, ":"), "env") }

// reach tries one question after another on all parts.
func (w *widener) reach(parts []widePart, line proof) (Reach, string) {
	unclear := w.vague
	for _, q := range w.queries {
		tried := map[[2]ref]bool{}
		for _, p := range parts {
			other := w.elsewhere(p, q)
			if tried[[2]ref{p.f, other}] {
				continue
			}
			tried[[2]ref{p.f, other}] = true
			example, a := w.pair(p, other, line, q.proof)
			if a == Yes && (q.reach != Starts || !unclear) {
				return q.reach, example
			}
			unclear = unclear || a == Undecided
		}
	}
	if unclear {
		return Unclear, ""
	}
	return Alone, ""
}

// elsewhere returns what a question asks of another environment: the formula with the environment
// moved to a segment of its own.
func (w *widener) elsewhere(p widePart, q wideQuery) ref {
	f := q.other(p.kind)
	u := w.universe(p.kind, f)
	segments := strings.Count(p.kind, ":") + 1
	return w.moved(w.forAction(f, u.atoms, p.words[0]), envIn(p.kind), segments, map[ref]ref{})
}

// moved returns f with another segment in the place of one.
func (e *Engine) moved(f ref, from, to int, done map[ref]ref) ref {
	sign := f & 1
	f ^= sign
	if g, found := done[f]; found {
		return g ^ sign
	}
	g := f
	if n := *e.node(f); n.atom >= 0 {
		g = e.movedAtom(e.atoms[n.atom], from, to)
	} else if n.n > 0 {
		parts := slices.Clone(e.parts(f))
		for i, part := range parts {
			parts[i] = e.moved(part, from, to, done)
		}
		g = e.and(parts...)
	}
	done[f] = g
	return g ^ sign
}

func (e *Engine) movedAtom(a *atom, from, to int) ref {
	if a.level < firstLevel {
		return a.self
	}
	segment, which := segmentOf(a.level)
	if segment != from {
		return a.self
	}
	b, fresh := e.atomFor(levelOf(to, which), a.free, a.text, a.place)
	if fresh {
		b.words = a.words
	}
	return b.self
}

// pair looks for a request of the part, and another environment of its project that other is true
// for. Two environments of a project have different keys. Both requests are put to the evaluator.
func (w *widener) pair(p widePart, other ref, here, there proof) (example string, a Answer) {
	defer func() { w.attempt = 0 }()
	f := w.and(p.f, other, w.sameKey(p, other).not())
	action := actionsOf(p.words)[0]
	for w.attempt = 0; w.attempt < maxAttempts; w.attempt++ {
		s := solver{Engine: w.Engine, typ: typeOf(p.kind)}
		if a := s.solve(f); a != Yes {
			return "", a
		}
		x, y := w.twoRequests(p.kind, s.trail, &action)
		if x.Request.String() != y.Request.String() && here(x) && there(y) {
			return y.Request.String(), Yes
		}
	}
	return "", Undecided
}

// twoRequests makes the request of what the solver chose, and the same in the other environment.
// They are equal if no different keys were found for the environments.
func (e *Engine) twoRequests(kind string, trail []choice, action *Action) (x, y Example) {
	x = e.exampleFrom(kind+":env", trail, action)
	last, env := len(x.Request.Resource)-1, envIn(kind)
	other := x.Request.Resource[last]
	x.Request.Resource = x.Request.Resource[:last]
	y = Example{Request: policy.Request{Action: x.Request.Action, Resource: slices.Clone(x.Request.Resource)}, Attributes: x.Attributes}
	chosen := slices.ContainsFunc(trail, func(c choice) bool { return c.level == levelOf(last, levelKey) && c.atom == nil })
	if same := other.Key == x.Request.Resource[env].Key; same && chosen {
		return x, x
	} else if same { // nothing is said of it, so it can be any
		other.Key = "another-env"
	}
	y.Request.Resource[env] = other
	return x, y
}

// sameKey is true where both environments have the same key, as far as a pattern says so.
func (w *widener) sameKey(p widePart, other ref) ref {
	segments := strings.Count(p.kind, ":") + 1
	here, there := levelOf(envIn(p.kind), levelKey), levelOf(segments, levelKey)
	var same []ref
	for _, o := range slices.Clone(w.atomsIn(w.and(p.f, other), there)) {
		if (o.level == here || o.level == there) && o.words.form == literal {
			same = append(same, w.and(w.word(here, o.text), w.word(there, o.text)))
		}
	}
	return w.or(same...)
}
