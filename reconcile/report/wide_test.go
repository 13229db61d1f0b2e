package report_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/report"
)

// TestWide has every consequence that a line can have in other environments.
func TestWide(t *testing.T) {
	const elsewhere = "updateTags on proj/web:env/x:flag/f"
	one := list("updateTags")
	for _, tt := range []struct {
		wide *access.Wide
		want string
	}{
		{&access.Wide{Actions: one, Reach: access.Stops, Example: elsewhere}, "updateTags needs to be allowed in every environment of a project: it will stop in the others too, e.g. " + elsewhere},
		{&access.Wide{Actions: list("updateName", "updateTags"), Reach: access.Stops}, "updateName, updateTags need to be allowed in every environment of a project: they will stop in the others too"},
		{&access.Wide{Actions: one, Reach: access.Blocked}, "it will work in none while another one refuses"},
		{&access.Wide{Actions: one, Reach: access.Starts}, "it will begin to work in the others too"},
		{&access.Wide{Actions: one, Reach: access.Unclear}, "what this means for the others is undecided"},
		{&access.Wide{Actions: list("a", "b", "c", "d"), Reach: access.Blocked}, "4 of these actions need to be allowed in every environment of a project: they will work in none"},
		{nil, ""},
	} {
		p := richPlan()
		for i := range p.Changes {
			if p.Changes[i].Access != nil && p.Changes[i].Key == "release-manager" {
				p.Changes[i].Access.Gained[0].Wide = tt.wide
			}
		}
		var out bytes.Buffer
		if err := report.Plan(&out, p, report.Text, report.Options{Width: 1000}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), tt.want) || strings.Contains(out.String(), "everywhere") != (tt.wide != nil) {
			t.Errorf("%+v: want %q in\n%s", tt.wide, tt.want, out.String())
		}
	}
}
