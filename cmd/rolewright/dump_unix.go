//go:build unix && !linux

package main

import "syscall"

// noDump keeps what the process remembers, the token too, from being written down if it crashes. If it
// cannot be done, all is as it was.
func noDump() { _ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}) }
