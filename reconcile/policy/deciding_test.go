package policy

import "testing"

func TestDecides(t *testing.T) {
	for _, row := range []struct {
		kind, action string
		want         bool
	}{
		{"role", "updatePolicy", true},
		{"role", "updateName", false},
		{"member", "updateRole", true},
		{"member:token", "deleteAccessToken", false},
		{"acct", "updateSamlSsoUrl", true},
		{"acct", "updateBillingContact", false},
		{"proj:env:flag", "updateRules", false},
	} {
		if got := Decides(row.kind, row.action); got != row.want {
			t.Errorf("Decides(%q, %q) = %v", row.kind, row.action, got)
		}
	}
}

// TestDecidingIsKnown: the catalogue has every kind, and of every kind all actions but those that are
// documented elsewhere.
func TestDecidingIsKnown(t *testing.T) {
	unlisted := map[string]bool{"updateTeamRoleAttributes": true}
	for _, d := range DecidingActions() {
		for _, action := range d.Actions {
			typ := d.Kind[len(d.Kind)-len(lastType(d.Kind)):]
			if !DefaultCatalogue().MatchesAction(typ, action) && !unlisted[action] {
				t.Errorf("%q is no action on %q", action, d.Kind)
			}
		}
	}
}
