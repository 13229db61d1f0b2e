package access

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/role"
)

// told is all that a difference says: its parts with their examples, and what is not decided.
func told(d Difference) (lines []string) {
	for _, r := range []Region{d.Gained, d.Lost} {
		cells, _ := r.Cells()
		for _, c := range cells {
			x, a := c.Example()
			lines = append(lines, fmt.Sprint(c.Kind, c.Actions, x.Request, x.Attributes, a))
		}
		lines = append(lines, "")
	}
	return append(lines, fmt.Sprint(d.Undecided))
}

// TestLawOfAnew: an engine that takes over what another has read says word for word what a new one says.
func TestLawOfAnew(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		before, after := d.v.subject(d.r), d.v.subject(d.r)
		d.Compare(d.v.subject(d.r), after)
		d.Grants(before)
		want := told(New(d.v.sem, Budget{}).Compare(before, after))
		steady := New(d.v.sem, Budget{}).Steady()
		steady.Compare(d.v.subject(d.r), after)
		for _, e := range []*Engine{d.Anew(Budget{}), steady.Anew(Budget{})} {
			if diff := cmp.Diff(want, told(e.Compare(before, after))); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// TestReadsWhatIsWritten: an engine keeps what it has made of a role, and not of the memory that held it.
func TestReadsWhatIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		s := d.v.subject(d.r)
		if len(s.Held) == 0 || len(s.Held[0].Role.Policy) == 0 {
			return
		}
		d.Grants(s)
		now := Subject{Symbolic: s.Symbolic, Held: slices.Clone(s.Held)}
		now.Held[0].Role.Policy[0] = d.v.statement(d.r) // in the same place
		now.Held[0].Role.BasePermissions = role.Reader
		is, _ := d.Grants(now)
		want, _ := New(d.v.sem, Budget{}).Grants(now)
		cells, _ := is.Cells()
		wanted, _ := want.Cells()
		text := func(list []Cell) (lines []string) {
			for _, c := range list {
				for _, a := range c.Actions {
					lines = append(lines, fmt.Sprint(c.Kind, a))
				}
			}
			slices.Sort(lines)
			return lines
		}
		if diff := cmp.Diff(text(wanted), text(cells)); diff != "" {
			t.Fatal(diff)
		}
	})
}
