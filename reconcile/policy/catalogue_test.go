package policy

import (
	"slices"
	"strings"
	"testing"
)

// TestCatalogueIsWhole checks what the parser and every user of the catalogue rely on.
func TestCatalogueIsWhole(t *testing.T) {
	c := DefaultCatalogue()
	actions, everywhere := 0, 0
	for _, typ := range c.Types() {
		checkType(t, typ)
		for _, a := range typ.Actions {
			actions++
			if a.AllEnvironments() {
				everywhere++
			}
		}
	}
	if got, want := [3]int{len(c.Types()), actions, everywhere}, [3]int{52, 374, 22}; got != want {
		t.Errorf("types, actions, actions on every environment: %v, want %v", got, want)
	}
	if c.Date != "2026-10" || len(c.Sources) < 5 {
		t.Errorf("date %q, %d sources", c.Date, len(c.Sources))
	}
}

func checkType(t *testing.T, typ ResourceType) {
	t.Helper()
	if !isType(typ.Name) || len(typ.Kinds) == 0 || !slices.Contains([]string{"account", "project"}, typ.Category) {
		t.Errorf("incomplete type %+v", typ)
	}
	if !slices.Contains([]Naming{Named, MaybeNamed, NeverNamed}, typ.Naming) || len(typ.Sources) == 0 {
		t.Errorf("type %q: naming %q, sources %q", typ.Name, typ.Naming, typ.Sources)
	}
	if lastType(typ.Kinds[0]) != typ.Name {
		t.Errorf("type %q: its usual kind is %q", typ.Name, typ.Kinds[0])
	}
	for _, kind := range typ.Kinds {
		chain := strings.Split(kind, ":")
		for i := range chain[:len(chain)-1] {
			parent, ok := DefaultCatalogue().Type(chain[i])
			if !ok || !slices.Contains(parent.Kinds, strings.Join(chain[:i+1], ":")) {
				t.Errorf("type %q: parent %q of kind %q cannot stand there", typ.Name, chain[i], kind)
			}
		}
	}
	if !slices.IsSortedFunc(typ.Actions, func(a, b ActionInfo) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("type %q: actions are not sorted", typ.Name)
	}
	for i, a := range typ.Actions {
		if a.Name == "" || a.Description == "" || i > 0 && a.Name == typ.Actions[i-1].Name {
			t.Errorf("type %q: action %+v", typ.Name, a)
		}
		if inEnvironment := typ.Name == "flag"; inEnvironment != (a.Scope != "") {
			t.Errorf("type %q: action %q has scope %q", typ.Name, a.Name, a.Scope)
		}
	}
}

func TestCatalogueFacts(t *testing.T) {
	c := DefaultCatalogue()
	flag, _ := c.Type("flag")
	env, _ := c.Type("env")
	graph, _ := c.Type("agent-graphs")
	config, _ := c.Type("aiconfig")
	switch {
	case !flag.Tags || !flag.Views || len(flag.Properties) > 0:
		t.Errorf("flag: %+v", flag)
	case !env.Tags || env.Views || !slices.Equal(env.Properties, []string{"critical"}):
		t.Errorf("env: %+v", env)
	case graph.Name != "agent-graph":
		t.Errorf("agent-graphs is %q", graph.Name)
	case !slices.Equal(config.Kinds, []string{"proj:env:aiconfig", "proj:aiconfig"}):
		t.Errorf("aiconfig stands in %q", config.Kinds)
	}
	if _, ok := c.Type("foo"); ok {
		t.Error("there is a type foo")
	}
	if got := c.ActionTypes("updateOn"); !slices.Equal(got, []string{"integration", "webhook", "flag", "destination", "metric"}) {
		t.Errorf("types with updateOn: %q", got)
	}
}

func TestActionKnown(t *testing.T) {
	for _, c := range []struct {
		typ, action string
		want        bool
	}{
		{"flag", "updateOn", true},
		{"flag", "createMember", false},
		{"flag", "update*", false},
		{"env", "updateOn", false},
		{"ai-tool", "whatever", true}, // none of its actions is known
		{"foo", "whatever", true},
		{"agent-graphs", "createAgentGraph", true},
	} {
		if got := DefaultCatalogue().ActionKnown(c.typ, c.action); got != c.want {
			t.Errorf("ActionKnown(%q, %q) = %v", c.typ, c.action, got)
		}
	}
}

func TestMatchesAction(t *testing.T) {
	for _, c := range []struct {
		typ, pattern string
		want         bool
	}{
		{"flag", "update*", true},
		{"flag", "Update*", false},
		{"flag", "createMember*", false},
		{"acct", "*", true},
		{"ai-tool", "whatever*", true},
		{"foo", "whatever*", true},
	} {
		if got := DefaultCatalogue().MatchesAction(c.typ, c.pattern); got != c.want {
			t.Errorf("MatchesAction(%q, %q) = %v", c.typ, c.pattern, got)
		}
	}
}

func TestNearestType(t *testing.T) {
	for word, want := range map[string]string{
		"project": "proj", "projects": "proj", "Project": "proj", "environment": "env", "enviroment": "env",
		"account": "acct", "roles": "role", "flags": "flag", "feature-flag": "flag", "aiConfig": "aiconfig",
		"ai-config": "aiconfig", "agentConfig": "aiconfig", "ai_configs": "aiconfig", "custom-role": "role",
		"segmet": "segment", "service_token": "service-token", "relay-proxy": "relay-proxy-config",
		"foo": "", "": "", "something-else": "", "lamp": "",
	} {
		if got := DefaultCatalogue().NearestType(word); got != want {
			t.Errorf("NearestType(%q) = %q, want %q", word, got, want)
		}
	}
	for _, s := range synonyms {
		if _, ok := DefaultCatalogue().Type(s.typ); !ok || s.word != fold(s.word) {
			t.Errorf("synonym %+v", s)
		}
	}
}

func TestNearestAction(t *testing.T) {
	for _, c := range []struct{ typ, word, want string }{
		{"flag", "updateon", "updateOn"},
		{"flag", "updteOn", "updateOn"},
		{"flag", "UpdateTargets", "updateTargets"},
		{"flag", "createMembr", "createMember"}, // not a flag's, but some type's
		{"flag", "launchRocket", ""},
		{"", "viewProjct", "viewProject"},
		{"foo", "viewProjct", "viewProject"},
		{"ai-tool", "viewProjct", "viewProject"},
	} {
		if got := DefaultCatalogue().NearestAction(c.typ, c.word); got != c.want {
			t.Errorf("NearestAction(%q, %q) = %q, want %q", c.typ, c.word, got, c.want)
		}
	}
}

func TestKnown(t *testing.T) {
	for text, want := range map[string]bool{
		"proj/*:env/*:flag/*": true, "acct": true, "foo/*": false, "proj/*:foo/*": false,
	} {
		spec, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := spec.Known(); got != want {
			t.Errorf("%q: Known() = %v", text, got)
		}
	}
}

func TestBrokenCatalogue(t *testing.T) {
	defer func() {
		if text, ok := recover().(string); !ok || !strings.Contains(text, "embedded catalogue") {
			t.Errorf("panic %q", text)
		}
	}()
	mustDecode([]byte("{"))
}

func BenchmarkDecodeCatalogue(b *testing.B) {
	for b.Loop() {
		mustDecode(catalogueJSON)
	}
}
