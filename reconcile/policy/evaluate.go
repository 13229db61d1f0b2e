package policy

import (
	"slices"

	"github.com/rolewright/rolewright/reconcile/role"
)

// Evaluation, as LaunchDarkly documents it (role policies; role concepts; role actions; private
// projects). Everything else in rolewright that speaks about access is compared with this file
// and evaluate_match.go, so they are written to be read next to those pages, not to be fast.
//
//  1. One role, one request. A statement matches if its actions match the action and its
//     resources match the resource. If a deny matches, the role does not allow the request, in
//     whatever order the statements stand. If an allow matches, or if the base permissions are
//     "reader" and the action is a view action, the role allows it. Otherwise it does not.
//  2. Several roles. The request is allowed if one of them allows it: a deny never binds another
//     role.
//  3. Actions that change a flag in every environment must be allowed in each of them.
//  4. Whatever lies in a project can be used only by those who may viewProject on the project.
//  5. An action that only resources of other types have is no request, and is not allowed.
//
// Not modelled, as they are two requests and not one: cloneFlag also needs createFlag for the new
// flag, and updateCustomRole on a member does what updateMembers on the role does.

// Evaluate decides whether somebody who holds these roles is allowed what the request asks. It
// never stops at the first answer: every statement that matches is among the reasons.
func Evaluate(held []Held, req Request, sem Semantics) Decision {
	return NewEvaluator(held, sem).Evaluate(req)
}

// Evaluator holds roles whose specifiers have been read, to answer many requests. It does not
// change and may be used by several goroutines.
type Evaluator struct {
	roles    []heldRole
	problems []Problem
	sem      Semantics
}

// heldRole is one of the roles that somebody holds.
type heldRole struct {
	Held
	matcher
	statements []statement
}

// NewEvaluator reads the specifiers of the roles. It keeps the roles: do not change them after.
func NewEvaluator(held []Held, sem Semantics) *Evaluator {
	e := &Evaluator{sem: sem, roles: make([]heldRole, 0, len(held))}
	for i, h := range held {
		hr := heldRole{Held: h, matcher: matcher{sem, h.Attributes}, statements: make([]statement, 0, len(h.Role.Policy))}
		for j, s := range h.Role.Policy {
			read, problems := readStatement(s, sem)
			hr.statements = append(hr.statements, read)
			for _, p := range problems {
				p.Held, p.Statement = i, j
				e.problems = append(e.problems, p)
			}
		}
		e.roles = append(e.roles, hr)
	}
	return e
}

// Assigned returns an evaluator for the same roles, held with other role attributes: those of each
// role, in order.
func (e *Evaluator) Assigned(attributes []map[string][]string) *Evaluator {
	other := *e
	other.roles = slices.Clone(e.roles)
	for i := range other.roles {
		other.roles[i].Held.Attributes = attributes[i]
		other.roles[i].matcher.attributes = attributes[i]
	}
	return &other
}

// Evaluate decides one request.
func (e *Evaluator) Evaluate(req Request) Decision {
	v := e.ask(req, (*heldRole).answer)
	return Decision{
		Allowed: v.allowed(), Request: req, Semantics: e.sem,
		Reasons: append(v.matches(), v.missing()...), Problems: e.problems,
	}
}

// Allows is Evaluate without the reasons.
func (e *Evaluator) Allows(req Request) bool { return e.ask(req, (*heldRole).brief).allowed() }

// verdicts is what the held roles say about a request and about what it depends on.
type verdicts struct {
	sem      Semantics
	foreign  bool       // what was asked is an action of other types only
	requests []Request  // what was asked, in each environment that it touches
	answers  [][]answer // to each of them, by each held role
	mustView bool       // whether the project must be viewable
	project  Request    // viewProject on it
	views    []answer   // to that, by each held role
}

func (e *Evaluator) ask(req Request, by func(r *heldRole, held int, req Request) answer) verdicts {
	v := verdicts{sem: e.sem, foreign: e.sem.foreign(req), requests: e.sem.inEnvironments(req)}
	for _, r := range v.requests {
		v.answers = append(v.answers, e.answers(r, by))
	}
	if v.project, v.mustView = e.sem.viewFor(req); v.mustView {
		v.views = e.answers(v.project, by)
	}
	return v
}

// foreign reports whether the request asks for an action that its resource cannot have.
func (sem Semantics) foreign(req Request) bool {
	if len(req.Resource) == 0 {
		return false
	}
	typ := (&matcher{Semantics: sem}).fold(req.Resource[len(req.Resource)-1].Type)
	return sem.Foreign(typ, req.Action)
}

// inEnvironments returns the request in every environment that it touches, its own first.
func (sem Semantics) inEnvironments(req Request) []Request {
	others := req.Environments
	req.Environments = nil
	requests := []Request{req}
	at := slices.IndexFunc(req.Resource, func(p Part) bool { return p.Type == "env" })
	if at < 0 || !sem.NeedsEveryEnvironment(req.Resource[len(req.Resource)-1].Type, req.Action) {
		return requests
	}
	for _, env := range others {
		if env.Key == req.Resource[at].Key {
			continue
		}
		there := Request{Action: req.Action, Resource: slices.Clone(req.Resource)}
		there.Resource[at] = env
		requests = append(requests, there)
	}
	return requests
}

// viewFor returns the viewProject that the request depends on, if it does.
func (sem Semantics) viewFor(req Request) (Request, bool) {
	view := Request{Action: "viewProject", Resource: req.Resource[:min(1, len(req.Resource))]}
	inProject := len(req.Resource) > 0 && req.Resource[0].Type == "proj"
	isView := len(req.Resource) == 1 && req.Action == view.Action
	return view, sem.ViewPrecondition && inProject && !isView
}

// answer is what one role says about one request.
type answer struct {
	allowed bool     // it allows it
	stopped bool     // it would, but for a deny
	reasons []Reason // all that matches
}

func (e *Evaluator) answers(req Request, by func(r *heldRole, held int, req Request) answer) []answer {
	answers := make([]answer, len(e.roles))
	for i := range e.roles {
		answers[i] = by(&e.roles[i], i, req)
	}
	return answers
}

// answer applies rule 1.
func (r *heldRole) answer(held int, req Request) answer {
	var a answer
	allowed, denied := false, false
	for i := range r.statements {
		s := &r.statements[i]
		specifier, action, matches := r.statement(s, req)
		if !matches {
			continue
		}
		allowed = allowed || s.Effect == role.Allow
		denied = denied || s.Effect == role.Deny
		a.reasons = append(a.reasons, Reason{
			Kind: string(s.Effect), Effect: s.Effect, Held: held, Role: r.Role.Key, Through: r.Through,
			Statement: i, Specifier: specifier, Action: action, Request: req,
		})
	}
	if action, granted := r.base(req); granted {
		allowed = true
		a.reasons = append(a.reasons, Reason{
			Kind: ReasonBase, Effect: role.Allow, Held: held, Role: r.Role.Key, Through: r.Through,
			Statement: -1, Action: action, Request: req,
		})
	}
	a.allowed, a.stopped = allowed && !denied, allowed && denied
	return a
}

// brief is answer for whoever asks only whether it is allowed.
func (r *heldRole) brief(_ int, req Request) answer {
	_, allowed := r.base(req)
	for i := range r.statements {
		s := &r.statements[i]
		if allowed && s.Effect == role.Allow {
			continue
		}
		if _, _, matches := r.statement(s, req); matches {
			if s.Effect == role.Deny {
				return answer{}
			}
			allowed = true
		}
	}
	return answer{allowed: allowed}
}

// base reports whether the role's base permissions allow the request, and by which action.
func (r *heldRole) base(req Request) (action string, granted bool) {
	if r.Role.BasePermissions != role.Reader {
		return "", false
	}
	return r.listed(r.ReaderPatterns(), req.Action)
}

// allowed applies rules 2 to 5.
func (v verdicts) allowed() bool {
	if v.foreign {
		return false
	}
	for n := range v.requests {
		if !v.met(n) {
			return false
		}
	}
	return v.viewMet()
}

// met reports whether request n is allowed by a role that counts.
func (v verdicts) met(n int) bool {
	for i := range v.answers[n] {
		if v.counts(n, i) {
			return true
		}
	}
	return false
}

// counts reports whether it counts that role i allows request n. It does if the role allows it;
// where one role must allow an action in every environment, only if it allows it in all of them.
func (v verdicts) counts(n, i int) bool {
	if v.sem.EnvironmentWide != PerRole {
		return v.usable(n, i)
	}
	for m := range v.requests {
		if !v.usable(m, i) {
			return false
		}
	}
	return true
}

// usable reports whether role i allows request n and, where the same role must, lets the project
// be viewed.
func (v verdicts) usable(n, i int) bool {
	mayView := !v.mustView || v.sem.ViewFrom != SameRole || v.views[i].allowed
	return v.answers[n][i].allowed && mayView
}

// viewMet reports whether the view of the project stands in the way of nothing: it is not needed;
// or some role grants it; or, where it must come from the same role, it does for each request
// that some role allows.
func (v verdicts) viewMet() bool {
	if !v.mustView {
		return true
	}
	if v.sem.ViewFrom != SameRole {
		return slices.ContainsFunc(v.views, granting)
	}
	for n, answers := range v.answers {
		if slices.ContainsFunc(answers, granting) && !v.someUsable(n) {
			return false
		}
	}
	return true
}

func granting(a answer) bool { return a.allowed }

func (v verdicts) someUsable(n int) bool {
	for i := range v.answers[n] {
		if v.usable(n, i) {
			return true
		}
	}
	return false
}
