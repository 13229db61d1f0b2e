package people

import (
	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A Ledger reads what people hold in several states of an account, so that it can be compared.
type Ledger struct{ table *table }

// NewLedger returns a ledger. The accounts are some of the states; see [NewCensus].
func NewLedger(o Options, accounts ...Account) *Ledger { return &Ledger{newTable(o, accounts...)} }

// A Page is one state of an account.
type Page struct {
	*directory
	members map[string]role.LiveMember // by e-mail address without letter case
}

// Page reads a state of the account.
func (l *Ledger) Page(a Account) *Page {
	p := &Page{newDirectory(a, l.table), map[string]role.LiveMember{}}
	for _, m := range a.Members {
		p.members[role.FoldEmail(m.Email)] = m
	}
	return p
}

// A Holding is what somebody holds.
type Holding struct {
	holding
	table *table
}

// Of returns what a member or a team holds: nothing if there is none.
func (p *Page) Of(who Who) Holding {
	if who.Team != "" {
		if _, found := p.teams[who.Team]; !found {
			return Holding{p.holding(nil), p.table}
		}
		return Holding{p.holding(p.teamPaths(who.Team)), p.table}
	}
	m, found := p.members[role.FoldEmail(who.Email)]
	if !found {
		return Holding{p.holding(nil), p.table}
	}
	return p.OfMember(m)
}

// OfMember returns what somebody holds who need not be a member of the account.
func (p *Page) OfMember(m role.LiveMember) Holding {
	return Holding{p.holding(p.paths(m)), p.table}
}

// Name is the same for holdings of one ledger that give the same access.
func (h Holding) Name() string { return h.name() }

// Unknown lists what is held of which nobody knows what it grants, in words.
func (h Holding) Unknown() []string { return h.unknown }

// Subject is what is known to be held.
func (h Holding) Subject() access.Subject { return h.table.subject(h.numbers) }
