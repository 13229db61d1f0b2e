// Command rolewright keeps LaunchDarkly roles as code: it validates role files, compares them with
// an account, and applies the difference.
//
// This package turns flags into calls of package reconcile and results into exit codes. It is the
// only one that reads the environment, prints, and exits; it decides nothing about roles.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	growFirst()
	os.Exit(mainCode())
}

// mainCode runs the program as a process runs it and returns its exit code.
func mainCode() int {
	noDump()
	// net/http logs what a server sends out of turn, as it comes, and with GODEBUG=http2debug=1 every
	// header, the token too. What a person has to know comes back as an error.
	log.SetOutput(io.Discard)
	// Whoever reads our output may go away: that must not end an apply between two writes.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal asks to finish the request in flight; with the handler gone, a second one
	// ends the process at once.
	context.AfterFunc(ctx, stop)
	return run(ctx, processIO(), os.Args[1:])
}
