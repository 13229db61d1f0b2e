//go:build !race

package fuzzing

const slow = false
