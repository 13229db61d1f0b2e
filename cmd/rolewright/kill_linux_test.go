package main

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var (
	killCount = flag.Int("kills", 60, "how many times TestKill kills the program")
	killFirst = flag.Int("first", 0, "the number of the first kill of TestKill, so that a long run can be cut in parts")
	killSeed  = flag.Uint64("kill-seed", 1, "the order in which TestKill takes its points")
	killOnly  = flag.String("kill-only", "", "kill only at the points whose name begins so, with as many turns as before")
)

// fullKills is from how many kills on each moment must have met each plan and each fate of the journal, and
// the program is built as for a release: that takes less than it saves then.
const fullKills = 1000

// TestKill kills the program, a process of its own, at every point of its way: before a request has its
// effect, after that, within the answer, at each line of the journal, and within each of its outputs. The
// same command, said again, finishes the work in at most two more runs, with the journal, without it, or
// with what a torn line leaves of it. Nothing else in the account moves, and no token is written anywhere.
//
// Kills are numbered, and the plans take turns. A failure names its point with the turn behind it: -kill-only
// NAME with the same -first, -kills and -kill-seed goes there again.
func TestKill(t *testing.T) {
	count := *killCount
	if testing.Short() {
		count /= 3
	}
	tally, program := &killTally{met: map[string]int{}}, killProgram(t, count)
	before := cpuTime()
	t.Run("all", func(t *testing.T) {
		for i, p := range killPlans {
			turn := turnsBefore(i, *killFirst)
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				killAll(newKillWorld(t, p, program), turn, turnsBefore(i, *killFirst+count)-turn, tally)
			})
		}
	})
	if t.Failed() {
		return
	}
	if count >= fullKills {
		tally.whole(t)
	}
	t.Logf("figure: kill -9: %d, of which %d done after 1 more run and %d after 2; CPU %.3f s each", tally.kills, tally.runs[1], tally.runs[2],
		(cpuTime()-before).Seconds()/float64(max(tally.kills, 1)))
}

// killProgram returns the program for so many kills.
func killProgram(t *testing.T, count int) string {
	t.Helper()
	if count >= fullKills {
		return buildStripped(t)
	}
	program, err := exec.LookPath("rolewright")
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// turnsBefore is how many of the kills with smaller numbers are a plan's.
func turnsBefore(plan, number int) int { return (number + len(killPlans) - 1 - plan) / len(killPlans) }

// cpuTime is what the test and all programs that it ran have used so far.
func cpuTime() (all time.Duration) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if syscall.Getrusage(who, &u) == nil {
			all += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
	}
	return all
}

// killTally counts what all plans together came to.
type killTally struct {
	mu    sync.Mutex
	kills int
	runs  [3]int         // by how many more runs it took
	met   map[string]int // how often each plan, moment and fate of the journal met
}

// whole checks that every moment met every plan and every fate of the journal.
func (k *killTally) whole(t *testing.T) {
	for _, p := range killPlans {
		for _, moment := range p.moments() {
			for _, fate := range p.fates(moment) {
				if k.met[p.name+" "+moment+" "+fate] == 0 {
					t.Errorf("plan %s was never killed at %s with the journal %s", p.name, moment, fate)
				}
			}
		}
	}
}

// killAll runs a plan once undisturbed, to learn where it can be killed and through which states it goes,
// and then kills it so many times, from a turn on. A run may pass its point, where it is faster than who
// watches for it: then it does not count.
func killAll(w *killWorld, turn, count int, tally *killTally) {
	points := w.learn(rand.New(rand.NewPCG(*killSeed, 0)))
	order := w.plan.order()
	passed := 0
	for done := 0; done < count && !w.t.Failed(); turn++ {
		at := turn % len(order)
		some, visit := points[order[at]], visitsBefore(order, turn)
		point := some[visit%len(some)].with(w.plan, at%len(requestMoments)+visit+visit/len(some), rand.New(rand.NewPCG(*killSeed, uint64(turn))))
		w.point = fmt.Sprintf("%s/%s#%d", w.plan.name, point, turn)
		switch {
		case !strings.HasPrefix(w.point, *killOnly), w.kill(point, tally):
			done++
		default:
			passed++
		}
		if passed > 20+count/2 {
			w.t.Fatalf("%d points passed, %d kills", passed, done)
		}
	}
}

// visitsBefore is how many earlier turns had the same moment.
func visitsBefore(order []string, turn int) (visits int) {
	at := turn % len(order)
	for i, moment := range order {
		if moment == order[at] {
			visits += turn / len(order)
			if i < at {
				visits++
			}
		}
	}
	return visits
}

// killPoint is where a run is killed, and what becomes of its journal.
type killPoint struct {
	moment string // one of killPlan.moments
	n      int    // of the request or of the journal's line; or the bytes that still fit into the output
	of     int    // for an output, how long it is
	late   int    // for "late", the request of the next run before which this one has its effect
	fate   string // of the journal: one of killPlan.fates

	verbose bool
	width   int // --parallelism
}

func (p killPoint) String() string {
	return fmt.Sprintf("%s %d, journal %s, verbose %t, width %d, late %d", p.moment, p.n, p.fate, p.verbose, p.width, p.late)
}

// with chooses what is open. Every fate comes to each moment as the visits go by.
func (p killPoint) with(plan killPlan, visit int, rng *rand.Rand) killPoint {
	fates := plan.fates(p.moment)
	p.fate = fates[visit%len(fates)]
	p.verbose = rng.IntN(2) == 1
	p.width = []int{4, 1}[rng.IntN(2)]
	p.late = 1 + rng.IntN(12)
	if p.of > 0 {
		p.n = max(1, min(p.of, p.n+rng.IntN(p.of/outputPoints+1)))
	}
	return p
}

// The moments of a request: on arrival, before it has an effect; after the effect, before a byte of the
// answer; after half of that; after all of it; and late, when the effect comes only while the next run is
// under way.
var requestMoments = []string{"before", "after", "half", "answered", "late"}

// outputPoints is at how many places an output is cut.
const outputPoints = 6

// moments are the kinds of points of a plan.
func (p killPlan) moments() []string {
	switch {
	case p.action:
		return slices.Concat(requestMoments, []string{"stdout", "stderr", "summary", "outputs"})
	case p.local:
		return []string{"journal", "stdout", "stderr", "time"}
	}
	return slices.Concat(requestMoments, []string{"journal", "stdout", "stderr"})
}

// order is in which order the moments have their turns. There are more requests than anything else.
func (p killPlan) order() []string {
	if p.local {
		return p.moments()
	}
	return slices.Concat(requestMoments, p.moments())
}

// fates are what becomes of the journal after a kill. An Action keeps none.
func (p killPlan) fates(moment string) []string {
	switch {
	case p.action:
		return []string{"none"}
	case moment == "journal":
		return []string{"kept", "lost", "torn"}
	}
	return []string{"kept", "lost", "torn", "none"}
}

// kill runs the plan's command, kills it at the point, and has it finished. It reports false if the run
// passed the point and came to its end.
func (w *killWorld) kill(p killPoint, tally *killTally) bool {
	w.reset()
	w.prepare()
	first := w.run(p, w.args(p)...)
	if !first.killed() {
		w.wantExit(first, 0)
		return false
	}
	w.meddle(p)
	if w.plan.saved && p.moment != "late" {
		w.checkStale(p)
	}
	again := 1
	for ; again <= 2; again++ {
		w.prepare()
		next := w.run(killPoint{moment: "never"}, w.args(p)...)
		w.checkAgain(p, next, again)
		if next.code() == 0 && !w.overtaken(p, next) {
			break
		}
		if again == 2 {
			w.t.Fatalf("%s: after two more runs it is not done: exit code %d\n%s%s", w.point, next.code(), next.out, next.err)
		}
	}
	w.checkDone()
	tally.mu.Lock()
	defer tally.mu.Unlock()
	tally.kills++
	tally.runs[again]++
	tally.met[w.plan.name+" "+p.moment+" "+p.fate]++
	return true
}

// overtaken reports whether what was late came amid what a run read: then it may leave a role that was
// held a moment ago, which it says, or not have seen a comment. The run after it has to see to that.
func (w *killWorld) overtaken(p killPoint, next *killRun) bool {
	return p.moment == "late" && (strings.Contains(next.out, "will not be made this time") || w.plan.action && w.shown() != 1)
}

// checkAgain checks what a run says that comes after a killed one.
func (w *killWorld) checkAgain(p killPoint, next *killRun, again int) {
	if again == 1 && w.story != "" && !strings.Contains(next.err, w.story) {
		w.wrong("the journal's story %q is not told:\n%s", w.story, next.err)
	}
	if torn := strings.Contains(next.err, "its last line was cut off"); torn != (again == 1 && w.torn) {
		w.wrong("said to be torn: %t\n%s", torn, next.err)
	}
	if p.moment == "late" {
		return // what arrives in between may well be in the way
	}
	if next.conflicts > 0 || strings.Contains(next.out+next.err, "conflict") {
		w.wrong("a conflict with what is there already:\n%s%s", next.out, next.err)
	}
}

// prepare saves a plan of what is left, if that is what is applied.
func (w *killWorld) prepare() {
	w.t.Helper()
	if w.plan.saved {
		w.wantExit(w.run(killPoint{moment: "never"}, "plan", "--out", w.path("plan.json"), w.dir), 0)
	}
}

// checkStale applies the saved plan of the killed run once more: whole, if that did nothing, or not at all.
func (w *killWorld) checkStale(p killPoint) {
	w.t.Helper()
	p.fate = "none"
	before := w.things()
	r := w.run(killPoint{moment: "never"}, w.args(p)...)
	if maps.Equal(before, w.original) {
		w.wantExit(r, 0)
		return
	}
	if w.wantExit(r, 4); len(r.writes) > 0 || !maps.Equal(before, w.things()) {
		w.wrong("a plan was applied of which a part was done already:\n%s%s", r.out, r.err)
	}
}

// eachPlanned is how often the same account has to come about before it is planned for again.
const eachPlanned = 10

// checkDone checks that the account is as the files say and that a plan finds nothing to do. That is the
// same for the same account, so of those that are served, where all can be seen, few are planned for twice.
func (w *killWorld) checkDone() {
	w.t.Helper()
	now := w.things()
	for name, want := range w.wanted {
		if got := now[name]; got != want {
			w.wrong("%s is %s, want %s", name, got, want)
		}
	}
	if w.plan.action && w.shown() != 1 {
		w.wrong("%d comments of ours are shown, of %d", w.shown(), len(w.comments()))
	}
	state := fmt.Sprint(now) // in the order of the names
	if w.planned[state]++; w.plan.local || w.planned[state]%eachPlanned == 1 {
		w.wantExit(w.run(killPoint{moment: "never"}, "plan", "--detailed-exitcode", "--target", w.target(), w.dir), 0)
	}
}

func (w *killWorld) wantExit(r *killRun, code int) {
	w.t.Helper()
	if r.code() != code {
		w.wrong("exit code %d, want %d\n%s%s", r.code(), code, r.out, r.err)
	}
}

// killed reports whether it was us who ended the process.
func (r *killRun) killed() bool {
	status, ok := r.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

func (r *killRun) code() int { return r.cmd.ProcessState.ExitCode() }
