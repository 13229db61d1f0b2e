package policy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestTogether: roles that were read one by one are what they are read all at once, whatever their place
// and their role attributes were when they were read.
func TestTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sem, held := drawSemantics(t), drawAllHeld(t)
		var read []*Evaluator
		for _, h := range held {
			h.Role.Key, h.Through, h.Attributes = "read", "elsewhere", nil
			read = append(read, NewEvaluator([]Held{h}, sem))
		}
		req := drawRequest(t)
		if all := NewEvaluator(held, sem); all.Allows(req) != all.Evaluate(req).Allowed {
			t.Fatalf("%s: to be asked for reasons changes the answer", req)
		}
		if diff := cmp.Diff(Evaluate(held, req, sem), Together(held, read, sem).Evaluate(req)); diff != "" {
			t.Fatal(diff)
		}
	})
}
