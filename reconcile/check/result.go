package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
)

// Results judges the tests and says what came of each assertion, in their order. Gates are not judged
// here ([Gate]): they have a result only if they cannot be read.
func (s *Suite) Results() []Result {
	s.judge()
	results := []Result{}
	for i, t := range s.tasks {
		if t.name == Changes && t.wrong == nil {
			continue
		}
		results = append(results, s.result(i))
	}
	return results
}

func (s *Suite) result(i int) Result {
	t := s.tasks[i]
	r := Result{
		Test: t.test.Name, Because: t.test.Because, Assertion: t.name, Text: t.text.Text, Subject: t.who,
		Pos:     diag.Position{File: t.test.Source.File, Line: t.text.Line, Column: t.text.Column},
		Verdict: t.verdict(t.answers), World: s.worldOf(t), Notes: append([]string{}, t.notes...), Involved: []Involved{},
	}
	if note := s.openNote(t); note != "" && t.wrong == nil {
		r.Notes = append(r.Notes, note)
	}
	switch {
	case t.wrong != nil:
		r.Message, r.Hint, r.World = t.wrong.message, t.wrong.hint, ""
		if t.wrongAt.Line > 0 {
			r.Pos = t.wrongAt
		}
	case r.Verdict == Pass:
	case t.name == Somebody:
		s.tellSomebody(t, &r)
	default:
		s.tell(t, &r)
	}
	if r.Verdict == Fail && !s.in.NoFixes {
		r.Fix = s.fix(i, &r)
	}
	return r
}

func (s *Suite) worldOf(t *task) string {
	switch {
	case s.closed(t):
		return WorldInventory
	case s.world.account:
		return WorldAccount
	}
	return WorldFiles
}

// tell says what is wrong with the first subject of whom the assertion does not hold.
func (s *Suite) tell(t *task, r *Result) {
	want := access.Undecided
	if r.Verdict == Fail {
		want = access.No
	}
	at := slices.Index(t.answers, want)
	subject := t.subjects[at]
	for i, a := range t.answers {
		if a == want {
			r.Others += max(1, len(t.subjects[i].names))
		}
	}
	r.Others--
	_, f := s.ask(t, subject)
	if len(t.subjects) > 1 || t.who != subject.name {
		r.Who = subject.name
	}
	if r.Verdict == Undecided {
		r.Message = fmt.Sprintf("it could not be found out about %s: %s", subject.name, f.why)
		return
	}
	s.show(t, subject, f, r)
}

// show fills in the counterexample.
func (s *Suite) show(t *task, subject *subject, f finding, r *Result) {
	r.Message = t.message(subject, f)
	if names := s.openNames(subject); len(names) > 0 && (t.name == Can || t.name == CanSome) {
		r.Hint = fmt.Sprintf("role attributes that the test leaves open can be anything: give %s values in \"roleAttributes\"", strings.Join(names, ", "))
	}
	if f.request == nil {
		return
	}
	r.Counterexample, r.Where = f.request.String(), whereText(f.attributes)
	view := ""
	if f.given && len(f.steps) == 0 && !s.prover.evaluator(asIs, s.holds(t, subject, f), f.attributes).Allows(*f.request) {
		view = ", once another role lets the project be viewed"
	}
	r.Message += view
	r.Involved = s.involved(t, subject, f)
}

// holds returns what is held by whom a finding is about, what counts for views alone included.
func (s *Suite) holds(t *task, subject *subject, f finding) []held {
	switch {
	case f.turned:
		return []held{subject.with(t.other)}
	case len(f.steps) > 0:
		return f.holds
	case f.given:
		return s.prover.knownOf(subject)
	}
	whole := *subject
	whole.held = slices.Concat(subject.held, subject.outside)
	return s.prover.knownOf(&whole)
}

// knownOf returns what a subject holds that is known.
func (p *prover) knownOf(s *subject) []held {
	return slices.DeleteFunc(slices.Clone(s.held), func(h held) bool { return p.find(h) == nil })
}

// message says in words what was found of a subject.
func (t *task) message(subject *subject, f finding) string {
	request := ""
	if f.request != nil {
		request = f.request.String()
	}
	switch t.name {
	case Can:
		return fmt.Sprintf("%s is not allowed %q", subject.name, request)
	case CanSome:
		if f.why != "" {
			return fmt.Sprintf("%s is allowed nothing of it: %s", subject.name, f.why)
		}
		return fmt.Sprintf("%s is allowed nothing of it", subject.name)
	case Within:
		return fmt.Sprintf("%s is allowed %q, and role %q is not", subject.name, request, t.other)
	case Equals:
		if f.turned {
			return fmt.Sprintf("role %q is allowed %q, and %s is not", t.other, request, subject.name)
		}
		return fmt.Sprintf("%s is allowed %q, and role %q is not", subject.name, request, t.other)
	case NoOneBoth:
		return fmt.Sprintf("%s is allowed both %q and %q", subject.name, request, f.second)
	case NoEscalation:
		if len(f.steps) > 0 {
			return fmt.Sprintf("%s has a way to it: %s", subject.name, stepText(f.steps))
		}
	}
	return fmt.Sprintf("%s is allowed %q", subject.name, request)
}

// A cause is a reason, and the role that it is in.
type cause struct {
	policy.Reason
	role *known // nil for what is missing
}

// causes returns what a counterexample rests on.
func (s *Suite) causes(t *task, subject *subject, f finding) (list []cause) {
	holds := s.holds(t, subject, f)
	e := s.prover.evaluator(side(f.given), holds, f.attributes)
	for _, request := range []*policy.Request{f.request, f.second} {
		if request == nil {
			continue
		}
		for _, reason := range e.Evaluate(*request).Deciding() {
			c := cause{Reason: reason}
			if reason.Held >= 0 {
				c.role = s.prover.find(holds[reason.Held])
				if slices.ContainsFunc(subject.outside, holds[reason.Held].same) && reason.Request.Action != viewProject {
					continue // it does not count
				}
			}
			list = append(list, c)
		}
	}
	return list
}

// involved returns the causes as results have them, each once.
func (s *Suite) involved(t *task, subject *subject, f finding) []Involved {
	found := []Involved{}
	for _, c := range s.causes(t, subject, f) {
		one := Involved{Role: c.Role, Statement: c.Statement, Text: c.String(), Pos: c.role.place(c.Statement)}
		if !slices.Contains(found, one) {
			found = append(found, one)
		}
	}
	return found
}

// tellSomebody says who there is, where they are too few.
func (s *Suite) tellSomebody(t *task, r *Result) {
	sure, perhaps := t.able(t.answers)
	names := []string{}
	for i, a := range t.answers {
		if a == access.Yes {
			names = append(names, t.subjects[i].names...)
		}
	}
	slices.Sort(names)
	r.Message = fmt.Sprintf("%s may do all of it, want %d", count(sure, "member"), t.test.AtLeast)
	if len(names) > 0 {
		r.Message += ": " + strings.Join(names[:min(len(names), 5)], ", ")
	}
	if perhaps > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("of %s it could not be found out", count(perhaps, "more member")))
	}
}
