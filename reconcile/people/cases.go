package people

import (
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A Case is members who hold the same policies.
type Case struct {
	Members []role.LiveMember // in the order of the account, at least one
	// Held are the policies, each once, and Paths how the first of the members holds each. Policies are
	// with the statements of their presets, which come first.
	Held  []policy.Held
	Paths []Path
	// Unknown is what the members hold of which nobody knows what it grants, in words. It can only add
	// to what is allowed.
	Unknown []string
}

// Cases puts the members of an account together who hold the same.
func Cases(a Account, o Options) []Case { return Read(a, o).Cases(a.Members) }

// A Reader reads an account once, to answer for many holdings.
type Reader struct{ *directory }

// Read returns a reader of an account.
func Read(a Account, o Options) Reader { return Reader{newDirectory(a, newTable(o, a))} }

// Paths is [Account.Paths].
func (r Reader) Paths(m role.LiveMember) []Path { return r.paths(m) }

// Case returns what whoever holds roles by these paths holds, as a [Case] without members.
func (r Reader) Case(paths []Path) Case {
	h := r.holding(paths)
	return Case{Held: r.table.subject(h.numbers).Held, Paths: h.pathsOf(h.numbers), Unknown: h.unknown}
}

// Cases is [Cases] for some of the members of the account.
func (r Reader) Cases(members []role.LiveMember) []Case {
	var list []Case
	index := map[string]int{}
	for i := range members {
		h := r.of(&members[i])
		at, found := index[h.name()]
		if !found {
			at = len(list)
			index[h.name()] = at
			list = append(list, r.Case(h.paths))
		}
		list[at].Members = append(list[at].Members, members[i])
	}
	return list
}
