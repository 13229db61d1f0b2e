package simulation_test

import (
	"flag"
	"fmt"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

var (
	doublesToTry = flag.String("doubles", "", `pairs of faults of the reference plans: "all" is each (for the night), "slice" one in 29, both with every single fault; "singles" is none but every single fault; "" is a few of both`)
	partToTry    = flag.String("part", "1/1", `of all pairs those of every N-th first fault, "K/N": the parts from 1/N to N/N are everything once`)
)

// everything may happen at a request.
var everything = slices.Concat(faults, outside)

// modes are what may be wrong, or just otherwise, all the time.
var modes = []struct {
	name string
	set  func(*scene)
}{
	{"tests answered with 409", func(s *scene) { s.behaviour.TestFailed = "409" }},
	{"tests refused with 409", func(s *scene) { s.behaviour.TestOp = "refused409" }},
	{"tests refused with 422", func(s *scene) { s.behaviour.TestOp = "refused422" }},
	{"tests ignored", func(s *scene) { s.behaviour.TestOp = "ignored" }},
	{"reads lag 3 s", func(s *scene) { s.behaviour.ReadLag = 3 * time.Second }},
	{"reads lag 20 s", func(s *scene) { s.behaviour.ReadLag = 20 * time.Second }},
	{"holders lag 5 s", func(s *scene) { s.behaviour.AssignLag = 5 * time.Second }},
	{"clock a day ahead", func(s *scene) { s.skew = 24 * time.Hour }},
	{"clock a day behind", func(s *scene) { s.skew = -24 * time.Hour }},
	{"names unique, keys not used again", func(s *scene) { s.behaviour.UniqueNames, s.behaviour.ReuseKey = true, "refuse" }},
	{"short answers", func(s *scene) {
		b := &s.behaviour
		b.OmitVersions, b.OmitTotalCount, b.OmitBasePermissions, b.OmitDescription, b.MemberRoles = true, true, true, true, "expanded"
	}},
	{"other answers", func(s *scene) {
		b := &s.behaviour
		b.Normalise, b.ItemOrder, b.MemberRoleForm, b.AttributeOrder, b.DeletedRole = true, "shuffled", "keys", "shuffled", "drop"
	}},
	{"one at a time", func(s *scene) { s.parallelism = 1 }},
	{"roles in use may go", func(s *scene) { s.behaviour.DeleteHeldByMembers, s.behaviour.DeleteHeldByTeams = "allow", "allow" }},
}

// A tally is what came of many schedules.
type tally struct {
	played, wrong int
	requests      int
	skipped       int // left out of a slice
	lost          map[string]int
}

func (y *tally) play(t *testing.T, s schedule) *played {
	p := s.play()
	y.count(p)
	if len(p.violations) > 0 {
		if y.wrong++; y.wrong <= 5 {
			t.Errorf("%s:\n%s", s, p)
		}
	}
	return p
}

func (y *tally) add(other tally) {
	y.played, y.wrong, y.skipped, y.requests = y.played+other.played, y.wrong+other.wrong, y.skipped+other.skipped, y.requests+other.requests
	for window, n := range other.lost {
		y.lost[window] += n
	}
}

func (y *tally) String() string {
	lost := []string{}
	for _, window := range slices.Sorted(maps.Keys(y.lost)) {
		lost = append(lost, fmt.Sprintf("%d at %s", y.lost[window], window))
	}
	text := "none"
	if len(lost) > 0 {
		text = strings.Join(lost, ", ")
	}
	return fmt.Sprintf("%d schedules, %d violations, edits lost in documented moments: %s", y.played, y.wrong, text)
}

// stride says which schedules are played: one in so many.
type stride struct{ every, turn int }

func (s *stride) mine() bool {
	s.turn++
	return s.every == 1 || s.turn%s.every == 0
}

// part is the stride of the part that is asked for.
func part(t *testing.T) *stride {
	var k, n int
	if _, err := fmt.Sscanf(*partToTry, "%d/%d", &k, &n); err != nil || k < 1 || k > n {
		t.Fatalf("-part %q: give K/N with K from 1 to N", *partToTry)
	}
	return &stride{every: n, turn: k - 1}
}

// singles plays every event at every request of the quiet run, and after each of them, if there is a
// second stride, every event at each request that follows in the run, or in the one after a kill.
func (s *scene) singles(t *testing.T, with applier, first, second *stride) tally {
	y := tally{lost: map[string]int{}}
	for i, e := range s.quiet {
		for _, ev := range everything {
			if !ev.fits(e) || ev.costly && !s.costs(i) {
				continue
			}
			if one := (schedule{scene: s, at: map[int]event{i: ev}, with: with, often: second == nil}); first.mine() {
				s.seconds(t, &y, one, y.play(t, one), i, ev, second)
			}
			if y.wrong > 20 {
				t.Fatalf("%s: enough is wrong", s.name)
			}
		}
	}
	return y
}

// costs reports whether an answer of 32 MiB is tried at a request: at the first list and the first
// write of the apply, since it takes long and is always the same.
func (s *scene) costs(i int) bool {
	write := slices.IndexFunc(s.quiet, func(e *entry) bool { return e.writes() })
	return i == s.planning || i == write
}

// seconds plays a second event after the first. How many requests there are after it only its single
// run shows.
func (s *scene) seconds(t *testing.T, y *tally, one schedule, p *played, i int, ev event, second *stride) {
	if second == nil || ev.costly {
		return
	}
	number := p.first - 1
	for _, e := range p.log {
		if !e.late {
			number++
		}
		if number <= i || number >= p.last || e.late {
			continue
		}
		for _, then := range everything {
			switch {
			case !then.fits(e) || then.costly:
			case !second.mine():
				y.skipped++
			default:
				y.play(t, schedule{scene: s, at: map[int]event{i: ev, number: then}, with: one.with})
			}
		}
	}
}

// TestExhaustive plays every fault of the table, every kind of outside edit, another applier and a kill
// at every request of the reference plans, and pairs of them.
func TestExhaustive(t *testing.T) {
	defer alone()()
	defer openStories(t)()
	first, second, third := &stride{every: 23}, &stride{every: 211}, &stride{every: 211}
	switch *doublesToTry {
	case "all":
		first, second, third = part(t), &stride{every: 1}, part(t)
	case "slice":
		first.every, second.every, third.every = 1, 29, 1
	case "singles":
		first, second, third = part(t), nil, part(t)
	default:
		if testing.Short() {
			first.every, second.every, third.every = 101, 499, 1009
		}
	}
	all, start := tally{lost: map[string]int{}}, cpuTime()
	for i := range references() {
		synctest.Test(t, func(t *testing.T) {
			s, began := references()[i], cpuTime()
			if err := s.prepare(); err != nil {
				t.Fatal(err)
			}
			y := s.singles(t, real, first, second)
			all.add(y)
			t.Logf("%-9s %s; %d more pairs are left out; %.1f CPU-s", s.name, &y, y.skipped, (cpuTime() - began).Seconds())
		})
	}
	for i, mode := range modes {
		if testing.Short() && i%4 > 0 {
			continue
		}
		began, y := cpuTime(), tally{lost: map[string]int{}}
		for i := range references() {
			synctest.Test(t, func(t *testing.T) {
				s := references()[i]
				s.name += " with " + mode.name
				mode.set(s)
				if err := s.prepare(); err != nil {
					t.Fatal(err)
				}
				y.add(s.singles(t, real, third, nil))
			})
		}
		all.add(y)
		t.Logf("%s: %s; %.1f CPU-s", mode.name, &y, (cpuTime() - began).Seconds())
	}
	t.Logf("figure: exhaustive faults: %s; %d of its pairs left out; part %s; %.0f CPU-s", &all, all.skipped, *partToTry, (cpuTime() - start).Seconds())
}

// alone gives a test one processor: of two that go on at once none is first by chance then, so that a
// schedule is the same run again, and less is spent on handing over. What it returns ends that.
func alone() (end func()) {
	processors, percent := runtime.GOMAXPROCS(1), debug.SetGCPercent(400)
	return func() {
		runtime.GOMAXPROCS(processors)
		debug.SetGCPercent(percent)
	}
}

// cpuTime is the time that this process has computed.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
