package access_test

import (
	"testing"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// TestKindsAreApart: what no action of one type makes true, an action of another may. An engine that
// was asked about the one first answers for the other all the same.
func TestKindsAreApart(t *testing.T) {
	sem := policy.DefaultSemantics()
	sem.ViewPrecondition = false
	held := []policy.Held{{Role: role.Role{BasePermissions: role.NoAccess, Policy: []role.Statement{{
		Effect: role.Allow, Actions: []string{"createFlag"}, Resources: []string{"acct", "proj/*:env/*:flag/*"},
	}}}}}
	e := access.New(sem, access.Budget{})
	for _, q := range []struct{ question, want string }{
		{"createFl* on acct", access.SaysNo},
		{"createFl* on proj/*:env/*:flag/*", access.SaysPartly},
		{"createFl* on acct", access.SaysNo},
	} {
		replies, err := e.Can(held, q.question)
		if err != nil || len(replies) != 1 || replies[0].Answer != q.want {
			t.Errorf("%s: %v, %+v", q.question, err, replies)
		}
	}
	granted, _ := e.Grants(access.Subject{Held: held})
	if x, answer := granted.Example(); answer != access.Yes || x.Request.Action != "createFlag" {
		t.Errorf("%s: %+v", answer, x)
	}
	if answer := granted.Empty(); answer != access.No {
		t.Errorf("empty: %s", answer)
	}
}
