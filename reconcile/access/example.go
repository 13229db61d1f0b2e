package access

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// An Example is a request that stands for a region.
type Example struct {
	Request policy.Request
	// Attributes are the values of role attributes for which it is an example, where the subject
	// is symbolic: by the place that the role is held through, then by name.
	Attributes map[string]map[string][]string
}

// A proof decides by evaluation whether a request belongs to a region.
type proof func(Example) bool

func (p proof) and(q proof) proof { return func(x Example) bool { return p(x) && q(x) } }
func (p proof) not() proof        { return func(x Example) bool { return !p(x) } }

// allowedBy proves that the subject is allowed a request.
func (e *Engine) allowedBy(s Subject) proof { return e.allowedUnder(s, e.sem) }

// allowedUnder is allowedBy under semantics that differ in the view alone.
func (e *Engine) allowedUnder(s Subject, sem policy.Semantics) proof {
	return evaluation(s, func() *policy.Evaluator { return e.evaluator(s.Held, sem) })
}

// evaluation puts requests to the evaluator. It makes it once, when it is first asked.
func evaluation(s Subject, made func() *policy.Evaluator) proof {
	read := sync.OnceValue(made)
	return func(x Example) bool {
		if s.Symbolic {
			return read().Assigned(attributesFor(s.Held, x.Attributes)).Allows(x.Request)
		}
		return read().Allows(x.Request)
	}
}

// attributesFor returns the role attributes of each role, with what it leaves open filled in.
func attributesFor(held []policy.Held, values map[string]map[string][]string) []map[string][]string {
	list := make([]map[string][]string, len(held))
	for i, h := range held {
		list[i] = maps.Clone(values[h.Through])
		if list[i] == nil {
			list[i] = map[string][]string{}
		}
		maps.Copy(list[i], h.Attributes)
	}
	return list
}

// inBox proves that a request is in a box: a role that allows the box allows it. Whether the
// request can be made is another question: isRequest.
func (e *Engine) inBox(b Box) proof {
	sem := e.sem
	sem.ViewPrecondition, sem.BareStar, sem.ForeignActions = false, true, policy.AnyRequest
	allow := role.Statement{Effect: role.Allow, Actions: b.Actions, Resources: []string{b.Specifier.String()}}
	s := Subject{Symbolic: true, Held: []policy.Held{{Role: role.Role{Policy: []role.Statement{allow}}}}}
	return evaluation(s, func() *policy.Evaluator { return policy.NewEvaluator(s.Held, sem) })
}

// isRequest proves that a request can be made: its resource can have the action.
func (e *Engine) isRequest(x Example) bool {
	last := x.Request.Resource[len(x.Request.Resource)-1]
	return !e.sem.Foreign(last.Type, x.Request.Action)
}

// maxAttempts bounds how often another example is looked for after one that the evaluator refused.
const maxAttempts = 5

// example looks for a request on the kind for which f is true, with the action if one is given,
// and puts it to the evaluator. What the solver treats as free is not quite so: an attribute has
// the same values wherever it stands. An example that the evaluator refuses for that reason is set
// aside, and another is looked for: first with other letters, then with other keys. In the end the
// answer is Undecided.
func (e *Engine) example(kind string, f ref, p proof, action *Action) (Example, Answer) {
	defer func() { e.attempt = 0 }()
	for e.attempt = 0; e.attempt < maxAttempts; e.attempt++ {
		s := solver{Engine: e, typ: typeOf(kind)}
		a := s.solve(f)
		if a != Yes && e.attempt == 0 {
			return Example{}, a
		}
		if a != Yes {
			break
		}
		x := e.exampleFrom(kind, s.trail, action)
		if p(x) {
			return x, Yes
		}
		if e.attempt > 0 {
			f = e.and(f, e.sameKeys(x.Request.Resource).not())
		}
	}
	return Example{}, Undecided
}

// sameKeys returns the formula for the resources with the same keys.
func (e *Engine) sameKeys(resource []policy.Part) ref {
	var same []ref
	for i, part := range resource {
		same = append(same, e.word(levelOf(i, levelKey), e.fold(part.Key)))
	}
	return e.and(same...)
}

// exampleFrom makes a request of what the solver chose. What it did not choose does not matter.
func (e *Engine) exampleFrom(kind string, trail []choice, action *Action) Example {
	x := Example{Request: policy.Request{Action: someAction(kind), Resource: chainOf(kind)}}
	if action != nil {
		x.Request.Action = action.Name
	}
	for _, c := range trail {
		switch c.level {
		case levelAction:
			x.Request.Action = c.word
		case levelUnset:
		default:
			e.put(&x, c)
		}
	}
	x.Attributes = attributesFrom(x.Request, trail)
	return x
}

// someAction returns an action on resources of the kind.
func someAction(kind string) string {
	if t, _ := policy.DefaultCatalogue().Type(typeOf(kind)); len(t.Actions) > 0 {
		return t.Actions[0].Name
	}
	return "anyAction"
}

// chainOf returns a resource of the kind with keys that mean nothing.
func chainOf(kind string) []policy.Part {
	var chain []policy.Part
	for _, typ := range strings.Split(kind, ":") {
		part := policy.Part{Type: typ, Key: "any-" + typ}
		if typ == "*" {
			part.Type, part.Key = unnamedType, "any"
		}
		switch t, found := policy.DefaultCatalogue().Type(typ); {
		case found && t.Naming == policy.NeverNamed:
			part.Key = ""
		case len(t.Properties) > 0:
			part.Properties = map[string]string{}
			for _, name := range t.Properties {
				part.Properties[name] = "false"
			}
		}
		chain = append(chain, part)
	}
	return chain
}

// unnamedType is the type of a resource that neither the catalogue nor a policy names.
const unnamedType = "unnamed"

// put puts one choice into the request.
func (e *Engine) put(x *Example, c choice) {
	segment, which := segmentOf(c.level)
	part := &x.Request.Resource[segment]
	switch {
	case which == levelKey:
		part.Key = c.word
	case !c.value:
	case which == levelTag && !slices.Contains(part.Tags, c.word):
		part.Tags = append(part.Tags, c.word)
	case which == levelView && !slices.Contains(part.Views, c.word):
		part.Views = append(part.Views, c.word)
	case which == levelProp:
		part.Properties[c.atom.text] = "true"
	}
}

// attributesFrom returns the values that make the free atoms true which the solver chose to be.
func attributesFrom(req policy.Request, trail []choice) map[string]map[string][]string {
	values := map[string]map[string][]string{}
	add := func(place, name string, list ...string) {
		if values[place] == nil {
			values[place] = map[string][]string{}
		}
		for _, value := range list {
			if !slices.Contains(values[place][name], value) {
				values[place][name] = append(values[place][name], value)
			}
		}
	}
	for _, c := range trail {
		switch {
		case c.level == levelUnset && !c.value:
			add(c.atom.place, c.atom.text, "no-key-has-this-name")
		case c.level != levelUnset && c.atom != nil && c.atom.free && c.value:
			word := c.word
			if segment, which := segmentOf(c.level); which == levelFree {
				word = req.Resource[segment].Key
			}
			found, _ := valuesFor(c.atom.text, word)
			for name, list := range found {
				add(c.atom.place, name, list...)
			}
		}
	}
	return values
}
