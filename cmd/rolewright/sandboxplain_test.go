//go:build !race

package main

// raceReads is nothing without the race detector.
const raceReads = ""
