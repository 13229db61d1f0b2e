package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Edits that would make a failing assertion hold. Candidates come from the statements that the
// counterexample rests on, the smallest first: an element less, a statement less, a deny or an allow
// of the box more. Each is made on a copy and the assertion is judged again; the first that changes
// nothing else is offered, or else the first that works, with what else it would change.

// An edit is a candidate.
type edit struct {
	key       string
	statement int // in the policy of the file, -1 for one that is added
	text      string
	add       *role.Statement // in its place, or at the end; nil removes it
}

// maxEdits is how many candidates are tried for one assertion.
const maxEdits = 12

// fix returns the edit to offer, nil if none works.
func (s *Suite) fix(i int, r *Result) *Fix {
	t := s.tasks[i]
	at := slices.Index(t.answers, access.No)
	if t.name == Somebody || at < 0 {
		return nil
	}
	_, f := s.ask(t, t.subjects[at])
	var best *Fix
	for n, e := range s.edits(t, t.subjects[at], f) {
		if n == maxEdits {
			break
		}
		found := s.try(i, e)
		if found != nil && len(found.Also) == 0 {
			return found
		}
		if best == nil {
			best = found
		}
	}
	return best
}

// edits returns the candidates.
func (s *Suite) edits(t *task, subject *subject, f finding) (list []edit) {
	effect := role.Allow // that is too much
	if t.name == Can || t.name == CanSome {
		effect = role.Deny
	}
	var drops []edit
	for _, c := range s.causes(t, subject, f) {
		k := c.role
		if k == nil || c.Effect != effect || c.Statement < k.fixed || !k.inFiles() {
			continue
		}
		list = append(list, dropElement(k, c.Reason)...)
		drops = append(drops, edit{k.Key, c.Statement - k.fixed, fmt.Sprintf("drop statement %d", c.Statement-k.fixed+1), nil})
	}
	list = append(list, drops...)
	list = append(list, s.viewFor(t, subject, f)...)
	for _, key := range s.editable(t, subject, f) {
		list = append(list, addFor(key, t, effect)...)
	}
	return list
}

// viewFor returns a statement that lets the projects of the box be viewed, where that is missing.
func (s *Suite) viewFor(t *task, subject *subject, f finding) []edit {
	missing := slices.ContainsFunc(s.causes(t, subject, f), func(c cause) bool { return c.Kind == policy.ReasonViewMissing })
	keys := s.editable(t, subject, f)
	if !missing || len(keys) == 0 || t.name != Can || !t.box.inProjects() || t.box.parts[0].Specifier.Kind() == "*" {
		return nil
	}
	project := policy.Specifier{Segments: t.box.parts[0].Specifier.Segments[:1]}
	st := role.Statement{Effect: role.Allow, Actions: []string{viewProject}, Resources: []string{project.String()}}
	return []edit{{keys[0], -1, fmt.Sprintf("add a statement that allows %s on %s", viewProject, project), &st}}
}

func (k *known) inFiles() bool { return k.source != nil && k.source.File != "" }

// editable returns the roles to which a statement may be added: those that allow too much, or else
// the first that is held.
func (s *Suite) editable(t *task, subject *subject, f finding) (keys []string) {
	add := func(k *known) {
		if k != nil && k.inFiles() && !slices.Contains(keys, k.Key) {
			keys = append(keys, k.Key)
		}
	}
	if t.name == Can || t.name == CanSome {
		for _, h := range subject.held {
			add(s.world.find(h))
		}
		return keys[:min(len(keys), 1)]
	}
	for _, c := range s.causes(t, subject, f) {
		if c.Effect == role.Allow {
			add(c.role)
		}
	}
	return keys
}

// dropElement returns the statement without the elements that matched, one after the other.
func dropElement(k *known, c policy.Reason) (list []edit) {
	s := k.Policy[c.Statement]
	number := c.Statement - k.fixed
	if i := slices.Index(s.Actions, c.Action); i >= 0 && len(s.Actions) > 1 {
		less := s.Clone()
		less.Actions = slices.Delete(less.Actions, i, i+1)
		list = append(list, edit{k.Key, number, fmt.Sprintf("drop action %q from statement %d", c.Action, number+1), &less})
	}
	if i := slices.Index(s.Resources, c.Specifier); i >= 0 && len(s.Resources) > 1 {
		less := s.Clone()
		less.Resources = slices.Delete(less.Resources, i, i+1)
		list = append(list, edit{k.Key, number, fmt.Sprintf("drop resource %q from statement %d", c.Specifier, number+1), &less})
	}
	return list
}

// addFor returns a statement for the box of a task; none for a box that one statement cannot say.
func addFor(key string, t *task, tooMuch role.Effect) []edit {
	boxes := []box{t.box}
	if t.name == NoOneBoth {
		boxes = t.two[:]
	}
	st, verb := role.Statement{Effect: role.Deny}, "denies"
	if tooMuch == role.Deny {
		st.Effect, verb = role.Allow, "allows"
	}
	var list []edit
	for _, b := range boxes {
		st := st
		for _, part := range b.parts {
			st.Actions = part.Actions
			st.Resources = append(st.Resources, part.Specifier.String())
		}
		if policy.CheckStatement(st, policy.Options{}) == nil && len(b.parts) > 0 {
			text := fmt.Sprintf("add a statement that %s %s on %s", verb, strings.Join(st.Actions, ", "), strings.Join(st.Resources, ", "))
			list = append(list, edit{key, -1, text, &st})
		}
	}
	return list
}

// apply makes the edit on a copy of the policy.
func (e edit) apply(policy []role.Statement) []role.Statement {
	policy = slices.Clone(policy)
	switch {
	case e.statement < 0:
		return append(policy, *e.add)
	case e.add == nil:
		return slices.Delete(policy, e.statement, e.statement+1)
	}
	policy[e.statement] = *e.add
	return policy
}

// try judges a task again with the edit made; nil if it does not pass.
func (s *Suite) try(i int, e edit) *Fix {
	before := s.world.roles[e.key]
	d := role.Desired{Role: before.Role, Source: *before.source}
	d.Policy = e.apply(before.Policy[before.fixed:])
	after := s.world.changed(before, d)
	mine := slices.DeleteFunc(s.concerned(e.key), func(p place) bool { return p.task != i })
	if s.with(after, mine)[i] != Pass {
		return nil
	}
	f := &Fix{Role: e.key, Statement: e.statement, Text: e.text, Add: e.add, Also: s.also(i, before, after)}
	f.Pos = diag.Position{File: before.source.File, Line: before.source.Line, Column: before.source.Column}
	if e.statement >= 0 {
		f.Pos = before.place(before.fixed + e.statement)
	}
	return f
}

// maxAlso bounds what is said of what else an edit changes.
const maxAlso = 3

// also says what else an edit changes: access outside of the task's box, and tests that would fail.
func (s *Suite) also(i int, before, after *known) []string {
	list := []string{}
	e := s.prover.engines[whenGiven]
	d := e.Compare(before.subject(), after.subject())
	for _, c := range []struct {
		verb string
		r    access.Region
	}{{"the role loses", d.Lost}, {"the role gains", d.Gained}} {
		r, words := c.r, []access.Subject{after.subject(), before.subject()}
		for _, b := range s.boxesOf(i) {
			r, words = r.Minus(s.prover.box(whenGiven, b)), append(words, b.words())
		}
		list = append(list, s.lines(c.verb, r, words)...)
	}
	for j, v := range s.with(after, s.concerned(before.Key)) {
		if t := s.tasks[j]; v != Pass && t.verdict(t.answers) == Pass {
			list = append(list, fmt.Sprintf("test %q fails", t.test.Name))
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (s *Suite) boxesOf(i int) (list []box) {
	t := s.tasks[i]
	for _, b := range []box{t.box, t.two[0], t.two[1]} {
		if len(b.parts) > 0 {
			list = append(list, b)
		}
	}
	return list
}

// subject is somebody who holds the role alone.
func (k *known) subject() access.Subject {
	return access.Subject{Symbolic: true, Held: []policy.Held{{Role: role.Role{BasePermissions: k.BasePermissions, Policy: k.Policy}}}}
}

// lines puts a region into words.
func (s *Suite) lines(verb string, r access.Region, words []access.Subject) (list []string) {
	if r.Empty() == access.Yes {
		return nil
	}
	d := s.prover.engines[whenGiven].Describe(r, s.in.Budget, words...)
	for n, l := range d.Lines {
		if n == maxAlso {
			break
		}
		list = append(list, verb+" "+l.String())
	}
	if more := len(d.Lines) - maxAlso; more > 0 || !d.Exact {
		list = append(list, verb+" more")
	}
	return list
}
