package people

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Effect is what a change does to one member.
type Effect struct {
	Email string `json:"email"`
	// Pending says that the invitation has not been accepted yet.
	Pending bool `json:"pending,omitempty"`
	// Changed says that the member holds, before or after, a role that allows other things than
	// before, is new or is gone. That alone says nothing about access.
	Changed bool `json:"changed"`
	// FallsBack is the base role that takes over because the last role of their own goes.
	FallsBack string         `json:"fallsBack,omitempty"`
	Verdict   access.Verdict `json:"verdict"`
	Gained    Side           `json:"gained"`
	Lost      Side           `json:"lost"`
	// Undecided is what neither side says anything about.
	Undecided []access.Question `json:"undecided"`
	// Notes are assumptions that the effect rests on.
	Notes []string `json:"notes"`
	// Before and After are how the policies are held that were compared: the Held of a Blame or a
	// Question is an index into them. Policies that cannot matter are left out.
	Before []Path `json:"before"`
	After  []Path `json:"after"`
}

// Side is what is gained, or what is lost.
type Side struct {
	// Example is a request that is, "" if none is known to be.
	Example string `json:"example,omitempty"`
	// Described says that the lines were made.
	Described bool `json:"described"`
	access.Description
}

// Counts says how many members a change concerns.
type Counts struct {
	Members int `json:"members"` // of the account, before or after
	// Holders hold a changed role; Touched hold anything else than before, or one.
	Holders int `json:"holders"`
	Touched int `json:"touched"`
	// Every touched member is one of these.
	Gain      int `json:"gain"` // and lose nothing
	Lose      int `json:"lose"` // and gain nothing
	Both      int `json:"both"`
	Undecided int `json:"undecided"`
	None      int `json:"none"` // proved
	// Pending are those of Gain, Lose, Both and Undecided whose invitation is open.
	Pending int `json:"pending"`
	// Cases is how many different pairs of holdings were compared.
	Cases int `json:"cases"`
}

// Affected returns how many members really gain or lose something.
func (c Counts) Affected() int { return c.Gain + c.Lose + c.Both }

// Effects returns what a change of an account does to its members: one effect for each that is
// touched, by e-mail address. Who is a member on one side only holds nothing on the other.
func Effects(before, after Account, o Options) ([]Effect, Counts) {
	c := newChange(before, after, o)
	cases := c.cases()
	c.decide(cases)
	var effects []Effect
	counts := Counts{Members: len(c.pairs), Cases: len(cases)}
	for _, one := range cases {
		for _, p := range one.pairs {
			e := c.effect(one, p)
			counts.add(e)
			effects = append(effects, e)
		}
	}
	slices.SortStableFunc(effects, func(a, b Effect) int { return cmp.Compare(a.Email, b.Email) })
	return effects, counts
}

func (c *Counts) add(e Effect) {
	c.Touched++
	if e.Changed {
		c.Holders++
	}
	switch e.Verdict {
	case access.Gains:
		c.Gain++
	case access.Loses:
		c.Lose++
	case access.Both:
		c.Both++
	case access.Unsure:
		c.Undecided++
	default:
		c.None++
	}
	if e.Pending && e.Verdict != access.None {
		c.Pending++
	}
}

// A change is the two sides of an account.
type change struct {
	Options
	table         *table
	before, after *directory
	changed       map[string]bool // keys of roles that allow other things, are new or are gone
	pairs         []pair
	comparer      *comparer
}

// A pair is a member before and after.
type pair struct{ before, after *role.LiveMember }

// shown returns the member as it will be, or as it was.
func (p pair) shown() role.LiveMember {
	if p.after != nil {
		return *p.after
	}
	return *p.before
}

func newChange(before, after Account, o Options) *change {
	t := newTable(o, before, after)
	c := &change{Options: o, table: t, before: newDirectory(before, t), after: newDirectory(after, t), changed: map[string]bool{}}
	for _, d := range []*directory{c.before, c.after} {
		for key := range d.roles {
			b, was := c.before.named(key)
			a, is := c.after.named(key)
			c.changed[key] = was != is || b.digest != a.digest
		}
	}
	c.pairs = pairUp(before.Members, after.Members)
	return c
}

// pairUp finds the members that are the same.
func pairUp(before, after []role.LiveMember) []pair {
	var pairs []pair
	at := map[string]int{}
	for i := range before {
		at[identity(before[i])] = len(pairs)
		pairs = append(pairs, pair{before: &before[i]})
	}
	for i := range after {
		n, found := at[identity(after[i])]
		if !found {
			n = len(pairs)
			pairs = append(pairs, pair{})
		}
		pairs[n].after = &after[i]
	}
	return pairs
}

// A changeCase is members whose access before and after is the same.
type changeCase struct {
	outcome
	before, after holding // of the first of them
	pairs         []held
}

// held is a member with what the member holds.
type held struct {
	pair
	before, after holding
	changed       bool
}

// cases puts the members together that are touched in the same way.
func (c *change) cases() []*changeCase {
	var list []*changeCase
	index := map[string]*changeCase{}
	for _, p := range c.pairs {
		h := held{p, c.before.of(p.before), c.after.of(p.after), false}
		h.changed = c.holdsChanged(h)
		if c.table.same(h.before, h.after) && !h.changed && c.fallsBack(p) == "" {
			continue
		}
		name := h.before.name() + "\n" + h.after.name()
		if index[name] == nil {
			index[name] = &changeCase{before: h.before, after: h.after}
			list = append(list, index[name])
		}
		index[name].pairs = append(index[name].pairs, h)
	}
	return list
}

// of returns what a member holds: nothing if there is none.
func (d *directory) of(m *role.LiveMember) holding {
	if m == nil {
		return d.holding(nil)
	}
	return d.holding(d.paths(*m))
}

func (c *change) holdsChanged(h held) bool {
	return slices.ContainsFunc(slices.Concat(h.before.paths, h.after.paths), func(p Path) bool {
		return !p.Base && c.changed[p.Role]
	})
}

// fallsBack returns the base role that takes over, if one does.
func (c *change) fallsBack(p pair) string {
	if p.before == nil || p.after == nil || len(ownRoles(*p.before)) == 0 || len(ownRoles(*p.after)) > 0 {
		return ""
	}
	return p.after.Role
}

// decide compares the sides of each case, and describes those of most members.
func (c *change) decide(cases []*changeCase) {
	c.comparer = newComparer(c.table, c.Options, len(cases))
	for _, one := range cases {
		one.outcome = c.comparer.compare(one.before, one.after)
	}
	c.describe(slices.DeleteFunc(slices.Clone(cases), func(one *changeCase) bool {
		return one.gained.Example == "" && one.lost.Example == ""
	}))
}

// describe puts as many cases into lines as are asked for.
func (c *change) describe(cases []*changeCase) {
	slices.SortStableFunc(cases, func(a, b *changeCase) int { return cmp.Compare(len(b.pairs), len(a.pairs)) })
	n := c.Described
	if n == 0 {
		n = DefaultDescribed
	}
	for _, one := range cases[:min(max(n, 0), len(cases))] {
		c.comparer.describe(&one.outcome)
	}
}

func (c *change) effect(one *changeCase, h held) Effect {
	m := h.shown()
	return Effect{
		Email: m.Email, Pending: m.Pending, Changed: h.changed, FallsBack: c.fallsBack(h.pair),
		Verdict: one.verdict(), Gained: one.gained, Lost: one.lost, Undecided: one.undecided,
		Notes:  notes(h),
		Before: h.before.pathsOf(one.had), After: h.after.pathsOf(one.has),
	}
}

// notes says which base roles matter whose data is not certain.
func notes(h held) []string {
	list := []string{}
	if strings.Join(baseOf(h.before), " ") == strings.Join(baseOf(h.after), " ") {
		return list
	}
	for _, base := range slices.Concat(baseOf(h.before), baseOf(h.after)) {
		if note := documented(base); note != "" && !slices.Contains(list, note) {
			list = append(list, note)
		}
	}
	return list
}

// baseOf returns the base role that counts, if one does.
func baseOf(h holding) []string {
	var list []string
	for _, p := range h.paths {
		if p.Base {
			list = append(list, p.Role)
		}
	}
	return list
}
