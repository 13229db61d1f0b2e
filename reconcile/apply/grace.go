package apply

import (
	"context"
	"time"
)

// withGrace returns a context that ends d after ctx does, whatever deadline ctx has, and a
// function that ends it and returns when nothing of it is left running.
func withGrace(ctx context.Context, d time.Duration, sleep func(context.Context, time.Duration) error) (context.Context, func()) {
	flight, cancel := context.WithCancel(context.WithoutCancel(ctx))
	over := make(chan struct{})
	forget := context.AfterFunc(ctx, func() {
		defer close(over)
		_ = sleep(flight, d) // it fails only when the flight has ended already
		cancel()
	})
	return flight, func() {
		cancel()
		if !forget() {
			<-over
		}
	}
}
