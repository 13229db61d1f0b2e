package lint

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/role"
)

var crowdSize = flag.Int("crowd", 5000, "members for BenchmarkSecurityMembers")

// onlySecurity are the codes to disable so that the security rules are left.
func onlySecurity() (others []string) {
	for _, rule := range Rules() {
		if !strings.HasPrefix(rule.Code, "LD2") {
			others = append(others, rule.Code)
		}
	}
	return others
}

// leveredRoles are the town's roles with actions that pull levers, so that there is something to prove.
func leveredRoles(n int) []role.Desired {
	roles := townRoles(n)
	for i := range roles {
		project := fmt.Sprintf("proj/team%d-*", i)
		policy := roles[i].Policy
		policy[1].Actions = append(policy[1].Actions, "updateTags")
		policy[3].Actions = append(policy[3].Actions, "updateTags", "updateScheduledChanges")
		policy[17] = role.Statement{Effect: role.Deny, Actions: []string{"updateTags"}, Resources: []string{project + ":env/*;{critical:true}:flag/*;pci"}}
		policy[15] = role.Statement{Effect: role.Allow, Actions: []string{"updateOn"}, Resources: []string{project + ":env/*:flag/*;view:search"}}
	}
	return roles
}

// crowd is n members with up to three roles of their own and two of 200 teams, which give three roles
// each.
func crowd(roles []role.Desired, n int) *people.Account {
	r := rand.New(rand.NewPCG(1, 2))
	some := func(n int) (keys []string) {
		for range n {
			keys = append(keys, roles[r.IntN(len(roles))].Key)
		}
		return keys
	}
	a := &people.Account{}
	for _, d := range roles {
		a.Roles = append(a.Roles, role.Live{Role: d.Role})
	}
	for i := range 200 {
		a.Teams = append(a.Teams, role.LiveTeam{Team: role.Team{Key: fmt.Sprintf("team-%d", i), CustomRoles: some(3)}})
	}
	for i := range n {
		m := role.LiveMember{ID: fmt.Sprintf("%024d", i), Member: role.Member{Email: fmt.Sprintf("m%d@example.com", i), Role: role.Reader}}
		if i%4 == 0 {
			m.CustomRoles = some(1 + i%3)
		}
		m.Teams = []string{a.Teams[i%200].Key, a.Teams[(i/7)%200].Key}
		a.Members = append(a.Members, m)
	}
	return a
}

// BenchmarkSecurity measures the security rules on 1,000 roles of 20 statements, as a town has them and
// with levers in each.
func BenchmarkSecurity(b *testing.B) {
	for name, roles := range map[string][]role.Desired{"town": townRoles(1000), "levers": leveredRoles(1000)} {
		in := Input{Files: Files{Roles: roles}, Settings: DefaultSettings()}
		b.Run(name, func(b *testing.B) {
			found := 0
			for b.Loop() {
				found = len(RunAll(in, onlySecurity()).Findings)
			}
			b.ReportMetric(float64(found), "findings")
		})
	}
}

// BenchmarkSecurityMembers measures the same with 5,000 members.
func BenchmarkSecurityMembers(b *testing.B) {
	for name, roles := range map[string][]role.Desired{"town": townRoles(1000), "levers": leveredRoles(1000)} {
		in := Input{Files: Files{Roles: roles}, Settings: DefaultSettings(), People: crowd(roles, *crowdSize)}
		b.Run(name, func(b *testing.B) {
			found := 0
			for b.Loop() {
				found = len(RunAll(in, onlySecurity()).Findings)
			}
			b.ReportMetric(float64(found), "findings")
			b.ReportMetric(float64(len(people.Cases(*in.People, people.Options{Semantics: in.Semantics}))), "cases")
		})
	}
}
