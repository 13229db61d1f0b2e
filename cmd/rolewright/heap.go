package main

import (
	"os"
	"runtime"
	"runtime/debug"
)

// startingHeap is how large the heap becomes, in MB, before anything is collected. Most runs end before:
// with Go's own 4 MB a quarter of a short one goes into collecting what is in use anyway.
const startingHeap = 32

// growFirst puts the first collection off; after it all is as Go does it, or as GOGC says from the start.
func growFirst() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	const usual, heap = 100, 4 // at 100 per cent the first comes at 4 MB, and so in proportion
	debug.SetGCPercent(usual * startingHeap / heap)
	first := new([16]byte)
	runtime.AddCleanup(first, func(percent int) { debug.SetGCPercent(percent) }, usual)
}
