//go:build race

package fuzzing

// slow: the race detector makes everything several times slower, so nothing is measured.
const slow = true
