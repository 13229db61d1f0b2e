package access

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// bigRole draws a role of n statements as a large organisation has them: projects and
// environments by key and by prefix, tags, critical environments, lists of actions.
func bigRole(r *rand.Rand, n int) role.Role {
	d := role.Role{Key: "big", BasePermissions: role.NoAccess}
	d.Policy = append(d.Policy, role.Statement{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/*"}})
	for len(d.Policy) < n {
		d.Policy = append(d.Policy, bigStatement(r))
	}
	return d
}

var bigActions = map[string][]string{
	"flag":    {"updateOn", "updateTargets", "updateRules", "updateFallthrough", "createFlag", "deleteFlag", "updateTags", "update*", "create*", "*", "updateName", "updateDescription", "copyFlagConfigTo"},
	"segment": {"createSegment", "updateRules", "deleteSegment", "update*", "*"},
	"metric":  {"createMetric", "updateName", "deleteMetric", "update*", "*"},
	"env":     {"updateName", "updateCritical", "viewSdkKey", "update*", "*"},
}

func bigStatement(r *rand.Rand) role.Statement {
	s := role.Statement{Effect: role.Allow}
	if r.IntN(4) == 0 {
		s.Effect = role.Deny
	}
	typ := []string{"flag", "flag", "flag", "flag", "segment", "metric", "env"}[r.IntN(7)]
	actions := pick(r, bigActions[typ], 1+r.IntN(4))
	if r.IntN(12) == 0 {
		s.NotActions = actions
	} else {
		s.Actions = actions
	}
	for range 1 + r.IntN(3) {
		s.Resources = append(s.Resources, bigSpecifier(r, typ))
	}
	if r.IntN(40) == 0 {
		s.Resources, s.NotResources = nil, s.Resources
	}
	return s
}

func bigSpecifier(r *rand.Rand, typ string) string {
	proj := "proj/" + one(r, []string{"*", "web", "ios", "android", "shop", "team-*", "legacy-*", "data", "api", "ops-*", "web-admin"})
	env := ":env/" + one(r, []string{"*", "production", "staging", "test", "dev", "qa-*", "prod-*", "*;{critical:true}", "*;{critical:false}", "*;secured"})
	tags := one(r, []string{"", "", "", ";beta", ";pci", ";team-a", ";team-*", ";qa_*", ";beta,team-a"})
	key := one(r, []string{"*", "*", "checkout", "pay-*", "exp-*", "search", "ops-*", "login"})
	switch typ {
	case "flag", "segment":
		return proj + env + ":" + typ + "/" + key + tags
	case "metric":
		return proj + ":metric/" + key + tags
	}
	return proj + env
}

// edit changes one statement as people do.
func edit(r *rand.Rand, d role.Role) role.Role {
	d = d.Clone()
	i := 1 + r.IntN(len(d.Policy)-1)
	switch r.IntN(4) {
	case 0:
		d.Policy = slices.Delete(d.Policy, i, i+1)
	case 1:
		d.Policy = append(d.Policy, bigStatement(r))
	default:
		d.Policy[i] = bigStatement(r)
	}
	return d
}

// rewrite puts a policy differently without changing what it means: specifiers and actions are
// split over statements, environments by {critical}, and the order is another.
func rewrite(r *rand.Rand, d role.Role) role.Role {
	d = d.Clone()
	var policy []role.Statement
	for _, s := range d.Policy {
		switch n := r.IntN(4); {
		case n == 0 && len(s.Resources) > 0:
			for _, spec := range s.Resources {
				one := s.Clone()
				one.Resources = []string{spec}
				policy = append(policy, one)
			}
		case n == 1 && len(s.Actions) > 0:
			for _, action := range s.Actions {
				one := s.Clone()
				one.Actions = []string{action}
				policy = append(policy, one)
			}
		case n == 2 && len(s.Resources) > 0:
			var split []string
			for _, spec := range s.Resources {
				split = append(split, byCritical(spec)...)
			}
			s.Resources = split
			policy = append(policy, s)
		default:
			policy = append(policy, s)
		}
	}
	r.Shuffle(len(policy), func(i, j int) { policy[i], policy[j] = policy[j], policy[i] })
	d.Policy = policy
	return d
}

func byCritical(spec string) []string {
	if !strings.Contains(spec, ":env/*:") {
		return []string{spec}
	}
	return []string{
		strings.Replace(spec, ":env/*:", ":env/*;{critical:true}:", 1),
		strings.Replace(spec, ":env/*:", ":env/*;{critical:false}:", 1),
	}
}

func holding(roles ...role.Role) Subject {
	var s Subject
	for _, r := range roles {
		s.Held = append(s.Held, policy.Held{Role: r})
	}
	return s
}

// TestSpeed prints the table of times. It fails only where a median is ten times too high: the
// machine that runs it is often shared.
func TestSpeed(t *testing.T) {
	if testing.Short() {
		t.Skip("timing")
	}
	targets := map[int]time.Duration{5: 200 * time.Microsecond, 50: 1500 * time.Microsecond, 200: 4 * time.Millisecond}
	for _, n := range []int{5, 50, 200} {
		r := rand.New(rand.NewPCG(uint64(n), 1))
		var edits, rewrites []time.Duration
		verdicts := map[Verdict]int{}
		for range 40 {
			before := bigRole(r, n)
			after, same := edit(r, before), rewrite(r, before)
			e := New(policy.DefaultSemantics(), Budget{})
			start := time.Now()
			d := e.Compare(holding(before), holding(after))
			edits = append(edits, time.Since(start))
			verdicts[d.Verdict()]++
			e = New(policy.DefaultSemantics(), Budget{})
			start = time.Now()
			d = e.Compare(holding(before), holding(same))
			rewrites = append(rewrites, time.Since(start))
			if d.Verdict() != None {
				t.Errorf("%d statements: a neutral rewrite is %v", n, d.Verdict())
			}
		}
		slices.Sort(edits)
		if m := edits[len(edits)/2]; m > 10*slow*targets[n] {
			t.Errorf("%d statements: median %v for an edit, which should take %v", n, m, targets[n])
		}
		t.Logf("%3d statements: edit %s, neutral rewrite %s, %v", n, quantiles(edits), quantiles(rewrites), verdicts)
	}
}

func quantiles(list []time.Duration) string {
	slices.Sort(list)
	return fmt.Sprintf("median %v, p95 %v, max %v", list[len(list)/2], list[len(list)*95/100], list[len(list)-1])
}

// TestFleet compares a thousand edited roles with one engine.
func TestFleet(t *testing.T) {
	if testing.Short() {
		t.Skip("timing")
	}
	r := rand.New(rand.NewPCG(3, 3))
	var befores, afters []Subject
	for range 1000 {
		before := bigRole(r, 20)
		befores, afters = append(befores, holding(before)), append(afters, holding(edit(r, before)))
	}
	var m0, m1 runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m0)
	start := time.Now()
	e := New(policy.DefaultSemantics(), Budget{})
	verdicts := map[Verdict]int{}
	var kept []Difference
	for i := range befores {
		d := e.Compare(befores[i], afters[i])
		verdicts[d.Verdict()]++
		kept = append(kept, d)
	}
	took := time.Since(start)
	runtime.GC()
	runtime.ReadMemStats(&m1)
	if kept := (m1.HeapAlloc - m0.HeapAlloc) >> 20; took > 10*slow*time.Second || kept > 100 {
		t.Errorf("%v and %d MiB for 1000 roles, which should take 1s and 100 MiB", took, kept)
	}
	t.Logf("1000 roles of 20 statements: %v, %d MiB kept, %d MiB allocated, %d nodes, %v", took,
		(m1.HeapAlloc-m0.HeapAlloc)>>20, (m1.TotalAlloc-m0.TotalAlloc)>>20, len(e.nodes), verdicts)
	runtime.KeepAlive(kept)
}

// BenchmarkEdit compares a role with itself after one edit, each time with a new engine.
func BenchmarkEdit(b *testing.B) {
	benchmark(b, edit)
}

// BenchmarkRewrite proves that a neutral rewrite of a whole role changes nothing.
func BenchmarkRewrite(b *testing.B) {
	benchmark(b, rewrite)
}

func benchmark(b *testing.B, change func(*rand.Rand, role.Role) role.Role) {
	for _, n := range []int{5, 50, 200} {
		b.Run(fmt.Sprintf("statements=%d", n), func(b *testing.B) {
			r := rand.New(rand.NewPCG(uint64(n), 1))
			var before, after []Subject
			for range 20 {
				d := bigRole(r, n)
				before, after = append(before, holding(d)), append(after, holding(change(r, d)))
			}
			for i := 0; b.Loop(); i++ {
				New(policy.DefaultSemantics(), Budget{}).Compare(before[i%20], after[i%20])
			}
		})
	}
}
