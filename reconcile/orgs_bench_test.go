//go:build unix

package reconcile_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/launchdarkly"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A large organisation: 5,000 members with 3 roles each and in a team or two, 300 teams with 2 roles,
// 1,000 roles of 8 statements, of which files change 100.

const latency = 50 * time.Millisecond

var (
	bigProjects = []string{"web", "ios", "android", "shop", "data", "api", "ops", "pay", "search", "ads"}
	bigActions  = map[string][]string{
		"flag":    {"updateOn", "updateTargets", "updateRules", "updateFallthrough", "createFlag", "deleteFlag", "updateTags", "update*", "create*", "*", "updateName"},
		"segment": {"createSegment", "updateRules", "deleteSegment", "update*", "*"},
		"metric":  {"createMetric", "updateName", "deleteMetric", "update*", "*"},
	}
)

func bigStatement(r *rand.Rand, project string) role.Statement {
	typ := anyOf(r, "flag", "flag", "flag", "segment", "metric")
	s := role.Statement{Effect: anyOf(r, role.Allow, role.Allow, role.Allow, role.Allow, role.Deny)}
	for range 1 + r.IntN(3) {
		s.Actions = append(s.Actions, anyOf(r, bigActions[typ]...))
	}
	env := ":env/" + anyOf(r, "*", "production", "staging", "test", "dev", "qa-*", "*;{critical:true}", "*;{critical:false}")
	if typ == "metric" {
		env = ""
	}
	s.Resources = []string{"proj/" + project + env + ":" + typ + "/" + anyOf(r, "*", "*", "checkout", "pay-*", "exp-*", "*;beta", "*;pci", "*;team-*")}
	return s
}

func bigRole(r *rand.Rand, i, statements int) role.Role {
	d := role.Role{Key: fmt.Sprintf("role-%04d", i), Name: fmt.Sprintf("Role %d", i), Description: "What a team may do.", BasePermissions: role.NoAccess}
	d.Policy = []role.Statement{{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/*"}}}
	project := anyOf(r, append([]string{"*", "team-*", "${roleAttribute/projects}", "${roleAttribute/projects}"}, bigProjects...)...)
	for len(d.Policy) < statements {
		d.Policy = append(d.Policy, bigStatement(r, project))
	}
	return d
}

// bigOrganisation returns the account, and the workspace that changes every tenth role of it.
func bigOrganisation(t testing.TB) (*emulator.Emulator, *manifest.Workspace) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	emu, err := emulator.New(emulator.Options{Rand: bytes.NewReader(make([]byte, 16))})
	must(t, err)
	everyone := role.Scope{Include: []string{"*"}}
	ws := &manifest.Workspace{}
	ws.Config.Manage = manifest.Manage{Roles: everyone, Teams: everyone, Members: everyone}
	ws.Config.Lint.Disable = nil
	for i := range 1000 {
		d := bigRole(r, i, 8)
		must(t, emu.Add(as[emulator.Role](d)))
		if i%10 == 0 {
			d.Policy[1+r.IntN(7)] = bigStatement(r, anyOf(r, bigProjects...))
		}
		ws.Roles = append(ws.Roles, role.Desired{Role: d, Source: role.Source{File: d.Key + ".yaml", Pos: role.Pos{Line: 1, Column: 1}}})
	}
	key := func() string { return fmt.Sprintf("role-%04d", r.IntN(1000)) }
	teams := make([]emulator.Team, 300)
	for i := range teams {
		teams[i] = emulator.Team{
			Key: fmt.Sprintf("team-%d", i), Name: fmt.Sprintf("Team %d", i), CustomRoles: []string{key(), key()},
			RoleAttributes: map[string][]string{"projects": {anyOf(r, bigProjects...)}},
		}
	}
	for i := range 5000 {
		m := emulator.Member{
			ID: fmt.Sprintf("%024x", i+1), Email: fmt.Sprintf("m%04d@example.com", i), CustomRoles: []string{key(), key(), key()},
			RoleAttributes: map[string][]string{"projects": {anyOf(r, bigProjects...), anyOf(r, bigProjects...)}},
		}
		must(t, emu.AddMember(m))
		for range 1 + r.IntN(2) {
			n := r.IntN(len(teams))
			teams[n].Members = append(teams[n].Members, m.ID)
		}
	}
	for _, team := range teams {
		must(t, emu.AddTeam(team))
	}
	return emu, ws
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// recorded answers from memory what it has once been answered, after a while: what is measured is not
// the emulator.
type recorded struct {
	http.RoundTripper
	wait     func()
	mu       sync.Mutex
	requests int
	answers  map[string]*http.Response
	bodies   map[string][]byte
}

func record(carries http.RoundTripper) *recorded {
	return &recorded{RoundTripper: carries, wait: func() {}, answers: map[string]*http.Response{}, bodies: map[string][]byte{}}
}

// RoundTrip implements http.RoundTripper.
func (c *recorded) RoundTrip(r *http.Request) (*http.Response, error) {
	c.wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	asked := r.Method + " " + r.URL.String()
	if c.answers[asked] == nil {
		answer, err := c.RoundTripper.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		if c.bodies[asked], err = io.ReadAll(answer.Body); err != nil {
			return nil, err
		}
		c.answers[asked] = answer
	}
	answer := *c.answers[asked]
	answer.Request, answer.Body = r, io.NopCloser(bytes.NewReader(c.bodies[asked]))
	return &answer, nil
}

// TestPlanOfAnOrganisation: a plan of a large organisation waits for four answers at most, one after the
// other, tells everybody whom it concerns, and needs little memory. In the bubble time passes only while
// all wait, so what has passed is the longest chain of requests.
func TestPlanOfAnOrganisation(t *testing.T) {
	emu, ws := bigOrganisation(t)
	synctest.Test(t, func(t *testing.T) {
		carries := record(emulator.Transport(emu))
		carries.wait = func() { time.Sleep(latency) }
		account := connect(t, launchdarkly.Options{Transport: carries, ReadOnly: true})
		start := time.Now()
		p, err := reconcile.Plan(t.Context(), ws, account, orgOptions())
		must(t, err)
		trips := int(time.Since(start) / latency)
		if trips > 4 || carries.requests > 20 {
			t.Errorf("%d round trips, %d requests", trips, carries.requests)
		}
		if p.Summary.Update != 100 || p.People == nil || p.People.Members != 5000 || p.People.Gain+p.People.Lose+p.People.Both < 1000 || p.People.Undecided > 0 {
			t.Errorf("%+v, %+v", p.Summary, p.People)
		}
		t.Logf("%d round trips, %d requests; %d hold, %d gain, %d lose, %d both", trips, carries.requests,
			p.People.Holders, p.People.Gain, p.People.Lose, p.People.Both)
	})
}

// BenchmarkPlanOfAnOrganisation plans for a large organisation, without waiting for the account. Beside
// the time stand that of all cores together, the part of it that the effect on people takes, the
// requests and the longest chain of them, the memory that the account and the plan take once they are
// there, and the most that there is at any time, what waits to be collected included.
//
// The emulator has no part in it: its answers are recorded by the plan before, and are read and not made.
//
// Where the time goes, by profile, with one core (GOMAXPROCS=1): two fifths to the rules of lint about what
// members hold together, of those who hold something that changes (half of that to tags that somebody can
// give, a quarter to denies that do not bind), and a twentieth to ways to become an administrator; a seventh
// to the way on which nobody holds too much or too little; a seventh to comparing what people hold before and
// after; a tenth to the collector, which runs beside; a twentieth to reading the answers; two hundredths to
// sealing the plan. Of all of it, a fifth is allocation.
func BenchmarkPlanOfAnOrganisation(b *testing.B) {
	emu, ws := bigOrganisation(b)
	carries := record(emulator.Transport(emu))
	account := connect(b, launchdarkly.Options{Transport: carries, ReadOnly: true})
	once := func() *plan.Plan {
		p, err := reconcile.Plan(b.Context(), ws, account, orgOptions())
		must(b, err)
		return p
	}
	p := once()
	requests := carries.requests
	carries.RoundTripper = nil // and the emulator is gone, with what it holds
	before := heap()
	peak := peakOf(func() { p = once() })
	crowd, err := reconcile.Crowd(b.Context(), account)
	must(b, err)
	live := heap() - before
	trips := chainOf(carries, func() { once() })
	effects := effectsAlone(p, crowd)
	b.ReportAllocs()
	spent := cpu()
	for b.Loop() {
		once()
	}
	b.ReportMetric(float64((cpu()-spent).Milliseconds())/float64(b.N), "cpu-ms/op")
	b.ReportMetric(float64(requests), "requests")
	b.ReportMetric(float64(trips), "roundtrips")
	b.ReportMetric(float64(effects.Milliseconds()), "effects-cpu-ms")
	b.ReportMetric(float64(live)/(1<<20), "MB-live")
	b.ReportMetric(float64(peak-before)/(1<<20), "MB-peak")
	runtime.KeepAlive(crowd)
	runtime.KeepAlive(p)
}

// heap is what the program holds.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// peakOf returns the most that the heap holds while do runs, what waits to be collected included.
func peakOf(do func()) (most int64) {
	done := make(chan bool)
	go func() { do(); close(done) }()
	for {
		select {
		case <-done:
			return most
		case <-time.After(2 * time.Millisecond):
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, int64(m.HeapAlloc))
		}
	}
}

// chainOf returns how many of the requests of do follow one another.
func chainOf(carries *recorded, do func()) (chain int) {
	type span struct{ from, to time.Time }
	var mu sync.Mutex
	var spans []span
	carries.wait = func() {
		from := time.Now()
		time.Sleep(4 * latency) // so that requests of one time overlap on a busy machine too
		mu.Lock()
		defer mu.Unlock()
		spans = append(spans, span{from, time.Now()})
	}
	do()
	carries.wait = func() {}
	slices.SortFunc(spans, func(a, b span) int { return a.to.Compare(b.to) })
	last := time.Time{}
	for _, s := range spans {
		if s.from.After(last) {
			chain, last = chain+1, s.to
		}
	}
	return chain
}

// effectsAlone is how long it takes to say whom a plan concerns.
func effectsAlone(p *plan.Plan, crowd people.Account) time.Duration {
	live := plan.Actual{Roles: crowd.Roles, Teams: crowd.Teams, Members: crowd.Members}
	after := p.Walk(live, nil)
	start := cpu()
	people.Effects(crowd, people.Account{Roles: after.Roles, Teams: after.Teams, Members: after.Members}, people.Options{Semantics: *orgOptions().Semantics})
	return cpu() - start
}

// cpu is what the process has used so far of all cores together.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
