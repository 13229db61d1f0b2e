package access

import (
	"flag"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/rolewright/rolewright/reconcile/policy"
)

var symbolicBatches = flag.Int("symbolic", 3, "batches of symbolic policies to compare with evaluation of every request for every assignment")

// assignments lists values of the attributes x and y: none, each word, and each two for x.
func assignments(words []string) []map[string][]string {
	list := []map[string][]string{{}}
	for i, w := range words {
		list = append(list, map[string][]string{"x": {w}}, map[string][]string{"y": {w}})
		for _, u := range words[:i] {
			list = append(list, map[string][]string{"x": {u, w}}, map[string][]string{"x": {u}, "y": {w}}, map[string][]string{"x": {w}, "y": {u}})
		}
	}
	return list
}

// symbolicCounts is what TestSymbolic prints.
type symbolicCounts struct{ pairs, gained, none, undecided, evaluations int }

// TestSymbolic: what a symbolic comparison says is gained is gained for some values of the
// attributes, and what it says is not is not for any of those that are tried.
func TestSymbolic(t *testing.T) {
	var c symbolicCounts
	for batch := range max(1, *symbolicBatches/slow) {
		symbolicBatch(t, batch, &c)
	}
	t.Logf("%d pairs: %d gain, %d do not for any values, %d undecided; %d evaluations", c.pairs, c.gained, c.none, c.undecided, c.evaluations)
	if c.undecided*20 > c.pairs {
		t.Errorf("%d of %d pairs are undecided", c.undecided, c.pairs)
	}
}

// symbolicVocabulary has few patterns, since every assignment multiplies the requests.
func symbolicVocabulary(r *rand.Rand, batch int) vocabulary {
	v := newVocabulary(r, policy.DefaultSemantics())
	v.values, v.views, v.symbolic = nil, nil, true
	if batch%4 == 3 {
		v.sem.UnsetAttribute = policy.Everything
	}
	v.kinds = []string{"proj", "proj:env", "role"}
	if batch%2 == 0 {
		v.kinds = []string{"proj", "proj:env:flag"}
		v.tags = map[string][]string{"flag": {"a"}}
	}
	v.actions, v.vectors = []string{"*", "update*"}, map[string]string{}
	for typ := range v.keys {
		v.keys[typ] = []string{"a*"}
	}
	return v
}

func symbolicBatch(t *testing.T, batch int, c *symbolicCounts) {
	r := rand.New(rand.NewPCG(uint64(batch), 11))
	v := symbolicVocabulary(r, batch)
	words := []string{"a", "b", "c", "ab"}
	w := v.symbolicWorld(words)
	tries := assignments(words)
	var subjects []Subject
	var allowed [][][]bool // by subject, then by assignment
	for i := range 10 {
		s := v.subject(r)
		s.Symbolic = true
		if i%2 == 1 {
			s = v.edited(r, subjects[i-1])
		}
		subjects = append(subjects, s)
		var list [][]bool
		for _, a := range tries {
			list = append(list, w.allowed(withValues(s, a).Held, v.sem))
			c.evaluations += len(w.requests)
		}
		allowed = append(allowed, list)
	}
	e := New(v.sem, Budget{})
	for i := range subjects {
		for j := range subjects {
			d := e.Compare(subjects[i], subjects[j])
			if problem := c.check(d, gains(allowed[i], allowed[j])); problem != "" {
				t.Fatalf("batch %d: %s\nbefore: %s\nafter: %s", batch, problem, show(subjects[i]), show(subjects[j]))
			}
		}
	}
}

// gains reports whether some request is allowed after and not before, with the same values.
func gains(before, after [][]bool) bool {
	for k := range before {
		for n := range before[k] {
			if after[k][n] && !before[k][n] {
				return true
			}
		}
	}
	return false
}

// check returns what is wrong with a difference, or "".
func (c *symbolicCounts) check(d Difference, want bool) string {
	cells, _ := d.Gained.Cells()
	c.pairs++
	switch {
	case len(d.Undecided) > 0:
		c.undecided++
	case len(cells) > 0:
		c.gained++
	case want:
		return "a gain is overlooked"
	default:
		c.none++
	}
	for _, cell := range cells {
		if x, a := cell.Example(); a != Yes || !cell.proof(x) {
			return "a gain without example"
		}
	}
	return ""
}

// symbolicWorld has every key that the words can be.
func (v vocabulary) symbolicWorld(words []string) world {
	for typ := range v.keys {
		v.keys[typ] = append(slices.Clone(v.keys[typ]), words...)
	}
	v.keys["proj"] = append(v.keys["proj"], "ab*")
	return v.world()
}
