//go:build unix

package reconcile_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/lint"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// BenchmarkTable prints how long it takes to judge 1,000 roles of 20 statements, in time of all cores
// together and as a part of what it may take: 6 s for the rules about words and meaning, 3 s for those
// about security, 1 s for 100 access tests.
func BenchmarkTable(b *testing.B) {
	ws := &manifest.Workspace{}
	r := rand.New(rand.NewPCG(2, 2))
	for i := range 1000 {
		d := bigRole(r, i, 20)
		ws.Roles = append(ws.Roles, role.Desired{Role: d, Source: role.Source{File: d.Key + ".yaml", Pos: role.Pos{Line: 1, Column: 1}}})
	}
	for i := range 100 {
		ws.Tests = append(ws.Tests, bigTest(i))
	}
	var security, others []string
	for _, rule := range lint.Rules() {
		if strings.HasPrefix(rule.Code, "LD2") {
			security = append(security, rule.Code)
		} else {
			others = append(others, rule.Code)
		}
	}
	judge := func(disable []string) int {
		return len(lint.RunAll(lint.Input{Files: lint.Files{Roles: ws.Roles}, Settings: lint.DefaultSettings()}, disable).Findings)
	}
	tests := func() int {
		return len(reconcile.Tests(ws, reconcile.World{}, reconcile.TestOptions{Semantics: policy.DefaultSemantics(), NoFixes: true}))
	}
	for _, row := range []struct {
		name string
		do   func() int
		may  time.Duration
	}{
		{"words and meaning", func() int { return judge(security) }, 6 * time.Second},
		{"security", func() int { return judge(others) }, 3 * time.Second},
		{"access tests", tests, time.Second},
	} {
		b.Run(row.name, func(b *testing.B) {
			results, before := 0, cpu()
			for b.Loop() {
				results = row.do()
			}
			spent := (cpu() - before) / time.Duration(b.N)
			b.ReportMetric(float64(spent.Milliseconds()), "cpu-ms/op")
			b.ReportMetric(float64(spent)/float64(row.may), "of-limit")
			b.ReportMetric(float64(results), "results")
		})
	}
}

// bigTest is about everybody or about one role.
func bigTest(i int) role.AccessTest {
	t := role.AccessTest{Name: fmt.Sprintf("test %d", i), AtLeast: 1}
	text := []role.TestText{{Text: fmt.Sprintf("deleteFlag on proj/%s:env/production:flag/exp-%d", bigProjects[i%len(bigProjects)], i)}}
	if i%2 == 0 {
		t.Nobody = text
		return t
	}
	t.As, t.Cannot = &role.TestSubject{Role: fmt.Sprintf("role-%04d", i)}, text
	return t
}
