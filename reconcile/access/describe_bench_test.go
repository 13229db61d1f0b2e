package access

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// TestDescribeSpeed describes the changes that one edit of a role makes, and bounds the median.
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
			e := New(policy.DefaultSemantics(), Budget{})
			b, a := holding(before), holding(after)
			d := e.Compare(b, a)
			if d.Verdict() == None {
				continue
			}
			start := time.Now()
			gained, lost := e.DescribeChange(b, a, d, Budget{})
			took = append(took, time.Since(start))
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
