package plan_test

import (
	"fmt"
	"testing"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// bigCompany is 1,000 roles, 100 teams and 5,000 members, each with roles of their own and of two teams.
// Of every hundredth role edit makes what files want.
func bigCompany(edit func(i int, r *role.Role)) (plan.Desired, plan.Actual) {
	var d plan.Desired
	var a plan.Actual
	for i := range 1000 {
		key := fmt.Sprintf("role-%04d", i)
		r := body(key, viewAll,
			fmt.Sprintf("allow createFlag,updateOn,updateTargets on proj/p%d:env/*:flag/*", i%97),
			fmt.Sprintf("allow updateRules on proj/q%d:env/*;{critical:false}:flag/*", i%89),
			fmt.Sprintf("deny deleteFlag,updateOff on proj/*:env/production:flag/x%d-*", i))
		a.Roles = append(a.Roles, role.Live{Role: r.Clone(), ID: id(key)})
		if i%10 == 0 {
			edit(i, &r)
		}
		d.Roles = append(d.Roles, role.Desired{Role: r, Source: role.Source{File: key + ".yaml", Policy: make([]role.StatementSource, len(r.Policy))}})
	}
	for i := range 100 {
		a.Teams = append(a.Teams, role.LiveTeam{Team: role.Team{Key: fmt.Sprintf("team-%02d", i), CustomRoles: []string{fmt.Sprintf("role-%04d", 10*i), fmt.Sprintf("role-%04d", 10*i+3)}}})
	}
	for i := range 5000 {
		email := fmt.Sprintf("m%04d@example.com", i)
		a.Members = append(a.Members, role.LiveMember{
			ID: id(email), Teams: []string{fmt.Sprintf("team-%02d", i%100), fmt.Sprintf("team-%02d", (i*7+1)%100)},
			Member: role.Member{Email: email, Role: role.NoAccess, CustomRoles: []string{fmt.Sprintf("role-%04d", i%1000), fmt.Sprintf("role-%04d", (i*13+7)%1000)}},
		})
	}
	return d, a
}

// Edits of a role that widen, narrow, and move.
func widened(_ int, r *role.Role) {
	r.Policy = append(r.Policy, statement("allow updateOff on proj/w:env/*:flag/*"))
}

func eitherWay(i int, r *role.Role) {
	if i%20 == 0 {
		widened(i, r)
	} else {
		r.Policy = append(r.Policy[:2:2], r.Policy[3])
	}
}

func shifted(i int, r *role.Role) {
	r.Policy[1] = statement(fmt.Sprintf("allow createFlag,updateOn,updateTargets on proj/p%d:env/*:flag/*", (i+10)%97))
}

func benchmarkCross(b *testing.B, edit func(int, *role.Role)) {
	d, a := bigCompany(edit)
	b.ResetTimer()
	for b.Loop() {
		p := plan.MakeAll(d, a, crossed())
		b.ReportMetric(float64(len(p.Blocks)), "blocks")
		b.ReportMetric(float64(len(p.Changes)), "changes")
	}
}

func BenchmarkCrossWiden(b *testing.B)  { benchmarkCross(b, widened) }
func BenchmarkCrossEither(b *testing.B) { benchmarkCross(b, eitherWay) }
func BenchmarkCrossMixed(b *testing.B)  { benchmarkCross(b, shifted) }

// BenchmarkCrossRefused has 5,000 members without something for a moment, whatever is tried.
func BenchmarkCrossRefused(b *testing.B) {
	d, a := bigCompany(func(int, *role.Role) {})
	c := refused()
	swap := c.plan()
	for _, change := range swap.Changes {
		a.Teams = append(a.Teams, *change.Holder.Team.Before)
	}
	for i := range a.Members {
		a.Members[i].Teams = append(a.Members[i].Teams, "s", "t")
	}
	d.Teams = c.wantT
	for key, statements := range c.roles {
		a.Roles = append(a.Roles, there(key, func(l *role.Live) { l.Policy = policy(statements...) }))
		d.Roles = append(d.Roles, want(key, wantPolicy(statements...)))
	}
	b.ResetTimer()
	for b.Loop() {
		p := plan.MakeAll(d, a, crossed())
		b.ReportMetric(float64(len(p.Blocks)), "blocks")
	}
}
