package access

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// TestDescribeSpeed describes the changes that one edit of a role makes, and bounds the median. Of
// each the best of three counts, as the machine is often shared.
func TestDescribeSpeed(t *testing.T) {
	if testing.Short() || slow > 1 {
		t.Skip("timing")
	}
	for _, n := range []int{5, 50, 200} {
		r := rand.New(rand.NewPCG(uint64(n), 3))
		var took []time.Duration
		lines, exact, longest := 0, 0, 0
		for len(took) < 60 {
			before := bigRole(r, n)
			after := edit(r, before)
			gained, lost, best := describeOnce(before, after)
			for range 2 {
				_, _, again := describeOnce(before, after)
				best = min(best, again)
			}
			if len(gained.Lines)+len(lost.Lines) == 0 {
				continue
			}
			took = append(took, best)
			lines += len(gained.Lines) + len(lost.Lines)
			longest = max(longest, len(gained.Lines)+len(lost.Lines))
			exact += b2i(gained.Exact && lost.Exact)
		}
		slices.Sort(took)
		if median := took[len(took)/2]; median > 50*time.Millisecond { // ten times what is aimed at
			t.Errorf("%d statements: the median is %v", n, median)
		}
		t.Logf("%d statements: %s; %.1f lines a change, %d at most; %d of %d exact", n, quantiles(took), float64(lines)/float64(len(took)), longest, exact, len(took))
	}
}

// describeOnce describes a change with a new engine, and takes the time without the comparison.
func describeOnce(before, after role.Role) (gained, lost Description, took time.Duration) {
	e, b, a := New(policy.DefaultSemantics(), Budget{}), holding(before), holding(after)
	d := e.Compare(b, a)
	start := time.Now()
	gained, lost = e.DescribeChange(b, a, d, Budget{})
	return gained, lost, time.Since(start)
}
