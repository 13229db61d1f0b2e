package simulation_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rolewright/rolewright/reconcile/emulator"
)

var raceLong = flag.Int("races", 300, "random interleavings of two appliers with longer plans, several edits, and several requests at a time")

// raceDraw draws a scene of several roles. Half of the time both appliers have the same plan.
func raceDraw(r *rand.Rand) (s raceScene, edits []raceEdit, parallelism int) {
	s = raceScene{name: "drawn", start: []emulator.Role{raceRole("kept", "kept", "updateOn")}}
	keys := []string{}
	for i := range 2 + r.IntN(5) {
		keys = append(keys, fmt.Sprintf("r%d", i))
		if r.IntN(4) > 0 {
			s.start = append(s.start, raceRole(keys[i], "old", "updateOn"))
		}
	}
	s.files[0] = raceDrawFile(r, keys)
	if s.files[1] = s.files[0]; r.IntN(2) == 0 {
		s.files[1] = raceDrawFile(r, keys)
	}
	for range r.IntN(4) {
		all := raceEdits(keys[r.IntN(len(keys))])
		edits = append(edits, all[r.IntN(len(all))])
	}
	s.behaviour.TestFailed = []string{"422", "409"}[r.IntN(2)]
	s.behaviour.ItemOrder = []string{"creation", "key", "shuffled"}[r.IntN(3)]
	return s, edits, 1 + r.IntN(3)
}

// raceDrawFile draws what is wanted of roles: something new of the first.
func raceDrawFile(r *rand.Rand, keys []string) string {
	texts := []string{raceFile("kept", "kept", "updateOn"), raceFile(keys[0], fmt.Sprint("new ", r.IntN(2)), "updateOn")}
	for _, key := range keys[1:] {
		switch r.IntN(5) {
		case 0:
			texts = append(texts, "kind: Role\nkey: "+key+"\nstate: absent\n")
		case 1:
			texts = append(texts, raceFile(key, fmt.Sprint("new ", r.IntN(2)), "updateOn"))
		case 2:
			texts = append(texts, raceFile(key, "old", []string{"createFlag", "updateTags"}[r.IntN(2)]))
		case 3:
			texts = append(texts, raceFile(key, "old", "updateOn"))
		}
	}
	return strings.Join(texts, "---\n")
}

// raceKept found a fault once.
var raceKept = []uint64{
	63, // an update that was taken, of a role that was gone when it was read back, was told as nothing written
}

// TestRacesOfLongPlans plays random interleavings of what is too long for all of them.
func TestRacesOfLongPlans(t *testing.T) {
	n := *raceLong
	if testing.Short() {
		n = (n + 2) / 3
	}
	tally := &raceTally{}
	for _, seed := range raceKept {
		racePlayLong(t, seed, tally)
	}
	for seed := range uint64(n) {
		racePlayLong(t, 1_000+seed, tally)
	}
	t.Logf("figure: concurrent histories of long plans: %d interleavings, %d histories checked, %d violations, %d lost in the window of a delete", tally.runs, tally.histories, tally.bad, tally.lost)
	t.Logf("the appliers ended %v", tally.ends)
	if tally.bad > 0 {
		t.Errorf("%d runs, the first: %s", tally.bad, tally.first)
	}
}

func racePlayLong(t *testing.T, seed uint64, tally *raceTally) {
	r := rand.New(rand.NewPCG(seed, 7))
	s, edits, parallelism := raceDraw(r)
	spaces, plans := s.plans(t)
	synctest.Test(t, func(t *testing.T) {
		run := s.play(t, spaces, plans, edits, parallelism, raceWay{}, r.IntN)
		tally.add(fmt.Sprintf("seed %d, %d at a time, %d edits", seed, parallelism, len(edits)), run)
	})
}
