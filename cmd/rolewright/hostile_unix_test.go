//go:build unix

package main

import "syscall"

// hostilePipes are files that never end, or never begin.
var hostilePipes = []hostileFile{
	{"P07", "a pipe", func(f *filesCase) []string { return f.apply(f.pipe()) }, 1, "is not a regular file", false},
	{"P07", "a pipe for a snapshot", func(f *filesCase) []string { return []string{"plan", "--snapshot", f.pipe(), f.dir} }, 1, "is not a regular file", false},
	{"P07", "a pipe for a result", func(f *filesCase) []string { return f.restored(f.pipe()) }, 1, "is not a regular file", false},
	{"P07", "a pipe for a journal", func(f *filesCase) []string { return f.journaled(f.pipe()) }, 1, "not a regular file", false},
}

func (f *filesCase) pipe() string {
	f.t.Helper()
	if err := syscall.Mkfifo(f.path("pipe"), 0o600); err != nil {
		f.t.Fatal(err)
	}
	return f.path("pipe")
}
