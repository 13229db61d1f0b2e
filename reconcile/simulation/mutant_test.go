package simulation_test

import (
	"flag"
	"testing"

	"github.com/rolewright/rolewright/reconcile/internal/seeded"
)

var mutantsToo = flag.Bool("mutants", false, "build the program with each seeded fault and see that it is caught")

// The seeded faults of client, plan, apply, guards and drawing. The schedules have to catch those that lose or
// double something, within 10,000; a named test those that never come so far.
var mutants = []struct {
	tests  []string
	faults []seeded.Fault
}{
	{[]string{"-run", "^TestTornLists$", "../launchdarkly"}, []seeded.Fault{
		{"the total is not looked at", "../launchdarkly/list.go", "if total >= 0 && len(seen) != total {", "if false {"},
	}},
	{[]string{"-run", "^TestRedirects$", "../launchdarkly"}, []seeded.Fault{
		{"redirects are followed", "../launchdarkly/transport.go", "reply.StatusCode >= 300 && reply.StatusCode < 400", "reply.StatusCode >= 300 && reply.StatusCode < 300"},
	}},
	{[]string{"-run", "^TestLongDemandEndsTheCall$", "../launchdarkly"}, []seeded.Fault{
		{"waits without a limit", "../launchdarkly/call.go", "return e.wait <= maxWait && e.transient()", "return e.transient()"},
	}},
	{[]string{"-run", "^TestFaults$", "../apply"}, []seeded.Fault{
		{"adopted without a look", "../apply/settle.go", "case !deletes && w.asWanted(live):", "case !deletes && (w.creates() || w.asWanted(live)):"},
		{"no look at ids", "../apply/before.go", "case c.Before != nil && now.role.ID != c.Before.ID:", "case c.Before != nil && now.role.ID != c.Before.ID && c.Key == \"\":"},
	}},
	{[]string{"-run", "^TestStepsOfRoles$", "../plan"}, []seeded.Fault{
		{"narrowed before the rest", "../plan/plan.go", "PhaseCreate, PhaseFirst, PhaseWiden, PhaseTeam, PhaseAssign, PhaseMixed,\n\t\tPhaseReassign, PhaseUnassign, PhaseNarrow,", "PhaseNarrow, PhaseCreate, PhaseFirst, PhaseWiden, PhaseTeam, PhaseAssign, PhaseMixed,\n\t\tPhaseReassign, PhaseUnassign,"},
	}},
	{[]string{"-run", "^(TestEvents|TestNothingSentUnnoted)$", "../apply"}, []seeded.Fault{
		{"noted after it was sent", "../apply/writing.go", "\tif err := w.noteSending(); err != nil {\n\t\treturn w.notNoted(err), false\n\t}\n\tw.sends++\n", "\tw.sends++\n\tdefer func() { _ = w.noteSending() }()\n"},
	}},
	{[]string{"-run", "^TestCommentLaws$", "../report"}, []seeded.Fault{
		{"dangerous rows are cut", "../report/comment_table.go", "\t\t\tp.named = append(p.named, e)", "\t\t\t_ = e"},
	}},
	{[]string{"-run", "^(TestMask|TestImpostors)$", "../github"}, []seeded.Fault{
		{"a comment is ours by its marker", "../github/look.go", "f.id > 0 && u.self.wrote(c.GetUser())", "f.id > 0"},
		{"tokens are not masked", "../github/runner.go", "\"::add-mask::\" + strings", "\"\" + strings"},
	}},
	{[]string{"-run", "^TestGuards$", "../plan"}, []seeded.Fault{
		{"one delete more", "../plan/guards.go", "if len(keys) <= limit {", "if len(keys) <= limit+1 {"},
	}},
	{[]string{"-run", "^TestRandom$", ".", "-schedules", "10000"}, []seeded.Fault{
		{"no read-back", "../apply/writing.go", "\treturn w.settle(err)\n", "\treturn end{status: Failed, stop: failure(\"sent\", err)}, w.sends < maxSends\n"},
		{"no test of what was read", "../launchdarkly/wire.go", "return append(tests, replacements...), nil", "return replacements, nil"},
		{"sent again after a conflict", "../apply/writing.go", "\tcase refused(err) && !w.lost:", "\tcase conflicting(err) && w.sends < maxSends && w.change.Action == plan.Update:\n\t\tw.live, _ = w.readFresh()\n\t\treturn end{}, true\n\tcase refused(err) && !w.lost:"},
		{"deleted first", "../plan/plan.go", "\t\tPhaseCreate, PhaseFirst, PhaseWiden, PhaseTeam,", "\t\tPhaseDelete, PhaseCreate, PhaseFirst, PhaseWiden, PhaseTeam,"},
		{"one page is the list", "../launchdarkly/list.go", "for end := size; end < total; {", "for end := total; end < total; {"},
		{"a list without items is empty", "../launchdarkly/list.go", "(!ok || !items.isArray())", "(ok && !items.isArray())"},
		{"waits by the local clock", "../launchdarkly/wait.go", "\t\tnow = date\n", "\t\t_ = date\n"},
		{"tries again without a right", "../launchdarkly/errors.go", "\tcase http.StatusRequestTimeout, http.StatusTooManyRequests:", "\tcase http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusUnauthorized, http.StatusForbidden:"},
		{"not proved", "../apply/run.go", "r.write, r.prove}", "r.write, func() { r.verified = true }}"},
	}},
}

// TestMutantsAreCurrent: each fault has its place, and there are as many as are promised.
func TestMutantsAreCurrent(t *testing.T) {
	n := 0
	for _, m := range mutants {
		seeded.Current(t, m.faults)
		n += len(m.faults)
	}
	if n < 20 {
		t.Errorf("%d seeded faults, want 20", n)
	}
}

// TestMutants builds the tests with each fault in turn. It takes minutes, so it runs on demand.
func TestMutants(t *testing.T) {
	if !*mutantsToo {
		t.Skip("SKIPPED: run with -mutants")
	}
	caught, all := 0, 0
	for _, m := range mutants {
		caught += seeded.Caught(t, m.faults, m.tests...)
		all += len(m.faults)
	}
	t.Logf("figure: mutants: %d of %d caught", caught, all)
}
