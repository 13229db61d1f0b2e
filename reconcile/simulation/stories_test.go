package simulation_test

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var storiesFile = flag.String("stories", "", "write a line with a digest of each schedule that is played into this file: builds that behave alike write the same")

// stories are open if they are to be written; openStories returns what closes them.
var stories *os.File

func openStories(t *testing.T) func() {
	if *storiesFile == "" {
		return func() {}
	}
	var err error
	if stories, err = os.Create(*storiesFile); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := stories.Close(); err != nil {
			t.Error(err)
		}
		stories = nil
	}
}

// byChance is what net/http adds to the error of a timeout, or does not: it races with the context.
var byChance = regexp.MustCompile(` \(Client\.Timeout [^)]*\)`)

// tell writes down what was played: each request, what its runs have shown, and what the account holds.
func (w *world) tell(s schedule, p *played) {
	text := fmt.Sprintln(p, p.lost, time.Now(), w.shown, w.holds().facts(), w.holds().things())
	fmt.Fprintf(stories, "%x %s\n", sha256.Sum256(byChance.ReplaceAll([]byte(text), nil)), s)
}

// sortedLines are the lines of a log, without regard to which of two at the same time came first.
func sortedLines(log []byte) []string {
	lines := strings.Split(string(log), "\n")
	slices.Sort(lines)
	return lines
}
