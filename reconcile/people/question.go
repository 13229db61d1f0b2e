package people

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Who is a member or a team.
type Who struct {
	Email string `json:"email,omitempty"` // in any letter case
	Team  string `json:"team,omitempty"`  // its key
}

// Name returns "member ana@example.com" or "team web".
func (w Who) Name() string {
	if w.Team != "" {
		return "team " + w.Team
	}
	return "member " + w.Email
}

// Answer says whether somebody may do what a box holds. A team stands for what it gives to its
// members, without anything that they hold beside.
type Answer struct {
	Who
	Pending bool `json:"pending,omitempty"` // the invitation has not been accepted yet
	// Answer is [access.SaysYes] if all requests are allowed, SaysPartly, SaysNo or SaysUndecided.
	Answer string `json:"answer"`
	// Allowed and Denied are a request of the box that is and one that is not, "" if none is known.
	Allowed string `json:"allowed,omitempty"`
	Denied  string `json:"denied,omitempty"`
	// Grants are what allows Allowed, Stops what keeps Denied from being allowed; Near is the
	// statement that comes nearest to allowing it. WhoCan leaves out the latter two.
	Grants []Ground `json:"grants"`
	Stops  []Ground `json:"stops,omitempty"`
	Near   *Ground  `json:"near,omitempty"`
	// Notes are what else matters: what is not known or cannot be read, attributes without values.
	Notes []string `json:"notes"`
}

// Ground is a statement in a role that somebody holds, or the lack of one.
type Ground struct {
	Path Path `json:"path"` // its Role is "" for what is missing
	// Statement is its index in the policy, presets' statements first; -1 for base permissions and
	// for what is missing.
	Statement int    `json:"statement"`
	Text      string `json:"text"`
}

// NobodyError says that the account has no such member or team.
type NobodyError struct{ Who }

// Error says which.
func (e *NobodyError) Error() string { return "the account has no " + e.Name() }

// Can answers for one member or team. A box of one action and a specifier without patterns is one
// request, taken at its word: what it does not say of tags is not there. The error is a
// [*NobodyError].
func Can(a Account, who Who, box access.Box, o Options) (Answer, error) {
	q := newQuestion(a, box, o, 1)
	i := slices.IndexFunc(a.Members, func(m role.LiveMember) bool { return who.Team == "" && strings.EqualFold(m.Email, who.Email) })
	_, isTeam := q.teams[who.Team]
	switch {
	case who.Team != "" && isTeam:
		return q.full(Answer{Who: who}, q.holding(q.teamPaths(who.Team))), nil
	case i >= 0:
		m := a.Members[i]
		return q.full(Answer{Who: Who{Email: m.Email}, Pending: m.Pending}, q.holding(q.paths(m))), nil
	}
	return Answer{}, &NobodyError{who}
}

// WhoCan answers for every member, by e-mail address, and then for every team, by key.
func WhoCan(a Account, box access.Box, o Options) []Answer {
	q := newQuestion(a, box, o, len(a.Members)+len(a.Teams))
	answers := make([]Answer, 0, len(a.Members)+len(a.Teams))
	for _, m := range a.Members {
		answers = append(answers, q.brief(Answer{Who: Who{Email: m.Email}, Pending: m.Pending}, q.holding(q.paths(m))))
	}
	for _, t := range a.Teams {
		answers = append(answers, q.brief(Answer{Who: Who{Team: t.Key}}, q.holding(q.teamPaths(t.Key))))
	}
	slices.SortStableFunc(answers, func(a, b Answer) int {
		return cmp.Or(cmp.Compare(a.Team, b.Team), cmp.Compare(a.Email, b.Email))
	})
	return answers
}

// A question is one that is put to an account.
type question struct {
	*directory
	engine, raw *access.Engine
	sem, rawSem policy.Semantics
	box         access.Box
	whole       access.Region // the box
	// near and view are, without regard to the view of projects, the box and viewProject on its
	// projects: a policy that allows nothing of either does not matter.
	near, view access.Region
	single     *policy.Request // if the box is one
	note       string          // about the box
	slimmer    *slimmer
	// The rest is by number: whether a slim policy matters, the verdict on slim policies, and an
	// evaluator for each policy alone.
	matters  map[int]bool
	verdicts map[string]verdict
	alone    map[int]*policy.Evaluator
}

// A verdict is the answer for some policies.
type verdict struct {
	answer          string
	allowed, denied *policy.Request
	notes           []string
}

func newQuestion(a Account, box access.Box, o Options, holders int) *question {
	t := newTable(o, a)
	c := newComparer(t, o, holders)
	q := &question{
		directory: newDirectory(a, t), engine: c.engine, raw: c.raw, sem: o.Semantics, rawSem: withoutView(o.Semantics), box: box,
		matters: map[int]bool{}, verdicts: map[string]verdict{}, alone: map[int]*policy.Evaluator{},
		slimmer: newSlimmer(box, o.Semantics, t),
	}
	q.whole, q.near = q.engine.Box(box), q.raw.Box(box)
	q.view = q.raw.Box(access.Box{Actions: []string{"viewProject"}, Specifier: projectsOf(box.Specifier)})
	if len(box.Actions) == 1 && box.Specifier.Kind() != "*" {
		if r, err := policy.NewRequest(box.Actions[0], box.Specifier); err == nil {
			q.single = &r
		}
	}
	q.note = q.everywhere()
	return q
}

// projectsOf returns the specifier of the projects that a specifier speaks of: of all of them where
// it names none.
func projectsOf(spec policy.Specifier) policy.Specifier {
	if spec.Segments[0].Type == "proj" {
		return policy.Specifier{Segments: spec.Segments[:1]}
	}
	return policy.Specifier{Segments: []policy.Segment{{Type: "proj", HasName: true, Name: "*"}}}
}

// everywhere says that an action of the box must be allowed in more environments than it names.
func (q *question) everywhere() string {
	typ, _ := policy.DefaultCatalogue().Type(q.box.Specifier.Type())
	var names []string
	for _, a := range typ.Actions {
		matches := func(pattern string) bool { return policy.MatchAction(pattern, a.Name) }
		if q.sem.NeedsEveryEnvironment(typ.Name, a.Name) && slices.ContainsFunc(q.box.Actions, matches) {
			names = append(names, a.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("%s change every environment of a project, and count only if allowed in all of them: the answer is for a project that has no other", strings.Join(names, ", "))
}

// brief answers from those policies that matter alone.
func (q *question) brief(a Answer, h holding) Answer {
	numbers := slices.DeleteFunc(q.slimmer.numbers(h.numbers), func(n int) bool { return !q.concerned(n) })
	q.answer(&a, q.verdict(numbers), h)
	return a
}

// full answers from all policies, with what stops and what comes near.
func (q *question) full(a Answer, h holding) Answer {
	v := q.decide(q.table.subject(h.numbers))
	q.answer(&a, v, h)
	if v.denied != nil {
		e := policy.NewEvaluator(q.table.subject(h.numbers).Held, q.sem)
		a.Stops = stops(e, h, *v.denied)
		if near, ok := e.NearestMiss(*v.denied); ok {
			p := h.by(h.numbers[near.Held])[0]
			near.Role, near.Through = p.Role, p.Through()
			a.Near = &Ground{p, near.Statement, near.String()}
		}
	}
	a.Notes = append(a.Notes, q.unset(h)...)
	return a
}

// answer fills in what is known of the policies, and what is not of the rest of the holding.
func (q *question) answer(a *Answer, v verdict, h holding) {
	a.Answer, a.Grants, a.Notes = v.answer, []Ground{}, slices.Concat([]string{}, v.notes)
	if v.allowed != nil {
		a.Allowed, a.Grants = v.allowed.String(), q.grants(h, *v.allowed)
	}
	if v.denied != nil {
		a.Denied = v.denied.String()
	}
	if len(h.unknown) > 0 && v.answer != access.SaysYes {
		a.Answer = access.SaysUndecided
		a.Notes = append(a.Notes, fmt.Sprintf("%s is not in what is known of the account, and may allow more", strings.Join(h.unknown, " and ")))
	}
	for _, base := range baseOf(h) {
		if note := documented(base); note != "" {
			a.Notes = append(a.Notes, note)
		}
	}
	if q.note != "" && v.allowed != nil {
		a.Notes = append(a.Notes, q.note)
	}
}

// concerned reports whether a slim policy can matter to the box.
func (q *question) concerned(n int) bool {
	matters, known := q.matters[n]
	if !known {
		granted, open := q.raw.Grants(q.slimmer.slim.subject([]int{n}))
		matters = len(open) > 0 || q.near.And(granted).Empty() != access.Yes || q.view.And(granted).Empty() != access.Yes
		q.matters[n] = matters
	}
	return matters
}

// verdict decides for some slim policies, once.
func (q *question) verdict(numbers []int) verdict {
	name := fmt.Sprint(numbers)
	v, found := q.verdicts[name]
	if !found {
		v = q.decide(q.slimmer.slim.subject(numbers))
		q.verdicts[name] = v
	}
	return v
}

func (q *question) decide(subject access.Subject) verdict {
	if q.single != nil {
		return one(policy.NewEvaluator(subject.Held, q.sem), q.single)
	}
	var v verdict
	granted, open := q.engine.Grants(subject)
	var has, lacks access.Answer
	v.allowed, has = requestOf(q.whole.And(granted))
	v.denied, lacks = requestOf(q.whole.Minus(granted))
	for _, o := range open {
		v.notes = append(v.notes, o.Why)
	}
	v.answer = answerOf(has, lacks, len(open) > 0)
	return v
}

// answerOf says what follows from whether some requests are allowed and whether some are not.
func answerOf(has, lacks access.Answer, open bool) string {
	switch {
	case open || has == access.Undecided || lacks == access.Undecided:
		return access.SaysUndecided
	case has == access.Yes && lacks == access.Yes:
		return access.SaysPartly
	case has == access.Yes:
		return access.SaysYes
	}
	return access.SaysNo
}

// one decides a single request.
func one(e *policy.Evaluator, request *policy.Request) verdict {
	v := verdict{answer: access.SaysNo, denied: request}
	d := e.Evaluate(*request)
	if d.Allowed {
		v = verdict{answer: access.SaysYes, allowed: request}
	}
	for _, p := range d.Problems {
		v.notes = append(v.notes, p.String())
	}
	return v
}

func requestOf(r access.Region) (*policy.Request, access.Answer) {
	x, answer := r.Example()
	if answer != access.Yes {
		return nil, answer
	}
	return &x.Request, answer
}

// grants returns what allows a request: the statements of each role that does, and of each that
// lets the project be viewed; once for each path by which it is held.
func (q *question) grants(h holding, request policy.Request) []Ground {
	list := []Ground{}
	view := policy.Request{Action: "viewProject", Resource: request.Resource[:1]}
	needsView := q.sem.ViewPrecondition && !q.rawSem.ViewPrecondition && view.Kind() == "proj"
	for _, n := range h.numbers {
		list = append(list, q.grantsOf(n, h, request)...)
		if needsView && (request.Action != view.Action || len(request.Resource) > 1) {
			list = append(list, q.grantsOf(n, h, view)...)
		}
	}
	return list
}

// grantsOf returns the statements of one policy that allow a request.
func (q *question) grantsOf(n int, h holding, request policy.Request) []Ground {
	if q.alone[n] == nil {
		q.alone[n] = policy.NewEvaluator(q.table.held[n:n+1], q.rawSem)
	}
	if !q.alone[n].Allows(request) {
		return nil
	}
	var list []Ground
	for _, r := range q.alone[n].Evaluate(request).Deciding() {
		list = append(list, groundsOf(r, h.by(n))...)
	}
	return list
}

// stops returns what keeps a request from being allowed.
func stops(e *policy.Evaluator, h holding, request policy.Request) []Ground {
	list := []Ground{}
	for _, r := range e.Evaluate(request).Deciding() {
		if r.Held < 0 {
			list = append(list, Ground{Path{}, r.Statement, r.String()})
		} else {
			list = append(list, groundsOf(r, h.by(h.numbers[r.Held]))...)
		}
	}
	return list
}

// groundsOf returns a reason once for each path. The policy may have been read from another role
// that says the same.
func groundsOf(r policy.Reason, paths []Path) []Ground {
	list := make([]Ground, len(paths))
	for i, p := range paths {
		r.Role, r.Through = p.Role, p.Through()
		list[i] = Ground{p, r.Statement, r.String()}
	}
	return list
}

// unset names the role attributes that somebody's roles use and that have no value.
func (q *question) unset(h holding) []string {
	notes := []string{}
	for _, n := range h.numbers {
		held := q.table.held[n]
		for _, name := range access.AttributesOf(held.Role) {
			if len(held.Attributes[name]) == 0 {
				notes = append(notes, fmt.Sprintf("role attribute %q of role %q has no value", name, h.by(n)[0].Role))
			}
		}
	}
	return notes
}
