package access

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// pairsOfKeys returns two words for each vector, where there are two: two environments of a project
// can be the same to every pattern, but never have the same key.
func pairsOfKeys(sem policy.Semantics, patterns []string) []string {
	seen := map[string]int{}
	var list []string
	for _, w := range wordsUpTo(3) {
		if v := vectorOf(sem, patterns, w); seen[v] < 2 {
			seen[v]++
			list = append(list, w)
		}
	}
	return list
}

// twoEnvironments lists what lies in two environments of one project: for each project, flag and
// action the same request in every environment.
func (v vocabulary) twoEnvironments() (lists [][]policy.Request) {
	var environments []policy.Part
	for _, like := range v.parts("env") {
		for _, key := range pairsOfKeys(v.sem, v.keys["env"]) {
			if vectorOf(v.sem, v.keys["env"], key) == vectorOf(v.sem, v.keys["env"], like.Key) {
				like.Key = key
				environments = append(environments, like)
			}
		}
	}
	for _, action := range []string{"createFlag", "deleteFlag", "updateName", "addReleasePipeline", "updateOn"} {
		for _, project := range v.parts("proj") {
			for _, flag := range v.parts("flag") {
				var list []policy.Request
				for _, env := range environments {
					list = append(list, policy.Request{Action: action, Resource: []policy.Part{project, env, flag}})
				}
				lists = append(lists, list)
			}
		}
	}
	return lists
}

// reachOf finds by evaluation in which of the lists a request of the region (in one subject, not in
// the other) stands beside one of another environment that the third says something about.
func reachOf(lists [][]policy.Request, in, out, there func(policy.Request) bool) bool {
	for _, list := range lists {
		if list[0].Action == "updateOn" { // is decided for each environment
			continue
		}
		for _, x := range list {
			if !in(x) || out(x) {
				continue
			}
			if slices.ContainsFunc(list, func(y policy.Request) bool { return y.Resource[1].Key != x.Resource[1].Key && there(y) }) {
				return true
			}
		}
	}
	return false
}

// inAnyEnvironment names every environment where the roles name some.
func inAnyEnvironment(s Subject) Subject {
	s = Subject{Held: slices.Clone(s.Held)}
	for i := range s.Held {
		s.Held[i].Role = eachSpecifier(func(text string) []string {
			spec, err := policy.Parse(text)
			if err == nil && len(spec.Segments) == 3 {
				spec.Segments[1] = policy.Segment{Type: "env", HasName: true, Name: "*"}
				text = spec.String()
			}
			return []string{text}
		})(s.Held[i].Role.Clone())
	}
	return s
}

// TestReach compares what a change means for other environments with the evaluation of all pairs of
// requests that differ in their environment.
func TestReach(t *testing.T) {
	found := map[Reach]int{}
	batches := max(300, *pairs/150) / slow
	for batch := range batches {
		r := rand.New(rand.NewPCG(uint64(batch), 17))
		v := newVocabulary(r, policy.DefaultSemantics())
		v.kinds, v.values, v.views = []string{"proj", "proj:env:flag"}, nil, nil
		v.actions = []string{"createFlag", "*Flag", "updateOn", "update*"}
		v.keys["proj"], v.keys["env"], v.keys["flag"] = pick(r, keyPool, 1), pick(r, keyPool, 2), pick(r, keyPool, 1)
		v.tags = map[string][]string{"env": pick(r, tagPool, r.IntN(2)), "flag": pick(r, tagPool, 1)}
		lists := v.twoEnvironments()
		before := v.subject(r)
		after := v.subject(r)
		switch batch % 4 {
		case 0:
			after = v.edited(r, before)
		case 1:
			after = inAnyEnvironment(before)
		case 2:
			before = inAnyEnvironment(after)
		}
		e := New(v.sem, Budget{})
		d := e.Compare(before, after)
		gained, lost := e.wideners(d)
		had, has := memo(policy.NewEvaluator(before.Held, v.sem)), memo(policy.NewEvaluator(after.Held, v.sem))
		hasNot := func(x policy.Request) bool { return !has(x) }
		blocked, starts, stops := reachOf(lists, has, had, hasNot), reachOf(lists, has, had, had), reachOf(lists, had, has, has)
		for _, c := range []struct {
			side  string
			w     *widener
			r     Region
			reach []Reach // that hold, the first to be said
		}{
			{"gained", gained, d.Gained, reaches(blocked, Blocked, starts, Starts)},
			{"lost", lost, d.Lost, reaches(stops, Stops, false, "")},
		} {
			got := c.w.wide(c.r)
			switch {
			case got == nil && len(c.reach) > 0, got != nil && got.Reach != append(c.reach, Alone)[0]:
				t.Fatalf("batch %d, %s: %+v, but %v\nbefore: %s\nafter: %s", batch, c.side, got, c.reach, show(before), show(after))
			case got != nil:
				found[got.Reach]++
			}
		}
	}
	t.Logf("%v", found)
	for _, reach := range []Reach{Stops, Blocked, Starts, Alone} {
		if found[reach] == 0 && batches >= 300 {
			t.Errorf("%s is never found", reach)
		}
	}
}

func reaches(a bool, first Reach, b bool, second Reach) (list []Reach) {
	if a {
		list = append(list, first)
	}
	if b {
		list = append(list, second)
	}
	return list
}

func memo(e *policy.Evaluator) func(policy.Request) bool {
	known := map[string]bool{}
	return func(x policy.Request) bool {
		name := x.String()
		allowed, found := known[name]
		if !found {
			allowed = e.Allows(x)
			known[name] = allowed
		}
		return allowed
	}
}

// TestReachUndecided: without a budget, and where one role must allow an action in all
// environments, nothing is claimed that was not found out.
func TestReachUndecided(t *testing.T) {
	const in = "proj/web:env/production:flag/*"
	before := policyOf(viewAll, allowing("createFlag", "proj/web:env/*:flag/*"), denying("createFlag", in))
	after := policyOf(viewAll, allowing("createFlag", "proj/web:env/*:flag/*"))
	two := Subject{Held: append(slices.Clone(after.Held), policyOf(viewAll).Held...)}
	perRole := policy.DefaultSemantics()
	perRole.EnvironmentWide = policy.PerRole
	for _, tt := range []struct {
		name   string
		sem    policy.Semantics
		after  Subject
		steps  int
		gained Reach
	}{
		{"plain", policy.DefaultSemantics(), after, 0, Starts},
		{"two roles", policy.DefaultSemantics(), two, 0, Starts},
		{"one role must allow it everywhere, and there is one", perRole, after, 0, Starts},
		{"one role must allow it everywhere, and there are two", perRole, two, 0, Unclear},
		{"no budget", policy.DefaultSemantics(), after, 1, Unclear},
	} {
		e := New(tt.sem, Budget{})
		d := e.Compare(before, tt.after)
		w, _ := e.wideners(d)
		got := w.wide(d.Gained)
		if tt.steps > 0 {
			e.steps = tt.steps
			got = w.wide(d.Gained)
		}
		want := []string{"createFlag"}
		if tt.steps > 0 {
			want = []string{}
		}
		if got == nil || got.Reach != tt.gained || !slices.Equal(got.Actions, want) {
			t.Errorf("%s: %+v, want %s", tt.name, got, tt.gained)
		}
	}
}

// TestReachOfKeys: the other environment has another key, also where nothing or little is said of
// keys, and for some values of role attributes only.
func TestReachOfKeys(t *testing.T) {
	everything := policy.DefaultSemantics()
	everything.UnsetAttribute = policy.Everything
	// Only the key "production" matches: the patterns overlap in one letter, or are refused.
	one := []role.Statement{
		viewAll, requiring("createFlag", "proj/web:env/*oduction:flag/*"), denying("createFlag", "proj/web:env/pro*oduction:flag/*"),
	}
	none := policyOf(viewAll)
	flags := func(env string) role.Statement { return allowing("createFlag", "proj/web:env/"+env+":flag/*") }
	for _, tt := range []struct {
		name          string
		sem           policy.Semantics
		before, after Subject
		want          Reach
		example       string // a part of it
	}{
		{"any", everything, none, policyOf(viewAll, flags("*")), Alone, ""},
		{"one alone", everything, none, policyOf(viewAll, flags("a")), Blocked, "env/"},
		{
			"of those that are said nothing of", everything, policyOf(viewAll, flags("*;{critical:true}"), flags("any-env;{critical:false}")),
			policyOf(viewAll, flags("any-env;{critical:false}")), Stops, "env/any-env",
		},
		{"the only key", everything, none, policyOf(append(one, flags("pro*"))...), Blocked, "env/"},
		{
			"no other key", everything, policyOf(append(one, flags("pro*"))...), policyOf(append(one, flags("pro*;{critical:false}"))...), Alone, "",
		},
		{"an attribute", policy.DefaultSemantics(), none, policyOf(viewAll, flags("${roleAttribute/e}")), Blocked, "env/"},
		{"an attribute that may be unset", everything, none, policyOf(viewAll, flags("${roleAttribute/e}")), Blocked, "env/"},
		{
			"all but an attribute", everything, policyOf(viewAll, flags("*")),
			policyOf(viewAll, flags("*"), denying("createFlag", "proj/web:env/${roleAttribute/e}:flag/*")), Stops, "env/",
		},
	} {
		tt.before.Symbolic, tt.after.Symbolic = true, true
		e := New(tt.sem, Budget{})
		gained, lost := e.DescribeChange(tt.before, tt.after, e.Compare(tt.before, tt.after), Budget{})
		lines := append(gained.Lines, lost.Lines...)
		if len(lines) != 1 || lines[0].Wide == nil {
			t.Errorf("%s: %+v", tt.name, lines)
			continue
		}
		w := lines[0].Wide
		if w.Reach != tt.want || !strings.Contains(w.Example, tt.example) || (w.Example == "") != (tt.example == "") {
			t.Errorf("%s: %s: %+v, want %s", tt.name, lines[0], w, tt.want)
		}
		if w.Example == lines[0].Example || w.Example != "" && keyOfEnvironment(w.Example) == keyOfEnvironment(lines[0].Example) && tt.name != "of those that are said nothing of" {
			t.Errorf("%s: the example is %q, elsewhere too: %q", tt.name, lines[0].Example, w.Example)
		}
	}
}

// TestReachUnclear: nothing is claimed where the engine does not see that a pattern leaves one key.
func TestReachUnclear(t *testing.T) {
	only := func(env string) Subject {
		return policyOf(
			viewAll, requiring("createFlag", "proj/web:env/*oduction:flag/*"), denying("createFlag", "proj/web:env/pro*oduction:flag/*"),
			allowing("createFlag", "proj/web:env/"+env+":flag/*"),
		)
	}
	e, before, after := New(policy.DefaultSemantics(), Budget{}), only("pro*"), only("pro*;{critical:false}")
	d := e.Compare(before, after)
	_, lost := e.wideners(d)
	if got := lost.wide(d.Lost); got == nil || got.Reach != Unclear || got.Example != "" {
		t.Errorf("%+v", got)
	}
}

func keyOfEnvironment(request string) string {
	_, key, _ := strings.Cut(request, ":env/")
	return key[:strings.IndexAny(key, ";:")]
}
