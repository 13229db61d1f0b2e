package policy

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDescribe(t *testing.T) {
	want := []string{
		"attributeGlobs=literal", "bareStar=false", "caseSensitive=true", "environmentWide=union",
		"foreignActions=noRequest", "globCrossesColon=false",
		"notResources=everyKind", "readerActions=view", "unknownScope=oneEnvironment", "unsetAttribute=nothing",
		"viewFrom=anyRole", "viewPrecondition=true",
	}
	if diff := cmp.Diff(want, DefaultSemantics().Describe()); diff != "" {
		t.Error(diff)
	}
}

// TestQuestions: every field is a question, sorted by name, whose first value or the other is the
// default, and which reads back as it is described.
func TestQuestions(t *testing.T) {
	if fields := reflect.TypeFor[Semantics]().NumField(); fields != len(questions) {
		t.Errorf("%d fields, %d questions", fields, len(questions))
	}
	if !slices.IsSortedFunc(questions, func(a, b question) int { return strings.Compare(a.name, b.name) }) {
		t.Error("not sorted")
	}
	for _, q := range questions {
		if !slices.Contains(q.values, q.get(DefaultSemantics())) {
			t.Errorf("%s: the default %q is not among its values", q.name, q.get(DefaultSemantics()))
		}
		for _, value := range q.values {
			sem, err := ParseSemantics([]string{q.name + "=" + value})
			if err != nil {
				t.Errorf("%s=%s: %v", q.name, value, err)
				continue
			}
			if back, err := ParseSemantics(sem.Describe()); err != nil || back != sem || q.get(back) != value {
				t.Errorf("%s=%s reads back as %v, %v", q.name, value, back.Describe(), err)
			}
		}
	}
}

func TestParseSemanticsRefuses(t *testing.T) {
	for _, c := range []struct {
		settings []string
		want     string
	}{
		{[]string{"viewFrom"}, `semantics "viewFrom": write it as "name=value"`},
		{[]string{"viewform=anyRole"}, `semantics "viewform": there is no such name, did you mean "viewFrom"`},
		{[]string{"x=y"}, `semantics "x": there is no such name; there are "attributeGlobs", `},
		{[]string{"viewFrom=Union"}, `semantics "viewFrom": value "Union" is none of "anyRole", "sameRole"`},
		{[]string{"bareStar=yes"}, `semantics "bareStar": value "yes" is none of "true", "false"`},
		{[]string{"bareStar=true", "bareStar=true"}, `semantics "bareStar" is set twice`},
	} {
		_, err := ParseSemantics(c.settings)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: %v", c.settings, err)
		}
	}
	if sem, err := ParseSemantics(nil); err != nil || sem != DefaultSemantics() {
		t.Errorf("no settings: %v, %v", sem, err)
	}
}

// TestForeign says what cannot be asked of a type, and in which words.
func TestForeign(t *testing.T) {
	for _, c := range []struct {
		typ, action string
		exact, fold bool // with letter case counting, and without
	}{
		{"flag", "viewProject", true, true},
		{"flag", "updateOn", false, false},
		{"flag", "UPDATEON", false, false},
		{"flag", "VIEWPROJECT", false, true}, // an unknown action, unless it is viewProject
		{"flag", "launchRocket", false, false},
		{"flag", "", false, false},
		{"gizmo", "viewProject", false, false},
		{"ai-model-config", "updateOn", true, true},
		{"ai-tool", "viewProject", false, false}, // no action of it is known
	} {
		if got := DefaultSemantics().Foreign(c.typ, c.action); got != c.exact {
			t.Errorf("%s on %s: %v", c.action, c.typ, got)
		}
		if got := under("caseSensitive=false").Foreign(c.typ, c.action); got != c.fold {
			t.Errorf("%s on %s without letter case: %v", c.action, c.typ, got)
		}
		if under("foreignActions=anyRequest").Foreign(c.typ, c.action) {
			t.Errorf("%s on %s although any is a request", c.action, c.typ)
		}
	}
	for _, c := range []struct{ question, want string }{
		{"viewProject on proj/p:env/e:flag/f", `"flag" has no action "viewProject"; it is an action of "proj"`},
		{"VIEWproject on proj/p:env/e:flag/f", `"flag" has no action "VIEWproject"; it is an action of "proj"`},
	} {
		req := ask("viewProject on proj/p:env/e:flag/f")
		req.Action, _, _ = strings.Cut(c.question, " ")
		d := Evaluate([]Held{hold("allow * on proj/*:env/*:flag/*", "deny * on proj/*:env/*:flag/*")}, req, under("caseSensitive=false"))
		if got := texts(d.Deciding()); len(d.Reasons) != 3 || !slices.Equal(got, []string{c.want}) {
			t.Errorf("%s: %q of %q", c.question, got, texts(d.Reasons))
		}
	}
	if d := Evaluate(nil, Request{Action: "viewProject"}, DefaultSemantics()); d.Allowed || d.Deciding()[0].Kind != ReasonNone {
		t.Errorf("nothing is asked about: %+v", d)
	}
}

func TestNeedsEveryEnvironment(t *testing.T) {
	for _, c := range []struct {
		typ, action string
		one, every  bool // under each value of unknownScope
	}{
		{"flag", "createFlag", true, true},
		{"flag", "updateOn", false, false},
		{"flag", "createExperiment", false, true},
		{"flag", "launchRocket", false, false},
		{"experiment", "createFlag", false, false},
		{"gizmo", "createFlag", false, false},
	} {
		for _, want := range []struct {
			setting string
			needs   bool
		}{{"unknownScope=oneEnvironment", c.one}, {"unknownScope=everyEnvironment", c.every}} {
			if got := under(want.setting).NeedsEveryEnvironment(c.typ, c.action); got != want.needs {
				t.Errorf("%s: %s on %s: %v", want.setting, c.action, c.typ, got)
			}
		}
	}
}
