package access

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Verdicts of a reply.
const (
	SaysYes       = "yes"       // every request of the question is allowed
	SaysNo        = "no"        // none is
	SaysPartly    = "partly"    // some are, and some are not
	SaysUndecided = "undecided" // it could not be found out
)

// A Reply answers whether some roles allow one action on all that a specifier matches.
type Reply struct {
	Question string `json:"question"` // "updateOn on proj/web:env/*:flag/*"
	Answer   string `json:"answer"`
	// Allowed and Denied are requests that are, the one asked about or examples of those.
	Allowed string `json:"allowed,omitempty"`
	Denied  string `json:"denied,omitempty"`
	// Because says what the answer rests on: what allows Allowed, and what keeps Denied from
	// being allowed.
	Because []Cause `json:"because"`
	// Near is the statement that comes nearest to allowing Denied, and what it would take.
	Near *Cause `json:"near,omitempty"`
	// Notes are what else matters: what could not be read, role attributes without values.
	Notes []string `json:"notes"`
}

// A Cause is a statement, or a lack of one, that a reply rests on.
type Cause struct {
	Text string `json:"text"`
	Role string `json:"role,omitempty"`
	// Statement is its index in the policy, -1 for base permissions and for what is missing.
	Statement int `json:"statement"`
	// Source is "file:line" of the statement, where it comes from a file.
	Source string `json:"source,omitempty"`
}

// Can answers "ACTION on SPECIFIER" for somebody who holds these roles, one reply for each action.
// The error says what is wrong with the question.
func (e *Engine) Can(held []policy.Held, question string) ([]Reply, error) {
	actions, resource, err := policy.ParseRequest(question)
	if err != nil {
		return nil, err
	}
	q := &questioning{engine: e, held: held, evaluator: policy.NewEvaluator(held, e.sem), resource: resource}
	replies := make([]Reply, len(actions))
	for i, action := range actions {
		replies[i] = q.ask(action)
	}
	return replies, nil
}

// questioning is one question under way.
type questioning struct {
	engine    *Engine
	held      []policy.Held
	evaluator *policy.Evaluator
	resource  policy.Specifier
}

func (q *questioning) ask(action string) Reply {
	r := Reply{
		Question: fmt.Sprintf("%s on %s", action, q.resource),
		Because:  []Cause{}, Notes: q.unset(),
	}
	request, err := policy.NewRequest(action, q.resource)
	switch {
	case err == nil:
		q.one(&r, request)
	case q.engine.sem.Foreign(q.resource.Type(), q.engine.fold(action)):
		q.foreign(&r, action)
	default:
		q.many(&r, action)
	}
	if note := q.everywhere(action); note != "" && r.Allowed != "" {
		r.Notes = append(r.Notes, note)
	}
	return r
}

// one answers for a single request.
func (q *questioning) one(r *Reply, request policy.Request) {
	r.Answer = SaysNo
	if q.evaluator.Allows(request) {
		r.Answer = SaysYes
		q.allowed(r, request)
		return
	}
	q.denied(r, request)
}

// foreign answers for an action that none of the resources can have.
func (q *questioning) foreign(r *Reply, action string) {
	r.Answer = SaysNo
	about := policy.Request{Action: action, Resource: []policy.Part{{Type: q.resource.Type()}}}
	reason := policy.Reason{Kind: policy.ReasonForeign, Request: about, Statement: -1}
	r.Because = append(r.Because, Cause{Text: reason.String(), Statement: -1})
}

// everywhere says that an action, or one of a pattern's, must be allowed in more environments than
// the question names.
func (q *questioning) everywhere(action string) string {
	typ, _ := policy.DefaultCatalogue().Type(q.resource.Type())
	for _, a := range typ.Actions {
		fold := q.engine.fold
		if policy.MatchAction(fold(action), fold(a.Name)) && q.engine.sem.NeedsEveryEnvironment(typ.Name, a.Name) {
			return fmt.Sprintf("%q changes every environment of the project, and counts only if it is allowed in all of them: the answer is for a project that has no other", a.Name)
		}
	}
	return ""
}

// many answers for all requests of a pattern.
func (q *questioning) many(r *Reply, action string) {
	box := q.engine.Box(Box{Actions: []string{action}, Specifier: q.resource})
	granted, open := q.engine.Grants(Subject{Held: q.held})
	yes, allowed := box.And(granted).Example()
	no, denied := box.Minus(granted).Example()
	switch {
	case len(open) > 0 || allowed == Undecided || denied == Undecided:
		r.Answer = SaysUndecided
	case allowed == Yes && denied == Yes:
		r.Answer = SaysPartly
	case allowed == Yes:
		r.Answer = SaysYes
	default:
		r.Answer = SaysNo
	}
	if allowed == Yes {
		q.allowed(r, yes.Request)
	}
	if denied == Yes {
		q.denied(r, no.Request)
	}
	for _, o := range open {
		r.Notes = append(r.Notes, o.Why)
	}
}

func (q *questioning) allowed(r *Reply, request policy.Request) {
	r.Allowed = request.String()
	q.because(r, request)
}

func (q *questioning) denied(r *Reply, request policy.Request) {
	r.Denied = request.String()
	q.because(r, request)
	if near, ok := q.evaluator.NearestMiss(request); ok {
		r.Near = &Cause{Text: nearly(near), Role: near.Role, Statement: near.Statement}
	}
}

// nearly says what it would take: "statement 3 would match in env/staging, …; but statement 4 denies it".
func nearly(n policy.NearMiss) string {
	text := fmt.Sprintf("role %q, statement %d, ", n.Role, n.Statement+1)
	if n.Statement < 0 {
		text = fmt.Sprintf("role %q, base permissions, ", n.Role)
	}
	if len(n.Fails) == 0 {
		text += "matches"
	}
	text += strings.Join(n.Fails, ", and ")
	for i, stop := range n.Stops {
		if i == 0 {
			text += ", but is stopped by statement "
		} else {
			text += " and "
		}
		text += strconv.Itoa(stop + 1)
	}
	return text
}

func (q *questioning) because(r *Reply, request policy.Request) {
	decision := q.evaluator.Evaluate(request)
	for _, reason := range decision.Deciding() {
		r.Because = append(r.Because, Cause{Text: reason.String(), Role: reason.Role, Statement: reason.Statement})
	}
	for _, p := range decision.Problems {
		if note := p.String(); !slices.Contains(r.Notes, note) {
			r.Notes = append(r.Notes, note)
		}
	}
}

// unset names the role attributes that the roles use and that have no value: what needs them
// matches nothing.
func (q *questioning) unset() []string {
	notes := []string{}
	for _, h := range q.held {
		for _, name := range AttributesOf(h.Role) {
			note := fmt.Sprintf("role attribute %q of role %q has no value, so what needs it matches nothing", name, h.Role.Key)
			if len(h.Attributes[name]) == 0 && !slices.Contains(notes, note) {
				notes = append(notes, note)
			}
		}
	}
	return notes
}

// AttributesOf returns the names of the role attributes that a role uses, sorted.
func AttributesOf(r role.Role) []string {
	var names []string
	for _, s := range r.Policy {
		for _, text := range slices.Concat(s.Resources, s.NotResources) {
			if !strings.Contains(text, "${") {
				continue
			}
			if spec, err := policy.Parse(text); err == nil {
				names = append(names, attributesIn(spec)...)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func attributesIn(spec policy.Specifier) []string {
	var names []string
	take := func(p policy.Pattern) {
		for _, piece := range p.Parts() {
			if piece.Kind == policy.Attribute {
				names = append(names, piece.Text)
			}
		}
	}
	for _, segment := range spec.Segments {
		take(segment.Name)
		for _, selector := range segment.Selectors {
			switch s := selector.(type) {
			case policy.Tag:
				take(policy.Pattern(s))
			case policy.View:
				take(policy.Pattern(s))
			}
		}
	}
	return names
}
