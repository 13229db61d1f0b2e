package access

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// TestBrief: the short answer is the long one's, whatever is tried first, and what it names is so.
func TestBrief(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		p := d.v.subject(d.r)
		q := d.v.edited(d.r, p)
		if sameSubject(p, q) {
			return // which is not looked at
		}
		long := d.Compare(p, q)
		short := d.Brief(p, q, nil, nil)
		checkBrief(t, d, p, q, long, short)
		var tried []policy.Request
		for _, pair := range [][2]Subject{{q, p}, {p, d.v.subject(d.r)}, {p, q}} {
			other := d.Brief(pair[0], pair[1], nil, nil)
			for _, x := range []*policy.Request{other.Gained, other.Lost} {
				if x != nil {
					tried = append(tried, *x)
				}
			}
		}
		checkBrief(t, d, p, q, long, d.Brief(p, q, tried, tried))
		if short.Gained != nil { // one that is known needs no reasoning
			again := New(d.sem, Budget{Steps: 1}).Brief(p, q, []policy.Request{*short.Gained}, nil)
			if d.sem.EnvironmentWide != policy.PerRole && again.Gained == nil {
				t.Fatalf("%v was tried and not taken\n%v\n%v", short.Gained, show(p), show(q))
			}
		}
	})
}

func checkBrief(t *rapid.T, d drawn, p, q Subject, long Difference, short Brief) {
	t.Helper()
	gained, _ := long.Gained.Cells()
	lost, _ := long.Lost.Cells()
	if (len(gained) > 0) != (short.Gained != nil) || (len(lost) > 0) != (short.Lost != nil) || (len(long.Undecided) > 0) != (len(short.Undecided) > 0) {
		t.Fatalf("briefly %+v; at length %d gained, %d lost, %v\n%v\n%v", short, len(gained), len(lost), long.Undecided, show(p), show(q))
	}
	allowed := func(s Subject, x *policy.Request) bool { return policy.Evaluate(s.Held, *x, d.sem).Allowed }
	if x := short.Gained; x != nil && (allowed(p, x) || !allowed(q, x)) {
		t.Fatalf("%v is not gained\n%v\n%v", x, show(p), show(q))
	}
	if x := short.Lost; x != nil && (!allowed(p, x) || allowed(q, x)) {
		t.Fatalf("%v is not lost\n%v\n%v", x, show(p), show(q))
	}
}

// TestBriefDoubts: where the budget ends, a side is unknown only if nothing was found on it.
func TestBriefDoubts(t *testing.T) {
	before, after := policyOf(viewAll), colouring(9, clique(9))
	e := New(policy.DefaultSemantics(), Budget{Steps: 50})
	if d := e.Brief(before, after, nil, nil); d.Gained != nil || len(d.Undecided) == 0 {
		t.Errorf("%+v", d)
	}
	if same := e.Brief(before, before, nil, nil); same.Gained != nil || same.Lost != nil || len(same.Undecided) > 0 {
		t.Errorf("%+v", same)
	}
	sem := policy.DefaultSemantics()
	sem.EnvironmentWide = policy.PerRole
	more := policyOf(viewAll, allowing("updateOn", "proj/*:env/*:flag/*"))
	if d := New(sem, Budget{}).Brief(before, more, nil, nil); d.Gained == nil || d.Lost != nil || len(d.Undecided) > 0 {
		t.Errorf("%+v", d)
	}
}

// TestAllow: another budget is that of the questions from then on.
func TestAllow(t *testing.T) {
	e := New(policy.DefaultSemantics(), Budget{})
	e.Grants(colouring(9, clique(9)))
	for steps, open := range map[int]bool{1: true, 0: false} {
		e.Allow(Budget{Steps: steps})
		if d := e.Brief(policyOf(viewAll), colouring(9, clique(9)), nil, nil); (len(d.Undecided) > 0) != open {
			t.Errorf("%d steps: %+v", steps, d)
		}
	}
}

// TestFull: an engine is full when it has made many formulas, and its successor is not.
func TestFull(t *testing.T) {
	e := New(policy.DefaultSemantics(), Budget{})
	if e.Grants(colouring(9, clique(9))); e.Full() || len(e.nodes) < 100 {
		t.Errorf("full with %d formulas", len(e.nodes))
	}
	e.nodes = append(e.nodes, make([]node, mostFormulas)...)
	if !e.Full() || e.Anew(Budget{}).Full() {
		t.Errorf("%d formulas, and then %d", len(e.nodes), len(e.Anew(Budget{}).nodes))
	}
}
