package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// steps are what roles of the law grant.
var steps = []string{
	"updatePolicy on role/r0", "updatePolicy on role/*", "updateBasePermissions on role/r1", "updateMembers on role/r1", "updateMembers on role/r2",
	"createRole on role/new-*", "updateMembers on role/new-a", "updateTeamMembers on team/t0", "updateTeamMembers on team/t1", "updateTeamCustomRoles on team/t1",
	"updateCustomRole on member/*", "updateRole on member/*", "createMember on member/*", "updateAccountOwner on acct", "updateName on role/*", "deleteTeam on team/*",
}

// climber is somebody who takes every step that the evaluator allows.
type climber struct {
	account *people.Account
	held    []policy.Held
	keys    map[string]bool
}

func (c *climber) may(action, typ string, keys ...string) bool {
	allowed := allowing(real, c.held...)
	return slices.ContainsFunc(keys, func(key string) bool {
		return allowed(policy.Request{Action: action, Resource: []policy.Part{{Type: typ, Key: key}}})
	})
}

var roleKeysOfLaw = []string{"r0", "r1", "r2", "new-a", "new-b"}

func (c *climber) everything() bool {
	for _, key := range roleKeysOfLaw {
		own := c.keys[key] && (c.may("updatePolicy", "role", key) || c.may("updateBasePermissions", "role", key))
		made := c.may("createRole", "role", key) && (c.may("updateMembers", "role", key) || c.may("updateCustomRole", "member", "m") || c.may("updateTeamCustomRoles", "team", "t0", "t1"))
		if own || made {
			return true
		}
	}
	return c.may("updateAccountOwner", "acct", "") || c.may("updateRole", "member", "m") || c.may("createMember", "member", "m")
}

func (c *climber) add(key string) {
	for _, l := range c.account.Roles {
		if l.Key == key && !c.keys[key] {
			c.keys[key] = true
			c.held = append(c.held, policy.Held{Role: l.Role})
		}
	}
}

func (c *climber) climb() {
	anyRole := c.may("updateCustomRole", "member", "m") || c.may("updateTeamCustomRoles", "team", "t0", "t1")
	for _, l := range c.account.Roles {
		if anyRole || c.may("updateMembers", "role", l.Key) {
			c.add(l.Key)
		}
	}
	for _, team := range c.account.Teams {
		if c.may("updateTeamMembers", "team", team.Key) {
			for _, key := range team.CustomRoles {
				c.add(key)
			}
		}
	}
}

// reaches reports whether the climber can do something of a box.
func (c *climber) reaches(box string) bool {
	for range 10 {
		if slices.ContainsFunc(requestsIn(box), allowing(real, c.held...)) || c.everything() {
			return true
		}
		c.climb()
	}
	return false
}

// TestEscalationLaws: "noEscalation" passes exactly if somebody who takes every step there is does
// not get there.
func TestEscalationLaws(t *testing.T) {
	verdicts := map[Verdict]int{}
	const box = "updateOn on proj/web:env/*:flag/*"
	rapid.Check(t, func(t *rapid.T) {
		a := &people.Account{}
		var roles []role.Desired
		for i := range 3 {
			r := role.Role{Key: fmt.Sprintf("r%d", i), BasePermissions: role.NoAccess}
			for _, step := range rapid.SliceOfNDistinct(rapid.SampledFrom(steps), 0, 2, rapid.ID).Draw(t, "steps") {
				actions, resource, _ := strings.Cut(step, " on ")
				r.Policy = append(r.Policy, allow(actions, resource))
			}
			if i == 2 {
				r.Policy = append(r.Policy, allow("updateOn", "proj/*:env/*:flag/*"), allow("viewProject", "proj/*"))
			}
			a.Roles = append(a.Roles, role.Live{Role: r})
			roles = append(roles, role.Desired{Role: r})
		}
		for i := range 2 {
			keys := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"r0", "r1", "r2"}), 0, 2, rapid.ID).Draw(t, "of team")
			a.Teams = append(a.Teams, role.LiveTeam{Team: role.Team{Key: fmt.Sprintf("t%d", i), CustomRoles: keys}})
		}
		held := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"r0", "r1"}), 1, 2, rapid.ID).Draw(t, "held")
		a.Members = []role.LiveMember{{ID: "1", Member: role.Member{Email: "m@example.com", Role: role.NoAccess, CustomRoles: held}}}
		c := &climber{account: a, keys: map[string]bool{}}
		for _, key := range held {
			c.add(key)
		}
		test := role.AccessTest{Name: "x", NoEscalation: textOf(box), Except: role.TestExcept{Teams: textOf("t0", "t1")}}
		r := Run(Input{Tests: []role.AccessTest{test}, Roles: roles, People: a, Semantics: real, NoFixes: true})[0]
		want := Pass
		if c.reaches(box) {
			want = Fail
		}
		if r.Verdict != want {
			t.Fatalf("%s, want %s: %s", r.Verdict, want, r.Message)
		}
		verdicts[want]++
	})
	if !testing.Short() && (verdicts[Pass] < 5 || verdicts[Fail] < 5) {
		t.Errorf("one-sided: %v", verdicts)
	}
}

// TestAnyValues: whoever sets role attributes has what he holds for all their values.
func TestAnyValues(t *testing.T) {
	attributes := role.Role{Key: "a", Policy: []role.Statement{allow("updateMemberRoleAttributes", "member/*")}}
	dev := role.Role{Key: "dev", BasePermissions: role.Reader, Policy: []role.Statement{allow("updateOn", "proj/${roleAttribute/p}:env/*:flag/*")}}
	for _, test := range []struct {
		roles []string
		want  Verdict
	}{{[]string{"a", "dev"}, Fail}, {[]string{"dev"}, Pass}, {[]string{"a"}, Pass}} {
		a := &people.Account{Roles: []role.Live{{Role: attributes}, {Role: dev}}, Members: []role.LiveMember{{
			ID: "1", Member: role.Member{Email: "m@example.com", CustomRoles: test.roles, RoleAttributes: role.Attributes{"p": {"web"}}},
		}}}
		r := Run(Input{Tests: []role.AccessTest{{Name: "x", NoEscalation: textOf("updateOn on proj/payments:env/*:flag/*")}}, People: a, Semantics: real})[0]
		if r.Verdict != test.want {
			t.Errorf("%v: %+v", test.roles, r)
		}
		if r.Verdict == Fail && (!strings.Contains(r.Message, "any role attributes") || r.Where != "p=payments" || len(r.Involved) == 0) {
			t.Errorf("%+v", r)
		}
	}
}

// TestUnsureWay: a way that cannot be decided on is none that is ruled out.
func TestUnsureWay(t *testing.T) {
	broken := role.Role{Key: "a", Policy: []role.Statement{allow("updateMembers", "role/*"), allow("updatePolicy", "role/*:")}}
	r := Run(Input{
		Tests: []role.AccessTest{{Name: "x", NoEscalation: textOf("updateOn on proj/payments:env/*:flag/*")}},
		Roles: []role.Desired{{Role: broken}}, Semantics: real,
	})[0]
	if r.Verdict != Undecided {
		t.Errorf("%+v", r)
	}
}

func TestWayOf(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a way that cannot be read is taken")
		}
	}()
	wayOf("nothing", "", everything)
}
