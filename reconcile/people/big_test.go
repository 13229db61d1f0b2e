package people

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// bigAccount draws the account of a large organisation: 5,000 members with 3 roles each and in a
// team or two, 300 teams with 2 roles, 1,000 roles of 8 statements.
func bigAccount(r *rand.Rand) Account {
	var a Account
	key := func() string { return fmt.Sprintf("role-%d", r.IntN(1000)) }
	for i := range 1000 {
		a.Roles = append(a.Roles, role.Live{Role: bigRole(r, fmt.Sprintf("role-%d", i), 8)})
	}
	for i := range 300 {
		a.Teams = append(a.Teams, role.LiveTeam{Team: role.Team{
			Key: fmt.Sprintf("team-%d", i), CustomRoles: []string{key(), key()},
			RoleAttributes: role.Attributes{"projects": {pick(r, projects)}},
		}})
	}
	for i := range 5000 {
		m := role.LiveMember{ID: fmt.Sprintf("%024x", i), Member: role.Member{
			Email: fmt.Sprintf("m%d@example.com", i), Role: role.Reader, CustomRoles: []string{key(), key(), key()},
			RoleAttributes: role.Attributes{"projects": {pick(r, projects), pick(r, projects)}},
		}}
		for range 1 + r.IntN(2) {
			m.Teams = append(m.Teams, fmt.Sprintf("team-%d", r.IntN(300)))
		}
		a.Members = append(a.Members, m)
	}
	return a
}

var (
	projects   = []string{"web", "ios", "android", "shop", "data", "api", "ops", "pay", "search", "ads"}
	bigActions = map[string][]string{
		"flag":    {"updateOn", "updateTargets", "updateRules", "updateFallthrough", "createFlag", "deleteFlag", "updateTags", "update*", "create*", "*", "updateName", "copyFlagConfigTo"},
		"segment": {"createSegment", "updateRules", "deleteSegment", "update*", "*"},
		"metric":  {"createMetric", "updateName", "deleteMetric", "update*", "*"},
		"env":     {"updateName", "updateCritical", "viewSdkKey", "update*", "*"},
	}
)

func pick(r *rand.Rand, pool []string) string { return pool[r.IntN(len(pool))] }

func bigRole(r *rand.Rand, key string, n int) role.Role {
	d := role.Role{Key: key, Name: key, BasePermissions: role.NoAccess}
	d.Policy = append(d.Policy, role.Statement{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/*"}})
	project := pick(r, append([]string{"*", "team-*", "${roleAttribute/projects}", "${roleAttribute/projects}"}, projects...))
	for len(d.Policy) < n {
		d.Policy = append(d.Policy, bigStatement(r, project))
	}
	return d
}

func bigStatement(r *rand.Rand, project string) role.Statement {
	s := role.Statement{Effect: role.Allow}
	if r.IntN(5) == 0 {
		s.Effect = role.Deny
	}
	typ := pick(r, []string{"flag", "flag", "flag", "flag", "segment", "metric", "env"})
	for range 1 + r.IntN(3) {
		s.Actions = append(s.Actions, pick(r, bigActions[typ]))
	}
	proj := "proj/" + project
	env := ":env/" + pick(r, []string{"*", "production", "staging", "test", "dev", "qa-*", "*;{critical:true}", "*;{critical:false}"})
	key := pick(r, []string{"*", "*", "checkout", "pay-*", "exp-*", "*;beta", "*;pci", "*;team-*"})
	switch typ {
	case "metric":
		s.Resources = []string{proj + ":metric/" + key}
	case "env":
		s.Resources = []string{proj + env}
	default:
		s.Resources = []string{proj + env + ":" + typ + "/" + key}
	}
	return s
}

// edit changes one statement of each n-th role.
func edit(r *rand.Rand, a Account, each int) Account {
	a.Roles = slices.Clone(a.Roles)
	for i := 0; i < len(a.Roles); i += each {
		d := a.Roles[i].Clone()
		d.Policy[1+r.IntN(len(d.Policy)-1)] = bigStatement(r, pick(r, projects))
		a.Roles[i].Role = d
	}
	return a
}

// bigQuestions are narrow and wide, of one request and of actions that nobody in the account has.
var bigQuestions = []string{
	"updateOn on proj/web:env/*;{critical:true}:flag/*", "updateOn, deleteFlag on proj/*:env/production:flag/pay-*;beta",
	"updateOn on proj/web:env/production:flag/checkout", "* on proj/*:env/*:flag/*", "updatePolicy on role/*",
}

// TestBigAccount: everything is decided in a large account, in little memory, and its examples are
// some.
func TestBigAccount(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	before := bigAccount(r)
	after := edit(r, before, 10)
	var m0, m1 runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m0)
	start := time.Now()
	effects, counts := Effects(before, after, defaults)
	runtime.ReadMemStats(&m1)
	held := int64(m1.HeapAlloc-m0.HeapAlloc) >> 20
	t.Logf("%v, %+v, %d MiB held, %d MiB allocated", time.Since(start), counts, held, (m1.TotalAlloc-m0.TotalAlloc)>>20)
	if counts.Undecided > 0 || counts.Affected() < 1000 || counts.None == 0 || held > 300 {
		t.Errorf("%+v, %d MiB", counts, held)
	}
	for i := 0; i < len(effects); i += 50 {
		e := effects[i]
		had, has := holdings(before, memberOf(before, e.Email)), holdings(after, memberOf(after, e.Email))
		for _, side := range []struct {
			example string
			yes, no []policy.Held
		}{{e.Gained.Example, has, had}, {e.Lost.Example, had, has}} {
			if side.example == "" {
				continue
			}
			req := parsed(side.example)
			if !policy.Evaluate(side.yes, req, defaults.Semantics).Allowed || policy.Evaluate(side.no, req, defaults.Semantics).Allowed {
				t.Errorf("%s: %s is no example", e.Email, side.example)
			}
		}
	}
}

// TestBigQuestion: to leave out what does not matter changes no answer.
func TestBigQuestion(t *testing.T) {
	a := bigAccount(rand.New(rand.NewPCG(2, 2)))
	a.Members = a.Members[:150]
	for _, text := range bigQuestions {
		b, count := box(t, text), map[string]int{}
		for i, answer := range WhoCan(a, b, defaults) {
			count[answer.Answer]++
			if i%25 > 0 {
				continue
			}
			if full, err := Can(a, answer.Who, b, defaults); err != nil || full.Answer != answer.Answer {
				t.Errorf("%s: %s: %s among all, %s alone, %v", text, answer.Name(), answer.Answer, full.Answer, err)
			}
		}
		t.Log(text, count)
	}
}

// BenchmarkEffects edits 100 of 1,000 roles that 5,000 members hold in 5,000 different ways.
func BenchmarkEffects(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	before := bigAccount(r)
	after := edit(r, before, 10)
	for b.Loop() {
		Effects(before, after, defaults)
	}
}

// BenchmarkWhoCan asks the same account.
func BenchmarkWhoCan(b *testing.B) {
	a := bigAccount(rand.New(rand.NewPCG(1, 1)))
	for _, text := range bigQuestions {
		b.Run(text, func(b *testing.B) {
			actions, spec, _ := policy.ParseRequest(text)
			for b.Loop() {
				WhoCan(a, access.Box{Actions: actions, Specifier: spec}, defaults)
			}
		})
	}
}
