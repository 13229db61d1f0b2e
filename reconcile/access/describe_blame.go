package access

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A Blame is a statement that is responsible for a gain or a loss.
type Blame struct {
	// After says that it stands in the policy as it will be; otherwise it stands there today and
	// will be gone.
	After bool `json:"after"`
	// Held is the index of the role in the subject, Statement that of the statement in its
	// policy; -1 for base permissions.
	Held      int `json:"held,omitempty"`
	Statement int `json:"statement"`
}

// maxBlamed bounds the statements of which each is dropped in turn to see what it is responsible
// for. Where there are more, as in a new role, all that have a part in the region are named.
const maxBlamed = 16

// BlameGain returns the statements that are responsible for the gain of a region: new ones that
// allow some of it, and denies that are gone, without which, each in turn, the region would be
// smaller. Where statements stand in for each other, all that have a part in it. First come those
// of the policy as it will be, then those of today's.
func (e *Engine) BlameGain(before, after Subject, r Region) []Blame {
	return e.newBlamer(before, after).blame(r)
}

// BlameLoss returns the statements that are responsible for the loss of a region: new denies, and
// allows that are gone.
func (e *Engine) BlameLoss(before, after Subject, r Region) []Blame {
	return turned(e.newBlamer(after, before).blame(r))
}

// DescribeChange puts both sides of a difference between two subjects into words, with the
// statements that are responsible for each line. The budget is for each side.
func (e *Engine) DescribeChange(before, after Subject, d Difference, budget Budget) (gained, lost Description) {
	words := sync.OnceValue(func() []term { return e.vocabulary([]Subject{after, before}) })
	gained = e.describe(d.Gained, budget, words)
	lost = e.describe(d.Lost, budget, words)
	if len(gained.Lines)+len(lost.Lines) > 0 {
		forGained, forLost := e.wideners(d)
		forGained.widen(gained.Lines, budget)
		forLost.widen(lost.Lines, budget)
	}
	if len(gained.Lines) > 0 {
		b := e.newBlamer(before, after)
		for i := range gained.Lines {
			gained.Lines[i].Because = b.blame(gained.Lines[i].region)
		}
	}
	if len(lost.Lines) > 0 {
		b := e.newBlamer(after, before)
		for i := range lost.Lines {
			lost.Lines[i].Because = turned(b.blame(lost.Lines[i].region))
		}
	}
	return gained, lost
}

// turned exchanges the sides.
func turned(list []Blame) []Blame {
	for i := range list {
		list[i].After = !list[i].After
	}
	slices.SortStableFunc(list, func(a, b Blame) int { return b2i(!a.After) - b2i(!b.After) })
	return list
}

// A blamer finds who is responsible for gains.
type blamer struct {
	prover
	before, after Subject
	suspects      []suspect
	without       map[Blame]*compiled // the side of a statement without it
}

func (e *Engine) newBlamer(before, after Subject) *blamer {
	e.Refill()
	return &blamer{
		prover: newProver(e), before: before, after: after, without: map[Blame]*compiled{},
		suspects: append(e.suspects(after, before, role.Allow, true), e.suspects(before, after, role.Deny, false)...),
	}
}

func (b *blamer) blame(r Region) []Blame {
	b.Refill()
	list := []Blame{}
	for i := range b.suspects {
		if b.concerns(&b.suspects[i], r) {
			list = append(list, b.suspects[i].Blame)
		}
	}
	if len(list) < 2 || len(list) > maxBlamed {
		return list
	}
	necessary := slices.DeleteFunc(slices.Clone(list), func(s Blame) bool { return !b.decides(s, r) })
	if len(necessary) == 0 {
		return list
	}
	return necessary
}

// A suspect is a statement that only one side has.
type suspect struct {
	Blame
	statement
}

// suspects returns the statements of a subject with the effect that the other subject has not.
func (e *Engine) suspects(s, other Subject, effect role.Effect, after bool) (list []suspect) {
	count := map[string]int{}
	for _, held := range other.Held {
		for _, st := range held.Role.Policy {
			if st.Effect == effect {
				count[statementName(other, held, st)]++
			}
		}
		count[held.Role.BasePermissions]++
	}
	for h, held := range s.Held {
		for i, st := range held.Role.Policy {
			if st.Effect != effect || !wellFormed(st) {
				continue
			}
			name := statementName(s, held, st)
			if count[name]--; count[name] < 0 {
				compiled := e.compileStatement(st, scope{held, s.Symbolic}, func(string) {})
				list = append(list, suspect{Blame{after, h, i}, compiled})
			}
		}
		base := held.Role.BasePermissions
		if count[base]--; base == role.Reader && count[base] < 0 && effect == role.Allow {
			views := statement{allow: true, actions: e.actionsIn(e.sem.ReaderPatterns()), bare: true}
			list = append(list, suspect{Blame{after, h, -1}, views})
		}
	}
	return list
}

// statementName is the same for statements that mean the same where they stand.
func statementName(s Subject, held policy.Held, st role.Statement) string {
	st = st.Normal()
	lists := [][]string{{string(st.Effect)}, st.Actions, st.NotActions, st.Resources, st.NotResources}
	attributes := false
	for i, list := range lists {
		attributes = attributes || slices.ContainsFunc(list, func(text string) bool { return strings.Contains(text, "${") })
		lists[i] = []string{strings.Join(list, "\x00")}
	}
	name := strings.Join(slices.Concat(lists...), "\x01")
	if attributes {
		name += fmt.Sprintf("\x01%v %q %q", s.Symbolic, held.Through, held.Attributes)
	}
	return name
}

// concerns reports whether the statement matches a request of the region, or lets a project be
// viewed that one lies in.
func (b *blamer) concerns(s *suspect, r Region) bool {
	views := b.views(s)
	return slices.ContainsFunc(kindsIn(r), func(kind string) bool {
		f := b.and(s.actions, s.resources(kind))
		if b.sem.ViewPrecondition && (inProject(kind) || kind == "proj") {
			f = b.or(f, views)
		}
		return b.holdsNothing(kind, b.and(r.at(kind), f)) != Yes
	})
}

// views returns the projects that viewProject is for, in the statement.
func (b *blamer) views(s *suspect) ref {
	projects := s.resources("proj")
	if projects == no {
		return no
	}
	f := b.and(s.actions, projects)
	name := b.fold("viewProject")
	return b.forAction(f, b.actionAtoms(f), actionWord{text: name, index: b.indexOf(name)})
}

// decides reports whether the region would be smaller without the statement.
func (b *blamer) decides(s Blame, r Region) bool {
	c := b.without[s]
	if c == nil {
		side := b.before
		if s.After {
			side = b.after
		}
		c = b.compile(side.without(s))
		b.without[s] = c
	}
	return slices.ContainsFunc(kindsIn(r), func(kind string) bool {
		allowed := b.kind(c, kind).formula
		if s.After {
			allowed = allowed.not()
		}
		return b.holdsNothing(kind, b.and(r.at(kind), allowed)) != Yes
	})
}

// without returns the subject without one statement, or without base permissions.
func (s Subject) without(b Blame) Subject {
	s.Held = slices.Clone(s.Held)
	r := &s.Held[b.Held].Role
	if b.Statement < 0 {
		r.BasePermissions = role.NoAccess
		return s
	}
	r.Policy = slices.Delete(slices.Clone(r.Policy), b.Statement, b.Statement+1)
	return s
}
