//go:build race

package main

// raceReads is what the race detector reads of its own process as it starts.
const raceReads = `|/proc/(self|[0-9]+)/(environ|cmdline|exe)`
