package check

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Suite is tests that were read, and what came of them; they can be asked again for other roles. It
// must not be used by several goroutines at once: see [Suite.Fork].
type Suite struct {
	in      Input
	world   *world
	prover  *prover
	tasks   []*task
	judged  bool
	holders map[string][]place // where a role is held, by key
	// exists are the requests on what exists, by the text of the box; nil where that is not known.
	exists map[string][]policy.Request
	// kept is how many these are, keep how many there may be.
	kept, keep int
	crowds     map[string]crowd
}

// place is one subject of one task.
type place struct{ task, subject int }

// A task is one assertion.
type task struct {
	test     *role.AccessTest
	name     string // of the assertion
	text     role.TestText
	who      string // it is about, in words
	box      box
	two      [2]box // of noOneBoth
	other    string // the role of within and equals
	subjects []*subject
	notes    []string
	wrong    *mistake
	wrongAt  diag.Position
	answers  []access.Answer // by subject: Yes if it is as asserted
}

// Run judges all tests.
func Run(in Input) []Result { return Prepare(in).Results() }

// Prepare reads the tests. Whatever is wrong with them is among the results.
func Prepare(in Input) *Suite {
	s := &Suite{in: in, world: newWorld(in), holders: map[string][]place{}, exists: map[string][]policy.Request{}, keep: maxKept, crowds: map[string]crowd{}}
	s.prover = newProver(s.world, in)
	for i := range in.Tests {
		if t := &in.Tests[i]; in.Only == nil || in.Only(t.Name) {
			s.read(t)
		}
	}
	s.contradictions()
	for t, task := range s.tasks {
		for i, subject := range task.subjects {
			for _, h := range slices.Concat(subject.held, subject.outside) {
				s.hold(h.key, place{t, i})
			}
			if task.other != "" {
				s.hold(task.other, place{t, i})
			}
		}
	}
	return s
}

func (s *Suite) hold(key string, p place) {
	if list := s.holders[key]; len(list) == 0 || list[len(list)-1] != p {
		s.holders[key] = append(list, p)
	}
}

// Fork returns a suite that can be used beside s by another goroutine.
func (s *Suite) Fork() *Suite {
	s.judge()
	fork := *s
	w := *s.world
	w.roles = make(map[string]*known, len(s.world.roles))
	for key, r := range s.world.roles {
		w.roles[key] = r
	}
	fork.world = &w
	fork.prover = newProver(&w, s.in)
	fork.exists, fork.kept = map[string][]policy.Request{}, 0
	return &fork
}

// read makes tasks of a test.
func (s *Suite) read(t *role.AccessTest) {
	switch {
	case t.As != nil:
		s.readAs(t)
	case len(t.Nobody) > 0:
		s.readCrowd(t, Nobody, t.Nobody)
	case len(t.NoEscalation) > 0:
		s.readCrowd(t, NoEscalation, t.NoEscalation)
	case len(t.Somebody) > 0:
		s.readSomebody(t)
	case len(t.NoOneBoth) > 0:
		s.readBoth(t)
	case len(t.Changes) > 0:
		for _, g := range t.Changes {
			_, wrong := readGate(g)
			s.add(&task{test: t, name: Changes, text: g.When, wrong: wrong})
		}
	default:
		s.add(&task{test: t, text: role.TestText{Pos: t.Source.Pos}, wrong: mistakef("say what must hold", "the test asserts nothing")})
	}
}

func (s *Suite) add(t *task) {
	t.answers = make([]access.Answer, len(t.subjects))
	s.tasks = append(s.tasks, t)
}

// readAs reads the assertions about one subject.
func (s *Suite) readAs(t *role.AccessTest) {
	subject, wrong := s.subjectOf(*t.As)
	at := diag.Position{File: t.Source.File, Line: t.As.Line, Column: t.As.Column}
	add := func(name string, text role.TestText, read func(*task)) {
		n := &task{test: t, name: name, text: text, who: subject.name, wrong: wrong, notes: subject.notes}
		if wrong != nil {
			n.wrongAt = at
		} else {
			n.subjects = append(n.subjects, subject)
			read(n)
		}
		s.add(n)
	}
	for _, list := range []struct {
		name  string
		texts []role.TestText
	}{{Can, t.Can}, {CanSome, t.CanSome}, {Cannot, t.Cannot}} {
		for _, text := range list.texts {
			add(list.name, text, func(n *task) { s.readBoxOf(n, subject) })
		}
	}
	if t.Within != nil {
		add(Within, *t.Within, func(n *task) { s.readOther(n, *t.As) })
	}
	if t.Equals != nil {
		add(Equals, *t.Equals, func(n *task) { s.readOther(n, *t.As) })
	}
}

// subjectOf finds who a test is about. It returns somebody even if there is nobody of that name.
func (s *Suite) subjectOf(t role.TestSubject) (*subject, *mistake) {
	w := s.world
	switch {
	case t.Team != "":
		if _, found := w.teams[t.Team]; !found {
			return &subject{name: fmt.Sprintf("team %q", t.Team)}, w.nobody("team", t.Team, w.teamKeys)
		}
		return w.ofTeam(t.Team), nil
	case t.Member != "":
		m, found := w.member(t.Member)
		if !found {
			var emails []string
			for _, m := range w.members {
				emails = append(emails, m.Email)
			}
			return &subject{name: fmt.Sprintf("member %q", t.Member)}, w.nobody("member", t.Member, emails)
		}
		return w.ofMember(m), nil
	}
	subject := ofRole(t.Role, t.RoleAttributes)
	if w.roles[t.Role] == nil {
		return subject, w.nobody("role", t.Role, w.roleKeys())
	}
	return subject, w.idle(t)
}

// nobody says that there is no such role, team or member.
func (w *world) nobody(what, name string, names []string) *mistake {
	hint := didYouMean(diag.Nearest(name, names))
	if w.account {
		return mistakef(hint, "the account has no %s %q", what, name)
	}
	if hint == "" {
		hint = "declare it, or judge the test against the account"
	}
	return mistakef(hint, "no file declares %s %q", what, name)
}

// idle refuses role attributes that the role does not use: they say nothing.
func (w *world) idle(t role.TestSubject) *mistake {
	uses := w.roles[t.Role].uses
	for _, name := range sortedKeys(t.RoleAttributes) {
		if !slices.Contains(uses, name) {
			return mistakef(didYouMean(diag.Nearest(name, uses)), "role %q uses no role attribute %q", t.Role, name)
		}
	}
	return nil
}

// readBoxOf reads a box that is asked of one subject.
func (s *Suite) readBoxOf(n *task, subject *subject) {
	n.box, n.wrong = readBox(n.text.Text)
	if n.wrong == nil {
		n.wrong = s.open(n.box, subject)
	}
	if n.wrong == nil {
		n.wrong = s.empty(n.box)
	}
}

// open refuses a role attribute in a box where it has values, or nobody has it.
func (s *Suite) open(b box, subject *subject) *mistake {
	for _, name := range b.attributes() {
		if subject == nil || !subject.symbolic || len(subject.held) != 1 || subject.held[0].team != "" {
			return mistakef("write a key", "the box uses role attribute %q, which only the test of a role can leave open", name)
		}
		if _, given := subject.held[0].attributes[name]; given {
			return mistakef("write a key", "the box uses role attribute %q, and \"roleAttributes\" gives it values", name)
		}
		if k := s.world.find(subject.held[0]); !slices.Contains(k.uses, name) {
			return mistakef(didYouMean(diag.Nearest(name, k.uses)), "role %q uses no role attribute %q", k.Key, name)
		}
	}
	return nil
}

// empty refuses a box that no request can be in.
func (s *Suite) empty(b box) *mistake {
	if s.prover.box(whenGiven, b).Empty() == access.Yes {
		return mistakef("look at its tags and properties", "no request can match %q", b.text)
	}
	return nil
}

// readOther reads the role that a subject is compared with.
func (s *Suite) readOther(n *task, t role.TestSubject) {
	n.other = n.text.Text
	switch {
	case n.other == t.Role:
		n.wrong = mistakef("name another role", "role %q is compared with itself, which cannot fail", n.other)
	case s.world.roles[n.other] == nil:
		n.wrong = s.world.nobody("role", n.other, s.world.roleKeys())
	}
}

// readCrowd reads boxes that are asked of everybody.
func (s *Suite) readCrowd(t *role.AccessTest, name string, boxes []role.TestText) {
	for _, text := range boxes {
		n := &task{test: t, name: name, text: text, who: "everybody"}
		s.readBoxOf(n, nil)
		s.crowd(n, t.Except, false)
	}
}

// crowd fills in whom a task is about.
func (s *Suite) crowd(n *task, e role.TestExcept, together bool) {
	if len(e.Roles)+len(e.Teams)+len(e.Members) > 0 {
		n.who = "everybody else"
		wrong, at, notes := s.world.checkExcept(e)
		n.notes = notes
		if wrong != nil && n.wrong == nil {
			n.wrong, n.wrongAt = wrong, diag.Position{File: n.test.Source.File, Line: at.Line, Column: at.Column}
		}
	}
	if n.wrong == nil {
		list, notes := s.everybody(e, together)
		n.subjects, n.notes = list, append(n.notes, notes...)
		if len(list) == 0 {
			n.wrong = mistakef("leave somebody in", "nobody is left whom the test is about, so it cannot fail")
		}
	}
	s.add(n)
}

// everybody remembers whom tests are about that leave the same out.
func (s *Suite) everybody(e role.TestExcept, together bool) ([]*subject, []string) {
	name := fmt.Sprintf("%q %q %q %v", names(e.Roles), names(e.Teams), names(e.Members), together)
	c, found := s.crowds[name]
	if !found {
		c.list, c.notes = s.world.everybody(e, together)
		s.crowds[name] = c
	}
	return c.list, c.notes
}

// crowd is everybody but those who are left out.
type crowd struct {
	list  []*subject
	notes []string
}

func names(list []role.TestText) []string {
	words := make([]string, len(list))
	for i, t := range list {
		words[i] = t.Text
	}
	return words
}

func (s *Suite) readSomebody(t *role.AccessTest) {
	for _, text := range t.Somebody {
		n := &task{test: t, name: Somebody, text: text, who: count(t.AtLeast, "member")}
		s.readBoxOf(n, nil)
		if n.wrong == nil && t.AtLeast < 1 {
			n.wrong = mistakef("write 1 or more", "\"atLeast\" is %d, which cannot fail", t.AtLeast)
		}
		if n.wrong == nil {
			list, pending := s.world.people()
			n.subjects = list
			if pending > 0 {
				n.notes = append(n.notes, fmt.Sprintf("%s left out, whose invitation is open", count(pending, "member")))
			}
			if !s.world.account {
				n.notes = append(n.notes, "which teams a member is in is not known from files alone: only what members' own documents give is counted")
			}
		}
		s.add(n)
	}
}

func (s *Suite) readBoth(t *role.AccessTest) {
	n := &task{test: t, name: NoOneBoth, text: t.NoOneBoth[0], who: "everybody"}
	resources := strings.Join(names(t.Resources), ", ")
	for i := range n.two {
		if len(t.NoOneBoth) != 2 || len(t.Resources) == 0 {
			n.wrong = mistakef("write two lists of actions, and \"resources\"", "\"noOneBoth\" is not complete")
		}
		if n.wrong == nil {
			n.two[i], n.wrong = joinBox(t.NoOneBoth[i].Text+onWord+resources, t.NoOneBoth[i].Text, resources)
		}
		if n.wrong == nil {
			n.wrong = firstOf(s.open(n.two[i], nil), s.empty(n.two[i]))
		}
	}
	if n.wrong == nil {
		n.text.Text = fmt.Sprintf("%s and %s on %s", t.NoOneBoth[0].Text, t.NoOneBoth[1].Text, resources)
		n.wrong = s.shared(n.two)
	}
	s.crowd(n, t.Except, true)
}

// shared refuses two lists that have an action in common: who may do that would do both.
func (s *Suite) shared(two [2]box) *mistake {
	if s.prover.box(whenGiven, two[0]).And(s.prover.box(whenGiven, two[1])).Empty() != access.No {
		return nil
	}
	return mistakef("take it out of one of them", "the two lists have an action in common, which is both at once")
}

func firstOf(list ...*mistake) *mistake {
	for _, m := range list {
		if m != nil {
			return m
		}
	}
	return nil
}

// count writes "1 member", "2 members".
func count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}
