package access

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

func mustParse(t *testing.T, text string) policy.Specifier {
	t.Helper()
	spec, err := policy.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// TestUndecided: what cannot be decided is said, and the verdict is never "none".
func TestUndecided(t *testing.T) {
	crossing := policy.DefaultSemantics()
	crossing.GlobCrossesColon = true
	flags := "proj/*:env/*:flag/*"
	many := map[string][]string{"x": strings.Split(strings.Repeat("k ", 65)+"k", " ")}
	var everyLetter []string
	for i := range len(nameBytes) {
		everyLetter = append(everyLetter, "proj/"+nameBytes[i:i+1]+"*:env/*:flag/*")
	}
	for _, test := range []struct {
		name   string
		sem    policy.Semantics
		budget Budget
		after  Subject
		why    string
		held   int
	}{
		{"a specifier that does not parse", policy.DefaultSemantics(), Budget{}, policyOf(viewAll, allowing("*", "proj/x:*")), "cannot be read", 0},
		{"a malformed statement", policy.DefaultSemantics(), Budget{}, policyOf(viewAll, role.Statement{Effect: role.Allow, Actions: []string{"*"}}), "malformed", 0},
		{"an effect of another name", policy.DefaultSemantics(), Budget{}, policyOf(viewAll, role.Statement{Effect: "Allow", Actions: []string{"*"}, Resources: []string{flags}}), "malformed", 0},
		{"globs that cross colons", crossing, Budget{}, policyOf(viewAll, allowing("*", flags)), "not modelled", -1},
		{"no budget", policy.DefaultSemantics(), Budget{Steps: 1}, policyOf(viewAll, allowing("update*", flags+";a*"), denying("*", flags+";*a")), "budget", -1},
		{"no budget for classes of actions", policy.DefaultSemantics(), Budget{Steps: 1}, policyOf(viewAll, allowing("*a*b", flags)), "budget", -1},
		{"no budget for classes of keys", policy.DefaultSemantics(), Budget{Steps: 3000}, policyOf(viewAll, allowing("update*", flags), denying("*", everyLetter...)), "budget", -1},
		{"values that cannot agree", policy.DefaultSemantics(), Budget{}, disagreeing("web"), "evaluation", -1},
		{
			"too many values", policy.DefaultSemantics(),
			Budget{},
			Subject{Held: []policy.Held{{Role: role.Role{Policy: []role.Statement{allowing("*", "role/${roleAttribute/x}${roleAttribute/x}")}}, Attributes: many}}},
			"more than 4096 patterns", 0,
		},
	} {
		before := policyOf(viewAll)
		if test.after.Symbolic {
			before = agreeing("web")
		}
		d := New(test.sem, test.budget).Compare(before, test.after)
		if d.Verdict() != Unsure || !slices.ContainsFunc(d.Undecided, func(q Question) bool {
			return strings.Contains(q.Why, test.why) && q.Held == test.held
		}) {
			t.Errorf("%s: %v, %+v", test.name, d.Verdict(), d.Undecided)
		}
	}
}

// agreeing and disagreeing differ only where the attribute is the project's key and is not the
// environment's, in a project and an environment of the same key: nowhere, which the engine cannot
// see, and so does not claim.
func agreeing(key string) Subject {
	s := policyOf(viewAll, allowing("viewSdkKey", "proj/"+key+":env/${roleAttribute/x}"), requiring("viewSdkKey", "proj/*:env/"+key))
	s.Symbolic = true
	return s
}

func disagreeing(key string) Subject {
	s := policyOf(viewAll, allowing("viewSdkKey", "proj/${roleAttribute/x}:env/"+key), requiring("viewSdkKey", "proj/"+key+":env/*"))
	s.Symbolic = true
	return s
}

// TestSecondExample: the first example has the same key in two places, of which the attribute must
// match one and not the other; another is found.
func TestSecondExample(t *testing.T) {
	before := policyOf(viewAll, allowing("viewSdkKey", "proj/*:env/a${roleAttribute/x}"), requiring("viewSdkKey", "proj/a*:env/a*"))
	after := policyOf(viewAll, allowing("viewSdkKey", "proj/a${roleAttribute/x}:env/*"), requiring("viewSdkKey", "proj/a*:env/a*"))
	before.Symbolic, after.Symbolic = true, true
	e := New(policy.DefaultSemantics(), Budget{})
	if d := e.Compare(before, after); d.Verdict() != Both {
		t.Errorf("%v %+v", d.Verdict(), d.Undecided)
	}
}

// TestBudget: with less and less of a budget an answer becomes Unsure, and never another.
func TestBudget(t *testing.T) {
	unsure, sure := 0, 0
	before := policyOf(viewAll)
	for _, after := range []Subject{
		colouring(8, clique(8)), colouring(12, randomGraph(1, 12, 20)), colouring(9, randomGraph(7, 9, 25)),
		policyOf(viewAll, allowing("updateOn", flagsNamed("*a*b*", "*b*a*")...), denying("updateOn", flagsNamed("*ab*", "*ba*", "a*", "b*")...)),
	} {
		want := New(policy.DefaultSemantics(), Budget{}).Compare(before, after).Verdict()
		for steps := 200_000; steps > 0; steps = steps * 3 / 4 {
			e := New(policy.DefaultSemantics(), Budget{steps})
			got := e.Compare(before, after).Verdict()
			e.budget = DefaultSteps
			if again := e.Compare(before, after).Verdict(); again != want {
				t.Fatalf("%d steps, and then enough: %v, want %v", steps, again, want)
			}
			switch got {
			case want:
				sure++
			case Unsure:
				unsure++
			default:
				t.Fatalf("%d steps: %v, want %v", steps, got, want)
			}
		}
	}
	if sure == 0 || unsure == 0 {
		t.Errorf("%d sure, %d unsure", sure, unsure)
	}
	t.Logf("%d sure, %d unsure", sure, unsure)
}

// TestEveryEnvironment: where one role must allow an action in every environment, what several
// roles allow together depends on the environments.
func TestEveryEnvironment(t *testing.T) {
	perRole := policy.DefaultSemantics()
	perRole.EnvironmentWide = policy.PerRole
	view := role.Role{Policy: []role.Statement{viewAll}}
	in := func(env string, actions string) role.Role {
		return role.Role{Policy: []role.Statement{allowing(actions, "proj/*:env/"+env+":flag/*")}}
	}
	two := holding(view, in("a", "createFlag"), in("b", "createFlag"))
	for _, test := range []struct {
		name          string
		sem           policy.Semantics
		before, after Subject
		want          Verdict
	}{
		{"two roles become one, union", policy.DefaultSemantics(), two, holding(view, role.Role{Policy: []role.Statement{allowing("createFlag", "proj/*:env/a:flag/*", "proj/*:env/b:flag/*")}}), None},
		{"two roles become one, per role", perRole, two, holding(view, role.Role{Policy: []role.Statement{allowing("createFlag", "proj/*:env/a:flag/*", "proj/*:env/b:flag/*")}}), Unsure},
		{"the same with an action of one environment", perRole, holding(view, in("a", "updateOn"), in("b", "updateOn")), holding(view, role.Role{Policy: []role.Statement{allowing("updateOn", "proj/*:env/a:flag/*", "proj/*:env/b:flag/*")}}), None},
		{"roles change places", perRole, two, holding(in("b", "createFlag"), in("a", "createFlag"), view), None},
		{"one role, per role", perRole, policyOf(viewAll), policyOf(viewAll, allowing("createFlag", "proj/*:env/a:flag/*")), Gains},
		{"no environments", perRole, holding(view, view), holding(view, role.Role{Policy: []role.Statement{allowing("*", "role/*")}}), Unsure},
	} {
		d := New(test.sem, Budget{}).Compare(test.before, test.after)
		if test.name == "no environments" {
			// The view of all projects is lost, and roles are gained: neither depends on environments.
			test.want = Gains
		}
		if got := d.Verdict(); got != test.want {
			t.Errorf("%s: %v, want %v: %+v", test.name, got, test.want, d.Undecided)
		}
	}
}

func TestBoxes(t *testing.T) {
	e := New(policy.DefaultSemantics(), Budget{})
	box := func(action, spec string) Region { return e.Box(Box{strings.Split(action, " "), mustParse(t, spec)}) }
	granted, questions := e.Grants(policyOf(viewAll, allowing("update*", "proj/web:env/*:flag/*"), denying("updateOn", "proj/web:env/*;{critical:true}:flag/*")))
	if len(questions) > 0 {
		t.Fatal(questions)
	}
	for _, test := range []struct {
		action, spec string
		all, some    Answer
	}{
		{"updateOn", "proj/web:env/staging:flag/*", No, Yes},
		{"updateOn", "proj/web:env/staging;{critical:false}:flag/*", Yes, Yes},
		{"updateOn", "proj/web:env/*;{critical:true}:flag/*", No, No},
		{"updateRules updateTargets", "proj/web:env/*:flag/checkout;pci", Yes, Yes},
		{"update*", "proj/web:env/*:flag/*", No, Yes},
		{"updateR*", "proj/web:env/*:flag/*", Yes, Yes},
		{"*", "role/*", No, No},
		{"viewProject", "proj/*;a", Yes, Yes},
		{"*", "proj/*", No, Yes},
	} {
		b := box(test.action, test.spec)
		if got := b.Within(granted); got != test.all {
			t.Errorf("all of %s on %s: %v", test.action, test.spec, got)
		}
		if got := b.And(granted).Empty().not(); got != test.some {
			t.Errorf("some of %s on %s: %v", test.action, test.spec, got)
		}
	}
	bare := e.Box(Box{[]string{"*"}, policy.Specifier{Segments: []policy.Segment{{Type: "*"}}}})
	if got := granted.Within(bare); got != Yes {
		t.Errorf("all is within everything: %v", got)
	}
	if x, a := bare.Minus(granted).Example(); a != Yes {
		t.Errorf("%v %v", x, a)
	}
	if got := bare.And(box("*", "gadget/a")).Equal(box("*", "gadget/a")); got != Yes {
		t.Errorf("everything and a box: %v", got)
	}
	e = New(policy.DefaultSemantics(), Budget{Steps: 1})
	hard := box("*", "proj/*;a*").And(box("*", "proj/*;*b")).Minus(box("*", "proj/*;a*b"))
	if x, a := hard.Example(); a != Undecided {
		t.Errorf("without a budget: %v %v", x, a)
	}
	if cells, questions := hard.Cells(); len(cells) > 0 || len(questions) == 0 {
		t.Errorf("without a budget: %v %v", cells, questions)
	}
	e = New(policy.DefaultSemantics(), Budget{})
	if got := box("*", "role/*").Equal(box("*", "role/a")); got != No {
		t.Errorf("boxes of different size: %v", got)
	}
	if got := box("*", "role/a").Equal(box("*", "role/*")); got != No {
		t.Errorf("boxes of different size: %v", got)
	}
}

func TestSets(t *testing.T) {
	e := New(policy.DefaultSemantics(), Budget{})
	set := func(spec string) Set { return e.Set(mustParse(t, spec)) }
	all, web, w := set("role/*"), set("role/web"), set("role/w*")
	if all.Kind() != "role" || !all.Same(e.Whole("role")) || all.Same(e.Whole("team")) {
		t.Error("the whole kind is not itself")
	}
	for _, test := range []struct {
		name string
		got  Answer
		want Answer
	}{
		{"web in w*", web.Within(w), Yes},
		{"w* in web", w.Within(web), No},
		{"w* or web is w*", w.Or(web).Equal(w), Yes},
		{"w* and web is web", w.And(web).Equal(web), Yes},
		{"w* is itself", w.Equal(w), Yes},
		{"w* is not web", w.Equal(web), No},
		{"web is not w*", web.Equal(w), No},
		{"web less w*", web.Minus(w).Empty(), Yes},
		{"w* less web", w.Minus(web).Empty(), No},
		{"nothing", all.Minus(all).Empty(), Yes},
	} {
		if test.got != test.want {
			t.Errorf("%s: %v", test.name, test.got)
		}
	}
	e.steps = 0
	if got := w.Minus(set("role/*b")).Empty(); got != Undecided {
		t.Errorf("without a budget: %v", got)
	}
	e.Refill()
	if got := w.Minus(set("role/*b")).Empty(); got != No {
		t.Errorf("with one: %v", got)
	}
}

func TestCellWithin(t *testing.T) {
	e := New(policy.DefaultSemantics(), Budget{})
	d := e.Compare(policyOf(viewAll), policyOf(viewAll, allowing("updateOn", "proj/*:env/*:flag/*")))
	cells, _ := d.Gained.Cells()
	part := cells[0].Within(e.Set(mustParse(t, "proj/web:env/*;{critical:true}:flag/pay-*;a*,view:v")))
	x, a := part.Example()
	if want := "updateOn on proj/web:env/any-env;{critical:true}:flag/pay-x;ax,view:v"; a != Yes || x.Request.String() != want {
		t.Errorf("%v %v, want %s", x.Request, a, want)
	}
	if x, a := part.Within(e.Set(mustParse(t, "proj/ios:env/*:flag/*"))).Example(); a != No {
		t.Errorf("%v %v", x, a)
	}
}

func TestValuesFor(t *testing.T) {
	const x, y = "${roleAttribute/x}", "${roleAttribute/y}"
	for _, test := range []struct {
		pattern, word string
		want          map[string][]string
	}{
		{x, "web", map[string][]string{"x": {"web"}}},
		{"a" + x + "*", "abc", map[string][]string{"x": {"b"}}},
		{"a", "a", map[string][]string{}},
		{"a", "ba", nil},
		{"a" + x, "ba", nil},
		{x + "ab" + y + "b", "1ab2b", map[string][]string{"x": {"1"}, "y": {"2"}}},
		{x + "c" + y, "ab", nil},
		{x + "-b", "b", nil},

		{x + "-" + y, "a-b-c", map[string][]string{"x": {"a"}, "y": {"b-c"}}},
		{x + x, "ab", map[string][]string{"x": {"a", "b"}}},
		{x + x, "a", map[string][]string{"x": {"a", ""}}},
		{x + "*", "abc", map[string][]string{"x": {"ab"}}},
		{x + "*", "", map[string][]string{"x": {""}}},
		{"*" + x, "a", map[string][]string{"x": {"a"}}},
		{"*" + x, "abc", map[string][]string{"x": {"bc"}}},
		{"*" + x + "-b", "a-b", map[string][]string{"x": {"a"}}},
		{"*" + x + "-b", "a-c", nil},
	} {
		got, fits := valuesFor(test.pattern, test.word)
		if fits != (test.want != nil) || fits && !maps.EqualFunc(got, test.want, slices.Equal) {
			t.Errorf("%q as %q: %v, want %v", test.pattern, test.word, got, test.want)
		}
	}
}

func TestAnswer(t *testing.T) {
	for a, want := range map[Answer]string{Yes: "yes", No: "no", Undecided: "undecided"} {
		if a.String() != want || a.not().not() != a {
			t.Errorf("%v, want %v", a, want)
		}
	}
}

// TestSymbolicAnswers: what is proved for all values of the attributes, and what is not.
func TestSymbolicAnswers(t *testing.T) {
	everything := policy.DefaultSemantics()
	everything.UnsetAttribute = policy.Everything
	in := func(project string) Subject {
		locked := project + ";locked"
		if strings.Contains(project, ";") {
			locked = project + ",locked"
		}
		s := policyOf(allowing("*", "proj/"+project), denying("updateTags", "proj/"+locked))
		s.Symbolic = true
		return s
	}
	also := func(s Subject, specifier string) Subject {
		s.Held[0].Role.Policy = append(s.Held[0].Role.Policy, allowing("updateTags", specifier))
		return s
	}
	const x, y = "${roleAttribute/x}", "${roleAttribute/y}"
	for _, test := range []struct {
		name          string
		sem           policy.Semantics
		before, after Subject
		want          Verdict
	}{
		{"the same", policy.DefaultSemantics(), in(x), in(x), None},
		{"any project", policy.DefaultSemantics(), in(x), in("*"), Gains},
		{"another attribute", policy.DefaultSemantics(), in(x), in(y), Both},
		{"a narrower pattern", policy.DefaultSemantics(), in(x + "*"), in(x), Loses},
		{"unset is everything", everything, in(x), in(x), None},
		{"unset is everything, and another", everything, in(x), in(y), Both},
		{"both sides of a narrower pattern", policy.DefaultSemantics(), in("a-" + x + "-b"), in("a*" + x + "*"), Gains},
		{"the same beside patterns of any form", policy.DefaultSemantics(), also(in(x), "proj/*a*;t"), also(in(x), "proj/*a*;t"), None},
		{"narrower beside patterns of any form", policy.DefaultSemantics(), also(in(x+"*"), "proj/*a*"), also(in(x), "proj/*a*"), Loses},
		{"wider beside patterns of any form", policy.DefaultSemantics(), also(in(x), "proj/*a*"), also(in(x+"*"), "proj/*a*"), Gains},
		{"what is allowed already", policy.DefaultSemantics(), in("*a*"), also(in("*a*"), "proj/*b*;"+x), None},
		{"tags", policy.DefaultSemantics(), in("*;" + x + "*"), in("*;" + x), Loses},
		{"tags, wider", policy.DefaultSemantics(), in("*;" + x), in("*;" + x + "*"), Gains},
		{"what values can be", policy.DefaultSemantics(), in("a-" + x), in("a*"), Gains},
	} {
		e := New(test.sem, Budget{})
		d := e.Compare(test.before, test.after)
		if got := d.Verdict(); got != test.want {
			t.Errorf("%s: %v, want %v: %+v", test.name, got, test.want, d.Undecided)
		}
	}
	e := New(everything, Budget{})
	d := e.Compare(in(x), policyOf(allowing("*", "proj/*")))
	cells, _ := d.Gained.Cells()
	ex, a := cells[0].Example()
	if a != Yes || len(ex.Attributes[""]["x"]) == 0 {
		t.Errorf("an attribute that must have some value: %v %v", ex, a)
	}
}

// TestListedAttributes: an attribute that a symbolic subject lists has these values, or none.
func TestListedAttributes(t *testing.T) {
	const x = "proj/${roleAttribute/x}"
	held := func(values map[string][]string) Subject {
		s := policyOf(allowing("*", x))
		s.Symbolic, s.Held[0].Attributes = true, values
		return s
	}
	e := New(policy.DefaultSemantics(), Budget{})
	for _, test := range []struct {
		values map[string][]string
		same   Subject
	}{
		{map[string][]string{"x": {}}, policyOf()},
		{map[string][]string{"x": {"web"}}, policyOf(allowing("*", "proj/web"))},
		{map[string][]string{"x": {"web", "w*", "a:b", "é"}}, policyOf(allowing("*", "proj/web"))},
		{map[string][]string{"x": {""}}, policyOf()},
	} {
		if got := e.Compare(held(test.values), test.same).Verdict(); got != None {
			t.Errorf("%v: %v", test.values, got)
		}
	}
	globs := policy.DefaultSemantics()
	globs.AttributeGlobs = policy.AttributeGlob
	stars := policyOf(allowing("*", "proj/${roleAttribute/x}*"))
	stars.Held[0].Attributes = map[string][]string{"x": {"w*"}}
	if got := New(globs, Budget{}).Compare(stars, policyOf(allowing("*", "proj/w*"))).Verdict(); got != None {
		t.Errorf("stars that touch: %v", got)
	}
	if got := e.Compare(held(nil), policyOf()).Verdict(); got != Loses {
		t.Errorf("values that nobody knows: %v", got)
	}
}

// TestPlaces: an attribute that is set in two places is two attributes.
func TestPlaces(t *testing.T) {
	r := role.Role{Policy: []role.Statement{allowing("*", "proj/${roleAttribute/x}")}}
	through := func(team string) Subject {
		return Subject{Held: []policy.Held{{Role: r, Through: team}}, Symbolic: true}
	}
	e := New(policy.DefaultSemantics(), Budget{})
	if got := e.Compare(through("team a"), through("team b")).Verdict(); got != Both {
		t.Error(got)
	}
	d := e.Compare(through("team a"), through(""))
	cells, _ := d.Lost.Cells()
	x, a := cells[0].Example()
	if a != Yes || len(x.Attributes["team a"]["x"]) != 1 {
		t.Errorf("%+v %v", x, a)
	}
}
