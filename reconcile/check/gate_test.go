package check

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

func allow(actions, resource string) role.Statement {
	return role.Statement{Effect: role.Allow, Actions: strings.Split(actions, ","), Resources: []string{resource}}
}

func policyOf(statements ...role.Statement) *role.Role {
	return &role.Role{BasePermissions: role.NoAccess, Policy: statements}
}

func gatesIn(list ...[2]string) []role.AccessTest {
	t := role.AccessTest{Name: "gates", Source: role.TestSource{File: "tests/a.yaml"}}
	for i, g := range list {
		pos := role.Pos{Line: i + 1, Column: 1}
		t.Changes = append(t.Changes, role.TestGate{When: role.TestText{Text: g[0], Pos: pos}, Require: role.TestText{Text: g[1], Pos: pos}})
	}
	return []role.AccessTest{t}
}

func TestGate(t *testing.T) {
	view := allow("viewProject", "proj/*")
	dev := allow("updateOn", "proj/*:env/dev:flag/*")
	critical := allow("updateOn,updateTargets", "proj/${roleAttribute/p}:env/*:flag/*")
	roles := allow("updatePolicy", "role/*")
	broken := allow("updateOn", "proj/*:")
	for name, test := range map[string]struct {
		change Change
		gate   [2]string
		allow  []string
		want   []string
	}{
		"gain": {Change{Key: "a", Before: policyOf(view), After: policyOf(view, critical)}, [2]string{"gain on proj/*:env/*;{critical:true}:*", "allow-risk"}, nil, []string{
			`fail role "a" gains access that has to be allowed: --allow-risk a`, "p=", "updateOn, updateTargets on proj/${roleAttribute/p}:env/*;{critical:true}:flag/*",
		}},
		"allowed":         {Change{Key: "a", After: policyOf(view, critical)}, [2]string{"gain on proj/*:env/*;{critical:true}:*/*", "allow-risk"}, []string{"b", "a"}, []string{`pass role "a" gains such access, and is allowed to`, "p="}},
		"fail, always":    {Change{Key: "a", After: policyOf(view, roles)}, [2]string{"gain  of updatePolicy\non role/*, team/*", "fail"}, []string{"a"}, nil},
		"never allowed":   {Change{Key: "a", After: policyOf(roles)}, [2]string{"gain of updatePolicy on role/*", "fail"}, []string{"a"}, []string{`fail role "a" gains access that no change may touch`, "updatePolicy on role/*"}},
		"loss":            {Change{Key: "a", Before: policyOf(roles)}, [2]string{"loss on role/*", "fail"}, nil, []string{`fail role "a" loses access that no change may touch`}},
		"loss is no gain": {Change{Key: "a", Before: policyOf(roles)}, [2]string{"gain on role/*", "fail"}, nil, nil},
		"elsewhere":       {Change{Key: "a", After: policyOf(view, dev)}, [2]string{"gain on proj/*:env/production:flag/*", "fail"}, nil, nil},
		"needs a view":    {Change{Key: "a", After: policyOf(dev)}, [2]string{"gain on proj/*:env/dev:flag/*", "fail"}, nil, []string{`fail role "a" gains access`, "needs view"}},
		"the view itself": {Change{Key: "a", Before: policyOf(dev), After: policyOf(dev, view)}, [2]string{"gain on proj/*:env/dev:flag/*", "fail"}, nil, []string{`fail role "a" gains access`}},
		"preset":          {Change{Key: "a", Before: policyOf(), After: policyOf(), Fixed: []role.Statement{roles}}, [2]string{"gain on role/*", "fail"}, nil, nil},
		"everything":      {Change{Key: "a", After: policyOf(roles)}, [2]string{"gain on *", "fail"}, nil, []string{`fail role "a" gains access`}},
		"unreadable":      {Change{Key: "a", After: policyOf(broken)}, [2]string{"gain on role/*", "allow-risk"}, nil, []string{`undecided role "a" perhaps gains access that has to be allowed`}},
		"unread, allowed": {Change{Key: "a", After: policyOf(broken)}, [2]string{"gain on role/*", "allow-risk"}, []string{"a"}, []string{`pass role "a" perhaps gains such access`}},
		"bad gate":        {Change{Key: "a", After: policyOf(roles)}, [2]string{"gains on role/*", "fail"}, nil, []string{`error "gains on role/*": want`}},
		"bad require":     {Change{Key: "a", After: policyOf(roles)}, [2]string{"gain on role/*", "pray"}, nil, []string{`error "require" is "pray"`}},
		"unknown kind":    {Change{Key: "a", After: policyOf(view, allow("fly", "proj/*:rocket/*"))}, [2]string{"gain on proj/web:*", "fail"}, nil, []string{`fail role "a"`, "fly on proj/web:rocket/*"}},
		"nothing":         {Change{Key: "a"}, [2]string{"gain on *", "fail"}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "fail, always" {
				test.gate[0] = strings.Replace(test.gate[0], "team/*", "acct", 1) // acct has no updatePolicy
				test.want = []string{`error "acct" has no action "updatePolicy"`}
			}
			results := Gate([]Change{test.change}, gatesIn(test.gate), GateOptions{Allow: test.allow, Semantics: policy.DefaultSemantics()})
			got := ""
			for _, r := range results {
				got += fmt.Sprintf("%s %s %s %s %q\n", r.Verdict, r.Message, r.Where, r.Example, r.Lines)
				if r.NeedsView {
					got += "needs view"
				}
				if r.Pos.String() != "tests/a.yaml:1:1" || r.Role != "a" || r.Test != "gates" {
					t.Errorf("%+v", r)
				}
			}
			if (got == "") != (test.want == nil) {
				t.Fatalf("got %q, want %q", got, test.want)
			}
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is not in %s", want, got)
				}
			}
		})
	}
}

// TestGateOrder: results stand in the order of the gates, whatever the order of engines is.
func TestGateOrder(t *testing.T) {
	var changes []Change
	for i := range perEngine + 3 {
		changes = append(changes, Change{Key: fmt.Sprintf("r%d", i), After: policyOf(allow("updatePolicy", "role/*"))})
	}
	results := Gate(changes, gatesIn([2]string{"gain on role/*", "fail"}, [2]string{"gain on *", "allow-risk"}), GateOptions{Semantics: policy.DefaultSemantics()})
	var want, got []string
	for line := range 2 {
		for _, c := range changes {
			want = append(want, fmt.Sprintf("%d %s", line+1, c.Key))
		}
	}
	for _, r := range results {
		got = append(got, fmt.Sprintf("%d %s", r.Pos.Line, r.Role))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestGateBudget: what cannot be decided passes no gate.
func TestGateBudget(t *testing.T) {
	change := Change{Key: "a", After: policyOf(allow("updateOn", "proj/*a*b*:env/*c*d*:flag/*"), allow("viewProject", "proj/*"))}
	results := Gate([]Change{change}, gatesIn([2]string{"gain on proj/*x*:env/*y*:flag/*", "fail"}), GateOptions{Semantics: policy.DefaultSemantics(), Budget: access.Budget{Steps: 1}})
	if len(results) != 1 || results[0].Verdict != Undecided {
		t.Errorf("%+v", results)
	}
}

// TestGateLaws: a gate is about a change exactly if enumeration finds a request of its box that is
// gained, alone or beside a role that lets every project be viewed.
func TestGateLaws(t *testing.T) {
	about := 0
	rapid.Check(t, func(t *rapid.T) {
		before, after := drawRole(t, "a"), drawRole(t, "a")
		box := drawBox(t)
		actions, spec, _ := strings.Cut(box, " on ")
		want := false
		for _, a := range values {
			for _, sem := range []policy.Semantics{real, given} {
				had, has := allowing(sem, policy.Held{Role: before, Attributes: a}), allowing(sem, policy.Held{Role: after, Attributes: a})
				for _, r := range requestsIn(box) {
					want = want || has(r) && !had(r)
				}
			}
		}
		results := Gate([]Change{{Key: "a", Before: &before, After: &after}}, gatesIn([2]string{"gain of " + actions + " on " + spec, "fail"}), GateOptions{Semantics: real})
		if got := len(results) > 0; got != want {
			t.Fatalf("the gate is about it: %v, by enumeration %v: %+v", got, want, results)
		}
		if want {
			about++
		}
	})
	if about == 0 {
		t.Error("no change was gated")
	}
}
