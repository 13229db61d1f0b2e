package policy

import (
	"slices"
	"testing"

	"github.com/rolewright/rolewright/reconcile/role"
)

func TestNearestMiss(t *testing.T) {
	for _, c := range []struct {
		what    string
		held    []Held
		sem     []string
		request Request
		want    string // of role "r"; empty where there is none
	}{
		{"allowed", []Held{hold("allow * on role/*")}, nil, ask("createRole on role/r"), ""},
		{"nobody", nil, nil, ask("createRole on role/r"), ""},
		{"no allow", []Held{hold("deny * on role/*")}, nil, ask("createRole on role/r"), ""},
		{
			"a tag",
			[]Held{viewing, hold("allow updateOn on proj/*:env/*:flag/*;team-a")},
			nil,
			ask("updateOn on proj/p:env/e:flag/f"),
			`nearest to "updateOn on proj/p:env/e:flag/f" is role "r", statement 1: would match if the flag were tagged "team-a"`,
		},
		{
			"another environment",
			[]Held{viewing, hold("allow updateOn on proj/*:env/staging:flag/*")},
			nil,
			ask("updateOn on proj/p:env/production:flag/f"),
			`nearest to "updateOn on proj/p:env/production:flag/f" is role "r", statement 1: would match in "env/staging", not "env/production"`,
		},
		{
			"the name itself",
			[]Held{viewing, hold("allow updateOn on proj/*:env/*:flag/pay-*")},
			nil,
			ask("updateOn on proj/p:env/e:flag/f"),
			`nearest to "updateOn on proj/p:env/e:flag/f" is role "r", statement 1: would match "flag/pay-*", not "flag/f"`,
		},
		{
			"a property and a view",
			[]Held{viewing, hold("allow updateOn on proj/*:env/*;{critical:false}:flag/*;view:cart")},
			nil,
			ask("updateOn on proj/p:env/e;{critical:true}:flag/f"),
			`nearest to "updateOn on proj/p:env/e;{critical:true}:flag/f" is role "r", statement 1: would match if the env had "{critical:false}", not "true"; would match if the flag were linked to the view "cart"`,
		},
		{
			"the action",
			[]Held{viewing, hold("allow updateOn update*s on proj/*:env/*:flag/*")},
			nil,
			ask("createFlag on proj/p:env/e:flag/f"),
			`nearest to "createFlag on proj/p:env/e:flag/f" is role "r", statement 1: would match the action "updateOn" or "update*s", not "createFlag"`,
		},
		{
			"one of many actions",
			[]Held{hold("allow a b c d e f on role/*")},
			nil, ask("createRole on role/r"),
			`nearest to "createRole on role/r" is role "r", statement 1: would match the action "a", "b", "c", "d" or 2 others, not "createRole"`,
		},
		{
			"notActions and notResources",
			[]Held{hold("allow not delete* create* on not team/* role/x role/*")},
			nil,
			ask("createRole on role/x"),
			`nearest to "createRole on role/x" is role "r", statement 1: would match but for "create*" in notActions; would match but for "role/x" in notResources; would match but for "role/*" in notResources`,
		},
		{
			"a kind that notResources does not list",
			[]Held{hold("allow * on not team/*")},
			[]string{"notResources=sameKind"},
			ask("createRole on role/x"),
			`nearest to "createRole on role/x" is role "r", statement 1: would match a kind that notResources lists, not "role"`,
		},
		{
			"another kind",
			[]Held{hold("allow * on team/*")},
			nil, ask("createRole on role/x"),
			`nearest to "createRole on role/x" is role "r", statement 1: would match resources of kind "team", not "role"`,
		},
		{
			"nothing that can be read",
			[]Held{hold("allow * on *")},
			nil, ask("createRole on role/x"),
			`nearest to "createRole on role/x" is role "r", statement 1: would match nothing that can be read, not "role"`,
		},
		{
			"an attribute that is not set",
			[]Held{hold("allow * on role/${roleAttribute/roles}")},
			nil, ask("createRole on role/x"),
			`nearest to "createRole on role/x" is role "r", statement 1: would match if role attribute "roles" had the value "x"; it has no value`,
		},
		{
			"an attribute with other values",
			[]Held{hold("allow * on role/${roleAttribute/roles}").with("roles", "a", "b")},
			nil, ask("createRole on role/x"),
			`nearest to "createRole on role/x" is role "r", statement 1: would match if role attribute "roles" had the value "x"; it has "a" or "b"`,
		},
		{
			"selectors that never match",
			[]Held{hold("allow * on role/*;a,view:b,{critical:true}")},
			nil, ask("createRole on role/x"),
			`nearest to "createRole on role/x" is role "r", statement 1: never matches by the tag "a": type "role" has no tags; never matches by "view:b": type "role" is not in views; never matches by "{critical:true}": type "role" is not known to have that property`,
		},
		{
			"selectors on an unknown type",
			[]Held{hold("allow * on gizmo/*;a,view:b,{critical:true}")},
			nil, ask("spin on gizmo/x"),
			`nearest to "spin on gizmo/x" is role "r", statement 1: would match if the gizmo were tagged "a"; would match if the gizmo were linked to the view "b"; never matches by "{critical:true}": type "gizmo" is not known to have that property`,
		},
		{
			"the nearest of several specifiers, statements and roles",
			[]Held{hold("allow * on team/*"), {Role: hold("allow deleteRole on role/*", "allow updatePolicy on role/a team/* role/x").Role, Through: "team t"}},
			nil, ask("createRole on role/x"),
			`nearest to "createRole on role/x" is role "r" (team t), statement 1: would match the action "deleteRole", not "createRole"`,
		},
		{
			"a deny",
			[]Held{hold("allow createRole on role/*", "deny * on role/x")},
			nil, ask("createRole on role/x"),
			`nearest to "createRole on role/x" is role "r", statement 1: would match; is stopped by statement 2, which denies it`,
		},
		{
			"a deny counts as one",
			[]Held{hold("allow createRole on role/*", "deny * on role/x", "deny create* on role/*"), hold("allow createRole on role/y")},
			nil, ask("createRole on role/x"),
			`nearest to "createRole on role/x" is role "r", statement 1: would match "role/y", not "role/x"`,
		},
		{
			"base permissions stopped",
			[]Held{hold("reader", "deny viewProject on proj/p")},
			nil, ask("viewProject on proj/p"),
			`nearest to "viewProject on proj/p" is role "r", base permissions: would match; is stopped by statement 1, which denies it`,
		},
		{
			"the view of the project",
			[]Held{hold("allow updateOn on proj/*:env/*:flag/*", "allow viewProject on proj/q")},
			nil,
			ask("updateOn on proj/p:env/e:flag/f"),
			`nearest to "viewProject on proj/p" is role "r", statement 2: would match "proj/q", not "proj/p"`,
		},
		{
			"the view from the same role",
			[]Held{hold("allow viewProject on proj/p"), hold("reader", "deny viewProject on proj/p"), hold("allow updateOn on proj/*:env/*:flag/*", "allow viewProject on proj/q")},
			[]string{"viewFrom=sameRole"},
			ask("updateOn on proj/p:env/e:flag/f"),
			`nearest to "viewProject on proj/p" is role "r", statement 2: would match "proj/q", not "proj/p"`,
		},
		{
			"the view from the same role in one of the environments",
			[]Held{hold("allow updateTags on proj/p:env/b:flag/*", "allow viewProject on proj/q"), hold("reader", "allow updateTags on proj/p:env/a:flag/*")},
			[]string{"viewFrom=sameRole"},
			ask("updateTags on proj/p:env/a:flag/f", "env/b"),
			`nearest to "viewProject on proj/p" is role "r", statement 2: would match "proj/q", not "proj/p"`,
		},
		{
			"the first of two that are equally near",
			[]Held{hold("allow createRole on role/a role/b", "allow createRole on role/c")},
			nil,
			ask("createRole on role/x"),
			`nearest to "createRole on role/x" is role "r", statement 1: would match "role/a", not "role/x"`,
		},
		{
			"one environment",
			[]Held{viewing, hold("allow updateTags on proj/*:env/*;{critical:false}:flag/*")},
			nil,
			ask("updateTags on proj/p:env/e:flag/f", "env/production;{critical:true}"),
			`nearest to "updateTags on proj/p:env/production;{critical:true}:flag/f" is role "r", statement 1: would match if the env had "{critical:false}", not "true"`,
		},
		{
			"no one role", inTwoRoles,
			[]string{"environmentWide=perRole"},
			ask("updateTags on proj/p:env/a:flag/f", "env/b"),
			`nearest to "updateTags on proj/p:env/b:flag/f" is role "r", statement 1: would match in "env/a", not "env/b"`,
		},
		{
			"no one role with the view",
			[]Held{
				hold("allow updateTags on proj/p:env/*:flag/*", "allow viewProject on proj/q"),
				hold("allow updateTags on proj/p:env/a:flag/*", "allow viewProject on proj/p"),
				hold("allow updateTags on proj/p:env/b:flag/*", "allow viewProject on proj/p"),
			},
			[]string{"environmentWide=perRole", "viewFrom=sameRole"},
			ask("updateTags on proj/p:env/a:flag/f", "env/b"),
			`nearest to "viewProject on proj/p" is role "r", statement 2: would match "proj/q", not "proj/p"`,
		},
	} {
		near, found := NearestMiss(c.held, c.request, under(c.sem...))
		switch {
		case found != (c.want != ""):
			t.Errorf("%s: found %v", c.what, found)
		case found && near.String() != c.want:
			t.Errorf("%s:\n%s\nwant:\n%s", c.what, near, c.want)
		}
	}
}

// TestNearMissData: what the words are made from.
func TestNearMissData(t *testing.T) {
	held := []Held{viewing, {Role: hold("deny * on team/*", "allow createRole on role/*", "deny * on role/x").Role, Through: "team t"}}
	near, _ := NearestMiss(held, ask("createRole on role/x"), DefaultSemantics())
	if near.Held != 1 || near.Through != "team t" || near.Statement != 1 || !slices.Equal(near.Stops, []int{2}) || len(near.Fails) != 0 {
		t.Errorf("%+v", near)
	}
}

// TestNearestMissIsAboutTheAction has two allows that fail one predicate each.
func TestNearestMissIsAboutTheAction(t *testing.T) {
	r := role.Role{Key: "r", Policy: []role.Statement{
		{Effect: role.Allow, Actions: []string{"createFlag"}, Resources: []string{"proj/*:env/*:flag/*"}},
		{Effect: role.Allow, Actions: []string{"updateOn"}, Resources: []string{"proj/*:env/*;{critical:false}:flag/*"}},
		{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/*"}},
	}}
	actions, spec, err := ParseRequest("updateOn on proj/p:env/e;{critical:true}:flag/f")
	if err != nil {
		t.Fatal(err)
	}
	req, err := NewRequest(actions[0], spec)
	if err != nil {
		t.Fatal(err)
	}
	near, ok := NearestMiss([]Held{{Role: r}}, req, DefaultSemantics())
	if !ok || near.Statement != 1 {
		t.Errorf("nearest is %v, want statement 2", near)
	}
}
