package policy

import (
	"errors"
	"testing"

	"github.com/rolewright/rolewright/reconcile/role"
)

func TestCheckStatement(t *testing.T) {
	flags, all := []string{"proj/*:env/*:flag/*"}, []string{"*"}
	const (
		actions   = `Statement must have exactly one of "actions" and "notActions"`
		resources = `Statement must have exactly one of "resources" and "notResources"`
	)
	for _, c := range []struct {
		name      string
		statement role.Statement
		options   Options
		want      string
	}{
		{"plain", role.Statement{Effect: role.Allow, Actions: all, Resources: flags}, Options{}, ""},
		{"both negated", role.Statement{Effect: role.Deny, NotActions: all, NotResources: flags}, Options{}, ""},
		{"action of another kind", role.Statement{Effect: role.Allow, Actions: []string{"updateOn"}, NotResources: []string{"proj/*:env/production"}}, Options{}, ""},
		{"unknown action", role.Statement{Effect: role.Allow, Actions: []string{"launchRocket"}, Resources: flags}, Options{}, ""},
		{"one kind", role.Statement{Effect: role.Allow, Actions: all, Resources: []string{"proj/a", "proj/b;x"}}, Options{}, ""},
		{"no effect", role.Statement{Actions: all, Resources: flags}, Options{}, `Statement effect must be "allow" or "deny", not ""`},
		{"other effect", role.Statement{Effect: "Allow", Actions: all, Resources: flags}, Options{}, `Statement effect must be "allow" or "deny", not "Allow"`},
		{"no actions", role.Statement{Effect: role.Allow, Resources: flags}, Options{}, actions},
		{"empty actions", role.Statement{Effect: role.Allow, Actions: []string{}, NotActions: all, Resources: flags}, Options{}, ""},
		{"two actions", role.Statement{Effect: role.Allow, Actions: all, NotActions: all, Resources: flags}, Options{}, actions},
		{"no resources", role.Statement{Effect: role.Allow, Actions: all}, Options{}, resources},
		{"two resources", role.Statement{Effect: role.Allow, Actions: all, Resources: flags, NotResources: flags}, Options{}, resources},
		{"bad specifier", role.Statement{Effect: role.Allow, Actions: all, Resources: []string{"proj/x:*"}}, Options{}, `Error parsing resource specifier "proj/x:*"`},
		{"second is bad", role.Statement{Effect: role.Allow, Actions: all, NotResources: []string{"proj/x", "proj/"}}, Options{}, `Error parsing resource specifier "proj/"`},
		{"mixed kinds", role.Statement{Effect: role.Allow, Actions: all, Resources: []string{"proj/x", "proj/x:env/y"}}, Options{}, MixedKinds},
		{"mixed parents", role.Statement{Effect: role.Allow, Actions: all, Resources: []string{"proj/x:aiconfig/*", "proj/x:env/y:aiconfig/*"}}, Options{}, MixedKinds},
		{"bare star", role.Statement{Effect: role.Deny, Actions: all, Resources: all}, Options{}, `Error parsing resource specifier "*"`},
		{"bare star allowed", role.Statement{Effect: role.Deny, Actions: all, Resources: all}, Options{AllowBareStar: true}, ""},
		{"bare star and others", role.Statement{Effect: role.Deny, Actions: all, Resources: []string{"*", "proj/*"}}, Options{AllowBareStar: true}, MixedKinds},
	} {
		err := CheckStatement(c.statement, c.options)
		if got := text(err); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestRefusalCause(t *testing.T) {
	err := CheckStatement(role.Statement{Effect: role.Allow, Actions: []string{"*"}, Resources: []string{"proj/"}}, Options{})
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || syntax.Offset != 5 {
		t.Errorf("the cause of %v is %v", err, syntax)
	}
}
