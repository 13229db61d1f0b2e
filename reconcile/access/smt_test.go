package access

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile/policy"
)

// smt writes the question "is there a request that makes f true" in SMT-LIB: keys are strings,
// patterns regular expressions, and a set of tags is as many strings as there are patterns for
// tags, each of which may be absent (empty).
func (e *Engine) smt(f ref) string {
	var b strings.Builder
	atoms := e.atomsIn(f, never-1)
	sets := map[int32]int{}
	for _, o := range atoms {
		sets[o.level]++
	}
	for level, n := range sets {
		segment, which := segmentOf(level)
		switch which {
		case levelKey:
			fmt.Fprintf(&b, "(declare-const k%d String)\n(assert (str.in_re k%d (re.+ %s)))\n", segment, segment, smtAlphabet(e.names))
		case levelTag, levelView:
			for i := range n {
				fmt.Fprintf(&b, "(declare-const t%d_%d String)\n(assert (str.in_re t%d_%d (re.* %s)))\n", level, i, level, i, smtAlphabet(e.keys))
			}
		case levelProp:
			fmt.Fprintf(&b, "(declare-const p%d Bool)\n", level)
		}
	}
	fmt.Fprintf(&b, "(assert %s)\n(check-sat)\n(reset)\n", e.smtTerm(f, sets))
	return b.String()
}

func (e *Engine) smtTerm(f ref, sets map[int32]int) string {
	if f == yes || f == no {
		return fmt.Sprint(f == yes)
	}
	text := ""
	if n := e.node(f); n.atom >= 0 {
		text = e.smtAtom(e.atoms[n.atom], sets)
	} else {
		var b strings.Builder
		for _, part := range e.parts(f) {
			b.WriteString(" " + e.smtTerm(part, sets))
		}
		text = "(and" + b.String() + ")"
	}
	if f.negated() {
		return "(not " + text + ")"
	}
	return text
}

func (e *Engine) smtAtom(a *atom, sets map[int32]int) string {
	segment, which := segmentOf(a.level)
	switch which {
	case levelKey:
		return fmt.Sprintf("(str.in_re k%d %s)", segment, smtPattern(a.text))
	case levelProp:
		return fmt.Sprintf("p%d", a.level)
	}
	var b strings.Builder
	for i := range sets[a.level] {
		name := fmt.Sprintf("t%d_%d", a.level, i)
		fmt.Fprintf(&b, " (and (not (= %s \"\")) (str.in_re %s %s))", name, name, smtPattern(a.text))
	}
	return "(or" + b.String() + ")"
}

func smtPattern(pattern string) string {
	var b strings.Builder
	b.WriteString(`(re.++ (str.to_re "") (str.to_re "")`)
	for i, literal := range strings.Split(pattern, "*") {
		if i > 0 {
			b.WriteString(" re.all")
		}
		fmt.Fprintf(&b, " (str.to_re %q)", literal)
	}
	return b.String() + ")"
}

func smtAlphabet(al alphabet) string {
	var b strings.Builder
	b.WriteString(`(re.union (re.range "a" "z") (re.range "A" "Z") (re.range "0" "9")`)
	for _, c := range strings.Trim(string(al), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") {
		fmt.Fprintf(&b, " (str.to_re \"%c\")", c)
	}
	return b.String() + ")"
}

// TestSMT compares the solver with z3, which shares nothing with it.
func TestSMT(t *testing.T) {
	z3, err := exec.LookPath("z3")
	if err != nil {
		t.Skip("SKIPPED: z3 is not installed, the solver is not compared with it (Debian package z3)")
	}
	r := rand.New(rand.NewPCG(4, 4))
	var script strings.Builder
	script.WriteString("(set-option :timeout 2000)\n")
	var want []Answer
	got := map[Answer]int{}
	for got[Yes] < 80 || got[No] < 80 {
		v := newVocabulary(r, policy.DefaultSemantics())
		e := New(v.sem, Budget{})
		p := v.subject(r)
		for _, q := range e.queries(p, v.edited(r, p)) {
			s := solver{Engine: e}
			if a := s.solve(q); got[a] < 80 {
				got[a]++
				want = append(want, a)
				script.WriteString(e.smt(q))
			}
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, z3, "-in", "-t:2000")
	command.Stdin = strings.NewReader(script.String())
	out, err := command.Output()
	if err != nil {
		t.Fatalf("z3: %v\n%s", err, out)
	}
	lines := strings.Fields(string(bytes.TrimSpace(out)))
	if len(lines) != len(want) {
		t.Fatalf("z3 answers %d of %d queries: %.300s", len(lines), len(want), out)
	}
	counts := map[string]int{}
	for i, line := range lines {
		counts[line]++
		if line == "sat" && want[i] != Yes || line == "unsat" && want[i] != No {
			t.Errorf("query %d: the solver says %v, z3 says %s", i, want[i], line)
		}
	}
	t.Logf("%d queries: z3 says %v", len(want), counts)
	if counts["sat"] < 60 || counts["unsat"] < 60 {
		t.Errorf("too few queries are decided by z3: %v", counts)
	}
}

// queries returns what is gained and lost for each group of actions, where it is not settled at
// first sight.
func (e *Engine) queries(before, after Subject) (list []ref) {
	e.Refill()
	b, a := e.compile(before), e.compile(after)
	for _, kind := range kindsOf(b, a) {
		had, has := e.kind(b, kind).formula, e.kind(a, kind).formula
		atoms := e.actionAtoms(had, has)
		for _, group := range e.groups(kind, atoms, everyAction) {
			x, y := e.forAction(had, atoms, group.one()), e.forAction(has, atoms, group.one())
			for _, f := range []ref{e.minus(x, y), e.minus(y, x)} {
				if f != yes && f != no {
					list = append(list, f)
				}
			}
		}
	}
	return list
}
