//go:build !unix

package main

// noDump does nothing: a system without core files has its own ways, which a process does not decide on.
func noDump() {}
