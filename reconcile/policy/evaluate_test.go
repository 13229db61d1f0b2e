package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/role"
)

// TestRules holds one line for every rule of matching: whether one role with this statement, an
// allow, matches each request. Views of projects are granted besides.
func TestRules(t *testing.T) {
	for _, c := range []struct {
		what      string
		held      Held
		yes, no   []string
		semantics []string
	}{
		{
			what: "nothing is allowed that no statement mentions",
			held: hold(),
			no:   []string{"updateOn on proj/p:env/e:flag/f", "viewProject on proj/p", "createRole on role/r"},
		},
		{
			what: "a specifier names one kind, nothing above and nothing below",
			held: hold("allow * on proj/p"),
			yes:  []string{"updateProjectName on proj/p", "viewProject on proj/p"},
			no:   []string{"updateName on proj/p:env/e", "updateOn on proj/p:env/e:flag/f", "updateOn on proj/p:metric/m"},
		},
		{
			what: "the chain of types counts, not the last type",
			held: hold("allow * on proj/*:env/*:aiconfig/*"),
			yes:  []string{"updateAIConfig on proj/p:env/e:aiconfig/a"},
			no:   []string{"updateAIConfig on proj/p:aiconfig/a"},
		},
		{
			what: "every name must match its own key",
			held: hold("allow updateOn on proj/p-*:env/*-eu:flag/a*z"),
			yes:  []string{"updateOn on proj/p-:env/x-eu:flag/az", "updateOn on proj/p-1:env/-eu:flag/abcz"},
			no:   []string{"updateOn on proj/q-1:env/x-eu:flag/az", "updateOn on proj/p-1:env/x-us:flag/az", "updateOn on proj/p-1:env/x-eu:flag/a"},
		},
		{
			what: "a type without names",
			held: hold("allow * on acct"),
			yes:  []string{"updateAccountOwner on acct"},
			no:   []string{"createRole on role/acct"},
		},
		{
			what: "a type that may have a name: without one it asks for none",
			held: hold("allow * on ip-allowlist"),
			yes:  []string{"viewIpAllowlist on ip-allowlist", "viewIpAllowlist on ip-allowlist/x"},
		},
		{
			what: "members are named by e-mail address",
			held: hold("allow * on member/*@example.com:token/*"),
			yes:  []string{"deleteAccessToken on member/ana@example.com:token/t"},
			no:   []string{"deleteAccessToken on member/ana@example.org:token/t", "deleteMember on member/ana@example.com"},
		},
		{
			what: "tags of each segment are looked for in that segment",
			held: hold("allow updateOn on proj/*;a:env/*;b:flag/*;c"),
			yes:  []string{"updateOn on proj/p;a:env/e;b:flag/f;c"},
			no:   []string{"updateOn on proj/p;a:env/e;c:flag/f;b", "updateOn on proj/p:env/e;a,b,c:flag/f;a,b,c"},
		},
		{
			what: "a tag may be a pattern: some tag matches",
			held: hold("allow updateOn on proj/*:env/*:flag/*;qa_*"),
			yes:  []string{"updateOn on proj/p:env/e:flag/f;x,qa_1"},
			no:   []string{"updateOn on proj/p:env/e:flag/f;qa", "updateOn on proj/p:env/e:flag/f"},
		},
		{
			what: "one tag may match two patterns",
			held: hold("allow updateOn on proj/*:env/*:flag/*;a*,*b"),
			yes:  []string{"updateOn on proj/p:env/e:flag/f;ab", "updateOn on proj/p:env/e:flag/f;a,b"},
			no:   []string{"updateOn on proj/p:env/e:flag/f;a"},
		},
		{
			what: "the pattern * asks for some tag",
			held: hold("allow updateOn on proj/*:env/*:flag/*;*"),
			yes:  []string{"updateOn on proj/p:env/e:flag/f;x"},
			no:   []string{"updateOn on proj/p:env/e:flag/f"},
		},
		{
			what: "views, like tags",
			held: hold("allow updateOn on proj/*:env/*:flag/*;view:checkout*,view:*-x"),
			yes:  []string{"updateOn on proj/p:env/e:flag/f;view:checkout-x", "updateOn on proj/p:env/e:flag/f;view:checkout,view:q-x"},
			no:   []string{"updateOn on proj/p:env/e:flag/f;view:checkout", "updateOn on proj/p:env/e:flag/f;checkout-x"},
		},
		{
			what: "a property that is not stated is false",
			held: hold("allow updateOn on proj/*:env/*;{critical:false}:flag/*"),
			yes:  []string{"updateOn on proj/p:env/e:flag/f", "updateOn on proj/p:env/e;{critical:false}:flag/f"},
			no:   []string{"updateOn on proj/p:env/e;{critical:true}:flag/f"},
		},
		{
			what: "an unknown property matches nothing, whatever the resource says",
			held: hold("allow updateOn on proj/*:env/*;{colour:red}:flag/* proj/*:env/*;{colour:false}:flag/*", "allow updateOn on proj/*:env/*:flag/*;{critical:true}"),
			no:   []string{"updateOn on proj/p:env/e;{colour:red}:flag/f", "updateOn on proj/p:env/e;{critical:true}:flag/f;{critical:true}"},
		},
		{
			what: "tags and views on a type that has none match nothing",
			held: hold("allow * on proj/*:env/*:experiment/*;a", "allow * on proj/*:env/*:segment/*;view:v"),
			no:   []string{"updateExperiment on proj/p:env/e:experiment/x;a", "updateName on proj/p:env/e:segment/s;view:v"},
		},
		{
			what: "an unknown type may have tags and views, but no property is known",
			held: hold("allow * on proj/*:gizmo/*;a", "allow * on proj/*:gizmo/*;view:v", "allow * on proj/*:gizmo/*;{critical:true}"),
			yes:  []string{"spin on proj/p:gizmo/g;a", "spin on proj/p:gizmo/g;view:v"},
			no:   []string{"spin on proj/p:gizmo/g;{critical:true}"},
		},
		{
			what: "actions may be patterns, and unknown ones compare as text",
			held: hold("allow update* launchRocket on proj/*:env/*:flag/*"),
			yes:  []string{"updateOn on proj/p:env/e:flag/f", "updateWhatever on proj/p:env/e:flag/f", "launchRocket on proj/p:env/e:flag/f"},
			no:   []string{"createFlag on proj/p:env/e:flag/f", "launchRockets on proj/p:env/e:flag/f"},
		},
		{
			what: "notActions: all but those",
			held: hold("allow not update* deleteFlag on proj/*:env/*:flag/*"),
			yes:  []string{"createFlag on proj/p:env/e:flag/f", "launchRocket on proj/p:env/e:flag/f"},
			no:   []string{"updateOn on proj/p:env/e:flag/f", "deleteFlag on proj/p:env/e:flag/f"},
		},
		{
			what: "notActions * covers nothing",
			held: hold("allow not * on proj/*:env/*:flag/*"),
			no:   []string{"createFlag on proj/p:env/e:flag/f", "launchRocket on proj/p:env/e:flag/f"},
		},
		{
			what: "notResources with notActions",
			held: hold("allow not createFlag on not proj/p:env/*:flag/*"),
			yes:  []string{"updateOn on proj/q:env/e:flag/f"},
			no:   []string{"updateOn on proj/p:env/e:flag/f", "createFlag on proj/q:env/e:flag/f"},
		},
		{
			what: "several notResources: none of them",
			held: hold("allow updateOn on not proj/p:env/*:flag/* proj/*:env/*:flag/*;a"),
			yes:  []string{"updateOn on proj/q:env/e:flag/f;b"},
			no:   []string{"updateOn on proj/p:env/e:flag/f;b", "updateOn on proj/q:env/e:flag/f;a"},
		},
		{
			what: "base permissions reader: view actions on everything",
			held: hold("reader"),
			yes:  []string{"viewProject on proj/p", "viewSdkKey on proj/p:env/e", "viewTeam on team/t", "viewGizmo on proj/p:gizmo/g"},
			no:   []string{"updateOn on proj/p:env/e:flag/f", "createAccessToken on member/m:token/t", "getPaymentCard on acct"},
		},
		{
			what: "an allow of anything does not limit what reader gives",
			held: hold("reader", "allow create* on proj/*"),
			yes:  []string{"viewProject on proj/p", "createProject on proj/p"},
		},
		{
			what: "an attribute within a name",
			held: hold("allow updateOn on proj/*:env/*:flag/a-${roleAttribute/x}-*").with("x", "1", "22"),
			yes:  []string{"updateOn on proj/p:env/e:flag/a-1-", "updateOn on proj/p:env/e:flag/a-22-z"},
			no:   []string{"updateOn on proj/p:env/e:flag/a-2-", "updateOn on proj/p:env/e:flag/a--z"},
		},
		{
			what: "the values of an attribute are in no order",
			held: hold("allow createRole on role/${roleAttribute/x}*b").with("x", "ab", "a"),
			yes:  []string{"createRole on role/ab", "createRole on role/abb"},
			no:   []string{"createRole on role/b"},
		},
		{
			what: "what follows an attribute begins where its value ends",
			held: hold("allow createRole on role/${roleAttribute/x}*a").with("x", "a"),
			yes:  []string{"createRole on role/aa", "createRole on role/aba"},
			no:   []string{"createRole on role/a", "createRole on role/ba"},
		},
		{
			what: "each occurrence of an attribute stands for any value",
			held: hold("allow updateOn on proj/${roleAttribute/x}:env/${roleAttribute/x}:flag/${roleAttribute/x}${roleAttribute/y}").with("x", "a", "b").with("y", "c"),
			yes:  []string{"updateOn on proj/a:env/b:flag/ac", "updateOn on proj/b:env/b:flag/bc"},
			no:   []string{"updateOn on proj/c:env/a:flag/ac", "updateOn on proj/a:env/a:flag/a"},
		},
		{
			what: "an attribute in tags and views",
			held: hold("allow updateOn on proj/*:env/*:flag/*;${roleAttribute/t},view:${roleAttribute/v}").with("t", "red").with("v", "cart"),
			yes:  []string{"updateOn on proj/p:env/e:flag/f;red,view:cart"},
			no:   []string{"updateOn on proj/p:env/e:flag/f;red", "updateOn on proj/p:env/e:flag/f;view:cart"},
		},
		{
			what: "an attribute with no values is not set",
			held: hold("allow updateOn on proj/${roleAttribute/p}:env/*:flag/*").with("p"),
			no:   []string{"updateOn on proj/p:env/e:flag/f"},
		},
		{
			what: "a notResources with an attribute that is not set covers all",
			held: hold("allow updateOn on not proj/${roleAttribute/p}:env/*:flag/*"),
			yes:  []string{"updateOn on proj/p:env/e:flag/f"},
		},
		{
			what: "a deny whose attribute is not set denies nothing",
			held: hold("allow updateOn on proj/*:env/*:flag/*", "deny updateOn on proj/${roleAttribute/p}:env/*:flag/*"),
			yes:  []string{"updateOn on proj/p:env/e:flag/f"},
		},
		{
			what: "kinds mixed in one statement are taken one by one",
			held: hold("allow * on proj/* proj/*:metric/*"),
			yes:  []string{"updateOn on proj/p:metric/m", "updateProjectName on proj/p"},
			no:   []string{"updateName on proj/p:env/e"},
		},
	} {
		held := []Held{viewing, c.held}
		if slices.ContainsFunc(slices.Concat(c.yes, c.no), func(s string) bool { return strings.HasPrefix(s, "viewProject") }) {
			held = held[1:]
		}
		for want, requests := range map[bool][]string{true: c.yes, false: c.no} {
			for _, text := range requests {
				if d := Evaluate(held, ask(text), DefaultSemantics()); d.Allowed != want {
					t.Errorf("%s: %s: %v\n%q", c.what, text, d.Allowed, texts(d.Reasons))
				}
			}
		}
	}
}

// TestOwnEnvironmentCounts: the environment of the request counts as it stands there, listed or
// not, and the request is not changed.
func TestOwnEnvironmentCounts(t *testing.T) {
	held := []Held{viewing, hold("allow updateTags on proj/p:env/*;a:flag/*")}
	req := ask("updateTags on proj/p:env/test;a:flag/f", "env/test", "env/staging;a")
	if !Evaluate(held, req, DefaultSemantics()).Allowed {
		t.Error("the listed environment counts in place of the request's own")
	}
	if req.Resource[1].Key != "test" || len(req.Environments) != 2 {
		t.Errorf("the request is changed: %v", req)
	}
	if Evaluate(held, ask("updateTags on proj/p:env/test:flag/f", "env/staging;a"), DefaultSemantics()).Allowed {
		t.Error("the request's own environment does not count")
	}
}

// TestReasons checks that the evaluation is complete, and what of it decides.
func TestReasons(t *testing.T) {
	both := append(slices.Clone(inTwoRoles[1:]), Held{Role: hold("reader", "deny * on not role/*").Role, Through: "team t"})
	for _, c := range []struct {
		what    string
		held    []Held
		sem     []string
		request Request
		all     []string
		decides []string
	}{
		{
			what: "nobody holds anything", request: ask("createRole on role/r"),
			all:     []string{`no role allows "createRole on role/r"`},
			decides: []string{`no role allows "createRole on role/r"`},
		},
		{
			what: "every allow of every role that suffices", request: ask("createRole on role/r"),
			held: []Held{
				hold("allow create* on role/x role/*", "allow not deleteRole on not team/*"),
				hold("allow * on role/*", "deny createRole on role/r"),
			},
			all: []string{
				`role "r", statement 1, allows "create*" on "role/*"`,
				`role "r", statement 2, allows all but the listed actions on all but the listed resources`,
				`role "r", statement 1, allows "*" on "role/*"`,
				`role "r", statement 2, denies "createRole" on "role/r"`,
			},
			decides: []string{
				`role "r", statement 1, allows "create*" on "role/*"`,
				`role "r", statement 2, allows all but the listed actions on all but the listed resources`,
			},
		},
		{
			what: "a deny that stops nothing does not decide", request: ask("createRole on role/r"),
			held: []Held{hold("deny * on role/*"), hold("allow * on role/*", "deny create* on role/*")},
			all: []string{
				`role "r", statement 1, denies "*" on "role/*"`,
				`role "r", statement 1, allows "*" on "role/*"`,
				`role "r", statement 2, denies "create*" on "role/*"`,
				`no role allows "createRole on role/r"`,
			},
			decides: []string{
				`role "r", statement 2, denies "create*" on "role/*"`,
				`no role allows "createRole on role/r"`,
			},
		},
		{
			what: "the project must be viewable", request: ask("updateOn on proj/p:metric/m"),
			held: []Held{hold("allow updateOn on proj/*:metric/*"), hold("reader", "deny viewProject on proj/p")},
			all: []string{
				`role "r", statement 1, allows "updateOn" on "proj/*:metric/*"`,
				`role "r", statement 1, denies "viewProject" on "proj/p"`,
				`role "r", base permissions, allows "view*" on everything`,
				`nothing in the project can be used without "viewProject on proj/p"`,
			},
			decides: []string{
				`role "r", statement 1, denies "viewProject" on "proj/p"`,
				`nothing in the project can be used without "viewProject on proj/p"`,
			},
		},
		{
			what: "the view decides too", request: ask("updateOn on proj/p:metric/m"),
			held: []Held{hold("allow updateOn on proj/*:metric/*"), {Role: hold("reader").Role, Through: "team t"}},
			all: []string{
				`role "r", statement 1, allows "updateOn" on "proj/*:metric/*"`,
				`role "r" (team t), base permissions, allows "view*" on everything`,
			},
			decides: []string{
				`role "r", statement 1, allows "updateOn" on "proj/*:metric/*"`,
				`role "r" (team t), base permissions, allows "view*" on everything`,
			},
		},
		{
			what: "a view that is stopped does not decide", request: ask("updateOn on proj/p:metric/m"),
			held: []Held{hold("reader", "allow updateOn on proj/*:metric/*", "deny viewProject on proj/p"), viewing},
			all: []string{
				`role "r", statement 1, allows "updateOn" on "proj/*:metric/*"`,
				`role "r", statement 2, denies "viewProject" on "proj/p"`,
				`role "r", base permissions, allows "view*" on everything`,
				`role "r", statement 1, allows "viewProject" on "proj/*"`,
			},
			decides: []string{
				`role "r", statement 1, allows "updateOn" on "proj/*:metric/*"`,
				`role "r", statement 1, allows "viewProject" on "proj/*"`,
			},
		},
		{
			what: "the view of another role does not count", request: ask("updateOn on proj/p:metric/m"),
			sem:  []string{"viewFrom=sameRole"},
			held: []Held{viewing, hold("allow updateOn on proj/*:metric/*"), hold("reader", "allow updateOn on proj/*:metric/*")},
			all: []string{
				`role "r", statement 1, allows "updateOn" on "proj/*:metric/*"`,
				`role "r", statement 1, allows "updateOn" on "proj/*:metric/*"`,
				`role "r", statement 1, allows "viewProject" on "proj/*"`,
				`role "r", base permissions, allows "view*" on everything`,
			},
			decides: []string{
				`role "r", statement 1, allows "updateOn" on "proj/*:metric/*"`,
				`role "r", base permissions, allows "view*" on everything`,
			},
		},
		{
			what: "no view from the role that allows", request: ask("updateOn on proj/p:metric/m"),
			sem:  []string{"viewFrom=sameRole"},
			held: []Held{viewing, hold("allow updateOn on proj/*:metric/*")},
			all: []string{
				`role "r", statement 1, allows "updateOn" on "proj/*:metric/*"`,
				`role "r", statement 1, allows "viewProject" on "proj/*"`,
				`nothing in the project can be used without "viewProject on proj/p"`,
			},
			decides: []string{`nothing in the project can be used without "viewProject on proj/p"`},
		},
		{
			what: "two roles, one environment each", request: ask("updateTags on proj/p:env/a:flag/f", "env/b"),
			sem:  []string{"environmentWide=perRole", "viewPrecondition=false"},
			held: both,
			all: []string{
				`role "r", statement 1, allows "updateTags" on "proj/p:env/a:flag/*"`,
				`role "r" (team t), statement 1, denies "*" on all but the listed resources`,
				`role "r", statement 1, allows "updateTags" on "proj/p:env/b:flag/*"`,
				`role "r" (team t), statement 1, denies "*" on all but the listed resources`,
				`the action changes every environment, and no single role allows it in all of them: "updateTags on proj/p:env/a:flag/f"`,
			},
			decides: []string{
				`the action changes every environment, and no single role allows it in all of them: "updateTags on proj/p:env/a:flag/f"`,
			},
		},
	} {
		d := Evaluate(c.held, c.request, under(c.sem...))
		if diff := cmp.Diff(c.all, texts(d.Reasons)); diff != "" {
			t.Errorf("%s: %s", c.what, diff)
		}
		if diff := cmp.Diff(c.decides, texts(d.Deciding())); diff != "" {
			t.Errorf("%s: decides: %s", c.what, diff)
		}
		if d.Semantics != under(c.sem...) || !cmp.Equal(d.Request, c.request) {
			t.Errorf("%s: the decision is about something else", c.what)
		}
	}
}

// TestProblems: what cannot be read matches nothing, and the decision says so.
func TestProblems(t *testing.T) {
	bad := hold("allow * on proj/*:flag/* role/*", "deny * on *", "allow * on not proj/*:env/:flag/*")
	bad.Role.Policy = append(bad.Role.Policy,
		role.Statement{Effect: role.Allow, Actions: []string{"*"}},
		role.Statement{Effect: "Deny", Actions: []string{"*"}, Resources: []string{"team/*"}},
	)
	d := Evaluate([]Held{viewing, bad}, ask("updatePolicy on role/r"), DefaultSemantics())
	want := []string{
		`statement 1: resource specifier "proj/*:flag/*", byte 7: type "flag" cannot stand here: it is written "proj/…:env/…:flag/…"; it matches nothing, did you mean "proj/*:env/*:flag/*"`,
		`statement 2: resource specifier "*", byte 0: a specifier names one kind of resource and "*" is no resource type: write one specifier for each type; it matches nothing, did you mean "proj/*"`,
		`statement 3: resource specifier "proj/*:env/:flag/*", byte 11: the name after "env/" is empty; it matches nothing, did you mean "proj/*:env/*:flag/*"`,
		`statement 4: Statement must have exactly one of "resources" and "notResources"; the statement does nothing`,
		`statement 5: Statement effect must be "allow" or "deny", not "Deny"; the statement does nothing`,
	}
	var got []string
	for _, p := range d.Problems {
		got = append(got, p.String())
		if p.Held != 1 {
			t.Errorf("held %d: %s", p.Held, p)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		`role "r", statement 1, allows "*" on "role/*"`,
		`role "r", statement 3, allows "*" on all but the listed resources`,
	}, texts(d.Reasons)); diff != "" {
		t.Error(diff)
	}
	if Evaluate([]Held{bad}, ask("deleteTeam on team/t"), under("notResources=sameKind")).Allowed {
		t.Error("a statement that cannot be read grants something")
	}
}

// TestMalformed: a statement that LaunchDarkly would refuse does nothing, even where some reading of
// it would match.
func TestMalformed(t *testing.T) {
	all := []string{"*"}
	for _, s := range []role.Statement{
		{},
		{Effect: role.Allow, Actions: all},
		{Effect: role.Allow, NotResources: []string{"team/*"}},
		{Effect: role.Allow, Actions: all, Resources: []string{"role/*"}, NotResources: []string{"team/*"}},
		{Effect: role.Allow, Actions: all, NotActions: []string{"x"}, Resources: []string{"role/*"}},
		{Effect: "ALLOW", Actions: all, Resources: []string{"role/*"}},
	} {
		d := Evaluate([]Held{{Role: role.Role{Policy: []role.Statement{s}}}}, ask("createRole on role/r"), DefaultSemantics())
		if d.Allowed || len(d.Problems) != 1 || !slices.Equal(kinds(d.Reasons), []string{ReasonNone}) {
			t.Errorf("%+v: %v %q %q", s, d.Allowed, d.Problems, texts(d.Reasons))
		}
	}
}

// TestNoResource: a request about nothing is answered without harm.
func TestNoResource(t *testing.T) {
	if Evaluate([]Held{hold("reader", "allow * on proj/*")}, Request{Action: "spin"}, DefaultSemantics()).Allowed {
		t.Error("allowed")
	}
}

// TestEvaluateIsNotExponential: hostile names and attributes cost no more than their size.
func TestEvaluateIsNotExponential(t *testing.T) {
	long := strings.Repeat("a", 2000)
	held := hold("allow createRole on role/" + strings.Repeat("${roleAttribute/x}*", 20) + "b")
	held = held.with("x", "a", "aa", "aaa", "*a")
	req := Request{Action: "createRole", Resource: []Part{{Type: "role", Key: long}}}
	if Evaluate([]Held{held}, req, under("attributeGlobs=glob")).Allowed {
		t.Error("allowed")
	}
}

func BenchmarkEvaluate(b *testing.B) {
	held := []Held{viewing, hold("allow * on proj/*:env/*:flag/*;a", "deny updateOn on proj/*:env/*;{critical:true}:flag/*",
		"allow update* on proj/${roleAttribute/p}:env/*:flag/*").with("p", "x", "y")}
	req := ask("updateOn on proj/x:env/e;{critical:true}:flag/f;a")
	b.Run("read each time", func(b *testing.B) {
		for b.Loop() {
			Evaluate(held, req, DefaultSemantics())
		}
	})
	e := NewEvaluator(held, DefaultSemantics())
	b.Run("read once", func(b *testing.B) {
		for b.Loop() {
			e.Evaluate(req)
		}
	})
	b.Run("no reasons", func(b *testing.B) {
		for b.Loop() {
			e.Allows(req)
		}
	})
}
