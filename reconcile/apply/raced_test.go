package apply

import (
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/plan"
)

// TestRacedWith: an edit by somebody else shows in how many edits the account counts.
func TestRacedWith(t *testing.T) {
	team := func(fields, attributes int, roles ...string) plan.Change {
		h := &plan.HolderChange{Team: &plan.TeamChange{}, Roles: plan.ListChange{Added: roles, Removed: roles}, Attributes: make([]plan.ListChange, attributes)}
		return plan.Change{Kind: plan.KindTeam, Fields: make([]plan.FieldChange, fields), Holder: h}
	}
	for _, tt := range []struct {
		name          string
		c             plan.Change
		before, after int
		raced         bool
	}{
		{"one edit", team(1, 0), 4, 5, false},
		{"and one by somebody else", team(1, 0), 4, 6, true},
		{"one for each part", team(2, 3, "r"), 4, 9, false},
		{"one for all parts", team(2, 3, "r"), 4, 5, false},
		{"something in between", team(2, 3, "r"), 4, 7, true},
		{"more than parts", team(2, 3, "r"), 4, 10, true},
		{"not counted", team(1, 0), 0, 0, false},
		{"not counted before", team(1, 0), 0, 7, false},
		{"of a role", plan.Change{Kind: plan.KindRole}, 1, 9, false},
	} {
		said := racedWith(tt.c, tt.before, tt.after)
		if (said != "") != tt.raced || tt.raced && !strings.Contains(said, "somebody else") {
			t.Errorf("%s: %q", tt.name, said)
		}
	}
}
