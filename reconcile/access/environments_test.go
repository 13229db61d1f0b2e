package access

import (
	"testing"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// TestInTwoEnvironments: an action of all environments is found where one policy allows it in one
// environment and another in another, of the same flag in one project; nothing else is.
func TestInTwoEnvironments(t *testing.T) {
	t.Parallel()
	grants := func(e *Engine, actions, resource string) Region {
		r, _ := e.Grants(Subject{Held: []policy.Held{{Role: role.Role{BasePermissions: role.NoAccess, Policy: []role.Statement{
			{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/*"}},
			{Effect: role.Allow, Actions: []string{actions}, Resources: []string{resource}},
		}}}}})
		return r
	}
	for _, tt := range []struct {
		name                       string
		action, here, other, there string
		steps                      int
		want                       Answer
	}{
		{"two environments", "createFlag", "proj/a:env/x:flag/*", "createFlag", "proj/*:env/y:flag/f", 0, Yes},
		{"any environment and one", "createFlag", "proj/a:env/*:flag/*", "*", "proj/*:env/y:flag/f", 0, Yes},
		{"critical and not", "createFlag", "proj/a:env/*;{critical:true}:flag/*", "createFlag", "proj/*:env/*;{critical:false}:flag/f", 0, Yes},
		{"the same environment", "createFlag", "proj/a:env/x:flag/*", "createFlag", "proj/a:env/x:flag/*", 0, No},
		{"other projects", "createFlag", "proj/a:env/x:flag/*", "createFlag", "proj/b:env/y:flag/*", 0, No},
		{"other flags", "createFlag", "proj/a:env/x:flag/f", "createFlag", "proj/a:env/y:flag/g", 0, No},
		{"other actions", "createFlag", "proj/a:env/x:flag/*", "deleteFlag", "proj/a:env/y:flag/*", 0, No},
		{"of one environment alone", "updateOn", "proj/a:env/x:flag/*", "updateOn", "proj/a:env/y:flag/*", 0, No},
		{"no flags", "createMetric", "proj/a:metric/*", "createMetric", "proj/a:metric/*", 0, No},
		{"without budget", "createFlag", "proj/a:env/x:flag/*", "createFlag", "proj/*:env/y:flag/f", 1, Undecided},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := New(policy.DefaultSemantics(), Budget{Steps: tt.steps})
			r, got := e.InTwoEnvironments(grants(e, tt.action, tt.here), grants(e, tt.other, tt.there))
			if got != tt.want || (got == Yes) != (len(r.Environments) == 2) {
				t.Fatalf("%s: %+v", got, r)
			}
			if got == Yes && r.Environments[0].String() == r.Environments[1].String() {
				t.Errorf("one environment twice: %+v", r.Environments)
			}
		})
	}
}
