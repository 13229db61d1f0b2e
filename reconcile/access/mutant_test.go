package access

import (
	"flag"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/internal/seeded"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

var mutantsToo = flag.Bool("mutants", false, "build the engine with each seeded fault and see that the tests fail")

// The seeded faults of the engine: one wrong piece of text each.
var mutants = []seeded.Fault{
	{"a disjunction is true if a part of it is known to be false", "formula.go", "s.mark[part^1] == round", "s.mark[part] == round"},
	{"what b excludes is added", "formula.go", "terms[i] = s.and(a, part.not())", "terms[i] = s.and(a, part)"},
	{"the last part of a disjunction loses its sign", "formula.go", "return rest[0].not()", "return rest[0]"},
	{"restricted formulas lose their sign", "restrict.go", "e.visit[at], e.result[at] = e.epoch, r\n\treturn r ^ sign", "e.visit[at], e.result[at] = e.epoch, r\n\treturn r"},
	{"signs are not carried down", "restrict.go", "e.collect(e.kids[i]^(f&1), top)", "e.collect(e.kids[i], top)"},
	{"a proof outlives the budget that ended it", "solve.go", "if s.steps > 0 {\n\t\ts.setUnsat(f)", "if true {\n\t\ts.setUnsat(f)"},
	{"out of budget is a no", "solve.go", "case s.steps > 0:\n\t\treturn No", "case true:\n\t\treturn No"},
	{"the last part of a disjunction is not tried", "solve.go", "for i := range n {", "for i := range n - 1 {"},
	{"tags of one sign are taken as independent", "branch.go", "o.positive != o.negative && t.free(o.atom, found)", "o.positive != o.negative"},
	{"only one value is tried", "branch.go", "[]bool{value, !value}", "[]bool{value}"},
	{"atoms of one sign get the other", "branch.go", "return o.atom, o.positive, true", "return o.atom, !o.positive, true"},
	{"a key has to fail one pattern only", "theory.go", "case !c.atom.free:", "case !c.atom.free && len(neg) == 0:"},
	{"a key is kept that no longer fits", "theory.go", "a.words.matches(word) != value", "a.words.matches(word) == value"},
	{"a tag is kept that must not be", "theory.go", "if c.value && !a.free &&", "if c.value && a.free &&"},
	{"a tag is forgotten when there is no better one", "theory.go", "if found {\n\t\tc.word = word", "if true {\n\t\tc.word = word"},
	{"a literal tag is tied to no pattern", "theory.go", "(b.words.form != literal || b.free)", "b.free"},
	{"the wider pattern makes the narrower true", "theory.go", "newLanguage(before2).matches(before) && newLanguage(after2).matches(after)", "newLanguage(before).matches(before2) && newLanguage(after).matches(after2)"},
	{"keys outside all patterns are forgotten", "keys.go", "slices.Clone(avoid), []*language{e.language(\"*\")}", "slices.Clone(avoid), []*language{}"},
	{"keys that are named are forgotten", "keys.go", "classes = append(classes, class{l.text, l.text})", "_ = classes"},
	{"unknown values match wherever they can", "keys.go", "!matches || !o.free", "true"},
	{"notResources is resources", "compile.go", "return match.not()", "return match"},
	{"same kind is any other kind", "compile.go", "s.sameKind && !named", "s.sameKind && named"},
	{"the project itself needs no view", "compile.go", "(inProject(kind) || kind == \"proj\")", "inProject(kind)"},
	{"denies are not read", "compile.go", "rest = append(rest, whole.not())", "_ = rest"},
	{"any role's view serves", "compile.go", "e.and(p.roles[i], p.projects[i])", "e.and(p.roles[i], e.or(p.projects...))"},
	{"critical is not critical", "compile.go", "return a.self.not()", "return a.self"},
	{"everything has tags", "compile.go", "if !found || t.Tags {", "if true {"},
	{"notActions is actions", "compile.go", "e.actionsIn(s.NotActions).not()", "e.actionsIn(s.NotActions)"},
	{"one selector is enough", "compile.go", "entry.ref = e.and(parts...)", "entry.ref = e.or(parts...)"},
	{"no values is everything", "attribute.go", "case len(given) == 0 && e.sem.UnsetAttribute == policy.Everything:", "case len(given) == 0:"},
	{"actions that nobody knows are forgotten", "action.go", "range e.otherClasses(typ, globs, seen)", "range e.otherClasses(typ, globs, seen)[:0]"},
	{"actions of other types can be asked", "action.go", "(known || !e.sem.Foreign(typ, text))", "(known || true)"},
	{"actions that nobody knows may be those of other types", "action.go", "case e.sem.Foreign(typ, c.word):", "case false:"},
	{"actions that nobody knows may be known", "action.go", "case listed[c.word] && !all:", "case false && !all:"},
	{"what is new does not count as changed", "compare.go", "count[p]--", "count[p] = 0"},
	{"actions are told apart by some statements only", "compare.go", "name[i/8] |= 1 << (i % 8)", "name[i/8] |= 1"},
	{"the other environment is the same", "describe_wide.go", "if segment != from {", "if segment >= 0 {"},
	{"two environments have one key", "describe_wide.go", "other, w.sameKey(p, other).not()", "other"},
	{"a partial match is forgotten", "word.go", "p = start + l.fail[p]", "p = start"},
	{"examples are not put to the evaluator", "example.go", "if p(x) {", "if p(x) || true {"},
}

// TestMutantsAreCurrent: each fault has its place in the engine.
func TestMutantsAreCurrent(t *testing.T) {
	seeded.Current(t, mutants)
	t.Logf("%d seeded faults; -mutants builds them", len(mutants))
}

// TestMutants builds the comparisons with each fault in turn. A fault that no test sees would be a hole
// in the tests. It takes minutes, so it runs on demand.
func TestMutants(t *testing.T) {
	if !*mutantsToo {
		t.Skip("SKIPPED: run with -mutants")
	}
	const comparisons = "^(TestExhaustive|TestSymbolic|TestUndecided|TestBudget|TestFindWord|TestSymbolicAnswers|TestForeign|TestKnownByPatterns|TestReach|TestReachOfKeys|TestSolver|TestSets|TestLanguage|FuzzSolve)$"
	seeded.Caught(t, mutants, "-timeout", "600s", "-run", comparisons, ".", "-pairs", "15000")
}

// The wrong readings of the policy language: an evaluator that read policies so would not agree
// with the engine.
var misreadings = []struct {
	name string
	role func(role.Role) role.Role
	sem  func(*policy.Semantics)
}{
	{name: "denies do nothing", role: eachStatement(func(s role.Statement) []role.Statement {
		if s.Effect == role.Deny {
			return nil
		}
		return []role.Statement{s}
	})},
	{name: "a deny grants", role: eachStatement(func(s role.Statement) []role.Statement {
		s.Effect = role.Allow
		return []role.Statement{s}
	})},
	{name: "notResources is resources", role: eachStatement(func(s role.Statement) []role.Statement {
		if len(s.NotResources) > 0 {
			s.Resources, s.NotResources = s.NotResources, nil
		}
		return []role.Statement{s}
	})},
	{name: "notActions is actions", role: eachStatement(func(s role.Statement) []role.Statement {
		if len(s.NotActions) > 0 {
			s.Actions, s.NotActions = s.NotActions, nil
		}
		return []role.Statement{s}
	})},
	{name: "selectors are not read", role: eachSpecifier(func(text string) []string { return []string{withoutSelectors(text)} })},
	{name: "one of several selectors is enough", role: eachSpecifier(eitherSelector)},
	{name: "critical is not critical", role: eachSpecifier(func(text string) []string {
		return []string{strings.NewReplacer("critical:true", "critical:false", "critical:false", "critical:true").Replace(text)}
	})},
	{name: "only the first resource counts", role: eachStatement(func(s role.Statement) []role.Statement {
		s.Resources, s.NotResources = s.Resources[:min(1, len(s.Resources))], s.NotResources[:min(1, len(s.NotResources))]
		return []role.Statement{s}
	})},
	{name: "base permissions are not read", role: func(r role.Role) role.Role {
		r.BasePermissions = role.NoAccess
		return r
	}},
	{name: "the last statement wins", role: func(r role.Role) role.Role {
		r.Policy = r.Policy[len(r.Policy)-1:]
		return r
	}},
	{name: "notResources stays in its kind", sem: func(sem *policy.Semantics) { sem.NotResources = policy.SameKind }},
	{name: "nothing needs a view", sem: func(sem *policy.Semantics) { sem.ViewPrecondition = false }},
	{name: "the same role must let be viewed", sem: func(sem *policy.Semantics) { sem.ViewFrom = policy.SameRole }},
	{name: "an attribute without values is everything", sem: func(sem *policy.Semantics) { sem.UnsetAttribute = policy.Everything }},
	{name: "letter case does not count", sem: func(sem *policy.Semantics) { sem.CaseSensitive = false }},
	{name: "actions of other types can be asked", sem: func(sem *policy.Semantics) { sem.ForeignActions = policy.AnyRequest }},
	{name: "readers may make tokens", sem: func(sem *policy.Semantics) { sem.ReaderActions = policy.ReaderViewsTokens }},
}

func eachStatement(change func(role.Statement) []role.Statement) func(role.Role) role.Role {
	return func(r role.Role) role.Role {
		var list []role.Statement
		for _, s := range r.Policy {
			list = append(list, change(s)...)
		}
		r.Policy = list
		return r
	}
}

func eachSpecifier(change func(string) []string) func(role.Role) role.Role {
	all := func(texts []string) (list []string) {
		for _, text := range texts {
			list = append(list, change(text)...)
		}
		return list
	}
	return eachStatement(func(s role.Statement) []role.Statement {
		s.Resources, s.NotResources = all(s.Resources), all(s.NotResources)
		return []role.Statement{s}
	})
}

func withoutSelectors(text string) string {
	spec, err := policy.Parse(text)
	if err != nil {
		return text
	}
	for i := range spec.Segments {
		spec.Segments[i].Selectors = nil
	}
	return spec.String()
}

// eitherSelector takes "a,b" for a or b in the last segment.
func eitherSelector(text string) []string {
	spec, err := policy.Parse(text)
	if err != nil || len(spec.Segments[len(spec.Segments)-1].Selectors) < 2 {
		return []string{text}
	}
	var list []string
	last := &spec.Segments[len(spec.Segments)-1]
	for _, s := range last.Selectors {
		last.Selectors = []policy.Selector{s}
		list = append(list, spec.String())
	}
	return list
}

// TestMisreadings: the comparison with evaluation tells each wrong reading from the right one.
func TestMisreadings(t *testing.T) {
	for _, m := range misreadings {
		caught := false
		for batch := uint64(0); !caught && batch < 300; batch++ {
			caught = misread(m.role, m.sem, batch)
		}
		if !caught {
			t.Errorf("not seen: %s", m.name)
		}
	}
	t.Logf("%d wrong readings, each is seen", len(misreadings))
}

func misread(change func(role.Role) role.Role, switches func(*policy.Semantics), batch uint64) bool {
	r := rand.New(rand.NewPCG(batch, 9))
	v := newVocabulary(r, policy.DefaultSemantics())
	w := v.world()
	if len(w.requests) > 4000 {
		return false
	}
	wrong := v.sem
	if switches != nil {
		switches(&wrong)
	}
	e, nothing := New(v.sem, Budget{}), make([]bool, len(w.requests))
	for range 8 {
		s := v.subject(r)
		held := slices.Clone(s.Held)
		for i := range held {
			if change != nil {
				held[i].Role = change(held[i].Role.Clone())
			}
		}
		granted, _ := e.Grants(s)
		if checkRegion(v, w, granted, w.allowed(held, wrong), nothing, &counts{}, true) != "" {
			return true
		}
	}
	return false
}
