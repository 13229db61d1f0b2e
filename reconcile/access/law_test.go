package access

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// drawn is a vocabulary and a source of subjects made of it.
type drawn struct {
	*Engine
	v vocabulary
	r *rand.Rand
}

func draw(t *rapid.T) drawn {
	seed := rapid.Uint64().Draw(t, "seed")
	r := rand.New(rand.NewPCG(seed, 1))
	v := newVocabulary(r, semanticsFor(rapid.IntRange(0, 30).Draw(t, "semantics")))
	return drawn{New(v.sem, Budget{}), v, r}
}

func (d drawn) add(s Subject, effect role.Effect) Subject {
	s = Subject{Held: slices.Clone(s.Held), Symbolic: s.Symbolic}
	statement := d.v.statement(d.r)
	statement.Effect = effect
	s.Held[0].Role = s.Held[0].Role.Clone()
	s.Held[0].Role.Policy = append(s.Held[0].Role.Policy, statement)
	return s
}

func want(t *rapid.T, what string, d Difference, allowed ...Verdict) {
	t.Helper()
	if !slices.Contains(allowed, d.Verdict()) {
		t.Fatalf("%s: %v, want %v; undecided: %v", what, d.Verdict(), allowed, d.Undecided)
	}
}

func regionsEqual(t *rapid.T, what string, a, b Region) {
	t.Helper()
	if got := a.Equal(b); got != Yes {
		t.Fatalf("%s: equal: %v", what, got)
	}
}

func TestLawsOfChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		p, q := d.v.subject(d.r), d.v.subject(d.r)
		want(t, "nothing changed", d.Compare(p, p), None)
		there, back := d.Compare(p, q), d.Compare(q, p)
		regionsEqual(t, "gain(P,Q) and loss(Q,P)", there.Gained, back.Lost)
		regionsEqual(t, "loss(P,Q) and gain(Q,P)", there.Lost, back.Gained)
		want(t, "an allow is added", d.Compare(p, d.add(p, role.Allow)), None, Gains)
		want(t, "a deny is added", d.Compare(p, d.add(p, role.Deny)), None, Loses)
		more := Subject{Held: append(slices.Clone(p.Held), q.Held...)}
		want(t, "another role is held", d.Compare(p, more), None, Gains)
		want(t, "a role is taken away", d.Compare(more, p), None, Loses)
		create := d.Compare(Subject{}, p)
		want(t, "a role is created", create, None, Gains)
		all, _ := d.Grants(p)
		regionsEqual(t, "what a new role gives and what it grants", create.Gained, all)
	})
}

func TestLawsOfRegions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		a, _ := d.Grants(d.v.subject(d.r))
		b, _ := d.Grants(d.v.subject(d.r))
		c, _ := d.Grants(d.v.subject(d.r))
		for _, r := range []Region{a, b, c, a.And(b), a.Minus(b)} { // the same, part by part and at once
			cells, open := r.Cells()
			_, some := r.Example()
			if empty := r.Empty(); len(open) == 0 && (len(cells) > 0) != (empty == No) || empty == some {
				t.Fatalf("%d cells, empty %s, an example %s", len(cells), empty, some)
			}
		}
		regionsEqual(t, "and, or", a.And(b.Or(c)), a.And(b).Or(a.And(c)))
		regionsEqual(t, "minus twice", a.Minus(b).Minus(c), a.Minus(b.Or(c)))
		regionsEqual(t, "what is common and what is not", a.And(b).Or(a.Minus(b)), a)
		if a.And(b).Within(c) == Yes && a.Minus(b).Within(c) == Yes && a.Within(c) != Yes {
			t.Fatal("a part is outside, but none of its parts")
		}
		if a.Within(b) == Yes && b.Within(c) == Yes && a.Within(c) != Yes {
			t.Fatal("to be within is not transitive")
		}
		if x, answer := a.Minus(b).Example(); answer == No != (a.Within(b) == Yes) {
			t.Fatalf("example %v %v", x, answer)
		}
		cells, undecided := a.And(b).Cells()
		if a.And(b).Empty() == Yes != (len(cells) == 0) || len(undecided) > 0 {
			t.Fatalf("%d cells, %v", len(cells), undecided)
		}
	})
}

func TestNeutralRewrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		p := d.v.subject(d.r)
		q := Subject{Held: slices.Clone(p.Held)}
		for i := range q.Held {
			q.Held[i].Role = q.Held[i].Role.Clone()
			q.Held[i].Role.Policy = neutral(d.r, q.Held[i].Role.Policy)
		}
		d.r.Shuffle(len(q.Held), func(i, j int) { q.Held[i], q.Held[j] = q.Held[j], q.Held[i] })
		want(t, "a neutral rewrite of"+show(p)+"\nto"+show(q), d.Compare(p, q), None)
	})
}

// neutral splits lists over statements, repeats, cuts environments into critical and not, and
// shuffles. With notResources and notActions a list cannot be split over statements.
func neutral(r *rand.Rand, statements []role.Statement) []role.Statement {
	var list []role.Statement
	for _, s := range statements {
		switch n := r.IntN(5); {
		case n == 0 && len(s.Resources) > 0:
			for _, spec := range s.Resources {
				part := s.Clone()
				part.Resources = []string{spec}
				list = append(list, part)
			}
		case n == 1 && len(s.Actions) > 0:
			for _, action := range s.Actions {
				part := s.Clone()
				part.Actions = []string{action}
				list = append(list, part)
			}
		case n == 2:
			s = s.Clone()
			s.Resources, s.NotResources = splitAll(s.Resources), splitAll(s.NotResources)
			list = append(list, s)
		case n == 3:
			list = append(list, s, s)
		default:
			list = append(list, s)
		}
	}
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

func splitAll(specifiers []string) []string {
	var list []string
	for _, s := range specifiers {
		list = append(list, byEnvironment(s)...)
	}
	return list
}

// TestGlobToList: the known actions that a glob matches are not what the glob matches: it also
// has those that the catalogue lacks. Only these make the difference.
func TestGlobToList(t *testing.T) {
	var names []string
	flag, _ := policy.DefaultCatalogue().Type("flag")
	for _, a := range flag.Actions {
		if policy.MatchAction("update*", a.Name) {
			names = append(names, a.Name)
		}
	}
	flags := "proj/*:env/*:flag/*"
	list := role.Statement{Effect: role.Allow, Actions: names, Resources: []string{flags}}
	e := New(policy.DefaultSemantics(), Budget{})
	d := e.Compare(policyOf(viewAll, list), policyOf(viewAll, allowing("update*", flags)))
	cells, _ := d.Gained.Cells()
	if d.Verdict() != Gains || len(cells) != 1 || len(cells[0].Actions) != 1 {
		t.Fatalf("%v: %+v", d.Verdict(), cells)
	}
	if got, want := cells[0].Actions[0], (Action{Name: cells[0].Actions[0].Name, Class: "update*"}); got != want {
		t.Errorf("gained %+v, want %+v", got, want)
	}
	for _, test := range []struct {
		name          string
		before, after Subject
		want          Verdict
	}{
		{"the list and the glob", policyOf(viewAll, list, allowing("update*", flags)), policyOf(viewAll, allowing("update*", flags)), None},
		{"an action that the catalogue lacks", policyOf(viewAll), policyOf(viewAll, allowing("frobnicate", flags)), Gains},
		{"another name for it", policyOf(viewAll, allowing("frobnicate", flags)), policyOf(viewAll, allowing("frobnicated", flags)), Both},
		{"a type that the catalogue lacks", policyOf(allowing("*", "gadget/*")), policyOf(allowing("*", "gadget/a")), Loses},
		{"critical or not", policyOf(viewAll, allowing("*", "proj/*:env/*")), policyOf(viewAll, allowing("*", "proj/*:env/*;{critical:true}", "proj/*:env/*;{critical:false}")), None},
		{"a property that environments have not", policyOf(viewAll), policyOf(viewAll, allowing("*", "proj/*:env/*;{colour:red}")), None},
		{"a value that it has not", policyOf(viewAll), policyOf(viewAll, allowing("*", "proj/*:env/*;{critical:maybe}")), None},
		{"without viewProject nothing below is usable", policyOf(), policyOf(allowing("*", flags)), None},
		{"base permissions let it be viewed", holding(role.Role{BasePermissions: role.Reader}), holding(role.Role{BasePermissions: role.Reader, Policy: []role.Statement{allowing("updateOn", flags)}}), Gains},
		{"a deny beats base permissions", holding(role.Role{BasePermissions: role.Reader}), holding(role.Role{BasePermissions: role.Reader, Policy: []role.Statement{denying("viewProject", "proj/a")}}), Loses},
	} {
		if got := e.Compare(test.before, test.after).Verdict(); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// TestSubstitution: what does not change for any values of the attributes does not change for
// these.
func TestSubstitution(t *testing.T) {
	proved := 0
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t)
		d.v.values, d.v.symbolic = nil, true
		p := d.v.subject(d.r)
		q := d.v.edited(d.r, p)
		symbolic := d.Compare(Subject{Held: p.Held, Symbolic: true}, Subject{Held: q.Held, Symbolic: true})
		values := map[string][]string{}
		for _, name := range []string{"x", "y"} {
			for range d.r.IntN(3) {
				values[name] = append(values[name], one(d.r, wordsUpTo(2)))
			}
		}
		concrete := d.Compare(withValues(p, values), withValues(q, values))
		if len(symbolic.Undecided) > 0 {
			return
		}
		if gained, _ := symbolic.Gained.Cells(); len(gained) == 0 && (concrete.Verdict() == Gains || concrete.Verdict() == Both) {
			t.Fatalf("nothing is gained whatever the values are, but with %v%s\nto%s", values, show(p), show(q))
		}
		if lost, _ := symbolic.Lost.Cells(); len(lost) == 0 && (concrete.Verdict() == Loses || concrete.Verdict() == Both) {
			t.Fatalf("nothing is lost whatever the values are, but with %v%s\nto%s", values, show(p), show(q))
		}
		if symbolic.Verdict() == None {
			proved++
		}
	})
	t.Logf("%d proved for all values", proved)
}

func withValues(s Subject, values map[string][]string) Subject {
	s = Subject{Held: slices.Clone(s.Held)}
	for i := range s.Held {
		s.Held[i].Attributes = values
	}
	return s
}

// TestAttack: requests that no world lists do not refute "nothing changes" either: long keys, many
// tags, types and actions at random.
func TestAttack(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 2))
	none, attacks := 0, 0
	for seed := uint64(0); none < 400/slow; seed++ {
		v := newVocabulary(r, semanticsFor(int(seed%30)))
		e := New(v.sem, Budget{})
		p := v.subject(r)
		q := v.edited(r, p)
		d := e.Compare(p, q)
		if d.Verdict() != None {
			continue
		}
		none++
		before, after := policy.NewEvaluator(p.Held, v.sem), policy.NewEvaluator(q.Held, v.sem)
		for range 100 {
			attacks++
			if x := v.anyRequest(r); before.Evaluate(x).Allowed != after.Evaluate(x).Allowed {
				t.Fatalf("%s is not the same before and after%s\nto%s", x, show(p), show(q))
			}
		}
	}
	t.Logf("%d proofs that nothing changes, %d requests", none, attacks)
}

func (v vocabulary) anyRequest(r *rand.Rand) policy.Request {
	kinds := append(slices.Clone(v.kinds), v.kinds...)
	x := policy.Request{Action: one(r, append(slices.Clone(otherWords), "updateOn", "createFlag", "deleteFlag"))}
	if kind := one(r, append(kinds, allKinds...)); true {
		x.Resource = chainOf(kind)
	}
	word := func() string {
		b := make([]byte, 1+r.IntN(7))
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		return string(b)
	}
	for i := range x.Resource {
		part := &x.Resource[i]
		if part.Key != "" {
			part.Key = word()
		}
		for range r.IntN(5) {
			part.Tags, part.Views = append(part.Tags, word()), append(part.Views, word())
		}
		if part.Properties != nil {
			part.Properties["critical"] = one(r, []string{"true", "false"})
		}
	}
	return x
}
