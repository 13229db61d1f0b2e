package role

import "context"

type interruptKey struct{}

// WithInterrupt returns a copy of ctx under which an account sends nothing more and waits for
// nothing more once interrupt has ended, while a request that has been sent goes on until ctx ends.
// What was not sent for that reason is [ErrNotSent]. Interrupt must not outlast ctx.
func WithInterrupt(ctx, interrupt context.Context) context.Context {
	return context.WithValue(ctx, interruptKey{}, interrupt)
}

// Interrupt returns the context whose end keeps an account from sending and waiting under ctx: that
// of [WithInterrupt], or ctx itself.
func Interrupt(ctx context.Context) context.Context {
	if interrupt, set := ctx.Value(interruptKey{}).(context.Context); set {
		return interrupt
	}
	return ctx
}
