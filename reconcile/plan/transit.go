package plan

import (
	"iter"
	"maps"
	"slices"

	"github.com/rolewright/rolewright/reconcile/people"
)

// Crossing: nobody shall hold too much or too little on the way.
//
// Phases put what gives before what takes away, and that is right for each role and each holder by
// itself. It is not for what changes together. A role that is narrowed and given to somebody gives them
// for a moment what it will not allow. Access that moves between two roles, both of which also gain and
// lose, is lost between the two writes. People.Transit finds such moments. Then other ways are tried:
//
//   - a role, or a holder, in two writes: first all of both sides, at the end what is wanted;
//   - a holder in one write that would take two;
//   - a change before all others, one write after the other (PhaseFirst).
//
// A way is taken if it has fewer such moments for all members together, until there is none; with one
// change in another form, else with all that have to do with it, else with two. As the last word is
// always the check's, a way that is taken is right; not every way is tried. What remains blocks the plan.

// ofFirst ends the reason for a change in PhaseFirst.
const ofFirst = ": first of all, so that nobody holds too much or too little for a moment"

// mostWays is how many ways are tried.
const mostWays = 200

// cross finds a way on which nobody holds too much or too little, or blocks the plan. Where nobody is
// known there is nothing to find out.
func (m *making) cross(actual Actual) {
	if m.opts.Source.Offline || len(actual.Members) == 0 || m.plan.oneWay() {
		return
	}
	x := m.newCrossing(actual)
	slips := x.slips(m.plan.Changes)
	if len(slips) == 0 {
		return
	}
	way := x.search(slips)
	m.plan.Changes = way
	m.plan.Blocks = append(m.plan.Blocks, x.blocks(way)...)
}

// oneWay reports whether nothing can be between the ends of a plan that is not at one of them or between
// the two: it has one change, or all its changes give, or all take away.
func (p *Plan) oneWay() bool {
	for _, c := range p.Changes {
		if c.Phase.OneByOne() && len(p.Changes) > 1 || c.Phase.flow() != p.Changes[0].Phase.flow() {
			return false
		}
	}
	return true
}

// A crossing is the search for a way.
type crossing struct {
	*making
	transit *people.Transit
	ways    int // that may still be tried
	// other are the other forms of a change, by kind and key, once they are known.
	other map[string][][]Change
}

func (m *making) newCrossing(actual Actual) *crossing {
	transit := people.NewTransit(actual.Account(), m.plan.Walk(actual, nil).Account(), people.Options{Semantics: *m.opts.Semantics})
	return &crossing{making: m, transit: transit, ways: mostWays, other: map[string][][]Change{}}
}

// tell tells the transit of one write.
func (x *crossing) tell(c Change) {
	switch {
	case c.Kind == KindTeam:
		x.transit.Team(c.Holder.Team.After)
	case c.Kind == KindMember:
		x.transit.Member(c.Holder.Member.After)
	case c.Action == Delete:
		x.transit.Gone(c.Key)
	default:
		x.transit.Role(*c.After)
	}
}

// slips returns the slips on a way. Writes of a phase that gives, and of one that takes away, are made
// side by side, and nobody looks between them: what is in between lies between the ends. Before the
// first write that takes anything away nothing can be lost.
func (x *crossing) slips(way []Change) (slips []people.Slip) {
	x.transit.Restart()
	taken := false
	for i, c := range way {
		x.tell(c)
		last := i == len(way)-1 || way[i+1].Phase.flow() != c.Phase.flow()
		switch {
		case c.Phase.OneByOne():
			taken = true
			slips = append(slips, x.transit.Slips()...)
		case last && !taken && c.Phase.flow() == gives:
			slips = append(slips, x.transit.Surplus()...)
		case last:
			slips = append(slips, x.transit.Slips()...)
		}
	}
	return slips
}

// flow is whether the writes of a phase all give, all take away, or neither.
type flow int

const (
	gives flow = iota
	both
	takes
)

func (p Phase) flow() flow {
	switch p {
	case PhaseFirst, PhaseMixed, PhaseReassign:
		return both
	case PhaseUnassign, PhaseNarrow, PhaseDelete:
		return takes
	}
	return gives
}

// OneByOne reports whether the changes of the phase are made one after the other, in their order: each
// may give and take, and between any two of them nobody may hold too much or too little.
func (p Phase) OneByOne() bool { return p.flow() == both }

// search returns the best way that it finds.
func (x *crossing) search(slips []people.Slip) []Change {
	way := slices.Clone(x.plan.Changes)
	for len(slips) > 0 && x.ways > 0 {
		better, fewer := x.step(way, slips)
		if better == nil {
			break
		}
		way, slips = better, fewer
	}
	return x.plainer(way, len(slips))
}

// plainer returns the way with every change as it was that can be without more slips: what a later turn
// put right may have had an earlier one try in vain.
func (x *crossing) plainer(way []Change, slips int) []Change {
	was := map[string][]Change{}
	for _, c := range x.plan.Changes {
		was[c.subject()] = append(was[c.subject()], c)
	}
	for _, subject := range slices.Sorted(maps.Keys(x.other)) {
		other, differs := instead(way, func(of string) []Change {
			if of == subject {
				return was[subject]
			}
			return nil
		})
		if differs && len(x.slips(other)) <= slips {
			way = other
		}
	}
	return way
}

// step returns a way with fewer slips; nil if there is none.
func (x *crossing) step(way []Change, slips []people.Slip) ([]Change, []people.Slip) {
	some := emailsOf(slips)
	some = some[:min(len(some), sample)]
	sampled := len(x.slipsOf(way, some))
	for turn := range turns(x.concerned(way, slips)) {
		if better, fewer := x.try(way, len(slips), turn, some, sampled); better != nil {
			return better, fewer
		}
		if x.ways <= 0 {
			break
		}
	}
	return nil, nil
}

// forms is how many other forms a change may have: two writes, one, first of all.
const forms = 3

// turns yields which changes to give which other form: one, all, two.
func turns(subjects []string) iter.Seq[map[string]int] {
	return func(yield func(map[string]int) bool) {
		singles := []map[string]int{}
		for form := range forms {
			for _, subject := range subjects {
				singles = append(singles, map[string]int{subject: form})
			}
		}
		for _, one := range singles {
			if !yield(one) {
				return
			}
		}
		for form := range forms {
			all := map[string]int{}
			for _, subject := range subjects {
				all[subject] = form
			}
			if !yield(all) {
				return
			}
		}
		twoTurns(singles, yield)
	}
}

// twoTurns yields each two of the turns that are about two changes.
func twoTurns(singles []map[string]int, yield func(map[string]int) bool) {
	for i, one := range singles {
		for _, other := range singles[:i] {
			both := maps.Clone(one)
			maps.Copy(both, other)
			if len(both) == 2 && !yield(both) {
				return
			}
		}
	}
}

// try returns a way with some changes in another form, if it has fewer slips: for some members, and
// then for all.
func (x *crossing) try(way []Change, slips int, turn map[string]int, some []string, sampled int) ([]Change, []people.Slip) {
	other, differs := x.reformed(way, turn)
	if !differs || x.ways <= 0 {
		return nil, nil
	}
	x.ways--
	if len(x.slipsOf(other, some)) >= sampled {
		return nil, nil
	}
	fewer := x.slips(other)
	if len(fewer) >= slips {
		return nil, nil
	}
	return other, fewer
}

// sample is for how many members a way is tried before it is for all.
const sample = 40

// slipsOf returns the slips of some members.
func (x *crossing) slipsOf(way []Change, emails []string) []people.Slip {
	x.transit.Only(emails)
	defer x.transit.Only(nil)
	return x.slips(way)
}

func emailsOf(slips []people.Slip) []string {
	emails := map[string]bool{}
	for _, s := range slips {
		emails[s.Email] = true
	}
	return slices.Sorted(maps.Keys(emails))
}

// reformed returns the way with changes in another form.
func (x *crossing) reformed(way []Change, turn map[string]int) (other []Change, differs bool) {
	return instead(way, func(subject string) []Change {
		if form, turns := turn[subject]; turns {
			return x.form(way, subject, form)
		}
		return nil
	})
}

// instead returns the way with other changes in the place of those of which there are any.
func instead(way []Change, of func(subject string) []Change) (other []Change, differs bool) {
	done := map[string]bool{}
	other = make([]Change, 0, len(way)+2)
	for _, c := range way {
		put := of(c.subject())
		switch {
		case put == nil:
			other = append(other, c)
		case !done[c.subject()]:
			done[c.subject()] = true
			differs = differs || put[0].ID != c.ID || put[0].Phase != c.Phase
			other = append(other, put...)
		}
	}
	slices.SortFunc(other, compareChanges)
	return other, differs
}

// form returns a change in another form, nil where it has none.
func (x *crossing) form(way []Change, subject string, form int) []Change {
	list, known := x.other[subject]
	if !known {
		list = x.formsOf((&Plan{Changes: way}).wholeOf(subject))
		x.other[subject] = list
	}
	return list[form]
}

// wholeOf returns a change of the plan as one write.
func (p *Plan) wholeOf(subject string) Change {
	wholes := p.Wholes()
	return wholes[slices.IndexFunc(wholes, func(c Change) bool { return c.subject() == subject })]
}

// formsOf returns an update in each form; one that it cannot have is nil.
func (x *crossing) formsOf(c Change) [][]Change {
	one := []Change{c}
	if c.Holder == nil {
		x.weighBatch(one)
	}
	first := one[0]
	first.Phase, first.Reason = PhaseFirst, c.Reason+ofFirst
	return [][]Change{x.twoWrites(one[0]), one, {first}}
}

// twoWrites returns a change as two writes, if the first really gives and the second takes away.
func (x *crossing) twoWrites(c Change) []Change {
	if c.Phase != PhaseMixed && c.Phase != PhaseReassign {
		return nil
	}
	steps := split(c)
	for i := range steps {
		steps[i].Reason, steps[i].Declared = c.Reason+ofStep[i+1], c.Declared
	}
	if c.Holder != nil || len(steps) == 0 {
		return steps
	}
	x.weighBatch(steps)
	one, two := verdictMovement(steps[0].Access.Verdict), verdictMovement(steps[1].Access.Verdict)
	if one&narrower != 0 || two&wider != 0 {
		return nil
	}
	return steps
}

// concerned returns the changes, by kind and key, that have to do with members who slip.
func (x *crossing) concerned(way []Change, slips []people.Slip) []string {
	touched := map[string]bool{}
	for _, s := range slips {
		touched[KindMember+"/"+s.Email] = true
		roles, teams := x.transit.Reach(s.Email)
		for _, key := range roles {
			touched[KindRole+"/"+key] = true
		}
		for _, key := range teams {
			touched[KindTeam+"/"+key] = true
		}
	}
	var list []string
	for _, c := range way {
		if subject := c.subject(); touched[subject] && c.Action == Update && !slices.Contains(list, subject) {
			list = append(list, subject)
		}
	}
	return list
}
