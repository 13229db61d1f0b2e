package access

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// TestDescribedAttributes reads the lines of symbolic changes with every value of the attributes
// put in, and compares them with the evaluation of every request.
func TestDescribedAttributes(t *testing.T) {
	described, exact, also, evaluations := 0, 0, 0, 0
	for batch := range max(2, 60/slow) {
		r := rand.New(rand.NewPCG(uint64(batch), 13))
		sem := policy.DefaultSemantics()
		if batch%4 == 3 {
			sem.UnsetAttribute = policy.Everything
		}
		v := newVocabulary(r, sem)
		v.values, v.symbolic, v.views, v.actions = nil, true, nil, []string{"*", "update*"}
		v.kinds = []string{"proj", "role"}
		for typ := range v.keys {
			v.keys[typ] = []string{one(r, []string{"a", "b", "a*"})}
		}
		words := []string{"a", "b", "c", "ab"}
		w := v.symbolicWorld(words)
		before, after := v.subject(r), v.subject(r)
		before.Symbolic, after.Symbolic = true, true
		e := New(v.sem, Budget{})
		gained, _ := e.DescribeChange(before, after, e.Compare(before, after), Budget{})
		described++
		exact += b2i(gained.Exact)
		for _, l := range gained.Lines {
			also += b2i(len(l.Also) > 0)
		}
		for _, values := range assignments(words) {
			b, a := withValues(before, values), withValues(after, values)
			in, out := w.allowed(a.Held, v.sem), w.allowed(b.Held, v.sem)
			evaluations += len(w.requests)
			if problem := describedRight(v.sem, w, gained, in, out, values); problem != "" {
				t.Fatalf("batch %d, %v, %v: %s\nbefore: %s\nafter: %s\ndescription: %v", batch, v.sem.Describe(), values, problem, show(before), show(after), gained.Lines)
			}
		}
	}
	t.Logf("%d changes of roles with attributes, %d exact, %d lines with a second specifier; %d requests evaluated", described, exact, also, evaluations)
	if !testing.Short() && exact*100 < described*95 {
		t.Errorf("only %d of %d are exact", exact, described)
	}
}

// TestDescribeIsDeterministic: on a new engine and on the same again, the same lines come out.
func TestDescribeIsDeterministic(t *testing.T) {
	for i := range 20 {
		r := rand.New(rand.NewPCG(uint64(i), 17))
		before := bigRole(r, 20)
		b, a := holding(before), holding(edit(r, before))
		texts := map[string]bool{}
		for range 2 {
			e := New(policy.DefaultSemantics(), Budget{})
			texts[report(e, b, a)] = true
			texts[report(e, b, a)] = true
		}
		if len(texts) != 1 {
			t.Errorf("%d different descriptions: %v", len(texts), texts)
		}
	}
}

// TestDescribeBudget: whatever the budget, the lines are right, and Exact is said only if they are
// all.
func TestDescribeBudget(t *testing.T) {
	inexact, exact := 0, 0
	for i := range 4 {
		r := rand.New(rand.NewPCG(uint64(i), 19))
		before := bigRole(r, 30)
		b, a := holding(before), holding(edit(r, edit(r, before)))
		for steps := 1; steps < 1<<22; steps *= 3 {
			e := New(policy.DefaultSemantics(), Budget{})
			d := e.Compare(b, a)
			for _, region := range []Region{d.Gained, d.Lost} {
				text := e.Describe(region, Budget{Steps: steps}, a, b)
				said := region.Minus(region)
				for _, l := range text.Lines {
					if l.Region().Within(region) != Yes {
						t.Fatalf("%d steps: %q is not in the region", steps, l)
					}
					said = said.Or(l.Region())
				}
				_, left := region.Minus(said).Example()
				if text.Exact && left != No {
					t.Fatalf("%d steps: said to be exact, but is not: %v", steps, text.Lines)
				}
				inexact += b2i(!text.Exact)
				exact += b2i(text.Exact)
			}
		}
	}
	t.Logf("%d exact, %d not", exact, inexact)
	if inexact == 0 || exact == 0 {
		t.Errorf("%d exact, %d not: the budgets try one case only", exact, inexact)
	}
}

// TestBlameLaws: who adds one allow is to blame for all that is gained, who adds one deny for all
// that is lost.
func TestBlameLaws(t *testing.T) {
	blamed := 0
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 23))
		before := bigRole(r, rapid.IntRange(2, 12).Draw(t, "statements"))
		after := before.Clone()
		after.Policy = append(after.Policy, bigStatement(r))
		e := New(policy.DefaultSemantics(), Budget{})
		b, a := holding(before), holding(after)
		d := e.Compare(b, a)
		gained, lost := e.DescribeChange(b, a, d, Budget{})
		want := []Blame{{After: true, Statement: len(before.Policy)}}
		for _, l := range slices.Concat(gained.Lines, lost.Lines) {
			blamed++
			if !reflect.DeepEqual(l.Because, want) {
				t.Fatalf("%q because %v, want %v", l, l.Because, want)
			}
		}
		back := e.Compare(a, b)
		gained, lost = e.DescribeChange(a, b, back, Budget{})
		want[0].After = false
		for _, l := range slices.Concat(gained.Lines, lost.Lines) {
			if !reflect.DeepEqual(l.Because, want) {
				t.Fatalf("back: %q because %v, want %v", l, l.Because, want)
			}
		}
	})
	t.Logf("%d lines", blamed)
}

func TestBlame(t *testing.T) {
	const flags = "proj/web:env/*:flag/*"
	view := "allow viewProject on proj/*\n"
	many := view
	for range maxBlamed + 1 {
		many += "allow updateOn, a" + strings.Repeat("a", len(many)) + " on " + flags + "\n"
	}
	tests := []struct {
		name, before, after, want string
		reverse                   bool
	}{
		{name: "two that stand in for each other", before: view, after: view + "allow updateOn on " + flags + "\nallow updateOn on " + flags + " + " + flags + ";a", want: " after:2 after:3"},
		{name: "base permissions", before: view, after: "reader\n" + view, want: " after:0"},
		{name: "the view of the project", before: "allow updateOn on " + flags, after: "allow updateOn on " + flags + "\nallow viewProject on proj/web", want: " after:2"},
		{name: "the view, and what it is for", before: "", after: "allow updateOn on " + flags + "\nallow viewProject on proj/web", want: " after:1 after:2"},
		{name: "a malformed statement is nobody's", before: view, after: "allow  on \n" + view + "allow updateOn on " + flags, want: " after:3"},
		{name: "more than are tried one by one", before: view, after: many, want: " after:2 after:3 after:4 after:5 after:6 after:7 after:8 after:9 after:10 after:11 after:12 after:13 after:14 after:15 after:16 after:17 after:18"},
		{name: "a loss: an allow that is gone", before: view + "allow updateOn on " + flags, after: view, want: " before:2", reverse: true},
		{name: "a loss: base permissions", before: "reader\n" + view, after: view, want: " before:0", reverse: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := New(policy.DefaultSemantics(), Budget{})
			before, after := subjectOf(tt.before, false), subjectOf(tt.after, false)
			d := e.Compare(before, after)
			region, blame := d.Gained, e.BlameGain
			if tt.reverse {
				region, blame = d.Lost, e.BlameLoss
			}
			if tt.name == "more than are tried one by one" {
				region = region.And(e.Box(Box{Actions: []string{"updateOn"}, Specifier: mustParse(t, flags)}))
			}
			if tt.name == "the view, and what it is for" {
				region = region.And(e.Box(Box{Actions: []string{"*"}, Specifier: mustParse(t, flags)}))
			}
			if got := blameText(blame(before, after, region)); got != tt.want {
				t.Errorf("because%s, want%s", got, tt.want)
			}
		})
	}
}

// TestMeetPatterns compares with the words that both match.
func TestMeetPatterns(t *testing.T) {
	words := wordsUpTo(6)
	pairs := 0
	for _, p := range patternsUpTo(3) {
		for _, q := range patternsUpTo(4) {
			met, ok := meetPatterns(p, q)
			pairs++
			both := 0
			for _, w := range words {
				want := policy.Pattern(p).Match(w) && policy.Pattern(q).Match(w)
				both += b2i(want)
				got := slices.ContainsFunc(met, func(m string) bool { return policy.Pattern(m).Match(w) })
				if ok && got != want || !ok && got && !want {
					t.Fatalf("%q and %q have %q in common, wrong for %q", p, q, met, w)
				}
			}
			if !ok && both > 0 && len(met) <= maxMeet {
				t.Fatalf("%q and %q: nothing in common, but %d words", p, q, both)
			}
		}
	}
	t.Logf("%d pairs of patterns, %d words", pairs, len(words))
	for _, pair := range [][2]string{
		{"${roleAttribute/x}", "a"},
		{"*a*b*c*", "*d*e*f*"},
		{strings.Repeat("*a", 20), strings.Repeat("*b", 20)},
	} {
		if met, ok := meetPatterns(pair[0], pair[1]); ok {
			t.Errorf("%q and %q: %q, want none", pair[0], pair[1], met)
		}
	}
}

func TestLineJSON(t *testing.T) {
	e := New(policy.DefaultSemantics(), Budget{})
	before, after := subjectOf("", true), subjectOf("allow createRole on role/a*\ndeny * on role/ab", true)
	gained, lost := e.DescribeChange(before, after, e.Compare(before, after), Budget{})
	for want, d := range map[string]Description{
		`{"lines":[{"actions":["createRole"],"resources":["role/a*"],"except":["role/ab"],"example":"createRole on role/ax","newActions":false,"because":[{"after":true,"statement":0}]}],"exact":true}`: gained,
		`{"lines":[],"exact":true}`: lost,
	} {
		got, err := json.Marshal(d)
		if err != nil || string(got) != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
}

// TestDescribeGrants describes what a role grants at all, as "explain" does.
func TestDescribeGrants(t *testing.T) {
	e := New(policy.DefaultSemantics(), Budget{})
	s := Subject{Held: []policy.Held{{
		Role: role.Role{Policy: []role.Statement{
			statementOf("allow viewProject on proj/${roleAttribute/projects}"),
			statementOf("allow update* on proj/*:env/*:flag/${roleAttribute/team}-*;${roleAttribute/team},view:${roleAttribute/team}"),
			statementOf("allow updateOn on not-a-specifier/:"),
		}},
		Attributes: map[string][]string{"projects": {"web", "api", "not;a;key"}, "team": {"red"}},
		Through:    "team red",
	}}}
	granted, _ := e.Grants(s)
	d := e.Describe(granted, Budget{}, s)
	var got []string
	for _, l := range d.Lines {
		got = append(got, l.String())
	}
	want := []string{
		"update* on proj/web:env/*:flag/red-*;red,view:red, proj/api:env/*:flag/red-*;red,view:red",
		"viewProject on proj/web, proj/api",
	}
	if !d.Exact || !slices.Equal(got, want) {
		t.Errorf("exact %v, %q, want %q", d.Exact, got, want)
	}
}

// TestDescribeLimits: where the words do not suffice, what is left over is shown.
func TestDescribeLimits(t *testing.T) {
	var many, names []string
	for i := range 70 {
		names = append(names, fmt.Sprintf("n%d", i))
	}
	for _, name := range names[:maxLines+5] {
		many = append(many, "role/"+name)
	}
	attributes := map[string][]string{"x": names, "y": names}
	withAttributes := func(lines string) Subject { return withValues(subjectOf(lines, false), attributes) }
	tests := []struct {
		name    string
		subject Subject
		silent  bool // nothing of the policies is told
		exact   bool
		lines   int
	}{
		{"no vocabulary", subjectOf("allow createRole on role/a", false), true, false, 0},
		{"more exceptions than lines", subjectOf("allow * on not "+strings.Join(many, " + "), false), false, true, 2},
		{"too many values in a specifier", withAttributes("allow createTeam on team/*\nallow updateOn on proj/${roleAttribute/x}:env/${roleAttribute/y}:flag/*\nallow viewProject on proj/*"), false, false, 2},
		{"too many values in a name", withAttributes("allow createTeam on team/${roleAttribute/x}-${roleAttribute/y}\nallow createTeam on team/b"), false, true, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := New(policy.DefaultSemantics(), Budget{})
			r, _ := e.Grants(tt.subject)
			vocabulary := []Subject{tt.subject}
			if tt.silent {
				vocabulary = nil
			}
			d := e.Describe(r, Budget{}, vocabulary...)
			if d.Exact != tt.exact || (d.Rest == "") != tt.exact || len(d.Lines) != tt.lines {
				t.Errorf("exact %v, rest %q, %d lines: %v", d.Exact, d.Rest, len(d.Lines), d.Lines)
			}
		})
	}
}

// FuzzDescribe: the lines of two policies' difference are their difference.
func FuzzDescribe(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed, seed+1)
	}
	f.Fuzz(func(t *testing.T, world, subjects uint64) {
		defer fuzzing.Timed(t)()
		w, before, after := drawSmall(world, subjects)
		e := New(w.sem, Budget{})
		gained, lost := e.DescribeChange(before, after, e.Compare(before, after), Budget{})
		b, a := w.world.allowed(before.Held, w.sem), w.world.allowed(after.Held, w.sem)
		for _, problem := range []string{describedRight(w.sem, w.world, gained, a, b, nil), describedRight(w.sem, w.world, lost, b, a, nil)} {
			if problem != "" {
				t.Errorf("%v: %s\nbefore: %s\nafter: %s", w.sem.Describe(), problem, show(before), show(after))
			}
		}
	})
}
