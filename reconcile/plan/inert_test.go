package plan_test

import (
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A plan is printed in workflows, where "##[" begins a command. The file holds none, and is read
// back as it was.
func TestEncodeHoldsNoCommand(t *testing.T) {
	const text = "##[add-mask]reviewed ###[x"
	p := plan.Make([]role.Desired{want("ops", func(d *role.Desired) { d.Description = text })}, nil, lenient())
	data := plan.Encode(p)
	if strings.Contains(string(data), "##[") {
		t.Errorf("a command in %s", data)
	}
	again, err := plan.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if got := again.Changes[0].After.Description; got != text {
		t.Errorf("reads back as %q", got)
	}
}
