package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/role"
)

// How an edited statement is found again.
//
// A statement has no name, and its place in the policy means nothing. So the two policies are
// first put into a form in which equal statements are equal text, and whatever stands in both is
// kept, wherever it stands. Only the rest was edited, added or removed. Of it, every old statement
// is compared with every new one; the most alike are paired first, and pairs that are not alike
// enough stay apart: one removed, one added.
//
// Alike means: the share of common elements among all elements, counted apart for actions and
// for resources, so that a statement that moved to other resources with its actions unchanged is
// as recognisable as one that kept its resources. Shares are whole thousandths and ties go to
// normal form, not to place: the same two policies give the same pairs on every machine and in
// every order.

// Likeness runs from 0 to 2000, a thousand for the actions and a thousand for the resources.
const (
	// otherEffect is what it costs if one allows and the other denies.
	otherEffect = 500
	// alikeEnough is where a pair begins: half of the actions, say, and other resources.
	alikeEnough = 500
)

// entry is a statement of a policy with its normal form, and that as text.
type entry struct {
	NumberedStatement
	normal role.Statement
	text   string
}

func diffStatements(before, after []role.Statement) StatementDiff {
	was, is := entries(before), entries(after)
	removed, added := without(was, is), without(is, was)
	d := StatementDiff{Kept: len(was) - len(removed), Changed: []StatementChange{}}
	for _, p := range pairs(removed, added) {
		d.Changed = append(d.Changed, changeOf(removed[p.was], added[p.is]))
		removed[p.was].text, added[p.is].text = "", ""
	}
	slices.SortFunc(d.Changed, func(a, b StatementChange) int { return cmp.Compare(a.After.Index, b.After.Index) })
	d.Removed, d.Added = unpaired(removed), unpaired(added)
	return d
}

// entries returns the different statements of a policy, each at its first place, sorted by normal
// form.
func entries(policy []role.Statement) []entry {
	list := make([]entry, len(policy))
	for i, s := range policy {
		normal := s.Normal()
		// %q quotes each element, so that different statements are different text.
		list[i] = entry{NumberedStatement{i, writtenStatement(s)}, normal, fmt.Sprintf("%q", normal)}
	}
	slices.SortFunc(list, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.text, b.text), cmp.Compare(a.Index, b.Index))
	})
	return slices.CompactFunc(list, func(a, b entry) bool { return a.text == b.text })
}

// without returns the entries of a that are not in b.
func without(a, b []entry) []entry {
	var rest []entry
	for _, e := range a {
		_, found := slices.BinarySearchFunc(b, e.text, func(e entry, text string) int { return cmp.Compare(e.text, text) })
		if !found {
			rest = append(rest, e)
		}
	}
	return rest
}

// pair is an old and a new statement, by index, and how alike they are.
type pair struct{ was, is, likeness int }

// pairs returns the pairs of old and new statements that are edits, the most alike first.
func pairs(was, is []entry) []pair {
	var candidates []pair
	for i, a := range was {
		for j, b := range is {
			if n := likeness(a.normal, b.normal); n >= alikeEnough {
				candidates = append(candidates, pair{i, j, n})
			}
		}
	}
	slices.SortStableFunc(candidates, func(a, b pair) int { return cmp.Compare(b.likeness, a.likeness) })
	takenWas, takenIs := make([]bool, len(was)), make([]bool, len(is))
	return slices.DeleteFunc(candidates, func(p pair) bool {
		if takenWas[p.was] || takenIs[p.is] {
			return true
		}
		takenWas[p.was], takenIs[p.is] = true, true
		return false
	})
}

// likeness compares two statements in normal form.
func likeness(a, b role.Statement) int {
	n := share(a.Actions, b.Actions, a.NotActions, b.NotActions) +
		share(a.Resources, b.Resources, a.NotResources, b.NotResources)
	if a.Effect != b.Effect {
		n -= otherEffect
	}
	return n
}

// share returns how many thousandths of the elements of a and b, and of notA and notB, are common.
func share(a, b, notA, notB []string) int {
	both := common(a, b) + common(notA, notB)
	all := len(a) + len(b) + len(notA) + len(notB) - both
	return 1000 * both / max(1, all)
}

// common counts the elements that two sorted lists without repetition have in common.
func common(a, b []string) int {
	n := 0
	for len(a) > 0 && len(b) > 0 {
		switch order := cmp.Compare(a[0], b[0]); {
		case order < 0:
			a = a[1:]
		case order > 0:
			b = b[1:]
		default:
			a, b, n = a[1:], b[1:], n+1
		}
	}
	return n
}

// unpaired returns the entries that still have their text, by place in the policy.
func unpaired(list []entry) []NumberedStatement {
	out := []NumberedStatement{}
	for _, e := range list {
		if e.text != "" {
			out = append(out, e.NumberedStatement)
		}
	}
	slices.SortFunc(out, func(a, b NumberedStatement) int { return cmp.Compare(a.Index, b.Index) })
	return out
}

func changeOf(was, is entry) StatementChange {
	a, b := was.Statement, is.Statement
	return StatementChange{
		Before: was.NumberedStatement,
		After:  is.NumberedStatement,
		Lists: slices.DeleteFunc([]ListChange{
			diffList("effect", []string{string(a.Effect)}, []string{string(b.Effect)}),
			diffList("actions", a.Actions, b.Actions),
			diffList("notActions", a.NotActions, b.NotActions),
			diffList("resources", a.Resources, b.Resources),
			diffList("notResources", a.NotResources, b.NotResources),
		}, func(l ListChange) bool { return len(l.Added) == 0 && len(l.Removed) == 0 }),
	}
}

// diffList compares two lists as sets and tells the difference in the order in which it is written.
func diffList(name string, before, after []string) ListChange {
	was, is := distinct(before), distinct(after)
	removed := minus(was, is)
	return ListChange{Name: name, Added: minus(is, was), Removed: removed, Kept: len(was) - len(removed)}
}

func distinct(list []string) []string {
	seen := make(map[string]bool, len(list))
	out := []string{}
	for _, s := range list {
		if !seen[s] {
			out = append(out, s)
		}
		seen[s] = true
	}
	return out
}

// minus returns the elements of a that are not in b.
func minus(a, b []string) []string {
	in := make(map[string]bool, len(b))
	for _, s := range b {
		in[s] = true
	}
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return in[s] })
}
