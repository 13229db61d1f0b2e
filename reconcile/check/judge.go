package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// judge answers every task about every subject, once.
func (s *Suite) judge() {
	if s.judged {
		return
	}
	s.judged = true
	for _, t := range s.tasks {
		for i, subject := range t.subjects {
			t.answers[i], _ = s.ask(t, subject)
			s.prover.refresh()
		}
	}
}

// ask answers whether it is with a subject as the task asserts, with what was found otherwise.
func (s *Suite) ask(t *task, subject *subject) (access.Answer, finding) {
	if t.wrong != nil {
		return access.No, finding{}
	}
	p := s.prover
	switch t.name {
	case Can, Somebody:
		if answer, f, known := s.existing(t, subject); known {
			return answer, f
		}
		return p.all(subject, t.box)
	case CanSome:
		if answer, f, known := s.existing(t, subject); known {
			return answer, f
		}
		alone := *subject
		alone.given = false
		return p.some(&alone, t.box)
	case Within:
		return p.inside(subject, t.other, false)
	case Equals:
		if answer, f := p.inside(subject, t.other, false); answer != access.Yes {
			return answer, f
		}
		return p.inside(subject, t.other, true)
	case NoOneBoth:
		return opposite(p.both(subject, t.two))
	case NoEscalation:
		return opposite(p.escalates(subject, t.box))
	}
	return opposite(p.some(subject, t.box))
}

func opposite(answer access.Answer, f finding) (access.Answer, finding) {
	return [...]access.Answer{access.Undecided, access.Yes, access.No}[answer], f
}

// inside answers whether the subject may do nothing that somebody with the other role may not, or the
// other way round, wherever the view of projects comes from. The other role is held with the same
// attributes.
func (p *prover) inside(s *subject, other string, turned bool) (access.Answer, finding) {
	if unknown := p.unknown(s); len(unknown) > 0 {
		return access.Undecided, finding{why: fmt.Sprintf("nothing is known here of %s", unknown[0])}
	}
	narrow, wide := s.held, []held{s.with(other)}
	if turned {
		narrow, wide = wide, narrow
	}
	a, b := p.allowed(whenGiven, narrow, s.symbolic, nil), p.allowed(whenGiven, wide, s.symbolic, nil)
	x, answer := readable(a.Minus(b.Region))
	if answer != access.Yes {
		return opposite(settle(answer, slices.Concat(a.open, b.open)))
	}
	answer, f := p.replay(whenGiven, narrow, s.symbolic, x, true)
	if answer == access.Yes {
		answer, _ = p.replay(whenGiven, wide, s.symbolic, x, false)
	}
	f.turned = turned
	return opposite(answer, f)
}

// readable returns an example that means something to people, if there is one.
func readable(r access.Region) (access.Example, access.Answer) {
	x, answer := r.Example()
	if answer != access.Yes || inCatalogue(x.Request.Kind()) {
		return x, answer
	}
	cells, _ := r.Cells()
	for _, c := range cells {
		if c.Actions[0].Known && inCatalogue(c.Kind) {
			return c.Example()
		}
	}
	return x, answer
}

func inCatalogue(kind string) bool {
	_, known := policy.DefaultCatalogue().Type(kind[strings.LastIndex(kind, ":")+1:])
	return known
}

// with is another role as the subject would hold it.
func (s *subject) with(key string) held {
	h := s.seat
	h.key = key
	return h
}

// both answers whether a subject may do something of both boxes on one resource.
func (p *prover) both(s *subject, two [2]box) (access.Answer, finding) {
	list := p.able(s.held, two[0])
	for _, h := range p.able(s.held, two[1]) {
		if !slices.ContainsFunc(list, h.same) {
			list = append(list, h)
		}
	}
	if len(list) == 0 {
		return p.unsure(s, access.No, finding{})
	}
	side := side(s.given)
	if side == asIs { // viewProject as one of the two would count through what lies outside, and fail
		list = append(list, p.others(s, list)...)
		for _, h := range s.outside {
			if p.find(h) != nil {
				h.view = true
				list = append(list, h)
			}
		}
	}
	g := p.allowed(side, list, s.symbolic, two[0].kindsOf(side == whenGiven))
	answer, f := p.meet(side, list, s.symbolic, g, two)
	if answer == access.No {
		answer, f = settle(answer, g.open)
	}
	return p.unsure(s, answer, f)
}

// unsure turns a "no" of somebody who holds something unknown into undecided.
func (p *prover) unsure(s *subject, answer access.Answer, f finding) (access.Answer, finding) {
	if unknown := p.unknown(s); answer == access.No && len(unknown) > 0 {
		return access.Undecided, finding{why: fmt.Sprintf("nothing is known here of %s", unknown[0])}
	}
	return answer, f
}

// meet looks for a resource on which something of both boxes is allowed.
func (p *prover) meet(side int, list []held, symbolic bool, g granted, two [2]box) (access.Answer, finding) {
	first, open := p.box(side, two[0]).And(g.Region).Cells()
	second, more := p.box(side, two[1]).And(g.Region).Cells()
	result := finding{}
	unsure := len(open)+len(more) > 0
	for _, a := range first {
		for _, b := range second {
			if a.Kind != b.Kind {
				continue
			}
			x, answer := a.Within(b.Set).Example()
			if answer == access.Yes {
				answer, result = p.replay(side, list, symbolic, x, true)
				answer = p.confirm(side, list, &result, b.Actions[0].Name, answer)
			}
			if answer == access.Yes {
				return access.Yes, result
			}
			unsure = unsure || answer == access.Undecided
		}
	}
	if unsure {
		return access.Undecided, finding{why: "the budget for reasoning ran out, or no example was found that evaluation confirms"}
	}
	return access.No, finding{}
}

// confirm puts the second action to the evaluator.
func (p *prover) confirm(side int, list []held, f *finding, action string, answer access.Answer) access.Answer {
	if answer != access.Yes {
		return answer
	}
	second := *f.request
	second.Action = action
	f.second = &second
	if !p.evaluator(side, list, f.attributes).Allows(second) {
		return access.Undecided
	}
	return access.Yes
}

// verdict is what follows from the answers about all subjects.
func (t *task) verdict(answers []access.Answer) Verdict {
	if t.wrong != nil {
		return Error
	}
	if t.name == Somebody {
		return t.enough(answers)
	}
	verdict := Pass
	for _, a := range answers {
		switch a {
		case access.No:
			return Fail
		case access.Undecided:
			verdict = Undecided
		}
	}
	return verdict
}

// enough is the verdict on how many people there must be.
func (t *task) enough(answers []access.Answer) Verdict {
	sure, perhaps := t.able(answers)
	switch {
	case sure >= t.test.AtLeast:
		return Pass
	case sure+perhaps >= t.test.AtLeast:
		return Undecided
	}
	return Fail
}

// able counts those who may do all of the box, and those who perhaps may.
func (t *task) able(answers []access.Answer) (sure, perhaps int) {
	for i, a := range answers {
		switch a {
		case access.Yes:
			sure += len(t.subjects[i].names)
		case access.Undecided:
			perhaps += len(t.subjects[i].names)
		}
	}
	return sure, perhaps
}

// Failing returns the names of the tests that fail where the roles of the files are these, in the
// order of the tests. They differ from those that the suite was made with in the role changed, or
// not at all.
func (s *Suite) Failing(roles []role.Desired, changed string) []string {
	s.judge()
	i := slices.IndexFunc(roles, func(d role.Desired) bool { return d.Key == changed && !d.Absent })
	before := s.world.roles[changed]
	if i < 0 || before == nil {
		return s.anew(roles, changed)
	}
	after := s.world.changed(before, roles[i])
	if slices.ContainsFunc(after.uses, func(name string) bool { return !slices.Contains(before.uses, name) }) {
		return s.anew(roles, changed) // other holders may be told apart
	}
	return s.names(s.with(after, s.concerned(changed)))
}

// concerned returns who has to be asked again where a role is another one: who holds it, and whoever
// may come to hold it.
func (s *Suite) concerned(key string) []place {
	list := slices.Clone(s.holders[key])
	for i, t := range s.tasks {
		if t.name != NoEscalation {
			continue
		}
		list = slices.DeleteFunc(list, func(p place) bool { return p.task == i })
		for j := range t.subjects {
			list = append(list, place{i, j})
		}
	}
	return list
}

// anew judges the tests for other roles from the start.
func (s *Suite) anew(roles []role.Desired, changed string) []string {
	in := s.in
	in.Roles = roles
	if in.People != nil {
		account := *in.People
		account.Roles = leave(account.Roles, roles, changed)
		in.People = &account
	}
	other := Prepare(in)
	other.judge()
	return other.names(nil)
}

// leave returns the roles of an account with one of them as the files have it.
func leave(live []role.Live, roles []role.Desired, changed string) []role.Live {
	l := role.Live{}
	if i := slices.IndexFunc(live, func(l role.Live) bool { return l.Key == changed }); i >= 0 {
		l = live[i]
	}
	live = slices.DeleteFunc(slices.Clone(live), func(l role.Live) bool { return l.Key == changed })
	for _, d := range roles {
		if d.Key == changed && !d.Absent {
			l.Role = d.Role
			live = append(live, l)
		}
	}
	return live
}

// changed returns a role as the world has it, with the policy that a file declares.
func (w *world) changed(before *known, d role.Desired) *known {
	r := before.Role
	r.BasePermissions = d.BasePermissions
	r.Policy = slices.Concat(before.Policy[:before.fixed], d.Policy)
	return w.know(r, before.fixed, &d.Source)
}

// with returns the verdicts that are not what they were, where a role is another one.
func (s *Suite) with(r *known, places []place) map[int]Verdict {
	before := s.world.roles[r.Key]
	s.world.roles[r.Key] = r
	clear(s.prover.deadEnds)
	defer func() {
		s.world.roles[r.Key] = before
		clear(s.prover.deadEnds)
	}()
	s.prover.refresh()
	answers := map[int][]access.Answer{}
	for _, p := range places {
		t := s.tasks[p.task]
		if answers[p.task] == nil {
			answers[p.task] = slices.Clone(t.answers)
		}
		answers[p.task][p.subject], _ = s.ask(t, t.subjects[p.subject])
	}
	verdicts := map[int]Verdict{}
	for i, list := range answers {
		verdicts[i] = s.tasks[i].verdict(list)
	}
	return verdicts
}

// names returns the names of the tests with a verdict that is no pass.
func (s *Suite) names(changed map[int]Verdict) []string {
	failed := []string{}
	for i, t := range s.tasks {
		v, is := changed[i]
		if !is {
			v = t.verdict(t.answers)
		}
		if v != Pass && !slices.Contains(failed, t.test.Name) {
			failed = append(failed, t.test.Name)
		}
	}
	return failed
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
