package main

import "syscall"

// noDump keeps what the process remembers, the token too, from being written down if it crashes, and from
// other processes of the same user: whatever limits and handlers for core dumps the machine has. If it
// cannot be done, all is as it was.
func noDump() { _, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_DUMPABLE, 0, 0) }
