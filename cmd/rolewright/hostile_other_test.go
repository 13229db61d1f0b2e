//go:build !unix

package main

// hostilePipes are files that never end: not on this system.
var hostilePipes []hostileFile
