package plan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
	"github.com/rolewright/rolewright/schema"
)

func TestGolden(t *testing.T) {
	t.Parallel()
	empty := lenient()
	empty.Lift = plan.Lift{}
	for name, p := range map[string]*plan.Plan{
		"rich":       richPlan(),
		"empty":      plan.Make(nil, nil, empty),
		"unfinished": plan.Unfinished(lenient(), "network"),
	} {
		golden(t, name+".json", plan.Encode(p))
		golden(t, name+".txt", []byte(strings.Join(outline(p), "\n")+"\n"))
		back, err := plan.Decode(plan.Encode(p))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(p, back); diff != "" {
			t.Errorf("%s is another plan after it was saved (-before +after):\n%s", name, diff)
		}
	}
}

// TestSchema checks that a plan is what plan.schema.json says.
func TestSchema(t *testing.T) {
	t.Parallel()
	d := want("a", wantPolicy("allow updateOn on proj/*:env/*:flag/*"))
	needsView := plan.Make([]role.Desired{d}, nil, weighing())
	if !needsView.Changes[0].Access.Gained[0].NeedsView {
		t.Fatal("the plan does not have what shall be checked")
	}
	d.Policy = policy(viewAll, "allow updateTags on proj/*:env/test:flag/*")
	wide := plan.Make([]role.Desired{d}, nil, weighing())
	if w := wide.Changes[0].Access.Gained[0].Wide; w == nil || w.Reach != access.Blocked {
		t.Fatalf("the plan does not have what shall be checked: %+v", w)
	}
	for _, p := range []*plan.Plan{richPlan(), small(), needsView, wide, plan.Make(nil, nil, plan.Options{})} {
		var value any
		if err := json.Unmarshal(plan.Encode(p), &value); err != nil {
			t.Fatal(err)
		}
		for _, v := range schema.Validate("plan", value) {
			t.Errorf("%s: %s", v.Pointer, v.Message)
		}
	}
}
