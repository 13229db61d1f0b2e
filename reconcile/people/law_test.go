package people

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// An organisation is a small account before and after a change.
type organisation struct {
	before, after Account
	o             Options
	r             *rand.Rand
}

func drawOrganisation(t *rapid.T) organisation {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	before := smallAccount(r)
	o := Options{Semantics: someSemantics(rapid.IntRange(0, 5).Draw(t, "semantics")), Described: -1}
	return organisation{before, moved(r, before), o, r}
}

func byEmail(effects []Effect) map[string]Effect {
	m := map[string]Effect{}
	for _, e := range effects {
		m[e.Email] = e
	}
	return m
}

// TestLawOfEffects compares what Effects says with every request of the world.
func TestLawOfEffects(t *testing.T) {
	verdicts := map[access.Verdict]int{}
	rapid.Check(t, func(t *rapid.T) {
		org := drawOrganisation(t)
		effects, counts := Effects(org.before, org.after, org.o)
		found := byEmail(effects)
		requests := world(org.o.Semantics)
		for i, m := range org.before.Members {
			had, has := holdings(org.before, m), holdings(org.after, org.after.Members[i])
			b, a := allowedIn(requests, had, org.o.Semantics), allowedIn(requests, has, org.o.Semantics)
			want := wanted(b, a)
			e, touched := found[m.Email]
			if !touched {
				e.Verdict = access.None
			}
			if e.Verdict != want {
				t.Fatalf("%s: %v, want %v (touched: %v) %v\nbefore %+v\nafter %+v", m.Email, e.Verdict, want, touched, e.Undecided, had, has)
			}
			replay(t, e.Gained.Example, has, had, org.o.Semantics)
			replay(t, e.Lost.Example, had, has, org.o.Semantics)
			verdicts[want]++
		}
		if counts.Members != 4 || counts.Touched != len(effects) || counts.Affected()+counts.None+counts.Undecided != len(effects) {
			t.Fatalf("%+v for %d effects", counts, len(effects))
		}
	})
	for _, v := range []access.Verdict{access.None, access.Gains, access.Loses, access.Both} {
		if verdicts[v] == 0 {
			t.Errorf("no case of %q: %v", v, verdicts)
		}
	}
	t.Log(verdicts)
}

func wanted(before, after []bool) access.Verdict {
	gains, loses := false, false
	for i := range before {
		gains = gains || after[i] && !before[i]
		loses = loses || before[i] && !after[i]
	}
	switch {
	case gains && loses:
		return access.Both
	case gains:
		return access.Gains
	case loses:
		return access.Loses
	}
	return access.None
}

// replay puts an example to the evaluator: allowed on the one side only.
func replay(t *rapid.T, example string, yes, no []policy.Held, sem policy.Semantics) {
	t.Helper()
	if example == "" {
		return
	}
	req := parsed(example)
	if !policy.Evaluate(yes, req, sem).Allowed || policy.Evaluate(no, req, sem).Allowed {
		t.Fatalf("the example %q is none", example)
	}
}

// TestLawOfSides: the change back does the opposite, and members do not depend on each other or on
// the order of things.
func TestLawOfSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		org := drawOrganisation(t)
		effects, _ := Effects(org.before, org.after, org.o)
		there := byEmail(effects)
		effects, _ = Effects(shuffled(org.r, org.after), shuffled(org.r, org.before), org.o)
		back := byEmail(effects)
		if len(back) != len(there) {
			t.Fatalf("%d effects there, %d back", len(there), len(back))
		}
		for email, e := range there {
			if b := back[email]; b.Verdict != opposite(e.Verdict) || b.Changed != e.Changed || b.Pending != e.Pending {
				t.Fatalf("%s: %+v there, %+v back", email, e, b)
			}
		}
		for i, m := range org.before.Members {
			before, after := org.before, org.after
			before.Members, after.Members = before.Members[i:i+1], after.Members[i:i+1]
			alone, _ := Effects(before, after, org.o)
			e, touched := there[m.Email]
			if (len(alone) > 0) != touched || touched && (alone[0].Verdict != e.Verdict || alone[0].FallsBack != e.FallsBack) {
				t.Fatalf("%s: %+v among others, %+v alone", m.Email, e, alone)
			}
		}
	})
}

func opposite(v access.Verdict) access.Verdict {
	switch v {
	case access.Gains:
		return access.Loses
	case access.Loses:
		return access.Gains
	}
	return v
}

func shuffled(r *rand.Rand, a Account) Account {
	a = Account{slices.Clone(a.Roles), slices.Clone(a.Members), slices.Clone(a.Teams)}
	r.Shuffle(len(a.Roles), func(i, j int) { a.Roles[i], a.Roles[j] = a.Roles[j], a.Roles[i] })
	r.Shuffle(len(a.Members), func(i, j int) { a.Members[i], a.Members[j] = a.Members[j], a.Members[i] })
	r.Shuffle(len(a.Teams), func(i, j int) { a.Teams[i], a.Teams[j] = a.Teams[j], a.Teams[i] })
	return a
}

// withStrangers gives somebody a role that the account does not list, before, after or both.
func withStrangers(r *rand.Rand, a Account) Account {
	a.Members, a.Teams = slices.Clone(a.Members), slices.Clone(a.Teams)
	for i := range a.Members {
		if r.IntN(2) == 0 {
			a.Members[i].Strangers = []string{pick(r, []string{"s0", "s1"})}
		}
	}
	if r.IntN(2) == 0 {
		a.Teams[0].CustomRoles = append(slices.Clone(a.Teams[0].CustomRoles), "s1")
	}
	return a
}

// TestLawOfStrangers: whatever a role grants that the account does not list, what was said without
// knowing it holds.
func TestLawOfStrangers(t *testing.T) {
	seen := map[access.Verdict]int{}
	sides := 0
	rapid.Check(t, func(t *rapid.T) {
		org := drawOrganisation(t)
		before, after := withStrangers(org.r, org.before), org.after
		if org.r.IntN(3) > 0 {
			after.Members, after.Teams = slices.Clone(after.Members), slices.Clone(after.Teams)
			for i := range after.Members {
				after.Members[i].Strangers = before.Members[i].Strangers
			}
			after.Teams[0].CustomRoles = append(slices.Clone(after.Teams[0].CustomRoles), before.Teams[0].CustomRoles...)
		}
		said, _ := Effects(before, after, org.o)
		for range 2 {
			strangers := []role.Live{smallRole(org.r, "s0"), smallRole(org.r, "s1")}
			known, knownAfter := before, after
			known.Roles, knownAfter.Roles = slices.Concat(before.Roles, strangers), slices.Concat(after.Roles, strangers)
			for _, e := range said {
				m, was := memberOf(before, e.Email), memberOf(after, e.Email)
				had, has := holdings(known, m), holdings(knownAfter, was)
				replay(t, e.Gained.Example, has, had, org.o.Semantics)
				replay(t, e.Lost.Example, had, has, org.o.Semantics)
				requests := world(org.o.Semantics)
				truth := wanted(allowedIn(requests, had, org.o.Semantics), allowedIn(requests, has, org.o.Semantics))
				if e.Verdict != access.Unsure && e.Verdict != truth {
					t.Fatalf("%s: %v was said, %v is true\nbefore %+v\nafter %+v", e.Email, e.Verdict, truth, had, has)
				}
				if len(m.Strangers)+len(was.Strangers) > 0 {
					seen[e.Verdict]++
				}
				if e.Verdict == access.Unsure && e.Gained.Example+e.Lost.Example != "" {
					sides++
				}
			}
		}
	})
	if !testing.Short() && (seen[access.Unsure] == 0 || seen[access.None] == 0 || sides == 0) {
		t.Errorf("the cases are too few: %v, %d with one side known", seen, sides)
	}
	t.Log(seen, sides)
}

func memberOf(a Account, email string) role.LiveMember {
	return a.Members[slices.IndexFunc(a.Members, func(m role.LiveMember) bool { return m.Email == email })]
}

// TestLawOfQuestions compares the answers about a box with every request of the box in the world.
func TestLawOfQuestions(t *testing.T) {
	answers := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		org := drawOrganisation(t)
		a, o := org.before, org.o
		text := pick(org.r, worldPatterns) + " on " + boxSpecifier(org.r)
		actions, spec, err := policy.ParseRequest(text)
		if err != nil {
			t.Skip(err)
		}
		box := access.Box{Actions: actions, Specifier: spec}
		inside := insideOf(box, o.Semantics)
		all := WhoCan(a, box, o)
		if len(all) != len(a.Members)+len(a.Teams) {
			t.Fatalf("%d answers", len(all))
		}
		for i, m := range a.Members {
			held := holdings(a, m)
			want := portion(allowedIn(inside, held, o.Semantics))
			full, err := Can(a, Who{Email: m.Email}, box, o)
			if err != nil || all[i].Answer != want || full.Answer != want {
				t.Fatalf("%s, %s: %v and %v, want %v (%v)\n%+v", text, m.Email, all[i], full, want, err, held)
			}
			for _, answer := range []Answer{all[i], full} {
				replay(t, answer.Allowed, held, nil, o.Semantics)
				if answer.Denied != "" && policy.Evaluate(held, parsed(answer.Denied), o.Semantics).Allowed {
					t.Fatalf("%s is allowed", answer.Denied)
				}
				if (answer.Allowed == "") != (len(answer.Grants) == 0) {
					t.Fatalf("%+v", answer)
				}
				grants(t, a, m, answer)
			}
			answers[want]++
		}
	})
	for _, v := range []string{access.SaysYes, access.SaysNo, access.SaysPartly} {
		if answers[v] == 0 {
			t.Errorf("no case of %q: %v", v, answers)
		}
	}
	t.Log(answers)
}

func boxSpecifier(r *rand.Rand) string {
	return pick(r, []string{
		"proj/*:env/*:flag/*", "proj/a:env/*:flag/*", "proj/*:env/*;{critical:true}:flag/*;t", "proj/b:env/*:flag/a",
		"proj/*", "proj/a", "role/*", "role/a", "proj/*:metric/*", "proj/a:env/a:flag/b",
	})
}

// insideOf returns the requests of the world in a box: those that are taken at their word if it is
// a single one.
func insideOf(box access.Box, sem policy.Semantics) []policy.Request {
	if r, err := policy.NewRequest(box.Actions[0], box.Specifier); err == nil {
		return []policy.Request{r}
	}
	sem.ViewPrecondition = false
	s := role.Statement{Effect: role.Allow, Actions: box.Actions, Resources: []string{box.Specifier.String()}}
	e := policy.NewEvaluator([]policy.Held{{Role: role.Role{Policy: []role.Statement{s}}}}, sem)
	return slices.DeleteFunc(world(sem), func(r policy.Request) bool { return !e.Allows(r) })
}

func portion(allowed []bool) string {
	yes, no := slices.Contains(allowed, true), slices.Contains(allowed, false)
	switch {
	case yes && no:
		return access.SaysPartly
	case yes:
		return access.SaysYes
	}
	return access.SaysNo
}

// grants looks at each ground: the member holds the role by that path, and the statement allows.
func grants(t *rapid.T, a Account, m role.LiveMember, answer Answer) {
	t.Helper()
	for _, g := range answer.Grants {
		if !slices.ContainsFunc(a.Paths(m), func(p Path) bool { return p.Role == g.Path.Role && p.Team == g.Path.Team && p.Base == g.Path.Base }) {
			t.Fatalf("%s does not hold %+v", m.Email, g.Path)
		}
		if g.Path.Base || g.Statement < 0 {
			continue
		}
		l := a.Roles[slices.IndexFunc(a.Roles, func(l role.Live) bool { return l.Key == g.Path.Role })]
		if effective(l).Policy[g.Statement].Effect != role.Allow {
			t.Fatalf("%+v does not allow", g)
		}
	}
}
