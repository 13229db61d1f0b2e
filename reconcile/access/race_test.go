//go:build race

package access

// slow divides the number of cases where the race detector makes each of them slow.
const slow = 20
