package check

import (
	"fmt"
	"testing"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// manyRoles returns roles of twenty statements, with projects, environments and tags of their own.
func manyRoles(n int) (list []role.Desired) {
	for i := range n {
		r := role.Role{Key: fmt.Sprintf("role-%d", i), BasePermissions: role.NoAccess}
		r.Policy = append(r.Policy, role.Statement{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/*"}})
		for j := range 19 {
			s := role.Statement{Effect: role.Allow, Actions: []string{"updateOn", "updateTargets", "create*"}}
			switch j % 4 {
			case 0:
				s.Resources = []string{fmt.Sprintf("proj/p%d-*:env/*;{critical:false}:flag/team-%d-*", i%50, j)}
			case 1:
				s.Resources = []string{fmt.Sprintf("proj/*:env/dev-%d:flag/*;tag%d", j, i%7)}
			case 2:
				s.Effect, s.Resources = role.Deny, []string{fmt.Sprintf("proj/p%d-*:env/production:flag/*;frozen-%d", i%50, j)}
			case 3:
				s.Actions, s.Resources = []string{"deleteFlag"}, []string{fmt.Sprintf("proj/p%d-*:env/*:flag/*", i%50)}
				if j%8 == 3 {
					s.Effect, s.Resources = role.Deny, []string{"proj/*:env/production:flag/*"}
				}
			default:
				panic("there is no other")
			}
			if j == 18 {
				s.Actions, s.Effect, s.Resources = []string{"*"}, role.Allow, []string{fmt.Sprintf("proj/p%d-*:env/*;{critical:false}:segment/*", i%50)}
			}
			r.Policy = append(r.Policy, s)
		}
		list = append(list, role.Desired{Role: r, Source: role.Source{File: "roles.yaml", Policy: make([]role.StatementSource, 20)}})
	}
	return list
}

// manyTests returns tests of all sorts, half of them about everybody.
func manyTests(n int) (list []role.AccessTest) {
	text := func(format string, args ...any) []role.TestText {
		return []role.TestText{{Text: fmt.Sprintf(format, args...)}}
	}
	for i := range n {
		t := role.AccessTest{Name: fmt.Sprintf("test %d", i), AtLeast: 1}
		switch i % 6 {
		case 0:
			t.Nobody = text("* on proj/p%d-x:env/*;{critical:true}:segment/*", i%50)
		case 1:
			t.Nobody = text("deleteFlag on proj/p%d-x:env/production:flag/*", i%50)
		case 2:
			t.Nobody = text("deleteFlag on proj/*:env/production:flag/*;tag-%d", i)
		case 3:
			t.As, t.Cannot = &role.TestSubject{Role: fmt.Sprintf("role-%d", i)}, text("* on proj/*:env/*;{critical:true}:segment/*")
		case 4:
			t.As, t.Can = &role.TestSubject{Role: fmt.Sprintf("role-%d", i)}, text("updateOn on proj/p%d-a:env/test;{critical:false}:flag/team-0-x", i%50)
		default:
			t.As, t.CanSome = &role.TestSubject{Role: fmt.Sprintf("role-%d", i)}, text("updateOn on proj/p%d-*:env/*:flag/*", i%50)
		}
		list = append(list, t)
	}
	return list
}

func manyInput() Input {
	return Input{Tests: manyTests(100), Roles: manyRoles(1000), Semantics: policy.DefaultSemantics()}
}

// BenchmarkRun: 100 tests on 1,000 roles of 20 statements.
func BenchmarkRun(b *testing.B) {
	in := manyInput()
	for b.Loop() {
		if results := Run(in); !Passed(results) {
			b.Fatal(draw(results))
		}
	}
}

// BenchmarkFailing asks again for one role that is another one.
func BenchmarkFailing(b *testing.B) {
	s := Prepare(manyInput())
	s.judge()
	roles := manyRoles(1000)
	roles[3].Policy[19].Resources = []string{"proj/*:env/*:segment/*"}
	for b.Loop() {
		if failed := s.Failing(roles, "role-3"); len(failed) == 0 {
			b.Fatal(failed)
		}
	}
}

// TestWork bounds the work of that, and not its time, which is the machine's: every role is compiled
// once for each kind of box, and what a glance rules out is not compiled at all.
func TestWork(t *testing.T) {
	in := manyInput()
	s := Prepare(in)
	if results := s.Results(); !Passed(results) {
		t.Fatal(draw(results))
	}
	compiled, asked := len(s.prover.grants[whenGiven])+len(s.prover.grants[asIs]), len(s.prover.single)
	if compiled > len(in.Roles)+200 || asked > 20_000 {
		t.Errorf("%d policies compiled, %d questions asked", compiled, asked)
	}
	t.Logf("%d policies compiled, %d questions asked", compiled, asked)
}

// BenchmarkEscalation: a tenth of 1,000 roles can hand out roles.
func BenchmarkEscalation(b *testing.B) {
	in := manyInput()
	for i := range in.Roles {
		if i%10 == 0 {
			in.Roles[i].Policy = append(in.Roles[i].Policy, allow("updateCustomRole", "member/*"), allow("updateMembers", "role/*"))
		}
	}
	in.Tests = []role.AccessTest{{Name: "up", NoEscalation: []role.TestText{{Text: "deleteFlag on proj/*:env/production:flag/*"}}}}
	for b.Loop() {
		if results := Run(in); !Passed(results) {
			b.Fatal(draw(results))
		}
	}
}
