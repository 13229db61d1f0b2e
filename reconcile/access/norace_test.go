//go:build !race

package access

const slow = 1
